"""Fit the confidence model to rows of targets: boosted trees, cross-fitted calibration.

scikit-learn grows the trees; what is shipped and what evaluates them (`fusion._fitted`) needs numpy only.
Folds are lanes, so that a target is always judged by experts that never saw its lane.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from benchmarks.calibrate.invented import NAME
from benchmarks.calibrate.trees import Tree, pack, read_grown

from dualsense.features import WEAK, EmiFeature, GprFeature
from dualsense.fusion._confidence import NO_SILENCE, Silence
from dualsense.fusion._fitted import Existence, Expert, Experts, read_expert
from dualsense.fusion._targets import lowering
from dualsense.fusion._weigh import Findings, anything, by_experts, expert_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

FOLDS = 5
GROWTH: dict[str, Any] = {
    "max_iter": 350,
    "learning_rate": 0.05,
    "max_leaf_nodes": 24,
    "min_samples_leaf": 8,
    "l2_regularization": 5.0,
    "max_features": 0.4,
    "early_stopping": False,
}
FEWER: dict[str, Any] = GROWTH | {"max_iter": 60, "learning_rate": 0.08, "max_leaf_nodes": 16}
"""Whether there is anything at all is told by less."""
BAGS = 3
"""So often trees are grown, each time from other draws of the inputs, and their mean is taken."""
INVENTED_WEIGHT = 0.25
"""Of an invented mine while trees grow: mines may look like it, few do. How sure the trees are is set without."""
STEEPEST = 1.5
"""The mean of trees from several draws is less sure than its lanes allow, by so much at most."""
SHRINK = 0.2
VOTE = ("inputs", "bias", "low", "high", "forest")
"""What is asked of existence: not whether a target is strange."""
DOMAIN_QUANTILE, DOMAIN_MARGIN = 0.995, 1.2


def found(row: Mapping[str, Any]) -> Findings:
    """What a row's target told, as the model is given it; see `benchmarks.calibrate.dataset` for rows."""
    emi, gpr = row["emi"], row["gpr"]
    metal = emi if emi and emi["score"] > 0 else None
    body = gpr if gpr and gpr["score"] > 0 else None
    weak = {k.removeprefix(WEAK): v for k, v in (gpr or {}).items() if k.startswith(WEAK)}
    return Findings(
        metal=metal,
        body=body,
        weak=weak or None,
        within=emi or {},
        metal_score=metal["score"] if metal else 0.0,
        body_score=body["score"] if body else 0.0,
        emi_here=emi is not None,
        gpr_here=gpr is not None,
        metal_silence=NO_SILENCE,  # a matter of the model's own numbers, which are fitted to nothing here
        radar_silence=Silence(row["silence"], bool((gpr or {}).get(GprFeature.BLIND, 0.0))),
        would_detect=bool((gpr or {}).get(GprFeature.WOULD_DETECT, 0.0)),
        reflects=bool((gpr or {}).get(GprFeature.REFLECTS, 0.0)),
        detection_limit_m3=(emi or {}).get(EmiFeature.DETECTION_LIMIT, np.nan),
        relative_permittivity=row["eps"],
        clear=row.get("clear", True),  # rows of earlier chains do not say
        beside=row["beside"],
    )


def log_loss(outcome: NDArray[np.bool_], logit: Real, weight: Real) -> float:
    """Mean surprise in natural units."""
    return float(np.average(np.logaddexp(0.0, np.where(outcome, -logit, logit)), weights=weight))


def log_odds(outcome: NDArray[np.bool_], weight: Real) -> float:
    """Natural logarithm of the share that came true over the rest."""
    return float(np.log(weight[outcome].sum() / weight[~outcome].sum()))


def area(outcome: NDArray[np.bool_], value: Real) -> float:
    """Area under the curve of detection against false alarms."""
    a, b = value[outcome], value[~outcome]
    return float((a[:, None] > b).mean() + 0.5 * (a[:, None] == b).mean()) if a.size and b.size else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Grown:
    """Trees as they were grown, before calibration: their sum is the logit of the share of mines."""

    trees: tuple[Tree, ...]
    bias: float

    def logit(self, values: Real) -> Real:
        """Logits of rows (n, inputs)."""
        total = np.full(len(values), self.bias)
        for tree in self.trees:
            total += tree.values(values)
        return total


def grow(values: Real, outcome: NDArray[np.bool_], weight: Real, growth: Mapping[str, Any]) -> Grown:
    """Boost trees, and again from other seeds; the mean of all."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    trees: list[Tree] = []
    bias = 0.0
    for seed in range(BAGS):
        model = HistGradientBoostingClassifier(**growth, random_state=seed)
        model.fit(values, outcome, sample_weight=weight)
        trees += [read_grown(one[0].nodes) for one in model._predictors]  # noqa: SLF001
        bias += float(np.ravel(model._baseline_prediction)[0]) / BAGS  # noqa: SLF001
    return Grown(tuple(tree.scaled(1.0 / BAGS) for tree in trees), bias)


def line(logit: Real, outcome: NDArray[np.bool_], weight: Real) -> tuple[float, float]:
    """Platt's line through cross-fitted logits: slope, not much steeper than the fit, and shift."""
    slope, shift = 1.0, 0.0
    design = np.stack([logit, np.ones_like(logit)])
    for _ in range(100):
        p = 1.0 / (1.0 + np.exp(-np.clip(slope * logit + shift, -30, 30)))
        w = weight * p * (1 - p) + 1e-9
        step = np.linalg.solve((design * w) @ design.T + 1e-9 * np.eye(2), design @ (weight * (outcome - p)))
        now = log_loss(outcome, slope * logit + shift, weight)
        while np.abs(step).max() > 1e-10:
            if log_loss(outcome, (slope + step[0]) * logit + shift + step[1], weight) <= now:
                break
            step = 0.5 * step
        slope, shift = slope + float(step[0]), shift + float(step[1])
        if np.abs(step).max() < 1e-10:
            break
    slope = float(np.clip(slope, 0.2, STEEPEST))
    share = np.average(outcome, weights=weight)
    low, high = -10.0, 10.0
    for _ in range(60):  # with that slope the mean probability is the share of mines
        shift = 0.5 * (low + high)
        if np.average(1.0 / (1.0 + np.exp(-(slope * logit + shift))), weights=weight) < share:
            low = shift
        else:
            high = shift
    return slope, shift


def expert(
    names: Sequence[str], values: Real, grown: Grown, slope: float, shift: float, logit: Real
) -> dict[str, Any]:
    """Calibrate: ``logit`` (n,) are cross-fitted logits of the rows; ``shift`` holds the odds to be taken off.

    What comes is plain JSON, as `dualsense.fusion._fitted.read_expert` reads it.
    """
    mean, std = np.nanmean(values, axis=0), np.nanstd(values, axis=0) + 1e-9
    z = np.nan_to_num((values - mean) / std)
    covariance = (1 - SHRINK) * np.cov(z.T).reshape(len(names), len(names)) + SHRINK * np.eye(len(names))
    precision = np.linalg.inv(covariance)
    distance = np.einsum("ni,ij,nj->n", z, precision, z)
    calibrated = slope * logit + shift
    return {
        "inputs": list(names),
        "bias": _short(slope * grown.bias + shift),
        "low": _short(np.quantile(calibrated, 0.005)),
        "high": _short(np.quantile(calibrated, 0.995)),
        "mean": _short(mean.tolist()),
        "std": _short(std.tolist()),
        "precision": _short(precision.tolist()),
        "domain_limit": _short(DOMAIN_MARGIN * np.quantile(distance, DOMAIN_QUANTILE)),
        "forest": pack([tree.scaled(slope) for tree in grown.trees]),
    }


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Experts by name, fitted to all rows, as JSON; those of each fold, which saw nothing of it; facts of each."""

    whole: dict[str, dict[str, Any]]
    unseen: list[dict[str, Expert]]
    facts: dict[str, Any]


def fit_to(
    what: Sequence[Findings],
    fold: NDArray[np.intp],
    outcome: NDArray[np.bool_],
    weight: Real,
    known: NDArray[np.bool_],
    *,
    taken_off: float,
    growth: Mapping[str, Any],
) -> Fitted:
    """Fit all experts to an outcome.

    Parameters
    ----------
    what
        Of each row.
    fold, outcome, weight : (n,)
        Of each row.
    known : (n,)
        Of each row, whether slope and level are set by it.
    taken_off
        Of every log odds, so that a ratio is left.
    growth
        How trees are grown.
    """
    inputs = [expert_inputs(w) for w in what]
    out = Fitted({}, [{} for _ in range(FOLDS)], {})
    for name in ("emi", "gpr", "both"):
        chosen = np.flatnonzero([t[name] is not None for t in inputs])
        names = sorted({key for n in chosen for key in inputs[n][name] or {}})
        values = np.array([[(inputs[n][name] or {}).get(k, np.nan) for k in names] for n in chosen])
        own, part, counts, sets = outcome[chosen], fold[chosen], weight[chosen], known[chosen].astype(np.float64)
        logit = np.zeros(chosen.size)
        grown = {k: grow(values[part != k], own[part != k], counts[part != k], growth) for k in range(FOLDS)}
        for k, model in grown.items():
            logit[part == k] = model.logit(values[part == k])
        slope, shift = line(logit, own, sets)
        share = log_odds(own, sets)
        out.facts[name] = {
            "targets": int(chosen.size),
            "true": int(own.sum()),
            "slope": slope,
            "log_loss": log_loss(own, slope * logit + shift, sets),
            "log_loss_of_the_share": log_loss(own, np.full(chosen.size, share), sets),
            "area_under_curve": area(own, logit),
        }
        settled = (slope, shift - taken_off, logit)
        out.whole[name] = expert(names, values, grow(values, own, counts, growth), *settled)
        for k, model in grown.items():
            out.unseen[k][name] = read_expert(expert(names, values, model, *settled))
    return out


class Told(NamedTuple):
    """What came of fitting.

    Attributes
    ----------
    trees
        Plain JSON: ``experts`` and ``existence`` of a model's file.
    ratio : (n,) float64
        Total log-likelihood ratio of each row by experts that saw nothing of its lane.
    existence : (n,) float64
        Probability that there is anything at all, likewise.
    lowering : (n,) float64
        The same as far as it may lower an alarm; 1 elsewhere.
    facts
        Of each expert.
    """

    trees: dict[str, Any]
    ratio: Real
    existence: Real
    lowering: Real
    facts: dict[str, Any]


def fit(rows: Sequence[dict[str, Any]]) -> Told:
    """Fit all experts, and what tells whether there is anything at all."""
    mine = np.array([row["is_mine"] for row in rows], dtype=bool)
    there = np.array([row["label"] is not None for row in rows], dtype=bool)
    lanes = sorted({row["seed"] for row in rows})
    fold = np.array([lanes.index(row["seed"]) % FOLDS for row in rows], dtype=np.intp)
    known = np.array([row["model"] != NAME for row in rows], dtype=bool)
    weight, every = np.where(known, 1.0, INVENTED_WEIGHT), np.ones(len(rows), dtype=bool)
    odds = log_odds(mine, known.astype(np.float64))
    what = [found(row) for row in rows]
    told = fit_to(what, fold, mine, weight, known, taken_off=odds, growth=GROWTH)
    said = [by_experts(Experts(**told.unseen[k]), w) for w, k in zip(what, fold, strict=True)]
    ratio = np.array([one.emi + one.gpr + one.joint for one in said])
    any_ = fit_to(what, fold, there, np.ones(len(rows)), every, taken_off=0.0, growth=FEWER)
    existence = [anything(Existence(**any_.unseen[k]), w) for w, k in zip(what, fold, strict=True)]
    trees = {
        "experts": told.whole,
        "existence": {name: {key: one[key] for key in VOTE} for name, one in any_.whole.items()},
    }
    facts = {"log_odds": odds} | told.facts | {"existence": any_.facts}
    lowered = [
        lowering(e, w, one, trusted=row.get("trusted", True))
        for e, w, one, row in zip(existence, what, said, rows, strict=True)
    ]
    return Told(trees, ratio, np.array(existence, dtype=np.float64), np.array(lowered), facts)


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return [_short(v) for v in value]
    return float(f"{value:.6g}")
