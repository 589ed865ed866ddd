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
    depth_step_m: float | None = None,
) -> Volume:
    """Make the radar's image at another permittivity, or to another depth.

    Parameters
    ----------
    ready
        From `ready_radar`.
    relative_permittivity
        Of the whole ground, instead of what the scan or the recipe told; None keeps that.
    depth_stop_m, depth_step_m
        Instead of the recipe's; None keeps those.

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
    given = {"depth_stop_m": depth_stop_m, "depth_step_m": depth_step_m}
    changed = {name: value for name, value in given.items() if value is not None}
    tables = tables.model_copy(update={"migrate": tables.migrate.model_copy(update=changed)})
    with threadpool_limits(limits=1, user_api="blas"):
        state, _ = migrate_traces(state, tables)
        cover = ready.result.coverage
        volume = gpr.envelope_volume(taken(state.migrated), cover.grid, taken(state.cover).gpr)
    values = volume.values.copy()
    values[:, ~cover.gpr] = np.nan
    return replace(volume, values=values)
