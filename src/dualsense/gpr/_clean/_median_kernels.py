"""Compiled loops of the moving median: some columns at a time, each by a search for the value in the middle.

The neighbours of a sounding and their weights are the same for all its columns, and a pass over them that tells
how much weight lies at or below a guess is one comparison and three masked steps for many columns at once. So
nothing is sorted: the last sounding's median is the first guess, and four to five passes find the next one, each
of which also sees the nearest values to either side of its guess.

Values are compared as whole numbers: 25 bits of value and 7 of the neighbour's number, so that none are equal and
the answer tells where it came from. The number that is returned is the one that was put in; only neighbours that
differ by less than 2^-24 of the column's largest value, or of a thousand means, may be taken for each other.
Weights are whole numbers too: their sums do not hang on an order.

No validation and no strings here; :mod:`dualsense.gpr._clean.moving` does both.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numba import float32, int32, uint64

from dualsense.runtime.jit import jit

prange = numba.prange
TILE = 32
"""Columns at a time, twice 512 bits: while one half waits for its sums, the other goes on."""
ROWS = 8
"""Neighbours in one turn of the innermost loop."""
MARKS = 128
"""Neighbours at most, and places in a row of weights; those beyond the last neighbour are 0."""
MARK = np.int32(MARKS - 1)
WEIGHT = 2.0**23
"""Weight of a neighbour at the very place; 128 of them are less than 2^31."""
LARGEST = 2.0**24 - 2.0
OUTLYING = 1000.0
"""Means beyond which values of a column count as equal: a glitch must not take the resolution from the rest."""
FIRST, LAST = np.int32(-(2**31)), np.int32(2**31 - 1)
FURTHEST = np.float32(2147483392.0)
NOTHING = np.int32(0)
BEYOND = 4.0
"""Mean weights by which a guess goes beyond its aim, so that the median is soon held from both sides."""
PATIENCE = 6
"""Passes after which every second one halves what is left."""


@jit(checked_division=False)
def _scales(values, first, last, top, mean):
    """Fill top (TILE,) with what columns first to last of values (n, k) are multiplied by, mean with their size.

    The mean (TILE,) is that of the magnitudes, as a key.
    """
    n = values.shape[0]
    for c in range(TILE):
        top[c] = 0.0
        mean[c] = 0.0
    for i in range(n):
        for c in range(last - first):
            size = abs(values[i, first + c])
            mean[c] += size / n
            top[c] = max(top[c], size)
    for c in range(TILE):
        largest = min(top[c], OUTLYING * mean[c])
        top[c] = LARGEST / largest if largest > 0.0 else 0.0
        mean[c] *= top[c] * MARKS


@jit()
def _key(value, scale):
    """Whole number that is ordered as the value is, with room for a neighbour's number in its last seven bits."""
    return int32(math.floor(min(max(value * scale, -LARGEST), LARGEST))) * int32(MARKS)


@jit()
def _weigh(keys, weight, turns, guess, below, under, over):
    """Weight at or below each guess, and the nearest keys to either side of it: fills below, under, over (TILE,).

    keys (turns ROWS TILE,), weight (turns ROWS,), guess (TILE,). Whole numbers without a sign spare the compiler
    a test for negative places.
    """
    below[:], under[:], over[:] = NOTHING, FIRST, LAST
    for turn in range(turns):
        m = uint64(turn) * uint64(ROWS)
        at = m * uint64(TILE)
        w0, w1, w2, w3 = weight[m], weight[m + uint64(1)], weight[m + uint64(2)], weight[m + uint64(3)]
        w4, w5, w6, w7 = (
            weight[m + uint64(4)],
            weight[m + uint64(5)],
            weight[m + uint64(6)],
            weight[m + uint64(7)],
        )
        for column in range(TILE):
            c = uint64(column)
            g, b, u, o = guess[c], below[c], under[c], over[c]
            b, u, o = _seen(keys[at + c], w0, g, b, u, o)
            b, u, o = _seen(keys[at + uint64(TILE) + c], w1, g, b, u, o)
            b, u, o = _seen(keys[at + uint64(2 * TILE) + c], w2, g, b, u, o)
            b, u, o = _seen(keys[at + uint64(3 * TILE) + c], w3, g, b, u, o)
            b, u, o = _seen(keys[at + uint64(4 * TILE) + c], w4, g, b, u, o)
            b, u, o = _seen(keys[at + uint64(5 * TILE) + c], w5, g, b, u, o)
            b, u, o = _seen(keys[at + uint64(6 * TILE) + c], w6, g, b, u, o)
            b, u, o = _seen(keys[at + uint64(7 * TILE) + c], w7, g, b, u, o)
            below[c], under[c], over[c] = b, u, o


@jit(inline=True)
def _seen(key, weight, guess, below, under, over):
    """Weight below, next key under and next key over a guess, with one key more."""
    inside = key <= guess
    below = int32(below + (weight if inside else NOTHING))
    under = max(under, key if inside else FIRST)
    over = min(over, LAST if inside else key)
    return below, under, over


@jit(checked_division=False)
def _guess_again(weight, half, margin, last, halve, seen, own, whole, real):
    """Next guesses where the median is not found; returns how many of the first ``last`` columns that are.

    weight (MARKS,), half of their sum and the margin by which to go beyond the aim; with ``halve`` the middle of
    the bracket is tried. seen (3, TILE) are below, under and over of :func:`_weigh`; own (TILE,) is room. whole
    (3, TILE) are low, high and the guess: the median is above low and at most high, and a guess at its median
    stays. real (3, TILE) are the weights half-way through the values at low and high, negative before any is
    known, and the growth of a key with the weight. Few arrays, so that the loop becomes vectors.
    """
    for c in range(TILE):
        below, under, over = seen[0, c], seen[1, c], seen[2, c]
        own[c] = weight[(under if below >= half else over) & MARK]
    unknown = NOTHING
    aim = float32(half)
    for c in range(last):
        below, under, over, size = seen[0, c], seen[1, c], seen[2, c], own[c]
        a, b, wa, wb, steep = whole[0, c], whole[1, c], real[0, c], real[1, c], real[2, c]
        upper = below >= half
        key = under if upper else over
        beyond = int32(below - size) if upper else int32(below + size)
        done = (beyond >= half) != upper
        middle = float32(below) + (float32(-0.5) if upper else float32(0.5)) * float32(size)
        a = a if upper else key
        b = int32(key - int32(1)) if upper else b
        wa = wa if upper else middle
        wb = middle if upper else wb
        held = (wa >= float32(0.0)) & (wb >= float32(0.0))
        secant = (float32(b) - float32(a)) / max(wb - wa, float32(1.0))
        ahead = float32(key) + (aim - middle + (-margin if upper else margin)) * steep
        place = float32(a) + (aim - wa) * secant if held else ahead
        place = float32(0.5) * (float32(a) + float32(b)) if halve else place
        place = min(max(place, -FURTHEST), FURTHEST)
        whole[0, c], whole[1, c], real[0, c], real[1, c] = a, b, wa, wb
        whole[2, c] = key if done else min(max(int32(place), a), b)
        real[2, c] = float32(0.9) * steep + float32(0.1) * secant if held & (not done) else steep
        unknown += NOTHING if done else int32(1)
    return unknown


@jit()
def _tile(values, first, wanted, found, count, weight, start, out):
    """Medians of up to TILE columns from the first one on: arguments as for :func:`medians`."""
    n = values.shape[0]
    last = min(values.shape[1] - first, TILE)
    scale, mean = np.empty(TILE), np.empty(TILE)
    _scales(values, first, first + last, scale, mean)
    all_keys = np.zeros(n * TILE, np.int32)
    for i in range(n):
        for c in range(last):
            all_keys[i * TILE + c] = _key(values[i, first + c], scale[c])
    keys = np.empty(MARKS * TILE, np.int32)
    seen, own = np.empty((3, TILE), np.int32), np.empty(TILE, np.int32)
    whole, real = np.zeros((3, TILE), np.int32), np.empty((3, TILE), np.float32)
    guess = whole[2]
    for c in range(TILE):
        real[2, c] = 3.0 * mean[c] / (0.5 * MARKS * WEIGHT)
    for o in range(wanted.size):
        i = wanted[o]
        turns = (count[i] + ROWS - 1) // ROWS
        total = 0
        for m in range(count[i]):
            total += weight[i, m]
            mark, to, off = int32(m), m * TILE, found[i, m] * TILE
            source, into = all_keys[off : off + TILE], keys[to : to + TILE]
            for c in range(source.size):  # not TILE: the compiler would write a short loop out instead
                into[c] = source[c] | mark
        for m in range(count[i] * TILE, turns * ROWS * TILE):
            keys[m] = LAST
        half, margin = int32((total + 1) // 2), float32(BEYOND * total / count[i])
        for c in range(TILE):
            whole[0, c], whole[1, c] = FIRST, LAST - int32(1)
            real[0, c], real[1, c] = float32(-1.0), float32(-1.0)
        for c in range(last if start.size > 0 else 0):
            guess[c] = _key(start[o, first + c], scale[c])
        passes, unknown = 0, 1
        while unknown > 0:
            _weigh(keys, weight[i], turns, guess, seen[0], seen[1], seen[2])
            passes += 1
            halve = passes >= PATIENCE and passes % 2 == 0
            unknown = _guess_again(weight[i], half, margin, last, halve, seen, own, whole, real)
        for c in range(last):
            out[o, first + c] = values[found[i, guess[c] & MARK], first + c]


@jit(parallel=True)
def medians(values, wanted, found, count, weight, start, out):
    """Weighted median of each column of values (n, k) over the neighbours of some soundings: fills out (w, k).

    It is the smallest value with at least half of the weight at or below it. wanted (w,) are the soundings'
    numbers; found (n, limit), count (n,) and weight (n, MARKS) as from
    :func:`dualsense.gpr._clean._background_kernels.neighbours`. start (w, k) are values near the medians, (0, 0)
    where none are known: the median before them is the guess then.
    """
    for tile in prange((values.shape[1] + TILE - 1) // TILE):
        _tile(values, tile * TILE, wanted, found, count, weight, start, out)
