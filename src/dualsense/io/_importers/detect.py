"""Find out which foreign format a file is in, and read it by that importer."""

from __future__ import annotations

import hashlib
import inspect
import json
from dataclasses import replace
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

FOREIGN_SUFFIXES = (".dzt", ".dt")
"""Of recordings that need no other file to be named."""


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
    scan = importer(path, **options)
    return scan if importer is read_scan else _with_origin(scan, importer.__name__, name, options)


def _with_origin(scan: Scan, importer: str, name: str, options: dict[str, Any]) -> Scan:
    """Tell how a foreign file was read; with options its hash is that of both, for they make another scan."""
    given = {key: value for key, value in sorted(options.items()) if value is not None}
    text = json.dumps(given, sort_keys=True, default=lambda value: value.tolist())
    digest = hashlib.sha256(f"{scan.sha256} {text}".encode()).hexdigest() if given else scan.sha256
    told = {"format": importer.removeprefix("import_"), "file": name, "sha256": scan.sha256, "options": text}
    return replace(scan, sha256=digest, imported=told)


def is_foreign(path: str | os.PathLike[str]) -> bool:
    """Whether a file is no scan file, and may have options of an importer.

    Parameters
    ----------
    path
        Any file; one that cannot be read is none of ours either.

    Returns
    -------
    bool
    """
    try:
        return not h5py.is_hdf5(path) or is_gprmax(path)
    except OSError:
        return True


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
