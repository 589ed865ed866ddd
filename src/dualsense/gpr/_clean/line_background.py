"""The background of a line recorded with antennas on the ground: a median over time, not over tones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._soundings import Soundings

SAMPLES_PER_PERIOD = 4
MAX_ROWS = 1200
"""Rows of one block of the moving median; of a denser window every second, third, ... trace is enough."""


def remove_line_background(
    soundings: Soundings, along_m: NDArray[np.float64], *, radius_m: float = 1.0
) -> Soundings:
    """Subtract from each trace the median over time of the traces within a radius along the line.

    Antennas that touch the ground hear their coupling and the surface as one, the same everywhere. At any one time
    the arms of a hyperbola pass a small part of the traces, which the median over time ignores even where bar lies
    beside bar; a mean, or a median over the tones of the spectra, would take their average away from each of them.

    Parameters
    ----------
    soundings
        n soundings over evenly spaced frequencies; with others the medians are those of their tones.
    along_m : (n,)
        Position along the line.
    radius_m
        Half-width of the window; well above the width of the hyperbolas.

    Returns
    -------
    Soundings
    """
    f, spectrum = soundings.frequency_hz, soundings.spectrum
    step = float(np.diff(f).mean()) if f.size > 1 else 0.0
    even = step > 0.0 and bool(np.ptp(np.diff(f)) <= 1e-6 * step)
    values: NDArray[Any] = spectrum
    tones, size = np.zeros(0, np.intp), 0
    if even:
        tones = round(float(f[0]) / step) + np.arange(f.size)
        size = SAMPLES_PER_PERIOD * int(tones[-1])
        whole = np.zeros((len(spectrum), size // 2 + 1), np.complex128)
        whole[:, tones] = spectrum
        values = np.fft.irfft(whole, size, axis=1)
    out = np.empty_like(values)
    for c in np.unique(soundings.channel):
        rows = np.flatnonzero(soundings.channel == c)
        own = values[rows]
        out[rows] = own.real - _moving_median(own.real, along_m[rows], radius_m)
        if not even:
            out[rows] += 1j * (own.imag - _moving_median(own.imag, along_m[rows], radius_m))
    if even:
        out = np.fft.rfft(out, axis=1)[:, tones]
    return replace(soundings, spectrum=out)


def _moving_median(
    values: NDArray[np.float64], along_m: NDArray[np.float64], radius_m: float
) -> NDArray[np.float64]:
    """Medians within the radius at knots a quarter of it apart, interpolated between them."""
    knots = np.linspace(along_m.min(), along_m.max(), max(2, int(np.ptp(along_m) / (0.25 * radius_m)) + 1))
    at = np.empty((knots.size, values.shape[1]))
    order = np.argsort(along_m, kind="stable")
    for k, knot in enumerate(knots):
        distance = np.abs(along_m[order] - knot)
        near = order[distance <= max(radius_m, float(distance.min()))]
        at[k] = np.median(values[near[:: max(1, -(-near.size // MAX_ROWS))]], axis=0)
    place = np.interp(along_m, knots, np.arange(knots.size))
    low = np.minimum(place.astype(np.intp), knots.size - 2)
    w = (place - low)[:, None]
    result: NDArray[np.float64] = at[low] * (1.0 - w) + at[low + 1] * w
    return result
