"""Draws of tensors from the posterior of `dualsense.emi._locate.search`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._locate import _solver_kernels as kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._locate.rows import Rows
    from dualsense.emi._locate.search import Posterior

    Real = NDArray[np.float64]

DRAWS = 48


def magnetic(rows: Rows, found: Posterior) -> float:
    """Probability of the magnetic classes over the posterior of the depth."""
    level = np.stack([n.visit.levels.level[0] for n in found.nodes])
    p = np.exp(level - level.max(axis=1, keepdims=True))
    share = (p @ rows.classes.magnetic) / p.sum(axis=1)
    z = np.array([n.z for n in found.nodes])
    along = np.interp(-found.depth, z, share)
    return float(along @ found.density / found.density.sum())


def draws(rows: Rows, found: Posterior) -> Real:
    """Tensors (48, c, 3, 3) in m^3, evenly over the depth's posterior and always the same ones."""
    channels = rows.data.shape[0]
    cumulated = np.cumsum(found.density)
    z = -np.interp((np.arange(DRAWS) + 0.5) / DRAWS * cumulated[-1], cumulated, found.depth)
    nodes = np.array([n.z for n in found.nodes])
    means = np.stack([n.visit.coordinates.ravel() for n in found.nodes])
    right = np.clip(np.searchsorted(nodes, z), 1, max(nodes.size - 1, 1))
    left = right - 1
    right = np.minimum(right, nodes.size - 1)
    gap = np.maximum(nodes[right] - nodes[left], 1e-12)
    share = np.clip((z - nodes[left]) / gap, 0.0, 1.0)
    coordinates = (1 - share)[:, None] * means[left] + share[:, None] * means[right]
    noise = np.random.default_rng(0).standard_normal((DRAWS, means.shape[1]))
    nearest = np.where(share < 0.5, left, right)
    for k in np.unique(nearest):
        use = nearest == k
        part = noise[use]
        kernels.coloured(found.nodes[k].visit.factor, part)
        coordinates[use] += part
    return tensors_from_coordinates(coordinates.reshape(DRAWS, 6, channels) @ rows.to_metres.T)


def tensors_from_coordinates(coordinates: Real) -> Real:
    """Coordinates (n, 6, c) to tensors (n, c, 3, 3)."""
    level, a, b = (coordinates[:, q] / np.sqrt(w) for q, w in ((0, 3.0), (1, 2.0), (2, 6.0)))
    xy, xz, yz = (coordinates[:, q] / np.sqrt(2.0) for q in (3, 4, 5))
    return np.stack(
        [
            np.stack([level + a + b, xy, xz], axis=-1),
            np.stack([xy, level - a + b, yz], axis=-1),
            np.stack([xz, yz, level - 2.0 * b], axis=-1),
        ],
        axis=-2,
    )
