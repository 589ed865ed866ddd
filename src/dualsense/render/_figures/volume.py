"""Pictures of the radar volume: depth slices, and vertical sections through what matters most."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from dualsense.language import say
from dualsense.render._canvas.axes import draw_title
from dualsense.render._figures import panels, sheet, style
from dualsense.render._figures.echo import shown_echo, slabs
from dualsense.render._figures.ground import radar_alone
from dualsense.render._figures.lines import layer_words, line_section_figure, line_slices_figure
from dualsense.render._figures.shelf import text_width_in
from dualsense.render._figures.shown import shown_of
from dualsense.render._figures.strip import find_strip
from dualsense.render._figures.symbols import draw_depth, draw_targets
from dualsense.render._planes import any_measured, strongest_cell
from dualsense.render._targets import CALL_NAMES, depth_words, ordered_targets
from dualsense.render._words import sensor_message, soil_words
from dualsense.runtime.memory import lay_aside
from dualsense.scan import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.render._canvas.canvas import Canvas, Panel
    from dualsense.render._canvas.colours import Scale
    from dualsense.render._canvas.marks import Stamp
    from dualsense.render._figures.shown import Shown
    from dualsense.render._figures.style import View
    from dualsense.result import Result, Target

SECTIONS = 3
SECTION_CM = 100.0
LONG_CM = 1000.0
TITLE_PT = 13.5


def slices_figure(result: Result, view: View, shown: Shown | None = None) -> Canvas:
    """Panels of the greatest echo within each slab of depth, with metal contours and the targets of that depth."""
    message = sensor_message(result, "gpr")
    volume = result.gpr_volume
    if volume is None or message:
        return _missing_figure(result, say("Radar, slices by depth"), message or say("radar: no image"))
    shown = shown or shown_of(result, view)
    echo = shown.echo or shown_echo(result)
    strip = find_strip(result)
    if strip is not None and strip.single:
        return line_slices_figure(result, view, strip, echo)
    cuts = slabs(volume, view)
    extent = panels.extent_cm(volume.grid)
    columns = min(2 if sheet.is_wide(extent) else 3, len(cuts))
    rows = math.ceil(len(cuts) / columns)
    size = sheet.fit(extent, 11.0 / columns, 3.3)
    pitch_x, pitch_y = size.width_in + (0.3 if extent[1] < LONG_CM else 0.45), size.height_in + 0.46
    width_in = max(sheet.LEFT_IN + columns * pitch_x + sheet.BAR_IN - 0.1, 8.5)
    height_in = sheet.HEAD_IN + 0.25 + rows * pitch_y + 1.05
    alone = radar_alone(result)
    subtitle = say("strongest echo within each layer, one colour scale for all") + _alone_words(alone)
    page = sheet.open_sheet(result, say("Radar, slices by depth"), subtitle, width_in, height_in)
    scale = panels.scaled(shown.limits.echo, style.RADAR_GAMMA)
    targets = ordered_targets(result)
    drawn: list[Panel] = []
    contours: list[Stamp] = []
    for index, (top_cm, bottom_cm, indices) in enumerate(cuts):
        row, column = divmod(index, columns)
        bottom_in = height_in - sheet.HEAD_IN - 0.25 - (row + 1) * pitch_y + 0.46
        corner_in = (sheet.LEFT_IN + column * pitch_x, bottom_in - 0.12)
        panel = panels.map_panel(page, corner_in, (size.width_in, size.height_in), extent)
        last = index + columns >= len(cuts)
        names = (say("x (cm)") if last else "", say("y (cm)") if column == 0 else "")
        panels.centimetre_axes(panel, *names, x_numbers=last, y_numbers=column == 0)
        values = echo.strongest(indices)
        panel.draw_cells(values, extent, scale, style.RADAR_MAP)
        panels.draw_unmeasured(panel, extent, ~np.isfinite(values))
        if alone.shape == values.shape:
            panels.draw_unmeasured(panel, extent, alone & np.isfinite(values), "one")
        contours = contours or panels.contour_marks(panel, shown.contours_cm, width=0.9)
        panels.draw_metal_contours(panel, contours)
        here = [target for target in targets if top_cm <= 100.0 * target.depth_m < bottom_cm]
        draw_targets(panel, here, size_pt=12.0, tags=False)
        layer = layer_words(top_cm, bottom_cm, last=index == len(cuts) - 1)
        draw_title(panel, say("{depth} deep", depth=layer), TITLE_PT)
        drawn.append(panel)
    panels.draw_scale_strip(page, drawn[(rows - 1) * columns], below_in=0.78, right_panel=drawn[columns - 1])
    sheet.colour_bar(page, drawn, drawn[0].cells[0], say("radar echo"), say("gained with depth, 1 = strongest"))
    return sheet.finished(page)


def _alone_words(alone: NDArray[np.bool_]) -> str:
    """Say what lines over the radar mean, where there are any."""
    return "; " + say("lines: one sensor only") if alone.any() else ""


def _missing_figure(result: Result, title: str, message: str) -> Canvas:
    """Picture of the whole patch hatched, with the sentence that says why."""
    extent = panels.extent_cm(result.coverage.grid)
    size = sheet.fit(extent, 9.0, 6.0)
    width_in = max(sheet.LEFT_IN + size.width_in + 0.4, 8.0)
    height_in = sheet.HEAD_IN + size.height_in + sheet.STRIP_IN
    page = sheet.open_sheet(result, title, "", width_in, height_in)
    panel = panels.map_panel(page, (sheet.LEFT_IN, sheet.STRIP_IN), (size.width_in, size.height_in), extent)
    panels.centimetre_axes(panel, x_label=say("x along the lane (cm)"), y_label=say("y to the left (cm)"))
    panels.draw_unmeasured(panel, extent, np.ones_like(result.coverage.patch))
    panels.draw_track(panel, result.track_m)
    panels.draw_missing(panel, message)
    panels.draw_scale_strip(page, panel, below_in=0.88)
    return page


def section_points(result: Result) -> list[tuple[float, float, Target | None]]:
    """Where to cut: through the most important targets, or through the strongest body when there is none."""
    targets = ordered_targets(result)[:SECTIONS]
    if targets:
        return [(target.x_m, target.y_m, target) for target in targets]
    volume = result.gpr_volume
    if volume is None or not any_measured(volume.values):
        return []
    _, row, column = strongest_cell(volume.values)
    return [(float(volume.grid.x_m[column]), float(volume.grid.y_m[row]), None)]


def window_cm(edges: tuple[float, float], middle_cm: float, width_cm: float) -> tuple[float, float]:
    """Part of an axis around a point, of a given width but never past the edges of the axis."""
    width_cm = min(width_cm, edges[1] - edges[0])
    start_cm = min(max(middle_cm - 0.5 * width_cm, edges[0]), edges[1] - width_cm)
    return start_cm, start_cm + width_cm


def sections_figure(result: Result, view: View, shown: Shown | None = None) -> Canvas:
    """Vertical cuts along and across the lane through the top targets, depth downwards, equal aspect."""
    message = sensor_message(result, "gpr")
    volume = result.gpr_volume
    if volume is None or message:
        return _missing_figure(result, say("Radar, vertical sections"), message or say("radar: no image"))
    shown = shown or shown_of(result, view)
    echo = shown.echo or shown_echo(result)
    strip = find_strip(result)
    if strip is not None and strip.single:
        return line_section_figure(result, view, strip, echo)
    points = section_points(result)
    grid = volume.grid
    deep = panels.depth_edges_cm(volume.depth_m)
    edges = (panels.axis_edges_cm(grid.x_m, grid.cell_m), panels.axis_edges_cm(grid.y_m, grid.cell_m))
    spans = [min(SECTION_CM, stop - start) for start, stop in edges]
    scale_in = min(9.2 / sum(spans), 2.6 / (deep[1] - deep[0]))
    tall_in = scale_in * (deep[1] - deep[0])
    pitch_in = tall_in + 0.62
    titles = [_section_titles(*point) for point in points]
    slots_in = [
        max(scale_in * spans[side], *(text_width_in(pair[side], TITLE_PT) for pair in titles)) for side in (0, 1)
    ]
    width_in = max(sheet.LEFT_IN + sum(slots_in) + 0.5 + sheet.BAR_IN, 8.5)
    height_in = sheet.HEAD_IN + 0.25 + len(points) * pitch_in + 1.0
    alone = radar_alone(result)
    found = points[0][2] is not None
    subtitle = say("cuts through the most important targets" if found else "cuts through the strongest body")
    subtitle += _alone_words(alone)
    page = sheet.open_sheet(result, say("Radar, vertical sections"), subtitle, width_in, height_in)
    page.write(0.3, height_in - 1.0, soil_words(result), size_pt=12.5)
    scale = panels.scaled(shown.limits.echo, style.RADAR_GAMMA)
    side_names = (say("x along the lane (cm)"), say("y to the left (cm)"))
    drawn: list[Panel] = []
    for index, (x_m, y_m, target) in enumerate(points):
        row = int(np.argmin(np.abs(grid.y_m - y_m)))
        column = int(np.argmin(np.abs(grid.x_m - x_m)))
        cuts = (echo.cut(volume.values[:, row]), echo.cut(volume.values[:, :, column]))
        lay_aside(volume.values)
        last = index == len(points) - 1
        bottom_in = height_in - sheet.HEAD_IN - 0.45 - (index + 1) * pitch_in + 0.5
        for side, place_cm in enumerate((100.0 * x_m, 100.0 * y_m)):
            corner_in = (sheet.LEFT_IN + side * (slots_in[0] + 0.5), bottom_in)
            window = (*window_cm(edges[side], place_cm, SECTION_CM), deep[1], deep[0])
            panel = panels.map_panel(page, corner_in, (scale_in * spans[side], tall_in), window)
            names = (side_names[side] if last else "", "" if side else say("depth (cm)"))
            panels.centimetre_axes(panel, *names, x_numbers=last or window[:2] != edges[side], y_numbers=not side)
            over = (
                (alone[row] if side == 0 else alone[:, column]) if alone.shape == volume.values.shape[1:] else None
            )
            _draw_section(panel, cuts[side], (*edges[side], deep[1], deep[0]), scale, over)
            if target is not None:
                draw_depth(panel, target, place_cm)
            draw_title(panel, titles[index][side], TITLE_PT)
            drawn.append(panel)
    panels.draw_scale_strip(page, drawn[-2], below_in=0.86, right_panel=drawn[-1])
    right_in = sheet.LEFT_IN + sum(slots_in) + 0.5
    words = say("gained with depth, 1 = strongest")
    sheet.colour_bar(page, drawn, drawn[0].cells[0], say("radar echo"), words, right_in=right_in)
    return sheet.finished(page)


def _section_titles(x_m: float, y_m: float, target: Target | None) -> tuple[str, str]:
    name = say("strongest body")
    if target is not None:
        name = f"{plain(target.id, 10)} {say(CALL_NAMES[target.call])}, {depth_words(target)}"
    along = say("{name}: along, y = {at:.0f} cm", name=name, at=100.0 * y_m)
    return along, say("across, x = {at:.0f} cm", at=100.0 * x_m)


def _draw_section(
    panel: Panel,
    cut: NDArray[np.float32],
    extent: panels.Extent,
    scale: Scale,
    alone: NDArray[np.bool_] | None,
) -> None:
    """Cells of a cut, (depth, along), shallowest at the top of the extent, hatched where the radar is alone."""
    panel.draw_cells(cut[::-1], extent, scale, style.RADAR_MAP)
    panels.draw_unmeasured(panel, extent, ~np.isfinite(cut[::-1]))
    if alone is not None:
        panels.draw_unmeasured(panel, extent, alone & np.isfinite(cut[::-1]), "one")
