"""Stolt's migration of gridded soundings (Stolt 1978): a quick look in two or three dimensions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.gpr._migrate import _stolt_kernels, _wave_kernels, arrays
from dualsense.gpr._migrate.migrated import Migrated
from dualsense.gpr._rays.layers import Ground, as_layers, optical_depth
from dualsense.gpr._rays.traveltime import MIN_HEIGHT_M, ON_GROUND_M
from dualsense.gpr._traces import largest_part
from dualsense.runtime.devices import array_module

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._soundings import Soundings
    from dualsense.gpr._traces import Traces
    from dualsense.result import Grid

NEIGHBOURS = 4
SAMPLES_PER_PERIOD = 4.0
ZERO_PADDING = 2.0
HEIGHT_STEP_M = 2e-3
KNOTS = 64


def stolt(
    soundings: Soundings,
    traces: Traces,
    grid: Grid,
    depth_m: NDArray[np.float64],
    *,
    relative_permittivity: Ground,
    height_m: NDArray[np.float64] | None = None,
    obliquity: float = 2.0,
    reach_m: float = 0.06,
    margin_m: float = 0.30,
) -> Migrated:
    """Bring soundings onto a grid, and migrate by a map of frequency to vertical wavenumber.

    Each trace is first corrected, along the ray of a flat reflector, to one antenna at the mean height that both
    sends and receives. Each node of the grid takes the mean of the four nearest traces, weighted by the inverse
    cube of their distance. The field is carried down through the air by its phase and into the soil by Stolt's map
    with its Jacobian; the evanescent part is dropped.

    Parameters
    ----------
    soundings, traces
        n soundings and their analytic traces.
    grid, depth_m
        Voxel centres. A grid of one row or column is a line, across which the soundings' distance is passed over.
    relative_permittivity
        Of the soil, homogeneous.
    height_m : (n,), optional
        Height of the antenna pair above the ground, instead of the pose's. Zero: the antennas touch the ground,
        and no ray is refracted.
    obliquity
        Power of the ray's cosine in soil that weighs it, beyond the Jacobian's; as in Kirchhoff's weights the ends
        of a survey fade. 0 keeps the amplitudes of the wave equation.
    reach_m
        Nodes farther than this from any sounding stay silent.
    margin_m
        Soundings this far beside the map are heard, and so far lies silence beyond, against what wraps round from
        the other side.

    Returns
    -------
    Migrated
        ``amplitude`` is that of the trace where a plane reflects. ``fold`` falls from 1 at a sounding to 0 at
        ``reach_m`` from the nearest; ``coherence`` is NaN: no sum over soundings is made that could have one.

    Raises
    ------
    ValueError
        When a trace is not finite, or the soil has layers or would be faster than air.

    References
    ----------
    Stolt, R. H. (1978). Migration by Fourier transform. Geophysics 43, 23-48.
    """
    layers = as_layers(relative_permittivity)
    if layers.index.size > 1:
        msg = f"Stolt's map takes homogeneous soil, got {layers.index.size} layers: migrate by another method"
        raise ValueError(msg)
    largest_part(traces)  # which have to be finite
    depth = np.maximum(np.ascontiguousarray(depth_m, dtype=np.float64), 0.0)
    shape = (depth.size, grid.y_m.size, grid.x_m.size)
    image, fold = np.zeros(shape, np.complex64), np.zeros(shape, np.float32)
    if len(traces.values) and image.size:
        index = float(layers.index[0])
        height = np.maximum(soundings.midpoint_m[:, 2] if height_m is None else height_m, MIN_HEIGHT_M)
        mean_height = float(height.mean())
        top_hz = float(traces.frequency_hz[-1])
        slowest = 1.0 if mean_height > ON_GROUND_M else index
        quarter_m = C0_M_S / (4.0 * top_hz * slowest)
        coarse = max(1, int(0.75 * quarter_m / grid.cell_m))
        section, step_s = _zero_offset(soundings, traces, depth, height, index, top_hz)
        nodes, near, before = _gridded(soundings.midpoint_m[:, :2], section, grid, coarse, reach_m, margin_m)
        image[:] = _migrate(nodes, grid, before, coarse, step_s, depth, index, mean_height, top_hz, obliquity)
        fold[:] = np.clip(1.0 - (near / reach_m) ** 2, 0.0, 1.0)
        end_m = traces.dt_s * (traces.values.shape[1] - 1) * C0_M_S  # after the traces nothing was heard
        fold[2.0 * (mean_height + optical_depth(layers, depth)) >= end_m] = 0.0
    return Migrated(image, fold, np.full(shape, np.nan, np.float32), depth)


def _zero_offset(
    soundings: Soundings,
    traces: Traces,
    depth: NDArray[np.float64],
    height: NDArray[np.float64],
    index: float,
    top_hz: float,
) -> tuple[NDArray[np.complex64], float]:
    """Traces over the two-way time from the surface down that one antenna straight above would need."""
    step = 1.0 / (SAMPLES_PER_PERIOD * top_hz)
    pulse = 4.0 / max(float(np.ptp(traces.frequency_hz)), 0.1 * top_hz)
    longest = 2.0 * index * float(depth.max()) / C0_M_S * 1.5 + pulse
    tau = step * np.arange(max(2, min(int(longest / step), int(traces.values.shape[1] * traces.dt_s / step))) + 1)
    knot = np.linspace(0.0, tau[-1], KNOTS)
    half = 0.5 * np.hypot(*(soundings.rx_m - soundings.tx_m)[:, :2].T)
    at_knots = _flat_times(height, half, 0.5 * C0_M_S * knot / index, index)
    u = tau / (knot[1] - knot[0])
    i = np.minimum(u.astype(np.int64), KNOTS - 2)
    time = at_knots[:, i] * (1.0 - u + i) + at_knots[:, i + 1] * (u - i)
    parts = np.stack([traces.values.real, traces.values.imag], axis=-1)
    out = np.empty((*time.shape, 2), np.float32)
    module = array_module()
    if module is None:
        _stolt_kernels.move_out(parts, 1.0 / traces.dt_s, time, out)
    else:
        arrays.move_out(module, parts, 1.0 / traces.dt_s, time, out)
    return out[..., 0] + np.complex64(1j) * out[..., 1], step


def _flat_times(
    height: NDArray[np.float64], half: NDArray[np.float64], depth: NDArray[np.float64], index: float
) -> NDArray[np.float64]:
    """Two-way times (n, depths) from antennas ``half`` to either side of a point below their middle."""
    if float(height.mean()) <= ON_GROUND_M:
        times: NDArray[np.float64] = 2.0 * index / C0_M_S * np.hypot(half[:, None], depth)
        return times
    count = max(2, int(np.ptp(height) / HEIGHT_STEP_M) + 2)
    node = np.linspace(height.min(), max(float(height.max()), float(height.min()) + 1e-6), count)
    apart, each = np.unique(np.round(half, 4), return_inverse=True)  # heads have few offsets
    table = np.empty((count, depth.size, apart.size))
    rays = np.empty((3, _wave_kernels.RAYS))
    for i, j in np.ndindex(count, depth.size):
        _wave_kernels.trace_rays(
            node[i], depth[j : j + 1], np.array([index]), C0_M_S, float(half.max()) + 0.01, *rays
        )
        table[i, j] = [_wave_kernels.ray_time(r, *rays) for r in apart]
    u = (height - node[0]) / (node[1] - node[0])
    i = np.minimum(u.astype(np.int64), count - 2)
    each = each.ravel()
    legs: NDArray[np.float64] = (1.0 - u + i)[:, None] * table[i, :, each] + (u - i)[:, None] * table[
        i + 1, :, each
    ]
    return 2.0 * legs


def _gridded(
    at: NDArray[np.float64],
    section: NDArray[np.complex64],
    grid: Grid,
    coarse: int,
    reach_m: float,
    margin_m: float,
) -> tuple[NDArray[np.complex64], NDArray[np.float64], tuple[int, int]]:
    """Traces at every ``coarse``-th cell and a margin, (y, x, t), and the distance of each cell to a sounding.

    The last are the nodes in y and x before the map's first cell, where soundings lie there.
    """
    from scipy.fft import next_fast_len  # noqa: PLC0415
    from scipy.spatial import cKDTree  # noqa: PLC0415

    step = coarse * grid.cell_m
    axes, before, place = [], [0, 0], at.copy()
    for i, centres in enumerate((grid.x_m, grid.y_m)):
        if centres.size == 1:
            place[:, i] = centres[0]
            axes.append(centres)
        else:
            beyond = np.array([centres[0] - at[:, i].min(), at[:, i].max() - centres[-1]])
            low, high = np.clip(beyond, 0.0, margin_m).tolist()
            before[1 - i] = int(np.ceil(low / step))
            span = centres[-1] - centres[0] + high + margin_m
            count = next_fast_len(before[1 - i] + int(np.ceil(span / step)) + 1)
            axes.append(centres[0] + step * np.arange(-before[1 - i], count - before[1 - i]))
    tree = cKDTree(place)
    k = min(NEIGHBOURS, len(place))
    nodes = np.stack(np.meshgrid(*axes), axis=-1)
    distance, which = tree.query(nodes.reshape(-1, 2), k=np.arange(1, k + 1))
    weight = np.maximum(distance, 1e-3) ** -3.0
    weight *= (distance[:, :1] <= reach_m) / weight.sum(axis=1, keepdims=True)
    values = np.zeros((len(weight), section.shape[1]), np.complex64)
    for i in range(k):
        values += weight[:, i, None].astype(np.float32) * section[which[:, i]]
    cells = np.stack(np.meshgrid(grid.x_m, grid.y_m), axis=-1)
    near, _ = tree.query(cells.reshape(-1, 2))
    return values.reshape(*nodes.shape[:2], -1), near.reshape(cells.shape[:2]), (before[0], before[1])


def _migrate(
    nodes: NDArray[np.complex64],
    grid: Grid,
    before: tuple[int, int],
    coarse: int,
    step_s: float,
    depth: NDArray[np.float64],
    index: float,
    height_m: float,
    top_hz: float,
    obliquity: float,
) -> NDArray[np.complex64]:
    """Transform, map and transform back, onto all cells of the map."""
    import numba  # noqa: PLC0415
    from scipy.fft import fft, fft2, ifft2, next_fast_len  # noqa: PLC0415

    ny, nx, nt = nodes.shape
    samples = next_fast_len(int(np.ceil(ZERO_PADDING * nt)))
    step = 2.0 * np.pi / (samples * step_s)
    kx, ky = (2.0 * np.pi * np.fft.fftfreq(n, coarse * grid.cell_m) for n in (nx, ny))
    k = np.hypot(*np.meshgrid(kx, ky))
    air = height_m > ON_GROUND_M
    limit = 4.0 * np.pi * top_hz / C0_M_S * (1.0 if air else index)
    rows, columns = np.nonzero(k <= limit)
    planes = np.ascontiguousarray(np.moveaxis(nodes, 2, 0))
    spectrum = fft(fft2(planes)[:, rows, columns].T, samples, axis=1)[:, : samples // 2]
    middle = 0.5 * nt * step_s
    spectrum *= np.exp(1j * step * middle * np.arange(spectrum.shape[1])).astype(np.complex64)
    out = np.empty((rows.size, depth.size, 2), np.float32)
    module = array_module()
    mapped = _stolt_kernels.stolt_map if module is None else partial(arrays.stolt_map, module)
    mapped(
        np.stack([spectrum.real, spectrum.imag], axis=-1).astype(np.float32),
        k[rows, columns],
        step,
        0.5 * C0_M_S / index,
        0.5 * C0_M_S if air else 0.0,
        height_m,
        middle,
        obliquity,
        depth,
        out,
    )
    scale = 1.0 / (samples * nx * ny)
    fine = tuple(1 if n == 1 else n * coarse for n in (ny, nx))
    where = tuple(np.rint(np.fft.fftfreq(n) * n).astype(np.int64) % m for n, m in zip((ny, nx), fine, strict=True))
    first, (ny_map, nx_map) = [coarse * n for n in before], (grid.y_m.size, grid.x_m.size)
    image = np.empty((depth.size, ny_map, nx_map), np.complex64)

    def task(iz: int) -> None:
        plane = np.zeros(fine, np.complex64)
        plane[where[0][rows], where[1][columns]] = scale * (out[:, iz, 0] + 1j * out[:, iz, 1])
        image[iz] = ifft2(plane, norm="forward")[first[0] : first[0] + ny_map, first[1] : first[1] + nx_map]

    with ThreadPoolExecutor(numba.get_num_threads()) as pool:
        list(pool.map(task, range(depth.size)))
    return image
