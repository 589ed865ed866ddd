"""Principal component pursuit by full singular value decompositions."""

from __future__ import annotations

import numpy as np


def shrink(x: np.ndarray, cut: float) -> np.ndarray:
    """Every entry nearer to zero by ``cut``, in its own direction."""
    size = np.abs(x)
    return np.where(size > cut, x * (1.0 - cut / np.maximum(size, cut)), 0.0)


def inexact_alm(data: np.ndarray, tolerance: float = 1e-9) -> tuple[np.ndarray, np.ndarray]:
    """Algorithm 5 of Lin, Chen and Ma (2010) as printed: low-rank and sparse part of a matrix without noise."""
    weight = 1.0 / np.sqrt(max(data.shape))
    norm2 = np.linalg.norm(data, 2)
    y = data / max(norm2, np.abs(data).max() / weight)
    mu, low = 1.25 / norm2, np.zeros_like(data)
    for _ in range(500):
        sparse = shrink(data - low + y / mu, weight / mu)
        u, s, vh = np.linalg.svd(data - sparse + y / mu, full_matrices=False)
        low = (u * np.maximum(s - 1.0 / mu, 0.0)) @ vh
        rest = data - low - sparse
        y = y + mu * rest
        mu *= 1.5
        if np.linalg.norm(rest) < tolerance * np.linalg.norm(data):
            return low, sparse
    msg = "the oracle did not converge"
    raise AssertionError(msg)


def huber_slope(rest: np.ndarray, weight: float, t: float) -> np.ndarray:
    """Derivative of Huber's loss: x/t where that is smaller than the weight, x/|x| times the weight beyond."""
    size = np.maximum(np.abs(rest), np.finfo(float).tiny)
    return rest * np.minimum(1.0 / t, weight / size)
