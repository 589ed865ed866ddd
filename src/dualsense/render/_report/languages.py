"""One page in all languages: texts that change with the language are marked, and a table holds them for each.

The template is rendered once. Its texts know what they are in every language, and so do those that its filters
make of them; those that are not the same everywhere make the table, from which the page's script takes them when
another language is chosen.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dualsense.language import Catalogue


class Text(str):
    """Text in the language of a page, which knows what it is in every other one.

    Parameters
    ----------
    own
        In that of the page.
    everywhere
        In every one, in the order of the languages.
    """

    __slots__ = ("everywhere",)
    everywhere: tuple[str, ...]

    def __new__(cls, own: str, everywhere: tuple[str, ...]) -> Self:
        """Make a text that reads as its own."""
        text = super().__new__(cls, own)
        text.everywhere = everywhere
        return text


def in_all(words: Sequence[Any], own: int) -> Any:
    """Lay what a page says in every language over each other.

    Parameters
    ----------
    words
        For each language the same texts, in dicts, lists, tuples and dataclasses of the same shape.
    own
        Which of them is the page's: all that is no text is taken from there.

    Returns
    -------
    Any
        Of that shape, with a `Text` where they differ.
    """
    kept = words[own]
    if isinstance(kept, str):
        return kept if all(one == kept for one in words) else Text(kept, tuple(words))
    if isinstance(kept, dict):
        return {name: in_all([one[name] for one in words], own) for name in kept}
    if isinstance(kept, (list, tuple)):
        return [in_all(each, own) for each in zip(*words, strict=True)]
    if is_dataclass(kept) and not isinstance(kept, type):
        names = [field.name for field in fields(kept)]
        return replace(kept, **{name: in_all([getattr(one, name) for one in words], own) for name in names})
    return kept


def through(change: Callable[..., str], *given: Any) -> str:
    """Make a text of others, in all of their languages.

    Parameters
    ----------
    change
        Makes it in one of them.
    given
        What it is called with, texts and other things.
    """
    count = next((len(one.everywhere) for one in given if isinstance(one, Text)), 0)
    if not count:
        return change(*given)
    columns = (one.everywhere if isinstance(one, Text) else (one,) * count for one in given)
    return Text(change(*given), tuple(change(*each) for each in zip(*columns, strict=True)))


class Texts:
    """The texts of a page, in the order in which its template meets them."""

    def __init__(self) -> None:
        self.met: list[str] = []

    def said(self, text: str) -> Markup:
        """Text in an element that says which one it is.

        Parameters
        ----------
        text
            In the language of the page.
        """
        self.met.append(text)
        return Markup(f'<span data-said="{len(self.met) - 1}">{escape(text)}</span>')  # noqa: S704 - escaped

    def said_in(self, text: str, name: str) -> Markup:
        """Attribute, and one beside it that says which text it holds.

        Parameters
        ----------
        text
            In the language of the page.
        name
            Of the attribute.
        """
        self.met.append(text)
        return Markup('{}="{}" data-in-{}="{}"').format(name, text, name, len(self.met) - 1)

    def everywhere(self, count: int) -> list[tuple[str, ...]]:
        """Each text in all of so many languages."""
        return [text.everywhere if isinstance(text, Text) else (text,) * count for text in self.met]


def language_tables(
    tongues: Mapping[str, Catalogue],
    met: Sequence[tuple[str, ...]],
    words: Mapping[str, Mapping[str, Any]],
    *,
    first: str,
    drawn: str,
) -> dict[str, Any]:
    """Join what all languages say, each text once.

    Parameters
    ----------
    tongues
        Every language by its code.
    met
        Each text in all of them, in the order of the page.
    words
        What `page_words` gave for each.
    first
        Code of the language that the page opens in.
    drawn
        Code of that of the words in its pictures.

    Returns
    -------
    dict
        Ready for JSON: "first" and "drawn"; "at", for each text met its place in the tables; "tongues", each with
        its name, direction, decimal sign, whether it was reviewed, its texts, the sentences and terms of the
        scripts, and whether its list of targets has room on paper only without reasons.
    """
    place: dict[tuple[str, ...], int] = {}
    at = [place.setdefault(texts, len(place)) for texts in met]
    columns = dict(zip(tongues, zip(*place, strict=True), strict=True))
    return {
        "first": first,
        "drawn": drawn,
        "at": at,
        "tongues": {
            code: {
                "name": tongue.name,
                "direction": tongue.direction,
                "decimal": tongue.decimal,
                "reviewed": tongue.reviewed,
                "texts": columns[code],
                "say": words[code]["say"],
                "terms": words[code]["terms"],
                "many": words[code]["many"],
            }
            for code, tongue in tongues.items()
        },
    }
