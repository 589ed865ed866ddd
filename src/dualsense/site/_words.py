"""Every sentence of the map of a site, keys of the catalogues; {names} are filled in by the page itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualsense import render

if TYPE_CHECKING:
    from collections.abc import Mapping

PROBLEMS: Mapping[str, str] = {
    "unfinished": "its result is not complete: process it again",
    "unreadable": "its result cannot be read: {detail}",
    "no-origin": "its place on Earth is not known",
    "nowhere": "its origin is 0° north, 0° east, as of a receiver that knew no place",
    "far": "it lies {detail} km from the others: its origin is not believed",
}
"""Why a scan is not on the map."""
SENTENCES: Mapping[str, str] = {
    **render.PAGE_SENTENCES,
    "call_place": "place that people recorded",
    "title": "Map of the site",
    "notOnMap": "Not on the map",
    "uncovered": "Swept, but not covered by both sensors: {area}",
    "outside": "Ground outside of the swept patches was not assessed.",
    "shows": "What the map shows",
    "ground_both": "Covered by both sensors",
    "ground_metal": "metal detector alone",
    "ground_radar": "radar alone",
    "ground_apart": "each sensor in another scan, never together",
    "ground_none": "not measured: not assessable",
    "targets": "Targets",
    "showOnly": "Show",
    "all": "all",
    "withDig": "with something to be dug",
    "chance": "Chance of a mine",
    "inHundred": "{chance} in 100",
    "depth": "Depth of the top",
    "cm": "{length} cm",
    "metres": "{length} m",
    "unknown": "not known",
    "wgs84": "WGS 84",
    "std": "Its place is known to ± {length} cm (one standard deviation)",
    "listedBy": "Listed by {count} of {covering} scans that covered this place",
    "disagree": "These scans do not agree on its place",
    "decision": "Decision",
    "decided_dig": "Dig",
    "decided_marked": "Marked",
    "decided_left": "Not dug",
    "found": "Found when dug",
    "found_mine": "a mine",
    "found_other-explosive": "another explosive",
    "found_metal": "metal",
    "found_other-object": "another object",
    "found_nothing": "nothing found",
    "again": "Dug, and listed again as something to be dug",
    "closer": "closer",
    "farther": "farther away",
    "whole": "the whole site",
    "originError": "Origins of scans are taken to be known to ± {length} cm, their directions to ± {turn}°.",
    "north": "N",
    **{f"problem_{name}": sentence for name, sentence in PROBLEMS.items()},
}
"""In English."""
