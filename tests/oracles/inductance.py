"""Mutual inductance of circular coils and the ground's factor written plainly: elliptic integrals, one sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ellipe, ellipk

if TYPE_CHECKING:
    from dualsense.emi._response import Response

MU0 = 4e-7 * np.pi
NODES = 256


def pair(away: np.ndarray, axis: np.ndarray, radius: float, normal: np.ndarray, ring: float) -> float:
    """Henry: A_phi of a loop of ``radius`` about ``axis`` along a ring about ``normal``, ``away`` from it."""
    e1 = np.cross(normal, np.eye(3)[np.argmin(np.abs(normal))])
    e1 /= np.linalg.norm(e1)
    e2 = np.cross(normal, e1)
    phi = 2 * np.pi * np.arange(NODES)[:, None] / NODES
    points = away + ring * (np.cos(phi) * e1 + np.sin(phi) * e2)
    wire = np.cos(phi) * e2 - np.sin(phi) * e1
    up = points @ axis
    rho = np.linalg.norm(points - up[:, None] * axis, axis=1)
    m = 4 * radius * rho / ((radius + rho) ** 2 + up**2)
    a_phi = MU0 / (np.pi * np.sqrt(m)) * np.sqrt(radius / rho) * ((1 - m / 2) * ellipk(m) - ellipe(m))
    around = np.cross(axis, points) / rho[:, None]
    return float(2 * np.pi * ring * np.mean(a_phi * (around * wire).sum(axis=1)))


def ground_factor(response: Response, least_m: float) -> np.ndarray:
    """Coupling (m,) of each row's transmitter, mirrored at z = 0, with its receiver; no wire below ``least_m``."""
    out = np.empty(response.time_s.size)
    for i, k in enumerate(response.coil):
        a, b = float(response.tx_radius_m[k]), float(response.rx_radius_m[k])
        axis, tx, rx = response.rotation[i, :, 2], response.tx_m[i], response.rx_m[i]
        sine = np.hypot(axis[0], axis[1])
        up = max(rx[2], least_m + b * sine) + max(tx[2], least_m + a * sine)
        away = np.array([*(rx - tx)[:2], up])
        out[i] = pair(away, axis * np.array([-1.0, -1.0, 1.0]), a, axis, b)
    return out
