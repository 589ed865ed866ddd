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
    _said: dict[tuple[str, int, int], dict[str, Any]] = field(default_factory=dict)

    def results(self) -> dict[str, Path]:
        """Find every folder with a ``targets.json``, this one included, by the key that addresses it.

        The tree is walked once; links are not followed, hidden folders not looked into.
        """
        found: dict[str, Path] = {}
        for place, inner, files in os.walk(self.folder):
            deep = len(Path(place).relative_to(self.folder).parts) >= MAX_DEPTH
            inner[:] = [] if deep else sorted(name for name in inner if not name.startswith("."))
            if LIST in files and is_plain(Path(place, LIST)) and len(found) < MAX_RESULTS:
                name = os.fsencode(Path(place).relative_to(self.folder).as_posix())
                found[hashlib.sha256(name).hexdigest()[:16]] = Path(place)
        self._known = dict(sorted(found.items(), key=lambda item: item[1]))
        return self._known

    def name(self, folder: Path) -> str:
        """Return the path of a result below the folder, ``.`` for the folder itself, as text that can be shown."""
        code = os.fsencode(folder.relative_to(self.folder).as_posix())
        return code.decode("utf-8", "backslashreplace")

    def files(self, key: str) -> dict[str, Path]:
        """Return the files of a result that may be served, none for a key that is no result's."""
        folder = self._known.get(key)
        if folder is None or not is_plain(folder / LIST):
            folder = self.results().get(key)
        return {} if folder is None else files_of(folder)

    def listing(self) -> list[dict[str, Any]]:
        """Describe every result; what was said of a list that has not changed since is said again."""
        rows, said = [], {}
        for key, folder in self.results().items():
            files = files_of(folder)
            if LIST not in files:
                continue
            found = files[LIST].lstat()
            mark = (key, found.st_mtime_ns, found.st_size)
            said[mark] = self._said.get(mark) or describe(files)
            shown = {"pictures": [name for name in PICTURES if name in files], "report": "report.html" in files}
            rows.append({"key": key, "name": self.name(folder), **said[mark], **shown})
        self._said = said
        return rows


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
        document = json.loads(read_plain(files[LIST], MAX_LIST_BYTES).decode("utf-8"))
        calls = [target["call"] for target in document["targets"]]
        return {
            "scan_id": _text(document["scan_id"]),
            "model": _text(document["model"]),
            "area_m2": _number(document["area_m2"]),
            "coverage_fraction": _number(document["coverage_fraction"]),
            "calls": {call: calls.count(call) for call in render.GRAVEST_FIRST if call in calls},
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError) as error:
        return {"problem": f"{LIST} cannot be read: {type(error).__name__}"}


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
