"""Targets in the words of someone who stands on the ground: order, call, confidence, depth, place, reasons."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualsense.language import number, say
from dualsense.result import CALLS
from dualsense.scan import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dualsense.result import Call, Result, Target

CALL_NAMES = {
    "suspect": "suspect",
    "unclear": "unclear",
    "likely-clutter": "likely clutter",
    "not-assessable": "not assessable",
}
CANNOT_RULE_OUT = "a mine cannot be ruled out"
CHANCES = (
    (90.0, "very likely a mine"),
    (50.0, "likely a mine"),
    (10.0, "possibly a mine"),
    (0.0, CANNOT_RULE_OUT),
)
MOST_DIGITS = 8
GRAVEST_FIRST: tuple[Call, ...] = ("suspect", "unclear", "not-assessable", "likely-clutter")


def ordered_targets(result: Result) -> tuple[Target, ...]:
    """Targets in the order in which they matter: suspects, unclear, not assessable, likely clutter.

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


def confidence_words(target: Target, result: Result) -> str:
    """Confidence of a target as a chance in 100, so that it never reads as certainty nor contradicts its call.

    Parameters
    ----------
    target
        One of a result.
    result
        Whose model and threshold decide how the number reads.

    Returns
    -------
    str
        Such as "97 in 100"; "score 0.87" where the model's numbers are no probabilities.
    """
    if not math.isfinite(target.confidence):
        return say("unknown")
    if not is_calibrated(result):
        return say("score {score:.2f}", score=target.confidence)
    if target.confidence < 0.01:
        return say("under 1 in 100")
    if target.confidence > 0.99:
        return say("over 99 in 100")
    return say("{chance} in 100", chance=number(_in_100(target, result)))


def chance_words(target: Target, result: Result) -> str:
    """Say what a confidence means, in words and in 100. However small, it never reads as the absence of a mine.

    Parameters
    ----------
    target
        One of a result.
    result
        As for `confidence_words`.

    Returns
    -------
    str
        Such as "very likely a mine: 97 in 100", "a mine cannot be ruled out: 3 in 100".
    """
    chance = confidence_words(target, result)
    if not math.isfinite(target.confidence):
        return say("{meaning}: chance unknown", meaning=say(CANNOT_RULE_OUT))
    if not is_calibrated(result):
        return say("{meaning}: {chance}, no probability", meaning=say(CANNOT_RULE_OUT), chance=chance)
    if target.call == "likely-clutter":  # a prior may lift the number, and lifts no call
        return say("{meaning}: {chance}", meaning=say(CANNOT_RULE_OUT), chance=chance)
    shown = float(_in_100(target, result))
    meaning = next(words for least, words in CHANCES if shown >= least)
    return say("{meaning}: {chance}", meaning=say(meaning), chance=chance)


def is_calibrated(result: Result) -> bool:
    """Whether the confidences are probabilities; the model's name says so."""
    return not result.model.startswith("uncalibrated")


def threshold_in_100(result: Result) -> str | None:
    """Threshold of suspects in 100, with as many digits as it takes to have each target on its own side.

    Parameters
    ----------
    result
        Its `suspect_threshold` and targets.

    Returns
    -------
    str or None
        None where the threshold is not known.
    """
    threshold = result.suspect_threshold
    if threshold is None:
        return None
    given = [target.confidence for target in result.targets if math.isfinite(target.confidence)]
    texts = (_plain(f"{100.0 * threshold:.{digits}g}") for digits in range(2, MOST_DIGITS))
    agreeing = (
        text for text in texts if all((value >= threshold) == (100.0 * value >= float(text)) for value in given)
    )
    return next(agreeing, _plain(f"{100.0 * threshold:.{MOST_DIGITS}g}"))


def _plain(number: str) -> str:
    """Write a number without powers of ten, for those who read none."""
    mantissa, _, power = number.partition("e")
    return number if not power else f"{float(number):.{len(mantissa.replace('.', '')) - 1 - int(power)}f}"


def _in_100(target: Target, result: Result) -> str:
    """Confidence in 100, whole from ten up, with more digits where it would else seem past the threshold."""
    in_100 = 100.0 * target.confidence
    limit = threshold_in_100(result)
    texts = [f"{in_100:.{decimals}f}" for decimals in range(MOST_DIGITS)]
    if limit is None:
        return texts[0]
    agreeing = (text for text in texts if (in_100 >= float(limit)) == (float(text) >= float(limit)))
    return next(agreeing, texts[-1])


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
        return say("depth unknown")
    depth_cm, spread_m = 100.0 * target.depth_m, target.position_std_m[2]
    if math.isfinite(spread_m):
        return say("{value:.1f} ± {spread:.1f} cm", value=depth_cm, spread=100.0 * spread_m)
    return say("{value:.1f} cm, uncertainty unknown", value=depth_cm)


def place_words(target: Target) -> str:
    """Where a target lies, seen from the start point by someone who looks along the lane."""
    ahead_cm, left_cm = 100.0 * target.x_m, 100.0 * target.y_m
    along = say("{way:.0f} cm ahead" if ahead_cm >= 0.0 else "{way:.0f} cm behind", way=abs(ahead_cm))
    aside = say("{way:.0f} cm to the left" if left_cm >= 0.0 else "{way:.0f} cm to the right", way=abs(left_cm))
    return say("{along}, {aside}", along=along, aside=aside)


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
    reach = 100.0 * distance_m(target)
    if azimuth_deg is not None:
        north_deg = round((lane_deg + azimuth_deg) % 360.0) % 360
        return say("{angle:03d}° from true north, {reach:.0f} cm", angle=north_deg, reach=reach)
    if lane_deg <= 180.0:
        return say("{angle:.0f}° right of the lane direction, {reach:.0f} cm", angle=lane_deg, reach=reach)
    return say("{angle:.0f}° left of the lane direction, {reach:.0f} cm", angle=360.0 - lane_deg, reach=reach)


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
