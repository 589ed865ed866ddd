"""The worker processes of a batch. They are started before anything slow is loaded here, and load it meanwhile."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dualsense.runtime.memory import available_bytes
from dualsense.runtime.workers import Crew

if TYPE_CHECKING:
    from dualsense.batch._one import Done, Task

NEEDED_BYTES = 600 * 2**20
"""Of memory for each worker: a square metre at 5 mm peaks at 450 MB."""


def worker_count(jobs: int | None, scans: int) -> int:
    """Tell how many worker processes to start: as many as are asked for, or as cores and memory allow."""
    cores = os.cpu_count() or 1
    free = available_bytes()
    room = cores if free is None else min(cores, free // NEEDED_BYTES)
    return max(1, min(jobs or room, scans))


def batch_crew(scans: int, jobs: int | None = None) -> Crew[Task, Done]:
    """Make the worker processes of a batch; as a context, they are started with it and ended with it.

    Parameters
    ----------
    scans
        How many there are.
    jobs
        As for :func:`process_batch`.

    Returns
    -------
    Crew
    """
    workers = worker_count(jobs, scans)
    threads = max(1, (os.cpu_count() or 1) // workers)
    return Crew(process, workers=workers, threads=threads, get_ready=get_ready)


def process(task: Task) -> Done:
    """Process a scan, in a worker process."""
    from dualsense.batch._one import process_one  # noqa: PLC0415 - slow to load

    return process_one(task)


def get_ready() -> None:
    """Load what every scan takes, in a worker process."""
    from dualsense.batch._one import get_ready  # noqa: PLC0415 - slow to load

    get_ready()
