"""Compiled loop of the focus: echoes of a neighbourhood's points, summed over groups of soundings.

No validation and no strings here; :mod:`dualsense.gpr._soil.focus` does both.
"""

from __future__ import annotations

import numpy as np
from numba import float32, int32, uint32, uint64

from dualsense.runtime.jit import jit

NEXT = uint64(1)


@jit(checked_division=False)
def stack(traces, legs, lift, taper, group, time, cos, over_step, total, loud):
    """Sum traces at the times of echoes: fills total (g, points, 2, echoes) and loud (g, points, echoes).

    traces (n, 2 t) are real and imaginary parts in turn. legs (2, n, points) are distances from either antenna to
    the points, lift (n,) the antennas' height above that of the tables, in samples, taper (n, points) weights,
    group (n,) the group's number. time and cos (rho, echoes) are tables of one-way times in samples and of cosines
    in air, a row for each distance, ``1 / over_step`` apart. total are the sums of tapered echoes, loud those of
    their squared sizes. Times are held within the traces.

    A sounding stays in the nearest cache while all its echoes are read. Times, look-ups and sums are loops of
    their own, of which the first and the last become vectors. Whole numbers without a sign spare a test for places
    below 0.
    """
    echoes, last_cell = time.shape[1], time.shape[0] - 2
    last = float32(traces.shape[1] // 2 - 2)
    at, part = np.empty(echoes, np.int32), np.empty(echoes, np.float32)
    here, after = np.empty((2, echoes), np.float32), np.empty((2, echoes), np.float32)
    total[:] = 0.0
    loud[:] = 0.0
    for s in range(traces.shape[0]):
        trace, sums, energies = traces[s], total[group[s]], loud[group[s]]
        for p in range(legs.shape[2]):
            weight = taper[s, p]
            if weight == 0.0:
                continue
            there, back = legs[0, s, p] * over_step, legs[1, s, p] * over_step
            i, j = min(int(there), last_cell), min(int(back), last_cell)
            u, v = float32(there - i), float32(back - j)
            low, high, near, far, slant, lean = time[i], time[i + 1], time[j], time[j + 1], cos[i], cos[j]
            for q in range(echoes):
                x = (
                    low[q]
                    + u * (high[q] - low[q])
                    + near[q]
                    + v * (far[q] - near[q])
                    + lift[s] * (slant[q] + lean[q])
                )
                x = min(max(x, float32(0.0)), last)
                k = int32(x)
                at[q] = int32(2) * k
                part[q] = x - float32(k)
            for q in range(echoes):
                k = uint64(uint32(at[q]))
                here[0, q], here[1, q] = trace[k], trace[k + NEXT]
                after[0, q], after[1, q] = trace[k + NEXT + NEXT], trace[k + NEXT + NEXT + NEXT]
            re, im, energy = sums[p, 0], sums[p, 1], energies[p]
            for q in range(echoes):
                x = weight * (here[0, q] + part[q] * (after[0, q] - here[0, q]))
                y = weight * (here[1, q] + part[q] * (after[1, q] - here[1, q]))
                re[q] += x
                im[q] += y
                energy[q] += x * x + y * y
