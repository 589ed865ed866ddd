"""Kernels of the grid search for dipoles: columns of every node, and the misfit that each takes away.

Plain arrays, no validation, the caller allocates; none is parallel, as the metal detector's chain runs in a thread
beside the radar's. Node n has the rows ``rows[start[n]:start[n + 1]]``; its columns, one per depth, lie in
``column`` from ``depths * start[n]`` on, one depth after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._columns_kernels import RowCoils, evaluate
from dualsense.induction import VECTOR_FROM, loop_terms
from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Index = NDArray[np.intp]


@jit()
def count(nodes: Real, xy: Real, reach: float, many: Index, nearest: Real) -> None:
    """Count the places xy (m, 2) within reach of every node (k, 2), and find how far the nearest is.

    nodes, xy and reach in m; many (k,) and nearest (k,), in m, are filled.
    """
    for n in range(nodes.shape[0]):
        within, least = 0, np.inf
        for i in range(xy.shape[0]):
            x, y = xy[i, 0] - nodes[n, 0], xy[i, 1] - nodes[n, 1]
            square = x * x + y * y
            least = min(least, square)
            if square <= reach * reach:
                within += 1
        many[n] = within
        nearest[n] = np.sqrt(least)


@jit()
def fill(nodes: Real, xy: Real, reach: float, start: Index, rows: Index) -> None:
    """List those places, in ascending order, of node n in ``rows[start[n]:start[n + 1]]``.

    nodes (k, 2), xy (m, 2) and reach as for `count`; start (k + 1,) is the running sum of its counts; rows
    (start[k],) is filled with indices of places.
    """
    for n in range(nodes.shape[0]):
        at = start[n]
        for i in range(xy.shape[0]):
            x, y = xy[i, 0] - nodes[n, 0], xy[i, 1] - nodes[n, 1]
            if x * x + y * y <= reach * reach:
                rows[at] = i
                at += 1


@jit(checked_division=False)
def _place(node: Real, where: Real, rotation: Real, rows: Index, out: Real) -> None:
    """Node at depth zero in the coils' frames (3), and the upward direction there (3), out (6, r).

    node (2,) and where (m, 3), the loops' centres, in m; rotation (m, 3, 3) as in `RowCoils`; rows (r,) are the
    rows in question.
    """
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
    """Field of every row's loop in its own frame, out (3, r), in 1/m.

    place (6, r) from `_place`; depth of the node and radius (r,) of the loops, in m; across, along, u, hz and q
    (r,) are room for coordinates and for what `evaluate` fills.
    """
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


@jit(checked_division=False)
def columns(nodes: Real, depths: Real, start: Index, rows: Index, coils: RowCoils, column: Real) -> None:
    """Columns of an isotropic dipole below every node.

    Parameters
    ----------
    nodes : (k, 2)
        x and y, m.
    depths : (d,)
        Below the surface, m.
    start : (k + 1,)
        Where each node's rows begin in ``rows``.
    rows
        Indices of the rows within reach, node after node.
    coils
        Loops of all m rows.
    column : (d start[k],)
        Filled with H_T . H_R, 1/m^2; node after node, depth after depth.
    """
    tx, rx, rotation, tx_radius, rx_radius = coils
    for n in range(nodes.shape[0]):
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
def _inner(seen: Real, rows: Index, part: Real, out: Real) -> None:
    """Inner products of six columns (6, r) with those of some rows of an array (m, w), out (6, w).

    rows (r,) are the indices of those rows of seen, the array; part holds the columns. Four rows at a time, so
    that a sum is loaded and stored once for four products.
    """
    out[:] = 0.0
    r = rows.shape[0]
    whole = r - r % 4
    for i in range(0, whole, 4):
        a, b, c, d = seen[rows[i]], seen[rows[i + 1]], seen[rows[i + 2]], seen[rows[i + 3]]
        for k in range(6):
            own, w, x, y, z = out[k], part[k, i], part[k, i + 1], part[k, i + 2], part[k, i + 3]
            for j in range(seen.shape[1]):
                own[j] += w * a[j] + x * b[j] + y * c[j] + z * d[j]
    for i in range(whole, r):
        a = seen[rows[i]]
        for k in range(6):
            own, w = out[k], part[k, i]
            for j in range(seen.shape[1]):
                own[j] += w * a[j]


@jit()
def drops(
    column: Real,
    start: Index,
    rows: Index,
    use: NDArray[np.bool_],
    weight: Real,
    seen: Real,
    explained: int,
    ridge: float,
    drop: Real,
) -> None:
    """Fall of the misfit, drop (k, 6), by an isotropic dipole at every node and each of six depths.

    Inner products are summed in the precision of the columns, energies in double precision.

    Parameters
    ----------
    column, start, rows
        From `columns`, for six depths.
    use : (k,)
        Nodes to evaluate; the others stay as they are.
    weight : (m,)
        By which the rows of columns are multiplied.
    seen : (m, w)
        Orthonormal columns of all that is fitted already, so many as are ``explained``, and what that leaves of
        the data; weighted.
    explained
        How many of those columns come first.
    ridge
        Part of a column's energy that the fitted ones are held not to explain at least.
    drop : (k, 6)
        Filled.
    """
    light = weight.astype(column.dtype)
    for n in range(start.shape[0] - 1):
        if use[n]:
            own = rows[start[n] : start[n + 1]]
            r = own.shape[0]
            heavy, along = np.empty((6, r), column.dtype), np.empty((6, seen.shape[1]), column.dtype)
            for d in range(6):
                for i in range(r):
                    heavy[d, i] = column[6 * start[n] + d * r + i] * light[own[i]]
            _inner(seen, own, heavy, along)
            for d in range(6):
                energy, taken, fall = 0.0, 0.0, 0.0
                for i in range(r):
                    energy += np.float64(heavy[d, i]) * np.float64(heavy[d, i])
                for j in range(explained):
                    taken += np.float64(along[d, j]) * np.float64(along[d, j])
                for j in range(explained, seen.shape[1]):
                    fall += np.float64(along[d, j]) * np.float64(along[d, j])
                # |r^T c|^2 / (|c|^2 - |Q^T c|^2): column c beside the fitted Q, residuals r
                drop[n, d] = fall / max(energy - taken, ridge * energy + 1e-300)


@jit()
def kept(column: Real, start: Index, rows: Index, weight: Real, basis: Real, energy: Real) -> None:
    """Energy (6, k) of each node's columns, one per depth, that orthonormal columns do not explain.

    Parameters
    ----------
    column, start, rows
        From `columns`, for six depths.
    weight : (m,)
        By which the rows of columns are multiplied.
    basis : (m, p)
        Orthonormal columns, weighted.
    energy : (6, k)
        Filled, in double precision.
    """
    along, total = np.empty((6, basis.shape[1])), np.empty(6)
    for n in range(start.shape[0] - 1):
        r = start[n + 1] - start[n]
        along[:] = 0.0
        total[:] = 0.0
        for i in range(r):
            row = rows[start[n] + i]
            own = basis[row]
            for d in range(6):
                heavy, sums = np.float64(column[6 * start[n] + d * r + i]) * weight[row], along[d]
                total[d] += heavy * heavy
                for j in range(own.shape[0]):
                    sums[j] += heavy * own[j]
        for d in range(6):
            left, sums = total[d], along[d]
            for j in range(sums.shape[0]):
                left -= sums[j] * sums[j]
            energy[d, n] = max(left, 0.0)
