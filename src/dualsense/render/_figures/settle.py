"""Words of pictures in the language at hand: whether they can be drawn, and how they keep to their places.

The places of a picture's words were measured for English. Words of another language that are longer are drawn
smaller, until none leaves the sheet, meets another or lies over a colour bar. Letters that join, stack or run from
the right need a text engine, which is not everywhere: where it is not, pictures in such languages are English, and
the report says so.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from dualsense.language import ENGLISH, catalogue, number, spoken
from dualsense.render._canvas import font
from dualsense.render._canvas.marks import Words, overlaps

if TYPE_CHECKING:
    from collections.abc import Callable

    from dualsense.render._canvas.canvas import Canvas

SMALLER, ROUNDS = 0.94, 14
"""A word that has no room is drawn so much smaller each time, so many times: to less than half at most."""
DECIMAL = re.compile(r"[-−]?\d+\.\d+")
LETTERS = 3
"""A text with fewer is a number or a sign, which no language makes longer."""


def drawn_language() -> str:
    """Code of the language of pictures: that at hand, or English where its letters cannot be drawn."""
    return spoken() if is_drawn(spoken()) else ENGLISH


@cache
def is_drawn(code: str) -> bool:
    """Whether all that a language says can be drawn: its letters are there, with what joins and orders them.

    Parameters
    ----------
    code
        One of `dualsense.language.languages`.
    """
    if code == ENGLISH:
        return True
    sentences = catalogue(code).sentences.values()
    letters = {letter for forms in sentences for letter in "".join(forms)} - {"\n"}
    return all(font.has_letter(letter) for letter in letters)


def settled(sheet: Canvas) -> Canvas:
    """Draw words smaller where they have no room, and numbers as the language writes them.

    Parameters
    ----------
    sheet
        With all its marks; an English one stays as it is.

    Returns
    -------
    Canvas
        The same.
    """
    if spoken() == ENGLISH:
        return sheet
    _each(sheet, _spoken_number)
    for _ in range(ROUNDS):
        crowded = _crowded(sheet)
        if not crowded:
            break
        _each(sheet, partial(_smaller, crowded=crowded))
    return sheet


def _spoken_number(mark: Words) -> Words:
    return replace(mark, text=number(mark.text)) if DECIMAL.fullmatch(mark.text) else mark


def _smaller(mark: Words, *, crowded: frozenset[int]) -> Words:
    return replace(mark, size_px=SMALLER * mark.size_px) if id(mark) in crowded else mark


def _each(sheet: Canvas, change: Callable[[Words], Words]) -> None:
    """Put a changed text in the place of each."""
    sheet.words[:] = [change(mark) for mark in sheet.words]
    for panel in sheet.panels:
        panel.levels[:] = [
            (level, change(mark) if isinstance(mark, Words) else mark) for level, mark in panel.levels
        ]


def _crowded(sheet: Canvas) -> frozenset[int]:
    """Identities of the texts that leave the sheet, meet another text or lie over a colour bar."""
    texts = [text for text in sheet.texts if text.text.strip() and text.text != "?"]
    if not texts:
        return frozenset()
    boxes = np.array([text.box() for text in texts])
    width, height = sheet.size_px
    outside = (boxes[:, :2] < 0.0).any(axis=1) | (boxes[:, 2] > width) | (boxes[:, 3] > height)
    meets = overlaps(boxes, boxes) > 0.0
    np.fill_diagonal(meets, val=False)
    crowded = outside | meets.any(axis=1)
    if sheet.bars:
        crowded |= (overlaps(boxes, np.array([bar.box for bar in sheet.bars])) > 0.0).any(axis=1)
    wordy = np.array([sum(map(str.isalpha, text.text)) >= LETTERS for text in texts])
    return frozenset(id(text) for text, small in zip(texts, crowded & wordy, strict=True) if small)
