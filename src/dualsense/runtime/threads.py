"""Two independent things at once, where there are two cores to do them."""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

One = TypeVar("One")
Other = TypeVar("Other")


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
        beside = pool.submit(contextvars.copy_context().run, other)
        first = one()
        return first, beside.result()
