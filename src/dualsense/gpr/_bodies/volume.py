"""The picture of the migrated volume, and where it shows anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.result import Volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._migrate.migrated import Migrated
    from dualsense.result import Grid

MIN_FOLD = 0.12
"""Part of the volume's highest fold below which a voxel was not measured well enough to be shown."""


def envelope_volume(migrated: Migrated, grid: Grid, covered: NDArray[np.bool_]) -> Volume:
    """Envelope of the migrated volume, NaN where the radar did not measure.

    Parameters
    ----------
    migrated, grid
        Volume of nz depths, and its ny by nx cells.
    covered : (ny, nx) bool
        Coverage of the radar on the same grid.

    Returns
    -------
    Volume
        (nz, ny, nx) float32.
    """
    envelope = np.abs(migrated.amplitude).astype(np.float32)
    envelope[~measured_voxels(migrated, covered)] = np.nan
    return Volume("radar_envelope", "1", grid, migrated.depth_m, envelope)


def measured_voxels(migrated: Migrated, covered: NDArray[np.bool_]) -> NDArray[np.bool_]:
    high = migrated.fold.max(axis=(1, 2), keepdims=True)
    mask: NDArray[np.bool_] = (migrated.fold > MIN_FOLD * high) & (migrated.fold > 0.0) & covered
    return mask


def measured_columns(volume: Volume) -> NDArray[np.bool_]:
    """Cells (ny, nx) where at least half of the slices hold something: the rest of the map was not measured.

    Parameters
    ----------
    volume
        Envelope; NaN, or 0, where nothing was measured.

    Returns
    -------
    (ny, nx) bool
    """
    with np.errstate(invalid="ignore"):
        columns: NDArray[np.bool_] = (volume.values > 0.0).mean(axis=0) >= 0.5
    return columns
