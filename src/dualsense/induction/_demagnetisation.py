"""Demagnetisation factors of spheroids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def demagnetisation(semi_axis_m: float, polar_semi_axis_m: float) -> tuple[float, float, float]:
    """Demagnetisation factors (x, y, z) of a spheroid whose axis of revolution is z; they add to one.

    Osborn (1945); a series around the sphere, where the closed forms cancel.

    Raises
    ------
    ValueError
        When a semi-axis is not positive.

    References
    ----------
    Osborn, J. A. (1945). Demagnetizing factors of the general ellipsoid. Physical Review 67, 351-357.
    """
    if not (semi_axis_m > 0 and polar_semi_axis_m > 0):
        msg = f"semi-axes must be positive, got {semi_axis_m} and {polar_semi_axis_m}"
        raise ValueError(msg)
    polar = float(polar_demagnetisation(np.array([polar_semi_axis_m / semi_axis_m]))[0])
    equatorial = 0.5 * (1 - polar)
    return equatorial, equatorial, polar


def polar_demagnetisation(ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """Demagnetisation factors along the axes of revolution of many spheroids, as `demagnetisation` has them.

    Parameters
    ----------
    ratio : (n,)
        Of each one's polar semi-axis to the other, positive.

    Returns
    -------
    (n,) float64
    """
    e2 = 1 - ratio**2  # > 0 oblate, < 0 prolate
    polar = np.empty_like(ratio)
    near, flat, long = np.abs(e2) < 0.05, e2 >= 0.05, e2 <= -0.05
    # N_z = integral of ratio/2 ds / ((s+1)(s+ratio^2)^(3/2)), expanded about the sphere: with s = 1/u - 1 it
    # is ratio/2 int_0^1 sqrt(u) (1 - e2 u)^(-3/2) du = ratio sum_n binom(n + 1/2, n) e2^n / (2 n + 3)
    term, total = np.ones(np.count_nonzero(near)), np.zeros(np.count_nonzero(near))
    for n in range(24):
        total += term / (2 * n + 3)
        term *= e2[near] * (n + 1.5) / (n + 1)
    polar[near] = ratio[near] * total
    e = np.sqrt(e2[flat])
    polar[flat] = (1 - ratio[flat] * np.arccos(ratio[flat]) / e) / e2[flat]
    e = np.sqrt(-e2[long])
    polar[long] = (ratio[long] * np.arccosh(ratio[long]) / e - 1) / -e2[long]
    return polar
