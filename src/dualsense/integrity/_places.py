"""Whether both sensors show objects at one place: a wrong place of one of them on the head moves all alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.integrity._doubt import throughout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.result import Doubt

    Real = NDArray[np.float64]

ASIDE_M = 0.018
"""Deviation, along each axis, of the metal of an object from the middle of its echo."""
HEARD = 0.6
"""Part of the pieces of metal of which the radar lists an echo."""
LEAST_PER_M2 = 8.0
"""Echoes on a square metre that have nothing to do with a piece of metal, at least."""
REACH_M, STEP_M = 0.22, 0.005
"""Offsets that are tried."""
LOCATED_M, STRONG = 0.02, 300.0
"""Deviation of the place of metal that is asked, at most, and its statistic, at least."""
SIGMAS, OFFSET_M = 3.6, 0.03
"""From where on an offset is told. One object never reaches it: metal beside a stone looks the same."""
WAYS_M = 0.008
"""Deviation of how far one object lies apart by passes to and by passes fro: of the track's own errors."""
WAYS_SIGMAS, LATE_S = 4.0, 0.06
"""From where on a lag is told by that."""


@dataclass(frozen=True, slots=True, eq=False)
class InPlace:
    """How far metal lies beside the echoes of the same objects.

    Attributes
    ----------
    doubts
        Of the whole recording, where that is more than chance makes.
    offset_m : (2,)
        Metal less echo, along x and y; NaN where no two lie near each other.
    std_m : (2,)
        One standard deviation of that.
    sigmas
        How much likelier it is than none, as a normal deviate.
    objects
        Pieces of metal that were asked.
    """

    doubts: tuple[Doubt, ...]
    offset_m: Real
    std_m: Real
    sigmas: float
    objects: int


def sensors_in_place(
    metal_m: Real, variance_m2: Real, statistic: Real, echo_m: Real, area_m2: float, time_s: Real
) -> InPlace:
    """Hold the places of metal against those of echoes.

    Echoes lie about the metal of their object, all aside by one offset, or anywhere: the offset is that which
    makes what was found likeliest, and its deviate is told by how much likelier that is than without any.

    Parameters
    ----------
    metal_m : (d, 2)
        Places of metal.
    variance_m2 : (d,)
        Of each along an axis, on the mean of both.
    statistic : (d,)
        How strong each is.
    echo_m : (b, 2)
        Places of the radar's bodies.
    area_m2
        Of the ground on which they were looked for.
    time_s : (n,)
        Of the samples.

    Returns
    -------
    InPlace
    """
    asked = (variance_m2 < LOCATED_M**2) & (statistic > STRONG)
    apart = metal_m[asked, None] - echo_m[None]
    near = np.hypot(*np.moveaxis(apart, -1, 0)) < REACH_M + 5.0 * ASIDE_M
    told = near.any(axis=1)
    nowhere = np.full(2, np.nan)
    if not told.any():
        return InPlace((), nowhere, nowhere, 0.0, 0)
    by_chance = max(len(echo_m) / max(area_m2, 1e-9), LEAST_PER_M2)
    steps = STEP_M * np.arange(-round(REACH_M / STEP_M), round(REACH_M / STEP_M) + 1)
    likely = np.zeros((steps.size, steps.size))
    for own, heard, variance in zip(apart[told], near[told], variance_m2[asked][told], strict=True):
        width = ASIDE_M**2 + variance
        x, y = (np.exp(-((own[heard, k, None] - steps) ** 2) / (2.0 * width)) for k in range(2))
        likely += np.log(1.0 - HEARD + HEARD * (x.T @ y) / (2.0 * np.pi * width * by_chance))
    likely[np.hypot(steps[:, None], steps[None]) > REACH_M] = -np.inf
    at = np.unravel_index(int(likely.argmax()), likely.shape)
    offset_m = np.array([steps[at[0]], steps[at[1]]])
    zero = likely[steps.size // 2, steps.size // 2]
    sigmas = float(np.sqrt(2.0 * max(float(likely[at]) - float(zero), 0.0)))
    weight = np.exp(likely - likely[at])
    beside = np.hypot(steps[:, None] - offset_m[0], steps[None] - offset_m[1]) < 3.0 * ASIDE_M
    weight *= beside
    std_m = np.array([np.sqrt((weight.sum(axis=1 - k) * (steps - offset_m[k]) ** 2).sum()) for k in range(2)])
    std_m /= np.sqrt(weight.sum())
    wrong = sigmas > SIGMAS and float(np.hypot(*offset_m)) > OFFSET_M
    doubts = throughout("places-disagree", "pose", time_s) if wrong else ()
    return InPlace(doubts, offset_m, std_m, sigmas, int(told.sum()))


@dataclass(frozen=True, slots=True)
class InStep:
    """By how much the radar's clock is late, by objects that passes to and fro see.

    Attributes
    ----------
    doubts
        Of the whole recording, where that is more than chance makes.
    late_s, std_s
        The lag, and one standard deviation of it; NaN without an object.
    speed_m_s
        Of the head over them.
    objects
        That were seen both ways.
    """

    doubts: tuple[Doubt, ...]
    late_s: float
    std_s: float
    speed_m_s: float
    objects: int

    @property
    def sigmas(self) -> float:
        """The lag in its standard deviations; 0 where nothing is known."""
        return abs(self.late_s) / self.std_s if self.objects else 0.0


def ways_in_step(apart_m: Real, speed_m_s: Real, time_s: Real) -> InStep:
    """Tell the radar's lag by how far objects lie apart by passes to and by passes fro.

    Metal has its own lag told by passes to and fro (`dualsense.emi.estimate_latency`).

    Parameters
    ----------
    apart_m : (q,)
        How far each object lies ahead by passes to of where passes fro see it.
    speed_m_s : (q,)
        Of the head over it.
    time_s : (n,)
        Of the samples.

    Returns
    -------
    InStep
    """
    if not apart_m.size:
        return InStep((), *(float("nan"),) * 3, 0)
    twice = 2.0 * speed_m_s
    late_s = float((apart_m * twice).sum() / (twice**2).sum())
    scatter = float(np.sqrt(((apart_m - twice * late_s) ** 2).mean()))
    std_s = max(WAYS_M, scatter) / float(np.sqrt((twice**2).sum()))
    wrong = abs(late_s) > max(LATE_S, WAYS_SIGMAS * std_s)
    doubts = throughout("ways-disagree", "gpr", time_s) if wrong else ()
    return InStep(doubts, late_s, std_s, float(speed_m_s.mean()), int(apart_m.size))
