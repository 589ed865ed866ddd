"""The coherence map: how much of what is left around each place one dipole below it would explain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._columns import coil_arrays
from dualsense.emi._maps import _coherence_kernels as kernels
from dualsense.result import Grid, Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._response import Response

    Real = NDArray[np.float64]

DEPTHS_M = (0.02, 0.05, 0.09, 0.14)
NODE_M = 0.02
WINDOW_M = 0.12
MIN_ROWS = 18
MOST_ROWS = 150
NEAREST = 4
"""Nodes that tell what is between them."""


def coherence_map(
    response: Response,
    rest: Real,
    grid: Grid,
    covered: NDArray[np.bool_],
    *,
    row_weight: Real | None = None,
    window_m: float = WINDOW_M,
) -> Image:
    """Part of the balanced energy within ``window_m`` that one dipole under each cell explains, 0-1.

    An isotropic dipole, free in every channel, at the best of four depths; what as many unknowns would explain of
    noise is taken off, so noise alone has zero. One compact piece of metal comes near 1; a ring, a long nail,
    several pieces side by side, the flank of a neighbour and soil that balance left do not. With free tensors
    almost any smooth map is coherent everywhere.

    Parameters
    ----------
    response
        m rows over c channels.
    rest : (m, c)
        Whitened, balanced rows.
    grid
        Cells of the map.
    covered : (ny, nx) bool
    row_weight : (m,), optional
        Of rows that position errors make uncertain.
    window_m
        Rows within this distance of a cell are explained.

    Returns
    -------
    Image
        "metal_coherence"; NaN outside coverage and where fewer than 18 rows are near.
    """
    values = np.full(covered.shape, np.nan, dtype=np.float32)
    rows, columns = np.nonzero(covered)
    if rows.size and response.time_s.size >= MIN_ROWS:
        every = max(1, round(NODE_M / grid.cell_m))
        pick = (rows % every == 0) & (columns % every == 0)
        every, pick = (every, pick) if pick.any() else (1, np.ones(rows.size, bool))
        nodes = np.column_stack([grid.x_m[columns[pick]], grid.y_m[rows[pick]]])
        weight = np.ones(response.time_s.size) if row_weight is None else row_weight
        explained = np.empty(len(nodes))
        kernels.coherent(
            nodes,
            np.array(DEPTHS_M),
            window_m,
            MIN_ROWS,
            MOST_ROWS,
            np.ascontiguousarray(response.center_m[:, :2]),
            coil_arrays(response),
            np.array(weight),  # copies: kernels for read-only arrays would be compiled beside these
            np.array(rest),
            explained,
        )
        lattice = np.full((-(-covered.shape[0] // every), -(-covered.shape[1] // every)), -np.inf)
        lattice[rows[pick] // every, columns[pick] // every] = explained
        mean = np.empty(rows.size)
        kernels.between(rows, columns, every, lattice, min(NEAREST, len(nodes)), mean)
        values[rows, columns] = mean
    return Image("metal_coherence", "1", grid, values)
