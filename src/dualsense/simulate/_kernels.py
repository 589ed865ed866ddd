"""Kernels of the simulated radar: rays through the surface, summed over scatterers and tones.

Every sounding is one iteration of a parallel loop and writes only its own row, so that the result does not
depend on the number of threads. A phasor per scatterer is turned from tone to tone instead of being computed anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

from dualsense._numba import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

_C0 = 299_792_458.0
_NEWTON_STEPS = 40
_NEWTON_TOLERANCE = 1e-9


@jit()
def leg(rho: float, height: float, depth: float, index: float) -> tuple[float, float, float, float, float, float]:
    """Fermat's ray from an antenna through a flat surface to a point below it.

    Returns the travel time, the reciprocal of the spreading distance, the path in the soil, the sine and cosine of
    the ray's angle from the vertical in the soil, and the tangent of that in the air.

    With u = tan(angle in air) and s = n^2 + (n^2 - 1) u^2 the offset is rho = h u + d u / sqrt(s), rising and
    concave in u, so Newton's steps from the left never overshoot. The spreading 1/L^2 = tan / (rho drho/dtheta)
    of a thin tube of rays tends to 1 / (h + d/n)^2 straight below.
    """
    n2 = index * index
    u = rho / (height + depth / index)
    for _ in range(_NEWTON_STEPS):
        s = n2 + (n2 - 1.0) * u * u
        root = np.sqrt(s)
        step = (rho - height * u - depth * u / root) / (height + depth * n2 / (s * root))
        u += step
        if abs(step) <= _NEWTON_TOLERANCE * (1.0 + u):
            break
    s = n2 + (n2 - 1.0) * u * u
    root = np.sqrt(s)
    one_u2 = 1.0 + u * u
    tan_soil = u / root
    cos_soil = 1.0 / np.sqrt(1.0 + tan_soil * tan_soil)
    path = depth / cos_soil
    time = (height * np.sqrt(one_u2) + index * path) / _C0
    spread = 1.0 / np.sqrt((height + depth / root) * (height + depth * n2 / (s * root)) * one_u2)
    return time, spread, path, tan_soil * cos_soil, cos_soil, u


@jit()
def leg_table(offset, height, depth, index):
    """Travel time and reciprocal spreading (nh, nd, nr) of rays."""
    shape = (height.shape[0], depth.shape[0], offset.shape[0])
    time, spread = np.empty(shape), np.empty(shape)
    for i in range(shape[0]):
        for j in range(shape[1]):
            for k in range(shape[2]):
                time[i, j, k], spread[i, j, k] = leg(offset[k], height[i], depth[j], index)[:2]
    return time, spread


@jit()
def passed(rho, height, depth, across2, table, axes, out):
    """Read a `spectrum.Passage`: its logarithm at three frequencies into ``out`` (3,) complex, trilinear.

    ``axes`` holds the lowest height, the steps of height and offset, and the greatest depth.
    """
    nh, nd, nr = table.shape[2:]
    x = min(max((height - axes[0]) / axes[1], 0.0), nh - 1.000001)
    y = min(np.sqrt(depth / axes[3]) * (nd - 1), nd - 1.000001)
    z = min(rho / axes[2], nr - 1.000001)
    i, j, k = int(x), int(y), int(z)
    # depths are squares: linear in depth between them
    d0, d1 = float(j * j), float((j + 1) * (j + 1))
    a, b, c = x - i, (y * y - d0) / (d1 - d0), z - k
    for m in range(3):
        total = 0j
        for p in range(2):
            part = across2 if p == 0 else 1.0 - across2
            t = table[m, p]
            near = (1 - b) * ((1 - c) * t[i, j, k] + c * t[i, j, k + 1]) + b * (
                (1 - c) * t[i, j + 1, k] + c * t[i, j + 1, k + 1]
            )
            far = (1 - b) * ((1 - c) * t[i + 1, j, k] + c * t[i + 1, j, k + 1]) + b * (
                (1 - c) * t[i + 1, j + 1, k] + c * t[i + 1, j + 1, k + 1]
            )
            total += part * ((1 - a) * near + a * far)
        out[m] += np.log(total + 1e-12)


@jit()
def height_at(x: float, y: float, x0: float, y0: float, cell: float, height: NDArray[np.float64]) -> float:
    """Bilinear surface height; the rim's value outside."""
    ny, nx = height.shape
    fx = min(max((x - x0) / cell, 0.0), nx - 1.000001)
    fy = min(max((y - y0) / cell, 0.0), ny - 1.000001)
    i, j = int(fx), int(fy)
    a, b = fx - i, fy - j
    low = (1.0 - a) * height[j, i] + a * height[j, i + 1]
    high = (1.0 - a) * height[j + 1, i] + a * height[j + 1, i + 1]
    return (1.0 - b) * low + b * high


@jit()
def taper(distance: float, reach: float) -> float:
    """One up to two thirds of the reach, then a cosine down to zero."""
    if distance >= reach:
        return 0.0
    part = 3.0 * distance / reach - 2.0
    if part <= 0.0:
        return 1.0
    return 0.5 + 0.5 * np.cos(np.pi * part)


@jit()
def _sum_tones(
    count: int,
    amplitude: NDArray[np.float64],
    phase0: NDArray[np.float64],
    phase_step: NDArray[np.float64],
    row: NDArray[np.complex128],
) -> None:
    """Add sum_j a_j exp(-i phase) over the first ``count`` entries to every tone of a row."""
    zr, zi = np.empty(count), np.empty(count)
    cr, ci = np.empty(count), np.empty(count)
    for j in range(count):
        zr[j] = amplitude[j] * np.cos(phase0[j])
        zi[j] = -amplitude[j] * np.sin(phase0[j])
        cr[j] = np.cos(phase_step[j])
        ci[j] = -np.sin(phase_step[j])
    for k in range(row.shape[0]):
        real, imag = 0.0, 0.0
        for j in range(count):
            a, b = zr[j], zi[j]
            real += a
            imag += b
            zr[j] = a * cr[j] - b * ci[j]
            zi[j] = a * ci[j] + b * cr[j]
        row[k] += complex(real, imag)


@jit()
def _sum_curved(
    count: int,
    start: NDArray[np.complex128],
    turn: NDArray[np.complex128],
    bend: NDArray[np.complex128],
    row: NDArray[np.complex128],
) -> None:
    """Add exponentials of parabolas: each tone is the last times ``turn``, which is multiplied by ``bend``."""
    zr, zi = start[:count].real.copy(), start[:count].imag.copy()
    cr, ci = turn[:count].real.copy(), turn[:count].imag.copy()
    er, ei = bend[:count].real.copy(), bend[:count].imag.copy()
    for k in range(row.shape[0]):
        real, imag = 0.0, 0.0
        for j in range(count):
            a, b, c, d = zr[j], zi[j], cr[j], ci[j]
            real += a
            imag += b
            zr[j] = a * c - b * d
            zi[j] = a * d + b * c
            cr[j] = c * er[j] - d * ei[j]
            ci[j] = c * ei[j] + d * er[j]
        row[k] += complex(real, imag)


@jit(parallel=True)
def buried_echo(
    tx: NDArray[np.float64],
    rx: NDArray[np.float64],
    points: NDArray[np.float64],
    normals: NDArray[np.float64],
    front: NDArray[np.float64],
    back: NDArray[np.float64],
    front_delay: NDArray[np.float64],
    back_delay: NDArray[np.float64],
    response: NDArray[np.complex128],
    has_normals: int,
    index: float,
    loss: NDArray[np.float64],
    reach: float,
    omega0: float,
    omega_step: float,
    surface_origin: NDArray[np.float64],
    cell: float,
    height: NDArray[np.float64],
    table: NDArray[np.complex128],
    axes: NDArray[np.float64],
    parabola: NDArray[np.float64],
    out: NDArray[np.complex128],
) -> None:
    """Echoes of points below the surface into out (n, k), before the factor that depends on frequency alone.

    ``front`` and ``back`` weigh a piece of surface seen from outside and through the body; the delays are the
    extra one-way times through what lies above it. Without normals ``front`` is an isotropic strength. ``loss``
    is per metre, and per metre and rad/s. ``table`` and ``axes`` are a `spectrum.Passage`, ``parabola`` makes the
    logarithm over the band of its three frequencies, a parabola in the tone's number, so that every tone
    follows from the last by two products.
    """
    soundings, count = tx.shape[0], points.shape[0]
    for n in numba.prange(soundings):
        start = np.empty(count, np.complex128)
        turn, bend = np.empty_like(start), np.empty_like(start)
        ratio = np.empty(3, np.complex128)
        used = 0
        mid_x, mid_y = 0.5 * (tx[n, 0] + rx[n, 0]), 0.5 * (tx[n, 1] + rx[n, 1])
        for j in range(count):
            away = np.sqrt((points[j, 0] - mid_x) ** 2 + (points[j, 1] - mid_y) ** 2)
            weight = taper(away, reach)
            if weight == 0.0:
                continue
            total_time, total_path = 0.0, 0.0
            for m in range(3):
                ratio[m] = response[j, m] if response.shape[0] > 0 else 0j
            facing, seen_front, seen_back = 0.0, True, True
            for side in range(2):
                antenna = tx if side == 0 else rx
                dx, dy = points[j, 0] - antenna[n, 0], points[j, 1] - antenna[n, 1]
                rho = np.sqrt(dx * dx + dy * dy)
                h = antenna[n, 2]
                t, spread, soil_path, sin_soil, cos_soil, u = leg(rho, h, -points[j, 2], index)
                ex, ey = (dx / rho, dy / rho) if rho > 0.0 else (1.0, 0.0)
                weight *= spread
                passed(rho, h, -points[j, 2], ex * ex, table, axes, ratio)
                # a surface raised by zeta at the ray's entry swaps zeta of air for zeta of soil
                zeta = height_at(
                    antenna[n, 0] + h * u * ex,
                    antenna[n, 1] + h * u * ey,
                    surface_origin[0],
                    surface_origin[1],
                    cell,
                    height,
                )
                total_time += t + zeta * (index * cos_soil - 1.0 / np.sqrt(1.0 + u * u)) / _C0
                total_path += soil_path
                if has_normals:
                    cosine = cos_soil * normals[j, 2] - sin_soil * (ex * normals[j, 0] + ey * normals[j, 1])
                    facing += 0.5 * cosine
                    seen_front = seen_front and cosine > 0.0
                    seen_back = seen_back and cosine < 0.0
            if has_normals:
                if seen_front:
                    weight *= front[j] * facing
                    total_time += 2.0 * front_delay[j]
                elif seen_back:
                    weight *= -back[j] * facing
                    total_time += 2.0 * back_delay[j]
                else:
                    continue
            else:
                weight *= front[j]
                total_time += 2.0 * front_delay[j]
            if weight == 0.0:
                continue
            # a parabola in the tone's number through the table's logarithms, then delay and loss
            level = parabola[0, 0] * ratio[0] + parabola[0, 1] * ratio[1] + parabola[0, 2] * ratio[2]
            slope = parabola[1, 0] * ratio[0] + parabola[1, 1] * ratio[1] + parabola[1, 2] * ratio[2]
            curve = parabola[2, 0] * ratio[0] + parabola[2, 1] * ratio[1] + parabola[2, 2] * ratio[2]
            rate = complex(total_path * loss[1], total_time)
            start[used] = weight * np.exp(level - omega0 * rate - total_path * loss[0])
            turn[used] = np.exp(slope + curve - omega_step * rate)
            bend[used] = np.exp(2.0 * curve)
            used += 1
        _sum_curved(used, start, turn, bend, out[n])


@jit()
def rough_coefficient(cos_air: float, index: float, x: float, y: float) -> float:
    """Backscatter coefficient of small roughness for a dipole along y, seen in the direction (x, y) from it."""
    epsilon = index * index
    sin2 = 1.0 - cos_air * cos_air
    root = np.sqrt(epsilon - sin2)
    electric = (cos_air - root) / (cos_air + root)
    magnetic = (epsilon - 1.0) * (sin2 - epsilon * (1.0 + sin2)) / (epsilon * cos_air + root) ** 2
    away2 = x * x + y * y
    across2 = x * x / away2 if away2 > 0.0 else 1.0
    return across2 * electric + (1.0 - across2) * cos_air * cos_air * magnetic


@jit(parallel=True)
def rough_echo(
    tx: NDArray[np.float64],
    rx: NDArray[np.float64],
    index: float,
    reach: float,
    omega0: float,
    omega_step: float,
    surface_origin: NDArray[np.float64],
    cell: float,
    height: NDArray[np.float64],
    near: NDArray[np.complex128],
    far: NDArray[np.complex128],
) -> None:
    """Add up what roughness adds to a flat surface's echo.

    (1/2 pi) int R cos (i k + (1/r1 + 1/r2)/2) [exp(-i k r) of the rough less that of the flat surface] / (r1 r2)
    dA: Kirchhoff's integral without the slopes, which for small heights is the small-perturbation method for a
    field across the plane of incidence, R the Fresnel coefficient. In the dipole's own plane it is the method's
    other coefficient times the dipole's pattern. ``far`` (n, k) collects the part to multiply with i k and
    ``near`` the rest.
    """
    ny, nx = height.shape
    cells = int(reach / cell) + 2
    most = 2 * (2 * cells + 1) ** 2
    for n in numba.prange(tx.shape[0]):
        a_far, a_near, time = np.empty(most), np.empty(most), np.empty(most)
        used = 0
        mid_x, mid_y = 0.5 * (tx[n, 0] + rx[n, 0]), 0.5 * (tx[n, 1] + rx[n, 1])
        i0, j0 = int((mid_x - surface_origin[0]) / cell), int((mid_y - surface_origin[1]) / cell)
        for j in range(max(0, j0 - cells), min(ny, j0 + cells + 1)):
            for i in range(max(0, i0 - cells), min(nx, i0 + cells + 1)):
                x, y = surface_origin[0] + i * cell, surface_origin[1] + j * cell
                window = taper(np.sqrt((x - mid_x) ** 2 + (y - mid_y) ** 2), reach)
                if window == 0.0:
                    continue
                reflection = 0.0
                for rough in range(2):
                    z = height[j, i] if rough == 1 else 0.0
                    tx_z, rx_z = tx[n, 2] - z, rx[n, 2] - z
                    r1 = np.sqrt((tx[n, 0] - x) ** 2 + (tx[n, 1] - y) ** 2 + tx_z**2)
                    r2 = np.sqrt((rx[n, 0] - x) ** 2 + (rx[n, 1] - y) ** 2 + rx_z**2)
                    if rough == 0:
                        reflection = (
                            rough_coefficient(0.5 * (tx_z / r1 + rx_z / r2), index, x - mid_x, y - mid_y)
                            * 0.5
                            * (tx_z / r1 + rx_z / r2)
                        )
                    sign = 1.0 if rough == 1 else -1.0
                    value = sign * window * reflection * cell * cell / (2.0 * np.pi * r1 * r2)
                    a_far[used] = value
                    a_near[used] = value * 0.5 * (1.0 / r1 + 1.0 / r2)
                    time[used] = (r1 + r2) / _C0
                    used += 1
        _sum_tones(used, a_far, omega0 * time, omega_step * time, far[n])
        _sum_tones(used, a_near, omega0 * time, omega_step * time, near[n])
