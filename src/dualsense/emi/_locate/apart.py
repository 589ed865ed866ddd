"""Two pieces of metal where the joint fit found one, or two in other places.

Two pieces 8 to 15 cm apart answer much as one between them does, and what that one leaves is taken for errors of
the track. So each that lies alone is asked again, and so is each beside which one other was found. First two are
fitted with everything free, the track too, from either side of the one and from where they were found: from some
drop of the misfit on it is two. Where two leave less but not so much less, and nothing else was found, evidence
(`separate`) is asked, which knows what metal can be. It takes errors of the track as new in each row, and strong
metal has more of them than evidence can pay for; so two have to bring most of what they promised once more where
the track is free to wander beside one and beside two.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._locate.separate import separate
from dualsense.emi._locate.together import STEPS, between, placed
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
SURE = 45.0
"""Drop of the misfit, in what two leave, from which it is two without asking evidence. No single one of 200
(points, bodies, uneven soil: `study_draws`, seeds from 1000 on) has more than 41, the others 34 at most."""
FEW_STEPS, FEWEST_ROWS, PROMISING = 5, 150, 1.2
"""Steps and rows after which it is told from which starts it may be two: so many times that much must be there, as
few rows and steps promise more than there is."""
FOLLOWED, RIVAL = 2, 8.0
"""So many starts go on at most; and how much more than the likeliest another two may leave, to be told with it."""
EXPLAINED = 1.5
"""Misfit of two at most: a body that is neither one dipole nor two leaves more."""
CERTAIN = 60.0
"""Drop of the misfit from which places come from the fit with a free track: weaker metal is placed better by what
metal can be, as evidence has it. So much must what was found in the same place bring beside two, too, to be a
third."""
LITTLE = 20.0
"""What was found farther off and brings more than this stays, whatever it is."""
BESIDE_M = 0.035
"""What was found so close to the side of one of two is that one; what lies farther away may be a third."""
NEAREST_M, FARTHEST_M, REJECTED_M = 0.04, 0.2, 0.25
"""To the side of each other; and the farthest to the side and down where evidence is still asked."""
CROWDED_M = 0.3
"""What stays so near is in most of the rows, and is held where it was found."""
TOGETHER_M = 0.08
"""What was found closer to the one than this was looked at as the same piece of metal."""
DEEPEST_M = 0.14
"""What strong metal has that a point has not looks like a second piece deep below."""
DEEPEST_ONE_M = 0.2
"""Two that lie apart seem one that is deeper than either, but not so deep."""
SHALLOWEST_M = 0.015
"""Where only errors look like metal."""
HALF_WAY_M, TURNS = 0.055, 4
"""From the one to either of two, where a fit with a free track begins, and in how many directions."""
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
    track = _Track(fit, ground, others, _some(wide))
    one = track.free([found[0]])
    left = -np.inf if one is None else track.energy(one.misfit - LEAST_LEFT)
    # what two promise has to be there at all: the least of it is asked before anything that takes longer
    if one is None or left < KEPT * 2.0 * ODDS[-1]:
        return None
    ends = [] if crowded else _sure(track, one, found)
    if ends:
        return _told(track, ends, None, found, use, wide)
    if not alone:
        return None
    told = _proposed(fit, others, found[0], _some(use), left)
    if told is None or left < KEPT * 2.0 * told.log_odds:
        return None
    two, gain = track.best(_starts(found, told.positions_m), one.misfit, KEPT * 2.0 * told.log_odds)
    return None if two is None else _told(track, [two], None if gain > CERTAIN else told, found, use, wide)


def _crowded(one_m: Real, others: Sequence[Real]) -> bool:
    """Tell whether what stays lies so near that an error of it, too, would be told by a second one."""
    return any(np.linalg.norm((place - one_m)[:2]) < CROWDED_M for place in others)


def _sure(track: _Track, one: Placed, found: Sequence[Real]) -> list[Placed]:
    """Two that leave so much less than one that nothing else needs to be asked, the likeliest first.

    One is begun where either of two is, too, before that counts. There may be another two as likely.
    """
    starts = [*_astride(one.positions[0]), *([found[0], other] for other in found[1:])]
    ends: list[Placed] = []
    for start in _promising(track, one, starts):
        end = track.free(start)
        if end is None or track.drop(one, end) < SURE:
            break
        if end.misfit <= EXPLAINED and _plausible(end.positions):
            ends.append(end)
    ends.sort(key=lambda end: end.misfit)
    ones = [track.free([place]) for end in ends[:1] for place in end.positions]
    if any(other is not None and track.drop(other, ends[0]) < SURE for other in ones):
        return []
    return [end for end in ends if track.energy(end.misfit - ends[0].misfit) < RIVAL]


def _promising(track: _Track, one: Placed, starts: Sequence[list[Real]]) -> list[list[Real]]:
    """Give the starts from which a few steps in some of the rows go so far that it may be two, the best first."""
    some = replace(track, wide=track.wide[:: max(track.wide.size // FEWEST_ROWS, 1)])
    alone = some.free([one.positions[0]], FEW_STEPS)
    if alone is None:
        return []
    begun = [(end, n) for n, end in enumerate(some.free(start, FEW_STEPS) for start in starts) if end is not None]
    begun = [(end, n) for end, n in begun if some.drop(alone, end) >= PROMISING * SURE]
    return [starts[n] for _, n in sorted(begun, key=lambda at: at[0].misfit)[:FOLLOWED]]


def _told(
    track: _Track,
    ends: Sequence[Placed],
    told: Separation | None,
    found: Sequence[Real],
    use: NDArray[np.intp],
    wide: NDArray[np.intp],
) -> Apart | None:
    """Give two places, from fits with a free track or from evidence, where they can be two pieces of metal."""
    if told is None and not _plausible(ends[0].positions):
        return None
    two = _in_full(track, ends, wide)
    if told is not None:
        two = _either(told, two)
    here = two.positions
    if not _plausible(here) or _part(track.fit.beside([*track.others, *here]), use) < LEAST_PART:
        return None
    # of the rows and knots that a third is asked with, too
    return Apart(here, two.covariance, two.depths, track.more(list(here), found, ends[0].misfit))


def _in_full(track: _Track, ends: Sequence[Placed], wide: NDArray[np.intp]) -> Placed:
    """Place two with all rows and knots, from each end; those that are as likely widen what is known of them."""
    whole: list[Placed] = []
    for end in ends:
        two = placed(track.fit.beside([*track.others, *end.positions]), track.ground, track.which(2), wide)
        two = end if two is None else two
        whole.append(_alike(two, whole[0].positions) if whole else two)
    return between(whole, wide.size * track.fit.balance.noise.size)


def _alike(two: Placed, first_m: Real) -> Placed:
    """Call the first of two what lies nearer to the first of others."""
    order = [1, 0]
    if np.linalg.norm(two.positions - first_m) <= np.linalg.norm(two.positions[order] - first_m):
        return two
    depths = tuple((share, depth[order], variance[order]) for share, depth, variance in two.depths)
    covariance = two.covariance.reshape(2, 3, 2, 3)[order][:, :, order].reshape(6, 6)
    return replace(two, positions=two.positions[order], covariance=covariance, depths=depths)


def _either(told: Separation, two: Placed) -> Placed:
    """Take the places of evidence, as well known as if those of a free track were as likely.

    Evidence knows nothing of errors of the track that last, and would have the two by far too well known.
    """
    free = _alike(two, told.positions_m)
    away = (free.positions - told.positions_m).ravel()
    covariance = 0.5 * (told.covariance_m2 + free.covariance + np.outer(away, away))
    own = (0.5, -told.positions_m[:, 2], told.covariance_m2.diagonal()[2::3])
    depths = (own, *((0.5 * share, depth, variance) for share, depth, variance in free.depths))
    return replace(free, positions=told.positions_m, covariance=covariance, depths=depths)


def _astride(middle_m: Real) -> list[list[Real]]:
    """Begin on either side of one, in four directions and half as deep as it seems."""
    out = []
    for angle in np.pi * np.arange(TURNS) / TURNS:
        way = HALF_WAY_M * np.array([np.cos(angle), np.sin(angle)])
        out.append([np.array([*(middle_m[:2] + side * way), 0.5 * middle_m[2]]) for side in (-1.0, 1.0)])
    return out


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

    def free(self, places: Sequence[Real], steps: int = STEPS) -> Placed | None:
        """Place some dipoles with the track free, whether it settles or not."""
        fit = self.fit.beside([*self.others, *places])
        return placed(fit, self.ground, self.which(len(places)), self.wide, rough=True, steps=steps)

    def which(self, count: int) -> range:
        """Numbers of dipoles beside those that stay."""
        return range(len(self.others), len(self.others) + count)

    def energy(self, misfit: float) -> float:
        """Give a misfit per value for all values."""
        return misfit * self.wide.size * self.fit.balance.noise.size

    def drop(self, one: Placed, two: Placed) -> float:
        """Tell how much less two leave than one, in what two leave."""
        return self.energy(one.misfit - two.misfit) / max(two.misfit, 1.0)

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
                far = np.linalg.norm((found[k] - found[0])[:2]) >= TOGETHER_M
                if three is None or self.energy(left - three.misfit) > (LITTLE if far else CERTAIN):
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
