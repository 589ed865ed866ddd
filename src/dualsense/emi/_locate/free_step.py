"""A step of Gauss-Newton over dipoles' places with tensors, soil, drift and the track's error free beside them.

The error of the track is eliminated: what is new in each row by that row's own covariance over the channels, what
wanders at knots of time, and so are patches of soil that is stronger. What is left are normal equations of places
and coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi import _columns_kernels as columns_kernels
from dualsense.emi._columns import coil_arrays
from dualsense.emi._joint.mend import SLOW_PART

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._response import Response

    Real = NDArray[np.float64]

MAX_STEP_M, LEAST_DEPTH_M, DEEPEST_M = 0.02, 0.003, 0.3
HOLD = 1e8
"""While a place is held it counts as known so many times better."""
FARTHEST = 4.0
"""Standard deviations by which a row is moved at most."""
TENSOR, RIDGE = 6, 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class FreeRows:
    """Rows, white in their channels, and what stays the same while dipoles and rows move.

    Attributes
    ----------
    response
        As the track has them.
    data : (m, c)
        Without what is held.
    basis : (m, q)
        Drift, then the ground's factor.
    rise : (m,)
        Change of the factor's logarithm with height.
    white : (c, c)
        From the response's channels.
    std : (m, 3)
        Of the rows' places.
    knots : (m, k)
        What each knot is to each row.
    stiff : (k, k)
        Precision of the wandering error at the knots, in its own deviations.
    patches : (k, k)
        The same of uneven soil.
    uneven
        Its deviation, as part of the soil.
    prior : (n, 6 c, 6 c)
        Precision of the tensors' elements, in white channels; elements of one channel stand together.
    scale
        Of a dipole's columns.
    """

    response: Response
    data: Real
    basis: Real
    rise: Real
    white: Real
    std: Real
    knots: Real
    stiff: Real
    patches: Real
    uneven: float
    prior: Real
    scale: float


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Places (n, 3), coefficients (q + 6 n, c) and shifts of the rows: wandering, and each by itself, (m, 3)."""

    positions: Real
    coefficients: Real
    slow: Real
    quick: Real


@dataclass(frozen=True, slots=True, eq=False)
class _Slopes:
    """The rows' model around a state.

    Attributes
    ----------
    columns : (m, q + 6 n)
        In every channel.
    moved : (m, c, 3 n)
        By the dipoles' places.
    pushed : (m, c, 3)
        By the rows' own places, in deviations.
    patch : (m, c)
        By soil that is stronger, in its deviations.
    left : (m, c)
        What is left of the data, were the rows where the track has them.
    """

    columns: Real
    moved: Real
    pushed: Real
    patch: Real
    left: Real


def _around(rows: FreeRows, state: State) -> _Slopes:
    """Tell what the rows would hear in a state, and how that changes with it."""
    shift = state.slow + state.quick
    at = np.ascontiguousarray(state.positions)
    n, q, m = len(at), rows.basis.shape[1], len(shift)
    there = replace(rows.response, tx_m=rows.response.tx_m + shift, rx_m=rows.response.rx_m + shift)
    value, slope = np.empty((TENSOR * n, m)), np.empty((3, TENSOR * n, m))
    columns_kernels.columns(at, coil_arrays(there), np.zeros((m, 3)), value, slope)
    columns = np.concatenate([rows.basis, rows.scale * value.T], axis=1)
    columns[:, q - 1] *= np.exp(rows.rise * shift[:, 2])
    moved: Real = np.empty((m, rows.data.shape[1], 3 * n))
    for d in range(n):
        own = rows.scale * slope[:, TENSOR * d : TENSOR * d + TENSOR].transpose(2, 0, 1)
        part = state.coefficients[q + TENSOR * d : q + TENSOR * d + TENSOR]
        moved[:, :, 3 * d : 3 * d + 3] = (own @ part).transpose(0, 2, 1)
    pushed: Real = -moved.reshape(m, -1, n, 3).sum(axis=2)
    pushed[:, :, 2] += (columns[:, q - 1] * rows.rise)[:, None] * state.coefficients[q - 1]
    patch = rows.uneven * columns[:, q - 1, None] * state.coefficients[q - 1]
    left = rows.data - columns @ state.coefficients + (pushed @ shift[:, :, None])[:, :, 0]
    return _Slopes(columns, moved, pushed * rows.std[:, None, :], patch, left)


def step(rows: FreeRows, state: State, *, held: bool, pace: float) -> tuple[State, Real, float, float]:
    """One step of Gauss-Newton: the state after it, places' covariance, the misfit, and the step in deviations.

    Where places are held, all else moves.
    """
    here = _around(rows, state)
    quick, slow = np.sqrt(1.0 - SLOW_PART), np.sqrt(SLOW_PART)
    own = here.pushed * quick
    turned = own.transpose(0, 2, 1)
    weight = np.eye(own.shape[1]) - own @ np.linalg.inv(np.eye(3) + turned @ own) @ turned
    places = 3 * len(state.positions)
    matrix = _normal(here, weight)
    track, along = _wandering(rows, here, weight, slow)
    matrix -= along.T @ np.linalg.solve(track, along)
    right, energy, matrix = matrix[:-1, -1].copy(), matrix[-1, -1], matrix[:-1, :-1].copy()
    posterior, pull = matrix.copy(), right.copy()
    for d, prior in enumerate(rows.prior):
        first = rows.basis.shape[1] + TENSOR * d
        at = places + here.columns.shape[1] * np.arange(own.shape[1])[:, None] + first + np.arange(TENSOR)
        posterior[np.ix_(at.ravel(), at.ravel())] += prior
        pull[at.ravel()] -= prior @ state.coefficients[first : first + TENSOR].T.ravel()
    if held:
        posterior[range(places), range(places)] *= HOLD
    size = np.sqrt(np.maximum(posterior.diagonal(), 1e-300))
    inverse = np.linalg.inv(posterior / np.outer(size, size) + RIDGE * np.eye(size.size)) / np.outer(size, size)
    change = inverse @ pull
    left = float(energy - 2.0 * right @ change + change @ matrix @ change)
    misfit = left / max(rows.data.size - size.size, 1)
    covariance = inverse[:places, :places]
    step = change[:places]
    away = float(step @ np.linalg.solve(covariance, step))
    wander = rows.knots @ np.linalg.solve(track, along[:, -1] - along[:, :-1] @ change).reshape(4, -1).T
    rest = here.left - here.moved @ step - here.columns @ change[places:].reshape(own.shape[1], -1).T
    rest -= slow * (here.pushed @ wander[:, :3, None])[:, :, 0] + here.patch * wander[:, 3:]
    jolt = (turned @ weight @ rest[:, :, None])[:, :, 0]
    share = min(pace, MAX_STEP_M / max(float(np.abs(step).max()), 1e-12))
    farthest = FARTHEST * rows.std
    wander, jolt = slow * wander[:, :3] * rows.std, quick * jolt * rows.std
    shift = (np.clip(wander, -farthest, farthest), np.clip(jolt, -farthest, farthest))
    return _after(rows, state, share, change, shift), covariance * max(misfit, 1.0), misfit, away


def _after(rows: FreeRows, state: State, share: float, change: Real, shift: tuple[Real, Real]) -> State:
    """Go a share of the way."""
    n, channels = len(state.positions), rows.data.shape[1]
    positions = state.positions + share * change[: 3 * n].reshape(n, 3)
    positions[:, 2] = np.clip(positions[:, 2], -DEEPEST_M, -LEAST_DEPTH_M)
    return State(
        positions,
        state.coefficients + share * change[3 * n :].reshape(channels, -1).T,
        state.slow + share * (shift[0] - state.slow),
        state.quick + share * (shift[1] - state.quick),
    )


def _normal(here: _Slopes, weight: Real) -> Real:
    """Inner products of all unknowns, places first, then coefficients channel by channel, and of what is left."""
    m, channels = here.left.shape
    total, places = here.columns.shape[1], here.moved.shape[2]
    few = np.concatenate([here.moved, here.left[:, :, None]], axis=2)
    heavy = weight @ few
    size = places + channels * total
    matrix = np.empty((size + 1, size + 1))
    edge = np.r_[:places, size]
    matrix[np.ix_(edge, edge)] = few.reshape(m * channels, -1).T @ heavy.reshape(m * channels, -1)
    cross = (heavy.reshape(m, -1).T @ here.columns).reshape(channels, -1, total).transpose(1, 0, 2)
    matrix[edge, places:size] = cross.reshape(len(edge), -1)
    matrix[places:size, edge] = matrix[edge, places:size].T
    for k in range(channels):
        for j in range(k + 1):
            block = here.columns.T @ (weight[:, k, j, None] * here.columns)
            a, b = places + k * total, places + j * total
            matrix[a : a + total, b : b + total] = block
            matrix[b : b + total, a : a + total] = block
    return matrix


def _wandering(rows: FreeRows, here: _Slopes, weight: Real, slow: float) -> tuple[Real, Real]:
    """Precision (4 k, 4 k) of wandering errors and patches of soil at the knots, and what goes with them."""
    m, channels = here.left.shape
    own = np.concatenate([slow * here.pushed, here.patch[:, :, None]], axis=2)
    heavy = weight @ own
    known = own.transpose(0, 2, 1) @ heavy
    few = np.concatenate([here.moved, here.left[:, :, None]], axis=2)
    edge = heavy.transpose(0, 2, 1) @ few
    k, kinds = rows.knots.shape[1], own.shape[2]
    track = np.empty((kinds * k, kinds * k))
    along = np.empty((kinds * k, here.moved.shape[2] + channels * here.columns.shape[1] + 1))
    for a in range(kinds):
        at = slice(a * k, (a + 1) * k)
        for b in range(a + 1):
            block = rows.knots.T @ (known[:, a, b, None] * rows.knots)
            track[at, b * k : (b + 1) * k] = block
            track[b * k : (b + 1) * k, at] = block
        track[at, at] += rows.patches if a == kinds - 1 else rows.stiff
        middle = (heavy[:, :, a, None] * here.columns[:, None, :]).reshape(m, -1)
        along[at] = rows.knots.T @ np.concatenate([edge[:, a, :-1], middle, edge[:, a, -1:]], axis=1)
    return track, along
