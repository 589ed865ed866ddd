"""Look over the heaps in which HDF5 keeps texts of variable length, before HDF5 does.

A damaged heap, with an entry that takes no space, sends the HDF5 library into a loop without end, and no message
can come out of that. And one long entry that a thousand texts point at takes its length a thousand times.
Source: HDF5 File Format Specification, "Disk Format: Level 1E - Global Heap".
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BLOCK_BYTES = 2**23
"""Read at a time: a map of the file would end the program if the file were cut meanwhile."""
_COLLECTION = b"GCOL\x01\0\0\0"
_ENTRY = struct.Struct("<HHIQ")
_BACKWARDS = 2**62
_MAX_ENTRIES = 2**17
"""Looked at in one file, a tenth of a second; a heap beyond that counts as one long text."""


@dataclass(frozen=True, slots=True)
class Heaps:
    """What the heaps of a file are like.

    Attributes
    ----------
    endless_at
        Place in bytes of one that HDF5 could not leave; None where there is none.
    longest_text
        Bytes of the longest entry of all.
    """

    endless_at: int | None = None
    longest_text: int = 0


def look_at_heaps(path: Path) -> Heaps:
    """Walk through the heaps of a file.

    Parameters
    ----------
    path
        HDF5 file, not empty.

    Returns
    -------
    Heaps
    """
    longest, entries, walked = 0, 0, 0
    with path.open("rb") as stream:
        end = os.fstat(stream.fileno()).st_size
        for start in _starts(stream.fileno()):
            heap = _read(stream.fileno(), start, end)
            walked += len(heap)
            if entries >= _MAX_ENTRIES or walked > 2 * end:  # heaps do not lie in one another
                return Heaps(None, end)
            for index, needed, size in _entries(heap):
                entries += 1
                if needed == 0 or needed >= _BACKWARDS:
                    return Heaps(start, longest)
                longest = max(longest, size if index else 0)
    return Heaps(None, longest)


def _starts(file: int) -> list[int]:
    """Find where heaps begin, block by block; blocks overlap by what a mark is long."""
    found, place = [], 0
    while block := os.pread(file, BLOCK_BYTES + len(_COLLECTION) - 1, place):
        at = block.find(_COLLECTION)
        while at >= 0:
            found.append(place + at)
            at = block.find(_COLLECTION, at + 1)
        place += BLOCK_BYTES
    return found


def _read(file: int, start: int, end: int) -> bytes:
    """Read one heap, as long as it says it is and the file is."""
    head = os.pread(file, 16, start)
    said = struct.unpack_from("<Q", head, 8)[0] if len(head) == 16 else 0
    return os.pread(file, min(said, end - start), start)


def _entries(heap: bytes) -> list[tuple[int, int, int]]:
    """List the entries of a heap: index, bytes that it takes, bytes of text.

    Entry 0 is the space that is left, and its size includes its header.
    """
    found: list[tuple[int, int, int]] = []
    place = 16
    while place + _ENTRY.size <= len(heap) and len(found) < _MAX_ENTRIES:
        index, _, _, size = _ENTRY.unpack_from(heap, place)
        needed = size if index == 0 else _ENTRY.size + (size + 7) // 8 * 8
        found.append((index, needed, size))
        if needed == 0 or needed >= _BACKWARDS:
            break
        place += needed
    return found
