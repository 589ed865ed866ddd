"""GeoTIFF (OGC 19-008r4) of the ground and of the images, in tiles; those without a scan take no room."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import numpy as np

from dualsense.errors import UsageError
from dualsense.site._raster import TILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from dualsense.site._raster import Raster
    from dualsense.site._records import Frame

PIXEL_SCALE, TIEPOINT, GEO_KEYS, GDAL_METADATA, GDAL_NODATA = 33550, 33922, 34735, 42112, 42113
PROJECTED, PIXEL_IS_AREA, METRE = 1, 1, 9001


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
    shape = (raster.rows, raster.columns, *first.shape[2:])
    with _tifffile().TiffWriter(path, bigtiff=_is_big(raster, first)) as writer:
        writer.write(
            _all_tiles(raster, chain([first], tiles)),
            shape=shape,
            dtype=first.dtype,
            tile=(TILE, TILE),
            photometric="minisblack",
            planarconfig="contig" if len(shape) > 2 else None,
            extrasamples=["unspecified"] * (shape[2] - 1) if len(shape) > 2 else None,
            compression="zlib",
            metadata=None,
            software=False,
            extratags=_tags(raster, frame, bands, nodata, told),
        )


def _all_tiles(raster: Raster, tiles: Iterator[NDArray[Any]]) -> Iterator[NDArray[Any] | None]:
    """Give every tile of the file in reading order, None for one without a scan."""
    across, before = raster.columns // TILE, -1
    for (row, column, _), tile in zip(raster.tiles, tiles, strict=True):
        number = row * across + column
        yield from repeat(None, number - before - 1)
        yield np.ascontiguousarray(tile)
        before = number
    yield from repeat(None, across * (raster.rows // TILE) - before - 1)


def _is_big(raster: Raster, tile: NDArray[Any]) -> bool:
    """Whether the file may outgrow the four bytes of an offset."""
    return len(raster.tiles) * tile.nbytes > 2**31


def _tags(
    raster: Raster, frame: Frame, bands: Sequence[str], nodata: float, told: Mapping[str, str]
) -> list[tuple[int, int, int, Any, bool]]:
    """Tags of the place and of what GDAL shows: code, type of TIFF, count, value, of the first page alone."""
    said = ((1024, PROJECTED), (1025, PIXEL_IS_AREA), (3072, frame.epsg), (3076, METRE))
    keys = (1, 1, 0, len(said), *(one for key, value in said for one in (key, 0, 1, value)))
    items = [f'<Item name="{escape(name)}">{escape(text)}</Item>' for name, text in told.items()]
    items += [
        f'<Item name="DESCRIPTION" sample="{n}" role="description">{escape(band)}</Item>'
        for n, band in enumerate(bands)
    ]
    texts = ((GDAL_METADATA, f"<GDALMetadata>{''.join(items)}</GDALMetadata>"), (GDAL_NODATA, f"{nodata:g}"))
    encoded = [(code, text.encode("ascii", "xmlcharrefreplace") + b"\0") for code, text in texts]
    return [
        (PIXEL_SCALE, 12, 3, (raster.pixel_m, raster.pixel_m, 0.0), True),
        (TIEPOINT, 12, 6, (0.0, 0.0, 0.0, raster.west_m, raster.north_m, 0.0), True),
        (GEO_KEYS, 3, len(keys), keys, True),
        *((code, 2, len(text), text, True) for code, text in encoded),
    ]


def _tifffile() -> Any:
    try:
        import tifffile  # noqa: PLC0415 - an extra
    except ImportError:
        msg = "GeoTIFF needs tifffile: install the extra `site` (pip install 'dualsense[site]')"
        raise UsageError(msg) from None
    return tifffile
