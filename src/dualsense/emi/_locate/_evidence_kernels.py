"""Kernels of the locator's posterior: tensors integrated out over what metal can be.

Plain arrays, no validation, the caller allocates; the order of unknowns is that of
`dualsense.emi._locate._rows_kernels`. n dipoles, m rows, c channels, k classes of metal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dualsense.emi._locate._solver_kernels import cholesky
from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

_SIZE_STEP = 0.03
"""Of a log size, for differences."""


class Classes(NamedTuple):
    """Gaussian classes of metal in the rows' whitened channels, relative to an object's size.

    Attributes
    ----------
    log_share : (k,)
        Log of each class's share of all metal.
    mean : (k, c)
        Precision of the isotropic part times its mean.
    inner, outer : (k, c, c)
        Precisions of the isotropic part and of each deviatoric coordinate.
    constant : (k,)
        Log det of a whole tensor's precision less the mean's own square.
    magnetic : (k,)
        1 for magnetic metal.
    """

    log_share: Real
    mean: Real
    inner: Real
    outer: Real
    constant: Real
    magnetic: Real


class Equations(NamedTuple):
    """Linear equations of the tensors' coordinates, and room for their solution.

    Attributes
    ----------
    matrix : (6 n c, 6 n c)
        A, from the rows alone.
    right : (6 n c,)
        b.
    factor : (6 n c, 6 n c)
        Lower Cholesky factor of the posterior precision.
    solution : (6 n c,)
        Posterior mean.
    """

    matrix: Real
    right: Real
    factor: Real
    solution: Real


@jit()
def level(equations: Equations, kind: NDArray[np.int64], log_size: Real, classes: Classes) -> tuple[float, float]:
    """Log of the integral over all tensors of exp(t'b - t'At/2) times their prior of given class and size.

    Parameters
    ----------
    equations
        The factor is filled; of the solution x the first step is left, L x = b.
    kind, log_size : (n,)
        Each dipole's class and log size.
    classes
        All classes.

    Returns
    -------
    float
        The log, -inf where A and the priors are not positive definite together.
    float
        The part of determinants and sizes in it.
    """
    matrix, right, factor, solution = equations
    mean, inner, outer, constant = classes.mean, classes.inner, classes.outer, classes.constant
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
    return total + volume, volume


@jit()
def evidence(equations: Equations, kind: NDArray[np.int64], log_size: Real, classes: Classes) -> float:
    """`level`, and the posterior mean of the tensors.

    Parameters
    ----------
    equations
        Factor and solution are filled.
    kind, log_size, classes
        As for `level`.
    """
    value, _ = level(equations, kind, log_size, classes)
    factor, solution = equations.factor, equations.solution
    for i in range(solution.shape[0] - 1, -1, -1):
        s = solution[i] / factor[i, i]
        solution[i] = s
        for k in range(i):
            solution[k] -= factor[i, k] * s
    return value


@jit()
def eliminated(
    equations: Equations, kind: NDArray[np.int64], log_size: Real, classes: Classes, which: int, small: Equations
) -> tuple[float, float]:
    """Equations of one dipole, with the tensors of all others integrated out.

    Parameters
    ----------
    equations, kind, log_size, classes
        As for `level`.
    which
        The dipole that stays; its class and size play no part.
    small
        Matrix and right side, of 6 c unknowns, are filled.

    Returns
    -------
    float, float
        What the others add to the two values of `level`.
    """
    matrix, right = equations.matrix, equations.right
    channels, own = classes.mean.shape[1], small.right.shape[0]
    at, rest = which * own, right.shape[0] - own
    for u in range(own):
        small.right[u] = right[at + u]
        for v in range(u + 1):
            small.matrix[u, v] = matrix[at + u, at + v]
    if rest == 0:
        return 0.0, 0.0
    others, order = np.empty(kind.shape[0] - 1, dtype=np.int64), np.empty(rest, dtype=np.int64)
    sizes = np.empty(kind.shape[0] - 1)
    n = 0
    for d in range(kind.shape[0]):
        if d != which:
            others[n], sizes[n] = kind[d], log_size[d]
            for u in range(6 * channels):
                order[n * own + u] = d * own + u
            n += 1
    beside = Equations(np.empty((rest, rest)), np.empty(rest), np.empty((rest, rest)), np.empty(rest))
    cross = np.empty((own, rest))
    for i in range(rest):
        beside.right[i] = right[order[i]]
        for k in range(rest):
            beside.matrix[i, k] = matrix[order[i], order[k]]
        for u in range(own):
            cross[u, i] = matrix[at + u, order[i]]
    value, volume = level(beside, others, sizes, classes)
    factor, solution = beside.factor, beside.solution
    for u in range(own):
        x = cross[u]
        for i in range(rest):
            s = x[i]
            for k in range(i):
                s -= factor[i, k] * x[k]
            x[i] = s / factor[i, i]
            small.right[u] -= x[i] * solution[i]
        for v in range(u + 1):
            s = 0.0
            for i in range(rest):
                s += x[i] * cross[v, i]
            small.matrix[u, v] -= s
    return value, volume


@jit()
def sized(
    equations: Equations,
    kind: NDArray[np.int64],
    log_size: Real,
    classes: Classes,
    rounds: int,
    best: float,
    volume: float,
) -> tuple[float, float]:
    """`level` at the best size of one dipole, found by parabolas.

    Rows of little noise determine a size within a hundredth or two: with wider differences the search ends
    wherever it comes from, and levels differ by nats.

    Parameters
    ----------
    equations, kind, classes
        As for `level`.
    log_size : (1,)
        Where to start, and where it ended.
    rounds
        At most.
    best, volume
        `level` at log_size as it comes.
    """
    for _ in range(rounds):
        step = _SIZE_STEP
        at = log_size[0]
        log_size[0] = at + step
        up, _v = level(equations, kind, log_size, classes)
        log_size[0] = at - step
        down, _v = level(equations, kind, log_size, classes)
        bend = 2.0 * best - up - down
        slope = 0.5 * (up - down)
        move = step * slope / bend if bend > 0.0 else (1.0 if slope > 0.0 else -1.0)
        move = min(max(move, -1.0), 1.0)
        now = -np.inf
        for _half in range(4):
            log_size[0] = at + move
            now, volume = level(equations, kind, log_size, classes)
            if now >= best:
                break
            move *= 0.3
        if now < best:
            log_size[0] = at
            _n, volume = level(equations, kind, log_size, classes)
            break
        gain = now - best
        best = now
        if gain < 0.01 or abs(move) < 0.05:
            break
    return best, volume
