"""Letters: DejaVu Sans as FreeType draws it, through Pillow; measured in pixels before anything is drawn.

``assets/fonts`` holds DejaVu Sans 2.37 with its Latin, Greek and Cyrillic letters, punctuation, arrows and signs,
and its licence. Letters of other scripts come from the parts of Noto's fonts that the page brings along, where
FreeType reads them. Arabic, Khmer and Lao letters join, stack or run from the right: Raqm orders them, where
Pillow has it and finds FriBiDi. A letter that no font has is drawn as a box.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont, features

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
UNSEEN = frozenset("\u200b\u200c\u200d\u200e\u200f\u2066\u2067\u2068\u2069")
"""Marks that order or join letters, and show nothing."""


NUMBER = r"\d(?:[A-Za-z0-9.,:-]*[A-Za-z0-9])?"
UNIT = r"(?: ?(?:cm|mm|m²|m|ns|[kMG]?Hz|°|%)(?![A-Za-z0-9]))"
NUMBERS = re.compile(rf"(?<![\w.,:-])(?<![A-Za-z] )[-+]?{NUMBER}(?: ?[±×] ?{NUMBER})*{UNIT}?")
"""Numbers and dates, with signs, what they are off by and units, which run from the left in every script."""


@dataclass(frozen=True, slots=True)
class Script:
    """Letters that DejaVu Sans lacks, and the font that has them.

    Attributes
    ----------
    file
        In ``assets/fonts``, without its ending; a ``.range`` beside it tells which letters it has.
    first, last
        A text with a letter between these is in this script.
    size
        Of its letters: those that stand on one another are taller, and keep to the lines of the others.
    shaped
        Whether its letters join, stack or run from the right.
    from_right
        Whether a line of it runs from the right, with all that it holds of other scripts.
    """

    file: str
    first: int
    last: int
    size: float = 1.0
    shaped: bool = False
    from_right: bool = False


SCRIPTS = (
    Script("arabic-latin", 0x600, 0x6FF, 0.86, shaped=True, from_right=True),
    Script("page/khmer", 0x1780, 0x19FF, 0.8, shaped=True),
    Script("page/lao", 0xE80, 0xEFF, 0.82, shaped=True),
    Script("page/japanese", 0x2E80, 0x10FFFF),
)


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
def _script_content(script: Script) -> bytes | None:
    """Font of a script; None where it cannot be unpacked, or its letters cannot be ordered."""
    content = files("dualsense.render").joinpath("assets", "fonts", f"{script.file}.woff2").read_bytes()
    if script.shaped and not (features.check("raqm") and features.check("fribidi")):
        return None
    try:
        ImageFont.truetype(io.BytesIO(content), 12.0, layout_engine=ImageFont.Layout.BASIC)
    except OSError:
        return None
    return content


@lru_cache(maxsize=64)
def _script_face(script: Script, size_px: float) -> ImageFont.FreeTypeFont:
    engine = ImageFont.Layout.RAQM if script.shaped else ImageFont.Layout.BASIC
    content = _script_content(script) or b""
    return ImageFont.truetype(io.BytesIO(content), script.size * size_px, layout_engine=engine)


@cache
def _letters_of(script: Script) -> frozenset[int]:
    """Letters that the font of a script has."""
    if _script_content(script) is None:
        return frozenset()
    text = files("dualsense.render").joinpath("assets", "fonts", f"{script.file}.range").read_text("ascii")
    parts = (part.strip().removeprefix("U+").split("-") for part in text.split(","))
    return frozenset(n for part in parts for n in range(int(part[0], 16), int(part[-1], 16) + 1))


@lru_cache(maxsize=4096)
def _script_of(letter: str) -> Script | None:
    """Script whose font draws a letter; None where DejaVu Sans has to."""
    point = ord(letter)
    for script in SCRIPTS:
        if script.first <= point <= script.last and point in _letters_of(script):
            return script
    return None


@cache
def has_letter(letter: str) -> bool:
    """Whether a letter is drawn as itself.

    Parameters
    ----------
    letter
        One.
    """
    if _script_of(letter) is not None:
        return True
    if letter in UNSEEN:
        return any(script.shaped and _letters_of(script) for script in SCRIPTS)
    drawn, missing = (bytes(_face("regular", 20.0).getmask(each)) for each in (letter, "\U0010fffd"))
    return drawn != missing


def _runs(text: str) -> list[tuple[Script | None, str]]:
    """Parts of a text that are drawn with the same font, from the left; None is DejaVu Sans."""
    if text.isascii():
        return [(None, text)]
    scripts = [_script_of(letter) for letter in text]
    whole = next((script for script in scripts if script is not None and script.from_right), None)
    if whole is not None:
        # The minus sign that this font lacks must not break a line in two.
        text = NUMBERS.sub(lambda found: f"\u2066{found[0]}\u2069", text.replace("−", "-"))
        known = _letters_of(whole)
        scripts = [whole if ord(one) in known or one in UNSEEN or one == " " else _script_of(one) for one in text]
    for n, letter in enumerate(text):
        if n and whole is None and letter in UNSEEN:
            scripts[n] = scripts[n - 1]
    pairs = groupby(zip(scripts, text, strict=True), key=lambda pair: pair[0])
    runs = [(script, "".join(letter for _, letter in pair)) for script, pair in pairs]
    return runs[::-1] if whole is not None else runs


def _length_px(script: Script | None, part: str, size_px: float, cut: Cut) -> float:
    if script is None:
        return float(_face(cut, size_px).getlength(part))
    return float(_script_face(script, size_px).getlength(part, direction=_direction(script)))


def _direction(script: Script) -> Literal["rtl", "ltr"] | None:
    """Way of a run, which only what shapes letters may be told."""
    if not script.shaped:
        return None
    return "rtl" if script.from_right else "ltr"


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=4096)
def width_px(text: str, size_px: float, cut: Cut = "regular") -> float:
    """Width of one line of text."""
    return sum(_length_px(script, part, size_px, cut) for script, part in _runs(_storable(text)))


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
    runs = _runs(text)
    deep = 0.5 if all(script is None or not script.shaped for script, _ in runs) else 0.8
    tall = baseline_row(size_px) + int(np.ceil(deep * size_px)) + SPARE_PX
    page = Image.new("L", (wide, tall))
    column, row, pen = float(SPARE_PX), baseline_row(size_px), ImageDraw.Draw(page)
    for script, part in runs:
        face = _face(cut, size_px) if script is None else _script_face(script, size_px)
        way = None if script is None else _direction(script)
        # The other fonts have one weight: a bold letter is drawn twice, side by side.
        for shift in (0.0, max(size_px / 24.0, 0.5)) if script is not None and cut == "bold" else (0.0,):
            pen.text((column + shift, row), part, fill=255, font=face, anchor="ls", direction=way)
        column += _length_px(script, part, size_px, cut)
    return np.asarray(page)


def baseline_row(size_px: float) -> int:
    """Row under the baseline in what `line_mask` gives."""
    return int(np.ceil(1.2 * size_px)) + SPARE_PX
