"""Parts of a mask that hang together, and how far the nearest of many points is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

BLOCK, POINTS = 128, 4096
"""Places, and points, whose distances are worked out at once: they fit the cache."""
NEAR = 1.0 - 1e-9
"""What lies as near as this part of the reach is nearer than all beyond it, whatever the rounding."""


def grown(mask: NDArray[np.bool_], cells: int) -> NDArray[np.bool_]:
    """Add to a mask what lies within so many steps of it, each to a side.

    Parameters
    ----------
    mask : (ny, nx)
    cells
        Steps; at least 0.

    Returns
    -------
    (ny, nx) bool
    """
    out = mask.copy()
    for _ in range(cells):
        before = out.copy()
        out[1:] |= before[:-1]
        out[:-1] |= before[1:]
        out[:, 1:] |= before[:, :-1]
        out[:, :-1] |= before[:, 1:]
    return out


def parts(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], list[tuple[slice, slice]]]:
    """Tell cells of a mask apart that do not hang together, by sides or corners.

    Parameters
    ----------
    mask : (ny, nx)

    Returns
    -------
    names : (ny, nx) int
        From 1 in the order of their first cells; 0 outside the mask.
    boxes
        Rows and columns of each.
    """
    step = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    (row, start), (_, end) = np.nonzero(step == 1), np.nonzero(step == -1)
    names = np.zeros(mask.shape, dtype=np.intp)
    if not row.size:
        return names, []
    of_row = np.searchsorted(row, np.arange(len(mask) + 1)).tolist()
    _, part = np.unique(_joined_runs(of_row, start.tolist(), end.tolist()), return_inverse=True)
    length = end - start
    before = np.cumsum(length) - length
    cells = np.repeat(row * mask.shape[1] + start - before, length) + np.arange(int(length.sum()))
    names.ravel()[cells] = np.repeat(part + 1, length)
    low = np.full((part.max() + 1, 2), max(mask.shape))
    high = np.zeros_like(low)
    np.minimum.at(low, part, np.column_stack([row, start]))
    np.maximum.at(high, part, np.column_stack([row + 1, end]))
    boxes = [
        (slice(y, to_y), slice(x, to_x)) for (y, x), (to_y, to_x) in zip(low.tolist(), high.tolist(), strict=True)
    ]
    return names, boxes


def _joined_runs(of_row: Sequence[int], start: Sequence[int], end: Sequence[int]) -> list[int]:
    """Give each run of cells the first one that it hangs together with, however far away."""
    first = list(range(len(start)))

    def found(run: int) -> int:
        while first[run] != run:
            first[run] = first[first[run]]
            run = first[run]
        return run

    for above, here, below in zip(of_row, of_row[1:], of_row[2:], strict=False):
        i, j = above, here
        while i < here and j < below:
            if start[j] <= end[i] and start[i] <= end[j]:
                one, other = found(i), found(j)
                first[max(one, other)] = min(one, other)
            if end[i] < end[j]:
                i += 1
            else:
                j += 1
    return [found(run) for run in first]


def nearest(points: Real, places: Real, *, reach: float) -> Real:
    """Tell how far the nearest point is from each place.

    Points nearer than the reach, up and down, are tried; where none is as near as that, those twice as far, and so
    on.

    Parameters
    ----------
    points : (n, 2)
        At least one.
    places : (m, 2)
    reach
        About how far it may be, above 0; changes the time that this takes, and nothing else.

    Returns
    -------
    (m,) float64
    """
    x, y = points[np.argsort(points[:, 1])].T.copy()
    way = np.empty(len(places))
    left = np.argsort(places[:, 1], kind="stable")
    while left.size:
        further = []
        for begin in range(0, left.size, BLOCK):
            own = left[begin : begin + BLOCK]
            at_x, at_y = places[own].T[:, :, None]
            first, last = np.searchsorted(y, [at_y[0, 0] - reach, at_y[-1, 0] + reach])
            square = np.full(own.size, np.inf)
            for some in range(first, last, POINTS):
                part = slice(some, min(some + POINTS, last))
                np.minimum(square, ((at_x - x[part]) ** 2 + (at_y - y[part]) ** 2).min(axis=1), out=square)
            way[own] = np.sqrt(square)
            if last - first < len(y):
                further.append(own[way[own] > NEAR * reach])
        left = np.concatenate(further) if further else left[:0]
        reach *= 2.0
    return way
