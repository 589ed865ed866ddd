"""CSV of one scan or many: a row for the scan, then one for each target, in columns that can be chosen."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from dualsense.render._export.about import about
from dualsense.render._export.columns import Columns, read_columns
from dualsense.render._files.export import CSV_COLUMNS, target_rows
from dualsense.render._targets import chance_words, ordered_targets
from dualsense.runtime.texts import cell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dualsense.result import Result

Row = dict[str, str | float | None]

OF_THE_SCAN = (
    "scan_id",
    "source",
    "created",
    "site",
    "operator",
    "patch_area_m2",
    "covered_area_m2",
    "uncovered_area_m2",
    "coordinate_reference",
    "coordinate_accuracy",
    "verdict",
    "faults",
    "model",
    "advice",
    "scan_sha256",
)
OF_A_TARGET = (*(name for name in CSV_COLUMNS if name not in OF_THE_SCAN), "existence", "chance")
FIELDS = ("record", *OF_THE_SCAN, *OF_A_TARGET)
"""What a column can hold; `record` is "scan" or "target"."""
KEPT = (
    "record",
    "source",
    "created",
    "site",
    "operator",
    "covered_area_m2",
    "uncovered_area_m2",
    "coordinate_reference",
    "coordinate_accuracy",
    "call",
    "faults",
)
"""What no list goes without: columns of these follow the chosen ones where they are not among them."""


def rows(result: Result) -> list[Row]:
    """Give the row of a scan and those of its targets, every one of `FIELDS` in each.

    The scan's comes first, so that a list without a target still tells what was not covered.

    Parameters
    ----------
    result
        What processing found.

    Returns
    -------
    list of dict
        Values by field; None for what is not known, or is none of a scan's.
    """
    facts = about(result)
    found: list[Row] = [dict.fromkeys(FIELDS) | {"record": "scan"} | facts]
    for target, values in zip(ordered_targets(result), target_rows(result), strict=True):
        more = {"chance": chance_words(target, result), "record": "target"}
        found.append(dict.fromkeys(FIELDS) | values | facts | more)
    return found


def table_csv(results: Sequence[Result], columns: Columns | None = None) -> str:
    """Text of a CSV of all scans.

    Parameters
    ----------
    results
        One or more.
    columns
        Which columns to write, under which names and in which words; by default all of `FIELDS`.

    Returns
    -------
    str
        Text that a spreadsheet would run as a formula has an apostrophe before it.
    """
    columns = columns or Columns(tuple((name, name) for name in FIELDS))
    chosen = {field for _, field in columns.columns if isinstance(field, str)}
    written = (*columns.columns, *((name, name) for name in KEPT if name not in chosen))
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=columns.delimiter, lineterminator="\n")
    writer.writerow([cell(name) for name, _ in written])
    for result in results:
        for row in rows(result):
            writer.writerow([cell(columns.value(row, field)) for _, field in written])
    return text.getvalue()


def table_columns(path: Path) -> Columns:
    """Read from a small TOML file which columns a table has, under which names, in which words.

    Parameters
    ----------
    path
        A table ``columns`` of name = field, one of `FIELDS`, or name = {text = "..."}, in the order wanted;
        optional tables ``words.FIELD`` of value = word, and ``delimiter``.

    Returns
    -------
    Columns

    Raises
    ------
    UsageError
        It cannot be read, names a field that there is not, or words a call as what it never is.
    """
    return read_columns(path, FIELDS)
