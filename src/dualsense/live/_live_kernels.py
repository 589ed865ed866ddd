"""Compiled loops of a sweep that goes on: the balance of one row after the other, and sums over tiles of cells."""

from __future__ import annotations

import math

import numpy as np

from dualsense.runtime.jit import jit

HELD, LOST = 1.5, 6.0
"""Times the usual innovation from which a row counts less, and from which it is no soil and no drift at all."""
PACE = 0.03
"""Part by which the usual innovation follows one row."""
SKIRT = 12
"""So many rows before and after those that are lost, a hand's breadth of way, are not trusted either."""
PATIENT = 240
"""So many lost rows on end, three metres of way, are no metal: the instrument has jumped, and is followed."""


@jit()
def balance_rows(values, ground, gap_s, along, drift_s, soil_s, state, covariance, memory, past, rest):
    """Kalman filter over drift, its rate and soil, row by row; metal, which does not fit, leaves them alone.

    values (m, c) in standard deviations of the noise; ground (m,) the factor of the soil; gap_s (m,) since the
    row before. The soil's height is not known exactly: along[0] is the variance that this gives per square of the
    soil's response. drift_s and soil_s: times over which the rate of drift and the soil may change. state (3, c)
    and covariance (3, 3) are carried on, and so are memory (4,): the usual size of what is left, how many rows
    have been lost on end, how many more are not trusted, and the clock; and past (`SKIRT`, 3, c + 4), what state,
    covariance and clock were. rest (m, c) is filled with what is left of each row, whitened.
    """
    channels = values.shape[1]
    seen = np.empty(3)
    for i in range(values.shape[0]):
        g, variance = ground[i], memory[0] * memory[0]
        memory[3] += gap_s[i]
        _move_on(state, covariance, gap_s[i], variance / drift_s**4, variance / soil_s**2)
        size = _whitened(values, i, g, along[0], state, rest)
        for a in range(3):
            seen[a] = covariance[a, 0] + g * covariance[a, 2]
        predicted = seen[0] + g * seen[2]
        usual = math.sqrt(variance + predicted)
        if size >= LOST * usual:
            if memory[2] == 0.0:  # metal begins, and its skirt was taken for drift
                _go_back(state, covariance, memory[3], variance / drift_s**4, variance / soil_s**2, past)
            memory[1] += 1.0
            memory[2] = SKIRT
            if memory[1] > PATIENT:
                memory[0] *= 4.0
                memory[1] = 0.0
                memory[2] = 0.0
                covariance[0, 0] += size * size
            continue
        memory[1] = 0.0
        if memory[2] > 0.0:
            memory[2] -= 1.0
            continue
        _remember(state, covariance, memory[3], past)
        memory[0] *= 1.0 + PACE if size > usual else 1.0 - PACE
        weight = min(1.0, HELD * usual / max(size, 1e-300))
        gain = weight / (variance + weight * predicted)
        for a in range(3):
            for k in range(channels):
                state[a, k] += gain * seen[a] * (values[i, k] - state[0, k] - g * state[2, k])
            for b in range(3):
                covariance[a, b] -= gain * seen[a] * seen[b]


@jit()
def _whitened(values, i, ground, along, state, rest):
    """Fill row i of rest (m, c) with what drift and soil leave, whitened, and give its root mean square.

    values (m, c) rows, ground the soil's factor, along and state as for :func:`balance_rows`. The covariance is
    C = 1 + v s s^T with the soil s, whose symmetric root is 1 + ((1 + v |s|^2)^(1/2) - 1) s s^T / |s|^2.
    """
    channels = values.shape[1]
    power = 0.0
    along_soil = 0.0
    for k in range(channels):
        rest[i, k] = values[i, k] - state[0, k] - ground * state[2, k]
        power += state[2, k] * state[2, k]
        along_soil += state[2, k] * rest[i, k]
    shrink = (1.0 - 1.0 / math.sqrt(1.0 + along * ground * ground * power)) * along_soil / max(power, 1e-300)
    size = 0.0
    for k in range(channels):
        rest[i, k] -= shrink * state[2, k]
        size += rest[i, k] * rest[i, k]
    return math.sqrt(size / channels)


@jit()
def _remember(state, covariance, clock, past):
    """Put state (3, c), covariance (3, 3) and clock behind the others in past (`SKIRT`, 3, c + 4)."""
    channels, last = state.shape[1], past.shape[0] - 1
    for n in range(last):
        for a in range(3):
            for k in range(past.shape[2]):
                past[n, a, k] = past[n + 1, a, k]
    for a in range(3):
        for k in range(channels):
            past[last, a, k] = state[a, k]
        for b in range(3):
            past[last, a, channels + b] = covariance[a, b]
        past[last, a, channels + 3] = clock


@jit()
def _go_back(state, covariance, clock, rate_pace, soil_pace, past):
    """Take state and covariance from as far back as past reaches, and let time pass to the clock from there."""
    channels = state.shape[1]
    for a in range(3):
        for k in range(channels):
            state[a, k] = past[0, a, k]
        for b in range(3):
            covariance[a, b] = past[0, a, channels + b]
    _move_on(state, covariance, clock - past[0, 0, channels + 3], rate_pace, soil_pace)


@jit()
def _move_on(state, covariance, dt, rate_pace, soil_pace):
    """Let time pass: the drift goes on at its rate, and both the rate and the soil walk at random.

    state (3, c) and covariance (3, 3) are changed; the variances grow with the square of dt, times the paces.
    """
    rate_variance, soil_variance = rate_pace * dt * dt, soil_pace * dt * dt
    for k in range(state.shape[1]):
        state[0, k] += dt * state[1, k]
    for a in range(3):
        covariance[0, a] += dt * covariance[1, a]
    for a in range(3):
        covariance[a, 0] += dt * covariance[a, 1]
    covariance[0, 0] += rate_variance * dt * dt / 3.0
    covariance[0, 1] += rate_variance * dt / 2.0
    covariance[1, 0] += rate_variance * dt / 2.0
    covariance[1, 1] += rate_variance
    covariance[2, 2] += soil_variance


@jit()
def spread(x, y, values, weight, corner, cell, width, reach, total, fold):
    """Add points to a tile of cells, weighted by exp(-d^2 / 2 width^2) within the reach.

    x, y (n,) places, values (n, c), weight (n,); corner (2,) the centre of the tile's first cell. total (rows,
    columns, c) and fold (rows, columns) are added to.
    """
    rows, columns = fold.shape
    across = np.empty(columns)
    for s in range(x.size):
        left, low = x[s] - corner[0], y[s] - corner[1]
        if left < -reach or low < -reach or left > columns * cell + reach or low > rows * cell + reach:
            continue
        for i in range(columns):
            across[i] = math.exp(-0.5 * ((i * cell - left) / width) ** 2)
        for j in range(rows):
            dy = j * cell - low
            room = reach * reach - dy * dy
            if room < 0.0:
                continue
            half = math.sqrt(room)
            first = max(0, int(math.ceil((left - half) / cell)))
            last = min(columns - 1, int(math.floor((left + half) / cell)))
            own = weight[s] * math.exp(-0.5 * (dy / width) ** 2)
            for i in range(first, last + 1):
                w = own * across[i]
                fold[j, i] += w
                for k in range(values.shape[1]):
                    total[j, i, k] += w * values[s, k]


@jit()
def local_peaks(values, row, column, size, least, places):
    """Find the cells above ``least`` of a tile that no neighbour exceeds, and give how many there are.

    values (ny, nx) are the whole layer, NaN where there is none; row and column those of the tile's first cell, of
    ``size`` on either side. The begin of places (size squared, 2) is filled with rows and columns in the tile.
    """
    count = 0
    for j in range(size):
        for i in range(size):
            own = values[row + j, column + i]
            if own > least:
                highest = True
                for b in range(max(row + j - 1, 0), min(row + j + 2, values.shape[0])):
                    for a in range(max(column + i - 1, 0), min(column + i + 2, values.shape[1])):
                        if values[b, a] > own:
                            highest = False
                if highest:
                    places[count, 0] = j
                    places[count, 1] = i
                    count += 1
    return count


@jit()
def rise(sums, highest):
    """Raise highest (nz,) to the largest weight at each depth of a tile, whose sums are as in `Columns`."""
    width = sums.shape[4]
    for begin in range(0, highest.size, width):
        for j in range(sums.shape[0]):
            for i in range(sums.shape[1]):
                held = sums[j, i, begin // width, 2]
                for k in range(min(width, highest.size - begin)):
                    highest[begin + k] = max(highest[begin + k], held[k])


@jit()
def show_tile(sums, covered, highest, level, depth, top, means, peak, where):
    """Find what stands out under each cell of a tile, and the mean echo at each depth.

    sums of a tile as in `Columns`; covered (rows, columns) above 0 where the ground is; highest (nz,) the least
    weight that tells; level (nz,) the clutter; depth (nz,), and top the first of them to look at. means (nz,) of
    the echoes, NaN where there is none, peak (rows, columns) and where (rows, columns), its depth, both NaN where
    nothing was measured, are filled. Gives the strongest echo, below 0 where nothing was measured at all.
    """
    width = sums.shape[4]
    counts = np.zeros(highest.size, np.int64)
    means[:] = 0.0
    strongest = -1.0
    for j in range(covered.shape[0]):
        for i in range(covered.shape[1]):
            best = np.float32(-1.0)
            which = 0
            if covered[j, i] > 0.0:
                for k in range(highest.size):
                    step, entry = k // width, k % width
                    fold = sums[j, i, step, 2, entry]
                    if fold > highest[k]:
                        re, im = sums[j, i, step, 0, entry], sums[j, i, step, 1, entry]
                        echo = math.sqrt(re**2 + im**2) / fold
                        means[k] += echo
                        counts[k] += 1
                        strongest = max(strongest, echo)
                        over = echo / level[k] if k >= top else np.float32(0.0)
                        if over > best:
                            best = np.float32(over)
                            which = k
            peak[j, i] = best if best >= 0.0 else np.nan
            where[j, i] = depth[which] if best >= 0.0 else np.nan
    for k in range(counts.size):
        means[k] = means[k] / counts[k] if counts[k] > 0 else np.nan
    return strongest
