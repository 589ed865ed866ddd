"""Every sentence of the page that is not a verdict, in one place; {names} are filled in by the page itself.

They are the keys of the catalogues in ``dualsense/language/catalogues``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualsense.language import unfilled

if TYPE_CHECKING:
    from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    # the head
    "report": "dualsense report",
    "scan": "Scan",
    "language": "Language",
    "look": "Colours of the page",
    "look_light": "Light",
    "look_dark": "Dark",
    "look_sun": "Sun",
    "limits": "Limits of this scan",
    "more_limits": "and {count} more",
    # the instrument
    "instrument": "Look through the ground",
    "map": "map",
    "section": "section",
    "layers": "What the map shows",
    "layer_depth": "Radar at depth",
    "layer_all": "Radar, all depths",
    "layer_metal": "Metal",
    "layer_solid": "3-D",
    # of a single line
    "layer_section": "Radar section",
    "layer_traces": "Radar traces",
    "lineName": "Section along the line, {layer}: cross-hair {x} cm along the line, {depth}; {chosen}",
    "aboveName": "The strip from above; cross-hair {x} cm along the line",
    "traceName": "The trace under the cross-hair, {x} cm along the line, {depth}",
    "lineAt": "{x} cm along the line",
    "axisDepth": "depth (cm)",
    "axisTime": "two-way time (ns)",
    "axisAlong": "along the line (cm)",
    "lineShort": "line",
    "exaggerated": "depth {times} times as large",
    "fromAbove": "the strip from above, its width not to scale",
    "traceHere": "trace at {x} cm",
    "key_curve": "curve: what a point under the cross-hair would send back",
    "line_key_help": "Arrow keys move the cross-hair along the line and in depth, n and p go to the next and the "
    "previous target, Enter goes to the strongest echo under the cross-hair.",
    # of every ground
    "display": "Display",
    "depth": "Depth",
    "depthValue": "{depth} cm deep",
    "depthNone": "no radar",
    "shallower": "shallower",
    "deeper": "deeper",
    "limit": "Strongest colour",
    "limitValue": "{limit} {units}",
    "auto": "Colours fitted to what is shown",
    "autoOn": "fitted to what is shown",
    "opacity": "Metal contours",
    "percent": "{share} %",
    "track": "Swept track",
    "show_targets": "Targets",
    "key_help": "Arrow keys move the cross-hair or turn the volume, page up and page down change the depth, n and "
    "p go to the next and the previous target, Enter goes to the strongest echo under the cross-hair.",
    "planName": "Map of the ground, {layer}: cross-hair {x} cm ahead, {y} cm to the left, {depth}; {chosen}",
    "alongName": "Section along the lane, {y} cm to the left; cross-hair {x} cm ahead, {depth}",
    "acrossName": "Section across the lane, {x} cm ahead; cross-hair {y} cm to the left, {depth}",
    "cutAlong": "along, y = {at} cm",
    "cutAcross": "across, x = {at} cm",
    "axisY": "y to the left (cm)",
    "lengthValue": "{length} cm",
    "lane": "lane, x (cm)",
    "laneShort": "lane",
    "north": "N",
    "barDepth": "echo, 1 = strongest",
    "barAll": "echo, times the median of its depth",
    "barMetal": "metal, {units}",
    "unitDepth": "× the strongest echo",
    "unitAll": "× the median of its depth",
    "at": "x {x} cm, y {y} cm",
    "radarValue": "radar {echo} at {depth} cm",
    "radarNone": "radar not measured",
    "metalValue": "metal {metal} {units}",
    "metalNone": "metal not measured",
    "chosen": "target {name}",
    "noTarget": "no target chosen",
    "noVolume": "There is no radar volume to show.",
    "key_none": "not measured: not assessable",
    "key_one": "one sensor only: not assessable",
    "key_small": "measured, but a mine with little metal might be missed here",
    "key_contours": "metal contours: {levels} {units}",
    "no_script": "This browser runs no scripts: the pictures below show the same ground.",
    # targets
    "targets": "Targets",
    "all_targets": "All targets",
    "target": "Target",
    "chance": "Chance of a mine",
    "depth_top": "Depth of the top",
    "place": "From the start point",
    "wgs84": "WGS 84",
    "why": "Why",
    "rest_of_targets": "and {count} more in targets.csv",
    "none_assessed": "Nothing was assessed by both sensors.",
    "none_found": "No target found in the part that was assessed.",
    "uncalibrated": "Scores are uncalibrated: from 0 to 1, no probabilities (model {model}).",
    "calibrated": "Chance: how many in 100 such finds are mines, by the model {model}{ground}.",
    # pictures and facts
    "sheet": "page {number} of {count}",
    "ground": "The ground",
    "drawn": "The words in the pictures are {language}.",
    "fused": "Radar with metal contours over it, and the targets",
    "line_section": "Distance along the line against depth, and the targets",
    "metal_picture": "Response of the metal detector",
    "slices": "Strongest radar echo within each layer of depth",
    "sections": "Vertical cuts along and across the lane",
    "radargram": "What the radar heard along its track, for display only",
    "scrolls": "{caption}, scrolls sideways on small screens",
    "pictures": "Pictures",
    "coverage": "What was measured",
    "part": "Part of the patch",
    "measured": "Measured",
    "missing": "Not assessable by it",
    "patch": "The patch is {area}: the ground inside the track of the head.",
    "small_found": "On {five} of the patch a mine with a minimum of metal would have been found, had its top "
    "lain as deep as 5 cm; on {ten} as deep as 10 cm. Elsewhere that is not told: nothing found there says "
    "nothing.",
    "unknown_area": "of unknown area",
    "soil": "Soil",
    "permittivity": "Relative permittivity εᵣ",
    "velocity": "Wave speed in the soil",
    "speed_rule": "Every radar depth rests on this speed: if it is off by 10 %, so is the depth.",
    "no_soil": "Unknown: the radar gave no image, so no depth rests on it.",
    "origin": "Where this comes from",
}
"""In English."""


def page_sentences() -> dict[str, str]:
    """Give every sentence of the page in the language at hand, its values left open."""
    return {name: unfilled(sentence) for name, sentence in SENTENCES.items()}
