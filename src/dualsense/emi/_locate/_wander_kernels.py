"""Kernels of the track's wandering error beside dipoles: a process in time, eliminated knot by knot.

A row lies between two knots, and a knot knows its neighbours only: the precision of the error at the knots is
block-tridiagonal, and its factor costs what the knots cost. Plain arrays, no validation, the caller allocates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]


@jit()
def gather(
    knot: NDArray[np.int64],
    share: Real,
    turned: Real,
    pushed: Real,
    few: Real,
    columns: Real,
    soil: Real,
    patches: Real,
    own: Real,
    beside: Real,
    along: Real,
) -> None:
    """Add what rows tell of the error at the knots, and together with all else.

    knot (m,), share (m,): a row lies at (1 - share) of its knot and share of the next. turned (m, 3, c) is what
    weighs the slopes pushed (m, c, 3) by the error. Of the others: few (m, c, p + 1) slopes of places and what is
    left; columns (m, t) of each channel's coefficients; soil (m, c) times patches (m, s). Filled: own (k, 3, 3),
    beside (k - 1, 3, 3), along (k, 3, p + c t + s + 1), in the order places, coefficients channel by channel,
    patches, what is left.
    """
    channels, total, spots = soil.shape[1], columns.shape[1], patches.shape[1]
    places = few.shape[2] - 1
    row = np.empty((3, along.shape[2]))
    known = np.empty((3, 3))
    for r in range(knot.shape[0]):
        n, late = knot[r], share[r]
        early = 1.0 - late
        for i in range(3):
            for j in range(3):
                value = 0.0
                for k in range(channels):
                    value += turned[r, i, k] * pushed[r, k, j]
                known[i, j] = value
            for j in range(places + 1):
                value = 0.0
                for k in range(channels):
                    value += turned[r, i, k] * few[r, k, j]
                row[i, j if j < places else along.shape[2] - 1] = value
            ground = 0.0
            for k in range(channels):
                ground += turned[r, i, k] * soil[r, k]
                first = places + k * total
                for j in range(total):
                    row[i, first + j] = turned[r, i, k] * columns[r, j]
            first = places + channels * total
            for j in range(spots):
                row[i, first + j] = ground * patches[r, j]
        _add(own[n], known, early * early)
        _add(along[n], row, early)
        if late > 0.0:
            _add(beside[n], known, early * late)
            _add(own[n + 1], known, late * late)
            _add(along[n + 1], row, late)


@jit()
def _add(to: Real, what: Real, weight: float) -> None:
    for i in range(what.shape[0]):
        for j in range(what.shape[1]):
            to[i, j] += weight * what[i, j]


@jit(checked_division=False)
def eliminate(own: Real, beside: Real, along: Real) -> None:
    """Factor the knots' precision in place, and take the factor out of along, from the left.

    own (k, 3, 3) becomes the lower factors, beside (k - 1, 3, 3) what goes from one knot to the next.
    """
    width = along.shape[2]
    for n in range(own.shape[0]):
        if n > 0:
            for i in range(3):
                for j in range(3):
                    for k in range(3):
                        own[n, i, j] -= beside[n - 1, k, i] * beside[n - 1, k, j]
                for k in range(3):
                    factor = beside[n - 1, k, i]
                    for j in range(width):
                        along[n, i, j] -= factor * along[n - 1, k, j]
        for i in range(3):
            for j in range(i + 1):
                value = own[n, i, j]
                for k in range(j):
                    value -= own[n, i, k] * own[n, j, k]
                own[n, i, j] = np.sqrt(value) if i == j else value / own[n, j, j]
        _lower(own[n], along[n])
        if n + 1 < own.shape[0]:
            _lower(own[n], beside[n])


@jit(checked_division=False)
def _lower(factor: Real, what: Real) -> None:
    """Solve with a lower factor (3, 3), in place."""
    for i in range(3):
        for k in range(i):
            for j in range(what.shape[1]):
                what[i, j] -= factor[i, k] * what[k, j]
        for j in range(what.shape[1]):
            what[i, j] /= factor[i, i]


@jit(checked_division=False)
def put_back(own: Real, beside: Real, wander: Real) -> None:
    """Turn wander (k, 3) from what `eliminate` left of it into the error at the knots."""
    last = own.shape[0] - 1
    for n in range(last, -1, -1):
        if n < last:
            for i in range(3):
                for k in range(3):
                    wander[n, i] -= beside[n, i, k] * wander[n + 1, k]
        for i in range(2, -1, -1):
            for k in range(i + 1, 3):
                wander[n, i] -= own[n, k, i] * wander[n, k]
            wander[n, i] /= own[n, i, i]
