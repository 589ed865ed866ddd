"""The coherence map: how much of what is left around each place one dipole below it would explain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.induction import loop_field
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
        tree = cKDTree(response.center_m[:, :2])
        explained = np.array(
            [
                _explained(response, rest, weight, node, np.array(sorted(near), dtype=np.intp))
                for node, near in zip(nodes, tree.query_ball_point(nodes, window_m), strict=True)
            ]
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


def _explained(response: Response, rest: Real, weight: Real, node: Real, near: NDArray[np.intp]) -> float:
    """Compute the adjusted share of the energy near a node that a dipole below it explains, best over depth."""
    if near.size < MIN_ROWS:
        return float("nan")
    near = near[:: -(-near.size // MOST_ROWS)]
    data = rest[near] * weight[near, None]
    energy = float((data**2).sum())
    if not energy > 0.0:
        return 0.0
    columns = _columns(response, node, near) * weight[near]
    explained = ((columns @ data) ** 2).sum(axis=1) / ((columns**2).sum(axis=1) + 1e-300)
    left = max(energy - float(explained.max()), 0.0)
    n = near.size
    return float(np.clip(1.0 - (left / (n - 1)) / (energy / n), 0.0, 1.0))


def _columns(response: Response, node: Real, near: NDArray[np.intp]) -> Real:
    """Response (z, n) of the rows to a unit isotropic dipole at each depth under a node."""
    points = np.array([[*node, -depth] for depth in DEPTHS_M])
    turn = response.rotation[near]
    fields = []
    for at, radius in ((response.tx_m, response.tx_radius_m), (response.rx_m, response.rx_radius_m)):
        local = np.einsum("nji,znj->zni", turn, points[:, None] - at[near])
        h = np.empty_like(local)
        for k in np.unique(response.coil[near]):
            mine = response.coil[near] == k
            h[:, mine] = loop_field(local[:, mine], radius_m=float(radius[k]))
        fields.append(h)
    out: Real = (fields[0] * fields[1]).sum(axis=-1)
    return out
