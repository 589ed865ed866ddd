"""Catalogues of sentences: gettext's ``.po`` files, read as they are, so that nothing has to be built from them.

Read is what translators' tools write: comments, ``msgid``, ``msgid_plural``, ``msgstr``, and the header's fields.
Beside gettext's own the header tells the language's name in itself (``X-Name``), ``X-Direction: rtl`` where it is
written from the right, the sign before decimals (``X-Decimal``), and whether a person has reviewed the translation
(``X-Reviewed: yes``). Entries that are marked fuzzy are not used, as gettext does not use them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ENGLISH = "en"
FOLDER = "catalogues"
FUZZY = re.compile(r"^#,.*\bfuzzy\b", re.MULTILINE)
TEXT = r'[^"\\\n]*(?:\\.[^"\\\n]*)*'
FIELD = re.compile(rf'^(msgid|msgid_plural|msgstr(?:\[\d\])?)\s+((?:"{TEXT}"\s*)+)', re.MULTILINE)
QUOTED = re.compile(f'"({TEXT})"')
ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """A language and its sentences.

    Attributes
    ----------
    code
        Such as "km".
    name
        Of the language, in itself.
    direction
        "rtl" where it is written from the right.
    decimal
        Sign before decimals.
    reviewed
        Whether a person has looked through the translation.
    sentences
        English sentence to its translation, one for each plural form; what has none is left out.
    form
        Which of them is for a number of things.
    """

    code: str
    name: str
    direction: Literal["ltr", "rtl"] = "ltr"
    decimal: str = "."
    reviewed: bool = True
    sentences: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    form: Callable[[int], int] = lambda count: int(count != 1)


@cache
def languages() -> tuple[str, ...]:
    """Codes of all languages that there is a file of, in the order of the alphabet, English first."""
    from importlib.resources import files  # noqa: PLC0415 - a command that says nothing in another language

    names = (entry.name for entry in files("dualsense.language").joinpath(FOLDER).iterdir())
    return (ENGLISH, *sorted(name.removesuffix(".po") for name in names if name.endswith(".po")))


@cache
def catalogue(code: str) -> Catalogue:
    """Read the catalogue of a language, once.

    Parameters
    ----------
    code
        One of `languages`.

    Returns
    -------
    Catalogue
    """
    if code == ENGLISH:
        return Catalogue(ENGLISH, "English")
    from importlib.resources import files  # noqa: PLC0415

    text = files("dualsense.language").joinpath(FOLDER, f"{code}.po").read_text(encoding="utf-8")
    return parsed(code, text)


def parsed(code: str, text: str) -> Catalogue:
    """Catalogue of a language from the text of its file.

    Parameters
    ----------
    code
        Of the language.
    text
        In the form of gettext's ``.po``.

    Returns
    -------
    Catalogue
    """
    import gettext  # noqa: PLC0415 - takes long to load, and English needs none of it

    sentences: dict[str, tuple[str, ...]] = {}
    header: dict[str, str] = {}
    for key, forms in _entries(text):
        if key:
            if all(forms):
                sentences[key] = forms
            continue
        pairs = (line.partition(":") for line in forms[0].splitlines())
        header = {name.strip(): value.strip() for name, _, value in pairs}
    plural = re.search(r"plural\s*=\s*([^;]+)", header.get("Plural-Forms", ""))
    return Catalogue(
        code,
        header.get("X-Name", code),
        "rtl" if header.get("X-Direction") == "rtl" else "ltr",
        header.get("X-Decimal", "."),
        header.get("X-Reviewed") == "yes",
        sentences,
        gettext.c2py(plural[1] if plural else "n != 1"),
    )


def _entries(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each sentence that is not in doubt with its translations."""
    for part in re.split(r"\n\s*\n", text):
        if "fuzzy" in part and FUZZY.search(part):
            continue
        found = [(name, _unquoted(quoted)) for name, quoted in FIELD.findall(part)]
        keys = [value for name, value in found if name == "msgid"]
        if keys:
            yield keys[0], tuple(value for name, value in found if name.startswith("msgstr"))


def _unquoted(quoted: str) -> str:
    if quoted.count('"') == 2 and "\\" not in quoted:  # as most are: one line, and nothing to replace
        return quoted[1 : quoted.rindex('"')]
    whole = "".join(QUOTED.findall(quoted))
    return ESCAPED.sub(lambda match: ESCAPES.get(match[1], match[1]), whole)
