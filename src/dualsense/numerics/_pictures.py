"""What is done with pictures and volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Floats = TypeVar("Floats", np.float32, np.float64)


def highest_near(values: NDArray[Floats], reach: Sequence[int]) -> NDArray[Floats]:
    """Take the largest value within a box around each cell; beyond the edge is nothing.

    Parameters
    ----------
    values
        A picture or volume.
    reach
        For each axis, cells to both sides of the middle one.

    Returns
    -------
    array of the same shape
    """
    out = values.copy()
    for axis, cells in enumerate(reach):
        line = np.moveaxis(out, axis, 0)  # a view: what is written goes to `out`
        before = line.copy()
        for shift in range(1, min(cells, len(line) - 1) + 1):
            np.maximum(line[shift:], before[:-shift], out=line[shift:])
            np.maximum(line[:-shift], before[shift:], out=line[:-shift])
    return out


def box_sum(values: NDArray[np.float64], half: int) -> NDArray[np.float64]:
    """Add up the values within a square around each cell; beyond the edge is nothing.

    Parameters
    ----------
    values : (ny, nx)
        A picture.
    half
        Cells to each side of the middle one.

    Returns
    -------
    (ny, nx) float64
    """
    padded = np.pad(values, ((half + 1, half), (half + 1, half)))
    total = padded.cumsum(axis=0).cumsum(axis=1)
    side = 2 * half + 1
    out: NDArray[np.float64] = (
        total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
    )
    return out


def hanging_together(mask: NDArray[np.bool_], row: int, column: int) -> NDArray[np.bool_]:
    """Find the cells of a mask that hang together with one of them, side to side.

    Parameters
    ----------
    mask : (ny, nx)
    row, column
        A cell of the mask.

    Returns
    -------
    (ny, nx) bool
    """
    free = np.pad(mask, 1)
    width = free.shape[1]
    left = bytearray(free.ravel().view(np.uint8))  # a list of bytes: cells are few, and are met one by one
    found = [(row + 1) * width + column + 1]
    left[found[0]] = 0
    for cell in found:  # which grows
        for beside in (cell - 1, cell + 1, cell - width, cell + width):
            if left[beside]:
                left[beside] = 0
                found.append(beside)
    part = np.zeros(free.size, dtype=bool)
    part[found] = True
    return part.reshape(free.shape)[1:-1, 1:-1]
