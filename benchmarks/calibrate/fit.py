"""Fit the confidence model to rows of targets: ridge logistic experts, cross-fitted calibration, threshold.

Only numpy is needed. Folds are lanes, so that a target is always judged by experts that never saw its lane.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.fusion.fitted import basis
from dualsense.fusion.inputs import body_inputs, metal_inputs, pair_inputs
from dualsense.fusion.weigh import HIDDEN, SILENCE, joined, silent_metal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

FOLDS = 5
RIDGES = (3.0, 10.0, 30.0, 100.0)
SHRINK = 0.2
DOMAIN_QUANTILE, DOMAIN_MARGIN = 0.995, 1.2


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Targets as columns: outcome, fold, and the inputs of each expert (None where it does not apply)."""

    mine: NDArray[np.bool_]
    fold: NDArray[np.intp]
    metal: list[dict[str, float] | None]
    body: list[dict[str, float] | None]
    both: list[dict[str, float] | None]
    limit: Real
    told: NDArray[np.bool_]
    reflects: NDArray[np.bool_]


def _told(row: dict[str, Any], surface_depth_m: float, silent_depth_m: float) -> bool:
    """Whether a silent radar would have told of a mine where this row's metal lies."""
    quiet = row["gpr"] or {}
    in_sight = surface_depth_m <= row["place"][2] <= silent_depth_m
    return quiet.get("heard", 0.0) > 0 and quiet.get("reflects", 0.0) > 0 and in_sight


def table(rows: Sequence[dict[str, Any]], *, surface_depth_m: float, silent_depth_m: float) -> Table:
    """Inputs of all rows; see `benchmarks.calibrate.dataset` for what a row holds."""
    metal: list[dict[str, float] | None] = []
    body: list[dict[str, float] | None] = []
    both: list[dict[str, float] | None] = []
    for row in rows:
        emi, gpr = (row[s] if row[s] and row[s]["score"] > 0 else None for s in ("emi", "gpr"))
        m = metal_inputs(emi, emi["score"]) if emi else None
        b = body_inputs(gpr, gpr["score"], relative_permittivity=row["eps"]) if gpr else None
        metal.append(m)
        body.append(b)
        both.append(joined(m, b, pair_inputs(emi, gpr)) if m is not None and b is not None else None)
    lanes = sorted({row["seed"] for row in rows})
    return Table(
        mine=np.array([row["is_mine"] for row in rows], dtype=bool),
        fold=np.array([lanes.index(row["seed"]) % FOLDS for row in rows], dtype=np.intp),
        metal=metal,
        body=body,
        both=both,
        limit=np.array([(row["emi"] or {}).get("detection_limit_m3", np.nan) for row in rows], dtype=np.float64),
        told=np.array([_told(row, surface_depth_m, silent_depth_m) for row in rows], dtype=bool),
        reflects=np.array([(row["gpr"] or {}).get("reflects", 0.0) > 0 for row in rows], dtype=bool),
    )


def logistic(design: Real, outcome: Real, ridge: float) -> Real:
    """Bias and weights by Newton's method; the bias is not penalised."""
    columns = np.concatenate([np.ones((len(design), 1)), design], axis=1)
    penalty = ridge * np.eye(columns.shape[1])
    penalty[0, 0] = 1e-6
    weights = np.zeros(columns.shape[1])
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-np.clip(columns @ weights, -30, 30)))
        curve = columns.T @ ((p * (1 - p) + 1e-9)[:, None] * columns) + penalty
        step = np.linalg.solve(curve, columns.T @ (outcome - p) - penalty @ weights)
        weights = weights + step
        if np.abs(step).max() < 1e-9:
            break
    return weights


def scale(values: Real) -> tuple[Real, Real]:
    """Mean and deviation of each input, over what is known."""
    mean = np.nanmean(values, axis=0)
    return mean, np.nanstd(values, axis=0) + 1e-9


def cross_fitted(values: Real, outcome: NDArray[np.bool_], fold: NDArray[np.intp], ridge: float) -> Real:
    """Logits of targets whose fold the expert did not see."""
    out = np.zeros(len(outcome))
    for k in range(FOLDS):
        test = fold == k
        if not test.any():
            continue
        mean, std = scale(values[~test])
        w = logistic(basis(values[~test], mean, std), outcome[~test].astype(float), ridge)
        out[test] = w[0] + basis(values[test], mean, std) @ w[1:]
    return out


def log_loss(outcome: NDArray[np.bool_], logit: Real) -> float:
    """Mean surprise in natural units."""
    return float(np.mean(np.logaddexp(0.0, np.where(outcome, -logit, logit))))


def expert(
    told: Sequence[dict[str, float]], outcome: NDArray[np.bool_], fold: NDArray[np.intp], *, odds: float
) -> tuple[dict[str, Any], Real, dict[str, float]]:
    """Fit one expert: its JSON, its cross-fitted log-likelihood ratios, and how well it does.

    Parameters
    ----------
    odds
        Logarithm of mines over clutter among all targets, to be taken off.
    """
    names = list(told[0])
    values = np.array([[t[n] for n in names] for t in told], dtype=np.float64)
    logits = {ridge: cross_fitted(values, outcome, fold, ridge) for ridge in RIDGES}
    ridge = min(RIDGES, key=lambda r: log_loss(outcome, logits[r]))
    raw = logits[ridge]
    # Platt's line through the cross-fitted logits, never steeper than the fit
    line = logistic(raw[:, None], outcome.astype(float), 1e-3)
    slope = float(np.clip(line[1], 0.2, 1.0))
    shift = _shift(raw * slope, outcome)
    calibrated = slope * raw + shift
    mean, std = scale(values)
    w = logistic(basis(values, mean, std), outcome.astype(float), ridge)
    z = np.nan_to_num((values - mean) / std)
    covariance = (1 - SHRINK) * np.cov(z.T).reshape(len(names), len(names)) + SHRINK * np.eye(len(names))
    precision = np.linalg.inv(covariance)
    distance = np.einsum("ni,ij,nj->n", z, precision, z)
    tree = {
        "inputs": names,
        "mean": mean.tolist(),
        "std": std.tolist(),
        "weights": (slope * w[1:]).tolist(),
        "bias": float(slope * w[0] + shift - odds),
        "low": float(np.quantile(calibrated, 0.01) - odds),
        "high": float(np.quantile(calibrated, 0.99) - odds),
        "precision": precision.tolist(),
        "domain_limit": float(DOMAIN_MARGIN * np.quantile(distance, DOMAIN_QUANTILE)),
    }
    facts = {
        "targets": len(outcome),
        "mines": int(outcome.sum()),
        "ridge": ridge,
        "slope": slope,
        "log_loss": log_loss(outcome, calibrated),
        "log_loss_of_the_share": _entropy(outcome.mean()),
        "area_under_curve": _area(outcome, calibrated),
    }
    return _rounded(tree), np.clip(calibrated - odds, tree["low"], tree["high"]), facts


def _shift(logit: Real, outcome: NDArray[np.bool_]) -> float:
    """Move logits so that their mean probability is the share of mines."""
    low, high = -10.0, 10.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if (1.0 / (1.0 + np.exp(-(logit + middle)))).mean() < outcome.mean():
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _area(outcome: NDArray[np.bool_], value: Real) -> float:
    a, b = value[outcome], value[~outcome]
    return float((a[:, None] > b).mean() + 0.5 * (a[:, None] == b).mean()) if a.size and b.size else float("nan")


def _entropy(p: float) -> float:
    return float(-(p * np.log(p) + (1 - p) * np.log1p(-p))) if 0 < p < 1 else 0.0


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_rounded(v) for v in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def fit(
    rows: Sequence[dict[str, Any]], *, surface_depth_m: float, silent_depth_m: float
) -> tuple[dict[str, Any], Real, dict[str, Any]]:
    """Fit all experts.

    Parameters
    ----------
    surface_depth_m, silent_depth_m
        Between these depths of the metal a silent radar would have told of a mine.

    Returns
    -------
    experts
        As they stand in the model's file.
    ratio : (n,) float64
        Cross-fitted total log-likelihood ratio of each row.
    facts
        Of each expert.
    """
    t = table(rows, surface_depth_m=surface_depth_m, silent_depth_m=silent_depth_m)
    odds = float(np.log(t.mine.sum() / (~t.mine).sum()))
    has_metal, has_body = (np.array([x is not None for x in c], dtype=bool) for c in (t.metal, t.body))
    trees: dict[str, Any] = {}
    facts: dict[str, Any] = {"log_odds": odds}
    parts: dict[str, Real] = {}
    for name, mask, told in (
        ("emi", has_metal, t.metal),
        ("gpr", has_body, t.body),
        ("both", has_metal & has_body, t.both),
    ):
        chosen = [x for x, m in zip(told, mask, strict=True) if m and x is not None]
        trees[name], ratio, facts[name] = expert(chosen, t.mine[mask], t.fold[mask], odds=odds)
        parts[name] = np.full(len(rows), np.nan)
        parts[name][mask] = ratio
    alone = has_body & ~has_metal
    chosen = [silent_metal(parts["gpr"][i], t.limit[i]) for i in np.flatnonzero(alone)]
    trees["body"], ratio, facts["body"] = expert(chosen, t.mine[alone], t.fold[alone], odds=odds)
    total = np.zeros(len(rows))
    total[has_metal & has_body] = parts["both"][has_metal & has_body]
    total[alone] = ratio
    only = has_metal & ~has_body
    total[only] = parts["emi"][only]
    for name, where, least in (
        ("silent", only & t.told, SILENCE),
        ("hidden", only & ~t.told & t.reflects, HIDDEN),
    ):
        mines, count = int(t.mine[where].sum()), int(where.sum())
        share = np.log((mines + 0.5) / (count - mines + 0.5))
        said = float(share - odds - np.mean(parts["emi"][where])) if count else 0.0
        trees[name] = round(float(np.clip(said, least, 0.0)), 4)
        facts[name] = {"targets": count, "mines": mines, "told": said}
        total[where] += trees[name]
    return trees, total, facts
