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
from dualsense.fusion._confidence import metal_silence
from dualsense.fusion._targets import judge
from dualsense.fusion._weigh import by_experts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualsense.fusion._confidence import Model

    Rows = list[dict[str, Any]]


def judged(model: Model, score: dict[str, Any], rows: Rows) -> ScanScore:
    """Score of a lane as if it had been processed with a model."""
    if model.experts is None:
        msg = f"{model.id} holds no experts"
        raise ValueError(msg)
    stated = {}
    for row in rows:
        if row["id"] is not None:
            what = found(row)
            if what.metal is None and what.emi_here:
                limit_m3 = what.detection_limit_m3
                what = replace(what, metal_silence=metal_silence(model, detection_limit_m3=limit_m3))
            weight = by_experts(model.experts, what)
            stated[row["id"]] = (weight, judge(model, what, weight, trusted=row.get("trusted", True)))
    targets = tuple(
        replace(
            TargetScore(**t),
            confidence=stated[t["id"]][1].confidence,
            call=stated[t["id"]][1].call,
            emi_ratio=None if t["emi_ratio"] is None else stated[t["id"]][0].emi,
            gpr_ratio=None if t["gpr_ratio"] is None else stated[t["id"]][0].gpr,
        )
        for t in score["targets"]
    )
    objects = tuple(
        ObjectScore(
            **o
            | {name: None if o[name] is None else tuple(o[name]) for name in ("error_m", "sigma")}
            | {"candidates": tuple(o["candidates"])}
            | (
                {}
                if o["target"] is None
                else {"confidence": stated[o["target"]][1].confidence, "call": stated[o["target"]][1].call}
            )
        )
        for o in score["objects"]
    )
    return ScanScore(**score | {"model": model.id, "objects": objects, "targets": targets})


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
