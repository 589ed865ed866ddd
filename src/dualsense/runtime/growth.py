"""Whether somebody still writes an HDF5 file, told from its head alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_WRITE, _SWMR = 1, 4


def is_written(path: Path) -> bool:
    """Tell by a file's head whether a writer in HDF5's single-writer mode has it open, or never closed it.

    Parameters
    ----------
    path
        A file that may be gone, or of any kind.

    Returns
    -------
    bool
        Of no other way of writing can that be told. Source: HDF5 File Format Specification, "Disk Format: Level
        0A - Format Signature and Superblock", version 3.
    """
    try:
        if not path.is_file():  # a pipe would be waited for
            return False
        with path.open("rb") as stream:
            head = stream.read(12)
    except OSError:
        return False
    return len(head) == 12 and head[:8] == _SIGNATURE and head[8] >= 3 and head[11] & (_WRITE | _SWMR) > _WRITE
