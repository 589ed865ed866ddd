"""Special functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Complex = NDArray[np.complex128]


def bessel_0_2(x: Complex) -> tuple[Complex, Complex]:
    """Evaluate the Bessel functions of order 0 and 2.

    By the mean of exp(i x sin t) over the circle: it is periodic, so that the trapezoidal rule is exact but for
    Bessel functions of four times as high an order as there are points, which vanish.

    Parameters
    ----------
    x : (n,) complex128
        Not larger than some hundreds.

    Returns
    -------
    J0, J2 : (n,) complex128
    """
    points = 16 + int(0.75 * np.abs(x).max(initial=0.0))
    angle = (np.arange(points) + 0.5) * (0.5 * np.pi / points)  # a quarter of the circle holds the rest
    turn = np.outer(x.real, np.sin(angle))
    wave = np.zeros(turn.shape, np.complex128)  # a cosine in its parts: of real numbers they are ten times as fast
    wave.real = np.cos(turn)
    complex_ones = np.flatnonzero(x.imag)  # the others' waves neither grow nor fade
    growth = np.exp(np.outer(x.imag[complex_ones], np.sin(angle)))
    wave.real[complex_ones] *= 0.5 * (growth + 1.0 / growth)
    wave.imag[complex_ones] = np.sin(turn[complex_ones]) * (0.5 * (1.0 / growth - growth))
    return wave.mean(axis=1), (wave @ np.cos(2.0 * angle)) / points
