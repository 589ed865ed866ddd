"""The bodies in the radar's volume, and where one would have been listed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense import gpr
from dualsense.chain.imaging import rays
from dualsense.chain.log import Log
from dualsense.chain.radar import parameters
from dualsense.chain.recording import MIN_BAND_HZ
from dualsense.chain.steps import taken
from dualsense.constants import MINE_TOPS_M
from dualsense.faults import fault

if TYPE_CHECKING:
    from dualsense.chain.radar import RadarState
    from dualsense.gpr import Body, Soil, SurfaceEcho, Ways
    from dualsense.recipe.gpr import Gpr

DISPUTED, TOP_SPREAD = 2.5, 0.1
"""Standard deviations of ln eps between a given permittivity and the ground's echo, and what depth may add."""
BOTH_WAYS, PLAIN = 3, 6.0
"""Bodies that are looked at by passes to and by passes fro, and their contrast at least."""
SUMS = ("kirchhoff", "wavenumber")
"""Migrations whose clutter is that of a sum over the soundings."""
SUMMED = (
    "aperture_m", "aperture_growth", "max_aperture_m", "density_radius_m", "loss_db_m", "on_ground", "weights",
)  # fmt: skip


def list_bodies(state: RadarState, tables: Gpr) -> tuple[RadarState, Log]:
    """Find bodies in the volume, and tell where one would have been listed."""
    migrated, cover, soil = taken(state.migrated), taken(state.cover), taken(state.soil)
    grid, covered = cover.grid, cover.gpr
    over = gpr.over_clutter(migrated, grid, covered)
    wanted = parameters(tables.image)
    if state.lines is not None:  # each of them is listed like a line by itself
        wanted["max_bodies"] *= len(set(map(id, state.lines.of_channel.values())))
    bodies = gpr.find_bodies(migrated, grid, over, **wanted)
    if state.apexes_m is not None:
        bodies = gpr.add_bodies(bodies, state.apexes_m, migrated, grid, over)
    bodies, said = _with_false_rate(_with_tops(bodies, state, tables), state, tables)
    volume = gpr.envelope_volume(migrated, grid, covered)
    listed = gpr.detectability(
        volume,
        over.median,
        top_m=tables.image.top_m,
        min_contrast=tables.image.min_contrast,
        listed_all=len(bodies) < wanted["max_bodies"],
        losses=state.losses,
        band_ok=state.band_hz >= MIN_BAND_HZ,
        soil_disputed=_disputed(soil, state.echo),
    )
    log = Log((fault("gpr-silence-inconclusive", causes=listed.excluded),) if listed.excluded else ()) + said
    absolute = tables.traces.whiten and taken(state.surface).fitted and state.lines is None
    tops_m = np.array(MINE_TOPS_M)
    return replace(
        state,
        clutter=gpr.clutter_below(over, migrated.depth_m, tops_m) if absolute and not listed.excluded else None,
        bodies=bodies,
        ways=_by_both_ways(bodies, state, tables),
        volume=volume,
        detectability=listed,
        echo_finder=gpr.echo_finder(migrated, grid, over),
    ), log


def _by_both_ways(bodies: tuple[Body, ...], state: RadarState, tables: Gpr) -> tuple[Ways, ...]:
    """Look at the clearest bodies of a patch by passes to and fro; at none of several antenna pairs."""
    below = taken(state.soundings)
    if state.lines is not None or np.unique(below.channel).size > 1 or (np.diff(below.time_s) <= 0.0).any():
        return ()
    ground, options = rays(state, tables)
    return gpr.both_ways(
        sorted((one for one in bodies if one.contrast > PLAIN), key=lambda one: -one.contrast)[:BOTH_WAYS],
        below,
        taken(state.traces),
        relative_permittivity=ground,
        height_m=taken(state.surface).height_m,
        on_ground=options["on_ground"],
    )


def _with_tops(bodies: tuple[Body, ...], state: RadarState, tables: Gpr) -> tuple[Body, ...]:
    """Tell the bodies' depths by soundings that all count alike; of a line as its volume has them."""
    if state.lines is not None:
        return bodies
    ground, options = rays(state, tables)
    return gpr.place_tops(
        bodies,
        taken(state.soundings),
        taken(state.traces),
        relative_permittivity=ground,
        height_m=taken(state.surface).height_m,
        on_ground=options["on_ground"],
    )


def _with_false_rate(bodies: tuple[Body, ...], state: RadarState, tables: Gpr) -> tuple[tuple[Body, ...], Log]:
    """Tell of each body how many as strong the clutter of this ground makes; of a patch, by sums of soundings."""
    ground, options = rays(state, tables)
    if state.lines is not None or options["method"] not in SUMS:
        return bodies, Log()
    cover = taken(state.cover)
    found = gpr.false_bodies(
        taken(state.soundings),
        taken(state.traces),
        cover.grid,
        cover.gpr,
        taken(state.migrated).depth_m,
        bodies,
        relative_permittivity=ground,
        height_m=taken(state.surface).height_m,
        search=parameters(tables.image),
        migration={name: options[name] for name in SUMMED},
    )
    if found is None:
        return bodies, Log()
    counted = f"{found.count} on {found.area_m2:.2f} m2"
    text = f"{found.per_m2:.1f} of contrast {found.min_contrast:g} or more ({counted})"
    told = tuple(replace(body, false_per_m2=found.at_least(body.contrast)) for body in bodies)
    return told, Log(notes={"gpr_false_bodies_per_m2": text})


def _disputed(soil: Soil, echo: SurfaceEcho | None) -> str:
    """Say how a permittivity that was given disagrees with the ground's echo; empty where it does not."""
    if soil.method != "given" or echo is None:
        return ""
    found = echo.permittivity
    spread = np.hypot(found.std, soil.relative_permittivity_std / soil.relative_permittivity) + TOP_SPREAD
    if abs(np.log(soil.relative_permittivity) - found.mean) <= DISPUTED * spread:
        return ""
    given = soil.relative_permittivity
    return f"a permittivity of {given:g} is given and the ground's echo tells {found.permittivity:.1f}"
