"""Memory that arrays leave: how soon the system gets it back.

The C library of Linux keeps what is freed, in case it is wanted again. The first large array that is freed raises
the size from which on arrays have pages of their own, up to 32 MB, and with it the unused end of the heap that is
kept, up to 64 MB a thread. A process that holds one square metre in a hundred megabytes grows by as much again.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

PAGES_OF_THEIR_OWN = 16 * 2**20
"""Arrays from this size on are given back when they are freed. New pages cost a millisecond or two a megabyte, so
that the spectra of a square metre, of which there are many in turn, are better kept."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's `mallopt`."""


def available_bytes() -> int | None:
    """Tell how much memory programs may take without swapping, within the limit of a container.

    Returns
    -------
    int or None
        None where the system does not tell.
    """
    found = []
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found.append(1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")))
    group = Path("/sys/fs/cgroup")
    with suppress(OSError, ValueError):  # a container without a limit says "max", which is no number
        limit, used = (
            int((group / name).read_text(encoding="ascii")) for name in ("memory.max", "memory.current")
        )
        found.append(max(0, limit - used))
    return min(found, default=None)


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


def lay_aside(values: NDArray[Any]) -> None:
    """Keep of an array that lies in a file only what the system likes to: the file has it all.

    Parameters
    ----------
    values
        Of any kind; nothing is done with one that is in memory alone. What reads it later has the system fetch it.
    """
    held: object = values
    while (below := getattr(held, "base", None)) is not None:
        held = below
    if isinstance(held, memoryview):
        held = held.obj
    if isinstance(held, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        held.madvise(mmap.MADV_DONTNEED)


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


@contextmanager
def at_most_more(more_bytes: int) -> Iterator[None]:
    """Let this process take no more than so much memory while the block runs, where the system can hold it to it.

    For short calls of a library that would believe a length of gigabytes in a damaged file: it is told that there
    is no such memory. Other threads are held to the same meanwhile.

    Parameters
    ----------
    more_bytes
        Beyond what the process has of addresses now.
    """
    held = held_bytes()
    if not held:
        yield
        return
    import resource  # noqa: PLC0415 - not on every system

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = held + more_bytes
    if soft != resource.RLIM_INFINITY and soft <= most:
        yield
        return
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


_statm: list[int] = []


def held_bytes() -> int:
    """Addresses that this process has; 0 where the system does not tell."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        if not _statm or _statm[0] != os.getpid():
            _statm[:] = [os.getpid(), os.open("/proc/self/statm", os.O_RDONLY)]
        return int(os.pread(_statm[1], 64, 0).split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _c_library() -> ctypes.CDLL | None:
    return ctypes.CDLL(None) if sys.platform.startswith("linux") else None
