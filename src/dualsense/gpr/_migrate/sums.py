"""The Kirchhoff sum over irregular, bistatic soundings, and its adjoint."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

from dualsense.gpr._migrate import _kirchhoff_kernels as _kernels
from dualsense.gpr._migrate import arrays
from dualsense.gpr._migrate._vectors import PARTS, TAIL, WIDTH
from dualsense.runtime.devices import array_module

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._migrate.geometry import Geometry
    from dualsense.gpr._rays.traveltime import TimeTable

LINE = 64
FEW_CELLS = 64
"""Maps of no more are summed in one thread: to wait for another takes longer, above all beside the metal's."""

EDGE = 4
"""Power by which the weights of echoes end at the aperture's edge: even within, and no step at it."""


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
    module = array_module() if ny * nx > FEW_CELLS and values.shape[1] > 1 and nz else None
    if module is not None:
        return arrays.gather(module, values, *_tables(geometry, dt_s, real), nz)
    image = empty_image((ny, nx), nz, real)
    traces = two_parts(values)
    total, fold, energy = (np.zeros(geometry.shape, kind) for kind in (values.dtype, real, real))
    if traces.shape[1] > 1 and image.size:
        tables, scale, radius, cells = _tables(geometry, dt_s, real)
        room = _aligned((numba.get_num_threads(), _kernels.BATCH, 3, *tables[3].shape[1:]), real)
        depths = padded(nz, TAIL)
        kernel = _kernels.gather_alone if ny * nx <= FEW_CELLS else _kernels.gather
        start = first_depths(geometry.table, geometry.aperture_m)
        kernel(traces, *tables, scale, start, depths, radius, *cells, room, image)
        if ny * nx > FEW_CELLS:
            _kernels.take_out(image, total, fold, energy)
        else:
            parts = image.transpose(3, 2, 4, 0, 1).reshape(PARTS, -1, ny, nx)[:, :nz]
            total.real, total.imag, fold[:], energy[:] = parts
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
    volume = np.zeros((ny, nx, 2, padded(nz)), real)
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
    radius = table.rho_m[np.searchsorted(table.rho_m, geometry.aperture_m.max(initial=0.0))]
    tables = (
        np.ascontiguousarray(antennas[:, :, :2]).astype(real),
        np.ascontiguousarray(antennas[:, :, 2]),
        geometry.density.astype(real),
        padded_rows(table.time_s / dt_s, real),
        padded_rows(_weights(geometry), real),
        np.array([math.sqrt(table.height_m[0]), 1.0 / table.height_root_step]),
    )
    number = real.type
    cells = geometry.x_m.astype(real), geometry.y_m.astype(real)
    # the weights end where a look-up between two distances gives 0
    return tables, number(1.0 / table.rho_root_step), number(radius), cells


def _weights(geometry: Geometry) -> NDArray[np.float64]:
    """Weights (heights, rho, nz) of a sounding by the geometry's weighting, as :func:`heard` has those heard."""
    table = geometry.table
    rho2 = table.rho_m[:, None] ** 2
    within = rho2 / geometry.aperture_m**2
    reach = table.height_m[:, None, None] + geometry.apparent_depth_m
    weight: NDArray[np.float64]
    if geometry.weighting == "even":
        return np.maximum(1.0 - within, 0.0) ** 2 * np.ones_like(table.gain)
    if geometry.weighting == "echo":
        usual = float(np.median(geometry.tx_m[:, 2])) + geometry.apparent_depth_m
        weight = table.gain * table.gain * np.maximum(1.0 - within**EDGE, 0.0) ** 2
        weight *= (usual / reach) ** 2
        return weight
    return heard(table, geometry.aperture_m, geometry.apparent_depth_m)


def heard(
    table: TimeTable, aperture_m: NDArray[np.float64], apparent_depth_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weights (heights, rho, nz) of a sounding: taper to the aperture's edge, both legs' gain, cosine of the ray.

    Between two heights they are taken on a straight line, as the times are: that errs by less than 1e-3 of the
    largest for antennas 1 cm above the ground and higher, and by 2e-4 from 5 cm on.
    """
    rho2 = table.rho_m[:, None] ** 2
    reach = table.height_m[:, None, None] + apparent_depth_m
    weight: NDArray[np.float64] = table.gain * table.gain
    weight *= np.maximum(1.0 - rho2 / aperture_m**2, 0.0) ** 2
    weight *= reach / np.sqrt(reach * reach + rho2)
    return weight


def echo_norms(geometry: Geometry) -> NDArray[np.float64]:
    """Root of the energy (nz,) that evenly spaced soundings at the usual height hear from each depth."""
    weight = _weights(geometry)
    heights = np.concatenate([geometry.tx_m[:, 2], geometry.rx_m[:, 2]])
    row = int(np.abs(geometry.table.height_m - np.median(heights)).argmin())
    rho = geometry.table.rho_m[:, None]
    ring = weight[row] ** 2 * rho
    norms: NDArray[np.float64] = np.sqrt((0.5 * (ring[1:] + ring[:-1]) * np.diff(rho, axis=0)).sum(axis=0))
    return norms


def first_depths(table: TimeTable, aperture_m: NDArray[np.float64]) -> NDArray[np.int64]:
    """First depth, down to a multiple of the vectors' width, whose aperture reaches each distance of the table."""
    reaches = aperture_m > table.rho_m[:, None]
    first = np.where(reaches.any(axis=1), reaches.argmax(axis=1), padded(reaches.shape[1]))
    return first // WIDTH * WIDTH


def padded(depths: int, step: int = WIDTH) -> int:
    """How many depths whole steps hold."""
    return -(-depths // step) * step


def padded_rows(values: NDArray[Any], real: Any) -> NDArray[Any]:
    """Tables (heights, rho, nz) with depths of nothing, so that all rows are as many full vectors."""
    depths = values.shape[2]
    return np.pad(values.astype(real), [(0, 0), (0, 0), (0, padded(depths) - depths)])


def two_parts(values: NDArray[Any]) -> NDArray[Any]:
    """Complex traces (n, t) as the parts of each sample side by side, (n, t, 2)."""
    real = np.ascontiguousarray(values).view(values.real.dtype)
    return real.reshape(*values.shape, 2)


def empty_image(cells: tuple[int, int], depths: int, real: Any) -> NDArray[Any]:
    """Room (ny, nx, steps, parts, entries) for sums; it begins with a line of the cache, as vectors read it."""
    return _aligned((*cells, padded(depths) // WIDTH, PARTS, WIDTH), real)


def _aligned(shape: tuple[int, ...], real: Any) -> NDArray[Any]:
    """Room that begins with a line of the cache: vectors read from there do not straddle two."""
    size = math.prod(shape) * real.itemsize
    room = np.empty(size + LINE, np.uint8)
    begin = -room.ctypes.data % LINE
    return room[begin : begin + size].view(real).reshape(shape)
