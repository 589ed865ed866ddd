"""Lines of a page of PDF in letters that Matplotlib does not set: drawn as pictures, as those of the figures are.

Matplotlib sets what DejaVu Sans has, letter by letter, and that stays text. Of other scripts, and of letters that
join or stack, a line is drawn with the fonts that the figures use, fine enough for paper.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.font_manager import findfont, get_font
from matplotlib.patches import Rectangle

from dualsense.render._canvas import font
from dualsense.runtime.texts import in_utf8, visible

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FONT = "DejaVu Sans"
DPI = 300.0
UNPRINTED = "[letters that cannot be printed here]"
ASCENT = 0.78
"""Of the first line below where it begins, in sizes of the letters, as Matplotlib places them."""


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(FONT)).get_charmap())


@cache
def _is_settable(letter: str) -> bool:
    """Whether Matplotlib sets a letter, in all its versions: it stands by itself, and the font has it."""
    point = ord(letter)
    joins = any(script.shaped and script.first <= point <= script.last for script in font.SCRIPTS)
    return point in _glyphs() and not joins


def is_drawn(text: str) -> bool:
    """Whether a line is drawn as a picture: a letter that stands in it is not Matplotlib's to set."""
    return not text.isascii() and any(not _is_settable(one) and font.has_letter(one) for one in text)


def has_letters(text: str) -> bool:
    """Whether a text can be set or drawn."""
    return all(_is_settable(one) or font.has_letter(one) for one in text if one != "\n")


def shown(text: str) -> str:
    """Say where no font has glyphs for letters, as for those of a name: neither boxes nor signs of doubt."""
    text = in_utf8(text)
    if text.isascii():
        return visible(text)
    drawn = is_drawn(text)
    text = "".join((one if drawn else "") if one in font.UNSEEN else visible(one) for one in text)
    known = "".join(one if _has(one, drawn=drawn) else "\0" for one in text)
    return re.sub(r"\0[\0 ]*\0|\0", UNPRINTED, known)


def _has(letter: str, *, drawn: bool) -> bool:
    return font.has_letter(letter) if drawn else _is_settable(letter)


def width_in(text: str, size: float) -> float:
    """Width of a line, inches."""
    if is_drawn(text):
        return font.width_px(text, size / 72 * DPI) / DPI
    face = get_font(findfont(FONT))
    face.set_size(size, 72)
    face.set_text(text)
    return float(face.get_width_height()[0]) / 64 / 72


def draw_line(
    figure: Figure,
    text: str,
    place_in: tuple[float, float],
    size: float,
    *,
    weight: str = "normal",
    color: str = "black",
    ha: str = "left",
    bbox: dict[str, Any] | None = None,
) -> None:
    """Draw a line as a picture.

    Parameters
    ----------
    figure
        The page.
    text
        One line, as `shown` gives it.
    place_in
        Of its upper left corner, or upper right one, from the lower left corner of the page.
    size
        Of the letters, points.
    weight, color, ha, bbox
        As `matplotlib.figure.Figure.text` takes them.
    """
    size_px = size / 72 * DPI
    mask = font.line_mask(text, size_px, "bold" if weight == "bold" else "regular")
    wide, high = (float(one) for one in figure.get_size_inches())
    left_in = place_in[0] - (width_in(text, size) if ha == "right" else 0.0)
    baseline_in = place_in[1] - ASCENT * size / 72
    if bbox is not None:
        edge_in = bbox["pad"] / 72
        corner = (left_in - edge_in) / wide, (baseline_in - 0.25 * size / 72 - edge_in) / high
        extent = (width_in(text, size) + 2 * edge_in) / wide, (1.05 * size / 72 + 2 * edge_in) / high
        look = {"facecolor": bbox["facecolor"], "edgecolor": bbox["edgecolor"]}
        figure.add_artist(Rectangle(corner, *extent, transform=figure.transFigure, zorder=-1, **look))
    pixels = np.empty((*mask.shape, 4), np.uint8)
    pixels[..., :3] = np.round(255 * np.array(to_rgb(color)))
    pixels[..., 3] = mask
    tall_in, long_in = mask.shape[0] / DPI, mask.shape[1] / DPI
    bottom_in = baseline_in - tall_in + font.baseline_row(size_px) / DPI
    corner = (left_in - font.SPARE_PX / DPI) / wide, bottom_in / high
    axes = figure.add_axes((*corner, long_in / wide, tall_in / high))
    axes.imshow(pixels, aspect="auto", interpolation="none")
    axes.set_axis_off()
