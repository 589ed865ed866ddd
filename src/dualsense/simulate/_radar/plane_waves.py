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
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.simulate._radar.stack import decaying_root, reflection, transmission

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._radar.stack import Stack

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

_FADED = 25.0
_NODES = 48
_PANEL = 32
_HEIGHT_STEP_M = 0.005
_OFFSET_STEP_M = 0.012
_TABLE_PARTS = (0.0, 0.125, 0.45, 1.0)
_LOW_PART = 0.1
_ECHO_STEP_M = 0.004
_MOST_BOUNCES = 12
_BOUNCE_LOSS = 0.3
"""At most of each further bounce, by spreading and the ground."""
_FAINT = 1e-4
_IMAGE_M = 4.0
"""Of the heights' sum: above it the image is good to better than a hundredth."""
LOWEST_M = 0.003
"""Antennas nearer to the ground are taken to be here."""


@dataclass(frozen=True, slots=True, eq=False)
class TransmissionTable:
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


def table_frequencies(lowest_hz: float, highest_hz: float) -> Real:
    """Frequencies (4,) of a band at which `tabulate_transmission` is tabulated."""
    low = max(lowest_hz, _LOW_PART * highest_hz)
    return low + (highest_hz - low) * np.array(_TABLE_PARTS)


def interpolation_matrix(table_hz: Real, frequency_hz: Real) -> Real:
    """Matrix (b, k) from values at told frequencies to those at all tones: powers of 1 / f, as near fields have.

    Below the lowest of them values stay what they are there.
    """
    powers = np.arange(len(table_hz))
    known = (table_hz[-1] / table_hz)[:, None] ** powers
    wanted = (table_hz[-1] / np.maximum(frequency_hz, table_hz[0]))[:, None] ** powers
    out: Real = np.linalg.solve(known.T, wanted.T)
    return out


def surface_echo(
    frequency_hz: Real,
    ground: Stack,
    offset_m: float,
    heights_m: Real,
    across2: Real | float,
    *,
    head: float = 0.0,
) -> Complex:
    """Echo (n, k) of flat ground between dipoles ``offset_m`` apart whose heights add up to ``heights_m`` (n,).

    Each time that a wave goes to and fro between the ground and a reflecting head it is an echo of its own, of the
    ground's coefficient to the power of its bounces there.

    Parameters
    ----------
    frequency_hz : (k,)
        Tones.
    ground
        Layers at these.
    offset_m
        Horizontal distance of the dipoles.
    heights_m : (n,)
        Sum of both heights in each sounding.
    across2 : (n,) or float
        Squared cosine between the baseline and the plane across the dipoles.
    head
        Reflection coefficient of a plane at the antennas' mean height.

    Returns
    -------
    (n, k) complex128
        In units of the far field at one metre.

    References
    ----------
    W. C. Chew, Waves and Fields in Inhomogeneous Media, 1990, chapter 2.
    """
    out = np.zeros((len(heights_m), len(frequency_hz)), np.complex128)
    for bounce in range(_MOST_BOUNCES):
        left = head**bounce
        if abs(left) * _BOUNCE_LOSS**bounce < _FAINT:
            break
        heights = (bounce + 1) * heights_m
        part = _image if heights.min() > _IMAGE_M else _waves
        out += left * part(frequency_hz, ground, offset_m, heights, across2, bounce + 1)
    return out


def _waves(
    frequency_hz: Real, ground: Stack, offset_m: float, heights_m: Real, across2: Real | float, power: int
) -> Complex:
    """Sum plane waves, the ground's coefficient to a power."""
    low, high = float(heights_m.min()), float(heights_m.max())
    count = max(4, int(np.ceil((high - low) / _ECHO_STEP_M)) + 2)
    table = np.linspace(max(low, 2 * LOWEST_M) - 1e-6, high + 1e-6, count)
    c = 2.0 * np.broadcast_to(np.asarray(across2, np.float64), heights_m.shape) - 1.0
    at = np.clip(heights_m, table[0], table[-1])
    within = 2 * float(ground.thickness_m @ ground.index[:-1])
    smooth = np.empty((count, 2, len(frequency_hz)), np.complex128)
    for i, f in enumerate(frequency_hz):
        k = 2 * np.pi * float(f) / C0_M_S
        eps = ground.permittivity[:, i]
        u, du = _axis(np.abs(eps) ** 0.5, _FADED / (k * table[0]), k * offset_m, k * (high + within))
        w = decaying_root(1 - u * u)
        te, tm = reflection(u * u, k, eps, ground.thickness_m)
        te, tm = te**power / w, tm**power * w
        j0, j2 = _bessel(k * offset_m * u)
        parts = np.stack([(te + tm) * j0, (tm - te) * j2]) * (u * du)
        wave = np.empty((count, len(u)), np.complex128)  # heights are even: a product of steps
        wave[0], wave[1:] = np.exp(-1j * k * table[0] * w), np.exp(-1j * k * (table[1] - table[0]) * w)
        smooth[:, :, i] = -0.5j * k * (np.multiply.accumulate(wave, axis=0, out=wave) @ parts.T)
    # smooth in height once the image's phase and spreading are taken out
    wave_number = 2 * np.pi * frequency_hz / C0_M_S
    image, path = np.hypot(offset_m, table), np.hypot(offset_m, heights_m)
    smooth *= (np.exp(1j * np.outer(image, wave_number)) * image[:, None])[:, None]
    between = _cubic(table, np.eye(count), at)
    even, odd = (
        (between @ smooth.reshape(count, -1).view(np.float64))
        .view(np.complex128)
        .reshape(len(at), 2, -1)
        .swapaxes(0, 1)
    )
    out: Complex = (even + c[:, None] * odd) * np.exp(-1j * np.outer(path, wave_number)) / path[:, None]
    return out


def tabulate_transmission(
    frequency_hz: Real,
    ground: Stack,
    *,
    heights_m: tuple[float, float],
    depths_m: Real,
    farthest_m: float,
) -> TransmissionTable:
    """Tabulate what passes into the ground, told at its frequencies (b,)."""
    from dualsense.simulate._radar._kernels import leg_table  # noqa: PLC0415 - compiled when first needed

    low = max(heights_m[0], LOWEST_M)
    nh = max(4, int(np.ceil((heights_m[1] - low) / _HEIGHT_STEP_M)) + 1)
    step = max(heights_m[1] - low, 1e-3) / (nh - 1)
    height = low + step * np.arange(nh)
    depth = np.maximum(depths_m, 1e-5)
    nr = int(np.ceil(farthest_m / _OFFSET_STEP_M)) + 3
    offset = _OFFSET_STEP_M * np.arange(nr)
    above = ground.above_m(depth)
    time, slope = leg_table(offset, height, above, ground.index)
    away = np.sqrt(offset**2 + (height[:, None] + (above @ (1 / ground.index))[:, None, None]) ** 2)
    layer = ground.layer_at(depth)
    count = len(frequency_hz)
    table = np.empty((*time.shape, 2 + 4 * count))
    table[..., 0], table[..., 1] = time, slope
    for i, f in enumerate(frequency_hz):
        k = 2 * np.pi * float(f) / C0_M_S
        eps = ground.permittivity[:, i]
        reach = float(ground.index.max()) + _FADED / (k * low)
        u, du = _axis(ground.index, reach, k * offset[-1], k * (height[-1] + float(depth.max())))
        j0, j2 = _bessel(k * np.outer(u, offset))
        roots = decaying_root(eps[:, None] - u * u)
        up = np.exp(-1j * k * np.outer(height, decaying_root(1 - u * u)))
        even, odd = np.empty((2, *time.shape), np.complex128)
        for j in np.unique(layer):
            te, tm = transmission(u * u, eps, int(j))
            here = layer == j
            down = (np.exp(-1j * k * (above[here] @ roots))[:, None] * up).reshape(-1, len(u))
            even[here] = _onto(down * (u * du * (te + tm)), j0).reshape(-1, nh, nr)
            odd[here] = _onto(down * (u * du * (tm - te)), j2).reshape(-1, nh, nr)
        scale = -0.5j * k * away * np.exp(1j * k * C0_M_S * time)
        for side, c in enumerate((1.0, -1.0)):
            field = scale * (even + c * odd)
            at = 2 + 2 * (side * count + i)
            table[..., at], table[..., at + 1] = field.real, field.imag
    return TransmissionTable(table, low, step, _OFFSET_STEP_M)


def _image(
    frequency_hz: Real, ground: Stack, offset_m: float, heights_m: Real, across2: Real | float, power: int
) -> Complex:
    """Mirror the transmitter, and weigh with Fresnel's coefficients: the limit of great heights."""
    path = np.hypot(offset_m, heights_m)
    w = (heights_m / path)[:, None]
    te, tm = reflection(1 - w**2, 2 * np.pi * frequency_hz / C0_M_S, ground.permittivity, ground.thickness_m)
    across = np.broadcast_to(np.asarray(across2, np.float64), heights_m.shape)[:, None]
    wave = np.exp(-2j * np.pi / C0_M_S * np.outer(path, frequency_hz)) / path[:, None]
    out: Complex = (across * te**power + (1 - across) * w**2 * tm**power) * wave
    return out


def _axis(indices: Real, reach: float, swing: float, fall: float) -> tuple[Real, Real]:
    """Nodes and weights along u up to ``reach``, dense at 1 and at the indices, where roots branch.

    Bessel functions turn by ``swing`` per unit of u, waves by ``fall`` per unit of w and q.
    """
    branches = np.unique(np.maximum(np.round(indices, 9), 1.0 + 1e-6))
    index = float(branches[-1])
    x, weight = _gauss(_NODES + int((swing + fall) / 2))
    s = 0.25 * np.pi * (x + 1)
    pieces = [(np.sin(s), 0.25 * np.pi * weight * np.cos(s))]
    for low, high in pairwise([1.0, *(float(b) for b in branches)]):
        x, weight = _gauss(_NODES + int((swing * (high - low) + fall * high) / 2))
        s = 0.5 * np.pi * (x + 1)
        half = 0.5 * (high - low)
        pieces.append((low + half * (1 - np.cos(s)), 0.5 * np.pi * weight * half * np.sin(s)))
    most = float(np.arccosh(max(reach / index, 1.5)))
    x, weight = _gauss(_NODES + int(0.7 * swing * max(reach - index, 0.0)))
    s = 0.5 * most * (x + 1)
    pieces.append((index * np.cosh(s), 0.5 * most * weight * index * np.sinh(s)))
    u, du = (np.concatenate(part) for part in zip(*pieces, strict=True))
    return u, du


def _bessel(x: Real) -> tuple[Real, Real]:
    from scipy.special import j0, j1  # noqa: PLC0415 - slow to import

    zero, safe = j0(x), np.where(x > 1e-6, x, 1.0)
    return zero, np.where(x > 1e-6, 2 * j1(safe) / safe - zero, 0.0)


def _onto(waves: Complex, real: Real) -> Complex:
    """Complex waves (m, u) times a real matrix (u, r)."""
    parts = np.concatenate([waves.real, waves.imag]) @ real
    out: Complex = parts[: len(waves)] + 1j * parts[len(waves) :]
    return out


def _cubic(x: Real, values: Real, at: Real) -> Real:
    from scipy.interpolate import CubicSpline  # noqa: PLC0415 - slow to import

    out: Real = CubicSpline(x, values)(at)
    return out


@cache
def _panel() -> tuple[Real, Real]:
    x, weight = np.polynomial.legendre.leggauss(_PANEL)
    return x, weight


def _gauss(nodes: int) -> tuple[Real, Real]:
    """Gauss-Legendre on [-1, 1] in panels of 32 nodes: a rule of a thousand takes seconds to find."""
    return _panels(-(-nodes // _PANEL))


@cache
def _panels(panels: int) -> tuple[Real, Real]:
    x, weight = _panel()
    middle = (2 * np.arange(panels) + 1) / panels - 1
    return (middle[:, None] + x / panels).ravel(), np.tile(weight / panels, panels)
