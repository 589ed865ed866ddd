"""Candidates to the list of targets: evidence, confidence, call and reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.fusion import confidence as model_room
from dualsense.fusion import features
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
    emi: Evidence | None = None
    gpr: Evidence | None = None
    radar_blind = metal_blind = False
    if candidate.dipoles:
        lead = candidate.dipoles[0]
        emi = Evidence(
            lead.statistic, features.dipole_features(lead, count=len(candidate.dipoles)), model.emi["present"]
        )
    elif emi_here:
        limit = detection_limit(x, y, depth + 0.02)
        ratio, metal_blind = model_room.metal_silence(model, detection_limit_m3=limit)
        emi = Evidence(0.0, {"detection_limit_m3": limit}, ratio)
    if candidate.body is not None:
        ratio = model_room.body_ratio(model, candidate.body) + (model.agreement if candidate.dipoles else 0.0)
        told = features.body_features(candidate.body)
        if candidate.dipoles:
            told |= features.pair_features(candidate.body, candidate.dipoles[0])
        gpr = Evidence(candidate.body.contrast, told, ratio)
    elif gpr_here:
        ratio, radar_blind = model_room.radar_silence(
            model,
            relative_permittivity=permittivity,
            relative_permittivity_std=permittivity_std,
            depth_m=depth,
            heard=radar_heard(x, y, depth),
        )
        gpr = Evidence(0.0, {"relative_permittivity": permittivity}, ratio)
    ratios = [e.log_likelihood_ratio for e in (emi, gpr) if e is not None]
    value = model_room.probability(model, *ratios, prior=prior)
    call = model_room.decide(
        model,
        value,
        emi_assessed=emi_here and not metal_blind,
        gpr_assessed=gpr_here and not radar_blind,
        threshold=threshold,
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
        ),
    )
