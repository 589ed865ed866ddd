"""Letters: DejaVu Sans as FreeType draws it, through Pillow; measured in pixels before anything is drawn.

``assets/fonts`` holds DejaVu Sans 2.37 with its Latin, Greek and Cyrillic letters, punctuation, arrows and signs,
and its licence. A letter that it lacks is drawn as a box.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from numpy.typing import NDArray

Cut = Literal["regular", "bold", "italic"]
FILES: dict[Cut, str] = {
    "regular": "DejaVuSans.ttf",
    "bold": "DejaVuSans-Bold.ttf",
    "italic": "DejaVuSans-Oblique.ttf",
}
ASCENT, DESCENT = 0.76, 0.208
"""Height of an l above the line and depth of a p below it, which make a line of text, in units of its size."""
CAPITAL = 0.729
SPARE_PX = 3


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of text as one block.

    Attributes
    ----------
    width_px, height_px
        Of the block.
    baselines_px
        Of each line, below the top of the block.
    """

    width_px: float
    height_px: float
    baselines_px: tuple[float, ...]


@cache
def _content(cut: Cut) -> bytes:
    return files("dualsense.render").joinpath("assets", "fonts", FILES[cut]).read_bytes()


@lru_cache(maxsize=64)
def _face(cut: Cut, size_px: float) -> ImageFont.FreeTypeFont:
    # The basic layout is there on every system and gives the same letters on all of them.
    return ImageFont.truetype(io.BytesIO(_content(cut)), size_px, layout_engine=ImageFont.Layout.BASIC)


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=4096)
def width_px(text: str, size_px: float, cut: Cut = "regular") -> float:
    """Width of one line of text."""
    return float(_face(cut, size_px).getlength(_storable(text)))


@lru_cache(maxsize=1024)
def block(text: str, size_px: float, cut: Cut = "regular", spacing: float = 1.2) -> Block:
    """Measure a text of one or more lines.

    Parameters
    ----------
    text
        Lines apart by line feeds.
    size_px
        Of the font.
    cut
        Of the font.
    spacing
        How far apart lines stand, in heights of a line above its baseline.
    """
    lines = text.split("\n")
    pitch = size_px * (ASCENT * spacing + DESCENT)
    baselines = tuple(size_px * ASCENT + pitch * n for n in range(len(lines)))
    widest = max(width_px(line, size_px, cut) for line in lines)
    return Block(widest, baselines[-1] + size_px * DESCENT, baselines)


def line_mask(text: str, size_px: float, cut: Cut) -> NDArray[np.uint8]:
    """Draw one line of text: how much of each pixel the letters cover, 0 to 255.

    Parameters
    ----------
    text
        One line.
    size_px, cut
        Of the font.

    Returns
    -------
    (height, width) uint8
        The line begins at column `SPARE_PX`, and its baseline is the upper edge of the row `baseline_row` tells.
    """
    face, text = _face(cut, size_px), _storable(text)
    wide = int(width_px(text, size_px, cut)) + 2 * SPARE_PX + int(size_px)
    tall = baseline_row(size_px) + int(np.ceil(0.5 * size_px)) + SPARE_PX
    page = Image.new("L", (wide, tall))
    ImageDraw.Draw(page).text((SPARE_PX, baseline_row(size_px)), text, fill=255, font=face, anchor="ls")
    return np.asarray(page)


def baseline_row(size_px: float) -> int:
    """Row under the baseline in what `line_mask` gives."""
    return int(np.ceil(1.2 * size_px)) + SPARE_PX
