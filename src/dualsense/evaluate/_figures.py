"""The evaluation as a picture: each sensor alone and both fused, how honest the confidence is, what is found."""

from __future__ import annotations

import io
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dualsense.language import plotted, say, speaking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

LOOK = {
    "emi": ("metal detector alone", "#b36b00", "--"),
    "gpr": ("radar alone", "#2a6fb0", "-."),
    "fused": ("fused", "#000000", "-"),
}
TITLE_LETTERS = 120
_SETTINGS: Any = {"font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 11.0}


def picture(summary: Mapping[str, Any]) -> bytes:
    """Draw a summary (`dualsense.evaluate.summarise`) as PNG."""
    with mpl.rc_context(_SETTINGS), speaking(plotted()):
        figure = Figure(figsize=(13.0, 4.6), dpi=100, layout="constrained")
        FigureCanvasAgg(figure)
        left, middle, right = figure.subplots(1, 3)
        _roc(left, summary["sensors"])
        _reliability(middle, summary["reliability"])
        _depths(right, summary["sensors"]["detection_by"]["depth"])
        models = ", ".join(summary["confidence_models"]) or say("none")
        counts = {"scans": summary["scans"], "mines": summary["rates"]["mines"]}
        title = say("Scans: {scans}, mines: {mines}, model {models}", models=models, **counts)
        figure.suptitle("\n".join(wrap(title, TITLE_LETTERS)).replace("$", r"\$"), fontsize=12)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _roc(axes: Axes, sensors: Mapping[str, Any]) -> None:
    for name, (label, colour, line) in LOOK.items():
        curve = sensors[name]["curve"]
        axes.step(
            _numbers(curve["false_alarms_m2"]),
            _numbers(curve["detection_rate"]),
            where="post",
            label=say(label),
            color=colour,
            linestyle=line,
            linewidth=1.8,
        )
    axes.set(
        xlabel=say("false alarms per m²"), ylabel=say("mines detected"), ylim=(0.0, 1.02), title=say("Detection")
    )
    axes.set_xlim(left=0.0)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize=9)


def _reliability(axes: Axes, table: Mapping[str, Any]) -> None:
    stated, fraction, low, high = (_numbers(table[k]) for k in ("mean_confidence", "fraction", "low", "high"))
    axes.plot([0, 1], [0, 1], color="#888888", linewidth=1.0)
    used = np.isfinite(stated)
    error = np.maximum(np.stack([fraction - low, high - fraction])[:, used], 0.0)
    axes.errorbar(stated[used], fraction[used], yerr=error, fmt="o", color="#000000", capsize=3)
    for x, y, n in zip(stated[used], fraction[used], np.array(table["count"])[used], strict=True):
        axes.annotate(f"{n}", (x, y), xytext=(5, -11), textcoords="offset points", fontsize=8, color="#555555")
    ece = table["expected_calibration_error"]
    title = say("Honesty") if ece is None else say("Honesty: calibration error {error:.3f}", error=ece)
    axes.set(xlabel=say("confidence"), ylabel=say("of these, mines"), xlim=(0, 1), ylim=(-0.02, 1.02), title=title)
    axes.grid(alpha=0.3)


def _depths(axes: Axes, groups: Mapping[str, Any]) -> None:
    names = list(groups)
    for n, name in enumerate(names):
        g = groups[name]
        low, high = g["interval"]
        open_ = (g["detected"] + g["not_assessable"]) / g["mines"]
        uncovered = g["not_covered"] / g["mines"]
        label = say("not covered, nothing listed") if n == 0 else None
        axes.bar(n, uncovered, bottom=open_, color="#ffffff", edgecolor="#888888", hatch="//", label=label)
        axes.bar(n, open_, color="#d9d9d9", label=say("called not assessable") if n == 0 else None)
        axes.bar(n, g["rate"], color="#e8440a", label=say("called suspect") if n == 0 else None)
        axes.errorbar(n, g["rate"], yerr=[[g["rate"] - low], [high - g["rate"]]], color="#000000", capsize=4)
        axes.annotate(f"{g['mines']}", (n, 0.02), ha="center", fontsize=9, color="#ffffff")
    axes.set_xticks(range(len(names)), [n.removeprefix("0") for n in names], fontsize=9)
    axes.set(ylabel=say("part of the mines"), ylim=(0.0, 1.35), title=say("By depth of the top"))
    if names:
        axes.set_yticks(np.linspace(0.0, 1.0, 6))
        axes.legend(loc="upper center", fontsize=9)


def _numbers(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
