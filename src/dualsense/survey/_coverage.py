"""What ground each sensor really measured. What is not covered is not assessable, never empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense import numerics
from dualsense.result import Coverage, Grid
from dualsense.survey._line import find_line

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLES = 20_000
"""Whose reaches are worked out at once."""


def covered_cells(grid: Grid, position_m: NDArray[np.float64] | None, *, reach_m: float) -> NDArray[np.bool_]:
    """Cells whose centre lies within ``reach_m`` of a sample.

    Parameters
    ----------
    grid
        The map's cells.
    position_m : (n, 2 or more) or None
        Where the sensor took its valid samples; None, or no finite row, covers nothing.
    reach_m
        How far to the side a sample still measures the ground.

    Returns
    -------
    (ny, nx) bool
    """
    shape = (grid.y_m.size, grid.x_m.size)
    if position_m is None:
        return np.zeros(shape, dtype=bool)
    xy = position_m[:, :2]
    xy = xy[np.isfinite(xy).all(axis=1)]
    if xy.shape[0] == 0:
        return np.zeros(shape, dtype=bool)
    edges = np.zeros(shape[0] * (shape[1] + 1), dtype=np.intp)
    for start in range(0, len(xy), SAMPLES):
        edges += _edges(grid, xy[start : start + SAMPLES], reach_m)
    covered: NDArray[np.bool_] = edges.reshape(shape[0], -1).cumsum(axis=1)[:, :-1] > 0
    return covered


def _edges(grid: Grid, xy_m: NDArray[np.float64], reach_m: float) -> NDArray[np.intp]:
    """How many samples' reaches begin before each cell of a row, less those that end there, (ny (nx + 1),)."""
    ny, nx = grid.y_m.size, grid.x_m.size
    nearest = np.rint((xy_m[:, 1] - grid.y_m[0]) / grid.cell_m)
    far = int(np.ceil(reach_m / grid.cell_m)) + 1
    inside = (nearest >= -far) & (nearest < ny + far)
    row = (nearest[inside].astype(np.intp)[:, None] + np.arange(-far, far + 1)).ravel()
    sample = np.repeat(np.flatnonzero(inside), 2 * far + 1)
    across = (grid.y_m[row.clip(0, ny - 1)] - xy_m[sample, 1]) ** 2
    near = (row >= 0) & (row < ny) & (across < reach_m**2)
    begin, end = _interval(grid.x_m, grid.cell_m, xy_m[sample[near], 0], across[near], reach_m**2)
    first, size = row[near] * (nx + 1), ny * (nx + 1)
    begins = np.bincount(first + begin, minlength=size)
    ends: NDArray[np.intp] = np.bincount(first + np.maximum(begin, end), minlength=size)
    return begins - ends


def _interval(
    x_m: NDArray[np.float64],
    cell_m: float,
    at_m: NDArray[np.float64],
    across_m2: NDArray[np.float64],
    reach_m2: float,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First cell (n,) of a row that lies nearer to a place than its reach, and the one after the last.

    The place is at ``at_m`` along the row and, squared, ``across_m2`` beside it; the reach is squared, too.
    """
    half = np.sqrt(reach_m2 - across_m2)
    padded = np.concatenate([[-np.inf], x_m, [np.inf]])  # cells that are none lie beyond any reach
    begin = np.ceil((at_m - half - x_m[0]) / cell_m).clip(0, x_m.size).astype(np.intp)
    end = np.floor((at_m + half - x_m[0]) / cell_m).clip(-1, x_m.size - 1).astype(np.intp) + 1

    def within(cell: NDArray[np.intp]) -> NDArray[np.bool_]:
        away: NDArray[np.bool_] = (padded[cell + 1] - at_m) ** 2 + across_m2 < reach_m2
        return away

    # a cell on the very edge is in or out by its own distance, not by the division's rounding
    begin = np.where(within(np.maximum(begin - 1, -1)), begin - 1, np.where(within(begin), begin, begin + 1))
    end = np.where(within(end), end + 1, np.where(within(end - 1), end, end - 1))
    return begin.clip(0, x_m.size), end.clip(0, x_m.size)


def patch_cells(grid: Grid, position_m: NDArray[np.float64], *, margin_m: float = 0.0) -> NDArray[np.bool_]:
    """Cells of the ground the operator set out to sweep: the convex hull of the head's track.

    The hull, not the covered cells, is what a gap is measured against: a strip left out between two lanes
    is part of the patch.
    """
    near = covered_cells(grid, position_m, reach_m=max(margin_m, grid.cell_m))
    sides = hull_sides(position_m)
    return near if sides is None else cells_within(grid, sides) | near


def hull_sides(position_m: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Sides of the convex hull of positions, each as the normal x, y and the offset of a line.

    Parameters
    ----------
    position_m : (n, 2 or more)
        Rows with NaN are passed over.

    Returns
    -------
    (s, 3) float64 or None
        Inside, normal and place make no more than minus the offset. None for a single line, which has no hull:
        its patch is the ground beside it.
    """
    xy = position_m[:, :2]
    return numerics.hull_sides(xy[np.isfinite(xy).all(axis=1)])


def cells_within(grid: Grid, sides: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Cells (ny, nx) whose centre lies within a convex hull, by its `hull_sides`."""
    inside = np.ones((grid.y_m.size, grid.x_m.size), dtype=bool)
    for nx, ny, offset in sides:
        inside &= nx * grid.x_m + (ny * grid.y_m + offset)[:, None] <= 1e-12
    return inside


def coverage(
    grid: Grid,
    *,
    head_m: NDArray[np.float64],
    emi_m: NDArray[np.float64] | None,
    gpr_m: NDArray[np.float64] | None,
    emi_reach_m: float = 0.05,
    gpr_reach_m: float = 0.03,
) -> Coverage:
    """Cover the patch with both sensors.

    Parameters
    ----------
    grid
        The map's cells.
    head_m : (p, 3)
        The head's track; with the sensors' positions, which an array carries beside it, it spans the patch. A
        single line was set out to measure the strip that each sensor's samples reach.
    emi_m, gpr_m : (n, 3) or None
        Centres of the coil pair and midpoints of the antenna pair at their valid samples.
    emi_reach_m, gpr_reach_m
        How far to the side one sample measures.

    Returns
    -------
    Coverage
        The patch, and the cells within it that each sensor measured.
    """
    swept = [head_m, *(sensor[:, :3] for sensor in (emi_m, gpr_m) if sensor is not None)]
    reach_m = [reach for sensor, reach in ((emi_m, emi_reach_m), (gpr_m, gpr_reach_m)) if sensor is not None]
    track = np.concatenate(swept)
    strip_m = 0.0 if find_line(track) is None else min(reach_m, default=0.0)
    patch = patch_cells(grid, track, margin_m=strip_m)
    return Coverage(
        grid,
        patch,
        emi=covered_cells(grid, emi_m, reach_m=emi_reach_m),
        gpr=covered_cells(grid, gpr_m, reach_m=gpr_reach_m),
    )


def coverage_fractions(cover: Coverage) -> tuple[float, dict[str, float], float]:
    """Area of the patch, the part of it each sensor covered, and the part both did.

    Returns
    -------
    area_m2, {"emi": 0-1, "gpr": 0-1}, both
    """
    cells = int(cover.patch.sum())
    area_m2 = cells * cover.grid.cell_m**2
    if cells == 0:
        return 0.0, {"emi": 0.0, "gpr": 0.0}, 0.0
    part = {
        name: float((mask & cover.patch).sum() / cells) for name, mask in (("emi", cover.emi), ("gpr", cover.gpr))
    }
    both = float((cover.emi & cover.gpr & cover.patch).sum() / cells)
    return area_m2, part, both
