"""Dual-sensor (metal detector and radar) scans to pictures and targets, for humanitarian demining.

The public API on one screen; everything is imported when it is first used.

>>> import dualsense as ds
>>> result = ds.process_scan(ds.read_scan("sample_data/ts50_casing.h5"))  # doctest: +SKIP
>>> ds.write_outputs(result, "out/mine")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dualsense._version import __version__

if TYPE_CHECKING:
    from dualsense.batch import process_batch
    from dualsense.chain.process import process_scan
    from dualsense.errors import DualsenseError, RecipeError, ScanError, UsageError
    from dualsense.evaluate import evaluate_folder
    from dualsense.io import import_scan, read_scan, write_scan
    from dualsense.recipe import Recipe, dump_recipe, load_recipe
    from dualsense.render import read_result, write_outputs
    from dualsense.replay import replay_scan
    from dualsense.result import Evidence, Image, Result, Target, Volume
    from dualsense.scan import EmiData, Fault, GprData, Pose, Scan, ScanHeader, Truth
    from dualsense.simulate import simulate_scan
    from dualsense.summary import summarise

_HOME = {
    "dualsense.batch": ("process_batch",),
    "dualsense.errors": ("DualsenseError", "RecipeError", "ScanError", "UsageError"),
    "dualsense.evaluate": ("evaluate_folder",),
    "dualsense.io": ("import_scan", "read_scan", "write_scan"),
    "dualsense.chain.process": ("process_scan",),
    "dualsense.recipe": ("Recipe", "dump_recipe", "load_recipe"),
    "dualsense.render": ("read_result", "write_outputs"),
    "dualsense.replay": ("replay_scan",),
    "dualsense.result": ("Evidence", "Image", "Result", "Target", "Volume"),
    "dualsense.scan": ("EmiData", "Fault", "GprData", "Pose", "Scan", "ScanHeader", "Truth"),
    "dualsense.simulate": ("simulate_scan",),
    "dualsense.summary": ("summarise",),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "DualsenseError",
    "EmiData",
    "Evidence",
    "Fault",
    "GprData",
    "Image",
    "Pose",
    "Recipe",
    "RecipeError",
    "Result",
    "Scan",
    "ScanError",
    "ScanHeader",
    "Target",
    "Truth",
    "UsageError",
    "Volume",
    "__version__",
    "dump_recipe",
    "evaluate_folder",
    "import_scan",
    "load_recipe",
    "process_batch",
    "process_scan",
    "read_result",
    "read_scan",
    "replay_scan",
    "simulate_scan",
    "summarise",
    "write_outputs",
    "write_scan",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its room on first use, so that importing the package costs nothing."""
    if name in _MODULE:
        return getattr(import_module(_MODULE[name]), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
