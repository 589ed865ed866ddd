"""Samples that were taken near each other, on one pass and on different ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Index = NDArray[np.intp]

NEAR_M = 0.035
OTHER_PASS_S, ONE_PASS_S = 0.8, 0.5
SHIFTS = ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5))
"""Of the squares in which samples are paired, in sides."""
STEPS_ALONG, STEPS_ACROSS = (1, 2, 3, 5, 8, 12), (1, 2, 3)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of samples: index of one and of the other, and how far apart they were taken.

    Attributes
    ----------
    one, other : (q,) intp
    apart_m : (q,) float64
    """

    one: Index
    other: Index
    apart_m: Real


def along_passes(xy_m: Real, time_s: Real) -> Pairs:
    """Pair each sample with the next ones of its pass."""
    n = np.arange(time_s.size)
    one = np.concatenate([n[:-k] for k in STEPS_ALONG if k < n.size])
    other = np.concatenate([n[k:] for k in STEPS_ALONG if k < n.size])
    keep = time_s[other] - time_s[one] < ONE_PASS_S
    return _near(xy_m, one[keep], other[keep])


def across_passes(xy_m: Real, time_s: Real, kind: Index | None = None) -> Pairs:
    """Pair samples with near ones of other passes: neighbours in squares, sorted, so that time grows with n.

    Where samples are of several kinds (n,), only those of the same one.
    """
    ones, others = [], []
    for shift_x, shift_y in SHIFTS:
        square = np.floor(xy_m / NEAR_M + (shift_x, shift_y)).astype(np.int64)
        if kind is not None:
            square = np.column_stack([square, kind])
        order = np.lexsort((time_s, *square.T))
        for k in STEPS_ACROSS:
            if k >= order.size:
                continue
            a, b = order[:-k], order[k:]
            same = (square[a] == square[b]).all(axis=1) & (time_s[b] - time_s[a] > OTHER_PASS_S)
            ones.append(a[same])
            others.append(b[same])
    if not ones:
        return _near(xy_m, np.zeros(0, np.intp), np.zeros(0, np.intp))
    one, other = np.concatenate(ones), np.concatenate(others)
    _, first = np.unique(one * np.int64(time_s.size) + other, return_index=True)
    return _near(xy_m, one[first], other[first])


def _near(xy_m: Real, one: Index, other: Index) -> Pairs:
    apart = np.hypot(*(xy_m[one] - xy_m[other]).T)
    keep = apart < NEAR_M
    return Pairs(one[keep], other[keep], apart[keep])
