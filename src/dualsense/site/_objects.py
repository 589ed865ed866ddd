"""From the lists of all scans to the objects of a site, what matters most first."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense import render
from dualsense.result import OPEN_CALLS
from dualsense.site._adjust import Points, prior_of
from dualsense.site._belief import USUAL_PER_M2
from dualsense.site._decided import dug_targets
from dualsense.site._doubt import kept_apart
from dualsense.site._merge import merge, merged
from dualsense.site._raster import coverings
from dualsense.site._records import Listed, SiteObject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.site._records import OriginError, SiteScan
    from dualsense.site._store import Store

LEAST_STD_M, UNKNOWN_STD_M = 0.005, 0.10
"""Of a target's place within its scan: what no scan knows better, and what is taken where it is not told."""


def find_objects(
    scans: Sequence[SiteScan], store: Store, origin_error: OriginError, within_m: float
) -> list[SiteObject]:
    """Merge what all scans list; what a scan without a place lists is kept as it is.

    Parameters
    ----------
    scans
        Of the site, on the map or not.
    store
        With their maps.
    origin_error
        Of scans' places.
    within_m
        Targets further apart are never one.

    Returns
    -------
    list of SiteObject
        The gravest first, those without a place last. Every listed target is in exactly one.
    """
    placed: list[tuple[Listed, tuple[float, ...]]] = []
    away: list[tuple[Listed, tuple[float, ...]]] = []
    for number, scan in enumerate(scans):
        targets = () if scan.result is None else scan.result.targets
        for target in targets:
            own = Listed(
                number, target.id, target.call, target.confidence, target.x_m, target.y_m,
                target.depth_m, target.position_std_m[2], target.existence,
            )  # fmt: skip
            on_map = scan.placed and math.isfinite(target.x_m) and math.isfinite(target.y_m)
            (placed if on_map else away).append((own, target.position_std_m[:2]))
    objects = _merged(placed, scans, store, origin_error, within_m)
    objects.sort(key=_order)
    covered = coverings([one.map_m for one in objects if one.map_m is not None], scans, store)
    objects = [
        replace(one, id=f"S{n + 1}", covering=len(own | {listed.scan for listed in one.listed}))
        for n, (one, own) in enumerate(zip(objects, map(set, covered), strict=True))
    ]
    alone = sorted((_alone(own) for own, _ in away), key=_order)
    return objects + [replace(one, id=f"U{n + 1}") for n, one in enumerate(alone)]


def _merged(
    placed: Sequence[tuple[Listed, tuple[float, ...]]],
    scans: Sequence[SiteScan],
    store: Store,
    origin_error: OriginError,
    within_m: float,
) -> list[SiteObject]:
    if not placed:
        return []
    prior = prior_of(origin_error.place_m, origin_error.azimuth_deg)
    points = _points(placed, scans)
    covered = _covered(points, scans, store, origin_error)
    clusters, offsets = merge(points, prior, within_m, covered, _per_m2(len(placed), scans))
    dug = dug_targets([own for own, _ in placed], scans)
    found = {n for n, (own, _) in enumerate(placed) if (own.scan, own.id) in dug}
    wanted = {n for n, (own, _) in enumerate(placed) if own.call in OPEN_CALLS}
    clusters, offsets = kept_apart(points, clusters, offsets, found, wanted)
    objects = []
    for members, (place, covariance, agree) in zip(clusters, merged(points, clusters, offsets), strict=True):
        listed = tuple(sorted((placed[n][0] for n in members), key=_gravity))
        depth_m, depth_std_m = _depth(listed)
        confidence = max((own.confidence for own in listed if math.isfinite(own.confidence)), default=math.nan)
        objects.append(
            SiteObject(
                "", listed[0].call, confidence, place, covariance, depth_m, depth_std_m, listed, agree=agree
            )
        )
    return objects


def _points(placed: Sequence[tuple[Listed, tuple[float, ...]]], scans: Sequence[SiteScan]) -> Points:
    """Put targets on the map, with their deviations turned and scaled as their scan is."""
    recordings: dict[str, int] = {}
    map_m, covariance, arm, recording = [], [], [], []
    for own, stds in placed:
        scan = scans[own.scan]
        if scan.to_map is None or scan.result is None:
            continue
        linear = scan.to_map[:, :2]
        place = scan.to_map @ np.array([own.x_m, own.y_m, 1.0])
        spread = [max(one, LEAST_STD_M) if math.isfinite(one) else UNKNOWN_STD_M for one in stds]
        map_m.append(place)
        covariance.append(linear @ np.diag(np.square(spread)) @ linear.T)
        arm.append(place - scan.to_map[:, 2])
        recording.append(recordings.setdefault(scan.result.scan_sha256, len(recordings)))
    numbers = np.array([own.scan for own, _ in placed], dtype=np.intp)
    return Points(
        np.array(map_m), np.array(covariance), numbers, np.array(arm), np.array(recording, dtype=np.intp)
    )


def _covered(
    points: Points, scans: Sequence[SiteScan], store: Store, origin_error: OriginError
) -> list[dict[int, float]]:
    """Tell by target which scans may have covered its place, and how likely: origins are off, edges with them."""
    off_m = math.sqrt(2.0) * origin_error.place_m  # both scans' are
    steps = off_m * np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    found: list[dict[int, float]] = [{} for _ in points.scan]
    for step in steps:
        for own, numbers in zip(found, coverings(list(points.map_m + step), scans, store), strict=True):
            for number in numbers:
                own[number] = own.get(number, 0.0) + 1.0 / len(steps)
    return found


def _per_m2(count: int, scans: Sequence[SiteScan]) -> float:
    """Targets that a scan lists on a square metre that it covered with both sensors."""
    results = [scan.result for scan in scans if scan.result is not None and scan.placed]
    area_m2 = sum(
        one.area_m2 * one.coverage_fraction for one in results if one.area_m2 * one.coverage_fraction > 0.0
    )
    return count / area_m2 if area_m2 > 0.0 else USUAL_PER_M2


def _alone(own: Listed) -> SiteObject:
    return SiteObject(
        "", own.call, own.confidence, None, None, own.depth_m, own.depth_std_m, (own,), 1,
        local_m=(own.x_m, own.y_m), scan=own.scan,
    )  # fmt: skip


def _depth(listed: Sequence[Listed]) -> tuple[float, float]:
    """Depth by all scans that tell one, weighted by what they state, and its deviation."""
    told = [
        (own.depth_m, max(own.depth_std_m, LEAST_STD_M) if math.isfinite(own.depth_std_m) else UNKNOWN_STD_M)
        for own in listed
        if math.isfinite(own.depth_m)
    ]
    if not told:
        return math.nan, math.nan
    depth: NDArray[np.float64] = np.array([one for one, _ in told])
    weight = 1.0 / np.square([std for _, std in told])
    mean = float(np.sum(weight * depth) / weight.sum())
    # the soil's speed is wrong alike in neighbouring scans: no number of them makes that less
    spread = float(np.sum(weight * (depth - mean) ** 2) / weight.sum())
    return mean, math.sqrt(min(std for _, std in told) ** 2 + spread)


def _gravity(own: Listed) -> tuple[int, float, int, str]:
    confidence = own.confidence if math.isfinite(own.confidence) else -1.0
    return render.GRAVEST_FIRST.index(own.call), -confidence, own.scan, own.id


def _order(one: SiteObject) -> tuple[int, float, int, str]:
    return _gravity(one.listed[0])
