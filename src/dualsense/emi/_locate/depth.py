"""The posterior along depth: nodes at which x and y are integrated out, and where the next one should be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._locate.posterior import MAX_STEP_M, SLACK_NATS, STEPS, Visit, visit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._locate.rows import Rows

    Real = NDArray[np.float64]

NEAR = 0.4
"""Deviations of the depth between nodes that are as good as one."""
STEP_GAIN_NATS = 1.5
"""A step in x and y that promises more is taken, and not only reckoned with."""
LEAST_STEP_M = 2e-5
PACE = 1.7
FLANK = 3.5
"""Deviations, as Gauss-Newton has them, from an optimum to the nodes that prove it; a few times too few."""
RUNGS = (0.4, 1.12)
"""Parts of the tail at which nodes are wanted."""
NODES = 30
CLIMBS = 4
RISE_NATS = 0.3
"""A node beside an optimum that is higher by more says that it was none."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One dipole at a depth: log posterior with x and y integrated out, their best values and covariance."""

    z: float
    level: float
    xy: tuple[float, float]
    spread: tuple[tuple[float, float], tuple[float, float]]
    gain: float
    slope: float
    bend: float
    along: tuple[float, float]
    visit: Visit


def node(here: Visit) -> Node:
    """Integrate x and y out; slope and bend are along depth with x and y at their best, tensors' weights fixed.

    Raises
    ------
    ArithmeticError
        Where rounding has left no positive information on x and y, so that nothing can be integrated.
    """
    (xx, xy, xz), (_, yy, yz), (_, _, zz) = here.information.tolist()
    x_slope, y_slope, z_slope = here.gradient.tolist()
    x, y, z = here.position.tolist()
    det = xx * yy - xy * xy
    if not (det > 0.0 and zz > 0.0 and math.isfinite(here.value)):
        msg = f"no information on where a dipole {-z:.3f} m deep lies"
        raise ArithmeticError(msg)
    move_x, move_y = (yy * x_slope - xy * y_slope) / det, (xx * y_slope - xy * x_slope) / det
    short = min(1.0, MAX_STEP_M / max(abs(move_x), abs(move_y), 1e-12))
    gain = (x_slope * move_x + y_slope * move_y) * (short - 0.5 * short * short)
    along = ((xy * yz - yy * xz) / det, (xy * xz - xx * yz) / det)
    return Node(
        z=z,
        level=here.value + (gain if gain < STEP_GAIN_NATS else 0.0) - 0.5 * math.log(det),
        xy=(x + short * move_x, y + short * move_y),
        spread=((yy / det, -xy / det), (-xy / det, xx / det)),
        gain=gain,
        slope=z_slope - xz * move_x - yz * move_y,
        bend=max(zz + xz * along[0] + yz * along[1], 1e-6 * zz),
        along=along,
        visit=here,
    )


def beside(rows: Rows, near: Node, z: float) -> Node:
    """Move to another depth, with x and y where they should be best, and once more where they were not."""
    (x, y), (dx, dy) = near.xy, near.along
    x += min(max(dx * (z - near.z), -MAX_STEP_M), MAX_STEP_M)
    y += min(max(dy * (z - near.z), -MAX_STEP_M), MAX_STEP_M)
    here = near
    for _ in range(3):
        here = node(visit(rows, np.array([[x, y, z]]), here.visit))
        x, y = here.xy
        if here.gain < STEP_GAIN_NATS:
            break
    return here


def climb(rows: Rows, start: Visit) -> list[Node]:
    """Nodes from a start to the nearest optimum along depth, with one on either side of it, z rising.

    Gauss-Newton's slope leaves out what tensors' prior, classes and determinants add, and may vanish where the
    level itself still rises by hundreds of nats to come: an optimum is one only with lower nodes beside it.
    """
    here = node(start)
    if here.gain > STEP_GAIN_NATS:
        here = beside(rows, here, here.z)
    found: list[Node] = []
    for _ in range(CLIMBS):
        found += newton(rows, here)
        reached = max(found, key=lambda n: n.level)
        found += _flanks(rows, found, reached)
        here = max(found, key=lambda n: n.level)
        if here.level < reached.level + RISE_NATS:
            break
    return sorted(found, key=lambda n: n.z)


def _flanks(rows: Rows, found: list[Node], top: Node) -> list[Node]:
    """Nodes on the sides of the highest where none is near; ever farther while the level rises."""
    low, high = -rows.depth_range_m[1], -rows.depth_range_m[0]
    more: list[Node] = []
    for way in (-1, 1):
        edge, stride = top, FLANK * max(1.0 / math.sqrt(top.bend), 4.0 * LEAST_STEP_M)
        if any(0.0 < way * (n.z - top.z) < 2.0 * stride for n in found):
            continue
        while True:
            z = min(max(edge.z + way * stride, low), high)
            if abs(z - edge.z) < LEAST_STEP_M:
                break
            there = beside(rows, edge, z)
            more.append(there)
            if there.level < edge.level:
                break
            edge, stride = there, min(2.0 * stride, _limit(z))
    return more


def _limit(z: float) -> float:
    return min(MAX_STEP_M, 0.4 * abs(z) + 2e-3)


def newton(rows: Rows, here: Node) -> list[Node]:
    """Step along depth from a node, which is the first of those returned.

    Gauss-Newton knows the misfit's slope. What weights, determinants and the tensors' prior add to it is told by
    the level itself, from one node to the next.
    """
    low, high = -rows.depth_range_m[1], -rows.depth_range_m[0]
    found = [here]
    extra = 0.0
    for _ in range(STEPS):
        move = (here.slope + extra) / here.bend
        limit = _limit(here.z)
        z = min(max(here.z + min(max(move, -limit), limit), low), high)
        if abs(z - here.z) < NEAR / math.sqrt(here.bend):
            break
        there = beside(rows, here, z)
        extra = (there.level - here.level) / (z - here.z) - 0.5 * (there.slope + here.slope)
        found.append(there)
        if there.level < here.level - SLACK_NATS:
            break
        here = there
    return found


def extend(rows: Rows, found: list[Node], *, tail: float) -> list[Node]:
    """Go on beyond both ends of some nodes until the posterior has fallen by tail nats.

    Strides follow what levels have done so far: the nodes of a Gaussian posterior are its top and, on either side,
    one for each of `RUNGS`. Gauss-Newton's deviation, which leaves the tensors' freedom out, is several times too
    small.
    """
    low, high = -rows.depth_range_m[1], -rows.depth_range_m[0]
    found = list(found)
    top = max(found, key=lambda n: n.level)
    deviation = max(1.0 / math.sqrt(top.bend), 4.0 * LEAST_STEP_M)
    for way in (-1, 1):
        before = PACE * deviation
        while len(found) < NODES:
            edge = found[0] if way < 0 else found[-1]
            top = max(found, key=lambda n: n.level)
            drop = top.level - edge.level
            if drop > tail:
                break
            before = _stride(abs(edge.z - top.z), drop, tail, before)
            z = min(max(edge.z + way * before, low), high)
            if abs(z - edge.z) < LEAST_STEP_M:
                break
            found.insert(0 if way < 0 else len(found), beside(rows, edge, z))
    return found


def _stride(away: float, drop: float, tail: float, before: float) -> float:
    """Onwards to the next rung, were the posterior the Gaussian that falls by ``drop`` over ``away``."""
    if drop < 0.1:
        return 2.0 * before
    rung = next((share * tail for share in RUNGS if share * tail > drop + 0.6), 1.12 * tail)
    onwards = away * (math.sqrt(rung / drop) - 1.0)
    return min(max(onwards, 0.4 * before), 2.5 * before)
