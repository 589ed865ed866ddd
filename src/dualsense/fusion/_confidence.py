"""The confidence model: log-likelihood ratios of each sensor, their sum with the prior, and the call.

Where a model tells how likely there is anything at all, that lowers what is made of them (`fusion._targets`).

The model is fitted to simulated lanes, and its id begins with "simulated-"; or it is a set of rules that nothing
was fitted to, and its id begins with "uncalibrated-". Three principles are built in and stay: silence of the radar
is bounded, so it never vetoes metal; where a sensor did not measure there is no "likely-clutter"; silence counts
only where the sensor would have seen a mine.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dualsense.errors import ModelError
from dualsense.fusion._fitted import read_existence, read_experts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualsense.fusion._fitted import Existence, Experts
    from dualsense.gpr import Body
    from dualsense.result import Call

SPEAKS = 1.0
"""A sensor whose log-likelihood ratio is above this speaks for a mine, whatever the other does not see."""
DEFAULT_MODEL = "simulated-5"
DIGESTS = "SHA256SUMS"


class Silence(NamedTuple):
    """What finding nothing tells, as a log-likelihood ratio; and whether the sensor could have missed a mine."""

    ratio: float
    blind: bool


NO_SILENCE = Silence(0.0, blind=False)
"""Of a sensor that did find something, or did not measure."""


@dataclass(frozen=True, slots=True)
class Model:
    """A confidence model: its id, the hash of its file, and its numbers; ``experts`` where it was fitted.

    Below ``clutter_threshold`` a target may be called clutter, from ``suspect_threshold`` on it is suspect; None
    means that nothing lies between. ``stated_detection`` is the least part of mines that is suspect by that
    threshold, where that was shown. ``existence`` tells whether there is anything at all, where that was fitted;
    what is less likely to be there than ``existence_threshold`` is left out of the list.
    """

    id: str
    sha256: str
    prior: float
    suspect_threshold: float
    emi: Mapping[str, float]
    gpr: Mapping[str, float]
    agreement: float
    experts: Experts | None = None
    clutter_threshold: float | None = None
    stated_detection: float | None = None
    existence: Existence | None = None
    existence_threshold: float = 0.0


def _folder() -> Path:
    here = Path(__file__).resolve()
    packaged = here.parents[1] / "_calibration"
    return packaged if packaged.is_dir() else here.parents[3] / "calibration"


@cache
def load_model(name: str = DEFAULT_MODEL) -> Model:
    """Read a model of ``calibration/`` by its id.

    Raises
    ------
    FileNotFoundError
        There is no such model.
    ModelError
        Its file is not the one whose digest ``SHA256SUMS`` beside it holds: nothing is told by another.
    """
    file = _folder() / f"{name}.json"
    text = file.read_bytes()
    if hashlib.sha256(text).hexdigest() != released(file.with_name(DIGESTS)).get(file.name):
        msg = f"{file}: not the confidence model that was released: install dualsense anew"
        raise ModelError(msg)
    return read_model(text)


def released(digests: Path) -> dict[str, str]:
    """Read the digests of released models by their files' names, as ``sha256sum`` writes them."""
    lines = digests.read_text(encoding="ascii").splitlines() if digests.is_file() else []
    return {name: digest for digest, name in (line.split() for line in lines)}


def read_model(text: bytes) -> Model:
    """Read a model from the bytes of its file."""
    tree: dict[str, Any] = json.loads(text)
    return Model(
        id=tree["id"],
        sha256=hashlib.sha256(text).hexdigest(),
        prior=float(tree["prior"]),
        suspect_threshold=float(tree["suspect_threshold"]),
        emi={k: float(v) for k, v in tree["emi"].items()},
        gpr={k: float(v) for k, v in tree["gpr"].items()},
        agreement=float(tree["agreement"]),
        experts=read_experts(tree["experts"]) if "experts" in tree else None,
        clutter_threshold=float(tree["clutter_threshold"]) if "clutter_threshold" in tree else None,
        stated_detection=float(tree["stated_detection"]) if "stated_detection" in tree else None,
        existence=read_existence(tree["existence"]) if "existence" in tree else None,
        existence_threshold=float(tree.get("existence_threshold", 0.0)),
    )


def body_ratio(model: Model, body: Body) -> float:
    """Log-likelihood ratio of a radar body: its contrast, and whether it has a mine's size."""
    g = model.gpr
    strength = g["contrast_slope"] * math.log(max(body.contrast, 1e-6) / g["contrast_reference"])
    strength = min(max(strength, -g["contrast_span"]), g["contrast_span"])
    diameter = math.sqrt(body.width_m * body.length_m)
    size = math.tanh((diameter - g["size_m"]) / g["size_softness_m"])
    if diameter > g["largest_m"]:
        size = -1.0
    return g["present"] + strength + g["size_gain"] * size


def reflection_certainty(model: Model, *, relative_permittivity: float, relative_permittivity_std: float) -> float:
    """How surely a mine reflects in a soil, 0-1.

    Plastic and explosive reflect with (sqrt(eps_soil) - sqrt(eps_mine)) / (sum); in soil of nearly the same
    permittivity a mine leaves no echo. What counts is the least reflection within one standard deviation of the
    soil's permittivity: a soil that is not known may be the one that hides a mine.
    """
    g = model.gpr
    low = max(relative_permittivity - relative_permittivity_std, 1.0)
    high = max(relative_permittivity + relative_permittivity_std, low)
    soil = math.sqrt(min(max(g["mine_permittivity"], low), high))
    mine = math.sqrt(g["mine_permittivity"])
    reflection = abs(soil - mine) / (soil + mine)
    sure = (reflection - g["blind_reflection"]) / (g["sure_reflection"] - g["blind_reflection"])
    return min(max(sure, 0.0), 1.0)


def radar_silence(
    model: Model,
    *,
    relative_permittivity: float,
    relative_permittivity_std: float,
    depth_m: float,
    would_detect: bool = True,
) -> Silence:
    """Log-likelihood ratio of seeing no body where the radar did measure, and whether it was blind.

    It tells as much as a mine would surely reflect (`reflection_certainty`), and nothing close to the surface,
    whose own echo covers a shallow body; nor where the metal lies so deep that an unknown loss may have swallowed
    the echo, or where the radar would not have told of a body.

    Parameters
    ----------
    model
        Its numbers for the radar.
    relative_permittivity, relative_permittivity_std
        Of the soil.
    depth_m
        Of the metal.
    would_detect
        Whether the radar, set as it was, would have listed a body there.

    Returns
    -------
    Silence
    """
    g = model.gpr
    in_sight = would_detect and g["surface_depth_m"] <= depth_m <= g["silent_depth_m"]
    sure = 0.0
    if in_sight:
        sure = reflection_certainty(
            model,
            relative_permittivity=relative_permittivity,
            relative_permittivity_std=relative_permittivity_std,
        )
    return Silence(g["silent"] * sure, sure < 1.0)


def metal_silence(model: Model, *, detection_limit_m3: float) -> Silence:
    """Log-likelihood ratio of finding no metal under a radar body, and whether the detector was blind for it.

    Counts in full only where the few millimetres of metal of a minimum-metal mine would have been found at that
    place and depth, and less the more metal could have gone unseen.
    """
    sure, none = model.emi["reference_polarizability_m3"], model.emi["blind_polarizability_m3"]
    if not detection_limit_m3 < none:
        return Silence(model.emi["silent_blind"], blind=True)
    lost = math.log(max(detection_limit_m3, sure) / sure) / math.log(none / sure)
    return Silence(model.emi["silent"] + lost * (model.emi["silent_blind"] - model.emi["silent"]), lost > 0.0)


def probability(model: Model, *ratios: float, prior: float | None = None) -> float:
    """Prior odds times the likelihood ratios, as a probability.

    Parameters
    ----------
    model
        Whose prior is taken.
    *ratios
        Natural log-likelihood ratios, mine against clutter.
    prior
        Instead of the model's.
    """
    if prior is None:
        return 0.5 + 0.5 * math.tanh(0.5 * (_log_odds(model.prior) + sum(ratios)))
    return _from_log_odds(_log_odds(prior) + sum(ratios))


def shown_threshold(model: Model, threshold: float, *, prior: float | None = None) -> float:
    """Give the threshold of suspects in the numbers that a prior shows.

    A prior moves the odds of all confidences alike and changes no call. The threshold is moved with them, so that
    a number is above it where the call is "suspect", and nowhere else.

    Parameters
    ----------
    model
        At whose own prior calls are made.
    threshold
        Suspect from here on, at that prior.
    prior
        Instead of the model's.

    Returns
    -------
    float
        The same where no other prior is set.
    """
    return at_prior(model, threshold, prior)


def at_prior(model: Model, confidence: float, prior: float | None) -> float:
    """Move a probability from the model's own prior to another one; the same where no other is set."""
    if prior is None:
        return confidence
    # a product may be nothing to the last bit, whose odds have no logarithm
    return _from_log_odds(_log_odds(max(confidence, 1e-300)) + _log_odds(prior) - _log_odds(model.prior))


def _log_odds(p: float) -> float:
    return math.log(p) - math.log1p(-p)


def _from_log_odds(x: float) -> float:
    """Probability of log-odds; very small ones stay apart, and above nothing."""
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-min(x, 700.0)))
    small = math.exp(max(x, -700.0))
    return small / (1.0 + small)


def decide(
    model: Model,
    evidence: float,
    *,
    there: float = 1.0,
    measured: bool,
    told: bool = True,
    threshold: float | None = None,
    strongest: float = 0.0,
) -> Call:
    """Call a target, by its evidence and by what forbids an answer.

    One sensor's evidence can be enough to suspect, never enough to call clutter: that takes both sensors,
    working, over this ground, and none of them speaking for a mine.

    Parameters
    ----------
    model
        Whose thresholds are taken.
    evidence
        Probability of a mine at the model's own prior: another one that a user sets changes no call.
    there
        Probability that anything is there, which lowers an alarm: a suspect is what is both. It makes no clutter.
    measured
        Whether both sensors measured here, all around it, with nothing that limits what they say.
    told
        Whether neither of them could have missed a mine here, and the model knows its like.
    threshold
        Suspect from here on, instead of the model's.
    strongest
        The larger of the sensors' log-likelihood ratios: the silence of one does not outvote the other.

    Returns
    -------
    {"suspect", "unclear", "likely-clutter", "not-assessable"}
        Unclear is what lies between the thresholds, and is treated as a suspect.
    """
    limit = model.suspect_threshold if threshold is None else threshold
    if there * evidence >= limit:
        return "suspect"
    if not measured:
        return "not-assessable"
    own = model.suspect_threshold if model.clutter_threshold is None else model.clutter_threshold
    # "<", not else: evidence that is no number assesses nothing
    if not (evidence < min(limit, own) and strongest <= SPEAKS):
        return "unclear"
    return "likely-clutter" if told else "not-assessable"
