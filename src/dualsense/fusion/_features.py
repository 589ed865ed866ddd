"""What each sensor says of a candidate, in numbers with units and in words a deminer understands."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from dualsense.fusion._candidates import separation
from dualsense.fusion._posterior import depth_interval_m, posterior_features
from dualsense.gpr import relative_noise

if TYPE_CHECKING:
    from dualsense.emi import Dipole
    from dualsense.fusion._candidates import Candidate
    from dualsense.gpr import Body

MIN_POSITION_STD_M = 0.008
MIN_DEPTH_STD_M = 0.008
BODY_DEPTH_STD_M, HIDDEN_DEPTH_STD_M, HIDDEN_TOO_DEEP_M = 0.011, 0.02, 0.012
"""Of the top of a radar body, and of one under brighter clutter, which is too deep by so much on the mean: what
simulated training lanes show."""
UNLOCATED_STD_M, UNLOCATED_ASIDE_M = 0.06, 0.018
"""Of the depth and the place of metal without a posterior: what simulated training lanes show."""
MINE_SIZED_M = 0.06
SHALLOW_M = 0.04
UNSURE_M = 0.04
"""A depth whose 90 % interval is wider than this is told as an interval."""
LITTLE_METAL_M3 = 5e-7
MUCH_METAL_M3 = 1e-5
DECAY, HEAD_M = 6.0, 0.05
"""Below coils at this height a dipole's response falls with about this power of the distance."""


def metal_amount(dipole: Dipole) -> float:
    """Root mean square over the channels of the mean polarizability, m^3."""
    mean = np.trace(dipole.tensor, axis1=1, axis2=2) / 3.0
    return float(np.sqrt((mean**2).mean()))


def metal_radius(dipole: Dipole) -> float:
    """Radius of a sphere with that polarizability at high frequency, M = 2 pi a^3, in metres."""
    return float((metal_amount(dipole) / (2.0 * np.pi)) ** (1.0 / 3.0))


def dipole_features(dipole: Dipole, *, count: int) -> dict[str, float]:
    """Features of the strongest dipole of a candidate; what each means is in docs/methods.md."""
    mean = np.trace(dipole.tensor, axis1=1, axis2=2) / 3.0
    amount, depth = metal_amount(dipole), float(-dipole.position_m[2])
    depth_std = float(math.sqrt(max(dipole.covariance_m2[2, 2], 0.0)))
    size = np.abs(mean)
    # principal polarizabilities of the sum over channels: 1 for a sphere, towards 0 for a needle or a flat ring
    axes = np.abs(np.linalg.eigvalsh((dipole.tensor * mean[:, None, None]).sum(axis=0)))
    return {
        "x_m": float(dipole.position_m[0]),
        "y_m": float(dipole.position_m[1]),
        "depth_m": depth,
        "depth_std_m": depth_std,
        "metal_amount_m3": amount,
        "metal_amount_log_std": DECAY * depth_std / (max(depth, 0.0) + HEAD_M),
        "first_channel_m3": float(mean[0]),
        "first_channel_share": float(mean[0] / max(float(size.max()), 1e-300)),
        "last_channel_share": float(mean[-1] / max(float(size.max()), 1e-300)),
        "roundness": float(axes.min() / max(float(axes.max()), 1e-300)),
        "contrast": dipole.contrast,
        "coherence": dipole.coherence,
        "soil_kept_fraction": dipole.kept[0],
        "drift_kept_fraction": dipole.kept[1],
        "dipole_count": float(count),
    } | posterior_features(dipole)


def body_features(body: Body) -> dict[str, float]:
    """Features of a radar body; what each means is in docs/methods.md."""
    noise = relative_noise(body.contrast)
    return {
        "x_m": body.x_m,
        "y_m": body.y_m,
        "depth_m": body.depth_m,
        "width_m": body.width_m,
        "length_m": body.length_m,
        "size_std_m": math.sqrt(body.width_m * body.length_m) * min(noise, 1.0),
        "contrast": body.contrast,
        "amplitude": body.amplitude,
        "amplitude_std": body.amplitude * noise,
        "coherence": body.coherence,
        "phase_rad": body.phase_rad,
        "phase_std_rad": min(noise, math.pi / math.sqrt(3.0)),
        "edge_fraction": body.edge,
        "hidden": float(body.hidden),
    } | {name: value for name, value in asdict(body.shape).items() if math.isfinite(value)}


def pair_features(body: Body, dipole: Dipole) -> dict[str, float]:
    """How metal and body lie to each other, with deviations."""
    aside, squared = separation(body, dipole)
    std = np.sqrt(np.maximum(np.diag(dipole.covariance_m2), 0.0))
    return {
        "metal_aside_m": aside,
        "metal_aside_std_m": math.hypot(MIN_POSITION_STD_M, float(std[:2].max())),
        "metal_below_top_m": float(-dipole.position_m[2]) - body.depth_m,
        "metal_below_top_std_m": math.hypot(MIN_DEPTH_STD_M, float(std[2])),
        "metal_distance_squared": squared,
    }


def place(
    candidate: Candidate, *, relative_permittivity: float, relative_permittivity_std: float
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Position of a candidate and its standard deviation, both (x, y, depth of the top) in metres.

    The radar tells the body's place and top, with the permittivity's error in the depth (a relative error of
    eps/2); metal alone tells the place of the metal, and its top by the radius of the equal sphere.
    """
    if candidate.body is not None:
        body = candidate.body
        across = max(MIN_POSITION_STD_M, 0.12 * math.sqrt(body.width_m * body.length_m))
        relative = 0.5 * relative_permittivity_std / relative_permittivity
        deep = math.hypot(HIDDEN_DEPTH_STD_M if body.hidden else BODY_DEPTH_STD_M, body.depth_m * relative)
        return (body.x_m, body.y_m, _top_m(body)), (across, across, deep)
    lead = candidate.dipoles[0]
    std = np.sqrt(np.maximum(np.diag(lead.covariance_m2), 0.0))
    aside = MIN_POSITION_STD_M if lead.estimate is not None else UNLOCATED_ASIDE_M
    top = max(0.0, float(-lead.position_m[2]) - metal_radius(lead))
    return (
        (float(lead.position_m[0]), float(lead.position_m[1]), top),
        (
            math.hypot(aside, float(std[0])),
            math.hypot(aside, float(std[1])),
            math.hypot(MIN_DEPTH_STD_M if lead.estimate is not None else UNLOCATED_STD_M, float(std[2])),
        ),
    )


def _top_m(body: Body) -> float:
    """Depth of a body's top, without what it is told too deep under brighter clutter."""
    return max(body.depth_m - HIDDEN_TOO_DEEP_M, 0.0) if body.hidden else body.depth_m


def _depth_words(dipole: Dipole) -> str:
    """Depth of the metal, and from where to where it may lie when that is wide or it could not be located."""
    depth = float(-dipole.position_m[2])
    interval = depth_interval_m(dipole)
    low, high = interval or (max(depth - 2.0 * UNLOCATED_STD_M, 0.0), depth + 2.0 * UNLOCATED_STD_M)
    if high - low > UNSURE_M:
        return f"somewhere {100 * low:.0f} to {100 * high:.0f} cm deep"
    return "shallow" if depth < SHALLOW_M else f"about {100 * depth:.0f} cm deep"


def _above(body: Body, dipole: Dipole) -> bool:
    """Tell whether metal lies above a body's top, by more than the errors of both."""
    std = math.hypot(BODY_DEPTH_STD_M, math.sqrt(max(float(dipole.covariance_m2[2, 2]), 0.0)))
    return body.depth_m + float(dipole.position_m[2]) > 2.0 * std


def _body_words(body: Body, dipoles: tuple[Dipole, ...], *, emi_assessed: bool, metal_blind: bool) -> list[str]:
    """Say what the radar saw, and how metal lies to it."""
    size = math.sqrt(body.width_m * body.length_m)
    kind = "mine-sized body" if size >= MINE_SIZED_M else "small body"
    where = f"{100 * _top_m(body):.0f} cm deep"
    if dipoles:
        above = ["the metal lies above the body: it may hide what is below"] if _above(body, dipoles[0]) else []
        return [f"metal with a {kind} on radar, {where}", *above]
    out = [f"{kind} on radar, {where}, about {100 * size:.0f} cm across"]
    if emi_assessed:
        missed = ": the metal of a minimum-metal mine could have been missed" if metal_blind else ""
        out.append("no metal found" + missed)
    return out


def reasons(
    candidate: Candidate,
    *,
    emi_assessed: bool,
    gpr_assessed: bool,
    radar_blind: bool,
    metal_blind: bool,
    strange: bool = False,
) -> tuple[str, ...]:
    """Short phrases, the weightiest first."""
    body, dipoles = candidate.body, candidate.dipoles
    out = []
    if body is not None:
        out += _body_words(body, dipoles, emi_assessed=emi_assessed, metal_blind=metal_blind)
    if dipoles:
        amount = metal_amount(dipoles[0])
        if body is not None:
            amount = candidate.within.get("at_body_amount_m3", amount)
        much = "much" if amount >= MUCH_METAL_M3 else "little" if amount < LITTLE_METAL_M3 else "some"
        located = body is None or dipoles[0].estimate is not None
        out.append(f"{much} metal, {_depth_words(dipoles[0])}" if located else f"{much} metal in it")
        if body is None and gpr_assessed:
            out.append(
                "no radar body" + (": the radar could have missed one here" if radar_blind else " at this place")
            )
    if body is not None and body.edge > 0.2:
        out.append("reaches beyond the ground that was covered")
    if strange:
        out.append("unlike anything that the confidence model has been fitted to")
    if not emi_assessed:
        out.append("the metal detector did not measure here")
    if not gpr_assessed:
        out.append("the radar did not measure here")
    return tuple(out)
