"""What integrity takes away: samples before the sensors' chains, ground after them, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense import fusion, integrity, numerics, survey
from dualsense.chain.log import Log
from dualsense.chain.steps import taken
from dualsense.chain.tracks import lines_of, recorded_places
from dualsense.faults import KINDS, fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from dualsense.chain.metal import MetalState
    from dualsense.chain.radar import RadarState
    from dualsense.chain.tracks import Places
    from dualsense.integrity import InStep
    from dualsense.recipe.survey import Survey
    from dualsense.result import Coverage, Doubt, Grid
    from dualsense.scan import EmiData, Fault, GprData, Pose, Scan, SensorName
    from dualsense.survey import Track

    Cells = NDArray[np.bool_]
    Real = NDArray[np.float64]

NEARER = (0.25, 0.5, 0.75, 1.0)
"""Parts of a sensor's reach at which a cell's nearest sample is asked for."""
APERTURE_M = 0.106
"""Side of the square in which a mine is imaged: as large as a disc of 6 cm."""
LEAST_DENSITY_M2, LEAST_PART = 500.0, 0.75
"""Soundings on covered ground, and covered part of such a square, with which a small mine would be imaged."""


def screen(scan: Scan, head: Track) -> tuple[Scan, tuple[Doubt, ...], Log]:
    """Look a recording over, and leave out what is no measurement.

    Parameters
    ----------
    scan
        As read.
    head
        Its track.

    Returns
    -------
    Scan, doubts, Log
        The same scan where nothing is doubted.
    """
    patch = survey.find_line(head.position_m) is None and lines_of(scan) is None
    doubts = integrity.inspect(scan, patch=patch)
    log = Log(faults_of(doubts, scan))
    scan = integrity.without(scan, doubts)
    if scan.gpr is not None and scan.gpr.time_s.size:
        data, count = integrity.without_noisy_tones(scan.gpr)
        if count:
            log += Log((fault("tones-noisy", count=count, total=scan.gpr.data.shape[1]),))
            scan = replace(scan, gpr=data)
    return scan, doubts, log


def faults_of(doubts: Iterable[Doubt], scan: Scan) -> tuple[Fault, ...]:
    """Tell each kind of doubt once, with the part of the recording that it takes.

    Kinds that are worded with other numbers were told by who found them.
    """
    kinds: dict[tuple[str, str], list[Doubt]] = {}
    for one in doubts:
        kinds.setdefault((one.code, one.sensor), []).append(one)
    said = []
    for (code, sensor), own in kinds.items():
        time_s = _time_s(scan, sensor)
        part = float(integrity.doubted(own, own[0].sensor, time_s).mean()) if time_s.size else 1.0
        known: dict[str, float] = {
            "part": part,
            "stretches": len(own),
            "start_s": min(one.start_s for one in own),
            "stop_s": max(one.stop_s for one in own),
        }
        if not KINDS[code].fields <= known.keys():
            continue
        values: dict[str, Any] = {name: known[name] for name in sorted(KINDS[code].fields)}
        said.append(fault(code, sensor=own[0].sensor, path=f"/{sensor}", **values))
    return tuple(said)


def of_the_whole(doubts: Iterable[Doubt], scan: Scan) -> tuple[Doubt, ...]:
    """Stretch what is found of a whole recording, by rows that were averaged or kept, to all of its samples."""
    times = [_time_s(scan, name) for name in ("gpr", "emi", "pose")]
    first_s, last_s = min(t.min() for t in times if t.size), max(t.max() for t in times if t.size)
    return tuple(replace(one, start_s=float(first_s), stop_s=float(last_s)) for one in doubts)


def in_place(radar: RadarState | None, metal: MetalState | None, cover: Coverage) -> tuple[tuple[Doubt, ...], Log]:
    """Ask whether both sensors show the same objects at the same places.

    Parameters
    ----------
    radar, metal
        At their chains' ends; with only one of them, or a single line, nothing is asked.
    cover
        Ground on which the radar's bodies were looked for.

    Returns
    -------
    doubts, Log
    """
    if radar is None or metal is None or radar.lines is not None:
        return (), Log()
    leads = [group[0] for group in fusion.group_dipoles(taken(metal.inversion).dipoles)]
    found = integrity.sensors_in_place(
        np.array([lead.position_m[:2] for lead in leads]).reshape(-1, 2),
        np.array([0.5 * np.trace(lead.covariance_m2[:2, :2]) for lead in leads]),
        np.array([lead.statistic for lead in leads]),
        np.array([(body.x_m, body.y_m) for body in radar.bodies]).reshape(-1, 2),
        float(cover.gpr.sum()) * cover.grid.cell_m**2,
        taken(radar.soundings).time_s,
    )
    step = _in_step(radar)
    notes: dict[str, str] = {}
    said: tuple[Fault, ...] = ()
    if step.objects:
        notes["gpr_late_ms"] = f"{1e3 * step.late_s:+.0f} +- {1e3 * step.std_s:.0f} by {step.objects} objects"
    if step.doubts:
        apart_cm = 2e2 * abs(step.late_s) * step.speed_m_s
        said += (fault("ways-disagree", apart_cm=apart_cm, sigmas=step.sigmas),)
    if found.objects:
        (x, y), (x_std, y_std) = 1e3 * found.offset_m, 1e3 * found.std_m
        notes["sensors_offset_mm"] = f"{x:+.0f} +- {x_std:.0f}, {y:+.0f} +- {y_std:.0f} by {found.objects} objects"
    if found.doubts:
        offset_cm = 1e2 * float(np.hypot(*found.offset_m))
        said += (fault("places-disagree", offset_cm=offset_cm, sigmas=found.sigmas),)
    return found.doubts + step.doubts, Log(said, notes=notes)


def _in_step(radar: RadarState) -> InStep:
    apart_m, speed_m_s = (
        np.array([getattr(one, name) for one in radar.ways]) for name in ("apart_m", "speed_m_s")
    )
    return integrity.ways_in_step(apart_m, speed_m_s, taken(radar.soundings).time_s)


def _time_s(scan: Scan, sensor: str) -> Real:
    data: GprData | EmiData | Pose | None = getattr(scan, sensor)
    return np.zeros(0) if data is None else data.time_s


def believed_ground(
    cover: Coverage,
    scan: Scan,
    places: Mapping[SensorName, Places],
    doubts: tuple[Doubt, ...],
    tables: Survey,
) -> Coverage:
    """Take the ground of doubted samples from the coverage.

    A cell is lost where a doubted sample lies nearer to it than any that is believed, and all of it where none is.

    Parameters
    ----------
    cover
        Where samples were taken.
    scan
        As read.
    places
        Of the samples that each sensor's chain went on with: what it dropped for reasons of its own vouches for
        no ground.
    doubts
        Of either sensor and of the track.
    tables
        Reaches of the sensors.

    Returns
    -------
    Coverage
    """
    if not doubts:
        return cover
    masks: dict[SensorName, Cells] = {"emi": cover.emi, "gpr": cover.gpr}
    reach_m: dict[SensorName, float] = {"emi": tables.emi_reach_m, "gpr": tables.gpr_reach_m}
    for sensor, used in places.items():
        data: EmiData | GprData = getattr(scan, sensor)
        bad = integrity.doubted(doubts, sensor, data.time_s, channel=data.channel)
        if bad.any():
            good = ~integrity.doubted(doubts, sensor, used.time_s, channel=used.channel)
            bad_m = recorded_places(scan, sensor, bad, tables)
            masks[sensor] = masks[sensor] & ~_lost(cover.grid, bad_m, used.place_m[good], reach_m[sensor])
    return replace(cover, emi=masks["emi"], gpr=masks["gpr"])


def _lost(grid: Grid, bad_m: Real, good_m: Real, reach_m: float) -> Cells:
    lost = np.zeros((grid.y_m.size, grid.x_m.size), dtype=np.bool_)
    if not good_m.size:
        return ~lost
    for part in NEARER:
        near, others = (survey.covered_cells(grid, own, reach_m=part * reach_m) for own in (bad_m, good_m))
        lost |= near & ~others
    return lost


def sampled_ground(cover: Coverage, radar: RadarState | None) -> Coverage:
    """Count only ground as covered by the radar that it sampled densely enough to image a small mine.

    Parameters
    ----------
    cover
        Ground within reach of a sounding.
    radar
        Whose soundings they are; None covers nothing, and a single line is as dense as it is.

    Returns
    -------
    Coverage
    """
    if radar is None or radar.lines is not None:
        return cover
    grid = cover.grid
    row, column = survey.cells_of(grid, taken(radar.soundings).midpoint_m)
    count = np.zeros(cover.gpr.shape)
    np.add.at(count, (row, column), 1.0)
    half = max(1, round(0.5 * APERTURE_M / grid.cell_m))
    soundings, covered = numerics.box_sum(count, half), numerics.box_sum(cover.gpr.astype(np.float64), half)
    ground = numerics.box_sum((cover.patch | cover.gpr).astype(np.float64), half)
    dense = soundings >= LEAST_DENSITY_M2 * grid.cell_m**2 * covered
    return replace(cover, gpr=cover.gpr & dense & (covered >= LEAST_PART * ground))
