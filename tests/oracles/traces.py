"""Traces as sums over the tones, taken at every time by itself in double precision."""

from __future__ import annotations

import numpy as np


def sums(spectrum: np.ndarray, frequency_hz: np.ndarray, dt_s: float, samples: int) -> np.ndarray:
    """Sum spectra (n, k) to traces (n, samples) from time zero on: sum_k S_k exp(2 pi i f_k t)."""
    return spectrum @ np.exp(2j * np.pi * frequency_hz[:, None] * dt_s * np.arange(samples))
