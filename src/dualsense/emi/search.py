"""The scan for dipoles: the drop of the misfit at every node of a grid, with the linear part solved there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi.field import loop_field

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
        self.rows = [np.sort(np.asarray(r, dtype=np.intp)) for r in tree.query_ball_point(self.nodes, reach_m)]
        self._tree = tree
        near, _ = tree.query(self.nodes)
        self.covered = near < COVERED_M
        level = bool((response.rotation == np.eye(3)).all())
        self.columns = [
            self._column(response, node, rows, level=level)
            for node, rows in zip(self.nodes, self.rows, strict=True)
        ]

    @staticmethod
    def _column(
        response: Response, node: NDArray[np.float64], rows: NDArray[np.intp], *, level: bool
    ) -> NDArray[np.float64]:
        out = np.zeros((rows.size, len(SCAN_DEPTHS_M)))
        for k in np.unique(response.coil[rows]):
            at = response.coil[rows] == k
            use = rows[at]
            points = np.stack([np.broadcast_to([*node, -z], (use.size, 3)) for z in SCAN_DEPTHS_M])
            local_t, local_r = points - response.tx_m[use], points - response.rx_m[use]
            if not level:
                turn = response.rotation[use]
                local_t, local_r = (np.einsum("nji,znj->zni", turn, v) for v in (local_t, local_r))
            h_t = loop_field(local_t, radius_m=float(response.tx_radius_m[k]))
            h_r = loop_field(local_r, radius_m=float(response.rx_radius_m[k]))
            out[at] = (h_t * h_r).sum(axis=-1).T
        return out

    def scan(
        self, residual: NDArray[np.float64], q: NDArray[np.float64], weight: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Drop of the misfit by an isotropic dipole at each node, best over depth, and that depth's index."""
        best = np.zeros(self.nodes.shape[0])
        depth = np.zeros(self.nodes.shape[0], dtype=np.intp)
        for n, (rows, column) in enumerate(zip(self.rows, self.columns, strict=True)):
            if rows.size < MIN_ROWS or not self.covered[n]:
                continue
            c = column * weight[rows, None]
            along = q[rows].T @ c
            gram = (c * c).sum(axis=0) - (along * along).sum(axis=0)
            projected = c.T @ residual[rows]
            drop = (projected**2).sum(axis=1) / np.maximum(gram, RIDGE * (c * c).sum(axis=0) + 1e-300)
            depth[n] = int(np.argmax(drop))
            best[n] = drop[depth[n]]
        return best, depth

    def energy(self, residual: NDArray[np.float64], *, within_m: float) -> NDArray[np.float64]:
        """Energy of the residual in the rows around each node."""
        rows = (residual**2).sum(axis=1)
        near = self._tree.query_ball_point(self.nodes, within_m)
        return np.array([rows[np.asarray(n, dtype=np.intp)].sum() for n in near])
