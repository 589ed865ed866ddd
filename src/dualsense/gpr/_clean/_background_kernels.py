"""Compiled loops of the background removal: neighbours of a sounding, their weighted mean, and robust PCA's steps.

No validation and no strings here; :mod:`dualsense.gpr._clean.moving` and :mod:`dualsense.gpr._clean.robust_pca` do
both.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from dualsense.gpr._clean._median_kernels import WEIGHT
from dualsense.runtime.jit import jit

prange = numba.prange
RUN = 16
"""Soundings in a row that are looked at together."""
NONE, SOME, ALL = 0, 1, 2
EDGE = 1e-9
"""Part of a squared distance by which rounding may move what lies on the edge."""


@jit(parallel=True)
def neighbours(xy, reach, radius, limit, found, count, weight):
    """Soundings within reach of each, in order; of more than ``limit`` every second, third, ... is taken.

    xy (n, 2) are the soundings' places, reach a distance in the same unit, radius the standard deviation of the
    weights. found (n, limit), count (n,) and weight (n, MARKS), the weights as whole numbers, are filled. Runs of
    ``RUN`` soundings that are all out of reach, or all within, are not looked at one by one.
    """
    n = xy.shape[0]
    reach2 = reach * reach
    box = np.empty(((n + RUN - 1) // RUN, 4))
    for r in range(box.shape[0]):
        box[r, 0], box[r, 1] = xy[r * RUN, 0], xy[r * RUN, 0]
        box[r, 2], box[r, 3] = xy[r * RUN, 1], xy[r * RUN, 1]
        for j in range(r * RUN, min(n, r * RUN + RUN)):
            box[r, 0], box[r, 1] = min(box[r, 0], xy[j, 0]), max(box[r, 1], xy[j, 0])
            box[r, 2], box[r, 3] = min(box[r, 2], xy[j, 1]), max(box[r, 3], xy[j, 1])
    for i in prange(n):
        x, y = xy[i, 0], xy[i, 1]
        kind = np.empty(box.shape[0], np.int8)
        total = 0
        for r in range(box.shape[0]):
            kind[r] = _within(box[r], x, y, reach2)
            if kind[r] == ALL:
                total += min(n - r * RUN, RUN)
            elif kind[r] == SOME:
                for j in range(r * RUN, min(n, r * RUN + RUN)):
                    total += (xy[j, 0] - x) ** 2 + (xy[j, 1] - y) ** 2 <= reach2
        stride = max(1, (total + limit - 1) // limit)
        left = 0
        kept = 0
        for r in range(box.shape[0]):
            if kind[r] == NONE:
                continue
            for j in range(r * RUN, min(n, r * RUN + RUN)):
                d2 = (xy[j, 0] - x) ** 2 + (xy[j, 1] - y) ** 2
                if kind[r] == ALL or d2 <= reach2:
                    if left == 0:
                        found[i, kept] = j
                        weight[i, kept] = np.int32(round(WEIGHT * math.exp(-0.5 * d2 / (radius * radius))))
                        kept += 1
                        left = stride
                    left -= 1
        count[i] = kept
        for m in range(kept, weight.shape[1]):
            weight[i, m] = 0


@jit()
def _within(box, x, y, reach2):
    """Whether NONE, SOME or ALL of a box (least and largest x, least and largest y) is within reach of a place.

    reach2 is the square of the reach. By rounding, what is on the very edge may count as SOME.
    """
    near = max(box[0] - x, x - box[1], 0.0) ** 2 + max(box[2] - y, y - box[3], 0.0) ** 2
    if near > reach2 * (1.0 + EDGE):
        return NONE
    far = max(abs(x - box[0]), abs(x - box[1])) ** 2 + max(abs(y - box[2]), abs(y - box[3])) ** 2
    return ALL if far <= reach2 * (1.0 - EDGE) else SOME


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
def means(values, wanted, xy, found, count, radius, out):
    """Weighted mean of each column of values (n, k) over the neighbours of some soundings: fills out (w, k).

    wanted (w,) are the soundings' numbers, xy (n, 2) the places of all; found (n, limit), count (n,) and radius as
    for :func:`neighbours`.
    """
    for o in prange(wanted.size):
        i = wanted[o]
        weight = np.empty(count[i])
        total = _gauss(xy, i, found[i], count[i], radius, weight)
        for c in range(values.shape[1]):
            out[o, c] = 0.0
        for m in range(count[i]):
            w = weight[m] / total
            for c in range(values.shape[1]):
                out[o, c] += w * values[found[i, m], c]


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
