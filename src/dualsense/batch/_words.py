"""Every sentence of the page over a batch, keys of the catalogues; {names} are filled in by the page itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualsense import render

if TYPE_CHECKING:
    from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    **render.PAGE_SENTENCES,
    "scan": "Scan",
    "covered": "Covered by both sensors",
    "failedShort": "Failed",
    "targets": "Targets",
    "survey": "Sweep",
    "survey_green": "GREEN: within its limits",
    "survey_amber": "AMBER: sweep places again",
    "survey_red": "RED: will not do",
    "survey_none": "not judged",
    "again": "to sweep again: {area}",
    "faultKinds": "Faults",
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
