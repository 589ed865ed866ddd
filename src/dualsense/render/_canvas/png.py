"""PNG, written with zlib: the same bytes for the same picture, and nothing in it but the picture."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LEVEL = 3
METRE_IN = 1.0 / 0.0254
RGB, NO_FILTER = 2, 0
BAND = 64


def png_bytes(pixels: NDArray[np.uint8], dpi: float, level: int = LEVEL) -> bytes:
    """Encode a picture.

    The rows are not filtered: maps are cells of one colour and paper, which deflate compresses better as they are.
    zlib works without Python's lock, so that pictures are encoded side by side in threads.

    Parameters
    ----------
    pixels : (height, width, 3) uint8
        Red, green and blue, the top row first.
    dpi
        Pixels for each inch, which the file states.
    level
        Of zlib, 0 to 9: how much is done to make it small.

    Returns
    -------
    bytes
        A file.
    """
    height, width, _ = pixels.shape
    packer = zlib.compressobj(level)
    rows = np.full((BAND, 1 + 3 * width), NO_FILTER, dtype=np.uint8)
    packed = []
    for first in range(0, height, BAND):
        band = pixels[first : first + BAND]
        rows[: len(band), 1:] = band.reshape(len(band), -1)
        packed.append(packer.compress(rows[: len(band)].data))
    packed.append(packer.flush())
    per_metre = round(dpi * METRE_IN)
    return b"".join(
        [
            SIGNATURE,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, RGB, 0, 0, 0)),
            _chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)),
            _chunk(b"IDAT", b"".join(packed)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
