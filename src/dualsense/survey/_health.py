"""Whether a sensor's stream is more than noise: one that hears nothing must not make the ground look empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOISE_ONLY = 0.6
"""From here :func:`noise_share` tells a dead sensor; those that work stay below 0.1 on every scan we have."""
COLUMNS = 32
"""Of more columns about so many, evenly chosen, are asked first; all of them where those may tell of noise."""
CLIP = 10.0
MIN_SAMPLES = 12


def noise_share(values: NDArray[Any], channel: NDArray[np.intp]) -> float:
    """Variation from one sample to the next over the variation within the scan: 1 for white noise.

    A working sensor follows the ground, its own drift and the head's height, which change slowly from sample to
    sample. The half mean square of successive differences over the variance is von Neumann's ratio (1941), here
    pooled over columns of equal weight, and with single samples held back to ten times the typical deviation.

    Parameters
    ----------
    values : (n, k) real or complex
        Samples in order of time by frequency, gate or channel of the response; finite.
    channel : (n,)
        Antenna or coil pair of each sample.

    Returns
    -------
    float
        The lowest of all channels with enough samples; 0 when none has.
    """
    shares = []
    for c in np.unique(channel):
        own = values if (channel == c).all() else values[channel == c]
        if own.shape[0] < MIN_SAMPLES:
            continue
        every = max(1, own.shape[1] // COLUMNS)
        share = _share(own[:, ::every])
        if every > 1 and not share < 0.5 * NOISE_ONLY:
            share = _share(own)
        if np.isfinite(share):
            shares.append(share)
    return min(shares, default=0.0)


def _share(values: NDArray[Any]) -> float:
    """Share of one channel's samples (n, k); NaN where nothing varies."""
    own = np.ascontiguousarray(values.T)  # each column by itself, where medians are found faster
    largest = np.abs(own).max(axis=1, keepdims=True)
    own = own / np.where(largest > 0.0, largest, 1.0)  # squares of any unit, then, are numbers
    middle = np.median(own.real, axis=1, keepdims=True)
    if np.iscomplexobj(own):
        middle = middle + 1j * np.median(own.imag, axis=1, keepdims=True)
    away = _clipped(np.abs(own - middle))
    step = _clipped(np.abs(np.diff(own, axis=1)))
    varies = away > 0.0
    return float(np.mean(0.5 * step[varies] / away[varies])) if varies.any() else float("nan")


def _clipped(size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean square (k,) of each row of sizes (k, n), outliers held back."""
    typical = np.median(size, axis=1, keepdims=True)
    limit = np.where(typical > 0.0, CLIP * typical, np.inf)
    mean: NDArray[np.float64] = (np.minimum(size, limit) ** 2).mean(axis=1)
    return mean
