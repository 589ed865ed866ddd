"""Visits of positions, with tensors integrated out, and steps between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._locate import _visit_kernels as kernels
from dualsense.emi._locate._visit_kernels import Levels
from dualsense.emi._locate.rows import rough_weight

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._locate.rows import Rows

    Real = NDArray[np.float64]

CLASS_RANGE_NATS = 5.0
"""Classes of metal that seem less likely than the best by more than this are not looked at closely."""
MAX_STEP_M = 0.02
STEPS = 8
LEAST_GAIN_NATS = 0.02
SLACK_NATS = 1.0
COIL_M, FIRST_LOG_SIZE = 0.1, -10.0
"""A first visit begins with an object that is by this log smaller than what would make the largest signal at the
centre of a coil of that radius."""


@dataclass(frozen=True, slots=True, eq=False)
class Visit:
    """Dipoles at positions (n, 3): log posterior up to a constant of the data, and the equations around it.

    Attributes
    ----------
    coordinates : (6 n, c)
        Mean of the tensors, whitened.
    weight : (p, m)
        Packed inverse covariance of every row.
    levels
        Classes and sizes of the dipoles.
    factor : (6 n c, 6 n c)
        Cholesky factor of the tensors' precision.
    information, gradient : (3 n, 3 n), (3 n,)
        Of the positions.
    value
        Log posterior.
    misfit, energy, logdet
        Whitened residual, whitened data, and log det of the weights.
    excess
        By how much the variance of the position errors seems larger than stated.
    """

    positions: Real
    coordinates: Real
    weight: Real
    levels: Levels
    factor: Real
    information: Real
    gradient: Real
    value: float
    misfit: float
    logdet: float
    energy: float
    excess: float

    @property
    def position(self) -> Real:
        """Of the first dipole."""
        return self.positions[0]


def visit(rows: Rows, positions: Real, before: Visit | None, *, renew: bool = False) -> Visit:
    """Integrate the tensors out at given positions.

    Parameters
    ----------
    rows
        What was measured.
    positions : (n, 3)
        Of the dipoles.
    before
        A visit nearby, from which weights, classes and sizes are taken; None begins from nowhere.
    renew
        Make the weights those of this place.
    """
    channels, m = rows.data.shape
    n = positions.shape[0]
    same_count = before is not None and before.positions.shape[0] == n
    if before is not None and same_count and before.weight.shape[1] == m:
        weight, logdet = before.weight.copy() if renew else before.weight, before.logdet
    else:
        weight, logdet, renew = rough_weight(rows), 0.0, True
    levels = _levels(before.levels, renew=renew) if before is not None and same_count else _first_levels(rows, n)
    coordinates, factor = np.empty((6 * n, channels)), np.empty((6 * n * channels,) * 2)
    square, gradient = np.empty((3 * n, 3 * n)), np.empty(3 * n)
    value, misfit, logdet, energy, excess = kernels.visit(
        positions,
        rows.coils,
        rows.std,
        rows.data,
        rows.classes,
        int(not same_count),
        int(renew),
        CLASS_RANGE_NATS,
        logdet,
        weight,
        levels,
        coordinates,
        factor,
        square,
        gradient,
    )
    value = float(value)
    mean, precision = rows.depth_prior
    if precision > 0.0:
        away = positions[:, 2] - mean
        value -= 0.5 * precision * float((away * away).sum())
        depth = np.arange(2, 3 * n, 3)
        square[depth, depth] += precision
        gradient[depth] -= precision * away
    return Visit(
        positions=positions,
        coordinates=coordinates,
        weight=weight,
        levels=levels,
        factor=factor,
        information=square,
        gradient=gradient,
        value=value,
        misfit=float(misfit),
        logdet=float(logdet),
        energy=float(energy),
        excess=float(excess),
    )


def _first_levels(rows: Rows, n: int) -> Levels:
    """Classes and sizes of n dipoles of which nothing is known."""
    every = rows.classes.log_share.size
    start = np.log(max(np.abs(rows.data).max(), 1.0)) + np.log(4 * np.pi**2 * COIL_M**2) + FIRST_LOG_SIZE
    return Levels(
        kind=np.zeros(n, dtype=np.int64),
        level=np.zeros((n, every)),
        log_size=np.full((n, every), start),
        volume=np.zeros((n, every)),
    )


def _levels(before: Levels, *, renew: bool) -> Levels:
    """Those of a visit nearby, copied where they will be changed."""
    volume = before.volume.copy() if renew else before.volume
    return Levels(before.kind.copy(), before.level.copy(), before.log_size.copy(), volume)


def step(rows: Rows, here: Visit, share: float = 1.0) -> tuple[Real, float]:
    """Positions after a Gauss-Newton step or a share of it, and what all of it promises, in nats."""
    information = here.information.copy()
    information[np.diag_indices_from(information)] *= 1.0 + 1e-6
    move = np.linalg.solve(information, here.gradient).reshape(-1, 3)
    gain = 0.5 * float(here.gradient @ move.ravel())
    to = here.positions + share * min(1.0, MAX_STEP_M / max(float(np.abs(move).max()), 1e-12)) * move
    to[:, 2] = np.clip(to[:, 2], -rows.depth_range_m[1], -rows.depth_range_m[0])
    return to, gain


def ascend(rows: Rows, here: Visit, *, steps: int = STEPS) -> Visit:
    """Gauss-Newton over all positions, with weights iterated, until a step promises little."""
    for _ in range(steps):
        share = 1.0
        for _half in range(4):
            to, gain = step(rows, here, share)
            if gain < LEAST_GAIN_NATS:
                return here
            trial = visit(rows, to, here)
            if trial.value > here.value - SLACK_NATS:  # the weights move too, so a little less is no harm
                break
            share *= 0.4
        here = trial
    return here
