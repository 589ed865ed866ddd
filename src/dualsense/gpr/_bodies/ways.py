"""Bodies by the passes that go one way, and by those that come back: a clock that is off puts them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.gpr._bodies.tops import WIDEST_M, sum_evenly
from dualsense.result import Grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.gpr._bodies.body import Body
    from dualsense.gpr._rays.layers import Ground
    from dualsense.gpr._soundings import Soundings
    from dualsense.gpr._traces import Traces

    Real = NDArray[np.float64]

REACH_M, STEP_M = 0.06, 0.015
"""How far from where a body was found it is looked for, and the spacing of the places that are looked at."""
FEWEST = 20
"""Soundings of one way that make a sum."""
STEADY = 0.6
"""Part of the usual speed along the sweep from which on a sounding belongs to a way, and not to a turn."""


@dataclass(frozen=True, slots=True)
class Ways:
    """One body by passes to and by passes fro.

    Attributes
    ----------
    apart_m
        How far to lies ahead of fro, along the direction in which to goes.
    speed_m_s
        Of the head over it, on the mean of both ways.
    """

    apart_m: float
    speed_m_s: float


def both_ways(
    bodies: Sequence[Body],
    soundings: Soundings,
    traces: Traces,
    *,
    relative_permittivity: Ground,
    height_m: Real,
    on_ground: bool = False,
) -> tuple[Ways, ...]:
    """Look at bodies by passes to and by passes fro.

    Parameters
    ----------
    bodies
        As found in a volume.
    soundings, traces
        n soundings in the order of time, and their analytic traces.
    relative_permittivity, height_m, on_ground
        As for :func:`dualsense.gpr.kirchhoff`.

    Returns
    -------
    tuple of Ways
        Of those bodies that both ways see.

    Raises
    ------
    ValueError
        When a trace is not finite, or the soil would be faster than air.
    """
    place_m = soundings.midpoint_m[:, :2]
    if len(place_m) < 2 * FEWEST:
        return ()
    speed = np.gradient(place_m, soundings.time_s, axis=0)
    _, _, axes = np.linalg.svd(speed - speed.mean(axis=0), full_matrices=False)
    along = speed @ axes[0]
    steady = np.abs(along) > STEADY * float(np.median(np.abs(along)))
    ground = (relative_permittivity, height_m, on_ground)
    steps = STEP_M * np.arange(-round(REACH_M / STEP_M), round(REACH_M / STEP_M) + 1, dtype=np.float64)
    out = []
    for body in bodies:
        near = steady & (np.hypot(*(place_m - (body.x_m, body.y_m)).T) < WIDEST_M)
        found_m, speeds = [], []
        for rows in (np.flatnonzero(near & (along > 0.0)), np.flatnonzero(near & (along < 0.0))):
            if rows.size < FEWEST:
                break
            place = Grid(body.x_m + steps, body.y_m + steps, STEP_M)
            seen = sum_evenly(soundings, traces, rows, place, np.array([max(body.depth_m, 0.0)]), ground)
            found_m.append(_middle(np.abs(seen.amplitude[0]).astype(np.float64) ** 2, steps))
            speeds.append(float(np.abs(along[rows]).mean()))
        if len(found_m) == 2:
            out.append(Ways(float((found_m[0] - found_m[1]) @ axes[0]), float(np.mean(speeds))))
    return tuple(out)


def _middle(energy: Real, steps: Real) -> Real:
    """Give the centre (x, y) of what lies within 6 dB of the peak of energies (y, x)."""
    held = np.where(energy > 0.25 * energy.max(), energy, 0.0)
    total = max(float(held.sum()), 1e-300)
    return np.array([held.sum(axis=0) @ steps, held.sum(axis=1) @ steps]) / total
