"""Kernel of the metal map: weighted means of the nearest rows at every cell.

Plain arrays, no validation, the caller allocates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._maps._near_kernels import boxes, near
from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Index = NDArray[np.intp]

_BLOCK = 4
"""Cells along each side that share the rows they look at."""

_HALVINGS = 60


@jit()
def _radius(square: Real, count: int, low: float, high: float) -> tuple[float, float]:
    """Two squares between which lies what ``count`` of squared distances (n,) do not exceed.

    low and high bracket it, in the unit of ``square``. The two are equal unless several distances are: then fewer
    than ``count`` lie up to the first, and more up to the second.
    """
    for _ in range(_HALVINGS):
        middle, within = 0.5 * (low + high), 0
        for i in range(square.shape[0]):
            if square[i] <= middle:
                within += 1
        if within == count:
            return middle, middle
        if within < count:
            low = middle
        else:
            high = middle
    return low, high


@jit(checked_division=False)
def _gauss(square: Real, least: float, out: Real) -> None:
    """Weights exp(-square / (2 least)) (n,) into out, e^x as (e^(x / 1024))^1024: a loop of vectors."""
    scale = -0.5 / (1024.0 * least)
    for i in range(square.shape[0]):
        x = max(scale * square[i], -0.2)
        e = 1.0 + x * (
            1.0 + x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0 + x * (1.0 / 720.0)))))
        )
        for _ in range(10):
            e *= e
        out[i] = e


@jit(checked_division=False)
def _mean(
    square: Real, weight: Real, low: float, high: float, count: int, terms: Real, out: Real, sums: Real
) -> None:
    """Weighted means over the nearest rows of one cell.

    Parameters
    ----------
    square : (n,)
        Squared distances of the rows.
    weight : (n,)
        By distance; overwritten.
    low, high, count
        From `_radius`.
    terms : (c + 3, n)
        Precision, variance and shared deviation of each row, then its channels.
    out : (c,)
        Filled with the channels' means.
    sums : (2,)
        Filled with the variance of the mean and the mean of the shared deviation.
    """
    n, within = square.shape[0], 0
    for i in range(n):
        if square[i] <= low:
            within += 1
    for i in range(n):
        if square[i] > low:
            if low < high and within < count and square[i] <= high:
                within += 1
            else:
                weight[i] = 0.0
    total, variance, shared = 0.0, 0.0, 0.0
    for i in range(n):
        w = weight[i] * terms[0, i]
        weight[i] = w
        total += w
        variance += w * w * terms[1, i]
        shared += w * terms[2, i]
    sums[0], sums[1] = variance / (total * total), shared / total
    for k in range(out.shape[0]):
        s, values = 0.0, terms[3 + k]
        for i in range(n):
            s += weight[i] * values[i]
        out[k] = s / total


@jit()
def _around(xy: Real, box: Real, x: float, y: float, count: int, aside: float, begin: float, rows: Index) -> int:
    """List rows among which are the nearest ``count`` of every place within aside of (x, y); returns how many.

    xy (m, 2), box (b, 4) and rows (m,) as for `near`; x, y, aside and begin, where to begin to look, in m.
    """
    reach = begin
    found = near(xy, box, x, y, reach, rows)
    while found < count:
        reach *= 1.5
        found = near(xy, box, x, y, reach, rows)
    square = np.empty(found)
    for i in range(found):
        dx, dy = xy[rows[i], 0] - x, xy[rows[i], 1] - y
        square[i] = dx * dx + dy * dy
    _, most = _radius(square, count, 0.0, reach * reach)
    # the farthest of the nearest ones moves by no more than the place does
    return near(xy, box, x, y, np.sqrt(most) + 2.0 * aside, rows)


@jit()
def means(
    x: Real,
    y: Real,
    covered: NDArray[np.bool_],
    xy: Real,
    count: int,
    width: float,
    terms: Real,
    out: Real,
    sums: Real,
) -> None:
    """Gaussian-weighted means of the nearest rows at every covered cell.

    Parameters
    ----------
    x, y : (nx,), (ny,)
        Of the cells, rising, m.
    covered : (ny, nx)
        Cells that are wanted.
    xy : (m, 2)
        Where the rows are, m.
    count
        How many rows count, at most m.
    width
        Standard deviation of the weights, m; where the nearest row is farther away, as far as that.
    terms : (m, c + 3)
        Precision, variance and shared deviation of each row, then its channels.
    out : (ny, nx, c)
        Filled with the channels' means.
    sums : (ny, nx, 2)
        Filled with the variance of the mean and the mean of the shared deviation.
    """
    box, rows = boxes(xy), np.empty(xy.shape[0], dtype=np.intp)
    reach = 4.0 * width
    for top in range(0, y.shape[0], _BLOCK):
        for left in range(0, x.shape[0], _BLOCK):
            bottom, right = min(top + _BLOCK, y.shape[0]) - 1, min(left + _BLOCK, x.shape[0]) - 1
            if not covered[top : bottom + 1, left : right + 1].any():
                continue
            middle_x, middle_y = 0.5 * (x[left] + x[right]), 0.5 * (y[top] + y[bottom])
            aside = np.sqrt((x[right] - middle_x) ** 2 + (y[bottom] - middle_y) ** 2)
            n = _around(xy, box, middle_x, middle_y, count, aside, reach, rows)
            own, square, weight = np.empty((terms.shape[1], n)), np.empty(n), np.empty(n)
            for i in range(n):
                for k in range(terms.shape[1]):
                    own[k, i] = terms[rows[i], k]
            for j in range(top, bottom + 1):
                for i_x in range(left, right + 1):
                    if covered[j, i_x]:
                        least, farthest = np.inf, 0.0
                        for i in range(n):
                            dx, dy = xy[rows[i], 0] - x[i_x], xy[rows[i], 1] - y[j]
                            square[i] = dx * dx + dy * dy
                            least = min(least, square[i])
                            farthest = max(farthest, square[i])
                        low, high = _radius(square, count, 0.0, farthest)
                        _gauss(square, max(width * width, least), weight)
                        _mean(square, weight, low, high, count, own, out[j, i_x], sums[j, i_x])
