"""What every sum over soundings is weighed by: the aperture, and the soundings' uneven density."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DENSITY_CHUNK = 256


def aperture_radius(
    depth_m: NDArray[np.float64], aperture_m: float, aperture_growth: float, max_aperture_m: float
) -> NDArray[np.float64]:
    """Radius of the aperture at each depth (nz,)."""
    radius: NDArray[np.float64] = np.minimum(
        aperture_m + aperture_growth * np.maximum(depth_m, 0.0), max_aperture_m
    )
    return radius


def inverse_density(xy: NDArray[np.float64], radius_m: float) -> NDArray[np.float64]:
    """One over the soundings within about a radius (n,): a slow stretch shall not outweigh a quick one."""
    from scipy.spatial import cKDTree  # noqa: PLC0415

    tree = cKDTree(xy)
    density = np.empty(len(xy))
    for begin in range(0, len(xy), DENSITY_CHUNK):  # a head that rests has all its soundings on one spot
        part = slice(begin, begin + DENSITY_CHUNK)
        near = cKDTree(xy[part]).sparse_distance_matrix(tree, 3.0 * radius_m, output_type="ndarray")
        weight = np.exp(-(near["v"] ** 2) / (2.0 * radius_m**2))
        density[part] = np.bincount(near["i"], weight, density[part].size)
    return 1.0 / density
