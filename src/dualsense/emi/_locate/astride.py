"""Two pieces of metal that leave so much less than one between them that nothing else needs to be asked.

Two are begun on either side of the one, in four directions, and where they were found. A few steps in some of
the rows tell from where it is worth while to go on. What is left least is begun once more farther apart. Two that
leave about as much may lie elsewhere, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._locate.free_step import LEAST_DEPTH_M
from dualsense.emi._locate.together import STEPS, placed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.emi._locate.settled import Settled
    from dualsense.emi._locate.together import Ground, Placed

    Real = NDArray[np.float64]

SURE = 40.0
"""Drop of the misfit, in what two leave, from which it is two without asking evidence. Of 150 single pieces
(points, bodies, uneven soil: `study_pairs`, seeds from 30000 on) one has more, if followed from every start."""
LIKELY, LIKELY_M, SHALLOWER = 30.0, 0.07, 0.85
"""The same where two lie so far apart, and neither deeper than so much of the one's depth, as two that seem one
do."""
FEW_STEPS, FEWEST_ROWS, PROMISING = 5, 150, 0.7
"""Steps and rows after which it is told from which starts it may be two: by then this part of what must be there,
as far as so few rows can tell, is there."""
FOLLOWED, HOPELESS, RIVAL = 3, 0.5, 8.0
"""So many starts go on at most, until one ends with less than this part of what is needed; and how much more than
the likeliest another two may leave, to be told with it."""
EXPLAINED = 1.5
"""Misfit of two at most: a body that is neither one dipole nor two leaves more."""
NEAREST_M, FARTHEST_M = 0.04, 0.2
"""To the side of each other."""
DEEPEST_M = 0.14
"""What strong metal has that a point has not looks like a second piece deep below."""
SHALLOWEST_M = 0.015
"""Where only errors look like metal."""
OUTWARD_M, NEAR_M = 0.03, 0.02
"""By how much farther from the middle either of two is begun once more; what ends closer together is the same."""
HALF_WAY_M, TURNS = 0.055, 4
"""From the one to either of two, where a fit with a free track begins, and in how many directions."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Rows among which the track may wander, and what stays beside some dipoles there."""

    fit: Settled
    ground: Ground
    others: Sequence[Real]
    wide: NDArray[np.intp]

    def free(self, places: Sequence[Real], steps: int = STEPS) -> Placed | None:
        """Place some dipoles with the track free, whether it settles or not."""
        fit = self.fit.beside([*self.others, *places])
        least_m = SHALLOWEST_M if len(places) == 2 else LEAST_DEPTH_M
        return placed(
            fit, self.ground, self.which(len(places)), self.wide, rough=True, steps=steps, least_m=least_m
        )

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


def sure(track: Track, one: Placed, found: Sequence[Real]) -> list[Placed]:
    """Two that leave so much less than one that nothing else needs to be asked, the likeliest first.

    One is begun where either of two is, too, before that counts. There may be another two as likely.
    """
    starts = [*starts_beside(one.positions[0]), *([found[0], other] for other in found[1:])]
    ends: list[Placed] = []
    for start in _promising(track, one, starts):
        end = track.free(start)
        if end is None or track.drop(one, end) < HOPELESS * LIKELY:
            break
        ends.append(end)
    ends = [end for end in ends if _can_be(end) and track.drop(one, end) >= _needed(one, end)]
    if ends:
        wider = track.free(_wider(min(ends, key=lambda end: end.misfit).positions))
        ends += [wider] if wider is not None and _can_be(wider) else []
    ends.sort(key=lambda end: end.misfit)
    ones = [track.free([place]) for end in ends[:1] for place in end.positions]
    if any(other is not None and track.drop(other, ends[0]) < _needed(other, ends[0]) for other in ones):
        return []
    return _distinct([end for end in ends if track.energy(end.misfit - ends[0].misfit) < RIVAL])


def _can_be(two: Placed) -> bool:
    """Tell whether two leave as little as two pieces of metal, and lie as they do."""
    return two.misfit <= EXPLAINED and plausible(two.positions)


def _needed(one: Placed, two: Placed) -> float:
    """Drop of the misfit from which it is two: less where they are to one what two pieces are."""
    deepest = -float(two.positions[:, 2].min())
    astride = aside_of(two.positions) >= LIKELY_M and deepest < SHALLOWER * -float(one.positions[0, 2])
    return LIKELY if astride else SURE


def _wider(two_m: Real) -> list[Real]:
    """Begin farther apart, too: from close by two may end half way."""
    out = np.array([0.0, 0.0, 1.0]) * two_m
    middle = two_m[:, :2].mean(axis=0)
    away = two_m[:, :2] - middle
    out[:, :2] = middle + away * (1.0 + OUTWARD_M / max(float(np.linalg.norm(away[0])), 1e-6))
    return list(out)


def _distinct(ends: Sequence[Placed]) -> list[Placed]:
    """Leave out what ends where a likelier one does."""
    out: list[Placed] = []
    for end in ends:
        if all(
            np.linalg.norm(alike(end, o.positions).positions - o.positions, axis=1).max() > NEAR_M for o in out
        ):
            out.append(end)
    return out


def _promising(track: Track, one: Placed, starts: Sequence[list[Real]]) -> list[list[Real]]:
    """Give the starts from which a few steps in some of the rows go so far that it may be two, the best first."""
    some = replace(track, wide=track.wide[:: max(track.wide.size // FEWEST_ROWS, 1)])
    alone = some.free([one.positions[0]], FEW_STEPS)
    if alone is None:
        return []
    begun = [(end, n) for n, end in enumerate(some.free(start, FEW_STEPS) for start in starts) if end is not None]
    needed = PROMISING * SURE * some.wide.size / track.wide.size
    begun = [(end, n) for end, n in begun if some.drop(alone, end) >= needed]
    return [starts[n] for _, n in sorted(begun, key=lambda at: at[0].misfit)[:FOLLOWED]]


def alike(two: Placed, first_m: Real) -> Placed:
    """Call the first of two what lies nearer to the first of others."""
    order = [1, 0]
    if np.linalg.norm(two.positions - first_m) <= np.linalg.norm(two.positions[order] - first_m):
        return two
    depths = tuple((share, depth[order], variance[order]) for share, depth, variance in two.depths)
    covariance = two.covariance.reshape(2, 3, 2, 3)[order][:, :, order].reshape(6, 6)
    return replace(two, positions=two.positions[order], covariance=covariance, depths=depths)


def starts_beside(middle_m: Real) -> list[list[Real]]:
    """Begin on either side of one, in four directions and half as deep as it seems."""
    out = []
    for angle in np.pi * np.arange(TURNS) / TURNS:
        way = HALF_WAY_M * np.array([np.cos(angle), np.sin(angle)])
        out.append([np.array([*(middle_m[:2] + side * way), 0.5 * middle_m[2]]) for side in (-1.0, 1.0)])
    return out


def aside_of(positions_m: Real) -> float:
    return float(np.linalg.norm((positions_m[0] - positions_m[1])[:2]))


def within(positions_m: Real, most_m: float, deepest_m: float) -> bool:
    """Tell whether two places lie no farther apart, and neither of them deeper."""
    return aside_of(positions_m) <= most_m and bool((positions_m[:, 2] >= -deepest_m).all())


def plausible(positions_m: Real) -> bool:
    """Tell whether two places can be those of two pieces of metal, and not of one and of what it leaves."""
    shallow = bool((positions_m[:, 2] > -SHALLOWEST_M + 1e-6).any())
    return aside_of(positions_m) >= NEAREST_M and within(positions_m, FARTHEST_M, DEEPEST_M) and not shallow
