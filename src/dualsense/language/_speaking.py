"""Sentences in the language at hand: looked up by their English, and filled in as the language writes numbers."""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, lru_cache
from string import Formatter
from typing import TYPE_CHECKING, NamedTuple

from dualsense.errors import UsageError
from dualsense.language._catalogue import ENGLISH, Catalogue, catalogue, languages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Pieces = tuple[tuple[str, str | None, str], ...]

_SPOKEN: ContextVar[str] = ContextVar("language", default=ENGLISH)
WORD = re.compile("[A-Za-z]{4}")
PLOTTED = frozenset(
    {"LATIN", "GREEK", "CYRILLIC", "SUBSCRIPT", "SUPERSCRIPT", "MODIFIER", "FEMININE", "MASCULINE", "MICRO"}
)
DECIMALS = re.compile(r"(?<=\d)\.(?=\d)")
NUMBER = r"[-+−]?\d[\d.]*(?:e[-+]?\d+)?%?"
OF_TWO = "{amount}, {depth}"
LEAST_LETTERS, SURE_LETTERS = 2, 12
"""Of its own that a sentence needs to be known again, and needs to be known with values that are not."""
NOT_REVIEWED = "This translation has not been reviewed: where it is in doubt, the English sentence holds."


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speak a language within a block; threads that it starts speak English unless given its context.

    Parameters
    ----------
    code
        One of `languages`.

    Raises
    ------
    UsageError
        As `chosen`.
    """
    token = _SPOKEN.set(chosen(code))
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def spoken() -> str:
    """Code of the language at hand."""
    return _SPOKEN.get()


def plotted() -> str:
    """Code of the language of plots: that at hand where its letters are Latin, Greek or Cyrillic, else English.

    Plots are drawn with one font and without a text engine.
    """
    return _plotted(spoken())


@cache
def _plotted(code: str) -> str:
    from unicodedata import name  # noqa: PLC0415 - who speaks English needs none of it

    letters = {letter for forms in catalogue(code).sentences.values() for form in forms for letter in form}
    kinds = {name(letter, "").partition(" ")[0] for letter in letters if letter.isalpha() and not letter.isascii()}
    return code if kinds <= PLOTTED else ENGLISH


def chosen(code: str) -> str:
    """Code of a language as somebody wrote it, such as "km", "KM" or "pt_BR.UTF-8".

    Parameters
    ----------
    code
        As written.

    Returns
    -------
    str
        One of `languages`.

    Raises
    ------
    UsageError
        There is no such language.
    """
    asked = re.split(r"[-_.@]", code.strip().lower())[0]
    if asked in languages():
        return asked
    msg = f"there is no language {code!r}, only {', '.join(languages())}"
    raise UsageError(msg)


def say(sentence: str, /, **values: object) -> str:
    """Say a sentence in the language at hand.

    Parameters
    ----------
    sentence
        In English, as a template for :meth:`str.format` that takes its values by name.
    **values
        What it is filled in with.

    Returns
    -------
    str
    """
    tongue = catalogue(spoken())
    found = tongue.sentences.get(sentence)
    return _filled(found[0] if found else sentence, values, tongue)


def say_count(one: str, many: str, /, count: int, **values: object) -> str:
    """Say a sentence about a number of things, in the form that the language has for the number.

    Parameters
    ----------
    one, many
        In English, for one and for any other number; both may hold ``{count}``.
    count
        How many.
    **values
        What else it is filled in with.

    Returns
    -------
    str
    """
    tongue = catalogue(spoken())
    found = tongue.sentences.get(one)
    template = (one if count == 1 else many) if found is None else found[min(tongue.form(count), len(found) - 1)]
    return _filled(template, {"count": count, **values}, tongue)


def unfilled(sentence: str) -> str:
    """Sentence in the language at hand, its values left open.

    Parameters
    ----------
    sentence
        In English.

    Returns
    -------
    str
    """
    found = catalogue(spoken()).sentences.get(sentence)
    return found[0] if found else sentence


def in_english(sentence: str, /, **values: object) -> str:
    """Word a sentence for data, which are English whatever the language; people are told it by `again`.

    Parameters
    ----------
    sentence, **values
        As for `say`.

    Returns
    -------
    str
    """
    return sentence.format_map(values)


def number(text: str) -> str:
    """Digits with the decimal sign of the language at hand.

    Parameters
    ----------
    text
        With points before decimals.

    Returns
    -------
    str
    """
    decimal = catalogue(spoken()).decimal
    return text if decimal == "." else DECIMALS.sub(decimal, text)


def again(text: str) -> str:
    """Say in the language at hand what was written in English; what is not in its catalogue stays as it is.

    The values are taken from the text by the sentence that fits it most closely, and where they are words of the
    catalogue themselves, they are translated too.

    Parameters
    ----------
    text
        As :func:`in_english` or :func:`dualsense.faults.fault` worded it, now or in a result of long ago.

    Returns
    -------
    str
    """
    code = spoken()
    return text if code == ENGLISH else _again(text, code)


@lru_cache(maxsize=4096)
def _again(text: str, code: str) -> str:
    tongue = catalogue(code)
    known = tongue.sentences.get(text)
    if known is not None:
        return known[0]
    for sentence, is_sure, given in _fits(text, _patterns(code)):
        values = {name: _value(value, code) for name, value in given.items()}
        if not is_sure and any(_is_strange(given[name], values[name]) for name in given):
            continue
        return "".join(literal + values.get(name or "", "") for literal, name, _ in _pieces(unfilled(sentence)))
    if "; " in text:
        return "; ".join(_again(part, code) for part in text.split("; "))
    return _of_two(text, code) or text


def _of_two(text: str, code: str) -> str:
    """Two phrases with a comma between, where both are known; else empty."""
    for comma in re.finditer(", ", text):
        parts = text[: comma.start()], text[comma.end() :]
        one, other = (_again(part, code) for part in parts)
        if one != parts[0] and other != parts[1]:
            return unfilled(OF_TWO).format(amount=one, depth=other)
    return ""


def _told(literals: tuple[str, ...]) -> int:
    """How many letters a sentence has of its own."""
    return sum(map(str.isalpha, "".join(literals)))


def _is_strange(given: str, said: str) -> bool:
    """Whether a value is words that are not in the catalogue, so that a short sentence may fit by chance."""
    return given == said and WORD.search(given) is not None


def _value(text: str, code: str) -> str:
    return number(text) if re.fullmatch(NUMBER, text) else _again(text, code)


@dataclass(frozen=True, slots=True, eq=False)
class _Patterns:
    """Sentences that hold values and the words of their own, those with most of these first.

    Attributes
    ----------
    beginning
        By the letter that they begin with; among them are those that begin with a value.
    open
        Those that begin with a value alone.
    """

    beginning: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]
    open: tuple[tuple[str, tuple[str, ...]], ...]


class _Fit(NamedTuple):
    """A sentence that a text may be, whether it has so many letters of its own that it is, and its values."""

    sentence: str
    is_sure: bool
    given: Mapping[str, str]


@cache
def _patterns(code: str) -> _Patterns:
    return _patterns_of(tuple(catalogue(code).sentences))


@cache
def _patterns_of(sentences: tuple[str, ...]) -> _Patterns:
    """Patterns of a catalogue: all that are complete hold the same sentences, and share them."""
    found = []
    for sentence in sentences:
        literals = tuple(literal for literal, _, _ in _pieces(sentence))
        if literals != (sentence,) and _told(literals) >= LEAST_LETTERS:
            found.append((sentence, literals))
    found.sort(key=lambda each: -sum(map(len, each[1])))
    letters = {literals[0][:1] for _, literals in found}
    beginning = {
        letter: tuple(each for each in found if each[1][0][:1] in {"", letter}) for letter in letters if letter
    }
    return _Patterns(beginning, tuple(each for each in found if not each[1][0]))


@lru_cache(maxsize=2048)
def _fits(text: str, patterns: _Patterns) -> tuple[_Fit, ...]:
    """Sentences that a text may be, the closest first; kept, as a page tells it in one language after another."""
    found = []
    for sentence, literals in patterns.beginning.get(text[:1], patterns.open):
        if text.startswith(literals[0]) and _holds(text, literals):
            match = _pattern(sentence).fullmatch(text)
            if match is not None:
                found.append(_Fit(sentence, _told(literals) >= SURE_LETTERS, match.groupdict()))
    return tuple(found)


def _holds(text: str, literals: tuple[str, ...]) -> bool:
    at = 0
    for literal in literals:
        at = text.find(literal, at)
        if at < 0:
            return False
        at += len(literal)
    return True


@cache
def _pattern(sentence: str) -> re.Pattern[str]:
    text, seen = "", set()
    for literal, name, spec in _pieces(sentence):
        text += re.escape(literal)
        if name in seen:
            text += f"(?P={name})"
        elif name is not None:
            text += f"(?P<{name}>{NUMBER if spec else '.+?'})"
            seen.add(name)
    return re.compile(text, re.DOTALL)


@cache
def _pieces(sentence: str) -> Pieces:
    """Text, then name and format of the value after it, None for no value."""
    parts = Formatter().parse(sentence)
    return tuple(
        (text, name, f"{f'!{how}' if how else ''}{f':{spec}' if spec else ''}") for text, name, spec, how in parts
    )


def _filled(template: str, values: dict[str, object], tongue: Catalogue) -> str:
    if not values:
        return (
            template.format_map({})
            if tongue.code == ENGLISH
            else "".join(text for text, _, _ in _pieces(template))
        )
    if tongue.code == ENGLISH:
        return template.format_map(values)
    return "".join(
        text + _shown(values[name], spec, tongue) if name else text for text, name, spec in _pieces(template)
    )


def _shown(value: object, spec: str, tongue: Catalogue) -> str:
    text = f"{{{spec}}}".format(value)
    if isinstance(value, str) or tongue.decimal == ".":
        return text
    return DECIMALS.sub(tongue.decimal, text)
