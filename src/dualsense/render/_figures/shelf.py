"""Labels of targets on shelves above a picture, each with its symbol, and a line down to where it belongs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextToPath

from dualsense.render._figures import panels, style
from dualsense.render._figures.strip import shelved
from dualsense.render._figures.symbols import draw_symbol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dualsense.result import Call

LABEL_PT = 10.5
SYMBOL_PT = 11.0
SYMBOL_IN = 0.24
PAD_IN = 0.05
LINE_IN = 0.175
GAP_IN = 0.07


def text_width_in(text: str, size_pt: float) -> float:
    """Width in inches of the widest line of a bold text."""
    font = FontProperties(family="DejaVu Sans", weight="bold", size=size_pt)
    measure = TextToPath().get_text_width_height_descent
    return max(float(measure(line, font, ismath=False)[0]) for line in text.split("\n")) / 72.0


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


def draw(figure: Figure, shelf: Shelf, left_in: float, bottom_in: float) -> Axes | None:
    """Draw the labels over a picture whose upper left corner is at a place; None when there is none.

    Parameters
    ----------
    figure
        The sheet.
    shelf
        Labels and their spots, from `plan`.
    left_in, bottom_in
        Upper left corner of the picture from the lower left corner of the sheet, inches.
    """
    if not any(shelf.spots):
        return None
    axes = panels.inch_axes(figure, left_in, bottom_in, shelf.width_in, shelf.height_in)
    axes.set_xlim(0.0, shelf.width_in)
    axes.set_ylim(0.0, shelf.height_in)
    axes.set_axis_off()
    for label, spot in zip(shelf.labels, shelf.spots, strict=True):
        if spot is None:
            continue
        row, middle = spot
        low, tall = row * shelf.row_in + GAP_IN, shelf.row_in - GAP_IN
        start = middle - 0.5 * label.width_in
        axes.plot([label.place_in] * 2, [0.0, low], color=style.INK, linewidth=1.2, zorder=1, clip_on=False)
        axes.add_patch(
            Rectangle(
                (start, low),
                label.width_in,
                tall,
                facecolor=style.PAPER,
                edgecolor=style.INK,
                linewidth=1.2,
                zorder=2,
                clip_on=False,
            )
        )
        up = low + 0.5 * tall
        draw_symbol(axes, start + PAD_IN + 0.5 * SYMBOL_IN, up, label.call, size_pt=SYMBOL_PT, zorder=3)
        axes.text(
            start + SYMBOL_IN + 2.0 * PAD_IN,
            up,
            label.text,
            fontsize=LABEL_PT,
            fontweight="bold",
            va="center",
            linespacing=1.1,
            zorder=4,
        )
    return axes
