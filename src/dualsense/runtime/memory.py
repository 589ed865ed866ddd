"""Memory that arrays leave: how soon the system gets it back.

The C library of Linux keeps what is freed, in case it is wanted again. The first large array that is freed raises
the size from which on arrays have pages of their own, up to 32 MB, and with it the unused end of the heap that is
kept, up to 64 MB a thread. A process that holds one square metre in a hundred megabytes grows by as much again.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES_OF_THEIR_OWN = 16 * 2**20
"""Arrays from this size on are given back when they are freed. New pages cost a millisecond or two a megabyte, so
that the spectra of a square metre, of which there are many in turn, are better kept."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's `mallopt`."""


def hold_little() -> None:
    """Let this process hand freed arrays back at once; for programs, since it holds for all that runs in them.

    Does nothing where the C library has no such setting.
    """
    set_parameter = getattr(_c_library(), "mallopt", None)
    if set_parameter is not None:
        set_parameter(_MMAP_THRESHOLD, PAGES_OF_THEIR_OWN)
        set_parameter(_TRIM_THRESHOLD, PAGES_OF_THEIR_OWN)


def give_back() -> None:
    """Hand what is free between the arrays that are held back to the system, some milliseconds' work."""
    trim = getattr(_c_library(), "malloc_trim", None)
    if trim is not None:
        trim(0)


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage while a program makes what stays, such as its imports, and not among that afterwards.

    Python looks through all there is again and again while that grows: for a program that processes a square metre
    it is a tenth of a second.
    """
    looked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if looked:
            gc.enable()


def _c_library() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if sys.platform.startswith("linux") else None
