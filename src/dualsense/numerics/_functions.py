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
    wave = np.cos(x[:, None] * np.sin(angle))
    return wave.mean(axis=1), (wave @ np.cos(2.0 * angle)) / points
