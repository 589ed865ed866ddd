"""The picture a deminer looks at: radar with metal contours over it, and every target."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Rectangle

from dualsense.render import panels, sheet, style
from dualsense.render.echo import depth_maximum, shown_depths
from dualsense.render.symbols import draw_symbol, draw_targets
from dualsense.render.words import (
    CALL_NAMES,
    SENSORS,
    confidence_words,
    depth_words,
    is_calibrated,
    ordered_targets,
    percent_up,
    place_words,
    plain,
    sensor_message,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

    from dualsense.render.style import Limits, View
    from dualsense.result import Result

LIST_IN = 3.65
LISTED = 7
ROW_IN = 0.75
BANNER_IN = 0.5


def fused_figure(result: Result, view: View) -> Figure:
    """Greatest radar echo of each cell between the shown depths, metal contours, coverage, track and targets.

    Without radar the metal map takes its place; ground that only one sensor measured is hatched over the
    colours, ground that none measured is grey.
    """
    limits = style.colour_limits(result, view)
    extent = panels.extent_cm(result.coverage.grid)
    wide = sheet.is_wide(extent)
    missing = [message for message in (sensor_message(result, sensor) for sensor in SENSORS) if message]
    banner_in = BANNER_IN * len(missing)
    size = sheet.fit(extent, 9.6, 4.0) if wide else sheet.fit(extent, 6.7, 6.4)
    targets = ordered_targets(result)
    columns = max(1, int((size.width_in + 1.8) / LIST_IN)) if wide else 1
    list_in = _list_height_in(len(targets), columns)
    width_in = sheet.LEFT_IN + size.width_in + sheet.BAR_IN + (0.3 if wide else LIST_IN)
    below_in = size.height_in + sheet.STRIP_IN + 0.95
    below_in = below_in + list_in if wide else max(below_in, list_in)
    height_in = sheet.HEAD_IN + banner_in + below_in
    figure = sheet.open_sheet(result, "Radar and metal", _subtitle(result, view), width_in, height_in)
    bottom_in = height_in - sheet.HEAD_IN - banner_in - size.height_in
    axes = panels.inch_axes(figure, sheet.LEFT_IN, bottom_in, size.width_in, size.height_in)
    panels.centimetre_axes(axes, extent, x_label="x along the lane (cm)", y_label="y to the left (cm)")
    image, levels = _draw_ground(axes, result, view, limits)
    if image is not None and len(missing) < len(SENSORS):
        if result.gpr_volume is None:
            units = style.metal_units(result.emi_maps["metal_response"].units)
            sheet.colour_bar(figure, [axes], image, "metal response", units)
        else:
            sheet.colour_bar(figure, [axes], image, "radar echo", "times the median of its depth")
    panels.draw_track(axes, result.track_m)
    if targets:
        panels.draw_crosshair(axes, 100.0 * targets[0].x_m, 100.0 * targets[0].y_m)
    draw_targets(axes, targets)
    if len(missing) == len(SENSORS):
        panels.draw_message(axes, "NOTHING MEASURED\nThis ground is not assessable.")
    panels.draw_scale_strip(figure, axes, below_in=0.88)
    for index, message in enumerate(missing):
        _draw_banner(figure, message, height_in - sheet.HEAD_IN - BANNER_IN * index + 0.12, width_in)
    _draw_legend(figure, result, levels, bottom_in - 1.28)
    if wide:
        _draw_list(figure, result, (0.3, bottom_in - 2.05), columns)
    else:
        _draw_list(figure, result, (width_in - LIST_IN + 0.15, height_in - sheet.HEAD_IN - banner_in), 1)
    return figure


def _subtitle(result: Result, view: View) -> str:
    if result.gpr_volume is None:
        return "metal map, no radar"
    depth_m = result.gpr_volume.depth_m[shown_depths(result.gpr_volume, view)]
    half_m = 0.5 * _spacing(result.gpr_volume.depth_m)
    low_cm, high_cm = 100.0 * max(depth_m[0] - half_m, 0.0), 100.0 * (depth_m[-1] + half_m)
    metal = "no metal detector" if sensor_message(result, "emi") else "metal contours over it"
    return f"what stands out from {low_cm:.0f} to {high_cm:.0f} cm deep, {metal}"


def _spacing(depth_m: np.ndarray) -> float:
    return float(depth_m[1] - depth_m[0]) if depth_m.size > 1 else 0.0


def _draw_ground(
    axes: Axes, result: Result, view: View, limits: Limits
) -> tuple[AxesImage | None, tuple[float, ...]]:
    """Colours of the ground, its hatching and the metal contours; gives the image and the contour levels."""
    metal, volume, coverage = result.emi_maps.get("metal_response"), result.gpr_volume, result.coverage
    levels: tuple[float, ...] = ()
    image = None
    seen_gpr, seen_emi = coverage.gpr, coverage.emi
    if volume is not None:
        values = depth_maximum(result, view)
        scale = panels.norm(limits.radar, style.RADAR_GAMMA)
        image = panels.draw_cells(
            axes, panels.extent_cm(volume.grid), values, colours=style.RADAR_MAP, scale=scale
        )
        if values.shape == seen_gpr.shape:
            seen_gpr = seen_gpr & np.isfinite(values)
    elif metal is not None:
        scale = panels.norm(limits.metal, style.METAL_GAMMA)
        extent = panels.extent_cm(metal.grid)
        image = panels.draw_cells(axes, extent, np.abs(metal.values), colours=style.METAL_MAP, scale=scale)
    if metal is not None and metal.values.shape == seen_emi.shape:
        seen_emi = seen_emi & np.isfinite(metal.values)
    extent = panels.extent_cm(coverage.grid)
    coloured = seen_gpr if volume is not None else seen_emi
    panels.draw_unmeasured(axes, extent, ~coloured, "none")
    panels.draw_unmeasured(axes, extent, coloured & ~(seen_gpr & seen_emi), "one")
    if metal is not None:
        levels = panels.contour_levels(metal, limits.metal)
        panels.draw_metal_contours(axes, metal, levels)
    return image, levels


def _draw_banner(figure: Figure, message: str, top_in: float, width_in: float) -> None:
    height_in = figure.get_size_inches()[1]
    figure.text(
        0.3 / width_in,
        (top_in - 0.22) / height_in,
        f"\u26a0  {message[0].upper()}{message[1:]}.",
        fontsize=13.0,
        fontweight="bold",
        va="center",
        bbox={
            "boxstyle": "square,pad=0.35",
            "facecolor": style.MISSING_PAPER,
            "edgecolor": style.SUSPECT,
            "linewidth": 2.0,
        },
    )


def _draw_legend(figure: Figure, result: Result, levels: tuple[float, ...], top_in: float) -> None:
    """Say what hatching, lines and contours mean, in two rows under the map."""
    width_in = figure.get_size_inches()[0]
    legend = panels.inch_axes(figure, 0.3, top_in - 0.62, width_in - 0.6, 0.62)
    legend.set_xlim(0.0, width_in - 0.6)
    legend.set_ylim(0.0, 0.62)
    legend.set_axis_off()
    grey, lines = style.UNMEASURED, style.UNMEASURED_LINES
    legend.add_patch(
        Rectangle((0.02, 0.36), 0.42, 0.22, hatch="////", linewidth=1.0, facecolor=grey, edgecolor=lines)
    )
    legend.text(0.54, 0.47, "not measured: not assessable", va="center", fontsize=11.5)
    legend.add_patch(
        Rectangle(
            (3.42, 0.36),
            0.42,
            0.22,
            facecolor="#31688e",
            edgecolor=style.ONE_SENSOR_LINES,
            hatch="//",
            linewidth=0.0,
        )
    )
    legend.text(3.94, 0.47, "one sensor only: not assessable", va="center", fontsize=11.5)
    legend.plot([0.02, 0.44], [0.12, 0.12], color=style.INK, linewidth=3.0)
    legend.plot([0.02, 0.44], [0.12, 0.12], color=style.PAPER, linewidth=0.9)
    legend.text(0.54, 0.12, "swept track", va="center", fontsize=11.5)
    legend.plot([3.42, 3.84], [0.12, 0.12], color=style.INK, linewidth=5.2)
    legend.plot([3.42, 3.84], [0.12, 0.12], color=style.PAPER, linewidth=2.4)
    metal = result.emi_maps.get("metal_response")
    if metal is None or sensor_message(result, "emi"):
        words = "no metal contours: no metal detector"
    elif levels:
        words = f"metal {style.numbers_words(levels, style.metal_units(metal.units))}"
    else:
        words = "no metal contour: see the metal map"
    legend.text(3.94, 0.12, words, va="center", fontsize=11.5)


def _list_height_in(count: int, columns: int) -> float:
    return ROW_IN * max(math.ceil(min(count, LISTED * columns) / columns), 1) + 1.3


def _draw_list(figure: Figure, result: Result, corner_in: tuple[float, float], columns: int) -> None:
    """Every target with its symbol, number, call, confidence, depth and place, under the upper left corner."""
    targets = ordered_targets(result)
    shown = targets[: LISTED * columns]
    height_in = _list_height_in(len(targets), columns)
    width_in = columns * LIST_IN - 0.35
    panel = panels.inch_axes(figure, corner_in[0], corner_in[1] - height_in, width_in, height_in)
    panel.set_xlim(0.0, width_in)
    panel.set_ylim(height_in, 0.0)
    panel.set_axis_off()
    for index, target in enumerate(shown):
        row, column = divmod(index, columns)
        left, top = column * LIST_IN, row * ROW_IN
        draw_symbol(panel, left + 0.22, top + 0.27, target.call, size_pt=15.0)
        name = f"{plain(target.id, 10)}  {CALL_NAMES[target.call]}"
        panel.text(left + 0.52, top + 0.13, name, fontsize=14, fontweight="bold", va="center")
        detail = f"confidence {confidence_words(target)} · {depth_words(target).partition(',')[0]}"
        panel.text(left + 0.52, top + 0.35, detail, fontsize=11.5, va="center")
        panel.text(left + 0.52, top + 0.54, place_words(target), fontsize=11.5, va="center")
    if not shown:
        words = (
            "Nothing was assessed" if result.coverage_fraction == 0.0 else "No target found in\nthe assessed part"
        )
        panel.text(0.0, 0.2, words, fontsize=14, fontweight="bold", va="top")
    end = height_in - 1.3
    lines = [f"and {len(targets) - len(shown)} more in targets.csv"] if len(targets) > len(shown) else []
    if is_calibrated(result):
        lines.append(f"Confidence: model {plain(result.model, 24)}")
    else:
        lines += ["Confidence is uncalibrated:", "a score, not a probability."]
    panel.text(0.0, end + 0.08, "\n".join(lines), fontsize=11.5, fontstyle="italic", va="top", linespacing=1.3)
    text = f"Not assessable: {percent_up(1.0 - result.coverage_fraction)} of this patch"
    panel.text(0.0, end + 0.12 + 0.26 * len(lines), text, fontsize=12.0, fontweight="bold", va="top")
