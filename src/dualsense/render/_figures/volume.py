"""Pictures of the radar volume: depth slices, and vertical sections through what matters most."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from dualsense.render._figures import panels, sheet, style
from dualsense.render._figures.echo import gained, slabs
from dualsense.render._figures.lines import line_section_figure, line_slices_figure
from dualsense.render._figures.shelf import text_width_in
from dualsense.render._figures.strip import find_strip
from dualsense.render._figures.symbols import draw_depth, draw_targets
from dualsense.render._targets import CALL_NAMES, depth_words, ordered_targets
from dualsense.render._words import sensor_message, soil_words
from dualsense.scan import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from numpy.typing import NDArray

    from dualsense.render._figures.style import View
    from dualsense.result import Result, Target

SECTIONS = 3
SECTION_CM = 100.0
TITLE_PT = 13.5


def slices_figure(result: Result, view: View) -> Figure:
    """Panels of the greatest echo within each slab of depth, with metal contours and the targets of that depth."""
    message = sensor_message(result, "gpr")
    volume = result.gpr_volume
    if volume is None or message:
        return _missing_figure(result, "Radar, slices by depth", message or "radar: no image")
    strip = find_strip(result)
    if strip is not None and strip.single:
        return line_slices_figure(result, view, strip)
    cuts = slabs(volume, view)
    echo = gained(result)
    extent = panels.extent_cm(volume.grid)
    columns = min(2 if sheet.is_wide(extent) else 3, len(cuts))
    rows = math.ceil(len(cuts) / columns)
    size = sheet.fit(extent, 11.0 / columns, 3.3)
    pitch_x, pitch_y = size.width_in + 0.3, size.height_in + 0.46
    width_in = max(sheet.LEFT_IN + columns * pitch_x + sheet.BAR_IN - 0.1, 8.5)
    height_in = sheet.HEAD_IN + 0.25 + rows * pitch_y + 1.05
    subtitle = "strongest echo within each layer, one colour scale for all"
    figure = sheet.open_sheet(result, "Radar, slices by depth", subtitle, width_in, height_in)
    limits = style.colour_limits(result, view)
    metal = result.emi_maps.get("metal_response")
    levels = panels.contour_levels(metal, limits.metal) if metal is not None else ()
    targets = ordered_targets(result)
    drawn: list[Axes] = []
    image: AxesImage | None = None
    for index, (top_cm, bottom_cm, indices) in enumerate(cuts):
        row, column = divmod(index, columns)
        bottom_in = height_in - sheet.HEAD_IN - 0.25 - (row + 1) * pitch_y + 0.46
        axes = panels.inch_axes(
            figure, sheet.LEFT_IN + column * pitch_x, bottom_in - 0.12, size.width_in, size.height_in
        )
        last = index + columns >= len(cuts)
        panels.centimetre_axes(
            axes, extent, x_label="x (cm)" if last else "", y_label="y (cm)" if column == 0 else ""
        )
        axes.tick_params(labelleft=column == 0, labelbottom=last)
        values = np.fmax.reduce(echo[indices], axis=0)
        scale = panels.norm(limits.echo, style.RADAR_GAMMA)
        image = panels.draw_cells(axes, extent, values, colours=style.RADAR_MAP, scale=scale)
        panels.draw_unmeasured(axes, extent, ~np.isfinite(values))
        if metal is not None:
            panels.draw_metal_contours(axes, metal, levels, width=0.9)
        here = [target for target in targets if top_cm <= 100.0 * target.depth_m < bottom_cm]
        draw_targets(axes, here, size_pt=12.0, tags=False)
        axes.set_title(
            f"{top_cm:.3g}–{bottom_cm:.{0 if index == len(cuts) - 1 else 1}f}".removesuffix(".0") + " cm deep",
            fontsize=13.5,
            fontweight="bold",
            loc="left",
            pad=5,
        )
        drawn.append(axes)
    panels.draw_scale_strip(figure, drawn[(rows - 1) * columns], below_in=0.78, right_axes=drawn[columns - 1])
    if image is not None:
        sheet.colour_bar(figure, drawn, image, "radar echo", "gained with depth, 1 = strongest")
    return figure


def _missing_figure(result: Result, title: str, message: str) -> Figure:
    """Picture of the whole patch hatched, with the sentence that says why."""
    extent = panels.extent_cm(result.coverage.grid)
    size = sheet.fit(extent, 9.0, 6.0)
    width_in = max(sheet.LEFT_IN + size.width_in + 0.4, 8.0)
    height_in = sheet.HEAD_IN + size.height_in + sheet.STRIP_IN
    figure = sheet.open_sheet(result, title, "", width_in, height_in)
    axes = panels.inch_axes(figure, sheet.LEFT_IN, sheet.STRIP_IN, size.width_in, size.height_in)
    panels.centimetre_axes(axes, extent, x_label="x along the lane (cm)", y_label="y to the left (cm)")
    panels.draw_unmeasured(axes, extent, np.ones_like(result.coverage.patch))
    panels.draw_track(axes, result.track_m)
    panels.draw_missing(axes, message)
    panels.draw_scale_strip(figure, axes, below_in=0.88)
    return figure


def section_points(result: Result) -> list[tuple[float, float, Target | None]]:
    """Where to cut: through the most important targets, or through the strongest body when there is none."""
    targets = ordered_targets(result)[:SECTIONS]
    if targets:
        return [(target.x_m, target.y_m, target) for target in targets]
    volume = result.gpr_volume
    if volume is None or not np.isfinite(volume.values).any():
        return []
    _, row, column = np.unravel_index(int(np.nanargmax(volume.values)), volume.values.shape)
    return [(float(volume.grid.x_m[column]), float(volume.grid.y_m[row]), None)]


def window_cm(edges: tuple[float, float], middle_cm: float, width_cm: float) -> tuple[float, float]:
    """Part of an axis around a point, of a given width but never past the edges of the axis."""
    width_cm = min(width_cm, edges[1] - edges[0])
    start_cm = min(max(middle_cm - 0.5 * width_cm, edges[0]), edges[1] - width_cm)
    return start_cm, start_cm + width_cm


def sections_figure(result: Result, view: View) -> Figure:
    """Vertical cuts along and across the lane through the top targets, depth downwards, equal aspect."""
    message = sensor_message(result, "gpr")
    volume = result.gpr_volume
    if volume is None or message:
        return _missing_figure(result, "Radar, vertical sections", message or "radar: no image")
    strip = find_strip(result)
    if strip is not None and strip.single:
        return line_section_figure(result, view, strip)
    points, echo = section_points(result), gained(result)
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
    subtitle = "cuts through the most important targets" if points[0][2] else "cuts through the strongest body"
    figure = sheet.open_sheet(result, "Radar, vertical sections", subtitle, width_in, height_in)
    figure.text(0.3 / width_in, 1.0 - 1.0 / height_in, soil_words(result), fontsize=12.5, va="center")
    scale = panels.norm(style.colour_limits(result, view).echo, style.RADAR_GAMMA)
    drawn: list[Axes] = []
    for index, (x_m, y_m, target) in enumerate(points):
        row = int(np.argmin(np.abs(grid.y_m - y_m)))
        column = int(np.argmin(np.abs(grid.x_m - x_m)))
        cuts = (echo[:, row], echo[:, :, column])
        last = index == len(points) - 1
        bottom_in = height_in - sheet.HEAD_IN - 0.45 - (index + 1) * pitch_in + 0.5
        for side, place_cm in enumerate((100.0 * x_m, 100.0 * y_m)):
            left_in = sheet.LEFT_IN + side * (slots_in[0] + 0.5)
            axes = panels.inch_axes(figure, left_in, bottom_in, scale_in * spans[side], tall_in)
            label = ("x along the lane (cm)", "y to the left (cm)")[side] if last else ""
            shown = (*window_cm(edges[side], place_cm, SECTION_CM), deep[1], deep[0])
            _draw_section(axes, cuts[side], (*edges[side], deep[1], deep[0]), scale)
            panels.centimetre_axes(axes, shown, x_label=label, y_label="" if side else "depth (cm)")
            axes.tick_params(labelleft=not side, labelbottom=last or shown[:2] != edges[side])
            if target is not None:
                draw_depth(axes, target, place_cm)
            axes.set_title(titles[index][side], fontsize=TITLE_PT, fontweight="bold", loc="left", pad=5)
            drawn.append(axes)
    panels.draw_scale_strip(figure, drawn[-2], below_in=0.86, right_axes=drawn[-1])
    right_in = sheet.LEFT_IN + sum(slots_in) + 0.5
    words = "gained with depth, 1 = strongest"
    sheet.colour_bar(figure, drawn, drawn[0].get_images()[0], "radar echo", words, right_in=right_in)
    return figure


def _section_titles(x_m: float, y_m: float, target: Target | None) -> tuple[str, str]:
    name = "strongest body"
    if target is not None:
        name = f"{plain(target.id, 10)} {CALL_NAMES[target.call]}, {depth_words(target)}"
    return f"{name}: along, y = {100.0 * y_m:.0f} cm", f"across, x = {100.0 * x_m:.0f} cm"


def _draw_section(axes: Axes, cut: NDArray[np.float32], extent: panels.Extent, scale: Normalize) -> None:
    """Cells of a cut, (depth, along), shallowest at the top of the extent."""
    panels.draw_cells(axes, extent, cut[::-1], colours=style.RADAR_MAP, scale=scale)
    panels.draw_unmeasured(axes, extent, ~np.isfinite(cut[::-1]))
