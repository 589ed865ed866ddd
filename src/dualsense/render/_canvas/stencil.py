"""Shapes and letters as the pixels that they cover, so that what comes twice is worked out once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from dualsense.render._canvas import font
from dualsense.render._canvas.coverage import summed_coverage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEAST_COVERAGE = 1.0 / 512.0


@dataclass(frozen=True, slots=True, eq=False)
class Stencil:
    """Pixels that something covers, counted from an origin: columns to the right, rows downwards.

    Attributes
    ----------
    rows, columns : (n,)
        Of the pixels, each once.
    weight : (n, 1) float32
        Part of the pixel that is covered.
    extent
        First row, end of the rows, first column and end of the columns within which they all lie.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    weight: NDArray[np.float32]
    extent: tuple[int, int, int, int]


def stencil_of(covered: NDArray[np.float64], row: int, column: int) -> Stencil:
    """Stencil of a block of coverages (height, width) whose upper left pixel lies at a row and a column.

    The sign of a coverage counts for nothing, nor what exceeds 1.
    """
    flat = covered.reshape(-1)
    index = np.flatnonzero((flat > LEAST_COVERAGE) | (flat < -LEAST_COVERAGE))
    rows, columns = np.divmod(index, covered.shape[1])
    weight = np.minimum(np.abs(flat[index]), 1.0).astype(np.float32)
    extent = (row, row + covered.shape[0], column, column + covered.shape[1])
    return Stencil(rows + row, columns + column, weight[:, None], extent)


def shape_stencil(polygons: Sequence[NDArray[np.float64]], window: tuple[float, float, float, float]) -> Stencil:
    """Stencil of the union of polygons, y downwards as rows are, see `polygon_coverage`.

    Parameters
    ----------
    polygons
        Stacks (k, n, 2).
    window
        First column, first row, last column and last row beyond which nothing is covered.
    """
    stacks = [stack for stack in polygons if stack.size]
    corners = np.concatenate([stack.reshape(-1, 2) for stack in stacks]) if stacks else np.zeros((1, 2))
    low, high = corners.min(axis=0), corners.max(axis=0)
    left, top = (math.floor(max(low[axis], window[axis])) for axis in (0, 1))
    right, bottom = (math.ceil(min(high[axis], window[axis + 2])) for axis in (0, 1))
    if right <= left or bottom <= top:
        nothing = np.zeros(0, dtype=np.intp)
        return Stencil(nothing, nothing, np.zeros((0, 1), dtype=np.float32), (0, 0, 0, 0))
    corner = np.array([left, top], dtype=np.float64)
    return stencil_of(summed_coverage([s - corner for s in stacks], (bottom - top, right - left)), top, left)


@lru_cache(maxsize=1024)
def line_stencil(text: str, size_px: float, cut: font.Cut, turned: bool) -> Stencil:  # noqa: FBT001 - a key
    """Stencil of one line of text from the left end of its baseline; turned, it runs upwards.

    Parameters
    ----------
    text
        One line.
    size_px, cut
        Of the font.
    turned
        Whether it runs upwards.
    """
    mask = font.line_mask(text, size_px, cut)
    row, column = -font.baseline_row(size_px), -font.SPARE_PX
    if turned:
        row, column = font.SPARE_PX - mask.shape[1], row
        mask = np.rot90(mask)
    return stencil_of(mask / 255.0, row, column)
