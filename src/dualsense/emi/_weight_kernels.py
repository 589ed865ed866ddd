"""Kernels of the rows' weights: what errors of places make of dipoles.

Plain arrays, no validation, the caller allocates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

_BLOCK = 512
"""Rows at a time: their slopes stay in the fastest memory for all channels."""


@jit()
def move(part: Real, slopes: Real, moved: Real, spread: Real) -> None:
    """Add one dipole to moved (3, c, m) and spread (m,).

    moved is what a shift of all dipoles does to every row, in the data's unit over m; spread the square of what a
    shift of each by itself does, over the three directions, the mean over channels. part (6, c) is the dipole's
    tensor, slopes (3, 6, m) the change of its columns with x, y and z, 1/m^3.
    """
    channels = part.shape[1]
    for first in range(0, spread.shape[0], _BLOCK):
        last = min(first + _BLOCK, spread.shape[0])
        far = spread[first:last]
        for axis in range(3):
            a, b, c = slopes[axis, 0, first:last], slopes[axis, 1, first:last], slopes[axis, 2, first:last]
            d, e, f = slopes[axis, 3, first:last], slopes[axis, 4, first:last], slopes[axis, 5, first:last]
            for k in range(channels):
                out = moved[axis, k, first:last]
                t, u, v, w, x, y = part[0, k], part[1, k], part[2, k], part[3, k], part[4, k], part[5, k]
                for i in range(out.shape[0]):
                    own = t * a[i] + u * b[i] + v * c[i] + w * d[i] + x * e[i] + y * f[i]
                    out[i] += own
                    far[i] += own * own / channels


@jit(checked_division=False)
def weigh(moved: Real, std: Real, spread: Real, object_std: float, weight: Real) -> None:
    """Fill weight (m,) with 1 / sqrt(1 + variance), the mean over channels of what errors of places make.

    moved (3, c, m) and spread (m,) from `move`, in white channels; std (3, m) of the rows' positions and
    object_std of each dipole's own, m.
    """
    channels = moved.shape[1]
    for i in range(weight.shape[0]):
        weight[i] = 1.0 + object_std * object_std * spread[i]
    for axis in range(3):
        for k in range(channels):
            own, s = moved[axis, k], std[axis]
            for i in range(weight.shape[0]):
                v = own[i] * s[i]
                weight[i] += v * v / channels
    for i in range(weight.shape[0]):
        weight[i] = weight[i] ** -0.5
