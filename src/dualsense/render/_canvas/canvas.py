"""A sheet and the panels on it: places in inches, lines in points, and in a panel the units of its axes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dualsense.render._canvas import coverage
from dualsense.render._canvas.marks import INK, Bar, Cells, Hatch, Mark, Shapes, Stamp, Words
from dualsense.render._canvas.paint import cells_per_pixel, painted
from dualsense.render._canvas.png import LEVEL, png_bytes
from dualsense.render._canvas.stencil import shape_stencil

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.render._canvas.colours import Scale
    from dualsense.render._canvas.font import Cut
    from dualsense.render._canvas.marks import Across, Box, Paper, Together, Up
    from dualsense.render._canvas.stencil import Stencil

POINTS_IN = 72.0
HATCH_PT = 1.1
ROUNDING = 1e-6
THIN_PX = 0.15
EVERYWHERE: Box = (-1e9, -1e9, 1e9, 1e9)
Cap = Literal["butt", "projecting"]


@dataclass(eq=False)
class Canvas:
    """A sheet that remembers its marks.

    Attributes
    ----------
    width_in, height_in, dpi
        Size of the sheet, and pixels for each inch.
    panels
        In the order in which they were opened.
    words
        Text outside of the panels, which lies over them.
    """

    width_in: float
    height_in: float
    dpi: float
    panels: list[Panel] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return int(self.width_in * self.dpi + ROUNDING), int(self.height_in * self.dpi + ROUNDING)

    @property
    def texts(self) -> list[Words]:
        """Everything that is written, in panels and outside."""
        return [text for panel in self.panels for text in panel.texts] + self.words

    @property
    def maps(self) -> list[Panel]:
        """Panels that show cells, colour bars left out."""
        return [panel for panel in self.panels if panel.cells and not panel.is_bar]

    @property
    def bars(self) -> list[Panel]:
        """Panels that are colour bars."""
        return [panel for panel in self.panels if panel.is_bar]

    def cells_per_dot(self) -> tuple[int, int]:
        """Most rows and columns of cells that one pixel of a map stands for."""
        found = [cells_per_pixel(c.values.shape, c.edges) for panel in self.maps for c in panel.cells]
        return max((rows for rows, _ in found), default=1), max((columns for _, columns in found), default=1)

    def panel(
        self, corner_in: tuple[float, float], size_in: tuple[float, float], limits: Box, *, is_bar: bool = False
    ) -> Panel:
        """Open a panel.

        Parameters
        ----------
        corner_in
            Lower left corner from the lower left corner of the sheet.
        size_in
            Width and height.
        limits
            What its edges mean: left, right, bottom, top.
        is_bar
            Whether it is a colour bar, which lies under all other panels.
        """
        # A corner of pixels, so that equal panels have equal pixels.
        left, bottom = round(self.dpi * corner_in[0]), round(self.dpi * corner_in[1])
        box = (left, bottom, left + self.dpi * size_in[0], bottom + self.dpi * size_in[1])
        opened = Panel(self.dpi, box, limits, is_bar)
        self.panels.append(opened)
        return opened

    def write(self, x_in: float, y_in: float, text: str, **look: Any) -> None:
        """Write on the sheet; see `worded`."""
        if text:
            self.words.append(worded(self.dpi, self.dpi * x_in, self.dpi * y_in, text, **look))

    def marks(self) -> list[Mark]:
        """All marks in the order in which they are painted."""
        ordered = [panel for panel in self.panels if panel.is_bar] + [p for p in self.panels if not p.is_bar]
        return [mark for panel in ordered for mark in panel.marks()] + list[Mark](self.words)

    def pixels(self) -> NDArray[np.uint8]:
        """Paint the picture, (height, width, 3), the top row first."""
        return painted(self.marks(), *self.size_px)

    def png_bytes(self, level: int = LEVEL) -> bytes:
        """Picture as PNG, packed as `png.png_bytes` has it."""
        return png_bytes(self.pixels(), self.dpi, level)


def worded(
    dpi: float,
    x: float,
    y: float,
    text: str,
    *,
    size_pt: float = 13.0,
    cut: Cut = "regular",
    across: Across = "left",
    up: Up = "center",
    turned: bool = False,
    spacing: float = 1.2,
    paper: Paper | None = None,
) -> Words:
    """Words at a place in pixels, with their size in points.

    Parameters
    ----------
    dpi
        Pixels for each inch.
    x, y
        The anchor.
    text
        One line or several.
    size_pt, cut
        Of the font.
    across, up, turned, spacing, paper
        See `Words`; the width of the paper's edge is in points here.
    """
    if paper is not None:
        paper = replace(paper, line_px=paper.line_px * dpi / POINTS_IN)
    return Words(text, x, y, size_pt * dpi / POINTS_IN, cut, across, up, turned, spacing, INK, paper)


@dataclass(eq=False)
class Panel:
    """A rectangle of the sheet with axes of its own.

    What is drawn with a higher level lies over what has a lower one, equal levels in the order of drawing.

    Attributes
    ----------
    dpi
        Pixels for each inch.
    box
        Left, bottom, right and top edge, pixels from the lower left corner of the sheet.
    limits
        What the edges mean: left, right, bottom, top.
    is_bar
        Whether it is a colour bar.
    title, x_label, y_label
        What `frame` wrote there.
    x_ticks, y_ticks
        Numbers at the axes that are shown.
    """

    dpi: float
    box: Box
    limits: Box
    is_bar: bool = False
    title: str = ""
    x_label: str = ""
    y_label: str = ""
    x_ticks: tuple[str, ...] = ()
    y_ticks: tuple[str, ...] = ()
    levels: list[tuple[float, Mark]] = field(default_factory=list)

    @property
    def size_in(self) -> tuple[float, float]:
        """Width and height on the sheet."""
        return (self.box[2] - self.box[0]) / self.dpi, (self.box[3] - self.box[1]) / self.dpi

    @property
    def texts(self) -> list[Words]:
        """Everything that is written in the panel and at its axes."""
        return [mark for _, mark in self.levels if isinstance(mark, Words)]

    @property
    def cells(self) -> list[Cells]:
        """Maps that are shown."""
        return [mark for _, mark in self.levels if isinstance(mark, Cells)]

    def marks(self) -> list[Mark]:
        """All marks in the order in which they are painted."""
        return [mark for _, mark in sorted(self.levels, key=lambda pair: pair[0])]

    def points_px(self, points_pt: float) -> float:
        """Length in pixels of one in points."""
        return points_pt * self.dpi / POINTS_IN

    def at(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Place in pixels of a place in the units of the axes."""
        left, right, bottom, top = self.limits
        column = self.box[0] + (np.asarray(x) - left) / (right - left) * (self.box[2] - self.box[0])
        row = self.box[1] + (np.asarray(y) - bottom) / (top - bottom) * (self.box[3] - self.box[1])
        return column, row

    def edges_px(self, extent: Box) -> Box:
        """Left, bottom, right and top in pixels of edges given as left, right, bottom, top of the axes."""
        left, bottom = self.at(extent[0], extent[2])
        right, top = self.at(extent[1], extent[3])
        return float(left), float(bottom), float(right), float(top)

    def add(self, mark: Mark, level: float) -> None:
        """Put a mark on a level."""
        self.levels.append((level, mark))

    def draw_cells(
        self, values: NDArray[Any], extent: Box, scale: Scale, colours: str, together: Together = "greatest"
    ) -> Cells:
        """Draw values as cells, row 0 at ``extent[2]``; see `Cells`."""
        cells = Cells(values, self.edges_px(extent), extent, scale, colours, together, self.box)
        self.add(cells, 1.0)
        return cells

    def draw_hatch(
        self,
        mask: NDArray[np.bool_],
        extent: Box,
        *,
        ground: str | None,
        lines: str,
        apart_in: float,
        level: float = 2.0,
        falling: bool = False,
    ) -> None:
        """Hatch the true cells; see `Hatch`."""
        width_px = self.points_px(HATCH_PT)
        edges = self.edges_px(extent)
        self.add(Hatch(mask, edges, ground, lines, apart_in * self.dpi, width_px, self.box, falling), level)

    def draw_lines(
        self,
        lines: Sequence[NDArray[np.float64]],
        *,
        width_pt: float,
        colour: str,
        level: float,
        alpha: float = 1.0,
        cap: Cap = "projecting",
        clipped: bool = True,
    ) -> None:
        """Draw lines (n, 2) in the units of the axes; NaN rows break them, equal ends close them.

        Parameters
        ----------
        lines
            Points x, y.
        width_pt, colour, alpha
            Of the lines.
        level
            See `Panel`.
        cap
            Whether open lines end where they end, or half their width beyond.
        clipped
            Whether the lines end at the edges of the panel.
        """
        look = ((width_pt, colour, alpha),)
        self.draw_strokes(lines, look, level=level, cap=cap, clipped=clipped)

    def draw_strokes(
        self,
        lines: Sequence[NDArray[np.float64]],
        looks: Sequence[tuple[float, str, float]],
        *,
        level: float,
        cap: Cap = "projecting",
        clipped: bool = True,
    ) -> None:
        """Draw lines several times over each other, each time with a width in points, a colour and an alpha.

        Parameters
        ----------
        lines, level, cap, clipped
            See `draw_lines`.
        looks
            The lowest first.
        """
        window = self.box if clipped else EVERYWHERE
        placed = [np.column_stack(self.at(line[:, 0], line[:, 1])) for line in lines]
        opaque = all(alpha == 1.0 for _, _, alpha in looks)
        straight = [opaque and len(line) == 2 and bool((line[0] == line[1]).any()) for line in placed]
        widest = self.points_px(max(width_pt for width_pt, _, _ in looks))
        curved = [line for line, is_straight in zip(placed, straight, strict=True) if not is_straight]
        runs = [run for line in curved for run in coverage.visible(line, window, widest)]
        runs = [coverage.thinned(run, THIN_PX) for run in runs]
        for width_pt, colour, alpha in looks:
            width_px = self.points_px(width_pt)
            for line, is_straight in zip(placed, straight, strict=True):
                if is_straight:
                    self._draw_straight(line, width_px, colour, level, cap, window)
            polygons = [polygon for run in runs for polygon in _stroked(run, width_px, cap)]
            if polygons:
                self.add(Shapes(polygons, colour, alpha, window), level)

    def stamp(self, lines: Sequence[tuple[Sequence[NDArray[np.float64]], float]], colour: str) -> Stamp:
        """Mark of lines (n, 2) in the units of the axes, each group with its width in points, for `moved`."""
        window = self.box
        polygons: list[NDArray[np.float64]] = []
        for group, width_pt in lines:
            width_px = self.points_px(width_pt)
            for line in group:
                placed = np.column_stack(self.at(line[:, 0], line[:, 1]))
                polygons += _stroked(coverage.thinned(placed, THIN_PX), width_px, "butt")
        low = np.array([window[0], window[1]])
        flipped = [(stack - low) * (1.0, -1.0) for stack in polygons]
        stencil = shape_stencil(flipped, (0.0, window[1] - window[3], window[2] - window[0], 0.0))
        return Stamp(stencil, int(window[0]), int(window[1]), colour, window)

    def moved(self, mark: Stamp) -> Stamp:
        """Mark of a panel of the same size and limits, on this one."""
        return Stamp(mark.stencil, int(self.box[0]), int(self.box[1]), mark.colour, self.box)

    def _draw_straight(
        self, ends: NDArray[np.float64], width_px: float, colour: str, level: float, cap: Cap, window: Box
    ) -> None:
        """Draw an upright or lying line in whole pixels, so that it is sharp."""
        low, high = ends.min(axis=0), ends.max(axis=0)
        thick = max(1, round(width_px))
        reach = 0.5 * width_px if cap == "projecting" else 0.0
        box = []
        for axis in (0, 1):
            if high[axis] > low[axis]:
                box.append((round(low[axis] - reach), round(high[axis] + reach)))
            else:
                start = round(low[axis] - 0.5 * thick)
                box.append((start, start + thick))
        (left, right), (bottom, top) = box
        self.add(Bar((left, bottom, right, top), colour, window), level)

    def draw_stencil(self, stencil: Stencil, x: float, y: float, colour: str, level: float) -> None:
        """Lay a stencil with its origin at the corner of pixels nearest to a place, wherever it reaches."""
        column, row = self.at(x, y)
        self.add(Stamp(stencil, round(float(column)), round(float(row)), colour, EVERYWHERE), level)

    def draw_polygon(self, corners_px: NDArray[np.float64], colour: str, level: float) -> None:
        """Fill a polygon (n, 2) given in pixels, wherever it lies on the sheet."""
        self.add(Shapes([corners_px[None]], colour, 1.0, EVERYWHERE), level)

    def draw_box(self, extent: Box, face: str, edge: str, line_pt: float, level: float) -> None:
        """Draw a rectangle in whole pixels, its edge half outside; extent as left, right, bottom, top."""
        left, bottom, right, top = self.edges_px(extent)
        line = max(1, round(self.points_px(line_pt)))
        outer = (round(left - 0.5 * line), round(bottom - 0.5 * line), round(right + 0.5 * line))
        high = round(top + 0.5 * line)
        inner = (outer[0] + line, outer[1] + line, outer[2] - line, high - line)
        self.add(Bar((*outer, high), edge, EVERYWHERE), level)
        self.add(Bar(inner, face, EVERYWHERE), level)

    def write(self, x: float, y: float, text: str, *, level: float = 9.0, **look: Any) -> None:
        """Write at a place in the units of the axes; see `worded`."""
        column, row = self.at(x, y)
        self.add(worded(self.dpi, float(column), float(row), text, **look), level)

    def write_px(self, x: float, y: float, text: str, *, level: float = 9.0, **look: Any) -> None:
        """Write at a place in pixels of the sheet; see `worded`."""
        self.add(worded(self.dpi, x, y, text, **look), level)


def _stroked(line: NDArray[np.float64], width_px: float, cap: Cap) -> list[NDArray[np.float64]]:
    """Polygons of a line in pixels; one that ends in its first point has no ends to project."""
    closed = len(line) > 2 and bool((line[0] == line[-1]).all())
    if cap == "projecting" and len(line) > 1 and not closed:
        line = line.copy()
        for end, inner in ((0, 1), (-1, -2)):
            step = line[end] - line[inner]
            length = float(np.hypot(*step))
            if length > 0.0:
                line[end] = line[end] + 0.5 * width_px * step / length
    return coverage.stroke(line, width_px)
