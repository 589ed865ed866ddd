"""Where each sample was taken: the head's track, smoothed and brought to the clock of a sensor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.io import covered_by_pose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.scan import Pose


SLOW_PART = 0.5
"""Of the variance of a track's error; it lasts longer than any window, and smoothing leaves it. An assumption."""
BLOCK = 1_000_000
"""Poses times samples that are fitted at once."""
MAX_CONDITION = 1e10
"""Of a local fit; beyond it the track is interpolated."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """The head reference point at given times.

    Attributes
    ----------
    time_s : (n,) float64
        Of the samples, on the recording's clock.
    position_m : (n, 3) float64
        NaN where no pose covers the time.
    rotation : (n, 3, 3) float64
        Head to local.
    position_std_m : (n, 3) float64
        Of the smoothed position; NaN where the file states none.
    covered : (n,) bool
    """

    time_s: NDArray[np.float64]
    position_m: NDArray[np.float64]
    rotation: NDArray[np.float64]
    position_std_m: NDArray[np.float64]
    covered: NDArray[np.bool_]


def track_at(pose: Pose, time_s: NDArray[np.float64], *, smoothing_s: float = 0.1) -> Track:
    """Smooth the track and evaluate it at the samples of a sensor.

    A local quadratic is fitted around every requested time, with weights (1 - |u|^3)^3 over
    ``smoothing_s`` to either side, so tracking noise is averaged while turns keep their shape
    (locally weighted regression, Cleveland 1979). Where fewer than four poses are within reach, and with
    ``smoothing_s`` zero, the track is interpolated linearly.

    Parameters
    ----------
    pose
        Recorded track of p poses.
    time_s : (n,)
        Times of the sensor's samples.
    smoothing_s
        Half-width of the window.

    Returns
    -------
    Track
        At the n times.
    """
    time = np.asarray(time_s, dtype=np.float64)
    covered = covered_by_pose(pose.time_s, time)
    position = np.column_stack([np.interp(time, pose.time_s, pose.position_m[:, k]) for k in range(3)])
    gain = np.ones(time.size)
    if smoothing_s > 0.0:
        smooth, gain = _local_quadratic(pose.time_s, pose.position_m, time, smoothing_s)
        position = np.where(np.isfinite(smooth), smooth, position)
    position[~covered] = np.nan
    rotation = _rotation(pose, time)
    if pose.position_std_m is None:
        std = np.full((time.size, 3), np.nan)
    else:
        std = np.column_stack([np.interp(time, pose.time_s, pose.position_std_m[:, k]) for k in range(3)])
        std = std * np.sqrt(SLOW_PART + (1.0 - SLOW_PART) * gain)[:, None]
    return Track(time, position, rotation, std, covered)


def near_ground(
    track: Track, offset_m: NDArray[np.float64], channel: NDArray[np.intp], *, max_height_m: float = 0.3
) -> Track:
    """Count only samples as covered that were taken above the ground and close to it.

    A head that is lifted off, or a track whose heights are wrong, measures no ground: both sensors' models put the
    surface at z = 0, and what they would say of it from elsewhere is worth nothing. Antennas at 0 touch it.

    Parameters
    ----------
    track
        The head at the n samples of the sensor.
    offset_m : (c, 3)
        Centres of the antenna or coil pairs in the head frame.
    channel : (n,)
        Row of ``offset_m`` for each sample.
    max_height_m
        Highest centre that still measures the ground.

    Returns
    -------
    Track
    """
    height = lever_arm(track, offset_m, channel)[:, 2]
    with np.errstate(invalid="ignore"):  # NaN where no pose covers the time
        near = (height >= 0.0) & (height <= max_height_m)
    return replace(track, covered=track.covered & near)


def lever_arm(track: Track, offset_m: NDArray[np.float64], channel: NDArray[np.intp]) -> NDArray[np.float64]:
    """Position of an antenna or coil, in the local frame.

    Parameters
    ----------
    track
        The head at the n samples of the sensor.
    offset_m : (c, 3)
        Positions in the head frame.
    channel : (n,)
        Row of ``offset_m`` for each sample.

    Returns
    -------
    (n, 3) float64
    """
    moved: NDArray[np.float64] = track.position_m + np.einsum("nij,nj->ni", track.rotation, offset_m[channel])
    return moved


def _local_quadratic(
    pose_time: NDArray[np.float64], position: NDArray[np.float64], time: NDArray[np.float64], half_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the smoothed positions (n, 3), NaN where too few poses reach, and the variance gain (n,)."""
    first = np.searchsorted(pose_time, time - half_s, side="right")
    last = np.searchsorted(pose_time, time + half_s, side="left")
    smooth, gain = np.empty((time.size, 3)), np.empty(time.size)
    rows = max(1, BLOCK // int(max(1, (last - first).max(initial=1))))
    for start in range(0, time.size, rows):
        part = slice(start, start + rows)
        smooth[part], gain[part] = _fit(pose_time, position, time[part], first[part], last[part], half_s)
    return smooth, gain


def _fit(
    pose_time: NDArray[np.float64],
    position: NDArray[np.float64],
    time: NDArray[np.float64],
    first: NDArray[np.intp],
    last: NDArray[np.intp],
    half_s: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    index = first[:, None] + np.arange(int(max(1, (last - first).max(initial=1))))
    valid = index < last[:, None]
    index = np.minimum(index, pose_time.size - 1)
    u = (pose_time[index] - time[:, None]) / half_s
    away = np.abs(u)
    near = np.maximum(1.0 - away * away * away, 0.0)
    weight = near * near * near
    weight[~valid] = 0.0
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    part, moments = weight, []
    for _ in range(4):
        part = part * u
        moments.append(part.sum(axis=1))
    first_row, conditioned = _first_row(*moments)
    enough = (valid.sum(axis=1) >= 4) & conditioned
    two_sided = ((u < 0) & valid).any(axis=1) & ((u > 0) & valid).any(axis=1)
    enough &= two_sided | (away.min(axis=1) < 1e-9)
    one, slope, bend = (column[:, None] for column in first_row)
    kernel = weight * (one + u * (slope + u * bend))
    gain = (kernel * kernel).sum(axis=1)
    enough &= gain <= 1.0  # beside a gap a parabola may reach out from one side, and make noise of noise
    smooth = np.stack([(kernel * axis[index]).sum(axis=1) for axis in np.ascontiguousarray(position.T)], axis=1)
    smooth[~enough] = np.nan
    return smooth, np.where(enough, gain, 1.0)


def _first_row(
    s1: NDArray[np.float64],
    s2: NDArray[np.float64],
    s3: NDArray[np.float64],
    s4: NDArray[np.float64],
) -> tuple[tuple[NDArray[np.float64], ...], NDArray[np.bool_]]:
    """First row of the inverse of [[1, s1, s2], [s1, s2, s3], [s2, s3, s4]] by cofactors, and whether it tells.

    It does where the matrix is conditioned below 1e10. Frobenius norms bound that from above; where they do not
    settle it, singular values do.
    """
    a, b, c = s2 * s4 - s3 * s3, s2 * s3 - s1 * s4, s1 * s3 - s2 * s2
    d, e, f = s4 - s2 * s2, s1 * s2 - s3, s2 - s1 * s1
    det = a + s1 * b + s2 * c
    size = 1.0 + s4 * s4 + 2.0 * (s1 * s1 + s3 * s3) + 3.0 * s2 * s2
    of_inverse = a * a + d * d + f * f + 2.0 * (b * b + c * c + e * e)
    conditioned = size * of_inverse < MAX_CONDITION**2 * det * det
    unsure = np.flatnonzero(~conditioned)
    if unsure.size:
        matrix = np.stack([np.ones_like(s1), s1, s2, s1, s2, s3, s2, s3, s4], axis=1)[unsure].reshape(-1, 3, 3)
        conditioned[unsure] = np.linalg.cond(matrix) < MAX_CONDITION
    below = np.where(conditioned, det, 1.0)
    return (a / below, b / below, c / below), conditioned


def _rotation(pose: Pose, time: NDArray[np.float64]) -> NDArray[np.float64]:
    if pose.orientation is None:
        return np.broadcast_to(np.eye(3), (time.size, 3, 3))
    q = pose.orientation.copy()
    flips = np.cumprod(np.where((q[1:] * q[:-1]).sum(axis=1) < 0.0, -1.0, 1.0))
    q[1:] *= flips[:, None]  # q and -q are the same turn: interpolate along the short way
    at = np.column_stack([np.interp(time, pose.time_s, q[:, k]) for k in range(4)])
    at /= np.linalg.norm(at, axis=1, keepdims=True)
    w, x, y, z = at.T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), -1, 0)
