"""Fields of a short horizontal dipole above flat soil, near field and all, as integrals over plane waves.

In units of the far field at one metre, time dependence e^{+i omega t}, with the sine u of the angle in air,
w = (1 - u^2)^(1/2) and q = (eps - u^2)^(1/2), both with a falling exponential: a dipole's field along itself is

-(i/2) k int { a_TE / w [J0 - c J2] + a_TM w [J0 + c J2] } u du,  J of k u rho,

c = 1 across the dipole and -1 along it (Chew 1990, chapter 2). For the echo a_TE = (w - q) / (w + q) and
a_TM = (q - eps w) / (q + eps w), each times e^{-ikwZ} over the sum Z of both heights; for the field in the soil
a_TE = 2 w / (w + q) and a_TM = 2 q / (q + eps w), times e^{-ik(wh + qd)}.

The integral runs along the real axis in three pieces, up to 1, up to the refractive index and beyond;
substitutions by sine, cosine and hyperbolic cosine take the square roots out of their ends, and Gauss's rule does
the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

_C0 = 299_792_458.0
_FADED = 25.0
_NODES = 48
_PANEL = 32
_HEIGHT_STEP_M = 0.005
_OFFSET_STEP_M = 0.012
_TOLD = (0.0, 0.125, 0.45, 1.0)
_LOW_PART = 0.1
_ECHO_STEP_M = 0.004
_IMAGE_M = 4.0
"""Of the heights' sum: above it the image is good to better than a hundredth."""
LOWEST_M = 0.003
"""Antennas nearer to the ground are taken to be here."""


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """What the surface lets through, at depths and frequencies asked for.

    Attributes
    ----------
    table : (nd, nh, nr, 2 + 4 b) float64
        Over depth, height and offset: the delay of Fermat's ray, its slope over the offset, and for b frequencies
        the field without that delay times sqrt(offset^2 + (height + depth / index)^2), real and imaginary part,
        first all across the dipole, then all along it.
    low_height_m, height_step_m, offset_step_m
        Heights and offsets (from 0) are even.
    """

    table: Real
    low_height_m: float
    height_step_m: float
    offset_step_m: float


def told(lowest_hz: float, highest_hz: float) -> Real:
    """Frequencies (4,) of a band at which `passage` is tabulated."""
    low = max(lowest_hz, _LOW_PART * highest_hz)
    return low + (highest_hz - low) * np.array(_TOLD)


def between(told_hz: Real, frequency_hz: Real) -> Real:
    """Matrix (b, k) from values at told frequencies to those at all tones: powers of 1 / f, as near fields have.

    Below the lowest of them values stay what they are there.
    """
    powers = np.arange(len(told_hz))
    known = (told_hz[-1] / told_hz)[:, None] ** powers
    wanted = (told_hz[-1] / np.maximum(frequency_hz, told_hz[0]))[:, None] ** powers
    out: Real = np.linalg.solve(known.T, wanted.T)
    return out


def echo(
    frequency_hz: Real, permittivity: Complex, offset_m: float, heights_m: Real, across2: Real | float
) -> Complex:
    """Echo (n, k) of flat ground between dipoles ``offset_m`` apart whose heights add up to ``heights_m`` (n,).

    ``across2`` is the squared cosine between the baseline and the plane across the dipoles.
    """
    low, high = float(heights_m.min()), float(heights_m.max())
    if low > _IMAGE_M:
        return _image(frequency_hz, permittivity, np.hypot(offset_m, heights_m), heights_m, across2)
    count = max(4, int(np.ceil((high - low) / _ECHO_STEP_M)) + 2)
    table = np.linspace(max(low, 2 * LOWEST_M) - 1e-6, high + 1e-6, count)
    c = 2.0 * np.broadcast_to(np.asarray(across2, np.float64), heights_m.shape) - 1.0
    out = np.empty((len(heights_m), len(frequency_hz)), np.complex128)
    path = np.hypot(offset_m, heights_m)
    at = np.clip(heights_m, table[0], table[-1])
    for i, f in enumerate(frequency_hz):
        k = 2 * np.pi * float(f) / _C0
        eps = complex(permittivity[i])
        u, du = _axis(abs(eps) ** 0.5, _FADED / (k * table[0]), k * offset_m, k * high)
        w, q = _falling(1 - u * u), _falling(eps - u * u)
        te = (w - q) / (w + q) / w
        tm = (q - eps * w) / (q + eps * w) * w
        j0, j2 = _bessel(k * offset_m * u)
        parts = np.stack([(te + tm) * j0, (tm - te) * j2]) * (u * du)
        waves = -0.5j * k * (parts @ np.exp(-1j * k * np.outer(w, table)))
        # smooth in height once the image's phase and spreading are taken out
        waves *= np.exp(1j * k * np.hypot(offset_m, table)) * np.hypot(offset_m, table)
        even, odd = _cubic(table, waves.T, at).T
        out[:, i] = (even + c * odd) * np.exp(-1j * k * path) / path
    return out


def passage(
    frequency_hz: Real,
    permittivity: Complex,
    index: float,
    *,
    heights_m: tuple[float, float],
    depths_m: Real,
    farthest_m: float,
) -> Passage:
    """Tabulate what passes into soil of a permittivity (b,) at frequencies (b,), along rays of a real index."""
    from dualsense.simulate._kernels import leg_table  # noqa: PLC0415 - compiled when first needed

    low = max(heights_m[0], LOWEST_M)
    nh = max(4, int(np.ceil((heights_m[1] - low) / _HEIGHT_STEP_M)) + 1)
    step = max(heights_m[1] - low, 1e-3) / (nh - 1)
    height = low + step * np.arange(nh)
    depth = np.maximum(depths_m, 1e-5)
    nr = int(np.ceil(farthest_m / _OFFSET_STEP_M)) + 3
    offset = _OFFSET_STEP_M * np.arange(nr)
    time, slope = leg_table(offset, height, depth, index)
    away = np.sqrt(offset**2 + (height[:, None] + depth[:, None, None] / index) ** 2)
    count = len(frequency_hz)
    table = np.empty((*time.shape, 2 + 4 * count))
    table[..., 0], table[..., 1] = time, slope
    for i, f in enumerate(frequency_hz):
        k = 2 * np.pi * float(f) / _C0
        eps = complex(permittivity[i])
        u, du = _axis(index, index + _FADED / (k * low), k * offset[-1], k * (height[-1] + float(depth.max())))
        w, q = _falling(1 - u * u), _falling(eps - u * u)
        te, tm = 2 / (w + q), 2 * w * q / (q + eps * w)
        down = (np.exp(-1j * k * np.outer(depth, q))[:, None] * np.exp(-1j * k * np.outer(height, w))).reshape(
            -1, len(u)
        )
        j0, j2 = _bessel(k * np.outer(u, offset))
        even = down @ ((u * du * (te + tm))[:, None] * j0)
        odd = down @ ((u * du * (tm - te))[:, None] * j2)
        scale = -0.5j * k * away * np.exp(1j * k * _C0 * time)
        for side, c in enumerate((1.0, -1.0)):
            field = scale * (even + c * odd).reshape(time.shape)
            at = 2 + 2 * (side * count + i)
            table[..., at], table[..., at + 1] = field.real, field.imag
    return Passage(table, low, step, _OFFSET_STEP_M)


def _image(
    frequency_hz: Real, permittivity: Complex, path_m: Real, heights_m: Real, across2: Real | float
) -> Complex:
    """Mirror the transmitter, and weigh with Fresnel's coefficients: the limit of great heights."""
    w = (heights_m / path_m)[:, None]
    q = _falling(permittivity - 1 + w**2)
    te, tm = (w - q) / (w + q), (q - permittivity * w) / (q + permittivity * w)
    across = np.broadcast_to(np.asarray(across2, np.float64), heights_m.shape)[:, None]
    wave = np.exp(-2j * np.pi / _C0 * np.outer(path_m, frequency_hz)) / path_m[:, None]
    out: Complex = (across * te + (1 - across) * w**2 * tm) * wave
    return out


def _axis(index: float, reach: float, swing: float, fall: float) -> tuple[Real, Real]:
    """Nodes and weights along u up to ``reach``.

    Bessel functions turn by ``swing`` per unit of u, waves by ``fall`` per unit of w and q.
    """
    index = max(index, 1.0 + 1e-6)
    x, weight = _gauss(_NODES + int((swing + fall) / 2))
    s = 0.25 * np.pi * (x + 1)
    pieces = [(np.sin(s), 0.25 * np.pi * weight * np.cos(s))]
    x, weight = _gauss(_NODES + int((swing * (index - 1) + fall * index) / 2))
    s = 0.5 * np.pi * (x + 1)
    half = 0.5 * (index - 1)
    pieces.append((1 + half * (1 - np.cos(s)), 0.5 * np.pi * weight * half * np.sin(s)))
    most = float(np.arccosh(max(reach / index, 1.5)))
    x, weight = _gauss(_NODES + int(0.7 * swing * max(reach - index, 0.0)))
    s = 0.5 * most * (x + 1)
    pieces.append((index * np.cosh(s), 0.5 * most * weight * index * np.sinh(s)))
    u, du = (np.concatenate(part) for part in zip(*pieces, strict=True))
    return u, du


def _falling(square: Any) -> Complex:
    """Root whose wave falls off away from the source: imaginary part not positive."""
    root: Complex = np.sqrt(np.asarray(square, np.complex128))
    return np.where(root.imag > 0, -root, root)


def _bessel(x: Real) -> tuple[Real, Real]:
    from scipy.special import j0, j1  # noqa: PLC0415 - slow to import

    zero, safe = j0(x), np.where(x > 1e-6, x, 1.0)
    return zero, np.where(x > 1e-6, 2 * j1(safe) / safe - zero, 0.0)


def _cubic(x: Real, values: Complex, at: Real) -> Complex:
    from scipy.interpolate import CubicSpline  # noqa: PLC0415 - slow to import

    out: Complex = CubicSpline(x, values)(at)
    return out


@cache
def _panel() -> tuple[Real, Real]:
    x, weight = np.polynomial.legendre.leggauss(_PANEL)
    return x, weight


def _gauss(nodes: int) -> tuple[Real, Real]:
    """Gauss-Legendre on [-1, 1] in panels of 32 nodes: a rule of a thousand takes seconds to find."""
    panels = -(-nodes // _PANEL)
    x, weight = _panel()
    middle = (2 * np.arange(panels) + 1) / panels - 1
    return (middle[:, None] + x / panels).ravel(), np.tile(weight / panels, panels)
