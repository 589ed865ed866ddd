"""What ground the samples cover: where they were taken, and where a sensor measured it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense import gpr, survey
from dualsense.chain.log import Log
from dualsense.chain.steps import taken
from dualsense.faults import fault

if TYPE_CHECKING:
    from dualsense.chain.metal import MetalState
    from dualsense.chain.radar import RadarState
    from dualsense.recipe.survey import Survey
    from dualsense.result import Coverage, Grid
    from dualsense.survey import Track

MAX_LOST_COLUMNS = 0.01


def swept_ground(
    head: Track, radar: RadarState | None, metal: MetalState | None, tables: Survey, grid: Grid | None = None
) -> Coverage:
    """Lay the map around all samples, and tell what ground each sensor covered.

    Parameters
    ----------
    head
        Its positions and the sensors' span the map.
    radar, metal
        Each sensor's calibrated samples; None for one that failed.
    tables
        Cells, margin and reaches.
    grid
        Cells of the map where they are settled already.

    Returns
    -------
    Coverage
        Its grid is the grid of every map and volume of the scan.
    """
    gpr_m = None if radar is None else taken(radar.calibrated).midpoint_m
    emi_m = None if metal is None else taken(metal.response).center_m
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
        At its chain's end; None where it failed.

    Returns
    -------
    Coverage, Log
    """
    volume = None if radar is None else radar.volume
    working = replace(swept, emi=swept.emi & (metal is not None), gpr=swept.gpr & (volume is not None))
    if volume is None:
        return working, Log()
    measured = working.gpr & gpr.measured_columns(volume)
    lost = 1.0 - measured.sum() / max(working.gpr.sum(), 1)
    said = (fault("gpr-volume-empty", part=lost),) if lost > MAX_LOST_COLUMNS else ()
    return replace(working, gpr=measured), Log(said)
