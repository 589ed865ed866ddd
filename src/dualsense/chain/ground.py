"""What ground the samples cover: where they were taken, and where a sensor measured it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense import fusion, gpr, survey
from dualsense.chain.log import Log
from dualsense.chain.steps import taken
from dualsense.chain.tracks import Places
from dualsense.constants import HIDDEN_M3, MINE_TOPS_M
from dualsense.faults import fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dualsense.chain.metal import MetalState
    from dualsense.chain.radar import RadarState
    from dualsense.recipe.survey import Survey
    from dualsense.result import Coverage, Grid, Target, Volume
    from dualsense.scan import Fault, SensorName
    from dualsense.survey import Track

    Cells = NDArray[np.bool_]

SENSORS: tuple[SensorName, ...] = ("emi", "gpr")
MAX_LOST_COLUMNS, MAX_HIDDEN = 0.01, 0.03
"""Parts of a sensor's ground that may be lost without a word."""

FOUND_M = 0.06
"""So far around metal that is listed the ground is told of by that metal's own call."""


def sample_places(radar: RadarState | None, metal: MetalState | None) -> dict[SensorName, Places]:
    """Give the places of the samples that each sensor's chain goes on with; none of a sensor that failed."""
    out: dict[SensorName, Places] = {}
    if metal is not None:
        rows = taken(metal.response)
        out["emi"] = Places(rows.center_m, rows.time_s + metal.delay_s, rows.coil)
    if radar is not None:
        soundings = taken(radar.calibrated)
        out["gpr"] = Places(soundings.midpoint_m, soundings.time_s, soundings.channel)
    return out


def swept_ground(
    head: Track, places: Mapping[SensorName, Places], tables: Survey, grid: Grid | None = None
) -> Coverage:
    """Lay the map around all samples, and tell what ground each sensor covered.

    Parameters
    ----------
    head
        Its positions and the sensors' span the map.
    places
        Of each sensor's samples; none of one that failed.
    tables
        Cells, margin and reaches.
    grid
        Cells of the map where they are settled already.

    Returns
    -------
    Coverage
        Its grid is the grid of every map and volume of the scan.
    """
    emi_m, gpr_m = (places[name].place_m if name in places else None for name in SENSORS)
    if grid is None:
        parts = [p for p in (head.position_m, emi_m, gpr_m) if p is not None]
        grid = survey.grid_around(np.concatenate(parts), cell_m=tables.cell_m, margin_m=tables.margin_m)
    return survey.coverage(
        grid,
        head_m=head.position_m,
        emi_m=emi_m,
        gpr_m=gpr_m,
        emi_reach_m=tables.emi_reach_m,
        gpr_reach_m=tables.gpr_reach_m,
    )


def assessed_ground(swept: Coverage, radar: RadarState | None, metal: MetalState | None) -> tuple[Coverage, Log]:
    """Take from the coverage what a sensor swept and did not measure.

    Parameters
    ----------
    swept
        Where samples were taken.
    radar
        At its chain's end; None where it failed, and then it covers nothing. Nor does it cover cells below which
        most of its volume is empty.
    metal
        At its chain's end; None where it failed. It does not cover cells where metal would have been hidden, by
        the errors of stronger metal, by what could not be explained, or by noise.

    Returns
    -------
    Coverage, Log
    """
    volume = None if radar is None else radar.volume
    deep = radar is not None and volume is not None and _reaches_mines(radar.recorded_m, volume)
    working = replace(swept, emi=_metal_in_sight(swept, metal), gpr=swept.gpr & deep)
    measured, unimaged = _imaged(working, volume)
    return replace(working, gpr=measured), unimaged


def _reaches_mines(recorded_m: float, volume: Volume) -> bool:
    """Whether the record goes on as deep as mines lie, or as what was asked to be imaged."""
    return recorded_m >= min(MINE_TOPS_M[-1] + gpr.MINE_BOTTOM_M, float(volume.depth_m[-1]))


def _metal_in_sight(swept: Coverage, metal: MetalState | None) -> Cells:
    """Cells that the metal detector swept and where it found metal, or would have found `HIDDEN_M3`."""
    hidden = hidden_ground(swept.grid, metal)
    if metal is None or hidden is None:
        return np.zeros_like(swept.emi)
    places_m = np.array([dipole.position_m for dipole in taken(metal.inversion).dipoles]).reshape(-1, 3)
    return swept.emi & (survey.covered_cells(swept.grid, places_m, reach_m=FOUND_M) | ~hidden)


def _imaged(working: Coverage, volume: Volume | None) -> tuple[NDArray[np.bool_], Log]:
    """Cells that the radar swept and imaged."""
    if volume is None:
        return working.gpr, Log()
    measured = working.gpr & gpr.measured_columns(volume)
    lost = 1.0 - measured.sum() / max(working.gpr.sum(), 1)
    said = (fault("gpr-volume-empty", part=lost),) if lost > MAX_LOST_COLUMNS else ()
    return measured, Log(said)


def told_ground(
    cover: Coverage, left_out: Sequence[Target], listed: Sequence[Target] = (), hidden: Cells | None = None
) -> Coverage:
    """Take from the coverage of each sensor the ground about its detections that no listed target tells of.

    Parameters
    ----------
    cover
        Ground that each sensor measured, that about all metal that was found among it.
    left_out
        As far as these are objects after all, something hides there.
    listed
        Those with metal tell of the ground about them, and no other metal does: not what was left out, nor the
        second piece of one target.
    hidden : (ny, nx) bool, optional
        Cells where metal would have been hidden, as `hidden_ground` gives them.

    Returns
    -------
    Coverage
    """
    gone = {name: _places_m(_detected(left_out, name)) for name in SENSORS}
    emi, gpr_ = (survey.covered_cells(cover.grid, gone[name], reach_m=fusion.LEFT_OUT_M) for name in SENSORS)
    if hidden is not None:
        own = _places_m(_detected(listed, "emi"))
        emi |= hidden & ~survey.covered_cells(cover.grid, own, reach_m=FOUND_M)
    return replace(cover, emi=cover.emi & ~emi, gpr=cover.gpr & ~gpr_)


def hidden_ground(grid: Grid, metal: MetalState | None) -> Cells | None:
    """Cells (ny, nx) where as much metal as `HIDDEN_M3` would have been hidden; None without a metal detector."""
    if metal is None:
        return None
    hidden: Cells = taken(metal.inversion).hidden_map(grid) >= HIDDEN_M3
    return hidden


def fault_hidden(swept: Coverage, cover: Coverage, hidden: Cells | None) -> tuple[Fault, ...]:
    """Say on how much of the ground that the metal detector swept metal would have been hidden."""
    if hidden is None:
        return ()
    part = float((swept.emi & hidden & ~cover.emi).sum()) / max(int(swept.emi.sum()), 1)
    return (fault("emi-metal-hidden", part=part),) if part > MAX_HIDDEN else ()


def faults_left_out(left_out: Sequence[Target]) -> tuple[Fault, ...]:
    """Say how many detections of each sensor were left out of the list, and where.

    Parameters
    ----------
    left_out
        Of the whole ground.

    Returns
    -------
    tuple of Fault
    """
    said = []
    for name in SENSORS:
        if gone := _detected(left_out, name):
            places = ", ".join(sorted(f"{t.x_m:.2f}:{t.y_m:.2f}" for t in gone))
            said.append(
                fault("detections-left-out", sensor=name, path=f"/{name}/data", count=len(gone), places=places)
            )
    return tuple(said)


def _detected(targets: Sequence[Target], sensor: SensorName) -> list[Target]:
    """Choose those that a sensor detected itself."""
    return [t for t in targets if (seen := t.emi if sensor == "emi" else t.gpr) is not None and seen.score > 0.0]


def _places_m(targets: Sequence[Target]) -> NDArray[np.float64]:
    return np.array([(t.x_m, t.y_m) for t in targets], dtype=np.float64).reshape(-1, 2)


def within_patch(cover: Coverage) -> Coverage:
    """Count only ground as covered that was set out to be swept: beside it all is seen from one side alone."""
    return replace(cover, emi=cover.emi & cover.patch, gpr=cover.gpr & cover.patch)
