"""The metal maps written plainly: nearest rows by a tree, one node after the other by einsum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from dualsense.induction import loop_field

if TYPE_CHECKING:
    from dualsense.emi._response import Response


def means(
    cells: np.ndarray, xy: np.ndarray, count: int, width_m: float, terms: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian-weighted means (n, c) over the nearest rows, and variance and shared deviation of each (n, 2).

    ``terms`` (m, c + 3) are precision, variance and shared deviation of each row, then its channels.
    """
    distance, index = cKDTree(xy).query(cells, k=count)
    width = np.maximum(width_m, distance[:, :1])
    weight = np.exp(-0.5 * (distance / width) ** 2) * terms[index, 0]
    weight /= weight.sum(axis=1, keepdims=True)
    signed = np.einsum("nk,nkc->nc", weight, terms[index, 3:])
    averaged = (weight**2 * terms[index, 1]).sum(axis=1)
    shared = (weight * terms[index, 2]).sum(axis=1)
    return signed, np.column_stack([averaged, shared])


def coherent(
    response: Response,
    rest: np.ndarray,
    weight: np.ndarray,
    node: np.ndarray,
    *,
    depths_m: tuple[float, ...],
    window_m: float,
    fewest: int,
    most: int,
) -> float:
    """Adjusted share of the energy near a node that a dipole below it explains, best over depth."""
    near = np.flatnonzero(np.linalg.norm(response.center_m[:, :2] - node, axis=1) <= window_m)
    if near.size < fewest:
        return float("nan")
    near = near[:: -(-near.size // most)]
    data = rest[near] * weight[near, None]
    energy = float((data**2).sum())
    if not energy > 0.0:
        return 0.0
    columns = _columns(response, node, near, depths_m) * weight[near]
    explained = ((columns @ data) ** 2).sum(axis=1) / ((columns**2).sum(axis=1) + 1e-300)
    left = max(energy - float(explained.max()), 0.0)
    n = near.size
    return float(np.clip(1.0 - (left / (n - 1)) / (energy / n), 0.0, 1.0))


def _columns(response: Response, node: np.ndarray, near: np.ndarray, depths_m: tuple[float, ...]) -> np.ndarray:
    """Response (z, n) of the rows to a unit isotropic dipole at each depth under a node."""
    points = np.array([[*node, -depth] for depth in depths_m])
    turn = response.rotation[near]
    fields = []
    for at, radius in ((response.tx_m, response.tx_radius_m), (response.rx_m, response.rx_radius_m)):
        local = np.einsum("nji,znj->zni", turn, points[:, None] - at[near])
        h = np.empty_like(local)
        for k in np.unique(response.coil[near]):
            mine = response.coil[near] == k
            h[:, mine] = loop_field(local[:, mine], radius_m=float(radius[k]))
        fields.append(h)
    return (fields[0] * fields[1]).sum(axis=-1)


def between(rows: np.ndarray, columns: np.ndarray, every: int, lattice: np.ndarray, count: int) -> np.ndarray:
    """Mean (k,) of the ``count`` nearest nodes, and of all as near as the last of them, at each cell."""
    y, x = np.nonzero(~np.isneginf(lattice))
    out = []
    for row, column in zip(rows, columns, strict=True):
        square = (y * every - row) ** 2 + (x * every - column) ** 2
        asked = square <= np.sort(square)[count - 1]
        share = np.maximum(1.0 - np.sqrt(square[asked]) / (1.5 * every), 1e-3)
        values = lattice[y[asked], x[asked]]
        known = np.isfinite(values)
        out.append((share * values)[known].sum() / share[known].sum() if known.any() else np.nan)
    return np.array(out)
