"""Candidates to the list of targets: evidence, confidence, call and reasons."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dualsense.fusion import _confidence as model_room
from dualsense.fusion import _features as features
from dualsense.fusion._weigh import Found, Weight, by_experts, by_rules
from dualsense.result import Coverage, Evidence, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from dualsense.fusion._candidates import Candidate
    from dualsense.fusion._confidence import Model
    from dualsense.result import Call

ASSESSED_RADIUS_M = 0.05
ASSESSED_FRACTION = 0.8


def assessed(mask: NDArray[np.bool_], cover: Coverage, x_m: float, y_m: float) -> bool:
    """Tell whether a sensor covered most of the ground within 5 cm of a point."""
    gx, gy = np.meshgrid(cover.grid.x_m, cover.grid.y_m)
    near = np.hypot(gx - x_m, gy - y_m) <= ASSESSED_RADIUS_M
    return bool(near.any() and mask[near].mean() >= ASSESSED_FRACTION)


@dataclass(frozen=True, slots=True, eq=False)
class _Conditions:
    """What holds for all candidates of a scan; see `make_targets`."""

    cover: Coverage
    model: Model
    permittivity: float
    permittivity_std: float
    detection_limit: Callable[[float, float, float], float]
    radar_heard: Callable[[float, float, float], bool]
    trusted: bool
    prior: float | None
    threshold: float | None


def make_targets(
    candidates: Sequence[Candidate],
    cover: Coverage,
    model: Model,
    *,
    relative_permittivity: float,
    relative_permittivity_std: float,
    detection_limit: Callable[[float, float, float], float],
    radar_heard: Callable[[float, float, float], bool] = lambda *_: True,
    metal_within: Sequence[Mapping[str, float]] | None = None,
    track_trusted: bool = True,
    prior: float | None = None,
    suspect_threshold: float | None = None,
) -> tuple[Target, ...]:
    """Weigh each candidate.

    Parameters
    ----------
    detection_limit
        Smallest polarizability (m^3) the metal detector would have found at x, y and depth.
    radar_heard
        Whether the radar would have listed a body at x, y and depth.
    metal_within
        Of each candidate, the features of the metal at its body (`dualsense.emi._probe`).
    track_trusted
        Whether the track is as good as it states; with a worse one nothing is called clutter.
    prior, suspect_threshold
        Instead of the model's.

    Returns
    -------
    tuple of Target
        Highest confidence first; ids T1, T2, ... in that order.
    """
    conditions = _Conditions(
        cover,
        model,
        relative_permittivity,
        relative_permittivity_std,
        detection_limit,
        radar_heard,
        track_trusted,
        prior,
        suspect_threshold,
    )
    within = [{}] * len(candidates) if metal_within is None else metal_within
    rough = [_weigh(c, w, conditions) for c, w in zip(candidates, within, strict=True)]
    order = sorted(range(len(rough)), key=lambda n: (-rough[n].confidence, rough[n].x_m, rough[n].y_m))
    return tuple(replace(rough[n], id=f"T{k}") for k, n in enumerate(order, start=1))


def _found(
    candidate: Candidate, within: Mapping[str, float], place_m: tuple[float, float, float], at: _Conditions
) -> Found:
    """Collect what the sensors found at one place, and what they would have."""
    x, y, depth = place_m
    emi_here, gpr_here = assessed(at.cover.emi, at.cover, x, y), assessed(at.cover.gpr, at.cover, x, y)
    metal = body = None
    limit, silence, heard = math.inf, (0.0, False), False
    if candidate.dipoles:
        metal = features.dipole_features(candidate.dipoles[0], count=len(candidate.dipoles))
    elif emi_here:
        limit = at.detection_limit(x, y, depth + 0.02)
    if candidate.body is not None:
        body = features.body_features(candidate.body)
        if candidate.dipoles:
            body |= features.pair_features(candidate.body, candidate.dipoles[0])
    weak = None
    reflects = False
    if body is None and gpr_here:
        if candidate.weak is not None:
            weak = features.body_features(candidate.weak)
            weak |= features.pair_features(candidate.weak, candidate.dipoles[0])
        heard = at.radar_heard(x, y, depth)
        quiet = partial(
            model_room.radar_silence,
            at.model,
            relative_permittivity=at.permittivity,
            relative_permittivity_std=at.permittivity_std,
        )
        silence = quiet(depth_m=depth, heard=heard)
        told = at.model.gpr
        reflects = not quiet(depth_m=max(told["surface_depth_m"], min(depth, told["silent_depth_m"])))[1]
    return Found(
        metal=metal,
        body=body,
        weak=weak,
        within=within,
        metal_score=candidate.dipoles[0].statistic if candidate.dipoles else 0.0,
        body_score=candidate.body.contrast if candidate.body is not None else 0.0,
        emi_here=emi_here,
        gpr_here=gpr_here,
        radar_silence=silence[0],
        radar_blind=silence[1],
        heard=heard,
        reflects=reflects,
        detection_limit_m3=limit,
        relative_permittivity=at.permittivity,
    )


def _evidence(found: Found, weight: Weight, *, fitted: bool) -> tuple[Evidence | None, Evidence | None]:
    """Tell what each sensor found, or that it found nothing where it measured."""
    emi = gpr = None
    if found.metal is not None or found.emi_here:
        told = {"detection_limit_m3": found.detection_limit_m3} if found.metal is None else dict(found.metal)
        if fitted and found.metal is not None and found.body is None:
            told["strangeness"] = weight.strangeness
        emi = Evidence(found.metal_score, told | dict(found.within), weight.emi)
    if found.body is not None:
        extra = {"joint_log_likelihood_ratio": weight.joint, "strangeness": weight.strangeness} if fitted else {}
        gpr = Evidence(found.body_score, dict(found.body) | extra, weight.gpr)
    elif found.gpr_here:
        silent = {
            "relative_permittivity": found.relative_permittivity,
            "heard": float(found.heard),
            "reflects": float(found.reflects),
            "silence": found.radar_silence,
            "blind": float(found.radar_blind),
        }
        weak = {f"weak_{name}": value for name, value in (found.weak or {}).items()}
        gpr = Evidence(0.0, silent | weak, weight.gpr)
    return emi, gpr


@dataclass(frozen=True, slots=True)
class Verdict:
    """Confidence and call of what was found, and which sensor could have missed a mine there."""

    confidence: float
    call: Call
    metal_blind: bool
    radar_blind: bool


def judge(
    model: Model,
    found: Found,
    weight: Weight,
    *,
    trusted: bool = True,
    prior: float | None = None,
    threshold: float | None = None,
) -> Verdict:
    """Turn what the sensors say into a probability and a call."""
    metal_blind = False
    if found.metal is None and found.emi_here:
        _, metal_blind = model_room.metal_silence(model, detection_limit_m3=found.detection_limit_m3)
    hidden = found.body is not None and found.body["hidden"] > 0.0
    radar_blind = found.radar_blind or (hidden and model.experts is None)  # the rules do not weigh what hides
    known = trusted and weight.strangeness <= 1.0
    value = model_room.probability(model, weight.emi, weight.gpr, weight.joint, prior=prior)
    call = model_room.decide(
        model,
        value,
        emi_assessed=found.emi_here and not metal_blind and known,
        gpr_assessed=found.gpr_here and not radar_blind and known,
        threshold=threshold,
        strongest=max(weight.emi, weight.gpr),
        at_own_prior=model_room.probability(model, weight.emi, weight.gpr, weight.joint),
    )
    return Verdict(value, call, metal_blind, radar_blind)


def _weigh(candidate: Candidate, within: Mapping[str, float], at: _Conditions) -> Target:
    place, std = features.place(
        candidate, relative_permittivity=at.permittivity, relative_permittivity_std=at.permittivity_std
    )
    found = _found(candidate, within, place, at)
    experts = at.model.experts
    weight = by_rules(at.model, found, candidate.body) if experts is None else by_experts(experts, found)
    emi, gpr = _evidence(found, weight, fitted=experts is not None)
    verdict = judge(at.model, found, weight, trusted=at.trusted, prior=at.prior, threshold=at.threshold)
    return Target(
        id="",
        x_m=place[0],
        y_m=place[1],
        depth_m=place[2],
        position_std_m=std,
        confidence=verdict.confidence,
        call=verdict.call,
        emi=emi,
        gpr=gpr,
        reasons=features.reasons(
            candidate,
            emi_assessed=found.emi_here,
            gpr_assessed=found.gpr_here,
            radar_blind=verdict.radar_blind,
            metal_blind=verdict.metal_blind,
            strange=weight.strangeness > 1.0,
            within=within if candidate.body is not None else None,
        ),
    )
