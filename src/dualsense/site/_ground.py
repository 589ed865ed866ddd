"""What is gathered of the ground while its tiles go by: areas, outlines, and the page's pictures."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Picture

from dualsense import render
from dualsense.site._raster import GROUND, TILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from dualsense.site._raster import Raster

PAGE_PIXELS = 3 * 2**20
"""Of all pictures of the page together: a telephone holds four bytes of each, several times."""
MEANING = {
    "none": "not covered: not assessable",
    "metal": "covered by the metal detector alone: not assessable",
    "radar": "covered by the radar alone: not assessable",
    "apart": "covered by each sensor in another scan, never together: not assessable",
    "both": "covered by both sensors",
}
"""Of `GROUND` within patches, in words for other programs."""


@dataclass(frozen=True, slots=True)
class Part:
    """Ground of one kind within one tile.

    Attributes
    ----------
    covered_by
        Of `MEANING`.
    area_m2
        Of its pixels.
    polygons
        Lists of closed rings (n, 2) on the map: the outer one counter-clockwise, then its holes.
    """

    covered_by: str
    area_m2: float
    polygons: list[list[NDArray[np.float64]]]


@dataclass(frozen=True, slots=True)
class Tile:
    """A picture of the page: metres from the raster's corner to its own, its side, a PNG of `GROUND`'s values."""

    east_m: float
    south_m: float
    side_m: float
    png: bytes


@dataclass(slots=True)
class Gathered:
    """What is known of the ground once all tiles went by."""

    raster: Raster
    pixels: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MEANING, 0))
    parts: list[Part] = field(default_factory=list)
    tiles: list[Tile] = field(default_factory=list)

    def area_m2(self) -> dict[str, float]:
        """Area by what covered it."""
        return {name: round(count * self.raster.pixel_m**2, 4) for name, count in self.pixels.items()}

    def through(self, tiles: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
        """Pass tiles on, and gather what they tell."""
        shrink = page_shrink(len(self.raster.tiles))
        for (row, column, _), tile in zip(self.raster.tiles, tiles, strict=True):
            self._gather(row, column, tile)
            if tile.any():
                side_m = TILE * self.raster.pixel_m
                png = _png(worst_of(tile, shrink))
                self.tiles.append(Tile(round(column * side_m, 4), round(row * side_m, 4), side_m, png))
            yield tile

    def _gather(self, row: int, column: int, tile: NDArray[np.uint8]) -> None:
        """Count and outline the ground of each kind."""
        pixel_m = self.raster.pixel_m
        west_m = self.raster.west_m + column * TILE * pixel_m
        north_m = self.raster.north_m - row * TILE * pixel_m
        # rows go south, and outlines count theirs upwards
        upwards, south_m = tile[::-1], north_m - TILE * pixel_m
        for name in MEANING:
            mask = upwards == GROUND.index(name)
            count = int(mask.sum())
            if not count:
                continue
            self.pixels[name] += count
            polygons = [
                [np.array([*ring, ring[0]]) * pixel_m + np.array([west_m, south_m]) for ring in rings]
                for rings in render.outlines(mask)
            ]
            self.parts.append(Part(name, round(count * pixel_m**2, 4), polygons))


def page_shrink(tiles: int) -> int:
    """How many pixels of the raster, along a side, the page shows as one."""
    shrink = 1
    while tiles * (TILE // shrink) ** 2 > PAGE_PIXELS and shrink < TILE // 8:
        shrink *= 2
    return shrink


def worst_of(tile: NDArray[np.uint8], shrink: int) -> NDArray[np.uint8]:
    """Show several pixels as one, by what is least covered of them; the outside of patches is none of it."""
    if shrink == 1:
        return tile
    side = tile.shape[0] // shrink
    blocks = np.where(tile == 0, np.uint8(255), tile).reshape(side, shrink, side, shrink).min(axis=(1, 3))
    return np.where(blocks == 255, np.uint8(0), blocks)


def _png(values: NDArray[np.uint8]) -> bytes:
    stream = io.BytesIO()
    Picture.fromarray(values * np.uint8(50)).save(stream, "PNG", optimize=False, compress_level=9)
    return stream.getvalue()
