"""What a changed recipe does to the picture, ahead of the result: one slice of the radar, or the map of metal.

Steps up to the picture are those of the chain, and stand in its cache for the whole result, which comes after.
The picture itself takes from the result before what would take long to find anew: permittivity, or dipoles. It is
provisional, and says nothing of targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from dualsense import emi, gpr
from dualsense.chain.imaging import depths, rays_of
from dualsense.chain.metal import MAPPING
from dualsense.chain.radar_steps import IMAGING
from dualsense.chain.sampled import take_samples
from dualsense.chain.steps import Run, advance, taken
from dualsense.chain.tracks import head_track

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualsense.chain.cache import StepCache
    from dualsense.chain.metal import MetalState
    from dualsense.chain.radar import RadarState
    from dualsense.recipe import Recipe
    from dualsense.result import Image, Result, Volume
    from dualsense.scan import Scan, SensorName

UP_TO: Mapping[SensorName, str] = {"gpr": "traces", "emi": "calibrate"}
"""The last step of each sensor that is taken as the chain takes it."""


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """A picture ahead of the result.

    Attributes
    ----------
    picture
        A volume of one slice, or the map of metal; NaN where the result before had no coverage.
    kept
        States of the steps up to it, by their full names: those of the result to come.
    """

    picture: Image | Volume
    kept: Mapping[str, Any]


def glance_at(
    scan: Scan, recipe: Recipe, before: Result, *, sensor: SensorName, depth_m: float, cache: StepCache
) -> Glance | None:
    """Make the picture of a changed recipe without the rest of its result.

    Parameters
    ----------
    scan
        Short enough to be processed in one piece.
    recipe
        As it was changed.
    before
        Result of the same scan by a recipe that is little different, with the states of all steps kept.
    sensor
        Whose picture.
    depth_m
        Of the radar's slice.
    cache
        Of the steps.

    Returns
    -------
    Glance or None
        None where there is no short way: a sensor that failed, lines, migrations that need the whole depth.

    Raises
    ------
    ScanError
        When neither sensor leaves anything to process.
    """
    steps: tuple[Any, ...] = IMAGING if sensor == "gpr" else MAPPING
    steps = steps[: [step.name for step in steps].index(UP_TO[sensor]) + 1]
    run = Run({name: (name,) for name in before.kept if name.startswith(f"{sensor}.")}, cache)
    picture: Image | Volume | None
    with threadpool_limits(limits=1, user_api="blas"):
        sampled = take_samples(scan, recipe, head_track(scan.pose, recipe.survey), run)
        if sensor == "gpr":
            radar, log = advance(sampled.radar, steps, recipe.gpr, run)
            picture = None if radar.state is None else _slice(radar.state, recipe, before, depth_m)
        else:
            metal, log = advance(sampled.metal, steps, recipe.emi, run)
            picture = None if metal.state is None else _map(metal.state, recipe, before)
    return None if picture is None else Glance(picture, {**sampled.log.kept, **log.kept})


def _slice(state: RadarState, recipe: Recipe, before: Result, depth_m: float) -> Volume | None:
    volume, tables = before.gpr_volume, recipe.gpr
    if state.lines is not None or volume is None or not np.isfinite(before.relative_permittivity):
        return None
    grid, covered = taken(state.cover).grid, before.coverage.gpr
    if covered.shape != (grid.y_m.size, grid.x_m.size):
        return None
    given = tables.soil.relative_permittivity
    top = before.relative_permittivity if given == "auto" else float(given)
    ground, options = rays_of(taken(state.surface).height_m, top, tables)
    if options["method"] != "kirchhoff":
        return None
    depths_m = depths(tables)
    one_m = depths_m[[int(np.argmin(np.abs(depths_m - depth_m)))]]
    migrated = gpr.migrate(
        taken(state.soundings),
        taken(state.traces),
        grid,
        one_m,
        relative_permittivity=ground,
        height_m=taken(state.surface).height_m,
        **options,
    )
    return gpr.envelope_volume(migrated, grid, covered)


def _map(state: MetalState, recipe: Recipe, before: Result) -> Image | None:
    last = [one for name, one in before.kept.items() if name.startswith("emi.") and one.inversion is not None]
    grid, covered = taken(state.cover).grid, before.coverage.emi
    if not last or covered.shape != (grid.y_m.size, grid.x_m.size):
        return None
    rows, found, how = taken(state.response), last[-1].inversion, recipe.emi.invert
    balance = emi.balance(
        rows,
        taken(state.noise),
        drift_knot_s=how.drift_knot_s,
        roughness_m=how.roughness_m,
        soil_std=how.soil_std,
        conduction_std=how.conduction_std,
    )
    columns = [emi.dipole_columns(rows, dipole.position_m) for dipole in found.dipoles]
    rest = emi.apply_balance(rows, balance, objects=np.concatenate(columns, axis=1) if columns else None)
    weight = found.weight if found.weight.size == rows.time_s.size else None
    options = recipe.emi.image.model_dump()
    maps = emi.metal_maps(rows, rest, grid, covered, balance=balance, row_weight=weight, **options)
    return maps["metal_response"]
