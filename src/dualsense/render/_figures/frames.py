"""One picture of a replay: both maps as far as they are known, and the metal trace, always the same size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.language import again, say, speaking
from dualsense.render._canvas.axes import draw_frame, draw_title, draw_x_axis, even_ticks
from dualsense.render._canvas.canvas import Canvas
from dualsense.render._canvas.marks import Paper
from dualsense.render._canvas.png import LEVEL
from dualsense.render._figures import panels, style
from dualsense.render._figures.echo import clutter_level, depth_maximum
from dualsense.render._figures.settle import drawn_language, settled
from dualsense.render._figures.sheet import fit
from dualsense.render._figures.symbols import draw_targets
from dualsense.render._targets import ordered_targets
from dualsense.render._words import SENSORS, SIMULATED, sensor_message
from dualsense.result import Sketch
from dualsense.scan import SENSOR_NAMES, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dualsense.render._canvas.canvas import Panel
    from dualsense.result import Candidate, Grid, Image, Result, Target
    from dualsense.scan import ScanHeader, SensorName

WIDTH_IN, HEIGHT_IN = 11.0, 8.6
QUICK_DPI, QUICK_LEVEL = 66, 1
MAP_IN = 4.55
MAPS_BOTTOM_IN = 2.75
LEFT_IN = 0.9
PITCH_IN = 5.0
SCALES = {"emi": (style.METAL_GAMMA, style.METAL_MAP), "gpr": (style.RADAR_GAMMA, style.RADAR_MAP)}
SHOWN_CANDIDATES = 20
"""The others would only hide the maps; what stands out most comes first."""
CROSS_PT = 5.0
TITLES = {"emi": "Metal detector", "gpr": "Radar, strongest echo"}


def frame_png(
    header: ScanHeader,
    known: Sketch | Result,
    *,
    time_s: float,
    duration_s: float,
    trace_time_s: NDArray[np.float64],
    trace: NDArray[np.float64],
    quick: bool = False,
) -> bytes:
    """Draw one moment of a sweep as PNG, the same bytes for the same moment.

    Parameters
    ----------
    header
        Of the scan.
    known
        A sketch while the sweep goes on, or the result of the whole scan.
    time_s, duration_s
        Since the recording began, and its length.
    trace_time_s, trace : (m,)
        Metal response over time; may be empty.
    quick
        Whether it is for a small place on a screen, and soon gone: with fewer pixels, and packed less.

    Returns
    -------
    bytes
        A picture of always the same size, so that frames make a film.
    """
    sheet = Canvas(WIDTH_IN, HEIGHT_IN, QUICK_DPI if quick else style.DPI)
    with speaking(drawn_language()):
        _draw(sheet, header, known, time_s, duration_s, trace_time_s, trace)
        return settled(sheet).png_bytes(QUICK_LEVEL if quick else LEVEL)


def _draw(
    sheet: Canvas,
    header: ScanHeader,
    known: Sketch | Result,
    time_s: float,
    duration_s: float,
    trace_time_s: NDArray[np.float64],
    trace: NDArray[np.float64],
) -> None:
    _draw_head(sheet, header, head_lines(header, known, time_s, duration_s))
    _draw_trace(sheet, trace_time_s, trace, time_s, duration_s)
    shown = _of_sketch(known) if isinstance(known, Sketch) else _of_result(known)
    if shown is None:
        size_in = (2.0 * PITCH_IN - 0.9, MAP_IN)
        panel = sheet.panel((LEFT_IN, MAPS_BOTTOM_IN), size_in, (0.0, 1.0, 0.0, 1.0))
        reasons = known.reasons.items() if isinstance(known, Sketch) else ()
        lines = [f"{say(SENSOR_NAMES[sensor])}: {plain(again(why), 70)}" for sensor, why in reasons]
        panels.draw_message(panel, "\n".join([say("NO PICTURE YET"), *lines]))
    else:
        _draw_maps(sheet, shown)


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """What the maps of a frame are drawn from, be it a sketch or a result."""

    grid: Grid
    maps: Mapping[SensorName, NDArray[np.float32] | None]
    messages: Mapping[SensorName, str]
    limits: Mapping[SensorName, float]
    track_m: NDArray[np.float64]
    targets: Sequence[Target] = ()
    candidates: Sequence[Candidate] = ()


def _of_result(result: Result) -> _Shown:
    view = style.View()
    limits = style.colour_limits(result, view)
    metal, volume = result.emi_maps.get("metal_response"), result.gpr_volume
    return _Shown(
        result.coverage.grid,
        {
            "emi": None if metal is None else np.abs(metal.values),
            "gpr": None if volume is None else depth_maximum(volume, clutter_level(volume), view),
        },
        {sensor: sensor_message(result, sensor) or "" for sensor in SENSORS},
        {"emi": limits.metal, "gpr": limits.radar},
        result.track_m,
        targets=ordered_targets(result),
    )


def _of_sketch(sketch: Sketch) -> _Shown | None:
    """Give what a sketch shows; None while there is no map at all."""
    held: dict[SensorName, Image | None] = {"emi": sketch.metal, "gpr": sketch.radar}
    images = [image for image in held.values() if image is not None]
    if not images:
        return None
    view = style.View()
    return _Shown(
        images[0].grid,
        {sensor: None if image is None else image.values for sensor, image in held.items()},
        {sensor: plain(again(sketch.reasons.get(sensor, "")), 60) for sensor in SENSORS},
        {"emi": style.metal_limit(sketch.metal, view), "gpr": view.radar_limit},
        sketch.track_m,
        candidates=sketch.candidates[:SHOWN_CANDIDATES],
    )


def _draw_maps(sheet: Canvas, shown: _Shown) -> None:
    extent = panels.extent_cm(shown.grid)
    size = fit(extent, MAP_IN, MAP_IN)
    for column, sensor in enumerate(SENSORS):
        corner_in = (LEFT_IN + column * PITCH_IN, MAPS_BOTTOM_IN + 0.5 * (MAP_IN - size.height_in))
        panel = panels.map_panel(sheet, corner_in, (size.width_in, size.height_in), extent)
        panels.centimetre_axes(panel, x_label=say("x (cm)"), y_label="" if column else say("y (cm)"))
        draw_title(panel, say(TITLES[sensor]), 14.0, pad_pt=6.0)
        values = shown.maps[sensor]
        gamma, colours = SCALES[sensor]
        if values is None:
            whole = np.ones((shown.grid.y_m.size, shown.grid.x_m.size), dtype=bool)
            panels.draw_unmeasured(panel, extent, whole)
        else:
            panel.draw_cells(values, extent, panels.scaled(shown.limits[sensor], gamma), colours)
            panels.draw_unmeasured(panel, extent, ~np.isfinite(values))
        panels.draw_track(panel, shown.track_m)
        draw_targets(panel, shown.targets)
        _draw_candidates(panel, shown.candidates)
        if shown.messages[sensor]:
            panels.draw_missing(panel, shown.messages[sensor])


def _draw_candidates(panel: Panel, candidates: Sequence[Candidate]) -> None:
    """Draw places where something stands out: a cross and a number, nothing that looks like a call."""
    left, right, _, _ = panel.limits
    arm = CROSS_PT / 72.0 * abs(right - left) / panel.size_in[0]
    paper = Paper(style.PAPER, style.INK, 1.0, 0.12)
    look: Any = {"size_pt": 10.0, "cut": "bold", "up": "bottom", "paper": paper}
    arms = []
    for place, one in reversed(list(enumerate(candidates, 1))):
        x, y = 100.0 * one.x_m, 100.0 * one.y_m
        arms += [np.array([[x - arm, y - side * arm], [x + arm, y + side * arm]]) for side in (-1.0, 1.0)]
        panel.write(x + 1.4 * arm, y + 0.8 * arm, f"{place}?", level=9.0, **look)
    for colour, width_pt in ((style.INK, 3.4), (style.PAPER, 1.6)) if arms else ():
        panel.draw_lines(arms, width_pt=width_pt, colour=colour, level=8.0)  # a call costs more than a line


def head_lines(header: ScanHeader, known: Sketch | Result, time_s: float, duration_s: float) -> tuple[str, str]:
    """Say what the picture shows: its state, and the moment with what is left out.

    Parameters
    ----------
    header, known, time_s, duration_s
        As for `frame_png`.

    Returns
    -------
    state, moment : str
    """
    state = say("PROVISIONAL: the sweep goes on" if isinstance(known, Sketch) else "Whole scan")
    time = say("{time:.1f} of {duration:.1f} s", time=time_s, duration=duration_s)
    moment = f"{plain(header.scan_id, 48)}  ·  {time}"
    more = len(known.candidates) - SHOWN_CANDIDATES if isinstance(known, Sketch) else 0
    shown = say("{count} places shown, and {more} weaker", count=SHOWN_CANDIDATES, more=more)
    return state, moment + (f"  ·  {shown}" if more > 0 else "")


def _draw_head(sheet: Canvas, header: ScanHeader, lines: tuple[str, str]) -> None:
    sheet.write(0.3, HEIGHT_IN - 0.36, lines[0], size_pt=19.0, cut="bold")
    sheet.write(0.3, HEIGHT_IN - 0.72, lines[1], size_pt=12.5)
    if header.source == "simulated":
        paper = Paper(style.SIMULATED_PAPER, style.INK, 1.0, 0.4)
        look: Any = {"size_pt": 15.0, "cut": "bold", "across": "right", "paper": paper}
        sheet.write(WIDTH_IN - 0.35, HEIGHT_IN - 0.4, say(SIMULATED), **look)


def _draw_trace(
    sheet: Canvas, trace_time_s: NDArray[np.float64], trace: NDArray[np.float64], time_s: float, duration_s: float
) -> None:
    finite = trace[np.isfinite(trace)]
    highest = 1.08 * float(finite.max()) or 1.0 if finite.size else 1.0
    size_in = (WIDTH_IN - LEFT_IN - 0.4, 1.15)
    panel = sheet.panel((LEFT_IN, 0.75), size_in, (0.0, duration_s, 0.0, highest))
    draw_frame(panel)
    step_s = panels.nice_step(duration_s, 10)
    draw_x_axis(panel, even_ticks(0.0, duration_s, step_s), say("time (s)"))
    draw_title(panel, say("Metal over time"), 13.0, pad_pt=4.0)
    if time_s < duration_s:
        to_come = (time_s, duration_s, 0.0, highest)
        panels.draw_unmeasured(panel, to_come, np.ones((1, 1), dtype=bool))
    if finite.size:
        line = np.column_stack([trace_time_s, trace])
        panel.draw_lines([line], width_pt=1.3, colour=style.INK, level=3.0)
    else:
        panel.write(0.01 * duration_s, 0.5, say("no metal detector data"))
