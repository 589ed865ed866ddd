"""What the confidence model is given of a target: a few numbers of each sensor, on scales where they add up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Numbers = dict[str, float]

PLASTIC_INDEX = 1.7
"""Refractive index of explosive and plastic, 2.9 ** 0.5: where soil has it the echo changes its sign."""


def metal_inputs(values: Mapping[str, float], score: float) -> Numbers:
    """Numbers of the metal detector, from the evidence of a target that it found."""
    return {
        "log10 amount": _log10(values["metal_amount_m3"]),
        "log10 amount deviation": _log10(values["metal_amount_log_std"]),
        "depth": values["depth_m"],
        "log10 statistic": _log10(score),
        "first share": values["first_channel_share"],
        "last share": values["last_channel_share"],
        "roundness": values["roundness"],
        "coherence": values["coherence"],
        "dipoles": min(values["dipole_count"], 3.0),
        "soil kept": values["soil_kept_fraction"],
    }


def body_inputs(values: Mapping[str, float], score: float, *, relative_permittivity: float) -> Numbers:
    """Numbers of the radar, from the evidence of a target that it found."""
    width, length = values["width_m"], values["length_m"]
    index = math.sqrt(relative_permittivity) if relative_permittivity > 0.0 else math.nan
    in_phase, gap = math.cos(values["phase_rad"]), values.get("lower_gap_m", 0.0)
    lower = values.get("lower_phase_rad", math.nan) if gap > 0.0 else math.nan
    return {
        "log10 contrast": _log10(score),
        "log10 amplitude": _log10(values["amplitude"]),
        "log10 size": _log10(math.sqrt(width * length)),
        "log10 width": _log10(width),
        "elongation": _log10(length / width),
        "coherence": values["coherence"],
        "in phase": in_phase,
        "out of phase": math.sin(values["phase_rad"]),
        "in phase by index": in_phase * (index - PLASTIC_INDEX),
        "thickness": values.get("thickness_m", math.nan),
        "lower echo": values.get("lower_ratio", math.nan),
        "lower gap": gap if gap > 0.0 else math.nan,
        "lower in phase": math.cos(lower),
        "lower out of phase": math.sin(lower),
        "wavenumber": values.get("wavenumber_per_m", math.nan),
        "asymmetry": values.get("asymmetry", math.nan),
        "focus": values.get("focus", math.nan),
        "spread": values.get("spread_m", math.nan),
        "log10 tail": _log10(values.get("tail", math.nan)),
        "depth": values["depth_m"],
        "hidden": values["hidden"],
        "edge": values["edge_fraction"],
        "index": index,
    }


def pair_inputs(gpr: Mapping[str, float]) -> Numbers:
    """How metal that was located by itself lies to a body."""
    size = math.sqrt(gpr["width_m"] * gpr["length_m"])
    return {
        "aside": gpr["metal_aside_m"],
        "aside of size": gpr["metal_aside_m"] / size,
        "below top": gpr["metal_below_top_m"],
        "log10 distance": math.log10(1.0 + gpr["metal_distance_squared"]),
    }


def within_inputs(values: Mapping[str, float], amplitude: float) -> Numbers:
    """Numbers of the metal at a body's place, from the metal detector's evidence; none where it was not asked."""
    if "at_body_amount_m3" not in values:
        return {}
    amount, std = values["at_body_amount_m3"], values["at_body_amount_std_m3"]
    across, across_std = values["at_body_across_m3"], values["at_body_across_std_m3"]
    out = {
        "log10 amount": _log10(amount),
        "log10 deviation": _log10(std / max(amount, 1e-300)),
        "log10 across": _log10(across),
        "log10 across deviation": _log10(across_std / max(across, 1e-300)),
        "log10 statistic": _log10(values["at_body_statistic"]),
        "deeper": math.asinh(values["at_body_deeper"]),
        "aside": values["at_body_aside_m"],
        "first share": values["at_body_first_share"],
        "last share": values["at_body_last_share"],
        "for its echo": _log10(amount) - 2.0 * _log10(amplitude),
    }
    for name in ("low", "high"):
        phase = values.get(f"at_body_{name}_phase_rad", math.nan)
        out |= {f"{name} in phase": math.cos(phase), f"{name} out of phase": math.sin(phase)}
    return out


def _log10(value: float) -> float:
    return math.log10(max(value, 1e-12)) if math.isfinite(value) else math.nan
