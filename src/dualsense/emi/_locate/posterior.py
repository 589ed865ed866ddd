"""Behind `emi._locate.locate`: visits of positions, with tensors integrated out, and steps between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._locate import _evidence_kernels as kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._locate.prior import MetalPrior

    Real = NDArray[np.float64]

FIELD_LENGTH_M = 0.05
"""Before a model is there, the field is taken to change by its own size over this length."""
IN_PLAY = 5.0
"""Classes of metal that seem less likely than the best by more than this, in nats, are not looked at closely."""
MAX_STEP_M = 0.02
STEPS = 8
ENOUGH = 0.02
SLACK = 1.0
NEAR = 0.4
SURE = 1.5
"""A step in x and y that promises more, in nats, is taken, and not only reckoned with."""
LEAST_STEP_M = 2e-5
PACE = 1.7
FLANK = 3.5
"""Deviations, as Gauss-Newton has them, from an optimum to the nodes that prove it; a few times too few."""
RUNGS = (0.4, 1.12)
"""Parts of the tail at which nodes are wanted."""
NODES = 30
CLIMBS = 4
RISEN = 0.3
"""A node beside an optimum that is higher by more, in nats, says that it was none."""


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """`MetalPrior` as `emi._locate._evidence_kernels.evidence` wants it, in the rows' whitened channels."""

    log_share: Real
    mean: Real
    inner: Real
    outer: Real
    constant: Real
    magnetic: Real

    @classmethod
    def of(cls, prior: MetalPrior, unmix: Real) -> Classes:
        """Turn moments into precisions; unmix (c, c) takes the channels to unit noise."""
        inner = np.linalg.inv(unmix @ prior.isotropic @ unmix.T)
        outer = np.linalg.inv(unmix @ prior.deviatoric @ unmix.T)
        level = prior.mean @ unmix.T
        mean = np.einsum("kij,kj->ki", inner, level)
        constant = np.linalg.slogdet(inner)[1] + 5.0 * np.linalg.slogdet(outer)[1] - (mean * level).sum(axis=1)
        return cls(
            *(
                np.asarray(a, dtype=np.float64)
                for a in (np.log(prior.share), mean, inner, outer, constant, prior.magnetic)
            )
        )


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Rows in unit noise, rows last, with the classes of metal."""

    data: Real
    std: Real
    tx: Real
    rx: Real
    rotation: Real
    tx_radius: Real
    rx_radius: Real
    classes: Classes
    depth_range_m: tuple[float, float]
    prior: tuple[float, float]

    def some(self, use: NDArray[np.intp]) -> Problem:
        """Only these rows."""

        def part(a: Real) -> Real:
            return np.ascontiguousarray(a[use])

        return replace(
            self,
            data=np.ascontiguousarray(self.data[:, use]),
            std=part(self.std),
            tx=part(self.tx),
            rx=part(self.rx),
            rotation=part(self.rotation),
            tx_radius=part(self.tx_radius),
            rx_radius=part(self.rx_radius),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Visit:
    """Dipoles at positions (n, 3): log posterior up to a constant of the data, and the equations around it."""

    positions: Real
    coordinates: Real
    weight: Real
    kind: NDArray[np.int64]
    level: Real
    log_size: Real
    volume: Real
    factor: Real
    information: Real
    gradient: Real
    value: float
    misfit: float
    logdet: float
    energy: float
    excess: float

    @property
    def position(self) -> Real:
        """Of the first dipole."""
        return self.positions[0]


def visit(problem: Problem, positions: Real, before: Visit | None, *, renew: bool = False) -> Visit:
    """Integrate the tensors out at positions (n, 3), with weights and sizes from a visit nearby."""
    c = problem.classes
    channels, m = problem.data.shape
    n, every = positions.shape[0], c.log_share.size
    count = 6 * n
    unknown = before is None or before.positions.shape[0] != n or before.weight.shape[1] != m
    if before is None or unknown:
        weight = rough_weight(problem)
    else:
        weight = before.weight.copy() if renew else before.weight
    if before is None or before.positions.shape[0] != n:
        first = True
        peak = np.abs(problem.data).max()
        start = np.log(max(peak, 1.0)) + np.log(4 * np.pi**2 * 0.1**2) - 10.0
        level, log_size, volume = np.zeros((n, every)), np.full((n, every), start), np.zeros((n, every))
        kind = np.zeros(n, dtype=np.int64)
    else:
        first = False
        level, log_size, kind = before.level.copy(), before.log_size.copy(), before.kind.copy()
        volume = before.volume.copy() if renew or unknown else before.volume
    coordinates = np.empty((count, channels))
    factor = np.empty((count * channels,) * 2)
    square, gradient, scalars = np.empty((3 * n, 3 * n)), np.empty(3 * n), np.zeros(5)
    scalars[2] = 0.0 if before is None or unknown else before.logdet
    kernels.visit(
        positions,
        problem.tx,
        problem.rx,
        problem.rotation,
        problem.tx_radius,
        problem.rx_radius,
        problem.std,
        problem.data,
        c.log_share,
        c.mean,
        c.inner,
        c.outer,
        c.constant,
        int(first),
        int(renew or first or unknown),
        IN_PLAY,
        weight,
        kind,
        level,
        log_size,
        volume,
        coordinates,
        factor,
        square,
        gradient,
        scalars,
    )
    away = positions[:, 2] - problem.prior[0]
    value = float(scalars[0]) - 0.5 * problem.prior[1] * float((away * away).sum())
    depth = np.arange(2, 3 * n, 3)
    square[depth, depth] += problem.prior[1]
    gradient[depth] -= problem.prior[1] * away
    return Visit(
        positions,
        coordinates,
        weight,
        kind,
        level,
        log_size,
        volume,
        factor,
        square,
        gradient,
        value,
        *map(float, scalars[1:]),
    )


def rough_weight(problem: Problem) -> Real:
    """Packed weight before a model is there: position errors count with the size of the signal."""
    channels = problem.data.shape[0]
    size = (problem.data**2).mean(axis=0)
    rough = 1.0 / (1.0 + size * (problem.std**2).sum(axis=1) / FIELD_LENGTH_M**2)
    weight = np.zeros((channels * (channels + 1) // 2, rough.size))
    weight[np.cumsum(np.arange(1, channels + 1)) - 1] = rough
    return weight


def step(problem: Problem, here: Visit, share: float = 1.0) -> tuple[Real, float]:
    """Positions after a Gauss-Newton step or a share of it, and what all of it promises, in nats."""
    information = here.information.copy()
    information[np.diag_indices_from(information)] *= 1.0 + 1e-6
    move = np.linalg.solve(information, here.gradient).reshape(-1, 3)
    gain = 0.5 * float(here.gradient @ move.ravel())
    to = here.positions + share * min(1.0, MAX_STEP_M / max(float(np.abs(move).max()), 1e-12)) * move
    to[:, 2] = np.clip(to[:, 2], -problem.depth_range_m[1], -problem.depth_range_m[0])
    return to, gain


def ascend(problem: Problem, here: Visit, *, steps: int = STEPS) -> Visit:
    """Gauss-Newton over all positions, with weights iterated, until a step promises little."""
    for _ in range(steps):
        share = 1.0
        for _half in range(4):
            to, gain = step(problem, here, share)
            if gain < ENOUGH:
                return here
            trial = visit(problem, to, here)
            if trial.value > here.value - SLACK:  # the weights move too, so a little less is no harm
                break
            share *= 0.4
        here = trial
    return here


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One dipole at a depth: log posterior with x and y integrated out, their best values and covariance."""

    z: float
    level: float
    xy: Real
    spread: Real
    gain: float
    slope: float
    bend: float
    along: Real
    visit: Visit


def node(here: Visit) -> Node:
    """Integrate x and y out; slope and bend are along depth with x and y at their best, tensors' weights fixed.

    Raises
    ------
    ArithmeticError
        Where rounding has left no positive information on x and y, so that nothing can be integrated.
    """
    inner, cross = here.information[:2, :2], here.information[:2, 2]
    det = float(inner[0, 0] * inner[1, 1] - inner[0, 1] ** 2)
    if not (det > 0.0 and here.information[2, 2] > 0.0 and np.isfinite(here.value)):
        msg = f"no information on where a dipole {-here.position[2]:.3f} m deep lies"
        raise ArithmeticError(msg)
    spread = np.array([[inner[1, 1], -inner[0, 1]], [-inner[0, 1], inner[0, 0]]]) / det
    move = spread @ here.gradient[:2]
    short = min(1.0, MAX_STEP_M / max(float(np.abs(move).max()), 1e-12))
    gain = float(here.gradient[:2] @ move) * (short - 0.5 * short * short)
    return Node(
        z=float(here.position[2]),
        level=here.value + (gain if gain < SURE else 0.0) - 0.5 * float(np.log(det)),
        xy=here.position[:2] + short * move,
        spread=spread,
        gain=gain,
        slope=float(here.gradient[2] - cross @ move),
        bend=max(float(here.information[2, 2] - cross @ spread @ cross), 1e-6 * float(here.information[2, 2])),
        along=-spread @ cross,
        visit=here,
    )


def beside(problem: Problem, near: Node, z: float, along: Real | None = None) -> Node:
    """Move to another depth, with x and y where they should be best, and once more where they were not."""
    xy = near.xy + (near.along if along is None else along) * (z - near.z)
    xy = near.xy + np.clip(xy - near.xy, -MAX_STEP_M, MAX_STEP_M)
    here = near
    for _ in range(3):
        here = node(visit(problem, np.array([[*xy, z]]), here.visit))
        xy = here.xy
        if here.gain < SURE:
            break
    return here


def climb(problem: Problem, start: Visit) -> list[Node]:
    """Nodes from a start to the nearest optimum along depth, with one on either side of it, z rising.

    Gauss-Newton's slope leaves out what tensors' prior, classes and determinants add, and may vanish where the
    level itself still rises by hundreds of nats to come: an optimum is one only with lower nodes beside it.
    """
    here = node(start)
    if here.gain > SURE:
        here = beside(problem, here, here.z)
    found: list[Node] = []
    for _ in range(CLIMBS):
        found += newton(problem, here)
        reached = max(found, key=lambda n: n.level)
        found += _flanks(problem, found, reached)
        here = max(found, key=lambda n: n.level)
        if here.level < reached.level + RISEN:
            break
    return sorted(found, key=lambda n: n.z)


def _flanks(problem: Problem, found: list[Node], top: Node) -> list[Node]:
    """Nodes on the sides of the highest where none is near; ever farther while the level rises."""
    low, high = -problem.depth_range_m[1], -problem.depth_range_m[0]
    more: list[Node] = []
    for way in (-1, 1):
        edge, stride = top, FLANK * max(1.0 / np.sqrt(top.bend), 4.0 * LEAST_STEP_M)
        if any(0.0 < way * (n.z - top.z) < 2.0 * stride for n in found):
            continue
        while True:
            z = float(np.clip(edge.z + way * stride, low, high))
            if abs(z - edge.z) < LEAST_STEP_M:
                break
            there = beside(problem, edge, z)
            more.append(there)
            if there.level < edge.level:
                break
            edge, stride = there, min(2.0 * stride, _limit(z))
    return more


def _limit(z: float) -> float:
    return min(MAX_STEP_M, 0.4 * abs(z) + 2e-3)


def newton(problem: Problem, here: Node) -> list[Node]:
    """Step along depth from a node, which is the first of those returned.

    Gauss-Newton knows the misfit's slope. What weights, determinants and the tensors' prior add to it is told by
    the level itself, from one node to the next.
    """
    low, high = -problem.depth_range_m[1], -problem.depth_range_m[0]
    found = [here]
    extra = 0.0
    for _ in range(STEPS):
        move = (here.slope + extra) / here.bend
        limit = _limit(here.z)
        z = float(np.clip(here.z + np.clip(move, -limit, limit), low, high))
        if abs(z - here.z) < NEAR / np.sqrt(here.bend):
            break
        there = beside(problem, here, z)
        extra = (there.level - here.level) / (z - here.z) - 0.5 * (there.slope + here.slope)
        found.append(there)
        if there.level < here.level - SLACK:
            break
        here = there
    return found


def extend(problem: Problem, found: list[Node], *, tail: float) -> list[Node]:
    """Go on beyond both ends of some nodes until the posterior has fallen by tail nats.

    Strides follow what levels have done so far: the nodes of a Gaussian posterior are its top and, on either side,
    one for each of `RUNGS`. Gauss-Newton's deviation, which leaves the tensors' freedom out, is several times too
    small.
    """
    low, high = -problem.depth_range_m[1], -problem.depth_range_m[0]
    found = list(found)
    top = max(found, key=lambda n: n.level)
    deviation = max(1.0 / np.sqrt(top.bend), 4.0 * LEAST_STEP_M)
    for way in (-1, 1):
        before = PACE * deviation
        while len(found) < NODES:
            edge = found[0] if way < 0 else found[-1]
            top = max(found, key=lambda n: n.level)
            drop = top.level - edge.level
            if drop > tail:
                break
            before = _stride(abs(edge.z - top.z), drop, tail, before)
            z = float(np.clip(edge.z + way * before, low, high))
            if abs(z - edge.z) < LEAST_STEP_M:
                break
            found.insert(0 if way < 0 else len(found), beside(problem, edge, z))
    return found


def _stride(away: float, drop: float, tail: float, before: float) -> float:
    """Onwards to the next rung, were the posterior the Gaussian that falls by ``drop`` over ``away``."""
    if drop < 0.1:
        return 2.0 * before
    rung = next((share * tail for share in RUNGS if share * tail > drop + 0.6), 1.12 * tail)
    onwards = away * (np.sqrt(rung / drop) - 1.0)
    return float(np.clip(onwards, 0.4 * before, 2.5 * before))
