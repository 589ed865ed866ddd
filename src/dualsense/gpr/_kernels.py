"""Compiled loops of the Kirchhoff sum and of its adjoint.

No validation and no strings here; :mod:`dualsense.gpr.kirchhoff` does that. Everything is written for single and
for double precision: the arrays tell which.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numba.extending import overload

from dualsense._numba import jit
from dualsense.gpr import _lanes
from dualsense.gpr._lanes import GROUP, LANES, PARTS, TILE

prange = numba.prange
TILE_ROWS = 8
"""Lines of :data:`dualsense.gpr._lanes.TILE` cells of the part of a map that one thread sums at a time: its tables stay in the nearest cache."""


@jit(parallel=True)
def spread_tables(
    time, gain, tx_h, rx_h, mid_h, density, root0, inv_step, inv_dt, rho, reach, aperture, leg, weight
):
    """Tables of each sounding's own: times in samples for both legs, and weights over the midpoint's distance.

    time, gain (heights, rho, depths); tx_h, rx_h, mid_h, density (n,); reach (depths,) the apparent depth;
    aperture (depths,). leg (n, legs, rho, padded depths) and weight (n, rho, padded depths) are filled; with one
    leg both antennas are at the same height. Beyond the last depth the weight is 0.
    """
    nz = time.shape[2]
    for s in prange(leg.shape[0]):
        for m in range(leg.shape[1]):
            h = tx_h[s] if m == 0 else rx_h[s]
            u = (math.sqrt(h) - root0) * inv_step
            i = max(0, min(int(u), time.shape[0] - 2))
            f = min(max(u - i, 0.0), 1.0)
            for k in range(rho.size):
                for j in range(nz):
                    leg[s, m, k, j] = ((1.0 - f) * time[i, k, j] + f * time[i + 1, k, j]) * inv_dt
                for j in range(nz, leg.shape[3]):
                    leg[s, m, k, j] = 0.0
        u = (math.sqrt(mid_h[s]) - root0) * inv_step
        i = max(0, min(int(u), time.shape[0] - 2))
        f = min(max(u - i, 0.0), 1.0)
        for k in range(rho.size):
            e2 = rho[k] * rho[k]
            for j in range(nz):
                g = (1.0 - f) * gain[i, k, j] + f * gain[i + 1, k, j]
                r = mid_h[s] + reach[j]
                taper = max(1.0 - e2 / (aperture[j] * aperture[j]), 0.0)
                weight[s, k, j] = density[s] * taper * taper * g * g * r / math.sqrt(r * r + e2)
            for j in range(nz, weight.shape[2]):
                weight[s, k, j] = 0.0


def add_one(
    leg, weight, trace, which, place, part, sample, rest, weigh, image, g, column, last, start, stop, offset, n
):
    """Add the g-th sounding of a group to a column of voxels: both parts of the sum, weights, weighted energy.

    leg and weight are flat tables whose rows of n depths begin at ``place`` (soundings, 3, columns), for both legs
    and the weight, and are read between that row and the next at ``part``. trace is flat, with the parts of a sample
    side by side, and that of the g-th sounding begins at ``which[g]``. sample, rest and weigh (steps, soundings,
    lanes) are room for the sample before each time, the part of the way to the next, and the weight. image is flat
    as well: a column (steps, parts, lanes) begins at ``offset``. Depths before ``start`` and from ``stop`` on are
    left out; a time beyond ``last`` neither adds nor counts.
    """
    _add(leg, weight, trace, which, place, part, sample, rest, weigh, image, g, column, last, start, stop, offset, n)


def add_group(
    leg, weight, trace, which, place, part, sample, rest, weigh, image, g, column, last, start, stop, offset, n
):
    """Add all soundings of a group to a column of voxels; see :func:`add_one`. ``g`` is 0."""
    for m in range(GROUP):
        _add(
            leg, weight, trace, which, place, part, sample, rest, weigh, image, m, column, last, start, stop, offset, n
        )


@jit()
def _add(leg, weight, trace, which, place, part, sample, rest, weigh, image, g, column, last, start, stop, offset, n):
    down, up, over = place[g, 0, column], place[g, 1, column], place[g, 2, column]
    for k in range(start, stop):
        time = leg[down + k] + part[g, 0, column] * (leg[down + n + k] - leg[down + k])
        time += leg[up + k] + part[g, 1, column] * (leg[up + n + k] - leg[up + k])
        w = weight[over + k] + part[g, 2, column] * (weight[over + n + k] - weight[over + k])
        heard = time < last
        step, lane = k // LANES, k % LANES
        sample[step, g, lane] = int(time) if heard else 0
        rest[step, g, lane] = time - sample[step, g, lane] if heard else 0.0
        weigh[step, g, lane] = w if heard else 0.0
    for k in range(start, stop):
        step, lane = k // LANES, k % LANES
        i, f, w = which[g] + 2 * sample[step, g, lane], rest[step, g, lane], weigh[step, g, lane]
        re = trace[i] + f * (trace[i + 2] - trace[i])
        im = trace[i + 1] + f * (trace[i + 3] - trace[i + 1])
        at = offset + step * PARTS * LANES + lane
        image[at] += w * re
        image[at + LANES] += w * im
        image[at + 2 * LANES] += w
        image[at + 3 * LANES] += w * (re * re + im * im)


@overload(add_one, inline="always")
def _add_one(
    leg, weight, trace, which, place, part, sample, rest, weigh, image, g, column, last, start, stop, offset, n
):
    if leg.dtype == numba.float32:
        return lambda leg, weight, trace, which, place, part, sample, rest, weigh, image, g, column, last, start, stop, offset, n: _lanes.add_one(
            leg, weight, trace, which, place, part, sample, rest, weigh, image, g, column, last, start, stop, offset, n
        )
    return add_one


@overload(add_group, inline="always")
def _add_group(
    leg, weight, trace, which, place, part, sample, rest, weigh, image, g, column, last, start, stop, offset, n
):
    if leg.dtype == numba.float32:
        return lambda leg, weight, trace, which, place, part, sample, rest, weigh, image, g, column, last, start, stop, offset, n: _lanes.add_group(
            leg, weight, trace, which, place, part, sample, rest, weigh, image, g, column, last, start, stop, offset, n
        )
    return add_group


@jit()
def _rows(x, at, dy2, scale, top, base, n, node, place, part):
    """Rows of a table, where they begin, and the part of the way to the next, for the cells of a line."""
    for i in range(x.size):
        d = x[i] - at
        u = min(math.sqrt(math.sqrt(d * d + dy2)) * scale, top)
        k = np.int32(u)
        part[i] = u - part.dtype.type(k)
        node[i] = k
        place[i] = base + n * k


@jit()
def _begin(node, start, begin):
    """First depth to which a sounding reaches in each of the cells, or ``begin`` where that is less."""
    for i in range(node.size):
        begin[i] = min(begin[i], start[node[i]])


@jit()
def _chord(x, at, dy2, radius2, first, stop):
    """Cells first to stop of a line that lie within the radius."""
    room = radius2 - dy2
    if room <= 0.0:
        return first, first
    half = math.sqrt(room)
    step = (x[x.size - 1] - x[0]) / max(x.size - 1, 1)
    if step == 0.0:
        return (first, stop) if abs(x[0] - at) < half else (first, first)
    lo = max(first, int(math.ceil((at - half - x[0]) / step)))
    hi = min(stop, int(math.floor((at + half - x[0]) / step)) + 1)
    return lo, max(lo, hi)


@jit()
def _span(axis, low, high):
    """Cells first to stop that hold all of an axis between low and high, and may hold more."""
    first = 0
    while first < axis.size and axis[first] < low:
        first += 1
    stop = axis.size
    while stop > first and axis[stop - 1] > high:
        stop -= 1
    return first, stop


@jit(parallel=True)
def gather(trace, tx, rx, mid, leg, weight, scale, start, depths, radius, x, y, image):
    """Sum the soundings into the columns of voxels along their refracted bistatic times.

    Each iteration of the parallel loop owns one tile of the map and adds the soundings in their order, so the bits
    do not depend on the number of threads. trace (n, t, 2); tx, rx, mid (n, 2); leg, weight from
    :func:`spread_tables`; scale the tables' rows per root of metres; start (rho,) the first depth to which a
    sounding at that distance reaches; depths how many are summed; radius of the widest aperture. image (ny, nx, steps,
    parts, lanes) is added to: both parts of the sum, the weights, and the weighted energy.
    """
    n = leg.shape[3]
    n32 = np.int32(n)
    row = leg.shape[2] * n
    both = leg.shape[1]
    top = leg.dtype.type(leg.shape[2] - 2)
    last = leg.dtype.type(trace.shape[1] - 1)
    radius2 = radius * radius
    legs = leg.reshape(leg.size)
    weights = weight.reshape(weight.size)
    flat = trace.reshape(trace.size)
    left, right = _span(x, mid[:, 0].min() - radius, mid[:, 0].max() + radius)
    low, high = _span(y, mid[:, 1].min() - radius, mid[:, 1].max() + radius)
    across = (right - left + TILE - 1) // TILE
    for job in prange(across * ((high - low + TILE_ROWS - 1) // TILE_ROWS)):
        j0 = low + (job // across) * TILE_ROWS
        i0 = left + (job % across) * TILE
        j1 = min(j0 + TILE_ROWS, high)
        i1 = min(i0 + TILE, right)
        near = np.empty(trace.shape[0], np.int64)
        count = 0
        for s in range(trace.shape[0]):
            dx = max(max(x[i0] - mid[s, 0], mid[s, 0] - x[i1 - 1]), 0.0)
            dy = max(max(y[j0] - mid[s, 1], mid[s, 1] - y[j1 - 1]), 0.0)
            if dx * dx + dy * dy < radius2:
                near[count] = s
                count += 1
        tile = x[i0:i1]
        place = np.empty((GROUP, 3, TILE), np.int32)
        part = np.empty((GROUP, 3, TILE), leg.dtype)
        sample = np.empty((n // LANES, GROUP, LANES), np.int32)
        rest = np.empty((n // LANES, GROUP, LANES), leg.dtype)
        weigh = np.empty((n // LANES, GROUP, LANES), leg.dtype)
        which = np.empty(GROUP, np.int64)
        begins = np.empty(GROUP, np.int64)
        node = np.empty(tile.size, np.int32)
        begin = np.empty(tile.size, np.int64)
        for group in range(0, count, GROUP):
            for j in range(j0, j1):
                line = image[j].reshape(image[j].size)
                used = 0
                first = i1
                stop = i0
                for m in range(group, min(group + GROUP, count)):
                    s = near[m]
                    lo, hi = _chord(x, mid[s, 0], (y[j] - mid[s, 1]) ** 2, radius2, i0, i1)
                    if hi > lo:
                        first = min(first, lo)
                        stop = max(stop, hi)
                        which[used] = s
                        used += 1
                begin[:] = n
                for g in range(used):
                    s = which[g]
                    t = (y[j] - tx[s, 1]) ** 2
                    r = (y[j] - rx[s, 1]) ** 2
                    e = (y[j] - mid[s, 1]) ** 2
                    down = np.int32(s * both * row)
                    up = np.int32((s * both + both - 1) * row)
                    over = np.int32(s * row)
                    _rows(tile, tx[s, 0], t, scale, top, down, n32, node, place[g, 0], part[g, 0])
                    _rows(tile, rx[s, 0], r, scale, top, up, n32, node, place[g, 1], part[g, 1])
                    _rows(tile, mid[s, 0], e, scale, top, over, n32, node, place[g, 2], part[g, 2])
                    _begin(node, start, begin)
                    begins[g] = s * trace.shape[1] * 2
                for i in range(first, stop):
                    c = i - i0
                    k = begin[c]
                    at = i * PARTS * n
                    if k < depths and used == GROUP:
                        add_group(
                            legs, weights, flat, begins, place, part, sample, rest, weigh, line, 0, c, last, k, depths, at, n
                        )
                    elif k < depths:
                        for g in range(used):
                            add_one(
                                legs, weights, flat, begins, place, part, sample, rest, weigh, line, g, c, last, k, depths, at, n
                            )


@jit(parallel=True)
def scatter(model, tx, rx, mid, leg, weight, scale, radius, x, y, trace):
    """Add the echoes (n, t, 2) of a model (ny, nx, 2, padded depths) of reflectors: the adjoint of :func:`gather`.

    Each iteration of the parallel loop owns one trace.
    """
    n = leg.shape[3]
    n32 = np.int32(n)
    row = leg.shape[2] * n
    both = leg.shape[1]
    top = leg.dtype.type(leg.shape[2] - 2)
    last = leg.dtype.type(trace.shape[1] - 1)
    legs = leg.reshape(leg.size)
    weights = weight.reshape(weight.size)
    for s in prange(trace.shape[0]):
        place = np.empty((3, x.size), np.int32)
        part = np.empty((3, x.size), leg.dtype)
        node = np.empty(x.size, np.int32)
        down = np.int32(s * both * row)
        up = np.int32((s * both + both - 1) * row)
        over = np.int32(s * row)
        for j in range(y.size):
            e = (y[j] - mid[s, 1]) ** 2
            lo, hi = _chord(x, mid[s, 0], e, radius * radius, 0, x.size)
            if hi <= lo:
                continue
            _rows(x, tx[s, 0], (y[j] - tx[s, 1]) ** 2, scale, top, down, n32, node, place[0], part[0])
            _rows(x, rx[s, 0], (y[j] - rx[s, 1]) ** 2, scale, top, up, n32, node, place[1], part[1])
            _rows(x, mid[s, 0], e, scale, top, over, n32, node, place[2], part[2])
            for i in range(lo, hi):
                a = place[0, i]
                b = place[1, i]
                c = place[2, i]
                for k in range(n):
                    d = legs[a + k] + part[0, i] * (legs[a + n + k] - legs[a + k])
                    u = legs[b + k] + part[1, i] * (legs[b + n + k] - legs[b + k])
                    time = d + u
                    if time < last:
                        w = weights[c + k] + part[2, i] * (weights[c + n + k] - weights[c + k])
                        q = int(time)
                        f = time - q
                        for p in range(2):
                            value = w * model[j, i, p, k]
                            trace[s, q, p] += value - f * value
                            trace[s, q + 1, p] += f * value
