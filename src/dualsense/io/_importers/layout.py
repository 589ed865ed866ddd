"""Where the lines of an area lie: a table of start and end, or lines side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from dualsense.errors import ScanError, UsageError
from dualsense.io._importers.options import MAX_SPACING_M, is_number
from dualsense.io._importers.traces import read_content, table_rows
from dualsense.io._text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MAX_PLACE_M = 1e5
START, END, DIRECTION = ("x_m", "y_m"), ("x_end_m", "y_end_m"), "direction_deg"
EXPECTED = "the columns file, x_m, y_m, and x_end_m, y_end_m or direction_deg; others are options of the importer"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one line lies.

    Attributes
    ----------
    start_m
        x and y of its first trace.
    direction
        Unit vector in which it was recorded.
    length_m
        From the first trace to the last; None takes the spacing of the file.
    options
        Of this file's import.
    """

    start_m: tuple[float, float]
    direction: tuple[float, float]
    length_m: float | None
    options: dict[str, Any]


def side_by_side(lengths_m: Sequence[float], *, spacing_m: float, zigzag: bool) -> list[Place]:
    """Lay lines along +x, each to the left of the one before.

    Parameters
    ----------
    lengths_m
        Of the lines by their files.
    spacing_m
        Between neighbours.
    zigzag
        Whether every second line was recorded backwards, from where the one before ended.
    """
    places, end_m = [], 0.0
    for number, length_m in enumerate(lengths_m):
        back = zigzag and number % 2 == 1
        start_m = end_m if back else 0.0
        places.append(Place((start_m, number * spacing_m), (-1.0 if back else 1.0, 0.0), None, {}))
        end_m = start_m + (-length_m if back else length_m)
    return places


def spacing_option(value: Any) -> float:
    """Return the spacing of lines; anything but a positive number of metres is a UsageError."""
    if not (is_number(value) and 0.0 < value <= MAX_SPACING_M):
        msg = f"line_spacing_m must be a positive number of metres, at most {MAX_SPACING_M:g}, got {value!r:.80}"
        raise UsageError(one_line(msg))
    return float(value)


def read_layout(path: Path, files: Sequence[Path]) -> list[Place]:
    """Read the table of a layout, for files in a given order.

    Parameters
    ----------
    path
        CSV with one line for each file: `EXPECTED`.
    files
        Each is meant by the one entry that is the end of its path.

    Raises
    ------
    ScanError
        The table cannot be read, lacks a column or a file, or holds no number where one is needed.
    """
    name, content = read_content(path)
    rows = table_rows(content, name)
    found: dict[str, Place] = {}
    for number, row in enumerate(rows, start=2):
        own = {(key or "").strip(): (value or "").strip() for key, value in row.items() if isinstance(key, str)}
        file = own.pop("file", "")
        if not file or file in found:
            found_file = f"the file {file!r} again" if file else "no file"
            msg = f"{name}: row {number}: found {found_file}, expected {EXPECTED}"
            raise ScanError(one_line(msg))
        found[file] = _place(own, f"{name}: row {number}")
    meant = {key: [n for n, file in enumerate(files) if _is_end(key, file)] for key in found}
    odd = [key for key, numbers in meant.items() if len(numbers) != 1]
    told = {numbers[0] for numbers in meant.values() if numbers}
    odd += [file.name for n, file in enumerate(files) if n not in told]
    if odd or len(found) != len(files):
        count = f"found {len(found)} files for {len(files)} lines, expected each once"
        msg = f"{name}: {count}; see {', '.join(odd[:5]) or 'those told twice'}"
        raise ScanError(one_line(msg))
    by_number = {numbers[0]: found[key] for key, numbers in meant.items()}
    return [by_number[n] for n in range(len(files))]


def _is_end(told: str, file: Path) -> bool:
    parts = PurePosixPath(told.replace("\\", "/")).parts
    return file.parts[-len(parts) :] == parts


def _place(own: dict[str, str], where: str) -> Place:
    """Understand one row; what is no place is an option."""
    start = tuple(_number(own.pop(key, ""), key, where) for key in START)
    if own.get(DIRECTION):
        turned = math.radians(_number(own.pop(DIRECTION), DIRECTION, where))
        direction, length_m = (math.cos(turned), math.sin(turned)), None
        for key in END:
            own.pop(key, None)
    else:
        own.pop(DIRECTION, None)
        end = tuple(_number(own.pop(key, ""), key, where) for key in END)
        length_m = math.dist(start, end)
        if length_m <= 0.0:
            msg = f"{where}: found a line that ends where it begins, expected two places"
            raise ScanError(one_line(msg))
        direction = ((end[0] - start[0]) / length_m, (end[1] - start[1]) / length_m)
    options = {key: _value(text) for key, text in own.items() if text}
    return Place((start[0], start[1]), direction, length_m, options)


def _number(text: str, key: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) <= MAX_PLACE_M:
        msg = f"{where}: {key}: found {text!r}, expected a number; {EXPECTED}"
        raise ScanError(one_line(msg))
    return value


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
