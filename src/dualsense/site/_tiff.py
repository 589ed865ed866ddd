"""GeoTIFF of the ground and of the images, in tiles; those without a scan take no room."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from dualsense.runtime import tiff
from dualsense.site._raster import TILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from dualsense.site._raster import Raster
    from dualsense.site._records import Frame

BIG_BYTES = 2**31


def write_geotiff(
    path: Path,
    tiles: Iterable[NDArray[Any]],
    raster: Raster,
    frame: Frame,
    *,
    bands: Sequence[str],
    nodata: float,
    told: Mapping[str, str],
) -> None:
    """Write pixels of the map.

    Parameters
    ----------
    path
        File to make.
    tiles
        In the order of ``raster.tiles``: (TILE, TILE), or (TILE, TILE, bands).
    raster, frame
        Where they lie.
    bands
        What each of them is.
    nodata
        Value of pixels that tell nothing.
    told
        Texts by name that a GIS shows beside the file.
    """
    tiles = iter(tiles)
    first = next(tiles, None)
    if first is None:
        msg = "a raster without a tile"
        raise ValueError(msg)
    pixels = tiff.Pixels(
        rows=raster.rows,
        columns=raster.columns,
        bands=len(bands),
        dtype=first.dtype,
        tile=TILE,
        big=len(raster.tiles) * first.nbytes > BIG_BYTES,
    )
    keys = {
        tiff.MODEL: tiff.IS_PROJECTED,
        tiff.RASTER: tiff.PIXEL_IS_AREA,
        tiff.PROJECTED: frame.epsg,
        tiff.PROJECTED_UNITS: tiff.METRE,
    }
    tags = {
        tiff.PIXEL_SCALE: (tiff.DOUBLE, (raster.pixel_m, raster.pixel_m, 0.0)),
        tiff.TIEPOINT: (tiff.DOUBLE, (0.0, 0.0, 0.0, raster.west_m, raster.north_m, 0.0)),
        **tiff.geo_keys(keys),
        **tiff.gdal_tags(told, bands, nodata),
    }
    with path.open("w+b") as file:
        tiff.write_tiff(file, _all_tiles(raster, chain([first], tiles)), pixels, tags)


def _all_tiles(raster: Raster, tiles: Iterator[NDArray[Any]]) -> Iterator[NDArray[Any] | None]:
    """Give every tile of the file in reading order, None for one without a scan."""
    across, before = raster.columns // TILE, -1
    for (row, column, _), tile in zip(raster.tiles, tiles, strict=True):
        number = row * across + column
        yield from repeat(None, number - before - 1)
        yield tile
        before = number
    yield from repeat(None, across * (raster.rows // TILE) - before - 1)
