"""Kernel of the simulated radar's echoes from closed turns of wire."""

from __future__ import annotations

import numba
import numpy as np

from dualsense.constants import C0_M_S
from dualsense.runtime.jit import jit
from dualsense.simulate._radar._kernels import LINES, OVER_C0, height_at, taper
from dualsense.simulate._radar._row_kernels import fill_row, read_row

_TINY = 1e-12


@jit(checked_division=False, inline=True)
def drive_piece(
    at_x, at_y, h, x, y, along_x, along_y, index, reduced_depth, rows, offset_step, surface_origin, over_cell,
    height, fields, drive,
):  # fmt: skip
    """Field of one antenna on the tangent of a piece of wire, into ``drive``; returns its delay, s.

    Parameters
    ----------
    at_x, at_y, h
        The antenna's position, m.
    x, y, along_x, along_y
        The piece's position, m, and its tangent.
    index, reduced_depth
        Refractive index of the soil at the surface, and the piece's depth over that of what lies above, m.
    rows : (1, nr, 2 + 2 LINES)
        The table at the antenna's height (`fill_row`).
    offset_step
        Step of its offsets, m.
    surface_origin, over_cell, height : (2,), scalar, (ny, nx)
        Centre of the surface's first cell, m, one over the cells' side, 1/m, and the height, m.
    fields : (1, 2, LINES)
        Room: across the ray's plane and along it.
    drive : (LINES,)
        Output: real and imaginary part at each of the table's frequencies.
    """
    over_index, over_offset = 1.0 / index, 1.0 / offset_step
    dx, dy = x - at_x, y - at_y
    rho = np.sqrt(dx * dx + dy * dy)
    ex, ey = dx / (rho + _TINY), dy / (rho + _TINY)
    near = 1.0 / np.sqrt(rho * rho + (h + reduced_depth) ** 2)
    time, slope = read_row(rows, 0, rho, offset_step, over_offset, 1.0, near, fields, 0)
    read_row(rows, 0, rho, offset_step, over_offset, 0.0, near, fields, 1)
    sin_air = min(slope * C0_M_S, 0.999999)
    cos_air = np.sqrt(1.0 - sin_air * sin_air)
    sin_soil = sin_air * over_index
    swap = (index * np.sqrt(1.0 - sin_soil * sin_soil) - cos_air) * OVER_C0
    entry = h * sin_air / cos_air
    time += swap * height_at(
        at_x + entry * ex, at_y + entry * ey, surface_origin[0], surface_origin[1], over_cell, height
    )
    # the field across the ray's plane and that along it, on the tangent
    across = along_y * ex * ex - along_x * ex * ey
    along = along_y * ey * ey + along_x * ex * ey
    for c in range(LINES):
        drive[c] = across * fields[0, 0, c] + along * fields[0, 1, c]
    return time


@jit(parallel=True, checked_division=False)
def loop_echo(
    tx, rx, points, tangents, modes, frequency, index, reduced_depth, reach, surface_origin, cell, height,
    low_height, height_step, offset_step, table, basis, out,
):  # fmt: skip
    """Add the echo of a level turn of wire, before the factor that depends on frequency alone.

    Parameters
    ----------
    tx, rx : (n, 3)
        Antennas, m.
    points, tangents : (p, 2)
        Pieces of the turn, evenly spaced, m, and their tangents.
    modes : (m, k) complex
        What the turn radiates per drive of the currents cos and sin of m times the angle.
    frequency : (k,)
        Tones, Hz.
    index, reduced_depth
        Refractive index of the soil at the surface, and the turn's depth over that of what lies above, m.
    reach
        Where the taper ends, m.
    surface_origin, cell, height : (2,), scalar, (ny, nx)
        Centre of the surface's first cell, the cells' side and the height above the mean, m.
    low_height, height_step, offset_step
        Axes of the table, m.
    table : (nh, nr, 2 + 4 b)
        Of a `plane_waves.TransmissionTable` at the turn's depth.
    basis : (b, k)
        From the table's frequencies to the tones.
    out : (n, k) complex
        Output, added to.
    """
    over_cell = 1.0 / cell
    count, tones, orders = points.shape[0], frequency.shape[0], modes.shape[0]
    even, odd = np.empty((orders, count)), np.empty((orders, count))
    for m in range(orders):
        for q in range(count):
            even[m, q] = np.cos(2 * np.pi * m * q / count) / count
            odd[m, q] = np.sin(2 * np.pi * m * q / count) / count
    center_x, center_y = points[:, 0].mean(), points[:, 1].mean()
    for n in numba.prange(tx.shape[0]):
        mid_x, mid_y = 0.5 * (tx[n, 0] + rx[n, 0]), 0.5 * (tx[n, 1] + rx[n, 1])
        weight = taper(np.sqrt((center_x - mid_x) ** 2 + (center_y - mid_y) ** 2), reach)
        if weight == 0.0:
            continue
        rows = np.empty((1, table.shape[1], table.shape[2]))
        fields = np.empty((1, 2, LINES))
        drive = np.empty(LINES)
        sums = np.zeros((2, 2, orders, tones), np.complex128)
        for side in range(2):
            at_x, at_y, h = tx[n, 0], tx[n, 1], tx[n, 2]
            if side == 1:
                at_x, at_y, h = rx[n, 0], rx[n, 1], rx[n, 2]
            fill_row(table, h, low_height, height_step, 0, table.shape[1], rows[0])
            for q in range(count):
                time = drive_piece(
                    at_x, at_y, h, points[q, 0], points[q, 1], tangents[q, 0], tangents[q, 1], index,
                    reduced_depth, rows, offset_step, surface_origin, over_cell, height, fields, drive,
                )  # fmt: skip
                for k in range(tones):
                    value = 0.0j
                    for b in range(LINES // 2):
                        value += basis[b, k] * complex(drive[2 * b], drive[2 * b + 1])
                    value *= np.exp(-2j * np.pi * frequency[k] * time)
                    for m in range(orders):
                        sums[side, 0, m, k] += even[m, q] * value
                        sums[side, 1, m, k] += odd[m, q] * value
        for m in range(orders):
            for k in range(tones):
                both = sums[0, 0, m, k] * sums[1, 0, m, k] + sums[0, 1, m, k] * sums[1, 1, m, k]
                out[n, k] += weight * modes[m, k] * both
