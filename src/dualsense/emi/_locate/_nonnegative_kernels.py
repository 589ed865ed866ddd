"""Kernel of least squares with coefficients that are not negative.

Plain arrays, no validation, the caller allocates. n values are fitted by p columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Index = NDArray[np.intp]
    Real = NDArray[np.float64]

_INDEPENDENT = 1e-14
"""What is left of a column beside others, relative to itself, from which it tells something new."""


@jit()
def _solved(columns: Real, which: Index, count: int, values: Real, q: Real, r: Real, x: Real) -> bool:
    """Fit values (n,) by ``count`` of the columns (p, n); False where one tells nothing new.

    By Gram and Schmidt's process, each column taken twice. q (n, n) and r (n, n) are room; x (n,) is filled as far
    as there are columns.
    """
    n = values.size
    for k in range(count):
        own, size = q[k], 0.0
        for i in range(n):
            own[i] = columns[which[k], i]
            size += own[i] * own[i]
        r[:k, k] = 0.0
        for _ in range(2):
            for j in range(k):
                s = 0.0
                for i in range(n):
                    s += q[j, i] * own[i]
                r[j, k] += s
                for i in range(n):
                    own[i] -= s * q[j, i]
        left = 0.0
        for i in range(n):
            left += own[i] * own[i]
        if not left > _INDEPENDENT * _INDEPENDENT * size:
            return False
        r[k, k] = np.sqrt(left)
        s = 0.0
        for i in range(n):
            own[i] /= r[k, k]
            s += own[i] * values[i]
        x[k] = s
    for k in range(count - 1, -1, -1):
        for j in range(k + 1, count):
            x[k] -= r[k, j] * x[j]
        x[k] /= r[k, k]
    return True


@jit()
def _another(columns: Real, which: Index, count: int, values: Real, gain: Real, q: Real, r: Real, x: Real) -> int:
    """Take the column that promises most, tells something new and is not negative; returns how many are taken.

    gain (p,) is what each promises, 0 for those that are taken; the others as for `_solved`.
    """
    while count < values.size:
        best = int(np.argmax(gain))
        if not gain[best] > 0.0:
            break
        which[count], gain[best] = best, 0.0
        if _solved(columns, which, count + 1, values, q, r, x) and x[count] > 0.0:
            return count + 1
    return count


@jit()
def nonnegative(columns: Real, values: Real, out: Real) -> None:
    """Fit sets of values by columns with coefficients that are not negative, in the least squares.

    Lawson, C. L. and Hanson, R. J. (1974). Solving Least Squares Problems, chapter 23. Prentice-Hall.

    Parameters
    ----------
    columns : (p, n)
    values : (b, n)
    out : (b, p)
        Filled.
    """
    p, n = columns.shape
    which, gain = np.empty(n, dtype=np.intp), np.empty(p)
    q, r, x, rest, held = np.empty((n, n)), np.empty((n, n)), np.empty(n), np.empty(n), np.empty(n)
    for b in range(values.shape[0]):
        count = 0
        for _ in range(3 * p):
            rest[:] = values[b]
            for k in range(count):
                for i in range(n):
                    rest[i] -= held[k] * columns[which[k], i]
            for j in range(p):
                gain[j] = 0.0
                for i in range(n):
                    gain[j] += columns[j, i] * rest[i]
            for k in range(count):
                gain[which[k]] = 0.0
            more = _another(columns, which, count, values[b], gain, q, r, x)
            if more == count:
                break
            held[count], count = 0.0, more
            while x[:count].min() <= 0.0:  # back to where the first of them turns negative, and on without it
                part = np.inf
                for k in range(count):
                    if x[k] <= 0.0:
                        part = min(part, held[k] / (held[k] - x[k]))
                kept = 0
                for k in range(count):
                    stays = x[k] > 0.0 or held[k] / (held[k] - x[k]) > part
                    now = held[k] + part * (x[k] - held[k])
                    if stays:
                        which[kept], held[kept] = which[k], now
                        kept += 1
                count = kept
                _solved(columns, which, count, values[b], q, r, x)
                if count == 0:
                    break
            held[:count] = x[:count]
        out[b] = 0.0
        for k in range(count):
            out[b, which[k]] = held[k]
