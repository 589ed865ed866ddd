"""Results and summaries as text: aligned tables for people, plain objects for JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from unicodedata import category, east_asian_width

from dualsense import render
from dualsense.errors import one_line
from dualsense.language import NOT_REVIEWED, again, catalogue, say, spoken, unfilled
from dualsense.language import number as as_written
from dualsense.result import CALLS
from dualsense.runtime.texts import visible
from dualsense.scan import SENSOR_NAMES, SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from dualsense.batch import BatchEntry
    from dualsense.result import Result
    from dualsense.scan import Fault
    from dualsense.summary import ScanSummary

NO_VALUE = "–"


def table(rows: Sequence[Sequence[str]], *, align: str) -> str:
    """Set rows of cells in columns two spaces apart.

    Parameters
    ----------
    rows
        All of the same length.
    align
        One of ``<`` and ``>`` for each column.
    """
    widths = [max(_columns(row[column]) for row in rows) for column in range(len(align))]
    lines = (
        "  ".join(
            f"{cell:{a}{w - _columns(cell) + len(cell)}}" for cell, a, w in zip(row, align, widths, strict=True)
        )
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def _columns(text: str) -> int:
    """Count the columns of a terminal that a text takes: two for wide letters, none for signs over others."""
    if text.isascii():
        return len(text)
    none = sum(category(letter) in {"Mn", "Me", "Cf"} for letter in text)
    return len(text) - none + sum(east_asian_width(letter) in {"W", "F"} for letter in text)


def number(value: float, pattern: str) -> str:
    """Format a number as the language at hand writes it; what is not finite is a dash."""
    return as_written(format(value, pattern)) if math.isfinite(value) else NO_VALUE


def fault_lines(faults: Iterable[Fault]) -> list[str]:
    """Return one line for each fault, the worst first."""
    ranked = sorted(faults, key=lambda fault: SEVERITIES.index(fault.severity))
    return [f"  {one_line(render.fault_words(fault))}" for fault in ranked]


def summary_text(summary: ScanSummary) -> str:
    """Say in a page of text what a scan file holds."""
    header = summary.header
    source = unfilled(header.source) if header.source != "unknown" else say("source not stated")
    told = say(
        "{source}, scan {scan}, format {version}",
        source=source,
        scan=one_line(header.scan_id) or NO_VALUE,
        version=one_line(header.format_version),
    )
    area = say("{area} m² within {extent}", area=number(summary.area_m2, ".2f"), extent=_extent(summary))
    facts = [
        (say("Instrument"), header.instrument or NO_VALUE),
        (say("Created"), header.created or NO_VALUE),
        (say("Site"), header.site),
        (say("Operator"), header.operator),
        (say("Notes"), header.notes),
        (say("Duration"), f"{number(summary.duration_s, '.1f')} s"),
        (say("Patch"), area),
    ]
    lines = [f"{visible(summary.path)}: {told}", ""]
    lines.append(table([(name, one_line(text)) for name, text in facts if text], align="<<"))
    rows = [(say("stream"), say("samples"), say("rate"), say("measures"), say("covers"))]
    rows += [
        (
            say(SENSOR_NAMES[stream.name]),
            " × ".join(str(n) for n in stream.shape),
            f"{number(stream.rate_hz, '.1f')} Hz",
            one_line(stream.measures),
            render.percent_down(stream.coverage_fraction) if stream.name != "pose" else "",
        )
        for stream in summary.streams
    ]
    lines += ["", table(rows, align="<>><>"), ""]
    absent = [name for name in render.SENSORS if name not in {stream.name for stream in summary.streams}]
    lines += [
        say("no {sensor} samples: this ground is not assessable by it", sensor=say(SENSOR_NAMES[name]))
        for name in absent
    ]
    faults = fault_lines(summary.faults)
    looked = say(
        "in the samples and the axes" if summary.samples_read else "in the axes; --check reads the samples too"
    )
    head = say("faults ({looked}):" if faults else "no faults found ({looked})", looked=looked)
    lines += [head, *faults]
    return "\n".join(lines)


def _extent(summary: ScanSummary) -> str:
    x0, x1, y0, y1 = summary.extent_m
    edges = {name: number(value, ".2f") for name, value in (("x0", x0), ("x1", x1), ("y0", y0), ("y1", y1))}
    return say("x {x0} to {x1} m, y {y0} to {y1} m", **edges)


def result_text(result: Result, scan: Path, out: Path | None) -> str:
    """Say what processing found, the gravest first, in the words of the report."""
    verdict = render.headline(result)
    parts = {name: render.percent_down(result.sensor_coverage.get(name, math.nan)) for name in render.SENSORS}
    covered = say(
        "{area:.2f} m², both sensors covered {both} (metal detector {metal}, radar {radar})"
        if math.isfinite(result.area_m2)
        else "unknown area, both sensors covered {both} (metal detector {metal}, radar {radar})",
        area=result.area_m2,
        both=render.percent_down(result.coverage_fraction),
        metal=parts["emi"],
        radar=parts["gpr"],
    )
    lines = [f"{visible(str(scan))}: {covered}", " ".join((verdict.main, *verdict.rest))]
    if result.targets:
        head = (say("call"), say("x m"), say("y m"), say("depth of top"), say("confidence"), say("why"))
        rows = [("id", *head)]
        rows += [
            (
                one_line(target.id),
                say(render.CALL_NAMES[target.call]),
                say("{value:z.2f}", value=target.x_m),
                say("{value:z.2f}", value=target.y_m),
                render.depth_words(target),
                render.confidence_words(target, result),
                render.join_reasons([again(reason) for reason in target.reasons]),
            )
            for target in render.ordered_targets(result)
        ]
        lines += ["", table(rows, align="<<>>>><")]
    ground = render.calibration_words(result)
    name = one_line(result.model)
    model = say("Confidence by {model} ({ground}).", model=name, ground=ground) if ground else ""
    model = model or say("Confidence by {model}.", model=name)
    lines += ["", " ".join(filter(None, (model, render.threshold_words(result), say(render.ADVICE))))]
    limits = [one_line(banner.sentence) for banner in render.banners(result)]
    lines += ["", *limits] if limits else []
    lines += [] if catalogue(spoken()).reviewed else ["", say(NOT_REVIEWED)]
    lines += ["", say("Look at {path}", path=visible(str(out / "report.html")))] if out is not None else []
    return "\n".join(lines)


def result_summary(result: Result, scan: Path, out: Path) -> dict[str, Any]:
    """Return the summary that ``process --json`` prints: the target document, and what else a script asks."""
    return {
        **render.targets_document(result),
        "scan": str(scan),
        "out": str(out),
        "calls": render.call_counts(result.targets),
        "sensor_coverage": {name: finite(value) for name, value in sorted(result.sensor_coverage.items())},
        "files": sorted(path.name for path in out.iterdir()),
    }


def finite(value: float) -> float | None:
    """Return the value, or None where JSON has no number for it."""
    return float(value) if math.isfinite(value) else None


def batch_text(entries: Sequence[BatchEntry], out: Path) -> str:
    """Return one row for each scan of a batch."""
    calls = (say(render.CALL_NAMES[call]) for call in CALLS)
    rows: list[tuple[str, ...]] = [(say("Scan"), *calls, say("covered"), "")]
    for entry in entries:
        if entry.error:
            rows.append((visible(entry.name), *(NO_VALUE for _ in CALLS), NO_VALUE, say("FAILED")))
        else:
            rows.append(
                (
                    visible(entry.name),
                    *(str(entry.calls[call]) for call in CALLS),
                    render.percent_down(entry.coverage_fraction),
                    "",
                )
            )
    failed = sum(bool(entry.error) for entry in entries)
    closing = say(
        "{done} of {count} scans processed; see {path}",
        done=len(entries) - failed,
        count=len(entries),
        path=visible(str(out / "index.html")),
    )
    return f"{table(rows, align='<>>>>><')}\n\n{closing}"
