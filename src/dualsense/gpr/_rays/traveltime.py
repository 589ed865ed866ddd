"""Travel time from an antenna in air to a point in soil, refracted at the ground surface and at every layer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.gpr._rays import _ray_kernels
from dualsense.gpr._rays.layers import as_layers, thicknesses

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._rays.layers import Ground

MIN_HEIGHT_M = 1e-5
ON_GROUND_M = 2e-3
"""Antennas no higher than this stand on the ground."""
MAX_HEIGHTS = 257
ROOT_STEP = 0.0055
"""Spacing of the square roots of heights and distances, m^(1/2): keeps a linear look-up within 0.1 ps."""
NEPER_PER_DB = math.log(10.0) / 20.0


@dataclass(frozen=True, slots=True, eq=False)
class TimeTable:
    """One-way times and amplitudes over (height, lateral distance, depth).

    Height and distance are spaced evenly in their square roots. A time bends most where both are small: even steps
    would need an order of magnitude more entries for the same error. Depth comes last, so that a column of voxels
    reads what lies side by side.

    Attributes
    ----------
    height_m : (nh,)
        Of the antenna above the ground.
    rho_m : (nr,)
        Lateral distance.
    depth_m : (nz,)
        Below the ground.
    time_s : (nh, nr, nz)
    gain : (nh, nr, nz)
        Amplitude over that straight down, from the same height to the same depth.
    """

    height_m: NDArray[np.float64]
    rho_m: NDArray[np.float64]
    depth_m: NDArray[np.float64]
    time_s: NDArray[np.float64]
    gain: NDArray[np.float64]

    @property
    def height_root_step(self) -> float:
        """Spacing of the square root of the heights."""
        return float(math.sqrt(self.height_m[1]) - math.sqrt(self.height_m[0]))

    @property
    def rho_root_step(self) -> float:
        """Spacing of the square root of the distances."""
        return float(math.sqrt(self.rho_m[1]))


def refracted_time(rho_m: float, height_m: float, depth_m: float, *, relative_permittivity: Ground) -> float:
    """One-way time by Fermat's principle, in seconds.

    Parameters
    ----------
    rho_m, height_m, depth_m
        Lateral distance, height of the antenna above the surface, depth of the point below it.
    relative_permittivity
        Of the soil, a number or layers; air is 1.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        When the soil would be faster than air.
    """
    rho, height = np.array([float(rho_m)]), np.array([float(height_m)])
    return float(refracted_times(rho, height, depth_m, relative_permittivity=relative_permittivity)[0])


def refracted_times(
    rho_m: NDArray[np.float64], height_m: NDArray[np.float64], depth_m: float, *, relative_permittivity: Ground
) -> NDArray[np.float64]:
    """:func:`refracted_time` (n,) of antennas at distances and heights (n,) from and above one point."""
    layers = as_layers(relative_permittivity)
    thickness = np.ascontiguousarray(thicknesses(layers, np.array([depth_m])).T)
    h, time = np.maximum(height_m, MIN_HEIGHT_M), np.empty(rho_m.size)
    _ray_kernels.ray_times(rho_m, h, thickness, layers.index, C0_M_S, time)
    return time


def time_table(
    depth_m: NDArray[np.float64],
    *,
    max_height_m: float,
    max_rho_m: float,
    relative_permittivity: Ground,
    min_height_m: float = MIN_HEIGHT_M,
    loss_db_m: float = 0.0,
    on_ground: bool = False,
    root_step: float = ROOT_STEP,
) -> TimeTable:
    """Tabulate :func:`refracted_time` for all antennas of a scan.

    Parameters
    ----------
    depth_m : (nz,)
        Depths of the volume, used as they are.
    max_height_m, min_height_m, max_rho_m
        Range of the table.
    relative_permittivity
        Of the soil, a number or layers.
    loss_db_m
        Of the soil, one way.
    on_ground
        Antennas that touch the ground send into the soil: no path leads through the air, and heights do not count.
        By Fermat alone, an antenna at height 0 reaches every distant point soonest along the surface.
    root_step
        Resolution; a linear look-up errs by its square. The default keeps it within 0.1 ps for heights of up
        to 15 cm, depths to 50 cm, distances to 60 cm and permittivities to 30. A head that was lifted far off
        the ground gets longer steps in height, for at most ``MAX_HEIGHTS`` of them.

    Returns
    -------
    TimeTable

    Raises
    ------
    ValueError
        When the soil would be faster than air, or, for antennas on the ground, a layer faster than that above it.
    """
    layers = as_layers(relative_permittivity)
    low = math.sqrt(max(min_height_m, MIN_HEIGHT_M))
    high = math.sqrt(max(max_height_m, min_height_m, MIN_HEIGHT_M))
    step = max(root_step, (high - low) / (MAX_HEIGHTS - 1))
    heights = max(2, math.ceil((high - low) / step * (1.0 - 1e-12)) + 1)
    height = (low + step * np.arange(heights, dtype=np.float64)) ** 2
    rho = (root_step * np.arange(math.ceil(math.sqrt(max_rho_m) / root_step) + 2, dtype=np.float64)) ** 2
    depth = np.ascontiguousarray(depth_m, dtype=np.float64)
    time, gain = np.empty((2, height.size, rho.size, depth.size))
    loss = np.full(layers.index.size, loss_db_m * NEPER_PER_DB)
    thickness = np.ascontiguousarray(thicknesses(layers, depth).T)
    first, below, c = np.broadcast_to(height[:, None], time.shape[::2]), layers.index, C0_M_S
    if on_ground:  # the first layer stands for the air
        if (np.diff(below) < 0.0).any():
            msg = f"under antennas on the ground no layer may be faster than that above it, got {layers}"
            raise ValueError(msg)
        first = np.broadcast_to(np.maximum(thickness[0], MIN_HEIGHT_M), first.shape)
        thickness, loss, c = thickness[1:], loss[1:], c / below[0]
        below = below[1:] / below[0]
    _ray_kernels.fill_tables(np.ascontiguousarray(first), rho, thickness, below, loss, c, time, gain)
    return TimeTable(height, rho, depth, time, gain)
