"""Plain-array kernels of the induction room: no validation, the caller allocates.

None is parallel: the metal detector's chain calls them in a thread beside the radar's kernels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAX_AGM = 32
"""The arithmetic-geometric mean converges quadratically; eight steps are the most seen in double precision."""

_AGM_TOLERANCE = 1e-9
"""On c_n / a_n: the first term left out of the sums is its square over sixteen, squared."""

_BLOCK = 256
"""Points that are worked on together, so that the compiler makes vectors of them."""

VECTOR_FROM = 0.02
"""q (of `loop_terms`) from which two fixed steps of the mean and a polynomial are exact: there k2^2 <= 0.32. It is
half the distance to the wire over the radius, nearly; closer points are done one by one."""


@jit(checked_division=False)
def loop_terms(radius: float, rho: float, z: float) -> tuple[float, float, float]:
    """Cylindrical field and potential of a loop of one ampere-turn, free of cancellation.

    Returns H_rho / rho, H_z and A_phi / (mu0 rho). With q = alpha / beta and the AGM started at (1, q),
    c_1 = m / (2 (1 + q)) and c_(n+1) = c_n^2 / (4 a_(n+1)) need no subtraction, K = pi / (2 a_inf) and
    E = K (1 - m/2 - sum_(n>=1) 2^(n-1) c_n^2). Put into Simpson's formulas the leading terms cancel by hand,
    which leaves the factor rho^2 explicit, and the axis is an ordinary point.

    radius of the loop, rho from its axis and z above its plane, in m; the three values are in 1/m^2, 1/m and 1/m,
    NaN on the wire.
    """
    alpha2 = (radius - rho) * (radius - rho) + z * z
    beta2 = (radius + rho) * (radius + rho) + z * z
    if not alpha2 > 0.0:
        return np.nan, np.nan, np.nan
    q = np.sqrt(alpha2 / beta2)
    beta = np.sqrt(beta2)
    m = 4.0 * radius * rho / beta2
    c1 = 0.5 * m / (1.0 + q)
    a = 0.5 * (1.0 + q)
    g = np.sqrt(q)
    d = 1.0  # c_n / c_1
    weight = 1.0
    tail = 0.0  # sum over n >= 2 of 2^(n-1) d_n^2
    for _ in range(_MAX_AGM):
        if d * c1 <= _AGM_TOLERANCE * a:
            break
        a_next = 0.5 * (a + g)
        d = d * d * c1 / (4.0 * a_next)
        g = np.sqrt(a * g)
        a = a_next
        weight = 2.0 * weight
        tail += weight * d * d
    K = 0.5 * np.pi / a
    K_minus_E = K * (0.5 * m + c1 * c1 * (1.0 + tail))
    E = K - K_minus_E
    common = 2.0 * radius * radius * K / (np.pi * beta2 * beta * (1.0 + q) * (1.0 + q))
    half = 0.5 * (1.0 + q * q)
    # H_rho / rho = z [(a^2 + rho^2 + z^2) E - alpha^2 K] / (2 pi alpha^2 beta rho^2)
    h_rho = z * common * (half + 2.0 * q - half * tail) / alpha2
    # H_z = [(a^2 - rho^2 - z^2) E + alpha^2 K] / (2 pi alpha^2 beta)
    h_z = (2.0 * radius * (radius - rho) * E + alpha2 * K_minus_E) / (2.0 * np.pi * alpha2 * beta)
    # A_phi / (mu0 rho) = beta [(1 - m/2) K - E] / (2 pi rho^2)
    potential = common * (1.0 + tail)
    return h_rho, h_z, potential


@jit()
def _loop_field_at(
    points: NDArray[np.float64],
    i: int,
    radius: float,
    center: NDArray[np.float64],
    axis: NDArray[np.float64],
    turns: float,
    out: NDArray[np.float64],
) -> None:
    """H (A/m per A) at one point, by `loop_terms`: rho, z and back, without an angle.

    i numbers the point in points (n, 3), in m; radius, center (3,), axis (3,) and turns as for `loop_field`.
    out[i] of out (n, 3) is filled.
    """
    dx = points[i, 0] - center[0]
    dy = points[i, 1] - center[1]
    dz = points[i, 2] - center[2]
    z = dx * axis[0] + dy * axis[1] + dz * axis[2]
    rx = dx - z * axis[0]
    ry = dy - z * axis[1]
    rz = dz - z * axis[2]
    rho = np.sqrt(rx * rx + ry * ry + rz * rz)
    h_rho, h_z, _ = loop_terms(radius, rho, z)
    out[i, 0] = turns * (h_rho * rx + h_z * axis[0])
    out[i, 1] = turns * (h_rho * ry + h_z * axis[1])
    out[i, 2] = turns * (h_rho * rz + h_z * axis[2])


@jit(checked_division=False, inline=True)
def smooth_terms(radius: float, rho: float, z: float) -> tuple[float, float, float]:
    """H_rho / rho and H_z by the same arithmetic as `loop_terms` but without branches, and q.

    Two steps of the mean lead to the modulus k2 = c_2 / a_2, and what is left, 1 / AGM(1, k2') and the tail of
    the sum, are polynomials in y = k2^2 (minimax on [0, 0.32], 3e-16). For q from `VECTOR_FROM` on.

    radius, rho and z in m, as for `loop_terms`; q = alpha / beta has no unit.
    """
    alpha2 = (radius - rho) * (radius - rho) + z * z
    beta2 = (radius + rho) * (radius + rho) + z * z
    alpha2 = max(alpha2, 1e-30 * beta2)  # on the wire something finite, done anew below
    over = 1.0 / beta2
    q = np.sqrt(alpha2 * over)
    plus = 1.0 / (1.0 + q)
    half_m = 2.0 * radius * rho * over
    c1 = half_m * plus
    a2 = 0.25 * (1.0 + q) + 0.5 * np.sqrt(q)
    shrink = 1.0 / a2
    d2 = 0.25 * c1 * shrink
    y = (c1 * d2 * shrink) * (c1 * d2 * shrink)
    f = -0.304624636867946 + y * 0.25984591036380633
    f = 0.2582198152697449 + y * f
    f = -0.06690171608511436 + y * f
    f = 0.06211285099545057 + y * f
    f = 0.0331708241753046 + y * f
    f = 0.04460897203922102 + y * f
    f = 0.05082076658715057 + y * f
    f = 0.060566434272409056 + y * f
    f = 0.07476789178583731 + y * f
    f = 0.09765625422879015 + y * f
    f = 0.14062499994676034 + y * f
    f = 0.2500000000002631 + y * f
    f = 1.0 + y * f
    t = -0.08353445352097875 + y * 0.07235881709163049
    t = 0.07191513911592923 + y * t
    t = -0.017301493234226355 + y * t
    t = 0.018577158066205485 + y * t
    t = 0.011161724433192315 + y * t
    t = 0.015054188967874228 + y * t
    t = 0.01784931393206632 + y * t
    t = 0.022187459051453997 + y * t
    t = 0.028808545856572308 + y * t
    t = 0.04003906365965681 + y * t
    t = 0.06249999998540165 + y * t
    t = 0.12500000000007214 + y * t
    t = 1.0 + y * t
    tail = 2.0 * d2 * d2 * t
    K_over_pi = 0.5 * f * shrink
    part = half_m + c1 * c1 * (1.0 + tail)  # (K - E) / K
    half = 0.5 * (1.0 + q * q)
    common = K_over_pi * np.sqrt(over) / alpha2
    h_rho = z * common * (2.0 * radius * radius * plus * plus * over) * (half + 2.0 * q - half * tail)
    h_z = common * (radius * (radius - rho) * (1.0 - part) + 0.5 * alpha2 * part)
    return h_rho, h_z, q


@jit(checked_division=False)
def _loop_block(
    points: NDArray[np.float64],
    start: int,
    radius: float,
    center: NDArray[np.float64],
    axis: NDArray[np.float64],
    turns: float,
    work: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """`_BLOCK` points from ``start`` on, by `smooth_terms` where that is exact.

    points (n, 3), radius, center (3,), axis (3,), turns and out (n, 3) as for `loop_field`; work (4, _BLOCK) is
    room: the field and q of each point.
    """
    cx, cy, cz = center[0], center[1], center[2]
    nx, ny, nz = axis[0], axis[1], axis[2]
    stop = min(_BLOCK, points.shape[0] - start)
    for i in range(stop):
        work[0, i] = points[start + i, 0] - cx
        work[1, i] = points[start + i, 1] - cy
        work[2, i] = points[start + i, 2] - cz
    for i in range(stop):
        dx, dy, dz = work[0, i], work[1, i], work[2, i]
        z = dx * nx + dy * ny + dz * nz
        rx = dx - z * nx
        ry = dy - z * ny
        rz = dz - z * nz
        rho = np.sqrt(rx * rx + ry * ry + rz * rz)
        h_rho, h_z, q = smooth_terms(radius, rho, z)
        h_rho *= turns
        h_z *= turns
        work[0, i] = h_rho * rx + h_z * nx
        work[1, i] = h_rho * ry + h_z * ny
        work[2, i] = h_rho * rz + h_z * nz
        work[3, i] = q
    for i in range(stop):
        out[start + i, 0] = work[0, i]
        out[start + i, 1] = work[1, i]
        out[start + i, 2] = work[2, i]
    for i in range(stop):
        if not work[3, i] >= VECTOR_FROM:
            _loop_field_at(points, start + i, radius, center, axis, turns, out)


@jit(checked_division=False)
def loop_field(
    points: NDArray[np.float64],
    radius: float,
    center: NDArray[np.float64],
    axis: NDArray[np.float64],
    turns: float,
    out: NDArray[np.float64],
) -> None:
    """H (A/m per A) of a circular loop at points (n, 3) into out (n, 3).

    points, radius and center (3,), the loop's, in m; axis (3,) its unit normal; turns count the other way round
    where negative.
    """
    work = np.empty((4, _BLOCK))
    for start in range(0, points.shape[0], _BLOCK):
        _loop_block(points, start, radius, center, axis, turns, work, out)


@jit()
def loop_potential(
    points: NDArray[np.float64],
    radius: float,
    center: NDArray[np.float64],
    axis: NDArray[np.float64],
    turns: float,
    out: NDArray[np.float64],
) -> None:
    """Evaluate A / mu0 (per A) of a circular loop at points (n, 3) into out (n, 3).

    radius, center (3,), axis (3,) and turns as for `loop_field`; A / mu0 per ampere has no unit.
    """
    for i in range(points.shape[0]):
        dx = points[i, 0] - center[0]
        dy = points[i, 1] - center[1]
        dz = points[i, 2] - center[2]
        z = dx * axis[0] + dy * axis[1] + dz * axis[2]
        rx = dx - z * axis[0]
        ry = dy - z * axis[1]
        rz = dz - z * axis[2]
        rho = np.sqrt(rx * rx + ry * ry + rz * rz)
        _, _, potential = loop_terms(radius, rho, z)
        # A = (A_phi / rho) axis x r
        out[i, 0] = turns * potential * (axis[1] * rz - axis[2] * ry)
        out[i, 1] = turns * potential * (axis[2] * rx - axis[0] * rz)
        out[i, 2] = turns * potential * (axis[0] * ry - axis[1] * rx)


@jit()
def polygon_field(
    points: NDArray[np.float64],
    vertices: NDArray[np.float64],
    turns: float,
    out: NDArray[np.float64],
) -> None:
    """H (A/m per A) of a closed polygon of straight wire, vertices (v, 3), at points (n, 3) into out (n, 3).

    Biot-Savart, H = (la + lb) a x b / [4 pi la lb (la lb + a.b)] of each side, a and b from its ends to the point,
    la and lb their lengths. points and vertices in m; turns count the other way round where negative. NaN on the
    wire.
    """
    scale = turns / (4.0 * np.pi)
    count = vertices.shape[0]
    for i in range(points.shape[0]):
        hx = 0.0
        hy = 0.0
        hz = 0.0
        for j in range(count):
            k = j + 1 if j + 1 < count else 0
            ax = points[i, 0] - vertices[j, 0]
            ay = points[i, 1] - vertices[j, 1]
            az = points[i, 2] - vertices[j, 2]
            bx = points[i, 0] - vertices[k, 0]
            by = points[i, 1] - vertices[k, 1]
            bz = points[i, 2] - vertices[k, 2]
            # a x b = (b - a wire vector) x a; taking it from the wire vector keeps near-wire digits
            ux = vertices[k, 0] - vertices[j, 0]
            uy = vertices[k, 1] - vertices[j, 1]
            uz = vertices[k, 2] - vertices[j, 2]
            cx = uy * az - uz * ay
            cy = uz * ax - ux * az
            cz = ux * ay - uy * ax
            la = np.sqrt(ax * ax + ay * ay + az * az)
            lb = np.sqrt(bx * bx + by * by + bz * bz)
            dot = ax * bx + ay * by + az * bz
            cross2 = cx * cx + cy * cy + cz * cz
            # la*lb + dot vanishes on the wire, where |a x b|^2 = (la*lb - dot)(la*lb + dot)
            below = la * lb * ((la * lb + dot) if dot >= 0.0 else cross2 / (la * lb - dot))
            if below > 0.0:
                f = scale * (la + lb) / below
                hx += f * cx
                hy += f * cy
                hz += f * cz
            elif dot <= 0.0:  # on the wire itself, not merely on its extension
                hx = np.nan
                hy = np.nan
                hz = np.nan
        out[i, 0] = hx
        out[i, 1] = hy
        out[i, 2] = hz


@jit()
def polygon_potential(
    points: NDArray[np.float64],
    vertices: NDArray[np.float64],
    turns: float,
    out: NDArray[np.float64],
) -> None:
    """Evaluate A / mu0 (per A) of a closed polygon of straight wire, vertices (v, 3), at points (n, 3) into out.

    A = u ln[(la + lb + L) / (la + lb - L)] / (4 pi) of each side, u its direction; the denominator is
    2 (la lb + a.b) / (la + lb + L), free of cancellation near the wire. points, vertices and turns as for
    `polygon_field`.
    """
    scale = turns / (4.0 * np.pi)
    count = vertices.shape[0]
    for i in range(points.shape[0]):
        sx = 0.0
        sy = 0.0
        sz = 0.0
        for j in range(count):
            k = j + 1 if j + 1 < count else 0
            ax = points[i, 0] - vertices[j, 0]
            ay = points[i, 1] - vertices[j, 1]
            az = points[i, 2] - vertices[j, 2]
            bx = points[i, 0] - vertices[k, 0]
            by = points[i, 1] - vertices[k, 1]
            bz = points[i, 2] - vertices[k, 2]
            ux = vertices[k, 0] - vertices[j, 0]
            uy = vertices[k, 1] - vertices[j, 1]
            uz = vertices[k, 2] - vertices[j, 2]
            side = np.sqrt(ux * ux + uy * uy + uz * uz)
            if side == 0.0:
                continue
            la = np.sqrt(ax * ax + ay * ay + az * az)
            lb = np.sqrt(bx * bx + by * by + bz * bz)
            dot = ax * bx + ay * by + az * bz
            below = la * lb + dot
            if dot < 0.0:
                cx = uy * az - uz * ay
                cy = uz * ax - ux * az
                cz = ux * ay - uy * ax
                below = (cx * cx + cy * cy + cz * cz) / (la * lb - dot)
            if below > 1e-30 * la * lb:
                total = la + lb + side
                f = scale / side * np.log1p(side * total / below)
                sx += f * ux
                sy += f * uy
                sz += f * uz
            elif dot <= 0.0:  # on the wire
                sx = np.nan
                sy = np.nan
                sz = np.nan
        out[i, 0] = sx
        out[i, 1] = sy
        out[i, 2] = sz
