"""The grid search for dipoles: the drop of the misfit at every node, with the linear part solved there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._columns import coil_arrays
from dualsense.emi._joint import _search_kernels as kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._response import Response

NODE_DEPTHS_M = (0.015, 0.03, 0.05, 0.08, 0.12, 0.16)
MIN_ROWS = 6
COVERED_M = 0.06
RIDGE = 1e-4
VECTOR = 8
"""Numbers that a processor works on at once: columns are filled up with zeros to a multiple of it."""


class NodeGrid:
    """The grid of nodes with its isotropic columns, computed once and kept within reach of each node."""

    def __init__(self, response: Response, *, node_m: float, reach_m: float) -> None:
        xy = np.ascontiguousarray(response.center_m[:, :2])
        low, high = xy.min(axis=0), xy.max(axis=0)
        self.x_m, self.y_m = (
            0.5 * (low[k] + high[k]) + node_m * (np.arange(n) - 0.5 * (n - 1))
            for k, n in enumerate(int(np.ceil(v)) + 1 for v in (high - low) / node_m)
        )
        gx, gy = np.meshgrid(self.x_m, self.y_m)
        self.nodes = np.column_stack([gx.ravel(), gy.ravel()])
        self._xy = xy
        self._start, self._rows, near = self._around(reach_m)
        self.usable = (near < COVERED_M) & (np.diff(self._start) >= MIN_ROWS)
        self._columns = np.empty(len(NODE_DEPTHS_M) * self._rows.size)
        depths = np.array(NODE_DEPTHS_M)
        kernels.columns(self.nodes, depths, self._start, self._rows, *coil_arrays(response), self._columns)

    def _around(self, distance_m: float) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
        """Rows this close to each node, node after node, where each one's begin, and how far the nearest is."""
        many, nearest = np.empty(len(self.nodes), np.intp), np.empty(len(self.nodes))
        kernels.count(self.nodes, self._xy, distance_m, many, nearest)
        start = np.concatenate([np.zeros(1, np.intp), np.cumsum(many)])
        rows = np.empty(start[-1], np.intp)
        kernels.fill(self.nodes, self._xy, distance_m, start, rows)
        return start, rows, nearest

    def drops(
        self, residual: NDArray[np.float64], basis: NDArray[np.float64], weight: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Drop of the misfit by an isotropic dipole at each node, best over depth, and that depth's index.

        Parameters
        ----------
        residual : (c, m)
            What is left of the data.
        basis : (p, m)
            Orthonormal rows of all that is fitted.
        weight : (m,)
        """
        drop = np.zeros((self.nodes.shape[0], len(NODE_DEPTHS_M)))
        fitted = len(basis)
        seen = np.zeros((weight.size, -(-(fitted + len(residual)) // VECTOR) * VECTOR))
        seen[:, :fitted], seen[:, fitted : fitted + len(residual)] = basis.T, residual.T
        layout = (self._columns, self._start, self._rows, self.usable)
        kernels.drops(*layout, weight, seen, fitted, RIDGE, drop)
        depth = drop.argmax(axis=1)
        return drop[np.arange(len(drop)), depth], depth

    def energy(self, residual: NDArray[np.float64], *, within_m: float) -> NDArray[np.float64]:
        """Energy of the residual (c, m) in the rows around each node."""
        start, rows, _ = self._around(within_m)
        node = np.repeat(np.arange(len(self.nodes)), np.diff(start))
        energy = np.bincount(node, (residual**2).sum(axis=0)[rows], minlength=len(self.nodes))
        return np.asarray(energy, dtype=np.float64)
