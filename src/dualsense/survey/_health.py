"""Whether a sensor's stream is more than noise: one that hears nothing must not make the ground look empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOISE_ONLY = 0.6
"""From here :func:`noise_share` tells a dead sensor; those that work stay below 0.1 on every scan we have."""
ROWS = 256
"""Of more samples about so many, evenly chosen, tell where a column's middle is and how far it swings."""
CLIP = 10.0
MIN_SAMPLES = 12


def noise_share(values: NDArray[Any], channel: NDArray[np.intp]) -> float:
    """Variation from one sample to the next over the variation within the scan: 1 for white noise.

    A working sensor follows the ground, its own drift and the head's height, which change slowly from sample to
    sample. The half mean square of successive differences over the mean square about the middle is von Neumann's
    ratio (1941), here the mean over all columns, in units of each one's swing and with single samples held back
    to ten times of it: one column that jumps must not make the noise of the others look like a signal.

    Parameters
    ----------
    values : (n, k) real or complex
        Samples in order of time by frequency, gate or channel of the response; columns that are not finite are
        left out.
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
        share = _share(own)
        if np.isfinite(share):
            shares.append(share)
    return min(shares, default=0.0)


def _share(values: NDArray[Any]) -> float:
    """Share of one channel's samples (n, k), the mean over its columns; NaN where nothing varies."""
    finite = np.isfinite(values).all(axis=0)
    values = values if finite.all() else values[:, finite]
    largest = np.abs(values).max(axis=0)
    own = values / np.where(largest > 0.0, largest, 1.0)  # squares of any unit, then, are numbers
    some = np.ascontiguousarray(own[:: max(1, len(own) // ROWS)].T)  # each column by itself: medians are faster
    middle = np.median(some.real, axis=1)
    if np.iscomplexobj(own):
        middle = middle + 1j * np.median(some.imag, axis=1)
    away = np.abs(some - middle[:, None])
    own -= middle
    swing = np.sqrt((_held(away, np.median(away, axis=1, keepdims=True)) ** 2).mean(axis=1))
    swing = np.where(swing > 0.0, swing, np.sqrt((np.abs(own) ** 2).mean(axis=0)))
    varies = swing > 0.0
    if not varies.any():
        return float("nan")
    own = own if varies.all() else own[:, varies]
    own /= swing[varies]
    return float(np.mean(0.5 * _energy(np.diff(own, axis=0)) / _energy(own)))


def _energy(values: NDArray[Any]) -> NDArray[np.float64]:
    """Mean square (k,) of each column of values (n, k), no sample more than ten times the column's swing."""
    square = values.real**2 + values.imag**2 if np.iscomplexobj(values) else values**2
    energy: NDArray[np.float64] = np.minimum(square, CLIP**2).mean(axis=0)
    return energy


def _held(size: NDArray[np.float64], typical: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    """Sizes of at most ten times what is typical, where that is known."""
    return np.minimum(size, np.where(typical > 0.0, CLIP * typical, np.inf))
