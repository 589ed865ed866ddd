"""The sheet a picture is drawn on: title, label of simulated data, map frame, colour bar, footer. Inches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.language import say
from dualsense.render._canvas.bars import lying_bar, upright_bar
from dualsense.render._canvas.marks import Paper
from dualsense.render._figures import style
from dualsense.render._figures.panels import nice_step
from dualsense.render._words import SIMULATED
from dualsense.scan import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualsense.render._canvas.axes import Tick
    from dualsense.render._canvas.canvas import Canvas, Panel
    from dualsense.render._canvas.marks import Cells
    from dualsense.render._figures.panels import Extent
    from dualsense.result import Result

HEAD_IN = 0.95
LEFT_IN = 0.9
BAR_IN = 1.25
STRIP_IN = 1.15
WIDE = 0.42


@dataclass(frozen=True, slots=True)
class MapSize:
    """Size of a map on paper, inches, with the aspect of the ground."""

    width_in: float
    height_in: float


def fit(extent: Extent, width_in: float, height_in: float) -> MapSize:
    """Largest map of an extent's aspect within a width and a height, at least 0.6 in either way."""
    across, up = extent[1] - extent[0], abs(extent[3] - extent[2])
    scale = min(width_in / across, height_in / up)
    return MapSize(max(across * scale, 0.6), max(up * scale, 0.6))


def is_wide(extent: Extent) -> bool:
    """Whether a patch is a lane, much longer than wide, so that things go under the map and not beside it."""
    return (extent[3] - extent[2]) / (extent[1] - extent[0]) < WIDE


def open_sheet(result: Result, title: str, subtitle: str, width_in: float, height_in: float) -> Canvas:
    """Sheet with its title, the scan's name, and the label of simulated data where it applies.

    Parameters
    ----------
    result
        Whose header names the scan and its source.
    title, subtitle
        First line, and what follows the scan's name on the second.
    width_in, height_in
        Of the sheet, inches.
    """
    sheet = style.new_sheet(width_in, height_in)
    sheet.write(0.3, height_in - 0.34, title, size_pt=19.0, cut="bold")
    name = plain(result.header.scan_id, max(12, min(48, int(width_in / 0.105) - len(subtitle) - 6)))
    sheet.write(0.3, height_in - 0.69, f"{name}  ·  {subtitle}" if subtitle else name, size_pt=12.5)
    if result.header.source == "simulated":
        paper = Paper(style.SIMULATED_PAPER, style.INK, 2.0, 0.4)
        look: Any = {"size_pt": 15.0, "cut": "bold", "across": "right", "paper": paper}
        sheet.write(width_in - 0.35, height_in - 0.36, say(SIMULATED), **look)
    return sheet


def finished(sheet: Canvas) -> Canvas:
    """Say at the foot of a sheet how many cells a dot of its maps stands for, where that is more than one."""
    rows, columns = sheet.cells_per_dot()
    if rows * columns > 1:
        words = say("one dot shows the strongest of {rows} × {columns} cells", rows=rows, columns=columns)
        sheet.write(0.3, 0.09, words, size_pt=9.0)
    return sheet


def colour_bar(
    sheet: Canvas,
    drawn: Sequence[Panel],
    cells: Cells,
    quantity: str,
    units: str,
    *,
    right_in: float | None = None,
) -> None:
    """Colour bar right of the maps it belongs to, or of a place, and as tall as the maps are together.

    Parameters
    ----------
    sheet
        To draw on.
    drawn
        The maps.
    cells
        Of any of the maps: they share one scale.
    quantity, units
        What the colours mean.
    right_in
        Left of which the bar must not stand, inches; by default the right edge of the maps.
    """
    boxes = [panel.box for panel in drawn]
    right, low, high = max(box[2] for box in boxes), min(box[1] for box in boxes), max(box[3] for box in boxes)
    start_in, tall_in = right / sheet.dpi, (high - low) / sheet.dpi
    if right_in is not None:
        start_in = max(start_in, right_in)
    label = f"{quantity} ({style.scaled_units(style.power_of_ten(cells.scale.high), units)})"
    label = label if tall_in > 4.0 else label.replace(" (", "\n(")
    place = ((start_in + 0.18, low / sheet.dpi), (0.2, tall_in))
    upright_bar(sheet, place, cells, limit_ticks(cells, tall_in), label, beyond=("max",))


def flat_colour_bar(
    sheet: Canvas, cells: Cells, corner_in: tuple[float, float], quantity: str, units: str
) -> None:
    """Lying colour bar with its upper left corner at a place, for maps too low to have one at their side.

    Parameters
    ----------
    sheet
        To draw on.
    cells
        The map.
    corner_in
        Upper left corner from the lower left corner of the sheet, inches.
    quantity, units
        What the colours mean.
    """
    wide_in = 3.6
    place = ((corner_in[0], corner_in[1] - 0.2), (wide_in, 0.2))
    lying_bar(sheet, place, cells, limit_ticks(cells, wide_in, 0.42), "", beyond=("max",))
    label = f"{quantity} ({style.scaled_units(style.power_of_ten(cells.scale.high), units)})"
    sheet.write(corner_in[0] + wide_in + 0.2, corner_in[1] - 0.1, label)


def limit_ticks(cells: Cells, long_in: float, apart_in: float = 0.24) -> list[Tick]:
    """Round values of a colour scale, from the top down, none so near the last that their numbers would touch."""
    limit = cells.scale.high
    step, power = nice_step(limit, 6), style.power_of_ten(limit)
    values = np.append(step * np.arange(int(limit / step * (1.0 - 1e-9)) + 1), limit)
    parts = cells.scale.parts(values)
    kept = [values.size - 1]
    for index in range(values.size - 2, -1, -1):
        if long_in * (parts[kept[-1]] - parts[index]) > apart_in:
            kept.append(index)
    return [
        (float(parts[index]), style.number_words(float(values[index]) / 10.0**power)) for index in reversed(kept)
    ]
