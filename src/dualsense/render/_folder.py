"""The folder of the contract: what is in it, checked before any work. Nothing that draws is imported for that."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dualsense.errors import UsageError
from dualsense.runtime.folders import refuse_held, refuse_link, tidy_up

if TYPE_CHECKING:
    from os import PathLike

# In the order in which they are moved in: the list of targets comes last, so that its presence means the
# folder is complete.
OUTPUT_FILES = (
    "emi_map.png",
    "fused.png",
    "gpr_sections.png",
    "gpr_slices.png",
    "result.h5",
    "report.html",
    "targets.csv",
    "targets.geojson",
    "targets.json",
)
# Written only where the result has them; like the others they go when a later run replaces this one.
OPTIONAL_FILES = ("emi_details.png", "gpr_radargram.png")


def check_output(folder: str | PathLike[str], *, overwrite: bool = False) -> Path:
    """Refuse a folder that the outputs must not go to, before any work is done.

    Parameters
    ----------
    folder
        Where the outputs are to be written; need not exist.
    overwrite
        Whether files of an earlier run may be replaced. Other files are never touched.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError
        When the path is a link or no folder, cannot be written to, or holds files of an earlier run.
    """
    folder = Path(folder)
    refuse_link(folder)
    if folder.is_dir():
        names = (*OPTIONAL_FILES, *OUTPUT_FILES)
        tidy_up(folder, names)
        refuse_held(folder, names, overwrite=overwrite)
    parent = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not (parent.is_dir() and os.access(parent, os.W_OK | os.X_OK)):
        msg = f"{folder}: no permission to write to {parent}"
        raise UsageError(msg)
    return folder
