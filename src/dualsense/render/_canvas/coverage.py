"""Which part of each pixel a polygon or a line covers: exact areas, without sampling.

An edge from (x0, y0) to (x1, y1) adds to every pixel at its right what it spans of the pixel's height; the pixel
that it crosses gets the part at its right. Summed over the edges of a polygon that is the area of the polygon in
each pixel (the signed-area sums of font rasterisers such as FreeType). Pixels are counted from the upper left
corner of a window, x to the right and y downwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LEAST_LENGTH_PX = 1e-6
BATCH = 20_000
THINNINGS = 3


def polygon_coverage(polygons: Sequence[NDArray[np.float64]], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Part of each pixel that the union of polygons covers, (height, width), 0 to 1.

    Parameters
    ----------
    polygons : sequence of (k, n, 2)
        Stacks of closed polygons of n corners (x, y), all with the same sense of rotation. Where two of them
        overlap within one pixel their areas add up, to 1 at most.
    shape
        Height and width of the window, pixels.

    Returns
    -------
    (height, width) float64
    """
    height, width = shape
    total = np.zeros(height * (width + 2))
    for stack in polygons:
        for start in range(0, stack.shape[0], BATCH):
            batch = stack[start : start + BATCH]
            ends = np.concatenate([batch[:, 1:], batch[:, :1]], axis=1)
            _add_edges(total, batch.reshape(-1, 2), ends.reshape(-1, 2), height, width)
    sums = np.cumsum(total.reshape(height, width + 2)[:, :width], axis=1)
    covered: NDArray[np.float64] = np.minimum(np.abs(sums), 1.0)
    return covered


def _add_edges(
    total: NDArray[np.float64], start: NDArray[np.float64], stop: NDArray[np.float64], height: int, width: int
) -> None:
    """Add what edges (n, 2) change from each pixel to its right neighbour."""
    x0, y0, x1, y1 = start[:, 0], start[:, 1], stop[:, 0], stop[:, 1]
    sign = np.where(y1 > y0, 1.0, -1.0)
    down = y1 > y0
    x0, x1 = np.where(down, x0, x1), np.where(down, x1, x0)
    y0, y1 = np.where(down, y0, y1), np.where(down, y1, y0)
    used = (y1 > y0) & (y1 > 0.0) & (y0 < height)
    x0, x1, y0, y1, sign = x0[used], x1[used], y0[used], y1[used], sign[used]
    slope = (x1 - x0) / (y1 - y0)
    top, bottom = np.maximum(y0, 0.0), np.minimum(y1, height)
    edge, row, high, low = _cut(top, bottom)
    signed = (low - high) * sign[edge]
    from_x = x0[edge] + (high - y0[edge]) * slope[edge]
    to_x = x0[edge] + (low - y0[edge]) * slope[edge]
    left, right = np.minimum(from_x, to_x), np.maximum(from_x, to_x)
    whole = np.where(right > left, right - left, 1.0)
    # What lies left of the window covers its rows from their first pixel on.
    before = np.clip(-left, 0.0, right - left) / whole * signed
    total += np.bincount(row * (width + 2), before, total.size)
    piece, column, low_x, high_x = _cut(np.clip(left, 0.0, width), np.clip(right, 0.0, width))
    part = np.where((right > left)[piece], (high_x - low_x) / whole[piece], 1.0) * signed[piece]
    beyond = part * (0.5 * (low_x + high_x) - column)
    place = row[piece] * (width + 2) + column
    total += np.bincount(place, part - beyond, total.size)
    total += np.bincount(place + 1, beyond, total.size)


def _cut(
    low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Cut intervals at the whole numbers: whose piece it is, in which cell it lies, and its two ends."""
    first = np.floor(low).astype(np.intp)
    count = np.maximum(np.ceil(high).astype(np.intp) - first, 1)
    owner = np.repeat(np.arange(low.size), count)
    step = np.arange(owner.size) - np.repeat(np.cumsum(count) - count, count)
    cell = first[owner] + step
    return owner, cell, np.maximum(low[owner], cell), np.minimum(high[owner], cell + 1)


def stroke(
    line: NDArray[np.float64], width_px: float, *, closed: bool = False, sharp: bool = False
) -> list[NDArray[np.float64]]:
    """Polygons that a line of a width covers: a box for each segment, and a wedge outside of each bend.

    Parameters
    ----------
    line : (n, 2)
        Points of the line.
    width_px
        Its width.
    closed
        Whether the last point is joined to the first.
    sharp
        Whether the outsides of bends come to a point, else they are cut off.

    Returns
    -------
    list of (k, m, 2)
        For `polygon_coverage`, all with the same sense of rotation; empty for a line without length.
    """
    if closed:
        line = np.concatenate([line, line[:1]])
    step = np.diff(line, axis=0)
    length = np.hypot(step[:, 0], step[:, 1])
    kept = length > LEAST_LENGTH_PX
    if not kept.any():
        return []
    start, stop = line[:-1][kept], line[1:][kept]
    across = 0.5 * width_px * np.column_stack([-step[kept, 1], step[kept, 0]]) / length[kept, None]
    boxes = np.stack([start + across, start - across, stop - across, stop + across], axis=1)
    before, after, bend = across[:-1], across[1:], stop[:-1]
    if closed:
        before, after, bend = np.roll(across, 1, axis=0), across, start
    turn = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    outside = np.where(turn > 0.0, -1.0, 1.0)[:, None]
    first = np.where(turn[:, None] > 0.0, before, after) * outside
    second = np.where(turn[:, None] > 0.0, after, before) * outside
    wedges = np.stack([bend, bend + first, bend + second], axis=1)
    if sharp:
        both = first + second
        reach = 0.5 * width_px**2 / np.maximum((both**2).sum(axis=1, keepdims=True), 0.1 * width_px**2)
        wedges = np.stack([bend, bend + first, bend + reach * both, bend + second], axis=1)
    return [boxes, wedges]


def thinned(line: NDArray[np.float64], tolerance_px: float) -> NDArray[np.float64]:
    """Leave out points of a line (n, 2) that lie so near the line between their neighbours.

    Every second point may go, three times over.
    """
    for _ in range(THINNINGS):
        count = (len(line) - 1) // 2
        if count < 1:
            break
        start, middle, stop = (line[at : at + 2 * count : 2] for at in (0, 1, 2))
        step = stop - start
        length = np.hypot(step[:, 0], step[:, 1])
        beside = np.abs(step[:, 0] * (middle - start)[:, 1] - step[:, 1] * (middle - start)[:, 0])
        along = (step * (middle - start)).sum(axis=1)
        near = (beside <= tolerance_px * length) & (along >= 0.0) & (along <= length**2) & (length > 0.0)
        kept = np.ones(len(line), dtype=bool)
        kept[1 : 1 + 2 * count : 2][near] = False
        line = line[kept]
    return line


def visible(
    line: NDArray[np.float64], window: tuple[float, float, float, float], width_px: float
) -> list[NDArray[np.float64]]:
    """Cut a line (n, 2) into the runs that may reach a window; a row that is not finite breaks the line.

    Parameters
    ----------
    line
        Points.
    window
        Left, bottom, right, top.
    width_px
        Of the line.
    """
    low, high = np.minimum(line[:-1], line[1:]) - width_px, np.maximum(line[:-1], line[1:]) + width_px
    near = (high[:, 0] > window[0]) & (low[:, 0] < window[2]) & (high[:, 1] > window[1]) & (low[:, 1] < window[3])
    if near.all():
        return [line]
    steps = np.flatnonzero(np.diff(np.concatenate([[False], near, [False]]).astype(np.int8)))
    return [line[start : stop + 1] for start, stop in zip(steps[::2], steps[1::2], strict=True)]


def dashed(line: NDArray[np.float64], on_px: float, off_px: float) -> list[NDArray[np.float64]]:
    """Cut a straight line (2, 2) into dashes of a length with gaps of another, from its first point."""
    length = float(np.hypot(*(line[1] - line[0])))
    starts = np.arange(0.0, length, on_px + off_px)
    along = (line[1] - line[0]) / max(length, LEAST_LENGTH_PX)
    return [np.stack([line[0] + s * along, line[0] + min(s + on_px, length) * along]) for s in starts]


def circle(x: float, y: float, radius_px: float) -> NDArray[np.float64]:
    """Corners of a polygon that differs from a circle by less than a hundredth of a pixel, (n, 2)."""
    count = max(12, int(np.ceil(np.pi / np.arccos(1.0 - min(0.01 / max(radius_px, 0.02), 0.5)))))
    angle = 2.0 * np.pi * np.arange(count) / count
    return np.column_stack([x + radius_px * np.cos(angle), y + radius_px * np.sin(angle)])
