"""Worker processes: tasks in, answers out, and one that dies costs only the task it was at."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
from collections import deque
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import wait
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from dualsense.runtime.memory import hold_little, uncollected
from dualsense.runtime.waiting import wait_asleep

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from multiprocessing.connection import Connection

THREAD_VARIABLES = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

GRACE_S = 10.0
"""For a worker to put away what it has half written, before it is killed."""

Task = TypeVar("Task")
Answer = TypeVar("Answer")


class WorkerDiedError(Exception):
    """The process that was at a task is gone; the message says how it ended."""


def run_tasks(
    tasks: Iterable[Task], work: Callable[[Task], Answer], *, workers: int, threads: int
) -> Generator[tuple[Task, Answer | WorkerDiedError], None, None]:
    """Do tasks in worker processes.

    The processes are started afresh ("spawn"), so that no thread or lock of this one is copied into them, and
    are ended when the iteration ends, however it ends.

    Parameters
    ----------
    tasks
        What can be sent to another process.
    work
        Done there, so it must be found by import; expected not to raise.
    workers, threads
        At most so many processes, each with so many threads of its own.

    Yields
    ------
    task, answer
        In the order in which they are finished.
    """
    queue = deque(tasks)
    with Crew(work, workers=min(workers, len(queue)), threads=threads) as crew:
        yield from crew.do(queue)


class Crew(Generic[Task, Answer]):
    """Worker processes that are there before their tasks: they get ready while it is found out what is to be done.

    As a context they are ended with its block, however that ends.

    Parameters
    ----------
    work, workers, threads
        As for `run_tasks`.
    get_ready
        Called in each process before its first task, such as to import what every task takes.
    """

    def __init__(
        self,
        work: Callable[[Task], Answer],
        *,
        workers: int,
        threads: int,
        get_ready: Callable[[], None] | None = None,
    ) -> None:
        self._count = workers
        self._hired = partial(_Worker, work, threads, get_ready)
        self._workers: list[_Worker[Task, Answer]] = []

    def __enter__(self) -> Self:
        """Start the processes."""
        try:
            for _ in range(self._count):
                self._workers.append(self._hired())
        except BaseException:
            self._stop(at_once=True)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End them: at once those that are busy, and all where something went wrong."""
        self._stop(at_once=kind is not None)

    def do(self, tasks: Iterable[Task]) -> Generator[tuple[Task, Answer | WorkerDiedError], None, None]:
        """Do tasks, as `run_tasks`: parameters and what is yielded are the same.

        A process for which there is none left is ended while the others go on.
        """
        queue = deque(tasks)
        try:
            for worker in self._workers:
                self._give_or_dismiss(worker, queue)
            while busy := {worker.pipe: worker for worker in self._workers if worker.busy}:
                for pipe in wait(list(busy)):
                    worker = next(w for p, w in busy.items() if p is pipe)
                    task, answer = worker.take()
                    if isinstance(answer, WorkerDiedError) and queue:
                        self._workers[self._workers.index(worker)] = worker = self._hired()
                    self._give_or_dismiss(worker, queue)
                    yield task, answer
        except BaseException:  # whoever leaves early may rely on nobody working at a task any more
            self._stop(at_once=True)
            raise

    @staticmethod
    def _give_or_dismiss(worker: _Worker[Task, Answer], queue: deque[Task]) -> None:
        if queue:
            worker.give(queue.popleft())
        else:
            worker.dismiss()

    def _stop(self, *, at_once: bool) -> None:
        for worker in self._workers:
            if at_once:
                worker.interrupt()
            worker.dismiss()
        for worker in self._workers:
            worker.stop()


class LastingWorker(Generic[Task, Answer]):
    """One worker process for task after task: started when it is first asked, and afresh after it died.

    Threads may share it; one asks at a time.

    Parameters
    ----------
    work
        As for `run_tasks`.
    threads
        Of the process.
    """

    def __init__(self, work: Callable[[Task], Answer], *, threads: int) -> None:
        self._work, self._threads = work, threads
        self._worker: _Worker[Task, Answer] | None = None
        self._lock = Lock()
        self._stopped = False

    @property
    def pid(self) -> int | None:
        """Of the process; None before the first task and after a death."""
        worker = self._worker
        return None if worker is None else worker.pid

    def ask(self, task: Task, *, most_s: float) -> Answer | WorkerDiedError:
        """Do a task.

        Parameters
        ----------
        task
            What can be sent to another process.
        most_s
            A process that takes longer is ended.

        Returns
        -------
        Answer or WorkerDiedError
            How the process ended, where it did.
        """
        with self._lock:
            if self._stopped:
                return WorkerDiedError("the program is ending")
            worker = self._worker = self._worker or _Worker(self._work, self._threads)
            worker.give(task)
            if not worker.answers_within(most_s):
                self._worker = None
                worker.stop()
                return WorkerDiedError(f"its worker process took longer than {most_s:.0f} s, and was ended")
            _, answer = worker.take()
            if isinstance(answer, WorkerDiedError):
                self._worker = None
            return answer

    def stop(self) -> None:
        """End the process, whatever it is at; what is asked later is answered with that."""
        self._stopped = True
        worker = self._worker
        if worker is not None:
            worker.interrupt()
        with self._lock:
            if self._worker is not None:
                self._worker.stop()
                self._worker = None


class _Worker(Generic[Task, Answer]):
    """One process and the pipe to it."""

    def __init__(
        self, work: Callable[[Task], Answer], threads: int, get_ready: Callable[[], None] | None = None
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, work, threads, get_ready), daemon=True)
        with _interrupts_withheld():
            self._process.start()
        theirs.close()
        self._tasks: list[Task] = []

    @property
    def busy(self) -> bool:
        return bool(self._tasks)

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def answers_within(self, most_s: float) -> bool:
        """Wait for an answer, or for the end of the process."""
        return bool(wait([self.pipe], most_s))

    def interrupt(self) -> None:
        """Ask the process to end; whoever waits for its answer hears of that."""
        self._process.terminate()

    def give(self, task: Task) -> None:
        self._tasks.append(task)
        try:
            self.pipe.send(task)
        except OSError:
            return  # it died before it got the task: the end of its pipe will tell, as when it dies later

    def take(self) -> tuple[Task, Answer | WorkerDiedError]:
        """Return the task that it was at, and the answer or how it ended."""
        task = self._tasks.pop()
        try:
            return task, self.pipe.recv()
        except (EOFError, OSError):
            self.stop()
            return task, WorkerDiedError(_how_it_ended(self._process.exitcode))

    def dismiss(self) -> None:
        """Let the process end, at once if it is busy, and do not wait for that."""
        if self.busy:
            self._process.terminate()
        self.pipe.close()

    def stop(self) -> None:
        """End the process, at once if it is busy."""
        self.dismiss()
        self._process.join(GRACE_S)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()


@contextmanager
def _interrupts_withheld() -> Iterator[None]:
    """Withhold Ctrl-C from a process that is started meanwhile; this one still gets it.

    The new process ignores it from its first own line on, but Python itself takes a while to get there.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _how_it_ended(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"its worker process ended with status {exitcode}"
    name = signal.Signals(-exitcode).name
    return f"its worker process was ended by {name}" + (
        ", most likely for want of memory" if name == "SIGKILL" else ""
    )


def _put_away_and_end(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def _unless_ending(unraisable: sys.UnraisableHookArgs) -> None:
    """Keep quiet of an end that a callback swallowed: the pipe tells it again."""
    if not isinstance(unraisable.exc_value, SystemExit):
        sys.__unraisablehook__(unraisable)


def _serve(
    pipe: Connection, work: Callable[[Any], Any], threads: int, get_ready: Callable[[], None] | None = None
) -> None:
    """Answer tasks until the pipe closes."""
    # Ctrl-C goes to the whole group of processes, and the first one ends its workers itself
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _put_away_and_end)
    sys.unraisablehook = _unless_ending
    hold_little()
    wait_asleep()
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    if "numba" in sys.modules:
        # it came with the work, and would heed its variable at its first compilation only: when a kernel from the
        # cache has started as many threads as there are cores by then, it refuses
        import numba  # noqa: PLC0415

        numba.core.config.reload_config()
    if get_ready is not None:
        with suppress(Exception), uncollected():  # the first task meets it again, and says it
            get_ready()
    try:
        _answer(pipe, work)
    finally:
        gc.freeze()  # a last look through all that was imported would take a quarter of a second and free nothing


def _answer(pipe: Connection, work: Callable[[Any], Any]) -> None:
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        answer = work(task)
        try:
            pipe.send(answer)
        except BrokenPipeError:  # nobody waits for it any more
            return
