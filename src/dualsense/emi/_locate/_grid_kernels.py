"""Kernel of the locator's grid search: what a dipole with free tensors would explain at every node.

Plain arrays, no validation, the caller allocates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._columns_kernels import COLUMN, ROW, RowCoils, fields
from dualsense.emi._locate._solver_kernels import cholesky
from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]


@jit()
def _dot(a: Real, b: Real) -> float:
    """Inner product of a and b, both (m,)."""
    s = 0.0
    for i in range(a.shape[0]):
        s += a[i] * b[i]
    return s


@jit()
def explained(nodes: Real, coils: RowCoils, weight: Real, data: Real, drop: Real) -> None:
    """Energy that a dipole with free tensors explains; one factorisation of six columns serves all channels.

    Parameters
    ----------
    nodes : (k, 3)
        Places of the dipole, m.
    coils
        Loops of the m rows.
    weight : (m,)
        Of the rows.
    data : (m, c)
        In unit noise.
    drop : (k,)
        Filled.
    """
    tx, rx, rotation, tx_radius, rx_radius = coils
    channels, m = data.shape[1], data.shape[0]
    columns = np.empty((6, m))
    t, r, work = np.empty((3, m)), np.empty((3, m)), np.empty((6, m))
    gram = np.empty((6, 6))
    b = np.empty((channels, 6))
    heavy = np.empty((channels, m))
    for k in range(channels):
        for i in range(m):
            heavy[k, i] = weight[i] * data[i, k]
    for node in range(nodes.shape[0]):
        fields(nodes[node], tx, rotation, tx_radius, work, t)
        fields(nodes[node], rx, rotation, rx_radius, work, r)
        for q in range(6):
            f, tj, rk, tk, rj = columns[q], t[ROW[q]], r[COLUMN[q]], t[COLUMN[q]], r[ROW[q]]
            both = 1.0 if q >= 3 else 0.0
            for i in range(m):
                f[i] = weight[i] * (tj[i] * rk[i] + both * tk[i] * rj[i])
            for p in range(q + 1):
                gram[q, p] = _dot(f, columns[p])
            for k in range(channels):
                b[k, q] = _dot(f, heavy[k])
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
                    # energy explained, b^T G^-1 b = |L^-1 b|^2
                    drop[node] += b[k, q] * b[k, q]
