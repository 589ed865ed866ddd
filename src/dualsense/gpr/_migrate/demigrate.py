"""The way back: the echoes of a volume of reflectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.gpr._migrate.geometry import lay_out
from dualsense.gpr._migrate.sums import scatter
from dualsense.gpr._migrate.weights import aperture_radius
from dualsense.gpr._traces import Traces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._rays.layers import Ground
    from dualsense.gpr._soundings import Soundings
    from dualsense.result import Grid


def demigrate(
    reflectivity: NDArray[np.complexfloating[Any, Any]],
    soundings: Soundings,
    like: Traces,
    grid: Grid,
    depth_m: NDArray[np.float64],
    *,
    relative_permittivity: Ground,
    height_m: NDArray[np.float64] | None = None,
    aperture_m: float = 0.10,
    aperture_growth: float = 0.6,
    max_aperture_m: float = 0.20,
    loss_db_m: float = 0.0,
    on_ground: bool = False,
) -> Traces:
    """Echoes of a volume of reflectors, as the soundings would hear them: the forward of migration.

    Each voxel sends the pulse of the band, of amplitude ``reflectivity`` times the weight that
    :func:`kirchhoff` gives the sounding but for the density, at the bistatic time. Exact adjoint of that sum.

    Parameters
    ----------
    reflectivity : (nz, ny, nx) complex64 or complex128
        Sets the precision.
    soundings
        Where the antennas are; what they heard is not looked at.
    like
        Traces whose band, step and length the echoes take.
    grid, depth_m, relative_permittivity, height_m
        As for :func:`dualsense.gpr.kirchhoff`.
    aperture_m, aperture_growth, max_aperture_m, loss_db_m, on_ground
        As for :func:`dualsense.gpr.kirchhoff`.

    Returns
    -------
    Traces
    """
    plan = lay_out(
        soundings,
        grid,
        depth_m,
        relative_permittivity,
        height_m=height_m,
        radius_m=aperture_radius(depth_m, aperture_m, aperture_growth, max_aperture_m),
        density_radius_m=None,
        loss_db_m=loss_db_m,
        on_ground=on_ground,
    )
    spikes = scatter(plan, np.ascontiguousarray(reflectivity), like.dt_s, like.values.shape[1])
    wave, window = pulse_band(like)
    spectrum = (spikes @ wave.conj().astype(spikes.dtype)) * window
    return Traces((spectrum @ wave.T).astype(np.complex64), like.dt_s, like.frequency_hz, spectrum, window)


def pulse_band(traces: Traces) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """Waves exp(2 pi i f t) (t, k) and window (k,) of the traces."""
    f = traces.frequency_hz
    t = traces.dt_s * np.arange(traces.values.shape[1])
    window = np.full(f.size, 1.0 / f.size) if traces.window is None else traces.window
    return np.exp(2j * np.pi * t[:, None] * f), window
