"""One scan of a batch, in a worker process: processed, or kept where its result is there already."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from dualsense import render
from dualsense.batch._entry import BatchEntry, failed_entry
from dualsense.errors import ScanError, UsageError, cause
from dualsense.runtime.logs import start_logging

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualsense.io import Recording
    from dualsense.recipe import Recipe
    from dualsense.result import Result
    from dualsense.verdict import Limits

JUDGED_BYTES = 256 * 2**20
"""Samples of a recording whose sweep is judged: longer ones would have to be held whole for that."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is given: names and a recipe, no samples."""

    name: str
    scan: str
    out: str
    recipe: Recipe
    limits: Limits | None = None
    overwrite: bool = False
    resume: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """What a worker answers: the entry, and how long it took; None where a result was kept or the worker died."""

    entry: BatchEntry
    took_s: float | None = None


def get_ready() -> None:
    """Load what processing a scan, writing its result and judging its sweep take, whatever the scan."""
    from dualsense.chain import process_recording  # noqa: F401, PLC0415
    from dualsense.io import open_recording  # noqa: F401, PLC0415
    from dualsense.verdict import judge  # noqa: F401, PLC0415

    render.get_ready()


def process_one(task: Task) -> Done:
    """Process one scan; whatever goes wrong stands in the entry, so that the other scans go on."""
    start_logging(verbosity=-1)
    began_s = perf_counter()
    try:
        from dualsense.chain import process_recording  # noqa: PLC0415
        from dualsense.io import is_foreign, open_recording  # noqa: PLC0415

        path = Path(task.scan)
        with open_recording(path, **(task.options if task.options and is_foreign(path) else {})) as recording:
            kept = _kept(task, recording.outline.sha256) if task.resume else None
            if kept is not None:
                return Done(_entry(task, recording, kept))
            result = process_recording(recording, task.recipe)
            render.write_outputs(result, Path(task.out), overwrite=task.overwrite)
            return Done(_entry(task, recording, result), perf_counter() - began_s)
    except Exception as error:  # noqa: BLE001
        return Done(failed_entry(task.name, task.scan, cause(error)), perf_counter() - began_s)


def _kept(task: Task, scan_sha256: str) -> Result | None:
    """Read a result that is as it would be made again; None where there is none, or it may be replaced.

    Raises
    ------
    UsageError
        What is there was made otherwise, and may not be replaced.
    """
    from dualsense.chain import made_otherwise  # noqa: PLC0415

    out = Path(task.out)
    if not (out / "targets.json").exists():
        render.check_output(out, overwrite=task.overwrite)
        return None
    try:
        result = render.read_result(out / "result.h5")
        unlike = made_otherwise(result, scan_sha256, task.recipe)
        if not unlike:
            return result
        what = f"of another {unlike[0]}"
    except ScanError:
        what = "that cannot be read"
    if not task.overwrite:
        msg = f"{out}: holds a result {what}: --overwrite replaces such results"
        raise UsageError(msg)
    return None


def _entry(task: Task, recording: Recording, result: Result) -> BatchEntry:
    from dualsense.verdict import judge  # noqa: PLC0415

    judged = _sample_bytes(recording) <= JUDGED_BYTES
    verdict = judge(recording.whole(), result, task.limits) if judged else None
    return BatchEntry(
        task.name,
        task.scan,
        scan_id=result.header.scan_id,
        source=result.header.source,
        scan_sha256=result.scan_sha256,
        model=result.model,
        area_m2=round(float(result.area_m2), 6),
        coverage_fraction=round(float(result.coverage_fraction), 6),
        calls=render.call_counts(result.targets),
        faults=len(result.faults),
        fault_codes=tuple(sorted({fault.code for fault in result.faults if fault.severity != "info"} - {""})),
        survey="" if verdict is None else verdict.grade,
        again_m2=float("nan") if verdict is None else round(sum(place.area_m2 for place in verdict.places), 6),
    )


def _sample_bytes(recording: Recording) -> int:
    """Tell how much memory the samples of both sensors take, from what is known without reading them."""
    held, total = recording.outline, 0
    if held.gpr is not None:
        axis = held.gpr.frequency_hz if held.gpr.frequency_hz is not None else held.gpr.sample_time_s
        total += 16 * held.gpr.time_s.size * (1 if axis is None else axis.size)
    if held.emi is not None:
        total += 16 * held.emi.time_s.size * 32
    return total
