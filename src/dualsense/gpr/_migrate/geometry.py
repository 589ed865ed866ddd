"""Where antennas and voxels of a Kirchhoff sum are, and the travel times between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from dualsense.gpr._migrate.weights import inverse_density
from dualsense.gpr._rays.layers import as_layers, thicknesses
from dualsense.gpr._rays.traveltime import MIN_HEIGHT_M, ROOT_STEP, TimeTable, time_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._rays.layers import Ground
    from dualsense.gpr._soundings import Soundings
    from dualsense.result import Grid

Weighting = Literal["heard", "even", "echo"]
"""What a sounding counts in the sum over a voxel: "heard", by how loud an echo from there would be; "even", all
alike within the aperture's taper, which makes points narrower and leaves planes at their depth; "echo", the
amplitude itself of such an echo without a taper: what a model of the data has."""


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """What the sum needs to know beside the data: antennas, voxels, aperture and travel times.

    Attributes
    ----------
    tx_m, rx_m : (n, 3)
        Antennas, relative to the map's first cell; z is the height above the ground.
    density : (n,)
        Weight of each sounding for their uneven density.
    x_m (nx,), y_m (ny,), depth_m (nz,)
        Voxel centres, x and y relative to the map's first cell.
    aperture_m : (nz,)
        Radius of the aperture at each depth.
    apparent_depth_m : (nz,)
        Height above which a straight ray in air would spread as the refracted one does, straight down.
    table
        One-way times and amplitudes.
    weighting
        What a sounding counts for a voxel, :data:`Weighting`.
    """

    tx_m: NDArray[np.float64]
    rx_m: NDArray[np.float64]
    density: NDArray[np.float64]
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    depth_m: NDArray[np.float64]
    aperture_m: NDArray[np.float64]
    apparent_depth_m: NDArray[np.float64]
    table: TimeTable
    weighting: Weighting = "heard"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the volume, (nz, ny, nx)."""
        return self.depth_m.size, self.y_m.size, self.x_m.size


def geometry(
    tx_m: NDArray[np.float64],
    rx_m: NDArray[np.float64],
    density: NDArray[np.float64],
    grid: Grid,
    depth_m: NDArray[np.float64],
    *,
    aperture_m: NDArray[np.float64],
    relative_permittivity: Ground,
    loss_db_m: float = 0.0,
    on_ground: bool = False,
    root_step: float = ROOT_STEP,
    weighting: Weighting = "heard",
) -> Geometry:
    """Lay out the sum and tabulate its travel times.

    Parameters
    ----------
    tx_m, rx_m : (n, 3)
        Antennas in the local frame, heights above the ground.
    density : (n,)
    grid, depth_m
        Voxel centres.
    aperture_m : (nz,)
        Radius at each depth, greater than 0.
    relative_permittivity, loss_db_m, on_ground, root_step
        As for :func:`dualsense.gpr.time_table`.
    weighting
        What a sounding counts for a voxel, :data:`Weighting`.

    Raises
    ------
    ValueError
        When a position or a radius is not finite, or the soil would be faster than air.
    """
    origin = np.array([grid.x_m[0], grid.y_m[0], 0.0])
    tx, rx = tx_m - origin, rx_m - origin
    depth = np.maximum(np.ascontiguousarray(depth_m, dtype=np.float64), 0.0)
    radius = np.ascontiguousarray(aperture_m, dtype=np.float64)
    for name, values in (("antenna positions", tx), ("antenna positions", rx), ("apertures", radius)):
        if not np.isfinite(values).all():
            msg = f"{name} must be finite, got {values[~np.isfinite(values)][0]}"
            raise ValueError(msg)
    tx[:, 2] = np.maximum(tx[:, 2], MIN_HEIGHT_M)
    rx[:, 2] = np.maximum(rx[:, 2], MIN_HEIGHT_M)
    heights = np.concatenate([tx[:, 2], rx[:, 2]]) if len(tx) else np.array([MIN_HEIGHT_M])
    # the tables reach one row beyond the farthest that a voxel within the aperture reads: the loops rely on it
    half_offset_m = 0.5 * float(np.linalg.norm((rx - tx)[:, :2], axis=1).max(initial=0.0))
    table = time_table(
        depth,
        min_height_m=float(heights.min()),
        max_height_m=float(heights.max()),
        max_rho_m=1.1 * float(radius.max(initial=0.0)) + half_offset_m + grid.cell_m,
        relative_permittivity=relative_permittivity,
        loss_db_m=loss_db_m,
        on_ground=on_ground,
        root_step=root_step,
    )
    apparent = thicknesses(relative_permittivity, depth) @ (1.0 / as_layers(relative_permittivity).index)
    x, y = grid.x_m - origin[0], grid.y_m - origin[1]
    return Geometry(tx, rx, density, x, y, depth, radius, apparent, table, weighting)


def lay_out(
    soundings: Soundings,
    grid: Grid,
    depth_m: NDArray[np.float64],
    relative_permittivity: Ground,
    *,
    height_m: NDArray[np.float64] | None,
    radius_m: NDArray[np.float64],
    density_radius_m: float | None,
    loss_db_m: float,
    on_ground: bool,
    root_step: float = ROOT_STEP,
    weighting: Weighting = "heard",
) -> Geometry:
    """Geometry of Kirchhoff's sum for soundings at given heights; without a radius each has the density 1."""
    tx, rx = soundings.tx_m.copy(), soundings.rx_m.copy()
    if height_m is not None:
        lift = height_m - soundings.midpoint_m[:, 2]
        tx[:, 2] += lift
        rx[:, 2] += lift
    middle = soundings.midpoint_m[:, :2]
    return geometry(
        tx,
        rx,
        np.ones(len(tx)) if density_radius_m is None else inverse_density(middle, density_radius_m),
        grid,
        depth_m,
        aperture_m=radius_m,
        relative_permittivity=relative_permittivity,
        loss_db_m=loss_db_m,
        on_ground=on_ground,
        root_step=root_step,
        weighting=weighting,
    )
