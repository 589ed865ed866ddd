"""Direct coupling and ground surface: fitted together, so that the height follows the surface and not a target.

Between two antennas over smooth ground a sounding is d(f) = D(f) + S(f) exp(-ik L)/L, with D the coupling
through the air, and L the path by way of the mirrored antenna. D and S are the same for all soundings of a
channel and are solved linearly; each sounding has one unknown of its own, its height, found by Gauss-Newton on
the phase over the whole band. A buried target cannot pull the height far: its echo has neither the delay nor
the spectrum of S.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.gpr.traveltime import MIN_HEIGHT_M, SPEED_OF_LIGHT_M_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr.calibrate import Soundings

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

MIN_SOUNDINGS = 12
RIDGE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """The ground surface as the radar sees it.

    Attributes
    ----------
    height_m : (n,)
        Height of the antenna pair above the local ground; its mean is the pose's.
    path_m : (n,)
        Path of the surface echo.
    echo : (n, k) complex128
        S(f), the surface echo without its path: the wavelet that a target's echo is compared with.
    unexplained : (n,)
        Part of a sounding's variation (from its channel's mean) that the model leaves, as amplitude.
    fitted
        False where there were too few soundings, or no surface echo, and the pose's height was kept.
    """

    height_m: NDArray[np.float64]
    path_m: NDArray[np.float64]
    echo: NDArray[np.complex128]
    unexplained: NDArray[np.float64]
    fitted: bool


def fit_surface(
    soundings: Soundings, *, iterations: int = 15, roughness_m: float = 0.008, max_step_m: float = 0.004
) -> tuple[Soundings, Surface]:
    """Take out direct coupling and surface echo, and learn each sounding's height.

    Parameters
    ----------
    soundings
        n soundings over k frequencies.
    iterations
        Gauss-Newton steps; 0 keeps the heights of the pose and only removes coupling and surface.
    roughness_m
        Standard deviation of the height about the pose's: rough ground and tracking error. Holds back soundings
        whose surface echo is disturbed.
    max_step_m
        Largest correction in one step, so that no sounding slips by a cycle.

    Returns
    -------
    Soundings
        The residual: what lies below the surface, and noise.
    Surface
    """
    n = soundings.time_s.size
    pose_height = np.maximum(soundings.midpoint_m[:, 2], MIN_HEIGHT_M)
    height = pose_height.copy()
    path = np.empty(n)
    residual = np.empty_like(soundings.spectrum)
    echo = np.zeros_like(soundings.spectrum)
    unexplained = np.ones(n)
    fitted = True
    for c in np.unique(soundings.channel):
        rows = np.flatnonzero(soundings.channel == c)
        one = _fit_channel(soundings, rows, pose_height[rows], iterations, roughness_m, max_step_m)
        height[rows], path[rows], residual[rows], echo[rows], unexplained[rows], good = one
        fitted = fitted and good
    return replace(soundings, spectrum=residual), Surface(height, path, echo, unexplained, fitted)


def mirror_path(
    tx_m: NDArray[np.float64], rx_m: NDArray[np.float64], height_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Length of the surface echo's path (n,) for antennas (n, 3) whose midpoint is at a given height."""
    across = rx_m - tx_m
    path: NDArray[np.float64] = np.sqrt(across[:, 0] ** 2 + across[:, 1] ** 2 + (2.0 * height_m) ** 2)
    return path


def _fit_channel(
    soundings: Soundings,
    rows: NDArray[np.intp],
    pose_height: NDArray[np.float64],
    iterations: int,
    roughness_m: float,
    max_step_m: float,
) -> tuple[Real, Real, Complex, Complex, Real, bool]:
    data = soundings.spectrum[rows]
    tx, rx = soundings.tx_m[rows], soundings.rx_m[rows]
    k = 2.0 * np.pi * soundings.frequency_hz / SPEED_OF_LIGHT_M_S
    varying = data - data.mean(axis=0)
    spread = np.sqrt((np.abs(varying) ** 2).mean()) + np.finfo(float).tiny
    height = pose_height.copy()
    if rows.size < MIN_SOUNDINGS:
        path = mirror_path(tx, rx, height)
        return height, path, varying, np.ones_like(data), np.ones(rows.size), False
    coefficients, model, wave = _solve(data, k, mirror_path(tx, rx, height), height)
    start = float((np.abs(data - model) ** 2).sum())
    noise = spread**2
    for _ in range(iterations):
        path = mirror_path(tx, rx, height)
        rest = data - model
        echo = coefficients[:, 1] * wave
        slope = -1j * k * echo * (4.0 * height / path)[:, None]
        power = (np.abs(slope) ** 2).sum(axis=1)
        noise = float((np.abs(rest) ** 2).mean())
        prior = noise / roughness_m**2
        step = ((slope.conj() * rest).real.sum(axis=1) - prior * (height - pose_height)) / (power + prior)
        height = height + np.clip(step, -max_step_m, max_step_m)
        height += float((pose_height - height).mean())  # the surface's mean height is the pose's to tell
        height = np.maximum(height, MIN_HEIGHT_M)
        coefficients, model, wave = _solve(data, k, mirror_path(tx, rx, height), height)
    rest = data - model
    path = mirror_path(tx, rx, height)
    good = float((np.abs(rest) ** 2).sum()) < 0.9 * start or iterations == 0
    if not good:
        height = pose_height
        path = mirror_path(tx, rx, height)
        coefficients, model, wave = _solve(data, k, path, height)
        rest = data - model
    unexplained = np.sqrt((np.abs(rest) ** 2).mean(axis=1)) / spread
    return height, path, rest, np.broadcast_to(coefficients[:, 1], data.shape), unexplained, good


def _solve(data: Complex, k: Real, path: Real, height: Real) -> tuple[Complex, Complex, Complex]:
    """Least squares per frequency over {1, echo, echo x height}; the last lets the antennas' near field vary."""
    wave = np.exp(-1j * k * path[:, None]) / path[:, None]
    tilt = (height - height.mean()) / 0.01
    basis = np.stack([np.ones_like(wave), wave, wave * tilt[:, None]], axis=-1)
    normal = np.einsum("nka,nkb->kab", basis.conj(), basis)
    right = np.einsum("nka,nk->ka", basis.conj(), data)
    size = np.trace(normal, axis1=1, axis2=2).real / 3.0
    normal = normal + (RIDGE * size)[:, None, None] * np.eye(3)
    coefficients = np.linalg.solve(normal, right[..., None])[..., 0]
    model = np.einsum("nka,ka->nk", basis, coefficients)
    return coefficients, model, wave
