"""The map of the metal response, with contours and targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.language import say
from dualsense.render._figures import panels, sheet, style
from dualsense.render._figures.ground import draw_metal
from dualsense.render._figures.lines import strip_map_figure
from dualsense.render._figures.shown import shown_of
from dualsense.render._figures.strip import find_strip
from dualsense.render._figures.symbols import draw_targets
from dualsense.render._targets import ordered_targets
from dualsense.render._words import sensor_message

if TYPE_CHECKING:
    from dualsense.render._canvas.canvas import Canvas
    from dualsense.render._figures.shown import Shown
    from dualsense.render._figures.style import View
    from dualsense.result import Result


def emi_figure(result: Result, view: View, shown: Shown | None = None) -> Canvas:
    """Map of the metal response with contours, coverage, track and targets; says so when there is none."""
    strip = find_strip(result)
    if strip is not None:
        return strip_map_figure(result, view, strip, metal_only=True)
    metal = result.emi_maps.get("metal_response")
    message = sensor_message(result, "emi")
    extent = panels.extent_cm(result.coverage.grid if metal is None else metal.grid)
    size = sheet.fit(extent, 9.0, 6.6)
    width_in = max(sheet.LEFT_IN + size.width_in + sheet.BAR_IN + 0.2, 8.0)
    height_in = sheet.HEAD_IN + size.height_in + sheet.STRIP_IN
    page = sheet.open_sheet(result, say("Metal detector"), say("response over the ground"), width_in, height_in)
    panel = panels.map_panel(page, (sheet.LEFT_IN, sheet.STRIP_IN), (size.width_in, size.height_in), extent)
    panels.centimetre_axes(panel, x_label=say("x along the lane (cm)"), y_label=say("y to the left (cm)"))
    if metal is None or message:
        panels.draw_unmeasured(panel, extent, np.ones_like(result.coverage.patch))
        panels.draw_track(panel, result.track_m)
        panels.draw_missing(panel, message or say("metal detector: no map"))
        panels.draw_scale_strip(page, panel, below_in=0.88)
        return sheet.finished(page)
    cells = draw_metal(panel, metal, extent, shown or shown_of(result, view))
    panels.draw_track(panel, result.track_m)
    targets = ordered_targets(result)
    if targets:
        panels.draw_crosshair(panel, 100.0 * targets[0].x_m, 100.0 * targets[0].y_m)
    draw_targets(panel, targets)
    sheet.colour_bar(page, [panel], cells, say("metal response"), style.metal_units(metal.units))
    panels.draw_scale_strip(page, panel, below_in=0.88)
    return sheet.finished(page)
