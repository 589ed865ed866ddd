"""Kernels that read the table of what the surface lets through to the simulated radar (`TransmissionTable`)."""

from __future__ import annotations

import numpy as np

from dualsense.runtime.jit import jit
from dualsense.simulate._radar._kernels import LINES
from dualsense.simulate._radar._spread_kernels import ROW

_ROW_MARGIN = 2


@jit(checked_division=False)
def fill_row(table, height, low, step, first, last, row):
    """Fill rows ``first`` to ``last`` - 1 at a height: Lagrange's cubic through four of the table's heights.

    Parameters
    ----------
    table : (nh, nr, c)
        Over height and offset, c = 2 + 2 `LINES`.
    height, low, step
        Wanted, lowest and step of the table's heights, m.
    first, last
        Offsets to fill, counted in steps.
    row : (nr, c)
        Output.
    """
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
    """Delay, s, of the ray to an offset and its slope over it, s/m; ``fields`` gets the field without that delay.

    A row holds the delay, its slope, and pairs across and along the dipole of the field times the distance
    1 / ``near``: smooth enough to be linear between offsets. The delay is Hermite's cubic.

    Parameters
    ----------
    rows : (2, nr, 2 + 2 LINES)
        Of transmitter and receiver, as `fill_row` fills them.
    side
        0 or 1: which of the two.
    rho, step, over_step
        Offset and step of the offsets, m, and one over that.
    across2
        Squared cosine between the offset and the plane across the dipole.
    near
        One over the distance by which the table is smooth, 1/m.
    fields : (2, m, LINES)
        Output, at ``[side, q]``.
    q
        Number of the point.
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


@jit(checked_division=False, inline=True)
def weigh_heights(height, low, step, heights, out):
    """Table's height below which Lagrange's cubic begins, and the weights of the four from there.

    Parameters
    ----------
    height, low, step, heights
        Wanted, lowest and step of the table's heights, m, and how many there are.
    out : (4,)
        Output: the weights.
    """
    at = min(max((height - low) / step, 0.0), heights - 1.0)
    i = min(max(int(at) - 1, 0), heights - 4)
    x = at - i
    out[0] = -(x - 1.0) * (x - 2.0) * (x - 3.0) / 6.0
    out[1] = x * (x - 2.0) * (x - 3.0) / 2.0
    out[2] = -x * (x - 1.0) * (x - 3.0) / 2.0
    out[3] = x * (x - 1.0) * (x - 2.0) / 6.0
    return i


@jit(checked_division=False, inline=True)
def fill_rows(table, begin, span, weights, first, last, rows):
    """Fill numbers ``first`` to ``last`` - 1 of rows at a height.

    Parameters
    ----------
    table : (t,)
        Over depth, height, offset and what a row holds.
    begin, span
        Where the rows at the first of four heights begin, and how far apart those of two heights are.
    weights : (4,)
        Of the heights.
    first, last
        Which to fill.
    rows : (r,)
        Output.
    """
    w0, w1, w2, w3 = weights[0], weights[1], weights[2], weights[3]
    at, count = begin + first, last - first  # a loop from 0 becomes vectors: no number can be counted from the end
    t0, t1 = table[at : at + count], table[at + span : at + span + count]
    t2, t3 = table[at + 2 * span : at + 2 * span + count], table[at + 3 * span : at + 3 * span + count]
    out = rows[first:last]
    for c in range(count):
        out[c] = w0 * t0[c] + w1 * t1[c] + w2 * t2[c] + w3 * t3[c]


@jit(checked_division=False, inline=True)
def fill_block(
    circle, at, mid_x, mid_y, reach, over_offset, offsets, begin, weights, legs, fields, leg_rows, field_rows
):
    """Fill those rows at an antenna's height that points of a block are read from.

    Parameters
    ----------
    circle : (3,)
        Centre and radius of a circle about the block, m.
    at : (3,)
        The antenna, m.
    mid_x, mid_y, reach
        Midpoint of the antennas, and the distance from it beyond which no point is selected, m.
    over_offset, offsets
        One over the step of the table's offsets, 1/m, and how many they are.
    begin, weights
        The first of four heights, counted in offsets from the table's first, and their weights.
    legs, fields : (2 t,), (ROW t,)
        The tables.
    leg_rows, field_rows : (2 nr,), (ROW nr,)
        Output.
    """
    distance = np.sqrt((circle[0] - at[0]) ** 2 + (circle[1] - at[1]) ** 2)
    farthest = reach + np.sqrt((mid_x - at[0]) ** 2 + (mid_y - at[1]) ** 2)
    low = max(0, int((distance - circle[2]) * over_offset) - _ROW_MARGIN)
    high = min(int(min(distance + circle[2], farthest) * over_offset) + _ROW_MARGIN, offsets)
    fill_rows(legs, 2 * begin, 2 * offsets, weights, 2 * low, 2 * high, leg_rows)
    fill_rows(fields, ROW * begin, ROW * offsets, weights, ROW * low, ROW * high, field_rows)
