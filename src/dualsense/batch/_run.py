"""Every scan into its own folder, in worker processes here or on a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing, nullcontext
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from dualsense import render
from dualsense.batch._crew import batch_crew, worker_count
from dualsense.batch._entry import batch_csv, batch_json, failed_entry
from dualsense.batch._find import find_scans
from dualsense.batch._one import Done, Task, process_one
from dualsense.batch._page import batch_html, get_page_ready
from dualsense.errors import UsageError
from dualsense.recipe import Recipe
from dualsense.runtime.files import refuse_odd, write_file
from dualsense.runtime.folders import refuse_link, sole_writer
from dualsense.runtime.workers import WorkerDiedError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Iterable, Sequence

    from dualsense.batch._entry import BatchEntry
    from dualsense.runtime.workers import Crew
    from dualsense.verdict import Limits

SUMMARIES = ("batch.csv", "index.html", "batch.json")
"""The last one means that the batch is complete."""


def process_batch(
    scans: Mapping[str, str | os.PathLike[str]] | Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    recipe: Recipe | None = None,
    *,
    jobs: int | None = None,
    scheduler: str | None = None,
    limits: Limits | None = None,
    overwrite: bool = False,
    resume: bool = False,
    options: Mapping[str, Any] | None = None,
    progress: Callable[[str, float], None] | None = None,
    crew: Crew[Task, Done] | None = None,
) -> list[BatchEntry]:
    """Process every scan into its own folder of ``out``; ``batch.json``, ``batch.csv`` and ``index.html`` sum up.

    Results and the two tables have the same bytes whatever the order, the number of workers and where they are.

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
        Worker processes; by default one per core as far as memory reaches, and never more than scans. The cores
        are shared out among the workers' own threads.
    scheduler
        Address of a Dask scheduler whose workers see the same files, or "local" for a cluster of its own
        (extra ``cluster``); None for processes without one.
    limits
        For the verdict on each sweep; None takes the defaults.
    overwrite
        Replace results that are there already.
    resume
        Go on with a batch that was stopped: results of the same scan, recipe, model and versions are kept, the
        others are made. Those of another recipe or version are replaced with ``overwrite`` only.
    options
        What foreign files among them do not say, as for :func:`dualsense.io.import_scan`.
    progress
        Called with the name of each scan that is finished, and the part of the batch that is.
    crew
        From :func:`batch_crew`, where the processes were started before: ``jobs`` is theirs then.

    Returns
    -------
    list of BatchEntry
        In the order of ``scans``.

    Raises
    ------
    UsageError
        Before any work, when an output is there already, a folder holds no scan, two scans would share one
        output folder, or there is no such scheduler.
    DualsenseError
        Another process is writing there.
    """
    out, recipe = Path(out), Recipe() if recipe is None else recipe
    if not isinstance(scans, Mapping):
        scans = find_scans(scans)
    _refuse(out, scans, overwrite=overwrite, resume=resume)
    tasks = [
        Task(
            name,
            str(scan),
            str(out / name),
            recipe,
            limits,
            overwrite=overwrite,
            resume=resume,
            options=dict(options or {}),
        )
        for name, scan in scans.items()
    ]
    out.mkdir(parents=True, exist_ok=True)
    with sole_writer(out):
        began_s = perf_counter()
        done = _done(_answers(tasks, jobs, scheduler, crew), len(tasks), progress)
        entries = [done[name].entry for name in scans]
        took = {name: one.took_s for name, one in done.items()}
        page = batch_html(entries, took_s=took, whole_s=perf_counter() - began_s)
        for summary, text in zip(SUMMARIES, (batch_csv(entries), page, batch_json(entries)), strict=True):
            write_file(out / summary, text)
    return entries


def _refuse(out: Path, scans: Mapping[str, object], *, overwrite: bool, resume: bool) -> None:
    """Raise UsageError where something is in the way of the results."""
    refuse_link(out)
    for name in () if resume else scans:
        render.check_output(out / name, overwrite=overwrite)
    for summary in (out / name for name in SUMMARIES):
        refuse_odd(summary)
        if summary.exists() and not (overwrite or resume):
            msg = f"{summary} exists already: choose another folder, --resume or --overwrite"
            raise UsageError(msg)


def _answers(
    tasks: Sequence[Task], jobs: int | None, scheduler: str | None, crew: Crew[Task, Done] | None
) -> Generator[tuple[Task, Done | WorkerDiedError], None, None]:
    if scheduler is not None:
        from dualsense.batch._cluster import run_on_cluster  # noqa: PLC0415 - an extra

        yield from run_on_cluster(tasks, process_one, scheduler, workers=worker_count(jobs, len(tasks)))
        return
    with batch_crew(len(tasks), jobs) if crew is None else nullcontext(crew) as hired:
        yield from hired.do(tasks)


def _done(
    answers: Generator[tuple[Task, Done | WorkerDiedError], None, None],
    count: int,
    progress: Callable[[str, float], None] | None,
) -> dict[str, Done]:
    done: dict[str, Done] = {}
    with closing(answers):
        for task, answer in answers:
            if isinstance(answer, WorkerDiedError):
                answer = Done(failed_entry(task.name, task.scan, str(answer)))  # noqa: PLW2901 - an answer like others
            done[task.name] = answer
            if len(done) == count - 1:  # while the last one is at work, a core is free
                get_page_ready()
            if progress is not None:
                progress(task.name, len(done) / count)
    return done
