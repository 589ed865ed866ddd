"""Every sentence of the viewer's pages, in one place; {names} are filled in by the pages themselves.

They are keys of the catalogues. A number stands apart from what it counts, so that no language has to bend a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualsense import render
from dualsense.language import catalogue, languages

if TYPE_CHECKING:
    from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    **render.PAGE_SENTENCES,
    "lost": "The viewer does not answer: {problem}",
    # the folder
    "reading": "Reading the folder …",
    "noScans": "There are no scans and no results here yet. New ones show up by themselves.",
    "noTargets": "no targets",
    "coverage": "both sensors covered {part}",
    "unknownPart": "an unknown part",
    "faults": "Faults that limit it: {count}",
    "decidedCount": "Decided: {count}",
    "beingRecorded": "Being recorded: nothing of this is final",
    "recordingRead": "The recording is being read: no picture yet",
    "waiting": "Waiting to be processed",
    "working": "Being processed …",
    # one result
    "controls": "Ground",
    "decide": "Decide",
    "frame": "Report of the scan",
    "older": "This report does not answer to the controls: it is of a single line, has no image, or was written "
    "by an older version.",
    "start": "Start depth",
    "stop": "Stop depth",
    "permittivity": "Permittivity εᵣ",
    "threshold": "Hide echoes",
    "centimetres": "{depth} cm",
    "ofScale": "below {share} %",
    "hidesNone": "none",
    "asStored": "{value}, as stored",
    "byOperator": "{value}, yours",
    "reset": "As stored",
    "imaging": "Imaging …",
    "sharpening": "Shown coarsely in {time} s, and being made sharp …",
    "imaged": "Shown in {time} s",
    "notImaged": "Not shown: {problem}",
    "ownPermittivity": "The operator set εᵣ {own}, the result has {stored}. Only the radar image follows: "
    "targets, calls and their depths are those of the stored result.",
    "ownDepths": "Only {start} to {stop} cm are shown: what lies elsewhere is not.",
    "ownThreshold": "Radar echoes below {share} % of the scale are hidden: hidden is not empty.",
    # decisions
    "decideTitle": "Decision and find",
    "target": "Target",
    "placeChoice": "Place of the cross-hair",
    "placeWords": "{x} cm ahead, {y} cm to the left",
    "decision": "Decision",
    "decision_dig": "Dig",
    "decision_marked": "Marked",
    "decision_left": "Not dug",
    "leftHint": "A target that is not dug needs a reason.",
    "found": "Found when dug",
    "found_none": "not dug yet",
    "found_mine": "a mine",
    "found_other-explosive": "another explosive",
    "found_metal": "metal",
    "found_other-object": "another object",
    "found_nothing": "nothing found",
    "reason": "Reason or note",
    "operator": "Your name",
    "record": "Record",
    "recording": "Recording …",
    "recorded": "Recorded and on the disk: {target}, {decision}.",
    "notRecorded": "NOT RECORDED: {problem}. Write it down, and try again.",
    "needed": "Choose a decision and give your name.",
    "history": "Recorded for this target",
    "noHistory": "Nothing is recorded for this target.",
    "torn": "Damaged lines of the file, left out here: {count}",
    "earlier": "made of an earlier result of this ground",
    "saveCsv": "Save all as CSV",
    "saveJson": "Save all as JSON",
    "close": "Close",
    # training
    "training": "Training",
    "trainingAdvice": "Training lanes: their truth is known, and told after each is scored.",
    "lane": "Lane {number}",
    "levelOf": "Level: {level}",
    "level_easy": "easy",
    "level_medium": "medium",
    "level_hard": "hard",
    "recordedLane": "recorded ground",
    "inventing": "Being simulated …",
    "laneFailed": "Cannot be used",
    "laneDone": "scored",
    "startLane": "Begin",
    "againLane": "Look again: no longer counted",
    "noLanes": "No lanes yet.",
    "needName": "Give your name first.",
    "mark": "Mark the cross-hair",
    "handIn": "Hand in",
    "lanes": "All lanes",
    "preparing": "The lane is being prepared …",
    "noMarks": "Tap the map where you suspect something, then mark it.",
    "verdict": "What do you do there?",
    "verdict_leave": "Do not dig",
    "ownChance": "Your chance that it is a mine",
    "in100": "{chance} in 100",
    "remove": "Remove this mark",
    "sure": "Your marks: {count}. Press again to hand them in: the lane is scored then, and its truth is told.",
    "scoring": "Scoring …",
    "notScored": "Not scored: {problem}",
    "scored": "Scored and written down",
    "detection": "Mines found",
    "ofMines": "{found} of {mines}",
    "falseAlarms": "False alarms",
    "perArea": "{count}, that is {rate} per m²",
    "minutes": "{minutes} min {seconds} s",
    "unknownTime": "not known",
    "missedTitle": "What you missed",
    "missedNone": "Missed mines of this lane: 0",
    "missedNext": "Show the next one",
    "outcome_unmarked": "not marked",
    "outcome_left": "marked, and not dug",
    "outcome_not-assessable": "on ground that the sensors did not cover",
    "object": "{what}, {depth} cm deep, {outcome}",
    "mineShort": "mine {depth} cm",
    "label_mine": "mine",
    "label_metal": "metal",
    "label_rock": "stone",
    "label_root": "root",
    "label_void": "hollow",
    "summary": "Your results",
    "summaryLanes": "Lanes scored",
    "between": "{value} (95 % interval {low} to {high})",
    "reliability": "Your own chances: what you said against what was there",
    "reliabilityName": "Said: {said} in 100; on average {stated}; were mines: {happened} in 100; marks: {count}",
    "said": "you said, in 100",
    "was": "were mines, in 100",
    "repeated": "Lanes that were looked at again, and do not count: {count}",
}
"""In English."""


def page_words(code: str) -> dict[str, Any]:
    """Give all that the pages say in a language.

    Parameters
    ----------
    code
        One of `dualsense.language.languages`.

    Returns
    -------
    dict
        Ready for JSON: the language's code, direction and decimal sign, whether it was reviewed, all languages
        with their names, and every sentence, its values left open.
    """
    tongue = render.page_tongue(code, SENTENCES)
    return {
        "language": code,
        "direction": tongue["direction"],
        "decimal": tongue["decimal"],
        "reviewed": tongue["reviewed"],
        "languages": [{"code": one, "name": catalogue(one).name} for one in languages()],
        "words": tongue["say"],
    }
