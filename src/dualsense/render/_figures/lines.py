"""Pictures of a long narrow strip: its map cut into pieces one below the other, and the section along a line."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from dualsense.language import number, say
from dualsense.render._canvas.axes import draw_frame, draw_x_axis, even_ticks
from dualsense.render._figures import notes, panels, sheet, shelf, style
from dualsense.render._figures.echo import slabs
from dualsense.render._figures.ground import draw_ground, draw_metal, ground_subtitle
from dualsense.render._figures.shown import shown_of
from dualsense.render._figures.strip import distances_m, pieces, section, unrolled
from dualsense.render._figures.symbols import draw_depth, draw_symbol
from dualsense.render._targets import ordered_targets
from dualsense.render._words import SENSORS, sensor_message, soil_words
from dualsense.scan import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualsense.render._canvas.canvas import Canvas, Panel
    from dualsense.render._canvas.marks import Cells
    from dualsense.render._figures.echo import Echo
    from dualsense.render._figures.shown import Shown
    from dualsense.render._figures.strip import Strip
    from dualsense.render._figures.style import View
    from dualsense.result import Result, Target

MAP_IN = 10.6
MAP_PIECE_CM, MAP_PIECES = 100.0, 8
SECTION_IN = 11.6
SECTION_PIECE_CM, SECTION_PIECES = 400.0, 6
SECTION_TALL_IN = 2.9
EXAGGERATIONS = (1.0, 2.0, 3.0, 4.0, 5.0, 8.0, 10.0, 15.0, 20.0)
LABEL_ROWS = 3
TICKS_IN = 0.42
STRIP_TALL_IN = 0.34
BAR_ROW_IN = 0.75

Cuts = list[tuple[float, float]]


def _inside(targets: Sequence[Target], cut: tuple[float, float], *, last: bool) -> list[Target]:
    """Targets of an unrolled result that lie in a piece of it."""
    return [t for t in targets if cut[0] <= 100.0 * t.x_m < cut[1] or (last and 100.0 * t.x_m >= cut[1])]


def _shelves(targets: Sequence[Target], cuts: Cuts, width_in: float, *, deep: bool) -> list[shelf.Shelf]:
    scale_in = width_in / (cuts[0][1] - cuts[0][0])
    planned = []
    for cut in cuts:
        labels = []
        for target in _inside(targets, cut, last=cut is cuts[-1]):
            name = plain(target.id, 10)
            text = f"{name}\n{_depth_label(target)}" if deep else name
            place_in = min(max((100.0 * target.x_m - cut[0]) * scale_in, 0.0), width_in)
            labels.append(shelf.Label(place_in, text, target.call))
        planned.append(shelf.plan(labels, width_in, rows=LABEL_ROWS))
    return planned


def _depth_label(target: Target) -> str:
    """Depth with its spread in centimetres, the unit left out."""
    if not math.isfinite(target.depth_m):
        return say("depth unknown")
    depth, spread_m = f"{100.0 * target.depth_m:.1f}", target.position_std_m[2]
    return number(f"{depth} ± {100.0 * spread_m:.1f}" if math.isfinite(spread_m) else depth)


def _unlabelled_words(planned: Sequence[shelf.Shelf]) -> str:
    count = sum(one.left_out for one in planned)
    return say("{count} without a label for want of room: see the list", count=count) if count else ""


def _place_words(target: Target) -> str:
    return say("{x} cm along the line", x=f"{100.0 * target.x_m:.0f}")


class _Stack:
    """Pieces one below the other, each with its labels over it, from the top of a sheet downwards."""

    def __init__(self, cuts: Cuts, planned: list[shelf.Shelf], tall_in: float, width_in: float) -> None:
        self.cuts, self.planned, self.tall_in, self.width_in = cuts, planned, tall_in, width_in
        self.heights_in = [one.height_in + tall_in + TICKS_IN for one in planned]

    @property
    def height_in(self) -> float:
        return sum(self.heights_in) + 0.3

    def open(self, sheet_: Canvas, top_in: float, edges: tuple[float, float]) -> list[Panel]:
        """Panels of every piece between two edges up and down, empty, and the labels over them."""
        drawn = []
        for cut, plan, height_in in zip(self.cuts, self.planned, self.heights_in, strict=True):
            bottom_in = top_in - plan.height_in - self.tall_in
            panel = sheet_.panel((sheet.LEFT_IN, bottom_in), (self.width_in, self.tall_in), (*cut, *edges))
            draw_frame(panel)
            drawn.append(panel)
            shelf.draw(sheet_, plan, sheet.LEFT_IN, bottom_in + self.tall_in)
            top_in -= height_in
        return drawn


def layer_words(top_cm: float, bottom_cm: float, *, last: bool) -> str:
    """Name a layer of depth; the last may end between two centimetres."""
    return say("{depths} cm", depths=number(f"{top_cm:.3g}–{bottom_cm:.{0 if last else 1}f}".removesuffix(".0")))


def strip_map_figure(result: Result, view: View, strip: Strip, *, metal_only: bool) -> Canvas:
    """Map of a strip in equal pieces one below the other, at equal scale along and across, with its targets.

    Parameters
    ----------
    result, view
        As for every picture.
    strip
        How the track runs.
    metal_only
        The metal map; else the radar with metal contours, the legend and the list of targets.

    Returns
    -------
    Canvas
    """
    flat = unrolled(result, strip)
    limits = style.colour_limits(result, view)
    left, right, low, high = panels.extent_cm(flat.coverage.grid)
    cuts = pieces(left, right, MAP_PIECE_CM, MAP_PIECES)
    scale_in = MAP_IN / (cuts[0][1] - cuts[0][0])
    targets = ordered_targets(flat)
    planned = _shelves(targets, cuts, MAP_IN, deep=False)
    stack = _Stack(cuts, planned, scale_in * (high - low), MAP_IN)
    sensors = ("emi",) if metal_only else SENSORS
    missing = [message for message in (sensor_message(result, sensor) for sensor in sensors) if message]
    columns = max(1, int((MAP_IN + 1.0) / notes.LIST_IN))
    list_in = 0.0 if metal_only else 0.95 + notes.list_height_in(flat, columns)
    head_in = sheet.HEAD_IN + notes.BANNER_IN * len(missing)
    width_in = sheet.LEFT_IN + MAP_IN + 0.5
    bar_row_in = 0.0 if len(missing) == len(sensors) else BAR_ROW_IN
    height_in = head_in + stack.height_in + sheet.STRIP_IN + bar_row_in + list_in
    title = say("Metal detector" if metal_only else "Radar and metal")
    words = say("response along the strip") if metal_only else ground_subtitle(result, view)
    page = sheet.open_sheet(result, title, say("{words}, the strip from above", words=words), width_in, height_in)
    for index, message in enumerate(missing):
        notes.draw_banner(page, message, height_in - sheet.HEAD_IN - notes.BANNER_IN * index + 0.12)
    cells: Cells | None = None
    drawn = stack.open(page, height_in - head_in, (low, high))
    shown = shown_of(flat, view, limits)
    for panel, cut in zip(drawn, cuts, strict=True):
        cells = _draw_metal_or_grey(panel, flat, shown) if metal_only else draw_ground(panel, flat, view, shown)
        panels.draw_track(panel, flat.track_m)
        last = cut is cuts[-1]
        x_label, y_label = strip.axis_words() if last else "", say("left (cm)") if stack.tall_in > 0.9 else ""
        panels.centimetre_axes(panel, x_label=x_label, y_label=y_label, y_apart_in=0.4)
        for target in reversed(_inside(targets, cut, last=last)):
            draw_symbol(panel, 100.0 * target.x_m, 100.0 * target.y_m, target.call)
    bottom_in = height_in - head_in - stack.height_in - 0.3
    panels.draw_scale_strip(page, drawn[-1], below_in=0.95, heading=strip.heading_words())
    bar_in = (sheet.LEFT_IN, bottom_in - 0.75)
    metal = result.emi_maps.get("metal_response")
    if cells is not None and len(missing) < len(sensors):
        if metal_only or result.gpr_volume is None:
            units = style.metal_units("1" if metal is None else metal.units)
            sheet.flat_colour_bar(page, cells, bar_in, say("metal response"), units)
        else:
            sheet.flat_colour_bar(page, cells, bar_in, say("radar echo"), say("times the median of its depth"))
    if not metal_only:
        notes.draw_legend(page, result, shown.levels, bottom_in - 0.75 - bar_row_in + 0.1)
        corner_in = (0.3, bottom_in - 0.75 - bar_row_in - 0.7)
        notes.draw_list(page, flat, corner_in, columns, place=_place_words)
    return sheet.finished(page)


def _draw_metal_or_grey(panel: Panel, flat: Result, shown: Shown) -> Cells | None:
    """Metal map and its contours; grey where there is none."""
    metal, extent = flat.emi_maps.get("metal_response"), panels.extent_cm(flat.coverage.grid)
    if metal is None:
        panels.draw_unmeasured(panel, extent, np.ones_like(flat.coverage.patch))
        return None
    return draw_metal(panel, metal, extent, shown)


def line_section_figure(result: Result, view: View, strip: Strip, echo: Echo) -> Canvas:
    """Section under a line: distance along it against depth, every target at its depth with its uncertainty.

    The section is as wide as the sheet and cut into pieces where the line is longer than four metres. Depth is
    drawn larger than distance by a whole factor where that is needed to see it, and the factor is stated.
    """
    volume = result.gpr_volume
    if volume is None:
        msg = "a result without radar volume has no section"
        raise ValueError(msg)
    flat = unrolled(result, strip)
    along_m = distances_m(strip, volume.grid)
    cut_echo = echo.cut(section(strip, volume.grid, volume.values, along_m))
    left, right, _, _ = panels.extent_cm(flat.coverage.grid)
    deep = panels.depth_edges_cm(volume.depth_m)
    cuts = pieces(left, right, SECTION_PIECE_CM, SECTION_PIECES)
    true_in = SECTION_IN / (cuts[0][1] - cuts[0][0]) * (deep[1] - deep[0])
    times = next((t for t in EXAGGERATIONS if t * true_in >= SECTION_TALL_IN), EXAGGERATIONS[-1])
    tall_in = max(min(times * true_in, 1.6 * SECTION_TALL_IN), 1.2)
    times = tall_in / true_in
    targets = ordered_targets(flat)
    planned = _shelves(targets, cuts, SECTION_IN, deep=True)
    stack = _Stack(cuts, planned, tall_in, SECTION_IN)
    width_in = sheet.LEFT_IN + SECTION_IN + 0.5
    height_in = sheet.HEAD_IN + 0.55 + stack.height_in + sheet.STRIP_IN + BAR_ROW_IN
    scale_words = say("equal scales for depth and distance")
    if abs(times - 1.0) > 1e-6:
        scale_words = say(
            "vertical exaggeration {times:.3g}: depth is drawn {times:.3g} times as large as distance", times=times
        )
    page = sheet.open_sheet(result, say("Radar, section along the line"), scale_words, width_in, height_in)
    labels = say("labels: depth of the top ± one standard deviation, cm")
    notes_shown = [soil_words(result), labels if targets else ""]
    page.write(0.3, height_in - 1.0, "  ·  ".join(words for words in notes_shown if words), size_pt=12.5)
    scale = panels.scaled(style.colour_limits(result, view).echo, style.RADAR_GAMMA)
    drawn = stack.open(page, height_in - sheet.HEAD_IN - 0.55, (deep[1], deep[0]))
    for panel, cut in zip(drawn, cuts, strict=True):
        extent = (left, right, deep[1], deep[0])
        panel.draw_cells(cut_echo[::-1], extent, scale, style.RADAR_MAP)
        panels.draw_unmeasured(panel, extent, ~np.isfinite(cut_echo[::-1]))
        last = cut is cuts[-1]
        x_label = strip.axis_words() if last else ""
        panels.centimetre_axes(panel, x_label=x_label, y_label=say("depth (cm)"), y_apart_in=0.4)
        for target in reversed(_inside(targets, cut, last=last)):
            draw_depth(panel, target, 100.0 * target.x_m)
    bottom_in = height_in - sheet.HEAD_IN - 0.55 - stack.height_in - 0.3
    panels.draw_scale_strip(page, drawn[-1], below_in=0.95, heading=strip.heading_words())
    words = say("gained with depth, 1 = strongest")
    cells = drawn[0].cells[0]
    sheet.flat_colour_bar(page, cells, (sheet.LEFT_IN, bottom_in - 0.75), say("radar echo"), words)
    notes.draw_grey_key(page, sheet.LEFT_IN + SECTION_IN - 1.8, bottom_in - 0.95)
    page.write(sheet.LEFT_IN, bottom_in - 1.45, _unlabelled_words(planned), size_pt=11.5, cut="italic")
    return sheet.finished(page)


def line_slices_figure(result: Result, view: View, strip: Strip, echo: Echo) -> Canvas:
    """Layers of depth one below the other, each as the strip seen from above; its width is not to scale."""
    volume = result.gpr_volume
    if volume is None:
        msg = "a result without radar volume has no slices"
        raise ValueError(msg)
    along_m, layers = distances_m(strip, volume.grid), slabs(volume, view)
    shown = echo.cut(section(strip, volume.grid, volume.values, along_m))
    flat = unrolled(result, strip)
    left, right, _, _ = panels.extent_cm(flat.coverage.grid)
    targets = ordered_targets(flat)
    pitch_in, name_in = STRIP_TALL_IN + 0.14, 1.35
    width_in = name_in + SECTION_IN + 0.5
    height_in = sheet.HEAD_IN + len(layers) * pitch_in + TICKS_IN + 0.3 + sheet.STRIP_IN + BAR_ROW_IN
    words = say("strongest echo within each layer along the line; the strip's width is not to scale")
    page = sheet.open_sheet(result, say("Radar, slices by depth"), words, width_in, height_in)
    scale = panels.scaled(style.colour_limits(result, view).echo, style.RADAR_GAMMA)
    drawn = []
    for index, (top_cm, bottom_cm, indices) in enumerate(layers):
        low_in = height_in - sheet.HEAD_IN - index * pitch_in - STRIP_TALL_IN
        extent = (left, right, 0.0, 1.0)
        panel = page.panel((name_in, low_in), (SECTION_IN, STRIP_TALL_IN), extent)
        values = np.fmax.reduce(shown[indices], axis=0)[None]
        panel.draw_cells(values, extent, scale, style.RADAR_MAP)
        panels.draw_unmeasured(panel, extent, ~np.isfinite(values))
        last = index == len(layers) - 1
        draw_frame(panel)
        ticks = even_ticks(left, right, panels.nice_step(right - left, max(2, int(SECTION_IN / 0.62))))
        draw_x_axis(panel, ticks, strip.axis_words() if last else "", numbers=last)
        name = layer_words(top_cm, bottom_cm, last=last)
        panel.write(left - 0.008 * (right - left), 0.5, name, across="right", cut="bold")
        for target in reversed([t for t in targets if top_cm <= 100.0 * t.depth_m < bottom_cm]):
            draw_symbol(panel, 100.0 * target.x_m, 0.5, target.call, size_pt=12.0)
        drawn.append(panel)
    panels.draw_scale_strip(page, drawn[-1], below_in=0.95, heading=strip.heading_words())
    bottom_in = height_in - sheet.HEAD_IN - len(layers) * pitch_in - TICKS_IN - 0.3
    words = say("gained with depth, 1 = strongest")
    sheet.flat_colour_bar(page, drawn[0].cells[0], (name_in, bottom_in - 0.95), say("radar echo"), words)
    return sheet.finished(page)
