"""Whether a sensor's stream is more than noise: one that hears nothing must not make the ground look empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOISE_ONLY = 0.6
"""From here :func:`noise_share` tells a dead sensor; those that work stay below 0.1 on every scan we have."""
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
        own = values[channel == c]
        if own.shape[0] < MIN_SAMPLES:
            continue
        largest = np.abs(own).max(axis=0)
        own = own / np.where(largest > 0.0, largest, 1.0)  # squares of any unit, then, are numbers
        away = _clipped(np.abs(own - np.median(own.real, axis=0) - 1j * np.median(own.imag, axis=0)))
        step = _clipped(np.abs(np.diff(own, axis=0)))
        varies = away > 0.0
        if varies.any():
            shares.append(float(np.mean(0.5 * step[varies] / away[varies])))
    return min(shares, default=0.0)


def _clipped(size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean square of each column, outliers held back."""
    typical = np.median(size, axis=0)
    limit = np.where(typical > 0.0, CLIP * typical, np.inf)
    mean: NDArray[np.float64] = (np.minimum(size, limit) ** 2).mean(axis=0)
    return mean
