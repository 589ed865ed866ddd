"""Compiled loops of Stolt's migration: flat moveout, and the map from frequency to vertical wavenumber.

No validation and no strings here; :func:`dualsense.gpr.stolt` does both.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from dualsense.runtime.jit import jit

prange = numba.prange
single = np.float32


@jit(parallel=True)
def move_out(trace, inv_dt, time, out):
    """Read each trace (n, t, 2) at its times (n, j), linearly; out (n, j, 2) is zero beyond the ends.

    inv_dt are the samples per second; time is in seconds from the first sample.
    """
    last = trace.shape[1] - 1
    for s in prange(trace.shape[0]):
        for j in range(time.shape[1]):
            q = time[s, j] * inv_dt
            k = int(q)
            if q >= 0.0 and k < last:
                f = single(q - k)
                for p in range(2):
                    out[s, j, p] = trace[s, k, p] + f * (trace[s, k + 1, p] - trace[s, k, p])
            else:
                out[s, j, 0] = single(0.0)
                out[s, j, 1] = single(0.0)


@jit(parallel=True)
def stolt_map(data, k, step, speed, air, height, middle, obliquity, depth, out):
    """Map frequency to vertical wavenumber and sum over it at each depth, in each of the horizontal ones.

    With exploding reflectors, v = half the speed in soil and K^2 = k^2 + kz^2: omega = v K, of which
    d omega = v (kz / K) d kz. kz / K is the cosine of the ray in soil: it weighs ``obliquity`` times more. data
    (modes, frequencies, 2) float32 begins at 0 Hz and has had the time ``middle`` of its centre shifted to zero,
    so that it varies slowly and eight values of a windowed sinc interpolate it. ``air`` is half the speed above
    the soil, through a ``height`` of which the field is carried first, beyond what a vertical ray takes; 0 where
    the antennas touch the ground. k (modes,); out (modes, depths, 2).

    step is that of the frequencies in rad/s; speed, height, middle and depth (depths,) are in SI units.
    """
    count = data.shape[1]
    dkz = step / speed
    turn = np.empty((count, 2, depth.size))
    for j in range(count):
        for z in range(depth.size):
            turn[j, 0, z] = math.cos(j * dkz * depth[z])
            turn[j, 1, z] = math.sin(j * dkz * depth[z])
    for m in prange(k.size):
        total = np.zeros((2, depth.size))
        for j in range(1, count):
            kz = j * dkz
            full = math.sqrt(kz * kz + k[m] * k[m])
            omega = speed * full
            at = omega / step
            if at > count - 1:
                continue
            phase = -omega * middle
            if air > 0.0:
                above = (omega / air) ** 2 - k[m] * k[m]
                if above <= 0.0:
                    continue
                phase += (math.sqrt(above) - omega / air) * height
            re = 0.0
            im = 0.0
            centre = int(at)
            for i in range(max(0, centre - 3), min(count, centre + 5)):
                u = at - i
                w = math.sin(math.pi * u) / (math.pi * u) * math.cos(math.pi * u / 8.0) ** 2 if u != 0.0 else 1.0
                re += w * data[m, i, 0]
                im += w * data[m, i, 1]
            weight = (kz / full) ** (1.0 + obliquity)
            c = math.cos(phase) * weight
            s = math.sin(phase) * weight
            a = c * re - s * im
            b = c * im + s * re
            for z in range(depth.size):
                total[0, z] += a * turn[j, 0, z] - b * turn[j, 1, z]
                total[1, z] += a * turn[j, 1, z] + b * turn[j, 0, z]
        for z in range(depth.size):
            out[m, z, 0] = total[0, z]
            out[m, z, 1] = total[1, z]
