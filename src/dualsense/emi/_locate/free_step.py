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
from dualsense.runtime.threads import side_by_side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._response import Response

    Real = NDArray[np.float64]

MAX_STEP_M, LEAST_DEPTH_M, DEEPEST_M = 0.02, 0.003, 0.3
HOLD = 1e8
"""While a place is held it counts as known so many times better."""
FARTHEST = 4.0
"""Standard deviations by which a row is moved at most."""
STRETCH = 128
"""Rows of which inner products are made together."""
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
    """The rows' model around a state; rows stand last.

    Attributes
    ----------
    columns : (q + 6 n, m)
        In every channel.
    few : (c, 3 n + 1, m)
        What has no columns of its own in each channel: change by the dipoles' places, and what is left of the
        data, were the rows where the track has them.
    pushed : (c, 3, m)
        Change by the rows' own places, in deviations.
    soil : (c, m)
        By soil that is stronger there, in its deviations.
    """

    columns: Real
    few: Real
    pushed: Real
    soil: Real


@dataclass(frozen=True, slots=True, eq=False)
class _Weighed:
    """What is left of rows where what is new in each one's place is eliminated.

    Attributes
    ----------
    turned : (3, c, m)
        What tells that error of a row from what the row hears.
    pairs : (c, c, m)
        Weight of each row's channels; the lower half.
    few, soil : (c, 3 n + 1, m), (c, m)
        Those of `_Slopes`, weighed.
    turned_few, turned_soil : (3, 3 n + 1, m), (3, m)
        The same, turned.
    """

    turned: Real
    pairs: Real
    few: Real
    soil: Real
    turned_few: Real
    turned_soil: Real

    @classmethod
    def of(cls, here: _Slopes, quick: float) -> _Weighed:
        """Eliminate errors whose deviation is so much of the whole."""
        channels, edges, m = here.few.shape
        both = np.concatenate([here.few, here.soil[:, None]], axis=1)
        turned, pairs = np.empty((3, channels, m)), np.zeros((channels, channels, m))
        told, heavy = np.empty((3, edges + 1, m)), np.empty_like(both)
        wander_kernels.weigh(here.pushed, quick, both, turned, pairs, told, heavy)
        return cls(turned, pairs, heavy[:, :-1], heavy[:, -1], told[:, :-1], told[:, -1])


def _around(rows: FreeRows, state: State) -> _Slopes:
    """Tell what the rows would hear in a state, and how that changes with it."""
    shift = (state.slow + state.quick).T
    at = np.ascontiguousarray(state.positions)
    n, q, (m, channels) = len(at), rows.basis.shape[1], rows.data.shape
    there = replace(rows.response, tx_m=rows.response.tx_m + shift.T, rx_m=rows.response.rx_m + shift.T)
    columns, slope = np.empty((q + TENSOR * n, m)), np.empty((3, TENSOR * n, m))
    columns_kernels.columns(at, coil_arrays(there), np.zeros((m, 3)), columns[q:], slope)
    columns[q:] *= rows.scale
    columns[:q] = rows.basis.T
    columns[q - 1] *= np.exp(rows.rise * shift[2])
    parts = rows.scale * state.coefficients[q:].reshape(n, TENSOR, channels).transpose(0, 2, 1)
    few = np.empty((channels, 3 * n + 1, m))
    moved = few[:, :-1].reshape(channels, n, 3, m)  # a view
    moved[:] = (parts @ slope.reshape(3, n, TENSOR, m)).transpose(2, 1, 0, 3)
    pushed: Real = -moved.sum(axis=1)
    ground = state.coefficients[q - 1][:, None] * columns[q - 1]
    pushed[:, 2] += ground * rows.rise
    few[:, -1] = rows.data.T - state.coefficients.T @ columns + (pushed * shift).sum(axis=1)
    return _Slopes(columns, few, pushed * rows.std.T, rows.uneven * ground)


def step(rows: FreeRows, state: State, *, held: bool, pace: float) -> tuple[State, Real, float, float]:
    """One step of Gauss-Newton: the state after it, places' covariance, the misfit, and the step in deviations.

    Where places are held, all else moves.
    """
    here = _around(rows, state)
    quick, slow = np.sqrt(1.0 - SLOW_PART), np.sqrt(SLOW_PART)
    heavy = _Weighed.of(here, quick)
    places, total = 3 * len(state.positions), len(here.columns)
    known = places + rows.data.shape[1] * total
    matrix, (wandering, told) = side_by_side(
        lambda: _normal(rows, here, heavy), lambda: _wandered(rows, here, heavy, slow)
    )
    matrix -= told
    right, energy, matrix = matrix[:-1, -1].copy(), matrix[-1, -1], matrix[:-1, :-1].copy()
    change, covariance = _solved(rows, state, matrix, right, held=held)
    left = float(energy - 2.0 * right @ change + change @ matrix @ change)
    misfit = left / max(rows.data.size - known, 1)
    step = change[:places]
    away = float(step @ np.linalg.solve(covariance, step))
    wander = slow * wandering.of_rows(rows, change).T
    rest = here.few[:, -1] - step @ here.few[:, :-1] - change[places:known].reshape(-1, total) @ here.columns
    rest -= np.einsum("cam,am->cm", here.pushed, wander) + here.soil * (rows.spots @ change[known:])
    jolt = quick**2 * np.einsum("acm,cm->am", heavy.turned, rest)
    share = min(pace, MAX_STEP_M / max(float(np.abs(step).max()), 1e-12))
    shift = tuple(np.clip(rows.std * part.T, -FARTHEST * rows.std, FARTHEST * rows.std) for part in (wander, jolt))
    return _after(rows, state, share, change[:known], shift), covariance * max(misfit, 1.0), misfit, away


def _wandered(rows: FreeRows, here: _Slopes, heavy: _Weighed, slow: float) -> tuple[_Wandering, Real]:
    """Give the track's wandering error, eliminated, and what that takes of the inner products."""
    wandering = _Wandering.of(rows, here, heavy, slow)
    flat = wandering.along.reshape(-1, wandering.along.shape[2])
    return wandering, flat.T @ flat


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


def _normal(rows: FreeRows, here: _Slopes, heavy: _Weighed) -> Real:
    """Inner products of all unknowns, places first, coefficients channel by channel, patches, and what is left."""
    channels, edges, m = here.few.shape
    total, places = len(here.columns), edges - 1
    first = places + channels * total
    last = first + rows.spots.shape[1]
    matrix = np.zeros((last + 1, last + 1))
    edge = np.r_[:places, last]
    matrix[np.ix_(edge, edge)] = (here.few @ heavy.few.transpose(0, 2, 1)).sum(axis=0)
    cross = (heavy.few @ here.columns.T).transpose(1, 0, 2)
    matrix[edge, places:first] = cross.reshape(edges, -1)
    blocks = _blocks(here.columns, heavy.pairs, rows.basis.shape[1] - 1)
    for k, j, block in zip(*np.tril_indices(channels), blocks, strict=True):
        a, b = places + k * total, places + j * total
        matrix[a : a + total, b : b + total] = block
        matrix[b : b + total, a : a + total] = block
    beside = (heavy.soil[:, None] * here.columns).reshape(-1, m) @ rows.spots
    matrix[first:last, places:first] = beside.T
    matrix[first:last, edge] = rows.spots.T @ np.einsum("cm,cpm->mp", heavy.soil, here.few)
    own = (heavy.soil * here.soil).sum(axis=0)
    matrix[first:last, first:last] = rows.spots.T @ (own[:, None] * rows.spots)
    matrix[places:first, edge] = matrix[edge, places:first].T
    matrix[places:first, first:last] = matrix[first:last, places:first].T
    matrix[edge, first:last] = matrix[first:last, edge].T
    matrix[first:last, first:last] += rows.patches
    return matrix


def _blocks(columns: Real, pairs: Real, first: int) -> Real:
    """Inner products (p, t, t) of the columns under each pair of channels' weight.

    Of the drift, which are the columns before the first, a stretch of rows has few.
    """
    total, m = columns.shape
    lower = np.tril_indices(len(pairs))
    blocks = np.zeros((lower[0].size, total, total))
    metal = np.zeros((lower[0].size, total - first, total - first))
    for begin in range(0, m, STRETCH):
        rows = slice(begin, begin + STRETCH)
        weight, some = pairs[lower[0], lower[1], rows][:, None], np.ascontiguousarray(columns[first:, rows])
        metal += _products(weight, some, some)
        heard = np.flatnonzero(columns[:first, rows].any(axis=1))
        if heard.size:
            low, high = heard[0], heard[-1] + 1
            drift = np.ascontiguousarray(columns[low:high, rows])
            blocks[:, low:high, low:high] += _products(weight, drift, drift)
            blocks[:, low:high, first:] += _products(weight, drift, some)
    blocks[:, first:, first:] = metal
    blocks[:, first:, :first] = blocks[:, :first, first:].transpose(0, 2, 1)
    return blocks


def _products(weight: Real, one: Real, other: Real) -> Real:
    """Inner products (p, a, b) of rows (a, m) and (b, m) under weights (p, 1, m)."""
    product: Real = (weight * one).reshape(-1, one.shape[1]) @ other.T
    return product.reshape(len(weight), len(one), len(other))


@dataclass(frozen=True, slots=True, eq=False)
class _Wandering:
    """The error of the track at the knots, eliminated: factors (k, 3, 3), (k - 1, 3, 3) and along (k, 3, all)."""

    own: Real
    beside: Real
    along: Real

    @classmethod
    def of(cls, rows: FreeRows, here: _Slopes, heavy: _Weighed, slow: float) -> _Wandering:
        """Gather and eliminate it."""
        knots, (channels, edges, _) = rows.stiff.size, here.few.shape
        unknown = edges + channels * len(here.columns) + rows.spots.shape[1]
        own = rows.stiff[:, None, None] * np.eye(3)
        beside = rows.linked[:, None, None] * np.eye(3)
        along = np.zeros((knots, 3, unknown))
        known = np.einsum("acm,cbm->mab", heavy.turned, here.pushed)
        columns, few = np.ascontiguousarray(here.columns.T), heavy.turned_few.transpose(2, 0, 1)
        wander_kernels.gather(
            rows.knot, rows.share, slow**2 * known, slow * few, slow * heavy.turned.transpose(2, 0, 1),
            columns, slow * heavy.turned_soil.T, rows.spots, own, beside, along,
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
