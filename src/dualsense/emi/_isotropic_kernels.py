"""Kernels of isotropic dipoles: what rows of two loops receive of one below a node.

Plain arrays, no validation, the caller allocates.
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


@jit(checked_division=False)
def local(node: Real, where: Real, rotation: Real, rows: Index, out: Real) -> None:
    """Bring a node (2,) at depth zero to the frames of some rows' loops, out (3, r) in m.

    where (m, 3), the loops' centres, in m; rotation (m, 3, 3) as in `RowCoils`; rows (r,) are indices of rows.
    """
    for i in range(rows.shape[0]):
        row = rows[i]
        x, y, z = node[0] - where[row, 0], node[1] - where[row, 1], -where[row, 2]
        for k in range(3):
            out[k, i] = rotation[row, 0, k] * x + rotation[row, 1, k] * y + rotation[row, 2, k] * z


@jit(checked_division=False)
def field(place: Real, up: Real, depth: float, radius: Real, work: Real, out: Real) -> None:
    """Field of every row's loop in its own frame, out (3, r), in 1/m.

    place (3, r) from `local`, up (3, r) the upward direction there; depth of the dipole and radius (r,) of the
    loops in m; work (5, r) is room.
    """
    across, along, u, hz, q = work[0], work[1], work[2], work[3], work[4]
    hx, hy, h = out[0], out[1], out[2]
    for i in range(radius.shape[0]):
        hx[i] = place[0, i] - depth * up[0, i]
        hy[i] = place[1, i] - depth * up[1, i]
        across[i] = np.sqrt(hx[i] * hx[i] + hy[i] * hy[i])
        along[i] = place[2, i] - depth * up[2, i]
    evaluate(radius, 0.0, across, along, u, hz, q)
    for i in range(radius.shape[0]):
        if not q[i] >= VECTOR_FROM:
            u[i], hz[i], _ = loop_terms(radius[i], across[i], along[i])
    for i in range(radius.shape[0]):
        hx[i] *= u[i]
        hy[i] *= u[i]
        h[i] = hz[i]


@jit(checked_division=False)
def isotropic(nodes: Real, depth: float, coils: RowCoils, out: Real) -> None:
    """Fill out (k, m) with what every row receives of a unit isotropic dipole below each node, H_T . H_R in 1/m^2.

    nodes (k, 2) and the depth of the dipoles in m; coils are the loops of the m rows.
    """
    tx, rx, rotation, tx_radius, rx_radius = coils
    m = tx.shape[0]
    rows, up, work = np.arange(m), np.empty((3, m)), np.empty((5, m))
    at, t, r = np.empty((3, m)), np.empty((3, m)), np.empty((3, m))
    for i in range(m):
        for k in range(3):
            up[k, i] = rotation[i, 2, k]
    for n in range(nodes.shape[0]):
        local(nodes[n], tx, rotation, rows, at)
        field(at, up, depth, tx_radius, work, t)
        local(nodes[n], rx, rotation, rows, at)
        field(at, up, depth, rx_radius, work, r)
        own = out[n]
        for i in range(m):
            own[i] = t[0, i] * r[0, i] + t[1, i] * r[1, i] + t[2, i] * r[2, i]
