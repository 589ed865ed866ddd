"""Two pieces of metal where the joint fit found one, or two in other places.

Two pieces 8 to 15 cm apart answer much as one between them does, and what that one leaves is taken for errors of
the track. So each that lies alone is asked again, and so is each beside which one other was found. First two are
fitted with everything free, the track too (`astride`): from some drop of the misfit on it is two. Where two in
several places explain the rows about as well, evidence (`separate`), which knows what metal can be, tells which.
Where two leave less but not so much less, and nothing else was found, evidence is asked whether it is two. It
takes errors of the track as new in each row, and strong metal has more of them than evidence can pay for; so two
have to bring a part of what they promised once more where the track is free to wander beside one and beside two.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._locate.astride import (
    HALF_WAY_M,
    NEAREST_M,
    SHALLOWEST_M,
    Track,
    alike,
    aside_of,
    plausible,
    sure,
    within,
)
from dualsense.emi._locate.separate import separate
from dualsense.emi._locate.together import between, placed, shares
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
STILL_M, REJECTED_M = 0.004, 0.25
"""What no longer moves, and the farthest to the side and down where evidence is still asked."""
KEPT = 0.2
"""Of what two promised, where errors of the track are new in each row, they must bring this where it wanders."""
LEAST_LEFT = 0.9
"""Misfit that is left of the rows where everything is explained and the track is free."""
FEW_ROWS = 250
"""Of more than twice as many, every second one tells whether it is two, and so on."""
CERTAIN = 60.0
"""Drop of the misfit from which places come from the fit with a free track: weaker metal is placed better by what
metal can be, as evidence has it. So much must what was found in the same place bring beside two, too, to be a
third."""
LITTLE = 20.0
"""What was found farther off and brings more than this stays, whatever it is; and two of evidence that do are not
given up because one lies too shallow."""
BESIDE_M = 0.035
"""What was found so close to the side of one of two is that one; what lies farther away may be a third."""
CROWDED_M = 0.3
"""What stays so near is in most of the rows, and is held where it was found."""
TOGETHER_M = 0.08
"""What was found closer to the one than this was looked at as the same piece of metal."""
DEEPEST_ONE_M = 0.2
"""Two that lie apart seem one that is deeper than either, but not so deep."""
LEAST_PART = 0.05
"""Of the stronger one's response at its loudest; less is what a body has that a point has not."""


@dataclass(frozen=True, slots=True, eq=False)
class Apart:
    """Two pieces of metal.

    Attributes
    ----------
    positions_m, covariance_m2 : (2, 3), (6, 6)
        Both places.
    depths
        Of each pair of depths that explains the rows: its share, the depths (2,) and their variances (2,).
    more
        Which of what was found near the one is more than these.
    """

    positions_m: Real
    covariance_m2: Real
    depths: tuple[tuple[float, Real, Real], ...]
    more: tuple[int, ...] = ()


def apart(
    fit: Settled,
    ground: Ground,
    others: Sequence[Real],
    found: Sequence[Real],
    use: NDArray[np.intp],
    wide: NDArray[np.intp],
    *,
    alone: bool = True,
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
    alone
        Whether nothing but what lies where the one is was found within `FARTHEST_M`: else evidence is not asked.

    Returns
    -------
    Apart or None
        None where it is one.

    Notes
    -----
    What stays beside two has to bring what any dipole has to bring to be found.
    """
    crowded = _crowded(found[0], others)
    if found[0][2] < -DEEPEST_ONE_M or (crowded and not alone):
        return None
    track = Track(fit, ground, others, _some(wide))
    one = track.free([found[0]])
    left = -np.inf if one is None else track.energy(one.misfit - LEAST_LEFT)
    # what two promise has to be there at all: the least of it is asked before anything that takes longer
    if one is None or left < KEPT * 2.0 * ODDS[-1]:
        return None
    ends = [] if crowded else sure(track, one, found)
    # where several are as likely, evidence tells which
    asked = alone if not ends else len(ends) > 1
    told = _proposed(fit, others, found[0], _some(use), left) if asked else None
    if ends:
        return _told(track, ends, None, found, use, wide, None if told is None else told.positions_m)
    if told is None or left < KEPT * 2.0 * told.log_odds:
        return None
    two, gain = track.best(_starts(found, told.positions_m), one.misfit, KEPT * 2.0 * told.log_odds)
    if gain > LITTLE:
        told = replace(told, positions_m=_deep_enough(told.positions_m))
    return None if two is None else _told(track, [two], None if gain > CERTAIN else told, found, use, wide)


def _deep_enough(positions_m: Real) -> Real:
    """Give places no shallower than where only errors look like metal; evidence takes some of those for metal."""
    out = positions_m.copy()
    out[:, 2] = np.minimum(out[:, 2], -SHALLOWEST_M)
    return out


def _crowded(one_m: Real, others: Sequence[Real]) -> bool:
    """Tell whether what stays lies so near that an error of it, too, would be told by a second one."""
    return any(np.linalg.norm((place - one_m)[:2]) < CROWDED_M for place in others)


def _told(
    track: Track,
    ends: Sequence[Placed],
    told: Separation | None,
    found: Sequence[Real],
    use: NDArray[np.intp],
    wide: NDArray[np.intp],
    beside_m: Real | None = None,
) -> Apart | None:
    """Give two places, from fits with a free track or from evidence, where they can be two pieces of metal."""
    if told is None and not plausible(ends[0].positions):
        return None
    two = _in_full(track, ends, wide, beside_m)
    if told is not None:
        two = _either(told, two)
    here = two.positions
    if not plausible(here) or _part(track.fit.beside([*track.others, *here]), use) < LEAST_PART:
        return None
    # of the rows and knots that a third is asked with, too
    return Apart(here, two.covariance, two.depths, _more(track, list(here), found, ends[0].misfit))


def _in_full(track: Track, ends: Sequence[Placed], wide: NDArray[np.intp], beside_m: Real | None) -> Placed:
    """Place two with all rows and knots, from each end, and take the mean of those that are about as likely.

    Where evidence has two places (2, 3), what lies nearest to them is taken: what metal can be may tell what
    errors of the track leave open.
    """
    whole: list[Placed] = []
    for end in ends:
        fit = track.fit.beside([*track.others, *end.positions])
        two = placed(fit, track.ground, track.which(2), wide, least_m=SHALLOWEST_M)
        two = end if two is None else two
        whole.append(alike(two, whole[0].positions) if whole else two)
    whole = [two for two in whole if plausible(two.positions)] or whole
    places, count = np.stack([two.positions for two in whole]), wide.size * track.fit.balance.noise.size
    if beside_m is None:
        return between(whole, count, np.tensordot(shares(whole, count), places, 1))
    away = [np.linalg.norm(alike(two, beside_m).positions - beside_m) for two in whole]
    return between(whole, count, places[int(np.argmin(away))])


def _either(told: Separation, two: Placed) -> Placed:
    """Take the places of evidence, as well known as if those of a free track were as likely.

    Evidence knows nothing of errors of the track that last, and would have the two by far too well known.
    """
    free = alike(two, told.positions_m)
    away = (free.positions - told.positions_m).ravel()
    covariance = 0.5 * (told.covariance_m2 + free.covariance + np.outer(away, away))
    own = (0.5, -told.positions_m[:, 2], told.covariance_m2.diagonal()[2::3])
    depths = (own, *((0.5 * share, depth, variance) for share, depth, variance in free.depths))
    return replace(free, positions=told.positions_m, covariance=covariance, depths=depths)


def _some(use: NDArray[np.intp]) -> NDArray[np.intp]:
    """Leave out what is not needed to tell whether it is two."""
    return use[:: max(use.size // FEW_ROWS, 1)]


def _more(track: Track, here: Sequence[Real], found: Sequence[Real], left: float) -> tuple[int, ...]:
    """Tell which of what was found near the one is more than what two leave."""
    out = []
    for k in range(1, len(found)):
        if min(float(np.linalg.norm((found[k] - place)[:2])) for place in here) >= BESIDE_M:
            three = track.free([*here, found[k]])
            far = np.linalg.norm((found[k] - found[0])[:2]) >= TOGETHER_M
            if three is None or track.energy(left - three.misfit) > (LITTLE if far else CERTAIN):
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
        likely = told.log_odds >= least and within(told.positions_m, REJECTED_M, REJECTED_M)
        if not likely or left < KEPT * 2.0 * told.log_odds / 3.0:
            return None
        before, here = here, list(told.positions_m)
        beside = beside.beside([*others, *here])
        moved = max(min(float(np.linalg.norm(p - q)) for q in before) for p in here)
        if moved < STILL_M and told.log_odds >= ODDS[-1]:
            break
    known = np.isfinite(told.covariance_m2).all() and aside_of(told.positions_m) >= NEAREST_M
    return told if known and _part(beside, use) >= LEAST_PART else None


def _part(fit: Settled, use: NDArray[np.intp]) -> float:
    """Tell what the weaker of the last two dipoles answers at its loudest, as part of the stronger one's."""
    loud = [np.abs(p.columns[:, use].T @ fit.part(n)).max() for n, p in list(enumerate(fit.places))[-2:]]
    return float(min(loud) / max(*loud, 1e-300))
