"""Decision trees as they are grown, one by one, and as a model's file holds them."""

from __future__ import annotations

import math
from base64 import b64encode
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.fusion._fitted import LEAF, NODES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

LARGEST = 1e300
"""Instead of infinity."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One decision tree; node 0 is its root, and the left node follows its own.

    Attributes
    ----------
    feature
        Of each node, the index of the input that it asks for; `LEAF` at a leaf.
    threshold
        Up to this the way goes left; of a leaf, its value.
    right
        Node that follows to the right; 0 at a leaf.
    unknown_left
        Whether the way goes left where the input is not known.
    """

    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    right: tuple[int, ...]
    unknown_left: tuple[bool, ...]

    def value(self, inputs: Real) -> float:
        """Value of the leaf to which the inputs lead."""
        node = 0
        while (n := self.feature[node]) != LEAF:
            x = inputs[n]
            to_left = self.unknown_left[node] if math.isnan(x) else x <= self.threshold[node]
            node = node + 1 if to_left else self.right[node]
        return self.threshold[node]

    def values(self, rows: Real) -> Real:
        """Value of the leaf (n,) to which each row (n, inputs) leads."""
        feature, threshold = np.array(self.feature), np.array(self.threshold)
        right, unknown_left = np.array(self.right), np.array(self.unknown_left)
        node = np.zeros(len(rows), dtype=np.intp)
        going = np.arange(len(rows))[feature[node] != LEAF]
        while going.size:
            at = node[going]
            x = rows[going, feature[at]]
            to_left = np.where(np.isnan(x), unknown_left[at], x <= threshold[at])
            node[going] = np.where(to_left, at + 1, right[at])
            going = going[feature[node[going]] != LEAF]
        return threshold[node]

    def scaled(self, factor: float) -> Tree:
        """Give a tree whose values are a factor times its own, to six digits."""
        nodes = zip(self.feature, self.threshold, strict=True)
        values = (v if f != LEAF else float(f"{factor * v:.6g}") for f, v in nodes)
        return replace(self, threshold=tuple(values))


def read_grown(nodes: NDArray[Any]) -> Tree:
    """Read the nodes of a tree of scikit-learn's; thresholds stay as they are: a value may lie on one."""
    leaf = nodes["is_leaf"].astype(bool)
    if not np.array_equal(nodes["left"][~leaf], np.flatnonzero(~leaf) + 1):
        msg = "scikit-learn orders nodes in another way than root, left, right"
        raise ValueError(msg)
    return Tree(
        feature=tuple(int(n) for n in np.where(leaf, LEAF, nodes["feature_idx"])),
        threshold=tuple(
            float(v if at_leaf else min(x, LARGEST))
            for at_leaf, v, x in zip(leaf, nodes["value"], nodes["num_threshold"], strict=True)
        ),
        right=tuple(int(n) for n in np.where(leaf, 0, nodes["right"])),
        unknown_left=tuple(bool(b) for b in nodes["missing_go_to_left"]),
    )


def pack(trees: Sequence[Tree]) -> dict[str, str]:
    """Write trees as a model's file holds them: see `dualsense.fusion._fitted.read_forest`."""
    packed = {"size": _text([len(tree.feature) for tree in trees], "<u2")}
    for name, kind in NODES.items():
        packed[name] = _text([value for tree in trees for value in getattr(tree, name)], kind)
    return packed


def _text(values: Sequence[float], kind: str) -> str:
    return b64encode(np.array(values, dtype=kind).tobytes()).decode("ascii")
