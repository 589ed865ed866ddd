"""What several pictures of a result need, made once: how the radar is shown, colour limits, metal contours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dualsense.render._figures import panels, style
from dualsense.render._figures.echo import shown_echo

if TYPE_CHECKING:
    from dualsense.render._figures.echo import Echo
    from dualsense.render._figures.panels import Lines
    from dualsense.render._figures.style import Limits, View
    from dualsense.result import Result


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """Shared by the pictures of one result.

    Attributes
    ----------
    echo
        How the radar is shown; None without a radar.
    limits
        Colour limits.
    levels
        Of the metal contours, in the units of the metal map; empty without one.
    contours_cm
        Lines of each level.
    """

    echo: Echo | None
    limits: Limits
    levels: tuple[float, ...]
    contours_cm: Lines


def shown_of(result: Result, view: View, limits: Limits | None = None) -> Shown:
    """Make what the pictures of a result share.

    Parameters
    ----------
    result
        What processing found; a sensor may be missing.
    view
        The operator's controls.
    limits
        Colour limits of another result that is shown beside this one.
    """
    limits = limits or style.colour_limits(result, view)
    metal = result.emi_maps.get("metal_response")
    levels = () if metal is None else panels.contour_levels(metal, limits.metal)
    lines = [] if metal is None else panels.metal_lines_cm(metal, levels)
    return Shown(None if result.gpr_volume is None else shown_echo(result), limits, levels, lines)
