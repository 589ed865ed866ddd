"""What stands beside and under a map: banners of missing sensors, the legend, the list of targets."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.language import ENGLISH, again, say, spoken
from dualsense.render._canvas import font
from dualsense.render._canvas.lines import broken
from dualsense.render._canvas.marks import Paper
from dualsense.render._figures import panels, style
from dualsense.render._figures.symbols import draw_symbol
from dualsense.render._targets import (
    CALL_NAMES,
    CANNOT_RULE_OUT,
    chance_words,
    depth_words,
    is_calibrated,
    ordered_targets,
    place_words,
)
from dualsense.render._words import calibration_words, percent_up, sensor_message
from dualsense.scan import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualsense.render._canvas.canvas import Canvas, Panel
    from dualsense.result import Result, Target

LIST_IN = 3.65
LISTED = 6
ROW_IN = 0.93
BANNER_IN = 0.5
LEGEND_PT = 11.5
RADAR_BLUE = "#31688e"
SMALL_KEY_IN = 0.36
GAPS, HIDDEN, MUCH = ("soundings-stuck", "track-gaps"), "emi-metal-hidden", 0.1
"""Faults that take ground beside those of the checks; the last one where more than this part of the ground is not
covered by the metal detector: a little of it is beside every strong piece of metal."""
WHY, WHY_LETTERS, WHY_LINE_IN, WHY_PT = 3, 42, 0.2, 10.5
"""Checks that failed are said beside a map: so many of them, each in three lines at most of so many letters."""
CLAUSE_END = re.compile("[;:\uff1a\uff1b]|, (?=in |between |by )")
COMMA = re.compile(", |\u3001")
FULL_WIDTH = frozenset({"ja"})
"""Languages whose letters are twice as wide."""
SMALL_UNSURE = "measured, but a mine with little metal might be missed here"


def draw_banner(sheet: Canvas, message: str, top_in: float) -> None:
    """Say of a sensor that it tells nothing of this ground.

    Parameters
    ----------
    sheet
        To draw on.
    message
        Sentence without a full stop, such as `sensor_message` gives.
    top_in
        Upper edge of the banner above the lower edge of the sheet, inches.
    """
    text = f"\u26a0  {message[0].upper()}{message[1:]}."
    paper = Paper(style.MISSING_PAPER, style.SUSPECT, 2.0, 0.35)
    sheet.write(0.3, top_in - 0.22, text, size_pt=13.0, cut="bold", paper=paper)


def draw_grey_key(sheet: Canvas, left_in: float, middle_in: float, words: str | None = None) -> None:
    """Say what grey with hatching means, where there is no legend.

    Parameters
    ----------
    sheet
        To draw on.
    left_in, middle_in
        Left end and middle of the key from the lower left corner of the sheet, inches.
    words
        What grey means; that it was not measured by default.
    """
    key = sheet.panel((left_in, middle_in - 0.13), (2.75, 0.26), (0.0, 2.75, 0.0, 0.26))
    _draw_grey_box(key, (0.02, 0.02))
    key.write(0.54, 0.13, words or say("not measured"), size_pt=LEGEND_PT)


def _draw_grey_box(panel: Panel, corner_in: tuple[float, float]) -> None:
    """Swatch of ground that was not measured."""
    extent = (corner_in[0], corner_in[0] + 0.42, corner_in[1], corner_in[1] + 0.22)
    panel.draw_box(extent, style.UNMEASURED, style.UNMEASURED_LINES, 1.0, 1.0)
    panels.draw_unmeasured(panel, extent, np.ones((1, 1), dtype=bool))


def draw_legend(
    sheet: Canvas,
    result: Result,
    levels: tuple[float, ...],
    top_in: float,
    *,
    track: bool = True,
    small: bool = False,
) -> None:
    """Say what hatching, lines and contours mean, in two rows under the map.

    Parameters
    ----------
    sheet
        To draw on.
    result
        Whether it has a metal map, and in which units.
    levels
        Of the contours that were drawn.
    top_in
        Upper edge of the legend above the lower edge of the sheet, inches.
    track
        Whether the track was drawn.
    small
        Whether ground was hatched on which small mines would not surely have been found.
    """
    width_in = sheet.width_in - 0.6
    legend = sheet.panel((0.3, top_in - 0.62), (width_in, 0.62), (0.0, width_in, 0.0, 0.62))
    _draw_grey_box(legend, (0.02, 0.36))
    _write_key(legend, 0.54, 0.47, say("not measured: not assessable"), 2.82)
    swatch = (3.42, 3.84, 0.36, 0.58)
    legend.draw_box(swatch, RADAR_BLUE, RADAR_BLUE, 0.0, 1.0)
    one: Any = {"ground": None, "lines": style.ONE_SENSOR_LINES, "apart_in": 1.0 / 6.0}
    legend.draw_hatch(np.ones((1, 1), dtype=bool), swatch, **one)
    right_in = width_in - 3.94
    _write_key(legend, 3.94, 0.47, say("one sensor only: not assessable"), right_in)
    if small:
        _draw_small_key(sheet, top_in - 0.62 - SMALL_KEY_IN)
    for start, widths_pt in ((0.02, (3.0, 0.9)), (3.42, (5.2, 2.4))):
        line = np.array([[start, 0.12], [start + 0.42, 0.12]])
        for colour, width_pt in zip((style.INK, style.PAPER), widths_pt, strict=True):
            legend.draw_lines([line], width_pt=width_pt, colour=colour, level=1.0)
    _write_key(legend, 0.54, 0.12, say("swept track" if track else "swept track: too dense to draw"), 2.82)
    metal = result.emi_maps.get("metal_response")
    if metal is None or sensor_message(result, "emi"):
        words = say("no metal contours: no metal detector")
    elif levels:
        words = say("metal {levels}", levels=style.numbers_words(levels, style.metal_units(metal.units)))
    else:
        words = say("no metal contour: see the metal map")
    _write_key(legend, 3.94, 0.12, words, right_in)


def _write_key(panel: Panel, left_in: float, up_in: float, words: str, room_in: float) -> None:
    """Write what a sign means, smaller where another language needs more room than there is."""
    wide_in = font.width_px(words, LEGEND_PT * style.DPI / 72.0) / style.DPI
    size_pt = LEGEND_PT if spoken() == ENGLISH else LEGEND_PT * min(1.0, room_in / wide_in)
    panel.write(left_in, up_in, words, size_pt=size_pt)


def _draw_small_key(sheet: Canvas, bottom_in: float) -> None:
    """Say what lines that fall to the right mean, in a row of its own."""
    key = sheet.panel((0.3, bottom_in), (sheet.width_in - 0.6, 0.26), (0.0, sheet.width_in - 0.6, 0.0, 0.26))
    swatch = (0.02, 0.44, 0.02, 0.24)
    key.draw_box(swatch, RADAR_BLUE, RADAR_BLUE, 0.0, 1.0)
    panels.draw_unmeasured(key, swatch, np.ones((1, 1), dtype=bool), "small")
    key.write(0.54, 0.13, say(SMALL_UNSURE), size_pt=LEGEND_PT)


def list_height_in(result: Result, columns: int) -> float:
    """Height that `draw_list` needs."""
    rows = max(math.ceil(min(len(result.targets), LISTED * columns) / columns), 1)
    return ROW_IN * rows + 1.3 + WHY_LINE_IN * len(why_lines(result))


def why_lines(result: Result) -> list[str]:
    """Say in short lines why ground is not covered: by checks that failed, gaps, and metal that could hide."""
    failed = dict.fromkeys((*(doubt.code for doubt in result.doubts), *GAPS))
    if result.sensor_coverage.get("emi", 0.0) < 1.0 - MUCH:
        failed[HIDDEN] = None
    said = list(dict.fromkeys(one.message for one in result.faults if one.code in failed))
    lines: list[str] = []
    letters = WHY_LETTERS // 2 if spoken() in FULL_WIDTH else WHY_LETTERS
    for message in said[:WHY]:
        clause = CLAUSE_END.split(plain(again(message), 200))[0]
        lines += broken(f"\u26a0 {clause}", letters, subsequent_indent="    ", max_lines=3, placeholder=" …")
    if len(said) > WHY:
        lines.append(say("and {count} more in {file}", count=len(said) - WHY, file="targets.json"))
    return lines


def draw_list(
    sheet: Canvas,
    result: Result,
    corner_in: tuple[float, float],
    columns: int,
    *,
    place: Callable[[Target], str] = place_words,
) -> None:
    """Every target with its symbol, number, call, chance, depth and place, under the upper left corner.

    Parameters
    ----------
    sheet
        To draw on.
    result
        Whose targets are listed, the most important first.
    corner_in
        Upper left corner of the list from the lower left corner of the sheet, inches.
    columns
        Of the list; each holds at most six targets.
    place
        Words for where a target lies.
    """
    targets = ordered_targets(result)
    shown = targets[: LISTED * columns]
    height_in, why = list_height_in(result, columns), why_lines(result)
    width_in = columns * LIST_IN - 0.35
    box_in = ((corner_in[0], corner_in[1] - height_in), (width_in, height_in))
    panel = sheet.panel(*box_in, (0.0, width_in, height_in, 0.0))
    for index, target in enumerate(shown):
        row, column = divmod(index, columns)
        left, top = column * LIST_IN, row * ROW_IN
        draw_symbol(panel, left + 0.22, top + 0.27, target.call, size_pt=15.0)
        name = f"{plain(target.id, 10)}  {say(CALL_NAMES[target.call])}"
        panel.write(left + 0.52, top + 0.13, name, size_pt=14.0, cut="bold")
        # The column is narrow, and under it stands whether scores are probabilities.
        chance = COMMA.split(chance_words(target, result).replace(say(CANNOT_RULE_OUT), say("not ruled out")))[0]
        deep = COMMA.split(depth_words(target))[0]
        deep = say("{depth} deep", depth=deep) if math.isfinite(target.depth_m) else deep
        for line, text in enumerate((chance, deep, place(target))):
            panel.write(left + 0.52, top + 0.35 + 0.19 * line, text, size_pt=LEGEND_PT)
    if not shown:
        nothing = result.coverage_fraction == 0.0
        words = say("Nothing was assessed" if nothing else "No target found in\nthe assessed part")
        panel.write(0.0, 0.2, words, size_pt=14.0, cut="bold", up="top")
    end = height_in - 1.3 - WHY_LINE_IN * len(why)
    more = len(targets) - len(shown)
    lines = [say("and {count} more in {file}", count=more, file="targets.csv")] if more else []
    if is_calibrated(result):
        lines.append(say("Chances: model {model}", model=plain(result.model, 24)))
        lines += [say("of simulated ground only")] if calibration_words(result) else []
    else:
        lines += say("Scores are uncalibrated,\nno probabilities.").split("\n")
    look: Any = {"size_pt": LEGEND_PT, "cut": "italic", "up": "top", "spacing": 1.3}
    panel.write(0.0, end + 0.08, "\n".join(lines), **look)
    text = say("Ground not covered: {share}", share=percent_up(1.0 - result.coverage_fraction))
    below = end + 0.12 + 0.26 * len(lines)
    panel.write(0.0, below, text, size_pt=12.0, cut="bold", up="top")
    if why:
        panel.write(0.0, below + 0.27, "\n".join(why), size_pt=WHY_PT, up="top", spacing=1.3)
