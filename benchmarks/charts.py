"""Draws what `make bench` has kept: a chart for each kind of quantity, with the revision below each point.

    python -m benchmarks.charts -o FOLDER      an SVG for each; the documentation draws the same into its pages

Ratios to a base are multiplied up as long as the base is an earlier point, so that a line tells how the program
has changed since the first of them. Equal histories give equal bytes.
"""

from __future__ import annotations

import argparse
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import history

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Entry = dict[str, Any]
    Series = dict[str, list[tuple[str, float]]]

WIDTH_IN, HEIGHT_IN, TITLE_IN = 7.2, 3.0, 0.35
NAMES_IN, LINE_IN = 0.75, 0.18
"""Below the axes: the revisions, and each line of the legend."""
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#b8860b", "#cc79a7", "#56b4e9", "#8a5fbf", "#7f7f7f")
MARKS = "osD^vP*X"


@dataclass(frozen=True)
class Chart:
    """Some quantities over the revisions.

    Attributes
    ----------
    name
        For files and places in a page.
    title
        What a reader looks for.
    unit
        Along the upright axis.
    series
        From the history: name to points of revision and value.
    about
        How it is to be read.
    logarithmic
        Where values differ by orders.
    """

    name: str
    title: str
    unit: str
    series: Callable[[Sequence[Entry]], Series]
    about: str
    logarithmic: bool = False


def plain(part: str, *wanted: str) -> Callable[[Sequence[Entry]], Series]:
    """Take the numbers of a part of the entries as they are; those that are wanted, or all."""

    def take(entries: Sequence[Entry]) -> Series:
        found: Series = {}
        for entry in entries:
            for name, value in entry.get(part, {}).items():
                if not wanted or name in wanted:
                    found.setdefault(name.replace("_", " "), []).append((entry["revision"], float(value)))
        return found

    return take


def chained(part: str, *wanted: str) -> Callable[[Sequence[Entry]], Series]:
    """Multiply ratios to a base by what is known of the base; a base that was never measured counts as 1."""

    def take(entries: Sequence[Entry]) -> Series:
        found: Series = {}
        for entry in entries:
            for name, ratio in entry.get(part, {}).items():
                if wanted and name not in wanted:
                    continue
                points = found.setdefault(name, [])
                known = [value for revision, value in points if same(revision, entry["base"])]
                if not known:
                    points.append((entry["base"], 1.0))
                points.append((entry["revision"], (known or [1.0])[-1] * float(ratio)))
        return found

    return take


def same(one: str, other: str) -> bool:
    """Tell whether two short names are of one revision."""
    return bool(one and other) and (one.startswith(other) or other.startswith(one))


def parts(name: str) -> Callable[[Sequence[Entry]], Series]:
    """Take the parts of a hundred that counts make up."""

    def take(entries: Sequence[Entry]) -> Series:
        found: Series = {}
        for entry in entries:
            whole = sum(entry.get(name, {}).values())
            for outcome, count in entry.get(name, {}).items():
                found.setdefault(outcome, []).append((entry["revision"], 100.0 * count / whole))
        return found

    return take


CHARTS = (
    Chart(
        "references",
        "Speed of each step",
        "times as fast as its plain reference",
        plain("references"),
        "Work of heavy steps beside readable NumPy that gives the same, on one input in one run. More is faster.",
        logarithmic=True,
    ),
    Chart(
        "steps",
        "Steps beside the first base",
        "processor time, of the base's",
        chained("steps"),
        "Steps that take 3 % or more of the sample scan. Less is faster; writing grew with what the report holds.",
    ),
    Chart(
        "chain",
        "From file to report",
        "time, of the first base's",
        chained("chain", "wall", "processor", "start-up"),
        "The sample scan, by old and new code in turns on one machine; start-up ends with the first step. Less is "
        "faster.",
    ),
    Chart(
        "start-up",
        "Start-up",
        "times as long as NumPy's import",
        plain("start_up"),
        "From the start of the process to the first byte of the scan, for each of the budget. Less is faster.",
    ),
    Chart(
        "memory",
        "Peak of memory",
        "MB",
        plain("peak_mb"),
        "Of a process that goes from file to report, for the scans of the budget.",
    ),
    Chart(
        "areas",
        "100 m² beside 10 m²",
        "of that of 10 m²",
        plain("areas", "time", "memory"),
        "A cart's array: processor time for each square metre, and peak memory. 1 is in proportion, or no more.",
    ),
    Chart(
        "batch",
        "A batch by two processes",
        "times as fast as by one",
        plain("batch", "gain", "gain_over_one_core", "gain_by_processor"),
        "Wall time of the same small scans by one process and by two: the one on two cores, or held to one. By "
        "processor time: what two cores would gain where nothing else runs.",
    ),
    Chart(
        "detection",
        "Detection on the gate's lanes",
        "count",
        plain("detection", "mines", "mines_suspect", "others", "others_suspect"),
        "Six simulated lanes: mines, and how many are suspects; other objects, and how many of them are.",
    ),
    Chart(
        "campaign",
        "The campaign of faults",
        "% of the spoilt scans",
        parts("campaign"),
        "The worst fate of a mine of a spoilt scan. Of a confident miss nobody would be warned.",
        logarithmic=True,
    ),
)


def draw(chart: Chart, entries: Sequence[Entry]) -> str:
    """Draw a chart as SVG, to stand in a page or alone; empty where the history has nothing for it."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    series = chart.series(entries)
    if not series:
        return ""
    revisions = order(series, entries)
    style = {"svg.hashsalt": chart.name, "svg.fonttype": "none", "font.size": 9, "font.family": "sans-serif"}
    with rc_context(style):
        below_in = NAMES_IN + LINE_IN * -(-len(series) // 2)
        height_in = HEIGHT_IN + below_in
        figure = Figure(figsize=(WIDTH_IN, height_in))
        axes = figure.add_axes((0.12, below_in / height_in, 0.86, (HEIGHT_IN - TITLE_IN) / height_in))
        for n, (name, points) in enumerate(series.items()):
            at = [revisions.index(revision) for revision, _ in points]
            look = {"color": COLOURS[n % len(COLOURS)], "marker": MARKS[n % len(MARKS)], "lw": 1.4, "ms": 5}
            axes.plot(at, [value for _, value in points], label=name, **look)
        _dress(axes, chart, revisions)
        under = (0.0, -NAMES_IN / (HEIGHT_IN - TITLE_IN))
        axes.legend(loc="upper left", bbox_to_anchor=under, ncols=2, frameon=False, fontsize=8, borderaxespad=0.0)
        written = io.StringIO()
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _for_a_page(written.getvalue(), chart)


def _dress(axes: Any, chart: Chart, revisions: Sequence[str]) -> None:
    axes.set_title(chart.title, loc="left", fontsize=10)
    axes.set_ylabel(chart.unit)
    names = [name[:10] for name in revisions]
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right", family="monospace", fontsize=8)
    axes.set_xlim(-0.5, max(len(names) - 0.5, 1.5))
    if chart.logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("")
    else:
        axes.set_ylim(bottom=0.0)
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def order(series: Series, entries: Sequence[Entry]) -> list[str]:
    """List the revisions that have a point; a base stands before the first that names it."""
    used = {revision for points in series.values() for revision, _ in points}
    found: list[str] = []
    for entry in entries:
        for revision in (entry["base"], entry["revision"]):
            if revision in used and revision not in found:
                found.append(revision)
    return found


def _for_a_page(svg: str, chart: Chart) -> str:
    """Let ink follow the page's, and say what the picture is to who cannot see it."""
    body = re.sub(r"\s*<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    body = re.sub(r"#000000|\bblack\b", "currentColor", body)
    named = f'<svg class="chart" role="img" aria-label="{chart.title}: {chart.unit}" fill="currentColor"'
    return body.replace("<svg", named, 1)


def drawn(entries: Sequence[Entry]) -> Iterator[tuple[Chart, str]]:
    """Give each chart and its picture."""
    for chart in CHARTS:
        yield chart, draw(chart, entries)


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.charts", description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="FOLDER")
    folder = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    for chart, svg in drawn(history.read()):
        if svg:
            (folder / f"{chart.name}.svg").write_text(svg, encoding="utf-8")
            print(folder / f"{chart.name}.svg")
        else:
            print(f"{chart.name}: not measured yet")


if __name__ == "__main__":
    main()
