"""What the metal detector adds to the ground's voltage: imbalance, drift, overload, thermal noise and hum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dualsense.simulate import _motion as motion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._scene.handling import Noise
    from dualsense.simulate._scene.instrument import Detector

HARMONICS: Final = 99
"""Odd ones up to here; their flux falls as the square of their number (assumed), as a triangle's does."""
_MOMENTS = 509
"""At which a voltage is looked at for clipping: spread over many periods of every tone."""
_GOLDEN = 0.6180339887498949
_ROWS = 2000


def record_voltage(
    clean: NDArray[Any],
    detector: Detector,
    noise: Noise,
    track: motion.Track,
    time_s: NDArray[np.float64],
    rng: np.random.Generator,
) -> NDArray[Any]:
    """Response of one coil as it is written, but for `mains_hum`: off balance, drifting, clipped, noisy.

    Parameters
    ----------
    clean : (m, k) complex128 or float64
        Without noise, V/A.
    detector, noise
        Whose amplifier clips, and what is added.
    track
        Of the whole sweep, over which drifts are drawn.
    time_s : (m,)
        Of the samples.
    rng
        Draws drift, offset and noise.

    Returns
    -------
    (m, k)
        V/A; NaN where a clipped sample is written as missing.
    """
    (cold,) = rng.spawn(1)
    scale = _scale(detector, noise)
    parts = 2 if np.iscomplexobj(clean) else 1
    slow, white = np.zeros((parts, *clean.shape)), np.empty((parts, *clean.shape))
    for part in range(parts):
        slow[part] += noise.emi_offset * rng.normal(size=clean.shape[1])
        for k in range(clean.shape[1]):
            slow[part, :, k] += noise.emi_drift_std * motion.slow_drift(track, time_s, noise.drift_time_s, rng=rng)
        white[part] = rng.normal(size=clean.shape)
    warming = noise.emi_warm_up_std * cold.normal(size=(parts, 1, clean.shape[1]))
    slow += warming * motion.warm_up(time_s, noise)[:, None]
    entering = clean + scale * _joined(slow)
    out = clip_voltage(entering, detector) + scale * _joined(white)
    if detector.overload_missing:
        out[may_clip(entering, detector)] = np.nan
    return out


def may_clip(values: NDArray[Any], detector: Detector) -> NDArray[np.bool_]:
    """Tell the samples (m,) whose voltage may reach the amplifier's limit."""
    limit = detector.overload_v_per_a
    if limit is None:
        return np.zeros(len(values), dtype=np.bool_)
    size = np.abs(values)
    out: NDArray[np.bool_] = (size.max(axis=1) if detector.modality == "pulse" else size.sum(axis=1)) > limit
    return out


def clip_voltage(values: NDArray[Any], detector: Detector) -> NDArray[Any]:
    """Clip the receiver's voltage (m, k), and demodulate what is left of it.

    All tones pass one amplifier, so that a strong one takes from the others and leaves traces in them. For a
    single tone of amplitude A and limit L = r A this is the describing function of a limiter,
    (2 / pi) (asin r + r sqrt(1 - r^2)) (Gelb and Vander Velde 1968). A gate's mean is clipped as it is.
    """
    limit, rows = detector.overload_v_per_a, np.flatnonzero(may_clip(values, detector))
    if limit is None or not len(rows):
        return values
    out = values.copy()
    if detector.modality == "pulse":
        out[rows] = values[rows].clip(-limit, limit)
        return out
    frequency = np.array(detector.frequency_hz)
    apart = np.diff(frequency, prepend=0.0).min()
    moment = 16 / apart * np.mod(_GOLDEN * np.arange(_MOMENTS), 1.0)
    angle = 2 * np.pi * np.outer(frequency, moment)
    wave = np.concatenate([np.cos(angle), -np.sin(angle)])
    back = np.linalg.pinv(wave)
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        amplitude = np.concatenate([values[some].real, values[some].imag], axis=1)
        left = (amplitude @ wave).clip(-limit, limit) @ back
        out[some] = left[:, : len(frequency)] + 1j * left[:, len(frequency) :]
    return out


def mains_hum(
    time_s: NDArray[np.float64], detector: Detector, noise: Noise, *, rng: np.random.Generator
) -> NDArray[Any]:
    """Compute what the public supply leaves in the samples (m, k), at one ampere of transmitter current.

    A harmonic of voltage V cos(2 pi h f t + p) at tone F, demodulated over one interval T, leaves
    V e^{i p} sinc((h f - F) T) e^{i 2 pi (h f - F) t} and its image at -h f, and so an alias at h f - F modulo the
    rate of the samples. A pulse detector's mean over T is the same with F = 0.
    """
    supply_hz = noise.mains_hz + noise.mains_std_hz * float(rng.normal())
    h = np.arange(1, HARMONICS + 1, 2)
    phase = rng.uniform(0.0, 2 * np.pi, len(h))
    area = np.pi * detector.rx_radius_m**2 * abs(detector.rx_turns)
    volts = 2 * np.pi * supply_hz * noise.mains_field_t * area / h
    interval = 1 / detector.rate_hz
    tones = np.array(detector.frequency_hz if detector.modality == "frequency" else (0.0,))
    out = np.zeros((len(time_s), len(tones)), dtype=np.complex128)
    first = np.exp(2j * np.pi * supply_hz * time_s)
    wave = np.empty((len(h), len(time_s)), np.complex128)  # the odd harmonics: a product of steps
    wave[0], wave[1:] = first, first**2
    np.multiply.accumulate(wave, axis=0, out=wave)
    for sign, turning in ((1, wave), (-1, wave.conj())):
        line = sign * h * supply_hz
        share = (volts * np.exp(1j * sign * phase))[:, None] * np.sinc((line[:, None] - tones) * interval)
        out += turning.T @ share
    if detector.modality == "frequency":
        return out * np.exp(-2j * np.pi * np.outer(time_s, tones))
    return np.repeat(0.5 * out.real, len(detector.gate_time_s), axis=1)


def _scale(detector: Detector, noise: Noise) -> NDArray[np.float64]:
    """Give the standard deviation (k,) of a sample's noise, V/A."""
    if detector.modality == "frequency":
        hertz = np.array(detector.frequency_hz)
    else:
        # V = omega dPhi by frequency; over a gate the difference of the flux at its two ends, over its length
        hertz = np.sqrt(2.0) / (2 * np.pi * np.diff(np.array(detector.gate_time_s), axis=1)[:, 0])
    out: NDArray[np.float64] = noise.emi_std_v_per_hz * hertz * abs(detector.tx_turns * detector.rx_turns)
    return out


def _joined(parts: NDArray[np.float64]) -> NDArray[Any]:
    """Real and imaginary part as one, or the real one alone."""
    return parts[0] + 1j * parts[1] if len(parts) == 2 else parts[0]
