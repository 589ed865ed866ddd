"""Points in the plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

FLAT = 1e-12
"""Points whose hull is this thin, against its length, lie on a line."""


def hull_sides(points: Real) -> Real | None:
    """Find the sides of the convex hull of points, each as the normal x, y and the offset of a line.

    Parameters
    ----------
    points : (n, 2)

    Returns
    -------
    (s, 3) float64 or None
        Inside, normal and point make no more than minus the offset. None for points on a line, and for fewer
        than three.
    """
    if len(points) < 3:
        return None
    order = np.lexsort((points[:, 1], points[:, 0]))
    first, last = points[order[0]], points[order[-1]]
    corners = np.array([first, *_beyond(points, first, last), last, *_beyond(points, last, first)])
    along = np.roll(corners, -1, axis=0) - corners
    length = np.hypot(*along.T)
    if len(corners) < 3 or not (length > 0.0).all():
        return None
    normal = np.column_stack([-along[:, 1], along[:, 0]]) / length[:, None]
    offset = -(normal * corners).sum(axis=1)
    deep = -((normal @ corners.T).min(axis=1) + offset)
    if deep.min() <= FLAT * length.max():
        return None
    return np.column_stack([normal, offset])


def _beyond(points: Real, begin: Real, end: Real) -> list[Real]:
    """Corners of the hull on the left of a way between two corners, in their order along it (QuickHull)."""
    along = end - begin
    aside = along[0] * (points[:, 1] - begin[1]) - along[1] * (points[:, 0] - begin[0])
    outer = aside > FLAT * (along @ along)
    if not outer.any():
        return []
    points, aside = points[outer], aside[outer]
    farthest = points[int(np.argmax(aside))]
    return [*_beyond(points, begin, farthest), farthest, *_beyond(points, farthest, end)]
