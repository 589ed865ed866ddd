"""Kernels of a visit: dipoles at given positions, with all that is not their position integrated out.

Plain arrays, no validation, the caller allocates; the order of unknowns is that of
`dualsense.emi._locate._rows_kernels`. n dipoles, m rows, c channels, k classes of metal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dualsense.emi._columns_kernels import RowCoils, columns
from dualsense.emi._locate._evidence_kernels import Classes, Equations, eliminated, evidence, level, sized
from dualsense.emi._locate._rows_kernels import eliminate, normal, position_terms, shifts, to_coordinates, whiten
from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

_FREE = 0.75
"""Part of the determinants that stays as it is where weights were last renewed. Six coordinates in every channel
are many more than what a piece of metal can vary in (a size, a time, a shape, three turns), and all of them would
ask for a larger, deeper object where position errors blur the near rows."""

_FIRST_ROUNDS = 12
"""Of the search for a size that begins from nowhere."""


class Levels(NamedTuple):
    """What is known of the dipoles' classes.

    Attributes
    ----------
    kind : (n,)
        The likeliest class of each dipole.
    level : (n, k)
        Log posterior of each class.
    log_size : (n, k)
        Best log size in each class.
    volume : (n, k)
        What determinants and sizes add to each level, where weights were last renewed.
    """

    kind: NDArray[np.int64]
    level: Real
    log_size: Real
    volume: Real


class _One(NamedTuple):
    """A dipole by itself, with the tensors of all others integrated out.

    Attributes
    ----------
    equations
        Of its six coordinates in all channels.
    kind, log_size : (1,)
        Class and size in question.
    beside : (2,)
        What the others add to the two values of `level`.
    """

    equations: Equations
    kind: NDArray[np.int64]
    log_size: Real
    beside: Real


@jit()
def _own_class(one: _One, classes: Classes, levels: Levels, d: int, rounds: int, first: int, renew: int) -> float:
    """Bring the size of dipole d up to date in the class it has; returns its level.

    Parameters
    ----------
    one
        The dipole; its size is brought up to date.
    classes
        Classes of metal.
    levels
        Brought up to date; the sizes in other classes follow.
    rounds
        Of the search for the size.
    first, renew
        As in `visit`.
    """
    keep = levels.kind[d]
    was = levels.log_size[d, keep]
    one.kind[0], one.log_size[0] = keep, was
    best, part = level(one.equations, one.kind, one.log_size, classes)
    best, part = sized(one.equations, one.kind, one.log_size, classes, rounds, best, part)
    part += one.beside[1]
    if renew == 1:
        levels.volume[d, keep] = part
    best += one.beside[0] + classes.log_share[keep] + _FREE * (levels.volume[d, keep] - part)
    levels.level[d, keep] = best
    now = one.log_size[0]
    levels.log_size[d, keep] = now
    for e in range(classes.log_share.size):
        if e != keep:
            levels.log_size[d, e] = now if first == 1 else levels.log_size[d, e] + now - was
    return best


@jit()
def _other_classes(
    one: _One, classes: Classes, levels: Levels, d: int, best: float, before: Real, renew: int, in_play: float
) -> tuple[float, float]:
    """Levels of dipole d in the classes it does not have; it changes to the best.

    Parameters
    ----------
    one
        The dipole; class and size are overwritten.
    classes
        Classes of metal.
    levels
        Brought up to date.
    best
        Level in the class it has.
    before : (n,)
        Levels of the best classes before.
    renew, in_play
        As in `visit`.

    Returns
    -------
    float
        Level of the best class.
    float
        Sum over all classes of their probabilities relative to that.
    """
    lead = levels.kind[d]
    keep = lead
    for e in range(classes.log_share.size):
        if e != lead:
            levels.level[d, e] += best - before[d]
    for e in range(classes.log_share.size):
        if e == lead or (renew == 0 and levels.level[d, e] < before[d] - 2.0 * in_play):
            continue
        one.kind[0], one.log_size[0] = e, levels.log_size[d, e]
        now, part = level(one.equations, one.kind, one.log_size, classes)
        shift = one.beside[0] + classes.log_share[e]
        shift += 0.0 if renew == 1 else _FREE * (levels.volume[d, e] - part - one.beside[1])
        if now + shift > best - (3.0 * in_play if renew == 1 else in_play):
            now, part = sized(one.equations, one.kind, one.log_size, classes, 1 + renew, now, part)
            levels.log_size[d, e] = one.log_size[0]
        part += one.beside[1]
        if renew == 1:
            levels.volume[d, e] = part
        now += one.beside[0] + classes.log_share[e] + _FREE * (levels.volume[d, e] - part)
        levels.level[d, e] = now
        if now > best:
            best = now
            keep = e
    levels.kind[d] = keep
    many = 0.0
    for e in range(classes.log_share.size):
        many += np.exp(levels.level[d, e] - best)
    return best, many


@jit()
def _all_classes(
    equations: Equations,
    classes: Classes,
    levels: Levels,
    before: Real,
    again: int,
    first: int,
    renew: int,
    in_play: float,
) -> float:
    """Classes and sizes of all dipoles, one after the other; returns their log posterior.

    Parameters
    ----------
    equations, classes, levels
        As in `evidence`; solution and levels are brought up to date.
    before : (n,)
        Levels of the best classes before.
    again
        0 where weights are still to be renewed: then only a first visit looks at other classes.
    first, renew, in_play
        As in `visit`.
    """
    n = before.size
    size = equations.right.size // n
    small = Equations(np.empty((size, size)), np.empty(size), np.empty((size, size)), np.empty(size))
    one = _One(small, np.empty(1, dtype=np.int64), np.empty(1), np.empty(2))
    own = np.empty(n)
    total = 0.0
    for d in range(n):
        for o in range(n):
            own[o] = levels.log_size[o, levels.kind[o]]
        one.beside[0], one.beside[1] = eliminated(equations, levels.kind, own, classes, d, small)
        rounds = _FIRST_ROUNDS if first == 1 else 1 + again
        best = _own_class(one, classes, levels, d, rounds, first, renew)
        if again == 0 and first == 0:
            continue
        best, many = _other_classes(one, classes, levels, d, best, before, renew, in_play)
        total += np.log(many) + (best if d == n - 1 else 0.0)
    for d in range(n):
        own[d] = levels.log_size[d, levels.kind[d]]
    evidence(equations, levels.kind, own, classes)
    return total


@jit()
def visit(
    positions: Real,
    coils: RowCoils,
    std: Real,
    data: Real,
    classes: Classes,
    first: int,
    renew: int,
    in_play: float,
    logdet: float,
    weight: Real,
    levels: Levels,
    coordinates: Real,
    factor: Real,
    square: Real,
    gradient: Real,
) -> tuple[float, float, float, float, float]:
    """Dipoles at given positions with tensors integrated out; see `dualsense.emi._locate.posterior.Visit`.

    Parameters
    ----------
    positions : (n, 3)
        Of the dipoles, m.
    coils
        Loops of the rows.
    std : (m, 3)
        Standard deviation of the rows' positions, m.
    data : (c, m)
        In unit noise.
    classes
        Classes of metal.
    first
        1 where levels come from nowhere, 0 where they come from a visit nearby.
    renew
        1 where weights and the levels' volumes are brought up to date.
    in_play
        Sizes of classes that are less likely than the best by more, in nats, are left.
    logdet
        Of the weights, where they are not renewed.
    weight : (p, m)
        Packed; brought up to date with ``renew``.
    levels
        Brought up to date.
    coordinates : (6 n, c)
        Filled with the tensors' mean.
    factor : (6 n c, 6 n c)
        Filled with the Cholesky factor of their precision.
    square : (3 n, 3 n)
        Filled with the information on the positions.
    gradient : (3 n,)
        Filled.

    Returns
    -------
    value, misfit, logdet, energy, excess
        Log posterior up to a constant, misfit, log det of the weights, energy of the data, and how much larger the
        position errors' variance seems than stated.
    """
    n, channels, m = positions.shape[0], data.shape[0], data.shape[1]
    count, size = 6 * n, 6 * n * channels
    f, g = np.empty((count, m)), np.empty((3, count, m))
    columns(positions, coils, std, f, g)
    to_coordinates(f, g)
    equations = Equations(np.empty((size, size)), np.empty(size), factor, np.empty(size))
    moved = np.empty((3, n, channels, m))
    spread = np.ascontiguousarray(std.T)
    before = np.empty(n)
    for d in range(n):
        before[d] = levels.level[d].max()
    energy, total = normal(f, weight, data, equations.matrix, equations.right), 0.0
    for again in range(0 if renew == 1 else 1, 2):
        total = _all_classes(equations, classes, levels, before, again, first, renew, in_play)
        for q in range(count):
            for k in range(channels):
                coordinates[q, k] = equations.solution[q * channels + k]
        shifts(g, coordinates, moved)
        if again == 0:
            logdet = whiten(moved, spread, weight)
            energy = normal(f, weight, data, equations.matrix, equations.right)
    cross = np.empty((3 * n, size))
    misfit, excess = position_terms(f, weight, moved, data, coordinates, cross, square, gradient)
    eliminate(factor, cross, square)
    return total - 0.5 * (energy + logdet), misfit, logdet, energy, excess
