"""What every sum over soundings is weighed by: the aperture, and the soundings' uneven density."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.gpr._migrate._density_kernels import densities

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
    density = np.empty(len(xy))
    densities(np.ascontiguousarray(xy), np.argsort(xy[:, 0], kind="stable"), radius_m, density)
    return 1.0 / density
