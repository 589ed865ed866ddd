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


@jit(checked_division=False)
def weigh(pushed: Real, quick: float, both: Real, turned: Real, pairs: Real, told: Real, heavy: Real) -> None:
    """Eliminate what is new in each row's place.

    pushed (c, 3, m) change of the channels by the error, in its deviations, of which quick is that part; both
    (c, p, m) other slopes. Filled: turned (3, c, m), what tells the error from the row's channels; pairs
    (c, c, m), the channels' weight without it, its lower half; told (3, p, m) the slopes turned, and heavy
    (c, p, m) weighed.

    By Cholesky's factor of 1 + quick^2 pushed^T pushed, which is a thousand millions over strong metal.
    """
    channels, m = pushed.shape[0], pushed.shape[2]
    factor = np.zeros((3, 3, m))
    for i in range(3):
        for j in range(i + 1):
            factor[i, j] += 1.0 if i == j else 0.0
            for k in range(channels):
                for r in range(m):
                    factor[i, j, r] += quick * pushed[k, i, r] * quick * pushed[k, j, r]
    for r in range(m):
        factor[0, 0, r] = np.sqrt(factor[0, 0, r])
        factor[1, 0, r] /= factor[0, 0, r]
        factor[2, 0, r] /= factor[0, 0, r]
        factor[1, 1, r] = np.sqrt(factor[1, 1, r] - factor[1, 0, r] ** 2)
        factor[2, 1, r] = (factor[2, 1, r] - factor[2, 0, r] * factor[1, 0, r]) / factor[1, 1, r]
        factor[2, 2, r] = np.sqrt(factor[2, 2, r] - factor[2, 0, r] ** 2 - factor[2, 1, r] ** 2)
    half = np.empty((3, channels, m))
    for k in range(channels):
        for r in range(m):
            half[0, k, r] = quick * pushed[k, 0, r] / factor[0, 0, r]
            rest = quick * pushed[k, 1, r] - factor[1, 0, r] * half[0, k, r]
            half[1, k, r] = rest / factor[1, 1, r]
            rest = quick * pushed[k, 2, r] - factor[2, 0, r] * half[0, k, r] - factor[2, 1, r] * half[1, k, r]
            half[2, k, r] = rest / factor[2, 2, r]
        _upper(factor, half[:, k], quick, turned[:, k])
    for k in range(channels):
        for h in range(k + 1):
            pairs[k, h] = 1.0 if k == h else 0.0
            for i in range(3):
                for r in range(m):
                    pairs[k, h, r] -= half[i, k, r] * half[i, h, r]
    seen = np.empty((3, m))
    for j in range(both.shape[1]):
        for i in range(3):
            seen[i] = 0.0
            for k in range(channels):
                for r in range(m):
                    seen[i, r] += half[i, k, r] * both[k, j, r]
        for k in range(channels):
            for r in range(m):
                taken = half[0, k, r] * seen[0, r] + half[1, k, r] * seen[1, r] + half[2, k, r] * seen[2, r]
                heavy[k, j, r] = both[k, j, r] - taken
        _upper(factor, seen, quick, told[:, j])


@jit(checked_division=False)
def _upper(factor: Real, what: Real, scale: float, out: Real) -> None:
    """Solve with the transposes of lower factors (3, 3, m) for what (3, m) over a scale."""
    for r in range(what.shape[1]):
        last = what[2, r] / factor[2, 2, r]
        middle = (what[1, r] - factor[2, 1, r] * last) / factor[1, 1, r]
        out[0, r] = (what[0, r] - factor[1, 0, r] * middle - factor[2, 0, r] * last) / factor[0, 0, r] / scale
        out[1, r], out[2, r] = middle / scale, last / scale


@jit()
def gather(
    knot: NDArray[np.int64],
    share: Real,
    known: Real,
    few: Real,
    turned: Real,
    columns: Real,
    soil: Real,
    patches: Real,
    own: Real,
    beside: Real,
    along: Real,
) -> None:
    """Add what rows tell of the error at the knots, and together with all else.

    knot (m,), share (m,): a row lies at (1 - share) of its knot and share of the next. known (m, 3, 3) is what it
    tells of the error; of the others with the error: few (m, 3, p + 1) places and what is left; turned (m, 3, c)
    times columns (m, t) each channel's coefficients; soil (m, 3) times patches (m, s). Filled: own (k, 3, 3),
    beside (k - 1, 3, 3), along (k, 3, p + c t + s + 1), in the order places, coefficients channel by channel,
    patches, what is left.
    """
    channels, total, spots = turned.shape[2], columns.shape[1], patches.shape[1]
    places, width = few.shape[2] - 1, along.shape[2]
    row = np.empty((3, width))
    for r in range(knot.shape[0]):
        n, late = knot[r], share[r]
        early = 1.0 - late
        for i in range(3):
            for j in range(places):
                row[i, j] = few[r, i, j]
            row[i, width - 1] = few[r, i, places]
            for k in range(channels):
                first, value = places + k * total, turned[r, i, k]
                for j in range(total):
                    row[i, first + j] = value * columns[r, j]
            first = places + channels * total
            for j in range(spots):
                row[i, first + j] = soil[r, i] * patches[r, j]
        _add(own[n], known[r], early * early)
        _add(along[n], row, early)
        if late > 0.0:
            _add(beside[n], known[r], early * late)
            _add(own[n + 1], known[r], late * late)
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
