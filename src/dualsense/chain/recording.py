"""The radar's soundings: looked over, calibrated, and refused where they are no measurement."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense import gpr, survey
from dualsense.chain.line import time_zero_of_lines
from dualsense.chain.log import Log
from dualsense.chain.radar import parameters
from dualsense.chain.steps import taken
from dualsense.chain.tracks import sensor_track
from dualsense.faults import fault
from dualsense.language import in_english
from dualsense.recipe import radar_steps

if TYPE_CHECKING:
    from dualsense.chain.radar import RadarState
    from dualsense.gpr import Soundings
    from dualsense.recipe.gpr import Gpr, GprBandpass
    from dualsense.scan import Fault

MIN_SOUNDINGS = 12
MIN_BAND_HZ = 1e9
"""A narrower band cannot separate a shallow body from the surface, so its silence tells nothing."""


def inspect_recording(state: RadarState, tables: Gpr) -> tuple[RadarState, Log]:
    """Find where the soundings were taken, and say what of the recording a recipe cannot mend."""
    track, log = sensor_track(state.pose, state.recording, "gpr", state.survey)
    recording = state.recording
    ends = (
        survey.lever_arm(track, at, recording.channel) for at in (recording.tx_position_m, recording.rx_position_m)
    )
    tx_m, rx_m = ends
    middle = 0.5 * (tx_m + rx_m)
    rows, reach_m = track.covered, state.survey.gpr_reach_m
    lines = survey.find_lines(middle[rows], recording.channel[rows], recording.time_s[rows], reach_m=reach_m)
    log += Log(_clipping(state, tables) + _idle_steps(state, tables))
    return replace(state, track=track, lines=lines), log


def _clipping(state: RadarState, tables: Gpr) -> tuple[Fault, ...]:
    clipped = gpr.find_clipped(state.recording)
    if not clipped.any():
        return ()
    most = clipped.any(axis=1).mean() > 0.5
    return (
        fault(
            "gpr-clipped",
            severity="degraded" if most else "info",
            samples=clipped.sum(),
            traces=clipped.any(axis=1).sum(),
            fate=in_english("rebuilt where the runs are short")
            if tables.declip.on
            else in_english("used as they are"),
        ),
    )


def _idle_steps(state: RadarState, tables: Gpr) -> tuple[Fault, ...]:
    """Name the steps on samples in time that a recipe asks for and tones do not have."""
    if gpr.sample_axis(state.recording) is not None:
        return ()
    idle = [step.name for step in radar_steps() if step.needs_time_samples and getattr(tables, step.name).on]
    return (fault("gpr-steps-idle", tables=", ".join(f"gpr.{name}" for name in idle)),) if idle else ()


def calibrate_recording(state: RadarState, tables: Gpr) -> tuple[RadarState | None, Log]:
    """Calibrate, and refuse what is too little or nothing but noise."""
    data, timing, log = taken(state.conditioned), None, Log()
    if state.lines is not None:
        timing, log = time_zero_of_lines(data, state.lines, settled=tables.time_zero.on)
        if timing.system_delay_s != data.system_delay_s:
            data = replace(data, system_delay_s=timing.system_delay_s)
    soundings, found = gpr.calibrate(data, taken(state.track), **parameters(tables.calibrate))
    soundings = soundings if timing is None else timing.applied(soundings)
    log += Log(found)
    count = soundings.time_s.size
    if count < MIN_SOUNDINGS:
        return None, log + Log((fault("gpr-too-few-soundings", count=count, needed=MIN_SOUNDINGS),))
    band_hz = _band_hz(soundings, tables.bandpass)
    if band_hz < MIN_BAND_HZ:
        log += Log((fault("gpr-band-narrow", band_ghz=band_hz / 1e9),))
    if survey.noise_share(soundings.spectrum, soundings.channel) > survey.NOISE_ONLY:
        return None, log + Log((fault("gpr-only-noise"),))
    as_recorded = data is state.recording and data.reference is None and soundings.time_zero_std_s == 0.0
    plain = tables.calibrate == type(tables.calibrate)()
    bare = soundings if as_recorded and plain else None
    return replace(state, calibrated=soundings, soundings=soundings, bare=bare, band_hz=band_hz), log


def _band_hz(soundings: Soundings, band: GprBandpass) -> float:
    """Width of the band that is left to image with."""
    f = soundings.frequency_hz
    if band.on:
        f = f[(f >= band.low_hz) & (f <= band.high_hz)]
    return float(np.ptp(f)) if f.size else 0.0
