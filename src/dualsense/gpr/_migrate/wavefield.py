"""What the wavenumber migration makes of soundings before it transforms them: kinds of heads, few tones."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

from dualsense.constants import C0_M_S
from dualsense.gpr._migrate import _wave_kernels
from dualsense.gpr._rays.layers import thicknesses
from dualsense.gpr._rays.traveltime import MIN_HEIGHT_M, NEPER_PER_DB

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._rays.layers import Layers
    from dualsense.gpr._soundings import Soundings
    from dualsense.gpr._traces import Traces

IMAGE, FOLD, ENERGY = 0, 1, 2
HEIGHT_BAND_M = 0.08
TILT_STEP_M = 0.02
FLAT_M = 1e-3
"""An offset, or a difference between the antennas' heights, below which a kernel counts as even."""

MEAN_COSINE, COSINE_RANGE = 0.65, 0.35
"""Of the rays in air: from vertical to 1 in 0.3."""

GUARD_TONES, STRETCH = 2, 1.1
"""Tones beyond the band, and the longer period, that fit a signal which does not repeat itself to about 1e-3."""

ROWS_PER_TASK = 512
TAPER_BLUR = 8.0
"""Wavenumbers by which the aperture's taper widens a kernel's spectrum, times the aperture's radius."""


@dataclass(frozen=True, slots=True, eq=False)
class GroundSlices:
    """The ground at each depth of the volume.

    Attributes
    ----------
    depth_m, radius_m, reach_m : (nz,)
        Depth, aperture, and the depth as it seems from air.
    thickness_m : (nz, layers)
        Of each layer above the depth.
    index, loss : (layers,)
        Loss in nepers per metre.
    """

    depth_m: NDArray[np.float64]
    radius_m: NDArray[np.float64]
    reach_m: NDArray[np.float64]
    thickness_m: NDArray[np.float64]
    index: NDArray[np.float64]
    loss: NDArray[np.float64]


def slice_ground(
    layers: Layers, depth_m: NDArray[np.float64], radius_m: NDArray[np.float64], loss_db_m: float
) -> GroundSlices:
    """Cut the layers at each depth."""
    thickness = thicknesses(layers, depth_m)
    loss = np.full(layers.index.size, loss_db_m * NEPER_PER_DB)
    return GroundSlices(depth_m, radius_m, thickness @ (1.0 / layers.index), thickness, layers.index, loss)


@dataclass(frozen=True, slots=True, eq=False)
class Heads:
    """Antenna pairs above the ground.

    Attributes
    ----------
    midpoint_m, offset_m, height_m : (n, 2), (n, 3), (n,)
        Offset from one antenna to the other, mean height of both.
    slant : (n,)
        How far, per offset, the apex of an echo is from the midpoint for a metre between the antennas' heights.
    """

    midpoint_m: NDArray[np.float64]
    offset_m: NDArray[np.float64]
    height_m: NDArray[np.float64]
    slant: NDArray[np.float64]


def place_heads(soundings: Soundings, height_m: NDArray[np.float64] | None, ground: GroundSlices) -> Heads:
    """Antennas above the ground; which of the two transmits makes no difference, so offsets point to +x."""
    tx, rx = soundings.tx_m.copy(), soundings.rx_m.copy()
    if height_m is not None:
        lift = height_m - soundings.midpoint_m[:, 2]
        tx[:, 2] += lift
        rx[:, 2] += lift
    tx[:, 2] = np.maximum(tx[:, 2], MIN_HEIGHT_M)
    rx[:, 2] = np.maximum(rx[:, 2], MIN_HEIGHT_M)
    middle, offset = 0.5 * (tx + rx), rx - tx
    back = (offset[:, 0] < 0.0) | ((offset[:, 0] == 0.0) & (offset[:, 1] < 0.0))
    offset[back] *= -1.0
    slant = 0.25 / (middle[:, 2] + np.median(ground.reach_m))
    return Heads(middle[:, :2], offset, middle[:, 2], slant)


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """Soundings that share a kernel, that of antennas at one offset and height.

    Attributes
    ----------
    offset_m, height_m
        (3,) and a number: the kernel's antennas.
    rows : (m,)
        Which soundings.
    midpoint_m : (m, 2)
    weight, delay_s : (m,)
        Part each sounding has in this kernel, and by how much it is to be advanced.
    """

    offset_m: NDArray[np.float64]
    height_m: float
    rows: NDArray[np.intp]
    midpoint_m: NDArray[np.float64]
    weight: NDArray[np.float64]
    delay_s: NDArray[np.float64]


def sort_heads(
    heads: Heads, rows: NDArray[np.intp], offset_step_m: float, top_hz: float, tolerance: float
) -> list[Kind]:
    """Sort soundings by offset and height."""
    if rows.size == 0:
        return []
    offset, height = heads.offset_m[rows], heads.height_m[rows]
    bands = max(1, math.ceil(float(np.ptp(height)) / HEIGHT_BAND_M))
    band = np.minimum((height - height.min()) * (bands / max(float(np.ptp(height)), 1e-9)), bands - 1)
    steps = np.array([offset_step_m, offset_step_m, TILT_STEP_M])
    key = np.column_stack([np.rint(offset / steps), np.floor(band)]).astype(np.int64)
    key -= key.min(axis=0)
    _, group = np.unique(np.ravel_multi_index(key.T, key.max(axis=0) + 1), return_inverse=True)
    kinds = []
    for g in range(group.max() + 1):
        inside = np.flatnonzero(group.ravel() == g)
        mean = offset[inside].mean(axis=0)
        mean[np.abs(mean) < FLAT_M] = 0.0
        h = height[inside]
        excess = offset[inside, 2] - mean[2]
        at = heads.midpoint_m[rows[inside]] - (offset[inside, :2].T * (excess * heads.slant[rows[inside]])).T
        for node, weight in _interpolation(h, 4.0 * math.pi * COSINE_RANGE * top_hz / C0_M_S, tolerance):
            delay = 2.0 * MEAN_COSINE * (h - node) / C0_M_S
            low = max(node, 0.5 * abs(mean[2]) + 0.5 * MIN_HEIGHT_M)
            kinds.append(Kind(mean, low, rows[inside], at, weight, delay))
    return kinds


def _interpolation(
    h: NDArray[np.float64], rate_rad_m: float, tolerance: float
) -> list[tuple[float, NDArray[np.float64]]]:
    """Chebyshev nodes over the heights and Lagrange's polynomials there: functions turn by ``rate_rad_m``."""
    low, high = float(h.min()), float(h.max())
    half = 0.5 * (high - low)
    count = 1
    while half > 0.0 and 2.0 * (0.5 * rate_rad_m * half) ** count / math.factorial(count) > tolerance:
        count += 1
    if count == 1:
        return [(0.5 * (low + high), np.ones(h.size))]
    node = 0.5 * (low + high) - half * np.cos(np.pi * (np.arange(count) + 0.5) / count)
    out = []
    for q in range(count):
        others = np.delete(node, q)
        out.append((float(node[q]), np.prod((h[:, None] - others) / (node[q] - others), axis=1)))
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Tones:
    """The traces as sums of few tones that hold over the times of the volume only.

    Attributes
    ----------
    frequency_hz, field : (j,)
        Field: image, fold (one tone at 0 Hz) or energy.
    value : (n, j) complex64
    top_hz
        Highest frequency of the radar.
    end_s
        End of the traces.
    """

    frequency_hz: NDArray[np.float64]
    field: NDArray[np.int64]
    value: NDArray[np.complex64]
    top_hz: float
    end_s: float

    def cut_rad_m(self, ground: GroundSlices) -> NDArray[np.float64]:
        """Highest horizontal wavenumber of each tone: beyond it nothing propagates in air."""
        top = 4.0 * math.pi * self.top_hz / C0_M_S
        k = 4.0 * math.pi * np.abs(self.frequency_hz) / C0_M_S
        blur = np.where(self.field == ENERGY, 2.0, 1.0) * TAPER_BLUR / float(ground.radius_m.min())
        return np.where(self.field == FOLD, top, np.minimum(k + blur, top))


def compress(traces: Traces, unit: float, heads: Heads, ground: GroundSlices) -> Tones:
    """Fit the traces, over the times that the volume asks for, by as many tones as those times can tell apart."""
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    low, high = float(traces.frequency_hz[0]), float(traces.frequency_hz[-1])
    samples = traces.values.shape[1]
    end = (samples - 1) * traces.dt_s
    first, last = _two_way_range(heads, ground)
    stop = min(samples, math.ceil(last / traces.dt_s) + 2)
    start = max(0, min(math.floor(first / traces.dt_s) - 1, stop - 2))
    t = traces.dt_s * np.arange(start, stop)
    step = 1.0 / (STRETCH * (t[-1] - t[0]))
    f = np.arange(math.floor(low / step) - GUARD_TONES, math.ceil(high / step) + GUARD_TONES + 1) * step
    g = np.arange(math.ceil((high - low) / step) + GUARD_TONES + 1) * step
    phase = 2.0 * np.pi * t[:, None] * g
    over_image, over_energy = np.exp(2j * np.pi * t[:, None] * f), np.hstack([np.cos(phase), np.sin(phase)])
    tones = np.ones((len(traces.values), f.size + 1 + g.size), np.complex64)

    def fit(begin: int) -> None:
        rows = slice(begin, begin + ROWS_PER_TASK)
        values = traces.values[rows, start:stop] / np.float32(unit)
        tones[rows, : f.size] = values @ to_image
        fitted = (values.real**2 + values.imag**2) @ to_energy
        tones[rows, f.size + 1 :].real = fitted[:, : g.size]
        tones[rows, f.size + 1 :].imag = -fitted[:, g.size :]

    # a product split over two threads is not the same to the last bit: each task has its own rows and one thread
    with threadpool_limits(1), ThreadPoolExecutor(numba.get_num_threads()) as pool:
        to_image, to_energy = _fit(over_image).T, _fit(over_energy).T
        list(pool.map(fit, range(0, len(tones), ROWS_PER_TASK)))
    return Tones(
        np.concatenate([f, [0.0], g]),
        np.concatenate([np.full(f.size, IMAGE), [FOLD], np.full(g.size, ENERGY)]),
        tones,
        high,
        end,
    )


def _fit(basis: NDArray[Any]) -> NDArray[Any]:
    """Least-squares inverse (tones, times) in single precision."""
    return np.linalg.pinv(basis, rcond=1e-3).astype(np.complex64 if np.iscomplexobj(basis) else np.float32)


def _two_way_range(heads: Heads, ground: GroundSlices) -> tuple[float, float]:
    """Earliest and latest time of the volume within the aperture."""
    rays = np.empty((3, _wave_kernels.RAYS))
    half = 0.5 * float(np.hypot(heads.offset_m[:, 0], heads.offset_m[:, 1]).max())
    top = float((heads.height_m + 0.5 * np.abs(heads.offset_m[:, 2])).max())
    last = 0.0
    for iz in range(ground.depth_m.size):
        a = float(ground.radius_m[iz])
        _wave_kernels.trace_rays(top, ground.thickness_m[iz], ground.index, C0_M_S, a + half, *rays)
        legs = [_wave_kernels.ray_time(r, *rays) for r in (a + half, abs(a - half), math.hypot(a, half))]
        last = max(last, legs[0] + legs[1], 2.0 * legs[2])
    height = heads.height_m - 0.5 * np.abs(heads.offset_m[:, 2])
    first = 2.0 * (float(height.min()) + float(ground.depth_m.min())) / C0_M_S
    return first, last
