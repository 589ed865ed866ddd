"""Kernels that refine positions of dipoles by variable projection: one call is a whole descent.

Plain arrays, no validation, the caller allocates. What rests (drift, soil, dipoles that stay) comes as orthonormal
rows, the data as what these leave; beside them a trial needs only Gram matrices of the moving columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dualsense.emi._columns_kernels import RowCoils, columns, values
from dualsense.emi._joint._dense_kernels import (
    add,
    dots,
    energy,
    factored,
    forward,
    light_dots,
    light_sums,
    solved,
)
from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Light = NDArray[np.float32]
    Index = NDArray[np.intp]

_DAMPING, _LEAST_DAMPING, _EASIER = 1e-2, 1e-6, 5.0
_WORTH = 1e-4
"""Of the misfit: a step that gains less is the last."""
_LOUD = 1e-7
"""Part of a dipole's energy from which a channel tells of how steep the misfit is."""


class Setting(NamedTuple):
    """What stays as it is during a descent.

    Attributes
    ----------
    coils
        Loops of the m rows.
    weight : (m,)
        Of the rows.
    basis : (p, m)
        Orthonormal rows of all that rests; weighted.
    slack : (p, p)
        How far a ridge keeps what rests from giving way, in coordinates of the basis.
    gone : (p, c)
        Coordinates of the data that the slack adds to the rest.
    rest : (c, m)
        What is left of the data.
    wide : (n,)
        Which of the n moving dipoles have a tensor of their own: six columns instead of one.
    low, high : (n, 3)
        Where they may go, m.
    others : (k, 3)
        Places of dipoles that rest, m.
    near : (r,)
        Rows so near to what moves that they tell how steep the misfit is; ascending.
    close
        Loops of those.
    light : (p, r)
        The basis there, in single precision: it only says which way to go, and `fitted` whether that was good.
    aside : (r, w)
        The same by columns, filled up with zeros.
    """

    coils: RowCoils
    weight: Real
    basis: Real
    slack: Real
    gone: Real
    rest: Real
    wide: NDArray[np.bool_]
    low: Real
    high: Real
    others: Real
    near: Index
    close: RowCoils
    light: Light
    aside: Light


class Limits(NamedTuple):
    """Of a descent: steps, tries of a damping in each, and how far a step goes and how close two come, in m."""

    steps: int
    tries: int
    step_m: float
    closest_m: float


class Found(NamedTuple):
    """Linear fit of the q columns of what moves.

    Attributes
    ----------
    unit, size : (q, m), (q,)
        Columns of norm one, and their norms.
    along : (p, q)
        Their coordinates in the basis of what rests.
    factor : (q, q)
        Cholesky's, of what is new in them.
    gram, pull : (q, q), (q, c)
        Inner products of what is new in them, and with the data.
    left : (c, m)
        What they leave of the data if what rests does not give way, and
    hidden : (p, c)
        by how much it does.
    misfit
        Of all together.
    """

    unit: Real
    size: Real
    along: Real
    factor: Real
    gram: Real
    pull: Real
    left: Real
    hidden: Real
    misfit: float


@jit()
def fitted(places: Real, setting: Setting, count: int) -> Found:
    """Fit n dipoles at places (n, 3), of ``count`` columns in all."""
    m = setting.weight.shape[0]
    unit, size = np.empty((count, m)), np.empty(count)
    own, at = np.empty((6, m)), 0
    for n in range(places.shape[0]):
        values(places[n : n + 1], setting.coils, own)
        if not setting.wide[n]:
            for i in range(m):
                own[0, i] += own[1, i] + own[2, i]
        for q in range(6 if setting.wide[n] else 1):
            s, row = 0.0, unit[at]
            for i in range(m):
                row[i] = own[q, i] * setting.weight[i]
                s += row[i] * row[i]
            size[at] = np.sqrt(s) + 1e-300
            over = 1.0 / size[at]
            for i in range(m):
                row[i] *= over
            at += 1
    along, pull = np.empty((setting.basis.shape[0], count)), np.empty((count, setting.rest.shape[0]))
    gram = np.empty((count, count))
    dots(setting.basis, unit, along)
    dots(unit, unit, gram)
    dots(unit, setting.rest, pull)
    for k in range(along.shape[0]):
        for i in range(count):
            for j in range(count):
                gram[i, j] -= along[k, i] * along[k, j]
    factor = factored(gram, 0.0)
    part = solved(factor, pull)
    left, hidden = setting.rest.copy(), np.zeros((along.shape[0], pull.shape[1]))
    add(-part.T.copy(), unit, left)
    add(along, part, hidden)
    # what rests explains nothing of its rest, so giving way takes away the energy of what it hid
    misfit = energy(left) - energy(hidden)
    return Found(unit, size, along, factor, gram, pull, left, hidden, misfit)


@jit()
def _ridged(setting: Setting, found: Found, ridge: float) -> Real:
    """Coefficients (q, c) of the unit columns, with a ridge on them and on what rests."""
    p, q = found.along.shape
    gram, pull, stiff = found.gram.copy(), found.pull.copy(), np.zeros((p, q))
    add(setting.slack, found.along, stiff)
    add(found.along.T.copy(), stiff, gram)
    add(found.along.T.copy(), setting.gone, pull)
    return solved(factored(gram, ridge * ridge), pull)


@jit()
def _loud(part: Real, setting: Setting) -> NDArray[np.intp]:
    """Channels in which some dipole has at least `_LOUD` of its energy; part (q, c) of unit columns."""
    chosen, at = np.zeros(part.shape[1], np.bool_), 0
    for wide in setting.wide:
        own = np.zeros(part.shape[1])
        for q in range(at, at + (6 if wide else 1)):
            own += part[q] * part[q]
        chosen |= own >= _LOUD * own.sum()
        at += 6 if wide else 1
    return np.flatnonzero(chosen)


@jit()
def _left_near(setting: Setting, found: Found) -> Real:
    """Weigh once more what is left of the data in the near rows (c, r), with what the rest gives way."""
    c, r = found.left.shape[0], setting.near.size
    full, row = np.empty((c, r)), np.empty(r)
    for k in range(c):
        row[:] = 0.0
        for j in range(setting.light.shape[0]):
            f, own = found.hidden[j, k], setting.light[j]
            for i in range(r):
                row[i] += f * own[i]
        for i in range(r):
            full[k, i] = (found.left[k, setting.near[i]] + row[i]) * setting.weight[setting.near[i]]
    return full


@jit()
def _moved(places: Real, setting: Setting, found: Found, known: Real, loud: Index, gradient: Real) -> Light:
    """Change (3 n, k, r) of the near rows' response, in k loud channels, with each coordinate of the n dipoles.

    known (q, c) are coefficients of the unit columns; the gradient (3 n,) of half the misfit, over all channels,
    is filled.
    """
    r = setting.near.size
    moved = np.zeros((3 * places.shape[0], loud.size, r), np.float32)
    slope, value, sure, pull = np.empty((3, 6, r)), np.empty((6, r)), np.zeros((r, 3)), np.empty((6, r))
    full, weight, own = _left_near(setting, found), setting.weight[setting.near], np.empty((6, r), np.float32)
    at = 0
    for n in range(places.shape[0]):
        columns(places[n : n + 1], setting.close, sure, value, slope)
        many = 6 if setting.wide[n] else 1
        part = known[at : at + many] / found.size[at : at + many].reshape(many, 1)
        pull[:] = 0.0
        add(part, full, pull[:many])
        shown = np.empty((loud.size, many), np.float32)
        for k in range(loud.size):
            shown[k] = part[:, loud[k]]
        for axis in range(3):
            if many == 1:
                for i in range(r):
                    slope[axis, 0, i] += slope[axis, 1, i] + slope[axis, 2, i]
            s = 0.0
            for q in range(many):
                row, force, light = slope[axis, q], pull[q], own[q]
                for i in range(r):
                    s += row[i] * force[i]
                    light[i] = row[i] * weight[i]
            gradient[3 * n + axis] = -s
            add(shown, own[:many], moved[3 * n + axis])
        at += many
    return moved


@jit()
def steepness(places: Real, setting: Setting, found: Found, ridge: float) -> tuple[Real, Real]:
    """Form the normal matrix (3 n, 3 n) and gradient (3 n,) of half the misfit, of Kaufman's Jacobian.

    That is minus the part of the moved response which nothing linear explains. The near rows tell of it, in single
    precision: both only say which way to go.
    """
    size, p, q = 3 * places.shape[0], setting.basis.shape[0], found.size.size
    known, gradient = _ridged(setting, found, ridge), np.empty(size)
    loud = _loud(known, setting)
    moved = _moved(places, setting, found, known, loud, gradient)
    r = setting.near.size
    flat = moved.reshape(size * loud.size, r)
    unit = np.empty((q, r), np.float32)
    for k in range(q):
        for i in range(r):
            unit[k, i] = found.unit[k, setting.near[i]]
    rests, own = np.empty((flat.shape[0], p)), np.empty((flat.shape[0], q))
    light_sums(flat, setting.aside, rests)
    light_dots(flat, unit, own)
    new = own.T.copy()
    for i in range(q):
        for j in range(flat.shape[0]):
            for k in range(p):
                new[i, j] -= found.along[k, i] * rests[j, k]
    forward(found.factor, new)
    normal, less, least = np.empty((size, size)), np.empty((size, size)), np.empty((size, size))
    everything, hidden = moved.reshape(size, -1), rests.reshape(size, -1)
    light_dots(everything, everything, normal)
    dots(hidden, hidden, less)
    explained = new.T.copy().reshape(size, -1)
    dots(explained, explained, least)
    return normal - less - least, gradient


@jit()
def _collapses(before: Real, after: Real, others: Real, closest_m: float) -> bool:
    """Return whether two dipoles come closer than this, and closer than they were."""
    n = after.shape[0]
    for i in range(n):
        for j in range(n + others.shape[0]):
            if j != i:
                old, new = 0.0, 0.0
                for axis in range(3):
                    o = before[j, axis] if j < n else others[j - n, axis]
                    a = after[j, axis] if j < n else others[j - n, axis]
                    old += (before[i, axis] - o) ** 2
                    new += (after[i, axis] - a) ** 2
                if new < closest_m * closest_m and new < old:
                    return True
    return False


@jit()
def _stepped(places: Real, normal: Real, gradient: Real, damping: float, setting: Setting, step_m: float) -> Real:
    """Places (n, 3) after a damped step, no longer than step_m along any axis and within the limits."""
    k = gradient.size
    trace, scale, system = 0.0, np.empty(k), np.empty((k, k))
    for i in range(k):
        trace += normal[i, i]
    for i in range(k):
        scale[i] = 1.0 / np.sqrt((1.0 + damping) * normal[i, i] + damping * (1e-6 * trace / k + 1e-300) + 1e-300)
    for i in range(k):
        for j in range(k):
            system[i, j] = normal[i, j] * scale[i] * scale[j] if i != j else 1.0
    right = (-gradient * scale).reshape(k, 1)
    move = solved(factored(system, 0.0), right)[:, 0] * scale
    move *= min(1.0, step_m / max(np.abs(move).max(), 1e-12))
    return np.minimum(np.maximum(places + move.reshape(-1, 3), setting.low), setting.high)


@jit()
def descend(start: Real, setting: Setting, limits: Limits, ridge: float) -> tuple[Real, float]:
    """Levenberg-Marquardt over the places (n, 3) of some dipoles; returns where it ends and the misfit there.

    Parameters
    ----------
    start : (n, 3)
        In m.
    setting
        Rows, data and what rests.
    limits
        Of steps.
    ridge
        On coefficients, in units of a column's norm, where they tell how steep the misfit is.
    """
    count = 0
    for n in range(start.shape[0]):
        count += 6 if setting.wide[n] else 1
    places, found = start.copy(), fitted(start, setting, count)
    damping = _DAMPING
    for _ in range(limits.steps):
        normal, gradient = steepness(places, setting, found, ridge)
        improved = False
        for _try in range(limits.tries):
            moved = _stepped(places, normal, gradient, damping, setting, limits.step_m)
            if not _collapses(places, moved, setting.others, limits.closest_m):
                tried = fitted(moved, setting, count)
                if tried.misfit < found.misfit:
                    improved = found.misfit - tried.misfit > _WORTH * found.misfit
                    places, found, damping = moved, tried, max(damping / _EASIER, _LEAST_DAMPING)
                    break
            damping *= _EASIER
        if not improved:
            break
    return places, found.misfit
