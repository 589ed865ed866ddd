"""Kernels of the scan for dipoles: isotropic columns of every node, and the misfit that each would take away.

Plain arrays, no validation, the caller allocates. Node n has the rows ``rows[start[n]:start[n + 1]]``; its
columns, one per depth, lie in ``column`` from ``depths * start[n]`` on, one depth after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

from dualsense._numba import jit
from dualsense.emi._columns_kernels import evaluate
from dualsense.emi._kernels import VECTOR_FROM, loop_terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Index = NDArray[np.intp]


@jit(checked_division=False)
def _place(node: Real, where: Real, rotation: Real, rows: Index, out: Real) -> None:
    """Node at depth zero in the coils' frames (3), and the upward direction there (3), out (6, r)."""
    for i in range(rows.shape[0]):
        row = rows[i]
        x, y, z = node[0] - where[row, 0], node[1] - where[row, 1], -where[row, 2]
        for k in range(3):
            out[k, i] = rotation[row, 0, k] * x + rotation[row, 1, k] * y + rotation[row, 2, k] * z
            out[3 + k, i] = rotation[row, 2, k]


@jit(checked_division=False)
def _field(
    place: Real, depth: float, radius: Real, across: Real, along: Real, u: Real, hz: Real, q: Real, out: Real
) -> None:
    """Field of every row's loop in its own frame, out (3, r); the rest is room for coordinates and terms (r,)."""
    x, y, z, down_x, down_y, down_z = place[0], place[1], place[2], place[3], place[4], place[5]
    hx, hy = out[0], out[1]
    for i in range(radius.shape[0]):
        hx[i] = x[i] - depth * down_x[i]
        hy[i] = y[i] - depth * down_y[i]
        across[i] = np.sqrt(hx[i] * hx[i] + hy[i] * hy[i])
        along[i] = z[i] - depth * down_z[i]
    evaluate(radius, 0.0, across, along, u, hz, q)
    for i in range(radius.shape[0]):
        if not q[i] >= VECTOR_FROM:
            a, b, _ = loop_terms(radius[i], across[i], along[i])
            u[i] = a
            hz[i] = b
    h = out[2]
    for i in range(radius.shape[0]):
        hx[i] *= u[i]
        hy[i] *= u[i]
        h[i] = hz[i]


@jit(parallel=True, checked_division=False)
def columns(
    nodes: Real,
    depths: Real,
    start: Index,
    rows: Index,
    tx: Real,
    rx: Real,
    rotation: Real,
    tx_radius: Real,
    rx_radius: Real,
    column: Real,
) -> None:
    """Fill in how the rows within reach of every node (k, 2) respond to a dipole at each depth; radii per row."""
    for n in numba.prange(nodes.shape[0]):
        use = rows[start[n] : start[n + 1]]
        r = use.shape[0]
        place_t, place_r = np.empty((6, r)), np.empty((6, r))
        t, h = np.empty((3, r)), np.empty((3, r))
        radius_t, radius_r = np.empty(r), np.empty(r)
        across, along, u, hz, q = np.empty(r), np.empty(r), np.empty(r), np.empty(r), np.empty(r)
        for i in range(r):
            radius_t[i] = tx_radius[use[i]]
            radius_r[i] = rx_radius[use[i]]
        _place(nodes[n], tx, rotation, use, place_t)
        _place(nodes[n], rx, rotation, use, place_r)
        for d in range(depths.shape[0]):
            _field(place_t, depths[d], radius_t, across, along, u, hz, q, t)
            _field(place_r, depths[d], radius_r, across, along, u, hz, q, h)
            own = column[depths.shape[0] * start[n] + d * r : depths.shape[0] * start[n] + (d + 1) * r]
            for i in range(r):
                own[i] = t[0, i] * h[0, i] + t[1, i] * h[1, i] + t[2, i] * h[2, i]


@jit()
def _squares(one: Real, other: Real, part: Real, out: Real) -> None:
    """Add to out (6,) the squares of the inner products of two rows with six columns (6, r)."""
    a = b = c = d = e = f = 0.0
    p = q = s = t = u = v = 0.0
    for i in range(one.shape[0]):
        x, y = one[i], other[i]
        a += x * part[0, i]
        b += x * part[1, i]
        c += x * part[2, i]
        d += x * part[3, i]
        e += x * part[4, i]
        f += x * part[5, i]
        p += y * part[0, i]
        q += y * part[1, i]
        s += y * part[2, i]
        t += y * part[3, i]
        u += y * part[4, i]
        v += y * part[5, i]
    out[0] += a * a + p * p
    out[1] += b * b + q * q
    out[2] += c * c + s * s
    out[3] += d * d + t * t
    out[4] += e * e + u * u
    out[5] += f * f + v * v


@jit()
def _explained(rows: Real, use: Index, part: Real, pair: Real, out: Real) -> None:
    """Energy that some rows (p, m), where used, see of six columns (6, r), out (6,); pair (2, r) is room."""
    out[:] = 0.0
    for j in range(0, rows.shape[0], 2):
        for k in range(2):
            if j + k < rows.shape[0]:
                row, own = rows[j + k], pair[k]
                for i in range(use.shape[0]):
                    own[i] = row[use[i]]
            else:
                pair[k, :] = 0.0
        _squares(pair[0], pair[1], part, out)


@jit(parallel=True)
def drops(
    column: Real,
    start: Index,
    rows: Index,
    use: NDArray[np.bool_],
    weight: Real,
    basis: Real,
    rest: Real,
    ridge: float,
    drop: Real,
) -> None:
    """Fall of the misfit, drop (k, 6), by an isotropic dipole at every node and each of six depths.

    Parameters
    ----------
    use : (k,)
        Nodes that are asked for.
    basis : (p, m)
        Orthonormal rows of all that is fitted already.
    rest : (c, m)
        What that leaves of the data; weighted, as the basis is.
    ridge
        Part of a column's energy that the basis is held not to explain at least.
    """
    for n in numba.prange(start.shape[0] - 1):
        if use[n]:
            own = rows[start[n] : start[n + 1]]
            r = own.shape[0]
            heavy = np.empty((6, r))
            energy, explained, fall = np.zeros(6), np.empty(6), np.empty(6)
            for d in range(6):
                for i in range(r):
                    v = column[6 * start[n] + d * r + i] * weight[own[i]]
                    heavy[d, i] = v
                    energy[d] += v * v
            pair = np.empty((2, r))
            _explained(basis, own, heavy, pair, explained)
            _explained(rest, own, heavy, pair, fall)
            for d in range(6):
                drop[n, d] = fall[d] / max(energy[d] - explained[d], ridge * energy[d] + 1e-300)
