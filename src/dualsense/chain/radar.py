"""The radar's part of the chain, from recorded soundings to bodies, composed as the recipe asks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dualsense.chain.line import along_strip, at_time_zero, line_soil
from dualsense.gpr import (
    ATTRIBUTE_UNITS,
    MAX_TARGET_LOSS,
    ON_GROUND_M,
    SMALL_MINE_M,
    Body,
    Detectability,
    Ground,
    Layers,
    Migrated,
    Soil,
    Soundings,
    SurfaceEcho,
    Traces,
    add_bodies,
    analytic_traces,
    apply_gain,
    attribute,
    background_loss,
    bandpass,
    calibrate,
    compensate_attitude,
    compensate_height,
    declip,
    detectability,
    dewow,
    echo_finder,
    envelope_volume,
    estimate_soil,
    find_antennas,
    find_bodies,
    find_clipped,
    find_surface,
    fk_fan,
    migrate,
    remove_background,
    remove_line_background,
    remove_offset,
    resample,
    sample_axis,
    spectral_loss,
    spiking,
    surface_permittivity,
    target_loss,
    time_zero,
    whiten_spectrum,
    wiener,
    would_detect,
)
from dualsense.recipe.gpr import GprBackground
from dualsense.result import Coverage, Grid, Radargram, Volume
from dualsense.scan import Fault, GprData
from dualsense.survey import NOISE_ONLY, find_line, lever_arm, noise_share

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from dualsense.gpr import Surface
    from dualsense.recipe import Recipe
    from dualsense.survey import Track

    Progress = Callable[[str, float], None]

T = TypeVar("T")

MIN_SOUNDINGS = 12
FAN = "the fan filter"
DISPUTED, TOP_SPREAD = 2.5, 0.1
"""Standard deviations of ln eps between a given permittivity and the ground's echo, and what depth may add."""
MIN_BAND_HZ = 1e9
"""A narrower band cannot separate a shallow body from the surface, so its silence tells nothing."""

MAX_HEIGHT_DIFFERENCE_M = 0.009
"""Standard deviation; simulated lanes have 3 to 7 mm, and 12 to 14 mm with 10 mm of error in the track."""

TRACE_STEPS: Mapping[str, Callable[..., GprData]] = {
    "declip": declip,
    "offset": remove_offset,
    "dewow": dewow,
    "time_zero": time_zero,
    "resample": resample,
}
SPECTRUM_STEPS: Mapping[str, Callable[..., Soundings]] = {
    "attitude": compensate_attitude,
    "bandpass": bandpass,
    "spiking": spiking,
    "wiener": wiener,
    "whitening": whiten_spectrum,
}
"""Steps by the name of their table in the recipe, in the order in which they happen where it asks for them."""


@dataclass(frozen=True, slots=True, eq=False)
class Radar:
    """What the radar tells of the ground below."""

    volume: Volume
    bodies: tuple[Body, ...]
    soil: Soil
    detectability: Detectability
    radargram: Radargram | None
    notes: Mapping[str, str]
    """Entries of the provenance: what the background removal costs a target."""
    echo_near: Callable[[float, float], Body | None]
    """What stands out most at a place, listed as a body or not."""
    heights_agree: bool
    """Whether the surface's echo comes from where the track has the ground."""

    def would_detect(self, x_m: float, y_m: float, depth_m: float) -> bool:
        """Whether a body at a place would have been listed."""
        return would_detect(self.detectability, x_m, y_m, depth_m)


def calibrated(gpr: GprData, track: Track, recipe: Recipe, faults: list[Fault]) -> Soundings | None:
    """Condition, calibrate and filter; None, with a fault that says why, when nothing usable is left."""
    clipped = find_clipped(gpr)
    if clipped.any():
        fate = "rebuilt where the runs are short" if recipe.gpr.declip.on else "used as they are"
        message = f"{clipped.sum()} samples of {clipped.any(axis=1).sum()} radar traces are clipped, and {fate}"
        most = clipped.any(axis=1).mean() > 0.5
        faults.append(Fault("gpr", "degraded" if most else "info", "/gpr/data", message))
    idle = [name for name in TRACE_STEPS if getattr(recipe.gpr, name).on] if sample_axis(gpr) is None else []
    if idle:
        tables = ", ".join(f"gpr.{name}" for name in idle)
        message = f"{tables} of the recipe work on samples in time and change nothing: the radar recorded tones"
        faults.append(Fault("gpr", "info", "/gpr/data", message))
    data = _asked(gpr, TRACE_STEPS, recipe)
    zero_std_s = 0.0
    pairs_m = lever_arm(track, 0.5 * (gpr.tx_position_m + gpr.rx_position_m), gpr.channel)
    if find_line(pairs_m, reach_m=recipe.survey.gpr_reach_m) is not None:
        data, zero_std_s = at_time_zero(data, faults, settled=recipe.gpr.time_zero.on)
    soundings, found = calibrate(data, track, **recipe.gpr.calibrate.model_dump())
    soundings = replace(soundings, time_zero_std_s=zero_std_s)
    faults += found
    if soundings.time_s.size < MIN_SOUNDINGS:
        message = (
            f"{soundings.time_s.size} usable radar soundings with a position, at least {MIN_SOUNDINGS} are needed"
        )
        faults.append(Fault("gpr", "failed", "/gpr/data", message))
        return None
    band_hz = _band_hz(soundings, recipe)
    if band_hz < MIN_BAND_HZ:
        message = (
            f"the radar's band of {band_hz / 1e9:.2f} GHz is too narrow to tell a shallow body from the surface"
        )
        faults.append(Fault("gpr", "degraded", "/gpr/data", message))
    if noise_share(soundings.spectrum, soundings.channel) > NOISE_ONLY:
        message = (
            "the radar recorded nothing but noise, or too few soundings too far apart: neighbours have nothing in "
            "common"
        )
        faults.append(Fault("gpr", "failed", "/gpr/data", message))
        return None
    if recipe.gpr.bandpass.on:
        loss = spectral_loss(soundings, bandpass(soundings, **recipe.gpr.bandpass.model_dump(exclude={"on"})))
        message = f"the band-pass takes {loss:.0%} of a target's energy"
        faults.append(Fault("gpr", "degraded" if loss > MAX_TARGET_LOSS else "info", "/gpr/data", message))
    return _asked(soundings, SPECTRUM_STEPS, recipe)


def _asked(data: T, steps: Mapping[str, Callable[..., T]], recipe: Recipe) -> T:
    """Take the steps that the recipe asks for, in their order."""
    for name, step in steps.items():
        table = getattr(recipe.gpr, name)
        if table.on:
            data = step(data, **table.model_dump(exclude={"on"}))
    return data


def _band_hz(soundings: Soundings, recipe: Recipe) -> float:
    """Width of the band that is heard and not filtered out."""
    f, band = soundings.frequency_hz, recipe.gpr.bandpass
    if band.on:
        f = f[(f >= band.low_hz) & (f <= band.high_hz)]
    return float(np.ptp(f)) if f.size else 0.0


def ground_echo(
    gpr: GprData, track: Track, instrument: str, recipe: Recipe, faults: list[Fault]
) -> SurfaceEcho | None:
    """Weigh the ground's echo against the direct wave, before reference and filters have taken that away.

    None where the recipe does not want the echo, where the head's antennas are not known, and where what they
    heard is no echo of flat ground; the latter two are said, unless the recipe gives the permittivity.
    """
    wanted = recipe.gpr.soil
    if not wanted.surface_echo:
        return None
    antennas = find_antennas(instrument)
    given = wanted.relative_permittivity != "auto"
    if antennas is None and given:
        return None
    if antennas is None:
        message = (
            f"the antennas of {instrument or 'an unnamed instrument'!r} are not known: the ground's echo does not "
            "tell its permittivity"
        )
        faults.append(Fault("gpr", "info", "/gpr", message))
        return None
    bare, _ = calibrate(gpr, track, use_reference=False)
    echo = surface_permittivity(bare, antennas, modality=gpr.modality, roughness_m=wanted.roughness_m)
    if echo is None and not given:
        message = "the ground's echo is not that of even ground below these antennas, and tells no permittivity"
        faults.append(Fault("gpr", "info", "/gpr/data", message))
    return echo


def image_below(
    soundings: Soundings,
    echo: SurfaceEcho | None,
    grid: Grid,
    cover: Coverage,
    recipe: Recipe,
    faults: list[Fault],
    tell: Progress,
) -> Radar:
    """Take surface and background away, find the soil, migrate, and look for bodies."""
    below, surface = find_surface(soundings, **recipe.gpr.surface.model_dump())
    heights_agree = _heights_agree(soundings, surface, faults)
    if recipe.gpr.height.on:
        below, surface = compensate_height(below, surface, **recipe.gpr.height.model_dump(exclude={"on"}))
    notes: dict[str, str] = {}
    line = find_line(soundings.midpoint_m, reach_m=recipe.survey.gpr_reach_m)
    if line is not None and not surface.fitted and recipe.gpr.background == GprBackground():
        step = partial(remove_line_background, along_m=line.along(soundings.midpoint_m))
        notes |= {"gpr_background": "median in time along the line"}
        below, loss = _measured("the median along the line", step, soundings, surface, notes, faults)
        losses = [loss]
    else:
        losses = [_background_loss(below, surface, recipe, notes, faults)]
        below = remove_background(below, surface, **recipe.gpr.background.model_dump())
    if recipe.gpr.fk.on:
        fan: Callable[[Soundings], Soundings] = partial(fk_fan, **recipe.gpr.fk.model_dump(exclude={"on"}))
        below, loss = _measured(FAN, fan, below, surface, notes, faults)
        losses.append(loss)
    traces = analytic_traces(below, surface, **recipe.gpr.traces.model_dump())
    tell("radar: soil", 0.5)
    soil, apexes_m = None, np.zeros((0, 3))
    if line is not None and recipe.gpr.soil.relative_permittivity == "auto":
        soil, apexes_m, told = line_soil(below, traces, line, surface.height_m)
        notes |= told
    if soil is None:
        soil = _soil(below, traces, grid, echo, surface.height_m, recipe)
    tell("radar: migration", 0.65)
    migrated = _migrated(below, traces, grid, soil, surface.height_m, recipe, faults)
    if line is not None:
        migrated = along_strip(migrated, grid, soundings, line)
    bodies = find_bodies(migrated, grid, cover.gpr, **recipe.gpr.image.model_dump())
    bodies = add_bodies(bodies, apexes_m, migrated, grid, cover.gpr)
    volume = envelope_volume(migrated, grid, cover.gpr)
    found = detectability(
        volume,
        top_m=recipe.gpr.image.top_m,
        min_contrast=recipe.gpr.image.min_contrast,
        listed_all=len(bodies) < recipe.gpr.image.max_bodies,
        losses=losses,
        band_ok=_band_hz(soundings, recipe) >= MIN_BAND_HZ,
        soil_disputed=_disputed(soil, echo),
    )
    if found.excluded:
        message = f"where the radar is silent there may still be a mine: {found.excluded}"
        faults.append(Fault("gpr", "degraded", "/gpr", message))
    near = echo_finder(migrated, grid, cover.gpr)
    return Radar(volume, bodies, soil, found, _radargram(below, traces, recipe), notes, near, heights_agree)


def _heights_agree(soundings: Soundings, surface: Surface, faults: list[Fault]) -> bool:
    """Compare the heights that the surface's echo tells with the track's; rough ground makes up to 7 mm."""
    if not surface.fitted:
        return True
    differ_m = float(np.std(surface.height_m - soundings.midpoint_m[:, 2]))
    if differ_m <= MAX_HEIGHT_DIFFERENCE_M:
        return True
    message = (
        f"the tracked heights differ by {1e3 * differ_m:.0f} mm from those that the ground's echo tells: the "
        "tracker errs by more than it states, or the ground is very rough; nothing is called clutter"
    )
    faults.append(Fault("pose", "degraded", "/pose/position", message))
    return False


def _migrated(
    below: Soundings,
    traces: Traces,
    grid: Grid,
    soil: Soil,
    height_m: NDArray[np.float64],
    recipe: Recipe,
    faults: list[Fault],
) -> Migrated:
    options = recipe.gpr.migrate.model_dump()
    step, stop = options.pop("depth_step_m"), options.pop("depth_stop_m")
    if options["on_ground"] == "auto":
        options["on_ground"] = bool(np.median(height_m) <= ON_GROUND_M)
    if options["on_ground"] and options["method"] == "wavenumber":
        options["method"] = "kirchhoff"
        message = "the antennas touch the ground: migrated by kirchhoff, the wavenumber route needs them above it"
        faults.append(Fault("gpr", "info", "/gpr", message))
    ground: Ground = soil.relative_permittivity
    if recipe.gpr.soil.deeper_layers:
        tops, permittivities = zip((0.0, ground), *recipe.gpr.soil.deeper_layers, strict=True)
        ground = Layers(tops, permittivities)
    depth = step * np.arange(round(stop / step) + 1, dtype=np.float64)
    return migrate(below, traces, grid, depth, relative_permittivity=ground, height_m=height_m, **options)


def _background_loss(
    below: Soundings, surface: Surface, recipe: Recipe, notes: dict[str, str], faults: list[Fault]
) -> float:
    options = recipe.gpr.background.model_dump()
    flat, point = (background_loss(below, surface, body=body, **options) for body in ("flat", "point"))
    return _tell_loss(f"the background removal ({options['method']})", flat, point, notes, faults)


def _measured(
    name: str,
    step: Callable[[Soundings], Soundings],
    below: Soundings,
    surface: Surface,
    notes: dict[str, str],
    faults: list[Fault],
) -> tuple[Soundings, float]:
    """Take a step, and tell what it costs."""
    after = step(below)
    flat, point = (target_loss(step, below, surface, body=body, without=after) for body in ("flat", "point"))
    return after, _tell_loss(name, flat, point, notes, faults)


def _tell_loss(name: str, flat: float, point: float, notes: dict[str, str], faults: list[Fault]) -> float:
    """Note what a step costs a small mine, and make it a fault where it is much."""
    key = "gpr_fan_loss" if name == FAN else "gpr_target_loss"
    notes |= {key: f"{flat:.2f}", f"{key}_point": f"{point:.2f}"}
    worst = max(flat, point)
    message = f"{name} takes {worst:.0%} of the energy of a body {SMALL_MINE_M * 100:.0f} cm across"
    if worst > MAX_TARGET_LOSS:
        faults.append(Fault("gpr", "degraded", "/gpr/data", f"{message}: the radar may miss a small mine"))
    elif name == FAN:
        faults.append(Fault("gpr", "info", "/gpr/data", message))
    return worst


def _radargram(below: Soundings, traces: Traces, recipe: Recipe) -> Radargram | None:
    """Gain and attribute for the eye, after all that measures is done."""
    wanted = recipe.gpr.radargram
    if not wanted.on:
        return None
    shown = _asked(traces, {"gain": apply_gain}, recipe)
    values = attribute(shown, **wanted.model_dump(exclude={"on"})).astype(np.float32)
    time_s = traces.dt_s * np.arange(values.shape[1], dtype=np.float64)
    return Radargram(wanted.name, ATTRIBUTE_UNITS[wanted.name], time_s, below.midpoint_m, values)


def _disputed(soil: Soil, echo: SurfaceEcho | None) -> str:
    """Say how a permittivity that was given disagrees with the ground's echo; empty where it does not."""
    if soil.method != "given" or echo is None:
        return ""
    told = echo.permittivity
    spread = np.hypot(told.std, soil.relative_permittivity_std / soil.relative_permittivity) + TOP_SPREAD
    if abs(np.log(soil.relative_permittivity) - told.mean) <= DISPUTED * spread:
        return ""
    given = soil.relative_permittivity
    return f"a permittivity of {given:g} is given and the ground's echo tells {told.permittivity:.1f}"


def _soil(
    below: Soundings,
    traces: Traces,
    grid: Grid,
    echo: SurfaceEcho | None,
    height_m: NDArray[np.float64],
    recipe: Recipe,
) -> Soil:
    settings = recipe.gpr.soil
    if settings.relative_permittivity != "auto":
        return Soil(settings.relative_permittivity, settings.relative_permittivity_std, "given")
    not_here = {
        "relative_permittivity",
        "relative_permittivity_std",
        "deeper_layers",
        "surface_echo",
        "roughness_m",
    }
    return estimate_soil(
        below, traces, grid, echo=echo, height_m=height_m, **settings.model_dump(exclude=not_here)
    )
