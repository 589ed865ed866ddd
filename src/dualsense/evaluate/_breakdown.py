"""What many scans say beyond one rate: each sensor alone, by kind of ground and of mine, clutter, honesty.

Every function takes scores; each sensor alone is made of the same scores by leaving out what it did not find.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.evaluate import _rates as operating
from dualsense.evaluate import _statistics as statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dualsense.evaluate._score import ObjectScore, ScanScore

DEPTH_EDGES_M = (0.0, 0.03, 0.06, 0.09, 0.13, math.inf)
MUCH_METAL = ("PMN", "PMN-voxel", "PFM-1", "PROM-1", "TM-62M")
"""Mines by the library's names whose metal is more than a detonator and a pin."""
SENSORS = ("emi", "gpr", "fused")


def single_sensor(scores: Sequence[ScanScore], sensor: str, *, prior: float) -> list[ScanScore]:
    """Score one sensor by itself: its targets, at the confidence that it alone gives; "fused" changes nothing."""
    if sensor == "fused":
        return list(scores)
    shift = math.log(prior) - math.log1p(-prior)
    out = []
    for score in scores:
        stated = {
            t.id: None if (r := t.emi_ratio if sensor == "emi" else t.gpr_ratio) is None else _logistic(shift + r)
            for t in score.targets
        }
        kept = [n for n, t in enumerate(score.targets) if stated[t.id] is not None]
        new = {n: k for k, n in enumerate(kept)}
        targets = tuple(replace(score.targets[n], confidence=stated[score.targets[n].id] or 0.0) for n in kept)
        objects = tuple(
            replace(
                o,
                confidence=None if o.target is None else stated[o.target],
                target=None if o.target is None or stated[o.target] is None else o.target,
                candidates=tuple(new[n] for n in o.candidates if n in new),
            )
            for o in score.objects
        )
        out.append(replace(score, targets=targets, objects=objects))
    return out


def detection_by(
    scores: Sequence[ScanScore], key: Callable[[ScanScore, ObjectScore], str], *, threshold: float | None = None
) -> dict[str, dict[str, Any]]:
    """Mines in groups: how many, how many alarmed, the exact interval, those left open and those not covered.

    Parameters
    ----------
    threshold
        A mine is detected when its target's confidence is at least this; without it, when its call is "suspect".
    """
    groups: dict[str, list[tuple[bool, bool, bool]]] = {}
    for s in scores:
        for o in s.objects:
            if not o.is_mine:
                continue
            sure = o.confidence is not None and threshold is not None and o.confidence >= threshold
            hit = o.call == "suspect" if threshold is None else sure
            groups.setdefault(key(s, o), []).append((hit, not hit and o.left_open, not hit and o.not_covered))
    out = {}
    for name in sorted(groups):
        n, hits = len(groups[name]), sum(hit for hit, _, _ in groups[name])
        out[name] = {
            "mines": n,
            "detected": hits,
            "not_assessable": sum(left for _, left, _ in groups[name]),
            "not_covered": sum(uncovered for _, _, uncovered in groups[name]),
            "rate": hits / n,
            "interval": list(statistics.clopper_pearson(hits, n)),
        }
    return out


def by_soil(score: ScanScore, _thing: ObjectScore) -> str:
    """Group by the site's name."""
    return score.site or "unnamed"


def by_type(_score: ScanScore, thing: ObjectScore) -> str:
    """Group by the mine's type."""
    return thing.model or "unnamed"


def by_depth(_score: ScanScore, thing: ObjectScore) -> str:
    """Group by the depth of the top."""
    if not math.isfinite(thing.depth_m):
        return "unknown"
    n = int(np.searchsorted(DEPTH_EDGES_M, thing.depth_m, side="right")) - 1
    low, high = DEPTH_EDGES_M[n], DEPTH_EDGES_M[n + 1]
    return f"{100 * low:02.0f}-{100 * high:.0f} cm" if math.isfinite(high) else f"{100 * low:.0f} cm and more"


def by_metal(_score: ScanScore, thing: ObjectScore) -> str:
    """Group by metal content, as the type tells it."""
    return "more metal" if thing.model in MUCH_METAL else "minimum metal"


def clutter_rejected(scores: Sequence[ScanScore], *, threshold: float, label: str | None = None) -> dict[str, Any]:
    """Tell which part of the clutter objects raises no alarm at a threshold: no target, or one below it."""
    things = [o for s in scores for o in s.objects if not o.is_mine and (label is None or o.label == label)]
    rejected = sum(o.confidence is None or o.confidence < threshold for o in things)
    return {
        "objects": len(things),
        "rejected": rejected,
        "rate": rejected / len(things) if things else float("nan"),
        "interval": list(statistics.clopper_pearson(rejected, len(things))),
    }


def full_detection_threshold(scores: Sequence[ScanScore]) -> float:
    """Lowest confidence of the mines that have a target: no higher threshold keeps them all."""
    stated = [o.confidence for s in scores for o in s.objects if o.is_mine and o.confidence is not None]
    return min(stated, default=0.0)


def false_alarms_at(curve: operating.Roc, detection: float) -> float:
    """Fewest false alarms per square metre with which a detection rate is reached; NaN where it is not."""
    reached = curve.detection_rate >= detection - 1e-12
    return float(np.min(curve.false_alarms_m2[reached])) if reached.any() else float("nan")


def calibration_scores(scores: Sequence[ScanScore]) -> dict[str, Any]:
    """Brier score, its skill against always saying the share of mines, and the calibration error."""
    stated, mine = operating.confidences(scores)
    brier = statistics.brier_score(stated, mine)
    share = float(mine.mean()) if mine.size else float("nan")
    plain = share * (1.0 - share)
    return {
        "targets": len(stated),
        "mines": int(mine.sum()),
        "brier": brier,
        "brier_skill": 1.0 - brier / plain if plain > 0.0 else float("nan"),
        "expected_calibration_error": statistics.expected_calibration_error(stated, mine),
    }


def deviations(scores: Sequence[ScanScore]) -> dict[str, Any]:
    """Errors of matched mines in units of what their targets state: the root mean square of x, y and depth."""
    z = np.array([o.sigma for s in scores for o in s.objects if o.is_mine and o.sigma is not None]).reshape(-1, 3)
    names = ("x", "y", "depth")
    return {"matched": len(z)} | {n: statistics.root_mean_square(c) for n, c in zip(names, z.T, strict=True)}


def localisation_errors(objects: Sequence[ObjectScore]) -> dict[str, Any]:
    """How far targets lie from the objects that they were matched with.

    Parameters
    ----------
    objects
        Those without a target are passed over.

    Returns
    -------
    dict
        ``matched`` objects; ``horizontal_rms_m``, ``horizontal_median_m``, ``horizontal_worst_m``; of the
        ``depth_known`` ones ``depth_bias_m`` (positive where targets lie too deep) and ``depth_rms_m``; and the
        part ``within_one_sigma`` of the target's own deviation along x, y and depth. NaN where nothing is known.
    """
    found = [o for o in objects if o.error_m is not None]
    error = np.array([o.error_m for o in found], dtype=np.float64).reshape(-1, 3)
    sigma = np.array([o.sigma for o in found], dtype=np.float64).reshape(-1, 3)
    horizontal = np.hypot(error[:, 0], error[:, 1])
    depth = error[np.isfinite(error[:, 2]), 2]
    return {
        "matched": len(found),
        "horizontal_rms_m": statistics.root_mean_square(horizontal),
        "horizontal_median_m": float(np.median(horizontal)) if len(horizontal) else float("nan"),
        "horizontal_worst_m": float(horizontal.max()) if len(horizontal) else float("nan"),
        "depth_known": len(depth),
        "depth_bias_m": float(depth.mean()) if len(depth) else float("nan"),
        "depth_rms_m": statistics.root_mean_square(depth),
        "within_one_sigma": [_within(column) for column in sigma.T],
    }


def breakdown(scores: Sequence[ScanScore], *, prior: float) -> dict[str, Any]:
    """Everything at once, for the fused list and for each sensor alone."""
    out: dict[str, Any] = {}
    fused_level = max(operating.roc(scores).detection_rate, default=float("nan")) if scores else float("nan")
    for sensor in SENSORS:
        own = single_sensor(scores, sensor, prior=prior)
        curve = operating.roc(own)
        full = full_detection_threshold(own)
        out[sensor] = {
            "highest_detection": float(np.max(curve.detection_rate))
            if curve.detection_rate.size
            else float("nan"),
            "threshold_of_full_detection": full,
            "false_alarms_m2_at_90": false_alarms_at(curve, 0.9),
            "false_alarms_m2_at_95": false_alarms_at(curve, 0.95),
            "false_alarms_m2_at_fused_highest": false_alarms_at(curve, fused_level),
            "clutter_rejected_at_full_detection": clutter_rejected(own, threshold=full),
            "metal_rejected_at_full_detection": clutter_rejected(own, threshold=full, label="metal"),
            "honesty": calibration_scores(own),
            "curve": {
                "detection_rate": curve.detection_rate.tolist(),
                "false_alarms_m2": curve.false_alarms_m2.tolist(),
            },
        }
    keys = {"soil": by_soil, "type": by_type, "depth": by_depth, "metal": by_metal}
    out["detection_by"] = {name: detection_by(scores, key) for name, key in keys.items()}
    soils = sorted({s.site or "unnamed" for s in scores})
    out["honesty_by_soil"] = {
        n: calibration_scores([s for s in scores if (s.site or "unnamed") == n]) for n in soils
    }
    out["deviations"] = deviations(scores)
    return out


def _logistic(value: float) -> float:
    return 0.5 + 0.5 * math.tanh(0.5 * value)


def _within(column: NDArray[np.float64]) -> float:
    """Part of the known values whose size is at most one."""
    known = column[np.isfinite(column)]
    return float(np.mean(np.abs(known) <= 1)) if len(known) else float("nan")
