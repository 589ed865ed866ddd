"""Fitted log-likelihood ratios, from plain numbers: one expert for each state in which a target may be.

An expert is additive. Every input adds a straight line with one bend at its mean, so that what it says can be
read off a table; what the sensors say together is an expert of its own, because their errors are not independent.
Beyond the range that was seen when it was fitted, an expert says no more than at its end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

REACH = 3.0
"""Standard deviations from the mean beyond which an input counts as this far away."""


def basis(values: Real, mean: Real, std: Real) -> Real:
    """Line and bend of each input.

    Parameters
    ----------
    values : (..., n)
        An input that is not known (NaN) counts as its mean.

    Returns
    -------
    (..., 2 n) float64
        Standardised and clipped values, then the same where they are positive.
    """
    z = (values - mean) / std
    z = np.clip(np.where(np.isfinite(z), z, 0.0), -REACH, REACH)
    out: Real = np.concatenate([z, np.maximum(z, 0.0)], axis=-1)
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Expert:
    """One additive log-likelihood ratio.

    Attributes
    ----------
    inputs
        Names, in the order of the numbers.
    mean, std : (n,)
    weights : (2 n,)
        Of lines and bends.
    bias
        Log-likelihood ratio where every input is at its mean.
    low, high
        Bounds of what it says.
    precision : (n, n)
        Of the standardised inputs, for the out-of-domain score.
    domain_limit
        Largest squared Mahalanobis distance that is still in domain.
    """

    inputs: tuple[str, ...]
    mean: Real
    std: Real
    weights: Real
    bias: float
    low: float
    high: float
    precision: Real
    domain_limit: float

    def ratio(self, told: Mapping[str, float]) -> float:
        """Natural log-likelihood ratio, mine against clutter."""
        value = self.bias + float(basis(self._values(told), self.mean, self.std) @ self.weights)
        return min(max(value, self.low), self.high)

    def strangeness(self, told: Mapping[str, float]) -> float:
        """Out-of-domain score: squared Mahalanobis distance over its limit; above 1 is out of domain."""
        z = (self._values(told) - self.mean) / self.std
        z = np.where(np.isfinite(z), z, 0.0)
        return float(z @ self.precision @ z) / self.domain_limit

    def _values(self, told: Mapping[str, float]) -> Real:
        return np.array([told.get(name, math.nan) for name in self.inputs], dtype=np.float64)


def read_expert(tree: Mapping[str, Any]) -> Expert:
    """Read an expert from its JSON."""
    return Expert(
        inputs=tuple(tree["inputs"]),
        mean=np.array(tree["mean"], dtype=np.float64),
        std=np.array(tree["std"], dtype=np.float64),
        weights=np.array(tree["weights"], dtype=np.float64),
        bias=float(tree["bias"]),
        low=float(tree["low"]),
        high=float(tree["high"]),
        precision=np.array(tree["precision"], dtype=np.float64),
        domain_limit=float(tree["domain_limit"]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Experts:
    """The experts of a model.

    ``emi`` and ``gpr`` hear one sensor alone; ``both`` hears metal with a body; ``body`` weighs a body in which
    the metal detector found nothing, by what the radar says and by the metal that could have been missed.
    ``silent`` is the log-likelihood ratio of a silent radar over metal where it would have told of a mine,
    ``hidden`` the same where a mine's echo may have been hidden.
    """

    emi: Expert
    gpr: Expert
    both: Expert
    body: Expert
    silent: float
    hidden: float


def read_experts(tree: Mapping[str, Any]) -> Experts:
    """Read all experts of a model file."""
    return Experts(
        **{name: read_expert(tree[name]) for name in ("emi", "gpr", "both", "body")},
        silent=float(tree["silent"]),
        hidden=float(tree["hidden"]),
    )
