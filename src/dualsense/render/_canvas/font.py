"""Letters: DejaVu Sans as FreeType draws it, through Pillow; measured in pixels before anything is drawn.

``assets/fonts`` holds DejaVu Sans 2.37 with its Latin, Greek and Cyrillic letters, punctuation, arrows and signs,
and its licence. Japanese letters come from the part of Noto Sans CJK that the page brings along, where FreeType
reads it. A letter that neither has is drawn as a box.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import groupby
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
CJK = 0x2E80
"""From here on letters are those of East Asia."""


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


@cache
def _more() -> bytes | None:
    """Font of the letters that the others lack; None where FreeType cannot unpack it."""
    content = files("dualsense.render").joinpath("assets", "fonts", "page", "japanese.woff2").read_bytes()
    try:
        ImageFont.truetype(io.BytesIO(content), 12.0, layout_engine=ImageFont.Layout.BASIC)
    except OSError:
        return None
    return content


@lru_cache(maxsize=64)
def _more_face(size_px: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(io.BytesIO(_more() or b""), size_px, layout_engine=ImageFont.Layout.BASIC)


@cache
def _more_letters() -> frozenset[int]:
    """Letters that only the other font has."""
    if _more() is None:
        return frozenset()
    text = files("dualsense.render").joinpath("assets", "fonts", "page", "japanese.range").read_text("ascii")
    parts = (part.strip().removeprefix("U+").split("-") for part in text.split(","))
    return frozenset(n for part in parts for n in range(int(part[0], 16), int(part[-1], 16) + 1))


@cache
def has_letter(letter: str) -> bool:
    """Whether a letter is drawn as itself.

    Parameters
    ----------
    letter
        One.
    """
    if ord(letter) in _more_letters():
        return True
    drawn, missing = (bytes(_face("regular", 20.0).getmask(each)) for each in (letter, "\U0010fffd"))
    return drawn != missing


def _runs(text: str) -> list[tuple[bool, str]]:
    """Parts of a text that are drawn with the same font, and whether that is the other one."""
    if text.isascii() or not _more_letters():
        return [(False, text)]

    def is_other(letter: str) -> bool:
        return ord(letter) >= CJK and ord(letter) in _more_letters()

    return [(other, "".join(letters)) for other, letters in groupby(text, key=is_other)]


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=4096)
def width_px(text: str, size_px: float, cut: Cut = "regular") -> float:
    """Width of one line of text."""
    return sum(
        float((_more_face(size_px) if other else _face(cut, size_px)).getlength(part))
        for other, part in _runs(_storable(text))
    )


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
    text = _storable(text)
    wide = int(width_px(text, size_px, cut)) + 2 * SPARE_PX + int(size_px)
    tall = baseline_row(size_px) + int(np.ceil(0.5 * size_px)) + SPARE_PX
    page = Image.new("L", (wide, tall))
    column, row, pen = float(SPARE_PX), baseline_row(size_px), ImageDraw.Draw(page)
    for other, part in _runs(text):
        face = _more_face(size_px) if other else _face(cut, size_px)
        # The other font has one weight: a bold letter is drawn twice, side by side.
        for shift in (0.0, max(size_px / 24.0, 0.5)) if other and cut == "bold" else (0.0,):
            pen.text((column + shift, row), part, fill=255, font=face, anchor="ls")
        column += float(face.getlength(part))
    return np.asarray(page)


def baseline_row(size_px: float) -> int:
    """Row under the baseline in what `line_mask` gives."""
    return int(np.ceil(1.2 * size_px)) + SPARE_PX
