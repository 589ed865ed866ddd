"""A single line as its instrument shows it: the section under it, its traces, and where it lies."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.render._figures.shown import shown_of
from dualsense.render._figures.strip import distances_m, section, unrolled
from dualsense.render._report.pack import UNMEASURED, packed
from dualsense.render._words import velocity_m_s
from dualsense.result import Grid, Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.render._figures.shown import Shown
    from dualsense.render._figures.strip import Strip
    from dualsense.render._figures.style import View
    from dualsense.result import Radargram, Result

MOST_TRACES, MOST_TIMES = 1600, 400
APART_M = 0.05
"""Ground farther than this from every sounding has no trace."""
BRIGHT = 0.98
SMOOTH = 0.05
"""Part of the traces' length over which their strength is evened out, for the eye."""
ZERO = (UNMEASURED - 1) // 2
SIGNED = frozenset({"amplitude"})
SHOWN = frozenset({"amplitude", "envelope"})
"""Attributes that are shown as traces; the others have pictures of their own."""


def on_line(result: Result, strip: Strip, view: View, shown: Shown | None) -> tuple[Result, Shown]:
    """Turn a result and how it is shown so that x is the distance along its line.

    Parameters
    ----------
    result
        Of a single line.
    strip
        How it runs.
    view
        The operator's controls.
    shown
        What the pictures share, where it is made already.

    Returns
    -------
    Result
        Its volume is the section under the track, one cell wide.
    Shown
        With the gain and limits of the whole volume, and contours along the line.
    """
    flat = unrolled(result, strip)
    volume, echo = result.gpr_volume, None
    limits = None if shown is None else shown.limits
    if volume is not None:
        along_m = distances_m(strip, volume.grid)
        cut = section(strip, volume.grid, volume.values, along_m)
        grid = Grid(along_m, np.zeros(1), volume.grid.cell_m)
        one = Volume(volume.name, volume.units, grid, volume.depth_m, cut[:, None, :])
        whole = (shown or shown_of(replace(result, emi_maps={}), view)).echo
        echo = None if whole is None else replace(whole, volume=one)
        flat = replace(flat, gpr_volume=one)
    metal = shown_of(replace(flat, gpr_volume=None), view, limits)
    return flat, replace(metal, echo=echo)


def line_data(result: Result, strip: Strip) -> dict[str, Any]:
    """Give what the instrument needs beside the section: the line's place, its traces, and how waves run there.

    Parameters
    ----------
    result
        Of a single line, as it is.
    strip
        How the line runs.

    Returns
    -------
    dict
        Ready for JSON, lengths in centimetres and times in nanoseconds; "traces" is None without a radargram of
        amplitudes or envelopes.
    """
    speed_m_s, _ = velocity_m_s(result)
    traces, radargram = None, result.radargram
    if radargram is not None and radargram.name in SHOWN and radargram.values.size:
        traces = _traces(radargram, strip)
    return {
        "zero": [round(100.0 * value, 2) for value in strip.zero_m],
        "direction": list(strip.direction),
        "fromStart": strip.from_origin,
        "speed": round(speed_m_s / 1e7, 4) if math.isfinite(speed_m_s) else None,
        "height": _cm(None if radargram is None else radargram.height_m),
        "apart": _cm(None if radargram is None else radargram.antennas_m),
        "traces": traces,
    }


def _cm(value_m: float | None) -> float:
    return 0.0 if value_m is None or not math.isfinite(value_m) else round(100.0 * value_m, 2)


def _traces(radargram: Radargram, strip: Strip) -> dict[str, Any] | None:
    """Traces at even distances, evened out over time, in steps with nothing in the middle."""
    xy = radargram.position_m[:, :2]
    along_m = (xy - np.asarray(strip.zero_m)) @ np.asarray(strip.direction)
    known = np.flatnonzero(np.isfinite(along_m))
    if known.size < 2:
        return None
    order = known[np.argsort(along_m[known], kind="stable")]
    sorted_m = along_m[order]
    count = int(min(known.size, MOST_TRACES))
    even = np.linspace(sorted_m[0], sorted_m[-1], count)
    nearest = np.searchsorted(0.5 * (sorted_m[1:] + sorted_m[:-1]), even)
    values, times = _thinned(radargram.values[order[nearest]], radargram.time_s)
    steps = _signed_steps(values, signed=radargram.name in SIGNED)
    steps[:, np.abs(sorted_m[nearest] - even) > APART_M] = UNMEASURED
    step_m = float(even[1] - even[0]) if count > 1 else APART_M
    return {
        "columns": count,
        "rows": int(times.size),
        "left": round(100.0 * (float(even[0]) - 0.5 * step_m), 3),
        "step": round(100.0 * step_m, 5),
        "start": round(1e9 * float(times[0]), 4),
        "stepNs": float(f"{1e9 * float(times[1] - times[0]) if times.size > 1 else 1.0:.6g}"),
        "signed": radargram.name in SIGNED,
        "cells": packed(steps[None]),
    }


def _thinned(
    values: NDArray[np.float32], time_s: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Traces (t, n) with so few times that a screen can show each; of neighbours the loudest stays."""
    factor = math.ceil(time_s.size / MOST_TIMES)
    held = values[:, : time_s.size // factor * factor].reshape(values.shape[0], -1, factor)
    loudest = np.nanargmax(np.where(np.isfinite(held), np.abs(held), -1.0), axis=2)
    picked = np.take_along_axis(held, loudest[..., None], axis=2)[..., 0]
    middles = time_s[: picked.shape[1] * factor].reshape(-1, factor).mean(axis=1)
    return picked.T, middles


def _signed_steps(values: NDArray[np.float32], *, signed: bool) -> NDArray[np.uint8]:
    """Put traces (t, n) into steps, each time over its own strength: deep echoes show beside early ones."""
    missing = ~np.isfinite(values)
    loud = np.where(missing, 0.0, np.abs(values)).astype(np.float64)
    level = np.sqrt((loud**2).sum(axis=1) / np.maximum((~missing).sum(axis=1), 1))
    width = max(int(SMOOTH * level.size), 1)
    kernel = np.ones(2 * width + 1) / (2 * width + 1)
    level = np.convolve(np.pad(level, width, mode="edge"), kernel, mode="valid")
    level = np.maximum(level, 1e-3 * max(float(level.max()), 1e-300))
    even = np.where(missing, 0.0, values) / level[:, None]
    bright = max(float(np.quantile(np.abs(even[~missing]), BRIGHT)) if (~missing).any() else 0.0, 1e-12)
    part = np.clip(even / bright, -1.0, 1.0)
    steps = np.rint(ZERO + ZERO * part if signed else 2 * ZERO * np.abs(part)).astype(np.uint8)
    steps[missing] = UNMEASURED
    return steps
