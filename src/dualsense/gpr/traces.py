"""From spectra to analytic traces: whitening by the surface echo, window, inverse transform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr.calibrate import Soundings
    from dualsense.gpr.surface import Surface


@dataclass(frozen=True, slots=True, eq=False)
class Traces:
    """Analytic signals over two-way time, and the weighted spectra that they are the sums of.

    Attributes
    ----------
    values : (n, t) complex64
        ``sum_k spectrum[:, k] exp(2 pi i frequency_hz[k] t)``, from time zero in steps of ``dt_s``.
    frequency_hz : (k,)
    spectrum : (n, k) complex128
    """

    values: NDArray[np.complex64]
    dt_s: float
    frequency_hz: NDArray[np.float64]
    spectrum: NDArray[np.complex128]


def analytic_traces(
    soundings: Soundings,
    surface: Surface,
    *,
    window_s: float = 10e-9,
    kaiser_beta: float = 5.0,
    whiten: bool = True,
    whitening_floor: float = 0.1,
    oversampling: float = 24.0,
) -> Traces:
    """Transform spectra to band-limited traces.

    With ``whiten`` each spectrum is divided by the surface echo S(f) (regularised): that takes the antennas,
    the source's band shape and their delay out, and gives amplitudes relative to the surface echo.

    Parameters
    ----------
    window_s
        Length of the traces; cut where stepped tones would repeat themselves.
    kaiser_beta
        Shape of the window over the band: more lowers the side lobes and widens the pulse.
    whitening_floor
        Regularisation, relative to the mean of |S|.
    oversampling
        Samples per period of the highest frequency, for the linear look-up in the migration.
    """
    f = soundings.frequency_hz
    spectrum = soundings.spectrum
    if whiten and surface.fitted:
        level = np.abs(surface.echo).mean(axis=1, keepdims=True)
        power = np.abs(surface.echo) ** 2 + (whitening_floor * level) ** 2
        spectrum = spectrum * surface.echo.conj() / np.maximum(power, np.finfo(float).tiny)
    weight = _kaiser(f, kaiser_beta) * np.gradient(f) if f.size > 1 else np.ones(1)
    dt = 1.0 / (oversampling * float(f[-1]))
    repeats_s = 1.0 / float(np.diff(f).max()) if f.size > 1 else window_s
    t = np.arange(0.0, min(window_s, repeats_s), dt)
    spectrum = spectrum * (weight / weight.sum())
    kernel = np.exp(2j * np.pi * f[:, None] * t)
    return Traces((spectrum @ kernel).astype(np.complex64), dt, f, spectrum)


def _kaiser(frequency_hz: NDArray[np.float64], beta: float) -> NDArray[np.float64]:
    """Kaiser's window over the band, also where the tones are unevenly spaced (Kaiser and Schafer 1980)."""
    u = 2.0 * (frequency_hz - frequency_hz[0]) / (frequency_hz[-1] - frequency_hz[0]) - 1.0
    window: NDArray[np.float64] = np.i0(beta * np.sqrt(np.maximum(1.0 - u * u, 0.0))) / np.i0(beta)
    return window
