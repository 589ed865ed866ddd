"""Echoes of points below the ground, looked up sounding by sounding and summed over groups of soundings."""

from __future__ import annotations

import numpy as np


def echoes(
    values: np.ndarray,
    dt_s: float,
    legs: np.ndarray,
    lift: np.ndarray,
    time: np.ndarray,
    cos: np.ndarray,
    step: float,
) -> np.ndarray:
    """Values of traces (n, t) at the times of echoes (n, points, times).

    legs (2, n, points) are lateral distances, lift (n,) heights above that of the tables over the speed of light,
    time and cos (rho, times) tables of one-way times and of cosines in air, ``step`` apart.
    """
    total = np.zeros((*legs.shape[1:], time.shape[1]))
    for leg in legs:
        cell = np.minimum((leg / step).astype(int), len(time) - 2)
        part = (leg / step - cell)[..., None]
        total += (1.0 - part) * time[cell] + part * time[cell + 1] + lift[:, None, None] * cos[cell]
    at = np.clip(total / dt_s, 0.0, values.shape[1] - 2.0)
    cell = at.astype(int)
    row = np.arange(len(values))[:, None, None]
    return (1.0 - (at - cell)) * values[row, cell] + (at - cell) * values[row, cell + 1]


def grouped(echo: np.ndarray, group: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Sums of echoes (n, points, times) and of their squared sizes over each group, (groups, points times)."""
    flat = echo.reshape(len(echo), -1)
    member = (group == np.arange(groups)[:, None]).astype(float)
    return member @ flat, member @ np.abs(flat) ** 2
