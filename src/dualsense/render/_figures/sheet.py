"""The sheet a picture is drawn on: title, label of simulated data, map frame, colour bar, footer. Inches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from dualsense.render._figures import style
from dualsense.render._figures.panels import inch_axes, nice_step
from dualsense.render._words import SIMULATED
from dualsense.scan import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

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


def open_sheet(result: Result, title: str, subtitle: str, width_in: float, height_in: float) -> Figure:
    """Figure with its title, the scan's name, and the label of simulated data where it applies.

    Parameters
    ----------
    result
        Whose header names the scan and its source.
    title, subtitle
        First line, and what follows the scan's name on the second.
    width_in, height_in
        Of the sheet, inches.
    """
    figure = style.new_figure(width_in, height_in)
    left = 0.3 / width_in
    figure.text(left, 1.0 - 0.34 / height_in, title, fontsize=19, fontweight="bold", va="center")
    name = plain(result.header.scan_id, max(12, min(48, int(width_in / 0.105) - len(subtitle) - 6)))
    figure.text(
        left, 1.0 - 0.69 / height_in, f"{name}  ·  {subtitle}" if subtitle else name, fontsize=12.5, va="center"
    )
    if result.header.source == "simulated":
        figure.text(
            1.0 - 0.35 / width_in,
            1.0 - 0.36 / height_in,
            SIMULATED,
            fontsize=15,
            fontweight="bold",
            ha="right",
            va="center",
            bbox={
                "boxstyle": "square,pad=0.4",
                "facecolor": style.SIMULATED_PAPER,
                "edgecolor": style.INK,
                "linewidth": 2.0,
            },
        )
    return figure


def colour_bar(
    figure: Figure,
    drawn: Sequence[Axes],
    image: AxesImage,
    quantity: str,
    units: str,
    *,
    right_in: float | None = None,
) -> None:
    """Colour bar right of the maps it belongs to, or of a place, and as tall as the maps are together.

    Parameters
    ----------
    figure
        The sheet.
    drawn
        Axes of the maps, at their final places.
    image
        Any of the maps: they share one scale.
    quantity, units
        What the colours mean.
    right_in
        Left of which the bar must not stand, inches; by default the right edge of the maps.
    """
    for axes in drawn:
        axes.apply_aspect()
    boxes = [axes.get_position() for axes in drawn]
    right, low, high = max(box.x1 for box in boxes), min(box.y0 for box in boxes), max(box.y1 for box in boxes)
    across, _ = figure.get_size_inches()
    if right_in is not None:
        right = max(right, right_in / across)
    bar = figure.add_axes((right + 0.18 / across, low, 0.2 / across, high - low))
    bar.set_zorder(-1.0)  # a tag that reaches past the map stays in front
    figure.colorbar(image, cax=bar, extend="max")
    power = style.power_of_ten(float(image.get_clim()[1] or 0.0))
    tall_in = (high - low) * figure.get_size_inches()[1]
    ticks = _spaced_ticks(image, tall_in)
    bar.yaxis.set_major_locator(FixedLocator(ticks))
    bar.yaxis.set_major_formatter(FuncFormatter(lambda value, _: style.number_words(value / 10.0**power)))
    label = f"{quantity} ({style.scaled_units(power, units)})"
    bar.yaxis.set_minor_locator(NullLocator())
    bar.set_ylabel(label if tall_in > 4.0 else label.replace(" (", "\n("), labelpad=8)


def flat_colour_bar(
    figure: Figure, image: AxesImage, corner_in: tuple[float, float], quantity: str, units: str
) -> None:
    """Lying colour bar with its upper left corner at a place, for maps too low to have one at their side.

    Parameters
    ----------
    figure
        The sheet.
    image
        The map.
    corner_in
        Upper left corner from the lower left corner of the sheet, inches.
    quantity, units
        What the colours mean.
    """
    wide_in = 3.6
    bar = inch_axes(figure, corner_in[0], corner_in[1] - 0.2, wide_in, 0.2)
    figure.colorbar(image, cax=bar, extend="max", orientation="horizontal")
    power = style.power_of_ten(float(image.get_clim()[1] or 0.0))
    bar.xaxis.set_major_locator(FixedLocator(_spaced_ticks(image, wide_in, 0.42)))
    bar.xaxis.set_major_formatter(FuncFormatter(lambda value, _: style.number_words(value / 10.0**power)))
    bar.xaxis.set_minor_locator(NullLocator())
    across, up = figure.get_size_inches()
    label = f"{quantity} ({style.scaled_units(power, units)})"
    figure.text((corner_in[0] + wide_in + 0.2) / across, (corner_in[1] - 0.1) / up, label, va="center")


def _spaced_ticks(image: AxesImage, tall_in: float, apart_in: float = 0.24) -> list[float]:
    """Round values of a colour scale, from the top down, none so near the last that their numbers would touch."""
    limit = float(image.get_clim()[1] or 1.0)
    step = nice_step(limit, 6)
    values = np.append(step * np.arange(int(limit / step * (1.0 - 1e-9)) + 1), limit)
    heights_in = tall_in * np.asarray(image.norm(values), dtype=np.float64)
    kept = [values.size - 1]
    for index in range(values.size - 2, -1, -1):
        if heights_in[kept[-1]] - heights_in[index] > apart_in:
            kept.append(index)
    return [float(values[index]) for index in reversed(kept)]
