"""Compiled loops of the background removal: neighbours of a sounding, and their weighted mean and median.

No validation and no strings here; :mod:`dualsense.gpr._clean.background` does both.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from dualsense.runtime.jit import jit

prange = numba.prange


@jit(parallel=True)
def neighbours(xy, reach, limit, found, count):
    """Soundings within reach of each, in order; of more than ``limit`` every second, third, ... is taken.

    xy (n, 2) are the soundings' places and reach is a distance in the same unit. found (n, limit) and count (n,)
    are filled.
    """
    n = xy.shape[0]
    reach2 = reach * reach
    for i in prange(n):
        total = 0
        for j in range(n):
            total += (xy[j, 0] - xy[i, 0]) ** 2 + (xy[j, 1] - xy[i, 1]) ** 2 <= reach2
        stride = max(1, (total + limit - 1) // limit)
        passed = 0
        kept = 0
        for j in range(n):
            if (xy[j, 0] - xy[i, 0]) ** 2 + (xy[j, 1] - xy[i, 1]) ** 2 <= reach2:
                if passed % stride == 0:
                    found[i, kept] = j
                    kept += 1
                passed += 1
        count[i] = kept


@jit()
def _gauss(xy, i, found, count, radius, out):
    """Fill out with the weights exp(-d^2 / 2 radius^2) of sounding i's neighbours, and return their sum.

    xy (n, 2) places; found (limit,) the neighbours' numbers, of which the first count are meant.
    """
    total = 0.0
    for m in range(count):
        j = found[m]
        d2 = (xy[j, 0] - xy[i, 0]) ** 2 + (xy[j, 1] - xy[i, 1]) ** 2
        out[m] = math.exp(-0.5 * d2 / (radius * radius))
        total += out[m]
    return total


@jit(parallel=True)
def moving_mean(xy, found, count, radius, values, out):
    """Weighted mean over the neighbours of each sounding: fills out (n, k, parts), which comes zeroed.

    xy (n, 2), found (n, limit) and count (n,) as of :func:`neighbours`; radius is the weights' standard deviation;
    values (n, k, parts), parts being those of a complex number.
    """
    n, k, parts = values.shape
    for i in prange(n):
        weight = np.empty(count[i])
        total = _gauss(xy, i, found[i], count[i], radius, weight)
        for m in range(count[i]):
            w = weight[m] / total
            j = found[i, m]
            for c in range(k):
                for p in range(parts):
                    out[i, c, p] += w * values[j, c, p]


@jit(parallel=True)
def moving_median(xy, found, count, radius, values, out):
    """Weighted median over the neighbours of each sounding, for every column and part: fills out (n, k, parts).

    Arguments as for :func:`moving_mean`.
    """
    n, k, parts = values.shape
    for i in prange(n):
        weight = np.empty(count[i])
        half = 0.5 * _gauss(xy, i, found[i], count[i], radius, weight)
        v = np.empty(count[i])
        w = np.empty(count[i])
        for c in range(k):
            for p in range(parts):
                for m in range(count[i]):
                    v[m] = values[found[i, m], c, p]
                    w[m] = weight[m]
                out[i, c, p] = _select(v, w, half)


@jit()
def _select(v, w, half):
    """Smallest value with at least ``half`` of the weight at or below it; sorts no further than it must.

    Quickselect with a three-way partition (Hoare 1961; Dijkstra 1976). v and w are overwritten.
    """
    low = 0
    high = v.size - 1
    below = 0.0
    pivot = v[0]
    while low <= high:
        a = v[low]
        b = v[(low + high) // 2]
        c = v[high]
        pivot = max(min(a, b), min(max(a, b), c))
        left = low
        i = low
        right = high
        lighter = 0.0
        equal = 0.0
        while i <= right:
            if v[i] < pivot:
                lighter += w[i]
                v[i], v[left] = v[left], v[i]
                w[i], w[left] = w[left], w[i]
                left += 1
                i += 1
            elif v[i] > pivot:
                v[i], v[right] = v[right], v[i]
                w[i], w[right] = w[right], w[i]
                right -= 1
            else:
                equal += w[i]
                i += 1
        if left > low and below + lighter >= half:
            high = left - 1
        elif below + lighter + equal >= half:
            break
        else:
            below += lighter + equal
            low = right + 1
    return pivot


@jit()
def huber_step(d, low, z, quadratic, cut, w, a):
    """Proximal step of Huber's loss, and the matrix whose low-rank part comes next; returns the change's energy.

    All arrays are (cells, parts), parts being 1 for real and 2 for complex numbers. w becomes x scaled by
    max(quadratic, 1 - cut/|x|) with x = d - low + z, and a becomes d - w + z.
    """
    cells, parts = d.shape
    changed = 0.0
    last = parts - 1
    tiny = 1e-300
    for i in range(cells):
        x = d[i, 0] - low[i, 0] + z[i, 0]
        y = (d[i, last] - low[i, last] + z[i, last]) * last  # 0 for real numbers
        factor = max(quadratic, 1.0 - cut / math.sqrt(x * x + y * y + tiny))
        x *= factor
        y *= factor
        changed += (x - w[i, 0]) ** 2 + last * (y - w[i, last]) ** 2
        a[i, last] = d[i, last] + z[i, last] - y
        w[i, last] = y
        a[i, 0] = d[i, 0] + z[i, 0] - x
        w[i, 0] = x
    return changed


@jit()
def multiplier_step(d, low, w, z, scale):
    """Scaled multipliers: z becomes (z + d - low - w) scale; returns the energy of d - low - w."""
    cells, parts = d.shape
    left = 0.0
    for i in range(cells):
        for p in range(parts):
            rest = d[i, p] - low[i, p] - w[i, p]
            left += rest * rest
            z[i, p] = (z[i, p] + rest) * scale
    return left
