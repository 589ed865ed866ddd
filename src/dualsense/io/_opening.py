"""Open a file that is not to be trusted, with one line for each way in which it can fail to be a recording."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import h5py

from dualsense.errors import ScanError
from dualsense.io._nodes import HDF5_ERRORS, Source
from dualsense.io._text import one_line
from dualsense.io._types import hdf5_reason
from dualsense.runtime.growth import is_written
from dualsense.runtime.heaps import Heaps, look_at_heaps
from dualsense.runtime.untrusted import Allowance

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def open_source(
    path: Path, name: str = "", *, locking: bool | str = "best-effort", growing: bool = False
) -> Iterator[Source]:
    """Open an HDF5 file for reading, with one line for each way in which it can fail to be one.

    Parameters
    ----------
    path
    name
        What messages call it; the name of the file when empty.
    locking
        Of HDF5; False where this process holds a lock of the file itself.
    growing
        Whether another process may be adding rows to it.

    Raises
    ------
    ScanError
        Missing, a folder, not permitted, empty, truncated, or not HDF5 at all.
    """
    name = name or one_line(path.name or str(path))
    check_file(path, name)
    try:
        is_hdf5 = h5py.is_hdf5(path)
        heaps = look_at_heaps(path) if is_hdf5 else Heaps()
        endless = heaps.endless_at
        opened = is_hdf5 and endless is None
        file = h5py.File(path, "r", locking=locking, swmr=growing) if opened else None
    except HDF5_ERRORS as error:
        cut = re.search(r"truncated file: eof = (\d+).*stored_eof = (\d+)", str(error))
        if cut:
            cause = f"truncated HDF5 file: found {cut[1]} bytes, expected {cut[2]}"
        elif is_written(path):
            cause = "is still being written, or was never closed by what wrote it; `replay --follow` reads it"
        else:
            cause = f"damaged HDF5 file ({hdf5_reason(error)})"
        msg = one_line(f"{name}: {cause}")
        raise ScanError(msg) from None
    if endless is not None:
        msg = f"{name}: damaged HDF5 file (the heap of texts at byte {endless})"
        raise ScanError(msg)
    if file is None:
        with path.open("rb") as stream:
            head = stream.read(24)
        msg = one_line(f"{name}: found a file that begins with {head!r}, expected HDF5")
        raise ScanError(msg)
    with file:
        yield Source(name, file, Allowance(path.stat().st_size, heaps.longest_text))


def check_file(path: Path, name: str) -> None:
    """Refuse what is not a readable regular file with something in it."""
    try:
        if path.is_dir():
            cause = "is a folder, expected a file"
        elif not path.exists():
            cause = "no such file"
        elif not path.is_file():
            cause = "is a device or a pipe, expected a file"
        else:
            with path.open("rb") as stream:
                cause = "" if stream.read(1) else "empty file, expected a recording"
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or str(error)
    if cause:
        msg = one_line(f"{name}: {cause}")
        raise ScanError(msg)
