"""All metal of a stretch of ground placed at once, with everything else free beside it.

What a piece of metal is held beside must be right: next to strong metal that is held where it is not, rows seem
centimetres off, and no place is believed. With all of them free the track's error is what it is, and each is told
by all rows that hear it. Pieces that hear nothing of each other are placed apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._locate.free_step import TENSOR, State, step
from dualsense.emi._locate.place import WIDER_M
from dualsense.emi._locate.together import HELD, NEARLY, PACE, STEADY, begun_at, free_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.emi._locate.free_step import FreeRows
    from dualsense.emi._locate.place import Limits
    from dualsense.emi._locate.settled import Settled
    from dualsense.emi._locate.together import Ground

    Real = NDArray[np.float64]

STEPS, LAST, IDLE = 12, 0.02, 1e-3
"""Gauss-Newton steps at most; steps, squared and in standard deviations, after which there are no more; and the
part of what is left by which it must change."""
MOST, MOST_ROWS, MOST_KNOTS = 8, 2400, 400
"""Pieces that are placed at once, rows that tell of them, of more of which every second one does, and so on, and
knots of the track."""
FEW_STEPS, LEAST = 5, 60.0
"""Steps after which it is told whether one is needed; and by how much less must be left with it, in noise."""
MUCH, TOLD = 300.0, 0.05
"""Without it too much is left, and it is needed, at so much over the bound, in what it leaves of noise, or when
the last step has changed what is left by less than this part of what is over the bound. Of 20 that were not needed
on 66 lanes none was over it by more than 94 after two steps."""
CLOSE_M = 0.12
"""What lies closer to another one may stand for the other's errors."""
EXPLAINED = 2.0
"""Misfit up to which places are believed."""
NEAREST_M = 0.035
"""Two that come closer to each other than this, and were not before, are not two pieces."""
DEEPEST_M = 0.25
"""What goes deeper than this is carried off by what no piece of metal explains."""


def placed_at_once(
    fit: Settled, ground: Ground, which: Sequence[int], limits: Limits
) -> tuple[dict[int, tuple[Real, Real]], tuple[int, ...]]:
    """Place several pieces of metal at once.

    Parameters
    ----------
    fit
        All dipoles; those that are not placed stay, and are taken out of the rows.
    ground
        From `dualsense.emi._locate.together.ground_of`.
    which
        The dipoles that are placed.
    limits
        Of `refine`.

    Returns
    -------
    told : dict
        Of each that settled near where it was: its place (3,), and the covariance (3, 3) with all else free.
    surplus : tuple of int
        Those that the others explain.
    """
    response, begun = fit.ground.response, np.array([fit.positions_m[n] for n in which])
    away = np.hypot(*(response.center_m[:, None, :2] - begun[:, :2]).transpose(2, 0, 1)).min(axis=1)
    use = np.flatnonzero(away <= limits.reach_m + WIDER_M)
    use = use[np.argsort(response.time_s[use], kind="stable")][:: -(-use.size // MOST_ROWS)]
    rows = free_rows(fit, ground, which, use, MOST_KNOTS)
    still = np.zeros_like(rows.std)
    end = _gone_on(rows, State(begun, begun_at(fit, rows, which, use), still, still), STEPS, held=HELD)
    if not (end.misfit <= EXPLAINED and np.isfinite(end.covariance).all()):  # NaN neither
        return {}, ()
    kept, end = _fewer(rows, end)
    settled = _away(end.steps, end.covariance) < NEARLY
    at = end.state.positions
    # what is left of several may be any of them
    moved_m = np.linalg.norm((at[:, None] - begun)[:, :, :2], axis=2)
    moved_m[:, kept] += np.where(np.eye(len(kept), dtype=bool), 0.0, np.inf)
    near = moved_m.min(axis=1) <= limits.max_move_m
    near &= (at[:, 2] >= -DEEPEST_M) & ~_joined(begun[kept], at)
    own = _each(end.covariance)
    known = [bool(np.isfinite(one).all()) and np.linalg.eigvalsh(one)[0] > 0.0 for one in own]
    told = {which[n]: (at[k], own[k]) for k, n in enumerate(kept) if settled[k] and near[k] and known[k]}
    # what was taken away is missed by nobody where what it stood for has a place
    gone = [k for k in range(len(which)) if k not in kept]
    heirs = [kept[int(np.argmin(np.linalg.norm(at - begun[k], axis=1)))] for k in gone]
    return told, tuple(which[k] for k, heir in zip(gone, heirs, strict=True) if which[heir] in told)


@dataclass(frozen=True, slots=True, eq=False)
class _End:
    """Where steps end: state, covariance of the places, misfit, energy that is left, and the last step (n, 3)."""

    state: State
    covariance: Real
    misfit: float
    energy: float
    steps: Real


def _gone_on(rows: FreeRows, state: State, most: int, *, held: int = 0, bound: float = np.inf) -> _End:
    """Go on until all are still, the places held at first, or what is left stays the same.

    With a bound on the energy that is left it ends as soon as that can hardly be kept any more.
    """
    n, misfit, energy = 0, np.inf, np.inf
    while True:
        before, earlier, more = state.positions, misfit, energy
        state, covariance, misfit, _ = step(rows, state, held=n < held, pace=1.0 if n < STEADY else PACE)
        steps, n = state.positions - before, n + 1
        known = 3 * len(before) + rows.data.shape[1] * len(state.coefficients)
        energy = misfit * max(rows.data.size - known, 1)
        idle = n > held + FEW_STEPS and abs(misfit - earlier) < IDLE * misfit
        still = n > held and (_away(steps, covariance) < LAST).all()
        over = energy - bound
        lost = n > 1 and (over > MUCH * max(misfit, 1.0) or abs(energy - more) < TOLD * over)
        if n >= most or not np.isfinite(misfit) or still or idle or lost:
            return _End(state, covariance, misfit, energy, steps)


def _fewer(rows: FreeRows, end: _End) -> tuple[list[int], _End]:
    """Take away what explains nothing that the others do not, those that lie closest to another first.

    Asked are those that are not still, and those that lie close to another one: of what stands for errors of a
    strong piece some do.
    """
    count = len(end.state.positions)
    kept, asked = list(range(count)), set()
    while len(kept) > 1:
        apart = _apart(end.state.positions).min(axis=1)
        restless = (apart < CLOSE_M) | (_away(end.steps, end.covariance) >= NEARLY)
        order = [k for k in np.argsort(apart, kind="stable").tolist() if restless[k] and kept[k] not in asked]
        if not order:
            break
        fewer, state = _without(rows, end.state, order[0])
        bound = end.energy + LEAST * max(end.misfit, 1.0)
        less = _gone_on(fewer, state, FEW_STEPS, bound=bound)
        if less.energy < bound:
            rows, end = fewer, less
            del kept[order[0]]
        else:
            asked.add(kept[order[0]])
    return kept, end if len(kept) == count else _gone_on(rows, end.state, STEPS)


def _without(rows: FreeRows, state: State, k: int) -> tuple[FreeRows, State]:
    """Leave one of them out, what it explained with it."""
    first = rows.basis.shape[1] + TENSOR * k
    coefficients = np.delete(state.coefficients, np.s_[first : first + TENSOR], axis=0)
    return replace(rows, prior=np.delete(rows.prior, k, axis=0)), replace(
        state, positions=np.delete(state.positions, k, axis=0), coefficients=coefficients
    )


def _away(steps: Real, covariance: Real) -> Real:
    """Give steps (n,), squared and in each one's standard deviations."""
    return np.array([one @ np.linalg.solve(c, one) for one, c in zip(steps, _each(covariance), strict=True)])


def _each(covariance: Real) -> list[Real]:
    """Give the covariance (3, 3) of each place."""
    return [covariance[k : k + 3, k : k + 3] for k in range(0, len(covariance), 3)]


def _apart(positions_m: Real) -> Real:
    """Distances (n, n); of each from itself infinite."""
    apart: Real = np.linalg.norm(positions_m[:, None] - positions_m, axis=2)
    np.fill_diagonal(apart, np.inf)
    return apart


def _joined(before: Real, after: Real) -> NDArray[np.bool_]:
    """Tell which have come too close to another one."""
    joined: NDArray[np.bool_] = np.any((_apart(after) < NEAREST_M) & (_apart(before) >= NEAREST_M), axis=1)
    return joined


def heard_together(positions_m: Sequence[Real], reach_m: float) -> list[tuple[int, ...]]:
    """Group pieces whose rows overlap, `MOST` at most: the strongest that is left, and what lies nearest."""
    at = np.array(positions_m)[:, :2]
    apart = np.linalg.norm(at[:, None] - at, axis=2)
    left, groups = list(range(len(at))), []
    while left:
        group = [left.pop(0)]
        while left and len(group) < MOST:
            near = apart[np.ix_(group, left)].min(axis=0)
            if near.min() >= 2.0 * reach_m:
                break
            group.append(left.pop(int(near.argmin())))
        groups.append(tuple(sorted(group)))
    return groups
