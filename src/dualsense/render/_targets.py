"""Targets in the words of someone who stands on the ground: order, call, confidence, depth, place, reasons."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualsense.result import CALLS
from dualsense.scan import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dualsense.result import Call, Result, Target

CALL_NAMES = {
    "suspect": "suspect",
    "likely-clutter": "likely clutter",
    "not-assessable": "not assessable",
}
GRAVEST_FIRST: tuple[Call, ...] = ("suspect", "not-assessable", "likely-clutter")


def ordered_targets(result: Result) -> tuple[Target, ...]:
    """Targets in the order in which they matter: suspects, then not assessable, then likely clutter.

    Within a call the higher confidence comes first; equal ones keep the order of their ids.

    Parameters
    ----------
    result
        What processing found.

    Returns
    -------
    tuple of Target
    """

    def key(target: Target) -> tuple[int, float, int, str]:
        confidence = target.confidence if math.isfinite(target.confidence) else -1.0
        return GRAVEST_FIRST.index(target.call), -confidence, len(target.id), target.id

    return tuple(sorted(result.targets, key=key))


def call_counts(targets: Iterable[Target]) -> dict[Call, int]:
    """Count the targets of each call, every call named, in the order of `dualsense.result.CALLS`.

    Parameters
    ----------
    targets
        Of one or of many results.

    Returns
    -------
    dict of call to int
    """
    given = [target.call for target in targets]
    return {call: given.count(call) for call in CALLS}


def confidence_words(target: Target) -> str:
    """Confidence with two digits, so that it never reads as certainty.

    Parameters
    ----------
    target
        One of a result.

    Returns
    -------
    str
    """
    if not math.isfinite(target.confidence):
        return "unknown"
    if target.confidence < 0.01:
        return "below 0.01"
    return "above 0.99" if target.confidence > 0.99 else f"{target.confidence:.2f}"


def depth_words(target: Target) -> str:
    """Depth of the top of a target in centimetres, with one standard deviation.

    Parameters
    ----------
    target
        One of a result.

    Returns
    -------
    str
    """
    if not math.isfinite(target.depth_m):
        return "depth unknown"
    spread_m = target.position_std_m[2]
    shown = f"{100.0 * target.depth_m:.1f}"
    if math.isfinite(spread_m):
        return f"{shown} ± {100.0 * spread_m:.1f} cm"
    return f"{shown} cm, uncertainty unknown"


def place_words(target: Target) -> str:
    """Where a target lies, seen from the start point by someone who looks along the lane."""
    ahead_cm, left_cm = 100.0 * target.x_m, 100.0 * target.y_m
    along = f"{abs(ahead_cm):.0f} cm {'ahead' if ahead_cm >= 0.0 else 'behind'}"
    return f"{along}, {abs(left_cm):.0f} cm to the {'left' if left_cm >= 0.0 else 'right'}"


def distance_m(target: Target) -> float:
    """Horizontal distance from the start point, the origin of the local frame."""
    return math.hypot(target.x_m, target.y_m)


def lane_bearing_deg(target: Target) -> float:
    """Direction from the start point to a target, degrees clockwise from the lane direction +x, 0 to 360."""
    bearing_deg = math.degrees(math.atan2(-target.y_m, target.x_m)) % 360.0
    return 0.0 if bearing_deg >= 360.0 else bearing_deg


def bearing_words(target: Target, azimuth_deg: float | None) -> str:
    """Bearing and distance from the start point: from true north where the scan knows it, else from the lane."""
    lane_deg = lane_bearing_deg(target)
    reach = f"{100.0 * distance_m(target):.0f} cm"
    if azimuth_deg is not None:
        return f"{(lane_deg + azimuth_deg) % 360.0:03.0f}° from true north, {reach}".replace("360°", "000°")
    if lane_deg <= 180.0:
        return f"{lane_deg:.0f}° right of the lane direction, {reach}"
    return f"{360.0 - lane_deg:.0f}° left of the lane direction, {reach}"


def join_reasons(reasons: Sequence[str]) -> str:
    """Reasons of a target in one line, "; " between them.

    Parameters
    ----------
    reasons
        Short phrases.

    Returns
    -------
    str
    """
    return "; ".join(plain(reason) for reason in reasons)
