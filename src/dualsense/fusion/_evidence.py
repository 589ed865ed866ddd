"""What each sensor found of a candidate, as features: numbers with units (`dualsense.features`)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from dualsense.features import WEAK, EmiFeature, GprFeature
from dualsense.fusion._candidates import separation
from dualsense.fusion._place import MIN_DEPTH_STD_M, MIN_POSITION_STD_M, metal_amount
from dualsense.fusion._posterior import posterior_features
from dualsense.gpr import relative_noise
from dualsense.result import Evidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualsense.emi import Dipole
    from dualsense.fusion._weigh import Findings, Weight
    from dualsense.gpr import Body, Shape

    Values = dict[str, float]

DECAY, HEAD_M = 6.0, 0.05
"""Below coils at this height a dipole's response falls with about this power of the distance."""


def dipole_features(dipole: Dipole, *, count: int) -> Values:
    """Features of the strongest dipole of a candidate."""
    mean = np.trace(dipole.tensor, axis1=1, axis2=2) / 3.0
    amount, depth = metal_amount(dipole), float(-dipole.position_m[2])
    depth_std = dipole.depth_std_m
    size = np.abs(mean)
    # principal polarizabilities of the sum over channels: 1 for a sphere, towards 0 for a needle or a flat ring
    axes = np.abs(np.linalg.eigvalsh((dipole.tensor * mean[:, None, None]).sum(axis=0)))
    return {
        EmiFeature.X: float(dipole.position_m[0]),
        EmiFeature.Y: float(dipole.position_m[1]),
        EmiFeature.DEPTH: depth,
        EmiFeature.DEPTH_STD: depth_std,
        EmiFeature.AMOUNT: amount,
        EmiFeature.AMOUNT_LOG_STD: DECAY * depth_std / (max(depth, 0.0) + HEAD_M),
        EmiFeature.FIRST_CHANNEL: float(mean[0]),
        EmiFeature.FIRST_SHARE: float(mean[0] / max(float(size.max()), 1e-300)),
        EmiFeature.LAST_SHARE: float(mean[-1] / max(float(size.max()), 1e-300)),
        EmiFeature.ROUNDNESS: float(axes.min() / max(float(axes.max()), 1e-300)),
        EmiFeature.CONTRAST: dipole.contrast,
        EmiFeature.COHERENCE: dipole.coherence,
        EmiFeature.SOIL_KEPT: dipole.kept[0],
        EmiFeature.DRIFT_KEPT: dipole.kept[1],
        EmiFeature.STRONGER: dipole.stronger,
        EmiFeature.DIPOLES: float(count),
    } | posterior_features(dipole)


def told_features(told: Dipole | None) -> Values:
    """Give the depth as it is told, with how far such fits err."""
    if told is None:
        return {}
    return {EmiFeature.TOLD_DEPTH: float(-told.position_m[2]), EmiFeature.TOLD_DEPTH_STD: told.depth_std_m}


def body_features(body: Body) -> Values:
    """Features of a radar body."""
    noise = relative_noise(body.contrast)
    return (
        {
            GprFeature.X: body.x_m,
            GprFeature.Y: body.y_m,
            GprFeature.DEPTH: body.depth_m,
            GprFeature.WIDTH: body.width_m,
            GprFeature.LENGTH: body.length_m,
            GprFeature.SIZE_STD: math.sqrt(body.width_m * body.length_m) * min(noise, 1.0),
            GprFeature.CONTRAST: body.contrast,
            GprFeature.AMPLITUDE: body.amplitude,
            GprFeature.AMPLITUDE_STD: body.amplitude * noise,
            GprFeature.COHERENCE: body.coherence,
            GprFeature.PHASE: body.phase_rad,
            GprFeature.PHASE_STD: min(noise, math.pi / math.sqrt(3.0)),
            GprFeature.EDGE: body.edge,
            GprFeature.HIDDEN: float(body.hidden),
        }
        | _measured({GprFeature.FALSE_BODIES: body.false_per_m2})
        | shape_features(body.shape)
    )


def shape_features(shape: Shape) -> Values:
    """Features of a body's column, symmetry and focus; what could not be measured is left out."""
    values = {
        GprFeature.THICKNESS: shape.thickness_m,
        GprFeature.LOWER_RATIO: shape.lower_ratio,
        GprFeature.LOWER_GAP: shape.lower_gap_m,
        GprFeature.LOWER_PHASE: shape.lower_phase_rad,
        GprFeature.WAVENUMBER: shape.wavenumber_per_m,
        GprFeature.ASYMMETRY: shape.asymmetry,
        GprFeature.FOCUS: shape.focus,
        GprFeature.SPREAD: shape.spread_m,
        GprFeature.TAIL: shape.tail,
    }
    return _measured(values)


def _measured(values: Mapping[GprFeature, float]) -> Values:
    return {name: value for name, value in values.items() if math.isfinite(value)}


def pair_features(body: Body, dipole: Dipole) -> Values:
    """How metal and body lie to each other, with deviations."""
    aside, squared = separation(body, dipole)
    std = np.sqrt(np.maximum(np.diag(dipole.covariance_m2), 0.0))
    return {
        GprFeature.METAL_ASIDE: aside,
        GprFeature.METAL_ASIDE_STD: math.hypot(MIN_POSITION_STD_M, float(std[:2].max())),
        GprFeature.METAL_BELOW_TOP: float(-dipole.position_m[2]) - body.depth_m,
        GprFeature.METAL_BELOW_TOP_STD: math.hypot(MIN_DEPTH_STD_M, float(std[2])),
        GprFeature.METAL_DISTANCE: squared,
    }


def evidence(found: Findings, weight: Weight, *, fitted: bool) -> tuple[Evidence | None, Evidence | None]:
    """Give the evidence of each sensor: what it found, or that it found nothing where it measured.

    Parameters
    ----------
    found
        What the sensors found at one place.
    weight
        What that says of a mine.
    fitted
        Whether a fitted model weighed it, so that it has a strangeness and a joint ratio.

    Returns
    -------
    emi, gpr : Evidence or None
        None where the sensor did not measure.
    """
    emi = gpr = None
    if found.metal is not None:
        own: Values = {EmiFeature.STRANGENESS: weight.strangeness} if fitted and found.body is None else {}
        emi = _plain(found.metal_score, {**found.metal, **own, **found.within}, weight.emi)
    elif found.emi_here:
        limit: Values = {EmiFeature.DETECTION_LIMIT: found.detection_limit_m3}
        emi = _plain(found.metal_score, {**limit, **found.within}, weight.emi)
    if found.body is not None:
        both: Values = {GprFeature.JOINT_RATIO: weight.joint, GprFeature.STRANGENESS: weight.strangeness}
        gpr = _plain(found.body_score, {**found.body, **(both if fitted else {})}, weight.gpr)
    elif found.gpr_here:
        silent: Values = {
            GprFeature.PERMITTIVITY: found.relative_permittivity,
            GprFeature.WOULD_DETECT: float(found.would_detect),
            GprFeature.REFLECTS: float(found.reflects),
            GprFeature.SILENCE: found.radar_silence.ratio,
            GprFeature.BLIND: float(found.radar_silence.blind),
        }
        weak = {f"{WEAK}{name}": value for name, value in (found.weak or {}).items()}
        gpr = _plain(0.0, {**silent, **weak}, weight.gpr)
    return emi, gpr


def _plain(score: float, values: Mapping[str, float], ratio: float) -> Evidence:
    """Evidence whose keys are plain text, whatever declares them."""
    return Evidence(score, {str(name): value for name, value in values.items()}, ratio)
