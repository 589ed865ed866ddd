"""Texts broken into lines, in scripts that put no blanks between their words, too."""

from __future__ import annotations

import textwrap
import unicodedata
from typing import Any

JOINING = "\u17d2"
"""Puts the Khmer letter after it under the one before it."""
AHEAD = frozenset("\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4")
"""Lao vowels that stand before the letter they belong to."""
BEHIND = frozenset("\u0eb0\u0eb2\u0eb3\u0ec6\u17d7\u200b\u200c\u200d\u2069")
"""Letters, vowels and marks that belong to what stands before them."""
STACKED = ((0x0E80, 0x0EFF), (0x1780, 0x17FF))
"""Scripts whose sentences have no blanks between words: Lao, Khmer."""


class _Wrapper(textwrap.TextWrapper):
    def _split(self, text: str) -> list[str]:
        chunks = super()._split(text)
        if text.isascii():
            return chunks
        return [part for chunk in chunks for part in (groups(chunk) if _is_stacked(chunk) else [chunk])]


def _is_stacked(text: str) -> bool:
    return any(low <= ord(letter) <= high for letter in text for low, high in STACKED)


def groups(text: str) -> list[str]:
    """Break a text between letters, wherever what stands on, under or around a letter stays with it.

    Parameters
    ----------
    text
        Of any script.

    Returns
    -------
    list of str
        Which are the text when they are joined.
    """
    parts: list[str] = []
    for letter in text:
        stays = bool(parts) and (
            unicodedata.category(letter) in {"Mn", "Mc"}
            or letter in BEHIND
            or parts[-1][-1] == JOINING
            or parts[-1][-1] in AHEAD
            or not _is_stacked(letter + parts[-1][-1])
        )
        if stays:
            parts[-1] += letter
        else:
            parts.append(letter)
    return parts


def broken(text: str, letters: int, **options: Any) -> list[str]:
    """Break a text into lines as `textwrap.wrap` does, and Khmer and Lao where they have no blanks.

    Parameters
    ----------
    text
        One paragraph.
    letters
        In a line, at most.
    **options
        Of `textwrap.TextWrapper`.

    Returns
    -------
    list of str
    """
    return _Wrapper(width=letters, **options).wrap(text)
