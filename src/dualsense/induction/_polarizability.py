"""Magnetic polarizability tensors of metal objects, over frequency and after switch-off.

Convention e^{+i omega t}: the imaginary part of an eigenvalue is never positive. Units m^3: the induced moment is
m = M H. Every object here is one static tensor and a sum of relaxations,

    M(omega) = M0 - sum_k T_k i omega tau_k / (1 + i omega tau_k),

which serves frequency and time domain alike (Wei 2010; Ledger and Lionheart 2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import MU0_H_M
from dualsense.induction._demagnetisation import demagnetisation

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_SERIES_BELOW = 1.0
"""Below this |alpha| coth is expanded; the series reaches double precision, and the closed form loses 45-fold."""

# alpha coth alpha = 1 + alpha^2/3 + alpha^2 G(alpha^2), G = sum_(n>=2) 2 zeta(2n) (-1)^(n+1) pi^(-2n) alpha^(2n-2)
_SERIES_TERMS = 18
_POLE_STEPS = 18

_POLES, _POLES_KEPT, _GROUP_RATIO = 6000, 20, 1.15
"""Poles of a sphere that make a spectrum, how many stay on their own, and the ratio that bounds a group."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """A polarizability as relaxations.

    Attributes
    ----------
    static_m3 : (3, 3) float64
        M0, the tensor at zero frequency; zero for what is not magnetic.
    amplitude_m3 : (k, 3, 3) float64
        T_k, symmetric and positive semi-definite.
    tau_s : (k,) float64
        > 0.
    """

    static_m3: NDArray[np.float64]
    amplitude_m3: NDArray[np.float64]
    tau_s: NDArray[np.float64]

    def __post_init__(self) -> None:
        count = self.tau_s.shape
        if len(count) != 1 or self.amplitude_m3.shape != (*count, 3, 3) or self.static_m3.shape != (3, 3):
            msg = (
                "a spectrum needs shapes (3, 3), (k, 3, 3) and (k,), got "
                f"{self.static_m3.shape}, {self.amplitude_m3.shape} and {self.tau_s.shape}"
            )
            raise ValueError(msg)
        if np.any(~(self.tau_s > 0)):
            msg = f"tau_s must be positive, got {self.tau_s}"
            raise ValueError(msg)


def polarizability(spectrum: Spectrum, frequency_hz: ArrayLike) -> NDArray[np.complex128]:
    """Tensor of a spectrum at given frequencies: (k,) Hz to (k, 3, 3) complex m^3.

    References
    ----------
    Wei, M.-H., Scott, W. R. and McClellan, J. H. (2010). IEEE Trans. Geoscience and Remote Sensing 48, 1169-1179.
    """
    s = 2j * np.pi * np.atleast_1d(np.asarray(frequency_hz, dtype=np.float64))[:, None] * spectrum.tau_s
    relaxed = np.einsum("fk,kij->fij", s / (1 + s), spectrum.amplitude_m3)
    out: NDArray[np.complex128] = spectrum.static_m3 - relaxed
    return out


def step_off(spectrum: Spectrum, time_s: ArrayLike) -> NDArray[np.float64]:
    """Moment per field after the field is switched off at t = 0: (k,) s to (k, 3, 3) m^3.

    m(t)/H0 = sum_k T_k exp(-t / tau_k), t >= 0.

    Raises
    ------
    ValueError
        When a time is negative.
    """
    t = np.atleast_1d(np.asarray(time_s, dtype=np.float64))
    if np.any(~(t >= 0)):
        msg = f"time_s must not be negative, got {t.min()}"
        raise ValueError(msg)
    out: NDArray[np.float64] = np.einsum(
        "fk,kij->fij", np.exp(-t[:, None] / spectrum.tau_s), spectrum.amplitude_m3
    )
    return out


def gate_rate(spectrum: Spectrum, gate_time_s: ArrayLike) -> NDArray[np.float64]:
    """Mean of -dm/dt per field over gates after switch-off: (k, 2) s to (k, 3, 3) m^3/s.

    The receiver's voltage per ampere switched off is +mu0 H_R . this . H_T.

    Raises
    ------
    ValueError
        When a gate ends before it starts, or starts before the field is switched off.
    """
    gates = np.asarray(gate_time_s, dtype=np.float64)
    if gates.ndim != 2 or gates.shape[1] != 2 or np.any(~(gates[:, 1] > gates[:, 0])):
        msg = f"gate_time_s must be (k, 2) with start before end, got {gates}"
        raise ValueError(msg)
    fall = step_off(spectrum, gates[:, 0]) - step_off(spectrum, gates[:, 1])
    return fall / (gates[:, 1] - gates[:, 0])[:, None, None]


def rotate_spectrum(spectrum: Spectrum, rotation: ArrayLike) -> Spectrum:
    """Turn an object: R M R^T for a (3, 3) rotation from the object's axes to the local frame.

    Raises
    ------
    ValueError
        When the matrix is not orthogonal.
    """
    r = np.asarray(rotation, dtype=np.float64)
    if r.shape != (3, 3) or not np.allclose(r @ r.T, np.eye(3), atol=1e-9):
        msg = f"rotation must be an orthogonal (3, 3) matrix, got {r}"
        raise ValueError(msg)
    return Spectrum(
        static_m3=r @ spectrum.static_m3 @ r.T,
        amplitude_m3=r @ spectrum.amplitude_m3 @ r.T,
        tau_s=spectrum.tau_s,
    )


def sphere_polarizability(
    *, radius_m: float, conductivity_s_m: float, relative_permeability: float, frequency_hz: ArrayLike
) -> NDArray[np.complex128]:
    """Polarizability of a conducting permeable sphere in a uniform field (Wait 1951).

    Parameters
    ----------
    radius_m, conductivity_s_m : float
        > 0.
    relative_permeability : float
        >= 1.
    frequency_hz : array_like
        >= 0, any shape.

    Returns
    -------
    complex128 ndarray of the frequencies' shape
        m^3; isotropic, so one number per frequency.

    Raises
    ------
    ValueError
        When a frequency is negative, or a value of the metal is out of range.

    Notes
    -----
    M = 2 pi a^3 [(2 mu_r + 1) G + 2 (mu_r - 1) / 3] / [(mu_r - 1) G + (mu_r + 2) / 3] with
    G = (alpha coth alpha - 1) / alpha^2 - 1/3, alpha = a sqrt(i omega mu0 mu_r sigma). This is Wait's formula
    with its leading terms cancelled by hand, exact down to zero frequency.

    References
    ----------
    Wait, J. R. (1951). A conducting sphere in a time varying magnetic field. Geophysics 16, 666-672.
    """
    _check_metal(conductivity_s_m, relative_permeability, radius_m=radius_m)
    f = np.asarray(frequency_hz, dtype=np.float64)
    if np.any(~(f >= 0)):
        msg = f"frequency_hz must not be negative, got {f.min()}"
        raise ValueError(msg)
    mu = relative_permeability
    g = _langevin_excess(2j * np.pi * f * MU0_H_M * mu * conductivity_s_m * radius_m**2)
    out: NDArray[np.complex128] = np.asarray(
        2 * np.pi * radius_m**3 * ((2 * mu + 1) * g + 2 * (mu - 1) / 3) / ((mu - 1) * g + (mu + 2) / 3)
    )
    return out


def sphere_poles(
    *, radius_m: float, conductivity_s_m: float, relative_permeability: float, count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slowest relaxations of a sphere.

    Parameters
    ----------
    radius_m, conductivity_s_m, relative_permeability : float
        As in `sphere_polarizability`.
    count : int
        How many.

    Returns
    -------
    tau_s : (count,) float64
        Falling.
    amplitude_m3 : (count,) float64

    Raises
    ------
    ValueError
        When ``count`` is below 1, or a value of the metal is out of range.

    Notes
    -----
    tan d = (mu_r - 1) d / (mu_r - 1 + d^2) has one root in each (n pi, n pi + pi/2);
    tau = mu0 mu_r sigma a^2 / d^2, A = 12 pi a^3 mu_r / [(mu_r + 2)(mu_r - 1) + d^2]. The amplitudes fall as
    1/n^2, so ``count`` leave about 1/count of the high-frequency response out; `sphere_spectrum` puts it back.
    """
    _check_metal(conductivity_s_m, relative_permeability, radius_m=radius_m)
    if count < 1:
        msg = f"count must be at least 1, got {count}"
        raise ValueError(msg)
    mu1 = relative_permeability - 1.0
    d = n_pi = np.pi * np.arange(1, count + 1, dtype=np.float64)
    for _ in range(_POLE_STEPS):  # each ten times as near: the slope is at most 1 / (1 + pi^2)
        d = n_pi + np.arctan(mu1 * d / (mu1 + d * d))
    tau = MU0_H_M * relative_permeability * conductivity_s_m * radius_m**2 / d**2
    amplitude = 12 * np.pi * radius_m**3 * relative_permeability / ((relative_permeability + 2) * mu1 + d * d)
    return tau, amplitude


def sphere_spectrum(*, radius_m: float, conductivity_s_m: float, relative_permeability: float) -> Spectrum:
    """Describe a sphere as about sixty relaxations, within 3e-3 of `sphere_polarizability` at every frequency.

    The slow ones are exact. The fast ones are gathered in groups of nearly equal times, which keep the sum of
    their amplitudes and of amplitude times time, so that both limits of the spectrum are exact.
    """
    tau, amplitude = _gathered_poles(radius_m, conductivity_s_m, relative_permeability)
    eye = np.eye(3)
    return Spectrum(
        static_m3=_sphere_static(radius_m, relative_permeability) * eye,
        amplitude_m3=amplitude[:, None, None] * eye,
        tau_s=tau,
    )


def spheroid_limits(
    *, semi_axis_m: float, polar_semi_axis_m: float, relative_permeability: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Principal polarizabilities of a spheroid at zero and at infinite frequency.

    V (mu_r - 1) / [1 + N_i (mu_r - 1)] and -V / (1 - N_i); exact.

    Returns
    -------
    static_m3, inductive_m3 : (3,) float64
        Along x, y and the axis of revolution z.
    """
    _check_metal(1.0, relative_permeability, semi_axis_m=semi_axis_m, polar_semi_axis_m=polar_semi_axis_m)
    factor = np.array(demagnetisation(semi_axis_m, polar_semi_axis_m))
    volume = 4 / 3 * np.pi * semi_axis_m**2 * polar_semi_axis_m
    mu1 = relative_permeability - 1
    return volume * mu1 / (1 + factor * mu1), -volume / (1 - factor)


def spheroid_spectrum(
    *, semi_axis_m: float, polar_semi_axis_m: float, conductivity_s_m: float, relative_permeability: float
) -> Spectrum:
    """Describe a solid conducting spheroid, axis of revolution z: exact limits and loss, approximate in between.

    Each principal value runs from its exact static to its exact inductive limit with the relaxations of a sphere,
    their times scaled so that the loss in weak eddy currents is exact too: the field inside is uniform,
    H0 / [1 + N_i (mu_r - 1)], and the currents it drives in an ellipsoid's section of semi-axes b and c dissipate
    sum_k T_k tau_k = mu0 sigma V mu_r^2 b^2 c^2 / (b^2 + c^2) / (5 [1 + N_i (mu_r - 1)]^2). Their spread is that
    of the sphere of permeability 1 + 3 N_i (mu_r - 1), at most mu_r, which is demagnetised alike. Equal semi-axes
    give the sphere. A finite-element disc of ratio 0.1, mu_r 32, differs from the spheroid of its radius and
    volume by up to 10 % of the span between the limits across, 12 % along. For test objects, not for real ones.

    Parameters
    ----------
    semi_axis_m, polar_semi_axis_m : float
        Across the axis of revolution, and along it; > 0.
    conductivity_s_m : float
        > 0.
    relative_permeability : float
        >= 1.

    Returns
    -------
    Spectrum
    """
    static, inductive = spheroid_limits(
        semi_axis_m=semi_axis_m,
        polar_semi_axis_m=polar_semi_axis_m,
        relative_permeability=relative_permeability,
    )
    mu1 = relative_permeability - 1
    a2, c2 = semi_axis_m**2, polar_semi_axis_m**2
    volume = 4 / 3 * np.pi * a2 * polar_semi_axis_m
    equatorial, _, polar = demagnetisation(semi_axis_m, polar_semi_axis_m)
    tau, amplitude = [], []
    for factor, section, axes in ((equatorial, a2 * c2 / (a2 + c2), (0, 1)), (polar, a2 / 2, (2,))):
        inside = relative_permeability / (1 + factor * mu1)
        loss = MU0_H_M * conductivity_s_m * volume * inside**2 * section / 5
        alike = 1 + min(1.0, 3 * factor) * mu1
        poles, weight = _gathered_poles(semi_axis_m, conductivity_s_m, alike)
        weight = weight / weight.sum() * (static[axes[0]] - inductive[axes[0]])
        tensor = np.zeros((len(poles), 3, 3))
        for i in axes:
            tensor[:, i, i] = weight
        tau.append(poles * loss / (weight @ poles))
        amplitude.append(tensor)
    return Spectrum(static_m3=np.diag(static), amplitude_m3=np.concatenate(amplitude), tau_s=np.concatenate(tau))


def _gathered_poles(
    radius_m: float, conductivity_s_m: float, relative_permeability: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    tau, amplitude = sphere_poles(
        radius_m=radius_m,
        conductivity_s_m=conductivity_s_m,
        relative_permeability=relative_permeability,
        count=_POLES,
    )
    starts = np.unique(np.rint(_POLES_KEPT * _GROUP_RATIO ** np.arange(0, 200)).astype(int))
    starts = np.concatenate([np.arange(_POLES_KEPT), starts[starts < _POLES]])
    total = np.add.reduceat(amplitude, starts)
    mean = np.add.reduceat(amplitude * tau, starts) / total
    span = _sphere_static(radius_m, relative_permeability) + 2 * np.pi * radius_m**3
    total[-1] += span - total.sum()
    return mean, total


def _sphere_static(radius_m: float, relative_permeability: float) -> float:
    return 4 * np.pi * radius_m**3 * (relative_permeability - 1) / (relative_permeability + 2)


def _langevin_excess(alpha2: ArrayLike) -> NDArray[np.complex128]:
    """(alpha coth alpha - 1) / alpha^2 - 1/3 of alpha^2, by series where |alpha| is small."""
    square = np.asarray(alpha2, dtype=np.complex128)
    small = np.abs(square) < _SERIES_BELOW**2
    x = np.where(small, square, 0.0)
    series = np.zeros_like(x)
    for n in range(_SERIES_TERMS + 1, 1, -1):
        zeta = np.sum(np.arange(1, 200, dtype=np.float64) ** (-2.0 * n)) if n > 2 else np.pi**4 / 90
        series = series * x + 2 * zeta * (-1) ** (n + 1) / np.pi ** (2 * n)
    series = series * x
    big = np.where(small, 1.0, square)
    alpha = np.sqrt(big)
    decay = np.exp(-2 * alpha)
    closed = (alpha * (1 + decay) / (1 - decay) - 1) / big - 1 / 3
    out: NDArray[np.complex128] = np.where(small, series, closed)
    return out


def _check_metal(conductivity_s_m: float, relative_permeability: float, **lengths_m: float) -> None:
    if not (np.isfinite(conductivity_s_m) and conductivity_s_m > 0):
        msg = f"conductivity_s_m must be positive, got {conductivity_s_m}"
        raise ValueError(msg)
    if not (np.isfinite(relative_permeability) and relative_permeability >= 1):
        msg = f"relative_permeability must be at least 1, got {relative_permeability}"
        raise ValueError(msg)
    for name, value in lengths_m.items():
        if not (np.isfinite(value) and value > 0):
            msg = f"{name} must be positive, got {value}"
            raise ValueError(msg)
