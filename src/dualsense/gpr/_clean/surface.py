"""Direct coupling and ground surface: fitted together, so that the height follows the surface and not a target.

Between two antennas over smooth ground a sounding is d(f) = D(f) + S(f) exp(-ik L)/L, with D the coupling
through the air, and L the path by way of the mirrored antenna. D and S are the same for all soundings of a
channel and are solved linearly; each sounding has one unknown of its own, its height, found by Gauss-Newton on
the phase over the whole band. A buried target cannot pull the height far: its echo has neither the delay nor
the spectrum of S. Since S may change with height (the antennas' near field), the echo tells the heights up to a
common factor, which is the pose's to tell, as their mean is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.gpr._clean import _surface_kernels
from dualsense.gpr._rays.traveltime import MIN_HEIGHT_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._soundings import Soundings

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

MIN_SOUNDINGS = 12
RIDGE = 1e-6
MIN_SPREAD_M = 1e-3
ALLOWED_RISE = 1.001
EVEN = 1e-9
"""Difference of spacings, relative, below which tones are evenly spaced."""
SETTLED_M = 1e-5
"""Heights that move by less than this, a thousandth of the shortest wave, have arrived."""


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
        False where the pose's height was kept: too few soundings, heights too much alike to tell the surface's
        echo from the coupling, or no surface echo.
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
        Gauss-Newton steps at most; 0 keeps the heights of the pose and only removes coupling and surface.
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
    channels = np.unique(soundings.channel)
    if channels.size == 1:  # nothing to put together: spectra are the largest things here
        one = _fit_channel(soundings, slice(None), pose_height, iterations, roughness_m, max_step_m)
        height, path, residual, echo, unexplained, fitted = one
        return replace(soundings, spectrum=residual), Surface(height, path, echo, unexplained, fitted)
    height = pose_height.copy()
    path = np.empty(n)
    residual = np.empty_like(soundings.spectrum)
    echo = np.zeros_like(soundings.spectrum)
    unexplained = np.ones(n)
    fitted = True
    for c in channels:
        rows = np.flatnonzero(soundings.channel == c)
        one = _fit_channel(soundings, rows, pose_height[rows], iterations, roughness_m, max_step_m)
        height[rows], path[rows], residual[rows], echo[rows], unexplained[rows], good = one
        fitted = fitted and good
    return replace(soundings, spectrum=residual), Surface(height, path, echo, unexplained, fitted)


def coupling_and_echo(
    spectrum: Complex, frequency_hz: Real, path_m: Real, height_m: Real
) -> tuple[Complex, Complex]:
    """Solve for what all soundings of a channel have in common: D(f) and S(f), both (k,).

    Parameters
    ----------
    spectrum : (n, k)
        Soundings with their direct wave.
    frequency_hz : (k,)
    path_m, height_m : (n,)
        Path of the surface's echo, and height of the antenna pair.
    """
    fit = _Channel.of(np.ascontiguousarray(spectrum), 2.0 * np.pi * frequency_hz / C0_M_S).solve(path_m, height_m)
    return fit.model[0] + 1j * fit.model[1], fit.echo


def mirror_path(
    tx_m: NDArray[np.float64], rx_m: NDArray[np.float64], height_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Length of the surface echo's path (n,) for antennas (n, 3) whose midpoint is at a given height."""
    across = rx_m - tx_m
    path: NDArray[np.float64] = np.sqrt(across[:, 0] ** 2 + across[:, 1] ** 2 + (2.0 * height_m) ** 2)
    return path


def _fit_channel(
    soundings: Soundings,
    rows: NDArray[np.intp] | slice,
    pose_height: NDArray[np.float64],
    iterations: int,
    roughness_m: float,
    max_step_m: float,
) -> tuple[Real, Real, Complex, Complex, Real, bool]:
    data = soundings.spectrum[rows]
    tx, rx = soundings.tx_m[rows], soundings.rx_m[rows]
    k = 2.0 * np.pi * soundings.frequency_hz / C0_M_S
    varies = _energy(data - data.mean(axis=0))
    spread = np.sqrt(varies / data.size) + np.finfo(float).tiny
    if len(data) < MIN_SOUNDINGS or not heights_vary(pose_height, soundings.position_std_m[rows, 2]):
        path = mirror_path(tx, rx, pose_height)
        even = np.broadcast_to(np.ones(k.size, np.complex128), data.shape)
        return pose_height, path, data - data.mean(axis=0), even, np.ones(len(data)), False
    channel = _Channel.of(data, k)
    fit = start = channel.solve(mirror_path(tx, rx, pose_height), pose_height)
    damping = 1.0
    for _ in range(iterations):
        noise = fit.misfit / data.size
        prior = noise / roughness_m**2
        pull = fit.pull - prior * (fit.height - pose_height)
        stiffness = fit.stiffness + prior
        step = np.divide(pull, stiffness, out=np.zeros_like(pull), where=stiffness > 0.0)
        height = fit.height + damping * np.clip(step, -max_step_m, max_step_m)
        height += float((pose_height - height).mean())  # the surface's mean height is the pose's to tell
        height = np.maximum(height, MIN_HEIGHT_M)
        moved = float(np.abs(height - fit.height).max())
        new = channel.solve(mirror_path(tx, rx, height), height)
        if new.misfit > ALLOWED_RISE * fit.misfit:
            damping *= 0.5  # heights and echo are solved in turn, which may overshoot
            continue
        fit, damping = new, min(1.0, 2.0 * damping)
        if moved < SETTLED_M:
            break
    good = fit.misfit < 0.9 * varies
    if not good:
        fit = start
    unexplained = np.sqrt(fit.energy / k.size) / spread
    return fit.height, fit.path, channel.rest(fit), np.broadcast_to(fit.echo, data.shape), unexplained, good


def _energy(values: Complex) -> float:
    """Sum of the squares of all values."""
    parts = np.ascontiguousarray(values).view(np.float64).ravel()
    return float(np.einsum("i,i", parts, parts))


def heights_vary(height: Real, std: Real) -> bool:
    """Whether the pose's heights differ by more than its own error.

    A head at one height hears coupling and surface as one: what would be fitted as the echo of a moving surface is
    then the strongest thing that varies, a shallow target.
    """
    error2 = float(np.mean(std[np.isfinite(std)] ** 2)) if np.isfinite(std).any() else 0.0
    return float(height.var()) > MIN_SPREAD_M**2 + 2.0 * error2


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """Least squares for given heights.

    Attributes
    ----------
    model : (6, k)
        Real and imaginary parts of coupling, echo and slant: the echo is ``echo + tilt slant``.
    energy, pull, stiffness : (n,)
        Energy that is left of each sounding, and that energy's half slope and half curvature by its height.
    """

    height: Real
    path: Real
    model: Real
    energy: Real
    pull: Real
    stiffness: Real

    @property
    def echo(self) -> Complex:
        """S (k,)."""
        echo: Complex = self.model[2] + 1j * self.model[3]
        return echo

    @property
    def misfit(self) -> float:
        """Energy of all that is left."""
        return float(self.energy.sum())


@dataclass(frozen=True, slots=True, eq=False)
class _Channel:
    """Soundings as parts (n, 2 k), their sum, wavenumbers and, where these are even, the spacing; otherwise 0."""

    parts: Real
    total: Complex
    k: Real
    step: float

    @classmethod
    def of(cls, data: Complex, k: Real) -> _Channel:
        steps = np.diff(k)
        even = steps.size > 0 and bool(np.ptp(steps) <= EVEN * abs(steps[0]))
        step = float(k[-1] - k[0]) / steps.size if even else 0.0
        return cls(np.ascontiguousarray(data).view(np.float64), data.sum(axis=0), k, step)

    def solve(self, path: Real, height: Real) -> _Fit:
        """Least squares per frequency over {1, wave, wave x height}, which lets the antennas' near field vary."""
        n, tilt, power = len(self.parts), _tilt(height), path**-2.0
        sums = np.empty((-(-n // _surface_kernels.BLOCK), _surface_kernels.SUMS, self.k.size))
        _surface_kernels.wave_sums(self.parts, self.k, self.step, path, tilt, sums)
        total = sums.sum(axis=0)
        wave, slanted, matched, leaning = total[::2] + 1j * total[1::2]
        normal = np.empty((self.k.size, 3, 3), np.complex128)
        normal[:, 0, 0] = n
        normal[:, 0, 1], normal[:, 0, 2] = wave, slanted
        normal[:, 1, 0], normal[:, 2, 0] = wave.conj(), slanted.conj()
        normal[:, 1, 1] = power.sum()
        normal[:, 1, 2] = normal[:, 2, 1] = power @ tilt
        normal[:, 2, 2] = power @ tilt**2
        normal += RIDGE * np.diag([n, power.sum(), power.sum()])
        right = np.stack([self.total, matched, leaning], axis=-1)
        solved = np.linalg.solve(normal, right[..., None])[..., 0].T
        model = np.ascontiguousarray(np.stack([solved.real, solved.imag], axis=1).reshape(6, -1))
        energy, pull = np.empty((2, n))
        _surface_kernels.rests(self.parts, self.k, self.step, path, tilt, model, energy, pull, np.empty((0, 0)))
        lever = 4.0 * height / path
        stiffness = (lever / path) ** 2 * float((self.k**2 * (model[2] ** 2 + model[3] ** 2)).sum())
        return _Fit(height, path, model, energy, lever * pull, stiffness)

    def rest(self, fit: _Fit) -> Complex:
        """Take what a fit leaves (n, k)."""
        rest = np.empty_like(self.parts)
        energy, pull = np.empty((2, len(rest)))
        tilt = _tilt(fit.height)
        _surface_kernels.rests(self.parts, self.k, self.step, fit.path, tilt, fit.model, energy, pull, rest)
        left: Complex = rest.view(np.complex128)
        return left


def _tilt(height: Real) -> Real:
    tilt: Real = (height - height.mean()) / 0.01
    return tilt
