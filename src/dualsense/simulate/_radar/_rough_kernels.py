"""Kernel of the simulated radar's rough surface."""

from __future__ import annotations

import numba
import numpy as np

from dualsense.runtime.jit import jit
from dualsense.simulate._radar._kernels import LINES, OVER_C0, add_tones, nodes_at, taper
from dualsense.simulate._radar._spread_kernels import add_twice


@jit(checked_division=False, inline=True)
def interpolate_coefficient(coefficient, cosine, across2):
    """Coefficient at a cosine, linear between its even steps, of a field partly across the dipole.

    Parameters
    ----------
    coefficient : (2, q)
        Across and along the dipole over the cosine from 0 to 1.
    cosine
        Of the mean angle of incidence; held to that range.
    across2
        Squared cosine between the offset and the plane across the dipole.
    """
    at = min(max(cosine, 0.0), 1.0) * (coefficient.shape[1] - 1)
    q = min(int(at), coefficient.shape[1] - 2)
    a = at - q
    return (across2 * coefficient[0, q] + (1.0 - across2) * coefficient[1, q]) * (1.0 - a) + (
        across2 * coefficient[0, q + 1] + (1.0 - across2) * coefficient[1, q + 1]
    ) * a


@jit(checked_division=False, inline=True)
def measure_paths(x0, cell, tx_x, rx_x, tx_dy2, rx_dy2, tx_h, rx_h, height, rise, path, over):
    """Measure the way from one antenna over cells of a line to the other.

    Parameters
    ----------
    x0, cell
        Place of its first cell, and the cells' side, m.
    tx_x, rx_x, tx_dy2, rx_dy2, tx_h, rx_h
        Antennas: place along the line, squared distance across it, height above the mean surface.
    height : (c,)
        Of the surface above its mean, m.
    rise
        What part of that height counts.
    path, over : (nx,)
        Output, the first c: sum of both ways, m, and one over their product.
    """
    for i in range(height.size):
        x, z = x0 + i * cell, rise * height[i]
        r1 = np.sqrt((x - tx_x) ** 2 + tx_dy2 + (tx_h - z) ** 2)
        r2 = np.sqrt((x - rx_x) ** 2 + rx_dy2 + (rx_h - z) ** 2)
        path[i], over[i] = r1 + r2, 1.0 / (r1 * r2)


@jit(checked_division=False, inline=True)
def share_cells(x0, cell, mid_x, dy2, tx_x, tx_dy2, tx_h, rx_h, coefficient, path, over, window, share):
    """Weigh cells of a line by what a flat surface there sends back.

    Parameters
    ----------
    x0, cell, tx_x, tx_dy2, tx_h, rx_h
        As for `measure_paths`.
    mid_x, dy2
        Midpoint of the antennas along the line, m, and the squared distance across it.
    coefficient : (2, q)
        Of `interpolate_coefficient`.
    path, over : (nx,)
        Of `measure_paths`, flat.
    window : (c,)
        Weight by the taper.
    share : (nx,)
        Output, the first c.
    """
    for i in range(window.size):
        x = x0 + i * cell
        away2 = (x - mid_x) ** 2 + dy2
        across2 = (x - mid_x) ** 2 / away2 if away2 > 0.0 else 1.0
        # both cosines' mean: of r1 and r2 the product is 1 / over, and the sum the path
        tx_r = np.sqrt((x - tx_x) ** 2 + tx_dy2 + tx_h * tx_h)
        cosine = 0.5 * (tx_h * (path[i] - tx_r) + rx_h * tx_r) * over[i]
        share[i] = window[i] * interpolate_coefficient(coefficient, cosine, across2)


@jit(checked_division=False, inline=True)
def gather_both(series, real, imag, wave_number, row):
    """Turn a sounding's series of delays into its tones, and add them to ``row``.

    Parameters
    ----------
    series : (g, 2)
        What is added as it is, and what is multiplied with i k.
    real, imag : (g, k)
        Waves of a unit at each node.
    wave_number : (k,)
        In air, 1/m.
    row : (k,) complex
        Output.
    """
    nodes, tones = real.shape
    sums, none = np.zeros((4, tones)), np.zeros(nodes)
    add_tones(0, nodes, series[:, 0], none, real, imag, sums[0], sums[1])
    add_tones(0, nodes, series[:, 1], none, real, imag, sums[2], sums[3])
    for k in range(tones):
        row[k] += complex(sums[0, k] - wave_number[k] * sums[3, k], sums[1, k] + wave_number[k] * sums[2, k])


@jit(parallel=True, checked_division=False)
def rough_echo(
    tx, rx, coefficient, reach, surface_origin, cell, height, start, step, real, imag, weights, wave_number, out
):
    """Add what roughness adds to a flat surface's echo.

    (1/2 pi) int R cos (i k + (1/r1 + 1/r2)/2) [exp(-i k r) of the rough less that of the flat surface] / (r1 r2)
    dA: Kirchhoff's integral without the slopes, which for small heights is the small-perturbation method for a
    field across the plane of incidence, R the Fresnel coefficient. In the dipole's own plane it is the method's
    other coefficient times the dipole's pattern. The part to multiply with i k is collected apart from the rest.

    Parameters
    ----------
    tx, rx : (n, 3)
        Antennas, m.
    coefficient : (2, q)
        R cos across and along the dipole at even steps of the cosine from 0 to 1.
    reach
        Where the taper ends, m.
    surface_origin, cell, height : (2,), scalar, (ny, nx)
        Centre of the surface's first cell, the cells' side and the height above the mean, m.
    start, step, real, imag : scalars, s, and (g, k)
        A grid of delays (`delays.DelayGrid`).
    weights : (s + 1, LINES)
        Of its nodes (`delays.spreading_weights`).
    wave_number : (k,)
        In air, 1/m.
    out : (n, k) complex
        Output, added to; NaN where a delay is off the grid.
    """
    ny, nx = height.shape
    cells = int(reach / cell) + 2
    over_step, per_area = 1.0 / step, -cell * cell / (2.0 * np.pi)
    flat_weights = weights.reshape(weights.size)
    for n in numba.prange(tx.shape[0]):
        series = np.zeros((real.shape[0], 2))
        flat_series = series.reshape(series.size)
        window, share, path, over = np.empty(nx), np.empty(nx), np.empty((2, nx)), np.empty((2, nx))
        lost = False
        mid_x, mid_y = 0.5 * (tx[n, 0] + rx[n, 0]), 0.5 * (tx[n, 1] + rx[n, 1])
        j0 = int((mid_y - surface_origin[1]) / cell)
        for j in range(max(0, j0 - cells), min(ny, j0 + cells + 1)):
            y = surface_origin[1] + j * cell
            dy2, tx_dy, rx_dy = (y - mid_y) ** 2, (y - tx[n, 1]) ** 2, (y - rx[n, 1]) ** 2
            if dy2 >= reach * reach:
                continue
            half = np.sqrt(reach * reach - dy2)
            first = max(0, int((mid_x - half - surface_origin[0]) / cell))
            last = min(nx, int((mid_x + half - surface_origin[0]) / cell) + 2)
            count, x0 = last - first, surface_origin[0] + first * cell
            for i in range(count):
                dx = x0 + i * cell - mid_x
                window[i] = per_area * taper(np.sqrt(dx * dx + dy2), reach)
            for rough in range(2):
                measure_paths(
                    x0, cell, tx[n, 0], rx[n, 0], tx_dy, rx_dy, tx[n, 2], rx[n, 2], height[j, first:last],
                    float(rough), path[rough], over[rough],
                )  # fmt: skip
            share_cells(
                x0, cell, mid_x, dy2, tx[n, 0], tx_dy, tx[n, 2], rx[n, 2], coefficient, path[0], over[0],
                window[:count], share,
            )  # fmt: skip
            for i in range(count):
                if window[i] == 0.0:
                    continue
                for rough in range(2):
                    size = (share[i] if rough == 0 else -share[i]) * over[rough, i]
                    near = size * 0.5 * path[rough, i] * over[rough, i]
                    node, w, between = nodes_at(
                        (path[rough, i] * OVER_C0 - start) * over_step, weights, real.shape[0]
                    )
                    if node < 0:
                        lost = True
                        continue
                    add_twice(near, size, flat_weights, LINES * w, between, flat_series, 2 * node)
        gather_both(series, real, imag, wave_number, out[n])
        if lost:
            out[n, :] = complex(np.nan, np.nan)
