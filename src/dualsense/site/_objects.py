"""From the lists of all scans to the objects of a site, what matters most first."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense import render
from dualsense.site._adjust import Points, prior_of
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
    objects = _merged(placed, scans, origin_error, within_m)
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
    origin_error: OriginError,
    within_m: float,
) -> list[SiteObject]:
    if not placed:
        return []
    prior = prior_of(origin_error.place_m, origin_error.azimuth_deg)
    points = _points(placed, scans)
    clusters, offsets = merge(points, prior, within_m)
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
