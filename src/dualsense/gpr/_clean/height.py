"""A head that moves up and down: soundings as if it had not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.gpr._clean.surface import Surface, mirror_path
from dualsense.gpr._rays.traveltime import MIN_HEIGHT_M

if TYPE_CHECKING:
    from dualsense.gpr._soundings import Soundings


def compensate_height(
    soundings: Soundings, surface: Surface, *, height_m: float | None = None, spreading: bool = True
) -> tuple[Soundings, Surface]:
    """Bring all soundings to one height above the ground.

    The phase of the surface echo's path is exchanged, exp(-ikL) for exp(-ikL'), and with ``spreading`` its
    amplitude 1/L for 1/L'. That is exact for the surface itself; in the echo of a body each leg whose ray is
    slanted in air by an angle a is off by the change of height times (1 - cos a).

    Parameters
    ----------
    soundings, surface
        n soundings and the surface that was fitted to them.
    height_m
        The common height; None takes the median of the surface's.
    spreading
        Also the amplitude.

    Returns
    -------
    Soundings
        With antennas at the new height above z = 0.
    Surface
        Flat: every height is the new one.
    """
    if soundings.time_s.size == 0:
        return soundings, surface
    height = max(float(np.median(surface.height_m)) if height_m is None else height_m, MIN_HEIGHT_M)
    level = np.full(surface.height_m.size, height)
    path = mirror_path(soundings.tx_m, soundings.rx_m, level)
    wavenumber = 2.0 * np.pi / C0_M_S * soundings.frequency_hz
    change = np.exp(1j * wavenumber * (surface.path_m - path)[:, None])
    if spreading:
        change = change * (surface.path_m / path)[:, None]
    lift = np.zeros_like(soundings.tx_m)
    lift[:, 2] = height - soundings.midpoint_m[:, 2]
    moved = replace(
        soundings, spectrum=soundings.spectrum * change, tx_m=soundings.tx_m + lift, rx_m=soundings.rx_m + lift
    )
    return moved, replace(surface, height_m=level, path_m=path)
