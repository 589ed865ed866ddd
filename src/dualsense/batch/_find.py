"""Which scans a batch is of, and the folder of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dualsense.errors import UsageError
from dualsense.io import FOREIGN_SUFFIXES

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

SCAN_SUFFIXES = (".h5", ".hdf5")


def find_scans(paths: Iterable[str | os.PathLike[str]]) -> dict[str, Path]:
    """Find the scans of a batch and name each one's folder.

    Parameters
    ----------
    paths
        Scan files and other instruments' recordings, and folders that are searched through for both by the ends
        of their names. A recording beside a scan file of the same name in such a folder is left out.

    Returns
    -------
    dict
        Folder name to scan, in the order of ``paths`` and sorted within a folder.

    Raises
    ------
    UsageError
        When a folder holds no scan, or two scans would share one output folder.
    """
    found: dict[str, Path] = {}
    for path in paths:
        for name, scan in _scans_at(Path(path)):
            if name in found and found[name] != scan:
                msg = (
                    f"{scan} and {found[name]} would both write to the folder {name}: process them in two batches"
                )
                raise UsageError(msg)
            found[name] = scan
    return found


def _scans_at(path: Path) -> list[tuple[str, Path]]:
    if not path.is_dir():
        if path.stem in {"", ".", ".."}:
            msg = f"{path}: a folder for its results cannot be named after it"
            raise UsageError(msg)
        return [(path.stem, path)]
    known = (*SCAN_SUFFIXES, *FOREIGN_SUFFIXES)
    scans = sorted(p for p in path.rglob("*") if p.suffix.lower() in known and p.is_file())
    # a folder of results holds a result.h5 of its own: that is no scan
    scans = [p for p in scans if not (p.name == "result.h5" and p.with_name("targets.json").exists())]
    # a recording beside the scan that was made of it is that scan
    made = {p.with_suffix("") for p in scans if p.suffix.lower() in SCAN_SUFFIXES}
    scans = [p for p in scans if p.suffix.lower() in SCAN_SUFFIXES or p.with_suffix("") not in made]
    if not scans:
        msg = f"{path}: no scans in this folder, expected files that end in {', '.join(known[:-1])} or {known[-1]}"
        raise UsageError(msg)
    return [(str(p.relative_to(path).with_suffix("")), p) for p in scans]
