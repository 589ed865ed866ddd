"""What maps are made of: exact cells, hatched ground, track, contours, cross-hair, scale bar, lane arrow.

Panels are in centimetres. Every function draws on the panel it is given and returns nothing but what it made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from dualsense.language import say
from dualsense.render._canvas.axes import draw_frame, draw_x_axis, draw_y_axis, even_ticks
from dualsense.render._canvas.colours import Scale
from dualsense.render._canvas.contours import contour_lines
from dualsense.render._canvas.marks import Paper
from dualsense.render._figures import style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.render._canvas.canvas import Canvas, Panel
    from dualsense.render._canvas.marks import Stamp
    from dualsense.result import Grid, Image

Extent = tuple[float, float, float, float]
Lines = list[list["NDArray[np.float64]"]]
NOISE_CONTOUR = 1.0
STRIP_LEAST_IN = 4.2
ARROW_PT = (13.0, 7.2)
TRACK_PT = (1.7, 0.7)
MOST_TRACK = 0.35
HATCH_APART_IN = {"none": 1.0 / 12.0, "one": 1.0 / 3.0, "small": 1.0 / 6.0}


def axis_edges_cm(centres_m: NDArray[np.float64], cell_m: float) -> tuple[float, float]:
    """Outer edges in centimetres of cells whose centres in metres are given."""
    return 100.0 * (float(centres_m[0]) - 0.5 * cell_m), 100.0 * (float(centres_m[-1]) + 0.5 * cell_m)


def depth_edges_cm(depth_m: NDArray[np.float64]) -> tuple[float, float]:
    """Outer edges in centimetres of even depths; a single one counts as a centimetre thick."""
    return axis_edges_cm(depth_m, float(depth_m[1] - depth_m[0]) if depth_m.size > 1 else 0.01)


def extent_cm(grid: Grid) -> Extent:
    """Outer edges of a grid in centimetres: left, right, bottom, top."""
    return (*axis_edges_cm(grid.x_m, grid.cell_m), *axis_edges_cm(grid.y_m, grid.cell_m))


def nice_step(span: float, parts: int) -> float:
    """Round step (1, 2 or 5 times a power of ten) that divides a span into about so many parts, never more."""
    rough = span / max(parts, 1)
    power = 10.0 ** np.floor(np.log10(rough))
    return float(next(step * power for step in (1.0, 2.0, 5.0, 10.0) if step * power >= rough * (1.0 - 1e-9)))


def map_panel(
    sheet: Canvas, corner_in: tuple[float, float], size_in: tuple[float, float], extent: Extent
) -> Panel:
    """Panel of a map with its frame, as large as the aspect of the ground allows, in the middle of a place.

    Parameters
    ----------
    sheet
        To draw on.
    corner_in, size_in
        Lower left corner, width and height of the place, inches.
    extent
        Outer edges: left, right, bottom, top, cm; top below bottom turns the axis over.
    """
    across, up = abs(extent[1] - extent[0]), abs(extent[3] - extent[2])
    scale = min(size_in[0] / across, size_in[1] / up)
    wide, tall = across * scale, up * scale
    corner = (corner_in[0] + 0.5 * (size_in[0] - wide), corner_in[1] + 0.5 * (size_in[1] - tall))
    panel = sheet.panel(corner, (wide, tall), extent)
    draw_frame(panel)
    return panel


def centimetre_axes(
    panel: Panel,
    x_label: str = "",
    y_label: str = "",
    *,
    x_numbers: bool = True,
    y_numbers: bool = True,
    y_apart_in: float = 0.5,
) -> None:
    """Round centimetre ticks at the axes of a panel.

    Parameters
    ----------
    panel
        The ticks are spaced for its size.
    x_label, y_label
        Names of the axes, none by default.
    x_numbers, y_numbers
        Whether the numbers are shown.
    y_apart_in
        Least distance of the numbers at the side, inches.
    """
    left, right, bottom, top = panel.limits
    width_in, height_in = panel.size_in
    x_step = nice_step(abs(right - left), max(2, int(width_in / 0.62)))
    y_step = nice_step(abs(top - bottom), max(2, int(height_in / y_apart_in)))
    draw_x_axis(panel, even_ticks(left, right, x_step), x_label, numbers=x_numbers)
    draw_y_axis(panel, even_ticks(bottom, top, y_step), y_label, numbers=y_numbers)


def scaled(limit: float, gamma: float) -> Scale:
    """Colour scale from nothing to a limit, lifted by a power so that weak echoes are seen beside strong ones."""
    return Scale(0.0, limit, gamma)


def draw_unmeasured(
    panel: Panel, extent: Extent, mask: NDArray[np.bool_], sensors: Literal["none", "one", "small"] = "none"
) -> None:
    """Hatch the true cells: grey where no sensor measured, lines alone over what one sensor saw.

    Lines that fall to the right lie where both sensors measured, and small mines would not surely have been found.

    Parameters
    ----------
    panel
        To draw on.
    extent
        Outer edges of the cells: left, right, bottom, top.
    mask : (rows, columns) bool
        Row 0 lies at the bottom.
    sensors
        How many sensors measured the true cells; "small" where both did, and that did not do.
    """
    if not mask.any():
        return
    none = sensors == "none"
    panel.draw_hatch(
        mask,
        extent,
        ground=style.UNMEASURED if none else None,
        lines=style.UNMEASURED_LINES if none else style.ONE_SENSOR_LINES,
        apart_in=HATCH_APART_IN[sensors],
        falling=sensors == "small",
    )


def draw_track(panel: Panel, track_m: NDArray[np.float64]) -> bool:
    """Track of the head, a thin line that shows on dark and on bright; NaN rows break it.

    Returns
    -------
    bool
        False, and nothing drawn, where its lines lie so close that they would hide the map.
    """
    line = 100.0 * track_m[:, :2]
    if len(line) < 2:
        return True
    width_px = panel.points_px(TRACK_PT[0])
    step_px = np.hypot(*np.diff(np.stack(panel.at(line[:, 0], line[:, 1])), axis=1))
    across_px, up_px = (panel.dpi * size for size in panel.size_in)
    if width_px * float(np.nansum(step_px)) > MOST_TRACK * across_px * up_px:
        return False
    looks = tuple(zip(TRACK_PT, (style.INK, style.PAPER), (0.53, 0.75), strict=True))
    panel.draw_strokes([line], looks, level=3.0)
    return True


def contour_levels(image: Image, limit: float) -> tuple[float, ...]:
    """Metal contours, a factor of four apart, or of ten where that would be more than four.

    A map in standard deviations of the noise of one reading, which is dimensionless, has its lowest contour at one
    of them: a cell averages some twenty readings, so that is four to five times its own noise. Any other map has
    contours at fixed parts of the colour limit, whatever its noise.
    """
    values = np.abs(image.values[np.isfinite(image.values)])
    highest = float(values.max(initial=0.0))
    if image.units == "1":
        factor = 4.0 if highest < NOISE_CONTOUR * 4.0**4 else 10.0
        levels = tuple(NOISE_CONTOUR * factor**step for step in range(6))
    else:
        levels = (limit / 64.0, limit / 16.0, limit / 4.0, 0.7 * limit)
    return tuple(level for level in levels if level < highest)


def metal_lines_cm(image: Image, levels: Sequence[float]) -> Lines:
    """Contours of the metal map as lines (n, 2) of x and y in centimetres, a list of lines for each level.

    A contour stops where the map was not measured.
    """
    grid, values = image.grid, np.abs(image.values).astype(np.float64)
    corner_cm = 100.0 * np.array([grid.x_m[0], grid.y_m[0]])
    return [
        [corner_cm + 100.0 * grid.cell_m * line[:, ::-1] for line in contour_lines(values, level)]
        for level in levels
    ]


def contour_marks(panel: Panel, lines: Lines, *, width: float = 1.8) -> list[Stamp]:
    """Contours of the metal map for a panel: white on black, thicker the higher.

    Parameters
    ----------
    panel
        Of a map in centimetres.
    lines
        Of each level, increasing, from `metal_lines_cm`.
    width
        Of the lines in points, before they are made thicker with the level.
    """
    black = [(level, width * 2.1) for level in lines]
    white = [(level, width * (0.8 + 0.25 * step)) for step, level in enumerate(lines)]
    return [panel.stamp(chosen, colour) for chosen, colour in ((black, style.INK), (white, style.PAPER)) if chosen]


def draw_metal_contours(panel: Panel, marks: Sequence[Stamp]) -> None:
    """Draw the contours of `contour_marks` on a panel as large and with the same limits as theirs."""
    for mark in marks:
        panel.add(panel.moved(mark), 4.0)


def draw_crosshair(panel: Panel, x_cm: float, y_cm: float, gap_pt: float = 17.0) -> None:
    """Lines through a point from edge to edge, open around it so that they never cover the find.

    Parameters
    ----------
    panel
        Of a map in centimetres.
    x_cm, y_cm
        The point.
    gap_pt
        Half of the opening, points.
    """
    left, right, bottom, top = panel.limits
    gap_cm = gap_pt / (panel.size_in[0] * 72.0) * (right - left)
    downwards = -1.0 if top < bottom else 1.0
    lines = [
        np.array(ends)
        for ends in (
            ((left, y_cm), (x_cm - gap_cm, y_cm)),
            ((x_cm + gap_cm, y_cm), (right, y_cm)),
            ((x_cm, bottom), (x_cm, y_cm - downwards * gap_cm)),
            ((x_cm, y_cm + downwards * gap_cm), (x_cm, top)),
        )
    ]
    for colour, width_pt in ((style.INK, 2.8), (style.PAPER, 1.2)):
        panel.draw_lines(lines, width_pt=width_pt, colour=colour, level=6.0)


def draw_scale_strip(
    sheet: Canvas,
    panel: Panel,
    *,
    below_in: float,
    right_panel: Panel | None = None,
    heading: str | None = None,
) -> None:
    """Lane arrow and scale bar in a strip under a map, where they cover no ground.

    Parameters
    ----------
    sheet, panel
        The bar has the scale of the map.
    below_in
        Distance of the strip's middle below the map, inches.
    right_panel
        The strip ends where this one ends; by default where the map ends.
    heading
        What the arrow to the right points to; the lane direction by default.
    """
    left_in, low_in = panel.box[0] / sheet.dpi, panel.box[1] / sheet.dpi
    end_in = max((right_panel or panel).box[2] / sheet.dpi, left_in + STRIP_LEAST_IN)
    width_in, height_in = end_in - left_in, 0.4
    strip = sheet.panel((left_in, low_in - below_in - 0.2), (width_in, height_in), (0.0, width_in, 0.0, 1.0))
    left, right, _, _ = panel.limits
    length_cm = nice_step(right - left, 6)
    half_in = 0.5 * length_cm * panel.size_in[0] / (right - left)
    start_in = width_in - 2.0 * half_in
    for place_in, colour in ((start_in, style.INK), (start_in + half_in, style.PAPER)):
        strip.draw_box((place_in, place_in + half_in, 0.32, 0.62), colour, style.INK, 1.0, 1.0)
    strip.write(start_in - 0.1, 0.47, say("{length} cm", length=f"{length_cm:g}"), across="right", cut="bold")
    long, half = strip.points_px(ARROW_PT[0]), strip.points_px(ARROW_PT[1])
    shaft = np.array([[0.0, 0.47], [0.8 - 0.5 * long / sheet.dpi, 0.47]])
    strip.draw_lines([shaft], width_pt=2.6, colour=style.INK, level=1.0, cap="butt")
    column, row = (float(value) for value in strip.at(0.8, 0.47))
    corners = np.array([(column, row), (column - long, row + half), (column - long, row - half)])
    strip.draw_polygon(corners, style.INK, 1.0)
    strip.write(0.9, 0.47, heading or say("lane direction (+x)"), cut="bold")


HEIGHTS = (0.5, 0.84, 0.16)
"""Of a message in a picture, from below."""


def draw_message(
    panel: Panel, text: str, *, size_pt: float = 17.0, beside: Sequence[tuple[float, float]] = ()
) -> None:
    """Sentence in a picture that would otherwise be blank: in its middle, or where it covers no place.

    Parameters
    ----------
    panel
        To draw on.
    text
        Of one line or two.
    size_pt
        Of the letters.
    beside
        Places x, y in the panel's own unit that must not be covered.
    """
    left, right, bottom, top = panel.limits
    paper = Paper(style.MISSING_PAPER, style.SUSPECT, 3.0, 0.7)
    parts = [(y - bottom) / (top - bottom) for _, y in beside]
    best = max(HEIGHTS, key=lambda at: min((abs(at - part) for part in parts), default=1.0))
    middle = (0.5 * (left + right), bottom + best * (top - bottom))
    panel.write(*middle, text, size_pt=size_pt, cut="bold", across="center", spacing=1.5, paper=paper, level=20.0)


def draw_missing(panel: Panel, message: str) -> None:
    """Say in the middle of a hatched map that a sensor tells nothing of this ground, and why."""
    subject, _, rest = message.partition(" — ")
    draw_message(panel, f"{subject.upper()}\n{rest[:1].upper()}{rest[1:]}." if rest else subject.upper())
