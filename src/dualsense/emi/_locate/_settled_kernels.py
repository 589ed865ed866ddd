"""Kernels of the rows' weights: what position errors make of dipoles.

Plain arrays, no validation, the caller allocates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Real = NDArray[np.float64]


@jit()
def move(part: Real, slopes: Real, moved: Real) -> None:
    """Add to moved (3, c, m) what a shift of one dipole does to every row, in the data's unit over m.

    part (6, c) is its tensor, slopes (3, 6, m) the change of its columns with x, y and z, 1/m^3.
    """
    for axis in range(3):
        a, b, c = slopes[axis, 0], slopes[axis, 1], slopes[axis, 2]
        d, e, f = slopes[axis, 3], slopes[axis, 4], slopes[axis, 5]
        for k in range(part.shape[1]):
            out = moved[axis, k]
            t, u, v, w, x, y = part[0, k], part[1, k], part[2, k], part[3, k], part[4, k], part[5, k]
            for i in range(out.shape[0]):
                out[i] += t * a[i] + u * b[i] + v * c[i] + w * d[i] + x * e[i] + y * f[i]


@jit(checked_division=False)
def weigh(moved: Real, std: Real, weight: Real) -> None:
    """Fill weight (m,) with 1 / sqrt(1 + variance), the mean over channels of what position errors make.

    moved (3, c, m) from `move`, in white channels; std (3, m) of the rows' positions, m.
    """
    channels = moved.shape[1]
    weight[:] = 1.0
    for axis in range(3):
        for k in range(channels):
            own, s = moved[axis, k], std[axis]
            for i in range(weight.shape[0]):
                v = own[i] * s[i]
                weight[i] += v * v / channels
    for i in range(weight.shape[0]):
        weight[i] = weight[i] ** -0.5
