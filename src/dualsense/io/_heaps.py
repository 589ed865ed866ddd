"""Look over the heaps in which HDF5 keeps texts of variable length, before HDF5 does.

A damaged heap, with an entry that takes no space, sends the HDF5 library into a loop without end, and no message
can come out of that. Source: HDF5 File Format Specification, "Disk Format: Level 1E - Global Heap".
"""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MAX_SEARCH_BYTES = 2**26
"""How far into the file heaps are looked for; they are written with the first attributes."""
_COLLECTION = b"GCOL\x01\0\0\0"
_ENTRY = struct.Struct("<HHIQ")
_BACKWARDS = 2**62


def endless_heap(path: Path) -> int | None:
    """Find a heap that HDF5 could not leave.

    Parameters
    ----------
    path
        HDF5 file, not empty.

    Returns
    -------
    int or None
        Its place in the file in bytes, or None when there is no such heap.
    """
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = content.find(_COLLECTION, 0, MAX_SEARCH_BYTES)
        while start >= 0:
            if _is_endless(content, start):
                return start
            start = content.find(_COLLECTION, start + 1, MAX_SEARCH_BYTES)
    return None


def _is_endless(content: mmap.mmap, start: int) -> bool:
    """Walk the entries of one heap; entry 0 is the space that is left, and its size includes its header."""
    if start + 16 > len(content):
        return False
    end = min(start + struct.unpack_from("<Q", content, start + 8)[0], len(content))
    place = start + 16
    while place + _ENTRY.size <= end:
        index, _, _, size = _ENTRY.unpack_from(content, place)
        needed = size if index == 0 else _ENTRY.size + (size + 7) // 8 * 8
        if needed == 0 or needed >= _BACKWARDS:
            return True
        place += needed
    return False
