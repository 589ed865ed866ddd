"""From the evidence of a candidate to log-likelihood ratios: by rules, or by a fitted model where there is one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dualsense.fusion import confidence as rules
from dualsense.fusion.inputs import body_inputs, metal_inputs, pair_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualsense.fusion.confidence import Model
    from dualsense.fusion.fitted import Experts
    from dualsense.gpr.image import Body

    Numbers = Mapping[str, float]


SILENCE, HIDDEN = -2.0, -1.0
"""A silent radar never says more than this against a mine: where it would have told of one, and where a mine would
reflect but its echo may have been hidden. What would not reflect at all is not weighed."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the sensors found at one place.

    Attributes
    ----------
    metal, body
        Features of the strongest dipole and of the radar body; None where none was found.
    weak
        Features of an echo beside metal that is too weak to be listed; None with a body, and where the radar did
        not measure.
    within
        Features of the metal at the body's place (`dualsense.emi.probe`); empty where it is not known.
    metal_score, body_score
        Their detection statistics.
    emi_here, gpr_here
        Whether each sensor measured there.
    radar_silence, radar_blind
        Log-likelihood ratio of the radar's silence by the rules: what a silent radar may say at most; and whether
        it could have missed a mine here.
    heard
        Whether the radar would have listed a body here.
    reflects
        Whether a mine in this soil would surely reflect.
    detection_limit_m3
        Least polarizability that the metal detector would have found.
    relative_permittivity
        Of the soil.
    """

    metal: Numbers | None
    body: Numbers | None
    weak: Numbers | None
    within: Numbers
    metal_score: float
    body_score: float
    emi_here: bool
    gpr_here: bool
    radar_silence: float
    radar_blind: bool
    heard: bool
    reflects: bool
    detection_limit_m3: float
    relative_permittivity: float


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


def by_rules(model: Model, found: Found, body: Body | None) -> Weight:
    """Weigh by rules that nothing was fitted to. What hides under the surface's clutter says nothing."""
    emi = gpr = 0.0
    if found.metal is not None:
        emi = model.emi["present"]
    elif found.emi_here:
        emi, _ = rules.metal_silence(model, detection_limit_m3=found.detection_limit_m3)
    if body is not None and not body.hidden:
        gpr = rules.body_ratio(model, body) + (model.agreement if found.metal is not None else 0.0)
    elif body is None and found.gpr_here:
        gpr = found.radar_silence
    return Weight(emi, gpr)


def by_experts(experts: Experts, found: Found) -> Weight:
    """Weigh by what was fitted. A silent radar says no more than the rules allow it to."""
    metal = None if found.metal is None else metal_inputs(found.metal, found.metal_score)
    body = (
        None
        if found.body is None
        else body_inputs(found.body, found.body_score, relative_permittivity=found.relative_permittivity)
    )
    emi = 0.0 if metal is None else experts.emi.ratio(metal)
    gpr = 0.0 if body is None else experts.gpr.ratio(body)
    if metal is not None and body is not None and found.metal is not None and found.body is not None:
        pair = joined(metal, body, pair_inputs(found.metal, found.body))
        return Weight(emi, gpr, experts.both.ratio(pair) - emi - gpr, experts.both.strangeness(pair))
    if body is not None:
        strange = experts.gpr.strangeness(body)
        if not found.emi_here:
            return Weight(0.0, gpr, 0.0, strange)
        alone = experts.body.ratio(silent_metal(gpr, found.detection_limit_m3))
        return Weight(min(alone - gpr, 0.0), gpr, 0.0, strange)
    if metal is not None:
        silence = 0.0
        if found.gpr_here and found.radar_silence < 0.0:
            silence = max(experts.silent, SILENCE)
        elif found.gpr_here and found.reflects:
            silence = max(experts.hidden, HIDDEN)
        return Weight(emi, silence, 0.0, experts.emi.strangeness(metal))
    return Weight(0.0, 0.0)


def joined(metal: Numbers, body: Numbers, pair: Numbers) -> dict[str, float]:
    """Put the inputs of both sensors and of the pair under names that differ."""
    return (
        {f"metal: {k}": v for k, v in metal.items()}
        | {f"body: {k}": v for k, v in body.items()}
        | {f"pair: {k}": v for k, v in pair.items()}
    )


def silent_metal(gpr: float, detection_limit_m3: float) -> dict[str, float]:
    """Give the inputs where the metal detector was silent over a radar body."""
    limit = math.log10(max(detection_limit_m3, 1e-12)) if math.isfinite(detection_limit_m3) else math.nan
    return {"radar": gpr, "log10 limit": limit}
