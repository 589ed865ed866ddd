"""Labels of targets on shelves above a picture, each with its symbol, and a line down to where it belongs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.render._canvas import font
from dualsense.render._figures import style
from dualsense.render._figures.strip import shelved
from dualsense.render._figures.symbols import draw_symbol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualsense.render._canvas.canvas import Canvas, Panel
    from dualsense.result import Call

LABEL_PT = 10.5
SYMBOL_PT = 11.0
SYMBOL_IN = 0.24
PAD_IN = 0.05
LINE_IN = 0.175
GAP_IN = 0.07


def text_width_in(text: str, size_pt: float) -> float:
    """Width in inches of the widest line of a bold text."""
    return font.block(text, size_pt * style.DPI / 72.0, "bold").width_px / style.DPI


@dataclass(frozen=True, slots=True)
class Label:
    """What one label says and where it points, inches from the left end of its shelves."""

    place_in: float
    text: str
    call: Call

    @property
    def width_in(self) -> float:
        """Width of the box with its symbol and text."""
        return SYMBOL_IN + text_width_in(self.text, LABEL_PT) + 3.0 * PAD_IN


@dataclass(frozen=True, slots=True)
class Shelf:
    """Labels with the row and the middle of each; None where there was no room."""

    labels: tuple[Label, ...]
    spots: tuple[tuple[int, float] | None, ...]
    width_in: float
    row_in: float

    @property
    def height_in(self) -> float:
        """Height of the rows in use, with a gap under each."""
        return self.row_in * (1 + max((spot[0] for spot in self.spots if spot is not None), default=-1))

    @property
    def left_out(self) -> int:
        """How many labels found no room."""
        return sum(spot is None for spot in self.spots)


def plan(labels: Sequence[Label], width_in: float, *, rows: int) -> Shelf:
    """Find room for labels, the most important first; see `shelved`."""
    lines = max((label.text.count("\n") + 1 for label in labels), default=1)
    spots = shelved(
        [label.place_in for label in labels],
        [label.width_in for label in labels],
        (0.0, width_in),
        rows=rows,
        leader=0.04,
    )
    return Shelf(tuple(labels), tuple(spots), width_in, lines * LINE_IN + 2.0 * PAD_IN + GAP_IN)


def draw(sheet: Canvas, shelf: Shelf, left_in: float, bottom_in: float) -> Panel | None:
    """Draw the labels over a picture whose upper left corner is at a place; None when there is none.

    Parameters
    ----------
    sheet
        To draw on.
    shelf
        Labels and their spots, from `plan`.
    left_in, bottom_in
        Upper left corner of the picture from the lower left corner of the sheet, inches.
    """
    if not any(shelf.spots):
        return None
    size_in = (shelf.width_in, shelf.height_in)
    panel = sheet.panel((left_in, bottom_in), size_in, (0.0, size_in[0], 0.0, size_in[1]))
    for label, spot in zip(shelf.labels, shelf.spots, strict=True):
        if spot is None:
            continue
        row, middle = spot
        low, tall = row * shelf.row_in + GAP_IN, shelf.row_in - GAP_IN
        start = middle - 0.5 * label.width_in
        line = np.array([[label.place_in, 0.0], [label.place_in, low]])
        panel.draw_lines([line], width_pt=1.2, colour=style.INK, level=1.0, clipped=False)
        panel.draw_box((start, start + label.width_in, low, low + tall), style.PAPER, style.INK, 1.2, 2.0)
        up = low + 0.5 * tall
        draw_symbol(panel, start + PAD_IN + 0.5 * SYMBOL_IN, up, label.call, size_pt=SYMBOL_PT, level=3.0)
        look: Any = {"size_pt": LABEL_PT, "cut": "bold", "spacing": 1.1, "level": 4.0}
        panel.write(start + SYMBOL_IN + 2.0 * PAD_IN, up, label.text, **look)
    return panel
