"""What stands beside and under a map: banners of missing sensors, the legend, the list of targets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matplotlib.patches import Rectangle

from dualsense.render._figures import panels, style
from dualsense.render._figures.symbols import draw_symbol
from dualsense.render._targets import CALL_NAMES, confidence_words, depth_words, ordered_targets, place_words
from dualsense.render._words import calibration_words, is_calibrated, percent_up, sensor_message
from dualsense.scan import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

    from dualsense.result import Result, Target

LIST_IN = 3.65
LISTED = 7
ROW_IN = 0.75
BANNER_IN = 0.5


def draw_banner(figure: Figure, message: str, top_in: float, width_in: float) -> None:
    """Say of a sensor that it tells nothing of this ground.

    Parameters
    ----------
    figure
        The sheet.
    message
        Sentence without a full stop, such as `sensor_message` gives.
    top_in
        Upper edge of the banner above the lower edge of the sheet, inches.
    width_in
        Width of the sheet, inches.
    """
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


def draw_grey_key(figure: Figure, left_in: float, middle_in: float, words: str = "not measured") -> None:
    """Say what grey with hatching means, where there is no legend.

    Parameters
    ----------
    figure
        The sheet.
    left_in, middle_in
        Left end and middle of the key from the lower left corner of the sheet, inches.
    words
        What grey means.
    """
    key = panels.inch_axes(figure, left_in, middle_in - 0.13, 2.75, 0.26)
    key.set_xlim(0.0, 2.75)
    key.set_ylim(0.0, 0.26)
    key.set_axis_off()
    key.add_patch(_grey_box((0.02, 0.02)))
    key.text(0.54, 0.13, words, va="center", fontsize=11.5)


def _grey_box(corner_in: tuple[float, float]) -> Rectangle:
    """Swatch of ground that was not measured."""
    grey, lines = style.UNMEASURED, style.UNMEASURED_LINES
    return Rectangle(corner_in, 0.42, 0.22, hatch="////", linewidth=1.0, facecolor=grey, edgecolor=lines)


def draw_legend(figure: Figure, result: Result, levels: tuple[float, ...], top_in: float) -> None:
    """Say what hatching, lines and contours mean, in two rows under the map.

    Parameters
    ----------
    figure
        The sheet.
    result
        Whether it has a metal map, and in which units.
    levels
        Of the contours that were drawn.
    top_in
        Upper edge of the legend above the lower edge of the sheet, inches.
    """
    width_in = figure.get_size_inches()[0]
    legend = panels.inch_axes(figure, 0.3, top_in - 0.62, width_in - 0.6, 0.62)
    legend.set_xlim(0.0, width_in - 0.6)
    legend.set_ylim(0.0, 0.62)
    legend.set_axis_off()
    legend.add_patch(_grey_box((0.02, 0.36)))
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


def list_height_in(count: int, columns: int) -> float:
    """Height that `draw_list` needs for so many targets."""
    return ROW_IN * max(math.ceil(min(count, LISTED * columns) / columns), 1) + 1.3


def draw_list(
    figure: Figure,
    result: Result,
    corner_in: tuple[float, float],
    columns: int,
    *,
    place: Callable[[Target], str] = place_words,
) -> None:
    """Every target with its symbol, number, call, confidence, depth and place, under the upper left corner.

    Parameters
    ----------
    figure
        The sheet.
    result
        Whose targets are listed, the most important first.
    corner_in
        Upper left corner of the list from the lower left corner of the sheet, inches.
    columns
        Of the list; each holds at most seven targets.
    place
        Words for where a target lies.
    """
    targets = ordered_targets(result)
    shown = targets[: LISTED * columns]
    height_in = list_height_in(len(targets), columns)
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
        confidence = confidence_words(target).replace("below ", "<")  # the column is narrow
        detail = f"confidence {confidence} · {depth_words(target).partition(',')[0]}"
        panel.text(left + 0.52, top + 0.35, detail, fontsize=11.5, va="center")
        panel.text(left + 0.52, top + 0.54, place(target), fontsize=11.5, va="center")
    if not shown:
        words = (
            "Nothing was assessed" if result.coverage_fraction == 0.0 else "No target found in\nthe assessed part"
        )
        panel.text(0.0, 0.2, words, fontsize=14, fontweight="bold", va="top")
    end = height_in - 1.3
    lines = [f"and {len(targets) - len(shown)} more in targets.csv"] if len(targets) > len(shown) else []
    if is_calibrated(result):
        lines.append(f"Confidence: model {plain(result.model, 24)}")
        lines += ["of simulated ground only"] if calibration_words(result) else []
    else:
        lines += ["Confidence is uncalibrated:", "a score, not a probability."]
    panel.text(0.0, end + 0.08, "\n".join(lines), fontsize=11.5, fontstyle="italic", va="top", linespacing=1.3)
    text = f"Ground not covered: {percent_up(1.0 - result.coverage_fraction)}"
    panel.text(0.0, end + 0.12 + 0.26 * len(lines), text, fontsize=12.0, fontweight="bold", va="top")
