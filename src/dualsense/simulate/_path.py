"""The way of a sweep over the ground, and how fast a hand goes along it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._scene.handling import Motion

STEP_M: Final = 0.001


def lines_y(motion: Motion, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """Where each line of a sweep lies, in the order it is swept: uneven, some missed, some swept twice.

    The first and the last are never missed, so that the patch keeps its width.
    """
    count = max(1, int(np.floor(motion.width_m / motion.line_spacing_m + 1e-9)) + 1)
    wanted = motion.start_y_m + motion.line_spacing_m * np.arange(count)
    shift, missed, repeated = rng.normal(size=count), rng.random(count), rng.random(count)
    inner = np.arange(count) % max(1, count - 1) > 0
    kept = ~(inner & (missed < motion.missed_part))
    times = 1 + (repeated < motion.repeated_part)
    out: NDArray[np.float64] = np.repeat((wanted + motion.spacing_std_m * shift)[kept], times[kept])
    return out


def over_lines(y_m: NDArray[np.float64], motion: Motion) -> NDArray[np.float64]:
    """Points (n, 2) `STEP_M` apart: lines along x to and fro, and a bow from each to the next."""
    along = np.linspace(0.0, motion.length_m, max(2, int(np.ceil(motion.length_m / STEP_M)) + 1))
    arc = np.linspace(-np.pi / 2, np.pi / 2, max(33, int(np.pi * motion.line_spacing_m / STEP_M)))[1:-1]
    pieces = []
    for line, y in enumerate(y_m):
        x = along if line % 2 == 0 else along[::-1]
        pieces.append(np.stack([x, np.full(len(x), y)], axis=-1))
        if line + 1 < len(y_m):
            step = y_m[line + 1] - y
            out = 0.5 * max(abs(step), motion.line_spacing_m) * (1.0 if line % 2 == 0 else -1.0)
            pieces.append(np.stack([x[-1] + out * np.cos(arc), y + 0.5 * step * (1 + np.sin(arc))], axis=-1))
    corner = np.concatenate(pieces)
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(corner, axis=0), axis=1))])
    even = np.arange(0.0, length[-1], STEP_M)
    return np.stack([np.interp(even, length, corner[:, i]) for i in range(2)], axis=-1)


def elapsed_s(path_m: NDArray[np.float64], *, speed_m_s: float, acceleration_m_s2: float) -> NDArray[np.float64]:
    """Time at each point of a path `STEP_M` apart, as fast as may be, from rest to rest.

    The speed stays under ``speed_m_s`` and under sqrt(a / curvature), and changes by no more than a along the way:
    v^2 may grow by 2 a ds from every point to either side. Where the path turns on its heel, the speed is what a
    brings about over one step.
    """
    heading = np.unwrap(np.arctan2(*np.diff(path_m, axis=0).T[::-1]))
    bend = np.zeros(len(path_m))
    bend[1:-1] = np.abs(np.diff(heading)) / STEP_M
    slowest = acceleration_m_s2 * STEP_M
    square = np.minimum(speed_m_s**2, acceleration_m_s2 / np.maximum(bend, 1e-9))
    square[[0, -1]] = 0.0
    gain = 2 * acceleration_m_s2 * STEP_M * np.arange(len(path_m))
    square = gain + np.minimum.accumulate(square - gain)
    square = (gain + np.minimum.accumulate(square[::-1] - gain))[::-1]
    speed = np.sqrt(np.maximum(square, slowest))
    return np.concatenate([[0.0], np.cumsum(2 * STEP_M / (speed[1:] + speed[:-1]))])
