"""Sums of delayed echoes by way of a grid of delays: a non-uniform Fourier transform.

An echo of delay tau is exp(-i omega tau) at every tone. Spread over the six nearest nodes of a grid with the
weights of a bump phi, the echoes of one sounding become a short series, and each tone is a sum over that series
instead of over all scatterers:

    exp(-i omega tau) = sum_g phi(g - tau / step) exp(-i omega g step) / phi^(omega step), nearly.

The bump is exp(beta (sqrt(1 - z^2) - 1)) (Barnett, Magland & af Klinteberg 2019); with six nodes and a grid twice
as fine as the highest tone asks for, each echo is good to 3e-5.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from dualsense.simulate._radar._kernels import LINES, WIDTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex128]

_OVERSAMPLING = 2.0
_BETA = 2.3 * WIDTH
_SUBSTEPS = 256
"""Of the table of weights, linear between them: an error below 1e-5."""


@dataclass(frozen=True, slots=True, eq=False)
class DelayGrid:
    """Where delays are collected.

    Attributes
    ----------
    start_s, step_s
        Node g is start + g step.
    real, imag : (g, k) float64
        What a unit at each node is at each tone.
    """

    start_s: float
    step_s: float
    real: Real
    imag: Real


def delay_grid(frequency_hz: Real, *, first_s: float, last_s: float) -> DelayGrid:
    """Lay a grid for delays between two bounds, and its waves at the tones (k,)."""
    step = 1 / (2 * _OVERSAMPLING * float(frequency_hz.max()))
    start = first_s - WIDTH * step
    count = int(np.ceil((last_s - start) / step)) + WIDTH
    angle = 2 * np.pi * frequency_hz
    wave = np.exp(-1j * np.outer(start + step * np.arange(count), angle)) / _transformed(angle * step)
    return DelayGrid(start, step, np.ascontiguousarray(wave.real), np.ascontiguousarray(wave.imag))


@cache
def spreading_weights() -> Real:
    """Weights (s + 1, LINES) of the nodes -2 to 3 for a delay at parts 0, 1/s, ... 1 between nodes 0 and 1.

    Padded with zeros, so that a vector holds those of one part.
    """
    part = np.arange(_SUBSTEPS + 1) / _SUBSTEPS
    out = np.zeros((_SUBSTEPS + 1, LINES))
    out[:, :WIDTH] = _bump(np.arange(WIDTH) - (WIDTH // 2 - 1) - part[:, None])
    out.setflags(write=False)
    return out


def _bump(x: Real) -> Real:
    inside = np.maximum(0.0, 1 - (2 * x / WIDTH) ** 2)
    out: Real = np.where(inside > 0, np.exp(_BETA * (np.sqrt(inside) - 1)), 0.0)
    return out


@cache
def _rule() -> tuple[Real, Real]:
    x, weight = np.polynomial.legendre.leggauss(80)
    return x, weight


def _transformed(angle: Real) -> Real:
    """Integral of the bump times cos(angle x)."""
    x, weight = _rule()
    half = 0.5 * WIDTH
    out: Real = half * np.cos(np.outer(angle, half * x)) @ (weight * _bump(half * x))
    return out
