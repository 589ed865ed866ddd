"""Compiled loops of the Kirchhoff sum and of its adjoint.

No validation and no strings here; :mod:`dualsense.gpr._migrate.sums` does that. Everything is written for single
and for double precision: the arrays tell which.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from dualsense.gpr._migrate._column_kernels import add_group, add_one
from dualsense.gpr._migrate._vectors import GROUP, PARTS, TILE, WIDTH
from dualsense.runtime.jit import jit

prange = numba.prange
TILE_ROWS = 8
"""Lines of ``TILE`` cells that are summed at a time: their sums stay in the nearest cache."""
PATCH = 40
"""Cells, at most about, along a side of the part of a map that one thread sums: it tabulates for itself alone."""
LEAST_ROWS, LEAST_JOBS = 4, 8
"""Lines of a part at least, and parts of a small map, so that each of a few threads has some. Which soundings are
weighed together hangs on the parts: they must not hang on the threads."""
BATCH = 16
"""Soundings that it tabulates at a time: their tables stay in its own cache."""


@jit()
def tabulate(s, height, density, time, weight, height_scale, legs, weights, table):
    """Tables of sounding s: times in samples from both antennas, and weights over the midpoint's distance.

    height (n, 3) of both antennas and of the midpoint; density (n,); time in samples, weight (heights, rho, padded
    depths), 0 beyond the last depth; height_scale: the root of the first height, and rows per root of metres of
    height. Of table (3, rho, padded depths), for both antennas and the weights, the rows legs[0] to legs[1] and
    weights[0] to weights[1] are filled; antennas at the same height share the first.
    """
    one = table.dtype.type(1.0)
    for m in range(1 if height[s, 0] == height[s, 1] else 2):
        i, f = _layer(height[s, m], height_scale, time.shape[0])
        for k in range(legs[0], legs[1]):
            _between(time[i, k], time[i + 1, k], table.dtype.type(f), one, table[m, k])
    i, f = _layer(height[s, 2], height_scale, time.shape[0])
    for k in range(weights[0], weights[1]):
        _between(weight[i, k], weight[i + 1, k], table.dtype.type(f), density[s], table[2, k])


@jit()
def _layer(height, height_scale, heights):
    """Height of the tables below a height, and the part of the way to the next.

    height_scale as for :func:`tabulate`; heights is how many the tables have.
    """
    u = (math.sqrt(height) - height_scale[0]) * height_scale[1]
    i = max(0, min(int(u), heights - 2))
    return i, min(max(u - i, 0.0), 1.0)


@jit()
def _between(low, high, f, scale, out):
    """Fill out with ``scale`` times what lies the part f of the way from low to high, all (padded depths,)."""
    for step in range(out.size // WIDTH):  # a vector each: the compiler's own loop is left with many single depths
        for j in range(step * WIDTH, (step + 1) * WIDTH):
            out[j] = scale * (low[j] + f * (high[j] - low[j]))


@jit()
def _rows(x, at, dy2, scale, top, base, n, node, place, part):
    """Rows of a table, where they begin, and the part of the way to the next, for the cells of a line.

    x (cells,) and at are places along the line, dy2 the squared distance across; scale the rows per root of
    metres, top the last row that has a next; base where the table begins, in rows of n. node, place and part
    (cells,) are filled.
    """
    for i in range(x.size):
        d = x[i] - at
        u = min(math.sqrt(math.sqrt(d * d + dy2)) * scale, top)
        k = np.int32(u)
        part[i] = u - part.dtype.type(k)
        node[i] = k
        place[i] = base + n * k


@jit()
def _begin(node, start, begin):
    """First depth to which a sounding reaches in each of the cells, or ``begin`` (cells,) where that is less.

    node (cells,) are rows of the tables, start (rho,) the first depth at each of them.
    """
    for i in range(node.size):
        begin[i] = min(begin[i], start[node[i]])


@jit()
def _chord(x, at, dy2, radius2, first, stop):
    """Cells first to stop of a line that lie within the radius.

    x (cells,) evenly spaced and at are places along the line; dy2 and radius2 the squared distance across and
    radius.
    """
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
def _distances(x, y, at):
    """Least and greatest distance from a place ``at`` (2,) to the cells x (nx,) by y (ny,) of a part of a map."""
    left, right = x[0] - at[0], x[x.size - 1] - at[0]
    low, high = y[0] - at[1], y[y.size - 1] - at[1]
    dx, dy = max(left, -right, 0.0), max(low, -high, 0.0)
    ex, ey = max(-left, right), max(-low, high)
    return math.sqrt(dx * dx + dy * dy), math.sqrt(ex * ex + ey * ey)


@jit()
def select(x, y, at, soundings, radius, chosen):
    """Which of some soundings reach any cell of a part of a map: their places among those, and how many.

    x (nx,), y (ny,) the cells; at (n, 3, 2) the antennas and midpoints; soundings (m,) the numbers of those in
    question; radius of the widest aperture. The begin of chosen (m,) is filled.
    """
    count = 0
    for b in range(soundings.size):
        if _distances(x, y, at[soundings[b], 2])[0] < radius:
            chosen[count] = b
            count += 1
    return count


@jit()
def _read_rows(x, y, at, scale, rows):
    """Rows of a table, first to stop, that the cells x by y of a map read, seen from a place ``at`` (2,).

    scale are the rows per root of metres, of ``rows`` in all. One more on both sides, for cells whose own distance
    is rounded otherwise: rows that are read have been filled.
    """
    near, far = _distances(x, y, at)
    return max(int(math.sqrt(near) * scale) - 1, 0), min(int(math.sqrt(far) * scale) + 3, rows)


@jit()
def sum_tile(trace, at, batch, chosen, numbers, table, scale, start, depths, radius, x, y, cell, width, image):
    """Add the ``chosen`` of a batch of soundings to the columns of a tile.

    trace, at, scale, start, depths and radius as for :func:`gather`; table (batch, 3, rho, padded depths), of
    which numbers (batch, 3) are those of both antennas and of the weights. The tile x by y begins with the cell of
    that number, in lines of ``width`` cells; image is flat.
    """
    n = table.shape[3]
    n32 = np.int32(n)
    row = table.shape[2] * n
    top = table.dtype.type(table.shape[2] - 2)
    last = table.dtype.type(trace.shape[1] - 1)
    rows = table.reshape(table.size)
    flat = trace.reshape(trace.size)
    place = np.empty((GROUP, 3, TILE), np.int32)
    part = np.empty((GROUP, 3, TILE), table.dtype)
    room = np.empty((n // WIDTH, 3, GROUP, WIDTH), table.dtype)
    which = np.empty(GROUP, np.int64)
    node = np.empty(x.size, np.int32)
    begin = np.empty(x.size, np.int64)
    for group in range(0, chosen.size, GROUP):
        for j in range(y.size):
            used = 0
            first = x.size
            stop = 0
            begin[:] = n
            for m in range(group, min(group + GROUP, chosen.size)):
                s = batch[chosen[m]]
                lo, hi = _chord(x, at[s, 2, 0], (y[j] - at[s, 2, 1]) ** 2, radius * radius, 0, x.size)
                if hi > lo:
                    first = min(first, lo)
                    stop = max(stop, hi)
                    which[used] = s * trace.shape[1] * 2
                    for i in range(3):
                        base = np.int32(numbers[chosen[m], i] * row)
                        dy = y[j] - at[s, i, 1]
                        _rows(x, at[s, i, 0], dy * dy, scale, top, base, n32, node, place[used, i], part[used, i])
                    _begin(node, start, begin)
                    used += 1
            for i in range(first, stop):
                k = begin[i]
                to = (cell + j * width + i) * PARTS * n
                if k < depths and used == GROUP:
                    add_group(rows, flat, which, place, part, room, image, 0, i, last, k, depths, to, n)
                elif k < depths:
                    for g in range(used):
                        add_one(rows, flat, which, place, part, room, image, g, i, last, k, depths, to, n)


@jit()
def number_tables(s, b, height, numbers):
    """Fill the b-th row of numbers (b, 3): where sounding s has its tables; one serves both at the same height."""
    numbers[b, 0] = 3 * b
    numbers[b, 1] = 3 * b if height[s, 0] == height[s, 1] else 3 * b + 1
    numbers[b, 2] = 3 * b + 2


@jit()
def _tabulate_batch(batch, x, y, at, scale, height, density, time, weight, height_scale, numbers, own):
    """Tabulate a batch of soundings for a part of a map: :func:`tabulate`, and the numbers of the tables.

    batch (b,) are soundings; x, y the cells of the part; at and scale as for :func:`gather`, height to
    height_scale as for :func:`tabulate`. numbers (b, 3) and own (b, 3, rho, padded depths) are filled.
    """
    rows = time.shape[1]
    for b in range(batch.size):
        s = batch[b]
        p, q = _read_rows(x, y, at[s, 0], scale, rows)
        u, v = _read_rows(x, y, at[s, 1], scale, rows)
        mid = _read_rows(x, y, at[s, 2], scale, rows)
        both = min(p, u), max(q, v)
        tabulate(s, height, density, time, weight, height_scale, both, mid, own[b])
        number_tables(s, b, height, numbers)


@jit()
def _patch(job, across, along, nx, ny):
    """Begin and end of a job's part of a map of nx by ny cells: cells i0 to i1 of the lines j0 to j1.

    The map is cut into across parts along a line, by whole tiles, times along parts of lines.
    """
    tiles = (nx + TILE - 1) // TILE
    i0 = min(tiles * (job % across) // across * TILE, nx)
    i1 = min(tiles * (job % across + 1) // across * TILE, nx)
    return i0, i1, ny * (job // across) // along, ny * (job // across + 1) // along


@jit()
def _parts(nx, ny):
    """Into how many parts a map of nx by ny cells is cut across its lines, and along them."""
    across = (nx + PATCH - 1) // PATCH
    strips = min((ny + LEAST_ROWS - 1) // LEAST_ROWS, (LEAST_JOBS + across - 1) // across)
    return across, max((ny + PATCH - 1) // PATCH, strips)


@jit()
def _gather_part(
    job, trace, at, height, density, time, weight, height_scale, scale, start, depths, radius, x, y, own, image,
):  # fmt: skip
    """Sum the soundings into one part of a map: arguments as for :func:`gather`, own being one thread's room."""
    sums = image.reshape(image.size)
    across, along = _parts(x.size, y.size)
    i0, i1, j0, j1 = _patch(job, across, along, x.size, y.size)
    image[j0:j1, i0:i1] = 0.0
    near = np.empty(trace.shape[0], np.int64)
    count = select(x[i0:i1], y[j0:j1], at, np.arange(trace.shape[0]), radius, near)
    numbers = np.empty((BATCH, 3), np.int64)
    chosen = np.empty(BATCH, np.int64)
    for first in range(0, count, BATCH):
        batch = near[first : min(first + BATCH, count)]
        _tabulate_batch(
            batch, x[i0:i1], y[j0:j1], at, scale, height, density, time, weight, height_scale, numbers, own
        )
        for j in range(j0, j1, TILE_ROWS):
            for i in range(i0, i1, TILE):
                tx = x[i : min(i + TILE, i1)]
                ty = y[j : min(j + TILE_ROWS, j1)]
                some = chosen[: select(tx, ty, at, batch, radius, chosen)]
                cell = j * x.size + i
                sum_tile(
                    trace, at, batch, some, numbers, own, scale, start, depths, radius, tx, ty, cell, x.size, sums
                )


@jit(parallel=True)
def gather(
    trace, at, height, density, time, weight, height_scale, scale, start, depths, radius, x, y, table, image,
):  # fmt: skip
    """Sum the soundings into the columns of voxels along their refracted bistatic times.

    Each iteration of the parallel loop owns a patch of the map and adds the soundings in their order, and the
    patches are the same for any number of threads: so are the bits. It tabulates what it reads by itself: a table
    that another thread had written would have to come from that one's cache.

    trace (n, t, 2); at (n, 3, 2) both antennas and the midpoint; height to height_scale as for :func:`tabulate`;
    scale the tables' rows per root of metres; start (rho,) the first depth to which a sounding at that distance
    reaches; depths how many are summed; radius of the widest aperture; x (nx,), y (ny,) the cells; table (threads,
    BATCH, 3, rho, padded depths) is room. image (ny, nx, steps, parts, entries) is filled: both parts of the sum,
    the weights, and the weighted energy.
    """
    across, along = _parts(x.size, y.size)
    for job in prange(across * along):
        _gather_part(
            job, trace, at, height, density, time, weight, height_scale, scale, start, depths, radius, x, y,
            table[numba.get_thread_id()], image,
        )  # fmt: skip


@jit()
def gather_alone(
    trace, at, height, density, time, weight, height_scale, scale, start, depths, radius, x, y, table, image,
):  # fmt: skip
    """Sum as :func:`gather` does, with all its arguments, in one thread."""
    across, along = _parts(x.size, y.size)
    for job in range(across * along):
        _gather_part(
            job, trace, at, height, density, time, weight, height_scale, scale, start, depths, radius, x, y,
            table[0], image,
        )  # fmt: skip


@jit(parallel=True)
def take_out(image, total, fold, energy):
    """Columns (ny, nx, steps, parts, entries) as volumes (nz, ny, nx): the sum, the weights, the energy.

    image as :func:`gather` fills it; total (complex), fold and energy are filled.
    """
    for j in prange(image.shape[0]):
        for k in range(total.shape[0]):
            for i in range(image.shape[1]):
                own = image[j, i, k // WIDTH]
                total[k, j, i] = own[0, k % WIDTH] + 1j * own[1, k % WIDTH]
                fold[k, j, i] = own[2, k % WIDTH]
                energy[k, j, i] = own[3, k % WIDTH]


@jit(parallel=True)
def scatter(model, at, height, density, time, weight, height_scale, scale, radius, x, y, trace):
    """Add the echoes of a model of reflectors: the adjoint of :func:`gather`.

    Each iteration of the parallel loop owns one trace. model (ny, nx, 2, padded depths); at and scale, radius, x
    and y as for :func:`gather`; height to height_scale as for :func:`tabulate`. trace (n, t, 2) comes zeroed and
    is added to.
    """
    n = model.shape[3]
    n32 = np.int32(n)
    rows = time.shape[1]
    top = trace.dtype.type(rows - 2)
    last = trace.dtype.type(trace.shape[1] - 1)
    for s in prange(trace.shape[0]):
        table = np.empty((3, rows, n), trace.dtype)
        tabulate(s, height, density, time, weight, height_scale, (0, rows), (0, rows), table)
        flat = table.reshape(table.size)
        second = 0 if height[s, 0] == height[s, 1] else rows * n
        place = np.empty((3, x.size), np.int32)
        part = np.empty((3, x.size), trace.dtype)
        node = np.empty(x.size, np.int32)
        for j in range(y.size):
            e = (y[j] - at[s, 2, 1]) ** 2
            lo, hi = _chord(x, at[s, 2, 0], e, radius * radius, 0, x.size)
            if hi <= lo:
                continue
            for i in range(3):
                dy = y[j] - at[s, i, 1]
                base = np.int32(second if i == 1 else i * rows * n)
                _rows(x, at[s, i, 0], dy * dy, scale, top, base, n32, node, place[i], part[i])
            for i in range(lo, hi):
                a = place[0, i]
                b = place[1, i]
                c = place[2, i]
                for k in range(n):
                    d = flat[a + k] + part[0, i] * (flat[a + n + k] - flat[a + k])
                    u = flat[b + k] + part[1, i] * (flat[b + n + k] - flat[b + k])
                    t = d + u
                    if t < last:
                        w = flat[c + k] + part[2, i] * (flat[c + n + k] - flat[c + k])
                        q = int(t)
                        f = t - q
                        for p in range(2):
                            value = w * model[j, i, p, k]
                            trace[s, q, p] += value - f * value
                            trace[s, q + 1, p] += f * value
