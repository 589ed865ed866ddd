"""Attributes of analytic traces: envelope, phase, frequency, bandwidth, sweetness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._traces import Traces

    Real = NDArray[np.float64]

Attribute = Literal["amplitude", "envelope", "phase", "frequency", "bandwidth", "sweetness"]
ATTRIBUTE_UNITS = {
    "amplitude": "1",
    "envelope": "1",
    "phase": "rad",
    "frequency": "Hz",
    "bandwidth": "Hz",
    "sweetness": "s^0.5",
}
QUIET = 1e-3
"""Below this part of a trace's largest envelope phase and frequency are those of side lobes: not told."""


def attribute(
    traces: Traces, *, name: Attribute = "amplitude", window_s: float = 0.5e-9
) -> NDArray[np.floating[Any]]:
    """One attribute of all traces z(t) = A exp(i phi) (Taner, Koehler and Sheriff 1979).

    - "amplitude": the real trace; "envelope": A; "phase": phi, wrapped.
    - "frequency": (1/2pi) Im(z* z') / |z|^2, both smoothed over ``window_s`` first: the mean of the
      instantaneous frequency weighted with energy, which has no spikes where the envelope vanishes (Barnes 1993).
    - "bandwidth": (1/2pi) |d ln A / dt|, the spread about that frequency, as root of the energy-weighted mean
      square.
    - "sweetness": envelope over the root of the frequency: strong and low, as Radovich and Oliveros (1998) use it.

    Parameters
    ----------
    traces
        n traces of t samples.
    name
        Which one, as above.
    window_s
        Full width of the Hann window of the energy-weighted means.

    Returns
    -------
    (n, t) float32 or float64
        In :data:`ATTRIBUTE_UNITS`: the amplitude as the traces are, all others in double precision. Phase,
        frequency, bandwidth and sweetness are NaN where a trace is silent.

    References
    ----------
    Taner, M. T., Koehler, F. and Sheriff, R. E. (1979). Complex seismic trace analysis. Geophysics 44, 1041-1063.

    Barnes, A. E. (1993). Instantaneous spectral bandwidth and dominant frequency with applications to seismic
    reflection data. Geophysics 58, 419-428.

    Radovich, B. J. and Oliveros, R. B. (1998). 3-D sequence interpretation of seismic instantaneous attributes
    from the Gorgon field. The Leading Edge 17, 1286-1293.
    """
    if name == "amplitude":
        return traces.values.real.copy()
    z = traces.values.astype(np.complex128)
    envelope = np.abs(z)
    if name == "envelope":
        return envelope
    silent = envelope <= QUIET * envelope.max(axis=1, keepdims=True, initial=0.0)
    if name == "phase":
        return np.where(silent, np.nan, np.angle(z))
    energy = _mean(envelope**2, window_s / traces.dt_s)
    slope = _slope(z, traces.dt_s)
    turning = z.conj() * slope
    floor = np.maximum(energy, np.finfo(float).tiny)
    frequency = _mean(turning.imag, window_s / traces.dt_s) / floor / (2.0 * np.pi)
    if name == "frequency":
        return np.where(silent, np.nan, frequency)
    if name == "bandwidth":
        change = np.divide(turning.real, envelope, out=np.zeros_like(envelope), where=envelope > 0.0)
        spread = np.sqrt(_mean(change**2, window_s / traces.dt_s) / floor) / (2.0 * np.pi)
        return np.where(silent, np.nan, spread)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(silent | (frequency <= 0.0), np.nan, envelope / np.sqrt(frequency))


def _slope(z: NDArray[np.complex128], dt_s: float) -> NDArray[np.complex128]:
    """Time derivative from the turn and the growth between neighbours: exact for a single tone."""
    if z.shape[1] < 3:
        return np.zeros_like(z)
    out = np.zeros_like(z)
    before, after = z[:, :-2] * z[:, 1:-1].conj(), z[:, 2:] * z[:, 1:-1].conj()
    nonzero = (np.abs(before) > 0.0) & (np.abs(after) > 0.0)
    growth = np.zeros_like(after)
    growth[nonzero] = 0.5 * (np.log(after[nonzero]) - np.log(before[nonzero])) / dt_s
    out[:, 1:-1] = z[:, 1:-1] * growth
    out[:, 0], out[:, -1] = z[:, 0] * growth[:, 0], z[:, -1] * growth[:, -1]
    return out


def _mean(values: Real, width: float) -> Real:
    from scipy.ndimage import correlate1d  # noqa: PLC0415

    half = max(1, round(0.5 * width))
    weight = np.cos(0.5 * np.pi * np.arange(-half, half + 1) / (half + 1)) ** 2
    mean: Real = correlate1d(values, weight / weight.sum(), axis=1, mode="constant")
    return mean
