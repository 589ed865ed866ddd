"""How far the metal detector's samples lag behind the track, from lines swept to and fro over the same metal.

A filter delays a sample: what it tells is from where the head was a moment ago, so a target seems to lie too far
ahead on every pass, on either side of where it is. No place explains both; the delay that lets one field of
sources below the ground explain all passes is the instrument's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi import _isotropic_kernels as kernels
from dualsense.emi._balance import apply_balance, balance
from dualsense.emi._columns import coil_arrays
from dualsense.emi._response import bin_along_track, take_rows
from dualsense.numerics import cholesky_inverse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._response import Response

    Real = NDArray[np.float64]

SPOTS = 2
SPOT_M = 0.18
APART_M = 0.25
SOURCE_M = 0.036
SOURCE_DEPTH_M = 0.04
"""Up to so many places with metal are looked at, each out to ``SPOT_M`` and explained by a net of sources."""
LEAST_ENERGY = 25.0
"""Of a row, in units of the noise, that makes a place worth looking at."""
MOST_ROWS = 300
RIDGE, DRIFT_RIDGE = 1e-4, 1e-8
STEP_S = 0.05
MOVES, LEAST_MOVE_S = 4, 1e-5
"""Of Gauss-Newton, each a tenth of the one before; the head moves by some micrometres in the latter."""
PASSES = 4.0
"""So many passes must share in what is known of the delay; and each direction with ``SHARE`` of it."""
SHARE = 0.2
MODEL_M = 2e-3
"""Error of the estimate that the scatter of the passes does not tell, times the speed: rms of simulated lanes."""


@dataclass(frozen=True, slots=True)
class Latency:
    """A delay and what is known of it.

    Attributes
    ----------
    delay_s
        Positive where samples are late; NaN where nothing is known.
    std_s
        Standard deviation, from the scatter of the passes and what the sources cannot follow.
    passes
        Effective number of passes that tell it.
    speed_m_s
        Of the head over the metal.
    """

    delay_s: float
    std_s: float
    passes: float
    speed_m_s: float

    def significant(self, *, sigmas: float) -> bool:
        """Tell whether the delay is known and not zero."""
        return bool(np.isfinite(self.delay_s) and abs(self.delay_s) > sigmas * self.std_s)


UNKNOWN = Latency(float("nan"), float("nan"), 0.0, float("nan"))


def estimate_latency(response: Response, noise: Real, *, max_s: float = 0.25, bin_m: float = 0.012) -> Latency:
    """Find the delay with which one field of sources explains all passes over the strongest metal.

    Parameters
    ----------
    response
        Samples, not binned.
    noise : (c,)
        White noise of one sample.
    max_s
        Longest delay, either way.
    bin_m
        Length of way per row, as in `dualsense.emi.bin_along_track`.

    Returns
    -------
    Latency
        Unknown without metal, without passes in both directions, where the best delay is the longest, and for
        several coils that take turns.
    """
    if response.time_s.size < 50 or np.unique(response.coil).size > 1:
        return UNKNOWN
    rows = bin_along_track(response, bin_m=bin_m)
    scale = noise / np.sqrt(max(float(np.median(rows.count)), 1.0))
    fitted = balance(rows, scale, conduction_std=0.0)  # what it tells of lags was held against truth without
    rest = apply_balance(rows, fitted)
    spots = [
        _Spot(response, rows, rest, fitted.basis, at)
        for at in _strongest(rows, rest)
        if (np.linalg.norm(rows.center_m[:, :2] - at, axis=1) < SPOT_M).sum() >= 40
    ]
    if not spots:
        return UNKNOWN
    grid = np.arange(-np.floor(max_s / STEP_S), np.floor(max_s / STEP_S) + 1) * STEP_S
    misfit = np.array([sum(float((spot.residual(d) ** 2).sum()) for spot in spots) for d in grid])
    k = int(np.argmin(misfit))
    if k in {0, grid.size - 1}:
        return UNKNOWN
    delay = float(grid[k])
    for _ in range(MOVES):
        slope, score = _slopes(spots, delay)
        move = -float(score.sum() / max(float(slope.sum()), 1e-300))
        delay += float(np.clip(move, -0.5 * STEP_S, 0.5 * STEP_S))
        if abs(move) < LEAST_MOVE_S:
            break
    if not abs(delay) < max_s:
        return UNKNOWN
    slope, score = _slopes(spots, delay)
    forward = np.concatenate([spot.forward for spot in spots])
    total = float(slope.sum())
    share = float(slope[forward].sum()) / max(total, 1e-300)
    passes = total**2 / max(float((slope**2).sum()), 1e-300)
    if not (SHARE <= share <= 1.0 - SHARE and passes >= PASSES):
        return UNKNOWN
    speed = float(np.median(np.concatenate([spot.speed for spot in spots])))
    scatter = float(np.sqrt((score**2).sum() * passes / (passes - 1.0))) / total
    return Latency(delay, float(np.hypot(scatter, MODEL_M / max(speed, 1e-3))), passes, speed)


def _strongest(rows: Response, rest: Real) -> list[Real]:
    """Places (2,) of the rows with most energy, well apart."""
    energy = (rest**2).mean(axis=1)
    out: list[Real] = []
    for n in np.argsort(-energy, kind="stable"):
        if energy[n] < LEAST_ENERGY or len(out) == SPOTS:
            break
        at = rows.center_m[n, :2]
        if all(np.linalg.norm(at - other) > APART_M for other in out):
            out.append(at)
    return out


class _Spot:
    """Rows around a place, and the net of sources that explains them at any delay."""

    def __init__(self, samples: Response, rows: Response, white: Real, basis: Real, at: Real) -> None:
        near = np.linalg.norm(rows.center_m[:, :2] - at, axis=1) < SPOT_M
        use = np.flatnonzero(near)
        use = use[:: max(1, -(-use.size // MOST_ROWS))]
        self.samples = samples
        self.time_s = rows.time_s[use]
        drift = basis[use] / (np.sqrt((basis[use] ** 2).sum(axis=0)) + 1e-300)
        half = np.linalg.cholesky(drift.T @ drift + DRIFT_RIDGE * np.eye(drift.shape[1]))
        self.drift = np.linalg.solve(half, drift.T)
        self.white = self._without_drift(white[use])
        self.rows = take_rows(rows, use)
        side = np.arange(-SPOT_M, SPOT_M + 1e-9, SOURCE_M)
        gx, gy = np.meshgrid(at[0] + side, at[1] + side)
        self.nodes = np.column_stack([gx.ravel(), gy.ravel()])
        ahead = _velocity(rows)[use]
        main = np.linalg.svd(ahead, full_matrices=False)[2][0]
        self.speed = np.linalg.norm(ahead, axis=1)
        sign = ahead @ main > 0.0
        turn = (np.diff(sign.astype(int)) != 0) | (
            np.diff(self.time_s) > 4.0 * np.median(np.diff(self.time_s)) + 0.2
        )
        self.label = np.concatenate([[0], np.cumsum(turn)])
        first = np.unique(self.label, return_index=True)[1]
        self.forward = sign[first]

    def _without_drift(self, values: Real) -> Real:
        """Take out of values (n, k) what drift and soil explain beside them, in a fit of either with both."""
        left: Real = values - self.drift.T @ (self.drift @ values)
        return left

    def residual(self, delay_s: float) -> Real:
        """Leave (n, c) what the sources do not explain if samples were taken ``delay_s`` earlier than stated.

        Drift and soil do not move with the delay; they are eliminated once, which leaves equations of the sources.
        """
        rows = _placed(self.rows, self.samples, self.time_s - delay_s)
        columns = _isotropic(rows, self.nodes)
        along = columns @ self.drift.T
        gram = columns @ columns.T
        size = float(gram.diagonal().max())
        gram -= along @ along.T
        gram.flat[:: len(gram) + 1] += RIDGE * size
        inverse = cholesky_inverse(gram)
        if inverse is None:
            msg = f"sources of the lag cannot be told apart at a delay of {delay_s:g} s"
            raise np.linalg.LinAlgError(msg)
        explained = columns.T @ (inverse.T @ (inverse @ (columns @ self.white)))
        left: Real = self.white - self._without_drift(explained)
        return left


def _slopes(spots: list[_Spot], delay_s: float) -> tuple[Real, Real]:
    """Curvature and score of the misfit over the delay, of every pass."""
    slope, score = [], []
    for spot in spots:
        h = 0.1 * STEP_S
        change = (spot.residual(delay_s + h) - spot.residual(delay_s - h)) / (2.0 * h)
        slope.append(np.bincount(spot.label, (change**2).sum(axis=1)))
        score.append(np.bincount(spot.label, (change * spot.residual(delay_s)).sum(axis=1)))
    return np.concatenate(slope), np.concatenate(score)


def _velocity(rows: Response) -> Real:
    gradient: Real = (
        np.gradient(rows.center_m[:, :2], axis=0) / np.maximum(np.gradient(rows.time_s), 1e-6)[:, None]
    )
    return gradient


def _placed(rows: Response, samples: Response, time_s: Real) -> Response:
    """Put the rows to the places which the coils of the samples had at other times."""
    tx, rx = (
        np.column_stack([np.interp(time_s, samples.time_s, at[:, axis]) for axis in range(3)])
        for at in (samples.tx_m, samples.rx_m)
    )
    nearest = np.clip(np.searchsorted(samples.time_s, time_s), 0, samples.time_s.size - 1)
    return replace(rows, center_m=0.5 * (tx + rx), tx_m=tx, rx_m=rx, rotation=samples.rotation[nearest])


def _isotropic(rows: Response, nodes: Real) -> Real:
    """Response (k, n) of the rows to a unit isotropic dipole at each node (k, 2) of the sources' depth."""
    out = np.empty((len(nodes), rows.time_s.size))
    kernels.isotropic(nodes, SOURCE_DEPTH_M, coil_arrays(rows), out)
    return out
