"""The level of clutter, and what stands out of it, by SciPy's filters and NumPy's sorting."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import maximum_filter, uniform_filter

MEDIAN_OVER_QUARTILE = np.sqrt(np.log(2.0) / np.log(4.0 / 3.0))
CENSORED, HIGHEST, BOX_M, ASIDE_M = 3.0, 2.0, 0.12, 0.12


def depth_level(envelope: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Median of each plane, or what the lower quartile tells of it, smoothed over three planes."""
    level = np.zeros(len(envelope))
    for k in np.flatnonzero(inside.any(axis=(1, 2))):
        quartile, median = np.quantile(envelope[k][inside[k]].astype(float), (0.25, 0.5))
        expected = MEDIAN_OVER_QUARTILE * quartile
        level[k] = expected if expected < 0.6 * median else median
    floor = 1e-3 * float(envelope.max(initial=0.0)) + float(np.finfo(np.float32).tiny)
    smooth = np.convolve(np.pad(level, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    return np.maximum(smooth, floor)


def clutter_level(envelope: np.ndarray, inside: np.ndarray, cell_m: float) -> np.ndarray:
    """Median of four boxes' levels about each voxel, between 1 and 2 times the level of its depth."""
    envelope = envelope.astype(float)
    whole = depth_level(envelope, inside)[:, None, None]
    energy = np.where(inside, np.minimum(envelope / whole, CENSORED) ** 2, 0.0)
    cells, aside = (max(1, round(length / cell_m)) for length in (BOX_M, ASIDE_M))
    share = uniform_filter(inside.astype(float), (3, cells, cells), mode="constant")
    mean = uniform_filter(energy, (3, cells, cells), mode="constant")
    box = np.where(share > 0.5 + 1e-9, mean / np.maximum(share, 1e-9), np.nan)
    box = np.pad(box, ((0, 0), (aside, aside), (aside, aside)), constant_values=np.nan)
    ny, nx = envelope.shape[1:]
    corners = ((aside, 0), (aside, 2 * aside), (0, aside), (2 * aside, aside))
    sides = np.stack([box[:, top : top + ny, left : left + nx] for top, left in corners])
    none = np.isnan(sides).all(axis=0)
    middle = np.nanmedian(np.where(none, 0.0, sides), axis=0)
    local = np.where(none, 1.0, np.sqrt(np.log(2.0) * np.maximum(middle, 0.0)))
    return whole * np.clip(local, 1.0, HIGHEST)


def peaks(values: np.ndarray, cells: int) -> np.ndarray:
    """Where a volume is as high as its highest within a plane and half of ``cells`` cells."""
    return values == maximum_filter(values, (3, cells, cells))
