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
LEAST_RISE_PX = 1e-12
BATCH = 40_000
GENTLE = 0.5
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
    sums = summed_coverage(polygons, shape)
    np.abs(sums, out=sums)
    return np.minimum(sums, 1.0, out=sums)[:, : shape[1]]


def summed_coverage(polygons: Sequence[NDArray[np.float64]], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Areas of polygons in each pixel with the sign of their rotation, added up, (height, width + 2).

    Parameters
    ----------
    polygons, shape
        See `polygon_coverage`. The last two columns are zero.
    """
    height, width = shape
    size = height * (width + 2)
    total: NDArray[np.float64] = np.zeros(0)
    stacks = [stack for stack in polygons if stack.size]
    start = np.concatenate([np.zeros((0, 2)), *(stack.reshape(-1, 2) for stack in stacks)])
    # Each corner leads to the next of its polygon, the last one to the first.
    stop = np.concatenate(
        [np.zeros((0, 2))]
        + [np.concatenate([stack[:, 1:], stack[:, :1]], axis=1).reshape(-1, 2) for stack in stacks]
    )
    for first in range(0, len(start), BATCH):
        batch = slice(first, first + BATCH)
        places, changes = _changes(start[batch], stop[batch], height, width)
        if places.size:
            added = np.bincount(places, changes, size).astype(np.float64, copy=False)
            total = np.add(total, added, out=added) if total.size else added
    # In place, for what is large here is the window.
    sums = (total if total.size else np.zeros(size)).reshape(height, width + 2)
    np.cumsum(sums, axis=1, out=sums)
    sums[:, width:] = 0.0
    return sums


def _changes(
    start: NDArray[np.float64], stop: NDArray[np.float64], height: int, width: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Places, row by row of ``width + 2``, and what edges (n, 2) change there against the pixel to the left."""
    used = (np.abs(stop[:, 1] - start[:, 1]) > LEAST_RISE_PX) & (np.maximum(start[:, 1], stop[:, 1]) > 0.0)
    used &= np.minimum(start[:, 1], stop[:, 1]) < height
    x0, y0, x1, y1 = start[used, 0], start[used, 1], stop[used, 0], stop[used, 1]
    slope = (x1 - x0) / (y1 - y0)
    edge, row, high, low = _cut(np.maximum(np.minimum(y0, y1), 0.0), np.minimum(np.maximum(y0, y1), height))
    signed = np.where(y1 > y0, 1.0, -1.0)[edge] * (low - high)
    x0, y0, slope = x0[edge], y0[edge], slope[edge]
    from_x, to_x = x0 + (high - y0) * slope, x0 + (low - y0) * slope
    left, right = np.minimum(from_x, to_x), np.maximum(from_x, to_x)
    span = right - left
    upright = span == 0.0
    span[upright] = 1.0
    # What lies left of the window covers its rows from their first pixel on.
    before = np.clip(-left, 0.0, right - left) / span * signed
    piece, column, low_x, high_x = _cut(np.clip(left, 0.0, width), np.clip(right, 0.0, width))
    part = np.where(upright[piece], 1.0, (high_x - low_x) / span[piece]) * signed[piece]
    beyond = part * (0.5 * (low_x + high_x) - column)
    place = row[piece] * (width + 2) + column
    return np.concatenate([row * (width + 2), place, place + 1]), np.concatenate([before, part - beyond, beyond])


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


def stroke(line: NDArray[np.float64], width_px: float) -> list[NDArray[np.float64]]:
    """Cover a line by polygons: a ribbon along each run of gentle bends, a wedge at the outside of a sharp one.

    Parameters
    ----------
    line : (n, 2)
        Points of the line.
    width_px
        Its width.

    Returns
    -------
    list of (k, m, 2)
        For `polygon_coverage`, all with the same sense of rotation; empty for a line without length.
    """
    line, across, length = _sides(line, width_px)
    if not len(length):
        return []
    before, after = across[:-1], across[1:]
    half = 0.5 * width_px
    cosine = (before * after).sum(axis=1) / half**2
    # Twice the tangent of half the turn; a ribbon bends where its inner side is left with half of each segment.
    tangent = 2.0 * np.sqrt(np.maximum(1.0 - cosine, 0.0) / np.maximum(1.0 + cosine, 1e-9))
    gentle = (cosine > GENTLE) & (half * tangent < np.minimum(length[:-1], length[1:]))
    inner = (before + after) / (1.0 + np.where(gentle, cosine, 1.0))[:, None]
    begin, end = np.concatenate([across[:1], np.where(gentle[:, None], inner, after)]), across.copy()
    end[:-1][gentle] = inner[gentle]
    cuts = np.flatnonzero(~gentle) + 1
    polygons = []
    for first, stop in zip([0, *cuts.tolist()], [*cuts.tolist(), len(length)], strict=True):
        middle = line[first : stop + 1]
        out = np.concatenate([begin[first:stop], end[stop - 1 : stop]])
        polygons.append(np.concatenate([(middle + out)[::-1], middle - out])[None])
    if cuts.size:
        polygons.append(_wedges(line[cuts], across[cuts - 1], across[cuts]))
    return polygons


def outline(corners: NDArray[np.float64], width_px: float) -> list[NDArray[np.float64]]:
    """Cover the edge of a polygon (n, 2), half of it outside and its corners sharp, by polygons; see `stroke`."""
    line, across, _ = _sides(np.concatenate([corners, corners[:1]]), width_px)
    start, stop, before = line[:-1], line[1:], np.roll(across, 1, axis=0)
    boxes = np.stack([start + across, start - across, stop - across, stop + across], axis=1)
    wedges = _wedges(start, before, across)
    both = wedges[:, 1] + wedges[:, 2] - 2.0 * start
    reach = 0.5 * width_px**2 / np.maximum((both**2).sum(axis=1, keepdims=True), 0.1 * width_px**2)
    return [boxes, np.stack([start, wedges[:, 1], start + reach * both, wedges[:, 2]], axis=1)]


def _sides(
    line: NDArray[np.float64], width_px: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Line without points that repeat the last; half a width to the left of each segment; their lengths."""
    step = np.diff(line, axis=0)
    length = np.hypot(step[:, 0], step[:, 1])
    kept = length > LEAST_LENGTH_PX
    if not kept.all():
        line = np.concatenate([line[:1], line[1:][kept]])
        step = np.diff(line, axis=0)
        length = np.hypot(step[:, 0], step[:, 1])
    across = 0.5 * width_px * np.column_stack([-step[:, 1], step[:, 0]]) / length[:, None]
    return line, across, length


def _wedges(
    bend: NDArray[np.float64], before: NDArray[np.float64], after: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Triangles (n, 3, 2) that fill the outsides of bends between segments with their sides before and after."""
    turn = (before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0])[:, None]
    outside = np.where(turn > 0.0, -1.0, 1.0)
    first = np.where(turn > 0.0, before, after) * outside
    second = np.where(turn > 0.0, after, before) * outside
    return np.stack([bend, bend + first, bend + second], axis=1)


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
