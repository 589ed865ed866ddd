"""The scan for dipoles: the drop of the misfit at every node of a grid, with the linear part solved there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi import _scan_kernels as kernels
from dualsense.emi.dipole import coil_arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi.calibrate import Response

SCAN_DEPTHS_M = (0.015, 0.03, 0.05, 0.08, 0.12, 0.16)
MIN_ROWS = 6
COVERED_M = 0.06
RIDGE = 1e-4


class Scanner:
    """The grid of nodes with its isotropic columns, computed once and kept within reach of each node."""

    def __init__(self, response: Response, *, node_m: float, reach_m: float) -> None:
        from scipy.spatial import cKDTree  # noqa: PLC0415

        xy = response.center_m[:, :2]
        low, high = xy.min(axis=0), xy.max(axis=0)
        self.x_m, self.y_m = (
            0.5 * (low[k] + high[k]) + node_m * (np.arange(n) - 0.5 * (n - 1))
            for k, n in enumerate(int(np.ceil(v)) + 1 for v in (high - low) / node_m)
        )
        gx, gy = np.meshgrid(self.x_m, self.y_m)
        self.nodes = np.column_stack([gx.ravel(), gy.ravel()])
        tree = cKDTree(xy)
        rows = [np.sort(np.asarray(r, dtype=np.intp)) for r in tree.query_ball_point(self.nodes, reach_m)]
        self._tree = tree
        near, _ = tree.query(self.nodes)
        sizes = np.array([r.size for r in rows], dtype=np.intp)
        self.usable = (near < COVERED_M) & (sizes >= MIN_ROWS)
        self._start = np.concatenate([np.zeros(1, np.intp), np.cumsum(sizes)])
        self._rows = np.concatenate(rows)
        self._columns = np.empty(len(SCAN_DEPTHS_M) * self._rows.size)
        depths = np.array(SCAN_DEPTHS_M)
        kernels.columns(self.nodes, depths, self._start, self._rows, *coil_arrays(response), self._columns)

    def scan(
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
        drop = np.zeros((self.nodes.shape[0], len(SCAN_DEPTHS_M)))
        layout = (self._columns, self._start, self._rows, self.usable)
        kernels.drops(*layout, weight, basis, residual, RIDGE, drop)
        depth = drop.argmax(axis=1)
        return drop[np.arange(len(drop)), depth], depth

    def energy(self, residual: NDArray[np.float64], *, within_m: float) -> NDArray[np.float64]:
        """Energy of the residual (c, m) in the rows around each node."""
        rows = (residual**2).sum(axis=0)
        near = self._tree.query_ball_point(self.nodes, within_m)
        return np.array([rows[np.asarray(n, dtype=np.intp)].sum() for n in near])
