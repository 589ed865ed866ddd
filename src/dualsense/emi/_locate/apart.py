"""Two pieces of metal where the joint fit found one.

Two pieces 8 to 15 cm apart answer much as one between them does, and what that one leaves is taken for errors of
the track. So wherever one lies alone it is asked again. Evidence (`separate`) proposes two places, with soil and
drift fitted beside them. It takes errors of the track as new in each row, and strong metal has more of them than
evidence can pay for; so two have to bring most of what they promised once more where the track is free to wander
beside one and beside two.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._locate.separate import separate
from dualsense.emi._locate.together import placed
from dualsense.emi._response import take_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.emi._locate.separate import Separation
    from dualsense.emi._locate.settled import Settled
    from dualsense.emi._locate.together import Ground, Placed

    Real = NDArray[np.float64]

ODDS = (-12.0, -4.0, 0.0, 8.0)
"""Log odds of two against one below which it is not asked again: the first time, the second, and so on. Beside
one, soil and drift have taken over what the second one answers, and two seem unlikely."""
STILL_M = 0.004
KEPT = 0.4
"""Of what two promised, where errors of the track are new in each row, they must bring this where it wanders."""
LEAST_LEFT = 0.9
"""Misfit that is left of the rows where everything is explained and the track is free."""
FEW_ROWS = 250
"""Of more than twice as many, every second one tells whether it is two, and so on."""
CERTAIN = 60.0
"""Drop of the misfit from which places come from the fit with a free track: weaker metal is placed better by what
metal can be, as evidence has it. So much must what was found near by bring beside two, too, to be a third."""
BESIDE_M = 0.035
"""What was found so close to the side of one of two is that one; what lies farther away may be a third."""
NEAREST_M, FARTHEST_M, REJECTED_M = 0.04, 0.2, 0.25
"""To the side of each other; and the farthest to the side and down where evidence is still asked."""
DEEPEST_M = 0.14
"""What strong metal has that a point has not looks like a second piece deep below."""
SHALLOWEST_M = 0.015
"""Where only errors look like metal."""
HALF_WAY_M = 0.055
"""From the one to either of two, where a fit with a free track begins."""
LEAST_PART = 0.05
"""Of the stronger one's response at its loudest; less is what a body has that a point has not."""


@dataclass(frozen=True, slots=True, eq=False)
class Apart:
    """Two places (2, 3), their covariance (6, 6), and which of what was found near the one is a third."""

    positions_m: Real
    covariance_m2: Real
    more: tuple[int, ...] = ()


def apart(
    fit: Settled,
    ground: Ground,
    others: Sequence[Real],
    found: Sequence[Real],
    use: NDArray[np.intp],
    wide: NDArray[np.intp],
) -> Apart | None:
    """Decide whether what was taken for one piece of metal is two.

    Parameters
    ----------
    fit
        Soil and drift.
    ground
        From `dualsense.emi._locate.together.ground_of`.
    others
        Places (3,) of dipoles that stay.
    found
        Places (3,): first where the one was located, then what was found near it and may be the second one, or
        what two leave beside one.
    use, wide
        Rows that evidence is asked of, and those among which the track may wander, in the order of time.

    Returns
    -------
    Apart or None
        None where it is one.

    Notes
    -----
    What stays beside two has to bring what any dipole has to bring to be found.
    """
    track = _Track(fit, ground, others, _some(wide))
    one = track.free([found[0]])
    left = -np.inf if one is None else track.energy(one.misfit - LEAST_LEFT)
    # what two promise has to be there at all: the least of it is asked before evidence, which takes far longer
    if one is None or left < KEPT * 2.0 * ODDS[-1]:
        return None
    told = _proposed(fit, others, found[0], _some(use), left)
    if told is None or left < KEPT * 2.0 * told.log_odds:
        return None
    two, gain = track.best(_starts(found, told.positions_m), one.misfit, KEPT * 2.0 * told.log_odds)
    if two is None:
        return None
    rough_misfit = two.misfit  # of the rows and knots that a third is asked with, too
    if gain > CERTAIN:
        if not _plausible(two.positions):
            return None
        whole = placed(fit.beside([*others, *two.positions]), ground, track.which(2), wide)
        two = two if whole is None else whole
    here, covariance = (
        (two.positions, two.covariance) if gain > CERTAIN else (told.positions_m, told.covariance_m2)
    )
    if not _plausible(here) or _part(fit.beside([*others, *here]), use) < LEAST_PART:
        return None
    return Apart(here, covariance, track.more(list(here), found, rough_misfit))


def _some(use: NDArray[np.intp]) -> NDArray[np.intp]:
    """Leave out what is not needed to tell whether it is two."""
    return use[:: max(use.size // FEW_ROWS, 1)]


@dataclass(frozen=True, slots=True, eq=False)
class _Track:
    """Rows among which the track may wander, and what stays beside some dipoles there."""

    fit: Settled
    ground: Ground
    others: Sequence[Real]
    wide: NDArray[np.intp]

    def free(self, places: Sequence[Real]) -> Placed | None:
        """Place some dipoles with the track free, whether it settles or not."""
        fit = self.fit.beside([*self.others, *places])
        return placed(fit, self.ground, self.which(len(places)), self.wide, rough=True)

    def which(self, count: int) -> range:
        """Numbers of dipoles beside those that stay."""
        return range(len(self.others), len(self.others) + count)

    def energy(self, misfit: float) -> float:
        """Give a misfit per value for all values."""
        return misfit * self.wide.size * self.fit.balance.noise.size

    def best(self, starts: Sequence[Sequence[Real]], left: float, needed: float) -> tuple[Placed | None, float]:
        """Place two from several starts, take what leaves least, and tell how much less than one that is.

        Nothing where that is less than what is needed, from the first start on.
        """
        best, gain = None, -np.inf
        for start in starts:
            end = self.free(start)
            drop = -np.inf if end is None else self.energy(left - end.misfit)
            if drop > gain:
                best, gain = end, drop
            if gain < needed:
                break
        return (best, gain) if gain >= needed else (None, gain)

    def more(self, here: Sequence[Real], found: Sequence[Real], left: float) -> tuple[int, ...]:
        """Tell which of what was found near the one is more than what two leave."""
        out = []
        for k in range(1, len(found)):
            if min(float(np.linalg.norm((found[k] - place)[:2])) for place in here) >= BESIDE_M:
                three = self.free([*here, found[k]])
                if three is None or self.energy(left - three.misfit) > CERTAIN:
                    out.append(k)
        return tuple(out)


def _starts(found: Sequence[Real], told_m: Real) -> list[Sequence[Real]]:
    """Begin where evidence has two, on either side of the one, half as deep as it seemed, and as they were found.

    Two that lie apart seem one that is deep, and evidence may take one of them for that still.
    """
    one_m, way = found[0], told_m[1, :2] - told_m[0, :2]
    half = HALF_WAY_M * way / max(float(np.linalg.norm(way)), 1e-6)
    astride = [np.array([*(one_m[:2] + side * half), 0.5 * one_m[2]]) for side in (-1.0, 1.0)]
    return [list(told_m), astride, *([found[:2]] if len(found) > 1 else [])]


def _proposed(
    fit: Settled, others: Sequence[Real], one_m: Real, use: NDArray[np.intp], left: float
) -> Separation | None:
    """Two places by evidence, with soil and drift fitted beside them.

    None as soon as they promise so much more than one leaves that evidence would have to fall to a third.
    """
    beside, here = fit.beside([*others, one_m]), [one_m]
    for least in ODDS:
        which = range(len(others), len(others) + len(here))
        rows = replace(take_rows(fit.ground.response, use), values=beside.alone(which, use))
        told = separate(rows, beside.balance.covariance, start_m=one_m[:2])
        likely = told.log_odds >= least and _within(told.positions_m, REJECTED_M, REJECTED_M)
        if not likely or left < KEPT * 2.0 * told.log_odds / 3.0:
            return None
        before, here = here, list(told.positions_m)
        beside = beside.beside([*others, *here])
        moved = max(min(float(np.linalg.norm(p - q)) for q in before) for p in here)
        if moved < STILL_M and told.log_odds >= ODDS[-1]:
            break
    known = np.isfinite(told.covariance_m2).all() and _aside(told.positions_m) >= NEAREST_M
    return told if known and _part(beside, use) >= LEAST_PART else None


def _part(fit: Settled, use: NDArray[np.intp]) -> float:
    """Tell what the weaker of the last two dipoles answers at its loudest, as part of the stronger one's."""
    loud = [np.abs(p.columns[:, use].T @ fit.part(n)).max() for n, p in list(enumerate(fit.places))[-2:]]
    return float(min(loud) / max(*loud, 1e-300))


def _aside(positions_m: Real) -> float:
    return float(np.linalg.norm((positions_m[0] - positions_m[1])[:2]))


def _within(positions_m: Real, most_m: float, deepest_m: float) -> bool:
    """Tell whether two places lie no farther apart, and neither of them deeper."""
    return _aside(positions_m) <= most_m and bool((positions_m[:, 2] >= -deepest_m).all())


def _plausible(positions_m: Real) -> bool:
    """Tell whether two places can be those of two pieces of metal, and not of one and of what it leaves."""
    shallow = bool((positions_m[:, 2] > -SHALLOWEST_M).any())
    return _aside(positions_m) >= NEAREST_M and _within(positions_m, FARTHEST_M, DEEPEST_M) and not shallow
