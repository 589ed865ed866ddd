"""Which columns a table has, under which names: a small TOML file that follows what an office asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dualsense.errors import UsageError
from dualsense.runtime.toml import TomlError, read_toml

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

FORBIDDEN = re.compile(r"\b(ok|okay|safe|clear(ed)?|harmless|free of mines|mine free)\b")
"""What no text and no word for a value may say; asked of words as `_plain` gives them."""
CLUTTER = "likely-clutter"
"""The call that alarms least: no other may be worded like it."""
TRANSLATED = ("record", "source", "call", "coordinate_reference")
"""Fields whose values are few words, and may be said in others."""
DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Text:
    """The same text in each row."""

    text: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of a table.

    Attributes
    ----------
    columns
        Name of each, and the field that it holds, or a text.
    words
        By field: what stands in place of its values.
    delimiter
        Between cells.
    """

    columns: tuple[tuple[str, str | Text], ...]
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    delimiter: str = ","

    def value(self, row: Mapping[str, str | float | None], held: str | Text) -> str | float | None:
        """Give what a row has in a column."""
        if isinstance(held, Text):
            return held.text
        value = row[held]
        return self.words.get(held, {}).get(value, value) if isinstance(value, str) else value


def read_columns(path: Path, fields: Collection[str]) -> Columns:
    """Read which columns a table has.

    Parameters
    ----------
    path
        TOML: a table ``columns`` of name = field or name = {text = "..."} in the order wanted; optional tables
        ``words.FIELD`` of value = word, and ``delimiter``.
    fields
        Those that there are.

    Returns
    -------
    Columns

    Raises
    ------
    UsageError
        It cannot be read, names a field that there is not, or says in a text or a word what no call is.
    """
    try:
        document = read_toml(path)
    except TomlError as error:
        msg = f"{path}: {error}"
        raise UsageError(msg) from None
    unknown = document.keys() - {"columns", "words", "delimiter"}
    if unknown:
        msg = f"{path}: {', '.join(sorted(unknown))}: unknown, expected columns, words or delimiter"
        raise UsageError(msg)
    delimiter = document.get("delimiter", ",")
    if delimiter not in DELIMITERS:
        msg = f"{path}: delimiter: expected one of {', '.join(map(repr, DELIMITERS))}, got {delimiter!r}"
        raise UsageError(msg)
    return Columns(
        _columns(path, document.get("columns"), fields), _words(path, document.get("words", {})), delimiter
    )


def _columns(path: Path, given: Any, fields: Collection[str]) -> tuple[tuple[str, str | Text], ...]:
    if not isinstance(given, dict) or not given:
        msg = f"{path}: expected a table [columns] of name = field"
        raise UsageError(msg)
    found: list[tuple[str, str | Text]] = []
    for name, held in given.items():
        if isinstance(held, dict) and held.keys() == {"text"} and isinstance(held["text"], str):
            if FORBIDDEN.search(_plain(held["text"])):
                msg = f"{path}: columns.{name}: {held['text']!r} may not stand in each row"
                raise UsageError(msg)
            found.append((name, Text(held["text"])))
        elif isinstance(held, str) and held in fields:
            found.append((name, held))
        else:
            msg = f"{path}: columns.{name}: no field {held!r}; there are {', '.join(fields)}"
            raise UsageError(msg)
    return tuple(found)


def _words(path: Path, given: Any) -> dict[str, dict[str, str]]:
    if not isinstance(given, dict) or not all(isinstance(words, dict) for words in given.values()):
        msg = f"{path}: words: expected a table [words.FIELD] of value = word"
        raise UsageError(msg)
    for name, words in given.items():
        if name not in TRANSLATED:
            msg = f"{path}: words.{name}: only the words of {', '.join(TRANSLATED)} can be chosen"
            raise UsageError(msg)
        for value, word in words.items():
            if not isinstance(word, str) or not word.strip() or FORBIDDEN.search(_plain(word)):
                msg = f"{path}: words.{name}.{value}: {word!r} may not stand for it"
                raise UsageError(msg)
    calls = given.get("call", {})
    clutter = {_plain(CLUTTER), _plain(calls.get(CLUTTER, CLUTTER))}
    for value, word in calls.items():
        if value != CLUTTER and _plain(word) in clutter:
            msg = f"{path}: words.call.{value}: {word!r} says {CLUTTER}, and may not stand for it"
            raise UsageError(msg)
    return given


def _plain(text: str) -> str:
    """Give the words of a text alone, so that neither letters' case nor signs between words hide what it says."""
    return (re.sub(r"[\W_]+", " ", text).strip() or text.strip()).casefold()
