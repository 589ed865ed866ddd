"""Points per second of a loop's field, beside the same formula through SciPy, and the worst difference."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.emi import _kernels
from dualsense.emi.field import loop_field

if TYPE_CHECKING:
    from collections.abc import Callable

POINTS = 400_000
REPEATS = 5


def scipy_loop_field(points_m: np.ndarray, radius_m: float) -> np.ndarray:
    """Simpson's formulas as printed, for a loop about z at the origin."""
    from scipy.special import ellipe, ellipk

    rho, z = np.hypot(points_m[:, 0], points_m[:, 1]), points_m[:, 2]
    alpha2, beta2 = (radius_m - rho) ** 2 + z**2, (radius_m + rho) ** 2 + z**2
    m = 1 - alpha2 / beta2
    k, e = ellipk(m), ellipe(m)
    common = 1 / (2 * np.pi * alpha2 * np.sqrt(beta2))
    h_z = common * ((radius_m**2 - rho**2 - z**2) * e + alpha2 * k)
    h_rho = common * z / rho * ((radius_m**2 + rho**2 + z**2) * e - alpha2 * k)
    return np.stack([h_rho * points_m[:, 0] / rho, h_rho * points_m[:, 1] / rho, h_z], axis=-1)


def best_s(call: Callable[[], Any]) -> float:
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def run() -> dict[str, float]:
    rng = np.random.default_rng(0)
    points = rng.uniform([-0.3, -0.3, -0.4], [0.3, 0.3, -0.01], (POINTS, 3))
    out = np.empty_like(points)
    args = (points, 0.1, np.zeros(3), np.array([0.0, 0.0, 1.0]), 1.0, out)
    _kernels.loop_field(*args)
    reference = scipy_loop_field(points, 0.1)
    ours = loop_field(points, radius_m=0.1)
    serial = best_s(lambda: _kernels.loop_field(*args))
    parallel = best_s(lambda: loop_field(points, radius_m=0.1))
    peer = best_s(lambda: scipy_loop_field(points, 0.1))
    norm = np.linalg.norm(reference, axis=1)
    return {
        "points": POINTS,
        "serial_points_per_s": POINTS / serial,
        "parallel_points_per_s": POINTS / parallel,
        "scipy_points_per_s": POINTS / peer,
        "worst_relative_difference": float((np.linalg.norm(ours - reference, axis=1) / norm).max()),
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
