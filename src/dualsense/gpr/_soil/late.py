"""A second echo behind the ground's own, as a layer sends it: where it is, the permittivity is less sure.

What all soundings have in common and moves with the height as the ground's echo does is that echo's spectrum.
Beside what a half-space would send it is one tall peak over delay. A layer a few centimetres down adds another,
later and lower, and its ripple over the tones bends the strength and the phase by which the permittivity is told.
Objects send late echoes too, but not everywhere: the median over blocks of ground passes most of them over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.gpr._clean.surface import coupling_and_echo, mirror_path
from dualsense.gpr._soil.antennas import Antennas, fields

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._soundings import Soundings

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

BLOCK_M, FEWEST, MIN_BLOCKS = 0.12, 8, 20
"""Side of a block of ground, the least soundings it has, and the least blocks that tell anything: a quarter of a
square metre and more. On less, half of the ground hears one object."""
MOST, TONES, FIELD_TONES = 1000, 61, 16
"""Soundings and tones that are looked at; tones at which the near field is worked out."""
KAISER_BETA = 5.0
EARLIEST, OWN = 1.45, 0.87
"""Delays in units of one over the bandwidth: later than the first is another echo, earlier than the second the
ground's own."""
LATEST_S, STEP_S = 4.5e-9, 0.025e-9
LEAST = 0.055
"""Beside the ground's echo; `benchmarks/gpr/study_layers.py` counts lanes that have it, with layers or none."""


@dataclass(frozen=True, slots=True)
class LateEcho:
    """An echo behind the ground's own: its strength beside that, and how much later it is."""

    strength: float
    delay_s: float

    def depth_m(self, relative_permittivity: float) -> float:
        """Depth of the layer that sends it, about."""
        return float(0.5 * C0_M_S * self.delay_s / np.sqrt(relative_permittivity))


def late_echo(
    soundings: Soundings, height_m: Real, antennas: Antennas, *, relative_permittivity: float
) -> LateEcho | None:
    """Look for an echo behind the ground's.

    Parameters
    ----------
    soundings
        With their direct wave: before the surface is taken out. Of the first channel.
    height_m : (n,)
        Of the soundings above the ground, as the radar has it.
    antennas
        Profile of the head.
    relative_permittivity
        Of the ground, about.

    Returns
    -------
    LateEcho or None
        None where there is none as strong as `LEAST`, or too little ground to tell.
    """
    if soundings.channel.size == 0:
        return None
    rows = np.flatnonzero(soundings.channel == soundings.channel.min())
    rows = rows[:: max(1, -(-rows.size // MOST))]
    k = soundings.frequency_hz.size
    tones = np.unique(np.round(np.linspace(0, k - 1, min(TONES, k))).astype(np.intp))
    f, tx, rx = soundings.frequency_hz[tones], soundings.tx_m[rows], soundings.rx_m[rows]
    _, block = np.unique(np.floor(soundings.midpoint_m[rows, :2] / BLOCK_M), axis=0, return_inverse=True)
    blocks = [own for b in range(block.max(initial=-1) + 1) if (own := block.ravel() == b).sum() >= FEWEST]
    if len(blocks) < MIN_BLOCKS or f.size < FIELD_TONES:
        return None
    spectrum, path_m = soundings.spectrum[rows[:, None], tones], mirror_path(tx, rx, height_m[rows])
    coupling, _ = coupling_and_echo(spectrum, f, path_m, height_m[rows])
    distance_m = float(np.median(np.linalg.norm(rx - tx, axis=1)))
    own = _half_space(antennas, f, float(np.median(height_m[rows])), distance_m, relative_permittivity)
    with np.errstate(divide="ignore", invalid="ignore"):  # a channel that heard nothing has no coupling
        beside = (spectrum - coupling) / (coupling * own)
    if not np.isfinite(beside).all():
        return None
    # without the path, so that all soundings have the same
    beside *= path_m[:, None] * np.exp(2j * np.pi / C0_M_S * np.outer(path_m, f))
    return _latest(np.array([beside[own].mean(axis=0) for own in blocks]), f)


def _half_space(
    antennas: Antennas, f: Real, height_m: float, distance_m: float, relative_permittivity: float
) -> Complex:
    """Echo of even ground over the direct wave, without its path (k,); between a few tones it is a smooth line."""
    few = np.linspace(f.min(), f.max(), FIELD_TONES)
    ground = np.full((1, few.size), relative_permittivity, dtype=np.complex128)
    direct, echo = fields(antennas, few, np.array([height_m]), ground, distance_m=distance_m)
    turns = 2j * np.pi / C0_M_S * few
    over = (
        echo[0, :, 0]
        * np.exp(turns * np.hypot(distance_m, 2.0 * height_m))
        / (direct * np.exp(turns * distance_m))
    )
    smooth: Complex = np.interp(f, few, over.real) + 1j * np.interp(f, few, over.imag)
    return smooth * np.exp(2j * np.pi / C0_M_S * f * distance_m)


def _latest(beside: Complex, f: Real) -> LateEcho | None:
    """Find the strongest late echo in blocks' spectra (b, k) beside those of a half-space."""
    window = np.kaiser(f.size, KAISER_BETA)
    bandwidth = float(f.max() - f.min())
    delay = np.arange(-OWN / bandwidth, LATEST_S, STEP_S)
    turn = np.exp(2j * np.pi * np.outer(f - f.mean(), delay)) * (window / window.sum())[:, None]
    over_delay = beside @ turn
    profile = np.median(over_delay.real, axis=0) + 1j * np.median(over_delay.imag, axis=0)
    own = turn.sum(axis=0)
    shapes = np.stack([own, np.gradient(own, delay) / bandwidth], axis=1)  # with a small error of its delay
    near, late = np.abs(delay) < OWN / bandwidth, np.flatnonzero(delay > EARLIEST / bandwidth)
    parts = np.linalg.lstsq(shapes[near], profile[near], rcond=None)[0]
    level = float(np.abs(parts[0]))
    rest = np.abs(profile - shapes @ parts)[late]
    if not (late.size and rest.max() >= LEAST * level > 0.0):
        return None
    return LateEcho(float(rest.max()) / level, float(delay[late[rest.argmax()]]))
