"""A migrated volume: what every route gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Migrated:
    """A migrated volume, axes (depth, y, x).

    Attributes
    ----------
    amplitude : (nz, ny, nx) complex64
        Weighted mean of the soundings along each voxel's time: a sparse corner is as bright as a dense one.
    fold : (nz, ny, nx) float32
        Sum of the weights: how much was measured.
    coherence : (nz, ny, nx) float32
        |sum w s|^2 / (sum w sum w |s|^2), 1 where all soundings agree (Mallart and Fink 1994).
    depth_m : (nz,) float64
        Depth of each layer of voxels.
    """

    amplitude: NDArray[np.complex64]
    fold: NDArray[np.float32]
    coherence: NDArray[np.float32]
    depth_m: NDArray[np.float64]
