"""What an ideal head records: the mirror image of a flat surface, and point scatterers below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.gpr import Soundings
from oracles import fermat

if TYPE_CHECKING:
    from collections.abc import Sequence

BAND_HZ = (0.8e9, 3.2e9)
OFFSET_M = 0.10


def soundings(
    midpoint_m: np.ndarray,
    *,
    frequency_hz: np.ndarray | None = None,
    channel: np.ndarray | None = None,
    offset_m: float = OFFSET_M,
) -> Soundings:
    """Return silent soundings of a head whose two antennas lie ``offset_m`` apart in x."""
    frequency = np.linspace(*BAND_HZ, 61) if frequency_hz is None else frequency_hz
    n = len(midpoint_m)
    half = np.array([0.5 * offset_m, 0.0, 0.0])
    return Soundings(
        time_s=0.02 * np.arange(n),
        frequency_hz=frequency,
        spectrum=np.zeros((n, frequency.size), complex),
        tx_m=midpoint_m - half,
        rx_m=midpoint_m + half,
        channel=np.zeros(n, np.intp) if channel is None else channel,
        position_std_m=np.full((n, 3), np.nan),
    )


def sweep(
    rng: np.random.Generator,
    *,
    side_m: float = 0.4,
    lines: int = 14,
    per_line: int = 28,
    height_m: float = 0.035,
    jitter_m: float = 0.005,
    height_jitter_m: float = 0.005,
) -> np.ndarray:
    """Return midpoints (n, 3) of hand-like, irregular lines over a square about the origin."""
    along = np.linspace(-0.5 * side_m, 0.5 * side_m, per_line)
    across = np.linspace(-0.5 * side_m, 0.5 * side_m, lines)
    x = np.concatenate([along if i % 2 == 0 else along[::-1] for i in range(lines)])
    points = np.column_stack([x, np.repeat(across, per_line), np.full(x.size, height_m)])
    points[:, :2] += jitter_m * rng.standard_normal((x.size, 2))
    points[:, 2] += np.clip(height_jitter_m * rng.standard_normal(x.size), -0.6 * height_m, None)
    return points


def point_echo(
    measured: Soundings,
    place_m: Sequence[float],
    relative_permittivity: float,
    *,
    amplitude: float = 1.0,
    height_m: np.ndarray | None = None,
) -> np.ndarray:
    """Spectra (n, k) of a point at (x, y, depth): one refracted leg down, one up, no loss with range."""
    x, y, depth = place_m
    out = np.empty_like(measured.spectrum)
    lift = 0.0 * measured.tx_m[:, 2] if height_m is None else height_m - measured.midpoint_m[:, 2]
    for s in range(len(out)):
        legs = [
            fermat.time_s(float(np.hypot(x - a[0], y - a[1])), float(a[2] + lift[s]), depth, relative_permittivity)
            for a in (measured.tx_m[s], measured.rx_m[s])
        ]
        out[s] = amplitude * np.exp(-2j * np.pi * measured.frequency_hz * sum(legs))
    return out


def surface_echo(measured: Soundings, height_m: np.ndarray, wavelet: np.ndarray) -> np.ndarray:
    """Spectra (n, k) of flat ground: wavelet(f) exp(-ikL)/L over the path L of the mirrored antenna."""
    across2 = ((measured.rx_m - measured.tx_m)[:, :2] ** 2).sum(axis=1)
    path = np.sqrt(across2 + (2.0 * height_m) ** 2)[:, None]
    return wavelet * np.exp(-2j * np.pi * measured.frequency_hz * path / fermat.C_M_S) / path


def wavelet(frequency_hz: np.ndarray, delay_s: float = 0.15e-9) -> np.ndarray:
    """Return a smooth complex band shape, as two antennas and their cables make it."""
    centre, width = 1.9e9, 1.1e9
    shape = np.exp(-0.5 * ((frequency_hz - centre) / width) ** 2)
    return shape * np.exp(-2j * np.pi * frequency_hz * delay_s)
