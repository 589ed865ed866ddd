"""Images of tiles joined to one without a seam.

Inside its core a tile's image is taken as it is. In the strip along a border, as wide as two fades, the tiles'
images go over into one another: each has a weight that falls linearly from 1 to 0 across the strip, and those that
share a cell add to 1. Only the strips are held twice, once as sums and once as weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.chain.tiles import Plan, Tile

    Real = NDArray[np.float64]


class Seams:
    """Where images of tiles overlap, and with what weight each counts.

    Parameters
    ----------
    plan
        The tiles.
    """

    def __init__(self, plan: Plan) -> None:
        grid = plan.grid
        self.shape = (grid.y_m.size, grid.x_m.size)
        self.fade_m = min(plan.tiling.fade_m, plan.tiling.rim_m)
        self._y_m, self._x_m = grid.y_m, grid.x_m
        faded = np.zeros(self.shape, dtype=bool)
        for tile in plan.tiles:
            weight = self.weight(tile)
            faded[tile.image.cells] |= (weight > 0.0) & (weight < 1.0)
        self.slot = np.full(self.shape, -1, np.int32)
        self.slot[faded] = np.arange(int(faded.sum()), dtype=np.int32)
        self.faded = faded

    def weight(self, tile: Tile) -> Real:
        """Weight (ny, nx) of a tile over the cells that are imaged with it."""
        rows, columns = tile.image.cells
        across = _ramp(self._y_m[rows], tile.y_m, self.fade_m)[:, None]
        weight: Real = across * _ramp(self._x_m[columns], tile.x_m, self.fade_m)
        return weight


class Mosaic:
    """One image or volume that grows tile by tile.

    Parameters
    ----------
    seams
        Where tiles overlap.
    layers
        Slices of a volume; a map has one.
    blend
        False takes each cell from the tile on whose ground it lies: angles have no mean.
    """

    def __init__(self, seams: Seams, layers: int, *, blend: bool = True) -> None:
        self._seams, self._blend = seams, blend
        self._values = np.full((layers, *seams.shape), np.nan, dtype=np.float32)
        strip = (layers, int(seams.faded.sum()) if blend else 0)
        self._sum, self._weight = np.zeros(strip, np.float32), np.zeros(strip, np.float32)

    def add(self, tile: Tile, values: NDArray[Any]) -> None:
        """Add a tile's image: (ny, nx) or (layers, ny, nx) over the cells that are imaged with it."""
        part = values.reshape(-1, *values.shape[-2:])
        if not self._blend:
            self._values[(slice(None), *tile.core.cells)] = part[(slice(None), *tile.core.within(tile.image))]
            return
        weight, slot = self._seams.weight(tile), self._seams.slot[tile.image.cells]
        own, shared = (slot < 0) & (weight > 0.0), (slot >= 0) & (weight > 0.0)
        place, share = slot[shared], weight[shared].astype(np.float32)
        for k, layer in enumerate(part):
            self._values[(k, *tile.image.cells)][own] = layer[own]
            known = np.isfinite(layer[shared])
            self._sum[k, place[known]] += share[known] * layer[shared][known]
            self._weight[k, place[known]] += share[known]

    def joined(self) -> NDArray[np.float32]:
        """Give the whole (layers, ny, nx), NaN where no tile has a value; nothing can be added afterwards."""
        if self._blend:
            for k, layer in enumerate(self._values):
                seen = self._weight[k] > 0.0
                layer[self._seams.faded] = np.where(
                    seen, self._sum[k] / np.where(seen, self._weight[k], 1.0), np.nan
                )
            self._sum = self._weight = np.zeros((0, 0), np.float32)
        return self._values


def _ramp(at_m: Real, border_m: tuple[float, float], fade_m: float) -> Real:
    """Weight (n,) along one axis: 1 inside, 0 from a fade beyond a border, linear between."""
    inside = np.minimum(at_m - border_m[0], border_m[1] - at_m)
    if fade_m <= 0.0:
        return (inside >= 0.0).astype(np.float64)
    ramp: Real = np.clip(0.5 + 0.5 * inside / fade_m, 0.0, 1.0)
    return ramp
