"""What magnetic and conducting ground adds to the coupling of two horizontal coils.

The ground is a half-space below z = 0. The received response is V/I = -Delta Z.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import MU0_H_M
from dualsense.induction._field import Coil, mutual_inductance

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_NODES = 16
_DECAY = 42.0
"""The integral is cut where e^(-lambda (h + h')) falls below e^-42, 6e-19 of its start."""
_CHUNK = 1 << 21


def half_space_coupling(
    *,
    frequency_hz: ArrayLike,
    tx_radius_m: float,
    rx_radius_m: float,
    tx_height_m: ArrayLike,
    rx_height_m: ArrayLike,
    offset_m: ArrayLike = 0.0,
    susceptibility: ArrayLike = 0.0,
    conductivity_s_m: ArrayLike = 0.0,
) -> NDArray[np.complex128]:
    """Mutual impedance that a homogeneous half-space adds between two horizontal single-turn loops.

    Delta Z = i omega mu0 pi a b int r J1(l a) J1(l b) J0(l R) exp(-l (h + h')) dl with
    r = (mu_r l - u) / (mu_r l + u), u^2 = l^2 + i omega mu0 mu_r sigma (quasi-static).

    Parameters
    ----------
    frequency_hz, tx_height_m, rx_height_m, offset_m, susceptibility, conductivity_s_m : array_like
        Broadcast against each other. Heights are above the ground, their sum > 0; ``offset_m`` is the horizontal
        distance of the axes. The susceptibility is complex, chi' - i chi'', for lossy (viscous) soil.
    tx_radius_m, rx_radius_m : float

    Returns
    -------
    complex128 ndarray of the broadcast shape
        Ohm. The received response is its negative, V/A.

    Raises
    ------
    ValueError
        A height sum that is not positive, or a frequency or conductivity that is negative.

    Notes
    -----
    Composite Gauss-Legendre, in panels that follow the oscillation of the Bessel functions and are graded
    towards zero, where a weak conductor's reflection coefficient lives. mu_r l - u is multiplied out, since for
    soil it is a small difference of large numbers.
    """
    arrays = np.broadcast_arrays(
        np.asarray(frequency_hz, dtype=np.float64),
        np.asarray(tx_height_m, dtype=np.float64) + np.asarray(rx_height_m, dtype=np.float64),
        np.asarray(offset_m, dtype=np.float64),
        np.asarray(susceptibility, dtype=np.complex128),
        np.asarray(conductivity_s_m, dtype=np.float64),
    )
    shape = arrays[0].shape
    frequency, height, offset, chi, sigma = (np.ravel(a) for a in arrays)
    if np.any(~(height > 0)):
        msg = f"tx_height_m + rx_height_m must be positive, got {np.min(height)}"
        raise ValueError(msg)
    if np.any(~(frequency >= 0)) or np.any(~(sigma >= 0)):
        msg = f"frequency_hz and conductivity_s_m must not be negative, got {np.min(frequency)}, {np.min(sigma)}"
        raise ValueError(msg)
    out = np.zeros(frequency.shape, dtype=np.complex128)
    if not out.size:
        return out.reshape(shape)

    from scipy.special import j0, j1  # noqa: PLC0415 - scipy is slow to import and only needed here

    reach = tx_radius_m + rx_radius_m + float(np.max(np.abs(offset)))
    node, weight = quadrature(_DECAY / float(np.min(height)), np.pi / reach)
    weight = weight * j1(node * tx_radius_m) * j1(node * rx_radius_m)
    k2 = 2j * np.pi * frequency * MU0_H_M * (1 + chi) * sigma
    step = max(1, _CHUNK // len(node))
    for start in range(0, len(out), step):
        part = slice(start, start + step)
        c, k = chi[part, None], k2[part, None]
        denominator = (1 + c) * node + np.sqrt(node**2 + k)
        reflection = (node**2 * c * (2 + c) - k) / denominator**2
        radial = j0(node * offset[part, None]) * np.exp(-node * height[part, None])
        out[part] = np.sum(weight * radial * reflection, axis=1)
    out *= 2j * np.pi * frequency * MU0_H_M * np.pi * tx_radius_m * rx_radius_m
    return out.reshape(shape)


def magnetic_image_coupling(
    tx: Coil, rx: Coil, *, frequency_hz: ArrayLike, susceptibility: ArrayLike
) -> NDArray[np.complex128]:
    """Mutual impedance that non-conducting magnetic ground adds: an exact image, for any tilt of the coils.

    Delta Z = i omega chi / (2 + chi) M(image of the transmitter, receiver). The image is the transmitter
    mirrored in z = 0 with its horizontal currents kept, so its axis (nx, ny, nz) becomes (-nx, -ny, nz).

    Parameters
    ----------
    tx, rx : Coil
        Above the ground, z > 0.
    frequency_hz, susceptibility : array_like
        Broadcast against each other.

    Returns
    -------
    complex128 ndarray of the broadcast shape
        Ohm.

    Raises
    ------
    ValueError
        A coil that is not wholly above the ground.
    """
    for coil in (tx, rx):
        nx, ny, nz = coil.axis
        dip = coil.radius_m * np.hypot(nx, ny) / np.sqrt(nx * nx + ny * ny + nz * nz)
        if not coil.center_m[2] > dip:
            msg = f"coil must be above the ground, got {coil}"
            raise ValueError(msg)
    x, y, z = tx.center_m
    nx, ny, nz = tx.axis
    image = Coil(radius_m=tx.radius_m, center_m=(x, y, -z), axis=(-nx, -ny, nz), turns=tx.turns)
    omega = 2 * np.pi * np.asarray(frequency_hz, dtype=np.float64)
    chi = np.asarray(susceptibility, dtype=np.complex128)
    out: NDArray[np.complex128] = np.asarray(1j * omega * chi / (2 + chi) * mutual_inductance(image, rx))
    return out


def viscous_susceptibility(
    frequency_hz: ArrayLike, *, reference: complex, reference_hz: float
) -> NDArray[np.complex128]:
    """Susceptibility of soil with relaxation times spread log-uniformly over and beyond the band.

    chi'' is constant and chi' falls by F = 2 chi'' / pi per unit of ln omega, so one complex value at one
    frequency gives all: chi = chi_ref - F ln(f / f_ref).

    Parameters
    ----------
    frequency_hz : array_like
        > 0.
    reference : complex
        chi' - i chi'' at ``reference_hz``.
    reference_hz : float

    Returns
    -------
    complex128 ndarray of the frequencies' shape
    """
    slope = -2 * complex(reference).imag / np.pi
    ratio = np.log(np.asarray(frequency_hz, dtype=np.float64) / reference_hz)
    out: NDArray[np.complex128] = np.asarray(complex(reference) - slope * ratio)
    return out


def log_uniform_susceptibility(
    frequency_hz: ArrayLike, *, static: float, tau_min_s: float, tau_max_s: float
) -> NDArray[np.complex128]:
    """Susceptibility of soil whose relaxation times are log-uniform between two limits.

    chi = chi_0 [1 - ln((1 + i omega tau_max) / (1 + i omega tau_min)) / ln(tau_max / tau_min)] (Lee 1984; Ignetik
    and others 1985). Well inside the limits it is `viscous_susceptibility`, with
    chi'' = (pi/2) chi_0 / ln(tau_max / tau_min).

    Parameters
    ----------
    frequency_hz : array_like
        >= 0.
    static : float
        chi_0, at zero frequency.
    tau_min_s, tau_max_s : float

    Returns
    -------
    complex128 ndarray of the frequencies' shape

    Raises
    ------
    ValueError
        When the times are not positive and rising.
    """
    if not 0 < tau_min_s < tau_max_s < np.inf:
        msg = f"relaxation times need 0 < tau_min_s < tau_max_s, got {tau_min_s} and {tau_max_s}"
        raise ValueError(msg)
    s = 2j * np.pi * np.asarray(frequency_hz, dtype=np.float64)
    fallen = (np.log1p(s * tau_max_s) - np.log1p(s * tau_min_s)) / np.log(tau_max_s / tau_min_s)
    out: NDArray[np.complex128] = np.asarray(static * (1 - fallen))
    return out


def quadrature(stop: float, panel: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights on [0, stop]: Gauss-Legendre in panels of about ``panel``, the first graded towards 0."""
    count = int(np.ceil(stop / panel))
    graded = (stop / count) * 2.0 ** np.arange(-30, 0)
    edges = np.concatenate([[0.0], graded, stop / count * np.arange(1, count + 1)])
    x, w = np.polynomial.legendre.leggauss(_NODES)
    half = 0.5 * np.diff(edges)
    middle = 0.5 * (edges[1:] + edges[:-1])
    return (middle[:, None] + half[:, None] * x).ravel(), (half[:, None] * w).ravel()
