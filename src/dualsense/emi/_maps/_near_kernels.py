"""Kernels of the maps: rows near a place, in ascending order, found by boxes around stretches of the track.

Plain arrays, no validation, the caller allocates. Rows follow the track, so a box around some consecutive ones is
small, and most boxes are passed over without a look at their rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]
    Index = NDArray[np.intp]

STRETCH = 16
"""Consecutive rows in one box."""


@jit()
def boxes(xy: Real) -> Real:
    """Least x, largest x, least y and largest y (b, 4) of every stretch of rows at xy (m, 2), in m."""
    m = xy.shape[0]
    out = np.empty(((m + STRETCH - 1) // STRETCH, 4))
    for b in range(out.shape[0]):
        out[b, 0], out[b, 1], out[b, 2], out[b, 3] = np.inf, -np.inf, np.inf, -np.inf
        for i in range(b * STRETCH, min((b + 1) * STRETCH, m)):
            out[b, 0] = min(out[b, 0], xy[i, 0])
            out[b, 1] = max(out[b, 1], xy[i, 0])
            out[b, 2] = min(out[b, 2], xy[i, 1])
            out[b, 3] = max(out[b, 3], xy[i, 1])
    return out


@jit()
def near(xy: Real, box: Real, x: float, y: float, reach: float, rows: Index) -> int:
    """Rows within reach of a place, ascending, into rows (m,); returns how many.

    xy (m, 2) of the rows and box (b, 4) from `boxes`; x, y and reach in m.
    """
    count, square = 0, reach * reach
    for b in range(box.shape[0]):
        dx = max(box[b, 0] - x, 0.0, x - box[b, 1])
        dy = max(box[b, 2] - y, 0.0, y - box[b, 3])
        if dx * dx + dy * dy > square:
            continue
        for i in range(b * STRETCH, min((b + 1) * STRETCH, xy.shape[0])):
            dx, dy = xy[i, 0] - x, xy[i, 1] - y
            if dx * dx + dy * dy <= square:
                rows[count] = i
                count += 1
    return count
