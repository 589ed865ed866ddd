"""Candidates to the list of targets: evidence, confidence, call and reasons."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dualsense.fusion import confidence as model_room
from dualsense.fusion import features
from dualsense.fusion.weigh import Found, by_experts, by_rules
from dualsense.result import Coverage, Evidence, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dualsense.fusion.candidates import Candidate
    from dualsense.fusion.confidence import Model

ASSESSED_RADIUS_M = 0.05
ASSESSED_FRACTION = 0.8


def assessed(mask: NDArray[np.bool_], cover: Coverage, x_m: float, y_m: float) -> bool:
    """Tell whether a sensor covered most of the ground within 5 cm of a point."""
    gx, gy = np.meshgrid(cover.grid.x_m, cover.grid.y_m)
    near = np.hypot(gx - x_m, gy - y_m) <= ASSESSED_RADIUS_M
    return bool(near.any() and mask[near].mean() >= ASSESSED_FRACTION)


def make_targets(
    candidates: Sequence[Candidate],
    cover: Coverage,
    model: Model,
    *,
    relative_permittivity: float,
    relative_permittivity_std: float,
    detection_limit: Callable[[float, float, float], float],
    radar_heard: Callable[[float, float, float], bool] = lambda *_: True,
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
    prior, suspect_threshold
        Instead of the model's.

    Returns
    -------
    tuple of Target
        Highest confidence first; ids T1, T2, ... in that order.
    """
    rough = [
        _weigh(
            c,
            cover,
            model,
            relative_permittivity,
            relative_permittivity_std,
            detection_limit,
            radar_heard,
            prior,
            suspect_threshold,
        )
        for c in candidates
    ]
    order = sorted(range(len(rough)), key=lambda n: (-rough[n].confidence, rough[n].x_m, rough[n].y_m))
    return tuple(_numbered(rough[n], k + 1) for k, n in enumerate(order))


def _numbered(target: Target, number: int) -> Target:
    from dataclasses import replace  # noqa: PLC0415

    return replace(target, id=f"T{number}")


def _weigh(
    candidate: Candidate,
    cover: Coverage,
    model: Model,
    permittivity: float,
    permittivity_std: float,
    detection_limit: Callable[[float, float, float], float],
    radar_heard: Callable[[float, float, float], bool],
    prior: float | None,
    threshold: float | None,
) -> Target:
    (x, y, depth), std = features.place(
        candidate, relative_permittivity=permittivity, relative_permittivity_std=permittivity_std
    )
    emi_here = assessed(cover.emi, cover, x, y)
    gpr_here = assessed(cover.gpr, cover, x, y)
    metal = body = None
    limit, silence, reflects, heard = math.inf, 0.0, False, False
    radar_blind = metal_blind = False
    if candidate.dipoles:
        metal = features.dipole_features(candidate.dipoles[0], count=len(candidate.dipoles))
    elif emi_here:
        limit = detection_limit(x, y, depth + 0.02)
        _, metal_blind = model_room.metal_silence(model, detection_limit_m3=limit)
    if candidate.body is not None:
        body = features.body_features(candidate.body)
        radar_blind = candidate.body.hidden and model.experts is None  # the rules do not weigh it
        if candidate.dipoles:
            body |= features.pair_features(candidate.body, candidate.dipoles[0])
    elif gpr_here:
        heard = radar_heard(x, y, depth)
        quiet = partial(
            model_room.radar_silence,
            model,
            relative_permittivity=permittivity,
            relative_permittivity_std=permittivity_std,
        )
        silence, radar_blind = quiet(depth_m=depth, heard=heard)
        reflects = not quiet(depth_m=max(model.gpr["surface_depth_m"], min(depth, model.gpr["silent_depth_m"])))[1]
    found = Found(
        metal=metal,
        body=body,
        metal_score=candidate.dipoles[0].statistic if candidate.dipoles else 0.0,
        body_score=candidate.body.contrast if candidate.body is not None else 0.0,
        emi_here=emi_here,
        gpr_here=gpr_here,
        radar_silence=silence,
        reflects=reflects,
        detection_limit_m3=limit,
        relative_permittivity=permittivity,
    )
    weight = by_rules(model, found, candidate.body) if model.experts is None else by_experts(model.experts, found)
    if body is not None and model.experts is not None:
        body |= {"joint_log_likelihood_ratio": weight.joint, "strangeness": weight.strangeness}
    elif metal is not None and model.experts is not None:
        metal |= {"strangeness": weight.strangeness}
    emi = gpr = None
    if metal is not None or emi_here:
        emi = Evidence(found.metal_score, metal or {"detection_limit_m3": limit}, weight.emi)
    if body is not None or gpr_here:
        silent = {"relative_permittivity": permittivity, "heard": float(heard), "reflects": float(reflects)}
        gpr = Evidence(found.body_score, body or silent, weight.gpr)
    value = model_room.probability(model, weight.emi, weight.gpr, weight.joint, prior=prior)
    known = weight.strangeness <= 1.0
    call = model_room.decide(
        model,
        value,
        emi_assessed=emi_here and not metal_blind and known,
        gpr_assessed=gpr_here and not radar_blind and known,
        threshold=threshold,
        strongest=max(weight.emi, weight.gpr),
    )
    return Target(
        id="",
        x_m=x,
        y_m=y,
        depth_m=depth,
        position_std_m=std,
        confidence=value,
        call=call,
        emi=emi,
        gpr=gpr,
        reasons=features.reasons(
            candidate,
            emi_assessed=emi_here,
            gpr_assessed=gpr_here,
            radar_blind=radar_blind,
            metal_blind=metal_blind,
            strange=not known,
        ),
    )
