"""Judge a model on lanes that were processed before, by the weights and calls that processing would give."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks.calibrate.fit import found

from dualsense.evaluate import (
    ObjectScore,
    ScanScore,
    TargetScore,
    clopper_pearson,
    clutter_rejected,
    localisation_errors,
    root_mean_square,
)
from dualsense.features import GprFeature
from dualsense.fusion import LEFT_OUT_M
from dualsense.fusion._conditions import CLEAR_M
from dualsense.fusion._confidence import metal_silence
from dualsense.fusion._targets import judge, leaves_out
from dualsense.fusion._weigh import anything, by_experts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.fusion._confidence import Model
    from dualsense.fusion._targets import Verdict
    from dualsense.fusion._weigh import Findings, Weight

    Rows = list[dict[str, Any]]


def judged(model: Model, score: dict[str, Any], rows: Rows) -> ScanScore:
    """Score of a lane as if it had been processed with a model."""
    if model.experts is None:
        msg = f"{model.id} holds no experts"
        raise ValueError(msg)
    stated: dict[str, tuple[Weight, Verdict]] = {}
    what = {row["id"]: _found(model, row) for row in rows if row["id"] is not None}
    trusted = {row["id"]: row.get("trusted", True) for row in rows}
    weights = {name: by_experts(model.experts, found_) for name, found_ in what.items()}
    exists = {
        name: anything(model.existence, found_) if model.existence else None for name, found_ in what.items()
    }
    gone = {
        name
        for name, found_ in what.items()
        if leaves_out(model, found_, weights[name], exists[name], trusted=trusted[name])
    }
    hiding = np.array([row["place"][:2] for row in rows if row["id"] in gone]).reshape(-1, 2)
    for row in rows:
        if row["id"] is not None and row["id"] not in gone:
            found_ = _beside_hidden(what[row["id"]], row["place"], hiding)
            weight = weights[row["id"]]
            stated[row["id"]] = (
                weight,
                judge(model, found_, weight, exists[row["id"]], trusted=trusted[row["id"]]),
            )
    targets = tuple(
        replace(
            TargetScore(**t),
            confidence=stated[t["id"]][1].confidence,
            call=stated[t["id"]][1].call,
            emi_ratio=None if t["emi_ratio"] is None else stated[t["id"]][0].emi,
            gpr_ratio=None if t["gpr_ratio"] is None else stated[t["id"]][0].gpr,
        )
        for t in score["targets"]
        if t["id"] in stated
    )
    listed = [n for n, t in enumerate(score["targets"]) if t["id"] in stated]
    index = {old: new for new, old in enumerate(listed)}
    objects = tuple(_object(o, stated, index) for o in score["objects"])
    return ScanScore(**score | {"model": model.id, "objects": objects, "targets": targets})


def _found(model: Model, row: dict[str, Any]) -> Findings:
    """What a row's target told, with what silence of the metal detector tells by this model."""
    what = found(row)
    if what.metal is None and what.emi_here:
        what = replace(what, metal_silence=metal_silence(model, detection_limit_m3=what.detection_limit_m3))
    return what


def _beside_hidden(what: Findings, place: Sequence[float], hiding_m: NDArray[np.float64]) -> Findings:
    """Take from what was found that all around it was measured, where something left out lies too near."""
    radius_m = 0.5 * (what.body[GprFeature.LENGTH] if what.body is not None else 0.0)
    away_m = np.hypot(*(hiding_m - np.array(place[:2])).T)
    return replace(what, clear=what.clear and bool((away_m > radius_m + CLEAR_M + LEFT_OUT_M).all()))


def _object(
    score: dict[str, Any], stated: dict[str, tuple[Weight, Verdict]], index: dict[int, int]
) -> ObjectScore:
    """Score of an object; without a target where that is left out. ``index`` tells where each other one stands."""
    own = stated.get(score["target"])
    one = ObjectScore(
        **score
        | {name: None if score[name] is None else tuple(score[name]) for name in ("error_m", "sigma")}
        | {"candidates": tuple(index[n] for n in score["candidates"] if n in index)}
    )
    if score["target"] is None:
        return one
    if own is None:
        return replace(one, target=None, confidence=None, call=None, error_m=None, sigma=None)
    return replace(one, confidence=own[1].confidence, call=own[1].call)


def envelope(scores: Sequence[ScanScore], lanes: Sequence[Rows], threshold: float) -> dict[str, Any]:
    """What became of the mines within the envelope, and of clutter when none of them is given up."""
    mines = []
    for score, rows in zip(scores, lanes, strict=True):
        inside = {(r["model"], round(r["true_depth_m"], 6)) for r in rows if r.get("in_envelope")}
        mines += [o for o in score.objects if o.is_mine and (o.model, round(o.depth_m, 6)) in inside]
    if not mines:
        return {"mines": 0}
    stated = np.sort([o.confidence if o.confidence is not None else 0.0 for o in mines])
    out: dict[str, Any] = {
        "mines": len(mines),
        "suspect": sum(o.call == "suspect" for o in mines),
        "not_assessable": sum(o.call == "not-assessable" for o in mines),
        "likely_clutter": sum(o.call == "likely-clutter" for o in mines),
        "without_target": sum(o.target is None for o in mines),
        "least_confidence": float(stated[0]),
    }
    errors = localisation_errors(mines)
    out |= {name: errors[name] for name in ("horizontal_rms_m", "depth_rms_m")}
    out["suspect_interval"] = list(clopper_pearson(out["suspect"], len(mines)))
    for lost in (0, 1, 3, 10):
        at = float(stated[min(lost, stated.size - 1)])
        out[f"rejected_with_{lost}_below"] = _rejected(scores, at)
    out["rejected_at_threshold"] = _rejected(scores, threshold)
    return out


def confirmed(scores: Sequence[ScanScore], lanes: Sequence[Rows]) -> dict[str, Any]:
    """Errors of mines that the radar lists as bodies, and their root mean square in stated deviations."""
    listed: list[ObjectScore] = []
    for score, rows in zip(scores, lanes, strict=True):
        bodies = {r["id"] for r in rows if r["id"] is not None and r["gpr"] and r["gpr"]["score"] > 0}
        listed += [o for o in score.objects if o.is_mine and o.target in bodies]
    errors = localisation_errors(listed)
    sigma = np.array([o.sigma for o in listed if o.sigma is not None]).reshape(-1, 3)
    return {"mines": errors["matched"]} | {
        **{name: errors[name] for name in ("horizontal_rms_m", "depth_rms_m", "depth_bias_m")},
        "z_rms": [root_mean_square(column) for column in sigma.T],
    }


def _rejected(scores: Sequence[ScanScore], at: float) -> dict[str, Any]:
    return {
        name: clutter_rejected(scores, threshold=at, label=label)
        for name, label in (("metal", "metal"), ("all", None))
    }
