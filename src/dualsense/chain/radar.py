"""The radar's part of the chain: its state, and the steps that any number of steps may be like.

Which steps there are, in which order, is the table `dualsense.recipe.gpr.Gpr`. A step on samples in time or on
soundings that is added there is taken here without a word; what the others do is in `recording`, `imaging` and
`bodies`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dualsense import gpr
from dualsense.chain.cache import content_key
from dualsense.chain.log import Log
from dualsense.chain.steps import Passage, Run, state_text, taken
from dualsense.chain.tracks import absent
from dualsense.faults import fault

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from dualsense.gpr import (
        Body,
        Detectability,
        Migrated,
        Soil,
        Soundings,
        Surface,
        SurfaceEcho,
        Traces,
        Ways,
    )
    from dualsense.recipe.base import Table
    from dualsense.recipe.gpr import Gpr, RadarStep, TargetLoss
    from dualsense.recipe.survey import Survey
    from dualsense.result import Coverage, Doubt, Radargram, Volume
    from dualsense.scan import GprData, Pose, Scan
    from dualsense.survey import Lines, Track

    Real = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RadarState:
    """What is known of the radar's data after a step; what is not known yet is None.

    Attributes
    ----------
    recording, conditioned
        The radar's data as recorded, and after the steps on samples in time.
    pose, survey, instrument
        The head's track, how it is smoothed, and whose head it is.
    track, lines
        The head at the soundings; the line that each channel lies along, None for a patch.
    calibrated
        Soundings as calibrated and filtered, with direct wave and surface in them.
    bare
        As recorded and calibrated without the free-air reference, where that is what the calibration gave.
    band_hz
        Width of the band that is used.
    soundings
        After the last step on them.
    cover
        The map and what of it is covered.
    echo
        What the ground's echo tells of the permittivity.
    surface, heights_agree
        The ground's surface, and whether it is where the track has it.
    losses
        Part of a small mine's energy that each step takes away, 0-1.
    traces, shown
        Analytic traces, and the same gained for the eye.
    radargram
        What is shown of them.
    soil, apexes_m
        Permittivity; places (p, 3) of hyperbolas: x, y and depth.
    migrated, recorded_m, volume
        The migrated volume, the depth that the record of traces reaches, and its envelope where the ground is
        covered.
    bodies, detectability, echo_finder
        Bodies in it, where one would have been listed, and what stands out most at a place.
    clutter : (t, ny, nx)
        Its level where the tops of mines may lie (`dualsense.constants.MINE_TOPS_M`); None where amplitudes are
        not told beside the surface's echo, or no body would be listed.
    ways
        The clearest bodies by passes to and by passes fro.
    doubts
        Stretches in which soundings contradict each other or the track.
    """

    recording: GprData
    conditioned: GprData | None
    pose: Pose
    survey: Survey
    instrument: str
    track: Track | None = None
    lines: Lines | None = None
    calibrated: Soundings | None = None
    bare: Soundings | None = None
    band_hz: float = float("nan")
    soundings: Soundings | None = None
    cover: Coverage | None = None
    echo: SurfaceEcho | None = None
    surface: Surface | None = None
    heights_agree: bool = True
    losses: tuple[float, ...] = ()
    traces: Traces | None = None
    shown: Traces | None = None
    radargram: Radargram | None = None
    soil: Soil | None = None
    apexes_m: Real | None = None
    migrated: Migrated | None = None
    recorded_m: float = float("inf")
    volume: Volume | None = None
    bodies: tuple[Body, ...] = ()
    detectability: Detectability | None = None
    echo_finder: Callable[[float, float], Body | None] | None = None
    clutter: NDArray[np.float32] | None = None
    ways: tuple[Ways, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    def __repr__(self) -> str:
        return state_text(self)

    def with_cover(self, cover: Coverage) -> RadarState:
        """Give the same once it is known what ground was swept."""
        return replace(self, cover=cover)

    def would_detect(self, x_m: float, y_m: float, depth_m: float) -> bool:
        """Whether a body at a place would have been listed."""
        return gpr.would_detect(taken(self.detectability), x_m, y_m, depth_m)


def begin_radar(scan: Scan, tables: Survey, run: Run) -> Passage[RadarState]:
    """Take the radar's data out of a scan."""
    if scan.gpr is None:
        return Passage("gpr", None, said=absent(scan, "gpr"))
    instrument = scan.imported.get("antennas") or scan.header.instrument  # measured, where `calibrate` did
    key = content_key(scan.gpr, scan.pose, tables.model_dump(), instrument) if run.cache is not None else ""
    return Passage("gpr", RadarState(scan.gpr, scan.gpr, scan.pose, tables, instrument), key)


def parameters(table: Table) -> dict[str, Any]:
    """Give the keyword arguments of a step: its table without the switch."""
    return table.model_dump(exclude={"on"})


def is_off(step: RadarStep, tables: Gpr) -> bool:
    """Tell whether a step is optional and not asked for."""
    return step.optional and not getattr(tables, step.name).on


def take_samples_step(step: RadarStep, state: RadarState, tables: Gpr) -> tuple[RadarState, Log]:
    """Take a step on samples in time."""
    if is_off(step, tables):
        return state, Log()
    function = getattr(gpr, step.facts.function)
    data = function(taken(state.conditioned), **parameters(getattr(tables, step.name)))
    return replace(state, conditioned=data), Log()


def take_soundings_step(step: RadarStep, state: RadarState, tables: Gpr) -> tuple[RadarState, Log]:
    """Take a step from soundings to soundings, and measure what it takes of a target if it says that."""
    if is_off(step, tables):
        return state, Log()
    table = getattr(tables, step.name)
    before = taken(state.soundings)
    function: Callable[[Soundings], Soundings] = partial(getattr(gpr, step.facts.function), **parameters(table))
    after = function(before)
    loss = step.facts.loss
    if loss is None:
        return replace(state, soundings=after), Log()
    if loss.measure == "spectrum":
        return replace(state, soundings=after), _spectral_loss(loss, before, after)
    flat, point = echo_losses(function, before, after, taken(state.surface))
    return with_loss(replace(state, soundings=after), loss, loss.name.format(**parameters(table)), flat, point)


def _spectral_loss(loss: TargetLoss, before: Soundings, after: Soundings) -> Log:
    part = gpr.spectral_loss(before, after)
    much = part > gpr.MAX_TARGET_LOSS
    if not much and not loss.always:
        return Log()
    return Log((fault("gpr-spectral-loss", severity="degraded" if much else "info", step=loss.name, loss=part),))


def echo_losses(
    function: Callable[[Soundings], Soundings], before: Soundings, after: Soundings, surface: Surface
) -> tuple[float, float]:
    """Measure what a step takes of a flat and of a point-like small mine.

    Parameters
    ----------
    function
        The step.
    before, after
        What it was given, and what it made of it.
    surface
        To align the echo with.

    Returns
    -------
    flat, point
        Parts of their energy, 0-1.
    """
    flat = gpr.target_loss(function, before, surface, body="flat", without=after)
    point = gpr.target_loss(function, before, surface, body="point", without=after)
    return flat, point


def with_loss(state: RadarState, loss: TargetLoss, name: str, flat: float, point: float) -> tuple[RadarState, Log]:
    """Note what a step costs a small mine, and make it a fault where it is much.

    Parameters
    ----------
    state
        After the step.
    loss
        How the step says it.
    name
        Of the step in the sentence.
    flat, point
        From `echo_losses`.

    Returns
    -------
    RadarState, Log
    """
    worst = max(flat, point)
    notes = {loss.note: f"{flat:.2f}", f"{loss.note}_point": f"{point:.2f}"}
    state = replace(state, losses=(*state.losses, worst))
    if worst <= gpr.MAX_TARGET_LOSS and not loss.always:
        return state, Log(notes=notes)
    code = "gpr-target-loss" if worst > gpr.MAX_TARGET_LOSS else "gpr-target-loss-small"
    return state, Log((fault(code, step=name, loss=worst, body_cm=gpr.SMALL_MINE_M * 100),), notes)
