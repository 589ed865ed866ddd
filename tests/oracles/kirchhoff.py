"""Kirchhoff sum in plain loops and double precision, with the weights as they are defined.

A sounding adds to a voxel within the aperture, a distance e < a from its midpoint, the sample at t_tx + t_rx with
weight d (1 - e^2/a^2)^2 r^2 / (r^2 + e^2): density d, taper, and the squared cosine of the ray in air, where
r is the height of the antennas plus the depth over the index.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from oracles import fermat

if TYPE_CHECKING:
    from collections.abc import Callable


def migrate(
    trace: np.ndarray,
    dt_s: float,
    tx: np.ndarray,
    rx: np.ndarray,
    density: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    depth: np.ndarray,
    aperture: np.ndarray,
    relative_permittivity: float,
    time_s: Callable[[float, float, float, float], float] = fermat.time_s,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return sum(w s), sum(w) and sum(w |s|^2) over axes (depth, y, x); trace is complex (n, t)."""
    shape = (depth.size, y.size, x.size)
    image, fold, energy = np.zeros(shape, complex), np.zeros(shape), np.zeros(shape)
    index = math.sqrt(relative_permittivity)
    for k, j, i in np.ndindex(shape):
        for s in range(trace.shape[0]):
            e = math.hypot(x[i] - 0.5 * (tx[s, 0] + rx[s, 0]), y[j] - 0.5 * (tx[s, 1] + rx[s, 1]))
            if e >= aperture[k]:
                continue
            down = time_s(math.hypot(x[i] - tx[s, 0], y[j] - tx[s, 1]), tx[s, 2], depth[k], relative_permittivity)
            up = time_s(math.hypot(x[i] - rx[s, 0], y[j] - rx[s, 1]), rx[s, 2], depth[k], relative_permittivity)
            sample = (down + up) / dt_s
            whole = math.floor(sample)
            if whole + 1 >= trace.shape[1]:
                continue
            value = trace[s, whole] + (sample - whole) * (trace[s, whole + 1] - trace[s, whole])
            reach = 0.5 * (tx[s, 2] + rx[s, 2]) + depth[k] / index
            weight = density[s] * (1.0 - (e / aperture[k]) ** 2) ** 2 * reach**2 / (reach**2 + e**2)
            image[k, j, i] += weight * value
            fold[k, j, i] += weight
            energy[k, j, i] += weight * abs(value) ** 2
    return image, fold, energy
