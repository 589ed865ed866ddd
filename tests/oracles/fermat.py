"""Travel time through a plane interface from Snell's law, to twelve digits."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq

C_M_S = 299_792_458.0


def crossing_m(rho_m: float, height_m: float, depth_m: float, index: float) -> float:
    """Lateral distance from the antenna at which the ray enters the soil: sin(air) = n sin(soil)."""

    def snell(x: float) -> float:
        return x / math.hypot(x, height_m) - index * (rho_m - x) / math.hypot(rho_m - x, depth_m)

    return float(brentq(snell, 0.0, rho_m, xtol=1e-16, rtol=4 * np.finfo(float).eps, maxiter=500))


def time_s(rho_m: float, height_m: float, depth_m: float, relative_permittivity: float) -> float:
    """One-way time from ``height_m`` above the surface to ``depth_m`` below it."""
    index = math.sqrt(relative_permittivity)
    if depth_m <= 0.0:
        return math.hypot(rho_m, height_m) / C_M_S
    if rho_m <= 0.0:
        return (height_m + index * depth_m) / C_M_S
    x = crossing_m(rho_m, height_m, depth_m, index)
    return (math.hypot(x, height_m) + index * math.hypot(rho_m - x, depth_m)) / C_M_S
