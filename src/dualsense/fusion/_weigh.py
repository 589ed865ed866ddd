"""From the evidence of a candidate to log-likelihood ratios: by rules, or by a fitted model where there is one."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dualsense.features import GprFeature
from dualsense.fusion._confidence import body_ratio
from dualsense.fusion._inputs import body_inputs, metal_inputs, pair_inputs, within_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualsense.fusion._confidence import Model, Silence
    from dualsense.fusion._fitted import Existence, Experts, Vote
    from dualsense.gpr import Body

    Numbers = Mapping[str, float]


SILENCE, HIDDEN = -2.0, -1.0
"""A silent radar never says more than this against a mine: where it would have told of one, and where a mine would
reflect but its echo may have been hidden. What would not reflect at all is not weighed."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What the sensors found at one place.

    Attributes
    ----------
    metal, body
        Features of the strongest dipole and of the radar body; None where none was found.
    weak
        Features of an echo beside metal that is too weak to be listed; None with a body, and where the radar did
        not measure.
    within
        Features of the metal at the body's place (`dualsense.emi._probe`); empty where it is not known.
    metal_score, body_score
        Their detection statistics.
    emi_here, gpr_here
        Whether each sensor measured there.
    metal_silence, radar_silence
        What it tells, by the rules, that the sensor found nothing here; nothing where it did find something.
    would_detect
        Whether the radar would have listed a body here.
    reflects
        Whether a mine in this soil would surely reflect.
    detection_limit_m3
        Least polarizability that the metal detector would have found.
    relative_permittivity
        Of the soil.
    clear
        Whether both sensors measured all around it.
    beside
        What lies beside it (`dualsense.fusion._beside`).
    """

    metal: Numbers | None
    body: Numbers | None
    weak: Numbers | None
    within: Numbers
    metal_score: float
    body_score: float
    emi_here: bool
    gpr_here: bool
    metal_silence: Silence
    radar_silence: Silence
    would_detect: bool
    reflects: bool
    detection_limit_m3: float
    relative_permittivity: float
    clear: bool = True
    beside: Numbers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Weight:
    """Log-likelihood ratios, natural, mine against clutter.

    ``joint`` is what both sensors say together beyond the sum of ``emi`` and ``gpr``; ``strangeness`` above 1 is
    out of the model's domain.
    """

    emi: float
    gpr: float
    joint: float = 0.0
    strangeness: float = 0.0


def by_rules(model: Model, found: Findings, body: Body | None) -> Weight:
    """Weigh by rules that nothing was fitted to. What hides under the surface's clutter says nothing."""
    emi = gpr = 0.0
    if found.metal is not None:
        emi = model.emi["present"]
    elif found.emi_here:
        emi = found.metal_silence.ratio
    if body is not None and not body.hidden:
        gpr = body_ratio(model, body) + (model.agreement if found.metal is not None else 0.0)
    elif body is None and found.gpr_here:
        gpr = found.radar_silence.ratio
    return Weight(emi, gpr)


def expert_inputs(found: Findings) -> dict[str, dict[str, float] | None]:
    """Put together the inputs of each expert, by its name; None where it does not weigh.

    The radar's are those of a body that it lists, or else of the echo beside metal.
    """
    metal = None
    if found.metal is not None:
        metal = metal_inputs(found.metal, found.metal_score) | _beside(found, "metal")
    echo = found.weak if found.body is None else found.body
    if echo is None:
        return {"emi": metal, "gpr": None, "both": None}
    score = echo[GprFeature.CONTRAST] if found.body is None else found.body_score
    body = body_inputs(echo, score, relative_permittivity=found.relative_permittivity) | _beside(found, "body")
    listed = found.body is not None
    measured = metal is not None or found.emi_here
    both = joint_inputs(metal, body, echo, found.within, listed=listed) if measured else None
    return {"emi": metal, "gpr": body if listed else None, "both": both}


def _beside(found: Findings, sensor: str) -> dict[str, float]:
    """Give the inputs on what that sensor found beside the place."""
    return {f"beside: {k}": v for k, v in found.beside.items() if k.startswith(sensor)}


def by_experts(experts: Experts, found: Findings) -> Weight:
    """Weigh by what was fitted. A radar that lists no body says no more than the rules allow silence to say."""
    inputs = expert_inputs(found)
    metal, body, both = inputs["emi"], inputs["gpr"], inputs["both"]
    emi = 0.0 if metal is None else experts.emi.ratio(metal)
    gpr = 0.0 if body is None else experts.gpr.ratio(body)
    if both is None:
        if body is not None:
            return Weight(0.0, gpr, 0.0, experts.gpr.strangeness(body))
        return Weight(emi, 0.0, 0.0, 0.0 if metal is None else experts.emi.strangeness(metal))
    total, strange = experts.both.ratio(both), experts.both.strangeness(both)
    if body is not None:
        return Weight(emi, gpr, total - emi - gpr, strange)
    least = SILENCE if found.radar_silence.ratio < 0.0 else HIDDEN if found.reflects else 0.0
    return Weight(emi, max(total - emi, least), 0.0, strange)


def anything(existence: Existence, found: Findings) -> float:
    """Probability that anything lies there at all.

    Parameters
    ----------
    existence
        Fitted to simulated lanes, and to what lay under their targets.
    found
        What the sensors found at one place.

    Returns
    -------
    float
        NaN where no sensor found anything.
    """
    inputs = expert_inputs(found)
    for name in ("both", "gpr", "emi"):
        own = inputs[name]
        if own is not None:
            vote: Vote = getattr(existence, name)
            return 0.5 + 0.5 * math.tanh(0.5 * vote.ratio(own))
    return math.nan


def joint_inputs(
    metal: Numbers | None, body: Numbers, echo: Numbers, within: Numbers, *, listed: bool
) -> dict[str, float]:
    """Put all that both sensors tell of a place under names that differ.

    Parameters
    ----------
    metal, body
        Inputs of each sensor; None where no metal was found.
    echo, within
        Features of the radar's echo and of the metal in it.
    listed
        Whether the echo is a body that the radar lists by itself.
    """
    out = {"metal: found": float(metal is not None), "body: listed": float(listed)}
    out |= {f"metal: {k}": v for k, v in (metal or {}).items()}
    out |= {f"body: {k}": v for k, v in body.items()}
    if GprFeature.METAL_ASIDE in echo:
        out |= {f"pair: {k}": v for k, v in pair_inputs(echo).items()}
    return out | {f"within: {k}": v for k, v in within_inputs(within, echo[GprFeature.AMPLITUDE]).items()}
