"""Kernels for tensors that share their axes over all channels.

Plain arrays, no validation, the caller allocates. Unknowns of n dipoles over c channels are ordered element by
element (xx, yy, zz, xy, xz, yz of the first dipole, then the next), channels innermost. What `constrained` is made
of is inlined: fast-math associates the sums of each function for itself, and the last bit would be another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._columns_kernels import COLUMN, ROW
from dualsense.emi._locate._solver_kernels import cholesky, substitute
from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]


@jit()
def common_axes(elements: Real, axes: Real) -> None:
    """Axes (3, 3; columns) that make the tensors (6, c) as diagonal as one rotation can (Cardoso 1996).

    elements (6, c) are the tensors', in any unit; axes is filled. Jacobi's rotations, pair by pair, eight sweeps.
    """
    channels = elements.shape[1]
    m = np.empty((channels, 3, 3))
    for k in range(channels):
        for q in range(6):
            m[k, ROW[q], COLUMN[q]] = elements[q, k]
            m[k, COLUMN[q], ROW[q]] = elements[q, k]
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
            # tan 4 theta = 2 sum a b / sum (a^2 - b^2)
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
    """Basis (6, 6): columns are the elements of v_a v_a^T, then of what a turn about each axis adds.

    axes (3, 3) hold v_a as columns; basis is filled. A turn about v_a adds v_b v_c^T + v_c v_b^T.
    """
    for e in range(3):
        b, c = (e + 1) % 3, (e + 2) % 3
        for q in range(6):
            i, j = ROW[q], COLUMN[q]
            basis[q, e] = axes[i, e] * axes[j, e]
            basis[q, 3 + e] = axes[i, b] * axes[j, c] + axes[i, c] * axes[j, b]


@jit()
def tangent(axes: Real, principal: Real, out: Real) -> None:
    """Slope out (6 n c, n (3 c + 3)) of all elements by principal values (3 by c, then three turns) per dipole.

    axes (n, 3, 3; columns) and principal (n, 3, c), in the elements' unit, are where it is taken; turns in rad.
    """
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
    """Fill elements (6 n, c) of tensors, sum_a p_a v_a v_a^T.

    axes (n, 3, 3) hold v_a as columns; principal (n, 3, c) are the values p_a, in the elements' unit.
    """
    channels = principal.shape[2]
    for n in range(axes.shape[0]):
        for q in range(6):
            i, j = ROW[q], COLUMN[q]
            for k in range(channels):
                s = 0.0
                for a in range(3):
                    s += axes[n, i, a] * axes[n, j, a] * principal[n, a, k]
                elements[6 * n + q, k] = s


@jit()
def _rise(matrix: Real, right: Real, elements: Real) -> float:
    """T^T N T - 2 T^T b: the misfit less the energy of the data.

    matrix (6 n c, 6 n c) is N, right (6 n c,) is b, elements (6 n, c) are T.
    """
    channels = elements.shape[1]
    size = matrix.shape[0]
    total = 0.0
    for u in range(size):
        s = -2.0 * right[u]
        for v in range(size):
            s += matrix[u, v] * elements[v // channels, v % channels]
        total += s * elements[u // channels, u % channels]
    return total


@jit(inline=True)
def _gauss_newton(matrix: Real, right: Real, elements: Real, g: Real, ng: Real, a: Real, slope: Real) -> None:
    """Form the normal equations of the parameters: a = G^T N G and slope = G^T (b - N T).

    Parameters
    ----------
    matrix : (6 n c, 6 n c)
        N, of the elements.
    right : (6 n c,)
        b.
    elements : (6 n, c)
        T, as they are now.
    g : (6 n c, n (3 c + 3))
        G, from `tangent`.
    ng
        Room for N G, of its shape.
    a : (n (3 c + 3), n (3 c + 3))
        Filled.
    slope : (n (3 c + 3),)
        Filled.
    """
    channels = elements.shape[1]
    per = 3 * channels + 3
    full, size = g.shape
    for u in range(full):
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


@jit(inline=True)
def _bounded_step(
    a: Real,
    slope: Real,
    sign: Real,
    principal: Real,
    damping: float,
    held: NDArray[np.bool_],
    factor: Real,
    step: Real,
) -> bool:
    """Solve (a + damping) step = slope, and hold at zero the principal values that would change their sign.

    Parameters
    ----------
    a, slope
        From `_gauss_newton`.
    sign : (c,)
        Sign of the principal values, 0 where it is free.
    principal : (n, 3, c)
        As they are now.
    damping
        Of turns, relative to their own curvature.
    held : (n (3 c + 3),)
        Parameters that are held; more may become so.
    factor
        Room for a factor of a.
    step : (n (3 c + 3),)
        Filled.

    Returns
    -------
    bool
        False where the equations are not positive definite.
    """
    channels = principal.shape[2]
    per = 3 * channels + 3
    size = slope.shape[0]
    mean = 0.0
    for p in range(size):
        mean += a[p, p] / size
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
            return False
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
    return True


@jit(inline=True)
def _stepped(axes: Real, principal: Real, step: Real, sign: Real, new_axes: Real, new_principal: Real) -> None:
    """Take a step: principal values plus their part, axes turned by at most half a radian about each other.

    Parameters
    ----------
    axes : (n, 3, 3)
        As they are now; columns.
    principal : (n, 3, c)
        As they are now.
    step : (n (3 c + 3),)
        From `_bounded_step`.
    sign : (c,)
        As there; what would have the other sign is zero.
    new_axes, new_principal
        Filled.
    """
    channels = principal.shape[2]
    per = 3 * channels + 3
    for n in range(axes.shape[0]):
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


@jit()
def constrained(
    matrix: Real, right: Real, sign: Real, steps: int, axes: Real, principal: Real, elements: Real
) -> float:
    """Best elements with one set of axes per dipole over all channels, by Gauss-Newton over values and turns.

    Parameters
    ----------
    matrix : (6 n c, 6 n c)
        Normal matrix of the elements.
    right : (6 n c,)
        Right side.
    sign : (c,)
        Sign of the principal values: those of the other sign are held at zero; 0 where it is free.
    steps
        At most.
    axes : (n, 3, 3)
        Columns; where to start, and where it ended.
    principal : (n, 3, c)
        As axes.
    elements : (6 n, c)
        Filled.

    Returns
    -------
    float
        What they take off the energy, negative.
    """
    full, size = matrix.shape[0], axes.shape[0] * (3 * principal.shape[2] + 3)
    g, ng = np.empty((full, size)), np.empty((full, size))
    a, factor = np.empty((size, size)), np.empty((size, size))
    slope, step = np.empty(size), np.empty(size)
    held = np.zeros(size, dtype=np.bool_)
    new_axes, new_principal = axes.copy(), principal.copy()
    new_elements = elements.copy()
    compose(axes, principal, elements)
    best = _rise(matrix, right, elements)
    damping = 1e-4
    for _ in range(steps):
        tangent(axes, principal, g)
        _gauss_newton(matrix, right, elements, g, ng, a, slope)
        for p in range(size):
            held[p] = False
        better = False
        for _try in range(6):
            if not _bounded_step(a, slope, sign, principal, damping, held, factor, step):
                return best
            _stepped(axes, principal, step, sign, new_axes, new_principal)
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
