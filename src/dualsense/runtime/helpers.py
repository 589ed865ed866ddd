"""Threads beside this one for what starts no kernel, none where the program is allowed a single one.

Two threads of one core take turns at Python's lock: several pictures at once are slower there than one after the
other, and touch twice the memory.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def allowed_threads() -> int:
    """Tell how many threads kernels may use here, as they heed it; Numba is not loaded for that."""
    loaded = getattr(sys.modules.get("numba"), "get_num_threads", None)
    if loaded is not None:
        count: int = loaded()
        return count
    given = os.environ.get("NUMBA_NUM_THREADS", "")
    return max(1, int(given)) if given.isdecimal() else os.cpu_count() or 1


@contextmanager
def helpers(most: int) -> Iterator[Callable[[Callable[[], Any]], Future[Any]]]:
    """Have things done beside this thread, or at once where only one thread is allowed.

    Parameters
    ----------
    most
        Threads beside this one.

    Yields
    ------
    callable
        Begins one thing and gives its future. The block ends when all are done.
    """
    if allowed_threads() == 1:
        yield _at_once
        return
    with ThreadPoolExecutor(most) as pool:
        yield pool.submit


def _at_once(work: Callable[[], Any]) -> Future[Any]:
    done: Future[Any] = Future()
    done.set_result(work())
    return done
