"""One picture of a replay: both maps as far as they are known, and the metal trace, always the same size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.render._figures import panels, style
from dualsense.render._figures.echo import depth_maximum
from dualsense.render._figures.sheet import fit
from dualsense.render._figures.symbols import draw_targets
from dualsense.render._targets import ordered_targets
from dualsense.render._words import SENSORS, SIMULATED, sensor_message
from dualsense.scan import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from dualsense.result import Result
    from dualsense.scan import ScanHeader

WIDTH_IN, HEIGHT_IN = 11.0, 8.6
MAP_IN = 4.55
MAPS_BOTTOM_IN = 2.75
LEFT_IN = 0.9
PITCH_IN = 5.0
TITLES = {"emi": "Metal detector", "gpr": "Radar, strongest echo"}


def frame_png(
    header: ScanHeader,
    result: Result | None,
    *,
    time_s: float,
    duration_s: float,
    trace_time_s: NDArray[np.float64],
    trace: NDArray[np.float64],
    provisional: bool,
    reason: str = "",
) -> bytes:
    """Draw one moment of a sweep as PNG, the same bytes for the same moment.

    Parameters
    ----------
    header
        Of the scan.
    result
        Of the recording up to this moment; None when there is not enough to process.
    time_s, duration_s
        Since the recording began, and its length.
    trace_time_s, trace : (m,)
        Metal response over time; may be empty.
    provisional
        Whether the sweep goes on.
    reason
        Why there is no result.

    Returns
    -------
    bytes
        A picture of always the same size, so that frames make a film.
    """
    with style.house_style():
        figure = style.new_figure(WIDTH_IN, HEIGHT_IN)
        _draw_head(figure, header, time_s, duration_s, provisional=provisional)
        _draw_trace(figure, trace_time_s, trace, time_s, duration_s)
        if result is None:
            axes = panels.inch_axes(figure, LEFT_IN, MAPS_BOTTOM_IN, 2.0 * PITCH_IN - 0.9, MAP_IN)
            axes.set_axis_off()
            panels.draw_message(axes, f"NO PICTURE YET\n{plain(reason, 90)}")
        else:
            _draw_maps(figure, result)
        return style.png_bytes(figure)


def _draw_maps(figure: Figure, result: Result) -> None:
    view = style.View()
    limits = style.colour_limits(result, view)
    metal, volume = result.emi_maps.get("metal_response"), result.gpr_volume
    extent = panels.extent_cm(result.coverage.grid)
    size = fit(extent, MAP_IN, MAP_IN)
    for column, sensor in enumerate(SENSORS):
        left_in = LEFT_IN + column * PITCH_IN
        bottom_in = MAPS_BOTTOM_IN + 0.5 * (MAP_IN - size.height_in)
        axes = panels.inch_axes(figure, left_in, bottom_in, size.width_in, size.height_in)
        panels.centimetre_axes(axes, extent, x_label="x (cm)", y_label="" if column else "y (cm)")
        axes.set_title(TITLES[sensor], fontsize=14, fontweight="bold", loc="left", pad=6)
        if sensor == "emi":
            values = None if metal is None else np.abs(metal.values)
            scale, colours = panels.norm(limits.metal, style.METAL_GAMMA), style.METAL_MAP
        else:
            values = None if volume is None else depth_maximum(result, view)
            scale, colours = panels.norm(limits.radar, style.RADAR_GAMMA), style.RADAR_MAP
        if values is None:
            panels.draw_unmeasured(axes, extent, np.ones_like(result.coverage.patch))
        else:
            panels.draw_cells(axes, extent, values, colours=colours, scale=scale)
            panels.draw_unmeasured(axes, extent, ~np.isfinite(values))
        panels.draw_track(axes, result.track_m)
        draw_targets(axes, ordered_targets(result))
        message = sensor_message(result, sensor)
        if message:
            panels.draw_missing(axes, message)


def _draw_head(figure: Figure, header: ScanHeader, time_s: float, duration_s: float, *, provisional: bool) -> None:
    state = "PROVISIONAL: the sweep goes on" if provisional else "Whole scan"
    figure.text(0.3 / WIDTH_IN, 1.0 - 0.36 / HEIGHT_IN, state, fontsize=19, fontweight="bold", va="center")
    moment = f"{plain(header.scan_id, 48)}  ·  {time_s:.1f} of {duration_s:.1f} s"
    figure.text(0.3 / WIDTH_IN, 1.0 - 0.72 / HEIGHT_IN, moment, fontsize=12.5, va="center")
    if header.source == "simulated":
        box = {"boxstyle": "square,pad=0.4", "facecolor": style.SIMULATED_PAPER, "edgecolor": style.INK}
        place = (1.0 - 0.35 / WIDTH_IN, 1.0 - 0.4 / HEIGHT_IN)
        figure.text(*place, SIMULATED, fontsize=15, fontweight="bold", ha="right", va="center", bbox=box)


def _draw_trace(
    figure: Figure, trace_time_s: NDArray[np.float64], trace: NDArray[np.float64], time_s: float, duration_s: float
) -> None:
    axes: Axes = panels.inch_axes(figure, LEFT_IN, 0.75, WIDTH_IN - LEFT_IN - 0.4, 1.15)
    axes.set_xlim(0.0, duration_s)
    axes.set_xlabel("time (s)")
    axes.set_yticks([])
    axes.set_title("Metal over time", fontsize=13, fontweight="bold", loc="left", pad=4)
    axes.axvspan(
        time_s, duration_s, facecolor=style.UNMEASURED, hatch="////", edgecolor=style.UNMEASURED_LINES, lw=0
    )
    finite = trace[np.isfinite(trace)]
    if finite.size:
        axes.set_ylim(0.0, 1.08 * float(finite.max()) or 1.0)
        axes.plot(trace_time_s, trace, color=style.INK, linewidth=1.3)
    else:
        axes.text(0.01, 0.5, "no metal detector data", transform=axes.transAxes, va="center")
