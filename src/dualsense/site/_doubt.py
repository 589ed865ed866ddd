"""What was found at a place ends the digging of what surely is the same, and of nothing else.

That targets of two scans are one object is an opinion, mostly a good one. But where one was dug, and the other is
still to be dug, a wrong one leaves a mine in the ground: it may lie a hand's breadth beside the fragment that was
found. So these two stay apart unless they lie close together even where they seem two deviations closer than they
are, by all that is known but for their own being one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.site._adjust import adjust, design
from dualsense.site._belief import Groups, Local

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from dualsense.site._adjust import Offsets, Points

SURE_M = 0.12
"""What is found within belongs to one hole."""
SURE_STD = 2.0


def kept_apart(
    points: Points,
    clusters: Sequence[Sequence[int]],
    offsets: Offsets,
    found: Collection[int],
    wanted: Collection[int],
) -> tuple[list[list[int]], Offsets]:
    """Take out of objects that were dug what is still to be dug, and may be another.

    Parameters
    ----------
    points, clusters, offsets
        From `merge`.
    found
        Targets at which a find was recorded.
    wanted
        Targets that are to be dug by their calls.

    Returns
    -------
    clusters : list of list of int
        Those that were taken out of one object stay one, after all others.
    offsets
        Of the scans' origins, without what was taken for one.
    """
    kept, out = [], []
    for cluster in clusters:
        dug = [n for n in cluster if n in found]
        asked = [n for n in cluster if n in wanted and n not in found]
        doubtful = [] if not dug or not asked else _doubtful(points, cluster, offsets, (dug, asked))
        kept.append([n for n in cluster if n not in doubtful])
        if doubtful:
            out.append(doubtful)
    if not out:
        return kept, offsets
    return kept + out, adjust(points, kept + out, offsets.prior)


def _doubtful(
    points: Points, cluster: Sequence[int], offsets: Offsets, given: tuple[Sequence[int], Sequence[int]]
) -> list[int]:
    """Of an object's targets that are to be dug, those that no dug one surely is."""
    dug, asked = given
    local = Local(points, offsets, [Groups(points, [{} for _ in points.scan], 1.0).of(cluster)])
    return [n for n in asked if min(_farthest_m(points, local, n, other) for other in dug) > SURE_M]


def _farthest_m(points: Points, local: Local, one: int, other: int) -> float:
    """Tell how far two targets may lie apart: two deviations further than they seem to."""
    mean, covariance = local.origins()
    way = np.zeros((2, len(mean)))
    for n, sign in ((one, 1.0), (other, -1.0)):
        first = 3 * local.row[int(points.scan[n])]
        way[:, first : first + 3] += sign * design(points.arm_m[n])
    away = points.map_m[one] - points.map_m[other] - way @ mean
    spread = points.covariance_m2[one] + points.covariance_m2[other] + way @ covariance @ way.T
    return float(np.hypot(*away) + SURE_STD * np.sqrt(np.linalg.eigvalsh(spread)[-1]))
