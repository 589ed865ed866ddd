"""Files in and out: the scan format, and importers for foreign formats.

The three functions are loaded when first asked for, because HDF5 is slow to load and ``--help`` is not to be.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dualsense.io._hdf5 import read_scan
    from dualsense.io._importers import import_scan
    from dualsense.io._write import write_scan

__all__ = ["import_scan", "read_scan", "write_scan"]

_HOMES = {"read_scan": "_hdf5", "import_scan": "_importers", "write_scan": "_write"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
