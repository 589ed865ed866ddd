"""Horizontal layers of conducting, magnetic and viscous soil under two horizontal coils, in both domains.

One function of the Laplace variable s serves frequencies (s = i omega) and pulses (numerical inversion): the
mutual inductance L(s) that the ground adds, Delta Z = s L(s). The top of the ground is z = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import MU0_H_M
from dualsense.induction._ground import quadrature
from dualsense.induction._waveform import gate_nodes, off_gates, recent_changes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from dualsense.induction._waveform import Current

_DECAY = 42.0
_TALBOT = 22
_RAMP_NODES = 16
_CHEBYSHEV, _CHEBYSHEV_PER_E = 24, 9
_PERIODS, _FADE, _FADE_WIDTH = 15, 7.2, 1.2
"""Of a train: how many, and where the past fades out, in periods."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A horizontal layer of soil.

    Attributes
    ----------
    thickness_m
        Of the last layer it is not used, and may be infinite.
    conductivity_s_m
        >= 0.
    susceptibility
        Real part at ``reference_hz``.
    viscosity
        chi'' (SI, >= 0), constant over the band; chi' falls by 2/pi of it per unit of ln f.
    reference_hz
        > 0.

    Raises
    ------
    ValueError
        A value outside of these bounds, or a susceptibility of -1 or less.
    """

    thickness_m: float = np.inf
    conductivity_s_m: float = 0.0
    susceptibility: float = 0.0
    viscosity: float = 0.0
    reference_hz: float = 1e4

    def __post_init__(self) -> None:
        if not self.thickness_m > 0:
            msg = f"thickness_m must be positive, got {self.thickness_m}"
            raise ValueError(msg)
        if not (0 <= self.conductivity_s_m < np.inf and 0 <= self.viscosity < np.inf and self.susceptibility > -1):
            msg = (
                "conductivity_s_m and viscosity must not be negative, susceptibility be over -1, got "
                f"{self.conductivity_s_m}, {self.viscosity}, {self.susceptibility}"
            )
            raise ValueError(msg)
        if not (np.isfinite(self.reference_hz) and self.reference_hz > 0):
            msg = f"reference_hz must be positive, got {self.reference_hz}"
            raise ValueError(msg)


def layered_reflection(
    wavenumber_rad_m: ArrayLike, laplace_rad_s: ArrayLike, layers: Sequence[Layer]
) -> NDArray[np.complex128]:
    """Reflection coefficient of the ground for the field of a horizontal loop (TE).

    Parameters
    ----------
    wavenumber_rad_m, laplace_rad_s : array_like
        Horizontal wavenumber > 0 and s (i omega), complex, off the negative real axis; broadcast.
    layers : sequence of Layer
        From the top down.

    Returns
    -------
    complex128 ndarray of the broadcast shape
        +1 for infinite permeability, -1 for infinite conductivity.

    Raises
    ------
    ValueError
        When there is no layer, or one above the last has no end.

    Notes
    -----
    From the bottom up, R_j = (rho_j + R_(j+1) e^(-2 u d)) / (1 + rho_j R_(j+1) e^(-2 u d)), with
    u_j^2 = lambda^2 + s mu0 mu_j sigma_j and rho_j of the interface above layer j multiplied out, since for soil
    it is a small difference of large numbers. chi(s) = chi_ref - (2 chi''/pi) ln(s / omega_ref).
    """
    if not layers:
        msg = "layers must not be empty, got none"
        raise ValueError(msg)
    if not all(np.isfinite(layer.thickness_m) for layer in layers[:-1]):
        msg = f"only the last layer may be without end, got {layers}"
        raise ValueError(msg)
    lam = np.asarray(wavenumber_rad_m, dtype=np.float64)
    s = np.asarray(laplace_rad_s, dtype=np.complex128)
    medium: list[tuple[NDArray[np.complex128], float]] = [(np.zeros((), dtype=np.complex128), 0.0)]  # air
    for layer in layers:
        chi = np.full(s.shape, layer.susceptibility, dtype=np.complex128)
        if layer.viscosity > 0:
            chi = chi - 2 / np.pi * layer.viscosity * np.log(s / (2 * np.pi * layer.reference_hz))
        medium.append((chi, layer.conductivity_s_m))
    below: NDArray[np.complex128] = np.zeros((), dtype=np.complex128)
    root_below = _root(lam, s, *medium[-1])
    for j in range(len(layers), 0, -1):
        (chi_up, sigma_up), (chi, sigma) = medium[j - 1], medium[j]
        root_up = _root(lam, s, chi_up, sigma_up)
        mu_up, mu = 1 + chi_up, 1 + chi
        top = lam**2 * (chi - chi_up) * (2 + chi + chi_up) + s * MU0_H_M * mu * mu_up * (
            mu * sigma_up - mu_up * sigma
        )
        rho = top / (mu * root_up + mu_up * root_below) ** 2
        if j < len(layers):
            below = below * np.exp(-2 * root_below * layers[j - 1].thickness_m)
        below, root_below = (rho + below) / (1 + rho * below), root_up
    out: NDArray[np.complex128] = np.asarray(below)
    return out


def layered_inductance(
    *,
    laplace_rad_s: ArrayLike,
    tx_radius_m: float,
    rx_radius_m: float,
    height_sum_m: ArrayLike,
    layers: Sequence[Layer],
    offset_m: float = 0.0,
) -> NDArray[np.complex128]:
    """Mutual inductance L(s) that the ground adds between two horizontal single-turn loops.

    L = mu0 pi a b int R J1(l a) J1(l b) J0(l x) exp(-l (h + h')) dl.

    Parameters
    ----------
    laplace_rad_s : (k,) complex array_like
        s; i omega for a frequency.
    tx_radius_m, rx_radius_m : float
        a and b, of the loops.
    height_sum_m : (m,) array_like
        h + h' > 0, the sum of both heights over the ground.
    layers : sequence of Layer
        From the top down; the last one reaches down without end.
    offset_m : float
        Horizontal distance of the coils' axes.

    Returns
    -------
    (m, k) complex128
        H.

    Raises
    ------
    ValueError
        When a height or a radius is not positive, or the layers are not as in `layered_reflection`.

    Notes
    -----
    Composite Gauss-Legendre in panels that follow the Bessel functions and are graded towards zero. The heights
    of a whole track share the reflection coefficient, so they cost one matrix product.
    """
    s = np.atleast_1d(np.asarray(laplace_rad_s, dtype=np.complex128))
    height = np.atleast_1d(np.asarray(height_sum_m, dtype=np.float64))
    if np.any(~(height > 0)):
        msg = f"height_sum_m must be positive, got {height.min()}"
        raise ValueError(msg)
    for name, value in (("tx_radius_m", tx_radius_m), ("rx_radius_m", rx_radius_m)):
        if not (np.isfinite(value) and value > 0):
            msg = f"{name} must be positive, got {value}"
            raise ValueError(msg)

    from scipy.special import j0, j1  # noqa: PLC0415 - scipy is slow to import and only needed here

    node, weight = quadrature(_DECAY / float(height.min()), np.pi / (tx_radius_m + rx_radius_m + abs(offset_m)))
    weight = weight * j1(node * tx_radius_m) * j1(node * rx_radius_m) * j0(node * offset_m)
    inside = weight[:, None] * layered_reflection(node[:, None], s, layers)
    out: NDArray[np.complex128] = np.exp(-height[:, None] * node) @ inside
    return MU0_H_M * np.pi * tx_radius_m * rx_radius_m * out


def layered_coupling(
    *,
    frequency_hz: ArrayLike,
    tx_radius_m: float,
    rx_radius_m: float,
    height_sum_m: ArrayLike,
    layers: Sequence[Layer],
    offset_m: float = 0.0,
) -> NDArray[np.complex128]:
    """Mutual impedance Delta Z (m, k) in ohm that layered ground adds; the received response is its negative.

    Parameters
    ----------
    frequency_hz : (k,) array_like
        > 0.
    height_sum_m, layers, offset_m, tx_radius_m, rx_radius_m
        As in `layered_inductance`.

    Returns
    -------
    (m, k) complex128
        Ohm, one row per height.

    Raises
    ------
    ValueError
        When a frequency is not positive, or as in `layered_inductance`.
    """
    frequency = np.atleast_1d(np.asarray(frequency_hz, dtype=np.float64))
    if np.any(~(frequency > 0)):
        msg = f"frequency_hz must be positive, got {frequency.min()}"
        raise ValueError(msg)
    s = 2j * np.pi * frequency
    return s * layered_inductance(
        laplace_rad_s=s,
        tx_radius_m=tx_radius_m,
        rx_radius_m=rx_radius_m,
        height_sum_m=height_sum_m,
        layers=layers,
        offset_m=offset_m,
    )


def layered_gates(
    *,
    gate_time_s: ArrayLike,
    current: Current,
    tx_radius_m: float,
    rx_radius_m: float,
    height_sum_m: ArrayLike,
    layers: Sequence[Layer],
    offset_m: float = 0.0,
) -> NDArray[np.float64]:
    """Mean voltage over gates that layered ground adds after a current: (m, g) V.

    Parameters
    ----------
    gate_time_s : (g, 2) array_like
        After the current has ended.
    current : Current
        Of the transmitter.
    height_sum_m, layers, offset_m, tx_radius_m, rx_radius_m
        As in `layered_inductance`.

    Returns
    -------
    (m, g) float64
        V, one row per height.

    Raises
    ------
    ValueError
        When gates begin before the current has ended or end before they start, or as in `layered_inductance`.

    Notes
    -----
    The impulse response is the inverse Laplace transform of L(s) on Talbot's contour (Weideman 2006), taken at
    Chebyshev points of ln t and interpolated to the lags that gates and ramps need.

    References
    ----------
    Weideman, J. A. C. (2006). Optimizing Talbot's contours for the inversion of the Laplace transform. SIAM
    Journal on Numerical Analysis 44, 2342-2362.
    """
    gates = off_gates(gate_time_s, current)
    first = float(current.time_s[-1])
    if np.any(~(gates[:, 0] > first)):
        msg = f"gates must start after the current has ended at {first} s, got {gates[:, 0].min()}"
        raise ValueError(msg)
    lag, part = _lags(gates, first, current)
    low, high = float(np.log(lag.min())), float(np.log(lag.max())) + 1e-9
    count = _CHEBYSHEV + int(_CHEBYSHEV_PER_E * (high - low))
    place = np.cos(np.pi * (np.arange(count) + 0.5) / count)
    times = np.exp(low + 0.5 * (high - low) * (place + 1))
    theta = np.pi * (2 * np.arange(_TALBOT // 2) + 1) / _TALBOT
    z = _TALBOT * (0.5017 * theta / np.tan(0.6407 * theta) - 0.6122 + 0.2645j * theta)
    slope = _TALBOT * (
        0.5017 / np.tan(0.6407 * theta) - 0.5017 * 0.6407 * theta / np.sin(0.6407 * theta) ** 2 + 0.2645j
    )
    inductance = layered_inductance(
        laplace_rad_s=(z / times[:, None]).ravel(),
        tx_radius_m=tx_radius_m,
        rx_radius_m=rx_radius_m,
        height_sum_m=height_sum_m,
        layers=layers,
        offset_m=offset_m,
    ).reshape(-1, count, theta.size)
    # f(t) = (1 / 2 pi i) int e^(st) F ds, both halves of the contour by symmetry; times t, which varies least
    impulse_t = 2 / _TALBOT * np.imag(inductance @ (np.exp(z) * slope))
    transform = 2 / count * np.cos(np.outer(np.arange(count), np.arccos(place)))
    transform[0] *= 0.5
    # V = -d(L * I)/dt: the impulse response of L to every change of the current, with its sign turned. What gates
    # and ramps do to each Chebyshev polynomial is the same at all heights
    at = np.clip(2 * (np.log(lag) - low) / (high - low) - 1, -1, 1)
    seen = np.empty((len(gates), count))
    older, old = at, np.ones_like(at)
    for k in range(count):
        seen[:, k] = np.sum(part * old, axis=1)
        older, old = old, 2 * at * old - older
    out: NDArray[np.float64] = impulse_t @ transform.T @ seen.T
    return out


def _lags(
    gates: NDArray[np.float64], first: float, current: Current
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lags (g, n) at which an impulse response t h(t) is needed, and the weight of each: the voltage is their sum.

    The past of a train fades out over some periods: what oscillates about zero sums to the same, to 1e-9.
    """
    t, weight = gate_nodes(gates - first)
    node, node_weight = np.polynomial.legendre.leggauss(_RAMP_NODES)
    lags, parts = [], []
    period = current.period_s or 0.0
    for n in range(_PERIODS if period else 1):
        for stop, lasts, change in zip(*recent_changes(current), strict=True):
            ago = t + (first - stop + n * period)
            if lasts > 0:  # the mean over a ramp, in ln of the lag
                half = 0.5 * np.log1p(lasts / ago)[..., None]
                lag = ago[..., None] * np.exp(half * (1 + node))
                part = half * node_weight / lasts * weight[..., None]
            else:
                lag, part = ago[..., None], (weight / ago)[..., None]
            lags.append(lag.reshape(len(gates), -1))
            parts.append(-change * part.reshape(len(gates), -1))
    lag, part = np.concatenate(lags, axis=1), np.concatenate(parts, axis=1)
    if period:
        from scipy.special import erfc  # noqa: PLC0415 - scipy is slow to import and only needed here

        part = part * 0.5 * erfc((lag / period - _FADE) / (np.sqrt(2) * _FADE_WIDTH))
    return lag, part


def _root(
    lam: NDArray[np.float64], s: NDArray[np.complex128], chi: NDArray[np.complex128], sigma: float
) -> NDArray[np.complex128]:
    if sigma == 0:
        return np.asarray(lam, dtype=np.complex128)
    return np.asarray(np.sqrt(lam**2 + s * MU0_H_M * (1 + chi) * sigma))
