"""One dipole under the coils by Gauss-Newton, the way it is written with a library of fields and SciPy.

Unknown are the position and six elements of the tensor in each channel: all followed together (`locate`), or the
elements solved for at each position (`locate_projected`), from starts below the strongest row. The fields are
geoana's where it is installed, otherwise Simpson's formulas through SciPy.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import least_squares
from scipy.special import ellipe, ellipk

if TYPE_CHECKING:
    from collections.abc import Callable

PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
DEPTHS_M = (0.03, 0.06, 0.10)


def by_geoana(points_m: np.ndarray, radius_m: float) -> np.ndarray:
    """Field (n, 3) of a circular loop about z at the origin."""
    from geoana.em.static import CircularLoopWholeSpace

    return CircularLoopWholeSpace(radius=radius_m, orientation="z", current=1.0).magnetic_field(points_m)


def by_scipy(points_m: np.ndarray, radius_m: float) -> np.ndarray:
    """Give the same by elliptic integrals."""
    rho, z = np.hypot(points_m[:, 0], points_m[:, 1]) + 1e-12, points_m[:, 2]
    alpha2, beta2 = (radius_m - rho) ** 2 + z**2, (radius_m + rho) ** 2 + z**2
    k, e = ellipk(1 - alpha2 / beta2), ellipe(1 - alpha2 / beta2)
    common = 1 / (2 * np.pi * alpha2 * np.sqrt(beta2))
    h_z = common * ((radius_m**2 - rho**2 - z**2) * e + alpha2 * k)
    h_rho = common * z / rho * ((radius_m**2 + rho**2 + z**2) * e - alpha2 * k)
    return np.stack([h_rho * points_m[:, 0] / rho, h_rho * points_m[:, 1] / rho, h_z], axis=-1)


def fields() -> tuple[str, Callable[[np.ndarray, float], np.ndarray]]:
    """Give the library of fields that is here."""
    return ("geoana", by_geoana) if importlib.util.find_spec("geoana") else ("scipy", by_scipy)


def columns(response: Any, position_m: np.ndarray, field: Callable[[np.ndarray, float], np.ndarray]) -> np.ndarray:
    """Response (m, 6) of level coils to each element of the tensor."""
    t = field(position_m - response.tx_m, float(response.tx_radius_m[0]))
    r = field(position_m - response.rx_m, float(response.rx_radius_m[0]))
    return np.stack([t[:, i] * r[:, j] + (t[:, j] * r[:, i] if i != j else 0.0) for i, j in PAIRS], axis=1)


def locate(response: Any, noise: np.ndarray) -> np.ndarray:
    """Find the position (3,): the best of starts at three depths."""
    _, field = fields()
    data, channels = response.values / noise, response.values.shape[1]
    strongest = response.center_m[np.argmax((data**2).sum(axis=1))]

    def misfit(unknown: np.ndarray) -> np.ndarray:
        return (columns(response, unknown[:3], field) @ (unknown[3:].reshape(6, channels)) - data).ravel()

    def slopes(unknown: np.ndarray) -> np.ndarray:
        here = columns(response, unknown[:3], field)
        elements = unknown[3:].reshape(6, channels)
        jacobian = np.zeros((data.size, unknown.size))
        for axis in range(3):
            away = np.eye(3)[axis] * 1e-5
            slope = (columns(response, unknown[:3] + away, field) - here) / 1e-5
            jacobian[:, axis] = (slope @ elements).ravel()
        jacobian[:, 3:] = np.kron(here, np.eye(channels))
        return jacobian

    best = None
    for depth_m in DEPTHS_M:
        position = np.array([strongest[0], strongest[1], -depth_m])
        first, *_ = np.linalg.lstsq(columns(response, position, field), data, rcond=None)
        start = np.concatenate([position, first.ravel()])
        found = least_squares(misfit, start, jac=slopes, method="lm", x_scale="jac")
        best = found if best is None or found.cost < best.cost else best
    return best.x[:3]


def locate_projected(response: Any, noise: np.ndarray) -> np.ndarray:
    """Find the position (3,) with the elements eliminated in each step: the best of the same starts."""
    _, field = fields()
    data = response.values / noise
    strongest = response.center_m[np.argmax((data**2).sum(axis=1))]

    def misfit(position: np.ndarray) -> np.ndarray:
        q, _ = np.linalg.qr(columns(response, position, field))
        return (data - q @ (q.T @ data)).ravel()

    starts = (np.array([strongest[0], strongest[1], -depth_m]) for depth_m in DEPTHS_M)
    every = [least_squares(misfit, start, method="lm", x_scale=0.01) for start in starts]
    return min(every, key=lambda found: found.cost).x
