"""Ground that grows: square tiles of cells, made where something is measured, and the map that they make up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.result import Grid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

TILE = 16
"""Cells along a side of a tile."""
Key = tuple[int, int]
"""Row and column of a tile; tile (0, 0) begins at x = y = 0."""


def reached(xy_m: Real, reach_m: float, cell_m: float) -> list[Key]:
    """Tiles within reach of any point (n, 2), in order; squares around the points, not circles."""
    size_m = TILE * cell_m
    low = np.floor((xy_m - reach_m) / size_m).astype(np.int64)
    high = np.floor((xy_m + reach_m) / size_m).astype(np.int64)
    found: set[Key] = set()
    for left, bottom, right, top in set(map(tuple, np.concatenate([low, high], axis=1).tolist())):
        found.update((j, i) for j in range(bottom, top + 1) for i in range(left, right + 1))
    return sorted(found)


def corner_m(key: Key, cell_m: float) -> tuple[float, float]:
    """Centre x, y of a tile's first cell."""
    return (key[1] * TILE + 0.5) * cell_m, (key[0] * TILE + 0.5) * cell_m


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tile lies on a canvas: its first row and column."""

    row: int
    column: int

    @property
    def cells(self) -> tuple[slice, slice]:
        """The tile's part of the map."""
        return slice(self.row, self.row + TILE), slice(self.column, self.column + TILE)


class Canvas:
    """Layers of one map, (ny, nx) each, that grow by whole tiles.

    Room is made for twice what is needed along the side that grows, so that a sweep of any length copies each of
    its cells a few times at most.

    Parameters
    ----------
    cell_m
        Side of a cell.
    layers
        Name of each layer; all are NaN where nothing was drawn.
    """

    def __init__(self, cell_m: float, layers: Iterable[str]) -> None:
        self.cell_m = cell_m
        self._layers = {name: np.empty((0, 0), np.float32) for name in layers}
        self._origin: Key = (0, 0)
        self._low: Key | None = None
        self._high: Key = (0, 0)

    def include(self, key: Key) -> None:
        """Make room for a tile."""
        if self._low is None:
            self._low, self._high = key, key
        self._low = (min(self._low[0], key[0]), min(self._low[1], key[1]))
        self._high = (max(self._high[0], key[0]), max(self._high[1], key[1]))
        shape = next(iter(self._layers.values())).shape
        end = (self._origin[0] + shape[0] // TILE, self._origin[1] + shape[1] // TILE)
        if all(self._origin[k] <= self._low[k] and self._high[k] < end[k] for k in range(2)):
            return
        first, last = list(self._origin), list(end)
        for k in range(2):
            span = self._high[k] + 1 - self._low[k]
            if self._low[k] < first[k] or shape[k] == 0:
                first[k] = self._low[k] - span // 2
            if self._high[k] >= last[k]:
                last[k] = self._high[k] + 1 + span // 2
        for name, old in self._layers.items():
            rows, columns = ((last[k] - first[k]) * TILE for k in range(2))
            new = np.full((rows, columns), np.nan, np.float32)
            if old.size:
                row, column = ((self._origin[k] - first[k]) * TILE for k in range(2))
                new[row : row + old.shape[0], column : column + old.shape[1]] = old
            self._layers[name] = new
        self._origin = (first[0], first[1])

    def has(self, layer: str) -> bool:
        """Whether there is a layer of that name."""
        return layer in self._layers

    def draw(self, layer: str, key: Key, values: NDArray[np.float32]) -> None:
        """Put a tile's values (TILE, TILE) on a layer; the tile is included."""
        self._layers[layer][self._place(key).cells] = values

    def held(self, layer: str, key: Key) -> NDArray[np.float32]:
        """Give a tile of a layer, (TILE, TILE), as it is drawn: a view."""
        return self._layers[layer][self._place(key).cells]

    def layer_at(self, layer: str, key: Key) -> tuple[NDArray[np.float32], int, int]:
        """Give a layer with all that lies around a tile, a view, and the tile's first row and column in it."""
        place = self._place(key)
        return self._layers[layer], place.row, place.column

    def picture(self) -> tuple[Grid, dict[str, NDArray[np.float32]]] | None:
        """Give the map as far as it is drawn, and a copy of each layer; None before there is a tile."""
        if self._low is None:
            return None
        low, high = self._place(self._low), self._place(self._high)
        cells = slice(low.row, high.row + TILE), slice(low.column, high.column + TILE)
        layers = {name: values[cells].copy() for name, values in self._layers.items()}
        ny, nx = next(iter(layers.values())).shape
        x_m, y_m = corner_m(self._low, self.cell_m)
        along = np.arange(max(nx, ny), dtype=np.float64) * self.cell_m
        grid = Grid(x_m + along[:nx], y_m + along[:ny], self.cell_m)
        return grid, layers

    def _place(self, key: Key) -> Place:
        return Place((key[0] - self._origin[0]) * TILE, (key[1] - self._origin[1]) * TILE)


def joint_map(
    layers: dict[str, tuple[float, float, NDArray[np.float32]]], cell_m: float
) -> tuple[float, float, dict[str, NDArray[np.float32]]]:
    """Lay maps of the same cells on one that holds them all.

    Parameters
    ----------
    layers
        Centre x, y of the first cell, and values (ny, nx), by name; at least one.
    cell_m
        Side of a cell.

    Returns
    -------
    x_m, y_m, layers
        Centre of the first cell, and the values of each on the whole; NaN where it has none.
    """
    left = min(x for x, _, _ in layers.values())
    bottom = min(y for _, y, _ in layers.values())
    at = {n: (round((y - bottom) / cell_m), round((x - left) / cell_m)) for n, (x, y, _) in layers.items()}
    ny = max(at[name][0] + values.shape[0] for name, (_, _, values) in layers.items())
    nx = max(at[name][1] + values.shape[1] for name, (_, _, values) in layers.items())
    whole = {}
    for name, (_, _, values) in layers.items():
        row, column = at[name]
        whole[name] = np.full((ny, nx), np.nan, np.float32)
        whole[name][row : row + values.shape[0], column : column + values.shape[1]] = values
    return left, bottom, whole


def trimmed(
    x_m: float, y_m: float, layers: dict[str, NDArray[np.float32]], cell_m: float
) -> tuple[float, float, dict[str, NDArray[np.float32]]]:
    """Cut maps to the rows and columns in which any of them has a value, and one more on each side.

    Parameters
    ----------
    x_m, y_m
        Centre of the first cell.
    layers
        Values (ny, nx), by name.
    cell_m
        Side of a cell.

    Returns
    -------
    x_m, y_m, layers
    """
    known = np.any([np.isfinite(values) for values in layers.values()], axis=0)
    rows, columns = np.flatnonzero(known.any(axis=1)), np.flatnonzero(known.any(axis=0))
    if rows.size == 0:
        return x_m, y_m, layers
    bottom, left = max(int(rows[0]) - 1, 0), max(int(columns[0]) - 1, 0)
    cells = slice(bottom, int(rows[-1]) + 2), slice(left, int(columns[-1]) + 2)
    cut = {name: np.ascontiguousarray(values[cells]) for name, values in layers.items()}
    return x_m + left * cell_m, y_m + bottom * cell_m, cut
