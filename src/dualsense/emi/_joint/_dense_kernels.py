"""Small dense algebra for kernels, without a call of BLAS: rows are long, and come last.

Plain arrays, no validation, the caller allocates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Light = NDArray[np.float32]
    Rows = Real | Light

_SINGULAR = 1e-12
"""Of a unit column's energy, what is left beside the earlier ones; below, nothing is new in it."""
_ABSENT = 1e150
"""Pivot of such a column: its coefficient and its coordinates are nothing."""


@jit()
def _edges(a: Rows, b: Rows, rows: int, columns: int, zero: float, out: Real) -> None:
    """Inner products beyond the first rows and columns of out (k, l), one by one, from a zero of their kind."""
    for i in range(a.shape[0]):
        for j in range(columns if i < rows else 0, b.shape[0]):
            s, one, other = zero, a[i], b[j]
            for n in range(a.shape[1]):
                s += one[n] * other[n]
            out[i, j] = s


@jit()
def dots(a: Real, b: Real, out: Real) -> None:
    """Inner products of rows a (k, m) with rows b (l, m), out (k, l)."""
    m = a.shape[1]
    rows, columns = a.shape[0] - a.shape[0] % 2, b.shape[0] - b.shape[0] % 4
    for i in range(0, rows, 2):
        a0, a1 = a[i], a[i + 1]
        for j in range(0, columns, 4):
            b0, b1, b2, b3 = b[j], b[j + 1], b[j + 2], b[j + 3]
            s0, s1, s2, s3, t0, t1, t2, t3 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            for n in range(m):
                s0 += a0[n] * b0[n]
                s1 += a0[n] * b1[n]
                s2 += a0[n] * b2[n]
                s3 += a0[n] * b3[n]
                t0 += a1[n] * b0[n]
                t1 += a1[n] * b1[n]
                t2 += a1[n] * b2[n]
                t3 += a1[n] * b3[n]
            out[i, j], out[i, j + 1], out[i, j + 2], out[i, j + 3] = s0, s1, s2, s3
            out[i + 1, j], out[i + 1, j + 1], out[i + 1, j + 2], out[i + 1, j + 3] = t0, t1, t2, t3
    _edges(a, b, rows, columns, 0.0, out)


@jit()
def light_dots(a: Light, b: Light, out: Real) -> None:
    """`dots` of rows in single precision: four by four, as twice as many numbers fit a register."""
    m, zero = a.shape[1], np.float32(0.0)
    rows, columns = a.shape[0] - a.shape[0] % 4, b.shape[0] - b.shape[0] % 4
    for i in range(0, rows, 4):
        a0, a1, a2, a3 = a[i], a[i + 1], a[i + 2], a[i + 3]
        for j in range(0, columns, 4):
            b0, b1, b2, b3 = b[j], b[j + 1], b[j + 2], b[j + 3]
            s0, s1, s2, s3, t0, t1, t2, t3 = zero, zero, zero, zero, zero, zero, zero, zero
            u0, u1, u2, u3, v0, v1, v2, v3 = zero, zero, zero, zero, zero, zero, zero, zero
            for n in range(m):
                s0 += a0[n] * b0[n]
                s1 += a0[n] * b1[n]
                s2 += a0[n] * b2[n]
                s3 += a0[n] * b3[n]
                t0 += a1[n] * b0[n]
                t1 += a1[n] * b1[n]
                t2 += a1[n] * b2[n]
                t3 += a1[n] * b3[n]
                u0 += a2[n] * b0[n]
                u1 += a2[n] * b1[n]
                u2 += a2[n] * b2[n]
                u3 += a2[n] * b3[n]
                v0 += a3[n] * b0[n]
                v1 += a3[n] * b1[n]
                v2 += a3[n] * b2[n]
                v3 += a3[n] * b3[n]
            out[i, j], out[i, j + 1], out[i, j + 2], out[i, j + 3] = s0, s1, s2, s3
            out[i + 1, j], out[i + 1, j + 1], out[i + 1, j + 2], out[i + 1, j + 3] = t0, t1, t2, t3
            out[i + 2, j], out[i + 2, j + 1], out[i + 2, j + 2], out[i + 2, j + 3] = u0, u1, u2, u3
            out[i + 3, j], out[i + 3, j + 1], out[i + 3, j + 2], out[i + 3, j + 3] = v0, v1, v2, v3
    _edges(a, b, rows, columns, zero, out)


@jit()
def light_sums(a: Light, columns: Light, out: Real) -> None:
    """`light_dots` of rows a (k, m) with columns (m, w), of which out (k, l) takes the first l.

    Products are summed one after the other. Columns are filled up with zeros to whole registers.
    """
    part = np.empty((4, columns.shape[1]), np.float32)
    s, t, u, v = part[0], part[1], part[2], part[3]
    for i in range(0, a.shape[0], 4):
        last = a.shape[0] - 1  # of fewer than four rows, the last is taken for those that are not there
        a0, a1, a2, a3 = a[i], a[min(i + 1, last)], a[min(i + 2, last)], a[min(i + 3, last)]
        part[:] = np.float32(0.0)
        for n in range(columns.shape[0]):
            w, x, y, z, own = a0[n], a1[n], a2[n], a3[n], columns[n]
            for j in range(own.shape[0]):
                s[j] += w * own[j]
                t[j] += x * own[j]
                u[j] += y * own[j]
                v[j] += z * own[j]
        for row in range(i, min(i + 4, a.shape[0])):
            for j in range(out.shape[1]):
                out[row, j] = part[row - i, j]


@jit()
def add(factor: Real, rows: Real, out: Real) -> None:
    """Add to each row of out (k, m) the rows (l, m) times factor (k, l)."""
    for i in range(out.shape[0]):
        own = out[i]
        for j in range(rows.shape[0]):
            f, row = factor[i, j], rows[j]
            for n in range(own.shape[0]):
                own[n] += f * row[n]


@jit()
def factored(gram: Real, ridge: float) -> Real:
    """Cholesky's lower factor of a Gram matrix (q, q) of unit columns, a ridge added."""
    q = gram.shape[0]
    factor = np.zeros((q, q))
    for i in range(q):
        for j in range(i + 1):
            s = gram[i, j]
            for k in range(j):
                s -= factor[i, k] * factor[j, k]
            if i == j:
                s += ridge
                factor[i, i] = np.sqrt(s) if s > _SINGULAR else _ABSENT
            else:
                factor[i, j] = s / factor[j, j]
    return factor


@jit()
def forward(factor: Real, x: Real) -> None:
    """Divide x (q, c) by a lower factor (q, q) from the left, in place."""
    for i in range(x.shape[0]):
        for c in range(x.shape[1]):
            s = x[i, c]
            for k in range(i):
                s -= factor[i, k] * x[k, c]
            x[i, c] = s / factor[i, i]


@jit()
def solved(factor: Real, right: Real) -> Real:
    """Solve with a factored matrix (q, q) for right-hand sides (q, c)."""
    x = right.copy()
    forward(factor, x)
    for i in range(x.shape[0] - 1, -1, -1):
        for c in range(x.shape[1]):
            s = x[i, c]
            for k in range(i + 1, x.shape[0]):
                s -= factor[k, i] * x[k, c]
            x[i, c] = s / factor[i, i]
    return x


@jit()
def energy(values: Real) -> float:
    """Sum of squares of an array (k, m)."""
    s = 0.0
    for i in range(values.shape[0]):
        row = values[i]
        for n in range(row.shape[0]):
            s += row[n] * row[n]
    return s
