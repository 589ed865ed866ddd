"""The search for one dipole: where to start, which optima there are, and the posterior through them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._locate import _grid_kernels as kernels
from dualsense.emi._locate.depth import LEAST_STEP_M, NEAR, Node, beside, climb, extend, node
from dualsense.emi._locate.posterior import Visit, step, visit
from dualsense.emi._locate.rows import rough_weight
from dualsense.numerics import pchip

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._locate.rows import Rows

    Real = NDArray[np.float64]

GRID_DEPTHS_M = (0.02, 0.04, 0.07, 0.11, 0.17)
GRID_HALF_M = 0.05
GRID_NODES = 3
GRID_ROWS = 80
REACH_M = 0.25
BESIDE_GAIN_NATS = 3.0
RIVAL_NATS = 14.0
"""Depths of the coarse search that are so much less likely than the best are left."""
TAIL_NATS = 5.5
EXCESS_LEAST, EXCESS_MAX = 0.03, 8.0
DEPTHS = 401
ROUNDS = 5
SETTLES = 3
MOVED = 6.0
"""Weights and determinants are those of another place, where an optimum is more deviations of the depth away."""


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """Density over depth (k,) on a grid, best x and y with their covariance there, and the walks it came from."""

    depth: Real
    density: Real
    xy: Real
    inner: Real
    log_integral: float
    nodes: tuple[Node, ...]
    excess: float

    @property
    def top(self) -> Visit:
        """The best visit."""
        return max(self.nodes, key=lambda n: n.level).visit


def middle(rows: Rows) -> Real:
    """Where the energy is, x and y."""
    weight = rough_weight(rows)[0]
    power: Real = (rows.data**2).sum(axis=0) * weight
    power = np.maximum(power - 2.0 * np.median(power), 1e-3 * power)
    at = 0.5 * (rows.coils.tx + rows.coils.rx)[:, :2]
    return np.asarray(power @ at / power.sum() if power.any() else at.mean(axis=0))


def near(rows: Rows, at: Real, count: int = GRID_ROWS) -> NDArray[np.intp]:
    """Choose some of the rows within reach."""
    away = np.linalg.norm(rows.coils.tx[:, :2] - at, axis=1)
    use = np.flatnonzero(away <= max(REACH_M, float(np.sort(away)[min(away.size, 40) - 1])))
    return use[np.linspace(0, use.size - 1, min(use.size, count)).astype(np.intp)]


def grid_search(rows: Rows, start: Real) -> Real:
    """Best node (k, 3) of each depth with free tensors."""
    side = np.linspace(-GRID_HALF_M, GRID_HALF_M, GRID_NODES)
    low, high = rows.depth_range_m
    depths = np.array([d for d in GRID_DEPTHS_M if low <= d <= high] or [0.5 * (low + high)])
    z, x, y = np.meshgrid(-depths, side + start[0], side + start[1], indexing="ij")
    nodes = np.column_stack([x.ravel(), y.ravel(), z.ravel()])
    explained = np.empty(len(nodes))
    weight = np.sqrt(rough_weight(rows)[0])
    kernels.explained(nodes, rows.coils, weight, np.ascontiguousarray(rows.data.T), explained)
    drop = explained.reshape(depths.size, -1)
    grid = nodes.reshape(depths.size, -1, 3)
    return grid[np.arange(depths.size), drop.argmax(axis=1)]


def coarse(rows: Rows, nodes: Real) -> list[Node]:
    """Visit the best node of every depth, from the middle one outwards."""
    start = len(nodes) // 2
    found = {start: node(visit(rows, nodes[start : start + 1], None))}
    found[start] = beside(rows, found[start], found[start].z)
    for way in (range(start + 1, len(nodes)), range(start - 1, -1, -1)):
        for k in way:
            near = found[k - 1 if k > start else k + 1].visit
            here = node(visit(rows, nodes[k : k + 1], near))
            if here.gain > BESIDE_GAIN_NATS:
                here = beside(rows, here, here.z)
            found[k] = here
    return [found[k] for k in range(len(nodes))]


def search(rows: Rows, start: Real | None, *, trusting: bool = False) -> Posterior:
    """One dipole: all optima that matter, and the posterior along depth through them.

    Where ``trusting``, position errors are as stated, whatever the residual says.
    """
    begin = middle(rows) if start is None else np.asarray(start, dtype=np.float64)
    few = rows.some(near(rows, begin))
    tried = coarse(few, grid_search(few, begin))
    level = np.array([n.level for n in tried])
    padded = np.concatenate([[-np.inf], level, [-np.inf]])
    peaks = np.flatnonzero((level >= padded[:-2]) & (level > padded[2:]) & (level > level.max() - RIVAL_NATS))
    if not peaks.size:  # no depth has a level: rows that are no numbers, or an object that no dipole can be
        msg = "no depth explains the rows"
        raise ArithmeticError(msg)
    peaks = peaks[np.argsort(-level[peaks])]
    starts = [tried[k] for k in peaks]
    for _ in range(SETTLES):
        top, settled, excess = settle(rows, starts[0], trusting=trusting)
        found: list[list[Node]] = []
        for begun in starts:
            if not any(some[0].z <= begun.z <= some[-1].z for some in found):
                found.append(climb(settled, visit(settled, np.array([[*begun.xy, begun.z]]), top)))
        starts = sorted((max(some, key=lambda n: n.level) for some in found), key=lambda n: -n.level)
        if abs(starts[0].z - top.position[2]) * np.sqrt(starts[0].bend) < MOVED:
            break
    rows = settled
    best = max(n.level for some in found for n in some)
    found = [some for some in found if max(n.level for n in some) > best - TAIL_NATS]
    found = [extend(rows, some, tail=TAIL_NATS) for some in found]
    return _along_depth(sorted((n for some in found for n in some), key=lambda n: n.z), max(excess, 0.0))


def settle(rows: Rows, start: Node, *, trusting: bool) -> tuple[Visit, Rows, float]:
    """Weights of the rows that belong to the dipole they lead to, and position errors as large as they seem.

    What the rows' variances themselves would tell of the depth is not used: position errors are Gaussian,
    what they
    make of the signal is not. So weights are settled first, and then the same for all depths.
    """
    at, excess, here = np.array([[*start.xy, start.z]]), 0.0, start.visit
    for again in range(ROUNDS):
        here = visit(rows, at, here, renew=True)
        at, gain = step(rows, here)
        if again and gain < 1.0:
            break
    excess = 0.0 if trusting else min(here.excess, EXCESS_MAX)
    if excess > EXCESS_LEAST:
        rows = rows.widened(excess)
        here = visit(rows, at, here, renew=True)
    return here, rows, max(excess, 0.0)


def _along_depth(found: list[Node], excess: float) -> Posterior:
    kept: list[Node] = []  # the best of those that are closer than levels are exact
    for n in sorted(found, key=lambda n: -n.level):
        if all(abs(n.z - k.z) > max(NEAR / np.sqrt(n.bend), LEAST_STEP_M) for k in kept):
            kept.append(n)
    kept.sort(key=lambda n: n.z)
    if len(kept) == 1:
        kept = found
    z, level = np.array([n.z for n in kept]), np.array([n.level for n in kept])
    depth = np.linspace(-z[-1], -z[0], DEPTHS)
    peak = int(np.argmax(level))
    bend = _bend(z, level, peak)
    table = np.column_stack(
        [
            level + 0.5 * bend * (z - z[peak]) ** 2,
            [n.xy for n in kept],
            [[*n.spread[0], *n.spread[1]] for n in kept],
        ]
    )
    here = pchip(z, table, -depth)
    value = here[:, 0] - 0.5 * bend * (-depth - z[peak]) ** 2
    density = np.exp(value - value.max())
    pitch = depth[1] - depth[0]
    total = float(density.sum() * pitch)
    return Posterior(
        depth=depth,
        density=density / total,
        xy=here[:, 1:3],
        inner=here[:, 3:].reshape(-1, 2, 2),
        log_integral=float(value.max()) + float(np.log(total)) + float(np.log(2 * np.pi)),
        nodes=tuple(kept),
        excess=excess,
    )


def _bend(z: Real, level: Real, peak: int) -> float:
    """Curvature at the highest node, which a parabola through it takes out before the rest is interpolated."""
    if not 0 < peak < z.size - 1:
        return 0.0
    a, b = z[peak] - z[peak - 1], z[peak + 1] - z[peak]
    with np.errstate(divide="ignore", invalid="ignore"):  # of a spoilt scan two nodes may be one
        left, right = level[peak] - level[peak - 1], level[peak] - level[peak + 1]
        bend = 2.0 * float((left / a + right / b) / (a + b))
    return max(bend, 0.0) if np.isfinite(bend) else 0.0
