"""Whether the tracked heights are off by one amount, by the delay of the ground's echo behind the direct wave.

Both waves pass through the same source, cables and receiver, so what stands between them is the way through the
air alone: the echo's path is longer than that between the antennas by what the height says. The fit of the surface
(:mod:`gpr._clean.surface`) leaves an error that all heights share in the phase of the echo S(f), as a delay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.gpr._clean.surface import MIN_SOUNDINGS, coupling_and_echo, mirror_path
from dualsense.gpr._soil.antennas import fields

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._clean.surface import Surface
    from dualsense.gpr._soil.antennas import Antennas
    from dualsense.gpr._soundings import Soundings

    Complex = NDArray[np.complex128]
    Real = NDArray[np.float64]

TYPICAL = 6.0
"""Permittivity: it turns the echo's phase by little, and by nearly the same at all tones."""
SEARCH_M, STEP_M = 0.3, 1e-3
"""Of the path, to either side."""
LOUDEST = 0.7
"""Tones louder than this part of them count as this one does: one resonance must not decide."""
TONES = 16
"""At which the near field is worked out: between them its phase is a line to a few hundredths of a radian."""
IN_STEP = 0.6
"""Part of the tones' sum that has to add up for the delay to be that of an echo: 0.98 and more on good lanes."""


def height_offset(bare: Soundings, surface: Surface, antennas: Antennas | None) -> float | None:
    """Tell by how much the tracked heights are too high throughout.

    Parameters
    ----------
    bare
        Soundings with their direct wave: calibrated without a free-air reference.
    surface
        As fitted to the same soundings.
    antennas
        Profile of the head, whose near field shifts the echo by a few millimetres; None where it is not known.

    Returns
    -------
    float or None
        Metres, the median of the channels'; None where the surface was not fitted, or the echo does not tell it.
    """
    if not surface.fitted:
        return None
    found = [
        one
        for c in np.unique(bare.channel)
        if (one := _of_channel(bare, np.flatnonzero(bare.channel == c), surface, antennas)) is not None
    ]
    return float(np.median(found)) if found else None


def _of_channel(
    bare: Soundings, rows: NDArray[np.intp], surface: Surface, antennas: Antennas | None
) -> float | None:
    if rows.size < MIN_SOUNDINGS:
        return None
    f, height = bare.frequency_hz, surface.height_m[rows]
    tx, rx = bare.tx_m[rows], bare.rx_m[rows]
    direct, echo = coupling_and_echo(bare.spectrum[rows], f, mirror_path(tx, rx, height), height)
    distance = float(np.median(np.linalg.norm(rx - tx, axis=1)))
    middle = float(height.mean())
    wave = echo * direct.conj() * _near_field(antennas, f, distance, middle).conj()
    size = np.abs(wave)
    if not np.isfinite(size).all() or not size.any():
        return None
    wave = wave / np.maximum(size, 1e-300) * np.minimum(size, np.quantile(size, LOUDEST))
    longer = np.arange(-SEARCH_M, SEARCH_M + 0.5 * STEP_M, STEP_M)
    sums = np.abs(np.exp(-2j * np.pi / C0_M_S * np.outer(longer, f)) @ wave)
    best = int(sums.argmax())
    if sums[best] < IN_STEP * float(np.abs(wave).sum()):
        return None
    return float(longer[best]) * float(np.hypot(distance, 2.0 * middle)) / (4.0 * middle)


def _near_field(antennas: Antennas | None, f: Real, distance_m: float, height_m: float) -> Complex:
    """Phase (k,) between echo and direct wave, the paths taken off: by the profile, or that of the paths alone."""
    k = 2.0 * np.pi * f / C0_M_S
    if antennas is None:
        return np.exp(1j * k * distance_m)
    few = np.linspace(f.min(), f.max(), min(f.size, TONES))
    soil = np.full((1, few.size), TYPICAL, dtype=np.complex128)
    direct, echo = fields(antennas, few, np.array([height_m]), soil, distance_m=distance_m)
    path_m = np.hypot(distance_m, 2.0 * height_m)
    turn = echo[0, :, 0] * np.exp(2j * np.pi * few / C0_M_S * path_m) * direct.conj()
    phase: Complex = np.exp(1j * np.interp(f, few, np.unwrap(np.angle(turn))))
    return phase
