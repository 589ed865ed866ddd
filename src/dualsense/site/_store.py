"""Maps of scans on disk while a site is made: of any number of scans, however long, one is in memory at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.result import Coverage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from dualsense.result import Grid, Image, Result

PATCH, METAL, RADAR = 1, 2, 4
"""Bits of the ground's map: set out to be swept, covered by the metal detector, by the radar."""
GROUND = "ground"


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A map on disk.

    Attributes
    ----------
    path
        Of an array (ny, nx), that NumPy reads without pickle.
    x_m, y_m
        Of the first cell's centre.
    cell_m
        Side of a cell.
    units
        Of the values.
    """

    path: Path
    x_m: float
    y_m: float
    cell_m: float
    units: str

    def open(self) -> NDArray[np.generic]:
        """Map it into memory, for reading."""
        return np.asarray(np.load(self.path, mmap_mode="r", allow_pickle=False))


class Store:
    """Maps of each scan in a folder that goes with whoever made it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[tuple[int, str], Kept] = {}

    def keep(self, number: int, coverage: Coverage, images: Mapping[str, Image]) -> None:
        """Write the maps of a scan."""
        bits = PATCH * coverage.patch.astype(np.uint8)
        bits |= METAL * (coverage.emi & coverage.patch).astype(np.uint8)
        bits |= RADAR * (coverage.gpr & coverage.patch).astype(np.uint8)
        self._write(number, GROUND, bits, coverage.grid, "1")
        for name, image in sorted(images.items()):
            self._write(number, name, image.values, image.grid, image.units)

    def find(self, number: int, name: str) -> Kept | None:
        """Find a map of a scan; None where it has none."""
        return self._kept.get((number, name))

    def units(self, name: str) -> str:
        """Units of a map, all that occur."""
        return ", ".join(sorted({kept.units for (_, own), kept in self._kept.items() if own == name}))

    def _write(self, number: int, name: str, values: NDArray[np.generic], grid: Grid, units: str) -> None:
        if not values.size:
            return
        path = self._folder / f"{number}.{name}.npy"
        np.save(path, values, allow_pickle=False)
        self._kept[number, name] = Kept(path, float(grid.x_m[0]), float(grid.y_m[0]), grid.cell_m, units)


def without_maps(result: Result) -> Result:
    """Let go of a result's maps; what it tells stays."""
    none = np.zeros((0, 0), dtype=bool)
    coverage = Coverage(result.coverage.grid, none, none, none)
    return replace(result, coverage=coverage, smallest_mine=None, track_m=np.zeros((0, 3)), emi_maps={})


def sampled(kept: Kept, x_m: NDArray[np.float64], y_m: NDArray[np.float64], outside: float) -> NDArray[np.generic]:
    """Values of a map at places of the scan's own frame: that of the cell in which each lies.

    Parameters
    ----------
    kept
        The map.
    x_m, y_m
        Of any one shape.
    outside
        Value where the map does not reach.
    """
    values = kept.open()
    column = np.floor((x_m - kept.x_m) / kept.cell_m + 0.5).astype(np.int64)
    row = np.floor((y_m - kept.y_m) / kept.cell_m + 0.5).astype(np.int64)
    inside = (column >= 0) & (row >= 0) & (column < values.shape[1]) & (row < values.shape[0])
    found = np.full(x_m.shape, outside, dtype=values.dtype)
    found[inside] = values[row[inside], column[inside]]
    return found
