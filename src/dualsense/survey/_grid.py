"""The square cells of the map."""

from __future__ import annotations

import numpy as np

from dualsense.errors import ScanError
from dualsense.result import Grid

MAX_CELLS = 4_000_000


def grid_around(
    points_m: np.ndarray, *, cell_m: float = 0.005, margin_m: float = 0.03, max_cells: int = MAX_CELLS
) -> Grid:
    """Lay square cells over the points and a margin; cell edges fall on multiples of ``cell_m``.

    Parameters
    ----------
    points_m : (n, 2 or more)
        Positions; rows with NaN are passed over.
    cell_m, margin_m
        Side of a cell, and how far the grid goes beyond the outermost points.
    max_cells
        Larger grids are refused.

    Returns
    -------
    Grid

    Raises
    ------
    ScanError
        When no position is finite, or the area needs more than ``max_cells`` cells.
    """
    xy = np.asarray(points_m)[:, :2]
    xy = xy[np.isfinite(xy).all(axis=1)]
    if xy.shape[0] == 0:
        msg = "no sample has a position: no pose covers any sensor"
        raise ScanError(msg)
    with np.errstate(over="ignore", invalid="ignore"):
        low = np.floor((xy.min(axis=0) - margin_m) / cell_m)
        high = np.ceil((xy.max(axis=0) + margin_m) / cell_m)
        count = np.maximum(high - low, 1.0)
        fits = count.prod() <= max_cells  # not so for inf and NaN
    if not fits:
        msg = (
            f"the track spans {count[0] * cell_m:.4g} m x {count[1] * cell_m:.4g} m, {count.prod():.4g} cells of "
            f"{cell_m} m; at most {max_cells} are processed: raise survey.cell_m or cut the scan"
        )
        raise ScanError(msg)
    nx, ny = (int(n) for n in count)
    x = (low[0] + 0.5 + np.arange(nx)) * cell_m
    y = (low[1] + 0.5 + np.arange(ny)) * cell_m
    return Grid(x, y, cell_m)


def cells_of(grid: Grid, xy_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns (n,) of the cells that hold points (n, 2), or of the nearest ones."""
    column = np.rint((xy_m[:, 0] - grid.x_m[0]) / grid.cell_m).clip(0, grid.x_m.size - 1)
    row = np.rint((xy_m[:, 1] - grid.y_m[0]) / grid.cell_m).clip(0, grid.y_m.size - 1)
    return row.astype(np.intp), column.astype(np.intp)


def nearest_cell(grid: Grid, x_m: float, y_m: float) -> tuple[int, int]:
    """Row and column of the cell that holds a point, or the nearest one."""
    iy = int(np.clip(np.rint((y_m - grid.y_m[0]) / grid.cell_m), 0, grid.y_m.size - 1))
    ix = int(np.clip(np.rint((x_m - grid.x_m[0]) / grid.cell_m), 0, grid.x_m.size - 1))
    return iy, ix
