"""Ground of a patch by who covered it, as outlines that a map can draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import label

from dualsense.render._files.geodesy import local_to_wgs84, usable_origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from dualsense.result import Coverage, Result

Corner = tuple[int, int]
Ring = list[Corner]

COVERED_BY: dict[str, tuple[str, Callable[[Coverage], NDArray[np.bool_]]]] = {
    "none": ("not covered: not assessable", lambda c: c.patch & ~c.emi & ~c.gpr),
    "emi": ("covered by the metal detector alone: not assessable", lambda c: c.patch & c.emi & ~c.gpr),
    "gpr": ("covered by the radar alone: not assessable", lambda c: c.patch & c.gpr & ~c.emi),
    "both": ("covered by both sensors", lambda c: c.patch & c.emi & c.gpr),
}
"""By which sensors ground is covered, in words, and the cells of it; what is least covered first."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A part of the patch.

    Attributes
    ----------
    covered_by
        Key of `COVERED_BY`.
    words
        What that means.
    area_m2
        Of its cells.
    polygons
        Each a list of closed rings (n, 2), first and last point equal: the outer one counter-clockwise, then its
        holes clockwise. Longitude and latitude in degrees where the scan knows its place, else x and y in metres.
    """

    covered_by: str
    words: str
    area_m2: float
    polygons: list[list[NDArray[np.float64]]]


def ground_parts(result: Result) -> list[Ground]:
    """Outline the ground of a result by who covered it; parts without a cell are left out.

    Parameters
    ----------
    result
        What processing found.

    Returns
    -------
    list of Ground
        In the order of `COVERED_BY`.
    """
    coverage, parts = result.coverage, []
    for name, (words, cells) in COVERED_BY.items():
        mask = cells(coverage)
        if not mask.any():
            continue
        polygons = [[_placed(result, ring) for ring in rings] for rings in outlines(mask)]
        parts.append(Ground(name, words, round(float(mask.sum()) * coverage.grid.cell_m**2, 6), polygons))
    return parts


def _placed(result: Result, ring: Ring) -> NDArray[np.float64]:
    grid = result.coverage.grid
    column, row = np.array([*ring, ring[0]]).T
    return places(result, grid.x_m[0] + (column - 0.5) * grid.cell_m, grid.y_m[0] + (row - 0.5) * grid.cell_m)


def places(result: Result, x_m: NDArray[np.float64], y_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Place points of the local frame as a map wants them, rounded to 0.1 mm.

    Parameters
    ----------
    result
        Whose origin is used.
    x_m, y_m : (n,)
        In the local frame.

    Returns
    -------
    ndarray (n, 2)
        Longitude and latitude in degrees where the scan knows its place, else x and y in metres.
    """
    origin = usable_origin(result.header)
    # adding zero turns -0.0, which would differ from 0.0 in a text, into 0.0
    if origin is None:
        return np.asarray(np.round(np.column_stack([x_m, y_m]), 4) + 0.0, dtype=np.float64)
    latitude_deg, longitude_deg = local_to_wgs84(x_m, y_m, origin)
    return np.asarray(np.round(np.column_stack([longitude_deg, latitude_deg]), 9) + 0.0, dtype=np.float64)


def outlines(mask: NDArray[np.bool_]) -> list[list[Ring]]:
    """Outline the cells of a mask: one polygon for each group of cells that share sides.

    Parameters
    ----------
    mask : (ny, nx) bool
        Cells of a grid.

    Returns
    -------
    list of list of ring
        For each group its outer ring, counter-clockwise, and then its holes, clockwise. A ring is a list of
        corners, in cells along x and y from the grid's first corner, without those on a straight line; not closed.
    """
    groups, count = label(mask)
    outer: dict[int, Ring] = {}
    holes: dict[int, list[Ring]] = {number: [] for number in range(1, count + 1)}
    for ring, cell in _rings(mask):
        number = int(groups[cell])
        if _turns_left(ring):
            outer[number] = ring
        else:
            holes[number].append(ring)
    return [[outer[number], *holes[number]] for number in sorted(outer)]


def _rings(mask: NDArray[np.bool_]) -> Iterator[tuple[Ring, tuple[int, int]]]:
    """Follow the sides between cells within and without, the ones within to the left; with each a cell beside it.

    Where two cells touch at a corner, turning left stays at the same one, so that a ring never crosses a corner to
    cells that are not its own.
    """
    padded = np.pad(mask, 1)
    inner = padded[1:-1, 1:-1]
    beside = (  # what lies below, to the right, above, to the left; where that side of a cell begins, and its way
        (padded[:-2, 1:-1], (0, 0), (1, 0)),
        (padded[1:-1, 2:], (1, 0), (0, 1)),
        (padded[2:, 1:-1], (1, 1), (-1, 0)),
        (padded[1:-1, :-2], (0, 1), (0, -1)),
    )
    sides = {
        (column + x, row + y, *way): (row, column)
        for other, (x, y), way in beside
        for row, column in np.argwhere(inner & ~other).tolist()
    }
    for first in sorted(sides):
        if first in sides:
            cell = sides[first]
            yield _follow(sides, first), cell


def _follow(sides: dict[tuple[int, int, int, int], tuple[int, int]], first: tuple[int, int, int, int]) -> Ring:
    """Go once around from a side, taking out all that are passed; the corners at which the way turns."""
    ring, here = [], first
    while True:
        del sides[here]
        x, y, dx, dy = here
        x, y = x + dx, y + dy
        ways = ((-dy, dx), (dx, dy), (dy, -dx))
        way = next(one for one in ways if (x, y, *one) in sides or (x, y, *one) == first)
        if way != (dx, dy):
            ring.append((x, y))
        here = (x, y, *way)
        if here == first:
            return ring


def _turns_left(ring: Ring) -> bool:
    x, y = np.array(ring, dtype=np.int64).T
    return bool(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) > 0)
