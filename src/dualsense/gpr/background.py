"""What neighbouring soundings have in common, taken away: layers, ringing, antenna imperfections."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dualsense.gpr import _kernels
from dualsense.gpr.traveltime import SPEED_OF_LIGHT_M_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr.calibrate import Soundings
    from dualsense.gpr.surface import Surface

Method = Literal["mean", "median", "none"]
MAX_NEIGHBOURS = 240


def remove_background(
    soundings: Soundings, surface: Surface, *, method: Method = "median", radius_m: float = 0.12
) -> Soundings:
    """Subtract a moving, distance-weighted mean or median of the neighbours, aligned at the surface.

    Neighbours are weighted with exp(-d^2 / 2 radius^2) out to 2.5 radii, within each channel. The radius
    must be well above the size of what is looked for: a mean over one body's width erases the body.
    :func:`target_loss` tells what a given radius costs.

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
    xy = soundings.midpoint_m[:, :2]
    middle = np.median(xy, axis=0)
    centre = xy[np.argmin(((xy - middle) ** 2).sum(axis=1))]
    bell = np.exp(-4.0 * np.log(2.0) * ((xy - centre) ** 2).sum(axis=1) / width_m**2)
    phase = np.exp(-2j * np.pi / SPEED_OF_LIGHT_M_S * soundings.frequency_hz * surface.path_m[:, None])
    scale = np.sqrt((np.abs(soundings.spectrum) ** 2).mean())
    injected = replace(soundings, spectrum=soundings.spectrum + scale * bell[:, None] * phase)
    with_body = remove_background(injected, surface, method=method, radius_m=radius_m).spectrum
    without = remove_background(soundings, surface, method=method, radius_m=radius_m).spectrum
    kept = float((np.abs(with_body - without) ** 2).sum())
    put_in = float(soundings.frequency_hz.size * scale**2 * (bell**2).sum())
    return float(np.clip(1.0 - kept / put_in, 0.0, 1.0)) if put_in > 0.0 else 0.0


def _local(
    values: NDArray[np.complex128], xy: NDArray[np.float64], method: Method, radius_m: float
) -> NDArray[np.complex128]:
    from scipy.sparse import csr_array  # noqa: PLC0415
    from scipy.spatial import cKDTree  # noqa: PLC0415

    tree = cKDTree(xy)
    if method == "median":
        return _local_median(values, xy, tree, radius_m)
    pairs = tree.query_pairs(2.5 * radius_m, output_type="ndarray")
    i = np.concatenate([pairs[:, 0], pairs[:, 1], np.arange(len(xy))])
    j = np.concatenate([pairs[:, 1], pairs[:, 0], np.arange(len(xy))])
    weight = np.exp(-((xy[i] - xy[j]) ** 2).sum(axis=1) / (2.0 * radius_m**2))
    matrix = csr_array((weight, (i, j)), shape=(len(xy), len(xy)))
    matrix.sort_indices()
    mean: NDArray[np.complex128] = (matrix @ values) / np.asarray(matrix.sum(axis=1))[:, None]
    return mean


def _local_median(
    values: NDArray[np.complex128], xy: NDArray[np.float64], tree: Any, radius_m: float
) -> NDArray[np.complex128]:
    """Weighted median over at most ``MAX_NEIGHBOURS`` evenly chosen soundings around each."""
    chosen = []
    for near in tree.query_ball_point(xy, 2.5 * radius_m, return_sorted=True):
        stride = -(-len(near) // MAX_NEIGHBOURS)
        chosen.append(np.asarray(near[::stride], dtype=np.int64))
    start = np.concatenate([[0], np.cumsum([c.size for c in chosen])]).astype(np.int64)
    neighbour = np.concatenate(chosen)
    centre = np.repeat(np.arange(len(xy)), np.diff(start))
    weight = np.exp(-((xy[centre] - xy[neighbour]) ** 2).sum(axis=1) / (2.0 * radius_m**2))
    out = np.empty((*values.shape, 2))
    parts = np.ascontiguousarray(np.stack([values.real, values.imag], axis=-1))
    _kernels.weighted_median(start, neighbour, weight, parts, out)
    median: NDArray[np.complex128] = out[..., 0] + 1j * out[..., 1]
    return median
