"""Fitted log-likelihood ratios, from plain numbers: one expert for each state in which a target may be.

An expert is a sum of small decision trees (gradient boosting, Friedman 2001): what an amount of metal means
depends on how deep the body lies and what it looks like. What the sensors say together is an expert of its own,
because their errors are not independent. An expert says no more than it could show on lanes that it had not seen.
"""

from __future__ import annotations

import math
from base64 import b64decode
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

LEAF = -1
MOST_SUMS = 1024
"""Sums of trees that are kept, by their inputs."""
FARTHEST = 1e6
"""Deviations that an input without bounds counts as."""


class Forest(NamedTuple):
    """Decision trees side by side, shorter ones filled up: node k of tree t is at [t, k]; each begins at node 0.

    Attributes
    ----------
    leaf : (t, n) bool
        Whether the node is one.
    feature : (t, n)
        Index of the input that the node asks for; 0 at a leaf.
    threshold : (t, n)
        Up to this the way goes left; of a leaf, its value.
    left, right : (t, n)
        Nodes that follow; a leaf leads to itself.
    unknown_left : (t, n) bool
        Whether the way goes left where the input is not known.
    """

    leaf: NDArray[np.bool_]
    feature: NDArray[np.intp]
    threshold: Real
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    unknown_left: NDArray[np.bool_]

    def values(self, inputs: Real) -> list[float]:
        """Value of the leaf of every tree to which the inputs lead."""
        every = np.arange(len(self.leaf))
        node = np.zeros(every.size, dtype=np.intp)
        while not self.leaf[every, node].all():
            x = inputs[self.feature[every, node]]
            to_left = np.where(np.isnan(x), self.unknown_left[every, node], x <= self.threshold[every, node])
            node = np.where(to_left, self.left[every, node], self.right[every, node])
        values: list[float] = self.threshold[every, node].tolist()
        return values


NODES = {"feature": "<i2", "threshold": "<f8", "right": "<u2", "unknown_left": "<u1"}
"""What a file holds of each node, tree after tree; the left one follows its node."""


def read_forest(packed: Mapping[str, str]) -> Forest:
    """Read trees from a file's JSON: the size of each, and `NODES` of all, little-endian in base 64."""
    size = np.frombuffer(b64decode(packed["size"]), "<u2").astype(np.intp)
    most = int(size.max(initial=1))
    held, itself = np.arange(most) < size[:, None], np.tile(np.arange(most), (size.size, 1))

    def side_by_side(name: str, fill: float, kind: type[Any]) -> NDArray[Any]:
        out = np.full(held.shape, fill, dtype=kind)
        out[held] = np.frombuffer(b64decode(packed[name]), NODES[name])
        return out

    feature = side_by_side("feature", LEAF, np.intp)
    leaf = feature == LEAF
    return Forest(
        leaf,
        np.where(leaf, 0, feature),
        side_by_side("threshold", 0.0, np.float64),
        np.where(leaf, itself, itself + 1),
        np.where(leaf, itself, side_by_side("right", 0, np.intp)),
        ~leaf & side_by_side("unknown_left", 0, np.bool_),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Vote:
    """A sum of trees.

    Attributes
    ----------
    inputs
        Names, in the order of the numbers.
    forest
        The trees, whose values add up.
    bias
        Their sum before any tree.
    low, high
        Bounds of what it says.
    """

    inputs: tuple[str, ...]
    forest: Forest
    bias: float
    low: float
    high: float

    def ratio(self, inputs: Mapping[str, float]) -> float:
        """Natural log odds, or a ratio of likelihoods; an input that is not told is not known."""
        return min(max(self.bias + _sum_of_trees(self, self._values(inputs).tobytes()), self.low), self.high)

    def _values(self, inputs: Mapping[str, float]) -> Real:
        return np.array([inputs.get(name, math.nan) for name in self.inputs], dtype=np.float64)


@lru_cache(maxsize=MOST_SUMS)
def _sum_of_trees(vote: Vote, inputs: bytes) -> float:
    """Add up what the trees say: a recipe that changes little asks the same of most targets again."""
    return math.fsum(vote.forest.values(np.frombuffer(inputs, np.float64)))


@dataclass(frozen=True, slots=True, eq=False)
class Expert(Vote):
    """One log-likelihood ratio, mine against clutter.

    Attributes
    ----------
    mean, std : (n,)
        Of the inputs, for the out-of-domain score.
    precision : (n, n)
        Of the standardised inputs.
    domain_limit
        Largest squared Mahalanobis distance that is still in domain.
    """

    mean: Real
    std: Real
    precision: Real
    domain_limit: float

    def strangeness(self, inputs: Mapping[str, float]) -> float:
        """Out-of-domain score: squared Mahalanobis distance over its limit; above 1 is out of domain."""
        z = (self._values(inputs) - self.mean) / self.std
        z = np.clip(np.where(np.isnan(z), 0.0, z), -FARTHEST, FARTHEST)
        return float(z @ self.precision @ z) / self.domain_limit


def read_vote(tree: Mapping[str, Any]) -> Vote:
    """Read a sum of trees from its JSON."""
    return Vote(
        inputs=tuple(tree["inputs"]),
        forest=read_forest(tree["forest"]),
        bias=float(tree["bias"]),
        low=float(tree["low"]),
        high=float(tree["high"]),
    )


def read_expert(tree: Mapping[str, Any]) -> Expert:
    """Read an expert from its JSON."""
    vote = read_vote(tree)
    return Expert(
        inputs=vote.inputs,
        forest=vote.forest,
        bias=vote.bias,
        low=vote.low,
        high=vote.high,
        mean=np.array(tree["mean"], dtype=np.float64),
        std=np.array(tree["std"], dtype=np.float64),
        precision=np.array(tree["precision"], dtype=np.float64),
        domain_limit=float(tree["domain_limit"]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Experts:
    """The experts of a model.

    ``emi`` and ``gpr`` weigh one sensor alone; ``both`` weighs whatever both found at a place: metal with a body,
    a body and the little metal in it, metal and the weak echo of the radar there.
    """

    emi: Expert
    gpr: Expert
    both: Expert


@dataclass(frozen=True, slots=True, eq=False)
class Existence:
    """Log odds that anything at all lies where a target is, by what `Experts` weigh."""

    emi: Vote
    gpr: Vote
    both: Vote


def read_experts(tree: Mapping[str, Any]) -> Experts:
    """Read all experts of a model file."""
    return Experts(**{name: read_expert(tree[name]) for name in ("emi", "gpr", "both")})


def read_existence(tree: Mapping[str, Any]) -> Existence:
    """Read what a model file has on existence."""
    return Existence(**{name: read_vote(tree[name]) for name in ("emi", "gpr", "both")})
