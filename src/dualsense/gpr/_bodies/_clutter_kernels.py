"""Compiled loops over the migrated volume: the level of clutter around each voxel, and what stands out of it.

No validation and no strings here; :mod:`dualsense.gpr._bodies.cfar` and :mod:`dualsense.gpr._bodies.find` do that.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from dualsense.runtime.jit import jit

prange = numba.prange
STANDS_OUT, BRIGHT = 1, 2
"""Kinds of local maxima: of the contrast only, and of the envelope."""
COARSE_BITS = 16
"""Bits of a number by which it is first sorted: sign, exponent and the leading part of the fraction."""


@jit()
def _quantile(values, inside, histogram, count, part, room):
    """Quantile of those of values (n,) that are inside (n,), by linear interpolation as NumPy's.

    Numbers that are not negative lie in the order of their bits. histogram (bins,) counts them by the leading
    ones and count (1 or more) is their sum; only the numbers of the bins that hold the quantile are sorted, in
    room (n,). ``part`` is 0-1.
    """
    position = part * (count - 1)
    low = int(position)
    high = min(low + 1, count - 1)
    first = last = before = passed = 0
    for b in range(histogram.size):
        passed += histogram[b]
        if passed <= low:
            first = b + 1
            before = passed
        if passed > high:
            last = b
            break
    bits = values.view(np.uint32)
    kept = 0
    for i in range(values.size):
        b = bits[i] >> COARSE_BITS
        if inside[i] and first <= b and b <= last:
            room[kept] = values[i]
            kept += 1
    some = np.sort(room[:kept])
    under, over = np.float64(some[low - before]), np.float64(some[high - before])
    return under + (position - low) * (over - under)


@jit()
def _quartile_and_median(values, inside):
    """Lower quartile and median of those of values (n,) that are inside (n,); 0 and 0 where none is."""
    histogram = np.zeros(1 << (32 - COARSE_BITS), np.int32)
    bits = values.view(np.uint32)
    count = 0
    for i in range(values.size):
        if inside[i]:
            histogram[bits[i] >> COARSE_BITS] += 1
            count += 1
    if count == 0:
        return 0.0, 0.0
    room = np.empty(values.size, np.float32)
    quartile = _quantile(values, inside, histogram, count, 0.25, room)
    return quartile, _quantile(values, inside, histogram, count, 0.5, room)


@jit(parallel=True)
def plane_quantiles(envelope, inside, quartile, median):
    """Lower quartile and median of each plane: fills both (nz,), 0 where nothing of the plane is inside.

    envelope (nz, ny, nx) float32, not negative; inside (nz, ny, nx).
    """
    cells = envelope.shape[1] * envelope.shape[2]
    for k in prange(envelope.shape[0]):
        quartile[k], median[k] = _quartile_and_median(envelope[k].reshape(cells), inside[k].reshape(cells))


@jit()
def _plane_sums(envelope, inside, whole, most, cells, energy, count):
    """Sum over a square of cells about each of a plane's: the energy, and the cells that are inside.

    envelope, inside (ny, nx); energy is the square of the amplitude over ``whole``, which counts as ``most`` at
    most. Squares begin ``cells // 2`` before the cell. energy, count (ny, nx) are filled.
    """
    ny, nx = envelope.shape
    half = cells // 2
    inverse = 1.0 / whole
    own = np.empty((ny, nx), np.float32)
    for j in range(ny):
        for i in range(nx):
            ratio = min(envelope[j, i] * inverse, most)
            own[j, i] = ratio * ratio if inside[j, i] else 0.0
    column = np.zeros(nx + cells)  # sums down the columns, with nothing beyond the map
    within = np.zeros(nx + cells, np.int32)
    for j in range(-cells, ny):
        here, entering, leaving = j, j + cells - half - 1, j - half - 1
        if 0 <= entering < ny:
            for i in range(nx):
                column[half + i] += own[entering, i]
                within[half + i] += inside[entering, i]
        if 0 <= leaving < ny:
            for i in range(nx):
                column[half + i] -= own[leaving, i]
                within[half + i] -= inside[leaving, i]
        if here >= 0:
            total = 0.0
            number = 0
            for i in range(cells):
                total += column[i]
                number += within[i]
            for i in range(nx):
                energy[here, i] = total
                count[here, i] = number
                total += column[i + cells] - column[i]
                number += within[i + cells] - within[i]


@jit()
def _box_means(energy, count, k, least, box):
    """Mean energy of the boxes about a plane's cells: fills box (ny, nx), infinite where fewer than ``least`` are.

    energy, count (nz, ny, nx) as :func:`_plane_sums` fills them; a box takes plane k and both beside it.
    """
    above, below = max(k - 1, 0), min(k + 1, energy.shape[0] - 1)
    for j in range(box.shape[0]):
        for i in range(box.shape[1]):
            total, number = np.float64(energy[k, j, i]), count[k, j, i]
            if above < k:
                total += energy[above, j, i]
                number += count[above, j, i]
            if below > k:
                total += energy[below, j, i]
                number += count[below, j, i]
            box[j, i] = total / number if number > least else np.inf


@jit()
def _median_of_sides(left, right, low, high):
    """Median of those of four numbers that are finite, by a network of comparisons; infinite where none is."""
    a, b = min(left, right), max(left, right)
    c, d = min(low, high), max(low, high)
    least, p, q = min(a, c), max(a, c), min(b, d)
    second, third = min(p, q), max(p, q)
    count = (left < np.inf) + (right < np.inf) + (low < np.inf) + (high < np.inf)
    under = second if count > 2 else least
    over = third if count > 3 else (second if count > 1 else least)
    return np.float32(0.5) * (under + over)


@jit(parallel=True)
def clutter_levels(envelope, inside, whole, most, highest, median_over_mean, cells, aside, level):
    """Level of clutter around each voxel: fills level (nz, ny, nx).

    envelope (nz, ny, nx) float32, 0 outside of inside (nz, ny, nx); whole (nz,) the level of each depth, of which
    a voxel counts as ``most`` at most and above which the surroundings raise it to ``highest`` at most;
    median_over_mean, of the squares of clutter; boxes of ``cells`` by ``cells`` cells in three planes, their
    centres ``aside`` cells away.
    """
    nz, ny, nx = envelope.shape
    energy = np.empty((nz, ny, nx), np.float32)
    count = np.empty((nz, ny, nx), np.int32)
    for k in prange(nz):
        _plane_sums(envelope[k], inside[k], whole[k], most, cells, energy[k], count[k])
    nothing = np.full(nx, np.inf, np.float32)
    for k in prange(nz):
        box = np.full((ny, nx + 2 * aside), np.inf, np.float32)
        _box_means(energy, count, k, 3 * cells * cells / 2, box[:, aside : aside + nx])
        for j in range(ny):
            left, right = box[j, :nx], box[j, 2 * aside :]
            low = box[j - aside, aside : aside + nx] if j >= aside else nothing
            high = box[j + aside, aside : aside + nx] if j + aside < ny else nothing
            for i in range(nx):
                middle = median_over_mean * _median_of_sides(left[i], right[i], low[i], high[i])
                middle = middle if middle < np.inf else 1.0
                level[k, j, i] = whole[k] * math.sqrt(min(max(middle, 1.0), highest * highest))


@jit()
def _highest_near(values, k, j, i, half):
    """Whether no voxel of values (nz, ny, nx) within a plane and ``half`` cells of k, j, i is higher than that."""
    nz, ny, nx = values.shape
    own = values[k, j, i]
    for c in range(max(k - 1, 0), min(k + 2, nz)):
        for b in range(max(j - half, 0), min(j + half + 1, ny)):
            for a in range(max(i - half, 0), min(i + half + 1, nx)):
                if values[c, b, a] > own:
                    return False
    return True


@jit()
def peaks(envelope, contrast, places, half, kind):
    """Which of some places are local maxima within a plane and ``half`` cells.

    envelope, contrast (nz, ny, nx); places (n, 3) indices. kind (n,) is filled: ``BRIGHT`` for a maximum of the
    envelope, ``STANDS_OUT`` for one of the contrast only, 0 for none.
    """
    for n in range(places.shape[0]):
        k, j, i = places[n]
        if _highest_near(envelope, k, j, i, half):
            kind[n] = BRIGHT
        else:
            kind[n] = STANDS_OUT if _highest_near(contrast, k, j, i, half) else 0
