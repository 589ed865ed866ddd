"""Where a result comes from: hashes and versions, without anything of the user or the hour."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from dualsense._version import __version__
from dualsense.recipe import Recipe, dump_recipe

if TYPE_CHECKING:
    from dualsense.fusion import Model
    from dualsense.scan import Scan

LIBRARIES = ("numpy", "scipy", "numba", "h5py", "matplotlib")


def collect(scan: Scan, recipe: Recipe, model: Model) -> dict[str, str]:
    """Plain text entries that identify the input, the recipe, the model and the code."""
    versions = {f"version_{name}": _version(name) for name in LIBRARIES}
    own, wanted = model.suspect_threshold, recipe.fusion
    told = {"suspect_threshold": f"{own if wanted.suspect_threshold is None else wanted.suspect_threshold:g}"}
    if model.stated_detection is not None and wanted.suspect_threshold is None and wanted.prior is None:
        told["stated_detection"] = f"{model.stated_detection:g}"
    return {
        "scan_id": scan.header.scan_id,
        "scan_sha256": scan.sha256,
        "scan_source": scan.header.source,
        "recipe_sha256": recipe.sha256,
        "recipe": dump_recipe(recipe),
        "model": model.id,
        "model_sha256": model.sha256,
        "version_dualsense": __version__,
        **told,
        **versions,
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown"
