"""Many scans, each in a worker process: one that fails, or takes its worker down, does not stop the others."""

from __future__ import annotations

import csv
import io
import json
import multiprocessing
import os
import signal
from collections import deque
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dualsense.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from multiprocessing.connection import Connection

    from dualsense.recipe import Recipe

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
    calls: Mapping[str, int] = field(default_factory=dict)
    faults: int = 0


def find_scans(paths: Iterable[Path]) -> dict[str, Path]:
    """Find the scans of a batch and name each one's folder.

    Parameters
    ----------
    paths
        Scan files, and folders that are searched through for ``*.h5`` and ``*.hdf5``.

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
        for name, scan in _scans_at(path):
            if name in found and found[name] != scan:
                msg = (
                    f"{scan} and {found[name]} would both write to the folder {name}: process them in two batches"
                )
                raise UsageError(msg)
            found[name] = scan
    return found


def _scans_at(path: Path) -> list[tuple[str, Path]]:
    if not path.is_dir():
        return [(path.stem, path)]
    scans = sorted(p for p in path.rglob("*") if p.suffix.lower() in SCAN_SUFFIXES and p.is_file())
    # a folder of results holds a result.h5 of its own: that is no scan
    scans = [p for p in scans if not (p.name == "result.h5" and p.with_name("targets.json").exists())]
    if not scans:
        msg = f"{path}: no scans in this folder, expected files that end in {' or '.join(SCAN_SUFFIXES)}"
        raise UsageError(msg)
    return [(str(p.relative_to(path).with_suffix("")), p) for p in scans]


def process_batch(
    scans: Mapping[str, Path],
    out: Path,
    recipe: Recipe,
    *,
    jobs: int | None = None,
    overwrite: bool = False,
    progress: Callable[[str, float], None] | None = None,
) -> list[BatchEntry]:
    """Process every scan into its own folder of ``out``, and leave ``batch.json`` and ``batch.csv`` there.

    Parameters
    ----------
    scans
        Folder name to scan file, as :func:`find_scans` gives them.
    recipe
        For all of them.
    jobs
        Worker processes; by default one per core, and never more than scans. The cores are shared out among
        the workers' own threads.
    overwrite
        Replace results that are there already.
    progress
        Told the name of each scan that is finished, and the part of the batch that is.

    Returns
    -------
    list of BatchEntry
        In the order of ``scans``.

    Raises
    ------
    UsageError
        Before any work, when an output is there already.
    """
    from dualsense.render import check_output  # noqa: PLC0415

    for name in scans:
        check_output(out / name, overwrite=overwrite)
    for summary in (out / "batch.json", out / "batch.csv"):
        if summary.exists() and not overwrite:
            msg = f"{summary} exists already: choose another folder, or --overwrite"
            raise UsageError(msg)
    cores = os.cpu_count() or 1
    workers = min(jobs or cores, len(scans))
    done: dict[str, BatchEntry] = {}

    def finished(entry: BatchEntry) -> None:
        done[entry.name] = entry
        if progress is not None:
            progress(entry.name, len(done) / len(scans))

    tasks = [(name, str(scan), str(out / name), recipe, overwrite) for name, scan in scans.items()]
    _run_tasks(tasks, workers=workers, threads=max(1, cores // max(workers, 1)), finished=finished)
    entries = [done[name] for name in scans]
    out.mkdir(parents=True, exist_ok=True)
    _replace(out / "batch.json", batch_json(entries))
    _replace(out / "batch.csv", batch_csv(entries))
    return entries


Task = tuple[str, str, str, "Recipe", bool]


class _Worker:
    """One worker process and the pipe to it; ``task`` is what it is doing."""

    def __init__(self, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve_tasks, args=(theirs, threads), daemon=True)
        self.process.start()
        theirs.close()
        self.task: Task | None = None

    def give(self, task: Task) -> None:
        self.task = task
        try:
            self.pipe.send(task)
        except OSError:
            # it died before it took the task; the end of file on its pipe tells, as for one that dies later
            return

    def stop(self) -> None:
        """End the process, at once if it is busy."""
        if self.task is not None:
            self.process.terminate()
        self.pipe.close()
        self.process.join()


def _run_tasks(
    tasks: Iterable[Task], *, workers: int, threads: int, finished: Callable[[BatchEntry], None]
) -> None:
    """Keep the workers busy until all is done; a worker that dies fails its own scan only."""
    queue = deque(tasks)
    crew = [_Worker(threads) for _ in range(workers)]
    try:
        for worker in crew:
            worker.give(queue.popleft())
        while busy := [worker for worker in crew if worker.task is not None]:
            for ready in wait([worker.pipe for worker in busy]):
                worker = next(w for w in busy if w.pipe is ready)
                name, scan, *_ = worker.task or ("", "")
                worker.task = None
                try:
                    entry = worker.pipe.recv()
                except (EOFError, OSError):
                    worker.stop()
                    entry = BatchEntry(
                        name, scan, error=f"{scan}: its worker process {_end_of(worker.process.exitcode)}"
                    )
                    if queue:
                        crew[crew.index(worker)] = worker = _Worker(threads)
                finished(entry)
                if queue:
                    worker.give(queue.popleft())
    finally:
        for worker in crew:
            worker.stop()


def _end_of(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        reason = signal.Signals(-exitcode).name
        return f"was ended by {reason}" + (", most likely out of memory" if reason == "SIGKILL" else "")
    return f"ended with status {exitcode}"


def _serve_tasks(pipe: Connection, threads: int) -> None:
    """Work of a worker process: scans in, entries out, until the pipe closes."""
    # Ctrl-C goes to the whole process group; the parent ends its workers itself
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(_process_one(*task))


def _process_one(name: str, scan: str, out: str, recipe: Recipe, overwrite: bool) -> BatchEntry:  # noqa: FBT001
    from dualsense.console import Console, cause  # noqa: PLC0415

    Console(verbosity=-1).start_logging()
    try:
        from dualsense.io import read_scan  # noqa: PLC0415
        from dualsense.pipeline import process_scan  # noqa: PLC0415
        from dualsense.render import write_outputs  # noqa: PLC0415
        from dualsense.textview import call_counts  # noqa: PLC0415

        result = process_scan(read_scan(Path(scan)), recipe)
        write_outputs(result, Path(out), overwrite=overwrite)
    except Exception as error:  # noqa: BLE001 - whatever it was, the other scans go on
        text = cause(error)
        return BatchEntry(name, scan, error=text if scan in text else f"{scan}: {text}")
    return BatchEntry(
        name,
        scan,
        scan_id=result.header.scan_id,
        scan_sha256=result.scan_sha256,
        model=result.model,
        area_m2=float(result.area_m2),
        coverage_fraction=float(result.coverage_fraction),
        calls=call_counts(result.targets),
        faults=len(result.faults),
    )


def batch_json(entries: Sequence[BatchEntry]) -> str:
    """Return the summary of a batch as JSON text; a failed scan has its error and nulls."""
    scans = [_row(entry) for entry in entries]
    failed = sum(bool(entry.error) for entry in entries)
    document = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "failed": failed, "scans": scans}
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def _row(entry: BatchEntry) -> dict[str, Any]:
    row = asdict(entry)
    row["status"] = "failed" if entry.error else "done"
    if entry.error:
        row |= dict.fromkeys(
            ("scan_id", "scan_sha256", "model", "area_m2", "coverage_fraction", "calls", "faults")
        )
    return row


def batch_csv(entries: Sequence[BatchEntry]) -> str:
    """Return the summary of a batch as CSV text, one line for each scan."""
    from dualsense.textview import CALLS  # noqa: PLC0415

    columns = ["name", "scan", "status", "scan_id", "scan_sha256", "model", "area_m2", "coverage_fraction"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*columns, *(call.replace("-", "_") for call in CALLS), "faults", "error"])
    for entry in entries:
        row = _row(entry)
        calls = [(row["calls"] or {}).get(call) for call in CALLS]
        writer.writerow([*(row[column] for column in columns), *calls, row["faults"], row["error"]])
    return text.getvalue()


def _replace(path: Path, text: str) -> None:
    """Write a file so that nobody ever sees half of it."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
