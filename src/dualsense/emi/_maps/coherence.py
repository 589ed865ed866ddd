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
    from scipy.spatial import cKDTree  # noqa: PLC0415

    values = np.full(covered.shape, np.nan, dtype=np.float32)
    rows, columns = np.nonzero(covered)
    if rows.size and response.time_s.size >= MIN_ROWS:
        every = max(1, round(NODE_M / grid.cell_m))
        pick = (rows % every == 0) & (columns % every == 0)
        pick = pick if pick.any() else np.ones(rows.size, bool)
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
        cells = np.column_stack([grid.x_m[columns], grid.y_m[rows]])
        count = min(4, len(nodes))
        distance, index = cKDTree(nodes).query(cells, k=count)
        distance, index = distance.reshape(-1, count), index.reshape(-1, count)
        share = np.maximum(1.0 - distance / (1.5 * every * grid.cell_m), 1e-3)
        known = np.isfinite(explained[index])
        share = np.where(known, share, 0.0)
        total = share.sum(axis=1)
        mean = (share * np.where(known, explained[index], 0.0)).sum(axis=1) / np.maximum(total, 1e-300)
        values[rows, columns] = np.where(total > 0.0, mean, np.nan)
    return Image("metal_coherence", "1", grid, values)
