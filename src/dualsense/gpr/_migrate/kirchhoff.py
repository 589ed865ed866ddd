"""The Kirchhoff sum over irregular, bistatic soundings refracted at the ground surface, and its adjoint."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

from dualsense.gpr._migrate import _kirchhoff_kernels as _kernels
from dualsense.gpr._migrate._vectors import LANES, PARTS, TAIL
from dualsense.gpr._rays.layers import as_layers, thicknesses
from dualsense.gpr._rays.traveltime import MIN_HEIGHT_M, ROOT_STEP, TimeTable, time_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._rays.layers import Ground
    from dualsense.result import Grid

LINE = 64


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
        As for :func:`dualsense.gpr._rays.traveltime.time_table`.

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
    return Geometry(tx, rx, density, grid.x_m - origin[0], grid.y_m - origin[1], depth, radius, apparent, table)


def gather(
    geometry: Geometry, values: NDArray[Any], dt_s: float
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Sum traces into the volume: Kirchhoff migration.

    Parameters
    ----------
    geometry
    values : (n, t) complex64 or complex128
        Analytic traces from time zero, finite; their precision is that of the sum.
    dt_s
        Their step.

    Returns
    -------
    sum(w s) complex, sum(w), sum(w |s|^2), each (nz, ny, nx)
    """
    real = values.real.dtype
    nz, ny, nx = geometry.shape
    image = _aligned((ny, nx, _padded(nz) // LANES, PARTS, LANES), real)
    traces = _parts(values)
    total, fold, energy = (np.zeros(geometry.shape, kind) for kind in (values.dtype, real, real))
    if traces.shape[1] > 1 and image.size:
        tables, scale, radius, cells = _tables(geometry, dt_s, real)
        room = _aligned((numba.get_num_threads(), _kernels.BATCH, 3, *tables[3].shape[1:]), real)
        depths = _padded(nz, TAIL)
        _kernels.gather(traces, *tables, scale, _first_depths(geometry), depths, radius, *cells, room, image)
        _kernels.take_out(image, total, fold, energy)
    return total, fold, energy


def scatter(geometry: Geometry, model: NDArray[Any], dt_s: float, samples: int) -> NDArray[Any]:
    """Echoes of a volume of reflectors, each a spike at its time: demigration, the adjoint of :func:`gather`.

    Parameters
    ----------
    geometry
    model : (nz, ny, nx) complex64 or complex128
    dt_s, samples
        Step and number of samples of the traces.

    Returns
    -------
    (n, samples) complex
    """
    real = model.real.dtype
    nz, ny, nx = geometry.shape
    volume = np.zeros((ny, nx, 2, _padded(nz)), real)
    volume[:, :, 0, :nz] = model.real.transpose(1, 2, 0)
    volume[:, :, 1, :nz] = model.imag.transpose(1, 2, 0)
    traces = np.zeros((len(geometry.tx_m), samples, 2), real)
    if samples > 1 and volume.size:
        tables, scale, radius, cells = _tables(geometry, dt_s, real)
        _kernels.scatter(volume, *tables, scale, radius, *cells, traces)
    echoes: NDArray[Any] = traces.view(model.dtype)[..., 0]
    return echoes


def _tables(geometry: Geometry, dt_s: float, real: Any) -> tuple[tuple[NDArray[Any], ...], Any, Any, Any]:
    """Geometry in the precision and units of the compiled loops: what they tabulate from, and the cells."""
    table = geometry.table
    antennas = np.stack([geometry.tx_m, geometry.rx_m, 0.5 * (geometry.tx_m + geometry.rx_m)], axis=1)
    rho2 = table.rho_m**2
    taper = np.maximum(1.0 - rho2[:, None] / geometry.aperture_m**2, 0.0) ** 2
    radius = table.rho_m[np.searchsorted(table.rho_m, geometry.aperture_m.max(initial=0.0))]
    depths = table.depth_m.size
    more = [(0, _padded(depths) - depths)]  # depths of no weight, so that all rows are as many full vectors
    tables = (
        np.ascontiguousarray(antennas[:, :, :2]).astype(real),
        np.ascontiguousarray(antennas[:, :, 2]),
        geometry.density.astype(real),
        np.pad((table.time_s / dt_s).astype(real), [(0, 0), (0, 0), *more]),
        np.pad(table.gain.astype(real), [(0, 0), (0, 0), *more]),
        np.array([math.sqrt(table.height_m[0]), 1.0 / table.height_root_step]),
        rho2.astype(real),
        np.pad(geometry.apparent_depth_m.astype(real), more),
        np.pad(taper.astype(real), [(0, 0), *more]),
    )
    number = real.type
    cells = geometry.x_m.astype(real), geometry.y_m.astype(real)
    # the weights end where a look-up between two distances gives 0
    return tables, number(1.0 / table.rho_root_step), number(radius), cells


def _first_depths(geometry: Geometry) -> NDArray[np.int64]:
    """First depth, down to a multiple of the lanes, whose aperture reaches each distance of the table."""
    reaches = geometry.aperture_m > geometry.table.rho_m[:, None]
    first = np.where(reaches.any(axis=1), reaches.argmax(axis=1), _padded(reaches.shape[1]))
    return first // LANES * LANES


def _padded(depths: int, step: int = LANES) -> int:
    return -(-depths // step) * step


def _parts(values: NDArray[Any]) -> NDArray[Any]:
    real = np.ascontiguousarray(values).view(values.real.dtype)
    return real.reshape(*values.shape, 2)


def _aligned(shape: tuple[int, ...], real: Any) -> NDArray[Any]:
    """Room that begins with a line of the cache: vectors read from there do not straddle two."""
    size = math.prod(shape) * real.itemsize
    room = np.empty(size + LINE, np.uint8)
    begin = -room.ctypes.data % LINE
    return room[begin : begin + size].view(real).reshape(shape)
