"""Which targets of overlapping scans are one object: merged by what is known of their places, none dropped.

Two targets of one scan are never one: that scan told them apart. Of two scans, targets that lie within their
combined deviations are matched one to one, so that the sum of squares is least over all (Hungarian method);
matches are then joined, the closest first, where every pair within the object agrees. Offsets of the scans'
origins are estimated from that, and all of it is done once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from dualsense.site._adjust import Offsets, Points, adjust, design, place_object

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Pairs = dict[tuple[int, int], float]

GATE = 13.82
"""Of the square of a distance in deviations, in two dimensions: 99.9 % of true pairs lie within."""
LINK = 25.0
"""And of any two targets within one object, which are more than two scans' often."""
ROUNDS = 3


def merge(points: Points, prior: Floats, within_m: float) -> tuple[list[list[int]], Offsets]:
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

    Returns
    -------
    clusters : list of list of int
        Every target in exactly one, sorted; in the order of their first.
    offsets
        Of the scans' origins.
    """
    offsets = Offsets({}, {}, prior)
    clusters: list[list[int]] = [[n] for n in range(len(points.scan))]
    if len(points.scan) < 2:
        return clusters, offsets
    near = cKDTree(points.map_m - points.map_m.mean(axis=0)).query_pairs(2.0 * within_m, output_type="ndarray")
    near = near[points.scan[near[:, 0]] != points.scan[near[:, 1]]]
    before: list[list[int]] = []
    for _ in range(ROUNDS):
        pairs = _within_gate(points, near, offsets, within_m)
        clusters = _clusters(len(points.scan), points, _matched(points, pairs), pairs)
        if clusters == before:
            break
        before = clusters
        offsets = adjust(points, clusters, prior)
    return clusters, offsets


def _within_gate(points: Points, near: NDArray[np.intp], offsets: Offsets, within_m: float) -> Pairs:
    """Squares of distances, in combined deviations, of the pairs that may be one object."""
    found = {}
    for i, j in near.tolist():
        one, other = int(points.scan[i]), int(points.scan[j])
        a, b = design(points.arm_m[i]), design(points.arm_m[j])
        apart = (points.map_m[i] - a @ offsets.of(one)) - (points.map_m[j] - b @ offsets.of(other))
        cross = a @ offsets.joint(one, other) @ b.T
        spread = points.covariance_m2[i] + points.covariance_m2[j] - cross - cross.T
        spread += a @ offsets.joint(one, one) @ a.T + b @ offsets.joint(other, other) @ b.T
        square = float(apart @ np.linalg.solve(spread, apart))
        if square <= LINK and float(np.hypot(*apart)) <= within_m:
            found[min(i, j), max(i, j)] = square
    return found


def _matched(points: Points, pairs: Pairs) -> list[tuple[float, int, int]]:
    """Match the targets of each two scans one to one, the sum of squares least; the closest first."""
    by_scans: dict[tuple[int, int], Pairs] = {}
    for (i, j), square in pairs.items():
        one, other = sorted((int(points.scan[i]), int(points.scan[j])))
        if square <= GATE:
            by_scans.setdefault((one, other), {})[i, j] = square
    kept = []
    for (one, _), own in sorted(by_scans.items()):
        ends = {
            side: sorted({n for pair in own for n in pair if (points.scan[n] == one) == side})
            for side in (True, False)
        }
        cost = np.zeros((len(ends[True]), len(ends[False])))
        for (i, j), square in own.items():
            first, second = (i, j) if points.scan[i] == one else (j, i)
            # any match is better than none, and close ones are best
            cost[ends[True].index(first), ends[False].index(second)] = square - 2.0 * GATE
        for row, column in zip(*linear_sum_assignment(cost), strict=True):
            if cost[row, column] < 0.0:
                i, j = sorted((ends[True][row], ends[False][column]))
                kept.append((own[i, j], i, j))
    return sorted(kept)


def _clusters(
    count: int, points: Points, matches: Sequence[tuple[float, int, int]], pairs: Pairs
) -> list[list[int]]:
    """Join matches, the closest first, where all that would be one object agree with each other."""
    own = {n: [n] for n in range(count)}
    for _, i, j in matches:
        one, other = own[i], own[j]
        if one is other:
            continue
        scans = {int(points.scan[n]) for n in one} & {int(points.scan[n]) for n in other}
        if scans or any((min(a, b), max(a, b)) not in pairs for a in one for b in other):
            continue
        joined = sorted(one + other)
        for n in joined:
            own[n] = joined
    return [members for n, members in own.items() if members[0] == n]


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
