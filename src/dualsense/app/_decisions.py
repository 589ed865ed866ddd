"""What an operator decided of a target, and what was found when it was dug: a journal beside the result.

The result itself is never changed. An entry names the scan and the recipe by their hashes, and the place, so that
it still tells of which ground it spoke when the scan has been processed again.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import time
from typing import TYPE_CHECKING, Any

from dualsense._version import __version__
from dualsense.errors import UsageError
from dualsense.runtime.journal import append_once, read_journal
from dualsense.runtime.texts import cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

DECISIONS = "decisions.jsonl"
SCHEMA = "dualsense-decision"
SCHEMA_VERSION = "1.0"
DECIDED = ("dig", "marked", "left")
"""To be dug, marked for others, left where it is."""
FOUND = ("mine", "other-explosive", "metal", "other-object", "nothing")
"""What lay there; None while it was not dug."""
PLACE = ""
"""Name of a place that the list of targets does not have."""
MAX_TEXT = 500
MAX_NAME = 80
MAX_REACH_M = 10_000.0
ENTRY = re.compile(r"[0-9a-f-]{8,40}", flags=re.ASCII)
COLUMNS = (
    "time",
    "operator",
    "target",
    "call",
    "x_m",
    "y_m",
    "depth_m",
    "decision",
    "found",
    "note",
    "scan_id",
    "scan_sha256",
    "recipe_sha256",
    "of_this_result",
    "entry",
)


def record_decision(folder: Path, document: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Write down a decision, and return once the disk holds it.

    Parameters
    ----------
    folder
        Of the result.
    document
        Its ``targets.json``.
    given
        ``entry`` (a name of its own, by which a repeated request is known), ``operator``, ``target`` (an id of the
        list, or empty with ``x_m`` and ``y_m`` for another place), ``decision`` (of `DECIDED`), ``found`` (of
        `FOUND` or None), ``note``.

    Returns
    -------
    dict
        What is written down, now or when the same was asked for before.

    Raises
    ------
    UsageError
        What is given is not that.
    TakenError
        Another decision has that name.
    DualsenseError, OSError
        It cannot be written.
    """
    entry = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "entry": entry_name(given),
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "operator": _text(given, "operator", MAX_NAME, needed=True),
        **_place(document, given),
        "decision": _one_of(given, "decision", DECIDED),
        "found": None if given.get("found") is None else _one_of(given, "found", FOUND),
        "note": _text(given, "note", MAX_TEXT, needed=False),
        **{name: _hash(document, name) for name in ("scan_id", "scan_sha256", "recipe_sha256")},
        "version": __version__,
    }
    if entry["decision"] == "left" and not entry["note"]:
        msg = "note: is empty, expected the reason why it is left"
        raise UsageError(msg)
    same = entry.keys() - {"time", "version"}
    return append_once(folder / DECISIONS, entry, unique="entry", same=same)


def read_decisions(folder: Path, document: Mapping[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """Read the decisions beside a result.

    Parameters
    ----------
    folder
        Of the result.
    document
        Its ``targets.json``; ``of_this_result`` says of each decision whether it was made before these targets.

    Returns
    -------
    decisions : list of dict
        In their order, with the keys of `COLUMNS`; where a target has several, the last one holds.
    torn : int
        Lines of the file that are no entries.
    """
    entries, torn = read_journal(folder / DECISIONS)
    same = ("scan_sha256", "recipe_sha256")
    rows = []
    for entry in entries:
        if entry.get("schema") != SCHEMA:
            torn += 1
            continue
        known = {name: _plain(entry.get(name)) for name in COLUMNS}
        known["of_this_result"] = all(entry.get(name) == document.get(name) for name in same)
        rows.append(known)
    return rows, torn


def decisions_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Table of decisions, one line each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = ("result", *COLUMNS) if any("result" in row for row in rows) else COLUMNS
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(_shown(row[name])) for name in columns])
    return text.getvalue()


def decisions_json(rows: Sequence[Mapping[str, Any]], torn: int) -> str:
    """JSON document of decisions.

    Parameters
    ----------
    rows, torn
        From `read_decisions`.
    """
    document = {"schema": f"{SCHEMA}s", "schema_version": SCHEMA_VERSION, "torn_lines": torn, "decisions": rows}
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def entry_name(given: Mapping[str, Any]) -> str:
    """Give the name of its own that an entry is sent with.

    Raises
    ------
    UsageError
        There is none of `ENTRY`'s form.
    """
    value = given.get("entry")
    if not isinstance(value, str) or not ENTRY.fullmatch(value):
        msg = f"entry: got {value!r:.40}, expected 8 to 40 digits of a name of its own"
        raise UsageError(msg)
    return value


def _shown(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _plain(value: Any) -> Any:
    """Value of a journal that anyone may have written, as text, number, flag or None."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (str, bool, int, float)) else str(value)[:MAX_TEXT]


def _place(document: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    name = given.get("target", PLACE)
    if name != PLACE:
        found = [target for target in document["targets"] if target.get("id") == name]
        if not found:
            msg = f"target: got {name!r:.40}, expected one of the list, or nothing for another place"
            raise UsageError(msg)
        target = found[0]
        return {
            "target": name,
            "call": target.get("call"),
            **{key: target.get(key) for key in ("x_m", "y_m", "depth_m")},
        }
    where = {key: _length(given, key) for key in ("x_m", "y_m")}
    return {"target": PLACE, "call": None, **where, "depth_m": None}


def _length(given: Mapping[str, Any], key: str) -> float:
    value = given.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= MAX_REACH_M:
        msg = f"{key}: got {value!r:.40}, expected metres"
        raise UsageError(msg)
    return round(float(value), 4)


def _text(given: Mapping[str, Any], key: str, most: int, *, needed: bool) -> str:
    value = given.get(key) or ""
    if not isinstance(value, str) or len(value) > most or (needed and not value.strip()):
        msg = f"{key}: expected text of {'1' if needed else '0'} to {most} characters"
        raise UsageError(msg)
    return " ".join(value.encode("utf-8", "replace").decode("utf-8").split())


def _one_of(given: Mapping[str, Any], key: str, allowed: Sequence[str]) -> str:
    value = given.get(key)
    if value not in allowed:
        msg = f"{key}: got {value!r:.40}, expected one of {', '.join(allowed)}"
        raise UsageError(msg)
    return str(value)


def _hash(document: Mapping[str, Any], key: str) -> str | None:
    value = document.get(key)
    return value if isinstance(value, str) else None
