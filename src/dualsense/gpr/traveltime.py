"""Travel time from an antenna in air to a point in soil, refracted at the ground surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.gpr import _kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPEED_OF_LIGHT_M_S = 299_792_458.0
MIN_HEIGHT_M = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class TimeTable:
    """One-way times t(height, depth, rho^2).

    Uniform in the *square* of the lateral distance: the time is analytic in it, so a linear look-up needs
    few entries and no square root per voxel.
    """

    height_m: NDArray[np.float64]
    depth_m: NDArray[np.float64]
    rho2_m2: NDArray[np.float64]
    time_s: NDArray[np.float64]

    @property
    def height_step_m(self) -> float:
        """Spacing of the height axis."""
        return float(self.height_m[1] - self.height_m[0])

    @property
    def rho2_step_m2(self) -> float:
        """Spacing of the axis of squared lateral distance."""
        return float(self.rho2_m2[1] - self.rho2_m2[0])


def refracted_time(rho_m: float, height_m: float, depth_m: float, *, relative_permittivity: float) -> float:
    """One-way time by Fermat's principle, in seconds.

    Parameters
    ----------
    rho_m, height_m, depth_m
        Lateral distance, height of the antenna above the surface, depth of the point below it.
    relative_permittivity
        Of the soil; air is 1.
    """
    n = float(np.sqrt(relative_permittivity))
    h = max(height_m, MIN_HEIGHT_M)
    return float(_kernels.refracted_time(float(rho_m), h, float(depth_m), n, SPEED_OF_LIGHT_M_S))


def time_table(
    depth_m: NDArray[np.float64],
    *,
    max_height_m: float,
    max_rho_m: float,
    relative_permittivity: float,
    min_height_m: float = MIN_HEIGHT_M,
    height_step_m: float = 1e-3,
    rho_count: int = 1024,
) -> TimeTable:
    """Tabulate :func:`refracted_time` for all antennas of a scan.

    Parameters
    ----------
    depth_m : (nz,)
        Depths of the volume, used as they are.
    max_height_m, min_height_m, max_rho_m
        Range of the table.
    height_step_m, rho_count
        Resolution; the defaults keep the look-up within 0.2 ps at heights above 2 cm.
    """
    if relative_permittivity < 1.0:
        msg = f"relative permittivity must be at least 1, got {relative_permittivity}"
        raise ValueError(msg)
    low = max(min_height_m, MIN_HEIGHT_M)
    count = max(2, int(np.ceil((max_height_m - low) / height_step_m)) + 1)
    height = low + height_step_m * np.arange(count, dtype=np.float64)
    rho2 = np.linspace(0.0, max_rho_m**2, rho_count)
    depth = np.ascontiguousarray(depth_m, dtype=np.float64)
    out = np.empty((height.size, depth.size, rho2.size))
    n = float(np.sqrt(relative_permittivity))
    _kernels.fill_time_table(height, depth, rho2, n, SPEED_OF_LIGHT_M_S, out)
    return TimeTable(height, depth, rho2, out)
