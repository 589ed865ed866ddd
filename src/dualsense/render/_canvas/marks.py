"""What a canvas holds: marks, each told in full, so that it can be painted and can be asked what it shows.

Places are in pixels from the lower left corner of the canvas, x to the right and y upwards. A window is the part
of the canvas that a mark may cover: left, bottom, right, top.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dualsense.render._canvas import font

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.render._canvas.colours import Scale
    from dualsense.render._canvas.stencil import Stencil

Box = tuple[float, float, float, float]
Across = Literal["left", "center", "right"]
Up = Literal["baseline", "bottom", "center", "top", "capital"]
Together = Literal["greatest", "loudest", "nearest"]
INK, PAPER = "#000000", "#ffffff"


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Values as cells of one colour each, exactly from edge to edge.

    Attributes
    ----------
    values : (rows, columns)
        NaN is left white.
    edges
        Where column 0 begins and row 0 begins, and where the last ones end; an axis may run backwards.
    extent
        The same edges in the units of the panel: left, right, bottom, top.
    scale, colours
        From values to colours.
    together
        What a pixel shows that holds several cells: the greatest value, the one of greatest amount, or that of the
        cell at its middle.
    """

    values: NDArray[Any]
    edges: Box
    extent: Box
    scale: Scale
    colours: str
    together: Together
    window: Box


@dataclass(frozen=True, slots=True, eq=False)
class Hatch:
    """Slanting lines over cells.

    Attributes
    ----------
    mask : (rows, columns) bool
        Which cells.
    edges
        As those of `Cells`.
    ground
        Colour under the lines; None leaves what is there.
    lines, apart_px, width_px
        Colour, distance along a row, and width of the lines.
    falling
        Whether the lines fall to the right; they rise otherwise.
    """

    mask: NDArray[np.bool_]
    edges: Box
    ground: str | None
    lines: str
    apart_px: float
    width_px: float
    window: Box
    falling: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """Polygons in one colour.

    Attributes
    ----------
    polygons
        Stacks (k, n, 2) of polygons with the same sense of rotation.
    alpha
        1 hides what is below.
    """

    polygons: Sequence[NDArray[np.float64]]
    colour: str
    alpha: float
    window: Box


@dataclass(frozen=True, slots=True, eq=False)
class Stamp:
    """A stencil in one colour.

    Attributes
    ----------
    stencil
        The pixels.
    column, up
        Where its origin lies.
    """

    stencil: Stencil
    column: int
    up: int
    colour: str
    window: Box


@dataclass(frozen=True, slots=True)
class Bar:
    """Upright rectangle of whole pixels."""

    box: tuple[int, int, int, int]
    colour: str
    window: Box


@dataclass(frozen=True, slots=True)
class Paper:
    """Box behind words: its colours, the width of its edge, its margin in sizes of the font."""

    face: str
    edge: str
    line_px: float
    margin: float


@dataclass(frozen=True, slots=True)
class Words:
    """Text.

    Attributes
    ----------
    text
        One line or several.
    x, y
        The anchor.
    size_px, cut, colour
        Of the letters.
    across, up
        Which part of the text lies at the anchor; "capital" is half the height of a capital letter.
    turned
        Whether the text runs upwards.
    spacing
        Between lines.
    paper
        What is drawn behind.
    """

    text: str
    x: float
    y: float
    size_px: float
    cut: font.Cut = "regular"
    across: Across = "left"
    up: Up = "center"
    turned: bool = False
    spacing: float = 1.2
    colour: str = INK
    paper: Paper | None = None

    def corner(self) -> tuple[float, float]:
        """Upper left corner of the block from the anchor, along the text and upwards from it."""
        block = self.block()
        along = {"left": 0.0, "center": 0.5, "right": 1.0}[self.across] * block.width_px
        capital = block.baselines_px[0] - 0.5 * font.CAPITAL * self.size_px
        high = {
            "top": 0.0,
            "center": 0.5 * block.height_px,
            "bottom": block.height_px,
            "baseline": block.baselines_px[0],
            "capital": capital,
        }[self.up]
        return -along, high

    def block(self) -> font.Block:
        """Size of the text."""
        return font.block(self.text, self.size_px, self.cut, self.spacing)

    def box(self) -> Box:
        """Place of the text, with its paper."""
        block, (left, top) = self.block(), self.corner()
        margin = 0.0 if self.paper is None else self.paper.margin * self.size_px
        left, top = left - margin, top + margin
        right, bottom = left + block.width_px + 2.0 * margin, top - block.height_px - 2.0 * margin
        if self.turned:
            return self.x - top, self.y + left, self.x - bottom, self.y + right
        return self.x + left, self.y + bottom, self.x + right, self.y + top


Mark = Cells | Hatch | Shapes | Stamp | Bar | Words


def overlaps(boxes: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Areas (n, m) that boxes (n, 4) share with others (m, 4)."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    areas: NDArray[np.float64] = np.maximum(high - low, 0.0).prod(axis=2)
    return areas
