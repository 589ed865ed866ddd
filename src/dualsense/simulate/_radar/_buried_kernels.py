"""Kernel of the simulated radar's echoes from below the surface.

Of every sounding and block of points one kind of work is done at a time, so that roots and quotients of many
points become vectors: the parts below are put into the sounding's loop before it is optimised.
"""

from __future__ import annotations

import numba
import numpy as np

from dualsense.constants import C0_M_S
from dualsense.runtime.jit import jit
from dualsense.simulate._radar._kernels import LINES, OVER_C0, WIDTH, add_tones, height_at, nodes_at, taper
from dualsense.simulate._radar._row_kernels import fill_block, weigh_heights
from dualsense.simulate._radar._spread_kernels import ROW, add_pair

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
            weight[count], late[count] = away2, 0.0
            count += 1
    for q in range(count):
        weight[q] = taper(np.sqrt(weight[q]), reach)
    return count


@jit(checked_division=False, inline=True)
def trace_rays(
    at_x, at_y, h, count, x, y, below, index, legs, offsets, offset_step, over_offset, surface_origin, over_cell,
    height, rho, ex, ey, near, slope, swap, row, part, late,
):  # fmt: skip
    """Add to ``late`` the delays from one antenna to selected points, through the surface as high as it is there.

    Parameters
    ----------
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
    legs : (2 nr,)
        Delay and its slope over the offset at the antenna's height, for each of the table's offsets.
    offsets, offset_step, over_offset
        How many these are, their step, m, and one over that.
    surface_origin : (2,)
        Centre of the first cell of the surface, m.
    over_cell
        One over its cells' side, 1/m.
    height : (ny, nx)
        Its height, m.
    rho, swap : (m,)
        Room: offset and, later, distance to the ray's entry; what the delay gains per metre of surface.
    ex, ey, near : (m,)
        Output: direction to the point, and one over the distance by which the table is smooth.
    slope : (m,)
        Output: sine of the ray's angle in the air.
    row, part : (m,)
        Output: the table's offset below the point's, and the part of the way to the next.
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
        at = rho[q] * over_offset
        i = min(int(at), offsets - 2)
        a = at - i
        b = 1.0 - a
        t0, s0, t1, s1 = legs[2 * i], legs[2 * i + 1], legs[2 * i + 2], legs[2 * i + 3]
        late[q] += b * b * ((1.0 + 2.0 * a) * t0 + a * offset_step * s0) + a * a * (
            (1.0 + 2.0 * b) * t1 - b * offset_step * s1
        )
        slope[q] = 6.0 * a * b * (t1 - t0) * over_offset + b * (1.0 - 3.0 * a) * s0 + a * (3.0 * a - 2.0) * s1
        row[q], part[q] = i, a
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
def spread_legs(q, size, row, part, ex, near, rows, weights, w, between, series, node):
    """Add the product of the fields on both legs to a point to the series of delays.

    Parameters
    ----------
    q, size
        Number of the point among the selected ones, and its weight.
    row, part, ex, near : (2, m)
        Of `trace_rays`, for each antenna.
    rows : (2 ROW nr,)
        Fields at the antennas' heights, for each of the table's offsets.
    weights, w, between
        As for `add_pair`, w counted in rows.
    series, node
        As for `add_pair`, in nodes.
    """
    a, c, across = part[0, q], size * near[0, q], ex[0, q] * ex[0, q]
    b, d, beside = part[1, q], near[1, q], ex[1, q] * ex[1, q]
    c0, c1, d0, d1 = (1.0 - a) * c, a * c, (1.0 - b) * d, b * d
    add_pair(
        rows, ROW * row[0, q], c0 * across, c1 * across, c0 * (1.0 - across), c1 * (1.0 - across),
        rows.size // 2 + ROW * row[1, q], d0 * beside, d1 * beside, d0 * (1.0 - beside), d1 * (1.0 - beside),
        weights, LINES * w, between, series, LINES * node,
    )  # fmt: skip


@jit(checked_division=False, inline=True)
def gather_tones(first, last, series, real, imag, basis, sums, row):
    """Turn a sounding's series of delays into its tones, and add them to ``row``.

    Parameters
    ----------
    first, last
        Nodes ``first`` to ``last`` - 1 hold something.
    series : (g, LINES)
        Real parts at each of the table's frequencies, then imaginary parts.
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
        add_tones(first, last, series[:, m], series[:, LINES // 2 + m], real, imag, sums[0], sums[1])
        for k in range(row.shape[0]):
            row[k] += basis[m, k] * complex(sums[0, k], sums[1, k])


@jit(parallel=True, checked_division=False)
def buried_echo(
    tx, rx, blocks, circles, points, normals, front, back, front_delay, back_delay, sided, index, local_index,
    reduced_depth, reach, surface_origin, cell, height, low_height, height_step, offset_step, legs, fields, basis,
    start, step, real, imag, weights, out,
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
    legs, fields : (nd, nh, nr, 2), (nd, nh, nr, ROW)
        Delays with their slopes, and fields, of `plane_waves.TransmissionTable`: real parts before imaginary ones.
    basis : (b, k)
        From these to the tones.
    start, step, real, imag : scalars, s, and (g, k)
        A grid of delays (`delays.DelayGrid`).
    weights : (s + 1, LINES)
        Of its nodes (`delays.spreading_weights`).
    out : (n, k) complex
        Output, added to; NaN where a delay is off the grid.
    """
    over_cell, over_step, over_offset = 1.0 / cell, 1.0 / step, 1.0 / offset_step
    heights, offsets, most = legs.shape[1], legs.shape[2], (blocks[:, 2] - blocks[:, 1]).max()
    flat_legs, flat_fields = legs.reshape(legs.size), fields.reshape(fields.size)
    flat_weights = weights.reshape(weights.size)
    for n in numba.prange(tx.shape[0]):
        series, sums = np.zeros((real.shape[0], LINES)), np.empty((2, out.shape[1]))
        flat_series = series.reshape(series.size)
        leg_rows, field_rows = np.empty((2, 2 * offsets)), np.empty((2, ROW * offsets))
        flat_rows = field_rows.reshape(field_rows.size)
        cubic, which, row = np.empty((2, 4)), np.empty(most, np.int64), np.empty((2, most), np.int64)
        weight, x, y, late, rho = np.empty(most), np.empty(most), np.empty(most), np.empty(most), np.empty(most)
        slope, swap, ey, facing = np.empty(most), np.empty(most), np.empty(most), np.empty((2, most))
        part, ex, near = np.empty((2, most)), np.empty((2, most)), np.empty((2, most))
        first_node, last_node, lost = real.shape[0], 0, False
        mid_x, mid_y = 0.5 * (tx[n, 0] + rx[n, 0]), 0.5 * (tx[n, 1] + rx[n, 1])
        tx_height = weigh_heights(tx[n, 2], low_height, height_step, heights, cubic[0])
        rx_height = weigh_heights(rx[n, 2], low_height, height_step, heights, cubic[1])
        for block in range(blocks.shape[0]):
            center_x, center_y, radius = circles[block, 0], circles[block, 1], circles[block, 2]
            if np.sqrt((center_x - mid_x) ** 2 + (center_y - mid_y) ** 2) >= reach + radius:
                continue
            count = select_points(
                points, blocks[block, 1], blocks[block, 2], mid_x, mid_y, reach, which, x, y, weight, late
            )
            level = blocks[block, 0]
            for side in range(2 if count > 0 else 0):
                at = tx[n] if side == 0 else rx[n]
                begin = (level * heights + (tx_height if side == 0 else rx_height)) * offsets
                fill_block(
                    circles[block], at, mid_x, mid_y, reach, over_offset, offsets, begin, cubic[side], flat_legs,
                    flat_fields, leg_rows[side], field_rows[side],
                )  # fmt: skip
                trace_rays(
                    at[0], at[1], at[2], count, x, y, reduced_depth[level], index, leg_rows[side], offsets,
                    offset_step, over_offset, surface_origin, over_cell, height, rho, ex[side], ey, near[side],
                    slope, swap, row[side], part[side], late,
                )  # fmt: skip
                if sided:
                    face_points(side, count, which, normals, slope, ex[side], ey, local_index[level], facing)
            for q in range(count):
                size, time = weigh_point(
                    which[q], q, weight[q], late[q], sided, facing, front, back, front_delay, back_delay
                )
                node, w, between = nodes_at((time - start) * over_step, weights, real.shape[0])
                if size == 0.0:
                    continue
                if node < 0:
                    lost = True
                    continue
                first_node, last_node = min(first_node, node), max(last_node, node + WIDTH)
                spread_legs(q, size, row, part, ex, near, flat_rows, flat_weights, w, between, flat_series, node)
        gather_tones(first_node, last_node, series, real, imag, basis, sums, out[n])
        if lost:
            out[n, :] = complex(np.nan, np.nan)
