"""Colour bars: what the colours of a map mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from dualsense.render._canvas import coverage
from dualsense.render._canvas.axes import FRAME_PX, Tick, draw_frame, draw_x_axis, draw_y_axis
from dualsense.render._canvas.canvas import EVERYWHERE
from dualsense.render._canvas.colours import SHADES, Scale, colour_table
from dualsense.render._canvas.marks import INK, Shapes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualsense.render._canvas.canvas import Canvas, Panel
    from dualsense.render._canvas.marks import Cells

Place = tuple[tuple[float, float], tuple[float, float]]
End = Literal["min", "max"]
END_PART = 0.05
EDGE_PT = 1.2
TIP_LEVEL = 2.6
HALF = 0.5
EVEN = Scale(0.0, 1.0)


def upright_bar(
    sheet: Canvas, place_in: Place, cells: Cells, ticks: Sequence[Tick], name: str, *, beyond: Sequence[End] = ()
) -> Panel:
    """Draw a standing colour bar with its numbers at the right.

    Parameters
    ----------
    sheet
        To draw on.
    place_in
        Lower left corner, then width and height, inches; tips count.
    cells
        The map whose scale it shows.
    ticks
        Parts of the scale, 0 to 1, and their numbers.
    name
        What the colours mean.
    beyond
        At which ends a tip says that values go on.
    """
    (left, bottom), (wide, tall) = place_in
    low = END_PART * tall if "min" in beyond else 0.0
    high = END_PART * tall if "max" in beyond else 0.0
    bar = sheet.panel((left, bottom + low), (wide, tall - low - high), (0.0, 1.0, 0.0, 1.0), is_bar=True)
    bar.draw_cells(np.linspace(0.0, 1.0, SHADES)[:, None], (0.0, 1.0, 0.0, 1.0), EVEN, cells.colours)
    x0, y0, x1, y1 = bar.box
    draw_frame(bar)
    if "max" in beyond:
        _draw_tip(bar, ((x0, y1), (x1, y1), (0.5 * (x0 + x1), y1 + high * sheet.dpi)), cells, -1)
    if "min" in beyond:
        _draw_tip(bar, ((x0, y0), (x1, y0), (0.5 * (x0 + x1), y0 - low * sheet.dpi)), cells, 0)
    draw_y_axis(bar, ticks, name, at_right=True, name_pad_pt=8.0)
    return bar


def lying_bar(
    sheet: Canvas,
    place_in: Place,
    cells: Cells,
    ticks: Sequence[Tick],
    name: str,
    *,
    beyond: Sequence[End] = (),
    name_pt: float = 13.0,
) -> Panel:
    """Draw a lying colour bar with its numbers under it.

    Parameters
    ----------
    sheet, place_in, cells, ticks, name, beyond
        See `upright_bar`.
    name_pt
        Size of the name.
    """
    (left, bottom), (wide, tall) = place_in
    low = END_PART * wide if "min" in beyond else 0.0
    high = END_PART * wide if "max" in beyond else 0.0
    bar = sheet.panel((left + low, bottom), (wide - low - high, tall), (0.0, 1.0, 0.0, 1.0), is_bar=True)
    bar.draw_cells(np.linspace(0.0, 1.0, SHADES)[None], (0.0, 1.0, 0.0, 1.0), EVEN, cells.colours)
    x0, y0, x1, y1 = bar.box
    draw_frame(bar)
    if "max" in beyond:
        _draw_tip(bar, ((x1, y0), (x1, y1), (x1 + high * sheet.dpi, 0.5 * (y0 + y1))), cells, -1)
    if "min" in beyond:
        _draw_tip(bar, ((x0, y0), (x0, y1), (x0 - low * sheet.dpi, 0.5 * (y0 + y1))), cells, 0)
    draw_x_axis(bar, ticks, name, name_pt=name_pt)
    return bar


def _draw_tip(bar: Panel, corners: Sequence[tuple[float, float]], cells: Cells, end: int) -> None:
    """Triangle in the last colour, from two corners of the bar to a point, open towards the bar."""
    colour = "#" + bytes(colour_table(cells.colours)[end]).hex()
    placed = np.array(corners)
    base = 0.5 * (placed[0] + placed[1])
    inner = placed[:2] + FRAME_PX * np.sign(base - placed[2]) * (np.abs(base - placed[2]) > HALF)
    bar.draw_polygon(np.array([inner[0], placed[0], placed[2], placed[1], inner[1]]), colour, TIP_LEVEL)
    sides = coverage.stroke(placed[[0, 2, 1]], bar.points_px(EDGE_PT))
    bar.add(Shapes(sides, INK, 1.0, EVERYWHERE), TIP_LEVEL)
