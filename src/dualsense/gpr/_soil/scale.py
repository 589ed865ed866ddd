"""The scale of the track, as echoes tell it: hyperbolas open with the true way, and the head's size is known.

An echo of a small thing near the surface comes through air for most of its way, at a speed that is known. How its
time grows with the way from its apex tells therefore how long that way was, nearly whatever the soil is. If the
track tells another one, echoes add up best with places that are drawn together or apart about the apex.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._soundings import Soundings
    from dualsense.gpr._traces import Traces

    Real = NDArray[np.float64]

SCALES = np.exp(np.linspace(np.log(0.4), np.log(2.5), 9))
"""Of the track, over its own: the middle one is 1."""
AXES = ((True, True), (True, False), (False, True))
"""Along which the track is drawn together or apart: x, y."""
DELAY_S = (0.3e-9, 2.5e-9)
"""Two-way times below the surface in which apexes are looked for: where what lies there reflects well."""
PLACES, APART_M = 3, 0.1
"""Apexes that are looked at, and how far they lie from each other."""
RADIUS_M, MOST, FEWEST = 0.16, 120, 20
"""Soundings of an apex: within so far by the track, the nearest so many, and no fewer."""
SEARCH_M, SEARCH_S = (-0.012, 0.0, 0.012), 0.06e-9 * np.arange(-3.0, 4.0)
"""Where the apex may be beside the sounding in which it is brightest."""
NODES = 48
"""Distances for which times are worked out."""


def echo_scale(soundings: Soundings, traces: Traces, height_m: Real, *, permittivity: float = 5.5) -> Real:
    """Tell how well the brightest echoes add up were the track drawn together or apart.

    Parameters
    ----------
    soundings, traces
        Without direct wave, ground echo and background.
    height_m : (n,)
        Of the antenna pair.
    permittivity
        Of the soil; the result hardly depends on it.

    Returns
    -------
    (3, s) float64
        Part of the energy of the soundings that adds up, summed over the apexes, for the `AXES` and `SCALES`;
        zeros where no echo is heard in enough soundings.
    """
    out = np.zeros((len(AXES), SCALES.size))
    size = np.abs(traces.values)
    index = float(np.sqrt(permittivity))
    for row, delay_s in _apexes(soundings, size, traces.dt_s, height_m):
        apart = np.hypot(*(soundings.midpoint_m[:, :2] - soundings.midpoint_m[row, :2]).T)
        near = np.flatnonzero(apart < RADIUS_M)
        if near.size < FEWEST:
            continue
        near = near[:: -(-near.size // MOST)]
        out += _sums(soundings, traces, size, near, (row, delay_s), height_m, index)
    return out


def _apexes(soundings: Soundings, size: Real, dt_s: float, height_m: Real) -> list[tuple[int, float]]:
    """Soundings in which an echo is brightest, and its two-way time below the surface."""
    half = 0.5 * np.linalg.norm(soundings.tx_m - soundings.rx_m, axis=1)
    surface_s = 2.0 * np.hypot(height_m, half) / C0_M_S
    times = dt_s * np.arange(size.shape[1])
    gate = (times >= surface_s[:, None] + DELAY_S[0]) & (times <= surface_s[:, None] + DELAY_S[1])
    shown = np.where(gate, size, 0.0)
    k = shown.argmax(axis=1)
    loud = shown[np.arange(k.size), k]
    found: list[tuple[int, float]] = []
    place = soundings.midpoint_m[:, :2]
    for row in np.argsort(-loud, kind="stable"):
        if len(found) == PLACES or not loud[row] > 0.0:
            break
        if all(np.hypot(*(place[row] - place[other])) > APART_M for other, _ in found):
            found.append((int(row), float(times[k[row]] - surface_s[row])))
    return found


def _sums(
    soundings: Soundings,
    traces: Traces,
    size: Real,
    near: NDArray[np.intp],
    apex: tuple[int, float],
    height_m: Real,
    index: float,
) -> Real:
    """Largest part of the energy that adds up over all places of the search, (3, s)."""
    row, delay_s = apex
    depth_m = np.maximum(delay_s + SEARCH_S, 0.1e-9) * C0_M_S / (2.0 * index)
    middle_m = float(height_m[near].mean())
    offset = soundings.midpoint_m[near, :2] - soundings.midpoint_m[row, :2]
    half = 0.5 * (soundings.tx_m - soundings.rx_m)[near, :2]
    longest_m = float(np.hypot(*offset.T).max() * SCALES.max() + np.hypot(*half.T).max() + 2.0 * SEARCH_M[-1])
    one_way = _times(longest_m, middle_m, depth_m, index) / traces.dt_s
    late = 2.0 * (height_m[near] - middle_m) / (C0_M_S * traces.dt_s)
    values, rows = traces.values[near], np.arange(near.size)[:, None]
    energy = max(float((size[near].max(axis=1) ** 2).sum()) * near.size, 1e-300)
    beside = np.stack(np.meshgrid(SEARCH_M, SEARCH_M), axis=-1).reshape(-1, 1, 2)
    out = np.zeros((len(AXES), SCALES.size))
    for a, axes in enumerate(AXES):
        for b, scale in enumerate(SCALES):
            at = offset * np.where(axes, scale, 1.0) - beside
            legs = (np.hypot(at[..., 0] + side[:, 0], at[..., 1] + side[:, 1]) for side in (half, -half))
            sample = sum(_read(one_way, leg * (NODES - 1) / longest_m) for leg in legs) + late[:, None]
            whole = np.clip(sample.astype(np.intp), 0, values.shape[1] - 2)
            part = (sample - whole).astype(np.float32)
            echo = values[rows, whole] * (1.0 - part) + values[rows, whole + 1] * part
            out[a, b] = float((np.abs(echo.sum(axis=1)) ** 2).max()) / energy
    return out


def _times(longest_m: float, height_m: float, depth_m: Real, index: float) -> Real:
    """One-way times (r, z) over even distances, from Snell's law with the angle in air as the parameter."""
    slope = np.concatenate([[0.0], np.geomspace(1e-2, longest_m / height_m, 4 * NODES)])[:, None]
    root = np.sqrt(index**2 + (index**2 - 1.0) * slope**2)
    rho = height_m * slope + depth_m * slope / root
    sine = slope / np.sqrt(1.0 + slope**2)
    time = (height_m * np.sqrt(1.0 + slope**2) + index**2 * depth_m / np.sqrt(index**2 - sine**2)) / C0_M_S
    at = np.linspace(0.0, longest_m, NODES)
    return np.stack([np.interp(at, rho[:, k], time[:, k]) for k in range(depth_m.size)], axis=1)


def _read(table: Real, step: Real) -> Real:
    """Read a table (r, z) at steps (...), linearly, (..., z)."""
    whole = np.minimum(step.astype(np.intp), len(table) - 2)
    part = (step - whole)[..., None]
    out: Real = table[whole] * (1.0 - part) + table[whole + 1] * part
    return out
