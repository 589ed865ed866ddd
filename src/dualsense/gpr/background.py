"""What neighbouring soundings have in common, taken away: layers, ringing, antenna imperfections."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from dualsense.gpr import _background_kernels as _kernels
from dualsense.gpr.traveltime import SPEED_OF_LIGHT_M_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr.calibrate import Soundings
    from dualsense.gpr.surface import Surface

Method = Literal["mean", "median", "none"]
MAX_NEIGHBOURS = 120


def remove_background(
    soundings: Soundings, surface: Surface, *, method: Method = "median", radius_m: float = 0.12
) -> Soundings:
    """Subtract a moving, distance-weighted mean or median of the neighbours, aligned at the surface.

    Neighbours are weighted with exp(-d^2 / 2 radius^2) out to 2.5 radii, within each channel; of many,
    ``MAX_NEIGHBOURS`` evenly along the track are enough. The radius must be well above the size of what is
    looked for: a mean over one body's width erases the body. :func:`target_loss` tells what a given radius costs.

    Parameters
    ----------
    method
        "median" weighs each component of the spectrum; slower, and it ignores bodies narrower than the radius.
    radius_m
        Standard deviation of the weights.

    Returns
    -------
    Soundings
    """
    if method == "none" or soundings.time_s.size == 0:
        return soundings
    phase = np.exp(2j * np.pi / SPEED_OF_LIGHT_M_S * soundings.frequency_hz * surface.path_m[:, None])
    aligned = soundings.spectrum * phase
    out = np.empty_like(aligned)
    for c in np.unique(soundings.channel):
        rows = np.flatnonzero(soundings.channel == c)
        out[rows] = aligned[rows] - _local(aligned[rows], soundings.midpoint_m[rows, :2], method, radius_m)
    return replace(soundings, spectrum=out * phase.conj())


def target_loss(
    soundings: Soundings, surface: Surface, *, method: Method, radius_m: float, width_m: float
) -> float:
    """Part of a body's energy that the background removal takes away.

    A body's echo is injected as a Gaussian of ``width_m`` (full width at half maximum) over the soundings
    around the middle of the track, with the phase of a flat reflector: the worst case for any mean.

    Returns
    -------
    float
        0 (nothing lost) to 1.
    """
    if soundings.time_s.size == 0:
        return 0.0
    xy = soundings.midpoint_m[:, :2]
    middle = np.median(xy, axis=0)
    centre = xy[np.argmin(((xy - middle) ** 2).sum(axis=1))]
    bell = np.exp(-4.0 * np.log(2.0) * ((xy - centre) ** 2).sum(axis=1) / width_m**2)
    phase = np.exp(-2j * np.pi / SPEED_OF_LIGHT_M_S * soundings.frequency_hz * surface.path_m[:, None])
    scale = float(np.sqrt((np.abs(soundings.spectrum) ** 2).mean())) or 1.0
    injected = replace(soundings, spectrum=soundings.spectrum + scale * bell[:, None] * phase)
    with_body = remove_background(injected, surface, method=method, radius_m=radius_m).spectrum
    without = remove_background(soundings, surface, method=method, radius_m=radius_m).spectrum
    kept = float((np.abs(with_body - without) ** 2).sum())
    put_in = float(soundings.frequency_hz.size * scale**2 * (bell**2).sum())
    return float(np.clip(1.0 - kept / put_in, 0.0, 1.0))


def _local(
    values: NDArray[np.complex128], xy: NDArray[np.float64], method: Method, radius_m: float
) -> NDArray[np.complex128]:
    n = len(xy)
    xy = np.ascontiguousarray(xy)
    found, count = np.empty((n, MAX_NEIGHBOURS), np.int32), np.empty(n, np.int64)
    _kernels.neighbours(xy, 2.5 * radius_m, MAX_NEIGHBOURS, found, count)
    parts = np.ascontiguousarray(values).view(np.float64).reshape(*values.shape, 2)
    out = np.zeros_like(parts)
    moving = _kernels.moving_median if method == "median" else _kernels.moving_mean
    moving(xy, found, count, radius_m, parts, out)
    result: NDArray[np.complex128] = out.view(np.complex128)[..., 0]
    return result
