"""Compiled rays: Fermat's path from antennas in air through flat layers, its time and its amplitude.

Each function takes many rays at once, (m,), and layers first, (layers, m): loops over rays become vectors. No
validation and no strings here; :mod:`dualsense.gpr._rays.traveltime` does both.
"""

from __future__ import annotations

import math

import numpy as np

from dualsense.runtime.jit import jit

NEAR_M = 1e-12
"""Nearer than this is at: the time changes by less than 1e-19 s, and squares do not underflow."""
STEPS = 60
ROWS = 6
"""Rows of ``work``, (ROWS, m)."""


@jit(checked_division=False)
def crossings(rho, h, thickness, index, work, x):
    """Lateral distances x at which the rays to points rho away and below ``thickness`` leave the air.

    By Snell the sine in air s is n times that in every layer, so that a layer of thickness d adds
    d s / sqrt(n^2 - s^2) to the crossing x, s = x / sqrt(x^2 + h^2). The sum grows with x, so Newton inside a
    shrinking bracket always converges, from the values that x comes with.

    rho is a distance; h (m,) the antennas' heights; thickness (layers, m) of each layer above each point, index
    (layers,); work (ROWS, m) is room.
    """
    if rho <= NEAR_M:
        x[:] = rho
        return
    lo, hi, s, slant, reached, growth = work[0], work[1], work[2], work[3], work[4], work[5]
    for i in range(x.size):
        lo[i] = 0.0
        hi[i] = rho
        x[i] = min(max(x[i], 0.0), rho)
    for _ in range(STEPS):
        for i in range(x.size):
            over_a = 1.0 / math.sqrt(x[i] * x[i] + h[i] * h[i])
            s[i] = x[i] * over_a
            slant[i] = h[i] * over_a
            reached[i] = x[i]
            growth[i] = 0.0
        for k in range(index.size):
            n2 = index[k] * index[k]
            own = thickness[k]
            for i in range(x.size):
                over_u = 1.0 / math.sqrt(n2 - 1.0 + slant[i] * slant[i])  # n^2 - s^2, without cancellation
                reached[i] += own[i] * s[i] * over_u
                growth[i] += own[i] * n2 * over_u * over_u * over_u
        moving = 0.0
        for i in range(x.size):
            beyond = reached[i] - rho
            hi[i] = x[i] if beyond > 0.0 else hi[i]
            lo[i] = lo[i] if beyond > 0.0 else x[i]
            new = x[i] - beyond / (1.0 + growth[i] * slant[i] * slant[i] * slant[i] / h[i])
            there = abs(new - x[i]) <= 1e-12 * x[i]  # and beside the bracket by rounding, while others still move
            new = new if there or lo[i] < new < hi[i] else 0.5 * (lo[i] + hi[i])
            moving += 1.0 if abs(new - x[i]) > 1e-5 * new else 0.0
            x[i] = new
        if moving == 0.0:  # Newton squares this, and the time is stationary in x
            break


@jit(checked_division=False)
def path_times(x, rho, h, thickness, index, c, work, time):
    """Time rays that leave the air at x, led on to rho at their own slope: exact to second order.

    x, rho, h, thickness, index and work as for :func:`crossings`; c is the speed above. time (m,) is filled.
    """
    s, slant, reached = work[0], work[1], work[2]
    for i in range(x.size):
        a = math.sqrt(x[i] * x[i] + h[i] * h[i])
        s[i] = x[i] / a
        slant[i] = h[i] / a
        reached[i] = x[i]
        time[i] = a
    for k in range(index.size):
        n2 = index[k] * index[k]
        own = thickness[k]
        for i in range(x.size):
            over_u = 1.0 / math.sqrt(n2 - 1.0 + slant[i] * slant[i])
            time[i] += own[i] * n2 * over_u
            reached[i] += own[i] * s[i] * over_u
    for i in range(x.size):
        time[i] = (time[i] + s[i] * (rho - reached[i])) / c


@jit(checked_division=False)
def path_gains(x, h, thickness, index, loss, work, gain):
    """One-way amplitudes along rays over those straight down: spreading of a ray tube, transmission, loss.

    A tube of solid angle sin(a) da dphi leaves the antenna and has the area rho drho dphi cos(b) at the point; a
    boundary changes its width by cos(b) / cos(a), which leaves the first and the last angle. There the field is
    that of a wave polarised across the plane of incidence, Fresnel's 2 n1 cos1 / (n1 cos1 + n2 cos2). ``loss`` is
    in nepers per metre of path in each layer.

    x, h, thickness, index and work as for :func:`crossings`. gain (m,) is filled.
    """
    cos, tangent, spread, straight, last, lost = work[0], work[1], work[2], work[3], work[4], work[5]
    for i in range(x.size):
        cos[i] = h[i] / math.sqrt(x[i] * x[i] + h[i] * h[i])
        last[i] = cos[i]  # n cos in the medium above
        tangent[i] = h[i]  # rho / tan(a), also straight down
        spread[i] = h[i] / (cos[i] * cos[i] * cos[i])  # drho / d sin(a)
        straight[i] = h[i]
        lost[i] = 0.0
        gain[i] = 1.0
    above = 1.0
    lossy = False
    for k in range(index.size):
        n2 = index[k] * index[k]
        own = thickness[k]
        lossy = lossy or loss[k] != 0.0
        straight_down = 1.0 / index[k]
        entered = (above + index[k]) / above  # one over what is let through straight down
        for i in range(x.size):
            u = math.sqrt(n2 - 1.0 + cos[i] * cos[i])
            over_u = 1.0 / u
            tangent[i] += own[i] * cos[i] * over_u
            spread[i] += own[i] * n2 * over_u * over_u * over_u
            straight[i] += own[i] * straight_down
            lost[i] += loss[k] * own[i] * (index[k] * over_u - 1.0)
            through = last[i] / (last[i] + u) * entered
            gain[i] *= through if own[i] > 0.0 else 1.0
            last[i] = u if own[i] > 0.0 else last[i]
        above = index[k]
    for i in range(x.size):
        gain[i] *= straight[i] / math.sqrt(tangent[i] * spread[i] * cos[i])
    if lossy:
        for i in range(x.size):
            gain[i] *= math.exp(-lost[i])


@jit(checked_division=False)
def ray_times(rho, h, thickness, index, c, time):
    """Fill time (n,) of rays from antennas at distances rho (n,) and heights h (n,) to one point.

    thickness (layers, 1) of each layer above the point, index (layers,), c the speed above.
    """
    work, x = np.empty((ROWS, 1)), np.empty(1)
    for i in range(rho.size):
        x[0] = 0.5 * rho[i]
        crossings(rho[i], h[i : i + 1], thickness, index, work, x)
        path_times(x, rho[i], h[i : i + 1], thickness, index, c, work, time[i : i + 1])


@jit()
def fill_tables(height, rho, thickness, index, loss, c, time, gain):
    """Fill ``time`` and ``gain`` (heights, rho, depths); height (heights, depths), thickness (layers, depths).

    rho (rho,) are distances, index and loss (layers,) as for :func:`path_gains`, c the speed above.
    """
    for i in range(height.shape[0]):
        work = np.empty((ROWS, height.shape[1]))
        x = np.zeros(height.shape[1])
        before = np.zeros(height.shape[1])
        further = np.zeros(height.shape[1])
        for k in range(rho.size):
            step = rho[k] - rho[max(k - 1, 0)]
            last = rho[max(k - 1, 0)] - rho[max(k - 2, 0)]
            ratio = step / last if last > 0.0 else 1.0
            for j in range(x.size):  # led on along a straight line from the two distances before
                before[j] = x[j]
                x[j] += (x[j] - further[j]) * ratio if k > 1 else step
                further[j] = before[j]
            crossings(rho[k], height[i], thickness, index, work, x)
            path_times(x, rho[k], height[i], thickness, index, c, work, time[i, k])
            path_gains(x, height[i], thickness, index, loss, work, gain[i, k])
