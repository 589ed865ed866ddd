"""What can go wrong with the track."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.campaign import places

if TYPE_CHECKING:
    from dualsense.scan import Scan

    Rng = np.random.Generator

OVER_M = 0.08
"""So near to a mine the head is over it."""
AXES = {"x": (0,), "y": (1,), "z": (2,), "xy": (0, 1), "xyz": (0, 1, 2)}


def _with(scan: Scan, position_m: np.ndarray) -> Scan:
    return replace(scan, pose=replace(scan.pose, position_m=position_m))


def stuck(scan: Scan, rng: Rng, size: float, *, axes: str = "xyz", rest: bool = False) -> Scan:
    """Hold the track for so many seconds around a pass over the mine, or from a part of the way on to its end."""
    at, time_s = scan.pose.position_m.copy(), scan.pose.time_s
    if rest:
        hit = time_s >= time_s[0] + size * (time_s[-1] - time_s[0])
    else:
        hit = places.within(time_s, places.stretch(scan, rng, size))
    if hit.any():
        for k in AXES[axes]:
            at[hit, k] = at[np.flatnonzero(hit)[0], k]
    return _with(scan, at)


def shifted(scan: Scan, rng: Rng, size: float, *, axes: str, when: str) -> Scan:
    """Shift the track by metres: from a moment on, for 1 to 3 s over the mine, or all of it."""
    at, time_s = scan.pose.position_m.copy(), scan.pose.time_s
    if when == "half":
        hit = time_s >= time_s[0] + rng.uniform(0.3, 0.7) * (time_s[-1] - time_s[0])
    elif when == "glitch":
        hit = places.within(time_s, places.stretch(scan, rng, float(rng.uniform(1.0, 3.0))))
    else:
        hit = np.ones(time_s.size, dtype=bool)
    for k in AXES[axes]:
        at[hit, k] += size
    return _with(scan, at)


def scaled(scan: Scan, _rng: Rng, size: float, *, axes: str) -> Scan:
    """Give the track in another unit."""
    at = scan.pose.position_m.copy()
    for k in AXES[axes]:
        at[:, k] *= size
    return _with(scan, at)


def stretched(scan: Scan, rng: Rng, size: float, *, axes: str) -> Scan:
    """Give the track another scale, and the truth with it: places as the same tracker would find them again."""
    truth = scan.truth
    x, y = (size if k in AXES[axes] else 1.0 for k in range(2))
    moved = replace(truth, x_m=np.asarray(truth.x_m) * x, y_m=np.asarray(truth.y_m) * y)
    return replace(scaled(scan, rng, size, axes=axes), truth=moved)


def level(scan: Scan, _rng: Rng, size: float) -> Scan:
    """Set all heights to one."""
    at = scan.pose.position_m.copy()
    at[:, 2] = size
    return _with(scan, at)


def noise(scan: Scan, rng: Rng, size: float, *, axes: str, lasts_s: float = 0.0) -> Scan:
    """Add errors to the track that last for a while, or change from pose to pose."""
    at, time_s = scan.pose.position_m.copy(), scan.pose.time_s
    for k in AXES[axes]:
        if lasts_s:
            knots = np.arange(time_s[0], time_s[-1] + lasts_s, lasts_s)
            at[:, k] += np.interp(time_s, knots, rng.normal(0.0, size, knots.size))
        else:
            at[:, k] += rng.normal(0.0, size, time_s.size)
    return _with(scan, at)


def drift(scan: Scan, _rng: Rng, size: float, *, axes: str) -> Scan:
    """Let the track drift by so many metres from the beginning to the end, and the truth with it.

    A drift that is even in time is a lane that is longer: nothing that was recorded tells one from the other, and
    whoever looks for a mine with this track looks where the track was while the head was over it.
    """
    at, time_s, truth = scan.pose.position_m.copy(), scan.pose.time_s, scan.truth
    gone = (time_s - time_s[0]) / (time_s[-1] - time_s[0])
    over = [_gone_over(scan, gone, float(x), float(y)) for x, y in zip(truth.x_m, truth.y_m, strict=True)]
    for k in AXES[axes]:
        at[:, k] += size * gone
    x, y = (size if k in AXES[axes] else 0.0 for k in range(2))
    moved = replace(
        truth, x_m=np.asarray(truth.x_m) + x * np.array(over), y_m=np.asarray(truth.y_m) + y * np.array(over)
    )
    return replace(_with(scan, at), truth=moved)


def _gone_over(scan: Scan, gone: np.ndarray, x_m: float, y_m: float) -> float:
    """Tell which part of the time is gone when the head is over a place, on the mean of all times that it is."""
    away_m = np.hypot(scan.pose.position_m[:, 0] - x_m, scan.pose.position_m[:, 1] - y_m)
    return float(gone[away_m <= max(OVER_M, float(away_m.min()))].mean())


def coarse(scan: Scan, _rng: Rng, size: float, *, axes: str = "xyz") -> Scan:
    """Round the track to steps of so many metres."""
    at = scan.pose.position_m.copy()
    for k in AXES[axes]:
        at[:, k] = np.round(at[:, k] / size) * size
    return _with(scan, at)


def slow(scan: Scan, _rng: Rng, size: float) -> Scan:
    """Update the track every so many seconds only, and hold it in between."""
    step = np.floor((scan.pose.time_s - scan.pose.time_s[0]) / size)
    first = np.searchsorted(step, step)
    return _with(scan, scan.pose.position_m[first])
