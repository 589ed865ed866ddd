"""What maps are made of: exact cells, hatched ground, track, contours, cross-hair, scale bar, lane arrow.

Axes are in centimetres. Every function draws on the axes it is given and returns nothing but what it made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib.colors import Normalize, PowerNorm
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import MultipleLocator

from dualsense.render._figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from numpy.typing import NDArray

    from dualsense.result import Grid, Image

Extent = tuple[float, float, float, float]
NOISE_CONTOUR = 1.0
STRIP_LEAST_IN = 4.2
HATCHES = {"none": "////", "one": "/"}


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


def inch_axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Axes at a place given in inches from the lower left corner of the figure.

    Parameters
    ----------
    figure
        The sheet.
    left, bottom
        Lower left corner of the axes, inches.
    width, height
        Of the axes, inches.
    """
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def centimetre_axes(axes: Axes, extent: Extent, *, x_label: str = "", y_label: str = "") -> None:
    """Equal aspect and round centimetre ticks over an extent.

    Parameters
    ----------
    axes
        Must have their final size: the ticks are spaced for it.
    extent
        Outer edges: left, right, bottom, top, cm; top below bottom turns the axis over.
    x_label, y_label
        Names of the axes, none by default.
    """
    left, right, bottom, top = extent
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal", adjustable="box")
    box = axes.get_window_extent()
    width_in, height_in = box.width / style.DPI, box.height / style.DPI
    axes.xaxis.set_major_locator(MultipleLocator(nice_step(right - left, max(2, int(width_in / 0.62)))))
    axes.yaxis.set_major_locator(MultipleLocator(nice_step(abs(top - bottom), max(2, int(height_in / 0.5)))))
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)


def norm(limit: float, gamma: float) -> Normalize:
    """Colour scale from nothing to a limit, lifted by a power so that weak echoes are seen beside strong ones."""
    return PowerNorm(gamma, vmin=0.0, vmax=limit, clip=True)


def draw_cells(
    axes: Axes,
    extent: Extent,
    values: NDArray[Any],
    *,
    colours: str,
    scale: Normalize,
    aspect: Literal["equal", "auto"] = "equal",
) -> AxesImage:
    """Cells as they are: no smoothing, edges exactly on the extent, NaN left out.

    Parameters
    ----------
    axes
        To draw on.
    extent
        Outer edges of the cells: left, right, bottom, top.
    values : (rows, columns)
        Row 0 lies at the bottom.
    colours
        Name of the colour map.
    scale
        From values to colours, see `norm`.
    aspect
        "auto" lets the axes stretch the cells.
    """
    return axes.imshow(
        np.ma.masked_invalid(values),
        extent=extent,
        origin="lower",
        interpolation="nearest",
        resample=False,
        cmap=colours,
        norm=scale,
        aspect=aspect,
        zorder=1,
    )


def mask_outline(mask: NDArray[np.bool_], extent: Extent) -> Outline | None:
    """Outline exactly the true cells of a mask: a rectangle per run of a row, rows alike joined.

    Parameters
    ----------
    mask : (rows, columns) bool
        Row 0 lies at ``extent[2]``.
    extent
        Outer edges: left, right, bottom, top.
    """
    rows, columns = mask.shape
    x = np.linspace(extent[0], extent[1], columns + 1)
    y = np.linspace(extent[2], extent[3], rows + 1)
    open_runs: dict[tuple[int, int], int] = {}
    boxes: list[tuple[int, int, int, int]] = []
    padded = np.zeros(columns + 2, dtype=np.int8)
    for row in range(rows + 1):
        runs: set[tuple[int, int]] = set()
        if row < rows:
            padded[1:-1] = mask[row]
            steps = np.flatnonzero(np.diff(padded))
            runs = {(int(start), int(stop)) for start, stop in zip(steps[::2], steps[1::2], strict=True)}
        ended = [run for run in open_runs if run not in runs]
        boxes.extend((*run, open_runs.pop(run), row) for run in ended)
        for run in runs:
            open_runs.setdefault(run, row)
    if not boxes:
        return None
    vertices = [
        (x[column], y[row])
        for left, right, low, high in sorted(boxes)
        for column, row in ((left, low), (right, low), (right, high), (left, high), (left, low))
    ]
    codes = [Outline.MOVETO, Outline.LINETO, Outline.LINETO, Outline.LINETO, Outline.CLOSEPOLY] * len(boxes)
    return Outline(vertices, codes)


def draw_unmeasured(
    axes: Axes, extent: Extent, mask: NDArray[np.bool_], sensors: Literal["none", "one"] = "none"
) -> None:
    """Hatch the true cells: grey where no sensor measured, lines alone over what one sensor saw.

    Parameters
    ----------
    axes
        To draw on.
    extent
        Outer edges of the cells: left, right, bottom, top.
    mask : (rows, columns) bool
        Row 0 lies at the bottom.
    sensors
        How many sensors measured the true cells.
    """
    outline = mask_outline(mask, extent)
    if outline is None:
        return
    hatched = PathPatch(
        outline,
        fill=sensors == "none",
        facecolor=style.UNMEASURED,
        edgecolor=style.UNMEASURED_LINES if sensors == "none" else style.ONE_SENSOR_LINES,
        hatch=HATCHES[sensors],
        linewidth=0.0,
        zorder=2,
    )
    # Not add_patch, which would measure every rectangle for limits that are set already.
    axes.add_artist(hatched)


def draw_track(axes: Axes, track_m: NDArray[np.float64]) -> None:
    """Track of the head, a thin line that shows on dark and on bright; NaN rows break it."""
    axes.plot(
        100.0 * track_m[:, 0],
        100.0 * track_m[:, 1],
        color=style.PAPER,
        linewidth=0.7,
        alpha=0.75,
        zorder=3,
        path_effects=[Stroke(linewidth=1.7, foreground="#00000088"), Normal()],
        scalex=False,
        scaley=False,
    )


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


def draw_metal_contours(axes: Axes, image: Image, levels: tuple[float, ...], *, width: float = 1.8) -> None:
    """Contours of the metal map: white on black, thicker the higher.

    Parameters
    ----------
    axes
        Of a map in centimetres.
    image
        The metal map; NaN interrupts the contours.
    levels
        In its units, increasing, see `contour_levels`.
    width
        Of the lines in points, before they are made thicker with the level.
    """
    if not levels or min(image.values.shape) < 2:
        return
    axes.contour(
        100.0 * image.grid.x_m,
        100.0 * image.grid.y_m,
        np.ma.masked_invalid(np.abs(image.values)),
        levels=levels,
        colors=style.PAPER,
        linewidths=[width * (0.8 + 0.25 * step) for step in range(len(levels))],
        zorder=4,
    ).set(path_effects=[Stroke(linewidth=width * 2.1, foreground=style.INK), Normal()])


def draw_crosshair(axes: Axes, x_cm: float, y_cm: float, gap_pt: float = 17.0) -> None:
    """Lines through a point from edge to edge, open around it so that they never cover the find.

    Parameters
    ----------
    axes
        Must have their final size and limits.
    x_cm, y_cm
        The point.
    gap_pt
        Half of the opening, points.
    """
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    width_pt = axes.get_window_extent().width / style.DPI * 72.0
    gap_cm = gap_pt / width_pt * (right - left)
    effects = [Stroke(linewidth=2.8, foreground=style.INK), Normal()]
    downwards = -1.0 if top < bottom else 1.0
    for across, up in (
        ((left, x_cm - gap_cm), (y_cm, y_cm)),
        ((x_cm + gap_cm, right), (y_cm, y_cm)),
        ((x_cm, x_cm), (bottom, y_cm - downwards * gap_cm)),
        ((x_cm, x_cm), (y_cm + downwards * gap_cm, top)),
    ):
        axes.plot(across, up, color=style.PAPER, linewidth=1.2, zorder=6, path_effects=effects)


def draw_scale_strip(
    figure: Figure,
    axes: Axes,
    *,
    below_in: float,
    right_axes: Axes | None = None,
    heading: str = "lane direction (+x)",
) -> None:
    """Lane arrow and scale bar in a strip under a map, where they cover no ground.

    Parameters
    ----------
    figure, axes
        The map must have its final place; the bar has its scale.
    below_in
        Distance of the strip's middle below the map, inches.
    right_axes
        The strip ends where these axes end; by default where the map ends.
    heading
        What the arrow to the right points to.
    """
    axes.apply_aspect()
    box = axes.get_position()
    across, _ = figure.get_size_inches()
    left_in, height_in = box.x0 * across, 0.4
    end_in = max((right_axes or axes).get_position().x1 * across, left_in + STRIP_LEAST_IN)
    bottom_in = box.y0 * figure.get_size_inches()[1] - below_in - 0.5 * height_in
    strip = inch_axes(figure, left_in, bottom_in, end_in - left_in, height_in)
    strip.set_xlim(0.0, end_in - left_in)
    strip.set_ylim(0.0, 1.0)
    strip.set_axis_off()
    left, right = axes.get_xlim()
    length_cm = nice_step(right - left, 6)
    length_in = length_cm * box.width * across / (right - left)
    start_in = end_in - left_in - length_in
    half_in = 0.5 * length_in
    for place_in, colour in ((start_in, style.INK), (start_in + half_in, style.PAPER)):
        box_patch = Rectangle((place_in, 0.32), half_in, 0.3, facecolor=colour, edgecolor=style.INK, clip_on=False)
        strip.add_patch(box_patch)
    strip.text(start_in - 0.1, 0.47, f"{length_cm:g} cm", ha="right", va="center", fontweight="bold")
    arrow = {"arrowstyle": "-|>,head_width=0.45,head_length=0.8", "linewidth": 2.6, "color": style.INK}
    strip.annotate("", xy=(0.8, 0.47), xytext=(0.0, 0.47), arrowprops=arrow)
    strip.text(0.9, 0.47, heading, ha="left", va="center", fontweight="bold")


def draw_message(axes: Axes, text: str, *, size: float = 17.0) -> None:
    """Sentence in the middle of a picture that would otherwise be blank."""
    axes.text(
        0.5,
        0.5,
        text,
        transform=axes.transAxes,
        ha="center",
        va="center",
        fontsize=size,
        fontweight="bold",
        linespacing=1.5,
        zorder=20,
        bbox={
            "boxstyle": "square,pad=0.7",
            "facecolor": style.MISSING_PAPER,
            "edgecolor": style.SUSPECT,
            "linewidth": 3.0,
        },
    )


def draw_missing(axes: Axes, message: str) -> None:
    """Say in the middle of a hatched map that a sensor tells nothing of this ground, and why."""
    subject, _, rest = message.partition(" — ")
    draw_message(axes, f"{subject.upper()}\n{rest[:1].upper()}{rest[1:]}." if rest else subject.upper())
