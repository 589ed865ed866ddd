"""What the metal detector's samples say of themselves: that passes agree on metal, and that it hears anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.integrity._agree import MANY, Agreement
from dualsense.integrity._doubt import throughout
from dualsense.integrity._pairs import across_passes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.result import Doubt

    Real = NDArray[np.float64]

LOUD = 25.0
"""Energy of a row, in units of the noise, from which metal is told from it: five standard deviations."""
METAL_DIFFERS = 0.85
"""1 has nothing in common; good lanes have 0.05 to 0.6, faults that nothing else tells 0.87 and more."""
VOUCHED = 0.75
"""Where passes differ by less, metal is there, and what hears it works: 0.72 in the worst of 49 good lanes, among
five strong pieces, and 1 and more with a dead detector."""
ALIVE, SHIFTS, HEIGHT_TOLD = 1.5, 60, 0.02
"""What the ground explains of the samples over the most that it explains when it is shifted in time, so often:
2.4 and more on good lanes without metal, whatever their soil, 0.6 and less of a dead detector that drifts. And the
part of the ground's course that drift cannot make, without which it tells nothing."""
HELD_BACK = 3.0
"""Rows larger than this times the median count as this one does: metal must not outvote the ground."""


def metal_passes(white: Real, xy_m: Real, time_s: Real, coil: NDArray[np.intp] | None = None) -> Agreement:
    """Hold the metal detector's samples against those of neighbouring passes, where they tell of metal.

    Parameters
    ----------
    white : (n, c)
        Samples without drift and soil, in units of their noise.
    xy_m, time_s
        Where and when they were taken.
    coil : (n,), optional
        By which coil pair: only samples of the same are held against each other.

    Returns
    -------
    Agreement
        ``whole`` is the energy of the difference over half of both: 0 for passes that agree, 1 for what has
        nothing in common, as hum and what a dead coil's drift leaves. It is the lesser of what most pairs tell and
        of what all their energy tells: what strong metal leaves in the drift is loud on most of a lane, and goes
        with time, while where most of the energy is passes agree on that metal.
    """
    energy = (white**2).mean(axis=1)
    across = across_passes(xy_m, time_s, coil)
    loud = (energy[across.one] > LOUD) | (energy[across.other] > LOUD)
    if loud.sum() < MANY:
        return Agreement((), float("nan"))
    one, other = across.one[loud], across.other[loud]
    apart, both = ((white[one] - white[other]) ** 2).mean(axis=1), energy[one] + energy[other]
    middle = float(np.median(apart / both))
    whole = min(middle, float(apart.sum() / both.sum()))
    if whole > METAL_DIFFERS:
        return Agreement(throughout("metal-disagrees", "emi", time_s), whole, middle)
    return Agreement((), whole, middle)


def unvouched(
    values: Real,
    drift: Real,
    ground: Real,
    time_s: Real,
    passes: float,
    *,
    xy_m: Real | None = None,
    coil: NDArray[np.intp] | None = None,
) -> tuple[Doubt, ...]:
    """Doubt a metal detector of which nothing tells that it hears anything.

    It lives if passes agree on metal, or if the ground is heard to come nearer and go as the head's height says,
    far better than by the heights of other times. At one height it hears no course of the ground: then metal alone
    tells, where passes come near each other.

    Parameters
    ----------
    values : (n, c)
        Samples in units of their noise.
    drift : (n, p)
        What any detector may do in time, and what the metal that was found makes up.
    ground : (n,)
        What even ground would give, but for a factor of each column.
    time_s : (n,)
    passes
        `Agreement.whole` of the metal's.
    xy_m : (n, 2), optional
        Where samples were taken, for heads at one height.
    coil : (n,), optional
        By which coil pair.

    Returns
    -------
    tuple of Doubt
        Of all of the recording; none where neither heights vary nor passes come near each other.
    """
    if passes < VOUCHED or time_s.size < MANY:
        return ()
    basis, _ = np.linalg.qr(drift / np.sqrt((drift**2).sum(axis=0) + 1e-300))
    course = ground - basis @ (basis.T @ ground)
    if np.linalg.norm(course) < HEIGHT_TOLD * np.linalg.norm(ground):
        met = 0 if xy_m is None else across_passes(xy_m, time_s, coil).one.size
        return throughout("metal-unvouched", "emi", time_s) if met >= MANY else ()
    rest = values - basis @ (basis.T @ values)
    size = np.sqrt((rest**2).mean(axis=1))
    rest = rest / np.maximum(1.0, size / max(HELD_BACK * float(np.median(size)), 1e-300))[:, None]
    rest -= basis @ (basis.T @ rest)
    steps = np.linspace(0.05, 0.95, SHIFTS) * time_s.size
    own, *others = (_explained(rest, basis, np.roll(ground, round(step))) for step in (0.0, *steps))
    return throughout("metal-unvouched", "emi", time_s) if own < ALIVE * max(others) else ()


def _explained(rest: Real, basis: Real, course: Real) -> float:
    """Energy of samples (n, c) along one course (n,), beside an orthonormal basis (n, p)."""
    course = course - basis @ (basis.T @ course)
    return float((((course / max(float(np.linalg.norm(course)), 1e-300)) @ rest) ** 2).sum())
