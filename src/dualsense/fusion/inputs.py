"""What the confidence model is given of a target: a few numbers of each sensor, on scales where they add up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Numbers = dict[str, float]


def metal_inputs(told: Mapping[str, float], score: float) -> Numbers:
    """Numbers of the metal detector, from the evidence of a target that it found."""
    return {
        "log10 amount": _log10(told["metal_amount_m3"]),
        "log10 amount deviation": _log10(told["metal_amount_log_std"]),
        "depth": told["depth_m"],
        "log10 statistic": _log10(score),
        "first share": told["first_channel_share"],
        "last share": told["last_channel_share"],
        "roundness": told["roundness"],
        "coherence": told["coherence"],
        "dipoles": min(told["dipole_count"], 3.0),
        "soil kept": told["soil_kept_fraction"],
    }


def body_inputs(told: Mapping[str, float], score: float, *, relative_permittivity: float) -> Numbers:
    """Numbers of the radar, from the evidence of a target that it found."""
    width, length = told["width_m"], told["length_m"]
    return {
        "log10 contrast": _log10(score),
        "log10 amplitude": _log10(told["amplitude"]),
        "log10 size": _log10(math.sqrt(width * length)),
        "log10 width": _log10(width),
        "elongation": _log10(length / width),
        "coherence": told["coherence"],
        "in phase": math.cos(told["phase_rad"]),
        "out of phase": math.sin(told["phase_rad"]),
        "thickness": told.get("thickness_m", math.nan),
        "lower echo": told.get("lower_ratio", math.nan),
        "asymmetry": told.get("asymmetry", math.nan),
        "focus": told.get("focus", math.nan),
        "spread": told.get("spread_m", math.nan),
        "log10 tail": _log10(told.get("tail", math.nan)),
        "depth": told["depth_m"],
        "hidden": told["hidden"],
        "edge": told["edge_fraction"],
        "index": math.sqrt(relative_permittivity) if relative_permittivity > 0.0 else math.nan,
    }


def pair_inputs(emi: Mapping[str, float], gpr: Mapping[str, float]) -> Numbers:
    """How the two agree, and what only both together tell."""
    size = math.sqrt(gpr["width_m"] * gpr["length_m"])
    return {
        "aside": gpr["metal_aside_m"],
        "aside of size": gpr["metal_aside_m"] / size,
        "below top": gpr["metal_below_top_m"],
        "log10 distance": math.log10(1.0 + gpr["metal_distance_squared"]),
        "metal for its echo": _log10(emi["metal_amount_m3"]) - 2.0 * _log10(gpr["amplitude"]),
    }


def _log10(value: float) -> float:
    return math.log10(max(value, 1e-12)) if math.isfinite(value) else math.nan
