"""The grid search for dipoles: the drop of the misfit at every node, with the linear part solved there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._columns import coil_arrays
from dualsense.emi._joint import _search_kernels as kernels
from dualsense.runtime.threads import in_threads, shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._response import Response

    Real = NDArray[np.float64]
    Index = NDArray[np.intp]

NODE_DEPTHS_M = (0.015, 0.03, 0.05, 0.08, 0.12, 0.16)
MIN_ROWS = 6
COVERED_M = 0.06
RIDGE = 1e-4
VECTOR = 16
"""Numbers that a processor works on at once: columns are filled up with zeros to a multiple of it."""


@dataclass(frozen=True, slots=True, eq=False)
class NodeGrid:
    """Nodes over the rows with their isotropic columns, which are kept within reach of each node.

    Attributes
    ----------
    x_m : (nx,)
    y_m : (ny,)
        Axes of the grid.
    nodes : (n, 2)
        Row by row: x varies first.
    usable : (n,) bool
        Nodes that enough rows passed over.
    places_m : (m, 2)
        Of the rows.
    start, rows, columns
        As `dualsense.emi._joint._search_kernels.columns` has them. Columns in single precision: there are many,
        and the search only says where to begin.
    """

    x_m: Real
    y_m: Real
    nodes: Real
    usable: NDArray[np.bool_]
    places_m: Real
    start: Index
    rows: Index
    columns: NDArray[np.float32]

    @classmethod
    def over(cls, response: Response, *, node_m: float, reach_m: float) -> NodeGrid:
        """Lay nodes every ``node_m`` over the rows, each with the rows within ``reach_m``."""
        places_m = np.ascontiguousarray(response.center_m[:, :2])
        low, high = places_m.min(axis=0), places_m.max(axis=0)
        x_m, y_m = (
            0.5 * (low[k] + high[k]) + node_m * (np.arange(n) - 0.5 * (n - 1))
            for k, n in enumerate(int(np.ceil(v)) + 1 for v in (high - low) / node_m)
        )
        gx, gy = np.meshgrid(x_m, y_m)
        nodes = np.column_stack([gx.ravel(), gy.ravel()])
        start, rows, nearest_m = _rows_around(nodes, places_m, reach_m)
        usable = (nearest_m < COVERED_M) & (np.diff(start) >= MIN_ROWS)
        columns = np.empty(len(NODE_DEPTHS_M) * rows.size, np.float32)
        coils, depths = coil_arrays(response), np.array(NODE_DEPTHS_M)

        def fill(part: slice) -> None:
            kernels.columns(nodes[part], depths, start[part.start : part.stop + 1], rows, coils, columns)

        in_threads(fill, shares(len(nodes)))
        return cls(x_m, y_m, nodes, usable, places_m, start, rows, columns)

    @property
    def shape(self) -> tuple[int, int]:
        """Shape (ny, nx) of a map over the nodes."""
        return self.y_m.size, self.x_m.size

    def drops(self, residual: Real, basis: Real, weight: Real) -> tuple[Real, Index]:
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
        seen = np.zeros((weight.size, -(-(fitted + len(residual)) // VECTOR) * VECTOR), np.float32)
        seen[:, :fitted], seen[:, fitted : fitted + len(residual)] = basis.T, residual.T

        def fill(part: slice) -> None:
            start = self.start[part.start : part.stop + 1]
            use, own = self.usable[part], drop[part]
            kernels.drops(self.columns, start, self.rows, use, weight, seen, fitted, RIDGE, own)

        in_threads(fill, shares(len(drop)))
        depth = drop.argmax(axis=1)
        return drop[np.arange(len(drop)), depth], depth

    def energy(self, residual: Real, *, within_m: float) -> Real:
        """Energy of the residual (c, m) in the rows around each node."""
        start, rows, _ = _rows_around(self.nodes, self.places_m, within_m)
        node = np.repeat(np.arange(len(self.nodes)), np.diff(start))
        energy = np.bincount(node, (residual**2).sum(axis=0)[rows], minlength=len(self.nodes))
        return np.asarray(energy, dtype=np.float64)


def _rows_around(nodes: Real, places_m: Real, distance_m: float) -> tuple[Index, Index, Real]:
    """Where each node's rows begin, the rows this close to it, node after node, and how far the nearest is."""
    many, nearest = np.empty(len(nodes), np.intp), np.empty(len(nodes))
    kernels.count(nodes, places_m, distance_m, many, nearest)
    start = np.concatenate([np.zeros(1, np.intp), np.cumsum(many)])
    rows = np.empty(start[-1], np.intp)
    kernels.fill(nodes, places_m, distance_m, start, rows)
    return start, rows, nearest
