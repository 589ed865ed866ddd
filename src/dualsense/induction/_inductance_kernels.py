"""Mutual inductance of many pairs of circular coils. Plain arrays, no validation, the caller allocates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.induction._kernels import loop_terms
from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

_FIRST, _MOST = 32, 1 << 16
_TOLERANCE = 1e-13


def _turn() -> Real:
    """Cosine and sine of the first `_FIRST` nodes of a turn, then of as many between them."""
    step = np.arange(_FIRST)
    phi = 2 * np.pi * np.concatenate([step, step + 0.5]) / _FIRST
    return np.column_stack([np.cos(phi), np.sin(phi)])


_TURN = _turn()


@jit()
def _across(normal: Real, e1: Real, e2: Real) -> None:
    """Fill e1 and e2 (3,) with unit vectors across a unit normal (3,) and each other, right-handed with it."""
    least = 0
    for k in range(1, 3):
        if abs(normal[k]) < abs(normal[least]):
            least = k
    j, k = (least + 1) % 3, (least + 2) % 3
    size = np.sqrt(normal[j] * normal[j] + normal[k] * normal[k])
    e1[least], e1[j], e1[k] = 0.0, normal[k] / size, -normal[j] / size
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        e2[i] = normal[j] * e1[k] - normal[k] * e1[j]


@jit()
def _along_ring(away: Real, axis: Real, radius: float, e1: Real, e2: Real, ring: float) -> float:
    """Mean of A / mu0 along a ring in the field of a loop; NaN where the wires touch or nearly so.

    The trapezoid rule, its nodes doubled until the sum stands; the nodes that were there stay.

    away (3,) leads from the loop's centre to the ring's; axis (3,) and radius are the loop's, e1, e2 (3,) and ring
    directions and radius of the ring; lengths in m.
    """
    total, size, count, before = 0.0, 0.0, 0, np.nan
    while count < _MOST:
        fresh = max(count, _FIRST)
        for n in range(fresh):
            if count + n < _TURN.shape[0]:
                c, s = _TURN[count + n, 0], _TURN[count + n, 1]
            else:
                phi = 2.0 * np.pi * (n + 0.5) / fresh
                c, s = np.cos(phi), np.sin(phi)
            x = away[0] + ring * (c * e1[0] + s * e2[0])
            y = away[1] + ring * (c * e1[1] + s * e2[1])
            z = away[2] + ring * (c * e1[2] + s * e2[2])
            up = x * axis[0] + y * axis[1] + z * axis[2]
            x, y, z = x - up * axis[0], y - up * axis[1], z - up * axis[2]
            _, _, potential = loop_terms(radius, np.sqrt(x * x + y * y + z * z), up)
            # A = (A_phi / rho) axis x r, along the ring's wire
            u, v, w = c * e2[0] - s * e1[0], c * e2[1] - s * e1[1], c * e2[2] - s * e1[2]
            turning = u * (axis[1] * z - axis[2] * y) + v * (axis[2] * x - axis[0] * z)
            along = potential * (turning + w * (axis[0] * y - axis[1] * x))
            total += along
            size += abs(along)
        count += fresh
        if abs(total / count - before) <= _TOLERANCE * size / count:
            return total / count
        before = total / count
    return np.nan


@jit()
def loop_inductances(away: Real, axis: Real, radius: float, normal: Real, ring: float, out: Real) -> None:
    """Mutual inductance over mu0, in m, of n pairs of loops of one turn.

    Parameters
    ----------
    away : (n, 3)
        From the centre of the first loop to that of the second, m.
    axis, normal : (n, 3)
        Unit normals of the two.
    radius, ring
        Of the first and the second, m.
    out : (n,)
        Filled; NaN where the wires touch or nearly so, and the sum does not converge.
    """
    e1, e2 = np.empty(3), np.empty(3)
    for i in range(away.shape[0]):
        _across(normal[i], e1, e2)
        out[i] = 2.0 * np.pi * ring * _along_ring(away[i], axis[i], radius, e1, e2, ring)
