"""From spectra to analytic traces: whitening by the surface echo, window, inverse transform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._clean.surface import Surface
    from dualsense.gpr._soundings import Soundings


Window = Literal["kaiser", "hann", "blackman-harris", "tukey", "none"]

BLACKMAN_HARRIS = (0.35875, 0.48829, 0.14128, 0.01168)
BLOCK = 512
"""Soundings that are transformed at once."""
PER_PERIOD = 3.0
STEPS, BESIDE = 8, 6
"""Of the sums at fewer times: so many for a period of the highest frequency; steps in a block, and beside it."""
WIDTH = STEPS + 2 * BESIDE + 1


@dataclass(frozen=True, slots=True, eq=False)
class Traces:
    """Analytic signals over two-way time, and the weighted spectra that they are the sums of.

    Attributes
    ----------
    values : (n, t) complex64
        ``sum_k spectrum[:, k] exp(2 pi i frequency_hz[k] t)``, from time zero in steps of ``dt_s``.
    dt_s
        Spacing of the times.
    frequency_hz : (k,)
    spectrum : (n, k) complex128
    window : (k,), optional
        What the spectrum of an echo of amplitude 1 at time zero would be: the window over the band, of sum 1. None
        stands for an even one.
    """

    values: NDArray[np.complex64]
    dt_s: float
    frequency_hz: NDArray[np.float64]
    spectrum: NDArray[np.complex128]
    window: NDArray[np.float64] | None = None


def analytic_traces(
    soundings: Soundings,
    surface: Surface,
    *,
    window_s: float = 10e-9,
    window: Window = "kaiser",
    kaiser_beta: float = 5.0,
    tukey_fraction: float = 0.5,
    whiten: bool = True,
    whitening_floor: float = 0.1,
    oversampling: float = 24.0,
) -> Traces:
    """Transform spectra to band-limited traces.

    With ``whiten`` each spectrum is divided by the surface echo S(f) (regularised): that takes the antennas,
    the source's band shape and their delay out, and gives amplitudes relative to the surface echo.

    Parameters
    ----------
    soundings, surface
        n soundings over k frequencies, and the surface that was fitted to them.
    window_s
        Length of the traces; cut where stepped tones would repeat themselves, and where the record of traces
        ends: what a sum over frequencies gives beyond is its beginning again.
    window
        Over the band, :func:`spectral_window`.
    kaiser_beta
        Shape of Kaiser's window: more lowers the side lobes and widens the pulse.
    tukey_fraction
        Part of the band that Tukey's window tapers.
    whiten
        Whether to divide by the surface echo, where one was fitted.
    whitening_floor
        Regularisation, relative to the mean of |S|.
    oversampling
        Samples per period of the highest frequency, for the linear look-up in the migration. This is the zero
        padding: the sum over the tones is evaluated at these times, as if zeros followed up to ``oversampling``
        times the highest frequency. It interpolates and adds no resolution.

    Returns
    -------
    Traces
        From time zero on.
    """
    f = soundings.frequency_hz
    weight = (
        spectral_window(f, window, kaiser_beta=kaiser_beta, tukey_fraction=tukey_fraction) * np.gradient(f)
        if f.size > 1
        else np.ones(1)
    )
    dt = 1.0 / (oversampling * float(f[-1]))
    repeats_s = 1.0 / float(np.median(np.diff(f))) if f.size > 1 else window_s
    t = np.arange(0.0, max(min(window_s, repeats_s, soundings.stop_s), 2.0 * dt), dt)
    weight = weight / weight.sum()
    sums = _Sums.of(f, dt, oversampling, t.size)
    spectrum = np.empty_like(soundings.spectrum)
    values = np.empty((len(spectrum), t.size), np.complex64)
    one_for_all = surface.echo.strides[0] == 0
    for start in range(0, len(spectrum), BLOCK):
        rows = slice(start, start + BLOCK)
        own = soundings.spectrum[rows]
        if whiten and surface.fitted:
            own = own * _whitening(surface.echo[:1] if one_for_all else surface.echo[rows], whitening_floor)
        np.multiply(own, weight, out=spectrum[rows])
        # some hundred terms summed in single precision are as exact as the values they are kept in, to 1e-6
        sums.fill(spectrum[rows].astype(np.complex64), values[rows])
    return Traces(values, dt, f, spectrum, weight)


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Sums over the tones at evenly spaced times, in two steps.

    A band-limited trace is known from few samples for each period. So the sums are taken three times for a period
    of the highest frequency, and from ``WIDTH`` of these follow all times of a block in their middle. The weights
    are the least squares' over the very tones, good to 1e-8, and the same for each block: a shift in time is the
    same factor on both sides.

    Attributes
    ----------
    coarse : (k, q)
        From the spectrum to every so many a time.
    between : (WIDTH, block)
        From these to the times of a block.
    """

    coarse: NDArray[np.complex64]
    between: NDArray[np.complex64]

    @classmethod
    def of(cls, frequency_hz: NDArray[np.float64], dt_s: float, oversampling: float, samples: int) -> _Sums:
        """Lay out the sums for the times 0, dt_s, 2 dt_s, ..."""
        every = max(1, int(oversampling / PER_PERIOD))
        block = STEPS * every
        count = STEPS * (-(-samples // block) - 1) + WIDTH
        turn = 2j * np.pi * frequency_hz[:, None]
        coarse = np.exp(turn * (every * dt_s) * (np.arange(count) - BESIDE))
        fine = np.exp(turn * dt_s * np.arange(block))
        between = np.linalg.lstsq(coarse[:, :WIDTH], fine, rcond=1e-11)[0]
        return cls(coarse.astype(np.complex64), between.astype(np.complex64))

    def fill(self, spectrum: NDArray[np.complex64], out: NDArray[np.complex64]) -> None:
        """Fill out (m, t) with the traces of spectra (m, k)."""
        few = spectrum @ self.coarse
        windows = np.lib.stride_tricks.sliding_window_view(few, WIDTH, axis=1)[:, ::STEPS]
        every = windows.reshape(-1, WIDTH) @ self.between
        out[:] = every.reshape(len(out), -1)[:, : out.shape[1]]


def _whitening(echo: NDArray[np.complex128], floor: float) -> NDArray[np.complex128]:
    """Return what to multiply with to divide by echoes (m, k), none of them by less than a part of its mean."""
    power = np.abs(echo) ** 2
    level = np.abs(echo).mean(axis=1, keepdims=True)
    weight: NDArray[np.complex128] = echo.conj() / np.maximum(power + (floor * level) ** 2, np.finfo(float).tiny)
    return weight


def spectral_window(
    frequency_hz: NDArray[np.float64], window: Window, *, kaiser_beta: float = 5.0, tukey_fraction: float = 0.5
) -> NDArray[np.float64]:
    """Weights (k,) over the band, also where the tones are unevenly spaced; 1 in its middle.

    "kaiser" after Kaiser and Schafer (1980); "hann", "tukey" and the four-term "blackman-harris" (side lobes 92 dB
    down) after Harris (1978); "none" is 1 everywhere: the sharpest pulse, with side lobes 13 dB down.

    Parameters
    ----------
    frequency_hz : (k,)
        In ascending order.
    window
        As above.
    kaiser_beta, tukey_fraction
        As for :func:`analytic_traces`.

    Returns
    -------
    (k,) float64

    References
    ----------
    Kaiser, J. F. and Schafer, R. W. (1980). On the use of the I0-sinh window for spectrum analysis. IEEE
    Transactions on Acoustics, Speech, and Signal Processing 28, 105-107.

    Harris, F. J. (1978). On the use of windows for harmonic analysis with the discrete Fourier transform.
    Proceedings of the IEEE 66, 51-83.
    """
    f = frequency_hz
    if window == "none" or f.size < 2:
        return np.ones(f.size)
    u = 2.0 * (f - f[0]) / (f[-1] - f[0]) - 1.0
    weights: NDArray[np.float64]
    if window == "kaiser":
        weights = np.i0(kaiser_beta * np.sqrt(np.maximum(1.0 - u * u, 0.0))) / np.i0(kaiser_beta)
    elif window == "blackman-harris":
        weights = sum(a * np.cos(m * np.pi * u) for m, a in enumerate(BLACKMAN_HARRIS)) + np.zeros(f.size)
    else:
        flat = 0.0 if window == "hann" else 1.0 - tukey_fraction
        edge = np.maximum(np.abs(u) - flat, 0.0) / max(1.0 - flat, np.finfo(float).tiny)
        weights = 0.5 * (1.0 + np.cos(np.pi * edge))
    return weights


def largest_part(traces: Traces) -> float:
    """Give the largest magnitude of a real or imaginary part of the traces, 0 where there are none.

    Parameters
    ----------
    traces
        Some at a time are looked at, so that both passes over them find them in the cache.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        When a trace is not finite.
    """
    largest = 0.0
    for start in range(0, len(traces.values), BLOCK // 8):
        parts = np.ascontiguousarray(traces.values[start : start + BLOCK // 8]).view(np.float32)
        high, low = float(parts.max(initial=0.0)), float(parts.min(initial=0.0))
        if not (np.isfinite(high) and np.isfinite(low)):  # NaN is largest and least
            msg = "radar traces must be finite: their amplitudes are too large for single precision"
            raise ValueError(msg)
        largest = max(largest, high, -low)
    return largest
