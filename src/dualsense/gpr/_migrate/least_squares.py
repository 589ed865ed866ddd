"""Migration as an inverse problem: the reflectors that explain the traces best."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.gpr._migrate.demigrate import pulse_band
from dualsense.gpr._migrate.geometry import lay_out
from dualsense.gpr._migrate.kirchhoff import weighted_mean
from dualsense.gpr._migrate.migrated import Migrated
from dualsense.gpr._migrate.sums import echo_norms, gather, scatter
from dualsense.gpr._migrate.weights import aperture_radius
from dualsense.gpr._traces import largest_part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._migrate.geometry import Geometry
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
    """Reflectors whose echoes come closest to the traces: LSQR (Paige and Saunders 1982).

    Sharper than the sum, and freer of the pattern of the track, where the data allow it; noise grows with the
    iterations. Soundings count by the root of their inverse density, those beside the map not at all. Echoes are
    as loud as physics has them: both legs' spreading, transmission and loss, and neither a cosine nor a taper but
    a steep end at ``max_aperture_m``; with the sum's weights in the model points lay up to 2 cm too deep. What is
    louder far from a reflector than that goes to the edge of the volume.

    Parameters
    ----------
    soundings, traces, grid, depth_m, relative_permittivity, height_m
        As for :func:`dualsense.gpr.kirchhoff`.
    aperture_m, aperture_growth, max_aperture_m, density_radius_m, loss_db_m, on_ground
        As for :func:`dualsense.gpr.kirchhoff`.
    iterations
        At most.
    damping
        Against noise, relative to the operator's norm.

    Returns
    -------
    Migrated
        Amplitudes are those of echoes, as if all depths were heard alike, and scaled so that the strongest is the
        sum's there; fold and coherence are the sum's.

    References
    ----------
    Paige, C. C. and Saunders, M. A. (1982). LSQR: an algorithm for sparse linear equations and sparse least
    squares. ACM Transactions on Mathematical Software 8, 43-71.
    """
    from scipy.sparse.linalg import LinearOperator, lsqr  # noqa: PLC0415

    largest = largest_part(traces)
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
    start = weighted_mean(plan, traces, largest)
    if not start.fold.any():
        return start
    model = lay_out(
        soundings,
        grid,
        depth_m,
        relative_permittivity,
        height_m=height_m,
        radius_m=np.full(plan.depth_m.size, max_aperture_m),
        density_radius_m=density_radius_m,
        loss_db_m=loss_db_m,
        on_ground=on_ground,
        weighting="echo",
    )
    echoes = echoes_of(model, traces)
    data = echoes.data(traces)
    shape = (data.size, 2 * start.fold.size)
    operator = LinearOperator(shape, matvec=echoes.forward, rmatvec=echoes.adjoint, dtype=np.float32)
    guess = echoes.adjoint(data)
    norm = float(np.linalg.norm(echoes.forward(guess)) / max(np.linalg.norm(guess), np.finfo(np.float32).tiny))
    found = lsqr(operator, data, damp=damping * norm, iter_lim=iterations, atol=1e-6, btol=1e-6)[0]
    volume = found.astype(np.float32).view(np.complex64).reshape(plan.shape)
    at = np.unravel_index(int(np.abs(volume).argmax()), plan.shape)
    level = float(np.abs(volume[at]))
    gain = float(np.abs(start.amplitude[at])) / level if level > 0.0 else 0.0
    return Migrated((gain * volume).astype(np.complex64), start.fold, start.coherence, start.depth_m)


@dataclass(frozen=True, slots=True, eq=False)
class _Echoes:
    """From reflectors to weighted echoes and back, as vectors of real numbers.

    Attributes
    ----------
    plan
        Geometry, of density 1.
    count : (n, 1) float32
        Weight of each sounding: the root of its inverse density.
    wave : (t, k) complex64
        exp(2 pi i f t).
    window : (k,) float32
        Over the band.
    dt_s
        Step of the traces.
    level : (nz, 1, 1) float32
        What an unknown is in reflectivity: so that echoes from all depths are as loud.
    """

    plan: Geometry
    count: NDArray[np.float32]
    wave: NDArray[np.complex64]
    window: NDArray[np.float32]
    dt_s: float
    level: NDArray[np.float32]

    def data(self, traces: Traces) -> NDArray[Any]:
        """Weighted traces (2 n t,), the largest sample being 1."""
        unit = float(np.abs(traces.values).max(initial=0.0)) or 1.0
        return (self.count * (traces.values / unit)).astype(np.complex64).view(np.float32).ravel()

    def pulses(self, spikes: NDArray[Any]) -> NDArray[Any]:
        """Send the band's pulse at each spike (n, t); its own adjoint, for the window is real."""
        out: NDArray[Any] = ((spikes @ self.wave.conj()) * self.window) @ self.wave.T
        return out

    def forward(self, model: NDArray[Any]) -> NDArray[Any]:
        """Echoes (2 n t,) of reflectors (2 nz ny nx,)."""
        volume = self.level * model.astype(np.float32).view(np.complex64).reshape(self.plan.shape)
        spikes = scatter(self.plan, volume, self.dt_s, len(self.wave))
        return (self.count * self.pulses(spikes)).astype(np.complex64).view(np.float32).ravel()

    def adjoint(self, echoes: NDArray[Any]) -> NDArray[Any]:
        """Sum echoes (2 n t,) into the volume (2 nz ny nx,)."""
        weighted = self.count * echoes.astype(np.float32).view(np.complex64).reshape(-1, len(self.wave))
        volume = gather(self.plan, self.pulses(weighted).astype(np.complex64), self.dt_s)[0]
        volume *= self.level
        return volume.view(np.float32).ravel()


def echoes_of(plan: Geometry, traces: Traces) -> _Echoes:
    """Weigh the soundings within the map by the density of a plan, and take the band of traces."""
    count = (np.sqrt(plan.density) * _within(plan)).astype(np.float32)[:, None]
    wave, window = pulse_band(traces)
    even = replace(plan, density=np.ones(len(count)))
    norms = echo_norms(plan)
    level = (norms.max() / norms).astype(np.float32)[:, None, None]
    return _Echoes(even, count, wave.astype(np.complex64), window.astype(np.float32), traces.dt_s, level)


def _within(plan: Geometry) -> NDArray[np.bool_]:
    """Soundings (n,) over the map: what others hear from below them is nowhere in the volume."""
    middle = 0.5 * (plan.tx_m + plan.rx_m)
    inside = np.ones(len(middle), bool)
    for axis, at in ((plan.x_m, middle[:, 0]), (plan.y_m, middle[:, 1])):
        if axis.size > 1:
            half = 0.5 * (axis[1] - axis[0])
            inside &= (at >= axis[0] - half) & (at <= axis[-1] + half)
    return inside
