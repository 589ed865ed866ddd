"""What clutter alone would give, voxel by voxel: the level to which a radar body is compared (CFAR).

Soil scatters differently from place to place and from depth to depth. Normalised by its own surroundings, one
threshold gives the same rate of false bodies everywhere. The surroundings are four boxes, one on each side of the
voxel, of which the median counts (the ordered-statistic idea of Rohling 1983): a neighbouring object raises the
level on its side only, and then does not hide this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.gpr._bodies import _clutter_kernels as _kernels
from dualsense.gpr._bodies.volume import measured_voxels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._migrate.migrated import Migrated
    from dualsense.result import Grid

    Real = NDArray[np.float64]

RAYLEIGH_MEDIAN_OVER_QUARTILE = float(np.sqrt(np.log(2.0) / np.log(4.0 / 3.0)))
RAYLEIGH_MEDIAN_OVER_RMS = float(np.sqrt(np.log(2.0)))
CENSORED = 3.0
"""Times a depth's level: brighter is an object, and counts as this much."""
BOX_M, ASIDE_M = 0.12, 0.12
"""Side of a box, and the distance of its centre: 6 cm about the voxel stay out, where its own object is."""
HIGHEST = 2.0
"""Times a depth's level: how far the surroundings may raise it; of few cells they tell too little to lower it."""


@dataclass(frozen=True, slots=True, eq=False)
class OverClutter:
    """What was measured of a volume, and how it stands out of the clutter.

    Attributes
    ----------
    inside : (nz, ny, nx) bool
        Voxels that were measured.
    envelope : (nz, ny, nx) float32
        0 elsewhere.
    contrast : (nz, ny, nx) float32
        Envelope over the level of clutter around the voxel.
    median : (nz,) float64
        Of the envelope at each depth where it was measured; 0 where nothing was.
    """

    inside: NDArray[np.bool_]
    envelope: NDArray[np.float32]
    contrast: NDArray[np.float32]
    median: NDArray[np.float64]


def over_clutter(migrated: Migrated, grid: Grid, covered: NDArray[np.bool_]) -> OverClutter:
    """Compare a migrated volume to its clutter: what all that asks for bodies in it begins with.

    Parameters
    ----------
    migrated
        Volume of nz depths over ny by nx cells.
    grid
        Its cells.
    covered : (ny, nx) bool
        Coverage of the radar on the same grid.

    Returns
    -------
    OverClutter
    """
    inside = measured_voxels(migrated, covered)
    envelope = np.where(inside, np.abs(migrated.amplitude), np.float32(0.0))
    envelope = np.ascontiguousarray(envelope, np.float32)  # a volume that was spread from a line is not
    whole, median = _depth_levels(envelope, inside)
    contrast = _levels_around(envelope, inside, whole, grid.cell_m)
    np.divide(envelope, contrast, out=contrast)
    return OverClutter(inside, envelope, contrast, median)


def depth_level(envelope: NDArray[np.floating], inside: NDArray[np.bool_]) -> Real:
    """Median amplitude per depth (nz,), smoothed, and never below 1e-3 of the volume's peak.

    Under a body that fills half of the patch, as an anti-tank mine does, the median is the body's: there the lower
    quartile tells the median that Rayleigh-distributed clutter of its size would have.
    """
    return _depth_levels(np.ascontiguousarray(envelope, np.float32), inside)[0]


def clutter_level(
    envelope: NDArray[np.floating], inside: NDArray[np.bool_], *, cell_m: float
) -> NDArray[np.float32]:
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
    (nz, ny, nx) float32
        Between 1 and 2 times the level of the voxel's depth; that level itself where no box holds enough.

    References
    ----------
    Rohling, H. (1983). Radar CFAR thresholding in clutter and multiple target situations. IEEE Transactions on
    Aerospace and Electronic Systems 19, 608-621.
    """
    amplitude = np.ascontiguousarray(envelope, np.float32)
    return _levels_around(amplitude, inside, _depth_levels(amplitude, inside)[0], cell_m)


def _depth_levels(envelope: NDArray[np.float32], inside: NDArray[np.bool_]) -> tuple[Real, Real]:
    """Level of each depth as :func:`depth_level` gives it, and the median alone; (nz,) each."""
    quartile, median = np.empty(len(envelope)), np.empty(len(envelope))
    _kernels.plane_quantiles(envelope, np.ascontiguousarray(inside), quartile, median)
    expected = RAYLEIGH_MEDIAN_OVER_QUARTILE * quartile
    level = np.where(expected < 0.6 * median, expected, median)
    floor = 1e-3 * float(envelope.max(initial=0.0)) + float(np.finfo(np.float32).tiny)
    kernel = np.array([0.25, 0.5, 0.25])
    smooth = np.convolve(np.pad(level, 1, mode="edge"), kernel, mode="valid") if level.size > 2 else level
    return np.maximum(smooth, floor), median


def _levels_around(
    envelope: NDArray[np.float32], inside: NDArray[np.bool_], whole: Real, cell_m: float
) -> NDArray[np.float32]:
    level = np.empty(envelope.shape, np.float32)
    cells, aside = max(1, round(BOX_M / cell_m)), max(1, round(ASIDE_M / cell_m))
    median_over_mean = RAYLEIGH_MEDIAN_OVER_RMS**2
    inside = np.ascontiguousarray(inside)
    _kernels.clutter_levels(envelope, inside, whole, CENSORED, HIGHEST, median_over_mean, cells, aside, level)
    return level
