"""Migration in the wavenumber domain: the same sum as Kirchhoff's, as a product of spectra.

With the soundings sorted by the antennas' offset and height, Kirchhoff's sum over soundings is, at one depth and
frequency, a convolution over the midpoint with a kernel that depends on neither the sounding nor the voxel,

    I(X, z) = sum_w sum_s d_s D_s(w) K_z(X - m_s; w),    K_z(m; w) = W(m) exp(i w t(m, z)),

t being Fermat's time of both legs and W the weights. In the wavenumber domain it is a product. The data go there
by a type-1 non-uniform FFT of the irregular midpoints (Barnett, Magland and af Klinteberg 2019). The kernel's
transform is computed, not approximated by its stationary phase, which for one antenna that sends and receives is
the phase shift exp(i (kz_air h + kz_soil z)). What propagates in air has less than 2 w / c, so a square metre has
a few thousand wavenumbers in all: there lies the speed.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.gpr._migrate import _plane_kernels, _wave_kernels
from dualsense.gpr._migrate.migrated import Migrated
from dualsense.gpr._migrate.wavefield import (
    GroundSlices,
    Heads,
    Kind,
    Tones,
    compress,
    place_heads,
    slice_ground,
    sort_heads,
)
from dualsense.gpr._migrate.weights import aperture_radius, inverse_density
from dualsense.gpr._rays.layers import Ground, as_layers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dualsense.gpr._soundings import Soundings
    from dualsense.gpr._traces import Traces
    from dualsense.result import Grid

TILE_M = 2.0
ON_LINE_M = 1e-3
TRANSFORMS_PER_TASK = 16
NUFFT_TOLERANCE = 1e-5
MIN_FOLD = 1e-3
"""Part of the highest fold in a plane below which the sum of the weights is rounding, and nothing was measured."""


def wavenumber(
    soundings: Soundings,
    traces: Traces,
    grid: Grid,
    depth_m: NDArray[np.float64],
    *,
    relative_permittivity: Ground,
    height_m: NDArray[np.float64] | None = None,
    aperture_m: float = 0.10,
    aperture_growth: float = 0.6,
    max_aperture_m: float = 0.20,
    density_radius_m: float = 0.015,
    loss_db_m: float = 0.0,
    offset_step_m: float = 0.015,
    tolerance: float = 0.05,
) -> Migrated:
    """Migrate by non-uniform FFT and phase shift; weights, fold and coherence are those of Kirchhoff's sum.

    Parameters
    ----------
    soundings, traces
        n soundings and their analytic traces.
    grid, depth_m
        Voxel centres. A grid of one row or column is a line.
    relative_permittivity
        Of the soil: a number, or flat layers.
    height_m : (n,), optional
        Height of the antenna pair above the ground, instead of the pose's.
    aperture_m, aperture_growth, max_aperture_m, density_radius_m, loss_db_m
        As for Kirchhoff's sum: :func:`dualsense.gpr.kirchhoff`.
    offset_step_m
        Soundings whose antennas' offset differs by less are migrated with one kernel: heads turn.
    tolerance
        Largest error of the interpolation over the antennas' height, relative to a kernel's amplitude.

    Returns
    -------
    Migrated

    Raises
    ------
    ImportError
        When finufft is not installed: it comes with the extra ``fast``.
    ValueError
        When a trace is not finite, or the soil would be faster than air.

    Notes
    -----
    A turning head is followed in steps of ``offset_step_m``, a tilting one in steps of 2 cm between the antennas'
    heights, the rest as a shift of the midpoint. Height enters by interpolation between Chebyshev nodes, of which
    there are as many as ``tolerance`` asks for.

    References
    ----------
    Barnett, A. H., Magland, J. and af Klinteberg, L. (2019). A parallel nonuniform fast Fourier transform library
    based on an "exponential of semicircle" kernel. SIAM Journal on Scientific Computing 41, C479-C504.
    """
    nufft = _finufft()
    parts = np.ascontiguousarray(traces.values).view(traces.values.real.dtype)
    peaks = parts.max(initial=0.0), -parts.min(initial=0.0)
    if not np.isfinite(peaks).all():
        msg = "radar traces must be finite: their amplitudes are too large for single precision"
        raise ValueError(msg)
    layers = as_layers(relative_permittivity)
    depth = np.maximum(np.ascontiguousarray(depth_m, dtype=np.float64), 0.0)
    shape = (depth.size, grid.y_m.size, grid.x_m.size)
    image, fold, coherence = (
        np.zeros(shape, np.complex64),
        np.zeros(shape, np.float32),
        np.zeros(shape, np.float32),
    )
    unit = float(max(peaks)) or 1.0
    if len(traces.values) and traces.values.shape[1] > 1 and image.size:
        ground = slice_ground(
            layers, depth, aperture_radius(depth, aperture_m, aperture_growth, max_aperture_m), loss_db_m
        )
        heads = place_heads(soundings, height_m, ground)
        density = inverse_density(heads.midpoint_m, density_radius_m)
        tones = compress(traces, unit, heads, ground)
        for rows, columns in _tiles(grid):
            x, y = grid.x_m[columns], grid.y_m[rows]
            kinds = sort_heads(heads, _near(heads, x, y, ground), offset_step_m, tones.top_hz, tolerance)
            if kinds:
                modes = _modes(x, y, grid.cell_m, kinds, ground, tones)
                data = _to_wavenumbers(nufft, kinds, tones, density, modes)
                spectra = _extrapolate(data, kinds, tones, ground, modes)
                begin = rows.start, columns.start
                _to_space(spectra, modes, unit, begin, image, fold, coherence)
    return Migrated(image, fold, coherence, depth)


def _finufft() -> Any:
    try:
        import finufft  # noqa: PLC0415
    except ImportError as error:
        msg = 'wavenumber migration needs finufft: pip install "dualsense[fast]", or migrate by kirchhoff'
        raise ImportError(msg) from error
    return finufft


def _tiles(grid: Grid) -> Iterator[tuple[slice, slice]]:
    """Parts of the grid no longer than TILE_M: memory stays bounded."""
    cells = max(1, round(TILE_M / grid.cell_m))
    for j in range(0, grid.y_m.size, cells):
        for i in range(0, grid.x_m.size, cells):
            yield slice(j, j + cells), slice(i, i + cells)


def _near(heads: Heads, x: NDArray[np.float64], y: NDArray[np.float64], ground: GroundSlices) -> NDArray[np.intp]:
    """Soundings that reach the tile."""
    reach, at = ground.radius_m.max(), heads.midpoint_m
    inside = (at > np.array([x[0], y[0]]) - reach) & (at < np.array([x[-1], y[-1]]) + reach)
    return np.flatnonzero(inside.all(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class _Axis:
    """A horizontal axis: period of the transform, its wavenumbers and the kernel's samples, both from 0 up."""

    start_m: float
    cells: int
    period_cells: int
    cell_m: float
    count: int
    sample_m: NDArray[np.float64]

    @property
    def k_rad_m(self) -> NDArray[np.float64]:
        k: NDArray[np.float64] = (
            2.0 * np.pi / (self.period_cells * self.cell_m) * np.arange(self.count, dtype=np.float64)
        )
        return k

    @property
    def scale(self) -> float:
        """Kernel's sampling step over the period; 1 where everything lies on a line across this axis."""
        step = self.sample_m[1] if self.sample_m.size > 1 else 0.0
        return float(step) / (self.period_cells * self.cell_m) if step else 1.0


@dataclass(frozen=True, slots=True, eq=False)
class _Modes:
    """Both axes, and (tones, ky) how many kx each tone has in each row."""

    x: _Axis
    y: _Axis
    columns: NDArray[np.int64]


def _modes(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    cell_m: float,
    kinds: list[Kind],
    ground: GroundSlices,
    tones: Tones,
) -> _Modes:
    """Wavenumbers that can propagate in air, at the spacing that keeps the aperture from wrapping round."""
    at = np.concatenate([kind.midpoint_m for kind in kinds])
    cut = tones.cut_rad_m(ground)
    axes = [_axis(g, cell_m, at[:, i], float(ground.radius_m.max()), cut.max()) for i, g in enumerate((x, y))]
    ky = axes[1].k_rad_m
    dk = axes[0].k_rad_m[1] if axes[0].count > 1 else np.inf
    room = cut[:, None] ** 2 - ky**2
    columns = np.where(room >= 0.0, np.floor(np.sqrt(np.maximum(room, 0.0)) / dk) + 1, 0)
    return _Modes(axes[0], axes[1], np.minimum(columns, axes[0].count).astype(np.int64))


def _axis(
    grid_m: NDArray[np.float64], cell_m: float, at_m: NDArray[np.float64], radius_m: float, cut_rad_m: float
) -> _Axis:
    from scipy.fft import next_fast_len  # noqa: PLC0415

    span = max(grid_m[-1] - at_m.min(), at_m.max() - grid_m[0], 0.0)
    if grid_m.size == 1 and np.abs(at_m - grid_m[0]).max() <= ON_LINE_M:
        return _Axis(grid_m[0], 1, 1, cell_m, 1, np.zeros(1))
    period = next_fast_len(max(int(np.ceil((span + radius_m) / cell_m)) + 1, grid_m.size))
    count = int(cut_rad_m * period * cell_m / (2.0 * np.pi)) + 1
    count = min(count, (period + 1) // 2)
    step = np.pi / (cut_rad_m + 6.0 / radius_m)
    return _Axis(
        grid_m[0], grid_m.size, period, cell_m, count, step * np.arange(int(radius_m / step) + 2, dtype=np.float64)
    )


def _to_wavenumbers(
    nufft: Any, kinds: list[Kind], tones: Tones, density: NDArray[np.float64], modes: _Modes
) -> NDArray[np.float32]:
    """Spectra of the soundings over wavenumber, (kinds, tones, 4 quadrants, 2, ky, kx).

    Each transform runs in one thread, and which of them share a call does not depend on the number of threads:
    neither do the bits.
    """
    import numba  # noqa: PLC0415

    nx, ny = modes.x.count, modes.y.count
    omega = 2.0 * np.pi * tones.frequency_hz
    data = np.empty((len(kinds), omega.size, 4, 2, ny, nx), np.float32)

    def task(g: int, part: slice) -> None:
        kind = kinds[g]
        angles = []
        for axis, at in ((modes.y, kind.midpoint_m[:, 1]), (modes.x, kind.midpoint_m[:, 0])):
            turns = (at - axis.start_m) / (axis.period_cells * axis.cell_m)
            angles.append((2.0 * np.pi * (turns - np.rint(turns))).astype(np.float32))
        phase = np.exp(1j * omega[part, None] * kind.delay_s)
        strength = tones.value[kind.rows, part].T * (phase * (density[kind.rows] * kind.weight))
        full = nufft.nufft2d1(
            *angles,
            strength.astype(np.complex64),
            (2 * ny - 1, 2 * nx - 1),
            eps=NUFFT_TOLERANCE,
            isign=-1,
            nthreads=1,
            upsampfac=2.0,
        ).reshape(-1, 2 * ny - 1, 2 * nx - 1)
        for q in range(4):
            quadrant = full[:, (ny - 1) :: 1 - 2 * (q >> 1), (nx - 1) :: 1 - 2 * (q & 1)].copy()
            if q & 1:  # each wavenumber on the axes belongs to one quadrant
                quadrant[:, :, 0] = 0.0
            if q >> 1:
                quadrant[:, 0, :] = 0.0
            data[g, part, q, 0] = quadrant.real
            data[g, part, q, 1] = quadrant.imag

    parts = [slice(i, i + TRANSFORMS_PER_TASK) for i in range(0, omega.size, TRANSFORMS_PER_TASK)]
    with ThreadPoolExecutor(numba.get_num_threads()) as pool:
        list(pool.map(lambda a: task(*a), [(g, p) for g in range(len(kinds)) for p in parts]))
    return data


def _extrapolate(
    data: NDArray[np.float32], kinds: list[Kind], tones: Tones, ground: GroundSlices, modes: _Modes
) -> NDArray[np.float32]:
    """Spectra of image, fold and energy at each depth, (nz, 3, 4 quadrants, 2, ky, kx)."""
    nx, ny = modes.x.count, modes.y.count
    out = np.zeros((ground.depth_m.size, 3, 4, 2, ny, nx), np.float32)
    scale = modes.x.scale * modes.y.scale
    (cos_x, sin_x), (cos_y, sin_y) = _waves(modes.x), _waves(modes.y)
    _wave_kernels.extrapolate(
        data,
        np.array([[*kind.offset_m, kind.height_m] for kind in kinds]),
        2.0 * np.pi * tones.frequency_hz,
        tones.field,
        modes.columns,
        modes.x.sample_m,
        modes.y.sample_m,
        (scale * cos_x).astype(np.float32),
        (scale * sin_x).astype(np.float32),
        cos_y.astype(np.float32),
        sin_y.astype(np.float32),
        ground.thickness_m,
        ground.index,
        ground.loss,
        ground.reach_m,
        ground.radius_m,
        C0_M_S,
        tones.end_s,
        out,
    )
    return out


def _waves(axis: _Axis) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    phase = axis.sample_m[:, None] * axis.k_rad_m
    return np.cos(phase), np.sin(phase)


def _to_space(
    spectra: NDArray[np.float32],
    modes: _Modes,
    unit: float,
    begin: tuple[int, int],
    image: NDArray[np.complex64],
    fold: NDArray[np.float32],
    coherence: NDArray[np.float32],
) -> None:
    """Fill amplitude, fold and coherence of the tile that begins with that cell."""
    waves = []
    for axis in (modes.x, modes.y):
        phase = axis.k_rad_m[:, None] * (axis.cell_m * np.arange(axis.cells))
        waves += [np.cos(phase).astype(np.float32), np.sin(phase).astype(np.float32)]
    _plane_kernels.to_space(
        spectra, *waves, np.float32(unit), np.float32(MIN_FOLD), *begin, image, fold, coherence
    )
