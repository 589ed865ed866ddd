"""Which results lie in a folder, and what the front page says of each: of files that anyone may have written."""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dualsense import render
from dualsense.app._decisions import DECISIONS, read_decisions
from dualsense.errors import DualsenseError, UsageError
from dualsense.result import CALLS, OPEN_CALLS

LIST = "targets.json"
PICTURES = (
    "fused.png",
    "emi_map.png",
    "emi_details.png",
    "gpr_slices.png",
    "gpr_sections.png",
    "gpr_radargram.png",
)
"""In the order in which they are shown."""
MEDIA_TYPES = {
    LIST: "application/json",
    "targets.geojson": "application/geo+json",
    "targets.csv": "text/csv; charset=utf-8",
    "report.html": "text/html; charset=utf-8",
    **dict.fromkeys(PICTURES, "image/png"),
}
"""All that is ever served of a folder of results, by name: what else lies there is nobody's business."""
MAX_LIST_BYTES = 2**23
MAX_FILE_BYTES = 2**28
MAX_TEXT = 300
MAX_RESULTS = 10_000
MAX_DEPTH = 8
MAX_SAID = 4
"""Faults of a result that the front page quotes, the gravest first."""
SCAN_SUFFIXES = (".h5", ".hdf5")


@dataclass(slots=True)
class Shelf:
    """The results below a folder, and which files of each may be read.

    Attributes
    ----------
    folder
        Its real path.
    """

    folder: Path
    _known: dict[str, Path] = field(default_factory=dict)
    _scans: tuple[Path, ...] = ()
    _said: dict[tuple[str | int, ...], dict[str, Any]] = field(default_factory=dict)

    def results(self) -> dict[str, Path]:
        """Find every folder with a ``targets.json``, this one included, by the key that addresses it.

        The tree is walked once; links are not followed, hidden folders not looked into.
        """
        found: dict[str, Path] = {}
        scans: list[Path] = []
        for place, inner, files in os.walk(self.folder):
            deep = len(Path(place).relative_to(self.folder).parts) >= MAX_DEPTH
            inner[:] = [] if deep else sorted(name for name in inner if not name.startswith("."))
            holds = LIST in files and is_plain(Path(place, LIST))
            if holds and len(found) < MAX_RESULTS:
                found[key_of(Path(place), self.folder)] = Path(place)
            scans += [Path(place, name) for name in files if is_scan(name) and not (holds and name == "result.h5")]
        self._known = dict(sorted(found.items(), key=lambda item: item[1]))
        self._scans = tuple(sorted(scans)[:MAX_RESULTS])
        return self._known

    def scans(self) -> tuple[Path, ...]:
        """Name the files that may be scans, as the last walk found them."""
        return self._scans

    def name(self, path: Path) -> str:
        """Return a path below the folder, ``.`` for the folder itself, as text that can be shown."""
        code = os.fsencode(path.relative_to(self.folder).as_posix())
        return code.decode("utf-8", "backslashreplace")

    def place(self, key: str) -> Path | None:
        """Return the folder of a result, None for a key that is no result's."""
        folder = self._known.get(key)
        return folder if folder is not None and is_plain(folder / LIST) else self.results().get(key)

    def files(self, key: str) -> dict[str, Path]:
        """Return the files of a result that may be served, none for a key that is no result's."""
        folder = self.place(key)
        return {} if folder is None else files_of(folder)

    def listing(self) -> list[dict[str, Any]]:
        """Describe every result; what was said of a list that has not changed since is said again."""
        rows: list[dict[str, Any]] = []
        said: dict[tuple[str | int, ...], dict[str, Any]] = {}
        for key, folder in self.results().items():
            files = files_of(folder)
            if LIST not in files:
                continue
            mark = (key, *mark_of(files[LIST]), *mark_of(folder / DECISIONS))
            said[mark] = self._said.get(mark) or describe(files)
            shown = {"pictures": [name for name in PICTURES if name in files], "report": "report.html" in files}
            rows.append({"key": key, "name": self.name(folder), "state": "done", **said[mark], **shown})
        self._said = said
        return rows


def key_of(path: Path, folder: Path) -> str:
    """Name a path below a folder by digits that tell nothing of it."""
    return hashlib.sha256(os.fsencode(path.relative_to(folder).as_posix())).hexdigest()[:16]


def is_scan(name: str) -> bool:
    """Whether a file may be a scan, by its name."""
    return not name.startswith(".") and name.lower().endswith(SCAN_SUFFIXES)


def mark_of(path: Path) -> tuple[int, int]:
    """Tell by time and size whether a file has changed; zeros where there is none."""
    try:
        found = path.lstat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def is_plain(path: Path) -> bool:
    """Whether there is a plain file and no link, device or folder."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def files_of(folder: Path) -> dict[str, Path]:
    """Return the files of a result that may be served, by name."""
    return {name: folder / name for name in MEDIA_TYPES if is_plain(folder / name)}


def read_plain(path: Path, most_bytes: int) -> bytes:
    """Read a plain file.

    Parameters
    ----------
    path
        Not followed where it has become a link meanwhile.
    most_bytes
        A longer one is refused.

    Raises
    ------
    OSError
        It cannot be read, or is too long.
    """
    file = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(file, "rb") as stream:
        found = os.fstat(stream.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_size > most_bytes:
            msg = f"found {found.st_size} bytes, expected a plain file of at most {most_bytes}"
            raise OSError(msg)
        return stream.read(most_bytes)


def describe(files: dict[str, Path]) -> dict[str, Any]:
    """Say what the front page shows of a result; a list that cannot be read is told as such.

    Parameters
    ----------
    files
        By name, ``targets.json`` among them.

    Returns
    -------
    dict
        Numbers that are finite or None, and text that is valid and short, whatever the file holds.
    """
    try:
        document = read_list(files[LIST])
        calls = [_call(target["call"]) for target in document["targets"]]
        return {
            "scan_id": _text(document["scan_id"]),
            "model": _text(document["model"]),
            "source": _text(document.get("source")),
            "scan_sha256": _text(document.get("scan_sha256")),
            "area_m2": _number(document["area_m2"]),
            "coverage_fraction": _number(document["coverage_fraction"]),
            "calls": {call: calls.count(call) for call in render.GRAVEST_FIRST if call in calls},
            "dig": sum(calls.count(call) for call in OPEN_CALLS),
            **_faults(document.get("faults")),
            "decided": _decided(files[LIST].parent, document),
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError) as error:
        return {"problem": f"{LIST} cannot be read: {type(error).__name__}"}


def read_list(path: Path) -> dict[str, Any]:
    """Read a ``targets.json``.

    Raises
    ------
    OSError, ValueError, RecursionError
        It is not that.
    """
    document = json.loads(read_plain(path, MAX_LIST_BYTES).decode("utf-8"))
    if not isinstance(document, dict) or not isinstance(document.get("targets"), list):
        msg = f"{path.name}: expected an object with targets"
        raise ValueError(msg)  # noqa: TRY004 - a file that is wrong, not a caller
    return document


def all_decisions(folder: Path) -> tuple[list[dict[str, Any]], int]:
    """Read the decisions beside every result in a folder.

    Parameters
    ----------
    folder
        A result's own folder, or one with many.

    Returns
    -------
    decisions : list of dict
        As from `read_decisions`, with the path of the result as ``result``.
    torn : int
        Lines that are no entries.

    Raises
    ------
    UsageError
        There is no such folder.
    DualsenseError, OSError
        A journal cannot be read.
    """
    if not folder.is_dir():
        msg = f"{folder}: no such folder"
        raise UsageError(msg)
    shelf, rows, torn = Shelf(folder.resolve()), [], 0
    for place in shelf.results().values():
        try:
            document = read_list(place / LIST)
        except (OSError, ValueError, RecursionError):
            document = {}  # its decisions are told all the same
        found, damaged = read_decisions(place, document)
        rows += [{"result": shelf.name(place), **row} for row in found]
        torn += damaged
    return rows, torn


def _faults(given: object) -> dict[str, Any]:
    """Count the faults that limit a result, and quote the gravest; None where the list does not tell."""
    if not isinstance(given, list):
        return {"faults": None, "fault_words": []}
    by_severity = {
        severity: [_text(one.get("message")) for one in given if one.get("severity") == severity]
        for severity in ("failed", "degraded")
    }
    words = by_severity["failed"] + by_severity["degraded"]
    return {"faults": len(words), "failed": len(by_severity["failed"]), "fault_words": words[:MAX_SAID]}


def _decided(folder: Path, document: dict[str, Any]) -> int | None:
    """Count the targets of a list that have a decision; None where they cannot be read."""
    try:
        rows, _ = read_decisions(folder, document)
    except (DualsenseError, OSError):
        return None
    return len({row["target"] for row in rows if row["of_this_result"] and row["target"]})


def _call(given: object) -> str:
    """Give the call of a target; one that is not known, as of a later version, leaves it to be dug."""
    return next((call for call in CALLS if call == given), "unclear")


def _text(value: object) -> str:
    text = value if isinstance(value, str) else ""
    return text[:MAX_TEXT].encode("utf-8", "replace").decode("utf-8")


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None
