"""How many bodies clutter alone makes in this ground: the same search after the signs of soundings were scrambled.

What lies at a place is heard by all soundings around it, and migration sums what they heard in phase. With signs
that change from patch to patch of the ground the sum keeps the power of what was heard, and what neighbouring
soundings have in common, and no longer adds up to what lies there. To clutter, which is as likely of either sign,
nothing has changed: bodies that are found then are as many as clutter makes (exchangeability). An object's power
would be scattered about it: the ground on which strong bodies are heard, and its soundings, are left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.gpr._bodies.cfar import over_clutter
from dualsense.gpr._bodies.find import find_bodies
from dualsense.gpr._migrate.kirchhoff import kirchhoff
from dualsense.gpr._rays.traveltime import refracted_times
from dualsense.gpr._soundings import pick_rows
from dualsense.result import Grid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dualsense.gpr._bodies.body import Body
    from dualsense.gpr._rays.layers import Ground
    from dualsense.gpr._soundings import Soundings
    from dualsense.gpr._traces import Traces

    Real = NDArray[np.float64]

SEED = 16
CELL_M = 0.01
"""Cells of the scrambled picture: finer ones find the same bodies."""
PER_M2 = 1500
"""Of more soundings a random part is taken: as many as a slow hand makes."""
SIGN_M = 0.04
"""Length of the signs' random field: shorter, what neighbours share is lost; longer, objects stay."""
WAVES = 64
LOUD, LOUD_BESIDE = 3.0, 1.5
"""Times the median of all soundings at the same time: louder is an object, and counts as this much. Beside strong
bodies what reverberates of them is heard everywhere: there less is left, which takes some of the clutter, too."""
STRONG, STRONG_M = 1.5, 0.20
"""A body of so many times the contrast asked for is none of clutter's; so far from it nothing is looked at."""
BEFORE_S, AFTER_S = 0.5e-9, 2.5e-9
"""Farther away it is heard from so long before its echo to so long after."""
ENOUGH_M2, LEAST_M2, MAX_DRAWS = 0.4, 0.08, 3
"""Ground that is looked at, if need be several times; and the least of it that tells anything."""
PRIOR_COUNT, PRIOR_SPREAD = 4.0, 0.5
"""How far contrasts reach beyond the one asked for in clutter of simulated ground: worth so many bodies."""


@dataclass(frozen=True, slots=True)
class FalseBodies:
    """How many bodies clutter makes, by their contrast.

    Attributes
    ----------
    per_m2
        With at least ``min_contrast``; half a body more than was counted, so that it is never none.
    min_contrast
        That was asked of bodies.
    spread
        By which contrasts exceed it on average: e times fewer for each.
    count, area_m2
        Bodies that were counted, and on how much ground.
    """

    per_m2: float
    min_contrast: float
    spread: float
    count: int
    area_m2: float

    def at_least(self, contrast: float) -> float:
        """Bodies per square metre with at least a contrast."""
        return self.per_m2 * math.exp(-max(contrast - self.min_contrast, 0.0) / self.spread)


def false_bodies(
    soundings: Soundings,
    traces: Traces,
    grid: Grid,
    covered: NDArray[np.bool_],
    depth_m: Real,
    bodies: Sequence[Body],
    *,
    relative_permittivity: Ground,
    height_m: Real,
    search: Mapping[str, Any],
    migration: Mapping[str, Any],
) -> FalseBodies | None:
    """Search for bodies where there can be none, in the same ground.

    Parameters
    ----------
    soundings, traces
        n soundings and their analytic traces.
    grid, covered, depth_m
        As those of the volume, with the radar's coverage (ny, nx).
    bodies
        That were found in it.
    relative_permittivity, height_m
        As for :func:`dualsense.gpr.kirchhoff`.
    search
        Options of :func:`dualsense.gpr.find_bodies`, "min_contrast" among them.
    migration
        Further options of :func:`dualsense.gpr.kirchhoff`.

    Returns
    -------
    FalseBodies or None
        None where too little ground is left beside strong bodies.
    """
    least = float(search["min_contrast"])
    grid, ground = _coarse(grid, covered)
    strong = [body for body in bodies if body.contrast >= STRONG * least]
    quiet = np.ones(len(soundings.time_s), bool)
    for body in strong:
        ground &= np.hypot(*np.meshgrid(grid.x_m - body.x_m, grid.y_m - body.y_m)) > STRONG_M
        quiet &= np.hypot(*(soundings.midpoint_m[:, :2] - (body.x_m, body.y_m)).T) > STRONG_M
    area_m2 = float(ground.sum()) * grid.cell_m**2
    if area_m2 < LEAST_M2:
        return None
    rng = np.random.default_rng(SEED)
    rows = np.flatnonzero(quiet)
    if rows.size > (most := max(1, round(PER_M2 * area_m2))):
        rows = np.sort(rng.permutation(rows)[:most])
    heard, values = pick_rows(soundings, rows), traces.values[rows]
    drowned = _drowned(strong, traces.dt_s, values.shape[1], heard, height_m[rows], relative_permittivity)
    values = _levelled(values, drowned, rng)
    signed = replace(traces, values=np.empty_like(values), spectrum=traces.spectrum[rows])
    draws = max(1, min(MAX_DRAWS, round(ENOUGH_M2 / area_m2)))
    contrasts: list[float] = []
    for _ in range(draws):
        np.multiply(values, _signs(heard.midpoint_m[:, :2], rng)[:, None], out=signed.values)
        picture = kirchhoff(
            heard,
            signed,
            grid,
            depth_m,
            relative_permittivity=relative_permittivity,
            height_m=height_m[rows],
            **migration,
        )
        found = find_bodies(picture, grid, over_clutter(picture, grid, ground), **search)
        contrasts += [body.contrast for body in found]
    beyond = sum(max(contrast - least, 0.0) for contrast in contrasts)
    spread = (beyond + PRIOR_COUNT * PRIOR_SPREAD) / (len(contrasts) + PRIOR_COUNT)
    seen_m2 = draws * area_m2
    return FalseBodies((len(contrasts) + 0.5) / seen_m2, least, spread, len(contrasts), seen_m2)


def _coarse(grid: Grid, covered: NDArray[np.bool_]) -> tuple[Grid, NDArray[np.bool_]]:
    """Take every so many cells, about `CELL_M` apart."""
    each = max(1, round(CELL_M / grid.cell_m))
    part = Grid(grid.x_m[::each].copy(), grid.y_m[::each].copy(), each * grid.cell_m)
    return part, covered[::each, ::each].copy()


def _drowned(
    strong: Sequence[Body], dt_s: float, count: int, heard: Soundings, height_m: Real, ground: Ground
) -> NDArray[np.bool_]:
    """Mark what soundings hear of strong bodies, (n, t)."""
    mask = np.zeros((len(height_m), count), bool)
    for body in strong:
        arrives_s = np.zeros(len(height_m))
        for antenna_m in (heard.tx_m, heard.rx_m):
            aside_m = np.hypot(antenna_m[:, 0] - body.x_m, antenna_m[:, 1] - body.y_m)
            arrives_s += refracted_times(aside_m, height_m, body.depth_m, relative_permittivity=ground)
        after_s = dt_s * np.arange(count) - arrives_s[:, None]
        mask |= (after_s > -BEFORE_S) & (after_s < AFTER_S)
    return mask


def _levelled(
    values: NDArray[np.complex64], drowned: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.complex64]:
    """Cut down what is loud beside all soundings at the same time (n, t), and make noise of drowned parts."""
    size, few = np.abs(values), np.s_[:: max(1, len(values) // 200)]
    heard = np.where(drowned[few], np.float32(np.nan), size[few])
    none = np.isnan(heard).all(axis=0)
    heard[:, none] = size[few][:, none]
    level = np.nanmedian(heard, axis=0)
    limit = np.where(drowned, level, (LOUD_BESIDE if drowned.any() else LOUD) * level)
    turned = np.where(drowned & (rng.random(len(values)) < 0.5)[:, None], np.float32(-1.0), np.float32(1.0))
    part = np.minimum(1.0, limit / np.maximum(size, np.finfo(np.float32).tiny)).astype(np.float32)
    return values * (turned * part)


def _signs(place_m: Real, rng: np.random.Generator) -> NDArray[np.float32]:
    """Signs (n,) of a random field over places (n, 2) that is alike within some centimetres."""
    waves = rng.standard_normal((2, WAVES)) / SIGN_M
    field = np.cos(place_m @ waves + rng.uniform(0.0, 2.0 * np.pi, WAVES)).sum(axis=1)
    return np.where(field > 0.0, np.float32(1.0), np.float32(-1.0))
