"""Every sentence of the page over a batch, keys of the catalogues; {names} are filled in by the page itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualsense import render
from dualsense.language import NOT_REVIEWED, catalogue, languages, speaking, unfilled

if TYPE_CHECKING:
    from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    "advice": render.ADVICE,
    "simulated": render.SIMULATED,
    "notReviewed": NOT_REVIEWED,
    "language": "Language",
    "look": "Colours of the page",
    "look_light": "Light",
    "look_dark": "Dark",
    "look_sun": "Sun",
    **{f"call_{call}": words for call, words in render.CALL_NAMES.items()},
    "counted": "{what}: {count}",
    "scans": "Scans",
    "scan": "Scan",
    "toDig": "To be dug: {count}",
    "noDig": "None called to be dug, in what was covered",
    "nothingCovered": "NOTHING ASSESSED by both sensors",
    "covered": "Covered by both sensors",
    "percent": "{share} %",
    "failed": "FAILED: this ground is not assessed",
    "failedShort": "Failed",
    "thumbnail": "Map of {name}",
    "openScan": "Open {name}",
    "targets": "Targets",
    "survey": "Sweep",
    "survey_green": "GREEN: within its limits",
    "survey_amber": "AMBER: sweep places again",
    "survey_red": "RED: will not do",
    "survey_none": "not judged",
    "again": "to sweep again: {area}",
    "faultKinds": "Faults",
    "took": "Time",
    "seconds": "{time} s",
    "kept": "kept",
    "showOnly": "Show",
    "all": "all",
    "withDig": "with something to be dug",
    "withFault": "with the fault {code}",
    "withFaults": "with faults that limit it",
    "search": "Name contains",
    "shown": "{shown} of {count} scans shown",
    "sort": "Sort by {what}",
}
"""In English."""


def page_tongues() -> dict[str, dict[str, Any]]:
    """Give all that the page says, by the code of each language.

    Returns
    -------
    dict
        Ready for JSON: name, direction and decimal sign of the language, whether it was reviewed, and its
        sentences, their values left open.
    """
    told = {}
    for code in languages():
        tongue = catalogue(code)
        with speaking(code):
            said = {name: unfilled(sentence) for name, sentence in SENTENCES.items()}
        told[code] = {
            "name": tongue.name,
            "direction": tongue.direction,
            "decimal": tongue.decimal,
            "reviewed": tongue.reviewed,
            "say": said,
        }
    return told
