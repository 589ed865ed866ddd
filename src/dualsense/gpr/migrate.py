"""Three-dimensional Kirchhoff migration of irregular, bistatic soundings, refracted at the ground surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.gpr import _kernels
from dualsense.gpr.traveltime import MIN_HEIGHT_M, time_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr.calibrate import Soundings
    from dualsense.gpr.traces import Traces
    from dualsense.result import Grid


@dataclass(frozen=True, slots=True, eq=False)
class Migrated:
    """A migrated volume, axes (depth, y, x).

    Attributes
    ----------
    amplitude : (nz, ny, nx) complex64
        Weighted mean of the soundings along each voxel's time: a sparse corner is as bright as a dense one.
    fold : (nz, ny, nx) float32
        Sum of the weights: how much was measured.
    coherence : (nz, ny, nx) float32
        |sum w s|^2 / (sum w sum w |s|^2), 1 where all soundings agree (Mallart and Fink 1994).
    """

    amplitude: NDArray[np.complex64]
    fold: NDArray[np.float32]
    coherence: NDArray[np.float32]
    depth_m: NDArray[np.float64]


def kirchhoff(
    soundings: Soundings,
    traces: Traces,
    grid: Grid,
    depth_m: NDArray[np.float64],
    *,
    relative_permittivity: float,
    height_m: NDArray[np.float64] | None = None,
    aperture_m: float = 0.10,
    aperture_growth: float = 0.6,
    max_aperture_m: float = 0.20,
    density_radius_m: float = 0.015,
) -> Migrated:
    """Migrate: for each voxel sum w s(t_tx + t_rx) over the soundings within the aperture.

    The times come from a table of Fermat's path (:mod:`dualsense.gpr.traveltime`), separately for both legs.
    Weights: cos^2 of the ray's angle in air, a taper to the edge of the aperture against truncation ghosts, and
    the inverse density of the soundings, so that the migration itself is the interpolator.

    Parameters
    ----------
    soundings, traces
        n soundings and their analytic traces.
    grid, depth_m
        Voxel centres.
    relative_permittivity
        Of the soil, homogeneous.
    height_m : (n,), optional
        Height of the antenna pair above the ground, instead of the pose's.
    aperture_m, aperture_growth, max_aperture_m
        Radius of the aperture: ``aperture_m + aperture_growth * depth``, at most ``max_aperture_m``.
    density_radius_m
        Scale over which the density of soundings is taken.

    Returns
    -------
    Migrated

    Raises
    ------
    ValueError
        When a trace is not finite: its place would look empty.
    """
    if not np.isfinite(traces.values).all():
        msg = "radar traces must be finite: their amplitudes are too large for single precision"
        raise ValueError(msg)
    tx, rx = soundings.tx_m.copy(), soundings.rx_m.copy()
    if height_m is not None:
        lift = height_m - soundings.midpoint_m[:, 2]
        tx[:, 2] += lift
        rx[:, 2] += lift
    tx[:, 2] = np.maximum(tx[:, 2], MIN_HEIGHT_M)
    rx[:, 2] = np.maximum(rx[:, 2], MIN_HEIGHT_M)
    depth = np.maximum(np.ascontiguousarray(depth_m, dtype=np.float64), 0.0)
    shape = (depth.size, grid.y_m.size, grid.x_m.size)
    image = np.zeros((2, *shape), np.float32)
    fold = np.zeros(shape, np.float32)
    energy = np.zeros(shape, np.float32)
    # single precision holds no square of 1e-25 or 1e25, whatever unit an instrument counts in
    unit = float(np.abs(traces.values).max(initial=0.0)) or 1.0
    if tx.shape[0]:
        radius = np.minimum(aperture_m + aperture_growth * depth, max_aperture_m)
        half_offset = 0.5 * float(np.linalg.norm((rx - tx)[:, :2], axis=1).max())
        table = time_table(
            depth,
            min_height_m=float(min(tx[:, 2].min(), rx[:, 2].min())),
            max_height_m=float(max(tx[:, 2].max(), rx[:, 2].max())),
            max_rho_m=float(radius.max()) + half_offset + grid.cell_m,
            relative_permittivity=relative_permittivity,
        )
        parts = np.stack([traces.values.real / unit, traces.values.imag / unit], axis=-1, dtype=np.float32)
        _kernels.kirchhoff(
            parts,
            1.0 / traces.dt_s,
            tx,
            rx,
            _inverse_density(soundings.midpoint_m[:, :2], density_radius_m),
            table.time_s,
            float(table.height_m[0]),
            1.0 / table.height_step_m,
            1.0 / table.rho_step_m,
            grid.x_m,
            grid.y_m,
            depth,
            radius,
            1.0 / np.sqrt(relative_permittivity),
            image,
            fold,
            energy,
        )
    total = np.maximum(fold, np.finfo(np.float32).tiny)
    amplitude = (image[0] + 1j * image[1]) / total
    power = np.abs(amplitude) ** 2 * fold
    coherence = np.where(energy > 0.0, power / np.maximum(energy, np.finfo(np.float32).tiny), 0.0)
    return Migrated((unit * amplitude).astype(np.complex64), fold, coherence.astype(np.float32), depth)


def _inverse_density(xy: NDArray[np.float64], radius_m: float) -> NDArray[np.float64]:
    """One over the soundings within about a radius: a slow stretch shall not outweigh a quick one."""
    from scipy.spatial import cKDTree  # noqa: PLC0415

    tree = cKDTree(xy)
    pairs = tree.query_pairs(3.0 * radius_m, output_type="ndarray")
    weight = np.exp(-((xy[pairs[:, 0]] - xy[pairs[:, 1]]) ** 2).sum(axis=1) / (2.0 * radius_m**2))
    density = np.ones(len(xy))
    density += np.bincount(pairs[:, 0], weight, len(xy)) + np.bincount(pairs[:, 1], weight, len(xy))
    return 1.0 / density
