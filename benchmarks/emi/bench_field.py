"""Points per second of a loop's field, beside geoana and the same formula through SciPy, in one run.

geoana is measured where it is installed (the extra ``bench``). Each takes turns with ours, so that both see the
same load of the machine; the ratio is of the fastest times.
"""

from __future__ import annotations

import importlib.util
import json
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.induction import _kernels
from dualsense.induction._field import loop_field

if TYPE_CHECKING:
    from collections.abc import Callable

POINTS = 1_000_000
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


def geoana_loop_field(points_m: np.ndarray, radius_m: float) -> np.ndarray:
    """Loop about z: geoana's own default lies about x."""
    from geoana.em.static import CircularLoopWholeSpace

    return CircularLoopWholeSpace(radius=radius_m, orientation="z", current=1.0).magnetic_field(points_m)


def best_s(*calls: Callable[[], Any]) -> list[float]:
    """Fastest of several rounds in which all take turns."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(REPEATS):
        for call, took in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            took.append(time.perf_counter() - start)
    return [min(t) for t in times]


def worst(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float((np.linalg.norm(ours - theirs, axis=1) / np.linalg.norm(theirs, axis=1)).max())


def run() -> dict[str, float | None]:
    rng = np.random.default_rng(0)
    points = rng.uniform([-0.3, -0.3, -0.4], [0.3, 0.3, -0.01], (POINTS, 3))
    out = np.empty_like(points)
    args = (points, 0.1, np.zeros(3), np.array([0.0, 0.0, 1.0]), 1.0, out)
    _kernels.loop_field(*args)
    ours = loop_field(points, radius_m=0.1)
    calls = [
        lambda: _kernels.loop_field(*args),
        lambda: loop_field(points, radius_m=0.1),
        lambda: scipy_loop_field(points, 0.1),
    ]
    peer = importlib.util.find_spec("geoana") is not None
    if peer:
        calls.append(lambda: geoana_loop_field(points, 0.1))
    serial, parallel, scipy_s, *geoana_s = best_s(*calls)
    return {
        "points": POINTS,
        "serial_points_per_s": POINTS / serial,
        "parallel_points_per_s": POINTS / parallel,
        "scipy_points_per_s": POINTS / scipy_s,
        "geoana_points_per_s": POINTS / geoana_s[0] if peer else None,
        "times_geoana": geoana_s[0] / parallel if peer else None,
        "worst_difference_from_scipy": worst(ours, scipy_loop_field(points, 0.1)),
        "worst_difference_from_geoana": worst(ours, geoana_loop_field(points, 0.1)) if peer else None,
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
