"""What the instrument of the report draws from: volume, maps, contours, track and targets as compact data."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from dualsense.language import in_english
from dualsense.render._canvas.colours import hex_names
from dualsense.render._figures import panels, style
from dualsense.render._figures.echo import depth_maximum, shown_depths
from dualsense.render._figures.shown import shown_of
from dualsense.render._figures.strip import find_strip
from dualsense.render._figures.style import View
from dualsense.render._files.geodesy import usable_origin
from dualsense.render._planes import any_measured, measured_columns
from dualsense.render._report.line import line_data, on_line
from dualsense.render._report.pack import STEPS, in_steps, packed
from dualsense.render._targets import ordered_targets
from dualsense.render._words import sensor_message
from dualsense.result import SMALL_CODE
from dualsense.runtime.memory import lay_aside
from dualsense.scan import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.render._figures.echo import Echo
    from dualsense.render._figures.shown import Shown
    from dualsense.result import Grid, Result, Volume

MOST_SLICES = 64
MOST_CELLS = 2_500_000
TRACK_STEP_CM = 0.2
PATCH, METAL, RADAR, MINE = 1, 2, 4, 8
"""Bits of a cell of the ground: within the patch, and measured by each sensor; from ``MINE`` on the code of the
smallest mine that would have been found there."""
BLIND_DEPTH_CM = 30.0
"""Depth of the sections of a scan without radar, which show nothing but the targets of the metal detector."""


def viewer_data(result: Result, view: View, shown: Shown | None = None) -> dict[str, Any]:
    """Everything the instrument draws, in centimetres.

    Large volumes are thinned by the greatest value of neighbouring cells, so that no echo is lost. A thinned
    cell is unmeasured only when all cells in it are.

    Parameters
    ----------
    result
        What processing found; a sensor may be missing.
    view
        The operator's controls.
    shown
        What pictures share, where it is made already.

    Returns
    -------
    dict
        Ready for JSON; "volume" and the layers "depth" and "all" only where the radar measured, "metal" only where
        the metal detector did. Of a single line x is the distance along it, the volume is its section, one cell
        wide, "line" holds its traces and its place in the local frame, and there is no layer "all".
    """
    strip, line, turn_deg = find_strip(result), None, 0.0
    if strip is not None and strip.single:
        line, turn_deg = line_data(result, strip), math.degrees(math.atan2(strip.direction[1], strip.direction[0]))
        result, shown = on_line(result, strip, view, shown)
    shown = shown or shown_of(result, view)
    origin = usable_origin(result.header)
    return {
        "line": line,
        **_radar(result, shown),
        "layers": _layers(result, view, shown, line=line is not None),
        "seen": _seen(result),
        "bits": {"patch": PATCH, "metal": METAL, "radar": RADAR, "mine": MINE},
        "small": 0 if result.smallest_mine is None else SMALL_CODE,
        "steps": STEPS,
        "messages": {"radar": sensor_message(result, "gpr"), "metal": sensor_message(result, "emi")},
        **_levels(result, shown),
        "contours": [[_shortened(line.ravel()) for line in level] for level in shown.contours_cm],
        "track": _track_lines_cm(result.track_m),
        "azimuth": None if origin is None else _short((origin[3] - turn_deg) % 360.0),
        "targets": [
            {
                "id": plain(target.id, 12),
                "call": target.call,
                "x": _short(100.0 * target.x_m),
                "y": _short(100.0 * target.y_m),
                "depth": _length(target.depth_m),
                "spread": _length(target.position_std_m[2]),
            }
            for target in ordered_targets(result)
        ],
    }


def image_data(result: Result, view: View) -> dict[str, Any]:
    """Give the instrument what it needs to show another radar image of the same ground.

    Parameters
    ----------
    result
        With that image.
    view
        The operator's controls: between its depths the image is shown, and nothing of the rest is told.

    Returns
    -------
    dict
        Ready for JSON: "ground", "depths", "deep", "volume", "top", and "layers" without their colours.

    Raises
    ------
    ValueError
        There is no radar image.
    """
    volume = result.gpr_volume
    if volume is None or not any_measured(volume.values):
        msg = "there is no radar image of this ground"
        raise ValueError(msg)
    strip = find_strip(result)
    line = strip is not None and strip.single
    bare = replace(result, emi_maps={})
    if strip is not None and line:
        bare, shown = on_line(bare, strip, view, None)
        volume = cast("Volume", bare.gpr_volume)
    else:
        shown = shown_of(bare, view)
    depths = shown_depths(volume, view)
    kept = replace(volume, depth_m=volume.depth_m[depths], values=volume.values[depths])
    if shown.echo is None:
        msg = "there is no echo to show"
        raise ValueError(msg)
    echo = replace(shown.echo, volume=kept, level=shown.echo.level[depths], gain=shown.echo.gain[depths])
    part = replace(bare, gpr_volume=kept)
    layers = _layers(part, View(), replace(shown, echo=echo), line=line)
    plain_layers = {
        name: {key: value for key, value in layer.items() if key not in {"colours", "gamma"}}
        for name, layer in layers.items()
    }
    return {**_radar(part, replace(shown, echo=echo)), "layers": plain_layers}


def _radar(result: Result, shown: Shown) -> dict[str, Any]:
    """Volume, or only the edges of an empty one where there is no radar image."""
    volume = result.gpr_volume
    grid = result.coverage.grid if volume is None else volume.grid
    blind = {"ground": _grid(grid), "depths": [], "deep": [0.0, BLIND_DEPTH_CM], "volume": None}
    if volume is None or shown.echo is None or not any_measured(volume.values):
        return blind
    values, factors = _thinned(shown.echo)
    # Thinning may reach past the last cell; edges follow.
    left, _, bottom, _ = panels.extent_cm(volume.grid)
    top = max(float(np.nanmax(values)), shown.limits.echo)
    return {
        "ground": {
            "columns": values.shape[2],
            "rows": values.shape[1],
            "left": _short(left),
            "bottom": _short(bottom),
            "cell": _short(100.0 * volume.grid.cell_m * factors[1]),
        },
        "depths": [_short(depth) for depth in 100.0 * _group_means(volume.depth_m, factors[0])],
        "deep": [_short(edge) for edge in panels.depth_edges_cm(volume.depth_m)],
        "volume": packed(in_steps(values, top)),
        "top": float(f"{top:.6g}"),
    }


def _layers(result: Result, view: View, shown: Shown, *, line: bool) -> dict[str, Any]:
    """Scale of each layer of the plan, with its cells where it does not come from the volume."""
    layers: dict[str, Any] = {}
    volume, metal, limits = result.gpr_volume, result.emi_maps.get("metal_response"), shown.limits
    if volume is not None and shown.echo is not None and any_measured(volume.values):
        radar = {"gamma": style.RADAR_GAMMA, "colours": hex_names(style.RADAR_MAP, 64)}
        layers["depth"] = {**radar, "limit": _number(limits.echo)}
        values = depth_maximum(volume, shown.echo.level, view)
        if np.isfinite(values).any() and not line:  # of a line the section shows it all
            layers["all"] = {**radar, "limit": _number(limits.radar), **_map(values, volume.grid, limits.radar)}
    if metal is not None and np.isfinite(metal.values).any():
        layers["metal"] = {
            "gamma": style.METAL_GAMMA,
            "colours": hex_names(style.METAL_MAP, 64),
            "limit": _number(limits.metal),
            "units": style.unit_words(style.metal_units(metal.units)),
            **_map(np.abs(metal.values), metal.grid, limits.metal),
        }
    return layers


def _map(values: NDArray[np.float32], grid: Grid, limit: float) -> dict[str, Any]:
    """Cells of a map with their grid and the amplitude of the last step."""
    top = max(float(np.nanmax(values)), limit)
    return {"cells": packed(in_steps(values, top)), "top": _number(top), "ground": _grid(grid)}


def _seen(result: Result) -> dict[str, Any]:
    """Which cells lie within the patch and which sensor told of them: what an image lacks was not measured."""
    coverage, volume = result.coverage, result.gpr_volume
    metal = result.emi_maps.get("metal_response")
    emi, gpr = coverage.emi, coverage.gpr
    if metal is not None and metal.values.shape == emi.shape:
        emi = emi & np.isfinite(metal.values)
    if volume is not None and volume.values.shape[1:] == gpr.shape:
        gpr = gpr & measured_columns(volume.values)
    emi = emi & (sensor_message(result, "emi") is None)
    gpr = gpr & (sensor_message(result, "gpr") is None)
    bits = PATCH * coverage.patch + METAL * emi + RADAR * gpr
    if result.smallest_mine is not None:
        bits = bits + MINE * np.where(emi & gpr, result.smallest_mine.code, 0)
    return {"cells": packed(bits.astype(np.uint8)), "ground": _grid(coverage.grid)}


def _levels(result: Result, shown: Shown) -> dict[str, Any]:
    """Levels of the contours as they stand beside them, and their unit."""
    metal = result.emi_maps.get("metal_response")
    if metal is None or not shown.levels:
        return {"levels": [], "levelUnits": ""}
    power = style.power_of_ten(max(shown.levels))
    numbers = [style.number_words(level / 10.0**power) for level in shown.levels]
    if metal.units == "1":
        return {"levels": [f"{number}×" for number in numbers], "levelUnits": in_english("the noise")}
    units = style.scaled_units(power, metal.units)
    return {"levels": numbers, "levelUnits": f"× {units}" if power else units}


def _grid(grid: Grid) -> dict[str, Any]:
    left, _, bottom, _ = panels.extent_cm(grid)
    return {
        "columns": grid.x_m.size,
        "rows": grid.y_m.size,
        "left": _short(left),
        "bottom": _short(bottom),
        "cell": _short(100.0 * grid.cell_m),
    }


def _number(value: float) -> float:
    return float(f"{value:.6g}")


def _short(value: float) -> float:
    """Centimetres to 0.1 mm, which is a tenth of a screen pixel."""
    return round(float(value), 2) + 0.0


def _length(value_m: float) -> float | None:
    return _short(100.0 * value_m) if math.isfinite(value_m) else None


def _thinned(echo: Echo) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """Volume with at most so many slices and cells, and the factors of depth and of both horizontal axes."""
    count, rows, columns = echo.volume.values.shape
    deep = math.ceil(count / MOST_SLICES)
    flat = math.ceil(math.sqrt(max(echo.volume.values.size / deep / MOST_CELLS, 1.0)))
    slices = []
    for first in range(0, count, deep):
        values = echo.plane(first) if deep == 1 else echo.strongest(range(first, min(first + deep, count)))
        if flat > 1:
            padded = np.pad(values, ((0, -rows % flat), (0, -columns % flat)), constant_values=np.nan)
            blocks = padded.reshape(padded.shape[0] // flat, flat, padded.shape[1] // flat, flat)
            values = np.fmax.reduce(blocks, axis=(1, 3))
        slices.append(values)
        lay_aside(echo.volume.values)
    return np.stack(slices), (deep, flat)


def _group_means(values: NDArray[np.float64], factor: int) -> NDArray[np.float64]:
    return np.array([values[start : start + factor].mean() for start in range(0, values.size, factor)])


def _shortened(values: NDArray[np.float64]) -> list[float]:
    short: list[float] = (np.round(values, 2) + 0.0).tolist()
    return short


def _track_lines_cm(track_m: NDArray[np.float64]) -> list[list[float]]:
    """Track as lines between its breaks, thinned to points a fifth of a centimetre apart."""
    lines: list[list[float]] = []
    points = 100.0 * track_m[:, :2]
    whole = [math.isfinite(x + y) for x, y in points.tolist()]
    last: tuple[float, float] | None = None
    for (x, y), (x_cm, y_cm), finite in zip(
        points.tolist(), (np.round(points, 2) + 0.0).tolist(), whole, strict=True
    ):
        if not finite:
            last = None
            continue
        if last is None:
            lines.append([])
        elif math.hypot(x - last[0], y - last[1]) < TRACK_STEP_CM:
            continue
        lines[-1] += [x_cm, y_cm]
        last = (x, y)
    return lines
