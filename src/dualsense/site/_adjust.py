"""Where objects lie, by all scans at once: each scan may be off by its origin's error, alike for all it lists.

Least squares with priors: a scan's offset along both axes and its turn have the deviations that are stated for
origins, each target those that its scan states. Objects are eliminated first (Schur's complement), so that the
system has three unknowns a scan; what comes out are places, and covariances that hold the shared errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_SCANS = 600
"""Of scans that objects join, adjusted together; of more each keeps its origin, with all of its error."""
LEAST_TURN_RAD = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Targets on the map.

    Attributes
    ----------
    map_m : (n, 2)
        As their scans' origins place them.
    covariance_m2 : (n, 2, 2)
        Within their scans.
    scan : (n,) intp
        Which scan lists each.
    arm_m : (n, 2)
        From the scan's origin, on the map.
    recording : (n,) intp
        Which recording: two results may be of one.
    """

    map_m: Floats
    covariance_m2: Floats
    scan: NDArray[np.intp]
    arm_m: Floats
    recording: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Offsets:
    """Errors of scans' origins: by scan its offset and turn (3,), and their covariances with others'."""

    value: dict[int, Floats]
    covariance: dict[int, tuple[Floats, int]]
    prior: Floats

    def of(self, scan: int) -> Floats:
        """Offset and turn (3,), nought for a scan that shares no object."""
        return self.value.get(scan, np.zeros(3))

    def joint(self, one: int, other: int) -> Floats:
        """Covariance (3, 3) of the offsets of two scans."""
        if one in self.covariance and other in self.covariance:
            table, row = self.covariance[one]
            same, column = self.covariance[other]
            if table is same:
                return table[3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
            return np.zeros((3, 3))
        return np.diag(self.prior) if one == other else np.zeros((3, 3))


def design(arm_m: Floats) -> Floats:
    """How a place (2,) follows its scan's offset and turn: (2, 3)."""
    return np.array([[1.0, 0.0, -arm_m[1]], [0.0, 1.0, arm_m[0]]])


def prior_of(place_m: float, azimuth_deg: float) -> Floats:
    """Variances (3,) of offset and turn."""
    return np.array([place_m**2, place_m**2, max(np.radians(azimuth_deg), LEAST_TURN_RAD) ** 2])


def weights_of(points: Points, members: Sequence[int]) -> list[Floats]:
    """Inverse covariances of targets of one object; results of one recording share what it is worth."""
    recordings = points.recording[list(members)].tolist()
    return [
        np.linalg.inv(points.covariance_m2[one]) / recordings.count(recording)
        for one, recording in zip(members, recordings, strict=True)
    ]


def adjust(points: Points, clusters: Sequence[Sequence[int]], prior: Floats) -> Offsets:
    """Estimate the errors of scans' origins from the objects that several scans list.

    Parameters
    ----------
    points
        All targets.
    clusters
        Numbers of the targets that are one object.
    prior : (3,)
        Variances of offset and turn.

    Returns
    -------
    Offsets
    """
    value: dict[int, Floats] = {}
    covariance: dict[int, tuple[Floats, int]] = {}
    shared = [cluster for cluster in clusters if len({int(points.scan[one]) for one in cluster}) > 1]
    for scans in _joined(points, shared):
        if len(scans) > MOST_SCANS:
            continue
        row = {scan: n for n, scan in enumerate(scans)}
        normal = np.diag(np.tile(1.0 / prior, len(scans)))
        right = np.zeros(3 * len(scans))
        for cluster in shared:
            if int(points.scan[cluster[0]]) in row:
                add_object(points, cluster, row, normal, right)
        factor = cho_factor(normal)
        solved = cho_solve(factor, right)
        table = cho_solve(factor, np.eye(len(right)))
        for scan, n in row.items():
            value[scan] = solved[3 * n : 3 * n + 3]
            covariance[scan] = (table, n)
    return Offsets(value, covariance, prior)


def add_object(points: Points, cluster: Sequence[int], row: dict[int, int], normal: Floats, right: Floats) -> None:
    """Add one object's targets to the normal equations, the object itself eliminated."""
    weights = weights_of(points, cluster)
    whole = np.linalg.inv(np.sum(weights, axis=0))
    base = points.map_m[cluster[0]]
    places = [points.map_m[one] - base for one in cluster]
    mean = whole @ np.sum([w @ p for w, p in zip(weights, places, strict=True)], axis=0)
    ways = [w @ design(points.arm_m[one]) for w, one in zip(weights, cluster, strict=True)]
    at = [slice(3 * row[int(points.scan[one])], 3 * row[int(points.scan[one])] + 3) for one in cluster]
    for i, one in enumerate(cluster):
        right[at[i]] += ways[i].T @ (places[i] - mean)
        normal[at[i], at[i]] += ways[i].T @ design(points.arm_m[one])
        for j in range(len(cluster)):
            normal[at[i], at[j]] -= ways[i].T @ whole @ ways[j]


def _joined(points: Points, shared: Sequence[Sequence[int]]) -> list[list[int]]:
    """Group scans that objects join, each group sorted."""
    parent: dict[int, int] = {}

    def root(scan: int) -> int:
        while parent.setdefault(scan, scan) != scan:
            parent[scan] = parent[parent[scan]]
            scan = parent[scan]
        return scan

    for cluster in shared:
        first = root(int(points.scan[cluster[0]]))
        for one in cluster[1:]:
            parent[root(int(points.scan[one]))] = first
    groups: dict[int, list[int]] = {}
    for scan in sorted(parent):
        groups.setdefault(root(scan), []).append(scan)
    return list(groups.values())


def place_object(points: Points, cluster: Sequence[int], offsets: Offsets) -> tuple[Floats, Floats, float]:
    """Place an object by all targets that are one.

    Parameters
    ----------
    points, cluster
        As for `adjust`.
    offsets
        From there.

    Returns
    -------
    map_m : (2,)
        Easting and northing.
    covariance_m2 : (2, 2)
        The scans' own errors included.
    strain
        Sum of squares of what is left over, in the targets' own deviations.
    """
    weights = weights_of(points, cluster)
    whole = np.linalg.inv(np.sum(weights, axis=0))
    base = points.map_m[cluster[0]]
    ways = [design(points.arm_m[one]) for one in cluster]
    scans = [int(points.scan[one]) for one in cluster]
    places = [
        points.map_m[one] - base - way @ offsets.of(scan)
        for one, way, scan in zip(cluster, ways, scans, strict=True)
    ]
    mean = whole @ np.sum([w @ p for w, p in zip(weights, places, strict=True)], axis=0)
    gains = [whole @ w @ way for w, way in zip(weights, ways, strict=True)]
    covariance = whole + np.sum(
        [
            gains[i] @ offsets.joint(scans[i], scans[j]) @ gains[j].T
            for i in range(len(cluster))
            for j in range(len(cluster))
        ],
        axis=0,
    )
    strain = float(sum((p - mean) @ w @ (p - mean) for p, w in zip(places, weights, strict=True)))
    return base + mean, covariance, strain
