"""Results and summaries as text: aligned tables for people, plain objects for JSON."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, get_args

from dualsense.console import one_line
from dualsense.result import Call

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from dualsense.batch import BatchEntry
    from dualsense.result import Result, Target
    from dualsense.scan import Fault
    from dualsense.summary import ScanSummary

SENSOR_NAMES = {"gpr": "radar", "emi": "metal", "pose": "track"}
NO_VALUE = "–"
CALLS: tuple[str, ...] = get_args(Call)


def table(rows: Sequence[Sequence[str]], *, align: str) -> str:
    """Set rows of cells in columns two spaces apart.

    Parameters
    ----------
    rows
        All of the same length.
    align
        One of ``<`` and ``>`` for each column.
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(align))]
    lines = ("  ".join(f"{cell:{a}{w}}" for cell, a, w in zip(row, align, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def percent(fraction: float) -> str:
    """Return whole per cent, rounded down, so that 100 % means all of it; NaN is a dash."""
    return f"{math.floor(fraction * 100.0 + 1e-9)} %" if math.isfinite(fraction) else NO_VALUE


def number(value: float, pattern: str) -> str:
    """Format a number; what is not finite is a dash."""
    return format(value, pattern) if math.isfinite(value) else NO_VALUE


def fault_lines(faults: Iterable[Fault]) -> list[str]:
    """Return one line for each fault, the worst first."""
    order = ("failed", "degraded", "info")
    ranked = sorted(faults, key=lambda fault: order.index(fault.severity))
    return [
        f"  {SENSOR_NAMES[fault.sensor]} {fault.severity}: {one_line(fault.message)}"
        + ("" if fault.path in fault.message else f" ({fault.path})")
        for fault in ranked
    ]


def summary_text(summary: ScanSummary) -> str:
    """Say in a page of text what a scan file holds."""
    header = summary.header
    source = header.source if header.source != "unknown" else "source not stated"
    scan_id = one_line(header.scan_id) or NO_VALUE
    lines = [f"{summary.path}: {source}, scan {scan_id}, format {one_line(header.format_version)}", ""]
    facts = [
        ("instrument", header.instrument or NO_VALUE),
        ("created", header.created or NO_VALUE),
        ("site", header.site),
        ("operator", header.operator),
        ("notes", header.notes),
        ("duration", f"{number(summary.duration_s, '.1f')} s"),
        ("patch", f"{number(summary.area_m2, '.2f')} m² within {_extent(summary)}"),
    ]
    lines.append(table([(name, one_line(text)) for name, text in facts if text], align="<<"))
    rows = [("stream", "samples", "rate", "measures", "covers")]
    rows += [
        (
            SENSOR_NAMES[stream.name],
            " × ".join(str(n) for n in stream.shape),
            f"{number(stream.rate_hz, '.1f')} Hz",
            stream.measures,
            percent(stream.coverage_fraction) if stream.name != "pose" else "",
        )
        for stream in summary.streams
    ]
    lines += ["", table(rows, align="<>><>"), ""]
    absent = {"gpr", "emi"} - {stream.name for stream in summary.streams}
    lines += [f"no {SENSOR_NAMES[name]} data: what needs it is not assessable" for name in sorted(absent)]
    faults = fault_lines(summary.faults)
    looked = (
        "in the samples and the axes" if summary.samples_read else "in the axes; --check reads the samples too"
    )
    lines += [f"faults ({looked}):", *faults] if faults else [f"no faults found ({looked})"]
    return "\n".join(lines)


def _extent(summary: ScanSummary) -> str:
    x0, x1, y0, y1 = summary.extent_m
    return f"x {number(x0, '.2f')} to {number(x1, '.2f')} m, y {number(y0, '.2f')} to {number(y1, '.2f')} m"


def call_counts(targets: Iterable[Target]) -> dict[str, int]:
    """Return how many targets got each call, every call named."""
    counts: Counter[str] = Counter(target.call for target in targets)
    return {call: counts[call] for call in CALLS}


def result_text(result: Result, scan: Path, out: Path | None) -> str:
    """Say what processing found, worst first, as a person would want to be told."""
    counts = call_counts(result.targets)
    listed = ", ".join(f"{n} {call}" for call, n in counts.items() if n)
    sensors = ", ".join(
        f"{SENSOR_NAMES[name]} {percent(result.sensor_coverage.get(name, math.nan))}" for name in ("emi", "gpr")
    )
    covered = f"both sensors covered {percent(result.coverage_fraction)} ({sensors})"
    lines = [
        f"{scan}: {number(result.area_m2, '.2f')} m², {covered}",
        f"targets: {listed or 'none found in what was covered'}; confidence by {result.model}",
    ]
    if result.targets:
        rows = [("id", "call", "x m", "y m", "depth m", "confidence", "why")]
        rows += [
            (
                target.id,
                target.call,
                f"{target.x_m:.2f}",
                f"{target.y_m:.2f}",
                number(target.depth_m, ".2f"),
                number(target.confidence, ".2f"),
                "; ".join(target.reasons),
            )
            for target in result.targets
        ]
        lines += ["", table(rows, align="<<>>>><")]
    faults = fault_lines(result.faults)
    lines += ["", "faults:", *faults] if faults else []
    lines += ["", f"look at {out / 'report.html'}"] if out is not None else []
    return "\n".join(lines)


def result_summary(result: Result, scan: Path, out: Path) -> dict[str, Any]:
    """Return the summary that ``process --json`` prints: the target document, and what else a script asks."""
    from dualsense.render.export import targets_document  # noqa: PLC0415

    return {
        **targets_document(result),
        "scan": str(scan),
        "out": str(out),
        "calls": call_counts(result.targets),
        "sensor_coverage": {name: finite(value) for name, value in sorted(result.sensor_coverage.items())},
        "faults": [fault_object(fault) for fault in result.faults],
        "files": sorted(path.name for path in out.iterdir()),
    }


def fault_object(fault: Fault) -> dict[str, str]:
    """Return a fault as JSON holds it."""
    return {"sensor": fault.sensor, "severity": fault.severity, "path": fault.path, "message": fault.message}


def finite(value: float) -> float | None:
    """Return the value, or None where JSON has no number for it."""
    return float(value) if math.isfinite(value) else None


def batch_text(entries: Sequence[BatchEntry], out: Path) -> str:
    """Return one row for each scan of a batch."""
    rows: list[tuple[str, ...]] = [("scan", "suspect", "likely-clutter", "not-assessable", "covered", "")]
    for entry in entries:
        if entry.error:
            rows.append((entry.name, NO_VALUE, NO_VALUE, NO_VALUE, NO_VALUE, "FAILED"))
        else:
            rows.append(
                (entry.name, *(str(entry.calls[call]) for call in CALLS), percent(entry.coverage_fraction), "")
            )
    failed = sum(bool(entry.error) for entry in entries)
    closing = f"{len(entries) - failed} of {len(entries)} scans processed; see {out / 'batch.csv'}"
    return f"{table(rows, align='<>>>><')}\n\n{closing}"
