"""Many scans, each in a worker process: one that fails, or takes its worker down, does not stop the others."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dualsense import render
from dualsense.errors import UsageError, about, cause
from dualsense.recipe import Recipe
from dualsense.result import CALLS
from dualsense.runtime.files import refuse_odd, write_file
from dualsense.runtime.folders import refuse_link, sole_writer
from dualsense.runtime.logs import start_logging
from dualsense.runtime.texts import cell, in_utf8
from dualsense.runtime.workers import WorkerDiedError, run_tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dualsense.result import Call

SCHEMA = "dualsense-batch"
SCHEMA_VERSION = "1.0"
SCAN_SUFFIXES = (".h5", ".hdf5")


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """What became of one scan.

    Attributes
    ----------
    name
        Of its folder below OUT.
    error
        One line that names the file and the cause; empty when the scan was processed.
    calls
        Number of targets of each call.
    """

    name: str
    scan: str
    error: str = ""
    scan_id: str = ""
    scan_sha256: str = ""
    model: str = ""
    area_m2: float = float("nan")
    coverage_fraction: float = float("nan")
    calls: Mapping[Call, int] = field(default_factory=dict)
    faults: int = 0


def find_scans(paths: Iterable[str | os.PathLike[str]]) -> dict[str, Path]:
    """Find the scans of a batch and name each one's folder.

    Parameters
    ----------
    paths
        Scan files and other instruments' recordings, and folders that are searched through for both by the ends
        of their names.

    Returns
    -------
    dict
        Folder name to scan, in the order of ``paths`` and sorted within a folder.

    Raises
    ------
    UsageError
        When a folder holds no scan, or two scans would share one output folder.
    """
    found: dict[str, Path] = {}
    for path in paths:
        for name, scan in _scans_at(Path(path)):
            if name in found and found[name] != scan:
                msg = (
                    f"{scan} and {found[name]} would both write to the folder {name}: process them in two batches"
                )
                raise UsageError(msg)
            found[name] = scan
    return found


def _scans_at(path: Path) -> list[tuple[str, Path]]:
    if not path.is_dir():
        if path.stem in {"", ".", ".."}:
            msg = f"{path}: a folder for its results cannot be named after it"
            raise UsageError(msg)
        return [(path.stem, path)]
    from dualsense.io import FOREIGN_SUFFIXES  # noqa: PLC0415 - slow to load

    known = (*SCAN_SUFFIXES, *FOREIGN_SUFFIXES)
    scans = sorted(p for p in path.rglob("*") if p.suffix.lower() in known and p.is_file())
    # a folder of results holds a result.h5 of its own: that is no scan
    scans = [p for p in scans if not (p.name == "result.h5" and p.with_name("targets.json").exists())]
    if not scans:
        msg = f"{path}: no scans in this folder, expected files that end in {' or '.join(SCAN_SUFFIXES)}"
        raise UsageError(msg)
    return [(str(p.relative_to(path).with_suffix("")), p) for p in scans]


def process_batch(
    scans: Mapping[str, str | os.PathLike[str]] | Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    recipe: Recipe | None = None,
    *,
    jobs: int | None = None,
    overwrite: bool = False,
    options: Mapping[str, Any] | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> list[BatchEntry]:
    """Process every scan into its own folder of ``out``, and leave ``batch.json`` and ``batch.csv`` there.

    Parameters
    ----------
    scans
        Scan files, and folders that are searched through for them; or folder name below ``out`` to scan file, as
        :func:`find_scans` gives them.
    out
        Folder for all results; made where it is not there.
    recipe
        For all of them; the defaults when None.
    jobs
        Worker processes; by default one per core, and never more than scans. The cores are shared out among
        the workers' own threads.
    overwrite
        Replace results that are there already.
    options
        What foreign files among them do not say, as for :func:`dualsense.io.import_scan`.
    progress
        Called with the name of each scan that is finished, and the part of the batch that is.

    Returns
    -------
    list of BatchEntry
        In the order of ``scans``.

    Raises
    ------
    UsageError
        Before any work, when an output is there already, a folder holds no scan, or two scans would share one
        output folder.
    DualsenseError
        Another process is writing there.
    """
    out, recipe = Path(out), Recipe() if recipe is None else recipe
    if not isinstance(scans, Mapping):
        scans = find_scans(scans)
    refuse_link(out)
    for name in scans:
        render.check_output(out / name, overwrite=overwrite)
    for summary in (out / "batch.json", out / "batch.csv"):
        refuse_odd(summary)
        if summary.exists() and not overwrite:
            msg = f"{summary} exists already: choose another folder, or --overwrite"
            raise UsageError(msg)
    cores = os.cpu_count() or 1
    workers = max(1, min(jobs or cores, len(scans)))
    tasks = [
        _Task(name, str(scan), str(out / name), recipe, overwrite, dict(options or {}))
        for name, scan in scans.items()
    ]
    out.mkdir(parents=True, exist_ok=True)
    with sole_writer(out):
        done = _done(tasks, workers, max(1, cores // workers), progress)
        entries = [done[name] for name in scans]
        write_file(out / "batch.csv", batch_csv(entries))
        write_file(out / "batch.json", batch_json(entries))
    return entries


def _done(
    tasks: Sequence[_Task], workers: int, threads: int, progress: Callable[[str, float], None] | None
) -> dict[str, BatchEntry]:
    done: dict[str, BatchEntry] = {}
    with closing(run_tasks(tasks, _process_one, workers=workers, threads=threads)) as answers:
        for task, answer in answers:
            done[task.name] = _failed(task, str(answer)) if isinstance(answer, WorkerDiedError) else answer
            if progress is not None:
                progress(task.name, len(done) / len(tasks))
    return done


@dataclass(frozen=True, slots=True)
class _Task:
    name: str
    scan: str
    out: str
    recipe: Recipe
    overwrite: bool
    options: Mapping[str, Any]


def _process_one(task: _Task) -> BatchEntry:
    """Process one scan; whatever goes wrong stands in the entry, so that the other scans go on."""
    start_logging(verbosity=-1)
    try:
        from dualsense.chain import process_recording  # noqa: PLC0415
        from dualsense.io import is_foreign, open_recording  # noqa: PLC0415

        path = Path(task.scan)
        with open_recording(path, **(task.options if task.options and is_foreign(path) else {})) as recording:
            result = process_recording(recording, task.recipe)
        render.write_outputs(result, Path(task.out), overwrite=task.overwrite)
    except Exception as error:  # noqa: BLE001
        return _failed(task, cause(error))
    return BatchEntry(
        task.name,
        task.scan,
        scan_id=result.header.scan_id,
        scan_sha256=result.scan_sha256,
        model=result.model,
        area_m2=round(float(result.area_m2), 6),
        coverage_fraction=round(float(result.coverage_fraction), 6),
        calls=render.call_counts(result.targets),
        faults=len(result.faults),
    )


def _failed(task: _Task, text: str) -> BatchEntry:
    return BatchEntry(task.name, task.scan, error=about(task.scan, text))


def batch_json(entries: Sequence[BatchEntry]) -> str:
    """Sum a batch up as JSON; a failed scan has its error and nulls.

    Parameters
    ----------
    entries
        From :func:`process_batch`.

    Returns
    -------
    str
        Content of ``batch.json``.
    """
    scans = [_row(entry) for entry in entries]
    failed = sum(bool(entry.error) for entry in entries)
    document = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "failed": failed, "scans": scans}
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _row(entry: BatchEntry) -> dict[str, Any]:
    row = {name: in_utf8(value) if isinstance(value, str) else value for name, value in asdict(entry).items()}
    row["status"] = "failed" if entry.error else "done"
    if entry.error:
        row |= dict.fromkeys(
            ("scan_id", "scan_sha256", "model", "area_m2", "coverage_fraction", "calls", "faults")
        )
    return row


def batch_csv(entries: Sequence[BatchEntry]) -> str:
    """Sum a batch up as CSV, one line for each scan.

    Parameters
    ----------
    entries
        From :func:`process_batch`.

    Returns
    -------
    str
        Content of ``batch.csv``.
    """
    columns = ["name", "scan", "status", "scan_id", "scan_sha256", "model", "area_m2", "coverage_fraction"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*columns, *(call.replace("-", "_") for call in CALLS), "faults", "error"])
    for entry in entries:
        row = _row(entry)
        calls = [(row["calls"] or {}).get(call) for call in CALLS]
        cells = [*(row[column] for column in columns), *calls, row["faults"], row["error"]]
        writer.writerow([cell(value) for value in cells])
    return text.getvalue()
