"""Frame, ticks, numbers and names of a panel's axes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dualsense.render._canvas import font
from dualsense.render._canvas.marks import INK, Bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualsense.render._canvas.canvas import Panel
    from dualsense.render._canvas.font import Cut

Tick = tuple[float, str]
FRAME_LEVEL = 2.5
FRAME_PX, TICK_PX = 2, 1
TICK_PT = 3.5
PAD_PT = 3.5
NAME_PAD_PT = 4.0
NUMBER_PT, NAME_PT = 12.0, 13.0


def even_ticks(low: float, high: float, step: float) -> list[Tick]:
    """Multiples of a step between two values, with as many digits as the step has."""
    low, high = min(low, high), max(low, high)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [
        (step * n, f"{step * n + 0.0:.{digits}f}".replace("-", "−"))
        for n in range(first, math.floor(high / step + 1e-9) + 1)
    ]


def draw_frame(panel: Panel) -> None:
    """Draw the edges of a panel, half of their width inside."""
    left, bottom, right, top = (round(edge) for edge in panel.box)
    out, inner = FRAME_PX - FRAME_PX // 2, FRAME_PX // 2
    low, high = left - out, right + out
    window = (low - 1.0, bottom - out - 1.0, high + 1.0, top + out + 1.0)
    for box in (
        (low, bottom - out, high, bottom + inner),
        (low, top - inner, high, top + out),
        (low, bottom - out, left + inner, top + out),
        (right - inner, bottom - out, high, top + out),
    ):
        panel.add(Bar(box, INK, window), FRAME_LEVEL)


def draw_x_axis(
    panel: Panel, ticks: Sequence[Tick], name: str = "", *, numbers: bool = True, name_pt: float = NAME_PT
) -> None:
    """Draw ticks and numbers under a panel, and the name of the axis under them.

    Parameters
    ----------
    panel
        Whose lower edge it is.
    ticks
        Places and their numbers.
    name
        Of the axis.
    numbers
        Whether the numbers are shown.
    name_pt
        Size of the name.
    """
    bottom = round(panel.box[1]) - FRAME_PX // 2
    length = round(panel.points_px(TICK_PT))
    below = panel.box[1] - panel.points_px(TICK_PT + PAD_PT)
    for place, number in ticks:
        column = float(panel.at(place, 0.0)[0])
        start = round(column - 0.5 * TICK_PX)
        box = (start, bottom - length, start + TICK_PX, bottom)
        panel.add(Bar(box, INK, (-1.0, -1.0, math.inf, math.inf)), FRAME_LEVEL)
        if numbers:
            panel.write_px(column, below, number, size_pt=NUMBER_PT, across="center", up="top", level=FRAME_LEVEL)
    panel.x_ticks = tuple(number for _, number in ticks) if numbers else ()
    panel.x_label = name
    if name:
        tall = font.ASCENT + font.DESCENT
        below -= panel.points_px((NUMBER_PT * tall if numbers and ticks else 0.0) + NAME_PAD_PT)
        middle = 0.5 * (panel.box[0] + panel.box[2])
        panel.write_px(middle, below, name, size_pt=name_pt, across="center", up="top", level=FRAME_LEVEL)


def draw_y_axis(
    panel: Panel,
    ticks: Sequence[Tick],
    name: str = "",
    *,
    numbers: bool = True,
    at_right: bool = False,
    name_pad_pt: float = NAME_PAD_PT,
) -> None:
    """Draw ticks and numbers at the side of a panel, and the name of the axis beside them.

    Parameters
    ----------
    panel
        Whose left or right edge it is.
    ticks
        Places and their numbers.
    name
        Of the axis.
    numbers
        Whether the numbers are shown.
    at_right
        Which side.
    name_pad_pt
        Distance of the name from the numbers.
    """
    edge = round(panel.box[2]) + FRAME_PX // 2 if at_right else round(panel.box[0]) - FRAME_PX // 2
    length = round(panel.points_px(TICK_PT))
    out = panel.points_px(TICK_PT + PAD_PT)
    beside = panel.box[2] + out if at_right else panel.box[0] - out
    widest = 0.0
    for place, number in ticks:
        row = float(panel.at(0.0, place)[1])
        start = round(row - 0.5 * TICK_PX)
        low, high = (edge, edge + length) if at_right else (edge - length, edge)
        panel.add(Bar((low, start, high, start + TICK_PX), INK, (-1.0, -1.0, math.inf, math.inf)), FRAME_LEVEL)
        if numbers:
            side = "left" if at_right else "right"
            panel.write_px(beside, row, number, size_pt=NUMBER_PT, across=side, up="capital", level=FRAME_LEVEL)
            widest = max(widest, font.width_px(number, panel.points_px(NUMBER_PT)))
    panel.y_ticks = tuple(number for _, number in ticks) if numbers else ()
    panel.y_label = name
    if name:
        away = widest + panel.points_px(name_pad_pt)
        middle = 0.5 * (panel.box[1] + panel.box[3])
        column = beside + away if at_right else beside - away
        up = "top" if at_right else "bottom"
        panel.write_px(
            column, middle, name, size_pt=NAME_PT, across="center", up=up, turned=True, level=FRAME_LEVEL
        )


def draw_title(panel: Panel, title: str, size_pt: float, cut: Cut = "bold", pad_pt: float = 5.0) -> None:
    """Write a title over the left end of a panel.

    Parameters
    ----------
    panel
        Under the title.
    title
        One line.
    size_pt, cut
        Of the font.
    pad_pt
        Distance of its baseline from the panel.
    """
    panel.title = title
    above = panel.box[3] + panel.points_px(pad_pt)
    panel.write_px(panel.box[0], above, title, size_pt=size_pt, cut=cut, up="baseline", level=FRAME_LEVEL)
