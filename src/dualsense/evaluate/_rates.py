"""Detections and false alarms that many scans add up to, at one threshold and at all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.evaluate._score import match
from dualsense.evaluate._statistics import clopper_pearson, poisson_rate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dualsense.evaluate._score import ScanScore, TargetScore


@dataclass(frozen=True, slots=True, eq=False)
class Roc:
    """Detection against false alarms as the confidence threshold falls.

    Attributes
    ----------
    threshold : (t,) float64
        Falling; the first is infinite, where nothing is called.
    detection_rate : (t,) float64
        Of all mines on the patches; NaN without mines.
    false_alarms_m2 : (t,) float64
        NaN without area.
    """

    threshold: NDArray[np.float64]
    detection_rate: NDArray[np.float64]
    false_alarms_m2: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rates:
    """Counts at one operating point, with exact intervals.

    Attributes
    ----------
    mines, detected, missed, not_assessable, not_covered
        All mines on the patches, and how they divide. A mine is "not assessable" when nothing alarmed but its
        target is called so, and "not covered" when no target is listed for it and its ground is shown as not
        covered: the two are told apart, for a program that lists less has more of the latter.
    detection_rate, detection_interval
        Detected over all mines, and its exact interval.
    false_alarms, area_m2
        Alarms that belong to no mine, and the ground on which they were counted.
    false_alarms_m2, false_alarm_interval
        Their rate per square metre, and its exact interval.
    """

    mines: int
    detected: int
    missed: int
    not_assessable: int
    not_covered: int
    detection_rate: float
    detection_interval: tuple[float, float]
    false_alarms: int
    area_m2: float
    false_alarms_m2: float
    false_alarm_interval: tuple[float, float]


def rates(scores: Sequence[ScanScore], *, threshold: float | None = None) -> Rates:
    """Count detections and false alarms of many scans.

    Parameters
    ----------
    scores : sequence of ScanScore
    threshold : float, optional
        A target alarms when its confidence is at least this; without it, when its call is "suspect".
    """
    chosen: Callable[[TargetScore], bool] = _suspect if threshold is None else _at_least(threshold)
    mines = detected = unknown = uncovered = false = 0
    for score in scores:
        hit, alarms = _alarms(score, chosen)
        false += alarms - sum(hit)
        for was_hit, thing in zip(hit, (o for o in score.objects if o.is_mine), strict=True):
            mines += 1
            detected += was_hit
            unknown += not was_hit and thing.left_open
            uncovered += not was_hit and thing.not_covered
    area = float(sum(score.area_m2 for score in scores))
    return Rates(
        mines=mines,
        detected=detected,
        missed=mines - detected - unknown - uncovered,
        not_assessable=unknown,
        not_covered=uncovered,
        detection_rate=detected / mines if mines else float("nan"),
        detection_interval=clopper_pearson(detected, mines),
        false_alarms=false,
        area_m2=area,
        false_alarms_m2=false / area if area > 0 else float("nan"),
        false_alarm_interval=poisson_rate(false, area) if area > 0 else (float("nan"), float("nan")),
    )


def roc(scores: Sequence[ScanScore]) -> Roc:
    """Operating points at every confidence that occurs, matched anew at each."""
    levels = np.array(sorted({t.confidence for s in scores for t in s.targets}, reverse=True), dtype=np.float64)
    detected, false = (np.zeros(levels.size + 1) for _ in range(2))
    for score in scores:  # a scan's counts change at its own confidences only
        own = sorted({t.confidence for t in score.targets}, reverse=True)
        before = (0, 0)
        for level in own:
            hit, alarms = _alarms(score, _at_least(level))
            now = (sum(hit), alarms - sum(hit))
            at = 1 + int(np.searchsorted(-levels, -level))
            detected[at] += now[0] - before[0]
            false[at] += now[1] - before[1]
            before = now
    mines = sum(o.is_mine for s in scores for o in s.objects)
    area = float(sum(s.area_m2 for s in scores))
    return Roc(
        threshold=np.concatenate([[np.inf], levels]),
        detection_rate=np.cumsum(detected) / mines if mines else np.full(levels.size + 1, np.nan),
        false_alarms_m2=np.cumsum(false) / area if area > 0 else np.full(levels.size + 1, np.nan),
    )


def confidences(scores: Sequence[ScanScore]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Confidence of every target and whether it was a mine; both (n,), for the reliability functions."""
    targets = [t for score in scores for t in score.targets]
    return (
        np.array([t.confidence for t in targets], dtype=np.float64),
        np.array([t.is_mine for t in targets], dtype=np.bool_),
    )


def _alarms(score: ScanScore, chosen: Callable[[TargetScore], bool]) -> tuple[list[bool], int]:
    """Whether each mine has an alarm of its own, and how many alarms there are."""
    alarms = [i for i, t in enumerate(score.targets) if chosen(t)]
    mines = [o for o in score.objects if o.is_mine]
    near = np.array([[i in o.candidates for i in alarms] for o in mines], dtype=np.bool_)
    found = match(np.where(near.reshape(len(mines), len(alarms)), 0.0, 1.0), np.full(len(mines), 0.5))
    return [bool(f >= 0) for f in found], len(alarms)


def _suspect(target: TargetScore) -> bool:
    return target.call == "suspect"


def _at_least(threshold: float) -> Callable[[TargetScore], bool]:
    def chosen(target: TargetScore) -> bool:
        return target.confidence >= threshold

    return chosen
