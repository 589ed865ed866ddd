"""What became of each scan of a batch, as tables for programs."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from dualsense.errors import about
from dualsense.result import CALLS
from dualsense.runtime.texts import cell, in_utf8

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualsense.result import Call

SCHEMA = "dualsense-batch"
SCHEMA_VERSION = "1.1"
COLUMNS = (
    "name", "scan", "status", "scan_id", "source", "scan_sha256", "model", "area_m2", "coverage_fraction",
)  # fmt: skip
OF_A_RESULT = (*COLUMNS[3:], "calls", "faults", "fault_codes", "survey", "again_m2")
"""What a scan that failed has not."""


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """What became of one scan.

    Attributes
    ----------
    name
        Of its folder below OUT.
    error
        One line that names the file and the cause; empty when the scan was processed.
    source
        "recorded" or "simulated".
    calls
        Number of targets of each call.
    faults, fault_codes
        How many, and which kinds of those that limit what can be said, sorted.
    survey
        Grade of the sweep, as of ``dualsense check``: "green", "amber" or "red"; empty where it was not judged.
    again_m2
        Area to sweep again.
    """

    name: str
    scan: str
    error: str = ""
    scan_id: str = ""
    source: str = ""
    scan_sha256: str = ""
    model: str = ""
    area_m2: float = float("nan")
    coverage_fraction: float = float("nan")
    calls: Mapping[Call, int] = field(default_factory=dict)
    faults: int = 0
    fault_codes: tuple[str, ...] = ()
    survey: str = ""
    again_m2: float = float("nan")


def failed_entry(name: str, scan: str, text: str) -> BatchEntry:
    """Entry of a scan that was not processed, and why."""
    return BatchEntry(name, scan, error=about(scan, text))


def batch_json(entries: Sequence[BatchEntry]) -> str:
    """Sum a batch up as JSON; a failed scan has its error and nulls.

    Parameters
    ----------
    entries
        From :func:`process_batch`.

    Returns
    -------
    str
        Content of ``batch.json``.
    """
    scans = [entry_row(entry) for entry in entries]
    failed = sum(bool(entry.error) for entry in entries)
    document = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "failed": failed, "scans": scans}
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def entry_row(entry: BatchEntry) -> dict[str, Any]:
    """Entry as JSON has it: texts in UTF-8, and null for what is not known."""
    row = {name: in_utf8(value) if isinstance(value, str) else value for name, value in asdict(entry).items()}
    row["fault_codes"] = list(entry.fault_codes)
    row["status"] = "failed" if entry.error else "done"
    missing = OF_A_RESULT if entry.error else () if entry.survey else ("survey", "again_m2")
    return row | dict.fromkeys(missing)


def batch_csv(entries: Sequence[BatchEntry]) -> str:
    """Sum a batch up as CSV, one line for each scan.

    Parameters
    ----------
    entries
        From :func:`process_batch`.

    Returns
    -------
    str
        Content of ``batch.csv``.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    counts = (call.replace("-", "_") for call in CALLS)
    writer.writerow([*COLUMNS, *counts, "faults", "fault_codes", "survey", "again_m2", "error"])
    for entry in entries:
        row = entry_row(entry)
        calls = [(row["calls"] or {}).get(call) for call in CALLS]
        codes = " ".join(row["fault_codes"] or ())
        last = (row["faults"], codes, row["survey"], row["again_m2"], row["error"])
        writer.writerow([cell(value) for value in (*(row[column] for column in COLUMNS), *calls, *last)])
    return text.getvalue()
