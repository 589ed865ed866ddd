"""Kernels for tensors that share their axes over all channels, and the small solver behind them.

Plain arrays, no validation, the caller allocates. Unknowns of n dipoles over c channels are ordered element by
element (xx, yy, zz, xy, xz, yz of the first dipole, then the next), channels innermost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

_ROW = np.array([0, 1, 2, 0, 0, 1])
_COLUMN = np.array([0, 1, 2, 1, 2, 2])


@jit()
def cholesky(a: Real) -> bool:
    """Lower factor of a symmetric matrix, in place; False where it is not positive definite."""
    n = a.shape[0]
    for j in range(n):
        d = a[j, j]
        for k in range(j):
            d -= a[j, k] * a[j, k]
        if not d > 0.0:
            return False
        d = np.sqrt(d)
        a[j, j] = d
        for i in range(j + 1, n):
            s = a[i, j]
            for k in range(j):
                s -= a[i, k] * a[j, k]
            a[i, j] = s / d
    return True


@jit()
def coloured(factor: Real, noise: Real) -> None:
    """White vectors noise (k, n) to such of precision L L', L the lower factor: L'^-1 times each, in place."""
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
    """Solve with the factor of `cholesky`, in place of the right side x (n,)."""
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


@jit()
def common_axes(elements: Real, axes: Real) -> None:
    """Axes (3, 3; columns) that make the tensors (6, c) as diagonal as one rotation can (Cardoso 1996)."""
    channels = elements.shape[1]
    m = np.empty((channels, 3, 3))
    for k in range(channels):
        for q in range(6):
            m[k, _ROW[q], _COLUMN[q]] = elements[q, k]
            m[k, _COLUMN[q], _ROW[q]] = elements[q, k]
    for i in range(3):
        for j in range(3):
            axes[i, j] = 1.0 if i == j else 0.0
    for _ in range(8):
        for pair in range(3):
            p = 0 if pair < 2 else 1
            q = 1 if pair == 0 else 2
            on, off, both = 0.0, 0.0, 0.0
            for k in range(channels):
                a = m[k, p, p] - m[k, q, q]
                b = 2.0 * m[k, p, q]
                on += a * a
                off += b * b
                both += a * b
            angle = 0.25 * np.arctan2(2.0 * both, on - off)
            c, s = np.cos(angle), np.sin(angle)
            for k in range(channels):
                for i in range(3):
                    x, y = m[k, i, p], m[k, i, q]
                    m[k, i, p] = c * x + s * y
                    m[k, i, q] = c * y - s * x
                for i in range(3):
                    x, y = m[k, p, i], m[k, q, i]
                    m[k, p, i] = c * x + s * y
                    m[k, q, i] = c * y - s * x
            for i in range(3):
                x, y = axes[i, p], axes[i, q]
                axes[i, p] = c * x + s * y
                axes[i, q] = c * y - s * x


@jit()
def body_basis(axes: Real, basis: Real) -> None:
    """Basis (6, 6): columns are the elements of v_a v_a^T, then of what a turn about each axis adds."""
    for e in range(3):
        b, c = (e + 1) % 3, (e + 2) % 3
        for q in range(6):
            i, j = _ROW[q], _COLUMN[q]
            basis[q, e] = axes[i, e] * axes[j, e]
            basis[q, 3 + e] = axes[i, b] * axes[j, c] + axes[i, c] * axes[j, b]


@jit()
def tangent(axes: Real, principal: Real, out: Real) -> None:
    """Slope out (6 n c, n (3 c + 3)) of all elements by principal values (3 by c, then three turns) per dipole."""
    channels = principal.shape[2]
    basis = np.empty((6, 6))
    out[:] = 0.0
    per = 3 * channels + 3
    for n in range(axes.shape[0]):
        body_basis(axes[n], basis)
        for q in range(6):
            for k in range(channels):
                row = (6 * n + q) * channels + k
                for a in range(3):
                    b, c = (a + 1) % 3, (a + 2) % 3
                    out[row, per * n + a * channels + k] = basis[q, a]
                    out[row, per * n + 3 * channels + a] = basis[q, 3 + a] * (
                        principal[n, b, k] - principal[n, c, k]
                    )


@jit()
def compose(axes: Real, principal: Real, elements: Real) -> None:
    """Elements (6 n, c) of tensors with axes (n, 3, 3) and principal values (n, 3, c)."""
    channels = principal.shape[2]
    for n in range(axes.shape[0]):
        for q in range(6):
            i, j = _ROW[q], _COLUMN[q]
            for k in range(channels):
                s = 0.0
                for a in range(3):
                    s += axes[n, i, a] * axes[n, j, a] * principal[n, a, k]
                elements[6 * n + q, k] = s


@jit()
def _rise(matrix: Real, right: Real, elements: Real) -> float:
    """T^T N T - 2 T^T b: the misfit less the energy of the data."""
    channels = elements.shape[1]
    size = matrix.shape[0]
    total = 0.0
    for u in range(size):
        s = -2.0 * right[u]
        for v in range(size):
            s += matrix[u, v] * elements[v // channels, v % channels]
        total += s * elements[u // channels, u % channels]
    return total


@jit()
def constrained(
    matrix: Real,
    right: Real,
    sign: Real,
    steps: int,
    axes: Real,
    principal: Real,
    elements: Real,
) -> float:
    """Best elements with one set of axes per dipole over all channels; returns what they take off the energy.

    Gauss-Newton over principal values and turns, from axes and principal as given and into them. Where sign (c,)
    is not zero, principal values of the other sign are held at zero.
    """
    dipoles, channels = axes.shape[0], principal.shape[2]
    per = 3 * channels + 3
    size = dipoles * per
    full = matrix.shape[0]
    g = np.empty((full, size))
    ng = np.empty((full, size))
    a = np.empty((size, size))
    factor = np.empty((size, size))
    slope = np.empty(size)
    step = np.empty(size)
    held = np.zeros(size, dtype=np.bool_)
    new_axes, new_principal = axes.copy(), principal.copy()
    new_elements = elements.copy()
    compose(axes, principal, elements)
    best = _rise(matrix, right, elements)
    damping = 1e-4
    for _ in range(steps):
        tangent(axes, principal, g)
        for u in range(full):
            n = u // (6 * channels)
            for p in range(size):
                ng[u, p] = 0.0
            for v in range(full):
                n = v // (6 * channels)
                w = matrix[u, v]
                k = v % channels
                for e in range(3):
                    p = per * n + e * channels + k
                    ng[u, p] += w * g[v, p]
                    p = per * n + 3 * channels + e
                    ng[u, p] += w * g[v, p]
        for p in range(size):
            n, own = p // per, p % per
            for q in range(size):
                a[p, q] = 0.0
            s = 0.0
            for u in range(6 * n * channels, 6 * (n + 1) * channels):
                if own >= 3 * channels or u % channels == own % channels:
                    w = g[u, p]
                    rest = right[u]
                    for q in range(size):
                        a[p, q] += w * ng[u, q]
                    for v in range(full):
                        rest -= matrix[u, v] * elements[v // channels, v % channels]
                    s += w * rest
            slope[p] = s
        mean = 0.0
        for p in range(size):
            mean += a[p, p] / size
        for p in range(size):
            held[p] = False
        better = False
        for _try in range(6):
            for _pass in range(3):
                for p in range(size):
                    for q in range(size):
                        factor[p, q] = 0.0 if held[p] or held[q] else a[p, q]
                    own = p % per
                    turn = own >= 3 * channels
                    if held[p]:
                        factor[p, p] = 1.0
                        step[p] = -principal[p // per, own // channels, own % channels]
                    else:
                        factor[p, p] += 1e-12 * mean + (damping * (a[p, p] + 1e-6 * mean) if turn else 0.0)
                        step[p] = slope[p]
                        for q in range(size):
                            if held[q]:
                                o = q % per
                                step[p] += a[p, q] * principal[q // per, o // channels, o % channels]
                if not cholesky(factor):
                    return best
                substitute(factor, step)
                more = False
                for p in range(size):
                    own = p % per
                    if own < 3 * channels and not held[p] and sign[own % channels] != 0.0:
                        v = principal[p // per, own // channels, own % channels] + step[p]
                        if v * sign[own % channels] < 0.0:
                            held[p] = True
                            more = True
                if not more:
                    break
            for n in range(dipoles):
                for e in range(3):
                    for k in range(channels):
                        v = principal[n, e, k] + step[per * n + e * channels + k]
                        new_principal[n, e, k] = 0.0 if v * sign[k] < 0.0 else v
                for i in range(3):
                    for j in range(3):
                        new_axes[n, i, j] = axes[n, i, j]
                for e in range(3):
                    b, c = (e + 1) % 3, (e + 2) % 3
                    turn_by = min(max(step[per * n + 3 * channels + e], -0.5), 0.5)
                    co, si = np.cos(turn_by), np.sin(turn_by)
                    for i in range(3):
                        x, y = new_axes[n, i, b], new_axes[n, i, c]
                        new_axes[n, i, b] = co * x + si * y
                        new_axes[n, i, c] = co * y - si * x
            compose(new_axes, new_principal, new_elements)
            value = _rise(matrix, right, new_elements)
            if value < best:
                better = best - value > 1e-3
                best = value
                axes[:] = new_axes
                principal[:] = new_principal
                elements[:] = new_elements
                damping = max(0.1 * damping, 1e-8)
                break
            damping = 10.0 * damping + 1e-4
        if not better:
            break
    return best
