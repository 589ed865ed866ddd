"""Kernel of the simulated radar's echoes from below the surface."""

from __future__ import annotations

import numba
import numpy as np

from dualsense.constants import C0_M_S
from dualsense.runtime.jit import jit
from dualsense.simulate._radar._kernels import LINES, OVER_C0, add_tones, height_at, spread_over, taper

_ROW_MARGIN = 2
_TINY = 1e-12
"""Metres: keeps directions finite straight below."""


@jit(checked_division=False)
def fill_row(table, height, low, step, first, last, row):
    """Rows first to last - 1 of a table (nh, nr, c) at a height: Lagrange's cubic through four of its heights."""
    nh = table.shape[0]
    at = min(max((height - low) / step, 0.0), nh - 1.0)
    i = min(max(int(at) - 1, 0), nh - 4)
    x = at - i
    w0 = -(x - 1.0) * (x - 2.0) * (x - 3.0) / 6.0
    w1 = x * (x - 2.0) * (x - 3.0) / 2.0
    w2 = -x * (x - 1.0) * (x - 3.0) / 2.0
    w3 = x * (x - 1.0) * (x - 2.0) / 6.0
    for r in range(first, last):
        for c in range(2 + 2 * LINES):
            row[r, c] = (
                w0 * table[i, r, c] + w1 * table[i + 1, r, c] + w2 * table[i + 2, r, c] + w3 * table[i + 3, r, c]
            )


@jit(checked_division=False)
def read_row(rows, side, rho, step, over_step, across2, near, fields, q):
    """Delay of the ray to an offset and its slope; ``fields`` gets the field without that delay.

    A row holds the delay, its slope, and pairs across and along the dipole of the field times the distance
    1 / ``near``: smooth enough to be linear between offsets. The delay is Hermite's cubic.
    """
    at = rho * over_step
    i = min(int(at), rows.shape[1] - 2)
    a = at - i
    b = 1.0 - a
    t0, t1, s0, s1 = rows[side, i, 0], rows[side, i + 1, 0], rows[side, i, 1], rows[side, i + 1, 1]
    time = b * b * ((1.0 + 2.0 * a) * t0 + a * step * s0) + a * a * ((1.0 + 2.0 * b) * t1 - b * step * s1)
    slope = 6.0 * a * b * (t1 - t0) * over_step + b * (1.0 - 3.0 * a) * s0 + a * (3.0 * a - 2.0) * s1
    c0, c1 = b * near * across2, a * near * across2
    d0, d1 = b * near * (1.0 - across2), a * near * (1.0 - across2)
    for c in range(LINES):
        fields[side, q, c] = (
            c0 * rows[side, i, 2 + c]
            + c1 * rows[side, i + 1, 2 + c]
            + d0 * rows[side, i, 2 + LINES + c]
            + d1 * rows[side, i + 1, 2 + LINES + c]
        )
    return time, slope


@jit(parallel=True, checked_division=False)
def buried_echo(
    tx, rx, blocks, circles, points, normals, front, back, front_delay, back_delay, sided, index, local_index,
    reduced_depth, reach, surface_origin, cell, height, low_height, height_step, offset_step, table, basis, start,
    step, real, imag, weights, out,
):  # fmt: skip
    """Echoes of points below the surface into out (n, k), before the factor that depends on frequency alone.

    Points lie in blocks (nb, 3) of one depth each: the depth's number, and the first and the last point but one; a
    circle (nb, 3) about each has its centre and radius. ``front`` and ``back`` weigh a piece of surface seen from
    outside and through the body; the delays are the extra one-way times through what lies above it. Not ``sided``,
    ``front`` is an isotropic strength. ``index`` is that of the soil at the surface, ``local_index`` (nd,) that at
    each depth, and ``reduced_depth`` the sum of what lies above over its index. ``table``
    (nd, nh, nr, 2 + 4 b) is that of a `plane_waves.TransmissionTable` at b frequencies, and
    ``basis`` (b, k) makes the tones of them. ``start`` to ``weights`` are a grid of delays (`delays.DelayGrid`).
    The cost is that of soundings times points, and of soundings times nodes times tones.
    """
    over_index, over_cell, over_step, over_offset = 1.0 / index, 1.0 / cell, 1.0 / step, 1.0 / offset_step
    offsets = table.shape[2]
    tones = out.shape[1]
    most = 0
    for block in range(blocks.shape[0]):
        most = max(most, blocks[block, 2] - blocks[block, 1])
    for n in numba.prange(tx.shape[0]):
        series = np.zeros((real.shape[0], LINES))
        rows = np.empty((2, offsets, table.shape[3]))
        fields = np.empty((2, most, LINES))
        which = np.empty(most, np.int64)
        weight, x, y, late = np.empty(most), np.empty(most), np.empty(most), np.empty(most)
        rho, ex, ey, near = np.empty(most), np.empty(most), np.empty(most), np.empty(most)
        slope, swap, facing = np.empty(most), np.empty(most), np.empty((2, most))
        product = np.empty(LINES)
        first_node, last_node, lost = real.shape[0], 0, False
        place = np.empty((2, 3))
        for c in range(3):
            place[0, c], place[1, c] = tx[n, c], rx[n, c]
        mid_x, mid_y = 0.5 * (tx[n, 0] + rx[n, 0]), 0.5 * (tx[n, 1] + rx[n, 1])
        for block in range(blocks.shape[0]):
            center_x, center_y, radius = circles[block, 0], circles[block, 1], circles[block, 2]
            if np.sqrt((center_x - mid_x) ** 2 + (center_y - mid_y) ** 2) >= reach + radius:
                continue
            count = 0
            for j in range(blocks[block, 1], blocks[block, 2]):
                away2 = (points[j, 0] - mid_x) ** 2 + (points[j, 1] - mid_y) ** 2
                if away2 < reach * reach:
                    which[count], x[count], y[count] = j, points[j, 0], points[j, 1]
                    weight[count], late[count] = taper(np.sqrt(away2), reach), 0.0
                    count += 1
            if count == 0:
                continue
            level = blocks[block, 0]
            below, n_local = reduced_depth[level], local_index[level]
            # one kind of work at a time: roots and quotients of many points become vectors
            for side in range(2):
                at_x, at_y, h = place[side, 0], place[side, 1], place[side, 2]
                from_center = np.sqrt((center_x - at_x) ** 2 + (center_y - at_y) ** 2)
                beside = np.sqrt((mid_x - at_x) ** 2 + (mid_y - at_y) ** 2)
                low = max(0, int((from_center - radius) * over_offset) - _ROW_MARGIN)
                high = int(min(from_center + radius, reach + beside) * over_offset) + _ROW_MARGIN
                fill_row(table[level], h, low_height, height_step, low, min(high, offsets), rows[side])
                reach2 = (h + below) ** 2
                for q in range(count):
                    dx, dy = x[q] - at_x, y[q] - at_y
                    r2 = dx * dx + dy * dy
                    rho[q] = np.sqrt(r2)
                    over = 1.0 / (rho[q] + _TINY)
                    ex[q], ey[q] = dx * over, dy * over
                    near[q] = 1.0 / np.sqrt(r2 + reach2)
                for q in range(count):
                    time, slope[q] = read_row(
                        rows, side, rho[q], offset_step, over_offset, ex[q] * ex[q], near[q], fields, q
                    )
                    late[q] += time
                for q in range(count):
                    sin_air = min(slope[q] * C0_M_S, 0.999999)
                    cos_air = np.sqrt(1.0 - sin_air * sin_air)
                    sin_soil = sin_air * over_index
                    swap[q] = (index * np.sqrt(1.0 - sin_soil * sin_soil) - cos_air) * OVER_C0
                    slope[q] = sin_air
                    rho[q] = h * sin_air / cos_air
                for q in range(count):
                    # a surface raised by zeta at the ray's entry swaps zeta of air for zeta of soil
                    late[q] += swap[q] * height_at(
                        at_x + rho[q] * ex[q],
                        at_y + rho[q] * ey[q],
                        surface_origin[0],
                        surface_origin[1],
                        over_cell,
                        height,
                    )
                if sided:
                    for q in range(count):
                        sine = min(slope[q] / n_local, 1.0)
                        j = which[q]
                        facing[side, q] = np.sqrt(1.0 - sine * sine) * normals[j, 2] - sine * (
                            ex[q] * normals[j, 0] + ey[q] * normals[j, 1]
                        )
            for q in range(count):
                j, size, time = which[q], weight[q], late[q]
                if sided:
                    mean = 0.5 * (facing[0, q] + facing[1, q])
                    if facing[0, q] > 0.0 and facing[1, q] > 0.0:
                        size *= front[j] * mean
                        time += 2.0 * front_delay[j]
                    elif facing[0, q] < 0.0 and facing[1, q] < 0.0:
                        size *= -back[j] * mean
                        time += 2.0 * back_delay[j]
                    else:
                        continue
                else:
                    size *= front[j]
                    time += 2.0 * front_delay[j]
                if size == 0.0:
                    continue
                for m in range(0, LINES, 2):
                    a, b, c, d = fields[0, q, m], fields[0, q, m + 1], fields[1, q, m], fields[1, q, m + 1]
                    product[m] = size * (a * c - b * d)
                    product[m + 1] = size * (a * d + b * c)
                node = spread_over((time - start) * over_step, weights, product, series)
                if node < 0:
                    lost = True
                    continue
                first_node, last_node = min(first_node, node), max(last_node, node + weights.shape[1])
        if first_node < last_node:
            sums = np.empty((2, tones))
            for m in range(LINES // 2):
                sums[:] = 0.0
                add_tones(
                    first_node, last_node, series[:, 2 * m], series[:, 2 * m + 1], real, imag, sums[0], sums[1]
                )
                for k in range(tones):
                    out[n, k] += basis[m, k] * complex(sums[0, k], sums[1, k])
        if lost:
            out[n, :] = complex(np.nan, np.nan)
