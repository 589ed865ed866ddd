"""A volume looked at slice by slice: that of a long scan lies in a file, and need not be in memory as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.runtime.memory import lay_aside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Values = NDArray[np.float32]


def planes(values: Values) -> Iterator[Values]:
    """Give the slices (ny, nx) of a volume (nz, ny, nx), each let go after it was looked at."""
    for plane in values:
        yield plane
        lay_aside(values)


def any_measured(values: Values) -> bool:
    """Whether a volume (nz, ny, nx) has a cell that was measured."""
    return any(bool(np.isfinite(plane).any()) for plane in planes(values))


def measured_columns(values: Values) -> NDArray[np.bool_]:
    """Cells (ny, nx) below which a volume (nz, ny, nx) was measured at any depth."""
    measured = np.zeros(values.shape[1:], dtype=bool)
    for plane in planes(values):
        measured |= np.isfinite(plane)
    return measured


def strongest_cell(values: Values) -> tuple[int, int, int]:
    """Slice, row and column of the greatest value of a volume (nz, ny, nx); the first of equal ones."""
    best, most = (0, 0, 0), -np.inf
    for depth, plane in enumerate(planes(values)):
        if np.isfinite(plane).any():
            row, column = np.unravel_index(int(np.nanargmax(plane)), plane.shape)
            if plane[row, column] > most:
                best, most = (depth, int(row), int(column)), float(plane[row, column])
    return best
