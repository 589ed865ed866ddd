"""A wandering shift from what rows tell of it, by one dense Gaussian posterior over all rows at once."""

from __future__ import annotations

import numpy as np


def smooth(time_s, known, pull, prior, memory_s):
    """Mean (m, 3) and covariance (m, 3, 3): prior covariance exp(-|t - t'| / memory) on each axis by itself."""
    m = len(time_s)
    decay = np.exp(-np.abs(time_s[:, None] - time_s[None]) / memory_s)
    covariance = np.zeros((3 * m, 3 * m))
    precision = np.zeros((3 * m, 3 * m))
    for axis in range(3):
        covariance[axis::3, axis::3] = decay * np.sqrt(np.outer(prior[:, axis], prior[:, axis]))
    for i in range(m):
        precision[3 * i : 3 * i + 3, 3 * i : 3 * i + 3] = known[i]
    posterior = np.linalg.inv(np.linalg.inv(covariance + 1e-9 * covariance.max() * np.eye(3 * m)) + precision)
    blocks = np.array([posterior[3 * i : 3 * i + 3, 3 * i : 3 * i + 3] for i in range(m)])
    return (posterior @ pull.ravel()).reshape(m, 3), blocks
