"""The joint fit of dipoles written plainly: columns by einsum, every fit by one QR, the scan node by node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._joint.fit import joined, parts_of, steepness
from dualsense.induction._field import loop_field

if TYPE_CHECKING:
    from dualsense.emi._joint.fit import JointFit, Source
    from dualsense.emi._response import Response

PAIRS = ((0, 1), (0, 2), (1, 2))


def columns(response: Response, position_m: np.ndarray) -> np.ndarray:
    """Response (m, 6) of every row to the tensor elements xx, yy, zz, xy, xz, yz at one position."""
    h_t, h_r = (np.empty((response.time_s.size, 3)) for _ in range(2))
    for k in range(response.tx_radius_m.size):
        rows = response.coil == k
        turn = response.rotation[rows]
        for at, radius, out in (
            (response.tx_m, response.tx_radius_m, h_t),
            (response.rx_m, response.rx_radius_m, h_r),
        ):
            local = np.einsum("nji,nj->ni", turn, position_m - at[rows])
            out[rows] = np.einsum("nij,nj->ni", turn, loop_field(local, radius_m=float(radius[k])))
    cross = [h_t[:, i] * h_r[:, j] + h_t[:, j] * h_r[:, i] for i, j in PAIRS]
    return np.stack([*(h_t[:, i] * h_r[:, i] for i in range(3)), *cross], axis=1)


def fit(design: np.ndarray, data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal basis (m, p) of some columns and what they leave of data (m, c)."""
    q, _ = np.linalg.qr(design / np.sqrt((design**2).sum(axis=0)))
    return q, data - q @ (q.T @ data)


def drop(
    own: np.ndarray, residual: np.ndarray, q: np.ndarray, rows: np.ndarray, weight: np.ndarray, ridge: float
) -> np.ndarray:
    """Fall of the misfit by each of some columns (m, k) of which only some rows are looked at."""
    c = own[rows] * weight[rows, None]
    along = q[rows].T @ c
    energy = (c * c).sum(axis=0)
    return ((c.T @ residual[rows]) ** 2).sum(axis=1) / np.maximum(energy - (along**2).sum(axis=0), ridge * energy)


def descend(fit: JointFit, sources: list[Source], boxes: list, *, steps: int) -> tuple[list[Source], float]:
    """Levenberg-Marquardt over the places of some dipoles beside those of a fit, each within its box.

    As `dualsense.emi._joint.descent` does it, but every trial is a span that grows, and nothing keeps two apart.
    """
    resting = fit.beside(fit.sources)
    span = joined(resting, sources, fit.weight)
    damping = 1e-2
    for _ in range(steps):
        normal, gradient = steepness(sources, parts_of(span, sources), span, fit.weight)
        improved = False
        for _try in range(5):
            lift = damping * np.diag(np.diag(normal) + 1e-6 * np.trace(normal) / len(gradient) + 1e-300)
            move = -np.linalg.solve(normal + lift, gradient)
            move *= min(1.0, 0.03 / max(float(np.abs(move).max()), 1e-12))
            trial = [
                source.moved(np.clip(source.position_m + step, low, high))
                for source, step, low, high in zip(sources, move.reshape(-1, 3), *boxes, strict=True)
            ]
            tried, before = joined(resting, trial, fit.weight), span.misfit()
            if tried.misfit() < before:
                improved = before - tried.misfit() > 1e-4 * before
                sources, span, damping = trial, tried, max(damping / 5.0, 1e-6)
                break
            damping *= 5.0
        if not improved:
            break
    return sources, span.misfit()
