"""Find out which foreign format a file is in, and read it by that importer."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py

from dualsense.errors import ScanError, UsageError
from dualsense.io._hdf5 import read_scan
from dualsense.io._importers.gprmax import import_gprmax, is_gprmax
from dualsense.io._importers.gssi import import_gssi, is_gssi
from dualsense.io._importers.ids import import_ids, is_ids
from dualsense.io._nodes import check_file
from dualsense.io._text import one_line

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from dualsense.scan import Scan


def import_scan(path: str | os.PathLike[str], **options: Any) -> Scan:
    """Read a recording in any format that is known here, by what the file holds and not by its name.

    Parameters
    ----------
    path
        A scan file, a GSSI ``.DZT``, an IDS ``.dt`` or a gprMax output file.
    **options
        Those of the importer: `import_gssi`, `import_ids`, `import_gprmax`, or those of `read_scan`.

    Returns
    -------
    Scan

    Raises
    ------
    ScanError
        The format is none of these, or the file is damaged.
    UsageError
        The importer has no such option.
    """
    path = Path(path)
    name = one_line(path.name or str(path))
    check_file(path, name)
    importer = _importer(path, name)
    known = [key for key, one in inspect.signature(importer).parameters.items() if one.kind is one.KEYWORD_ONLY]
    unknown = sorted(set(options) - set(known))
    if unknown:
        msg = f"{name}: no option {', '.join(unknown)} for this format, it has {', '.join(known)}"
        raise UsageError(one_line(msg))
    return importer(path, **options)


def _importer(path: Path, name: str) -> Callable[..., Scan]:
    if h5py.is_hdf5(path):
        return import_gprmax if is_gprmax(path) else read_scan
    with path.open("rb") as stream:
        head = stream.read(1024)
    if is_gssi(head):
        return import_gssi
    if is_ids(head):
        return import_ids
    msg = (
        f"{name}: found a file that begins with {head[:24]!r}, "
        "expected a scan file, a GSSI DZT, an IDS dt or a gprMax output"
    )
    raise ScanError(one_line(msg))
