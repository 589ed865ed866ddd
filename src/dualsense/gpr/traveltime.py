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
MAX_HEIGHTS = 257


@dataclass(frozen=True, slots=True, eq=False)
class TimeTable:
    """One-way times t(height, depth, rho).

    Uniform in the lateral distance, not in its square, which would save a square root per voxel: a head close
    to the ground needs steps of the square well below that of its height, two orders of magnitude more entries.
    """

    height_m: NDArray[np.float64]
    depth_m: NDArray[np.float64]
    rho_m: NDArray[np.float64]
    time_s: NDArray[np.float64]

    @property
    def height_step_m(self) -> float:
        """Spacing of the height axis."""
        return float(self.height_m[1] - self.height_m[0])

    @property
    def rho_step_m(self) -> float:
        """Spacing of the axis of lateral distance."""
        return float(self.rho_m[1] - self.rho_m[0])


def refracted_time(rho_m: float, height_m: float, depth_m: float, *, relative_permittivity: float) -> float:
    """One-way time by Fermat's principle, in seconds.

    Parameters
    ----------
    rho_m, height_m, depth_m
        Lateral distance, height of the antenna above the surface, depth of the point below it.
    relative_permittivity
        Of the soil; air is 1.

    Raises
    ------
    ValueError
        When the soil would be faster than air.
    """
    n = _index(relative_permittivity)
    h = max(height_m, MIN_HEIGHT_M)
    return float(_kernels.refracted_time(float(rho_m), h, float(depth_m), n, SPEED_OF_LIGHT_M_S))


def time_table(
    depth_m: NDArray[np.float64],
    *,
    max_height_m: float,
    max_rho_m: float,
    relative_permittivity: float,
    min_height_m: float = MIN_HEIGHT_M,
    height_step_m: float = 2e-3,
    rho_count: int = 512,
) -> TimeTable:
    """Tabulate :func:`refracted_time` for all antennas of a scan.

    Parameters
    ----------
    depth_m : (nz,)
        Depths of the volume, used as they are.
    max_height_m, min_height_m, max_rho_m
        Range of the table.
    height_step_m, rho_count
        Resolution; the defaults keep the look-up within 0.1 ps at heights above 1 cm. A head that was lifted far
        off the ground gets longer steps, for at most ``MAX_HEIGHTS`` of them.

    Raises
    ------
    ValueError
        When the soil would be faster than air.
    """
    n = _index(relative_permittivity)
    low = max(min_height_m, MIN_HEIGHT_M)
    span = max(max_height_m - low, 0.0)
    step = max(height_step_m, span / (MAX_HEIGHTS - 1))
    count = max(2, int(np.ceil(span / step * (1.0 - 1e-12))) + 1)
    height = low + step * np.arange(count, dtype=np.float64)
    rho = np.linspace(0.0, max_rho_m, rho_count)
    depth = np.ascontiguousarray(depth_m, dtype=np.float64)
    out = np.empty((height.size, depth.size, rho.size))
    _kernels.fill_time_table(height, depth, rho, n, SPEED_OF_LIGHT_M_S, out)
    return TimeTable(height, depth, rho, out)


def _index(relative_permittivity: float) -> float:
    if not 1.0 <= relative_permittivity < np.inf:
        msg = f"relative permittivity must be finite and at least 1, got {relative_permittivity}"
        raise ValueError(msg)
    return float(np.sqrt(relative_permittivity))
