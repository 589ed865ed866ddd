"""Causes of failures that people meet most: raised in English, and said again where a person reads them."""

from __future__ import annotations

import re

from dualsense.language._speaking import again

CAUSES = (
    "no such file",
    "no such folder",
    "no such file or folder",
    "No such file or directory",
    "Permission denied",
    "No space left on device",
    "Read-only file system",
    "is a folder, expected a file",
    "is a file, expected a folder to write to",
    "empty file, expected a recording",
    "truncated HDF5 file: found {found} bytes, expected {expected}",
    "damaged HDF5 file ({detail})",
    "found a file that begins with {head}, expected HDF5",
    "found a file that begins with {head}, expected a scan file, a GSSI DZT, an IDS dt or a gprMax output",
    "no scans in this folder, expected files that end in .h5 or .hdf5",
    "no such folder; with --level lanes are invented there",
    "already holds {names}; allow overwriting (--overwrite) or choose another folder",
    "exists already, and was not to be overwritten",
    "{path} exists already: choose another name, or --overwrite",
    "cannot write the outputs: {cause}",
    "cannot be read: {cause}",
    "the decision was not recorded: {cause}",
    "the score was not written down: {cause}",
    "another decision has that name",
    "tells no truth, and without it nobody can be scored",
)
"""What stands after the name of a file and a colon, or alone; what is not here stays English."""


def again_cause(text: str) -> str:
    """Say in the language at hand why something failed.

    Parameters
    ----------
    text
        One line in English, with or without names of files and a colon in front of the cause.

    Returns
    -------
    str
        The same line where the cause is not in the catalogue.
    """
    for start in (0, *(match.end() for match in re.finditer(": ", text))):
        said = again(text[start:])
        if said != text[start:]:
            return text[:start] + said
    return text
