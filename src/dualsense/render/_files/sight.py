"""What would have been found where, in ``result.h5`` and, in short, in ``targets.json``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.render._files.datasets import array
from dualsense.result import MINE_CLASSES, SmallestMine

if TYPE_CHECKING:
    import h5py

    from dualsense.result import Coverage, Grid

CODES = "; ".join(
    f"{code}: {one.name}" + (f", to {one.depth_m * 100:.0f} cm" if math.isfinite(one.depth_m) else "")
    for code, one in enumerate(MINE_CLASSES)
)


def write_sight(group: h5py.Group, sight: SmallestMine) -> None:
    """Write the maps beside the coverage, whose axes are theirs, with what their values mean as attributes."""
    code = array(group, "smallest_mine", sight.code, "1")
    code.attrs["axes"] = "y, x"
    code.attrs["meaning"] = (
        "code of the smallest mine that would have been listed wherever its top lay between the surface and the "
        "depth of its class; 0 is ground of which that is not told, and never ground without mines"
    )
    code.attrs["codes"] = CODES
    code.attrs["size"] = np.array([one.size_m for one in MINE_CLASSES])
    code.attrs["depth"] = np.array([one.depth_m for one in MINE_CLASSES])
    code.attrs["length_units"] = "m"
    deep = array(group, "smallest_mine_depth", sight.depth_m, "m")
    deep.attrs["axes"] = "y, x"
    deep.attrs["meaning"] = "a mine with a minimum of metal would have been found down to here; NaN: not told"
    array(group, "top", sight.top_m, "m")
    small = array(group, "minimum_metal", sight.small, "1")
    small.attrs["axes"] = "top, y, x"
    small.attrs["meaning"] = "mine with a minimum of metal: 1 would be found, -1 would not, 0 is not told"


def read_sight(group: h5py.Group, grid: Grid) -> SmallestMine | None:
    """Read what `write_sight` wrote; None in a file that does not tell it."""
    if "smallest_mine" not in group:
        return None
    return SmallestMine(
        grid,
        group["smallest_mine"][()],
        group["smallest_mine_depth"][()],
        group["top"][()],
        group["minimum_metal"][()],
    )


def sight_document(sight: SmallestMine | None, cover: Coverage) -> dict[str, Any] | None:
    """Parts of the patch, 0-1, on which mines would have been found; None where that is not known."""
    if sight is None or not cover.patch.any():
        return None
    code, small = sight.code[cover.patch], sight.small[:, cover.patch]
    return {
        "classes": [
            {
                "code": number,
                "name": one.name,
                "size_m": _or_none(one.size_m),
                "depth_m": _or_none(one.depth_m),
                "fraction": _part(code == number),
            }
            for number, one in enumerate(MINE_CLASSES)
        ],
        "minimum_metal": [
            {
                "top_m": round(float(top), 4),
                "found_fraction": _part(own == 1),
                "not_found_fraction": _part(own == -1),
            }
            for top, own in zip(sight.top_m, small, strict=True)
        ],
    }


def _part(cells: Any) -> float:
    return round(float(cells.mean()), 4)


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
