"""Compiled rays: Fermat's path from an antenna in air through flat layers, its time and its amplitude.

No validation and no strings here; :mod:`dualsense.gpr.traveltime` does both.
"""

from __future__ import annotations

import math

import numba

from dualsense._numba import jit

prange = numba.prange
NEAR_M = 1e-12
"""Nearer than this is at: the time changes by less than 1e-19 s, and squares do not underflow."""
STEPS = 60


@jit()
def crossing(rho, h, thickness, index, start):
    """Lateral distance at which the ray to a point rho away and below ``thickness`` leaves the air.

    By Snell the sine in air s is n times that in every layer, so that a layer of thickness d adds
    d s / sqrt(n^2 - s^2) to the crossing x, s = x / sqrt(x^2 + h^2). The sum grows with x, so Newton inside a
    shrinking bracket, from ``start``, always converges.
    """
    if rho <= NEAR_M:
        return rho
    lo = 0.0
    hi = rho
    x = min(max(start, lo), hi)
    for _ in range(STEPS):
        a2 = x * x + h * h
        a = math.sqrt(a2)
        s = x / a
        slant2 = h * h / a2
        reached = x
        growth = 0.0
        for k in range(index.size):
            if thickness[k] > 0.0:
                u2 = index[k] * index[k] - 1.0 + slant2  # n^2 - s^2, without cancellation
                u = math.sqrt(u2)
                reached += thickness[k] * s / u
                growth += thickness[k] * index[k] * index[k] / (u2 * u)
        beyond = reached - rho
        if beyond > 0.0:
            hi = x
        else:
            lo = x
        new = x - beyond / (1.0 + growth * slant2 / a)
        if new <= lo or new >= hi:
            new = 0.5 * (lo + hi)
        moved = abs(new - x)
        x = new
        if moved <= 1e-6 * rho:  # Newton squares this, and the time is stationary in x
            break
    return x


@jit()
def path_time(x, rho, h, thickness, index, c):
    """Time of the ray that leaves the air at x, led on to rho at its own slope: exact to second order."""
    a = math.sqrt(x * x + h * h)
    s = x / a
    slant2 = h * h / (a * a)
    path = a
    reached = x
    for k in range(index.size):
        if thickness[k] > 0.0:
            u = math.sqrt(index[k] * index[k] - 1.0 + slant2)
            path += thickness[k] * index[k] * index[k] / u
            reached += thickness[k] * s / u
    return (path + s * (rho - reached)) / c


@jit()
def path_gain(x, h, thickness, index, loss):
    """One-way amplitude along a ray over that straight down: spreading of a ray tube, transmission, loss.

    A tube of solid angle sin(a) da dphi leaves the antenna and has the area rho drho dphi cos(b) at the point; a
    boundary changes its width by cos(b) / cos(a), which leaves the first and the last angle. There the field is
    that of a wave polarised across the plane of incidence, Fresnel's 2 n1 cos1 / (n1 cos1 + n2 cos2). ``loss`` is
    in nepers per metre of path in each layer.
    """
    cos2 = h * h / (x * x + h * h)
    cos = math.sqrt(cos2)
    tangent = h  # rho / tan(a), also straight down
    spread = h / (cos2 * cos)  # drho / d sin(a)
    straight = h
    through = 1.0
    below = 1.0
    lost = 0.0
    last = cos  # n cos in the medium above
    above = 1.0
    for k in range(index.size):
        if thickness[k] > 0.0:
            n2 = index[k] * index[k]
            u2 = n2 - 1.0 + cos2
            u = math.sqrt(u2)
            tangent += thickness[k] * cos / u
            spread += thickness[k] * n2 / (u2 * u)
            straight += thickness[k] / index[k]
            through *= 2.0 * last / (last + u)
            below *= 2.0 * above / (above + index[k])
            lost += loss[k] * thickness[k] * (index[k] / u - 1.0)
            last = u
            above = index[k]
    return straight / math.sqrt(tangent * spread * cos) * through / below * math.exp(-lost)


@jit(parallel=True)
def fill_tables(height, rho, thickness, index, loss, c, time, gain):
    """Fill ``time`` and ``gain`` (heights, rho, depths); height (heights, depths), thickness (depths, layers)."""
    depths = thickness.shape[0]
    for job in prange(height.shape[0] * depths):
        i = job // depths
        j = job % depths
        x = 0.0
        rate = 1.0
        for k in range(rho.size):
            step = rho[k] - rho[max(k - 1, 0)]
            new = crossing(rho[k], height[i, j], thickness[j], index, x + rate * step)
            rate = (new - x) / step if step > 0.0 else 1.0
            x = new
            time[i, k, j] = path_time(x, rho[k], height[i, j], thickness[j], index, c)
            gain[i, k, j] = path_gain(x, height[i, j], thickness[j], index, loss)
