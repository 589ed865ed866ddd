"""Both sensors to one list of targets: the fusion's part of the chain."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense import emi, fusion, gpr
from dualsense.chain.steps import NUMERICAL, taken
from dualsense.constants import HIDDEN_M3
from dualsense.recipe import unlike_fitted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualsense.chain.cache import StepCache
    from dualsense.chain.metal import MetalState
    from dualsense.chain.radar import RadarState
    from dualsense.emi import Prober, Response
    from dualsense.fusion import Candidate, Listing
    from dualsense.gpr import Body, Soil
    from dualsense.recipe import Recipe
    from dualsense.result import Coverage

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class MetalSensitivity:
    """What the metal detector would have found, by the state after its chain."""

    state: MetalState

    def limit_m3(self, x_m: float, y_m: float, depth_m: float) -> float:
        """Smallest polarizability that would have been found at a place."""
        rows, found = taken(self.state.response), taken(self.state.inversion)
        return emi.detection_limit(
            rows,
            found.balance,
            np.array([x_m, y_m, -depth_m]),
            statistic=found.needed_near(x_m, y_m) / rows.values.shape[1],
            row_weight=found.weight,
        )


def find_targets(
    radar: RadarState | None,
    metal: MetalState | None,
    cover: Coverage,
    recipe: Recipe,
    *,
    trusted: bool = True,
    cache: StepCache | None = None,
) -> Listing:
    """Match bodies and metal, ask each sensor about what the other found, and weigh all of it.

    Parameters
    ----------
    radar, metal
        State of each sensor's chain at its end; None for a sensor that failed.
    cover
        Ground that each sensor measured.
    recipe
        Its fusion, and the soil that is taken where there is no radar to tell it.
    trusted
        Whether no fault limits what can be said; under one nothing is called clutter.
    cache
        Where what a sensor told at a place is looked up; None asks it.

    Returns
    -------
    Listing
        Targets, highest confidence first, and what was left out of their list.
    """
    tables = recipe.fusion
    candidates = fusion.match(
        () if radar is None else radar.bodies,
        () if metal is None else taken(metal.inversion).dipoles,
        match_m=tables.match_m,
    )
    if metal is not None:
        candidates = _with_depth(candidates, metal)
    if radar is not None:
        known = {} if cache is None else cache.beside(radar.echo_finder)
        candidates = tuple(c if c.body is not None else _with_echo(c, radar, known) for c in candidates)
    if metal is not None:
        known = {} if cache is None else cache.beside(metal.response, metal.inversion)  # columns are theirs
        candidates = _with_metal(candidates, metal, known)
    soil = taken(radar.soil) if radar is not None else _prior_soil(recipe)
    conditions = fusion.Conditions(
        cover,
        soil.relative_permittivity,
        soil.relative_permittivity_std,
        metal=None if metal is None else MetalSensitivity(metal),
        radar=radar,
        trusted=trusted and (radar is None or radar.heights_agree),
        hidden=None if metal is None else taken(metal.inversion).hidden_map(cover.grid) >= HIDDEN_M3,
        as_fitted=not unlike_fitted(recipe),
    )
    return fusion.make_targets(
        candidates,
        conditions,
        fusion.load_model(tables.model),
        prior=tables.prior,
        suspect_threshold=tables.suspect_threshold,
    )


def _prior_soil(recipe: Recipe) -> Soil:
    return gpr.Soil(recipe.gpr.soil.prior_permittivity, float("nan"), "prior")


def _with_echo(candidate: Candidate, radar: RadarState, known: dict[Any, Any]) -> Candidate:
    """Give metal without a body what the radar shows there; ``known`` holds what was told of it before."""
    x, y = candidate.dipoles[0].position_m[:2].tolist()
    if (x, y) not in known:
        try:
            known[x, y] = taken(radar.echo_finder)(x, y)
        except NUMERICAL:
            logger.warning("echo beside metal not measured", exc_info=True)
            return candidate
    return replace(candidate, weak=known[x, y])


def _with_depth(candidates: tuple[Candidate, ...], metal: MetalState) -> tuple[Candidate, ...]:
    """Give each candidate its strongest metal as it is told."""
    told = {id(fitted): one for fitted, one in zip(taken(metal.inversion).dipoles, metal.told, strict=False)}
    return tuple(replace(c, told=told.get(id(c.dipoles[0]))) if c.dipoles else c for c in candidates)


def _with_metal(
    candidates: tuple[Candidate, ...], metal: MetalState, known: dict[Any, Any]
) -> tuple[Candidate, ...]:
    """Give each candidate the features of the metal in its body; ``known`` as for `_with_echo`."""
    try:
        prober = known.get("prober") or emi.Prober(
            taken(metal.response), taken(metal.inversion), columns=metal.columns
        )
    except NUMERICAL:
        logger.warning("metal in bodies not asked for", exc_info=True)
        return candidates
    known["prober"] = prober
    return tuple(replace(c, within=_within(c, prober, metal, known)) for c in candidates)


def _within(candidate: Candidate, prober: Prober, metal: MetalState, known: dict[Any, Any]) -> Mapping[str, float]:
    """Features of the metal in a body; none where there is no echo or it was not passed over."""
    dipoles, body = taken(metal.inversion).dipoles, candidate.body or candidate.weak
    if body is None:
        return {}
    own = [n for n, d in enumerate(dipoles) if any(d is c for c in candidate.dipoles)]
    key = (body.x_m, body.y_m, body.depth_m, *own)
    if key not in known:
        known[key] = _probed(body, own, prober, taken(metal.response))
    found: Mapping[str, float] = known[key]
    return found


def _probed(body: Body, own: list[int], prober: Prober, rows: Response) -> Mapping[str, float]:
    try:
        probe = prober.at(body.x_m, body.y_m, body.depth_m, without=own)
    except NUMERICAL:
        logger.warning("metal in a body not asked for", exc_info=True)
        return {}
    if probe is None:
        return {}
    return emi.probe_features(probe, channel_hz=rows.channel_hz, imaginary=rows.imaginary)
