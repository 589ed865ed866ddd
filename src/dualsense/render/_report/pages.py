"""What all pages share: the sentences that stand on each, what a page is told of a language, letters inline."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from dualsense.language import NOT_REVIEWED, catalogue, speaking, unfilled
from dualsense.render._report.letters import letter_style, page_letters
from dualsense.render._targets import CALL_NAMES
from dualsense.render._words import ADVICE, SIMULATED
from dualsense.runtime.pages import data_uri

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE_SENTENCES: Mapping[str, str] = {
    "advice": ADVICE,
    "simulated": SIMULATED,
    "notReviewed": NOT_REVIEWED,
    "language": "Language",
    "look": "Colours of the page",
    "look_light": "Light",
    "look_dark": "Dark",
    "look_sun": "Sun",
    **{f"call_{call}": words for call, words in CALL_NAMES.items()},
    "counted": "{what}: {count}",
    "scans": "Scans",
    "toDig": "To be dug: {count}",
    "noDig": "None called to be dug, in what was covered; a small mine may have been missed",
    "nothingCovered": "NOTHING ASSESSED by both sensors",
    "percent": "{share} %",
    "failed": "FAILED: this ground is not assessed",
    "thumbnail": "Map of {name}",
    "openScan": "Open {name}",
    "took": "Time",
}
"""In English: of the list of scans in the viewer, and of the page over a batch."""


def page_tongue(code: str, sentences: Mapping[str, str]) -> dict[str, Any]:
    """Give what a page says in a language.

    Parameters
    ----------
    code
        One of `dualsense.language.languages`.
    sentences
        In English, by the names that the page knows them by.

    Returns
    -------
    dict
        Ready for JSON: name, direction and decimal sign of the language, whether it was reviewed, and its
        sentences, their values left open.
    """
    tongue = catalogue(code)
    with speaking(code):
        said = {name: unfilled(sentence) for name, sentence in sentences.items()}
    return {
        "name": tongue.name,
        "direction": tongue.direction,
        "decimal": tongue.decimal,
        "reviewed": tongue.reviewed,
        "say": said,
    }


@cache
def inline_letters() -> str:
    """Style rules of letters that stand in the page itself.

    Returns
    -------
    str
        CSS.
    """
    return letter_style(lambda name: data_uri("font/woff2", page_letters()[name]))
