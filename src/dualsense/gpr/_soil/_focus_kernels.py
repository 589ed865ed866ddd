"""Compiled loop of the focus: echoes of a neighbourhood's points, summed over groups of soundings.

No validation and no strings here; :mod:`dualsense.gpr._soil.focus` does both.
"""

from __future__ import annotations

import numba

from dualsense.runtime.jit import jit

prange = numba.prange


@jit(parallel=True)
def stack(traces, rate, rows, legs, lift, taper, group, time, cos, over_step, total, loud):
    """Sum traces at the times of echoes, for each of the c tables: fills total (c, g, points times, 2) and loud.

    traces (n, 2 t) are real and imaginary parts in turn, rate their samples per second, rows (m,) the soundings
    that count. legs (2, m, points) are distances from either antenna to the points, lift (m,) the antennas' height
    above that of the tables over the speed of light, taper (m, points) weights, group (m,) the group's number.
    time and cos (c, rho, times) are tables of one-way times and of cosines in air, over_step distances to places
    in them. total are the sums of tapered echoes, loud (c, g, points times) those of their squared sizes. Times
    are held within the traces.
    """
    points, times = legs.shape[2], time.shape[2]
    last_cell, last_time = time.shape[1] - 2, traces.shape[1] // 2 - 2.0
    for table in prange(time.shape[0]):
        total[table] = 0.0
        loud[table] = 0.0
        for s in range(rows.size):
            trace, sums, energy = traces[rows[s]], total[table, group[s]], loud[table, group[s]]
            for p in range(points):
                there, back = legs[0, s, p] * over_step, legs[1, s, p] * over_step
                i, j = min(int(there), last_cell), min(int(back), last_cell)
                u, v, weight = there - i, back - j, taper[s, p]
                if weight == 0.0:
                    continue
                for q in range(times):
                    at = (1.0 - u) * time[table, i, q] + u * time[table, i + 1, q]
                    at += (1.0 - v) * time[table, j, q] + v * time[table, j + 1, q]
                    at += lift[s] * (cos[table, i, q] + cos[table, j, q])
                    at = min(max(at * rate, 0.0), last_time)
                    k = int(at)
                    w = at - k
                    x = weight * ((1.0 - w) * trace[2 * k] + w * trace[2 * k + 2])
                    y = weight * ((1.0 - w) * trace[2 * k + 1] + w * trace[2 * k + 3])
                    cell = p * times + q
                    sums[cell, 0] += x
                    sums[cell, 1] += y
                    energy[cell] += x * x + y * y
