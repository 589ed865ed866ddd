"""Long narrow patches: where the track runs, and the ground seen along it and across it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.language import say
from dualsense.result import Coverage, Grid, Image, Volume

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.result import Result

LEAST_LENGTH_M = 0.15
LEAST_ASPECT = 5.0
SWEPT_ASPECT = 10.0
LINE_WIDTH_M = 0.06
LINE_BEND = 0.05
BESIDE_M = 0.03
AT_START_M = 0.05
ARRAY_WIDER_M = 0.15
"""What the radar covered beyond a line's own width, both sides together, when it had several antenna pairs."""
SHIFTS = (0.0, 0.15, -0.15, 0.3, -0.3, 0.45, -0.45)


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """A straight or slightly bent track, much longer than wide.

    Attributes
    ----------
    zero_m, direction
        Where distances along the strip count from, on its middle line, and its unit vector, in the local frame.
        It points to +x, or to +y where it has no x.
    start_m, stop_m, low_m, high_m
        Edges of what is shown: along the strip, and to the left of its middle line.
    track_m : (p, 2) float64
        Distances along and across of the track, in the order of the distances.
    from_origin
        Whether distances count from the origin of the local frame, else from the strip's own end.
    single
        One line, whose vertical section is all that the radar told; else several lines beside each other.
    """

    zero_m: tuple[float, float]
    direction: tuple[float, float]
    start_m: float
    stop_m: float
    low_m: float
    high_m: float
    track_m: NDArray[np.float64]
    from_origin: bool
    single: bool

    def place_cm(self, x_m: float, y_m: float) -> tuple[float, float]:
        """Distance of a point along the strip and to the left of its middle, cm."""
        across, up = x_m - self.zero_m[0], y_m - self.zero_m[1]
        u, v = self.direction
        return 100.0 * (across * u + up * v), 100.0 * (up * u - across * v)

    def heading_words(self) -> str:
        """Direction of the strip, against the lane direction +x."""
        turn_deg = math.degrees(math.atan2(self.direction[1], self.direction[0]))
        if abs(turn_deg) < 0.5:
            return say("along the line (+x)")
        if turn_deg > 0.0:
            return say("along the line, {turn:.0f}° left of +x", turn=turn_deg)
        return say("along the line, {turn:.0f}° right of +x", turn=-turn_deg)

    def axis_words(self) -> str:
        """Name of the axis along the strip."""
        return say(
            "distance along the line from the start point (cm)"
            if self.from_origin
            else "distance along the line from its end (cm)"
        )


def find_strip(result: Result) -> Strip | None:
    """Tell whether the track of a result is long and narrow, and how it runs; None for a patch.

    Parameters
    ----------
    result
        Its track decides, and the ground that the radar covered.

    Returns
    -------
    Strip or None
        None also for a track too short to have a direction.
    """
    xy = result.track_m[:, :2]
    xy = xy[np.isfinite(xy).all(axis=1)]
    if xy.shape[0] < 3:
        return None
    around = xy - xy.mean(axis=0)
    direction = np.linalg.eigh(around.T @ around)[1][:, 1]
    direction = direction * (1.0 if tuple(np.round(direction, 12)) > (0.0, 0.0) else -1.0)
    direction = np.where(np.abs(direction) < 1e-12, 0.0, direction)
    left = np.array([-direction[1], direction[0]])
    along, across = xy @ direction, xy @ left
    length, width = float(np.ptp(along)), float(np.ptp(across))
    single = width <= max(LINE_WIDTH_M, LINE_BEND * length)
    if single and _covered_width_m(result, left) > width + ARRAY_WIDER_M:
        return None  # an array of antennas saw a patch from one line
    if length < LEAST_LENGTH_M or length < (LEAST_ASPECT if single else SWEPT_ASPECT) * width:
        return None
    middle = 0.5 * float(across.min() + across.max())
    from_origin = abs(middle) <= AT_START_M and along.min() - AT_START_M <= 0.0 <= along.max() + AT_START_M
    zero = 0.0 if from_origin else float(along.min())
    origin = zero * direction + middle * left
    order = np.argsort(along, kind="stable")
    half = 0.5 * width + BESIDE_M
    return Strip(
        (float(origin[0]), float(origin[1])),
        (float(direction[0]), float(direction[1])),
        float(along.min()) - zero - BESIDE_M,
        float(along.max()) - zero + BESIDE_M,
        -half,
        half,
        np.column_stack([along[order] - zero, across[order] - middle]),
        bool(from_origin),
        single=single,
    )


def _covered_width_m(result: Result, left: NDArray[np.float64]) -> float:
    """Extent across of the radar's ground; 0 without a radar."""
    grid, seen = result.coverage.grid, result.coverage.gpr
    if not seen.any():
        return 0.0
    gx, gy = np.meshgrid(grid.x_m, grid.y_m)
    return float(np.ptp(gx[seen] * left[0] + gy[seen] * left[1]))


def is_line(result: Result) -> bool:
    """Whether a result is that of a single line."""
    strip = find_strip(result)
    return strip is not None and strip.single


def distances_m(strip: Strip, grid: Grid) -> NDArray[np.float64]:
    """Even distances along a strip, (n,): the grid's own cells where it runs along one of their axes."""
    for axis, centres in enumerate((grid.x_m, grid.y_m)):
        if strip.direction[axis] == 1.0:
            own = centres - strip.zero_m[axis]
            inside = (own > strip.start_m - 0.51 * grid.cell_m) & (own < strip.stop_m + 0.51 * grid.cell_m)
            kept: NDArray[np.float64] = own[inside]
            return kept
    count = max(round((strip.stop_m - strip.start_m) / grid.cell_m), 2)
    return strip.start_m + (np.arange(count) + 0.5) * (strip.stop_m - strip.start_m) / count


def section(strip: Strip, grid: Grid, values: NDArray[Any], along_m: NDArray[np.float64]) -> NDArray[np.float32]:
    """Vertical section under the track, (nz, n), of a volume (nz, ny, nx); NaN outside the grid.

    Parameters
    ----------
    strip
        How the track runs.
    grid
        Of the volume.
    values : (nz, ny, nx)
        The volume.
    along_m : (n,)
        Distances along the strip.
    """
    across_m = np.interp(along_m, strip.track_m[:, 0], strip.track_m[:, 1])
    return sampled(strip, grid, values, along_m, across_m)


def sampled(
    strip: Strip, grid: Grid, values: NDArray[Any], along_m: NDArray[np.float64], across_m: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Values (k, ny, nx) of the cells that hold the points, (k, n); NaN outside the grid.

    Parameters
    ----------
    strip
        Whose frame the points are in.
    grid
        Of the values.
    values : (k, ny, nx)
        Maps or slices on the grid.
    along_m, across_m : (n,)
        Points along the strip and to the left of its middle line.
    """
    u, v = strip.direction
    x_m = strip.zero_m[0] + along_m * u - across_m * v
    y_m = strip.zero_m[1] + along_m * v + across_m * u
    column = np.floor((x_m - grid.x_m[0]) / grid.cell_m + 0.5 + 1e-6).astype(np.intp)
    row = np.floor((y_m - grid.y_m[0]) / grid.cell_m + 0.5 + 1e-6).astype(np.intp)
    inside = (column >= 0) & (column < grid.x_m.size) & (row >= 0) & (row < grid.y_m.size)
    found = np.full((values.shape[0], along_m.size), np.nan, dtype=np.float32)
    found[:, inside] = values[:, row[inside], column[inside]]
    return found


def unrolled(result: Result, strip: Strip) -> Result:
    """Turn a result so that x is the distance along a strip and y that to the left of its middle line."""
    grid = result.coverage.grid
    along_m, across_m = distances_m(strip, grid), _across_m(strip, grid)
    flat = Grid(along_m, across_m, grid.cell_m)

    def spread(own: Grid, values: NDArray[Any]) -> NDArray[np.float32]:
        rows = [sampled(strip, own, values, along_m, np.full_like(along_m, place_m)) for place_m in across_m]
        return np.stack(rows, axis=1)

    def mask(values: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return spread(grid, values[None].astype(np.float32))[0] > 0.5

    cover, volume = result.coverage, result.gpr_volume
    track = result.track_m.copy()
    u, v = strip.direction
    x_m, y_m = track[:, 0] - strip.zero_m[0], track[:, 1] - strip.zero_m[1]
    track[:, 0], track[:, 1] = x_m * u + y_m * v, y_m * u - x_m * v
    places = [strip.place_cm(target.x_m, target.y_m) for target in result.targets]
    return replace(
        result,
        coverage=Coverage(flat, mask(cover.patch), mask(cover.emi), mask(cover.gpr)),
        emi_maps={
            name: Image(image.name, image.units, flat, spread(image.grid, image.values[None])[0])
            for name, image in result.emi_maps.items()
        },
        gpr_volume=None
        if volume is None
        else Volume(volume.name, volume.units, flat, volume.depth_m, spread(volume.grid, volume.values)),
        track_m=track,
        smallest_mine=None,
        targets=tuple(
            replace(target, x_m=0.01 * along_cm, y_m=0.01 * across_cm)
            for target, (along_cm, across_cm) in zip(result.targets, places, strict=True)
        ),
    )


def _across_m(strip: Strip, grid: Grid) -> NDArray[np.float64]:
    """Even distances to the left of the middle line: the grid's own cells where the strip runs along an axis."""
    own = np.empty(0)
    if strip.direction[0] == 1.0:
        own = grid.y_m - strip.zero_m[1]
    elif strip.direction[1] == 1.0:
        own = strip.zero_m[0] - grid.x_m[::-1]
    kept: NDArray[np.float64] = own[(own > strip.low_m) & (own < strip.high_m)]
    if kept.size > 1:
        return kept
    count = max(round((strip.high_m - strip.low_m) / grid.cell_m), 2)
    return strip.low_m + (np.arange(count) + 0.5) * (strip.high_m - strip.low_m) / count


def pieces(start_cm: float, stop_cm: float, longest_cm: float, most: int) -> list[tuple[float, float]]:
    """Equal pieces of a strip, each no longer than asked for unless there would be too many.

    Parameters
    ----------
    start_cm, stop_cm
        Ends of the strip.
    longest_cm
        Longest piece.
    most
        How many pieces there may be; fewer and longer ones where that is not enough.

    Returns
    -------
    list of (start_cm, stop_cm)
    """
    span = stop_cm - start_cm
    count = min(max(math.ceil(span / longest_cm - 1e-9), 1), most)
    edges = [start_cm + span * n / count for n in range(count + 1)]
    return list(pairwise(edges))


def shelved(
    wanted: Sequence[float], widths: Sequence[float], span: tuple[float, float], *, rows: int, leader: float = 3.0
) -> list[tuple[int, float] | None]:
    """Place labels on shelves above a picture, so that neither labels nor the lines down from them meet.

    Parameters
    ----------
    wanted, widths
        Where each label points to, and how wide it is, in the same unit; the most important first.
    span
        Left and right end of the shelves.
    rows
        How many shelves there are; row 0 lies nearest to the picture.
    leader
        Room at either side of a line that comes straight down through the lower shelves.

    Returns
    -------
    list of (row, middle) or None
        None where there is no room any more.
    """
    boxes: list[list[tuple[float, float]]] = [[] for _ in range(rows)]
    lines: list[list[float]] = [[] for _ in range(rows)]
    placed: list[tuple[int, float] | None] = []

    def spot(index: int, row: int, lines_to_come: Sequence[float]) -> float | None:
        place, width = wanted[index], widths[index]
        if any(low - leader < place < high + leader for lower in boxes[:row] for low, high in lower):
            return None  # the line down would cross a label
        for shift in SHIFTS:
            middle = min(max(place + shift * width, span[0] + 0.5 * width), span[1] - 0.5 * width)
            low, high = middle - 0.5 * width, middle + 0.5 * width
            meets = any(low < other[1] + leader and other[0] < high + leader for other in boxes[row])
            crossed = any(low - leader < line < high + leader for line in (*lines[row], *lines_to_come))
            if not meets and not crossed:
                return middle
        return None

    for index, place in enumerate(wanted):
        others = [*wanted[:index], *wanted[index + 1 :]]
        # One that must hang over its neighbours' lines hangs as high as it can, so that those end below it.
        tries = [(row, others) for row in range(rows)] + [(row, ()) for row in reversed(range(rows))]
        found = next(((row, m) for row, rest in tries if (m := spot(index, row, rest)) is not None), None)
        placed.append(found)
        if found is not None:
            row, middle = found
            boxes[row].append((middle - 0.5 * widths[index], middle + 0.5 * widths[index]))
            for lower in range(row):
                lines[lower].append(place)
    return placed
