"""What each step of the chain does to a scan: the data after it, and what it took away."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.chain import process_scan, step_names
from dualsense.recipe import radar_steps
from dualsense.runtime.threads import in_threads
from dualsense.workbench._fields import (
    C0_M_S,
    Field,
    metal_fields,
    radar_fields,
    recorded_field,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from dualsense.recipe import Recipe
    from dualsense.result import Grid, Result
    from dualsense.scan import Scan

METAL_MEANINGS = {
    "latency": "Lag of the samples behind the track; normalised, without spikes.",
    "calibrate": "Samples averaged along the way.",
    "invert": "Drift and ground taken away, dipoles found.",
    "locate": "Each dipole located with its uncertainty.",
    "image": "Maps of what drift and ground leave.",
    "depth": "Depths with how far such fits err, and how deep metal usually lies.",
}
GATE_S = 0.3e-9
"""Half-width of the stretch of time that a slice shows."""
STRETCH = 256
"""Soundings whose energies are summed together: they stay in the nearest cache."""


def _energy(values: NDArray[Any]) -> float:
    """Sum the squares of what is no NaN, in the precision of sums of pairs."""
    squares = [np.square(values.real), *([np.square(values.imag)] if np.iscomplexobj(values) else [])]
    whole = float(sum(part.sum() for part in squares))
    return float(sum(np.nansum(part) for part in squares)) if np.isnan(whole) else whole


@dataclass(frozen=True, eq=False)
class StepView:
    """One step.

    Attributes
    ----------
    name
        Full, such as "gpr.background".
    meaning
        In one line.
    on
        Whether the recipe lets it happen.
    settings
        Its table of the recipe, as text.
    before, after
        Data that it was given and that it left; None where it works on none, or it is off.
    facts
        What else it told, name and value.
    """

    name: str
    meaning: str
    on: bool
    settings: str
    before: Field | None
    after: Field | None
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def _alike(self) -> tuple[Field, Field] | None:
        """Before and after where they are of the same kind and shape, so that one can be held to the other."""
        before, after = self.before, self.after
        if before is None or after is None:
            return None
        alike = before.kind == after.kind and before.values.shape == after.values.shape
        return (before, after) if alike else None

    @cached_property
    def taken(self) -> Field | None:
        """What the step took away; None where before and after are of other kinds or shapes."""
        return self.taken_of(slice(None))

    def taken_of(self, rows: NDArray[np.intp] | slice) -> Field | None:
        """Give what the step took away from some soundings, None as `taken`."""
        if self._alike is None:
            return None
        before, after = self._alike
        values = before.values[rows] - after.values[rows]
        return replace(after, values=values, time_s=after.time_s[rows], position_m=after.position_m[rows])

    @property
    def energy_taken(self) -> float:
        """Energy of what it took over that of what it was given; NaN where that cannot be said."""
        if self._alike is None:
            return float("nan")
        before, after = self._alike

        def energies(first: int) -> tuple[float, float]:
            one, other = (field.values[first : first + STRETCH] for field in (before, after))
            return _energy(one - other), _energy(one)

        both = in_threads(energies, range(0, len(before.values), STRETCH))
        taken, given = (sum(energy[k] for energy in both) for k in (0, 1))
        return taken / given if given > 0.0 else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Every step of a scan.

    Attributes
    ----------
    result
        Of the whole chain.
    views
        In the order in which the steps happen, the radar's first.
    at_m
        Place that is looked at, x and y.
    depth_m
        Of the slices.
    gate_s
        From when to when an echo from that depth comes; NaN without a radar.
    grid
        Cells of the slices.
    """

    result: Result
    views: tuple[StepView, ...]
    at_m: tuple[float, float]
    depth_m: float
    gate_s: tuple[float, float]
    grid: Grid


def look_inside(
    scan: Scan,
    recipe: Recipe,
    *,
    at_m: tuple[float, float] | None = None,
    depth_m: float | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Steps:
    """Process a scan and keep what each step did.

    Parameters
    ----------
    scan
        Short enough to be processed in one piece.
    recipe
        Parameters of every step.
    at_m
        Place to look at; None takes that of the first target, or the middle of the patch.
    depth_m
        Of the slices; None takes the target's, or 5 cm.
    progress
        As for `process_scan`.

    Returns
    -------
    Steps

    Raises
    ------
    ScanError
        When neither sensor leaves anything to process.
    """
    return steps_of(process_scan(scan, recipe, keep=step_names(), progress=progress), recipe, at_m, depth_m)


def steps_of(
    result: Result,
    recipe: Recipe,
    at_m: tuple[float, float] | None = None,
    depth_m: float | None = None,
    only: str | None = None,
) -> Steps:
    """Give what each step of a result did.

    Parameters
    ----------
    result
        With the states of all steps kept.
    recipe
        That it was made with.
    at_m, depth_m
        As for `look_inside`.
    only
        Full name of the one step that is wanted; None gives all.

    Returns
    -------
    Steps
    """
    first = result.targets[0] if result.targets else None
    if depth_m is None:
        depth_m = first.depth_m if first is not None and np.isfinite(first.depth_m) else 0.05
    grid = result.coverage.grid
    if at_m is None:
        middle = (float(np.mean(grid.x_m)), float(np.mean(grid.y_m)))
        at_m = middle if first is None else (first.x_m, first.y_m)
    radar = _states(result.kept, "gpr.")
    views = views_of(result.kept, recipe, only)
    return Steps(replace(result, kept={}), views, at_m, depth_m, _gate(radar, depth_m), grid)


def _states(kept: Mapping[str, Any], sensor: str) -> dict[str, Any]:
    return {name.removeprefix(sensor): state for name, state in kept.items() if name.startswith(sensor)}


def views_of(kept: Mapping[str, Any], recipe: Recipe, only: str | None = None) -> tuple[StepView, ...]:
    """Give what steps did whose states were kept.

    Parameters
    ----------
    kept
        States by the full names of the steps, in their order.
    recipe, only
        As for `steps_of`.

    Returns
    -------
    tuple of StepView
    """
    radar, metal = _states(kept, "gpr."), _states(kept, "emi.")
    own = (only or "").partition(".")[0]  # a step of one sensor needs nothing of the other
    views: tuple[StepView, ...] = (
        *(_radar_views(radar, recipe) if own in ("", "gpr") else ()),
        *(_metal_views(metal, recipe) if own in ("", "emi") else ()),
    )
    return views if only is None else tuple(view for view in views if view.name == only)


def _gate(states: Mapping[str, Any], depth_m: float) -> tuple[float, float]:
    """From when to when an echo from below comes: straight down through air and soil."""
    last = next((s for s in reversed(list(states.values())) if s.soil is not None and s.surface is not None), None)
    if last is None:
        return (float("nan"),) * 2
    root = float(np.sqrt(last.soil.relative_permittivity))
    time_s = 2.0 * (float(np.median(last.surface.height_m)) + depth_m * root) / C0_M_S
    return max(time_s - GATE_S, 0.0), time_s + GATE_S


def _radar_views(states: Mapping[str, Any], recipe: Recipe) -> list[StepView]:
    if not states:
        return []
    steps = {step.name: step for step in radar_steps()}
    known: dict[int, Field] = {}
    fields = radar_fields(states, {name: step.facts.data for name, step in steps.items()}, known)
    views, before = [], recorded_field(next(iter(states.values())), known)
    for name, state in states.items():
        step, after = steps.get(name), fields.get(name)
        table = getattr(recipe.gpr, name, None)
        on = bool(getattr(table, "on", True)) and not (
            step is not None and step.needs_time_samples and state.recording.modality != "impulse"
        )
        meaning = (
            "Look through the recording; what is no measurement is left out." if step is None else step.meaning
        )
        same = after is None or not on
        views.append(
            StepView(
                f"gpr.{name}",
                meaning,
                on,
                "" if table is None else repr(table),
                None if same else before,
                None if same else after,
                _radar_facts(name, state),
            )
        )
        before = after if after is not None and on else before
    return views


def _radar_facts(name: str, state: Any) -> tuple[tuple[str, str], ...]:
    if name == "surface" and state.surface is not None:
        height_m = state.surface.height_m
        return (("height over the ground", f"{100 * height_m.min():.1f} to {100 * height_m.max():.1f} cm"),)
    if name == "soil" and state.soil is not None:
        soil = state.soil
        told = f"{soil.relative_permittivity:.2f} ± {soil.relative_permittivity_std:.2f} ({soil.method})"
        return (("relative permittivity", told),)
    if name == "image":
        return tuple(
            (
                f"body {k}",
                f"x {b.x_m:.3f} m, y {b.y_m:.3f} m, {100 * b.depth_m:.1f} cm deep, contrast {b.contrast:.1f}",
            )
            for k, b in enumerate(state.bodies, start=1)
        )
    return ()


def _metal_views(states: Mapping[str, Any], recipe: Recipe) -> list[StepView]:
    fields = metal_fields(states)
    views: list[StepView] = []
    for name, state in states.items():
        table = getattr(recipe.emi, name, None)
        before, after = fields.get(name, (None, None))
        meaning = METAL_MEANINGS.get(name, ((type(table).__doc__ or "") if table is not None else "").strip())
        on = bool(getattr(table, "on", True))
        settings = "" if table is None else repr(table)
        views.append(StepView(f"emi.{name}", meaning, on, settings, before, after, _metal_facts(name, state)))
    return views


def _metal_facts(name: str, state: Any) -> tuple[tuple[str, str], ...]:
    if name == "latency":
        return (("lag corrected", f"{1e3 * state.delay_s:.1f} ms"),)
    if name in ("invert", "locate", "depth") and state.inversion is not None:
        return tuple(
            (
                f"dipole {k}",
                "x {:.3f} m, y {:.3f} m, {:.1f} cm deep".format(*d.position_m[:2], -100 * d.position_m[2]),
            )
            for k, d in enumerate(state.told or state.inversion.dipoles, start=1)
        )
    return ()
