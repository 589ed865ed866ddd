"""A step of Gauss-Newton over dipoles' places with tensors, soil, drift and the track's error free beside them.

The error of the track is eliminated: what is new in each row by that row's own covariance over the channels, what
wanders at knots of time, one after the other. What is left are normal equations of places, coefficients and of
patches of soil that is stronger.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi import _columns_kernels as columns_kernels
from dualsense.emi._columns import coil_arrays
from dualsense.emi._joint.mend import SLOW_PART
from dualsense.emi._locate import _wander_kernels as wander_kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._response import Response

    Real = NDArray[np.float64]

MAX_STEP_M, LEAST_DEPTH_M, DEEPEST_M = 0.02, 0.003, 0.3
HOLD = 1e8
"""While a place is held it counts as known so many times better."""
FARTHEST = 4.0
"""Standard deviations by which a row is moved at most."""
TENSOR, RIDGE, LEAST_CURVED = 6, 1e-10, 1e-30
"""Of a tensor; and of the normal equations: what is added, and the least there is, as part of the most."""


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
    knot, share : (m,)
        The knot before each row, and how far the row is on its way to the next.
    stiff, linked : (k,), (k - 1,)
        Precision of the wandering error at the knots, in its own deviations, and from each to the next.
    spots : (m, s)
        What each spot of soil is to each row.
    patches : (s, s)
        Precision of how much stronger soil is at the spots, in its own deviations.
    uneven
        Its deviation, as part of the soil.
    prior : (n, 6 c, 6 c)
        Precision of the tensors' elements, in white channels; elements of one channel stand together.
    scale
        Of a dipole's columns.
    least_m
        Depth above which no dipole goes.
    """

    response: Response
    data: Real
    basis: Real
    rise: Real
    white: Real
    std: Real
    knot: NDArray[np.int64]
    share: Real
    stiff: Real
    linked: Real
    spots: Real
    patches: Real
    uneven: float
    prior: Real
    scale: float
    least_m: float = LEAST_DEPTH_M


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
    soil : (m, c)
        By soil that is stronger there, in its deviations.
    left : (m, c)
        What is left of the data, were the rows where the track has them.
    """

    columns: Real
    moved: Real
    pushed: Real
    soil: Real
    left: Real

    @property
    def few(self) -> Real:
        """What has no columns of its own in each channel (m, c, 3 n + 1): places, and what is left."""
        few: Real = np.concatenate([self.moved, self.left[:, :, None]], axis=2)
        return few


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
    soil = rows.uneven * columns[:, q - 1, None] * state.coefficients[q - 1]
    left = rows.data - columns @ state.coefficients + (pushed @ shift[:, :, None])[:, :, 0]
    return _Slopes(columns, moved, pushed * rows.std[:, None, :], soil, left)


def step(rows: FreeRows, state: State, *, held: bool, pace: float) -> tuple[State, Real, float, float]:
    """One step of Gauss-Newton: the state after it, places' covariance, the misfit, and the step in deviations.

    Where places are held, all else moves.
    """
    here = _around(rows, state)
    quick, slow = np.sqrt(1.0 - SLOW_PART), np.sqrt(SLOW_PART)
    across = here.pushed.transpose(0, 2, 1)
    turned = np.linalg.inv(np.eye(3) + quick**2 * (across @ here.pushed)) @ across
    weight = np.eye(rows.data.shape[1]) - quick**2 * (here.pushed @ turned)
    places, total = 3 * len(state.positions), here.columns.shape[1]
    known = places + rows.data.shape[1] * total
    matrix = _normal(rows, here, weight)
    matrix[known:-1, known:-1] += rows.patches
    wandering = _Wandering.of(rows, here, slow * turned, slow)
    flat = wandering.along.reshape(-1, len(matrix))
    matrix -= flat.T @ flat
    right, energy, matrix = matrix[:-1, -1].copy(), matrix[-1, -1], matrix[:-1, :-1].copy()
    change, covariance = _solved(rows, state, matrix, right, held=held)
    left = float(energy - 2.0 * right @ change + change @ matrix @ change)
    misfit = left / max(rows.data.size - known, 1)
    step = change[:places]
    away = float(step @ np.linalg.solve(covariance, step))
    wander = slow * wandering.of_rows(rows, change)
    rest = here.left - here.moved @ step - here.columns @ change[places:known].reshape(-1, total).T
    rest -= (here.pushed @ wander[:, :, None])[:, :, 0] + here.soil * (rows.spots @ change[known:])[:, None]
    jolt = quick**2 * (turned @ rest[:, :, None])[:, :, 0]
    share = min(pace, MAX_STEP_M / max(float(np.abs(step).max()), 1e-12))
    shift = tuple(np.clip(rows.std * part, -FARTHEST * rows.std, FARTHEST * rows.std) for part in (wander, jolt))
    return _after(rows, state, share, change[:known], shift), covariance * max(misfit, 1.0), misfit, away


def _solved(rows: FreeRows, state: State, matrix: Real, right: Real, *, held: bool) -> tuple[Real, Real]:
    """Solve for the change of all unknowns, with the tensors' priors, and give the places' covariance."""
    places, total, channels = 3 * len(state.positions), len(state.coefficients), rows.data.shape[1]
    posterior, pull = matrix.copy(), right.copy()
    for d, prior in enumerate(rows.prior):
        first = rows.basis.shape[1] + TENSOR * d
        at = (places + total * np.arange(channels)[:, None] + first + np.arange(TENSOR)).ravel()
        posterior[np.ix_(at, at)] += prior
        pull[at] -= prior @ state.coefficients[first : first + TENSOR].T.ravel()
    if held:
        posterior[range(places), range(places)] *= HOLD
    curved = posterior.diagonal()
    size = np.sqrt(np.maximum(curved, max(LEAST_CURVED * float(curved.max()), 1e-300)))
    posterior /= np.outer(size, size)
    posterior[range(size.size), range(size.size)] += RIDGE
    wanted = np.concatenate([(pull / size)[:, None], np.eye(size.size, places)], axis=1)
    solved = np.linalg.solve(posterior, wanted) / size[:, None]
    covariance = solved[:places, 1:] / size[:places]
    return solved[:, 0], 0.5 * (covariance + covariance.T)


def _after(rows: FreeRows, state: State, share: float, change: Real, shift: tuple[Real, Real]) -> State:
    """Go a share of the way."""
    n, channels = len(state.positions), rows.data.shape[1]
    positions = state.positions + share * change[: 3 * n].reshape(n, 3)
    positions[:, 2] = np.clip(positions[:, 2], -DEEPEST_M, -rows.least_m)
    return State(
        positions,
        state.coefficients + share * change[3 * n :].reshape(channels, -1).T,
        state.slow + share * (shift[0] - state.slow),
        state.quick + share * (shift[1] - state.quick),
    )


def _normal(rows: FreeRows, here: _Slopes, weight: Real) -> Real:
    """Inner products of all unknowns, places first, coefficients channel by channel, patches, and what is left."""
    m, channels = here.left.shape
    total, places = here.columns.shape[1], here.moved.shape[2]
    few = here.few
    heavy, ground = weight @ few, (weight @ here.soil[:, :, None])[:, :, 0]
    first = places + channels * total
    last = first + rows.spots.shape[1]
    matrix = np.zeros((last + 1, last + 1))
    edge = np.r_[:places, last]
    matrix[np.ix_(edge, edge)] = few.reshape(m * channels, -1).T @ heavy.reshape(m * channels, -1)
    cross = (heavy.reshape(m, -1).T @ here.columns).reshape(channels, -1, total).transpose(1, 0, 2)
    matrix[edge, places:first] = cross.reshape(len(edge), -1)
    pairs = np.stack([weight[:, k, j] for k in range(channels) for j in range(k + 1)], axis=1)
    blocks = here.columns.T @ (pairs[:, :, None] * here.columns[:, None, :]).reshape(m, -1)
    n = 0
    for k in range(channels):
        for j in range(k + 1):
            block = blocks[:, n * total : (n + 1) * total]
            a, b = places + k * total, places + j * total
            matrix[a : a + total, b : b + total] = block
            matrix[b : b + total, a : a + total] = block.T
            n += 1
    beside = (ground[:, :, None] * here.columns[:, None, :]).reshape(m, -1)
    matrix[first:last, places:first] = rows.spots.T @ beside
    matrix[first:last, edge] = rows.spots.T @ np.einsum("mc,mcp->mp", ground, few)
    own = (ground * here.soil).sum(axis=1)
    matrix[first:last, first:last] = rows.spots.T @ (own[:, None] * rows.spots)
    matrix[places:first, edge] = matrix[edge, places:first].T
    matrix[places:first, first:last] = matrix[first:last, places:first].T
    matrix[edge, first:last] = matrix[first:last, edge].T
    return matrix


@dataclass(frozen=True, slots=True, eq=False)
class _Wandering:
    """The error of the track at the knots, eliminated: factors (k, 3, 3), (k - 1, 3, 3) and along (k, 3, all)."""

    own: Real
    beside: Real
    along: Real

    @classmethod
    def of(cls, rows: FreeRows, here: _Slopes, turned: Real, slow: float) -> _Wandering:
        """Gather and eliminate it."""
        knots, channels = rows.stiff.size, here.left.shape[1]
        few = here.few
        unknown = few.shape[2] + channels * here.columns.shape[1] + rows.spots.shape[1]
        own = rows.stiff[:, None, None] * np.eye(3)
        beside = rows.linked[:, None, None] * np.eye(3)
        along = np.zeros((knots, 3, unknown))
        wander_kernels.gather(
            rows.knot, rows.share, np.ascontiguousarray(turned), np.ascontiguousarray(slow * here.pushed), few,
            here.columns, here.soil, rows.spots, own, beside, along,
        )  # fmt: skip
        wander_kernels.eliminate(own, beside, along)
        return cls(own, beside, along)

    def of_rows(self, rows: FreeRows, change: Real) -> Real:
        """Give the error (m, 3) in its own deviations where all else changes so."""
        wander = np.ascontiguousarray(self.along[:, :, -1] - self.along[:, :, :-1] @ change)
        wander_kernels.put_back(self.own, self.beside, wander)
        after = np.minimum(rows.knot + 1, len(wander) - 1)
        late = rows.share[:, None]
        out: Real = (1.0 - late) * wander[rows.knot] + late * wander[after]
        return out
