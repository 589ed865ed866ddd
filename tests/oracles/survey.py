"""Tracks and coverage written plainly: a parabola through the poses around a time, cells by the nearest sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from dualsense.result import Grid


def covered_cells(grid: Grid, xy_m: np.ndarray, reach_m: float) -> np.ndarray:
    """Cells (ny, nx) whose centre lies within reach of a sample."""
    gx, gy = np.meshgrid(grid.x_m, grid.y_m)
    cells = np.column_stack([gx.ravel(), gy.ravel()])
    distance, _ = cKDTree(xy_m).query(cells, distance_upper_bound=reach_m)
    return np.isfinite(distance).reshape(gx.shape)


def local_quadratic(
    pose_time_s: np.ndarray, position_m: np.ndarray, time_s: float, half_s: float
) -> tuple[np.ndarray, float]:
    """Position (3,) at a time by a weighted parabola, NaN if there is none, and its variance by a pose's."""
    use = np.abs(pose_time_s - time_s) < half_s
    u = (pose_time_s[use] - time_s) / half_s
    weight = np.clip(1.0 - np.abs(u) ** 3, 0.0, None) ** 3
    basis = np.stack([np.ones_like(u), u, u * u], axis=-1)
    normal = np.einsum("w,wa,wb->ab", weight, basis, basis)
    two_sided = (u < 0).any() and (u > 0).any()
    exact = u.size > 0 and np.abs(u).min() < 1e-9
    if use.sum() < 4 or not (two_sided or exact) or np.linalg.cond(normal + 1e-300 * np.eye(3)) >= 1e10:
        return np.full(3, np.nan), 1.0
    kernel = weight * (basis @ np.linalg.solve(normal, np.eye(3)[0]))
    gain = float((kernel**2).sum())
    if gain > 1.0:
        return np.full(3, np.nan), 1.0
    return kernel @ position_m[use], gain
