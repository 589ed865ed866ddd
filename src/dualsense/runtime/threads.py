"""Independent things at once, where there are cores to do them."""

from __future__ import annotations

import contextvars
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

from dualsense.runtime.lean import numba

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

One = TypeVar("One")
Other = TypeVar("Other")
Item = TypeVar("Item")
_given_up: contextvars.ContextVar[Event | None] = contextvars.ContextVar("given_up", default=None)


class GivenUpError(Exception):
    """Nobody waits any more for what this thread does."""


def go_on() -> None:
    """Raise where nobody waits any more for what was `begun`: long work asks between its steps.

    Raises
    ------
    GivenUpError
        In the thread of the work, and in those that it started.
    """
    event = _given_up.get()
    if event is not None and event.is_set():
        raise GivenUpError


def side_by_side(one: Callable[[], One], other: Callable[[], Other]) -> tuple[One, Other]:
    """Do two things that share nothing they change: at once, or in turn where only one thread is allowed.

    The second is done in a thread of its own, with the context of this one (such as `numpy.errstate`). It must
    start no parallel kernel: one of Numba's threading layers ends the program where two threads do that at once.

    Parameters
    ----------
    one
        Done in the calling thread.
    other
        Done beside it; waited for even when the first raises.

    Returns
    -------
    one, other
        What they return, whatever the number of threads.
    """
    if numba.get_num_threads() == 1:
        return one(), other()

    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(_as_here(other))
        first = one()
        return first, beside.result()


@contextmanager
def begun(work: Callable[[], One]) -> Iterator[Callable[[], One]]:
    """Begin with something in a thread of its own, while other things are done here; give it when asked.

    Where only one thread is allowed it is done when it is asked for. What is done here meanwhile must start no
    parallel kernel, as for `side_by_side`; the work may.

    Parameters
    ----------
    work
        Left at its next `go_on` when the block is left without having waited for it.

    Yields
    ------
    callable
        Waits for what the work returns, or raises what it raised.
    """
    if numba.get_num_threads() == 1:
        yield work
        return
    given_up = Event()

    def until_given_up() -> One:
        _given_up.set(given_up)
        return work()

    with ThreadPoolExecutor(1) as pool:
        task = pool.submit(_as_here(until_given_up))
        try:
            yield task.result
        finally:
            given_up.set()


def in_threads(function: Callable[[Item], One], items: Iterable[Item]) -> list[One]:
    """Do the same with several things, as many at once as threads are allowed.

    Parameters
    ----------
    function
        Must change nothing that another call reads, and start no parallel kernel. Worth it where most of its time
        is spent in kernels, which leave other threads alone.
    items
        What it is called with.

    Returns
    -------
    list
        In the order of the items.
    """
    items = list(items)
    threads = min(numba.get_num_threads(), len(items))
    if threads <= 1:
        return [function(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return [
            task.result()
            for task in [pool.submit(contextvars.copy_context().run, function, item) for item in items]
        ]


@contextmanager
def aside() -> Iterator[Callable[[Callable[[], Any]], Future[Any]]]:
    """Do things one after the other in a thread beside this one, which goes on meanwhile.

    Where only one thread is allowed, each is done when it is begun.

    Yields
    ------
    callable
        Begins one, with the context of this thread, and gives its future. It must change nothing that is read
        meanwhile, and start no parallel kernel.
    """
    if numba.get_num_threads() == 1:
        yield _at_once
        return

    with ThreadPoolExecutor(1) as pool:
        try:
            yield lambda work: pool.submit(_as_here(work))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _as_here(work: Callable[[], One]) -> Callable[[], One]:
    """Give a work the context of this thread, and as many threads of its own, wherever it is done."""
    threads, context = numba.get_num_threads(), contextvars.copy_context()

    def done() -> One:
        numba.set_num_threads(threads)  # which each thread has of its own
        return context.run(work)

    return done


def _at_once(work: Callable[[], Any]) -> Future[Any]:
    done: Future[Any] = Future()
    done.set_result(work())
    return done


def shares(count: int) -> list[slice]:
    """Cut a range of ``count`` into as many slices as threads are allowed.

    Parameters
    ----------
    count
        Whose parts are independent, so that the cuts change nothing.

    Returns
    -------
    list of slice
        In order, none empty.
    """
    threads = min(numba.get_num_threads(), count)
    return [slice(count * n // threads, count * (n + 1) // threads) for n in range(threads)]
