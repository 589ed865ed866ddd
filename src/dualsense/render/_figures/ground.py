"""The ground of a map: radar or metal in colours, metal contours, and hatching where a sensor did not measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.language import say
from dualsense.render._figures import panels, style
from dualsense.render._figures.echo import depth_maximum, shown_depths
from dualsense.render._words import sensor_message
from dualsense.result import SMALL_CODE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.render._canvas.canvas import Panel
    from dualsense.render._canvas.marks import Cells
    from dualsense.render._figures.shown import Shown
    from dualsense.render._figures.style import View
    from dualsense.result import Image, Result


def ground_subtitle(result: Result, view: View) -> str:
    """Say what the fused picture shows, with its depths."""
    if result.gpr_volume is None:
        return say("metal map, no radar")
    depth_m = result.gpr_volume.depth_m[shown_depths(result.gpr_volume, view)]
    half_m = 0.5 * _spacing(result.gpr_volume.depth_m)
    low_cm, high_cm = 100.0 * max(depth_m[0] - half_m, 0.0), 100.0 * (depth_m[-1] + half_m)
    metal = say("no metal detector" if sensor_message(result, "emi") else "metal contours over it")
    return say(
        "what stands out from {low:.0f} to {high:.0f} cm deep, {metal}", low=low_cm, high=high_cm, metal=metal
    )


def _spacing(depth_m: NDArray[np.float64]) -> float:
    return float(depth_m[1] - depth_m[0]) if depth_m.size > 1 else 0.0


def radar_alone(result: Result) -> NDArray[np.bool_]:
    """Find the ground, (ny, nx), that only the radar measured."""
    seen = result.coverage.emi
    metal = result.emi_maps.get("metal_response")
    if metal is not None and metal.values.shape == seen.shape:
        seen = seen & np.isfinite(metal.values)
    alone: NDArray[np.bool_] = result.coverage.gpr & ~seen
    return alone


def small_unsure(result: Result) -> NDArray[np.bool_]:
    """Find the ground, (ny, nx), that both sensors measured and where they might have missed a small mine.

    That is one with a minimum of metal, to 5 cm deep.
    """
    cover, sight = result.coverage, result.smallest_mine
    if sight is None:
        return np.zeros_like(cover.patch)
    unsure: NDArray[np.bool_] = cover.patch & cover.emi & cover.gpr & (sight.code < SMALL_CODE)
    return unsure


def draw_ground(panel: Panel, result: Result, view: View, shown: Shown) -> Cells | None:
    """Colours of the ground, its hatching and the metal contours; gives the cells for the colour bar, if any.

    Parameters
    ----------
    panel
        Of a map in centimetres.
    result
        What processing found; a sensor may be missing.
    view
        The operator's controls.
    shown
        Of the result.

    Returns
    -------
    Cells or None
        None where neither sensor has a map.
    """
    metal, volume, coverage = result.emi_maps.get("metal_response"), result.gpr_volume, result.coverage
    cells = None
    seen_gpr, seen_emi = coverage.gpr, coverage.emi
    if volume is not None and shown.echo is not None:
        values = depth_maximum(volume, shown.echo.level, view)
        scale = panels.scaled(shown.limits.radar, style.RADAR_GAMMA)
        cells = panel.draw_cells(values, panels.extent_cm(volume.grid), scale, style.RADAR_MAP)
        if values.shape == seen_gpr.shape:
            seen_gpr = seen_gpr & np.isfinite(values)
    elif metal is not None:
        scale = panels.scaled(shown.limits.metal, style.METAL_GAMMA)
        cells = panel.draw_cells(np.abs(metal.values), panels.extent_cm(metal.grid), scale, style.METAL_MAP)
    if metal is not None and metal.values.shape == seen_emi.shape:
        seen_emi = seen_emi & np.isfinite(metal.values)
    extent = panels.extent_cm(coverage.grid)
    coloured = seen_gpr if volume is not None else seen_emi
    panels.draw_unmeasured(panel, extent, ~coloured, "none")
    panels.draw_unmeasured(panel, extent, coloured & ~(seen_gpr & seen_emi), "one")
    panels.draw_unmeasured(panel, extent, small_unsure(result) & seen_gpr & seen_emi, "small")
    if metal is not None:
        panels.draw_metal_contours(panel, panels.contour_marks(panel, shown.contours_cm))
    return cells


def draw_metal(panel: Panel, metal: Image, extent: panels.Extent, shown: Shown) -> Cells:
    """Metal map in colours with its contours, hatched where it was not measured; gives the cells.

    Parameters
    ----------
    panel
        Of a map in centimetres.
    metal
        The map of the response.
    extent
        Outer edges of its cells: left, right, bottom, top, cm.
    shown
        Of the result.
    """
    values, scale = np.abs(metal.values), panels.scaled(shown.limits.metal, style.METAL_GAMMA)
    cells = panel.draw_cells(values, extent, scale, style.METAL_MAP)
    panels.draw_unmeasured(panel, extent, ~np.isfinite(values))
    panels.draw_metal_contours(panel, panels.contour_marks(panel, shown.contours_cm, width=1.2))
    return cells
