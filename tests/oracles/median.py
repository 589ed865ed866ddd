"""Weighted median by its definition."""

from __future__ import annotations

import numpy as np


def weighted_median(values: np.ndarray, weight: np.ndarray) -> float:
    """Return the smallest value with at least half of the weight at or below it."""
    half = 0.5 * float(np.sum(weight))
    return min(float(v) for v in values if float(weight[values <= v].sum()) >= half)


def moving_median(values: np.ndarray, xy: np.ndarray, radius_m: float) -> np.ndarray:
    """Median of the real and of the imaginary part over neighbours within 2.5 radii, weighted by distance."""
    out = np.empty_like(values)
    for i in range(len(xy)):
        d2 = ((xy - xy[i]) ** 2).sum(axis=1)
        near = d2 <= (2.5 * radius_m) ** 2
        weight = np.exp(-d2[near] / (2.0 * radius_m**2))
        for c in range(values.shape[1]):
            column = values[near, c]
            out[i, c] = weighted_median(column.real, weight) + 1j * weighted_median(column.imag, weight)
    return out
