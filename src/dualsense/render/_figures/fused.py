"""The picture a deminer looks at: radar with metal contours over it, and every target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualsense.language import say
from dualsense.render._figures import notes, panels, sheet, style
from dualsense.render._figures.ground import draw_ground, ground_subtitle, small_unsure
from dualsense.render._figures.lines import strip_map_figure
from dualsense.render._figures.shown import shown_of
from dualsense.render._figures.strip import find_strip
from dualsense.render._figures.symbols import draw_targets
from dualsense.render._targets import ordered_targets
from dualsense.render._words import SENSORS, sensor_message

if TYPE_CHECKING:
    from dualsense.render._canvas.canvas import Canvas
    from dualsense.render._figures.shown import Shown
    from dualsense.render._figures.style import View
    from dualsense.result import Result


def fused_figure(result: Result, view: View, shown: Shown | None = None) -> Canvas:
    """Greatest radar echo of each cell between the shown depths, metal contours, coverage, track and targets.

    Without radar the metal map takes its place; ground that only one sensor measured is hatched over the
    colours, ground that none measured is grey.
    """
    strip = find_strip(result)
    if strip is not None:
        return strip_map_figure(result, view, strip, metal_only=False)
    shown = shown or shown_of(result, view)
    extent = panels.extent_cm(result.coverage.grid)
    wide = sheet.is_wide(extent)
    missing = [message for message in (sensor_message(result, sensor) for sensor in SENSORS) if message]
    banner_in = notes.BANNER_IN * len(missing)
    size = sheet.fit(extent, 9.6, 4.0) if wide else sheet.fit(extent, 6.7, 6.4)
    targets = ordered_targets(result)
    columns = max(1, int((size.width_in + 1.8) / notes.LIST_IN)) if wide else 1
    list_in = notes.list_height_in(result, columns)
    width_in = sheet.LEFT_IN + size.width_in + sheet.BAR_IN + (0.3 if wide else notes.LIST_IN)
    small = bool(small_unsure(result).any())
    below_in = size.height_in + sheet.STRIP_IN + 0.95 + (notes.SMALL_KEY_IN if small else 0.0)
    below_in = below_in + list_in if wide else max(below_in, list_in)
    height_in = sheet.HEAD_IN + banner_in + below_in
    page = sheet.open_sheet(result, say("Radar and metal"), ground_subtitle(result, view), width_in, height_in)
    bottom_in = height_in - sheet.HEAD_IN - banner_in - size.height_in
    place = ((sheet.LEFT_IN, bottom_in), (size.width_in, size.height_in))
    panel = panels.map_panel(page, *place, extent)
    panels.centimetre_axes(panel, x_label=say("x along the lane (cm)"), y_label=say("y to the left (cm)"))
    cells = draw_ground(panel, result, view, shown)
    if cells is not None and len(missing) < len(SENSORS):
        if result.gpr_volume is None:
            units = style.metal_units(result.emi_maps["metal_response"].units)
            sheet.colour_bar(page, [panel], cells, say("metal response"), units)
        else:
            sheet.colour_bar(page, [panel], cells, say("radar echo"), say("times the median of its depth"))
    track = panels.draw_track(panel, result.track_m)
    if targets:
        panels.draw_crosshair(panel, 100.0 * targets[0].x_m, 100.0 * targets[0].y_m)
    draw_targets(panel, targets)
    if len(missing) == len(SENSORS):
        places = [(100.0 * t.x_m, 100.0 * t.y_m) for t in targets]
        panels.draw_message(panel, say("NOTHING MEASURED\nThis ground is not assessable."), beside=places)
    panels.draw_scale_strip(page, panel, below_in=0.88)
    for index, message in enumerate(missing):
        notes.draw_banner(page, message, height_in - sheet.HEAD_IN - notes.BANNER_IN * index + 0.12)
    notes.draw_legend(page, result, shown.levels, bottom_in - 1.28, track=track, small=small)
    if wide:
        notes.draw_list(page, result, (0.3, bottom_in - 2.05 - (notes.SMALL_KEY_IN if small else 0.0)), columns)
    else:
        notes.draw_list(page, result, (width_in - notes.LIST_IN + 0.15, height_in - sheet.HEAD_IN - banner_in), 1)
    return sheet.finished(page)
