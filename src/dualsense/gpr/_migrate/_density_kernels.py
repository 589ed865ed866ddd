"""Kernel of the soundings' density.

Plain arrays, no validation, the caller allocates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]


@jit()
def densities(xy: Real, order: NDArray[np.intp], radius: float, out: Real) -> None:
    """Sum a Gaussian of the distance, within three radii, over all soundings around each, itself included.

    Parameters
    ----------
    xy : (n, 2)
        Where they are, m.
    order : (n,)
        Their indices along x.
    radius
        Standard deviation, m.
    out : (n,)
        Filled.
    """
    out[:] = 1.0
    reach, bend = 3.0 * radius, -0.5 / radius**2
    for a in range(order.size):
        i = order[a]
        for b in range(a + 1, order.size):
            j = order[b]
            dx = xy[j, 0] - xy[i, 0]
            if dx > reach:
                break
            dy = xy[j, 1] - xy[i, 1]
            square = dx * dx + dy * dy
            if square <= reach * reach:
                weight = np.exp(bend * square)
                out[i] += weight
                out[j] += weight
