"""Kernel of the simulated radar's rough surface."""

from __future__ import annotations

import numba
import numpy as np

from dualsense.constants import C0_M_S
from dualsense.runtime.jit import jit
from dualsense.simulate._radar._kernels import add_tones, spread_pair, taper


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
    weights : (s + 1, WIDTH)
        Of its nodes (`delays.spreading_weights`).
    wave_number : (k,)
        In air, 1/m.
    out : (n, k) complex
        Output, added to; NaN where a delay is off the grid.
    """
    ny, nx = height.shape
    cells = int(reach / cell) + 2
    tones = out.shape[1]
    for n in numba.prange(tx.shape[0]):
        series = np.zeros((real.shape[0], 2))
        lost = False
        mid_x, mid_y = 0.5 * (tx[n, 0] + rx[n, 0]), 0.5 * (tx[n, 1] + rx[n, 1])
        i0, j0 = int((mid_x - surface_origin[0]) / cell), int((mid_y - surface_origin[1]) / cell)
        for j in range(max(0, j0 - cells), min(ny, j0 + cells + 1)):
            y = surface_origin[1] + j * cell
            dy, tx_dy, rx_dy = y - mid_y, (y - tx[n, 1]) ** 2, (y - rx[n, 1]) ** 2
            for i in range(max(0, i0 - cells), min(nx, i0 + cells + 1)):
                x = surface_origin[0] + i * cell
                dx = x - mid_x
                away2 = dx * dx + dy * dy
                window = taper(np.sqrt(away2), reach)
                if window == 0.0:
                    continue
                across2 = dx * dx / away2 if away2 > 0.0 else 1.0
                tx_rho2, rx_rho2 = (x - tx[n, 0]) ** 2 + tx_dy, (x - rx[n, 0]) ** 2 + rx_dy
                share = 0.0
                for rough in range(2):
                    z = height[j, i] if rough == 1 else 0.0
                    tx_z, rx_z = tx[n, 2] - z, rx[n, 2] - z
                    r1 = np.sqrt(tx_rho2 + tx_z * tx_z)
                    r2 = np.sqrt(rx_rho2 + rx_z * rx_z)
                    over = 1.0 / (r1 * r2)
                    if rough == 0:
                        cosine = 0.5 * (tx_z * r2 + rx_z * r1) * over
                        share = interpolate_coefficient(coefficient, cosine, across2) * (
                            -window * cell * cell / (2.0 * np.pi)
                        )
                    size = (share if rough == 0 else -share) * over
                    near = size * 0.5 * (r1 + r2) * over
                    if spread_pair(((r1 + r2) / C0_M_S - start) / step, weights, near, size, series) < 0:
                        lost = True
        sums = np.zeros((4, tones))
        none = np.zeros(real.shape[0])
        add_tones(0, real.shape[0], series[:, 0], none, real, imag, sums[0], sums[1])
        add_tones(0, real.shape[0], series[:, 1], none, real, imag, sums[2], sums[3])
        for k in range(tones):
            # times i k for the far part
            out[n, k] += complex(
                sums[0, k] - wave_number[k] * sums[3, k], sums[1, k] + wave_number[k] * sums[2, k]
            )
        if lost:
            out[n, :] = complex(np.nan, np.nan)
