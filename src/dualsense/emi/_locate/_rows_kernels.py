"""Kernels of the locator's rows: their weights, and the normal equations of all of them.

Plain arrays, no validation, the caller allocates. A tensor of c channels has six coordinates of unit length: the
isotropic one, then five deviatoric ones; unknowns are ordered coordinate by coordinate, dipole after dipole,
channels innermost. Rows m come last here, so that loops over them become vectors; symmetric c x c matrices of
rows are packed, lower triangle row by row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

_THIRD, _HALF, _SIXTH = 1.0 / np.sqrt(3.0), 1.0 / np.sqrt(2.0), 1.0 / np.sqrt(6.0)


@jit()
def _unit(a: Real) -> None:
    """Six rows by element, xx, yy, zz, xy, xz, yz, to coordinates, in place: a (6, m)."""
    for i in range(a.shape[1]):
        x, y, z = a[0, i], a[1, i], a[2, i]
        a[0, i] = _THIRD * (x + y + z)
        a[1, i] = _HALF * (x - y)
        a[2, i] = _SIXTH * (x + y - 2.0 * z)
    for q in range(3, 6):
        for i in range(a.shape[1]):
            a[q, i] *= _HALF


@jit()
def to_coordinates(value: Real, slope: Real) -> None:
    """Columns by element, value (6 n, m) and slope (3, 6 n, m), to coordinates, in place."""
    for o in range(0, value.shape[0], 6):
        _unit(value[o : o + 6])
        for axis in range(3):
            _unit(slope[axis, o : o + 6])


@jit()
def _add(six: Real, amount: Real, sign: float, out: Real) -> None:
    """Add sign times amount (6,) of six rows (6, m) to out (m,)."""
    a, b, c, d, e, f = six[0], six[1], six[2], six[3], six[4], six[5]
    t, u, v = sign * amount[0], sign * amount[1], sign * amount[2]
    x, y, z = sign * amount[3], sign * amount[4], sign * amount[5]
    for i in range(out.size):
        out[i] += t * a[i] + u * b[i] + v * c[i] + x * d[i] + y * e[i] + z * f[i]


@jit()
def _dots(six: Real, other: Real, out: Real) -> None:
    """Inner products (6,) of six rows (6, m) with another (m,)."""
    a, b, c, d, e, f = six[0], six[1], six[2], six[3], six[4], six[5]
    t, u, v, x, y, z = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(other.size):
        own = other[i]
        t += own * a[i]
        u += own * b[i]
        v += own * c[i]
        x += own * d[i]
        y += own * e[i]
        z += own * f[i]
    out[0], out[1], out[2], out[3], out[4], out[5] = t, u, v, x, y, z


@jit()
def shifts(slope: Real, coordinates: Real, moved: Real) -> None:
    """Find what a shift of each dipole does to every row: moved (3, n, c, m) from slope (3, 6 n, m).

    coordinates (6 n, c) are the tensors', t; moved, sum_q t_q df_q/dx for x, y and z, is filled: the data's unit
    over m.
    """
    for axis in range(3):
        for n in range(moved.shape[1]):
            for k in range(moved.shape[2]):
                moved[axis, n, k] = 0.0
                _add(slope[axis, 6 * n : 6 * n + 6], coordinates[6 * n : 6 * n + 6, k], 1.0, moved[axis, n, k])


@jit(checked_division=False)
def whiten(moved: Real, std: Real, weight: Real) -> float:
    """Inverse covariance of every row, packed, into weight (p, m); returns the sum of log det.

    Noise is white and of unit size; the position error std (3, m), in m, adds what it makes of the signal, moved
    (3, n, c, m) from `shifts` over all dipoles, of rank three: C = I + sum_a v_a v_a', and C^-1 loses one
    direction after the other.
    """
    _, dipoles, channels, m = moved.shape
    known = np.zeros((3, channels, m))
    dot = np.empty(m)
    logdet = 0.0
    for axis in range(3):
        for k in range(channels):
            v = known[axis, k]
            for n in range(dipoles):
                u = moved[axis, n, k]
                for i in range(m):
                    v[i] += std[axis, i] * u[i]
        for b in range(axis):  # C^-1 v for the directions before, u = C^-1 v / sqrt(1 + v C^-1 v)
            dot[:] = 0.0
            for k in range(channels):
                v, u = moved[axis, 0, k], known[b, k]
                for n in range(dipoles):
                    v = moved[axis, n, k]
                    for i in range(m):
                        dot[i] += std[axis, i] * v[i] * u[i]
            for k in range(channels):
                v, u = known[axis, k], known[b, k]
                for i in range(m):
                    v[i] -= dot[i] * u[i]
        dot[:] = 1.0
        for k in range(channels):
            u = known[axis, k]
            for n in range(dipoles):
                v = moved[axis, n, k]
                for i in range(m):
                    dot[i] += std[axis, i] * v[i] * u[i]
        for i in range(m):
            logdet += np.log(dot[i])
            dot[i] = 1.0 / np.sqrt(dot[i])
        for k in range(channels):
            u = known[axis, k]
            for i in range(m):
                u[i] *= dot[i]
    p = 0
    for k in range(channels):
        for j in range(k + 1):
            w = weight[p]
            a, b2, c = known[0, k], known[1, k], known[2, k]
            d, e, f = known[0, j], known[1, j], known[2, j]
            one = 1.0 if j == k else 0.0
            for i in range(m):
                w[i] = one - a[i] * d[i] - b2[i] * e[i] - c[i] * f[i]
            p += 1
    return logdet


@jit()
def _packed(k: int, j: int) -> int:
    """Where a symmetric matrix that is packed row by row has an element."""
    return k * (k + 1) // 2 + j if k >= j else j * (j + 1) // 2 + k


@jit()
def weigh(weight: Real, vector: Real, out: Real) -> None:
    """Packed weight (p, m) times vector (c, m), row by row; out (c, m) is filled."""
    channels, m = vector.shape
    for k in range(channels):
        own = out[k]
        own[:] = 0.0
        for j in range(0, channels - 1, 2):  # two at a time: what is summed is held for both
            w, x = weight[_packed(k, j)], vector[j]
            v, y = weight[_packed(k, j + 1)], vector[j + 1]
            for i in range(m):
                own[i] += w[i] * x[i] + v[i] * y[i]
        if channels % 2 == 1:
            w, x = weight[_packed(k, channels - 1)], vector[channels - 1]
            for i in range(m):
                own[i] += w[i] * x[i]


@jit()
def normal(value: Real, weight: Real, data: Real, matrix: Real, right: Real) -> float:
    """Fill sum f f^T x W and sum f x W d for value (6 n, m) and packed weight (p, m); returns sum d^T W d.

    value holds the columns f by coordinate, data (c, m) in unit noise d; matrix (6 n c, 6 n c) and right (6 n c,)
    are filled.
    """
    count, m = value.shape
    channels = data.shape[0]
    white, six, sums = np.empty((channels, m)), np.empty(6), np.empty(weight.shape[0])
    weigh(weight, data, white)
    energy = 0.0
    for k in range(channels):
        for i in range(m):
            energy += white[k, i] * data[k, i]
        for q in range(0, count, 6):
            _dots(value[q : q + 6], white[k], six)
            for o in range(6):
                right[(q + o) * channels + k] = six[o]
    product = np.empty(m)
    for q in range(count):
        for p in range(q + 1):
            x, y = value[q], value[p]
            for i in range(m):
                product[i] = x[i] * y[i]
            for w in range(0, weight.shape[0] - 2, 3):  # three at a time: the product is held for all
                a, b, c = weight[w], weight[w + 1], weight[w + 2]
                s, t, u = 0.0, 0.0, 0.0
                for i in range(m):
                    own = product[i]
                    s += own * a[i]
                    t += own * b[i]
                    u += own * c[i]
                sums[w], sums[w + 1], sums[w + 2] = s, t, u
            for w in range(weight.shape[0] - weight.shape[0] % 3, weight.shape[0]):
                a, s = weight[w], 0.0
                for i in range(m):
                    s += product[i] * a[i]
                sums[w] = s
            w = 0
            for k in range(channels):
                for j in range(k + 1):
                    matrix[q * channels + k, p * channels + j] = sums[w]
                    matrix[q * channels + j, p * channels + k] = sums[w]
                    matrix[p * channels + k, q * channels + j] = sums[w]
                    matrix[p * channels + j, q * channels + k] = sums[w]
                    w += 1
    return energy


@jit()
def _misfit(weight: Real, rest: Real, white: Real) -> tuple[float, float]:
    """Misfit of a residual, and how much larger the position errors' variance seems than stated.

    One step of scoring for a variance component, (sum r'WJWr - tr WJ) / sum tr WJWJ, J the covariance that
    position errors make.

    Parameters
    ----------
    weight : (p, m)
        Packed.
    rest : (c, m)
        Residual r.
    white : (c, m)
        W r.
    """
    channels, m = rest.shape
    misfit, above, known = 0.0, 0.0, 0.0
    for k in range(channels):
        w, r = white[k], rest[k]
        for i in range(m):
            misfit += w[i] * r[i]
            above += w[i] * (r[i] - w[i])
    p = 0
    for k in range(channels):
        for j in range(k + 1):
            w = weight[p]
            if j == k:
                for i in range(m):
                    share = 1.0 - w[i]
                    known += share * share
                    above -= share
            else:
                for i in range(m):
                    known += 2.0 * w[i] * w[i]
            p += 1
    return misfit, above / known if known > 1.0 else 0.0


@jit()
def position_terms(
    value: Real,
    weight: Real,
    moved: Real,
    data: Real,
    coordinates: Real,
    cross: Real,
    square: Real,
    gradient: Real,
) -> tuple[float, float]:
    """Equations of the positions beside those of the tensors, with weights held.

    Parameters
    ----------
    value : (6 n, m)
        Columns.
    weight : (p, m)
        Packed inverse covariance of every row.
    moved : (3, n, c, m)
        From `shifts`.
    data : (c, m)
        In unit noise.
    coordinates : (6 n, c)
        Of the tensors.
    cross : (3 n, 6 n c)
        Filled: positions with tensors.
    square : (3 n, 3 n)
        Filled in its lower triangle: positions with positions.
    gradient : (3 n,)
        Filled.

    Returns
    -------
    misfit, excess
        As `_misfit` has them.
    """
    count, m = value.shape
    channels = data.shape[0]
    unknown = square.shape[0]
    rest = data.copy()
    for k in range(channels):
        for q in range(0, count, 6):
            _add(value[q : q + 6], coordinates[q : q + 6, k], -1.0, rest[k])
    white, six = np.empty((unknown + 1, channels, m)), np.empty(6)
    weigh(weight, rest, white[unknown])
    misfit, excess = _misfit(weight, rest, white[unknown])
    for v in range(unknown):
        weigh(weight, moved[v % 3, v // 3], white[v])
    square[:], gradient[:] = 0.0, 0.0
    for k in range(channels):
        for n in range(0, unknown, 3):
            a, b, c, r = moved[0, n // 3, k], moved[1, n // 3, k], moved[2, n // 3, k], white[unknown, k]
            s, t, u = 0.0, 0.0, 0.0
            for i in range(m):
                s += a[i] * r[i]
                t += b[i] * r[i]
                u += c[i] * r[i]
            gradient[n] += s
            gradient[n + 1] += t
            gradient[n + 2] += u
            for v in range(n + 3):  # lower triangle, and a little more
                w = white[v, k]
                s, t, u = 0.0, 0.0, 0.0
                for i in range(m):
                    s += a[i] * w[i]
                    t += b[i] * w[i]
                    u += c[i] * w[i]
                square[n, v] += s
                square[n + 1, v] += t
                square[n + 2, v] += u
        for v in range(unknown):
            for q in range(0, count, 6):
                _dots(value[q : q + 6], white[v, k], six)
                for o in range(6):
                    cross[v, (q + o) * channels + k] = six[o]
    return misfit, excess


@jit()
def eliminate(factor: Real, cross: Real, square: Real) -> None:
    """Set the tensors free: square becomes S - X A^-1 X^T, the information on the positions alone.

    Parameters
    ----------
    factor : (6 n c, 6 n c)
        Lower Cholesky factor of the tensors' precision A.
    cross : (3 n, 6 n c)
        X; becomes X L'^-1.
    square : (3 n, 3 n)
        S in its lower triangle; becomes whole.
    """
    unknown, count = cross.shape
    for u in range(unknown):
        for i in range(count):
            s = cross[u, i]
            for k in range(i):
                s -= factor[i, k] * cross[u, k]
            cross[u, i] = s / factor[i, i]
        for v in range(u + 1):
            for i in range(count):
                square[u, v] -= cross[u, i] * cross[v, i]
            square[v, u] = square[u, v]
