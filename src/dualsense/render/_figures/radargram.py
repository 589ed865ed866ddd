"""Picture of a radargram: what the radar heard along its track against two-way time, gained for display only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.language import say
from dualsense.render._canvas.axes import draw_frame, draw_x_axis, draw_y_axis, even_ticks
from dualsense.render._canvas.bars import upright_bar
from dualsense.render._canvas.colours import Scale
from dualsense.render._figures import notes, panels, sheet, style
from dualsense.render._figures.strip import find_strip

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.render._canvas.axes import Tick
    from dualsense.render._canvas.bars import End
    from dualsense.render._canvas.canvas import Canvas
    from dualsense.render._canvas.marks import Together
    from dualsense.render._figures.shown import Shown
    from dualsense.render._figures.style import View
    from dualsense.result import Radargram, Result

WIDTH_IN, TALL_IN = 11.0, 4.6
BRIGHT = 0.995
TOGETHER: dict[str, Together] = {"amplitude": "loudest", "phase": "nearest"}
ATTRIBUTES = {
    "amplitude": "amplitude",
    "envelope": "envelope",
    "phase": "phase",
    "frequency": "frequency",
    "bandwidth": "bandwidth",
    "sweetness": "sweetness",
}
"""Names of what a radargram shows, as keys of the catalogues."""
SIGNED = {"amplitude": "RdBu_r", "phase": "twilight"}


def gain_words(radargram: Radargram) -> str:
    """Say which gain a radargram has; the pictures and targets are never made from gained traces."""
    if radargram.gain is None:
        return say("gain not stated; for display only")
    if radargram.gain == "none":
        return say("no gain; for display only")
    return say("gain: {gain}, for display only", gain=radargram.gain)


def radargram_figure(result: Result, view: View, shared: Shown | None = None) -> Canvas:
    """Traces side by side in the order they were recorded, two-way time downwards.

    The axis is the distance along the line where a single line was recorded in one go, else the number of the
    sounding. ``view`` does not apply: a radargram has no depth.
    """
    del view, shared
    shown = result.radargram
    if shown is None:
        msg = "a result without radargram has none to show"
        raise ValueError(msg)
    values, edges, label = _columns(result, shown)
    time_ns = 1e9 * shown.time_s
    half_ns = 0.5 * float(time_ns[1] - time_ns[0]) if time_ns.size > 1 else 0.5
    extent = (*edges, float(time_ns[-1]) + half_ns, float(time_ns[0]) - half_ns)
    width_in = sheet.LEFT_IN + WIDTH_IN + sheet.BAR_IN + 0.2
    height_in = sheet.HEAD_IN + 0.35 + TALL_IN + 1.25
    name = say(ATTRIBUTES.get(shown.name, shown.name))
    head = say("{name} against two-way time", name=name) + f"  ·  {gain_words(shown)}"
    page = sheet.open_sheet(result, say("Radargram"), head, width_in, height_in)
    length_m = float(np.nansum(np.hypot(*np.diff(shown.position_m[:, :2], axis=0).T)))
    words = say(
        "{count} soundings over {length:.2f} m of track, before migration",
        count=shown.values.shape[0],
        length=length_m,
    )
    page.write(0.3, height_in - 1.0, words, size_pt=12.5)
    panel = page.panel((sheet.LEFT_IN, 1.25), (WIDTH_IN, TALL_IN), extent)
    draw_frame(panel)
    scale = _scale(shown)
    together = TOGETHER.get(shown.name, "greatest")
    colours = SIGNED.get(shown.name, style.RADAR_MAP)
    cells = panel.draw_cells(values.T[::-1], extent, scale, colours, together)
    panels.draw_unmeasured(panel, extent, ~np.isfinite(values.T)[::-1])
    draw_x_axis(panel, even_ticks(*edges, panels.nice_step(abs(edges[1] - edges[0]), 12)), label)
    times = even_ticks(extent[2], extent[3], panels.nice_step(extent[2] - extent[3], 10))
    draw_y_axis(panel, times, say("two-way time (ns)"))
    power = style.power_of_ten(scale.high)
    name = f"{name} ({style.scaled_units(power, shown.units)})"
    place = ((sheet.LEFT_IN + WIDTH_IN + 0.18, 1.25), (0.2, TALL_IN))
    both: tuple[End, ...] = ("min", "max") if shown.name == "amplitude" else ()
    upright_bar(page, place, cells, _bar_ticks(scale, power), name, beyond=both)
    if not np.isfinite(values).all():
        notes.draw_grey_key(page, sheet.LEFT_IN, 0.35, say("not told there"))
    return sheet.finished(page)


def _bar_ticks(scale: Scale, power: int) -> list[Tick]:
    """Round numbers of the colour bar, with a power of ten taken out."""
    span, tens = scale.high - scale.low, 10.0**power
    ticks = even_ticks(scale.low / tens, scale.high / tens, panels.nice_step(span / tens, 9))
    return [((value * tens - scale.low) / span, number) for value, number in ticks]


def _columns(result: Result, shown: Radargram) -> tuple[NDArray[np.float32], tuple[float, float], str]:
    """Traces by even distance along a single line, or by number, with the outer edges and the name of the axis."""
    count = shown.values.shape[0]
    strip = find_strip(result)
    if strip is not None and strip.single and count > 1:
        along_cm = np.array([strip.place_cm(float(x), float(y))[0] for x, y in shown.position_m[:, :2]])
        steps = np.diff(along_cm)
        if np.isfinite(along_cm).all() and ((steps > 0.0).all() or (steps < 0.0).all()):
            order = np.argsort(along_cm, kind="stable")
            even = np.linspace(along_cm.min(), along_cm.max(), count)
            middles = 0.5 * (along_cm[order][1:] + along_cm[order][:-1])
            half = 0.5 * float(even[1] - even[0])
            nearest = order[np.searchsorted(middles, even)]
            return shown.values[nearest], (float(even[0]) - half, float(even[-1]) + half), strip.axis_words()
    return shown.values, (0.5, count + 0.5), say("number of the sounding, as recorded")


def _scale(shown: Radargram) -> Scale:
    """Colours even to both sides for amplitudes, over a turn for a phase, from nothing for what has no sign."""
    finite = np.abs(shown.values[np.isfinite(shown.values)])
    bright = float(np.quantile(finite, BRIGHT)) if finite.size else 0.0
    bright = bright if bright > 0.0 else 1.0
    if shown.name == "phase":
        return Scale(-np.pi, np.pi)
    return Scale(-bright if shown.name == "amplitude" else 0.0, bright)
