"""Kernel of the simulated radar's echoes from below the surface.

Of every sounding and block of points one kind of work is done at a time, so that roots and quotients of many
points become vectors: the parts below are put into the sounding's loop before it is optimised.
"""

from __future__ import annotations

import numba
import numpy as np

from dualsense.constants import C0_M_S
from dualsense.runtime.jit import jit
from dualsense.simulate._radar._kernels import LINES, OVER_C0, add_tones, height_at, spread_over, taper
from dualsense.simulate._radar._row_kernels import fill_row, read_row

_ROW_MARGIN = 2
_TINY = 1e-12
"""Metres: keeps directions finite straight below."""


@jit(checked_division=False, inline=True)
def select_points(points, first, last, mid_x, mid_y, reach, which, x, y, weight, late):
    """Find the points of a block within reach of a sounding; returns how many they are.

    Parameters
    ----------
    points : (p, 2)
        Positions, m.
    first, last
        Points ``first`` to ``last`` - 1 are the block's.
    mid_x, mid_y
        Midpoint of the antennas, m.
    reach
        Where the `taper` ends, m.
    which, x, y, weight, late : (m,)
        Output: number and position of each, its weight by the taper, and a delay of zero to add to.
    """
    count = 0
    for j in range(first, last):
        away2 = (points[j, 0] - mid_x) ** 2 + (points[j, 1] - mid_y) ** 2
        if away2 < reach * reach:
            which[count], x[count], y[count] = j, points[j, 0], points[j, 1]
            weight[count], late[count] = taper(np.sqrt(away2), reach), 0.0
            count += 1
    return count


@jit(checked_division=False, inline=True)
def trace_rays(
    side, at_x, at_y, h, count, x, y, below, index, rows, offset_step, over_offset, surface_origin, over_cell,
    height, rho, ex, ey, near, slope, swap, fields, late,
):  # fmt: skip
    """Add to ``late`` the delays from one antenna to selected points, through the surface as high as it is there.

    Parameters
    ----------
    side
        0 for the transmitter, 1 for the receiver.
    at_x, at_y, h
        The antenna's position, m.
    count
        How many points are selected.
    x, y : (m,)
        Their positions, m.
    below
        Their depth over the index of what is above them, m.
    index
        Refractive index of the soil at the surface.
    rows : (2, nr, 2 + 2 LINES)
        The table at both antennas' heights (`fill_row`).
    offset_step, over_offset
        Step of its offsets, m, and one over that.
    surface_origin : (2,)
        Centre of the first cell of the surface, m.
    over_cell
        One over its cells' side, 1/m.
    height : (ny, nx)
        Its height, m.
    rho, ex, ey, near, swap : (m,)
        Room: offset and, later, distance to the ray's entry; its direction; one over the distance by which the
        table is smooth; what the delay gains per metre of surface.
    slope : (m,)
        Output: sine of the ray's angle in the air.
    fields : (2, m, LINES)
        Output at ``[side]``: the field let through the surface, without its delay.
    late : (m,)
        Delay to add to, s.
    """
    reach2 = (h + below) ** 2
    for q in range(count):
        dx, dy = x[q] - at_x, y[q] - at_y
        r2 = dx * dx + dy * dy
        rho[q] = np.sqrt(r2)
        over = 1.0 / (rho[q] + _TINY)
        ex[q], ey[q] = dx * over, dy * over
        near[q] = 1.0 / np.sqrt(r2 + reach2)
    for q in range(count):
        time, slope[q] = read_row(rows, side, rho[q], offset_step, over_offset, ex[q] * ex[q], near[q], fields, q)
        late[q] += time
    over_index = 1.0 / index
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
            at_x + rho[q] * ex[q], at_y + rho[q] * ey[q], surface_origin[0], surface_origin[1], over_cell, height
        )


@jit(checked_division=False, inline=True)
def face_points(side, count, which, normals, slope, ex, ey, n_local, facing):
    """Cosines between pieces of surface and the rays from one antenna, into ``facing[side]``.

    Parameters
    ----------
    side
        0 for the transmitter, 1 for the receiver.
    count
        How many points are selected.
    which : (m,)
        Their numbers.
    normals : (p, 3)
        Outward unit normals of all points.
    slope, ex, ey : (m,)
        Sine of the rays' angle in the air, and their directions.
    n_local
        Refractive index about the points.
    facing : (2, m)
        Output: positive where the outside is seen.
    """
    for q in range(count):
        sine = min(slope[q] / n_local, 1.0)
        j = which[q]
        facing[side, q] = np.sqrt(1.0 - sine * sine) * normals[j, 2] - sine * (
            ex[q] * normals[j, 0] + ey[q] * normals[j, 1]
        )


@jit(checked_division=False, inline=True)
def weigh_point(j, q, size, time, sided, facing, front, back, front_delay, back_delay):
    """Size and delay of a point's echo by the side that both antennas see; no size where they see different ones.

    Parameters
    ----------
    j, q
        Number of the point, and among the selected ones.
    size, time
        Its weight so far, and delay, s.
    sided
        Whether it has a side at all.
    facing : (2, m)
        As `face_points` gives it.
    front, back : (p,)
        Strength seen from outside and from within; without a side ``front`` alone.
    front_delay, back_delay : (p,)
        Extra one-way times of both, s.
    """
    if not sided:
        return size * front[j], time + 2.0 * front_delay[j]
    mean = 0.5 * (facing[0, q] + facing[1, q])
    if facing[0, q] > 0.0 and facing[1, q] > 0.0:
        return size * (front[j] * mean), time + 2.0 * front_delay[j]
    if facing[0, q] < 0.0 and facing[1, q] < 0.0:
        return size * (-back[j] * mean), time + 2.0 * back_delay[j]
    return 0.0, time


@jit(checked_division=False, inline=True)
def gather_tones(first, last, series, real, imag, basis, sums, row):
    """Turn a sounding's series of delays into its tones, and add them to ``row``.

    Parameters
    ----------
    first, last
        Nodes ``first`` to ``last`` - 1 hold something.
    series : (g, LINES)
        Real and imaginary part at each of the table's frequencies.
    real, imag : (g, k)
        Waves of a unit at each node.
    basis : (b, k)
        From the table's frequencies to the tones.
    sums : (2, k)
        Room.
    row : (k,)
        Output.
    """
    for m in range(LINES // 2):
        sums[:] = 0.0
        add_tones(first, last, series[:, 2 * m], series[:, 2 * m + 1], real, imag, sums[0], sums[1])
        for k in range(row.shape[0]):
            row[k] += basis[m, k] * complex(sums[0, k], sums[1, k])


@jit(parallel=True, checked_division=False)
def buried_echo(
    tx, rx, blocks, circles, points, normals, front, back, front_delay, back_delay, sided, index, local_index,
    reduced_depth, reach, surface_origin, cell, height, low_height, height_step, offset_step, table, basis, start,
    step, real, imag, weights, out,
):  # fmt: skip
    """Add echoes of points below the surface, before the factor that depends on frequency alone.

    The cost is that of soundings times points, and of soundings times nodes times tones.

    Parameters
    ----------
    tx, rx : (n, 3)
        Antennas, m.
    blocks : (nb, 3) int
        Points of one depth each: its number, the first point and the one after the last.
    circles : (nb, 3)
        Centre and radius of a circle about each block, m.
    points : (p, 2)
        Positions, m.
    normals : (p, 3) or (0, 3)
        Outward unit normals of pieces of surface.
    front, back : (p,)
        Weight of a piece seen from outside and through the body; not ``sided``, ``front`` is isotropic.
    front_delay, back_delay : (p,)
        Extra one-way times through what lies above, s.
    sided
        Whether the points are pieces of surface.
    index
        Refractive index of the soil at the surface.
    local_index, reduced_depth : (nd,)
        Refractive index at each depth, and the sum of what lies above over its index, m.
    reach
        Where the taper ends, m.
    surface_origin, cell, height : (2,), scalar, (ny, nx)
        Centre of the surface's first cell, the cells' side and the height above the mean, m.
    low_height, height_step, offset_step
        Axes of the table, m.
    table : (nd, nh, nr, 2 + 4 b)
        Of a `plane_waves.TransmissionTable` at b frequencies.
    basis : (b, k)
        From these to the tones.
    start, step, real, imag : scalars, s, and (g, k)
        A grid of delays (`delays.DelayGrid`).
    weights : (s + 1, WIDTH)
        Of its nodes (`delays.spreading_weights`).
    out : (n, k) complex
        Output, added to; NaN where a delay is off the grid.
    """
    over_cell, over_step, over_offset = 1.0 / cell, 1.0 / step, 1.0 / offset_step
    offsets, tones, most = table.shape[2], out.shape[1], 0
    for block in range(blocks.shape[0]):
        most = max(most, blocks[block, 2] - blocks[block, 1])
    for n in numba.prange(tx.shape[0]):
        series, sums, product = np.zeros((real.shape[0], LINES)), np.empty((2, tones)), np.empty(LINES)
        rows, fields = np.empty((2, offsets, table.shape[3])), np.empty((2, most, LINES))
        which = np.empty(most, np.int64)
        weight, x, y, late = np.empty(most), np.empty(most), np.empty(most), np.empty(most)
        rho, ex, ey, near = np.empty(most), np.empty(most), np.empty(most), np.empty(most)
        slope, swap, facing = np.empty(most), np.empty(most), np.empty((2, most))
        first_node, last_node, lost = real.shape[0], 0, False
        mid_x, mid_y = 0.5 * (tx[n, 0] + rx[n, 0]), 0.5 * (tx[n, 1] + rx[n, 1])
        for block in range(blocks.shape[0]):
            center_x, center_y, radius = circles[block, 0], circles[block, 1], circles[block, 2]
            if np.sqrt((center_x - mid_x) ** 2 + (center_y - mid_y) ** 2) >= reach + radius:
                continue
            count = select_points(
                points, blocks[block, 1], blocks[block, 2], mid_x, mid_y, reach, which, x, y, weight, late
            )
            if count == 0:
                continue
            level = blocks[block, 0]
            for side in range(2):
                at_x, at_y, h = (tx[n, 0], tx[n, 1], tx[n, 2]) if side == 0 else (rx[n, 0], rx[n, 1], rx[n, 2])
                from_center = np.sqrt((center_x - at_x) ** 2 + (center_y - at_y) ** 2)
                beside = np.sqrt((mid_x - at_x) ** 2 + (mid_y - at_y) ** 2)
                low = max(0, int((from_center - radius) * over_offset) - _ROW_MARGIN)
                high = int(min(from_center + radius, reach + beside) * over_offset) + _ROW_MARGIN
                fill_row(table[level], h, low_height, height_step, low, min(high, offsets), rows[side])
                trace_rays(
                    side, at_x, at_y, h, count, x, y, reduced_depth[level], index, rows, offset_step, over_offset,
                    surface_origin, over_cell, height, rho, ex, ey, near, slope, swap, fields, late,
                )  # fmt: skip
                if sided:
                    face_points(side, count, which, normals, slope, ex, ey, local_index[level], facing)
            for q in range(count):
                size, time = weigh_point(
                    which[q], q, weight[q], late[q], sided, facing, front, back, front_delay, back_delay
                )
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
            gather_tones(first_node, last_node, series, real, imag, basis, sums, out[n])
        if lost:
            out[n, :] = complex(np.nan, np.nan)
