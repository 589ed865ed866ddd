"""The radar's picture: ground surface, background, soil and migration."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense import gpr, integrity
from dualsense.chain.line import below_lines, soil_of_lines
from dualsense.chain.log import Log
from dualsense.chain.radar import echo_losses, is_off, parameters, with_loss
from dualsense.chain.steps import taken
from dualsense.constants import C0_M_S, MINE_TOPS_M
from dualsense.faults import fault
from dualsense.result import Doubt, Radargram

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.chain.radar import RadarState
    from dualsense.gpr import Ground, Migrated, Soundings, Surface, SurfaceEcho, Traces
    from dualsense.recipe.gpr import Gpr, RadarStep
    from dualsense.result import Grid
    from dualsense.scan import Severity

MEASURED_RANK = ("svd", "robust-pca")
"""Backgrounds of which the data tell how much there is; where others take nothing away, none is left."""
MAX_HEIGHT_DIFFERENCE_M = 0.009
"""Standard deviation; simulated lanes have 3 to 7 mm, and 12 to 14 mm with 10 mm of error in the track."""


def find_ground(state: RadarState, tables: Gpr) -> tuple[RadarState, Log]:
    """Weigh the ground's echo against the direct wave, take both away, and hold the heights against the track."""
    bare = state.bare
    if bare is None:
        bare, _ = gpr.calibrate(state.recording, taken(state.track), use_reference=False)
    soundings = taken(state.soundings)
    below, surface = gpr.find_surface(soundings, **parameters(tables.surface))
    echo, log = _ground_echo(state, bare, surface, tables)
    state = replace(state, calibrated=soundings, echo=echo, soundings=below, surface=surface)
    if not surface.fitted:
        return state, log
    differ_m = float(np.std(surface.height_m - soundings.midpoint_m[:, 2]))
    if differ_m > MAX_HEIGHT_DIFFERENCE_M:
        state = _heights_doubted(state, "track-heights-differ")
        log += Log((fault("track-heights-differ", difference_mm=1e3 * differ_m),))
    offset_m = _offset_m(state, bare)
    if offset_m != 0.0:
        state = _heights_doubted(state, "track-offset")
        log += Log((fault("track-offset", offset_mm=1e3 * offset_m),))
    return state, log


def _heights_doubted(state: RadarState, code: str) -> RadarState:
    """Believe no height: of a patch no ground is covered, for what lies deep may be missed so."""
    state = replace(state, heights_agree=False)
    if state.lines is not None:
        return state
    time_s = taken(state.calibrated).time_s
    doubt = Doubt(code, "pose", float(time_s.min()), float(time_s.max()), "ground")
    return replace(state, doubts=(*state.doubts, doubt))


def _offset_m(state: RadarState, bare: Soundings) -> float:
    """By how much all tracked heights are too high, as the ground's echo has it; 0 where that is not told."""
    surface, antennas, echo = taken(state.surface), gpr.find_antennas(state.instrument), state.echo
    if bare.time_s.size != surface.height_m.size:
        return 0.0
    return integrity.told_offset_m(
        gpr.height_offset(bare, surface, antennas),
        None if echo is None else -echo.height_offset_m,
        known=antennas is not None,
    )


def _ground_echo(
    state: RadarState, bare: Soundings, surface: Surface, tables: Gpr
) -> tuple[SurfaceEcho | None, Log]:
    """Weigh the ground's echo before reference and filters have taken the direct wave away.

    None where the recipe does not want the echo, where the head's antennas are not known, and where what they
    received is no echo of flat ground; the latter two are said, unless the recipe gives the permittivity. So is a
    later echo, as of a layer.
    """
    wanted = tables.soil
    if not wanted.surface_echo:
        return None, Log()
    antennas = gpr.find_antennas(state.instrument)
    given = wanted.relative_permittivity != "auto"
    if antennas is None:
        unnamed = state.instrument or "an unnamed instrument"
        return None, Log() if given else Log((fault("gpr-antennas-unknown", instrument=unnamed),))
    told = surface.fitted and surface.height_m.size == bare.time_s.size
    echo = gpr.surface_permittivity(
        bare,
        antennas,
        modality=state.recording.modality,
        roughness_m=wanted.roughness_m,
        height_m=surface.height_m if told else None,
    )
    if echo is None:
        return None, Log() if given else Log((fault("gpr-ground-echo-uneven"),))
    if echo.late is None:
        return echo, Log()
    depth_cm = 100.0 * echo.late.depth_m(echo.permittivity.permittivity)
    return echo, Log((fault("gpr-layer-below", depth_cm=depth_cm, part=echo.late.strength),))


def level_heights(state: RadarState, tables: Gpr) -> tuple[RadarState, Log]:
    """Bring all soundings to one height, where the recipe asks for that."""
    if not tables.height.on:
        return state, Log()
    below, surface = gpr.compensate_height(
        taken(state.soundings), taken(state.surface), **parameters(tables.height)
    )
    return replace(state, soundings=below, surface=surface), Log()


def remove_common(step: RadarStep, state: RadarState, tables: Gpr) -> tuple[RadarState, Log]:
    """Take away what soundings have in common, by the method that the recipe asks for."""
    loss = taken(step.facts.loss)
    before, surface = taken(state.soundings), taken(state.surface)
    options = parameters(tables.background)
    method = options["method"]
    if method == "line-median" or (method == "auto" and state.lines is not None and not surface.fitted):
        return _remove_along(step, state, options)
    if method == "auto":
        options["method"] = method = "moving-median"
    after, flat, point = gpr.remove_background_with_losses(before, surface, **options)
    state, log = with_loss(replace(state, soundings=after), loss, loss.name.format(**options), flat, point)
    if method in MEASURED_RANK and gpr.unchanged_channels(before, after):
        log += Log((fault("gpr-background-nothing-removed", method=method),))
    return state, log


def _remove_along(step: RadarStep, state: RadarState, options: dict[str, Any]) -> tuple[RadarState, Log]:
    """Take the median along the line away; to antennas on the ground coupling and surface are one, both in it."""
    loss, surface = taken(step.facts.loss), taken(state.surface)
    before = taken(state.soundings if surface.fitted else state.calibrated)
    along_m = None if state.lines is None else state.lines.along(before.midpoint_m, before.channel)
    options = options | {"method": "line-median", "along_m": along_m}

    def function(soundings: Soundings) -> Soundings:
        return gpr.remove_background(soundings, surface, **options)

    after = function(before)
    flat, point = echo_losses(function, before, after, surface)
    state, log = with_loss(replace(state, soundings=after), loss, "the median along the line", flat, point)
    return state, Log(notes={"gpr_background": "median in time along the line"}) + log


def make_traces(state: RadarState, tables: Gpr) -> tuple[RadarState, Log]:
    """Transform spectra to analytic traces."""
    traces = gpr.analytic_traces(taken(state.soundings), taken(state.surface), **parameters(tables.traces))
    return _held_together(replace(state, traces=traces, shown=traces)), Log()


def _held_together(state: RadarState) -> RadarState:
    """Hold the traces of neighbouring passes, and heights and clock, against each other, over a patch."""
    surface, traces = taken(state.surface), taken(state.traces)
    if state.lines is not None or not surface.fitted:
        return state
    at = taken(state.soundings)
    place_m, time_s = at.midpoint_m, at.time_s
    if np.unique(at.channel).size > 1:  # pairs at other places of the head look at the ground from other sides
        return state
    order = np.argsort(time_s, kind="stable")
    values = traces.values if (np.diff(order) == 1).all() else traces.values[order]  # no copy without a need
    agreement = integrity.radar_passes(values, traces.dt_s, place_m[order, :2], time_s[order])
    heights_m = surface.height_m[order], place_m[order, 2]
    clock, _ = integrity.clock_doubts(*heights_m, time_s[order], agreement.whole)
    return replace(state, doubts=state.doubts + agreement.doubts + clock)


def raise_shown(step: RadarStep, state: RadarState, tables: Gpr) -> tuple[RadarState, Log]:
    """Raise traces for the eye; detection, migration and confidence never see it."""
    if is_off(step, tables):
        return state, Log()
    return replace(state, shown=gpr.apply_gain(taken(state.shown), **parameters(tables.gain))), Log()


def draw_radargram(step: RadarStep, state: RadarState, tables: Gpr) -> tuple[RadarState, Log]:
    """Take the attribute that the radargram shows."""
    alone = state.lines is not None and state.lines.alone
    if is_off(step, tables) and not alone:  # a line is looked at by its traces
        return state, Log()
    shown, wanted = taken(state.shown), tables.radargram
    values = gpr.attribute(shown, **parameters(wanted)).astype(np.float32, copy=False)
    time_s = shown.dt_s * np.arange(values.shape[1], dtype=np.float64)
    units = gpr.ATTRIBUTE_UNITS[wanted.name]
    gain = tables.gain.method if tables.gain.on else "none"
    at = taken(state.soundings)
    apart_m = float(np.median(np.linalg.norm(at.tx_m - at.rx_m, axis=1)))
    height_m = float(np.median(taken(state.surface).height_m))
    picture = Radargram(wanted.name, units, time_s, at.midpoint_m, values, gain, apart_m, height_m)
    return replace(state, radargram=picture), Log()


def find_soil(state: RadarState, tables: Gpr) -> tuple[RadarState, Log]:
    """Find the permittivity: as given, by a line's hyperbolas, or from echo, focus and prior."""
    below, traces, height_m = taken(state.soundings), taken(state.traces), taken(state.surface).height_m
    wanted, log = tables.soil, Log()
    if wanted.relative_permittivity != "auto":
        given = gpr.Soil(wanted.relative_permittivity, wanted.relative_permittivity_std, "given")
        return replace(state, soil=given), log
    soil, apexes_m = None, np.zeros((0, 3))
    if state.lines is not None:
        soil, apexes_m, log = soil_of_lines(below, traces, state.lines, height_m)
    if soil is None:
        joined = {"prior_permittivity", "prior_spread", "surface_spread", "focus_spread", "coarse_cell_m"}
        soil = gpr.estimate_soil(
            below,
            traces,
            taken(state.cover).grid,
            echo=state.echo,
            height_m=height_m,
            **wanted.model_dump(include=joined),
        )
    return replace(state, soil=soil, apexes_m=apexes_m), log


def migrate_traces(state: RadarState, tables: Gpr) -> tuple[RadarState, Log]:
    """Migrate to a volume; of a line only what lies below it, given to all ground beside it."""
    ground, options = rays(state, tables)
    log = Log()
    if options["on_ground"] and options["method"] == "wavenumber":
        options["method"] = "kirchhoff"
        log = Log((fault("gpr-antennas-on-ground"),))
    depth_m = depths(tables)
    grid, soundings, traces = taken(state.cover).grid, taken(state.soundings), taken(state.traces)

    def image(some: Soundings, heard: Traces, height_m: NDArray[np.float64], cells: Grid) -> Migrated:
        return gpr.migrate(some, heard, cells, depth_m, relative_permittivity=ground, height_m=height_m, **options)

    height_m = taken(state.surface).height_m
    if state.lines is None:
        migrated = image(soundings, traces, height_m, grid)
    else:
        reach_m = state.survey.gpr_reach_m
        migrated = below_lines(
            image, soundings, traces, height_m, grid, state.lines, reach_m=reach_m, depth_count=depth_m.size
        )
    migrated, recorded_m = _as_recorded(migrated, soundings, ground, height_m)
    if recorded_m < tables.migrate.depth_stop_m:
        enough = recorded_m >= MINE_TOPS_M[-1] + gpr.MINE_BOTTOM_M
        severity: Severity = "info" if enough else "degraded"
        log += Log((fault("gpr-record-ends", severity=severity, depth_cm=1e2 * recorded_m),))
    return replace(state, migrated=migrated, recorded_m=recorded_m), log


def depths(tables: Gpr) -> NDArray[np.float64]:
    """Give the depths (m,) that the recipe wants imaged."""
    step_m, stop_m = tables.migrate.depth_step_m, tables.migrate.depth_stop_m
    return step_m * np.arange(round(stop_m / step_m) + 1, dtype=np.float64)


def _as_recorded(
    migrated: Migrated, soundings: Soundings, ground: Ground, height_m: NDArray[np.float64]
) -> tuple[Migrated, float]:
    """Leave nothing below the depth whose echoes came after the record's end, and give that depth."""
    if not np.isfinite(soundings.stop_s):
        return migrated, np.inf
    way_m = 0.5 * C0_M_S * soundings.stop_s - max(float(np.median(height_m)), 0.0)
    deep_m = np.concatenate([migrated.depth_m, [2.0 * migrated.depth_m[-1] + 1.0]])
    recorded_m = max(float(np.interp(way_m, gpr.optical_depth(ground, deep_m), deep_m)), 0.0)
    beyond = migrated.depth_m > recorded_m
    if beyond.any():
        amplitude, fold, coherence = migrated.amplitude, migrated.fold, migrated.coherence
        for values in (amplitude, fold, coherence):
            values[beyond] = 0.0
    return migrated, recorded_m


def rays(state: RadarState, tables: Gpr) -> tuple[Ground, dict[str, Any]]:
    """Give the soil of a state through which rays go, and how the recipe wants them summed."""
    return rays_of(taken(state.surface).height_m, taken(state.soil).relative_permittivity, tables)


def rays_of(height_m: NDArray[np.float64], permittivity: float, tables: Gpr) -> tuple[Ground, dict[str, Any]]:
    """Give the soil through which rays go, and how the recipe wants them summed.

    Parameters
    ----------
    height_m : (n,)
        Of the antennas over the ground.
    permittivity
        Relative, of the soil, or of its uppermost layer.
    tables
        The radar's part of the recipe.

    Returns
    -------
    ground, options
        As `dualsense.gpr.migrate` takes them.
    """
    options = parameters(tables.migrate)
    del options["depth_step_m"], options["depth_stop_m"]
    if options["on_ground"] == "auto":
        options["on_ground"] = bool(np.median(height_m) <= gpr.ON_GROUND_M)
    ground: Ground = permittivity
    if tables.soil.deeper_layers:
        tops, permittivities = zip((0.0, ground), *tables.soil.deeper_layers, strict=True)
        ground = gpr.Layers(tops, permittivities)
    return ground, options
