"""Why a target was called as it was, in words that a deminer understands."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualsense.features import EmiFeature
from dualsense.fusion._place import BODY_DEPTH_STD_M, UNLOCATED_STD_M, metal_amount, top_m
from dualsense.fusion._posterior import depth_interval_m
from dualsense.language import in_english

if TYPE_CHECKING:
    from dualsense.emi import Dipole
    from dualsense.fusion._candidates import Candidate
    from dualsense.gpr import Body

MINE_SIZED_M = 0.06
SHALLOW_M = 0.04
UNSURE_M = 0.04
"""A depth whose 90 % interval is wider than this is told as an interval."""
LITTLE_METAL_M3 = 5e-7
MUCH_METAL_M3 = 1e-5
MAY_BE_NOTHING = in_english("there may be nothing at all here")
"""Of what would be suspect, were it surer that there is anything."""


def _depth_words(candidate: Candidate) -> str:
    """Depth of the metal as it is told, and from where to where it may lie when that is wide."""
    dipole = candidate.lead
    depth = float(-dipole.position_m[2])
    wide = 2.0 * (UNLOCATED_STD_M if candidate.told is None else dipole.depth_std_m)
    low, high = depth_interval_m(dipole) or (max(depth - wide, 0.0), depth + wide)
    if high - low > UNSURE_M:
        return in_english("somewhere {low:.0f} to {high:.0f} cm deep", low=100 * low, high=100 * high)
    return (
        in_english("shallow") if depth < SHALLOW_M else in_english("about {depth:.0f} cm deep", depth=100 * depth)
    )


def _amount_words(amount_m3: float) -> str:
    """Amount of metal on a scale that hands know: that of a sphere of 4 mm, of 12 mm, and beyond."""
    if amount_m3 < LITTLE_METAL_M3:
        return in_english("little metal, like a pin")
    if amount_m3 < MUCH_METAL_M3:
        return in_english("some metal, like a cartridge case")
    return in_english("much metal, like a tin can")


def _above(body: Body, dipole: Dipole) -> bool:
    """Tell whether metal lies above a body's top, by more than the errors of both."""
    std = math.hypot(BODY_DEPTH_STD_M, dipole.depth_std_m)
    return body.depth_m + float(dipole.position_m[2]) > 2.0 * std


def _body_words(body: Body, dipoles: tuple[Dipole, ...], *, emi_assessed: bool, metal_blind: bool) -> list[str]:
    """Say what the radar saw, and how metal lies to it."""
    size = math.sqrt(body.width_m * body.length_m)
    mine_sized, depth = size >= MINE_SIZED_M, 100 * top_m(body)
    if dipoles:
        big, small = (
            in_english("metal, and radar: object the size of a mine, {depth:.0f} cm deep", depth=depth),
            in_english("metal, and radar: small object, {depth:.0f} cm deep", depth=depth),
        )
        above = in_english("the metal lies above the body: it may hide what is below")
        return [big if mine_sized else small, *([above] if _above(body, dipoles[0]) else [])]
    across = {"depth": depth, "size": 100 * size}
    big, small = (
        in_english("radar: object the size of a mine, {depth:.0f} cm deep, about {size:.0f} cm across", **across),
        in_english("radar: small object, {depth:.0f} cm deep, about {size:.0f} cm across", **across),
    )
    out = [big if mine_sized else small]
    if emi_assessed and metal_blind:
        out.append(in_english("no metal found: the metal of a minimum-metal mine could have been missed"))
    elif emi_assessed:
        out.append(in_english("no metal found"))
    return out


def _why_clutter(candidate: Candidate) -> str:
    """Say what makes a find more like clutter, which only both sensors together can tell."""
    if candidate.body is None:
        return in_english(
            "more like another object than like a mine: metal, and no body on radar where a mine's "
            "would have shown"
        )
    if not candidate.dipoles:
        return in_english(
            "more like another object than like a mine: a body on radar, and no metal where a mine's "
            "would have been found"
        )
    return in_english("more like another object than like a mine: metal and body do not go together as in mines")


def reasons(
    candidate: Candidate,
    *,
    emi_assessed: bool,
    gpr_assessed: bool,
    radar_blind: bool,
    metal_blind: bool,
    strange: bool = False,
    clear: bool = True,
    trusted: bool = True,
    as_fitted: bool = True,
    clutter: bool = False,
    lowered: bool = False,
) -> tuple[str, ...]:
    """Say why in short phrases, the weightiest first.

    Parameters
    ----------
    candidate
        What the sensors found.
    emi_assessed, gpr_assessed
        Whether each sensor measured there.
    radar_blind, metal_blind
        Whether each sensor could have missed a mine there.
    strange
        Whether it is out of the confidence model's domain.
    clear
        Whether both sensors measured all around it.
    trusted
        Whether no fault limits what can be said.
    as_fitted
        Whether the recipe is the one that the confidence was fitted with.
    clutter
        Whether it is called clutter: then that is what has to be said first.
    lowered
        Whether it would be suspect, were it surer that there is anything.
    """
    body, dipoles = candidate.body, candidate.dipoles
    out = [_why_clutter(candidate)] if clutter else []
    if body is not None:
        out += _body_words(body, dipoles, emi_assessed=emi_assessed, metal_blind=metal_blind)
    if dipoles:
        amount = metal_amount(dipoles[0])
        if body is not None:
            amount = candidate.within.get(EmiFeature.BODY_AMOUNT, amount)
        much = _amount_words(amount)
        located = body is None or dipoles[0].estimate is not None
        where = _depth_words(candidate)
        out.append(in_english("{amount}, {depth}", amount=much, depth=where) if located else much)
        if body is None and gpr_assessed and radar_blind:
            out.append(in_english("no radar body: the radar could have missed one here"))
        elif body is None and gpr_assessed:
            out.append(in_english("no radar body at this place"))
    if body is not None and body.edge > 0.2:
        out.append(in_english("reaches beyond the ground that was covered"))
    both = emi_assessed and gpr_assessed
    limits = (
        (lowered, MAY_BE_NOTHING),
        (strange, in_english("unlike anything that the confidence model has been fitted to")),
        (not emi_assessed, in_english("the metal detector did not measure here")),
        (not gpr_assessed, in_english("the radar did not measure here")),
        (both and not clear, in_english("reaches ground that was not covered by both sensors")),
        (not trusted, in_english("a fault of the recording limits what can be said here")),
        (not as_fitted, in_english("found with another recipe than the one that the confidence was fitted with")),
    )
    return (*out, *(words for holds, words in limits if holds))
