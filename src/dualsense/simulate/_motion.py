"""How a hand sweeps the head, and what the tracker makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.simulate import _path as path

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._scene.handling import Motion, Noise

_KNOTS = 20
"""Of a drift, per correlation time."""
_MARGIN_S = 0.05
"""The pose starts before the first sample and ends after the last."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Where the head really was.

    Attributes
    ----------
    time_s : (p,) float64
        Even, from -0.05 s.
    position_m : (p, 3) float64
    orientation : (p, 4) float64 or None
        Unit quaternion w, x, y, z, head to local.
    end_s
        Of the sweep; the sensors sample from 0 to here.
    """

    time_s: NDArray[np.float64]
    position_m: NDArray[np.float64]
    orientation: NDArray[np.float64] | None
    end_s: float


def sweep(motion: Motion, *, rng: np.random.Generator) -> Track:
    """Sweep lines along x to and fro, stepping in y, with turns, changing speed and a wandering hand."""
    (uneven,) = rng.spawn(1)
    way = path.over_lines(path.lines_y(motion, rng=uneven), motion)
    elapsed = path.elapsed_s(way, speed_m_s=motion.speed_m_s, acceleration_m_s2=motion.acceleration_m_s2)
    end_s = float(elapsed[-1])
    count = int(np.ceil((end_s + 2 * _MARGIN_S) * motion.pose_rate_hz)) + 1
    time_s = np.arange(count) / motion.pose_rate_hz - _MARGIN_S
    position = np.empty((count, 3))
    for i in range(2):
        position[:, i] = np.interp(time_s, elapsed, way[:, i])
        position[:, i] += motion.line_std_m * correlated_noise(
            count, motion.wander_time_s * motion.pose_rate_hz, rng=rng
        )
    wander = correlated_noise(count, motion.wander_time_s * motion.pose_rate_hz, rng=rng)
    position[:, 2] = np.maximum(motion.height_floor_m, motion.height_m + motion.height_std_m * wander)
    orientation = None
    if motion.tilt_std_deg > 0:
        tilt = np.radians(motion.tilt_std_deg) * np.stack(
            [correlated_noise(count, motion.wander_time_s * motion.pose_rate_hz, rng=rng) for _ in range(2)],
            axis=-1,
        )
        orientation = _small_tilt(tilt)
    return Track(time_s, position, orientation, end_s)


def track_positions(
    track: Track, noise: Noise, motion: Motion, *, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Positions as the tracker reports them: half of the error's variance white, half slow; and a random walk."""
    count = len(track.time_s)
    slow = [correlated_noise(count, noise.position_time_s * motion.pose_rate_hz, rng=rng) for _ in range(3)]
    error = np.sqrt(0.5) * (np.stack(slow, axis=-1) + rng.normal(size=(count, 3)))
    (steps,) = rng.spawn(1)
    walk = np.cumsum(steps.normal(size=(count, 3)), axis=0) / np.sqrt(motion.pose_rate_hz)
    return track.position_m + error * np.asarray(noise.position_std_m) + noise.position_walk_m_sqrt_s * walk


def pose_at(track: Track, time_s: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the true position (n, 3) and rotation matrix head to local (n, 3, 3) at given times."""
    position = np.stack([np.interp(time_s, track.time_s, track.position_m[:, i]) for i in range(3)], axis=-1)
    if track.orientation is None:
        return position, np.broadcast_to(np.eye(3), (len(time_s), 3, 3))
    q = np.stack([np.interp(time_s, track.time_s, track.orientation[:, i]) for i in range(4)], axis=-1)
    w, x, y, z = (q / np.linalg.norm(q, axis=1, keepdims=True)).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return position, np.moveaxis(np.array(rows), -1, 0)


def sample_times(
    end_s: float, rate_hz: float, *, jitter: float = 0.0, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw the times of a sensor's samples from 0 to ``end_s``, strictly increasing."""
    count = max(2, int(end_s * rate_hz))
    tick = np.arange(count) + np.clip(jitter * rng.normal(size=count), -0.45, 0.45)
    return np.maximum(tick, 0.0) / rate_hz


def correlated_noise(count: int, time_samples: float, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Gaussian noise of unit variance whose autocorrelation falls as exp(-(lag / time)^2)."""
    reach = int(np.ceil(3 * time_samples))
    kernel = np.exp(-2 * (np.arange(-reach, reach + 1) / time_samples) ** 2)
    white = rng.normal(size=count + 2 * reach)
    return np.convolve(white, kernel / np.sqrt(np.sum(kernel**2)), mode="valid")


def clock_error_s(offset_s: float, noise: Noise, *, rng: np.random.Generator) -> float:
    """Draw by how much a sensor's times are late against the poses'."""
    return offset_s + noise.clock_std_s * float(rng.normal())


def warm_up(time_s: NDArray[np.float64], noise: Noise) -> NDArray[np.float64]:
    """Tell how much is left at given times of a cold instrument's difference from a warm one; 1 at the start."""
    out: NDArray[np.float64] = np.exp(-time_s / noise.warm_up_time_s)
    return out


def slow_drift(
    track: Track, time_s: NDArray[np.float64], correlation_s: float, *, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Drift of unit variance at given times, correlated over ``correlation_s``."""
    knots = np.linspace(0.0, track.end_s, int(np.ceil(_KNOTS * track.end_s / correlation_s)) + 2)
    return np.interp(time_s, knots, correlated_noise(len(knots), correlation_s / (knots[1] - knots[0]), rng=rng))


def _small_tilt(tilt_rad: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quaternions of turns about the horizontal axis (roll, pitch, 0)."""
    angle = np.linalg.norm(tilt_rad, axis=1)
    q = np.zeros((len(tilt_rad), 4))
    q[:, 0] = np.cos(angle / 2)
    q[:, 1:3] = tilt_rad * (0.5 * np.sinc(angle / (2 * np.pi)))[:, None]
    return q
