"""What integrity takes away: samples before the sensors' chains, ground after them, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense import integrity, survey
from dualsense.chain.log import Log
from dualsense.chain.steps import taken
from dualsense.faults import KINDS, fault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dualsense.chain.radar import RadarState
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
    patch = survey.find_line(head.position_m) is None
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
    """Tell each kind of doubt once, with the part of the recording that it takes."""
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
        values: dict[str, Any] = {name: known[name] for name in sorted(KINDS[code].fields)}
        said.append(fault(code, sensor=own[0].sensor, path=f"/{sensor}", **values))
    return tuple(said)


def of_the_whole(doubts: Iterable[Doubt], scan: Scan) -> tuple[Doubt, ...]:
    """Stretch what is found of a whole recording, by rows that were averaged or kept, to all of its samples."""
    times = [_time_s(scan, name) for name in ("gpr", "emi", "pose")]
    first_s, last_s = min(t.min() for t in times if t.size), max(t.max() for t in times if t.size)
    return tuple(replace(one, start_s=float(first_s), stop_s=float(last_s)) for one in doubts)


def _time_s(scan: Scan, sensor: str) -> Real:
    data: GprData | EmiData | Pose | None = getattr(scan, sensor)
    return np.zeros(0) if data is None else data.time_s


def believed_ground(
    cover: Coverage, scan: Scan, head: Track, doubts: tuple[Doubt, ...], tables: Survey
) -> Coverage:
    """Take the ground of doubted samples from the coverage.

    A cell is lost where a doubted sample lies nearer to it than any other, and all of it where all are doubted.

    Parameters
    ----------
    cover
        Where samples were taken.
    scan
        As read.
    head
        Its track.
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
    for name, reach_m in (("emi", tables.emi_reach_m), ("gpr", tables.gpr_reach_m)):
        sensor: SensorName = "emi" if name == "emi" else "gpr"
        data: EmiData | GprData | None = getattr(scan, sensor)
        if data is not None:
            bad = integrity.doubted(doubts, sensor, data.time_s)
            masks[sensor] = masks[sensor] & ~_lost(cover.grid, _places(head, data.time_s), bad, reach_m)
    return replace(cover, emi=masks["emi"], gpr=masks["gpr"])


def _places(head: Track, time_s: Real) -> Real:
    known = np.isfinite(head.position_m).all(axis=1)
    return np.column_stack([np.interp(time_s, head.time_s[known], head.position_m[known, k]) for k in range(2)])


def _lost(grid: Grid, place_m: Real, bad: Cells, reach_m: float) -> Cells:
    lost = np.zeros((grid.y_m.size, grid.x_m.size), dtype=np.bool_)
    if not bad.any():
        return lost
    if bad.all():
        return ~lost
    for part in NEARER:
        near, others = (survey.covered_cells(grid, place_m[own], reach_m=part * reach_m) for own in (bad, ~bad))
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
    if radar is None or radar.line is not None:
        return cover
    grid = cover.grid
    row, column = survey.cells_of(grid, taken(radar.soundings).midpoint_m)
    count = np.zeros(cover.gpr.shape)
    np.add.at(count, (row, column), 1.0)
    half = max(1, round(0.5 * APERTURE_M / grid.cell_m))
    soundings, covered = _around(count, half), _around(cover.gpr.astype(np.float64), half)
    ground = _around((cover.patch | cover.gpr).astype(np.float64), half)
    dense = soundings >= LEAST_DENSITY_M2 * grid.cell_m**2 * covered
    return replace(cover, gpr=cover.gpr & dense & (covered >= LEAST_PART * ground))


def _around(values: Real, half: int) -> Real:
    """Sum over the square around each cell (ny, nx)."""
    padded = np.pad(values, ((half + 1, half), (half + 1, half)))
    total = padded.cumsum(axis=0).cumsum(axis=1)
    side = 2 * half + 1
    out: Real = total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
    return out
