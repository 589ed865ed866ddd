"""Kernels of the locator's posterior: tensors integrated out over what metal can be.

Plain arrays, no validation, the caller allocates; the order of unknowns is that of
`dualsense.emi._locate._posterior_kernels`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._columns_kernels import columns
from dualsense.emi._locate._axes_kernels import cholesky
from dualsense.emi._locate._posterior_kernels import normal, position_terms, shifts, to_coordinates, whiten
from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

_FREE = 0.75
"""Part of the determinants that stays as it is where weights were last renewed. Six coordinates in every
channel are
many more than what a piece of metal can vary in (a size, a time, a shape, three turns), and all of them would
ask for
a larger, deeper object where position errors blur the near rows."""

_SIZE_STEP = 0.03
"""Of a log size, for differences."""


@jit()
def evidence(
    matrix: Real,
    right: Real,
    kind: NDArray[np.int64],
    log_size: Real,
    mean: Real,
    inner: Real,
    outer: Real,
    constant: Real,
    factor: Real,
    solution: Real,
) -> tuple[float, float]:
    """Log of the integral over all tensors of exp(t'b - t'At/2) times their prior of given class and size.

    kind, log_size (n,): each dipole's class and log size. mean (k, c): precision of the isotropic part times its
    mean; inner, outer (k, c, c): precisions of the isotropic part and of each deviatoric coordinate; constant
    (k,): log det of a whole tensor's precision less the mean's own square. solution (6 n c,) is the mean, factor
    the Cholesky factor of the posterior precision. The second value is the part of determinants and sizes.
    """
    channels = mean.shape[1]
    size = right.shape[0]
    for u in range(size):
        for v in range(u + 1):
            factor[u, v] = matrix[u, v]
        solution[u] = right[u]
    total, volume = 0.0, 0.0
    for n in range(kind.shape[0]):
        e = kind[n]
        s = np.exp(-log_size[n])
        total += 0.5 * constant[e]
        volume -= 6.0 * channels * log_size[n]
        for q in range(6):
            o = (6 * n + q) * channels
            for k in range(channels):
                for j in range(k + 1):
                    factor[o + k, o + j] += s * s * (inner[e, k, j] if q == 0 else outer[e, k, j])
            if q == 0:
                for k in range(channels):
                    solution[o + k] += s * mean[e, k]
    if not cholesky(factor):
        return -np.inf, volume
    for i in range(size):
        s = solution[i]
        for k in range(i):
            s -= factor[i, k] * solution[k]
        s /= factor[i, i]
        solution[i] = s
        total += 0.5 * s * s
        volume -= np.log(factor[i, i])
    for i in range(size - 1, -1, -1):
        s = solution[i] / factor[i, i]
        solution[i] = s
        for k in range(i):
            solution[k] -= factor[i, k] * s
    return total + volume, volume


@jit()
def sized(
    matrix: Real,
    right: Real,
    kind: NDArray[np.int64],
    which: int,
    log_size: Real,
    mean: Real,
    inner: Real,
    outer: Real,
    constant: Real,
    factor: Real,
    solution: Real,
    rounds: int,
    best: float,
    volume: float,
) -> tuple[float, float]:
    """`evidence` at the best size of one dipole, found by parabolas from log_size, and into it.

    best, volume: `evidence` at log_size as it comes. Rows of little noise tell a size within a hundredth or two:
    with wider differences the search ends wherever it comes from, and levels differ by nats.
    """
    for _ in range(rounds):
        step = _SIZE_STEP
        at = log_size[which]
        log_size[which] = at + step
        up, _v = evidence(matrix, right, kind, log_size, mean, inner, outer, constant, factor, solution)
        log_size[which] = at - step
        down, _v = evidence(matrix, right, kind, log_size, mean, inner, outer, constant, factor, solution)
        bend = 2.0 * best - up - down
        slope = 0.5 * (up - down)
        move = step * slope / bend if bend > 0.0 else (1.0 if slope > 0.0 else -1.0)
        move = min(max(move, -1.0), 1.0)
        now = -np.inf
        for _half in range(4):
            log_size[which] = at + move
            now, volume = evidence(matrix, right, kind, log_size, mean, inner, outer, constant, factor, solution)
            if now >= best:
                break
            move *= 0.3
        if now < best:
            log_size[which] = at
            _n, volume = evidence(matrix, right, kind, log_size, mean, inner, outer, constant, factor, solution)
            break
        gain = now - best
        best = now
        if gain < 0.01 or abs(move) < 0.05:
            break
    return best, volume


@jit()
def visit(
    positions: Real,
    tx: Real,
    rx: Real,
    rotation: Real,
    tx_radius: Real,
    rx_radius: Real,
    std: Real,
    data: Real,
    log_share: Real,
    mean: Real,
    inner: Real,
    outer: Real,
    constant: Real,
    first: int,
    renew: int,
    in_play: float,
    weight: Real,
    kind: NDArray[np.int64],
    level: Real,
    log_size: Real,
    volume: Real,
    coordinates: Real,
    factor: Real,
    square: Real,
    gradient: Real,
    scalars: Real,
) -> None:
    """Dipoles at positions (n, 3) with tensors integrated out; see `dualsense.emi._locate.posterior.Visit`.

    weight (p, m), kind (n,) and log_size (n, k) come from a visit nearby, or with ``first`` from nowhere, and are
    brought up to date; weights, and volume (n, k), what determinants and sizes add to each class, only with
    ``renew``. Sizes of classes that are less likely than the best by more than in_play are not.
    scalars: log posterior, misfit, log det, energy, and how much larger the position errors' variance seems.
    """
    n, channels, m = positions.shape[0], data.shape[0], data.shape[1]
    count, size = 6 * n, 6 * n * channels
    f, g = np.empty((count, m)), np.empty((3, count, m))
    columns(positions, tx, rx, rotation, tx_radius, rx_radius, std, f, g)
    to_coordinates(f, g)
    matrix, right, solution = np.empty((size, size)), np.empty(size), np.empty(size)
    moved = np.empty((3, n, channels, m))
    spread = np.ascontiguousarray(std.T)
    own, before = np.empty(n), np.empty(n)
    for d in range(n):
        before[d] = level[d].max()
    energy = normal(f, weight, data, matrix, right)
    logdet, total = scalars[2], 0.0
    for again in range(0 if renew == 1 else 1, 2):
        total = 0.0
        for d in range(n):
            keep = kind[d]
            for o in range(n):
                own[o] = log_size[o, kind[o]]
            was = own[d]
            best, part = evidence(matrix, right, kind, own, mean, inner, outer, constant, factor, solution)
            best, part = sized(
                matrix,
                right,
                kind,
                d,
                own,
                mean,
                inner,
                outer,
                constant,
                factor,
                solution,
                12 if first == 1 else 1 + again,
                best,
                part,
            )
            if renew == 1:
                volume[d, keep] = part
            best += log_share[keep] + _FREE * (volume[d, keep] - part)
            level[d, keep] = best
            log_size[d, keep] = own[d]
            for e in range(log_share.size):
                if e != keep:
                    log_size[d, e] = own[d] if first == 1 else log_size[d, e] + own[d] - was
            if again == 0 and first == 0:
                continue
            lead = keep
            for e in range(log_share.size):
                if e != lead:
                    level[d, e] += best - before[d]
            for e in range(log_share.size):
                if e == lead or (renew == 0 and level[d, e] < before[d] - 2.0 * in_play):
                    continue
                kind[d] = e
                own[d] = log_size[d, e]
                now, part = evidence(matrix, right, kind, own, mean, inner, outer, constant, factor, solution)
                shift = log_share[e] + (0.0 if renew == 1 else _FREE * (volume[d, e] - part))
                if now + shift > best - (3.0 * in_play if renew == 1 else in_play):
                    now, part = sized(
                        matrix,
                        right,
                        kind,
                        d,
                        own,
                        mean,
                        inner,
                        outer,
                        constant,
                        factor,
                        solution,
                        1 + renew,
                        now,
                        part,
                    )
                    log_size[d, e] = own[d]
                if renew == 1:
                    volume[d, e] = part
                now += log_share[e] + _FREE * (volume[d, e] - part)
                level[d, e] = now
                if now > best:
                    best = now
                    keep = e
            kind[d] = keep
            many = 0.0
            for e in range(log_share.size):
                many += np.exp(level[d, e] - best)
            total += np.log(many) + (best if d == n - 1 else 0.0)
        for d in range(n):
            own[d] = log_size[d, kind[d]]
        evidence(matrix, right, kind, own, mean, inner, outer, constant, factor, solution)
        if again == 0:
            for q in range(count):
                for k in range(channels):
                    coordinates[q, k] = solution[q * channels + k]
            shifts(g, coordinates, moved)
            logdet = whiten(moved, spread, weight)
            energy = normal(f, weight, data, matrix, right)
    for q in range(count):
        for k in range(channels):
            coordinates[q, k] = solution[q * channels + k]
    shifts(g, coordinates, moved)
    scalars[1], scalars[4] = position_terms(f, weight, moved, data, coordinates, factor, square, gradient)
    scalars[0] = total - 0.5 * (energy + logdet)
    scalars[2] = logdet
    scalars[3] = energy
