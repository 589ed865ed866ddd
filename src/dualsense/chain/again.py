"""The radar's image once more, at another permittivity: only the steps that hang on it are taken again.

What it is for is to look: nothing is called anew, and the result of the scan stays what it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from dualsense import gpr
from dualsense.chain.imaging import migrate_traces
from dualsense.chain.process import process_scan
from dualsense.chain.steps import taken
from dualsense.errors import ScanError
from dualsense.result import Coverage, Grid

if TYPE_CHECKING:
    from dualsense.chain.radar import RadarState
    from dualsense.recipe import Recipe
    from dualsense.result import Result, Volume
    from dualsense.scan import Scan

BEFORE = "gpr.soil"
"""The last step that is not taken again: traces are made, and the permittivity is told."""


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A radar that only needs a permittivity to give an image.

    Attributes
    ----------
    state
        After `BEFORE`.
    recipe
        Of all steps before and after.
    result
        Of the whole chain.
    """

    state: RadarState
    recipe: Recipe
    result: Result


def ready_radar(scan: Scan, recipe: Recipe) -> Ready:
    """Take a scan through the whole chain, and keep its radar from just before the image.

    Parameters
    ----------
    scan
        Short enough to be processed in one piece.
    recipe
        Parameters of every step.

    Returns
    -------
    Ready

    Raises
    ------
    ScanError
        The scan cannot be processed, or its radar gives no image.
    """
    result = process_scan(scan, recipe, keep=BEFORE)
    state = result.kept.get(BEFORE)
    if state is None or result.gpr_volume is None:
        msg = f"{scan.header.scan_id}: the radar gives no image"
        raise ScanError(msg)
    return Ready(state, recipe, replace(result, kept={}))


def image_again(
    ready: Ready,
    *,
    relative_permittivity: float | None = None,
    depth_stop_m: float | None = None,
    coarser: int = 1,
) -> Volume:
    """Make the radar's image at another permittivity, or to another depth.

    Parameters
    ----------
    ready
        From `ready_radar`.
    relative_permittivity
        Of the whole ground, instead of what the scan or the recipe told; None keeps that.
    depth_stop_m
        Instead of the recipe's; None keeps that.
    coarser
        Every so many cells of the grid are imaged, with cells as many times as large: what shows at once while a
        control is moved.

    Returns
    -------
    Volume
        Envelope, NaN where the radar did not measure; where nothing is changed, the bytes of the scan's result.

    Raises
    ------
    ValueError
        The permittivity is below that of air.
    """
    state, tables = ready.state, ready.recipe.gpr
    if relative_permittivity is not None:
        state = replace(state, soil=gpr.Soil(relative_permittivity, 0.0, "given"))
        tables = tables.model_copy(update={"soil": tables.soil.model_copy(update={"deeper_layers": ()})})
    if depth_stop_m is not None:
        migrate = tables.migrate.model_copy(update={"depth_stop_m": depth_stop_m})
        tables = tables.model_copy(update={"migrate": migrate})
    shown, imaged = ready.result.coverage.gpr, taken(state.cover)
    if coarser > 1:
        shown, imaged = shown[::coarser, ::coarser], _coarser(imaged, coarser)
        state = replace(state, cover=imaged)
    with threadpool_limits(limits=1, user_api="blas"):
        state, _ = migrate_traces(state, tables)
        volume = gpr.envelope_volume(taken(state.migrated), imaged.grid, imaged.gpr)
    values = volume.values.copy()
    values[:, ~shown] = np.nan
    return replace(volume, values=values)


def _coarser(cover: Coverage, times: int) -> Coverage:
    grid = Grid(cover.grid.x_m[::times], cover.grid.y_m[::times], cover.grid.cell_m * times)
    masks = {name: getattr(cover, name)[::times, ::times] for name in ("patch", "emi", "gpr")}
    return Coverage(grid, **masks)
