"""Candidates to the list of targets: evidence, confidence, call and reasons."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from dualsense.constants import METAL_BELOW_TOP_M
from dualsense.features import GprFeature
from dualsense.fusion._beside import beside
from dualsense.fusion._confidence import (
    NO_SILENCE,
    at_prior,
    decide,
    metal_silence,
    probability,
    radar_silence,
    reflection_certainty,
)
from dualsense.fusion._evidence import body_features, dipole_features, evidence, pair_features, told_features
from dualsense.fusion._place import place
from dualsense.fusion._reasons import reasons
from dualsense.fusion._weigh import SILENCE, Findings, Weight, anything, by_experts, by_rules
from dualsense.result import Target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualsense.fusion._candidates import Candidate
    from dualsense.fusion._conditions import Conditions
    from dualsense.fusion._confidence import Model
    from dualsense.result import Call

    Position = tuple[float, float, float]


class Listing(NamedTuple):
    """Targets, and what was left out of their list: errors of the model, of the track, of the radar's picture.

    Attributes
    ----------
    targets
        Highest confidence first; ids T1, T2, ... in that order.
    left_out
        Without an id, likewise.
    """

    targets: tuple[Target, ...]
    left_out: tuple[Target, ...]


def make_targets(
    candidates: Sequence[Candidate],
    conditions: Conditions,
    model: Model,
    *,
    prior: float | None = None,
    suspect_threshold: float | None = None,
) -> Listing:
    """Weigh each candidate, and leave out what is not there.

    Parameters
    ----------
    candidates
        Of `match`; ``weak`` and ``within`` filled in where they are known.
    conditions
        Under which they were found.
    model
        Confidence model.
    prior, suspect_threshold
        Instead of the model's.

    Returns
    -------
    Listing

    Notes
    -----
    Strong objects leave faint detections about them that are nothing. One is left out where both sensors measured,
    nothing limits what they say, and it is less likely to be anything than 999 of 1,000 mines of training lanes
    were to the trees that had not seen them. As far as that is wrong something hides there: about it nothing is
    called clutter.
    """
    # what sensors say of a mine goes by fitted depths, as the model learnt it
    places = [_place(replace(c, told=None), conditions) for c in candidates]
    neighbours = beside(
        [(x, y) for (x, y, _), _ in places],
        [_metal_score(c) for c in candidates],
        [_body_score(c) for c in candidates],
    )
    found = [
        _findings(c, where[0], near, conditions, model)
        for c, where, near in zip(candidates, places, neighbours, strict=True)
    ]
    weighed = [_weighed(model, c, one) for c, one in zip(candidates, found, strict=True)]
    out = [
        leaves_out(model, one, weight, exists, trusted=conditions.trusted, threshold=suspect_threshold)
        for one, (weight, exists) in zip(found, weighed, strict=True)
    ]
    under = conditions.without([places[n][0][:2] for n in range(len(out)) if out[n]])
    rough = [
        _target(c, _place(c, conditions), one, own, under, model, prior=prior, threshold=suspect_threshold)
        for c, one, own in zip(candidates, found, weighed, strict=True)
    ]
    order = sorted(range(len(rough)), key=lambda n: (-rough[n].confidence, rough[n].x_m, rough[n].y_m))
    return Listing(
        tuple(replace(rough[n], id=f"T{k}") for k, n in enumerate((n for n in order if not out[n]), start=1)),
        tuple(rough[n] for n in order if out[n]),
    )


def leaves_out(
    model: Model,
    found: Findings,
    weight: Weight,
    exists: float | None,
    *,
    trusted: bool,
    threshold: float | None = None,
) -> bool:
    """Tell whether what was found is left out of the list, because there is nothing.

    Never what the sensors' own evidence makes suspect, whoever set the threshold, nor what is unlike anything that
    the model knows.

    Parameters
    ----------
    model
        Confidence model.
    found, weight
        What the sensors found at one place, and what that says of a mine.
    exists
        Probability that anything lies there at all; None where the model does not tell.
    trusted
        Whether no fault limits what can be said.
    threshold
        Suspect from here on, instead of the model's.
    """
    if exists is None or not (trusted and found.emi_here and found.gpr_here):
        return False
    if not exists < model.existence_threshold:
        return False
    if model.experts is None:
        return True
    own = probability(model, weight.emi, weight.gpr, weight.joint)
    limits = (model.existence_threshold, model.suspect_threshold, 1.0 if threshold is None else threshold)
    return weight.strangeness <= 1.0 and own < min(limits)


def lowering(exists: float | None, found: Findings, weight: Weight, *, trusted: bool) -> float:
    """Give how likely there is anything, as far as that may lower an alarm.

    A mine is a thing. What experts say of a mine is held up by rules where the radar is silent, and so it may be
    more than the probability that there is anything at all: phantoms of a strong object's metal are suspect so.
    Metal without a body is lowered by no more than what a silent radar may say: it stays no veto.

    Parameters
    ----------
    exists
        Probability that anything lies there at all; None where the model does not tell.
    found, weight
        What the sensors found at one place, and what that says of a mine.
    trusted
        Whether no fault limits what can be said.

    Returns
    -------
    float
        1 where a sensor did not measure, a fault limits what is said, or the model does not know the like.
    """
    if exists is None or math.isnan(exists):
        return 1.0
    if not (trusted and found.emi_here and found.gpr_here and weight.strangeness <= 1.0):
        return 1.0
    return exists if found.body is not None else max(exists, math.exp(SILENCE))


def _weighed(model: Model, candidate: Candidate, found: Findings) -> tuple[Weight, float | None]:
    """Say what was found of a mine, and how likely there is anything at all."""
    experts, existence = model.experts, model.existence
    weight = by_rules(model, found, candidate.body) if experts is None else by_experts(experts, found)
    return weight, None if existence is None else anything(existence, found)


def _place(candidate: Candidate, conditions: Conditions) -> tuple[Position, Position]:
    """Position of a candidate and its deviation."""
    return place(
        candidate,
        relative_permittivity=conditions.relative_permittivity,
        relative_permittivity_std=conditions.relative_permittivity_std,
    )


def _metal_score(candidate: Candidate) -> float:
    return candidate.dipoles[0].statistic if candidate.dipoles else 0.0


def _body_score(candidate: Candidate) -> float:
    return candidate.body.contrast if candidate.body is not None else 0.0


def _findings(
    candidate: Candidate, place_m: Position, near: Mapping[str, float], conditions: Conditions, model: Model
) -> Findings:
    """Collect what the sensors found at one place, and what they would have."""
    x, y, depth = place_m
    emi_here = conditions.assessed(conditions.cover.emi, x, y)
    gpr_here = conditions.assessed(conditions.cover.gpr, x, y)
    metal = body = weak = None
    limit, missed, silence = math.inf, NO_SILENCE, NO_SILENCE
    would_detect = reflects = False
    if candidate.dipoles:
        metal = dipole_features(candidate.dipoles[0], count=len(candidate.dipoles)) | told_features(candidate.told)
    elif emi_here:
        limit = conditions.metal_limit_m3(x, y, depth + METAL_BELOW_TOP_M)
        missed = metal_silence(model, detection_limit_m3=limit)
    if candidate.body is not None:
        body = body_features(candidate.body)
        if candidate.dipoles:
            body |= pair_features(candidate.body, candidate.dipoles[0])
    elif gpr_here:
        if candidate.weak is not None:
            weak = body_features(candidate.weak)
            weak |= pair_features(candidate.weak, candidate.dipoles[0])
        would_detect = conditions.radar_would_detect(x, y, depth)
        eps, std = conditions.relative_permittivity, conditions.relative_permittivity_std
        silence = radar_silence(
            model,
            relative_permittivity=eps,
            relative_permittivity_std=std,
            depth_m=depth,
            would_detect=would_detect,
        )
        reflects = not reflection_certainty(model, relative_permittivity=eps, relative_permittivity_std=std) < 1.0
    return Findings(
        metal=metal,
        body=body,
        weak=weak,
        within=candidate.within,
        metal_score=_metal_score(candidate),
        body_score=_body_score(candidate),
        emi_here=emi_here,
        gpr_here=gpr_here,
        metal_silence=missed,
        radar_silence=silence,
        would_detect=would_detect,
        reflects=reflects,
        detection_limit_m3=limit,
        relative_permittivity=conditions.relative_permittivity,
        beside=near,
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Confidence and call of what was found, and which sensor could have missed a mine there.

    ``own`` is the confidence at the model's own prior; ``lowered`` tells that it would be suspect, were it surer
    that there is anything.
    """

    confidence: float
    call: Call
    metal_blind: bool
    radar_blind: bool
    own: float
    lowered: bool


def judge(
    model: Model,
    found: Findings,
    weight: Weight,
    exists: float | None = None,
    *,
    trusted: bool = True,
    prior: float | None = None,
    threshold: float | None = None,
) -> Verdict:
    """Turn what the sensors say into a probability and a call.

    That anything is there lowers a suspect to "unclear" where it is unlikely, and never to clutter.

    Parameters
    ----------
    model
        Confidence model.
    found, weight
        What the sensors found, and what that says of a mine.
    exists
        Probability that anything lies there at all; None where the model does not tell.
    trusted
        Whether no fault limits what can be said.
    prior, threshold
        Instead of the model's; the prior changes the confidence and no call.
    """
    metal_blind = found.metal_silence.blind
    hidden = found.body is not None and found.body[GprFeature.HIDDEN] > 0.0
    # the rules do not weigh what hides
    radar_blind = found.radar_silence.blind or (hidden and model.experts is None)
    there = lowering(exists, found, weight, trusted=trusted)
    own = probability(model, weight.emi, weight.gpr, weight.joint)
    call = decide(
        model,
        own,
        there=there,
        measured=found.emi_here and found.gpr_here and found.clear and trusted,
        told=not metal_blind and not radar_blind and weight.strangeness <= 1.0,
        threshold=threshold,
        strongest=max(weight.emi, weight.gpr),
    )
    whole = probability(model, weight.emi, weight.gpr, weight.joint, prior=prior)
    value = whole if there == 1.0 else at_prior(model, there * own, prior)  # sums stay exact where nothing lowers
    limit = model.suspect_threshold if threshold is None else threshold
    return Verdict(value, call, metal_blind, radar_blind, there * own, lowered=there * own < limit <= own)


def _target(
    candidate: Candidate,
    where: tuple[Position, Position],
    found: Findings,
    weighed: tuple[Weight, float | None],
    conditions: Conditions,
    model: Model,
    *,
    prior: float | None,
    threshold: float | None,
) -> Target:
    """Weigh one candidate and call it; its id is given later."""
    place_m, std_m = where
    radius_m = 0.5 * candidate.body.length_m if candidate.body is not None else 0.0
    found = replace(found, clear=conditions.clear(place_m[0], place_m[1], radius_m))
    weight, exists = weighed
    emi, gpr = evidence(found, weight, fitted=model.experts is not None)
    verdict = judge(model, found, weight, exists, trusted=conditions.trusted, prior=prior, threshold=threshold)
    return Target(
        id="",
        x_m=place_m[0],
        y_m=place_m[1],
        depth_m=place_m[2],
        position_std_m=std_m,
        confidence=verdict.confidence,
        call=verdict.call,
        emi=emi,
        gpr=gpr,
        reasons=reasons(
            candidate,
            emi_assessed=found.emi_here,
            gpr_assessed=found.gpr_here,
            radar_blind=verdict.radar_blind,
            metal_blind=verdict.metal_blind,
            strange=weight.strangeness > 1.0,
            clear=found.clear,
            trusted=conditions.trusted,
            as_fitted=conditions.as_fitted or model.experts is None,
            clutter=verdict.call == "likely-clutter",
            lowered=verdict.lowered,
        ),
        existence=None if exists is None else max(verdict.own, exists),
    )
