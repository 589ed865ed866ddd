"""Which targets of overlapping scans are one object: merged where that is likelier than not, none dropped.

Two targets of one scan are never one: that scan told them apart. Targets are joined in rounds, the least doubtful
first: what is gained by a pair is held against what each of the two would gain by another. After each round the
errors of scans' origins are estimated anew by all objects, which lets the doubtful be seen more sharply. Then each
scan's targets are shared out anew among the objects of the others, as long as that makes the whole likelier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scipy.spatial import cKDTree

from dualsense.site._adjust import Offsets, Points, adjust, place_object
from dualsense.site._belief import USUAL_PER_M2, Group, Groups, gain
from dualsense.site._exchange import exchanged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Near = list[tuple[int, int]]

RIVALS = -6.0
"""Logarithm of what a pair gains, below which it is no rival of another."""
SURER = 3.0
"""What is joined in one round has less doubt than the surest of its round by no more than that."""
ROUNDS, SWEEPS = 200, 6


def merge(
    points: Points,
    prior: Floats,
    within_m: float,
    covered: Sequence[Mapping[int, float]] | None = None,
    per_m2: float = USUAL_PER_M2,
) -> tuple[list[list[int]], Offsets]:
    """Find the targets that are one object.

    Parameters
    ----------
    points
        All targets on the map.
    prior : (3,)
        Variances of scans' offsets and turns.
    within_m
        Targets further apart are never one, however little their places are known: a merged mine is a mine that
        nobody digs.
    covered
        By target: scans that may have covered its place, and how likely each did. Where it is not told, those that
        list something near.
    per_m2
        Targets that a scan lists on a square metre.

    Returns
    -------
    clusters : list of list of int
        Every target in exactly one, sorted; in the order of their first.
    offsets
        Of the scans' origins.
    """
    offsets = Offsets({}, {}, prior)
    count = len(points.scan)
    if count < 2:
        return [[n] for n in range(count)], offsets
    near = cKDTree(points.map_m - points.map_m.mean(axis=0)).query_pairs(2.0 * within_m, output_type="ndarray")
    pairs = sorted(map(tuple, near[points.scan[near[:, 0]] != points.scan[near[:, 1]]].tolist()))
    groups = Groups(points, _covered(points, pairs) if covered is None else covered, per_m2)
    own = {n: groups.of([n]) for n in range(count)}
    own, offsets = _join(groups, own, pairs, offsets, within_m)
    stale = set(points.scan.tolist())
    for _ in range(SWEEPS):
        changed, stale = exchanged(groups, own, pairs, offsets, (within_m, stale))
        if not stale:
            break
        offsets = adjust(points, _clusters(changed), prior)
        own, offsets = _join(groups, changed, pairs, offsets, within_m)
    return _clusters(own), offsets


def _covered(points: Points, pairs: Near) -> list[dict[int, float]]:
    found = [{int(scan): 1.0} for scan in points.scan]
    for i, j in pairs:
        found[i][int(points.scan[j])] = 1.0
        found[j][int(points.scan[i])] = 1.0
    return found


def _clusters(own: Mapping[int, Group]) -> list[list[int]]:
    return [list(group.members) for n, group in sorted(own.items()) if group.members[0] == n]


def _neighbours(own: Mapping[int, Group], pairs: Near) -> list[tuple[Group, Group]]:
    """Give each two objects of which targets lie near, once."""
    found = {}
    for i, j in pairs:
        one, other = own[i], own[j]
        if one is not other:
            key = (one.members[0], other.members[0])
            found[min(key), max(key)] = (one, other) if key[0] < key[1] else (other, one)
    return [found[key] for key in sorted(found)]


def _join(
    groups: Groups, own: Mapping[int, Group], pairs: Near, offsets: Offsets, within_m: float
) -> tuple[dict[int, Group], Offsets]:
    """Join targets to objects, the least doubtful first, until no pair gains."""
    own = dict(own)
    for _ in range(ROUNDS):
        gains: dict[tuple[int, int], float] = {}
        rivals: dict[int, list[tuple[float, Group]]] = {}
        for one, other in _neighbours(own, pairs):
            if one.scans & other.scans:
                continue
            told, away_m = gain(groups, one, other, offsets)
            if away_m <= within_m and told > RIVALS:
                gains[one.members[0], other.members[0]] = told
                rivals.setdefault(one.members[0], []).append((told, other))
                rivals.setdefault(other.members[0], []).append((told, one))
        sure = sorted(
            (-_without_doubt(key, told, own, rivals, gains), key) for key, told in gains.items() if told > 0.0
        )
        if not sure:
            break
        touched: set[int] = set()
        for doubt, (i, j) in sure:
            scans = own[i].scans | own[j].scans
            if doubt > sure[0][0] + SURER or scans & touched:
                continue
            touched |= scans
            joined = groups.of(own[i].members + own[j].members)
            own |= dict.fromkeys(joined.members, joined)
        offsets = adjust(groups.points, _clusters(own), offsets.prior)
    return own, offsets


def _without_doubt(
    key: tuple[int, int],
    told: float,
    own: Mapping[int, Group],
    rivals: Mapping[int, list[tuple[float, Group]]],
    gains: Mapping[tuple[int, int], float],
) -> float:
    """Tell what a pair gains more than either of the two would by one that cannot belong to both."""
    most = 0.0
    for n, with_ in (key, key[::-1]):
        for other_told, third in rivals[n]:
            pair = (third.members[0], with_)
            if third is own[with_] or (not third.scans & own[with_].scans and (min(pair), max(pair)) in gains):
                continue
            most = max(most, other_told)
    return told - most


def agreed(members: int, strain: float) -> bool:
    """Tell whether what is left over of places is what their deviations let expect, 999 times in 1,000."""
    from scipy.stats import chi2  # noqa: PLC0415 - slow to load

    return members < 2 or strain <= float(chi2.ppf(0.999, 2 * (members - 1)))


def merged(
    points: Points, clusters: Sequence[Sequence[int]], offsets: Offsets
) -> list[tuple[Floats, Floats, bool]]:
    """Place each object; the deviations of one whose scans do not agree are widened till they do.

    Returns
    -------
    list of tuple
        Place (2,), covariance (2, 2), and whether the scans agree.
    """
    placed = []
    for cluster in clusters:
        place, covariance, strain = place_object(points, cluster, offsets)
        agree = agreed(len(cluster), strain)
        wider = 1.0 if agree else strain / (2 * (len(cluster) - 1))
        placed.append((place, covariance * wider, agree))
    return placed
