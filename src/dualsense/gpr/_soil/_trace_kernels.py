"""Compiled loops of the hyperbola fit: travel times of a point under a line, and the search along them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numba

from dualsense.constants import C0_M_S
from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

prange = numba.prange
NEWTON_STEPS = 20
TOUCHING_M = 1e-6
MOST_TRACES = 16
"""On each side of an apex; of more, every second, third, ... is enough to find it."""


@jit()
def leg_time(rho: float, height: float, depth: float, speed: float) -> float:
    """One-way time in s from an antenna in air to a point in soil, by Fermat's principle.

    The ray crosses the surface at a share u of the way; the derivative of the time over u is monotonic, so Newton
    held inside a bracket always arrives.

    rho is the distance along the surface, height the antenna's, depth the point's, speed that in the soil; SI
    units.
    """
    if height <= TOUCHING_M:
        return math.sqrt(rho * rho + depth * depth) / speed
    if rho <= 0.0:
        return height / C0_M_S + depth / speed
    low, high = 0.0, rho
    a = rho * height / (height + depth)
    for _ in range(NEWTON_STEPS):
        up = math.sqrt(a * a + height * height)
        down = math.sqrt((rho - a) * (rho - a) + depth * depth)
        slope = a / (up * C0_M_S) - (rho - a) / (down * speed)
        if slope > 0.0:
            high = a
        else:
            low = a
        bend = height * height / (up * up * up * C0_M_S) + depth * depth / (down * down * down * speed)
        step = slope / bend
        a -= step
        if not low < a < high:
            a = 0.5 * (low + high)
        if abs(step) < 1e-9:
            break
    up = math.sqrt(a * a + height * height)
    down = math.sqrt((rho - a) * (rho - a) + depth * depth)
    return up / C0_M_S + down / speed


@jit()
def point_times(
    x: NDArray[np.float64],
    antennas: NDArray[np.float64],
    centre: float,
    depth: float,
    speed: float,
    radius: float,
    out: NDArray[np.float64],
) -> None:
    """Two-way times (n,) to the surface of a cylinder across the line, its axis ``radius`` below ``depth``.

    ``antennas`` (n, 5): along and across offset of transmitter and receiver from ``x``, and their height.

    x (n,) are the positions, centre that of the axis, speed that in the soil. out (n,) is filled.
    """
    for i in range(x.size):
        total = 0.0
        for k in range(2):
            along = x[i] + antennas[i, 2 * k] - centre
            rho = math.sqrt(along * along + antennas[i, 2 * k + 1] * antennas[i, 2 * k + 1])
            total += leg_time(rho, antennas[i, 4], depth + radius, speed) - radius / speed
        out[i] = total


@jit()
def sum_along(
    parts: NDArray[np.float32],
    rate: float,
    x: NDArray[np.float64],
    antennas: NDArray[np.float64],
    apex: int,
    depth: float,
    speed: float,
    aperture: float,
    stride: int,
) -> tuple[float, float, float, int, int]:
    """Sum analytic traces (n, t, 2) along the hyperbola of a point below the apex-th of them.

    rate are the samples per second, x (n,) and antennas (n, 5) as for :func:`point_times`; depth is the point's,
    speed that in its ground. Every ``stride``-th trace within ``aperture`` of the apex counts.

    Returns both parts of the sum, the energy sum|s|^2, and how many traces there were up to the apex and after it.
    """
    samples = parts.shape[1]
    sum_re, sum_im, energy = 0.0, 0.0, 0.0
    left, right = 0, 0
    for way in range(2):
        i = apex if way == 0 else apex + stride
        while 0 <= i < x.size and abs(x[i] - x[apex]) <= aperture:
            t = 0.0
            for k in range(2):
                along = x[i] + antennas[i, 2 * k] - x[apex]
                rho = math.sqrt(along * along + antennas[i, 2 * k + 1] * antennas[i, 2 * k + 1])
                t += leg_time(rho, antennas[i, 4], depth, speed)
            at = t * rate
            j = int(at)
            if j >= 0 and j + 1 < samples:
                w = at - j
                re = parts[i, j, 0] * (1.0 - w) + parts[i, j + 1, 0] * w
                im = parts[i, j, 1] * (1.0 - w) + parts[i, j + 1, 1] * w
                sum_re += re
                sum_im += im
                energy += re * re + im * im
                if way == 0:
                    left += 1
                else:
                    right += 1
            i += -stride if way == 0 else stride
    return sum_re, sum_im, energy, left, right


@jit(parallel=True)
def search(
    parts: NDArray[np.float32],
    rate: float,
    x: NDArray[np.float64],
    antennas: NDArray[np.float64],
    centres: NDArray[np.intp],
    speeds: NDArray[np.float64],
    apex_time: NDArray[np.float64],
    reach: float,
    least_reach: float,
    least_traces: int,
    power: NDArray[np.float64],
    semblance: NDArray[np.float64],
    speed: NDArray[np.float64],
    depth: NDArray[np.float64],
) -> None:
    """Sum analytic traces, parts (n, t, 2), along hyperbolas with their apex at each of the centres and times.

    Of all speeds the one with the largest coherent power |sum|^4 / (n^3 sum|s|^2) is kept. rate are the samples
    per second; x (n,) and antennas (n, 5) as for :func:`point_times`; centres (c,) the apexes' traces, apex_time
    (m,) their two-way times, speeds those that are tried. A curve is summed over reach times the length of its ray
    to either side, at least least_reach, and needs more than least_traces on both. Of the outputs (c, m) power,
    semblance, speed and depth, those stay 0 where no hyperbola has as many.
    """
    gap = (x[x.size - 1] - x[0]) / max(x.size - 1, 1)
    for c in prange(centres.size):
        i0 = centres[c]
        height = antennas[i0, 4]
        across = 0.5 * math.sqrt(
            (antennas[i0, 0] - antennas[i0, 2]) ** 2 + (antennas[i0, 1] - antennas[i0, 3]) ** 2
        )
        for m in range(apex_time.size):
            for s in range(speeds.size):
                v = speeds[s]
                length = v * (0.5 * apex_time[m] - height / C0_M_S)
                if length <= 1.1 * across:
                    continue
                z = math.sqrt(length * length - across * across)
                aperture = max(reach * (length + height), least_reach)
                stride = max(1, int(aperture / (max(gap, 1e-9) * MOST_TRACES)))
                sum_re, sum_im, energy, left, right = sum_along(
                    parts, rate, x, antennas, i0, z, v, aperture, stride
                )
                if left <= least_traces or right < least_traces or energy <= 0.0:
                    continue
                count = left + right
                whole = sum_re * sum_re + sum_im * sum_im
                strength = whole * whole / (energy * float(count) ** 3)
                if strength > power[c, m]:
                    power[c, m] = strength
                    semblance[c, m] = whole / (energy * count)
                    speed[c, m] = v
                    depth[c, m] = z
