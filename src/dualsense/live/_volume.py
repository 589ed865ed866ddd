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

    from dualsense.gpr import Ground, TimeTable
    from dualsense.recipe.gpr import GprMigrate

    Real = NDArray[np.float64]

MIN_HEIGHT_M = 1e-3
HEIGHT_MARGIN_M = 0.05
"""How far beyond the heights of the first soundings the travel times are tabulated."""
AT_ONCE = 64
"""Soundings that are tabulated together: a long stretch takes no more memory, and each tile sees few of it."""
SPREAD_END = 3.0
"""Where the soundings' density ends, in its radii."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """One tile of the volume: columns of voxels.

    Attributes
    ----------
    total : (TILE, TILE, nz, 2)
        Weighted sum of the echoes, real and imaginary part.
    fold : (TILE, TILE, nz)
        Sum of the weights.
    density, covered : (TILE, TILE)
        Of the soundings; and above 0 where one was within its reach.
    """

    total: NDArray[np.float32]
    fold: NDArray[np.float32]
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
        self._table: TimeTable = table
        taper = np.maximum(1.0 - table.rho_m[:, None] ** 2 / radius**2, 0.0) ** 2
        self._taper, self._gain = taper.astype(np.float32), table.gain.astype(np.float32)
        self._apparent = apparent_depth(ground, depth_m)
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
        at = np.stack([tx_m, rx_m, 0.5 * (tx_m + rx_m)], axis=1)
        parts = np.ascontiguousarray(traces).view(np.float32).reshape(*traces.shape, 2)
        changed: set[Key] = set()
        for first in range(0, len(at), AT_ONCE):
            some = slice(first, first + AT_ONCE)
            changed.update(self._add_some(at[some], parts[some], dt_s))
        return sorted(changed)

    def _add_some(self, at: Real, parts: NDArray[np.float32], dt_s: float) -> list[Key]:
        """Add a few soundings: places (n, 3, 3) of both antennas and their middle, traces (n, t, 2)."""
        middle = at[:, 2, :2]
        x, y = np.ascontiguousarray(middle[:, 0]), np.ascontiguousarray(middle[:, 1])
        tables = self._tabulate(at[:, :, 2], 1.0 / self._density(middle), dt_s)
        places, one, ones = np.ascontiguousarray(at[:, :, :2]), np.ones(len(x)), np.ones((len(x), 0))
        nothing = np.zeros((TILE, TILE, 0))
        step = float(np.sqrt(self._table.rho_m[1]))
        density_m, cell_m = self._tables.density_radius_m, self._cell_m
        keys = reached(middle, max(self._radius_m, SPREAD_END * density_m), cell_m)
        for key in keys:
            if key not in self.tiles:
                self._begin(key)
            tile, corner = self.tiles[key], np.array(corner_m(key, cell_m))
            _kernels.scatter_traces(
                parts, places, tables, step, self._radius_m, corner, cell_m, tile.total, tile.fold
            )
            _kernels.spread(
                x, y, ones, one, corner, cell_m, density_m, SPREAD_END * density_m, nothing, tile.density
            )
            _kernels.spread(x, y, ones, one, corner, cell_m, 1e3, self._reach_m, nothing, tile.covered)
            np.maximum(self.highest, tile.fold.max(axis=(0, 1)), out=self.highest)
        return keys

    def _begin(self, key: Key) -> None:
        shape = (TILE, TILE, self.depth_m.size)
        self.tiles[key] = Columns(
            np.zeros((*shape, 2), np.float32),
            np.zeros(shape, np.float32),
            np.zeros((TILE, TILE)),
            np.zeros((TILE, TILE)),
        )

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

    def _tabulate(self, height: Real, weight: Real, dt_s: float) -> NDArray[np.float32]:
        """Tabulate times in samples from both antennas, and weights, for each sounding: (n, 3, rho, nz)."""
        table = self._table
        root = np.sqrt(np.maximum(height, MIN_HEIGHT_M))
        u = (root - np.sqrt(table.height_m[0])) / table.height_root_step
        node = np.clip(u.astype(np.intp), 0, table.height_m.size - 2)
        part = np.clip(u - node, 0.0, 1.0)[:, :, None, None].astype(np.float32)
        out = np.empty((len(height), 3, *self._taper.shape), np.float32)
        time, gain = (table.time_s / dt_s).astype(np.float32), self._gain
        out[:, :2] = time[node[:, :2]] + part[:, :2] * (time[node[:, :2] + 1] - time[node[:, :2]])
        mean = gain[node[:, 2]] + part[:, 2] * (gain[node[:, 2] + 1] - gain[node[:, 2]])
        r = (height[:, 2, None] + self._apparent).astype(np.float32)[:, None]
        cosine = r / np.sqrt(r * r + (table.rho_m**2).astype(np.float32)[:, None])
        out[:, 2] = weight.astype(np.float32)[:, None, None] * self._taper * mean * mean * cosine
        return out


def apparent_depth(ground: Ground, depth_m: Real) -> Real:
    """Height above which a straight ray in air would spread as the refracted one does, straight down (nz,)."""
    if not isinstance(ground, gpr.Layers):
        apparent: Real = depth_m / np.sqrt(ground)
        return apparent
    top = np.asarray(ground.top_m)
    within: Real = np.clip(depth_m[:, None] - top, 0.0, np.diff(top, append=np.inf)) @ (1.0 / ground.index)
    return within
