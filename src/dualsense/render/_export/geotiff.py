"""A result's maps and depth slices as bands of one GeoTIFF."""

from __future__ import annotations

import json
import struct
import zlib
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np

from dualsense.render._export.about import about
from dualsense.render._files.geodesy import local_to_wgs84, usable_origin

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.result import Grid, Result

ASCII, SHORT, LONG, DOUBLE = 2, 3, 4, 12
_CODES = {ASCII: "s", SHORT: "H", LONG: "I", DOUBLE: "d"}
_DEFLATE, _SEPARATE, _FLOATS = 8, 2, 3
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
OFFSETS, SAMPLES, ROWS_PER_STRIP, COUNTS, PLANES, FORMAT = 273, 277, 278, 279, 284, 339
TRANSFORMATION, GEO_KEYS, GEO_TEXTS, GDAL_METADATA, GDAL_NODATA = 34264, 34735, 34737, 42112, 42113


def maps_geotiff(result: Result) -> bytes:
    """Give the metal detector's maps, what was covered, and every slice of the radar's volume as bands.

    Parameters
    ----------
    result
        Of one scan.

    Returns
    -------
    bytes
        A GeoTIFF of float32, rows from large y to small, NaN where nothing was assessed; in WGS 84 (turned with
        the lane) where the scan has an origin on Earth, else in metres of the local frame. Each band has its name.
        Source: TIFF 6.0 and OGC GeoTIFF 1.1.
    """
    grid = result.coverage.grid
    bands: list[tuple[str, NDArray[np.float32]]] = [
        (f"{name} [{image.units}]", image.values) for name, image in sorted(result.emi_maps.items())
    ]
    bands += [(f"covered by {name}", getattr(result.coverage, name).astype(np.float32)) for name in ("emi", "gpr")]
    if result.gpr_volume is not None:
        volume = result.gpr_volume
        slices = zip(volume.depth_m.tolist(), volume.values, strict=True)
        bands += [(f"{volume.name} at {depth_m:.3f} m [{volume.units}]", values) for depth_m, values in slices]
    items = [f'<Item name="about">{escape(json.dumps(about(result), ensure_ascii=True))}</Item>']
    items += [
        f'<Item name="DESCRIPTION" sample="{n}" role="description">{escape(name)}</Item>'
        for n, (name, _) in enumerate(bands)
    ]
    keys, texts = _keys(result)
    tags: dict[int, tuple[int, tuple[float, ...] | str]] = {
        TRANSFORMATION: (DOUBLE, _transformation(result, grid)),
        GEO_KEYS: (SHORT, keys),
        GEO_TEXTS: (ASCII, texts),
        GDAL_METADATA: (ASCII, f"<GDALMetadata>{''.join(items)}</GDALMetadata>"),
        GDAL_NODATA: (ASCII, "nan"),
    }
    return _tiff([values[::-1] for _, values in bands], tags)


def _keys(result: Result) -> tuple[tuple[int, ...], str]:
    """Give the directory of GeoKeys and its texts."""
    if usable_origin(result.header) is not None:
        text = "WGS 84|"
        return (1, 1, 0, 4, 1024, 0, 1, 2, 1025, 0, 1, 1, 1026, GEO_TEXTS, len(text), 0, 2048, 0, 1, 4326), text
    text = "local frame, metres|"
    return (1, 1, 0, 3, 1024, 0, 1, 32767, 1025, 0, 1, 1, 1026, GEO_TEXTS, len(text), 0), text


def _transformation(result: Result, grid: Grid) -> tuple[float, ...]:
    """Give the matrix from column and row of corners of cells to places."""
    left_m, top_m = float(grid.x_m[0]) - grid.cell_m / 2.0, float(grid.y_m[-1]) + grid.cell_m / 2.0
    columns, rows = grid.x_m.size, grid.y_m.size
    x_m = [left_m, left_m + columns * grid.cell_m, left_m]
    y_m = [top_m, top_m, top_m - rows * grid.cell_m]
    origin = usable_origin(result.header)
    if origin is not None:
        latitude, longitude = local_to_wgs84(x_m, y_m, origin)
        x_m, y_m = list(longitude), list(latitude)
    along = [(x_m[1] - x_m[0]) / columns, (y_m[1] - y_m[0]) / columns]
    down = [(x_m[2] - x_m[0]) / rows, (y_m[2] - y_m[0]) / rows]
    first = (along[0], down[0], 0.0, x_m[0])
    second = (along[1], down[1], 0.0, y_m[0])
    return tuple(float(one) for one in (*first, *second, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0))


def _tiff(bands: list[NDArray[np.float32]], tags: dict[int, tuple[int, tuple[float, ...] | str]]) -> bytes:
    """Write bands of one size, each a strip, with further tags."""
    height, width = bands[0].shape
    strips = [zlib.compress(np.ascontiguousarray(band, "<f4").tobytes(), 6) for band in bands]
    count, start = len(bands), 8
    places = []
    for strip in strips:
        places.append(start)
        start += len(strip)
    own = {
        WIDTH: (LONG, (width,)),
        HEIGHT: (LONG, (height,)),
        BITS: (SHORT, (32,) * count),
        COMPRESSION: (SHORT, (_DEFLATE,)),
        PHOTOMETRIC: (SHORT, (1,)),
        OFFSETS: (LONG, tuple(places)),
        SAMPLES: (SHORT, (count,)),
        ROWS_PER_STRIP: (LONG, (height,)),
        COUNTS: (LONG, tuple(len(strip) for strip in strips)),
        PLANES: (SHORT, (_SEPARATE,)),
        FORMAT: (SHORT, (_FLOATS,) * count),
    }
    entries = sorted({**own, **tags}.items())
    start += start % 2
    beside = start + 2 + 12 * len(entries) + 4
    directory, values = [struct.pack("<H", len(entries))], b""
    for tag, (kind, given) in entries:
        if isinstance(given, str):
            content = given.encode("ascii", "xmlcharrefreplace") + b"\0"
            length = len(content)
        else:
            content, length = struct.pack(f"<{len(given)}{_CODES[kind]}", *given), len(given)
        if len(content) > 4:
            place = struct.pack("<I", beside + len(values))
            values += content + b"\0" * (len(content) % 2)
        else:
            place = content.ljust(4, b"\0")
        directory.append(struct.pack("<HHI", tag, kind, length) + place)
    head = b"II*\0" + struct.pack("<I", start)
    body = b"".join((head, *strips)).ljust(start, b"\0")
    return body + b"".join(directory) + b"\0\0\0\0" + values
