"""Kernel of the simulated radar's echoes from below the surface."""

from __future__ import annotations

import numba
import numpy as np

from dualsense._numba import jit
from dualsense.simulate._kernels import C0, LINES, OVER_C0, add_tones, height_at, spread_over, taper

_ROW_MARGIN = 2


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
def read_row(rows, side, rho, step, over_step, across2, reach2, fields):
    """Delay of the ray to an offset and its slope; row ``side`` of ``fields`` gets the field without that delay.

    A row holds the delay, its slope, and pairs across and along the dipole of the field times the distance
    sqrt(rho^2 + ``reach2``): smooth enough to be linear between offsets. The delay is Hermite's cubic.
    """
    at = rho * over_step
    i = min(int(at), rows.shape[1] - 2)
    a = at - i
    b = 1.0 - a
    t0, t1, s0, s1 = rows[side, i, 0], rows[side, i + 1, 0], rows[side, i, 1], rows[side, i + 1, 1]
    time = b * b * ((1.0 + 2.0 * a) * t0 + a * step * s0) + a * a * ((1.0 + 2.0 * b) * t1 - b * step * s1)
    slope = 6.0 * a * b * (t1 - t0) * over_step + b * (1.0 - 3.0 * a) * s0 + a * (3.0 * a - 2.0) * s1
    near = 1.0 / np.sqrt(rho * rho + reach2)
    c0, c1 = b * near * across2, a * near * across2
    d0, d1 = b * near * (1.0 - across2), a * near * (1.0 - across2)
    for c in range(LINES):
        fields[side, c] = (
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
    (nd, nh, nr, 2 + 4 b) is that of a `spectrum.Passage`, told at b frequencies, and ``basis`` (b, k) makes the
    tones of them. ``start`` to ``weights`` are a grid of delays (`delays.DelayGrid`). The cost is that of
    soundings times points, and of soundings times nodes times tones.
    """
    offsets = table.shape[2]
    tones = out.shape[1]
    over_index, over_cell, over_step, over_offset = 1.0 / index, 1.0 / cell, 1.0 / step, 1.0 / offset_step
    for n in numba.prange(tx.shape[0]):
        series = np.zeros((real.shape[0], LINES))
        rows = np.empty((2, offsets, table.shape[3]))
        fields = np.empty((2, LINES))
        product = np.empty(LINES)
        first_node, last_node, lost = real.shape[0], 0, False
        place = np.empty((2, 3))
        for c in range(3):
            place[0, c], place[1, c] = tx[n, c], rx[n, c]
        mid_x, mid_y = 0.5 * (tx[n, 0] + rx[n, 0]), 0.5 * (tx[n, 1] + rx[n, 1])
        for block in range(blocks.shape[0]):
            x, y, radius = circles[block, 0], circles[block, 1], circles[block, 2]
            if np.sqrt((x - mid_x) ** 2 + (y - mid_y) ** 2) >= reach + radius:
                continue
            level = blocks[block, 0]
            below = reduced_depth[level]
            for side in range(2):
                from_center = np.sqrt((x - place[side, 0]) ** 2 + (y - place[side, 1]) ** 2)
                beside = np.sqrt((mid_x - place[side, 0]) ** 2 + (mid_y - place[side, 1]) ** 2)
                low = max(0, int((from_center - radius) / offset_step) - _ROW_MARGIN)
                high = int(min(from_center + radius, reach + beside) / offset_step) + _ROW_MARGIN
                fill_row(
                    table[level], place[side, 2], low_height, height_step, low, min(high, offsets), rows[side]
                )
            n_local = local_index[level]
            for j in range(blocks[block, 1], blocks[block, 2]):
                away = np.sqrt((points[j, 0] - mid_x) ** 2 + (points[j, 1] - mid_y) ** 2)
                weight = taper(away, reach)
                if weight == 0.0:
                    continue
                time, facing, seen_front, seen_back = 0.0, 0.0, True, True
                for side in range(2):
                    dx, dy = points[j, 0] - place[side, 0], points[j, 1] - place[side, 1]
                    rho = np.sqrt(dx * dx + dy * dy)
                    over = 1.0 / rho if rho > 0.0 else 0.0
                    ex, ey = (dx * over, dy * over) if rho > 0.0 else (1.0, 0.0)
                    h = place[side, 2]
                    reach2 = (h + below) ** 2
                    t, slope = read_row(rows, side, rho, offset_step, over_offset, ex * ex, reach2, fields)
                    sin_air = min(slope * C0, 0.999999)
                    cos_air = np.sqrt(1.0 - sin_air * sin_air)
                    sin_soil = sin_air * over_index
                    entry = h * sin_air / cos_air
                    # a surface raised by zeta at the ray's entry swaps zeta of air for zeta of soil
                    zeta = height_at(
                        place[side, 0] + entry * ex,
                        place[side, 1] + entry * ey,
                        surface_origin[0],
                        surface_origin[1],
                        over_cell,
                        height,
                    )
                    time += t + zeta * (index * np.sqrt(1.0 - sin_soil * sin_soil) - cos_air) * OVER_C0
                    if sided:
                        sine = min(sin_air / n_local, 1.0)
                        cosine = np.sqrt(1.0 - sine * sine) * normals[j, 2] - sine * (
                            ex * normals[j, 0] + ey * normals[j, 1]
                        )
                        facing += 0.5 * cosine
                        seen_front = seen_front and cosine > 0.0
                        seen_back = seen_back and cosine < 0.0
                if sided:
                    if seen_front:
                        weight *= front[j] * facing
                        time += 2.0 * front_delay[j]
                    elif seen_back:
                        weight *= -back[j] * facing
                        time += 2.0 * back_delay[j]
                    else:
                        continue
                else:
                    weight *= front[j]
                    time += 2.0 * front_delay[j]
                if weight == 0.0:
                    continue
                for m in range(0, LINES, 2):
                    a, b, c, d = fields[0, m], fields[0, m + 1], fields[1, m], fields[1, m + 1]
                    product[m] = weight * (a * c - b * d)
                    product[m + 1] = weight * (a * d + b * c)
                node = spread_over((time - start) * over_step, weights, product, series)
                if node < 0:
                    lost = True
                    continue
                first_node, last_node = min(first_node, node), max(last_node, node + weights.shape[1])
        sums = np.empty((2, tones))
        for m in range(LINES // 2):
            sums[:] = 0.0
            add_tones(first_node, last_node, series[:, 2 * m], series[:, 2 * m + 1], real, imag, sums[0], sums[1])
            for k in range(tones):
                out[n, k] += basis[m, k] * complex(sums[0, k], sums[1, k])
        if lost:
            out[n, :] = complex(np.nan, np.nan)
