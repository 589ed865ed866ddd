"""From marks to pixels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from dualsense.render._canvas import font
from dualsense.render._canvas.colours import plain_colour, shade
from dualsense.render._canvas.marks import PAPER, Bar, Cells, Shapes, Stamp, Words
from dualsense.render._canvas.stencil import Stencil, line_stencil, shape_stencil

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dualsense.render._canvas.marks import Box, Hatch, Mark, Together

HALF = 0.5
PIXEL = np.dtype("V3")


def painted(marks: Iterable[Mark], width_px: int, height_px: int) -> NDArray[np.uint8]:
    """Paint marks one over the other on white paper, (height, width, 3), the top row first."""
    image = np.full((height_px, width_px, 3), 255, dtype=np.uint8)
    for mark in marks:
        if isinstance(mark, Words):
            _paint_words(image, mark)
        elif isinstance(mark, Stamp):
            _paint_stamp(image, mark)
        elif isinstance(mark, Bar):
            _paint_bar(image, mark)
        elif isinstance(mark, Shapes):
            _paint_shapes(image, mark)
        elif isinstance(mark, Cells):
            _paint_cells(image, mark)
        else:
            _paint_hatch(image, mark)
    return image


def _inside(image: NDArray[np.uint8], box: Box) -> tuple[int, int, int, int]:
    """First row, end of the rows, first column and end of the columns of the pixels whose middles lie in a box."""
    height, width, _ = image.shape
    left, bottom, right, top = box
    rows = (math.ceil(height - top - HALF), math.ceil(height - bottom - HALF))
    columns = (math.ceil(left - HALF), math.ceil(right - HALF))
    return (
        max(rows[0], 0),
        min(max(rows[1], rows[0], 0), height),
        max(columns[0], 0),
        min(max(columns[1], columns[0], 0), width),
    )


def _common(one: Box, other: Box) -> Box:
    return max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])


def _upright(edges: Box) -> Box:
    return min(edges[0], edges[2]), min(edges[1], edges[3]), max(edges[0], edges[2]), max(edges[1], edges[3])


def _cell_of(middles: NDArray[np.float64], start: float, stop: float, count: int) -> NDArray[np.intp]:
    """Cell that holds each place, of even cells from a start to a stop."""
    index = np.floor((middles - start) / (stop - start) * count).astype(np.intp)
    return np.clip(index, 0, count - 1)


def cells_per_pixel(shape: tuple[int, ...], edges: Box) -> tuple[int, int]:
    """How many rows and columns of cells a pixel has to stand for; 1 where cells are no smaller than pixels."""
    rows = math.ceil(shape[0] / max(abs(edges[3] - edges[1]), 1.0) - 1e-9)
    columns = math.ceil(shape[1] / max(abs(edges[2] - edges[0]), 1.0) - 1e-9)
    return max(rows, 1), max(columns, 1)


def gathered(values: NDArray[Any], factors: tuple[int, int], together: Together) -> NDArray[Any]:
    """Blocks of cells as one cell each: the greatest of their values, or the loudest; NaN counts for nothing.

    Parameters
    ----------
    values : (rows, columns)
        A last block may be incomplete.
    factors
        Rows and columns of a block.
    together
        "greatest", "loudest", or "nearest", which takes one cell of each block.
    """
    if factors == (1, 1):
        return values
    if together == "nearest":
        return values[factors[0] // 2 :: factors[0], factors[1] // 2 :: factors[1]]
    starts = [np.arange(0, size, factor) for size, factor in zip(values.shape, factors, strict=True)]
    high = np.fmax.reduceat(np.fmax.reduceat(values, starts[0], axis=0), starts[1], axis=1)
    if together == "greatest":
        return high
    low = np.fmin.reduceat(np.fmin.reduceat(values, starts[0], axis=0), starts[1], axis=1)
    return np.where(high >= -low, high, low)


def _gathered_edges(edges: Box, shape: tuple[int, ...], gathered_shape: tuple[int, ...], factors: Any) -> Box:
    """Edges of blocks of cells, the last of which may reach past the last cell."""
    across = (edges[2] - edges[0]) * gathered_shape[1] * factors[1] / shape[1]
    up = (edges[3] - edges[1]) * gathered_shape[0] * factors[0] / shape[0]
    return edges[0], edges[1], edges[0] + across, edges[1] + up


def _spread(
    image: NDArray[np.uint8], cells: NDArray[Any], edges: Box, area: tuple[int, int, int, int]
) -> NDArray[Any]:
    """Cells (rows, columns, ...) as the pixels of an area show them, (height, width, ...)."""
    top, bottom, left, right = area
    ups = image.shape[0] - HALF - np.arange(top, bottom, dtype=np.float64)
    rows = _cell_of(ups, edges[1], edges[3], cells.shape[0])
    columns = _cell_of(np.arange(left, right, dtype=np.float64) + HALF, edges[0], edges[2], cells.shape[1])
    # Cells are larger than pixels: first a row of pixels for each row of cells, then whole rows of pixels.
    wide: NDArray[Any] = np.take(np.take(cells, columns, axis=1), rows, axis=0)
    return wide


def _paint_cells(image: NDArray[np.uint8], mark: Cells) -> None:
    area = _inside(image, _common(_upright(mark.edges), mark.window))
    factors = cells_per_pixel(mark.values.shape, mark.edges)
    values = gathered(mark.values, factors, mark.together)
    edges = _gathered_edges(mark.edges, mark.values.shape, values.shape, factors)
    colours = shade(values, mark.scale, mark.colours, PAPER)
    image[area[0] : area[1], area[2] : area[3]] = _spread(image, colours, edges, area)


def _paint_hatch(image: NDArray[np.uint8], mark: Hatch) -> None:
    area = _inside(image, _common(_upright(mark.edges), mark.window))
    top, bottom, left, right = area
    if top == bottom or left == right:
        return
    mask, edges, factors = mark.mask, mark.edges, cells_per_pixel(mark.mask.shape, mark.edges)
    if factors != (1, 1):
        # A pixel that stands for several cells is hatched where any of them is: no gap is too small to be seen.
        starts = [np.arange(0, size, factor) for size, factor in zip(mask.shape, factors, strict=True)]
        mask = np.logical_or.reduceat(np.logical_or.reduceat(mask, starts[0], axis=0), starts[1], axis=1)
        edges = _gathered_edges(edges, mark.mask.shape, mask.shape, factors)
    if not mask.any():
        return
    chosen = _spread(image, mask, edges, area)
    # A line rises by a pixel in each column: what it covers hangs on the sum of row and column alone, or, where it
    # falls, on their difference.
    place = np.arange(bottom - top + right - left) + float(top) + (1 - right if mark.falling else left)
    beside = np.abs((place + HALF) % mark.apart_px - 0.5 * mark.apart_px) / math.sqrt(2.0)
    covered = np.clip(0.5 * mark.width_px + HALF - beside, 0.0, 1.0)[:, None]
    part, lines = image[top:bottom, left:right], plain_colour(mark.lines).astype(np.float64)
    if mark.ground is not None:
        ground = plain_colour(mark.ground)
        colours = np.rint(ground + covered * (lines - ground)).astype(np.uint8)
        # The three bytes of a pixel are copied as one.
        pixels, hatched = (whole.view(PIXEL)[..., 0] for whole in (part, colours))
        np.copyto(pixels, _along_lines(hatched, chosen.shape, falling=mark.falling), where=chosen)
    else:
        lined = covered[:, 0] > 0.0
        index = np.flatnonzero(chosen & _along_lines(lined, chosen.shape, falling=mark.falling))
        rows, columns = np.divmod(index, right - left)
        at = rows + (right - left - 1 - columns if mark.falling else columns)
        rows += top
        place = rows * image.shape[1] + columns + left
        below = _pixels(image, place)
        _put_pixels(image, place, np.rint(below + covered[at] * (lines - below)))


def _along_lines(values: NDArray[Any], shape: tuple[int, ...], *, falling: bool) -> NDArray[Any]:
    """Values of the lines of a hatching, one for each row and column, as its pixels have them: a view."""
    rising = sliding_window_view(values[: shape[0] + shape[1] - 1], shape[1])
    return rising[:, ::-1] if falling else rising


def _paint_bar(image: NDArray[np.uint8], mark: Bar) -> None:
    left, bottom, right, top = mark.box
    first, end, start, stop = _inside(image, _common((left, bottom, right, top), mark.window))
    image[first:end, start:stop] = plain_colour(mark.colour)


def _paint_shapes(image: NDArray[np.uint8], mark: Shapes) -> None:
    height, width, _ = image.shape
    left, bottom, right, top = mark.window
    window = (max(left, 0.0), max(height - top, 0.0), min(right, width), min(height - bottom, height))
    flipped = [stack * (1.0, -1.0) + (0.0, float(height)) for stack in mark.polygons]
    _lay(image, shape_stencil(flipped, window), (0, 0), mark.colour, mark.alpha)


def _paint_stamp(image: NDArray[np.uint8], mark: Stamp) -> None:
    first, end, start, stop = _inside(image, mark.window)
    stencil, row, column = mark.stencil, image.shape[0] - mark.up, mark.column
    inner = (first - row, end - row, start - column, stop - column)
    if not _holds(inner, stencil.extent):
        kept = (stencil.rows >= inner[0]) & (stencil.rows < inner[1])
        kept &= (stencil.columns >= inner[2]) & (stencil.columns < inner[3])
        stencil = Stencil(stencil.rows[kept], stencil.columns[kept], stencil.weight[kept], inner)
    _lay(image, stencil, (row, column), mark.colour, 1.0)


def _holds(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    """Whether rows and columns lie within others."""
    return one[0] <= other[0] and other[1] <= one[1] and one[2] <= other[2] and other[3] <= one[3]


def _lay(image: NDArray[np.uint8], stencil: Stencil, origin: tuple[int, int], colour: str, alpha: float) -> None:
    """Lay a colour over the pixels of a stencil, which lie within the picture."""
    index = (stencil.rows + origin[0]) * image.shape[1] + (stencil.columns + origin[1])
    below = _pixels(image, index).astype(np.float32)
    weight = stencil.weight if alpha == 1.0 else np.float32(alpha) * stencil.weight
    below += weight * (plain_colour(colour).astype(np.float32) - below)
    _put_pixels(image, index, np.rint(below, out=below))


def _pixels(image: NDArray[np.uint8], place: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Colours (n, 3) of pixels counted row by row; the three bytes of each are taken as one."""
    return image.view(PIXEL).reshape(-1).take(place).view(np.uint8).reshape(-1, 3)


def _put_pixels(image: NDArray[np.uint8], place: NDArray[np.intp], colours: NDArray[np.floating[Any]]) -> None:
    """Give pixels their colours (n, 3), whole numbers."""
    image.view(PIXEL).reshape(-1)[place] = colours.astype(np.uint8).view(PIXEL)[:, 0]


def _paint_words(image: NDArray[np.uint8], mark: Words) -> None:
    if mark.paper is not None:
        _paint_paper(image, mark)
    whole: Box = (0.0, 0.0, float(image.shape[1]), float(image.shape[0]))
    block, (start, top) = mark.block(), mark.corner()
    for line, baseline in zip(mark.text.split("\n"), block.baselines_px, strict=True):
        if not line.strip():
            continue
        spare = block.width_px - font.width_px(line, mark.size_px, mark.cut)
        along = start + {"left": 0.0, "center": 0.5, "right": 1.0}[mark.across] * spare
        up = top - baseline
        stencil = line_stencil(line, mark.size_px, mark.cut, mark.turned)
        column, height_up = (mark.x - up, mark.y + along) if mark.turned else (mark.x + along, mark.y + up)
        _paint_stamp(image, Stamp(stencil, round(column), round(height_up), mark.colour, whole))


def _paint_paper(image: NDArray[np.uint8], mark: Words) -> None:
    paper = mark.paper
    if paper is None:
        return
    half = 0.5 * paper.line_px
    outer = zip(mark.box(), (-half, -half, half, half), strict=True)
    left, bottom, right, top = (round(edge + out) for edge, out in outer)
    line = max(1, round(paper.line_px))
    whole: Box = (0.0, 0.0, float(image.shape[1]), float(image.shape[0]))
    for shrink, colour in ((0, paper.edge), (line, paper.face)):
        box = (left + shrink, bottom + shrink, right - shrink, top - shrink)
        _paint_bar(image, Bar(box, colour, whole))
