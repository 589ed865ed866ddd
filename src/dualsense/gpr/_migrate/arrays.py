"""The heavy loops of migration as operations on whole arrays, for a graphics card.

Every function takes the module of arrays first: CuPy, or NumPy, with which the tests hold them against the
compiled loops. Soundings are added in their order and no two threads add to one cell, so that a run repeats itself
on its card.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROOM = 4_000_000
"""Voxels of windows around soundings that are summed at a time, about 0.3 GB in single precision."""
SINC_HALF = 4
"""Values on either side that interpolate a spectrum, as in the compiled map."""
MODES = 4096
"""Horizontal wavenumbers that are mapped at a time."""


def gather(
    xp: Any,
    traces: NDArray[Any],
    tables: tuple[NDArray[Any], ...],
    scale: float,
    radius: float,
    cells: tuple[NDArray[Any], NDArray[Any]],
    depths: int,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Sum traces into the volume, as :func:`dualsense.gpr._migrate.sums.gather` says it.

    Parameters
    ----------
    xp
        Module of arrays: CuPy or NumPy.
    traces : (n, t) complex
        Their precision is that of the sum.
    tables, scale, radius, cells
        As for the compiled loop (:mod:`dualsense.gpr._migrate._kirchhoff_kernels`): places (n, 3, 2), heights
        (n, 3), densities (n,), times in samples and weights (heights, rho, padded depths), and the heights' scale;
        rows per root of metres; the widest aperture; cells x (nx,), y (ny,).
    depths
        How many of the tables' are summed.

    Returns
    -------
    sum(w s) complex, sum(w), sum(w |s|^2), each (nz, ny, nx), as NumPy's arrays
    """
    place, height, density, time, weight, height_scale = tables
    sizes = [axis.size for axis in cells]
    shape = (sizes[1], sizes[0], depths)
    total, fold, energy = (xp.zeros(shape, kind) for kind in (traces.dtype, density.dtype, density.dtype))
    first, width = zip(*(_windows(axis, place[:, 2, i], radius) for i, axis in enumerate(cells)), strict=True)
    near = [(begin < size) & (begin + wide > 0) for begin, wide, size in zip(first, width, sizes, strict=True)]
    reached = np.flatnonzero(near[0] & near[1])
    step = max(1, ROOM // (width[0] * width[1] * depths))
    held = [xp.asarray(each[..., :depths]) for each in (time, weight)]
    for begin in range(0, reached.size, step):
        some = reached[begin : begin + step]
        rows = _rows_at(xp, height[some], density[some], held, height_scale)
        inside, x, y = _window_cells(xp, cells, [f[some] for f in first], width)
        found = _of_windows(
            xp, xp.asarray(traces[some]), xp.asarray(place[some]), rows, scale, radius, inside, x, y
        )
        for n, s in enumerate(some):
            (ys, own_y), (xs, own_x) = (_overlap(int(first[i][s]), width[i], sizes[i]) for i in (1, 0))
            for volume, part in zip((total, fold, energy), found, strict=True):
                volume[ys, xs] += part[n, own_y, own_x]
    sums = [xp.moveaxis(each, 2, 0) for each in (total, fold, energy)]
    return tuple(_as_numpy(each) for each in sums)  # type: ignore[return-value]


def _windows(axis: NDArray[Any], at: NDArray[Any], radius: float) -> tuple[NDArray[np.int64], int]:
    """First cell (n,) of an axis within the radius of each place, beyond the ends too, and how many hold all."""
    step = float(axis[-1] - axis[0]) / max(axis.size - 1, 1)
    width = math.ceil(2.0 * radius / step) + 2 if step > 0.0 else 1
    if width >= axis.size:
        return np.zeros(at.size, np.int64), axis.size
    first = np.floor((at.astype(np.float64) - radius - float(axis[0])) / step).astype(np.int64)
    return first, width


def _overlap(first: int, width: int, size: int) -> tuple[slice, slice]:
    """Cells of an axis that a window holds, and where in the window they are."""
    low, high = max(first, 0), min(first + width, size)
    return slice(low, high), slice(low - first, high - first)


def _window_cells(
    xp: Any, cells: tuple[NDArray[Any], NDArray[Any]], first: list[NDArray[np.int64]], width: tuple[int, ...]
) -> tuple[Any, Any, Any]:
    """Which cells (b, wy, wx) of windows are of the map, and their places x (b, 1, wx), y (b, wy, 1)."""
    found, within = [], []
    for axis, begin, wide in zip(cells, first, width, strict=True):
        number = begin[:, None] + np.arange(wide)
        within.append((number >= 0) & (number < axis.size))
        found.append(axis[np.clip(number, 0, axis.size - 1)])
    inside = xp.asarray(within[1][:, :, None] & within[0][:, None, :])
    return inside, xp.asarray(found[0][:, None, :]), xp.asarray(found[1][:, :, None])


def _rows_at(
    xp: Any, height: NDArray[Any], density: NDArray[Any], held: list[Any], height_scale: NDArray[Any]
) -> list[Any]:
    """Tables (b, rho, depths) of both legs' times and of the weights at the soundings' heights (b, 3)."""
    time, weight = held
    u = (np.sqrt(height) - height_scale[0]) * height_scale[1]
    row = np.clip(u.astype(np.int64), 0, time.shape[0] - 2)
    part = np.clip(u - row, 0.0, 1.0).astype(density.dtype)
    out = []
    for m, table in enumerate((time, time, weight)):
        i, f = xp.asarray(row[:, m]), xp.asarray(part[:, m])[:, None, None]
        out.append(table[i] + f * (table[i + 1] - table[i]))
    out[2] *= xp.asarray(density)[:, None, None]
    return out


def _of_windows(
    xp: Any, trace: Any, place: Any, rows: list[Any], scale: float, radius: float, inside: Any, x: Any, y: Any
) -> tuple[Any, Any, Any]:
    """Give what soundings (b,) add to the voxels (b, wy, wx, depths) of their windows."""
    which = xp.arange(trace.shape[0])[:, None, None]
    real = rows[0].dtype
    looked_up = []
    for m in range(3):
        dx, dy = x - place[:, m, 0, None, None], y - place[:, m, 1, None, None]
        square = dx * dx + dy * dy
        u = xp.minimum(xp.sqrt(xp.sqrt(square)) * real.type(scale), real.type(rows[m].shape[1] - 2))
        k = u.astype(xp.int32)
        f = (u - k).astype(real)[..., None]
        low = rows[m][which, k]
        looked_up.append(low + f * (rows[m][which, k + 1] - low))
    down, up, weight = looked_up
    time = down + up
    heard = (time < real.type(trace.shape[1] - 1)) & (inside & (square < real.type(radius) ** 2))[..., None]
    weight = xp.where(heard, weight, real.type(0.0))
    time = xp.where(heard, time, real.type(0.0))
    sample = time.astype(xp.int32)
    f = time - sample
    which = which[..., None]
    value = trace[which, sample]
    value = value + f.astype(real) * (trace[which, sample + 1] - value)
    return weight * value, weight, weight * (value.real * value.real + value.imag * value.imag)


# Stolt


def move_out(xp: Any, trace: NDArray[Any], inv_dt: float, time: NDArray[Any], out: NDArray[Any]) -> None:
    """Read traces at times, as :func:`dualsense.gpr._migrate._stolt_kernels.move_out` says it."""
    held, q = xp.asarray(trace), xp.asarray(time) * inv_dt
    last = trace.shape[1] - 1
    inside = (q >= 0.0) & (q.astype(xp.int64) < last)
    q = xp.where(inside, q, 0.0)
    k = q.astype(xp.int64)
    f = (q - k).astype(xp.float32)[..., None]
    which = xp.arange(len(trace))[:, None]
    low = held[which, k]
    read = low + f * (held[which, xp.minimum(k + 1, last)] - low)
    out[:] = _as_numpy(xp.where(inside[..., None], read, xp.float32(0.0)))


def stolt_map(
    xp: Any,
    data: NDArray[Any],
    k: NDArray[Any],
    step: float,
    speed: float,
    air: float,
    height: float,
    middle: float,
    obliquity: float,
    depth: NDArray[Any],
    out: NDArray[Any],
) -> None:
    """Map frequency to vertical wavenumber, as :func:`dualsense.gpr._migrate._stolt_kernels.stolt_map` says it."""
    count = data.shape[1]
    kz = xp.arange(1, count) * (step / speed)
    turn = xp.exp(1j * kz[:, None] * xp.asarray(depth)[None, :])
    for begin in range(0, k.size, MODES):
        some = slice(begin, begin + MODES)
        spectrum = xp.asarray(data[some, :, 0]) + 1j * xp.asarray(data[some, :, 1])
        across = xp.asarray(k[some])[:, None]
        full = xp.sqrt(kz * kz + across * across)
        omega = speed * full
        at = omega / step
        used, phase = at <= count - 1, -omega * middle
        if air > 0.0:
            above = (omega / air) ** 2 - across * across
            used &= above > 0.0
            phase += (xp.sqrt(xp.maximum(above, 0.0)) - omega / air) * height
        weight = xp.where(used, (kz / full) ** (1.0 + obliquity), 0.0)
        mapped = _between(xp, spectrum, xp.where(used, at, 0.0)) * xp.exp(1j * phase) * weight
        image = mapped @ turn
        out[some, :, 0], out[some, :, 1] = _as_numpy(image.real), _as_numpy(image.imag)


def _between(xp: Any, spectrum: Any, at: Any) -> Any:
    """Values (modes, n) of spectra (modes, count) between their samples, by a windowed sinc."""
    centre = at.astype(xp.int64)
    which = xp.arange(spectrum.shape[0])[:, None]
    found = xp.zeros(at.shape, xp.complex128)
    for shift in range(1 - SINC_HALF, SINC_HALF + 1):
        i = centre + shift
        u = at - i
        window = xp.sinc(u) * xp.cos(math.pi * u / (2.0 * SINC_HALF)) ** 2
        there = (i >= 0) & (i < spectrum.shape[1])
        found += xp.where(there, window, 0.0) * spectrum[which, xp.clip(i, 0, spectrum.shape[1] - 1)]
    return found


def _as_numpy(values: Any) -> NDArray[Any]:
    """Bring an array back from the card; NumPy's is there already."""
    brought = values.get() if hasattr(values, "get") else values
    return np.ascontiguousarray(brought)
