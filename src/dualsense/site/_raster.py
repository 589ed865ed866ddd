"""The ground of a site in square tiles of its map: made one after another, those without a scan never.

A pixel tells of the ground at its middle. Ground counts as covered by both sensors where one scan covered it with
both: what one scan heard of metal and another of radar was never seen together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.site._store import GROUND as GROUND_MAP
from dualsense.site._store import METAL, PATCH, RADAR, sampled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dualsense.site._records import SiteScan
    from dualsense.site._store import Kept, Store

TILE = 256
"""Pixels along a tile's side."""
GROUND = ("outside", "none", "metal", "radar", "apart", "both")
"""What the pixels of the ground say, by their values: outside of every patch; covered by no sensor, by the metal
detector alone, by the radar alone, by both but in different scans, by both in one."""
MOST_PIXELS = 2**31
"""Along a side of the whole map."""


@dataclass(frozen=True, slots=True)
class Raster:
    """Pixels of the map.

    Attributes
    ----------
    west_m, north_m
        Of the corner, a multiple of the pixel.
    pixel_m
        Side of a pixel.
    columns, rows
        In all, whole tiles.
    tiles
        Row and column of each tile with scans, in reading order, and the numbers of the scans.
    """

    west_m: float
    north_m: float
    pixel_m: float
    columns: int
    rows: int
    tiles: tuple[tuple[int, int, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The part of a tile that a map of a scan may reach, and where its pixels lie in the scan's frame."""

    rows: slice
    columns: slice
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]


def lay_raster(scans: Sequence[SiteScan], store: Store, pixel_m: float) -> Raster | None:
    """Lay pixels over all scans that are on the map; None where there is none.

    Parameters
    ----------
    scans
        Of the site.
    store
        With their maps.
    pixel_m
        Side of a pixel.
    """
    boxes = {}
    for number, scan in enumerate(scans):
        kept = store.find(number, GROUND_MAP)
        if scan.to_map is not None and kept is not None:
            corners = _corners(kept, scan.to_map)
            boxes[number] = (*corners.min(axis=0), *corners.max(axis=0))
    if not boxes:
        return None
    low = np.min([box[:2] for box in boxes.values()], axis=0)
    high = np.max([box[2:] for box in boxes.values()], axis=0)
    west_m = np.floor(low[0] / pixel_m) * pixel_m
    north_m = np.ceil(high[1] / pixel_m) * pixel_m
    span_m = TILE * pixel_m
    columns = int(np.ceil((high[0] - west_m) / span_m))
    rows = int(np.ceil((north_m - low[1]) / span_m))
    tiles: dict[tuple[int, int], list[int]] = {}
    for number, (x0, y0, x1, y1) in sorted(boxes.items()):
        for row in range(int((north_m - y1) // span_m), int((north_m - y0) // span_m) + 1):
            for column in range(int((x0 - west_m) // span_m), int((x1 - west_m) // span_m) + 1):
                tiles.setdefault((min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)), []).append(number)
    laid = tuple((row, column, tuple(dict.fromkeys(own))) for (row, column), own in sorted(tiles.items()))
    return Raster(float(west_m), float(north_m), pixel_m, columns * TILE, rows * TILE, laid)


def ground_tiles(raster: Raster, scans: Sequence[SiteScan], store: Store) -> Iterator[NDArray[np.uint8]]:
    """Tell who covered the ground, tile by tile in the order of `Raster.tiles`: (TILE, TILE) of `GROUND`."""
    for row, column, numbers in raster.tiles:
        seen = np.zeros((TILE, TILE), dtype=np.uint8)
        both = np.zeros((TILE, TILE), dtype=bool)
        for number in numbers:
            kept = store.find(number, GROUND_MAP)
            window = None if kept is None else _window(raster, row, column, scans[number], kept)
            if kept is None or window is None:
                continue
            bits = sampled(kept, window.x_m, window.y_m, 0).astype(np.uint8)
            seen[window.rows, window.columns] |= bits
            both[window.rows, window.columns] |= bits == PATCH | METAL | RADAR
        codes = np.zeros((8,), dtype=np.uint8)
        codes[[PATCH, PATCH | METAL, PATCH | RADAR, PATCH | METAL | RADAR]] = (1, 2, 3, 4)
        yield np.where(both, np.uint8(5), codes[seen])


def image_tiles(
    raster: Raster, scans: Sequence[SiteScan], store: Store, names: Sequence[str]
) -> Iterator[NDArray[np.float32]]:
    """Give the largest value of all scans' images, tile by tile: (TILE, TILE, len(names)), NaN where none is."""
    for row, column, numbers in raster.tiles:
        tile = np.full((TILE, TILE, len(names)), np.nan, dtype=np.float32)
        for number in numbers:
            for band, name in enumerate(names):
                kept = store.find(number, name)
                window = None if kept is None else _window(raster, row, column, scans[number], kept)
                if kept is None or window is None:
                    continue
                part = tile[window.rows, window.columns, band]
                values = sampled(kept, window.x_m, window.y_m, np.nan).astype(np.float32)
                tile[window.rows, window.columns, band] = np.fmax(part, values)
        yield tile


def coverings(places_m: Sequence[NDArray[np.float64]], scans: Sequence[SiteScan], store: Store) -> list[list[int]]:
    """Tell for each place on the map which scans covered it with both sensors."""
    found: list[list[int]] = [[] for _ in places_m]
    if not len(places_m):
        return found
    every = np.array(places_m)
    for number, scan in enumerate(scans):
        kept = store.find(number, GROUND_MAP)
        if scan.to_map is None or kept is None:
            continue
        local = _to_local(scan.to_map, every[:, 0], every[:, 1])
        bits = sampled(kept, *local, 0)
        for n in np.flatnonzero(bits == PATCH | METAL | RADAR).tolist():
            found[n].append(number)
    return found


def _corners(kept: Kept, to_map: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners of a map (4, 2) on the site's map."""
    rows, columns = kept.open().shape
    x_m = kept.x_m + kept.cell_m * np.array([-0.5, columns - 0.5])
    y_m = kept.y_m + kept.cell_m * np.array([-0.5, rows - 0.5])
    local = np.array([[x, y, 1.0] for x in x_m for y in y_m])
    return local @ to_map.T


def _to_local(
    to_map: NDArray[np.float64], east_m: NDArray[np.float64], north_m: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    inverse = np.linalg.inv(to_map[:, :2])
    dx, dy = east_m - to_map[0, 2], north_m - to_map[1, 2]
    return inverse[0, 0] * dx + inverse[0, 1] * dy, inverse[1, 0] * dx + inverse[1, 1] * dy


def _window(raster: Raster, row: int, column: int, scan: SiteScan, kept: Kept) -> Window | None:
    """Pixels of a tile that a map may reach; None where it reaches none."""
    if scan.to_map is None:
        return None
    corners = _corners(kept, scan.to_map)
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    west_m = raster.west_m + column * TILE * raster.pixel_m
    north_m = raster.north_m - row * TILE * raster.pixel_m
    first = max(0, int((x0 - west_m) // raster.pixel_m)), max(0, int((north_m - y1) // raster.pixel_m))
    last = (
        min(TILE, int((x1 - west_m) // raster.pixel_m) + 1),
        min(TILE, int((north_m - y0) // raster.pixel_m) + 1),
    )
    if first[0] >= last[0] or first[1] >= last[1]:
        return None
    east = west_m + (np.arange(first[0], last[0]) + 0.5) * raster.pixel_m
    north = north_m - (np.arange(first[1], last[1]) + 0.5) * raster.pixel_m
    x_m, y_m = _to_local(scan.to_map, *np.meshgrid(east, north))
    return Window(slice(first[1], last[1]), slice(first[0], last[0]), x_m, y_m)
