"""Compiled loops of the radar: Fermat's path through the ground surface, and the Kirchhoff sum.

No validation and no strings here; :mod:`dualsense.gpr.traveltime` and :mod:`dualsense.gpr.migrate` do both.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from dualsense._numba import jit

prange = numba.prange


@jit()
def refracted_time(rho, h, z, n, c):
    """One-way time over lateral distance rho, from height h in air to depth z in soil of index n.

    Fermat: minimise [sqrt(x^2 + h^2) + n sqrt((rho - x)^2 + z^2)] / c over the crossing x. The derivative grows
    with x, so Newton inside a shrinking bracket always converges.
    """
    if z <= 0.0 or n == 1.0:
        return math.sqrt(rho * rho + (h + z) * (h + z)) / c
    if rho <= 0.0:
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
        if abs(new - x) <= 1e-15 * rho:
            x = new
            break
        x = new
    y = rho - x
    return (math.sqrt(x * x + h * h) + n * math.sqrt(y * y + z * z)) / c


@jit(parallel=True)
def fill_time_table(height, depth, rho2, n, c, out):
    """Fill ``out`` (heights, depths, rho2) with one-way times; rho2 holds squared lateral distances."""
    for i in prange(height.size):
        for j in range(depth.size):
            for k in range(rho2.size):
                out[i, j, k] = refracted_time(math.sqrt(rho2[k]), height[i], depth[j], n, c)


@jit()
def _height_row(table, iz, h, h0, dh, out):
    """Row over rho2 of the table at depth iz, interpolated to height h; slope to the next entry beside it."""
    u = (h - h0) / dh
    nh = table.shape[0]
    i = int(u)
    i = max(0, min(i, nh - 2))
    f = min(max(u - i, 0.0), 1.0)
    nr = table.shape[2]
    last = 0.0
    for k in range(nr):
        t = (1.0 - f) * table[i, iz, k] + f * table[i + 1, iz, k]
        out[k, 0] = t
        if k > 0:
            out[k - 1, 1] = t - last
        last = t
    out[nr - 1, 1] = 0.0


@jit(parallel=True)
def kirchhoff(
    trace, t0, inv_dt, tx, rx, weight, table, h0, dh, inv_drho2, x, y, depth, aperture2, inv_n,
    image, fold, energy,
):  # fmt: skip
    """Sum every sounding along its refracted bistatic time into the planes of constant depth.

    Each iteration of the parallel loop owns one plane and adds the soundings in their order, so the bits
    do not depend on the number of threads. trace (n, k, 2) float32 holds the analytic signal; tx, rx (n, 3) the
    antennas with height above ground; weight (n,) the density compensation; aperture2 (nz,) the squared radius
    of the aperture at each depth. image (nz, ny, nx, 2), fold and energy (nz, ny, nx) come zeroed.
    """
    ns = trace.shape[0]
    nk = trace.shape[1]
    nr = table.shape[2]
    nx = x.size
    ny = y.size
    dx = (x[nx - 1] - x[0]) / max(nx - 1, 1)
    dy = (y[ny - 1] - y[0]) / max(ny - 1, 1)
    for iz in prange(depth.size):
        row_t = np.empty((nr, 2), np.float64)
        row_r = np.empty((nr, 2), np.float64)
        a2 = aperture2[iz]
        radius = math.sqrt(a2)
        z = depth[iz]
        for s in range(ns):
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
            _height_row(table, iz, tx[s, 2], h0, dh, row_t)
            _height_row(table, iz, rx[s, 2], h0, dh, row_r)
            ws = weight[s]
            reach2 = (0.5 * (tx[s, 2] + rx[s, 2]) + z * inv_n) ** 2
            for j in range(j0, j1):
                ey2 = (y[j] - my) ** 2
                ty2 = (y[j] - tx[s, 1]) ** 2
                ry2 = (y[j] - rx[s, 1]) ** 2
                for i in range(i0, i1):
                    e2 = ey2 + (x[i] - mx) ** 2
                    if e2 >= a2:
                        continue
                    ut = (ty2 + (x[i] - tx[s, 0]) ** 2) * inv_drho2
                    ur = (ry2 + (x[i] - rx[s, 0]) ** 2) * inv_drho2
                    kt = int(ut)
                    kr = int(ur)
                    if kt >= nr - 1 or kr >= nr - 1:
                        continue
                    time = row_t[kt, 0] + (ut - kt) * row_t[kt, 1] + row_r[kr, 0] + (ur - kr) * row_r[kr, 1]
                    q = (time - t0) * inv_dt
                    k = int(q)
                    if q < 0.0 or k >= nk - 1:
                        continue
                    f = np.float32(q - k)
                    re = trace[s, k, 0] + f * (trace[s, k + 1, 0] - trace[s, k, 0])
                    im = trace[s, k, 1] + f * (trace[s, k + 1, 1] - trace[s, k, 1])
                    taper = 1.0 - e2 / a2
                    w = np.float32(ws * taper * taper * reach2 / (reach2 + e2))
                    image[iz, j, i, 0] += w * re
                    image[iz, j, i, 1] += w * im
                    fold[iz, j, i] += w
                    energy[iz, j, i] += w * (re * re + im * im)


@jit(parallel=True)
def weighted_median(start, neighbour, weight, values, out):
    """Weighted median over the neighbours of each row, for every column and both parts.

    start (n + 1,), neighbour and weight are a sparse matrix in rows; values and out are (n, k, 2).
    """
    n, k, parts = values.shape
    for i in prange(n):
        a = start[i]
        b = start[i + 1]
        total = 0.0
        for m in range(a, b):
            total += weight[m]
        buffer = np.empty(b - a)
        for c in range(k):
            for p in range(parts):
                for m in range(a, b):
                    buffer[m - a] = values[neighbour[m], c, p]
                order = np.argsort(buffer)
                passed = 0.0
                for q in range(b - a):
                    passed += weight[a + order[q]]
                    if passed >= 0.5 * total:
                        out[i, c, p] = buffer[order[q]]
                        break
