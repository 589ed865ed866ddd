"""Rows near a body without all other metal, by one QR of all columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._columns import dipole_columns, slope_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualsense.emi import Inversion
    from dualsense.emi._response import Response


def alone(
    response: Response,
    found: Inversion,
    position_m: np.ndarray,
    others: Sequence[int],
    use: np.ndarray,
    *,
    std_m: np.ndarray,
    damping: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Whitened rows (n, c) without soil, drift and other dipoles, and their precision (n, c, c)."""
    weight, white = found.weight[:, None], response.values @ found.balance.whitener.T
    own = dipole_columns(response, position_m)[:, :3].sum(axis=1, keepdims=True)
    columns = [dipole_columns(response, found.dipoles[n].position_m) for n in others]
    design = np.concatenate([own, found.balance.basis, *columns], axis=1)
    weighted = design * weight
    scale = np.sqrt((weighted**2).sum(axis=0)) + 1e-300
    q, r = np.linalg.qr(weighted / scale)
    normal = r.T @ r + damping**2 * np.eye(len(scale))
    coefficients = np.linalg.solve(normal, r.T @ (q.T @ (white * weight))) / scale[:, None]
    values = (white - design[:, 1:] @ coefficients[1:])[use]
    moved = np.zeros((3, use.size, values.shape[1]))
    start = 1 + found.balance.basis.shape[1]
    for k, n in enumerate(others):
        slopes = slope_rows(response, found.dipoles[n].position_m).transpose(0, 2, 1)
        moved += slopes[:, use] @ coefficients[start + 6 * k : start + 6 * k + 6]
    errors = moved * std_m[use].T[:, :, None]
    covariance = np.eye(values.shape[1]) + np.einsum("ani,anj->nij", errors, errors)
    return values, np.linalg.inv(covariance)
