"""What all tiles of a long scan have to agree on, told before the first of them is processed.

The lag of the metal detector is the instrument's, and the permittivity stretches the depth axis: with values of
its own each tile would be seen in the picture as a step. Both are estimated on some of the tiles, by the steps
that do so for a short scan, and given to all. Where the permittivities contradict each other the soil really
changes, and each tile keeps its own.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from dualsense import survey
from dualsense.chain.ground import sample_places, swept_ground
from dualsense.chain.log import Log
from dualsense.chain.metal import begin_metal, lag_said, measure_lag
from dualsense.chain.radar import begin_radar
from dualsense.chain.radar_steps import IMAGING, recording_steps
from dualsense.chain.steps import NUMERICAL, Run, advance, taken
from dualsense.emi import Latency
from dualsense.errors import ScanError
from dualsense.scan import Fault

T = TypeVar("T", bound="Table")

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualsense.chain.tiles import Plan, Tile
    from dualsense.gpr import Soil
    from dualsense.io import Recording
    from dualsense.recipe import Recipe
    from dualsense.recipe.base import Table
    from dualsense.scan import Scan

logger = logging.getLogger(__name__)

LAG_TILES, SOIL_PART, SOIL_TILES = 16, 0.25, 8
"""The lag is looked for in so many tiles at most, the permittivity in this part of them and in so many."""
UNEVEN = 2.5
"""Standard deviations from the mean at which a tile's permittivity contradicts the others'."""
_UP_TO_SOIL = IMAGING[: [step.name for step in IMAGING].index("soil") + 1]


@dataclass(frozen=True, slots=True)
class Agreed:
    """What holds for all tiles.

    Attributes
    ----------
    recipe
        With the lag and the permittivity filled in.
    permittivity
        And its standard deviation; None where each tile tells its own.
    log
        What was found, for the result.
    """

    recipe: Recipe
    permittivity: tuple[float, float] | None
    log: Log


def agree(recording: Recording, plan: Plan, recipe: Recipe) -> Agreed:
    """Estimate what all tiles have in common.

    Parameters
    ----------
    recording
        The scan.
    plan
        Its tiles.
    recipe
        As asked for; what it sets is not estimated.

    Returns
    -------
    Agreed
    """
    log, permittivity = Log(), None
    with threadpool_limits(limits=1, user_api="blas"):
        if recipe.emi.latency.delay_s == "auto" and recording.outline.emi is not None:
            delay_s, log = _lag(recording, plan, recipe)
            latency = _with(recipe.emi.latency, delay_s=delay_s)
            recipe = _with(recipe, emi=_with(recipe.emi, latency=latency))
        if recipe.gpr.soil.relative_permittivity == "auto" and recording.outline.gpr is not None:
            permittivity, said = _permittivity(recording, plan, recipe)
            log += said
        if permittivity is not None:
            soil = _with(
                recipe.gpr.soil,
                relative_permittivity=permittivity[0],
                relative_permittivity_std=permittivity[1],
            )
            recipe = _with(recipe, gpr=_with(recipe.gpr, soil=soil))
    return Agreed(recipe, permittivity, log)


def joined_lag(lags: list[Latency]) -> Latency:
    """Mean of lags that were told by different metal, by their inverse variances.

    Parameters
    ----------
    lags
        At least one.

    Returns
    -------
    Latency
        Its error is at least what the lags' own scatter tells.
    """
    delay_s, std_s = (np.array([getattr(one, name) for one in lags]) for name in ("delay_s", "std_s"))
    weight = 1.0 / np.maximum(std_s, 1e-6) ** 2
    mean_s = float(weight @ delay_s / weight.sum())
    scatter = float(weight @ (delay_s - mean_s) ** 2) / max(len(lags) - 1, 1)
    std = float(np.sqrt(max(scatter, 1.0) / weight.sum()))
    speed_m_s = float(np.median([one.speed_m_s for one in lags]))
    return Latency(mean_s, std, float(sum(one.passes for one in lags)), speed_m_s)


def joined_permittivity(soils: list[tuple[float, float]]) -> tuple[float, float, bool]:
    """Join permittivities and their standard deviations, which share what the model leaves out.

    Parameters
    ----------
    soils
        At least one; of parts of the same ground.

    Returns
    -------
    permittivity, std, even
        The mean of the logarithm by inverse variances; the spread is that of one part, since errors of the model
        are alike in all, and what they scatter besides. Not even where one of them contradicts the mean.
    """
    eps, std = np.array(soils, dtype=np.float64).T
    spread = np.maximum(std / eps, 1e-6)
    weight = spread**-2.0
    mean = float(weight @ np.log(eps) / weight.sum())
    away = np.log(eps) - mean
    within = float(weight @ spread**2 / weight.sum())
    between = float(weight @ away**2 / weight.sum())
    middle = float(np.exp(mean))
    return middle, middle * float(np.sqrt(within + between)), bool((np.abs(away) <= UNEVEN * spread).all())


def _with(table: T, **values: object) -> T:
    return table.model_copy(update=values)


def _evenly(tiles: Sequence[Tile], most: int) -> list[Tile]:
    """Pick some of the tiles, spread over all of them."""
    if not tiles:
        return []
    at = np.unique(np.round(np.linspace(0, len(tiles) - 1, min(most, len(tiles)) + 2)[1:-1]))
    return [tiles[int(n)] for n in at]


def _swept(recording: Recording, plan: Plan, recipe: Recipe, *, radar: bool) -> list[Tile]:
    """Tiles on whose own ground one sensor has samples; the others are there for their neighbours' sake."""
    rows = [plan.samples_of(tile, recording.outline, recipe, around=False) for tile in plan.tiles]
    return [tile for tile, own in zip(plan.tiles, rows, strict=True) if (own.gpr if radar else own.emi).size]


def _part(recording: Recording, plan: Plan, tile: Tile, recipe: Recipe, *, radar: bool) -> Scan:
    """Read the samples of one sensor on a tile's own ground."""
    rows, none = plan.samples_of(tile, recording.outline, recipe, around=False), np.zeros(0, np.intp)
    return recording.part(gpr=rows.gpr if radar else none, emi=none if radar else rows.emi, pose=rows.pose)


def _lag(recording: Recording, plan: Plan, recipe: Recipe) -> tuple[float, Log]:
    lags, unconfirmed = [], []
    for tile in _evenly(_swept(recording, plan, recipe, radar=False), LAG_TILES):
        part = _part(recording, plan, tile, recipe, radar=False)
        try:
            state = begin_metal(part, recipe.survey, Run()).state
            lag = None if state is None else measure_lag(state, recipe.emi)
        except (ScanError, *NUMERICAL) as error:
            logger.warning("no lag of a tile", exc_info=error)
            continue
        if isinstance(lag, Fault):
            unconfirmed.append(lag)
        elif lag is not None:
            lags.append(lag)
    log = Log(tuple(unconfirmed[:1]))  # one tile's doubt limits all: the instrument is the same on each
    if not lags:
        return 0.0, log
    lag = joined_lag(lags)
    log += Log(notes={"emi_latency_s": f"{lag.delay_s:.4f}", "emi_latency_std_s": f"{lag.std_s:.4f}"})
    if not lag.significant(sigmas=recipe.emi.latency.sigmas):
        return 0.0, log
    return lag.delay_s, log + lag_said(lag)


def _permittivity(recording: Recording, plan: Plan, recipe: Recipe) -> tuple[tuple[float, float] | None, Log]:
    """Estimate one permittivity; None where no tile tells it, or they contradict each other."""
    most = min(max(1, round(SOIL_PART * len(plan.tiles))), SOIL_TILES)
    tiles = _evenly(_swept(recording, plan, recipe, radar=True), most)
    found = [_soil(recording, plan, tile, recipe) for tile in tiles]
    soils = [(one.relative_permittivity, one.relative_permittivity_std) for one in found if one is not None]
    if not soils:
        return None, Log()
    eps, std, even = joined_permittivity(soils)
    told = ", ".join(f"{own:.2f}" for own, _ in soils)
    text = f"{eps:.2f} +- {std:.2f} for all, of {told}" if even else f"each its own, such as {told}"
    return (eps, std) if even else None, Log(notes={"tiles_permittivity": text})


def _soil(recording: Recording, plan: Plan, tile: Tile, recipe: Recipe) -> Soil | None:
    part, run = _part(recording, plan, tile, recipe, radar=True), Run()
    try:
        head = survey.track_at(part.pose, part.pose.time_s, smoothing_s=0.0)
        radar, _ = advance(begin_radar(part, recipe.survey, run), recording_steps(recipe.gpr), recipe.gpr, run)
        swept = swept_ground(head, sample_places(radar.state, None), recipe.survey, plan.grid_of(tile))
        radar, _ = advance(radar.over(swept), _UP_TO_SOIL, recipe.gpr, run)
    except (ScanError, *NUMERICAL) as error:
        logger.warning("no permittivity of a tile", exc_info=error)
        return None
    return None if radar.state is None or radar.state.lines is not None else taken(radar.state.soil)
