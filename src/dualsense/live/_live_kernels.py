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
    for s in range(x.size):
        for j in range(fold.shape[0]):
            dy = corner[1] + j * cell - y[s]
            room = reach * reach - dy * dy
            if room < 0.0:
                continue
            half = math.sqrt(room)
            first = max(0, int(math.ceil((x[s] - half - corner[0]) / cell)))
            last = min(fold.shape[1] - 1, int(math.floor((x[s] + half - corner[0]) / cell)))
            for i in range(first, last + 1):
                dx = corner[0] + i * cell - x[s]
                w = weight[s] * math.exp(-0.5 * (dx * dx + dy * dy) / (width * width))
                fold[j, i] += w
                for k in range(values.shape[1]):
                    total[j, i, k] += w * values[s, k]


@jit()
def scatter_traces(trace, at, table, step, reach, corner, cell, total, fold):
    """Add each sounding's contribution to a tile of columns of voxels: a Kirchhoff sum, sounding by sounding.

    trace (n, t, 2), real and imaginary part; at (n, 3, 2) both antennas and the midpoint; table (n, 3, rho, nz):
    times in samples from both antennas, and weights over the midpoint's distance, at distances whose roots are
    ``step`` apart; reach of the widest aperture. corner (2,) is the centre of the tile's first cell. total (rows,
    columns, nz, 2) and fold (rows, columns, nz) are added to.
    """
    last = trace.shape[1] - 1
    top = table.shape[2] - 2
    node = np.empty(3, np.int64)
    part = np.empty(3, np.float32)
    for s in range(trace.shape[0]):
        for j in range(fold.shape[0]):
            y = corner[1] + j * cell
            room = reach * reach - (y - at[s, 2, 1]) ** 2
            if room <= 0.0:
                continue
            half = math.sqrt(room)
            begin = max(0, int(math.ceil((at[s, 2, 0] - half - corner[0]) / cell)))
            end = min(fold.shape[1] - 1, int(math.floor((at[s, 2, 0] + half - corner[0]) / cell)))
            for i in range(begin, end + 1):
                x = corner[0] + i * cell
                for m in range(3):
                    rho = math.sqrt((x - at[s, m, 0]) ** 2 + (y - at[s, m, 1]) ** 2)
                    u = min(math.sqrt(rho) / step, float(top))
                    node[m] = int(u)
                    part[m] = u - node[m]
                a, b, c = node[0], node[1], node[2]
                for k in range(fold.shape[2]):
                    w = table[s, 2, c, k] + part[2] * (table[s, 2, c + 1, k] - table[s, 2, c, k])
                    if w <= 0.0:  # beyond the aperture at this depth
                        continue
                    t = table[s, 0, a, k] + part[0] * (table[s, 0, a + 1, k] - table[s, 0, a, k])
                    t += table[s, 1, b, k] + part[1] * (table[s, 1, b + 1, k] - table[s, 1, b, k])
                    q = np.int32(t)
                    if q < last:
                        f = w * (t - np.float32(q))
                        e = w - f
                        total[j, i, k, 0] += e * trace[s, q, 0] + f * trace[s, q + 1, 0]
                        total[j, i, k, 1] += e * trace[s, q, 1] + f * trace[s, q + 1, 1]
                        fold[j, i, k] += w


@jit()
def show_tile(total, fold, covered, highest, level, top, sums, counts, peak, which):
    """Find what stands out under each cell of a tile, and the mean echo at each depth.

    total, fold as for :func:`scatter_traces`; covered (rows, columns) above 0 where the ground is; highest (nz,)
    the least fold that tells; level (nz,) the clutter; top the first depth to look at. sums and counts (nz,) of
    the echoes, peak (rows, columns), NaN where nothing was measured, and which (rows, columns), the number of its
    depth, are filled. Gives the strongest echo.
    """
    sums[:] = 0.0
    counts[:] = 0
    strongest = 0.0
    for j in range(fold.shape[0]):
        for i in range(fold.shape[1]):
            best = np.float32(-1.0)
            which[j, i] = 0
            if covered[j, i] > 0.0:
                for k in range(fold.shape[2]):
                    if fold[j, i, k] > highest[k]:
                        echo = math.sqrt(total[j, i, k, 0] ** 2 + total[j, i, k, 1] ** 2) / fold[j, i, k]
                        sums[k] += echo
                        counts[k] += 1
                        strongest = max(strongest, echo)
                        over = echo / level[k] if k >= top else np.float32(0.0)
                        if over > best:
                            best = np.float32(over)
                            which[j, i] = k
            peak[j, i] = best if best >= 0.0 else np.nan
    return strongest
