"""Where a long scan is cut: tiles of the map, and the samples that each of them needs.

A tile has ground of its own, its core; cores lie side by side and leave nothing out. Around it lies a rim that is
imaged too, so that bodies at its border have their surroundings and neighbours can be faded over into one another,
and around that a halo from which samples are taken, as far as a step reaches: the radar's aperture, the metal that
a coil hears beside it, the neighbours of the background. Grids of tiles are cut out of one grid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense import survey
from dualsense.io import MAX_POSE_GAP_S
from dualsense.result import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.recipe import Recipe
    from dualsense.recipe.gpr import GprMigrate
    from dualsense.scan import EmiData, GprData, Pose, Scan

    Real = NDArray[np.float64]
    Rows = NDArray[np.intp]

CONTEXT_S = 0.1
"""Samples this long before and after a tile's are taken with them: differences along time need neighbours."""
SWEPT_CELL_M = 0.1
AROUND_REACH_M, METAL_AROUND_REACH_M = 0.16, 0.1
"""Soundings, and samples of metal, are taken at least so far beyond the ground that one of them covers."""
MAX_VOXELS = 2**29
BLOCK = 50_000
"""Samples whose places are worked out at once."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """How a scan is cut.

    Attributes
    ----------
    whole_m2
        Swept ground up to which a scan is processed in one piece.
    core_m
        Longest side of a core; of a narrow lane, of a square with a core's area.
    rim_m
        How far beyond its core a tile is imaged; the boxes with which clutter is compared reach 18 cm.
    halo_m
        How far beyond its core soundings are taken; further where the recipe's sensors or aperture reach further.
    metal_halo_m
        And samples of the metal detector, which hears little of what lies further away.
    fade_m
        Half of the width over which one tile's images go over into the next one's; at most the rim.
    """

    whole_m2: float = 2.5
    core_m: float = 1.5
    rim_m: float = 0.18
    halo_m: float = 0.28
    metal_halo_m: float = 0.15
    fade_m: float = 0.08


@dataclass(frozen=True, slots=True)
class Box:
    """Rows and columns of the map's cells: from the first up to, and without, the last."""

    rows: tuple[int, int]
    columns: tuple[int, int]

    @property
    def cells(self) -> tuple[slice, slice]:
        """Index of its cells in a map."""
        return slice(*self.rows), slice(*self.columns)

    def within(self, other: Box) -> tuple[slice, slice]:
        """Index of its cells in a map of another box that holds it."""
        (r, c), own = (other.rows[0], other.columns[0]), self
        return slice(own.rows[0] - r, own.rows[1] - r), slice(own.columns[0] - c, own.columns[1] - c)


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile: its ground, what of the map is imaged with it, and its borders.

    Attributes
    ----------
    core, image
        Cells of its own ground, and with the rim around it.
    x_m, y_m
        From and to, of the core; infinite where there is no neighbour.
    """

    core: Box
    image: Box
    x_m: tuple[float, float]
    y_m: tuple[float, float]

    def depth_inside_m(self, x_m: float, y_m: float) -> float:
        """How far a place lies inside the core; negative outside."""
        return min(x_m - self.x_m[0], self.x_m[1] - x_m, y_m - self.y_m[0], self.y_m[1] - y_m)


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Rows of a recording that a tile needs, and the part of them that lies on its own ground, 0-1."""

    gpr: Rows
    emi: Rows
    pose: Rows
    gpr_share: float
    emi_share: float


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A scan's map, and its tiles.

    Attributes
    ----------
    grid
        Of every map and volume.
    tiles
        Row by row; those without a sample are left out.
    tiling
        How they were cut.
    swept_m2
        Ground that the samples touch.
    gpr_m, emi_m : (n, 2), (m, 2)
        Where the radar's soundings and the metal detector's samples were taken, nearly: by the track as recorded.
    """

    grid: Grid
    tiles: tuple[Tile, ...]
    tiling: Tiling
    swept_m2: float
    gpr_m: Real
    emi_m: Real

    @property
    def in_one_piece(self) -> bool:
        """Whether the scan is small enough to be processed whole."""
        return self.swept_m2 <= self.tiling.whole_m2 or len(self.tiles) < 2

    def grid_of(self, tile: Tile) -> Grid:
        """Cells that are imaged with a tile."""
        rows, columns = tile.image.cells
        return Grid(self.grid.x_m[columns], self.grid.y_m[rows], self.grid.cell_m)

    def samples_of(self, tile: Tile, outline: Scan, recipe: Recipe, *, around: bool = True) -> Samples:
        """Find the samples that a tile needs.

        Parameters
        ----------
        tile
            One of this plan.
        outline
            The scan, of which only times are read.
        recipe
            Its longest lag and its smoothing say how much of the track is needed around samples.
        around
            Whether to take those of the halo too.

        Returns
        -------
        Samples
        """
        halo_m = (self.tiling.halo_m, self.tiling.metal_halo_m) if around else (0.0, 0.0)
        gpr, gpr_share = _rows_near(outline.gpr, self.gpr_m, tile, halo_m[0])
        emi, emi_share = _rows_near(outline.emi, self.emi_m, tile, halo_m[1])
        around_s = 2.0 * MAX_POSE_GAP_S + recipe.survey.smoothing_s + recipe.emi.latency.max_s
        times = [data.time_s[rows] for data, rows in ((outline.gpr, gpr), (outline.emi, emi)) if data is not None]
        pose = stretches(outline.pose.time_s, np.sort(np.concatenate(times)), around_s)
        return Samples(gpr, emi, pose, gpr_share, emi_share)


def plan_tiles(outline: Scan, recipe: Recipe, tiling: Tiling) -> Plan:
    """Lay the map around a scan's samples, and cut it.

    Parameters
    ----------
    outline
        The scan; samples may be missing.
    recipe
        Cells and margin of the map.
    tiling
        How to cut.

    Returns
    -------
    Plan

    Raises
    ------
    ScanError
        When no sample has a position, or the map is too large.
    """
    gpr_m, emi_m = _places(outline.pose, outline.gpr), _places(outline.pose, outline.emi)
    tables = recipe.survey
    everywhere = np.concatenate([outline.pose.position_m[:, :2], gpr_m, emi_m])
    slices = int(recipe.gpr.migrate.depth_stop_m / recipe.gpr.migrate.depth_step_m) + 1
    grid = survey.grid_around(
        everywhere, cell_m=tables.cell_m, margin_m=tables.margin_m, max_cells=MAX_VOXELS // slices
    )
    sampled = np.concatenate([gpr_m, emi_m])
    sampled = sampled[np.isfinite(sampled).all(axis=1)]
    touched = np.unique(np.floor(sampled / SWEPT_CELL_M).astype(np.int64), axis=0)
    rows, columns = _cuts(grid, tiling)
    reach_m = max(tables.emi_reach_m, tables.gpr_reach_m) + SWEPT_CELL_M
    heard_m = aperture_m(recipe.gpr.migrate) + tiling.fade_m  # or what is shown at a border would lack soundings
    covered_m = reach_m - SWEPT_CELL_M
    halo_m = max(tiling.halo_m, heard_m, covered_m + AROUND_REACH_M)
    metal_halo_m = max(tiling.metal_halo_m, covered_m + METAL_AROUND_REACH_M)
    tiling = replace(tiling, halo_m=halo_m, metal_halo_m=metal_halo_m)
    held = [
        tile
        for tile in _tiles(grid, rows, columns, tiling)
        if (_inside_m(sampled, tile) >= -reach_m).any()  # within the halo, so that each has samples
    ]
    return Plan(grid, tuple(held), tiling, len(touched) * SWEPT_CELL_M**2, gpr_m, emi_m)


def aperture_m(tables: GprMigrate) -> float:
    """Radius within which soundings are summed for the deepest voxel."""
    return min(tables.aperture_m + tables.aperture_growth * tables.depth_stop_m, tables.max_aperture_m)


def stretches(time_s: Real, of_s: Real, around_s: float) -> Rows:
    """Rows of an axis of times within so much of any of some others.

    Parameters
    ----------
    time_s : (n,)
        Not decreasing.
    of_s : (k,)
        Not decreasing.
    around_s
        How far before and after.

    Returns
    -------
    (r,) intp
    """
    if of_s.size == 0:
        return np.zeros(0, np.intp)
    cuts = np.flatnonzero(np.diff(of_s) > 2.0 * around_s)
    first, last = of_s[np.concatenate([[0], cuts + 1])], of_s[np.concatenate([cuts, [of_s.size - 1]])]
    step = np.zeros(time_s.size + 1, np.intp)
    np.add.at(step, np.searchsorted(time_s, first - around_s, side="left"), 1)
    np.add.at(step, np.searchsorted(time_s, last + around_s, side="right"), -1)
    return np.flatnonzero(np.cumsum(step[:-1]) > 0)


def _rows_near(data: GprData | EmiData | None, at_m: Real, tile: Tile, halo_m: float) -> tuple[Rows, float]:
    """Rows within the halo and a moment around them, and the part of them in the core."""
    if data is None:
        return np.zeros(0, np.intp), 0.0
    with np.errstate(invalid="ignore"):  # NaN where no pose covers the time
        inside = _inside_m(at_m, tile)
        near, own = inside >= -halo_m, inside >= 0.0
    rows = stretches(data.time_s, data.time_s[near], CONTEXT_S)
    return rows, float(own.sum() / max(rows.size, 1))


def _inside_m(at_m: Real, tile: Tile) -> Real:
    """How far places (n, 2) lie inside a core; negative outside."""
    x, y = at_m.T
    inside: Real = np.minimum(
        np.minimum(x - tile.x_m[0], tile.x_m[1] - x), np.minimum(y - tile.y_m[0], tile.y_m[1] - y)
    )
    return inside


def _places(pose: Pose, data: GprData | EmiData | None) -> Real:
    """Middle of the antennas or coils (n, 2) at a sensor's samples, by the track as recorded."""
    if data is None:
        return np.zeros((0, 2))
    middle = 0.5 * (data.tx_position_m + data.rx_position_m)
    at = np.empty((data.time_s.size, 2))
    for start in range(0, data.time_s.size, BLOCK):
        part = slice(start, start + BLOCK)
        track = survey.track_at(pose, data.time_s[part], smoothing_s=0.0)
        at[part] = survey.lever_arm(track, middle, data.channel[part])[:, :2]
    return at


def _cuts(grid: Grid, tiling: Tiling) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First rows and columns of the cores, and where the last end; a narrow lane is cut into longer pieces."""
    sides_m = np.array([grid.y_m.size, grid.x_m.size]) * grid.cell_m
    narrow = int(np.argmin(sides_m))
    pieces = np.ones(2, np.intp)
    pieces[narrow] = _pieces(sides_m[narrow], tiling.core_m)
    across_m = sides_m[narrow] / pieces[narrow]
    longest_m = float(np.clip(tiling.core_m**2 / across_m, tiling.core_m, 2.0 * tiling.core_m))
    pieces[1 - narrow] = _pieces(sides_m[1 - narrow], longest_m)
    rows, columns = (
        np.round(np.linspace(0, size, count + 1)).astype(np.intp)
        for size, count in zip((grid.y_m.size, grid.x_m.size), pieces, strict=True)
    )
    return rows, columns


def _pieces(length_m: float, most_m: float) -> int:
    """Count the pieces of a length; the margins around the outermost samples make none of their own."""
    return max(1, int(np.ceil(length_m / most_m - 0.1)))


def _tiles(grid: Grid, rows: NDArray[np.intp], columns: NDArray[np.intp], tiling: Tiling) -> list[Tile]:
    rim = round(tiling.rim_m / grid.cell_m)
    tiles = []
    for r in range(rows.size - 1):
        for c in range(columns.size - 1):
            core = Box((int(rows[r]), int(rows[r + 1])), (int(columns[c]), int(columns[c + 1])))
            image = Box(_wider(core.rows, rim, grid.y_m.size), _wider(core.columns, rim, grid.x_m.size))
            tiles.append(Tile(core, image, _border(grid.x_m, core.columns), _border(grid.y_m, core.rows)))
    return tiles


def _wider(cells: tuple[int, int], rim: int, count: int) -> tuple[int, int]:
    return max(cells[0] - rim, 0), min(cells[1] + rim, count)


def _border(axis_m: Real, cells: tuple[int, int]) -> tuple[float, float]:
    """Where a core begins and ends along an axis, half-way between cells; infinite at the map's own border."""
    first, last = cells
    low = -np.inf if first == 0 else 0.5 * (axis_m[first - 1] + axis_m[first])
    high = np.inf if last == axis_m.size else 0.5 * (axis_m[last - 1] + axis_m[last])
    return float(low), float(high)
