"""One page in all languages: texts that change with the language are marked, and a table holds them for each.

The template is rendered once for every language. Each time it meets the same texts in the same order; those that
are not the same everywhere make the table, from which the page's script takes them when another is chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualsense.language import Catalogue

NOTHING = Markup()


class Texts:
    """The texts of one rendering, in the order in which the template meets them.

    Parameters
    ----------
    kept
        Whether the rendering is kept; else the texts alone are wanted, and nothing is marked.
    """

    def __init__(self, *, kept: bool = True) -> None:
        self.met: list[str] = []
        self._kept = kept

    def said(self, text: str) -> Markup:
        """Text in an element that says which one it is.

        Parameters
        ----------
        text
            In the language of this rendering.
        """
        self.met.append(text)
        if not self._kept:
            return NOTHING
        return Markup(f'<span data-said="{len(self.met) - 1}">{escape(text)}</span>')  # noqa: S704 - escaped

    def said_in(self, text: str, name: str) -> Markup:
        """Attribute, and one beside it that says which text it holds.

        Parameters
        ----------
        text
            In the language of this rendering.
        name
            Of the attribute.
        """
        self.met.append(text)
        if not self._kept:
            return NOTHING
        return Markup('{}="{}" data-in-{}="{}"').format(name, text, name, len(self.met) - 1)

    def plainly(self, text: str) -> Markup:
        """Text without a mark, where the page cannot change its language."""
        return escape(text)


def language_tables(
    tongues: Mapping[str, Catalogue],
    met: Mapping[str, list[str]],
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
        Texts of each, in one order.
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
    at = [place.setdefault(texts, len(place)) for texts in zip(*met.values(), strict=True)]
    columns = dict(zip(met, zip(*place, strict=True), strict=True))
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
