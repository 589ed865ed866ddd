"""The metal detector's part of the chain, from recorded samples to dipoles and maps."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense import emi, integrity, survey
from dualsense.chain.cache import content_key
from dualsense.chain.log import Log
from dualsense.chain.steps import NUMERICAL, ChainStep, Passage, Run, state_text, taken
from dualsense.chain.tracks import absent, sensor_track
from dualsense.faults import fault
from dualsense.language import in_english
from dualsense.result import Image

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from dualsense.emi import Dipole, Inversion, Latency, Response
    from dualsense.recipe.emi import Emi
    from dualsense.recipe.survey import Survey
    from dualsense.result import Coverage, Doubt
    from dualsense.scan import EmiData, Fault, Pose, Scan

    Real = NDArray[np.float64]

logger = logging.getLogger(__name__)

MIN_ROWS = 12
MENDED = 0.6
"""Disagreement of passes, 1 for what has nothing in common, above which no lag is believed."""
DROWNS = 2
"""Pieces of metal that are taken from the samples before it is asked whether they hear the ground."""
MOVED_M, FAR_M = 1e-3, 0.03
"""Rows that metal moved by less are not told of, nor are depths that are told otherwise than they were fitted."""


@dataclass(frozen=True, slots=True, eq=False)
class MetalState:
    """What is known of the metal detector's data after a step; what is not known yet is None.

    Attributes
    ----------
    recording, pose, survey
        The samples, the head's track, and how it is smoothed.
    delay_s
        By which the samples were stamped earlier than they are recorded.
    response
        Normalised samples, without spikes; from "calibrate" on averaged along the way.
    noise : (c,)
        White noise of one row of the response.
    cover
        The map and what of it is covered.
    inversion
        Ground balance and dipoles.
    columns
        For each dipole, what each row receives of its six unit tensors, (m, 6).
    maps
        Maps by name.
    doubts
        Stretches in which samples contradict each other.
    told
        The dipoles with depths as targets tell them; none where they are told as they were fitted.
    """

    recording: EmiData
    pose: Pose
    survey: Survey
    delay_s: float = 0.0
    response: Response | None = None
    noise: Real | None = None
    cover: Coverage | None = None
    inversion: Inversion | None = None
    columns: tuple[Real, ...] = ()
    maps: Mapping[str, Image] = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()
    told: tuple[Dipole, ...] = ()

    def __repr__(self) -> str:
        return state_text(self)

    def with_cover(self, cover: Coverage) -> MetalState:
        """Give the same once it is known what ground was swept."""
        return replace(self, cover=cover)


def begin_metal(scan: Scan, tables: Survey, run: Run) -> Passage[MetalState]:
    """Take the metal detector's samples out of a scan."""
    if scan.emi is None:
        return Passage("emi", None, said=absent(scan, "emi"))
    key = content_key(scan.emi, scan.pose, tables.model_dump()) if run.cache is not None else ""
    return Passage("emi", MetalState(scan.emi, scan.pose, tables), key)


@dataclass(frozen=True, slots=True, eq=False)
class _Samples:
    """Normalised samples without spikes, their noise, and how many spikes; no noise where they are too few."""

    response: Response
    noise: Real | None
    spikes: int
    said: Log


def _samples(state: MetalState) -> _Samples:
    track, said = sensor_track(state.pose, state.recording, "emi", state.survey)
    response = emi.normalise(state.recording, track)
    if response.time_s.size < MIN_ROWS or response.values.shape[1] == 0:
        return _Samples(response, None, 0, said)
    noise = emi.white_noise(response)
    response, spikes = emi.drop_spikes(response, noise)
    return _Samples(response, noise, spikes, said)


def correct_latency(state: MetalState, tables: Emi) -> tuple[MetalState | None, Log]:
    """Stamp the samples with when they were taken, normalise them, and refuse what is no measurement.

    The lag is the recipe's, or what the scan tells of it where it tells it well and passes to and fro agree by it.
    Where they do not, or do not tell, samples stay where they are, and that is said.
    """
    delay_s = tables.latency.delay_s
    if delay_s == "auto":
        samples = _samples(state)
        lag, log = _estimated(samples, max_s=tables.latency.max_s)
        if lag is not None and lag.significant(sigmas=tables.latency.sigmas):
            later, corrected = _stamped(state, lag.delay_s)
            mended = _samples(later)
            before, after = _disagreement(state, mended, lag.delay_s)
            if after < MENDED and after < before:
                state, samples = later, mended
                log += Log((_latency_fault(lag),)) + corrected
            else:
                log += Log((_unconfirmed(lag),))
    else:
        state, log = _stamped(state, delay_s)
        samples = _samples(state)
    log += samples.said
    if samples.noise is None:
        count = samples.response.time_s.size
        return None, log + Log((fault("emi-too-few-samples", count=count, needed=MIN_ROWS),))
    if samples.spikes:
        log += Log((fault("emi-spikes", count=samples.spikes),))
    if survey.noise_share(samples.response.values, samples.response.coil) > survey.NOISE_ONLY:
        return None, log + Log((fault("emi-only-noise"),))
    return replace(state, response=samples.response), log


def _stamped(state: MetalState, delay_s: float) -> tuple[MetalState, Log]:
    recording = replace(state.recording, time_s=state.recording.time_s - delay_s)
    return replace(state, recording=recording, delay_s=delay_s), Log(
        notes={"emi_latency_corrected_s": f"{delay_s:.4f}"}
    )


def _disagreement(state: MetalState, mended: _Samples, delay_s: float) -> tuple[float, float]:
    """Energy of the difference of neighbouring passes over half of both, as stamped, and stamped anew by a lag.

    Rows are balanced once, stamped anew: only their places differ. What hums in time has a best lag, too, and no
    lag makes its passes agree. NaN where metal does not tell it.
    """
    if mended.noise is None:
        return (float("nan"),) * 2
    rows = emi.bin_along_track(mended.response)
    noise = mended.noise / np.sqrt(max(float(np.median(rows.count)), 1.0))
    rest = emi.apply_balance(rows, emi.balance(rows, noise))
    track = survey.track_at(state.pose, rows.time_s + delay_s, smoothing_s=state.survey.smoothing_s)
    centre_m = 0.5 * (state.recording.tx_position_m + state.recording.rx_position_m)
    told_m = survey.lever_arm(track, centre_m, rows.coil)
    known = np.isfinite(told_m).all(axis=1)
    before, after = (
        integrity.metal_passes(rest[known], place_m[known, :2], rows.time_s[known], rows.coil[known]).middle
        for place_m in (told_m, rows.center_m)
    )
    return before, after


def _estimated(samples: _Samples, *, max_s: float) -> tuple[Latency | None, Log]:
    """Estimate the lag of samples; None where it cannot be."""
    if samples.noise is None:
        return None, Log()
    try:
        lag = emi.estimate_latency(samples.response, samples.noise, max_s=max_s)
    except NUMERICAL as error:
        logger.warning("latency not estimated", exc_info=error)
        return None, Log()
    notes = {"emi_latency_s": f"{lag.delay_s:.4f}", "emi_latency_std_s": f"{lag.std_s:.4f}"}
    return lag, Log(notes=notes)


def _latency_fault(lag: Latency) -> Fault:
    return fault(
        "emi-latency-corrected",
        shift_ms=1e3 * abs(lag.delay_s),
        std_ms=1e3 * lag.std_s,
        sense=in_english("late") if lag.delay_s > 0.0 else in_english("early"),
        way_cm=1e2 * abs(lag.delay_s) * lag.speed_m_s,
    )


def _unconfirmed(lag: Latency) -> Fault:
    return fault(
        "emi-latency-unconfirmed",
        shift_ms=1e3 * abs(lag.delay_s),
        std_ms=1e3 * lag.std_s,
        sense="late" if lag.delay_s > 0.0 else "early",
    )


def measure_lag(state: MetalState, tables: Emi) -> Latency | Fault | None:
    """Estimate the lag of the samples as `correct_latency` does, and leave them as they are.

    Parameters
    ----------
    state
        As recorded.
    tables
        Of which only how to look for the lag is read.

    Returns
    -------
    Latency, Fault or None
        None where it cannot be told; what there is to say where it stands out, and passes do not confirm it.
    """
    lag, _ = _estimated(_samples(state), max_s=tables.latency.max_s)
    if lag is None or not np.isfinite(lag.delay_s):
        return None
    if not lag.significant(sigmas=tables.latency.sigmas):
        return lag
    before, after = _disagreement(state, _samples(_stamped(state, lag.delay_s)[0]), lag.delay_s)
    return lag if after < MENDED and after < before else _unconfirmed(lag)


def lag_said(lag: Latency) -> Log:
    """Say that samples were stamped anew by a lag."""
    return Log((_latency_fault(lag),))


def average_rows(state: MetalState, tables: Emi) -> tuple[MetalState, Log]:
    """Average the samples along the way, and tell the noise of what that gives."""
    response = taken(state.response)
    rows = emi.bin_along_track(response, **tables.calibrate.model_dump())
    noise = emi.white_noise(response) / np.sqrt(np.median(rows.count))
    return replace(state, response=rows, noise=noise), Log()


def find_metal(state: MetalState, tables: Emi) -> tuple[MetalState, Log]:
    """Balance ground and drift, find dipoles and mend the track by them, all in one fit."""
    rows = taken(state.response)
    found = emi.find_dipoles(rows, taken(state.noise), **tables.invert.model_dump())
    return _held_together(replace(state, inversion=found)), _mending(rows, found.mended)


def _held_together(state: MetalState) -> MetalState:
    """Hold the metal samples of neighbouring passes against each other, and ask what tells that the coils hear."""
    rows, found = taken(state.response), taken(state.inversion)
    rest = emi.apply_balance(rows, found.balance)
    agreement = integrity.metal_passes(rest, rows.center_m[:, :2], rows.time_s, rows.coil)
    # the strongest metal would drown the ground; to take all of it would let a beat that many pieces make up pass
    strongest = sorted(found.dipoles, key=lambda dipole: -dipole.statistic)[:DROWNS]
    metal = (emi.dipole_columns(rows, dipole.position_m) for dipole in strongest)
    values, other = rows.values / found.balance.noise, np.column_stack([found.balance.basis[:, :-1], *metal])
    hears = values, other, found.balance.ground, rows.time_s, agreement.whole
    dead = integrity.unvouched(*hears, xy_m=rows.center_m[:, :2], coil=rows.coil)
    return replace(state, doubts=agreement.doubts + dead)


def _mending(as_told: Response, mended: Response) -> Log:
    """Say how much of the track metal told, and by how much it was off."""
    away_m = np.linalg.norm(mended.center_m - as_told.center_m, axis=1)
    moved = away_m > MOVED_M
    if not moved.any():
        return Log()
    part, middle_mm, most_mm = moved.mean(), 1e3 * np.median(away_m[moved]), 1e3 * away_m.max()
    return Log(notes={"emi_track_mended": f"{part:.0%} of the rows, {middle_mm:.1f} mm, at most {most_mm:.1f} mm"})


def locate_metal(state: MetalState, tables: Emi) -> tuple[MetalState, Log]:
    """Locate dipoles one by one; should that break, they stay as they were found."""
    found = taken(state.inversion)
    how = tables.locate.model_dump()
    if not how.pop("on") or not found.dipoles:
        return state, Log()
    try:
        found = emi.refine(taken(state.response), found, **how)
        done = sum(d.estimate is not None for d in found.dipoles)
    except NUMERICAL as error:
        logger.warning("dipoles not located", exc_info=error)
        done = 0
    return replace(state, inversion=found), Log(notes={"emi_located": f"{done} of {len(found.dipoles)}"})


def map_metal(state: MetalState, tables: Emi) -> tuple[MetalState, Log]:
    """Draw the maps of what drift and ground leave, and tell what balancing took."""
    rows, found, cover = taken(state.response), taken(state.inversion), taken(state.cover)
    columns = tuple(emi.dipole_columns(rows, d.position_m) for d in found.dipoles)
    objects = np.concatenate(columns, axis=1) if columns else None
    rest = emi.apply_balance(rows, found.balance, objects=objects)
    how = tables.image.model_dump()
    maps = emi.metal_maps(rows, rest, cover.grid, cover.emi, balance=found.balance, row_weight=found.weight, **how)
    maps["metal_coherence"] = emi.coherence_map(rows, rest, cover.grid, cover.emi, row_weight=found.weight)
    maps["metal_hidden"] = _hidden_map(found, cover)
    kept = emi.small_metal_kept(rows, found.balance)
    notes = {f"emi_{name}_kept_fraction": f"{part:.3f}" for name, part in kept.items()}
    notes["emi_soil_suppression_db"] = f"{emi.soil_suppression_db(found.balance, rest):.1f}"
    if "metal_phase" in maps:
        notes["emi_phase_hz"] = f"{emi.phase_hz(rows):g}"
    return replace(state, columns=columns, maps=maps), Log(notes=notes)


def tell_depths(state: MetalState, tables: Emi) -> tuple[MetalState, Log]:
    """Tell depths with how far such fits err, and how deep metal usually lies."""
    dipoles, how = taken(state.inversion).dipoles, tables.depth
    if not how.on or not dipoles:
        return state, Log()
    told = emi.told_depths(dipoles, taken(state.response), usual_m=how.usual_m, fall_m=how.fall_m)
    moved_m = [abs(a.position_m[2] - b.position_m[2]) for a, b in zip(told, dipoles, strict=True)]
    far = sum(way_m > FAR_M for way_m in moved_m)
    note = f"{far} of {len(told)} by more than {100 * FAR_M:.0f} cm"
    return replace(state, told=told), Log(notes={"emi_depths_moved": note} if far else {})


def balanced_rows(state: MetalState) -> tuple[Real, Real]:
    """Give whitened rows before drift and soil are taken away, and after: what the maps are drawn from.

    Parameters
    ----------
    state
        From "invert" on.

    Returns
    -------
    before, after : (m, c)
        In standard deviations of noise and soil.
    """
    rows, found = taken(state.response), taken(state.inversion)
    columns = [emi.dipole_columns(rows, d.position_m) for d in found.dipoles]
    objects = np.concatenate(columns, axis=1) if columns else None
    return rows.values @ found.balance.whitener.T, emi.apply_balance(rows, found.balance, objects=objects)


def _hidden_map(found: Inversion, cover: Coverage) -> Image:
    """How much metal could lie 5 cm deep without having been found; NaN where nothing was swept."""
    hidden_m3 = np.where(cover.emi, found.hidden_map(cover.grid), np.nan)
    return Image("metal_hidden", "m3", cover.grid, hidden_m3.astype(np.float32))


SAMPLING: tuple[ChainStep[MetalState, Emi], ...] = (ChainStep("latency", correct_latency, ("latency",)),)
"""Before it is known what ground was swept."""
MAPPING: tuple[ChainStep[MetalState, Emi], ...] = (
    ChainStep("calibrate", average_rows, ("calibrate",)),
    ChainStep("invert", find_metal, ("invert",)),
    ChainStep("locate", locate_metal, ("locate",)),
    ChainStep("image", map_metal, ("image",)),
    ChainStep("depth", tell_depths, ("depth",)),
)
"""From rows to dipoles and maps."""
