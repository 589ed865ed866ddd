"""Compiled loops of the radar: Fermat's path through the ground surface, and the Kirchhoff sum.

No validation and no strings here; :mod:`dualsense.gpr.traveltime` and :mod:`dualsense.gpr.migrate` do both.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from dualsense._numba import jit

prange = numba.prange
single = np.float32
index = np.uint32
uint = np.uintp
NEAR_M = 1e-12
"""Nearer than this is at: the time changes by less than 1e-19 s, and squares do not underflow."""


@jit()
def refracted_time(rho, h, z, n, c):
    """One-way time over lateral distance rho, from height h in air to depth z in soil of index n.

    Fermat: minimise [sqrt(x^2 + h^2) + n sqrt((rho - x)^2 + z^2)] / c over the crossing x. The derivative grows
    with x, so Newton inside a shrinking bracket always converges.
    """
    if z <= NEAR_M or n == 1.0:
        return math.sqrt(rho * rho + (h + z) * (h + z)) / c
    if rho <= NEAR_M:
        return (h + n * z) / c
    lo = rho * h / (h + z)  # the straight ray: soil slows, so the crossing lies beyond it
    hi = rho
    x = rho - (rho - lo) / n
    for _ in range(60):
        a = math.sqrt(x * x + h * h)
        y = rho - x
        b = math.sqrt(y * y + z * z)
        slope = x / a - n * y / b
        if slope > 0.0:
            hi = x
        else:
            lo = x
        curvature = h * h / (a * a * a) + n * z * z / (b * b * b)
        step = slope / curvature
        new = x - step
        if new <= lo or new >= hi:
            new = 0.5 * (lo + hi)
        if abs(new - x) <= 1e-9 * rho:  # the time is stationary in x: its error is the square of this
            x = new
            break
        x = new
    y = rho - x
    return (math.sqrt(x * x + h * h) + n * math.sqrt(y * y + z * z)) / c


@jit(parallel=True)
def fill_time_table(height, depth, rho, n, c, out):
    """Fill ``out`` (heights, depths, rho) with one-way times."""
    for i in prange(height.size):
        for j in range(depth.size):
            for k in range(rho.size):
                out[i, j, k] = refracted_time(rho[k], height[i], depth[j], n, c)


# The Kirchhoff sum runs over one row of voxels at a time, in small loops that a compiler can turn into vector
# instructions: single precision, unsigned indices (no wrap-around to check), no division that may raise.


@jit()
def _leg(table, iz, h, h0, inv_dh, inv_dt, count, out):
    """One-way time in samples over rho, at depth iz, between the table's heights."""
    u = (h - h0) * inv_dh
    i = max(0, min(int(u), table.shape[0] - 2))
    f = min(max(u - i, 0.0), 1.0)
    for k in range(count):
        out[k] = ((1.0 - f) * table[i, iz, k] + f * table[i + 1, iz, k]) * inv_dt


@jit()
def _weights(first, stop, ex2, ey2, scale, reach2, inv_a2, w):
    """Taper to the edge of the aperture, and the squared cosine of the ray in air."""
    for i in range(uint(first), uint(stop)):
        e2 = ey2 + ex2[i]
        taper = max(single(1.0) - e2 * inv_a2, single(0.0))
        w[i] = np.true_divide(scale * taper * taper, reach2 + e2)


@jit()
def _entries(first, stop, dx2, dy2, inv_drho, u):
    """Lateral distance from an antenna, in entries of the table."""
    for i in range(uint(first), uint(stop)):
        u[i] = math.sqrt(dy2 + dx2[i]) * inv_drho


@jit()
def _samples(first, stop, down, up, tx_leg, rx_leg, q):
    """Two-way time in samples."""
    one = index(1)
    for i in range(uint(first), uint(stop)):
        k = index(down[i])
        m = index(up[i])
        q[i] = (
            tx_leg[k] + (down[i] - single(k)) * (tx_leg[k + one] - tx_leg[k])
            + rx_leg[m] + (up[i] - single(m)) * (rx_leg[m + one] - rx_leg[m])
        )  # fmt: skip


@jit()
def _look_up(first, stop, trace, s, q, w, re, im):
    """Trace s at q; beyond its end it neither adds nor counts."""
    one = index(1)
    last = single(trace.shape[1] - 1)
    for i in range(uint(first), uint(stop)):
        if q[i] < last:
            k = index(q[i])
            f = q[i] - single(k)
            re[i] = trace[s, k, 0] + f * (trace[s, k + one, 0] - trace[s, k, 0])
            im[i] = trace[s, k, 1] + f * (trace[s, k + one, 1] - trace[s, k, 1])
        else:
            w[i] = single(0.0)
            re[i] = single(0.0)
            im[i] = single(0.0)


@jit()
def _add(first, stop, w, re, im, iz, j, image, fold, energy):
    for i in range(uint(first), uint(stop)):
        image[0, iz, j, i] += w[i] * re[i]
        image[1, iz, j, i] += w[i] * im[i]
        fold[iz, j, i] += w[i]
        energy[iz, j, i] += w[i] * (re[i] * re[i] + im[i] * im[i])


@jit(parallel=True)
def kirchhoff(
    trace, inv_dt, tx, rx, weight, table, h0, inv_dh, inv_drho, x, y, depth, aperture, inv_n, image, fold, energy
):
    """Sum every sounding along its refracted bistatic time into the planes of constant depth.

    Each iteration of the parallel loop owns one plane and adds the soundings in their order, so the bits
    do not depend on the number of threads. trace (n, k, 2) float32 holds the analytic signal from time zero; tx,
    rx (n, 3) the antennas with height above ground; weight (n,) the density compensation; aperture (nz,) the
    radius of the aperture at each depth, over which the table must reach. image (2, nz, ny, nx), fold and energy
    (nz, ny, nx) float32 come zeroed.
    """
    nr = table.shape[2]
    nx = x.size
    ny = y.size
    dx = (x[nx - 1] - x[0]) / max(nx - 1, 1)
    dy = (y[ny - 1] - y[0]) / max(ny - 1, 1)
    for iz in prange(depth.size):
        tx_leg = np.empty(nr, np.float32)
        rx_leg = np.empty(nr, np.float32)
        ex2 = np.empty(nx, np.float32)
        tx2 = np.empty(nx, np.float32)
        rx2 = np.empty(nx, np.float32)
        down = np.empty(nx, np.float32)
        up = np.empty(nx, np.float32)
        q = np.empty(nx, np.float32)
        w = np.empty(nx, np.float32)
        re = np.empty(nx, np.float32)
        im = np.empty(nx, np.float32)
        radius = aperture[iz]
        a2 = radius * radius
        inv_a2 = single(1.0 / a2)
        for s in range(tx.shape[0]):
            if weight[s] == 0.0:
                continue
            mx = 0.5 * (tx[s, 0] + rx[s, 0])
            my = 0.5 * (tx[s, 1] + rx[s, 1])
            j0 = max(0, int(math.ceil((my - radius - y[0]) / dy))) if ny > 1 else 0
            j1 = min(ny, int(math.floor((my + radius - y[0]) / dy)) + 1) if ny > 1 else 1
            i0 = max(0, int(math.ceil((mx - radius - x[0]) / dx))) if nx > 1 else 0
            i1 = min(nx, int(math.floor((mx + radius - x[0]) / dx)) + 1) if nx > 1 else 1
            if j1 <= j0 or i1 <= i0:
                continue
            half = 0.5 * math.sqrt((rx[s, 0] - tx[s, 0]) ** 2 + (rx[s, 1] - tx[s, 1]) ** 2)
            count = min(nr, int((radius + half) * inv_drho) + 3)
            _leg(table, iz, tx[s, 2], h0, inv_dh, inv_dt, count, tx_leg)
            _leg(table, iz, rx[s, 2], h0, inv_dh, inv_dt, count, rx_leg)
            for i in range(i0, i1):
                ex2[i] = (x[i] - mx) ** 2
                tx2[i] = (x[i] - tx[s, 0]) ** 2
                rx2[i] = (x[i] - rx[s, 0]) ** 2
            reach2 = (0.5 * (tx[s, 2] + rx[s, 2]) + depth[iz] * inv_n) ** 2
            for j in range(j0, j1):
                ey2 = (y[j] - my) ** 2
                if ey2 >= a2:
                    continue
                a = i0
                b = i1
                if nx > 1:
                    chord = math.sqrt(a2 - ey2)
                    a = max(i0, int(math.ceil((mx - chord - x[0]) / dx)))
                    b = min(i1, int(math.floor((mx + chord - x[0]) / dx)) + 1)
                elif ey2 + (x[0] - mx) ** 2 >= a2:
                    continue
                if b <= a:
                    continue
                _weights(a, b, ex2, single(ey2), single(weight[s] * reach2), single(reach2), inv_a2, w)
                _entries(a, b, tx2, single((y[j] - tx[s, 1]) ** 2), single(inv_drho), down)
                _entries(a, b, rx2, single((y[j] - rx[s, 1]) ** 2), single(inv_drho), up)
                _samples(a, b, down, up, tx_leg, rx_leg, q)
                _look_up(a, b, trace, s, q, w, re, im)
                _add(a, b, w, re, im, iz, j, image, fold, energy)
