"""How likely it is that targets are one object, by their places and by who covered those places.

Ground holds so many objects a square metre, each listed by a scan that covers it but for misses; and scans list
false alarms, of which no two are one. Places are off by the targets' own errors and by those of their scans'
origins; what is known of the latter, by all other objects, is a normal distribution, which each object narrows.
Objects' places are integrated out, so that partitions of a few targets can be held against each other:
Reid, "An algorithm for tracking multiple targets", IEEE Trans. Automatic Control 24 (1979), with origins added.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.site._adjust import add_object, design, weights_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from dualsense.site._adjust import Offsets, Points

    Floats = NDArray[np.float64]

LISTS = 0.9
"""Of objects that a scan covers, those that it lists; more are missed on real ground than in any study."""
ALARMS = 0.2
"""Of what scans list, what is of no object."""
LEAST_PER_M2, MOST_PER_M2, USUAL_PER_M2 = 0.5, 10.0, 3.0
"""Targets that a scan lists on a square metre, and what is taken where its area is not told."""
LOG_TURN = math.log(2.0 * math.pi)


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Targets that may be one object.

    Attributes
    ----------
    members
        Numbers of the targets, sorted.
    scans
        That list them.
    mean_m : (2,)
        Weighted place, from the first of all targets, scans' offsets not taken away.
    covariance_m2 : (2, 2)
        Of that place within its scans.
    ways
        How the place follows each scan's offset: (2, 3).
    log_own
        Logarithm of how likely they are listed, and lie as they do where no origin is off.
    """

    members: tuple[int, ...]
    scans: frozenset[int]
    mean_m: Floats
    covariance_m2: Floats
    ways: Mapping[int, Floats]
    log_own: float


class Groups:
    """Makes groups of targets, each once.

    Parameters
    ----------
    points
        All targets.
    covered
        By target: how likely it is that each scan covered its place.
    per_m2
        Targets that a scan lists on a square metre.
    """

    def __init__(self, points: Points, covered: Sequence[Mapping[int, float]], per_m2: float) -> None:
        self.points = points
        self._covered = covered
        density = min(max(per_m2, LEAST_PER_M2), MOST_PER_M2)
        self._log_objects = math.log(density * (1.0 - ALARMS))
        self._log_alarms = math.log(density * ALARMS)
        self._made: dict[tuple[int, ...], Group] = {}

    def of(self, members: Iterable[int]) -> Group:
        """Give the group of these targets."""
        key = tuple(sorted(members))
        if key not in self._made:
            self._made[key] = self._make(key)
        return self._made[key]

    def log_listed(self, members: Sequence[int], scans: frozenset[int]) -> float:
        """Logarithm of how likely these scans list one object a square metre, and others that cover it do not."""
        chance: dict[int, float] = {}
        for one in members:
            for scan, part in self._covered[one].items():
                chance[scan] = chance.get(scan, 0.0) + part / len(members)
        missed = sum(math.log1p(-LISTS * min(part, 1.0)) for scan, part in chance.items() if scan not in scans)
        told = self._log_objects + len(members) * math.log(LISTS) + missed
        return told if len(members) > 1 else float(np.logaddexp(told, self._log_alarms))

    def _make(self, members: tuple[int, ...]) -> Group:
        points = self.points
        weights = weights_of(points, members)
        whole = np.linalg.inv(np.sum(weights, axis=0))
        places = [points.map_m[one] - points.map_m[0] for one in members]
        mean = whole @ np.sum([w @ p for w, p in zip(weights, places, strict=True)], axis=0)
        ways: dict[int, Floats] = {}
        log_own = 0.5 * float(np.linalg.slogdet(whole)[1]) + LOG_TURN
        for one, w, place in zip(members, weights, places, strict=True):
            ways[int(points.scan[one])] = whole @ w @ design(points.arm_m[one])
            left = place - mean
            log_own += 0.5 * float(np.linalg.slogdet(w)[1]) - LOG_TURN - 0.5 * float(left @ w @ left)
        scans = frozenset(ways)
        return Group(members, scans, mean, whole, ways, log_own + self.log_listed(members, scans))


def apart(one: Group, other: Group, offsets: Offsets) -> tuple[Floats, Floats]:
    """How far two groups lie apart (2,), scans' offsets taken away, and the covariance (2, 2) of that."""
    none = np.zeros((2, 3))
    ways = {scan: one.ways.get(scan, none) - other.ways.get(scan, none) for scan in one.scans | other.scans}
    away = one.mean_m - other.mean_m
    spread = one.covariance_m2 + other.covariance_m2
    for scan, way in ways.items():
        away = away - way @ offsets.of(scan)
        for with_, by in ways.items():
            spread = spread + way @ offsets.joint(scan, with_) @ by.T
    return away, spread


def gain(groups: Groups, one: Group, other: Group, offsets: Offsets) -> tuple[float, float]:
    """Tell what is gained where two groups are one object, as a logarithm; and how many metres they lie apart."""
    away, spread = apart(one, other, offsets)
    square = float(away @ np.linalg.solve(spread, away))
    fit = -0.5 * square - 0.5 * float(np.linalg.slogdet(spread)[1]) - LOG_TURN
    told = [groups.log_listed(each.members, each.scans) for each in (one, other)]
    both = groups.log_listed(one.members + other.members, one.scans | other.scans)
    return fit + both - sum(told), float(np.hypot(*away))


class Local:
    """What is known of a few scans' origins without what the groups that are asked about tell of them.

    Parameters
    ----------
    points
        All targets.
    offsets
        As all objects let them be known.
    own
        Groups whose targets will be held against each other.
    """

    def __init__(self, points: Points, offsets: Offsets, own: Sequence[Group]) -> None:
        scans = sorted({scan for group in own for scan in group.scans})
        self._points, self.row = points, {scan: n for n, scan in enumerate(scans)}
        self._known: dict[tuple[int, ...], tuple[Floats, Floats]] = {}
        joint = np.block([[offsets.joint(a, b) for b in scans] for a in scans])
        self.normal = np.linalg.inv(joint)
        self.right = self.normal @ np.concatenate([offsets.of(scan) for scan in scans])
        for group in own:
            if len(group.members) > 1 and all(scan in offsets.covariance for scan in group.scans):
                normal, right = self._told(group)
                self.normal, self.right = self.normal - normal, self.right - right

    def origins(self) -> tuple[Floats, Floats]:
        """Offsets and turns of these scans (3 n,), in the order of `row`, and their covariance."""
        covariance = np.linalg.inv(self.normal)
        return covariance @ self.right, covariance

    def evidence(self, partition: Sequence[Group]) -> float:
        """Logarithm of how likely targets lie as they do where these groups are objects; on one scale for all."""
        normal, right = self.normal, self.right
        for group in partition:
            if len(group.members) > 1:
                more, more_right = self._told(group)
                normal, right = normal + more, right + more_right
        fit = 0.5 * float(right @ np.linalg.solve(normal, right)) - 0.5 * float(np.linalg.slogdet(normal)[1])
        return fit + sum(group.log_own for group in partition)

    def _told(self, group: Group) -> tuple[Floats, Floats]:
        """Sum up what one object tells of the origins: parts of the normal equations."""
        if group.members not in self._known:
            size = 3 * len(self.row)
            normal, right = np.zeros((size, size)), np.zeros(size)
            add_object(self._points, group.members, self.row, normal, right)
            self._known[group.members] = normal, right
        return self._known[group.members]
