"""A batch on a Dask cluster: paths and a recipe go out, entries come back, and lost workers are made up for."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dualsense.batch._entry import failed_entry
from dualsense.batch._one import Done, Task
from dualsense.errors import UsageError, cause
from dualsense.runtime.workers import THREAD_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

LOCAL = "local"
ANSWERS_WITHIN_S = 30.0
"""A scheduler that is asked for the first time, and its first worker."""
RETRIES = 3


def run_on_cluster(
    tasks: Sequence[Task], work: Callable[[Task], Done], address: str, *, workers: int
) -> Generator[tuple[Task, Done], None, None]:
    """Do tasks on the workers of a Dask scheduler.

    A task whose worker is lost is given to another one, three times. A scheduler is trusted as Dask trusts it:
    who reaches it may run code on its workers.

    Parameters
    ----------
    tasks
        Their paths must mean the same files to all workers.
    work
        Done there, expected not to raise.
    address
        Of a scheduler, such as ``tcp://10.0.0.1:8786``, or "local" for a cluster on this machine alone.
    workers
        Of the local cluster.

    Yields
    ------
    task, answer
        In the order in which they are finished.

    Raises
    ------
    UsageError
        Dask is not installed, nobody answers, there is no worker, or one has several threads.
    """
    distributed = _library()
    with ExitStack() as stack:
        if address == LOCAL:
            cluster = distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address=None,
                env=dict.fromkeys(THREAD_VARIABLES, "1"),  # read when Numba is loaded, which is after that
            )
            stack.enter_context(cluster)
            address = cluster.scheduler_address
        try:
            client = stack.enter_context(distributed.Client(address, timeout=ANSWERS_WITHIN_S))
        except (OSError, ValueError) as error:
            msg = f"--scheduler {address}: no Dask scheduler answers: {cause(error)}"
            raise UsageError(msg) from error
        _refuse_workers(client, address)
        futures = {
            client.submit(_on_worker, work, _absolute(task), pure=False, retries=RETRIES): task for task in tasks
        }
        for future in distributed.as_completed(list(futures)):
            yield futures[future], _answer(futures[future], future)


def _library() -> Any:
    try:
        import distributed  # noqa: PLC0415 - an extra
    except ImportError as error:
        msg = f"--scheduler needs Dask: pip install 'dualsense[cluster]' ({error})"
        raise UsageError(msg) from error
    return distributed


def _refuse_workers(client: Any, address: str) -> None:
    """Raise UsageError without workers that can be waited for, or where two scans would share a process."""
    try:
        client.wait_for_workers(1, timeout=ANSWERS_WITHIN_S)
    except TimeoutError as error:
        msg = f"--scheduler {address}: it has no workers: start some with dask worker ADDRESS --nthreads 1"
        raise UsageError(msg) from error
    found = client.scheduler_info(n_workers=-1)["workers"]
    for name, one in found.items():
        if one["nthreads"] != 1:
            msg = f"--scheduler {address}: worker {name} has {one['nthreads']} threads: start it with --nthreads 1"
            raise UsageError(msg)


def _absolute(task: Task) -> Task:
    """Workers stand elsewhere: what was given from here is told from the root.

    A worker that is lost after it wrote and before it told has done its work: who takes its task over keeps that.
    """
    scan, out = (str(Path(path).absolute()) for path in (task.scan, task.out))
    return replace(task, scan=scan, out=out, resume=task.resume or not task.overwrite)


def _on_worker(work: Callable[[Task], Done], task: Task) -> Done:
    if "numba" not in sys.modules:
        os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    return work(task)


def _answer(task: Task, future: Any) -> Done:
    """Give what came back, of paths as they were given here."""
    error = future.exception()
    if error is not None:
        return Done(failed_entry(task.name, task.scan, f"the cluster gave it up: {cause(error)}"))
    done: Done = future.result()
    text = done.entry.error
    for path in (task.scan, task.out):
        text = text.replace(str(Path(path).absolute()), path)
    return replace(done, entry=replace(done.entry, scan=task.scan, error=text))
