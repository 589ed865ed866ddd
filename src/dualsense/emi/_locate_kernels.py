"""Kernels of the locator: columns of dipoles with their slopes, whitening, normal equations, the scan.

Plain arrays, no validation, the caller allocates. Unknowns of n dipoles over c channels are ordered element by
element (xx, yy, zz, xy, xz, yz of the first dipole, then the next), channels innermost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense._numba import jit
from dualsense.emi._axes_kernels import cholesky
from dualsense.emi._kernels import loop_terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

_STEP = 5e-4
"""Of the coil's radius, for differences along its axis; the field keeps thirteen digits, so nine are left."""

_ROW = np.array([0, 1, 2, 0, 0, 1])
_COLUMN = np.array([0, 1, 2, 1, 2, 2])


@jit()
def _loop_slopes(radius: float, x: float, y: float, z: float, h: Real, g: Real, zz: Real) -> None:
    """Field h (3,), its gradient g (3, 3) and its second derivative along the axis zz (3,), in the coil's frame.

    Three evaluations along the axis; what they do not tell follows from a field without curl and divergence.
    """
    rho2 = x * x + y * y
    rho = np.sqrt(rho2)
    d = _STEP * radius
    u, hz, _ = loop_terms(radius, rho, z)
    up, zp, _ = loop_terms(radius, rho, z + d)
    um, zm, _ = loop_terms(radius, rho, z - d)
    uz = (up - um) / (2.0 * d)
    hzz = (zp - zm) / (2.0 * d)
    h[0] = u * x
    h[1] = u * y
    h[2] = hz
    s = (-2.0 * u - hzz) / rho2 if rho2 > 1e-16 * radius * radius else 0.0
    g[0, 0] = u + x * x * s
    g[1, 1] = u + y * y * s
    g[0, 1] = x * y * s
    g[1, 0] = g[0, 1]
    g[0, 2] = uz * x
    g[2, 0] = g[0, 2]
    g[1, 2] = uz * y
    g[2, 1] = g[1, 2]
    g[2, 2] = hzz
    uzz = (up - 2.0 * u + um) / (d * d)
    zz[0] = uzz * x
    zz[1] = uzz * y
    zz[2] = (zp - 2.0 * hz + zm) / (d * d)


@jit()
def _turn(rotation: Real, h: Real, g: Real, zz: Real, half: Real) -> None:
    """From the coil's frame to the local one, in place; half (3, 3) is room to work in."""
    x, y, z = h[0], h[1], h[2]
    a, b, c = zz[0], zz[1], zz[2]
    for i in range(3):
        h[i] = rotation[i, 0] * x + rotation[i, 1] * y + rotation[i, 2] * z
        zz[i] = rotation[i, 0] * a + rotation[i, 1] * b + rotation[i, 2] * c
        for j in range(3):
            half[i, j] = rotation[i, 0] * g[0, j] + rotation[i, 1] * g[1, j] + rotation[i, 2] * g[2, j]
    for i in range(3):
        for j in range(3):
            g[i, j] = half[i, 0] * rotation[j, 0] + half[i, 1] * rotation[j, 1] + half[i, 2] * rotation[j, 2]


@jit()
def columns(
    target: Real,
    tx: Real,
    rx: Real,
    rotation: Real,
    tx_radius: Real,
    rx_radius: Real,
    std: Real,
    value: Real,
    slope: Real,
) -> None:
    """Columns value (m, 6 n) of n dipoles at target (n, 3), and slope (m, 3, 6 n) by each one's own position.

    The value is the mean over the rows' position errors std (m, 3), to second order: what a row measures on
    average is blurred. Radii are per row. The error's horizontal part is taken as round, the vertical one along
    the coil's axis.
    """
    t, r = np.empty(3), np.empty(3)
    gt, gr = np.empty((3, 3)), np.empty((3, 3))
    tz, rz = np.empty(3), np.empty(3)
    half = np.empty((3, 3))
    at = np.empty(3)
    for i in range(tx.shape[0]):
        level = rotation[i, 0, 0] == 1.0 and rotation[i, 1, 1] == 1.0 and rotation[i, 2, 2] == 1.0
        flat = 0.5 * (std[i, 0] * std[i, 0] + std[i, 1] * std[i, 1])
        tall = std[i, 2] * std[i, 2] - flat
        for n in range(target.shape[0]):
            for which in range(2):
                for k in range(3):
                    at[k] = target[n, k] - (tx[i, k] if which == 0 else rx[i, k])
                if not level:
                    x, y, z = at[0], at[1], at[2]
                    for k in range(3):
                        at[k] = rotation[i, 0, k] * x + rotation[i, 1, k] * y + rotation[i, 2, k] * z
                if which == 0:
                    _loop_slopes(tx_radius[i], at[0], at[1], at[2], t, gt, tz)
                    if not level:
                        _turn(rotation[i], t, gt, tz, half)
                else:
                    _loop_slopes(rx_radius[i], at[0], at[1], at[2], r, gr, rz)
                    if not level:
                        _turn(rotation[i], r, gr, rz, half)
            for q in range(6):
                j, k = _ROW[q], _COLUMN[q]
                f = 0.0
                blur = 0.0
                for side in range(1 if q < 3 else 2):
                    a = j if side == 0 else k
                    b = k if side == 0 else j
                    f += t[a] * r[b]
                    across = gt[a, 0] * gr[b, 0] + gt[a, 1] * gr[b, 1] + gt[a, 2] * gr[b, 2]
                    along = tz[a] * r[b] + 2.0 * gt[a, 2] * gr[b, 2] + t[a] * rz[b]
                    blur += flat * across + 0.5 * tall * along
                value[i, 6 * n + q] = f + blur
                for axis in range(3):
                    s = gt[j, axis] * r[k] + t[j] * gr[k, axis]
                    if q >= 3:
                        s += gt[k, axis] * r[j] + t[k] * gr[j, axis]
                    slope[i, axis, 6 * n + q] = s


@jit()
def whiten(slope: Real, elements: Real, std: Real, precision: Real, weight: Real) -> float:
    """Inverse of every row's covariance into weight (m, c, c); returns the rows' sum of log det (C / noise).

    C is the noise, given by its inverse precision (c, c), and what the position error std (m, 3) makes of the
    field's slope over all dipoles, elements (6 n, c): of rank three, so three by three is inverted (Woodbury).
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
                weight[i, k, j] = (
                    precision[k, j]
                    - known[0, k] * known[0, j]
                    - known[1, k] * known[1, j]
                    - known[2, k] * known[2, j]
                )
    return logdet


@jit()
def normal(value: Real, weight: Real, data: Real, matrix: Real, right: Real) -> float:
    """Form the elements' equations, matrix (6 n c, 6 n c) and right (6 n c,); returns the data's energy."""
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
    """Add the positions: cross (3 n, 6 n c), square (3 n, 3 n), gradient (3 n,); returns the misfit."""
    channels = data.shape[1]
    count = elements.shape[0]
    unknown = square.shape[0]
    cross[:] = 0.0
    square[:] = 0.0
    gradient[:] = 0.0
    misfit = 0.0
    rest = np.empty(channels)
    moved = np.empty((unknown, channels))
    weighed = np.empty((unknown, channels))
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


@jit()
def scan(
    nodes: Real,
    tx: Real,
    rx: Real,
    rotation: Real,
    tx_radius: Real,
    rx_radius: Real,
    weight: Real,
    data: Real,
    drop: Real,
) -> None:
    """Energy that a dipole with free tensors explains at every node (k, 3), into drop (k,); weight (m,) per row.

    One factorisation of the six columns serves all channels.
    """
    channels = data.shape[1]
    t, r, f = np.empty(3), np.empty(3), np.empty(6)
    gram = np.empty((6, 6))
    b = np.empty((channels, 6))
    at = np.empty(3)
    field = np.empty(3)
    for node in range(nodes.shape[0]):
        gram[:] = 0.0
        b[:] = 0.0
        for i in range(tx.shape[0]):
            for which in range(2):
                dx = nodes[node, 0] - (tx[i, 0] if which == 0 else rx[i, 0])
                dy = nodes[node, 1] - (tx[i, 1] if which == 0 else rx[i, 1])
                dz = nodes[node, 2] - (tx[i, 2] if which == 0 else rx[i, 2])
                for k in range(3):
                    at[k] = rotation[i, 0, k] * dx + rotation[i, 1, k] * dy + rotation[i, 2, k] * dz
                rho = np.sqrt(at[0] * at[0] + at[1] * at[1])
                u, hz, _ = loop_terms(tx_radius[i] if which == 0 else rx_radius[i], rho, at[2])
                field[0] = u * at[0]
                field[1] = u * at[1]
                field[2] = hz
                for k in range(3):
                    v = rotation[i, k, 0] * field[0] + rotation[i, k, 1] * field[1] + rotation[i, k, 2] * field[2]
                    if which == 0:
                        t[k] = v
                    else:
                        r[k] = v
            for q in range(6):
                j, k = _ROW[q], _COLUMN[q]
                f[q] = weight[i] * (t[j] * r[k] + (t[k] * r[j] if q >= 3 else 0.0))
            for q in range(6):
                for p in range(q + 1):
                    gram[q, p] += f[q] * f[p]
                for k in range(channels):
                    b[k, q] += f[q] * weight[i] * data[i, k]
        trace = 0.0
        for q in range(6):
            trace += gram[q, q]
        for q in range(6):
            gram[q, q] += 1e-9 * trace
        drop[node] = 0.0
        if cholesky(gram):
            for k in range(channels):
                for q in range(6):
                    s = b[k, q]
                    for p in range(q):
                        s -= gram[q, p] * b[k, p]
                    b[k, q] = s / gram[q, q]
                    drop[node] += b[k, q] * b[k, q]
