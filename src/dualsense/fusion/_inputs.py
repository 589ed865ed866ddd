"""What the confidence model is given of a target: a few numbers of each sensor, on scales where they add up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualsense.features import EmiFeature, GprFeature

if TYPE_CHECKING:
    from collections.abc import Mapping

Numbers = dict[str, float]

PLASTIC_INDEX = 1.7
"""Refractive index of explosive and plastic, 2.9 ** 0.5: where soil has it the echo changes its sign."""


def metal_inputs(values: Mapping[str, float], score: float) -> Numbers:
    """Numbers of the metal detector, from the evidence of a target that it found."""
    return {
        "log10 amount": _log10(values[EmiFeature.AMOUNT]),
        "log10 amount deviation": _log10(values[EmiFeature.AMOUNT_LOG_STD]),
        "depth": values[EmiFeature.DEPTH],
        "log10 statistic": _log10(score),
        "first share": values[EmiFeature.FIRST_SHARE],
        "last share": values[EmiFeature.LAST_SHARE],
        "roundness": values[EmiFeature.ROUNDNESS],
        "coherence": values[EmiFeature.COHERENCE],
        "dipoles": min(values[EmiFeature.DIPOLES], 3.0),
        "soil kept": values[EmiFeature.SOIL_KEPT],
    }


def body_inputs(values: Mapping[str, float], score: float, *, relative_permittivity: float) -> Numbers:
    """Numbers of the radar, from the evidence of a target that it found."""
    width, length = values[GprFeature.WIDTH], values[GprFeature.LENGTH]
    index = math.sqrt(relative_permittivity) if relative_permittivity > 0.0 else math.nan
    in_phase, gap = math.cos(values[GprFeature.PHASE]), values.get(GprFeature.LOWER_GAP, 0.0)
    lower = values.get(GprFeature.LOWER_PHASE, math.nan) if gap > 0.0 else math.nan
    return {
        "log10 contrast": _log10(score),
        "log10 amplitude": _log10(values[GprFeature.AMPLITUDE]),
        "log10 size": _log10(math.sqrt(width * length)),
        "log10 width": _log10(width),
        "elongation": _log10(length / width),
        "coherence": values[GprFeature.COHERENCE],
        "in phase": in_phase,
        "out of phase": math.sin(values[GprFeature.PHASE]),
        "in phase by index": in_phase * (index - PLASTIC_INDEX),
        "thickness": values.get(GprFeature.THICKNESS, math.nan),
        "lower echo": values.get(GprFeature.LOWER_RATIO, math.nan),
        "lower gap": gap if gap > 0.0 else math.nan,
        "lower in phase": math.cos(lower),
        "lower out of phase": math.sin(lower),
        "wavenumber": values.get(GprFeature.WAVENUMBER, math.nan),
        "asymmetry": values.get(GprFeature.ASYMMETRY, math.nan),
        "focus": values.get(GprFeature.FOCUS, math.nan),
        "spread": values.get(GprFeature.SPREAD, math.nan),
        "log10 tail": _log10(values.get(GprFeature.TAIL, math.nan)),
        "depth": values[GprFeature.DEPTH],
        "hidden": values[GprFeature.HIDDEN],
        "edge": values[GprFeature.EDGE],
        "index": index,
    }


def pair_inputs(gpr: Mapping[str, float]) -> Numbers:
    """How metal that was located by itself lies to a body."""
    size = math.sqrt(gpr[GprFeature.WIDTH] * gpr[GprFeature.LENGTH])
    return {
        "aside": gpr[GprFeature.METAL_ASIDE],
        "aside of size": gpr[GprFeature.METAL_ASIDE] / size,
        "below top": gpr[GprFeature.METAL_BELOW_TOP],
        "log10 distance": math.log10(1.0 + gpr[GprFeature.METAL_DISTANCE]),
    }


def within_inputs(values: Mapping[str, float], amplitude: float) -> Numbers:
    """Numbers of the metal at a body's place, from the metal detector's evidence; none where it was not asked."""
    if EmiFeature.BODY_AMOUNT not in values:
        return {}
    amount, std = values[EmiFeature.BODY_AMOUNT], values[EmiFeature.BODY_AMOUNT_STD]
    across, across_std = values[EmiFeature.BODY_ACROSS], values[EmiFeature.BODY_ACROSS_STD]
    out = {
        "log10 amount": _log10(amount),
        "log10 deviation": _log10(std / max(amount, 1e-300)),
        "log10 across": _log10(across),
        "log10 across deviation": _log10(across_std / max(across, 1e-300)),
        "log10 statistic": _log10(values[EmiFeature.BODY_STATISTIC]),
        "deeper": math.asinh(values[EmiFeature.BODY_DEEPER]),
        "aside": values[EmiFeature.BODY_ASIDE],
        "first share": values[EmiFeature.BODY_FIRST_SHARE],
        "last share": values[EmiFeature.BODY_LAST_SHARE],
        "for its echo": _log10(amount) - 2.0 * _log10(amplitude),
    }
    for end in ("low", "high"):
        phase = values.get(EmiFeature.BODY_PHASE.format(end=end), math.nan)
        out |= {f"{end} in phase": math.cos(phase), f"{end} out of phase": math.sin(phase)}
    return out


def _log10(value: float) -> float:
    return math.log10(max(value, 1e-12)) if math.isfinite(value) else math.nan
