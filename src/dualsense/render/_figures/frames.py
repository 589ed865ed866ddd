"""One picture of a replay: both maps as far as they are known, and the metal trace, always the same size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.render._canvas.axes import draw_frame, draw_title, draw_x_axis, even_ticks
from dualsense.render._canvas.marks import Paper
from dualsense.render._figures import panels, style
from dualsense.render._figures.echo import clutter_level, depth_maximum
from dualsense.render._figures.sheet import fit
from dualsense.render._figures.symbols import draw_targets
from dualsense.render._targets import ordered_targets
from dualsense.render._words import SENSORS, SIMULATED, sensor_message
from dualsense.scan import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.render._canvas.canvas import Canvas
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
    sheet = style.new_sheet(WIDTH_IN, HEIGHT_IN)
    _draw_head(sheet, header, time_s, duration_s, provisional=provisional)
    _draw_trace(sheet, trace_time_s, trace, time_s, duration_s)
    if result is None:
        size_in = (2.0 * PITCH_IN - 0.9, MAP_IN)
        panel = sheet.panel((LEFT_IN, MAPS_BOTTOM_IN), size_in, (0.0, 1.0, 0.0, 1.0))
        panels.draw_message(panel, f"NO PICTURE YET\n{plain(reason, 90)}")
    else:
        _draw_maps(sheet, result)
    return sheet.png_bytes()


def _draw_maps(sheet: Canvas, result: Result) -> None:
    view = style.View()
    limits = style.colour_limits(result, view)
    metal, volume = result.emi_maps.get("metal_response"), result.gpr_volume
    extent = panels.extent_cm(result.coverage.grid)
    size = fit(extent, MAP_IN, MAP_IN)
    for column, sensor in enumerate(SENSORS):
        corner_in = (LEFT_IN + column * PITCH_IN, MAPS_BOTTOM_IN + 0.5 * (MAP_IN - size.height_in))
        panel = panels.map_panel(sheet, corner_in, (size.width_in, size.height_in), extent)
        panels.centimetre_axes(panel, x_label="x (cm)", y_label="" if column else "y (cm)")
        draw_title(panel, TITLES[sensor], 14.0, pad_pt=6.0)
        if sensor == "emi":
            values = None if metal is None else np.abs(metal.values)
            scale, colours = panels.scaled(limits.metal, style.METAL_GAMMA), style.METAL_MAP
        else:
            values = None if volume is None else depth_maximum(volume, clutter_level(volume), view)
            scale, colours = panels.scaled(limits.radar, style.RADAR_GAMMA), style.RADAR_MAP
        if values is None:
            panels.draw_unmeasured(panel, extent, np.ones_like(result.coverage.patch))
        else:
            panel.draw_cells(values, extent, scale, colours)
            panels.draw_unmeasured(panel, extent, ~np.isfinite(values))
        panels.draw_track(panel, result.track_m)
        draw_targets(panel, ordered_targets(result))
        message = sensor_message(result, sensor)
        if message:
            panels.draw_missing(panel, message)


def _draw_head(sheet: Canvas, header: ScanHeader, time_s: float, duration_s: float, *, provisional: bool) -> None:
    state = "PROVISIONAL: the sweep goes on" if provisional else "Whole scan"
    sheet.write(0.3, HEIGHT_IN - 0.36, state, size_pt=19.0, cut="bold")
    moment = f"{plain(header.scan_id, 48)}  ·  {time_s:.1f} of {duration_s:.1f} s"
    sheet.write(0.3, HEIGHT_IN - 0.72, moment, size_pt=12.5)
    if header.source == "simulated":
        paper = Paper(style.SIMULATED_PAPER, style.INK, 1.0, 0.4)
        look: Any = {"size_pt": 15.0, "cut": "bold", "across": "right", "paper": paper}
        sheet.write(WIDTH_IN - 0.35, HEIGHT_IN - 0.4, SIMULATED, **look)


def _draw_trace(
    sheet: Canvas, trace_time_s: NDArray[np.float64], trace: NDArray[np.float64], time_s: float, duration_s: float
) -> None:
    finite = trace[np.isfinite(trace)]
    highest = 1.08 * float(finite.max()) or 1.0 if finite.size else 1.0
    size_in = (WIDTH_IN - LEFT_IN - 0.4, 1.15)
    panel = sheet.panel((LEFT_IN, 0.75), size_in, (0.0, duration_s, 0.0, highest))
    draw_frame(panel)
    step_s = panels.nice_step(duration_s, 10)
    draw_x_axis(panel, even_ticks(0.0, duration_s, step_s), "time (s)")
    draw_title(panel, "Metal over time", 13.0, pad_pt=4.0)
    if time_s < duration_s:
        to_come = (time_s, duration_s, 0.0, highest)
        panels.draw_unmeasured(panel, to_come, np.ones((1, 1), dtype=bool))
    if finite.size:
        line = np.column_stack([trace_time_s, trace])
        panel.draw_lines([line], width_pt=1.3, colour=style.INK, level=3.0)
    else:
        panel.write(0.01 * duration_s, 0.5, "no metal detector data")
