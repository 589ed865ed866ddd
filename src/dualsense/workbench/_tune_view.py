"""A session of tuning as a page shows it: pictures, curves and figures of one step and of what came of all."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.render import picture_png
from dualsense.workbench._fields import colour_end, nearest, section_of, slice_of, stroke, times_of
from dualsense.workbench._glance import glance
from dualsense.workbench._images import resampled
from dualsense.workbench._panel import panel_order, panel_values, recipe_panel
from dualsense.workbench._seen_told import seen_maps
from dualsense.workbench._switches import is_on

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from dualsense.result import Image, Result, Volume
    from dualsense.workbench._fields import Field
    from dualsense.workbench._seen import Seen
    from dualsense.workbench._steps import Steps, StepView
    from dualsense.workbench._tune import Tuning

    Real = NDArray[np.float64]
    Spans = Mapping[str, tuple[float, float]]

SIZE_PX = (420, 260)
CELL_M = 0.02
CURVE = 400
"""Points of a curve at most."""


class Album:
    """Pictures by a name that is their content's, each with the axes that it spans."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def add(
        self,
        values: NDArray[Any],
        spans: Mapping[str, tuple[float, float]],
        *,
        low: float,
        high: float,
        colours: str,
    ) -> dict[str, Any]:
        """Draw values, the first row on top, and say where they lie: ``x`` from the left, ``y`` from the top."""
        png = picture_png(values, low=low, high=high, colours=colours, size_px=SIZE_PX)
        name = hashlib.sha256(png).hexdigest()[:32]
        self.files[name] = png
        return {"file": name, **spans, "low": low, "high": high}


def tuning_view(
    tuning: Tuning,
    step: str = "gpr.background",
    *,
    at_m: tuple[float, float] | None = None,
    depth_m: float | None = None,
    panel: bool = False,
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Process what a change touches, and show a step before and after, and the result beside the held one.

    Parameters
    ----------
    tuning
        The session.
    step
        Full name of the step that is looked at; of a table that is none, nothing is shown before and after.
    at_m, depth_m
        As for `look_inside`.
    panel
        Whether to describe the controls, too.

    Returns
    -------
    document : dict
        Ready for JSON.
    pictures : dict
        PNG by the names that stand in it as ``file``.
    """
    began, began_cpu, album = time.perf_counter(), time.process_time(), Album()
    steps = tuning.look(at_m=at_m, depth_m=depth_m, only=step)
    taken = tuning.taken
    result, held = steps.result, tuning.held_result()
    now, then = tuning.figures(), tuning.figures(held=True)
    image = _image(result, metal=step.startswith("emi."))
    document = {
        **_session(tuning, steps, album),
        "taken": list(taken),
        "maps": _maps(image, _image(held, metal=step.startswith("emi.")), steps, album),
        "figures": [[name, now.get(name), then.get(name)] for name in dict.fromkeys((*now, *then))],
        "targets": [[t.id, t.x_m, t.y_m, _known(t.depth_m), t.call, t.confidence] for t in result.targets],
        "faults": [one.message for one in result.faults],
        **({"panel": recipe_panel(tuning.recipe)} if panel else {}),
    }
    document["took_s"] = time.perf_counter() - began
    document["processor_s"] = time.process_time() - began_cpu
    return document, album.files


def tuning_glance(
    tuning: Tuning,
    step: str = "gpr.background",
    *,
    at_m: tuple[float, float] | None = None,
    depth_m: float | None = None,
) -> tuple[dict[str, Any], dict[str, bytes]] | None:
    """Show what a change does to the picture, ahead of the result that `tuning_view` gives.

    Parameters
    ----------
    tuning, step, at_m, depth_m
        As for `tuning_view`.

    Returns
    -------
    document, pictures
        As from `tuning_view`, with ``provisional`` true, and without figures, targets and faults: there are none
        yet. None where the result is known already or comes as soon.
    """
    began, began_cpu, album = time.perf_counter(), time.process_time(), Album()
    found = glance(tuning, step, at_m=at_m, depth_m=depth_m)
    if found is None:
        return None
    steps, picture = found
    held = _image(tuning.held_result(), metal=not hasattr(picture, "depth_m"))
    document = {
        "provisional": True,
        **_session(tuning, steps, album),
        "maps": _maps(picture, held, steps, album),
        "took_s": time.perf_counter() - began,
        "processor_s": time.process_time() - began_cpu,
    }
    return document, album.files


def _session(tuning: Tuning, steps: Steps, album: Album) -> dict[str, Any]:
    """Give what stands on the page whether the result is there or not."""
    recipe, header = tuning.recipe, steps.result.header
    order, view = panel_order(recipe), next(iter(steps.views), None)
    return {
        "scan_id": header.scan_id,
        "simulated": header.source == "simulated",
        "truth": tuning.truth is not None,
        "recipe_sha256": recipe.sha256,
        "same": recipe == tuning.held_recipe,
        "values": panel_values(recipe),
        "order": order,
        "switched": {name: is_on(name, recipe) for name in order},
        "at_m": list(steps.at_m),
        "depth_m": steps.depth_m,
        "step": None if view is None else _step(view, steps, album),
    }


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _step(view: StepView, steps: Steps, album: Album) -> dict[str, Any]:
    """Give a step's sections and slices before and after, what it took, and a sounding with its spectrum."""
    after = view.after
    found: dict[str, Any] = {
        "name": view.name,
        "meaning": view.meaning,
        "on": view.on,
        "settings": view.settings,
        "facts": [list(fact) for fact in view.facts],
        "energy_taken": _known(view.energy_taken),
        "sections": {},
        "slices": {},
        "curves": [],
    }
    if after is None:
        return found
    rows = stroke(after, *steps.at_m)
    sides = {"after": (after, rows)}
    if view.before is not None:
        sides = {"before": (view.before, stroke(view.before, *steps.at_m))} | sides
    if (taken := view.taken_of(rows)) is not None:
        sides["taken"] = taken, np.arange(rows.size)
    for name, (field, own) in sides.items():
        values, along_m, axis = section_of(field, own)
        top = colour_end(values)
        spans = {"x": (0.0, float(along_m[-1])), "y": (float(axis[0]), float(axis[-1]))}
        picture = album.add(values.T, spans, low=-top, high=top, colours="RdBu_r")
        found["sections"][name] = picture | {"axis": "channel" if field.kind == "rows" else "time"}
    if after.kind == "rows" or np.isfinite(steps.gate_s[0]):
        found["slices"] = {
            name: _slice(field, steps, album) for name, (field, _) in sides.items() if name != "taken"
        }
    found["curves"] = [_sounding(view, steps.at_m), _spectrum(view, steps.at_m)]
    return found


def _slice(field: Field, steps: Steps, album: Album) -> dict[str, Any]:
    mean, y_edges, x_edges = slice_of(field, steps.gate_s, steps.grid, CELL_M)
    spans = {"x": (float(x_edges[0]), float(x_edges[-1])), "y": (float(y_edges[-1]), float(y_edges[0]))}
    return album.add(mean[::-1], spans, low=0.0, high=colour_end(mean), colours="viridis")


def _sounding(view: StepView, at_m: tuple[float, float]) -> dict[str, Any]:
    lines = []
    for name, field in (("before", view.before), ("after", view.after)):
        if field is None:
            continue
        if field.kind == "rows":
            strongest = int(np.argmax(np.abs(field.values).max(axis=0)))
            lines.append(_line(name, field.time_s, field.values[:, strongest]))
        else:
            times_s = times_of(field)
            own = field.over_time(np.array([nearest(field, at_m)]), times_s)[0]
            lines.append(_line(name, 1e9 * times_s, own))
    metal = view.after is not None and view.after.kind == "rows"
    title, axis = ("the strongest channel", "time, s") if metal else ("sounding", "two-way time, ns")
    return {"title": title, "x": axis, "lines": lines, "log": False}


def _spectrum(view: StepView, at_m: tuple[float, float]) -> dict[str, Any]:
    lines = []
    for name, field in (("before", view.before), ("after", view.after)):
        if field is None:
            continue
        frequency_hz, amplitude = field.spectrum(nearest(field, at_m))
        level = 20.0 * np.log10(amplitude + 1e-30)
        if field.kind != "rows":
            lines.append(_line(name, 1e-9 * frequency_hz, level))
            continue
        parts = np.zeros(frequency_hz.size, bool) if field.imaginary is None else field.imaginary
        lines += [_line(name, 1e-3 * frequency_hz[one], level[one]) for one in (~parts, parts) if one.any()]
    metal = view.after is not None and view.after.kind == "rows"
    title = "its channels, real and imaginary, dB" if metal else "its spectrum, dB"
    return {"title": title, "x": "frequency, kHz" if metal else "frequency, GHz", "lines": lines, "log": metal}


def _line(name: str, x: Real, y: Real) -> dict[str, Any]:
    every = max(1, -(-x.size // CURVE))
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known][::every], y[known][::every]
    return {"name": name, "x": [float(f"{v:.5g}") for v in x], "y": [float(f"{v:.5g}") for v in y]}


def _maps(
    image: Image | Volume | None, other: Image | Volume | None, steps: Steps, album: Album
) -> dict[str, Any]:
    """Give the image of what is there now, of the held side, and the difference, on one scale each."""
    if image is None:
        return {}
    now, spans, name = _layer(image, image.values.astype(np.float64), steps.depth_m)
    found: dict[str, Any] = {"name": name, "units": image.units}
    top = colour_end(now)
    if other is not None and type(other) is type(image):
        then, _, _ = _layer(image, resampled(other, image), steps.depth_m)
        top = max(top, colour_end(then))
        apart = now - then
        end = colour_end(apart)
        found["held"] = album.add(then[::-1], spans, low=0.0, high=top, colours="viridis")
        found["difference"] = album.add(apart[::-1], spans, low=-end, high=end, colours="RdBu_r")
    return found | {"now": album.add(now[::-1], spans, low=0.0, high=top, colours="viridis")}


def _image(result: Result, *, metal: bool) -> Image | Volume | None:
    first = next(iter(result.emi_maps.values()), None)
    return (first or result.gpr_volume) if metal else (result.gpr_volume or first)


def _layer(
    image: Image | Volume, values: Real, depth_m: float
) -> tuple[Real, dict[str, tuple[float, float]], str]:
    grid, half_m = image.grid, 0.5 * image.grid.cell_m
    spans = {
        "x": (float(grid.x_m[0]) - half_m, float(grid.x_m[-1]) + half_m),
        "y": (float(grid.y_m[-1]) + half_m, float(grid.y_m[0]) - half_m),
    }
    depths_m = getattr(image, "depth_m", None)
    if depths_m is None:
        return values, spans, image.name
    layer = int(np.argmin(np.abs(depths_m - depth_m)))
    return values[layer], spans, f"{image.name}, {100 * depths_m[layer]:.1f} cm deep"


def seen_view(seen: Seen) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Show where a mine would have been found: maps of confidence and of its echo's loss.

    Parameters
    ----------
    seen
        From `Trials`, of as many places as were tried so far.

    Returns
    -------
    document, pictures
        As from `tuning_view`.
    """
    album, maps = Album(), {}
    for name, (values, y, x) in seen_maps(seen).items():
        if not values.size or name == "found":
            continue
        half_x, half_y = (0.5 * float(np.diff(one).min()) if one.size > 1 else 0.05 for one in (x, y))
        spans = {"x": (x[0] - half_x, x[-1] + half_x), "y": (y[-1] + half_y, y[0] - half_y)}
        maps[name] = album.add(values[::-1], spans, low=0.0, high=1.0, colours="viridis")
    told = set(seen.told)
    places = [[one.x_m, one.y_m, one.call if one in told else "beside", one.found] for one in seen.places]
    document = {
        "model": seen.model,
        "depth_m": seen.depth_m,
        "maps": maps,
        "places": places,
        "told": len(told),
        "found": sum(one.found for one in told),
    }
    return document, album.files
