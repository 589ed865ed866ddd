"""Images of tiles joined to one without a seam.

Inside its core a tile's image is taken as it is. In the strip along a border, as wide as two fades, the tiles'
images go over into one another: each has a weight that falls linearly from 1 to 0 across the strip, and those that
share a cell add to 1. A large volume lies in a file without a name, so that it takes no memory beside the tile at
hand while it grows; what reads it later has the system fetch it.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.chain.tiles import Plan, Tile

    Real = NDArray[np.float64]

FILED_BYTES = 4_000_000
"""From so many on, layers lie in a file."""


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
        self._values = _Layers((layers, *seams.shape), np.nan)
        self._weight = _Layers((layers, int(seams.faded.sum()) if blend else 0), 0.0)

    def add(self, tile: Tile, values: NDArray[Any]) -> None:
        """Add a tile's image: (ny, nx) or (layers, ny, nx) over the cells that are imaged with it."""
        part = values.reshape(-1, *values.shape[-2:])
        if self._blend:
            self._blended(tile, part)
        else:
            self._values.held[(slice(None), *tile.core.cells)] = part[(slice(None), *tile.core.within(tile.image))]
        self._values.lay_aside()
        self._weight.lay_aside()

    def _blended(self, tile: Tile, part: NDArray[Any]) -> None:
        weight, slot = self._seams.weight(tile).astype(np.float32), self._seams.slot[tile.image.cells]
        own, shared = (slot < 0) & (weight > 0.0), (slot >= 0) & (weight > 0.0)
        for k, layer in enumerate(part):
            whole = self._values.held[(k, *tile.image.cells)]
            whole[own] = layer[own]
            known = shared & np.isfinite(layer)
            share, earlier = weight[known], whole[known]
            whole[known] = np.where(np.isnan(earlier), np.float32(0.0), earlier) + share * layer[known]
            self._weight.held[k, slot[known]] += share

    def joined(self, known: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
        """Give the whole (layers, ny, nx); nothing can be added afterwards.

        Parameters
        ----------
        known : (ny, nx), optional
            Cells that have a value at all. Elsewhere it is NaN, as it is where no tile has one.
        """
        for k, layer in enumerate(self._values.held):
            if self._blend:
                weight = self._weight.held[k]
                layer[self._seams.faded] /= np.where(weight > 0.0, weight, np.float32(1.0))
            if known is not None:
                layer[~known] = np.nan
            self._values.lay_aside()
        self._weight = _Layers((0, 0), 0.0)
        return self._values.held


class _Layers:
    """An array of layers, each begun with one value; in a file without a name where it is large.

    Attributes
    ----------
    held
        The array.
    """

    def __init__(self, shape: tuple[int, ...], value: float) -> None:
        self._file: mmap.mmap | None = None
        size = int(np.prod(shape)) * np.dtype(np.float32).itemsize
        if size >= FILED_BYTES:
            self._file = _nameless(size)
        if self._file is None:
            self.held: NDArray[np.float32] = np.full(shape, value, dtype=np.float32)
            return
        self.held = np.frombuffer(self._file, dtype=np.float32).reshape(shape)
        for layer in self.held:
            layer[...] = value
            self.lay_aside()

    def lay_aside(self) -> None:
        """Keep of it in memory only what the system likes to; the file has it all."""
        if self._file is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._file.madvise(mmap.MADV_DONTNEED)


def _nameless(size: int) -> mmap.mmap | None:
    """Map a file that ends with the last array over it; None where it has no room."""
    try:
        with tempfile.TemporaryFile() as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)  # or a full disk would end the program later
            else:
                file.truncate(size)
            return mmap.mmap(file.fileno(), size)
    except OSError:
        return None


def _ramp(at_m: Real, border_m: tuple[float, float], fade_m: float) -> Real:
    """Weight (n,) along one axis: 1 inside, 0 from a fade beyond a border, linear between."""
    inside = np.minimum(at_m - border_m[0], border_m[1] - at_m)
    if fade_m <= 0.0:
        return (inside >= 0.0).astype(np.float64)
    ramp: Real = np.clip(0.5 + 0.5 * inside / fade_m, 0.0, 1.0)
    return ramp
