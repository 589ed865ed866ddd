"""Kirchhoff sum in plain loops and double precision, with the times and weights as they are defined.

A sounding adds to a voxel at a distance e from its midpoint the sample at t_tx + t_rx, with the weight

    d (1 - e^2 / a^2)^2 (r / sqrt(r^2 + e^2)) g^2

for e < a: density d, taper, the cosine of a straight ray from the apparent depth r (the height of the antennas
plus the depth over the index), and the amplitude g of each leg over that straight down, taken at the distance e.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from oracles import fermat

if TYPE_CHECKING:
    from collections.abc import Callable


def gain(
    rho_m: float, height_m: float, depth_m: float, relative_permittivity: float, loss_db_m: float = 0.0
) -> float:
    """One-way amplitude over that straight down: a narrow tube of rays is followed from the antenna down."""
    n = math.sqrt(relative_permittivity)

    def distance(a: float) -> float:
        return height_m * math.tan(a) + depth_m * math.tan(math.asin(math.sin(a) / n))

    x = fermat.crossing_m(rho_m, height_m, depth_m, n) if rho_m > 0.0 and depth_m > 0.0 else rho_m
    a = max(math.atan2(x, height_m), 1e-4)
    b = math.asin(math.sin(a) / n)
    da = 1e-5 * min(a, 0.5 * math.pi - a)
    wide = (distance(a + da) - distance(a - da)) / (2.0 * da)
    # solid angle over the area across the ray, which the boundary widened by cos(b) / cos(a)
    area = distance(a) * wide * math.cos(b) / math.sin(a) * (math.cos(a) / math.cos(b))
    spreading = (height_m + depth_m / n) / math.sqrt(area)
    through = 2.0 * math.cos(a) / (math.cos(a) + n * math.cos(b)) * (1.0 + n) / 2.0 if depth_m > 0.0 else 1.0
    way = depth_m / math.cos(b) - depth_m
    return spreading * through * 10.0 ** (-loss_db_m * way / 20.0)


def weight(e: float, height_m: float, depth_m: float, aperture_m: float, relative_permittivity: float) -> float:
    """Weight of a sounding at distance e, without the density."""
    if e >= aperture_m:
        return 0.0
    reach = height_m + depth_m / math.sqrt(relative_permittivity)
    g = gain(e, height_m, depth_m, relative_permittivity)
    return (1.0 - (e / aperture_m) ** 2) ** 2 * reach / math.hypot(reach, e) * g * g


def migrate(
    trace: np.ndarray,
    dt_s: float,
    tx: np.ndarray,
    rx: np.ndarray,
    density: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    depth: np.ndarray,
    time_of: Callable[[float, float, int], float],
    weight_of: Callable[[float, float, int], float],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return sum(w s), sum(w) and sum(w |s|^2) over axes (depth, y, x); trace is complex (n, t).

    time_of(distance, height, k) and weight_of(distance, height, k) are those at the k-th depth.
    """
    shape = (depth.size, y.size, x.size)
    image, fold, energy = np.zeros(shape, complex), np.zeros(shape), np.zeros(shape)
    for k, j, i in np.ndindex(shape):
        for s in range(trace.shape[0]):
            middle = 0.5 * (tx[s] + rx[s])
            w = density[s] * weight_of(math.hypot(x[i] - middle[0], y[j] - middle[1]), middle[2], k)
            if w == 0.0:
                continue
            down = time_of(math.hypot(x[i] - tx[s, 0], y[j] - tx[s, 1]), tx[s, 2], k)
            up = time_of(math.hypot(x[i] - rx[s, 0], y[j] - rx[s, 1]), rx[s, 2], k)
            sample = (down + up) / dt_s
            whole = math.floor(sample)
            if sample >= trace.shape[1] - 1:
                continue
            value = trace[s, whole] + (sample - whole) * (trace[s, whole + 1] - trace[s, whole])
            image[k, j, i] += w * value
            fold[k, j, i] += w
            energy[k, j, i] += w * abs(value) ** 2
    return image, fold, energy
