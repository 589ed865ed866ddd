"""A step as one picture: section, what was taken of it, one sounding, its spectrum, and a slice.

The words in it are in the language at hand where Matplotlib sets its letters (`dualsense.language.plotted`).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dualsense.language import plotted, say, speaking
from dualsense.workbench._fields import Field, colour_end, nearest, section_of, slice_of, stroke, times_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from dualsense.result import Result
    from dualsense.workbench._steps import Steps, StepView

    Real = NDArray[np.float64]

CELL_M = 0.02
SETTINGS: Any = {"font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 9.0}


def step_png(steps: Steps, view: StepView) -> bytes | None:
    """Draw a step as PNG; None where it left no data to draw.

    Parameters
    ----------
    steps
        All of the scan.
    view
        One of them.
    """
    with mpl.rc_context(SETTINGS), speaking(plotted()):
        return _step_png(steps, view)


def _step_png(steps: Steps, view: StepView) -> bytes | None:
    if view.after is None:
        return _images_png(steps, view.name)
    taken = view.taken
    figure, axes = new_figure(5)
    rows = stroke(view.after, *steps.at_m)
    most = _section(axes[0], view.after, rows, say("after"))
    if taken is None:
        _nothing(
            axes[1], say("what it took: not comparable") if view.before is not None else say("nothing before")
        )
    else:
        _section(axes[1], taken, rows, say("taken away"), most)
    _sounding(axes[2], view, steps.at_m)
    _spectrum(axes[3], view, steps.at_m)
    _slice(axes[4], steps, view.after)
    return png_of(figure)


def new_figure(count: int, height: float = 2.9) -> tuple[Any, Any]:
    """Give a figure with so many axes beside each other; its height is in inches."""
    figure = Figure(figsize=(3.1 * count * height / 2.9, height), dpi=80, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(1, count, squeeze=False)[0]


def png_of(figure: Any) -> bytes:
    """Draw a figure as PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _nothing(axes: Axes, words: str) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, words, ha="center", va="center", wrap=True)


def _section(axes: Axes, field: Field, rows: NDArray[np.intp], title: str, most: float | None = None) -> float:
    """Draw the soundings of a pass; return the end of the colours."""
    values, along_m, axis = section_of(field, rows)
    axis, words = (axis, say("channel")) if field.kind == "rows" else (1e9 * axis, say("two-way time (ns)"))
    top = most or colour_end(values)
    edges = (float(along_m[0]), float(along_m[-1]) or 1.0, float(axis[-1]), float(axis[0]))
    shown = axes.imshow(
        values.T, extent=edges, aspect="auto", cmap="RdBu_r", vmin=-top, vmax=top, interpolation="nearest"
    )
    axes.figure.colorbar(shown, ax=axes, format="%.1e")
    axes.set(title=say("{what}, along the pass", what=title), xlabel=say("way (m)"), ylabel=words)
    return top


def _sounding(axes: Axes, view: StepView, at_m: tuple[float, float]) -> None:
    for field, words, style in ((view.before, say("before"), ":"), (view.after, say("after"), "-")):
        if field is None:
            continue
        row = np.array([nearest(field, at_m)])
        if field.kind == "rows":
            strongest = int(np.argmax(np.abs(field.values).max(axis=0)))
            axes.plot(field.time_s, field.values[:, strongest], style, label=words, lw=0.8)
            axes.set(title=say("channel {number}", number=strongest), xlabel=say("time (s)"))
        else:
            times_s = times_of(field)
            axes.plot(1e9 * times_s, field.over_time(row, times_s)[0], style, label=words, lw=0.9)
            axes.set(title=say("sounding at the place"), xlabel=say("two-way time (ns)"))
    axes.legend(loc="upper right")


def _spectrum(axes: Axes, view: StepView, at_m: tuple[float, float]) -> None:
    for field, words, style in ((view.before, say("before"), ":"), (view.after, say("after"), "-")):
        if field is None:
            continue
        frequency_hz, amplitude = field.spectrum(nearest(field, at_m))
        if field.kind == "rows":
            parts = np.zeros(frequency_hz.size, bool) if field.imaginary is None else field.imaginary
            for mask, part in ((~parts, say("real part")), (parts, say("imaginary part"))):
                if mask.any():
                    axes.loglog(
                        frequency_hz[mask], amplitude[mask] + 1e-30, style, marker=".", label=f"{words}, {part}"
                    )
            axes.tick_params(axis="x", which="minor", labelbottom=False)
            axes.set(xlabel=say("frequency (Hz)"))
        else:
            axes.plot(1e-9 * frequency_hz, 20.0 * np.log10(amplitude + 1e-30), style, label=words, lw=0.9)
            axes.set(xlabel=say("frequency (GHz)"), ylabel="dB")
    axes.set(title=say("its spectrum"))
    axes.legend(loc="lower left", fontsize=7)


def _slice(axes: Axes, steps: Steps, field: Field) -> None:
    if field.kind != "rows" and not np.isfinite(steps.gate_s[0]):
        _nothing(axes, say("no slice: the soil is not known"))
        return
    mean, y_edges, x_edges = slice_of(field, steps.gate_s, steps.grid, CELL_M)
    rows = field.kind == "rows"
    words = say("slice: rows") if rows else say("slice: echo from {depth:.0f} cm", depth=100 * steps.depth_m)
    _map(axes, mean, (x_edges[0], x_edges[-1], y_edges[0], y_edges[-1]), words, steps.at_m)


def _map(axes: Axes, values: Any, edges: Any, title: str, at_m: tuple[float, float]) -> None:
    axes.set_facecolor("#9a9a9a")
    shown = axes.imshow(values, origin="lower", extent=edges, cmap="viridis", interpolation="nearest")
    axes.figure.colorbar(shown, ax=axes, format="%.1e")
    axes.plot(*at_m, "+", color="#c23600", ms=9)
    axes.set(title=title, xlabel="x (m)", ylabel="y (m)")


def _images_png(steps: Steps, name: str) -> bytes | None:
    """Draw what the chain's last steps make: the migrated volume, the metal maps."""
    if name == "gpr.migrate" and steps.result.gpr_volume is not None:
        return _volume_png(steps, steps.result)
    if name == "emi.image" and steps.result.emi_maps:
        maps = steps.result.emi_maps
        figure, axes = new_figure(len(maps))
        for one, name_of in zip(axes, maps, strict=True):
            image = maps[name_of]
            _map(one, image.values, _edges(image.grid), f"{name_of} ({image.units})", steps.at_m)
        return png_of(figure)
    return None


def _edges(grid: Any) -> tuple[float, float, float, float]:
    half = 0.5 * grid.cell_m
    return grid.x_m[0] - half, grid.x_m[-1] + half, grid.y_m[0] - half, grid.y_m[-1] + half


def _volume_png(steps: Steps, result: Result) -> bytes:
    volume = result.gpr_volume
    assert volume is not None  # noqa: S101 - asked for before
    grid, (x_m, y_m) = volume.grid, steps.at_m
    row, column = (int(np.argmin(np.abs(axis - at))) for axis, at in ((grid.y_m, y_m), (grid.x_m, x_m)))
    layer = int(np.argmin(np.abs(volume.depth_m - steps.depth_m)))
    figure, axes = new_figure(3)
    edges = (*_edges(grid)[:2], 100 * volume.depth_m[-1], 100 * volume.depth_m[0])
    shown = axes[0].imshow(volume.values[:, row], extent=edges, aspect="auto", cmap="viridis")
    figure.colorbar(shown, ax=axes[0], format="%.1e")
    axes[0].set(title=say("section at y = {y:.2f} m", y=y_m), xlabel="x (m)", ylabel=say("depth (cm)"))
    axes[1].plot(volume.values[:, row, column], 100 * volume.depth_m)
    axes[1].invert_yaxis()
    axes[1].set(title=say("column at the place"), xlabel=say("envelope"), ylabel=say("depth (cm)"))
    _map(
        axes[2],
        volume.values[layer],
        _edges(grid),
        say("slice, {depth:.1f} cm deep", depth=100 * volume.depth_m[layer]),
        steps.at_m,
    )
    return png_of(figure)
