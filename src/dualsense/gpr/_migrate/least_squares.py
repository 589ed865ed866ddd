"""Migration as an inverse problem: the reflectors that explain the traces best."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.gpr._migrate.demigrate import pulse_band
from dualsense.gpr._migrate.geometry import lay_out
from dualsense.gpr._migrate.kirchhoff import weighted_mean
from dualsense.gpr._migrate.migrated import Migrated
from dualsense.gpr._migrate.sums import gather, scatter
from dualsense.gpr._migrate.weights import aperture_radius
from dualsense.gpr._traces import check_finite

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._rays.layers import Ground
    from dualsense.gpr._soundings import Soundings
    from dualsense.gpr._traces import Traces
    from dualsense.result import Grid


def least_squares(
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
    on_ground: bool = False,
    iterations: int = 8,
    damping: float = 0.05,
) -> Migrated:
    """Reflectors whose echoes, by :func:`demigrate`, come closest to the traces: LSQR (Paige and Saunders 1982).

    Sharper than the sum, and freer of the pattern of the track, where the data allow it; noise grows with the
    iterations. Soundings count by the root of their inverse density. Echoes must fade to the side as the
    weights say, spreading and taper: what is louder far from a reflector than that goes to the edge of the volume.

    Parameters
    ----------
    soundings, traces, grid, depth_m
        As for :func:`dualsense.gpr.kirchhoff`, and so all parameters up to ``on_ground``.
    iterations
        At most.
    damping
        Against noise, relative to the operator's norm.

    Returns
    -------
    Migrated
        Amplitudes are scaled so that the strongest is the sum's there; fold and coherence are the sum's.
    """
    from scipy.sparse.linalg import LinearOperator, lsqr  # noqa: PLC0415

    check_finite(traces)
    plan = lay_out(
        soundings,
        grid,
        depth_m,
        relative_permittivity,
        height_m=height_m,
        radius_m=aperture_radius(depth_m, aperture_m, aperture_growth, max_aperture_m),
        density_radius_m=density_radius_m,
        loss_db_m=loss_db_m,
        on_ground=on_ground,
    )
    start = weighted_mean(plan, traces)
    values = traces.values
    if not start.fold.any():
        return start
    count = np.sqrt(plan.density).astype(np.float32)[:, None]
    plan = replace(plan, density=np.ones(len(count)))
    wave, window = pulse_band(traces)
    wave, band = wave.astype(np.complex64), window.astype(np.float32)

    def pulses(spikes: NDArray[Any]) -> NDArray[Any]:
        """Send the band's pulse at each spike; its own adjoint, for the window is real."""
        out: NDArray[Any] = ((spikes @ wave.conj()) * band) @ wave.T
        return out

    def forward(model: NDArray[Any]) -> NDArray[Any]:
        volume = model.astype(np.float32).view(np.complex64).reshape(plan.shape)
        echoes = count * pulses(scatter(plan, volume, traces.dt_s, values.shape[1]))
        return echoes.astype(np.complex64).view(np.float32).ravel()

    def adjoint(echoes: NDArray[Any]) -> NDArray[Any]:
        weighted = count * echoes.astype(np.float32).view(np.complex64).reshape(values.shape)
        volume = gather(plan, pulses(weighted).astype(np.complex64), traces.dt_s)[0]
        return volume.view(np.float32).ravel()

    unit = float(np.abs(values).max(initial=0.0)) or 1.0
    data = (count * (values / unit)).astype(np.complex64).view(np.float32).ravel()
    shape = (data.size, 2 * start.fold.size)
    operator = LinearOperator(shape, matvec=forward, rmatvec=adjoint, dtype=np.float32)
    guess = adjoint(data)
    norm = float(np.linalg.norm(forward(guess)) / max(np.linalg.norm(guess), np.finfo(np.float32).tiny))
    found = lsqr(operator, data, damp=damping * norm, iter_lim=iterations, atol=1e-6, btol=1e-6)[0]
    volume = found.astype(np.float32).view(np.complex64).reshape(plan.shape)
    at = np.unravel_index(int(np.abs(volume).argmax()), plan.shape)
    level = float(np.abs(volume[at]))
    gain = float(np.abs(start.amplitude[at])) / level if level > 0.0 else 0.0
    return Migrated((gain * volume).astype(np.complex64), start.fold, start.coherence, start.depth_m)
