"""Filters over frequency: band-pass, whitening, Wiener and predictive deconvolution.

Each multiplies the spectra of a channel's soundings with one transfer function, so that what differs from sounding
to sounding stays, and what they take from a target follows from the spectrum alone: :func:`spectral_loss`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from dualsense.errors import ScanError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dualsense.gpr._soundings import Soundings

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

TINY = np.finfo(float).tiny


def bandpass(
    soundings: Soundings,
    *,
    shape: Literal["cosine", "butterworth"] = "cosine",
    low_hz: float = 0.5e9,
    high_hz: float = 3.5e9,
    taper_hz: float = 0.2e9,
    order: int = 4,
) -> Soundings:
    """Keep a band, with zero phase.

    "cosine" is 1 from ``low_hz`` to ``high_hz`` and falls to 0 over ``taper_hz`` outside of it as
    (1 + cos(pi u))/2. "butterworth" is the squared magnitude of Butterworth's filters of that order, as of a
    pass forwards and one backwards: 1/(1 + (low/f)^2n)/(1 + (f/high)^2n), one half at both corners.

    Parameters
    ----------
    soundings
        n soundings over k frequencies.
    shape
        "cosine" or "butterworth".
    low_hz, high_hz
        Corners of the band.
    taper_hz
        cosine: width of its edges.
    order
        butterworth: its order.

    Returns
    -------
    Soundings

    Raises
    ------
    ScanError
        When the band has no width, or holds none of the frequencies.
    """
    if not 0.0 <= low_hz < high_hz:
        msg = f"a band-pass needs 0 <= low_hz < high_hz, got {low_hz:.4g} and {high_hz:.4g}"
        raise ScanError(msg)
    f = soundings.frequency_hz
    if shape == "cosine":
        outside = np.maximum(np.maximum(low_hz - f, f - high_hz), 0.0)
        u = np.minimum(outside / taper_hz, 1.0) if taper_hz > 0.0 else (outside > 0.0).astype(np.float64)
        gain = 0.5 * (1.0 + np.cos(np.pi * u))
    else:
        gain = 1.0 / (1.0 + (low_hz / f) ** (2 * order)) / (1.0 + (f / high_hz) ** (2 * order))
    if f.size and gain.max() < 1e-3:
        msg = f"the band-pass of {low_hz:.4g} to {high_hz:.4g} Hz leaves nothing of {f[0]:.4g} to {f[-1]:.4g} Hz"
        raise ScanError(msg)
    return replace(soundings, spectrum=soundings.spectrum * gain)


def whiten_spectrum(soundings: Soundings, *, smoothing_hz: float = 0.3e9, floor: float = 0.05) -> Soundings:
    """Give all frequencies the same mean amplitude, with zero phase.

    Divided by the root mean square over a channel's soundings, smoothed over frequency by a Gaussian and never
    below ``floor`` of its largest value. Notches of the band become as strong as the rest, and so does their
    noise.

    Parameters
    ----------
    soundings
        n soundings over k frequencies.
    smoothing_hz
        Standard deviation of the smoothing; 0 does without.
    floor
        Relative to the largest value.

    Returns
    -------
    Soundings
        Whose mean energy is that of the input.
    """

    def gain(spectrum: Complex) -> Real:
        level = np.sqrt(_smooth((np.abs(spectrum) ** 2).mean(axis=0), soundings.frequency_hz, smoothing_hz))
        level = np.maximum(level, floor * level.max())
        return _same_energy(level.max() / level, spectrum)

    return _by_channel(soundings, gain)


def wiener(
    soundings: Soundings, *, wavelet: Complex | None = None, gate_s: float = 1.2e-9, noise: float = 0.1
) -> Soundings:
    """Compress a known or estimated wavelet W to a zero-phase pulse: W*/(|W|^2 + noise^2 mean |W|^2).

    Without a wavelet, that of the strongest arrival that a channel's soundings have in common is taken, which is
    the direct wave: the mean trace within ``gate_s`` about the peak of its envelope, with that peak as its time
    zero. So arrivals keep their times.

    Parameters
    ----------
    soundings
        Over frequency.
    wavelet : (k,), optional
        Spectrum of the wavelet over ``soundings.frequency_hz``; its phase is taken out as it is.
    gate_s
        Full width of the Hann window about the arrival.
    noise
        Amplitude of the noise relative to the wavelet's mean level: holds back frequencies without signal.

    Returns
    -------
    Soundings
        In the wavelet's units: an echo like the wavelet itself becomes 1.

    Raises
    ------
    ScanError
        When the wavelet has not one value per frequency.
    """
    if wavelet is not None and wavelet.shape != soundings.frequency_hz.shape:
        msg = (
            f"a wavelet needs one value for each of {soundings.frequency_hz.size} frequencies, got {wavelet.shape}"
        )
        raise ScanError(msg)

    def gain(spectrum: Complex) -> Complex:
        w = estimate_wavelet(spectrum, soundings.frequency_hz, gate_s) if wavelet is None else wavelet
        power = np.abs(w) ** 2
        return w.conj() / np.maximum(power + noise**2 * power.mean(), TINY)

    return _by_channel(soundings, gain)


def spiking(
    soundings: Soundings, *, length_s: float = 2e-9, gap_s: float = 0.0, prewhitening: float = 0.01
) -> Soundings:
    """Predictive deconvolution: subtract what the past of a trace foretells.

    The band is taken down to zero frequency and sampled at its width B, so lags are multiples of 1/B. A channel's
    mean autocorrelation r gives the prediction filter a by the Hermitian Toeplitz equations r_(i-j) a_j = r_(i+g),
    solved by Levinson's recursion; the spectra are multiplied with 1 - sum a_j exp(-2 pi i f (j + g)/B). With a
    gap of one lag it shortens a minimum-phase wavelet to a spike; with a longer one it leaves the first ``gap_s``
    of the wavelet as it is and takes out what repeats itself later, such as ringing (Peacock and Treitel 1969).

    Parameters
    ----------
    soundings
        n soundings over k frequencies.
    length_s
        Length of the filter.
    gap_s
        Prediction distance; less than one lag is one lag: spiking.
    prewhitening
        Added to the autocorrelation at lag zero, relative.

    Returns
    -------
    Soundings

    Raises
    ------
    ScanError
        When the gap is longer than the tones can tell apart.

    References
    ----------
    Peacock, K. L. and Treitel, S. (1969). Predictive deconvolution: theory and practice. Geophysics 34, 155-169.
    """
    f = soundings.frequency_hz
    if f.size < 3:
        return soundings
    from scipy.linalg import solve_toeplitz  # noqa: PLC0415

    spacing = float(np.median(np.diff(f)))
    width = float(f[-1] - f[0]) + spacing
    gap = max(1, round(gap_s * width))
    count = int(np.clip(round(length_s * width), 1, f.size - gap - 1)) if f.size > gap + 2 else 0
    if count == 0:
        msg = f"a gap of {gap_s:.4g} s is too long for {f.size} frequencies over {width:.4g} Hz"
        raise ScanError(msg)
    turn = np.exp(2j * np.pi * np.outer(np.arange(gap + count), (f - f[0]) / width))

    def gain(spectrum: Complex) -> Complex:
        power = (np.abs(spectrum) ** 2).mean(axis=0)
        r = (turn @ (power * np.gradient(f))) / (power @ np.gradient(f))
        column = r[:count].copy()
        column[0] = r[0].real * (1.0 + prewhitening)
        a = solve_toeplitz((column, column.conj()), r[gap : gap + count])
        error: Complex = 1.0 - a @ turn[gap : gap + count].conj()
        return error

    return _by_channel(soundings, gain)


def estimate_wavelet(spectrum: Complex, frequency_hz: Real, gate_s: float) -> Complex:
    """Spectrum (k,) of the strongest arrival that soundings (n, k) share, its envelope's peak at time zero.

    Parameters
    ----------
    spectrum : (n, k)
        Of soundings of one channel.
    frequency_hz : (k,)
    gate_s
        Full width of the Hann window about the arrival.

    Returns
    -------
    (k,) complex128
    """
    mean = spectrum.mean(axis=0)
    if frequency_hz.size < 2 or not mean.any():
        return mean
    weight = np.gradient(frequency_hz)
    step = 0.25 / float(frequency_hz[-1] - frequency_hz[0])
    period = 1.0 / float(np.diff(frequency_hz).max())
    t = step * np.arange(int(np.ceil(period / step)))
    t0 = 0.0
    for times in (t, np.linspace(-step, step, 65)):
        trace = np.exp(2j * np.pi * np.outer(t0 + times, frequency_hz)) @ (mean * weight)
        t0 += float(times[int(np.argmax(np.abs(trace)))])
    near = t0 + np.arange(-0.5 * gate_s, 0.5 * gate_s + 0.5 * step, step)
    kernel = np.exp(2j * np.pi * np.outer(near, frequency_hz))
    gated = (kernel @ (mean * weight)) * np.cos(np.pi * (near - t0) / gate_s) ** 2
    wavelet: Complex = kernel.conj().T @ gated * step
    return wavelet * np.exp(2j * np.pi * frequency_hz * t0)


def spectral_loss(before: Soundings, after: Soundings) -> float:
    """Part of the energy that a filter over frequency took from a target that reflects all frequencies alike.

    The transfer function is what the spectra of ``after`` are of those of ``before``, least squares per frequency;
    a filter that amplifies has a loss of 0.

    Parameters
    ----------
    before, after
        n soundings over k frequencies, and what a filter over frequency has made of them.

    Returns
    -------
    float
        0 where nothing is lost, 1 where all of it is.
    """
    cross = (after.spectrum * before.spectrum.conj()).sum(axis=0)
    power = (np.abs(before.spectrum) ** 2).sum(axis=0)
    present = power > 0.0
    if not present.any():
        return 0.0
    weight = np.gradient(before.frequency_hz)[present] if present.size > 1 else np.ones(1)
    gain = np.abs(cross[present] / power[present]) ** 2
    return float(np.clip(1.0 - np.average(gain, weights=weight), 0.0, 1.0))


def _by_channel(soundings: Soundings, gain: Callable[[Complex], Complex | Real]) -> Soundings:
    out = soundings.spectrum.copy()
    for c in np.unique(soundings.channel):
        rows = soundings.channel == c
        if out[rows].any():
            out[rows] *= gain(out[rows])
    return replace(soundings, spectrum=out)


def _same_energy(gain: Real, spectrum: Complex) -> Real:
    power = (np.abs(spectrum) ** 2).sum(axis=0)
    scaled: Real = gain * np.sqrt(power.sum() / (gain**2 @ power))
    return scaled


def _smooth(values: Real, axis: Real, std: float) -> Real:
    """Gaussian mean over a possibly uneven axis."""
    if std <= 0.0 or axis.size < 2:
        return values
    weight = np.exp(-0.5 * ((axis[:, None] - axis) / std) ** 2) * np.gradient(axis)
    smooth: Real = weight @ values / weight.sum(axis=1)
    return smooth
