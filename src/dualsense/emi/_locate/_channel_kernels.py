"""Kernels of tensors with common axes: rows and equations in channels that keep their noise's correlation.

Signs and axes belong to channels, not to mixtures of them, so these are not the whitened channels of
`dualsense.emi._locate._rows_kernels`; in those the same sums come out otherwise in the last bit.
Plain arrays, no validation, the caller allocates. Unknowns of n dipoles over c channels are ordered element by
element (xx, yy, zz, xy, xz, yz of the first dipole, then the next), channels innermost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._locate._solver_kernels import cholesky
from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]


@jit()
def whiten(slope: Real, elements: Real, std: Real, precision: Real, weight: Real) -> float:
    """Inverse of every row's covariance into weight (m, c, c); returns the rows' sum of log det (C / noise).

    C is the noise, given by its inverse precision (c, c), and what the position error std (m, 3) makes of the
    field's slope over all dipoles, elements (6 n, c): of rank three, so three by three is inverted (Woodbury).
    slope (m, 3, 6 n) in 1/m^3, elements in m^3, std in m; precision over the square of the data's unit.
    """
    channels = precision.shape[0]
    moved = np.empty((3, channels))
    known = np.empty((3, channels))
    small = np.empty((3, 3))
    logdet = 0.0
    for i in range(slope.shape[0]):
        for axis in range(3):
            for k in range(channels):
                moved[axis, k] = 0.0
            for q in range(elements.shape[0]):
                s = std[i, axis] * slope[i, axis, q]
                for k in range(channels):
                    moved[axis, k] += s * elements[q, k]
            for k in range(channels):
                s = 0.0
                for j in range(channels):
                    s += precision[k, j] * moved[axis, j]
                known[axis, k] = s
        for a in range(3):
            for b in range(a + 1):
                s = 1.0 if a == b else 0.0
                for k in range(channels):
                    s += moved[a, k] * known[b, k]
                small[a, b] = s
        cholesky(small)
        for a in range(3):
            logdet += 2.0 * np.log(small[a, a])
            for k in range(channels):
                s = known[a, k]
                for b in range(a):
                    s -= small[a, b] * known[b, k]
                known[a, k] = s / small[a, a]
        for k in range(channels):
            for j in range(channels):
                # C^-1 = P - P U (I + U^T P U)^-1 U^T P, U the three shifts
                weight[i, k, j] = (
                    precision[k, j]
                    - known[0, k] * known[0, j]
                    - known[1, k] * known[1, j]
                    - known[2, k] * known[2, j]
                )
    return logdet


@jit()
def normal(value: Real, weight: Real, data: Real, matrix: Real, right: Real) -> float:
    """Form the elements' equations, matrix (6 n c, 6 n c) and right (6 n c,); returns the data's energy.

    sum f f^T x W, sum f x W d and sum d^T W d over the rows f of value (m, 6 n), in 1/m^2, W of weight (m, c, c)
    and d of data (m, c).
    """
    columns_count = value.shape[1]
    channels = data.shape[1]
    pairs = columns_count * (columns_count + 1) // 2
    total = np.zeros((pairs, channels * channels))
    right[:] = 0.0
    energy = 0.0
    wd = np.empty(channels)
    flat = np.empty(channels * channels)
    for i in range(value.shape[0]):
        for k in range(channels):
            s = 0.0
            for j in range(channels):
                s += weight[i, k, j] * data[i, j]
                flat[k * channels + j] = weight[i, k, j]
            wd[k] = s
            energy += s * data[i, k]
        n = 0
        for q in range(columns_count):
            for k in range(channels):
                right[q * channels + k] += value[i, q] * wd[k]
            for p in range(q + 1):
                product = value[i, q] * value[i, p]
                for j in range(channels * channels):
                    total[n, j] += product * flat[j]
                n += 1
    n = 0
    for q in range(columns_count):
        for p in range(q + 1):
            for k in range(channels):
                for j in range(channels):
                    v = total[n, k * channels + j]
                    matrix[q * channels + k, p * channels + j] = v
                    matrix[p * channels + j, q * channels + k] = v
            n += 1
    return energy


@jit()
def position_terms(
    value: Real,
    slope: Real,
    weight: Real,
    data: Real,
    elements: Real,
    cross: Real,
    square: Real,
    gradient: Real,
) -> float:
    """Add the positions: cross (3 n, 6 n c), square (3 n, 3 n), gradient (3 n,); returns the misfit.

    value (m, 6 n), weight (m, c, c) and data (m, c) as for `normal`, slope (m, 3, 6 n) and elements (6 n, c) as
    for `whiten`. With r = d - T f and g what a shift does to a row: sum g^T W (f x I), sum g^T W g, sum g^T W r,
    and sum r^T W r for the misfit.
    """
    channels = data.shape[1]
    count = elements.shape[0]
    unknown = square.shape[0]
    cross[:] = 0.0
    square[:] = 0.0
    gradient[:] = 0.0
    misfit = 0.0
    rest, moved, weighed = np.empty(channels), np.empty((unknown, channels)), np.empty((unknown, channels))
    for i in range(value.shape[0]):
        for k in range(channels):
            rest[k] = data[i, k]
        for q in range(count):
            v = value[i, q]
            for k in range(channels):
                rest[k] -= v * elements[q, k]
        for u in range(unknown):
            n, axis = u // 3, u % 3
            for k in range(channels):
                moved[u, k] = 0.0
            for q in range(6 * n, 6 * n + 6):
                v = slope[i, axis, q]
                for k in range(channels):
                    moved[u, k] += v * elements[q, k]
            for k in range(channels):
                s = 0.0
                for j in range(channels):
                    s += weight[i, k, j] * moved[u, j]
                weighed[u, k] = s
        for k in range(channels):
            s = 0.0
            for j in range(channels):
                s += weight[i, k, j] * rest[j]
            misfit += s * rest[k]
        for u in range(unknown):
            for k in range(channels):
                gradient[u] += weighed[u, k] * rest[k]
            for v in range(u + 1):
                s = 0.0
                for k in range(channels):
                    s += weighed[u, k] * moved[v, k]
                square[u, v] += s
            for q in range(count):
                a = value[i, q]
                for k in range(channels):
                    cross[u, q * channels + k] += a * weighed[u, k]
    for u in range(unknown):
        for v in range(u):
            square[v, u] = square[u, v]
    return misfit
