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
SPARSE_FROM = 300
"""Nodes from which every second one, in x and y, is evaluated first."""
NEAR_BEST = 0.7
"""Of the best drop at those; next to them, all nodes are evaluated. Between two of them, 4 cm apart, a drop is at
most a tenth higher."""
VECTOR = 16
"""Numbers that a processor works on at once: columns are filled up with zeros to a multiple of it."""


@dataclass(frozen=True, slots=True, eq=False)
class NodeGrid:
    """Nodes over the rows with their isotropic columns, which are kept within reach of each node.

    Attributes
    ----------
    node_m
        Spacing.
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
    as_told
        The rows where the track has them.
    """

    node_m: float
    x_m: Real
    y_m: Real
    nodes: Real
    usable: NDArray[np.bool_]
    places_m: Real
    start: Index
    rows: Index
    columns: NDArray[np.float32]
    as_told: Response

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
        return cls(node_m, x_m, y_m, nodes, usable, places_m, start, rows, columns, response)

    @property
    def shape(self) -> tuple[int, int]:
        """Shape (ny, nx) of a map over the nodes."""
        return self.y_m.size, self.x_m.size

    @property
    def sparse(self) -> NDArray[np.bool_]:
        """Every second usable node (n,) in x and y; of a small grid, all."""
        if len(self.nodes) < SPARSE_FROM:
            return self.usable
        chosen = np.zeros(self.shape, dtype=bool)
        chosen[::2, ::2] = True
        return chosen.ravel() & self.usable

    def drops(
        self,
        residual: Real,
        basis: Real,
        weight: Real,
        *,
        skip: NDArray[np.bool_] | None = None,
        whole: bool = True,
    ) -> tuple[Real, Index]:
        """Drop of the misfit by an isotropic dipole at each node, best over depth, and that depth's index.

        Parameters
        ----------
        residual : (c, m)
            What is left of the data.
        basis : (p, m)
            Orthonormal rows of all that is fitted.
        weight : (m,)
        skip : (n,), optional
            Nodes at which it is nought.
        whole
            False: only every second node in x and y, and all those next to the best; nought elsewhere.
        """
        drop = np.zeros((self.nodes.shape[0], len(NODE_DEPTHS_M)))
        fitted = len(basis)
        seen = np.zeros((weight.size, -(-(fitted + len(residual)) // VECTOR) * VECTOR), np.float32)
        seen[:, :fitted], seen[:, fitted : fitted + len(residual)] = basis.T, residual.T

        def evaluate(use: NDArray[np.bool_]) -> None:
            def fill(part: slice) -> None:
                start, own = self.start[part.start : part.stop + 1], drop[part]
                kernels.drops(self.columns, start, self.rows, use[part], weight, seen, fitted, RIDGE, own)

            in_threads(fill, shares(len(drop)))

        wanted = self.usable if skip is None else self.usable & ~skip
        if whole:
            evaluate(wanted)
        else:
            first = wanted & self.sparse
            evaluate(first)
            best = drop.max(axis=1)
            evaluate(wanted & ~first & self._beside(best >= NEAR_BEST * best.max(initial=0.0)))
        depth = drop.argmax(axis=1)
        return drop[np.arange(len(drop)), depth], depth

    def _beside(self, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Nodes next to some (n,), across corners too."""
        wide = np.pad(chosen.reshape(self.shape), 1)
        rows = wide[:-2] | wide[1:-1] | wide[2:]
        beside: NDArray[np.bool_] = rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]
        return beside.ravel()

    def kept(self, basis: Real, weight: Real) -> Real:
        """Energy (d, n) of a unit isotropic dipole at each depth that what is fitted leaves, in 1/m^4.

        basis (p, m) are its orthonormal rows, weighted by weight (m,).
        """
        out, columns = np.empty((len(NODE_DEPTHS_M), len(self.nodes))), np.ascontiguousarray(basis.T)

        def fill(part: slice) -> None:
            start = self.start[part.start : part.stop + 1]
            own = np.empty((len(out), len(start) - 1))
            kernels.kept(self.columns, start, self.rows, weight, columns, own)
            out[:, part] = own

        in_threads(fill, shares(len(self.nodes)))
        return out

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
