"""What clutter alone would give, voxel by voxel: the level to which a radar body is compared (CFAR).

Soil scatters differently from place to place and from depth to depth. Normalised by its own surroundings, one
threshold gives the same rate of false bodies everywhere. The surroundings are four boxes, one on each side of the
voxel, of which the median counts (the ordered-statistic idea of Rohling 1983): a neighbouring object raises the
level on its side only, and then does not hide this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

RAYLEIGH_MEDIAN_OVER_QUARTILE = float(np.sqrt(np.log(2.0) / np.log(4.0 / 3.0)))
RAYLEIGH_MEDIAN_OVER_RMS = float(np.sqrt(np.log(2.0)))
CENSORED = 3.0
"""Times a depth's level: brighter is an object, and counts as this much."""
BOX_M, ASIDE_M = 0.12, 0.12
"""Side of a box, and the distance of its centre: 6 cm about the voxel stay out, where its own object is."""
HIGHEST = 2.0
"""Times a depth's level: how far the surroundings may raise it; of few cells they tell too little to lower it."""


def depth_level(envelope: Real, inside: NDArray[np.bool_]) -> Real:
    """Median amplitude per depth (nz,), smoothed, and never below 1e-3 of the volume's peak.

    Under a body that fills half of the patch, as an anti-tank mine does, the median is the body's: there the lower
    quartile tells the median that Rayleigh-distributed clutter of its size would have.
    """
    level = np.zeros(len(envelope))
    for k in np.flatnonzero(inside.any(axis=(1, 2))):
        quartile, median = np.quantile(envelope[k][inside[k]], (0.25, 0.5))
        expected = RAYLEIGH_MEDIAN_OVER_QUARTILE * quartile
        level[k] = expected if expected < 0.6 * median else median
    floor = 1e-3 * float(envelope.max(initial=0.0)) + np.finfo(float).tiny
    kernel = np.array([0.25, 0.5, 0.25])
    smooth = np.convolve(np.pad(level, 1, mode="edge"), kernel, mode="valid") if level.size > 2 else level
    return np.maximum(smooth, floor)


def clutter_level(envelope: Real, inside: NDArray[np.bool_], *, cell_m: float) -> Real:
    """Median that clutter has around each voxel.

    Parameters
    ----------
    envelope : (nz, ny, nx)
        0 where nothing was measured.
    inside : (nz, ny, nx) bool
        What was measured.
    cell_m
        Side of a cell.

    Returns
    -------
    (nz, ny, nx) float64
        Between 1 and 2 times the level of the voxel's depth; that level itself where no box holds enough.

    References
    ----------
    Rohling, H. (1983). Radar CFAR thresholding in clutter and multiple target situations. IEEE Transactions on
    Aerospace and Electronic Systems 19, 608-621.
    """
    from scipy.ndimage import uniform_filter  # noqa: PLC0415 - slow to import

    whole = depth_level(envelope, inside)[:, None, None]
    energy = np.where(inside, np.minimum(envelope / whole, CENSORED) ** 2, 0.0)
    cells = max(1, round(BOX_M / cell_m))
    size = (3, cells, cells)
    share = uniform_filter(inside.astype(np.float64), size, mode="constant")
    mean = uniform_filter(energy, size, mode="constant")
    box = np.where(share > 0.5, mean / np.maximum(share, 1e-9), np.inf)
    sides = np.sort(np.stack([_moved(box, way, max(1, round(ASIDE_M / cell_m))) for way in range(4)]), axis=0)
    count = np.isfinite(sides).sum(axis=0)  # at the rim some sides are missing
    low, high = (
        np.take_along_axis(sides, np.maximum(n, 0)[None], axis=0)[0] for n in ((count - 1) // 2, count // 2)
    )
    local = RAYLEIGH_MEDIAN_OVER_RMS * np.sqrt(0.5 * (low + np.where(np.isfinite(high), high, low)))
    level: Real = whole * np.clip(np.where(np.isfinite(local), local, 1.0), 1.0, HIGHEST)
    return level


def _moved(box: Real, way: int, cells: int) -> Real:
    """Values of the neighbour so many cells away along one of four ways; infinite beyond the map."""
    axis, forth = (2, 1)[way // 2], way % 2 == 0
    out = np.full_like(box, np.inf)
    length = box.shape[axis]
    if cells >= length:
        return out
    here, there = slice(0, length - cells), slice(cells, length)
    to, of = (here, there) if forth else (there, here)
    if axis == 2:
        out[:, :, to] = box[:, :, of]
    else:
        out[:, to, :] = box[:, of, :]
    return out
