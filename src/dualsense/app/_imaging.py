"""The operator's controls over the radar's image, in a worker process that keeps what it has read.

The image that is stored can be cut by depth without its scan. Another permittivity, or a deeper stop, takes the
scan: its radar is taken through the chain once, and kept just before the image, so that a change costs the
migration alone.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dualsense.errors import DualsenseError, UsageError, cause
from dualsense.runtime.logs import start_logging

if TYPE_CHECKING:
    from dualsense.chain import Ready
    from dualsense.result import Result

MOST_KEPT = 2
COARSER = 2
LEAST_PERMITTIVITY, MOST_PERMITTIVITY = 1.0, 40.0
MOST_DEPTH_M = 1.0
MOST_SCAN_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class Imaging:
    """What an operator asks to see.

    Attributes
    ----------
    folder
        Of the result.
    scan
        Its scan file; empty where that is not known.
    scan_sha256
        As the result has it.
    relative_permittivity
        Of the operator; None for the result's own.
    start_depth_m, stop_depth_m
        Between which the radar is shown; None is the end of the image.
    quick
        Whether a coarser image will do, while a control is moved.
    """

    folder: str
    scan: str
    scan_sha256: str
    relative_permittivity: float | None = None
    start_depth_m: float | None = None
    stop_depth_m: float | None = None
    quick: bool = False


_results: OrderedDict[tuple[str, int], Result] = OrderedDict()
_ready: OrderedDict[str, Ready] = OrderedDict()


def asked_for(given: dict[str, Any], folder: Path, scan: Path | None, scan_sha256: str) -> Imaging:
    """Understand what a page asks to see.

    Raises
    ------
    UsageError
        A value is not a number within its range.
    """
    permittivity = _number(given, "relative_permittivity", LEAST_PERMITTIVITY, MOST_PERMITTIVITY)
    start_m = _number(given, "start_depth_m", 0.0, MOST_DEPTH_M)
    stop_m = _number(given, "stop_depth_m", 0.01, MOST_DEPTH_M)
    if start_m is not None and stop_m is not None and start_m >= stop_m:
        msg = f"start_depth_m: got {start_m:g}, expected less than the stop depth of {stop_m:g}"
        raise UsageError(msg)
    return Imaging(
        str(folder), str(scan or ""), scan_sha256, permittivity, start_m, stop_m, given.get("quick") is True
    )


def _number(given: dict[str, Any], key: str, least: float, most: float) -> float | None:
    value = given.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        msg = f"{key}: got {value!r:.40}, expected {least:g} to {most:g}"
        raise UsageError(msg)
    return float(value)


def image_one(task: Imaging) -> dict[str, Any]:
    """Make an image; what went wrong stands under "problem"."""
    start_logging(verbosity=-1)
    try:
        return _image(task)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is said on the page
        return {"problem": cause(error)}


def _image(task: Imaging) -> dict[str, Any]:
    from dualsense.render import View, image_data  # noqa: PLC0415 - in the worker only

    result = _stored(Path(task.folder) / "result.h5")
    if result.gpr_volume is None:
        msg = "this result has no radar image"
        raise DualsenseError(msg)
    deepest_m = float(result.gpr_volume.depth_m[-1])
    deeper = task.stop_depth_m is not None and task.stop_depth_m > deepest_m + 1e-9
    own, stored = task.relative_permittivity, result.relative_permittivity
    if own is not None or deeper:
        from dualsense.chain import image_again  # noqa: PLC0415 - slow to import

        stop_m = max(task.stop_depth_m or 0.0, 0.02) if deeper else None
        coarser = COARSER if task.quick else 1
        volume = image_again(_radar(task, result), relative_permittivity=own, depth_stop_m=stop_m, coarser=coarser)
        result = replace(result, gpr_volume=volume)
    view = View(start_depth_m=task.start_depth_m or 0.0, stop_depth_m=task.stop_depth_m)
    said = {"permittivity": stored if own is None else own, "stored_permittivity": stored, "deepest_m": deepest_m}
    return {"image": image_data(result, view), **said}


def _stored(path: Path) -> Result:
    from dualsense.render import read_result  # noqa: PLC0415 - in the worker only

    key = (str(path), path.stat().st_mtime_ns)
    if key not in _results:
        _results[key] = read_result(path)
        while len(_results) > MOST_KEPT:
            _results.popitem(last=False)
    _results.move_to_end(key)
    return _results[key]


def _radar(task: Imaging, result: Result) -> Ready:
    """Give the radar of a result's scan, just before its image."""
    if not task.scan:
        msg = "the scan of this result is not in the folder, and without it the ground cannot be imaged anew"
        raise DualsenseError(msg)
    key = f"{task.scan_sha256} {result.recipe_sha256}"
    if key not in _ready:
        _ready[key] = _prepared(task, result)
        while len(_ready) > MOST_KEPT:
            _ready.popitem(last=False)
    _ready.move_to_end(key)
    return _ready[key]


def _prepared(task: Imaging, result: Result) -> Ready:
    from dualsense.chain import Tiling, ready_radar  # noqa: PLC0415 - slow to import
    from dualsense.io import read_scan  # noqa: PLC0415
    from dualsense.recipe import parse_recipe  # noqa: PLC0415

    if result.area_m2 > Tiling().whole_m2 or Path(task.scan).stat().st_size > MOST_SCAN_BYTES:
        msg = f"a ground of {result.area_m2:.1f} m² is too large to be imaged anew while you wait"
        raise DualsenseError(msg)
    scan = read_scan(Path(task.scan), with_truth=False)
    if scan.sha256 != task.scan_sha256:
        msg = f"{Path(task.scan).name}: has changed since this result was made"
        raise DualsenseError(msg)
    recipe = parse_recipe(result.provenance.get("recipe", ""))
    if recipe.sha256 != result.recipe_sha256:
        msg = "the recipe of this result is of another version: process the scan again to image it anew"
        raise DualsenseError(msg)
    return ready_radar(scan, recipe)
