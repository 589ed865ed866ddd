"""Least squares of the surface's fit for given heights, as they are written down."""

from __future__ import annotations

import numpy as np


def solve(
    data: np.ndarray, k: np.ndarray, path: np.ndarray, height: np.ndarray, *, ridge: float = 1e-6
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per frequency over {1, wave, wave x height}: echo (k,), what is left (n, k), and its slope by the height.

    The slope (n, k) is that of the model by each sounding's height, the near field's change left aside.
    """
    wave = np.exp(-1j * k * path[:, None]) / path[:, None]
    tilt = ((height - height.mean()) / 0.01)[:, None]
    columns = np.stack([np.ones_like(wave), wave, wave * tilt], axis=-1).transpose(1, 0, 2)
    adjoint = columns.conj().transpose(0, 2, 1)
    power = float((path**-2.0).sum())
    normal = adjoint @ columns + ridge * np.diag([len(data), power, power])
    direct, echo, slant = np.linalg.solve(normal, adjoint @ data.T[..., None])[..., 0].T
    rest = data - direct - wave * (echo + tilt * slant)
    return echo, rest, -1j * k * (4.0 * height / path)[:, None] * echo * wave
