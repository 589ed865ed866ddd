"""A verdict as a picture: the patch, the head's track, and the places to sweep again."""

from __future__ import annotations

import io
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from dualsense.language import again, plotted, say, speaking
from dualsense.render import SIMULATED
from dualsense.scan import plain
from dualsense.verdict._words import mark_rows, place_words, verdict_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dualsense.verdict._judge import Verdict
    from dualsense.verdict._limits import Grade

COLOURS: dict[Grade, str] = {"green": "#1b7837", "amber": "#b35806", "red": "#b2182b"}
SIGNS: dict[Grade, str] = {"green": "●", "amber": "▲", "red": "■"}
TITLE_LETTERS = 100
LISTED = 8
"""Places that are named; all are drawn."""
_SETTINGS: Any = {"font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 11.0}


def draw(verdict: Verdict) -> bytes:
    """Draw a verdict as PNG.

    Parameters
    ----------
    verdict
        From `judge`.

    Returns
    -------
    bytes
        Of the file.
    """
    import matplotlib as mpl  # noqa: PLC0415 - slow to load
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.layout_engine import ConstrainedLayoutEngine  # noqa: PLC0415

    with mpl.rc_context(_SETTINGS), speaking(plotted()):
        # an equal aspect pushes the words below the map out of a layout that takes all of the page
        layout = ConstrainedLayoutEngine(rect=(0.0, 0.03, 1.0, 0.97))
        figure = Figure(figsize=(12.0, 7.0), dpi=100, layout=layout)
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2, width_ratios=(3.0, 2.0))
        _map(left, verdict)
        _marks(right, verdict)
        simulated = f"{say(SIMULATED)}  " if verdict.source == "simulated" else ""
        title = "\n".join(wrap(f"{simulated}{SIGNS[verdict.grade]} {verdict_words(verdict)}", TITLE_LETTERS))
        name = plain(verdict.scan_id, TITLE_LETTERS)
        figure.suptitle(f"{title}\n{name}".replace("$", r"\$"), color=COLOURS[verdict.grade], fontsize=13)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _map(axes: Axes, verdict: Verdict) -> None:
    grid, red = verdict.grid, COLOURS["red"]
    axes.set_facecolor("#d9d9d9")
    if verdict.patch.any():
        axes.contourf(grid.x_m, grid.y_m, verdict.patch.astype(float), levels=(0.5, 1.5), colors=("#ffffff",))
    axes.plot(verdict.track_m[:, 0], verdict.track_m[:, 1], color="#4d4d4d", linewidth=0.8, label="track")
    if verdict.again.any():
        axes.contourf(
            grid.x_m,
            grid.y_m,
            verdict.again.astype(float),
            levels=(0.5, 1.5),
            colors=("#fddbc7",),
            hatches=("xx",),
        )
        axes.contour(grid.x_m, grid.y_m, verdict.again.astype(float), levels=(0.5,), colors=(red,))
    for n, place in enumerate(verdict.places[:LISTED], start=1):
        middle = (sum(place.x_m) / 2.0, sum(place.y_m) / 2.0)
        axes.annotate(
            str(n), middle, color="#ffffff", weight="bold", ha="center", va="center",
            bbox={"boxstyle": "circle", "facecolor": red, "edgecolor": "#ffffff"},
        )  # fmt: skip
    axes.set(xlabel=say("x along the lane (m)"), ylabel=say("y to the left (m)"), aspect="equal")
    axes.set_title(say("sweep again where hatched; grey was not set out to be swept"), fontsize=11)


def _marks(axes: Axes, verdict: Verdict) -> None:
    axes.axis("off")
    y, step = 1.0, 0.052
    for (_, words, value, limit), mark in zip(mark_rows(verdict), verdict.marks, strict=True):
        colour = "#4d4d4d" if mark.grade is None else COLOURS[mark.grade]
        sign = "–" if mark.grade is None else SIGNS[mark.grade]
        axes.text(0.0, y, sign, color=colour, va="top", transform=axes.transAxes)
        axes.text(0.06, y, f"{words}: {value}", va="top", transform=axes.transAxes)
        axes.text(0.06, y - 0.45 * step, limit, va="top", fontsize=8, color="#595959", transform=axes.transAxes)
        y -= step
    told = [again(message) for _, _, message in verdict.faults]
    told += [f"{n}  {place_words(place)}" for n, place in enumerate(verdict.places[:LISTED], start=1)]
    if len(verdict.places) > LISTED:
        told.append(say("and {count} smaller places", count=len(verdict.places) - LISTED))
    for words in told:
        y -= 0.3 * step
        for line in wrap(words, 66):
            y -= 0.6 * step
            axes.text(0.0, y, line.replace("$", r"\$"), va="top", fontsize=8.5, transform=axes.transAxes)
