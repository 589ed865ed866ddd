"""Two short dipoles above flat ground: the wave between them, and what the ground sends back, near field and all.

Fields are those of a horizontal dipole at a parallel one, in units of the far field at one metre: multiplied by
-i omega mu0 I l / 4 pi they are volts per metre. Time dependence e^{+i omega t}. The ground's echo is Sommerfeld's
integral over plane waves, each with Fresnel's coefficient, of either polarisation (Chew 1990, chapter 2):

G = -(i/2) k int { r_TE / w [J0 - c J2] + w r_TM [J0 + c J2] } e^{-2 i k w h} u du,  w = (1 - u^2)^(1/2),

with J of k u d for a distance d, and c = 1 - 2 cos^2 of the angle between dipoles and baseline. The path of u
bends into the upper half plane, away from the branch points and poles, which e^{+i omega t} puts below the real
axis.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.numerics import bessel_0_2

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

ARCH = 0.35
"""How far the path of integration rises above the real axis."""
DECAY = 20.0
"""The integral is broken off where its waves have faded by e^-20."""
NEWTON_STEPS = 6


def direct_field(frequency_hz: Real, distance_m: float | Real, *, along: float | Real = 0.0) -> Complex:
    """Field of a short dipole at a parallel one in free space.

    e^{-ikr}/r [(1 - i/kr - 1/(kr)^2) - a^2 (1 - 3i/kr - 3/(kr)^2)] (Balanis 2016, section 4.2).

    Parameters
    ----------
    frequency_hz, distance_m
        Broadcast against each other.
    along
        Cosine a of the angle between dipoles and baseline; 0 for dipoles side by side.

    Returns
    -------
    complex128
        Of the shape that frequencies and distances have together.

    References
    ----------
    Balanis, C. A. (2016). Antenna Theory: Analysis and Design, 4th edition, section 4.2. Wiley.
    """
    kr = 2.0 * np.pi * frequency_hz / C0_M_S * distance_m
    near = (1.0 - 1j / kr - kr**-2) - np.square(along) * (1.0 - 3j / kr - 3.0 * kr**-2)
    field: Complex = np.exp(-1j * kr) / distance_m * near
    return field


def reflected_field(
    frequency_hz: Real,
    height_m: Real,
    permittivity: Complex,
    *,
    distance_m: float,
    along: float = 0.0,
) -> Complex:
    """Echo of a flat half-space, exact to about 1e-6 of the echo.

    Parameters
    ----------
    frequency_hz : (k,)
    height_m : (h,)
        Of both dipoles above the ground, positive.
    permittivity : (e, k) or (e, 1)
        Relative, complex, eps - i sigma/(omega eps0): the imaginary part must not be positive.
    distance_m
        Of the dipoles from each other, at least 0.
    along
        Cosine of the angle between dipoles and baseline.

    Returns
    -------
    (e, k, h) complex128

    Raises
    ------
    ValueError
        When a height is not positive, or the ground would amplify.

    References
    ----------
    Chew, W. C. (1990). Waves and Fields in Inhomogeneous Media, chapter 2. Van Nostrand Reinhold.
    """
    if not (height_m > 0.0).all():
        msg = f"antennas must be above the ground, got a height of {height_m.min()} m"
        raise ValueError(msg)
    if (permittivity.imag > 0.0).any():
        msg = f"the imaginary part of the permittivity must not be positive, got {permittivity.imag.max()}"
        raise ValueError(msg)
    wide = np.broadcast_to(permittivity, (permittivity.shape[0], frequency_hz.size))
    c = 1.0 - 2.0 * along**2
    out = np.empty((wide.shape[0], frequency_hz.size, height_m.size), np.complex128)
    for i, f in enumerate(frequency_hz):
        k = 2.0 * np.pi * float(f) / C0_M_S
        bend = float(np.sqrt(np.abs(wide[:, i]).clip(1.0, 100.0).max())) + 1.0
        reach = DECAY / (2.0 * k * float(height_m.min()))
        u, du = _path(bend, reach, 48 + round(k * distance_m * reach))
        # with w = -i a above the ground and w' = -i b within, both roots have a positive real part
        a, b = np.sqrt(u * u - 1.0), np.sqrt(u * u - wide[:, i, None])
        j0, j2 = bessel_0_2(k * distance_m * u)
        te = (a - b) / (a + b)
        scaled = wide[:, i, None] * a
        tm = (b - scaled) / (b + scaled)
        weight = u * du
        waves = te * (weight * (j0 - c * j2) / a) - tm * (weight * a * (j0 + c * j2))
        out[:, i] = 0.5 * k * (waves @ np.exp(-2.0 * k * a[:, None] * height_m))
    return out


def mirrored_field(
    frequency_hz: Real, height_m: Real, permittivity: Complex, *, distance_m: float, along: float = 0.0
) -> Complex:
    """Echo as that of the mirrored dipole times Fresnel's coefficient at its angle: the limit of great height.

    For dipoles side by side (``along`` 0), whose field lies across the plane of incidence, and for dipoles in
    line, where it lies within. At a height of a wave it is 2 % off, at a sixth of a wave a third.

    Parameters
    ----------
    frequency_hz, height_m, permittivity, distance_m, along
        As for :func:`reflected_field`.

    Returns
    -------
    (e, k, h) complex128
    """
    path = np.hypot(distance_m, 2.0 * height_m)
    cos = 2.0 * height_m / path
    eps = np.broadcast_to(permittivity, (permittivity.shape[0], frequency_hz.size))[:, :, None]
    inside = np.sqrt(eps - 1.0 + cos**2)
    te = (cos - inside) / (cos + inside)
    tm = (inside - eps * cos) / (inside + eps * cos)
    coefficient = (1.0 - along**2) * te + along**2 * tm
    echo: Complex = coefficient * direct_field(frequency_hz[:, None], path, along=along * distance_m / path)
    return echo


def _path(bend: float, reach: float, tail_nodes: int) -> tuple[Complex, Complex]:
    """Nodes and weights: an arch from 0 over the branch points to ``bend``, then along the axis by ``reach``."""
    x, weight = _gauss(32 + round(16 * bend))
    s = 0.5 * (x + 1.0)
    arch = bend * s + 1j * ARCH * np.sin(np.pi * s)
    d_arch = (bend + 1j * np.pi * ARCH * np.cos(np.pi * s)) * 0.5 * weight
    x, weight = _gauss(tail_nodes)
    rate = np.log1p(reach / bend)
    tail = bend * np.exp(0.5 * rate * (x + 1.0))
    return np.concatenate([arch, tail]), np.concatenate([d_arch, tail * 0.5 * rate * weight])


@cache
def _gauss(nodes: int) -> tuple[Real, Real]:
    """Gauss and Legendre's nodes and weights on [-1, 1], by Newton's method on the polynomial.

    From Tricomi's estimate it arrives in a few steps; the eigenvalues of NumPy's cost ten times as much.
    """
    order = np.arange(1, nodes + 1)
    x = -(1.0 - (nodes - 1.0) / (8.0 * nodes**3)) * np.cos(np.pi * (order - 0.25) / (nodes + 0.5))
    slope = np.ones(nodes)
    for _ in range(NEWTON_STEPS):
        before, value = np.ones(nodes), x
        for n in range(2, nodes + 1):
            before, value = value, ((2.0 * n - 1.0) * x * value - (n - 1.0) * before) / n
        slope = nodes * (x * value - before) / (x * x - 1.0)
        step = value / slope
        x = x - step
        if np.abs(step).max() < 1e-15:
            break
    return x, 2.0 / ((1.0 - x * x) * slope * slope)
