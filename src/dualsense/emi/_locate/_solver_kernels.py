"""Kernels for small dense systems: Cholesky's factor, and what is solved with it.

Plain arrays, no validation, in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]


@jit()
def cholesky(a: Real) -> bool:
    """Lower factor L of a (n, n), symmetric, a = L L^T, in place; False where it is not positive definite.

    Of a the lower triangle is read and overwritten.
    """
    n = a.shape[0]
    for j in range(n):
        d = a[j, j]
        for k in range(j):
            d -= a[j, k] * a[j, k]
        if not d > 0.0:
            return False
        d = np.sqrt(d)
        a[j, j] = d
        many = j + 1 + (n - j - 1) // 4 * 4
        own = a[j]
        for i in range(j + 1, many, 4):  # four rows at a time: the one they meet is held for all
            b, c, e, f = a[i], a[i + 1], a[i + 2], a[i + 3]
            t, u, v, w = 0.0, 0.0, 0.0, 0.0
            for k in range(j):
                t += b[k] * own[k]
                u += c[k] * own[k]
                v += e[k] * own[k]
                w += f[k] * own[k]
            b[j], c[j], e[j], f[j] = (b[j] - t) / d, (c[j] - u) / d, (e[j] - v) / d, (f[j] - w) / d
        for i in range(many, n):
            s = a[i, j]
            for k in range(j):
                s -= a[i, k] * a[j, k]
            a[i, j] = s / d
    return True


@jit()
def coloured(factor: Real, noise: Real) -> None:
    """White vectors noise (k, n) to such of precision L L', L the lower factor: L'^-1 times each, in place.

    factor (n, n) is L.
    """
    n = factor.shape[0]
    for v in range(noise.shape[0]):
        x = noise[v]
        for i in range(n - 1, -1, -1):
            s = x[i] / factor[i, i]
            x[i] = s
            for k in range(i):
                x[k] -= factor[i, k] * s


@jit()
def substitute(factor: Real, x: Real) -> None:
    """Solve L L^T y = x with the factor (n, n) of `cholesky`, in place of the right side x (n,)."""
    n = factor.shape[0]
    for i in range(n):
        s = x[i]
        for k in range(i):
            s -= factor[i, k] * x[k]
        x[i] = s / factor[i, i]
    for i in range(n - 1, -1, -1):
        s = x[i]
        for k in range(i + 1, n):
            s -= factor[k, i] * x[k]
        x[i] = s / factor[i, i]
