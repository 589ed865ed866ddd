"""Kernels of a dipole's columns: what each row of two loops receives of a unit tensor, and its slopes.

Plain arrays, no validation, the caller allocates. Rows come last, so that loops over them become vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dualsense.induction import VECTOR_FROM, loop_terms, smooth_terms
from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

_STEP = 5e-4
"""Of the coil's radius, for differences along its axis; the field keeps thirteen digits, so nine are left."""

ROW = np.array([0, 1, 2, 0, 0, 1])
COLUMN = np.array([0, 1, 2, 1, 2, 2])
"""Of the elements of a symmetric tensor in the one order that is used everywhere: xx, yy, zz, xy, xz, yz."""

_SYMMETRIC = np.array([[0, 3, 4], [3, 1, 5], [4, 5, 2]])
"""Where each element of a symmetric tensor is in that order."""

_FIELD, _SLOPE, _BEND = 0, 3, 9
"""First rows of a loop's terms (12, m): field, symmetric gradient, second derivative along the axis."""


class RowCoils(NamedTuple):
    """Two loops per row.

    Attributes
    ----------
    tx, rx : (m, 3)
        Centres of transmitter and receiver, m.
    rotation : (m, 3, 3)
        From the head's axes to the local ones.
    tx_radius, rx_radius : (m,)
        In m.
    """

    tx: Real
    rx: Real
    rotation: Real
    tx_radius: Real
    rx_radius: Real


@jit(checked_division=False)
def evaluate(radius: Real, away: float, across: Real, along: Real, u: Real, hz: Real, q: Real) -> None:
    """`smooth_terms` of every row, away radii further along the axis.

    radius of the loops, across from their axes and along them (m,), in m. u (H_rho / rho, 1/m^2), hz (H_z, 1/m)
    and q (alpha / beta) (m,) are filled.
    """
    for i in range(radius.shape[0]):
        u[i], hz[i], q[i] = smooth_terms(radius[i], across[i], along[i] + away * radius[i])


@jit(checked_division=False)
def _loop(target: Real, where: Real, rotation: Real, radius: Real, tilted: int, work: Real, out: Real) -> None:
    """Field (3), its gradient (6) and its second derivative along the axis (3) of every row's loop, out (12, m).

    Three evaluations along the axis; what they do not tell follows from a field without curl and divergence.
    target (3,) and where (m, 3), the loops' centres, in m; rotation (m, 3, 3) and radius (m,) as in `RowCoils`;
    tilted is how many rows' axes are not the local ones. work (11, m) is room for coordinates and evaluations; out
    is in 1/m, 1/m^2 and 1/m^3.
    """
    m = where.shape[0]
    for i in range(m):
        x, y, z = target[0] - where[i, 0], target[1] - where[i, 1], target[2] - where[i, 2]
        for k in range(3):
            work[k, i] = rotation[i, 0, k] * x + rotation[i, 1, k] * y + rotation[i, 2, k] * z
    across, along = work[10], work[2]
    for i in range(m):
        across[i] = np.sqrt(work[0, i] * work[0, i] + work[1, i] * work[1, i])
    for side in range(3):
        away = (side - 1) * _STEP
        evaluate(radius, away, across, along, work[3 + side], work[6 + side], work[9])
    for i in range(m):
        if not work[9, i] >= 1.1 * VECTOR_FROM:
            rho = across[i]
            for side in range(3):
                u, hz, _ = loop_terms(radius[i], rho, work[2, i] + (side - 1) * _STEP * radius[i])
                work[3 + side, i] = u
                work[6 + side, i] = hz
    for i in range(m):
        x, y, a = work[0, i], work[1, i], radius[i]
        um, u, up = work[3, i], work[4, i], work[5, i]
        zm, hz, zp = work[6, i], work[7, i], work[8, i]
        d = 1.0 / (_STEP * a)
        uz = 0.5 * (up - um) * d
        hzz = 0.5 * (zp - zm) * d
        rho2 = x * x + y * y
        # div H = 2 u + rho^2 s + dH_z/dz = 0, with s = (du/drho) / rho
        s = (-2.0 * u - hzz) / max(rho2, 1e-16 * a * a)
        out[0, i] = u * x
        out[1, i] = u * y
        out[2, i] = hz
        out[3, i] = u + x * x * s
        out[4, i] = u + y * y * s
        out[5, i] = hzz
        out[6, i] = x * y * s
        out[7, i] = uz * x  # curl H = 0: dH_z/dx = dH_x/dz
        out[8, i] = uz * y
        uzz = (up - 2.0 * u + um) * d * d
        out[9, i] = uzz * x
        out[10, i] = uzz * y
        out[11, i] = (zp - 2.0 * hz + zm) * d * d
    if tilted > 0:
        _turn(rotation, out)


@jit()
def _turn(rotation: Real, out: Real) -> None:
    """From the coils' frames to the local one, in place: R H, and R G R^T for the gradient.

    rotation (m, 3, 3) as in `RowCoils`; out (12, m) from `_loop`.
    """
    half, g = np.empty((3, 3)), np.empty((3, 3))
    for i in range(rotation.shape[0]):
        turn = rotation[i]
        for first in (_FIELD, _BEND):
            x, y, z = out[first, i], out[first + 1, i], out[first + 2, i]
            for k in range(3):
                out[first + k, i] = turn[k, 0] * x + turn[k, 1] * y + turn[k, 2] * z
        for j in range(3):
            for k in range(3):
                g[j, k] = out[_SLOPE + _SYMMETRIC[j, k], i]
        for j in range(3):
            for k in range(3):
                half[j, k] = turn[j, 0] * g[0, k] + turn[j, 1] * g[1, k] + turn[j, 2] * g[2, k]
        for q in range(6):
            j, k = ROW[q], COLUMN[q]
            out[_SLOPE + q, i] = half[j, 0] * turn[k, 0] + half[j, 1] * turn[k, 1] + half[j, 2] * turn[k, 2]


@jit(checked_division=False)
def fields(target: Real, where: Real, rotation: Real, radius: Real, work: Real, out: Real) -> None:
    """Field of every row's loop at a target (3,), out (3, m), in 1/m; work (6, m) is room.

    where (m, 3) are the loops' centres, m; rotation (m, 3, 3) and radius (m,) as in `RowCoils`.
    """
    m = where.shape[0]
    for i in range(m):
        x, y, z = target[0] - where[i, 0], target[1] - where[i, 1], target[2] - where[i, 2]
        for k in range(3):
            out[k, i] = rotation[i, 0, k] * x + rotation[i, 1, k] * y + rotation[i, 2, k] * z
        work[0, i] = np.sqrt(out[0, i] * out[0, i] + out[1, i] * out[1, i])
        work[1, i] = out[2, i]
    evaluate(radius, 0.0, work[0], work[1], work[2], work[3], work[4])
    for i in range(m):
        u, hz = work[2, i], work[3, i]
        if not work[4, i] >= VECTOR_FROM:
            u, hz, _ = loop_terms(radius[i], work[0, i], work[1, i])
        x, y = u * out[0, i], u * out[1, i]
        for k in range(3):
            out[k, i] = rotation[i, k, 0] * x + rotation[i, k, 1] * y + rotation[i, k, 2] * hz


@jit()
def values(target: Real, coils: RowCoils, value: Real) -> None:
    """Columns of n dipoles, as `columns` makes them without position errors.

    Parameters
    ----------
    target : (n, 3)
        Places of the dipoles, m.
    coils
        Loops of the m rows.
    value : (6 n, m)
        Filled with H_T,j H_R,k (+ H_T,k H_R,j off the diagonal), 1/m^2: what a row receives of each element.
    """
    tx, rx, rotation, tx_radius, rx_radius = coils
    m = tx.shape[0]
    t, r, work = np.empty((3, m)), np.empty((3, m)), np.empty((6, m))
    for n in range(target.shape[0]):
        fields(target[n], tx, rotation, tx_radius, work, t)
        fields(target[n], rx, rotation, rx_radius, work, r)
        for q in range(6):
            v, tj, rk, tk, rj = value[6 * n + q], t[ROW[q]], r[COLUMN[q]], t[COLUMN[q]], r[ROW[q]]
            both = 1.0 if q >= 3 else 0.0
            for i in range(m):
                v[i] = tj[i] * rk[i] + both * tk[i] * rj[i]


@jit()
def columns(target: Real, coils: RowCoils, std: Real, value: Real, slope: Real) -> None:
    """Columns of n dipoles and their slopes.

    The value is the mean over the rows' position errors, to second order: what a row measures on average is
    blurred. The error's horizontal part is taken as round, the vertical one along the coil's axis.

    Parameters
    ----------
    target : (n, 3)
        Places of the dipoles, m.
    coils
        Loops of the m rows.
    std : (m, 3)
        Standard deviation of the rows' positions, m.
    value : (6 n, m)
        Filled with what a row receives of each element, 1/m^2.
    slope : (3, 6 n, m)
        Filled with its change by each dipole's own x, y and z, 1/m^3.
    """
    tx, rx, rotation, tx_radius, rx_radius = coils
    m = tx.shape[0]
    t, r, work = np.empty((12, m)), np.empty((12, m)), np.empty((11, m))
    flat, tall = np.empty(m), np.empty(m)
    tilted = 0
    for i in range(m):
        if not (rotation[i, 0, 0] == 1.0 and rotation[i, 1, 1] == 1.0 and rotation[i, 2, 2] == 1.0):
            tilted += 1
        flat[i] = 0.5 * (std[i, 0] * std[i, 0] + std[i, 1] * std[i, 1])
        tall[i] = 0.5 * (std[i, 2] * std[i, 2] - flat[i])
    for n in range(target.shape[0]):
        _loop(target[n], tx, rotation, tx_radius, tilted, work, t)
        _loop(target[n], rx, rotation, rx_radius, tilted, work, r)
        for q in range(6):
            v = value[6 * n + q]
            for side in range(1 if q < 3 else 2):
                j, k = (ROW[q], COLUMN[q]) if side == 0 else (COLUMN[q], ROW[q])
                ta, rb, taa, rbb = t[j], r[k], t[_BEND + j], r[_BEND + k]
                tg, rg = t[_SLOPE:_BEND], r[_SLOPE:_BEND]
                t0, t1, t2 = tg[_SYMMETRIC[j, 0]], tg[_SYMMETRIC[j, 1]], tg[_SYMMETRIC[j, 2]]
                r0, r1, r2 = rg[_SYMMETRIC[k, 0]], rg[_SYMMETRIC[k, 1]], rg[_SYMMETRIC[k, 2]]
                for i in range(m):
                    # E f(x + e) = f + (1/2) sum_i var_i d2f/dx_i^2; Laplace of t r is 2 grad t . grad r
                    across = t0[i] * r0[i] + t1[i] * r1[i] + t2[i] * r2[i]
                    along = taa[i] * rb[i] + 2.0 * t2[i] * r2[i] + ta[i] * rbb[i]
                    mean = ta[i] * rb[i] + flat[i] * across + tall[i] * along
                    v[i] = mean if side == 0 else v[i] + mean
                for axis in range(3):
                    s = slope[axis, 6 * n + q]
                    ts, rs = tg[_SYMMETRIC[j, axis]], rg[_SYMMETRIC[k, axis]]
                    for i in range(m):
                        one = ts[i] * rb[i] + ta[i] * rs[i]
                        s[i] = one if side == 0 else s[i] + one
