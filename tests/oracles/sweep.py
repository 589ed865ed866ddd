"""Plain references of the live state: the metal map's formula, Kirchhoff's sum cell by cell, peaks of a map."""

from __future__ import annotations

import numpy as np


def weighted_map(rows_xy, rest, weight, cells_xy, *, width_m, reach_m):
    """Root mean square over the channels of the rows' Gaussian-weighted mean at each cell; NaN out of reach."""
    distance = np.linalg.norm(cells_xy[:, None] - rows_xy, axis=2)
    w = np.where(distance <= reach_m, weight * np.exp(-0.5 * (distance / width_m) ** 2), 0.0)
    with np.errstate(invalid="ignore"):
        mean = (w @ rest) / w.sum(axis=1)[:, None]
    return np.sqrt((mean**2).mean(axis=1))


def kirchhoff_sum(traces, dt_s, at_m, weight, cells_xy, depth_m, *, radius_m, apparent_m, time, gain):
    """Sum over soundings of w s(t_tx + t_rx), and of w, for voxels (cells, depths).

    at_m (n, 3, 3): both antennas and the midpoint. time, gain: functions of height, distance and depth, one way.
    """
    total = np.zeros((len(cells_xy), depth_m.size), complex)
    fold = np.zeros(total.shape)
    for s in range(len(traces)):
        rho = [np.linalg.norm(cells_xy - at_m[s, m, :2], axis=1) for m in range(3)]
        t = np.stack([time(at_m[s, 0, 2], rho[0]) + time(at_m[s, 1, 2], rho[1])])[0] / dt_s
        r = at_m[s, 2, 2] + apparent_m
        taper = np.maximum(1.0 - rho[2][:, None] ** 2 / radius_m**2, 0.0) ** 2
        w = weight[s] * taper * gain(at_m[s, 2, 2], rho[2]) ** 2 * r / np.hypot(r, rho[2][:, None])
        index = np.arange(traces.shape[1], dtype=float)
        value = np.interp(t, index, traces[s].real) + 1j * np.interp(t, index, traces[s].imag)
        w = np.where(t < traces.shape[1] - 1, w, 0.0)
        total += w * value
        fold += w
    return total, fold


def local_maxima(values, threshold):
    """Cells (j, i) above a threshold that no neighbour exceeds; NaN is lower than all."""
    padded = np.pad(np.where(np.isfinite(values), values, -np.inf), 1, constant_values=-np.inf)
    ny, nx = values.shape
    around = np.max([padded[b : b + ny, a : a + nx] for b in range(3) for a in range(3)], axis=0)
    return {tuple(c) for c in np.argwhere((padded[1:-1, 1:-1] >= around) & (values > threshold)).tolist()}
