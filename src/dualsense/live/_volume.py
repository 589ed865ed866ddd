"""A volume that grows sounding by sounding: each one's echoes are added along their refracted times, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense import gpr
from dualsense.live import _live_kernels as _kernels
from dualsense.live._tiles import TILE, Key, corner_m, reached

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr import Ground
    from dualsense.recipe.gpr import GprMigrate

    Real = NDArray[np.float64]

MIN_HEIGHT_M = 1e-3
HEIGHT_MARGIN_M = 0.05
"""How far beyond the heights of the first soundings the travel times are tabulated."""
AT_ONCE = 64
"""Soundings that are added together: each is held against all of them for its density, and a tile sees few."""
SPREAD_END = 3.0
"""Where the soundings' density ends, in its radii."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """One tile of the volume: columns of voxels.

    Attributes
    ----------
    sums : (TILE, TILE, steps, 4, depths of a step)
        Both parts of the weighted sum of the echoes, the weights, and the weighted energy.
    density, covered : (TILE, TILE)
        Of the soundings; and above 0 where one was within its reach.
    """

    sums: NDArray[np.float32]
    density: Real
    covered: Real


class Volume:
    """The migrated volume so far, in tiles.

    The weights are those of :func:`dualsense.gpr.kirchhoff`, but for the density, which knows only the soundings
    so far: a sounding is not weighed anew when others follow.

    Parameters
    ----------
    tables
        Of the migration, in the recipe.
    ground
        The soil.
    cell_m, depth_m
        Side of a cell; depths (nz,).
    heights_m
        Least and greatest height of the antennas so far.
    half_offset_m
        Half the distance of the antennas.
    reach_m
        How far to the side a sounding covers the ground.
    """

    def __init__(
        self,
        tables: GprMigrate,
        ground: Ground,
        *,
        cell_m: float,
        depth_m: Real,
        heights_m: tuple[float, float],
        half_offset_m: float,
        reach_m: float,
    ) -> None:
        self.depth_m, self._cell_m, self._tables, self._reach_m = depth_m, cell_m, tables, reach_m
        radius = np.minimum(tables.aperture_m + tables.aperture_growth * depth_m, tables.max_aperture_m)
        self._radius_m = float(radius.max())
        on_ground = tables.on_ground
        if on_ground == "auto":
            on_ground = heights_m[0] <= gpr.ON_GROUND_M
        table = gpr.time_table(
            depth_m,
            min_height_m=max(heights_m[0] - HEIGHT_MARGIN_M, MIN_HEIGHT_M),
            max_height_m=heights_m[1] + HEIGHT_MARGIN_M,
            max_rho_m=1.1 * self._radius_m + half_offset_m + cell_m,
            relative_permittivity=ground,
            loss_db_m=tables.loss_db_m,
            on_ground=on_ground,
        )
        self._growing = gpr.GrowingSum(
            table, aperture_m=radius, apparent_depth_m=apparent_depth(ground, depth_m), cell_m=cell_m, cells=TILE
        )
        self.last_s = 2.0 * float(table.time_s.max())
        self.tiles: dict[Key, Columns] = {}
        self.highest = np.zeros(depth_m.size, np.float32)

    def add(self, tx_m: Real, rx_m: Real, traces: NDArray[np.complex64], dt_s: float) -> list[Key]:
        """Add soundings, and give the tiles that they reach.

        Parameters
        ----------
        tx_m, rx_m : (n, 3)
            Antennas; z is the height above the ground.
        traces : (n, t)
            Analytic traces from time zero.
        dt_s
            Their step.
        """
        antennas = np.stack([tx_m, rx_m], axis=1)
        antennas[:, :, 2] = np.maximum(antennas[:, :, 2], MIN_HEIGHT_M)
        changed: set[Key] = set()
        for first in range(0, len(antennas), AT_ONCE):
            some = slice(first, first + AT_ONCE)
            changed.update(self._add_some(antennas[some], traces[some], dt_s))
        keys = sorted(changed)
        for key in keys:
            _kernels.rise(self.tiles[key].sums, self.highest)
        return keys

    def _add_some(self, antennas: Real, traces: NDArray[np.complex64], dt_s: float) -> list[Key]:
        """Add a few soundings: places (n, 2, 3) of both antennas, traces (n, t)."""
        middle = 0.5 * (antennas[:, 0, :2] + antennas[:, 1, :2])
        x, y = np.ascontiguousarray(middle[:, 0]), np.ascontiguousarray(middle[:, 1])
        weight, one, ones = 1.0 / self._density(middle), np.ones(len(x)), np.ones((len(x), 0))
        nothing = np.zeros((TILE, TILE, 0))
        density_m, cell_m = self._tables.density_radius_m, self._cell_m
        keys = reached(middle, max(self._radius_m, SPREAD_END * density_m), cell_m)
        corners = [np.array(corner_m(key, cell_m)) for key in keys]
        for key, corner in zip(keys, corners, strict=True):
            if key not in self.tiles:
                self._begin(key)
            tile = self.tiles[key]
            _kernels.spread(
                x, y, ones, one, corner, cell_m, density_m, SPREAD_END * density_m, nothing, tile.density
            )
            _kernels.spread(x, y, ones, one, corner, cell_m, 1e3, self._reach_m, nothing, tile.covered)
        tiles = [(corner, self.tiles[key].sums) for key, corner in zip(keys, corners, strict=True)]
        self._growing.add(tiles, antennas, weight, traces, dt_s)
        return keys

    def _begin(self, key: Key) -> None:
        nothing = np.zeros((2, TILE, TILE))
        self.tiles[key] = Columns(self._growing.tile(), nothing[0], nothing[1])

    def _density(self, middle: Real) -> Real:
        """Soundings within about a radius of each of the new ones (n,), itself and those before it among them."""
        radius_m = self._tables.density_radius_m
        apart2 = ((middle[:, None] - middle) ** 2).sum(axis=2)
        density: Real = np.exp(-apart2 / (2.0 * radius_m**2)).sum(axis=1)
        cells = np.floor(middle / self._cell_m).astype(np.int64)
        for n, (i, j) in enumerate(cells.tolist()):
            tile = self.tiles.get((j // TILE, i // TILE))
            if tile is not None:
                density[n] += tile.density[j % TILE, i % TILE]
        return density


def apparent_depth(ground: Ground, depth_m: Real) -> Real:
    """Height above which a straight ray in air would spread as the refracted one does, straight down (nz,)."""
    if not isinstance(ground, gpr.Layers):
        apparent: Real = depth_m / np.sqrt(ground)
        return apparent
    top = np.asarray(ground.top_m)
    within: Real = np.clip(depth_m[:, None] - top, 0.0, np.diff(top, append=np.inf)) @ (1.0 / ground.index)
    return within
