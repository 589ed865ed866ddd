"""TIFF of maps, written as their pieces come: tiles or whole bands, each deflated, and where on Earth they lie.

Source: TIFF 6.0, BigTIFF, OGC GeoTIFF 1.1 (19-008r4), and the tags that GDAL adds.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import BinaryIO

    from numpy.typing import DTypeLike, NDArray

    Tags = Mapping[int, tuple[int, Sequence[float] | str]]

ASCII, SHORT, LONG, DOUBLE, LONG8 = 2, 3, 4, 12, 16
_CODES = {SHORT: "H", LONG: "I", DOUBLE: "d", LONG8: "Q"}
_DEFLATE, _LEVEL, _DARK_IS_LOW, _TOGETHER, _APART = 8, 6, 1, 1, 2
_FORMATS = {"u": 1, "i": 2, "f": 3}
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANES = 256, 257, 258, 259, 262, 277, 284
STRIPS, ROWS_PER_STRIP, STRIP_BYTES, TILE_WIDTH, TILE_HEIGHT, TILES, TILE_BYTES = 273, 278, 279, 322, 323, 324, 325
EXTRA_SAMPLES, FORMAT = 338, 339
PIXEL_SCALE, TIEPOINT, TRANSFORMATION, GEO_KEYS, GEO_TEXTS = 33550, 33922, 34264, 34735, 34737
GDAL_METADATA, GDAL_NODATA = 42112, 42113
MODEL, RASTER, CITATION, GEOGRAPHIC, PROJECTED, PROJECTED_UNITS = 1024, 1025, 1026, 2048, 3072, 3076
"""Keys of GeoTIFF."""
IS_PROJECTED, IS_GEOGRAPHIC, IS_OWN, PIXEL_IS_AREA, METRE = 1, 2, 32767, 1, 9001
"""And values of theirs."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """What a file holds.

    Attributes
    ----------
    rows, columns, bands
        Of the whole.
    dtype
        Of one number.
    tile
        Side of the square tiles, in which all bands of a pixel stand together; None where each band is one piece.
    big
        Whether the file may outgrow the four bytes in which places are told.
    """

    rows: int
    columns: int
    bands: int
    dtype: DTypeLike
    tile: int | None = None
    big: bool = False


def write_tiff(file: BinaryIO, pieces: Iterable[NDArray[Any] | None], pixels: Pixels, tags: Tags) -> None:
    """Write a file of one picture.

    Parameters
    ----------
    file
        Empty, and one can go back in it.
    pieces
        Bands (rows, columns) in their order, or tiles (tile, tile) or (tile, tile, bands) in reading order; None
        is a tile that takes no room, which readers take for the value of what is missing.
    pixels
        What they are.
    tags
        Beside those of the pixels: type, and numbers or a text, by code.
    """
    dtype = np.dtype(pixels.dtype).newbyteorder("<")
    file.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0) if pixels.big else struct.pack("<2sHI", b"II", 42, 0))
    places, sizes = [], []
    for piece in pieces:
        content = b"" if piece is None else zlib.compress(np.ascontiguousarray(piece, dtype).tobytes(), _LEVEL)
        places.append(file.tell() if content else 0)
        sizes.append(len(content))
        file.write(content)
    file.write(b"\0" * (file.tell() % 2))
    directory = file.tell()
    file.write(_directory(directory, {**_pixel_tags(pixels, dtype, places, sizes), **tags}, big=pixels.big))
    file.seek(8 if pixels.big else 4)
    file.write(struct.pack("<Q" if pixels.big else "<I", directory))
    file.seek(0, 2)


def geo_keys(keys: Mapping[int, int], citation: str | None = None) -> dict[int, tuple[int, Sequence[float] | str]]:
    """Give the tags that say what coordinates are.

    Parameters
    ----------
    keys
        Values by codes of GeoTIFF.
    citation
        In words.

    Returns
    -------
    dict
        For `write_tiff`.
    """
    rows = [(code, 0, 1, value) for code, value in keys.items()]
    if citation is not None:
        rows.append((CITATION, GEO_TEXTS, len(citation) + 1, 0))
    directory = (1, 1, 0, len(rows), *(number for row in sorted(rows) for number in row))
    texts = {} if citation is None else {GEO_TEXTS: (ASCII, f"{citation}|")}
    return {GEO_KEYS: (SHORT, directory), **texts}


def gdal_tags(
    told: Mapping[str, str], bands: Sequence[str], nodata: float
) -> dict[int, tuple[int, Sequence[float] | str]]:
    """Give the tags by which a GIS tells of the file, of each band, and of pixels that tell nothing.

    Parameters
    ----------
    told
        Texts by name.
    bands
        What each of them is.
    nodata
        Value of what is missing.

    Returns
    -------
    dict
        For `write_tiff`.
    """
    items = [f'<Item name="{escape(name)}">{escape(text)}</Item>' for name, text in told.items()]
    items += [
        f'<Item name="DESCRIPTION" sample="{n}" role="description">{escape(band)}</Item>'
        for n, band in enumerate(bands)
    ]
    return {
        GDAL_METADATA: (ASCII, f"<GDALMetadata>{''.join(items)}</GDALMetadata>"),
        GDAL_NODATA: (ASCII, f"{nodata:g}"),
    }


def _pixel_tags(
    pixels: Pixels, dtype: np.dtype[Any], places: Sequence[int], sizes: Sequence[int]
) -> dict[int, tuple[int, Sequence[float] | str]]:
    count, offset = pixels.bands, LONG8 if pixels.big else LONG
    tags: dict[int, tuple[int, Sequence[float] | str]] = {
        WIDTH: (LONG, (pixels.columns,)),
        HEIGHT: (LONG, (pixels.rows,)),
        BITS: (SHORT, (8 * dtype.itemsize,) * count),
        COMPRESSION: (SHORT, (_DEFLATE,)),
        PHOTOMETRIC: (SHORT, (_DARK_IS_LOW,)),
        SAMPLES: (SHORT, (count,)),
        PLANES: (SHORT, (_APART if pixels.tile is None else _TOGETHER,)),
        FORMAT: (SHORT, (_FORMATS[dtype.kind],) * count),
    }
    if count > 1:  # beyond the one that the photometric interpretation names, each without a meaning of its own
        tags[EXTRA_SAMPLES] = (SHORT, (0,) * (count - 1))
    if pixels.tile is None:
        return tags | {
            STRIPS: (offset, places),
            ROWS_PER_STRIP: (LONG, (pixels.rows,)),
            STRIP_BYTES: (offset, sizes),
        }
    return tags | {
        TILE_WIDTH: (LONG, (pixels.tile,)),
        TILE_HEIGHT: (LONG, (pixels.tile,)),
        TILES: (offset, places),
        TILE_BYTES: (offset, sizes),
    }


def _directory(start: int, tags: Tags, *, big: bool) -> bytes:
    """Give the list of tags that begins at a place of the file, and behind it what does not fit into it."""
    entry, word, head = ("<HHQ", "<Q", "<Q") if big else ("<HHI", "<I", "<H")
    room = struct.calcsize(word)
    beside = start + struct.calcsize(head) + len(tags) * (struct.calcsize(entry) + room) + room
    rows, values = [struct.pack(head, len(tags))], b""
    for code, (kind, given) in sorted(tags.items()):
        if isinstance(given, str):
            content = given.encode("ascii", "xmlcharrefreplace") + b"\0"
            length = len(content)
        else:
            content, length = struct.pack(f"<{len(given)}{_CODES[kind]}", *given), len(given)
        if len(content) > room:
            place = struct.pack(word, beside + len(values))
            values += content + b"\0" * (len(content) % 2)
        else:
            place = content.ljust(room, b"\0")
        rows.append(struct.pack(entry, code, kind, length) + place)
    return b"".join(rows) + b"\0" * room + values
