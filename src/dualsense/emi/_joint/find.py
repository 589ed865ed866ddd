"""Dipoles under the coils: where metal lies, how deep, and how much.

The response of a small target is linear in its polarizability tensor and not in its position. So a grid of
positions is searched with the linear part solved at each node, the best node is taken, all positions are
refined together by variable projection (Golub and Pereyra 1973, with Kaufman's 1975 Jacobian), and the search
is repeated on what is left, as in orthogonal matching pursuit. Rows over a strong object are believed less, as
it is no point, and moved to where it says that the coils were; what later dipoles made superfluous is taken away
again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._balance import CONDUCTION_STD, ROUGHNESS_M, SOIL_STD, Balance, balance
from dualsense.emi._joint.descent import accept, newcomer
from dualsense.emi._joint.fit import OBJECT_STD_M, JointFit, worth
from dualsense.emi._joint.mend import weighed
from dualsense.emi._joint.search import NODE_DEPTHS_M, NodeGrid
from dualsense.emi._joint.summary import LOCAL_M, dipoles_of
from dualsense.numerics import highest_near

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

    from dualsense.emi._dipole import Dipole
    from dualsense.emi._response import Response
    from dualsense.result import Grid

STRONG = 20.0
"""Times the acceptance threshold: from here the data carry a full tensor, below only its mean."""
TENSOR, SPARE_ROWS = 6, 6
"""Columns of a dipole, and rows that must be left over when one more is fitted."""
SMALL_DEPTH_M = 0.05
"""At this depth, one of `NODE_DEPTHS_M`, it is told how much metal could hide."""
HIDDEN_M = 0.04
"""Another dipole this close to what was left over and refused could not have been told from it."""
WEAK_RATIO = 0.02
"""Of the strongest peak, most often the first, when rows were not yet weighed down: a weaker one may stray less.
So nearly all beside strong metal are weak; otherwise they are spent on it (`benchmarks/emi/study_phantoms.py`)."""
ROUNDS = 3
"""Of adding and taking away."""


@dataclass(frozen=True, slots=True, eq=False)
class Inversion:
    """All dipoles of a scan, the balance fitted with them, and maps of the first and the last search.

    ``mended`` are the rows where the dipoles say that the coils were, with what is known of that;
    ``statistic`` (ny, nx) over ``x_m`` and ``y_m`` is the best drop of the misfit over depth before any dipole
    was taken away; ``needed`` (ny, nx) what one more dipole would have had to reach at the end to be told from
    noise and from what the others leave; ``hidden_depths_m3`` (d, ny, nx) the polarizability that it would have
    had to have for that at each of `NODE_DEPTHS_M`: NaN where too few rows passed. ``weight`` (m,) are the rows'
    weights.
    """

    mended: Response
    dipoles: tuple[Dipole, ...]
    balance: Balance
    x_m: Real
    y_m: Real
    statistic: Real
    needed: Real
    hidden_depths_m3: Real
    weight: Real

    @property
    def hidden_m3(self) -> Real:
        """Polarizability (ny, nx) that one more dipole would have had to have, 5 cm deep."""
        hidden: Real = self.hidden_depths_m3[NODE_DEPTHS_M.index(SMALL_DEPTH_M)]
        return hidden

    def needed_near(self, x_m: float, y_m: float) -> float:
        """Return ``needed`` at the nearest node."""
        i, j = (int(np.argmin(np.abs(axis - at))) for axis, at in ((self.y_m, y_m), (self.x_m, x_m)))
        return float(self.needed[i, j])

    def hidden_map(self, grid: Grid, depth_m: float = SMALL_DEPTH_M) -> Real:
        """Return what could hide at a depth below the node nearest to each cell of a map, (ny, nx) of that map.

        Between two depths, and beyond them, its logarithm is taken on a straight line.
        """
        rows, columns = (
            np.abs(cells[:, None] - nodes).argmin(axis=1)
            for cells, nodes in ((grid.y_m, self.y_m), (grid.x_m, self.x_m))
        )
        node_m = np.array(NODE_DEPTHS_M)
        upper = int(np.clip(np.searchsorted(node_m, depth_m) - 1, 0, node_m.size - 2))
        part = float((depth_m - node_m[upper]) / (node_m[upper + 1] - node_m[upper]))
        above, below = self.hidden_depths_m3[upper : upper + 2]
        hidden: Real = above if part == 0.0 else below if part == 1.0 else _between(above, below, part)
        return hidden[np.ix_(rows, columns)]


@dataclass(frozen=True, slots=True)
class _Limits:
    """What a peak must reach; statistics are over all channels."""

    max_dipoles: int
    statistic: float
    contrast: float
    explained: float
    relative: float

    def least(self, strongest: float) -> float:
        """Drop below which a peak is noise, or what is left of the strongest dipole."""
        return max(self.statistic, strongest * self.relative)


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """Best drop (n,) and the depth's index at each node, the median of the drops, and whether all were asked."""

    drop: Real
    depth: NDArray[np.intp]
    middle: float
    whole: bool


@dataclass(frozen=True, slots=True)
class _Peak:
    """A node at which a dipole was found: its drop, and how far that stood above the median."""

    node: int
    drop: float
    contrast: float


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """A fit, the peak from which each of its dipoles was begun, and the search for one more."""

    fit: JointFit
    peaks: tuple[_Peak, ...]
    search: _Search


def find_dipoles(
    response: Response,
    noise: Real,
    *,
    drift_knot_s: float = 5.0,
    roughness_m: float = ROUGHNESS_M,
    soil_std: float = SOIL_STD,
    conduction_std: float = CONDUCTION_STD,
    node_m: float = 0.03,
    reach_m: float = 0.3,
    max_dipoles: int = 40,
    min_statistic: float = 12.0,
    min_contrast: float = 2.6,
    min_explained: float = 0.25,
    dynamic_range_db: float = 75.0,
) -> Inversion:
    """Find dipoles one after the other until nothing stands out.

    Parameters
    ----------
    response
        Binned rows.
    noise : (c,)
        White noise of one row.
    drift_knot_s
        Distance of the knots of the drift's splines.
    roughness_m
        Standard deviation of the ground's height under the coil.
    soil_std
        Of the soil's response from place to place, as part of it.
    conduction_std
        Of what the soil conducts from place to place, as part of it.
    node_m, reach_m
        Spacing of the grid and how far a row sees a target.
    max_dipoles
        More are not looked for.
    min_statistic
        Drop of the misfit per channel below which a peak is noise.
    min_contrast, min_explained
        A peak must also stand this many times above the median of its map, which holds what the model leaves;
        or, on a small patch that its signal fills, explain this part of the energy within 12 cm.
    dynamic_range_db
        Weaker than this under the strongest dipole, what is left of that one cannot be told from another object.

    Returns
    -------
    Inversion
        Without dipoles where nothing stands out.

    References
    ----------
    Golub and Pereyra 1973, SIAM J. Numer. Anal. 10, 413; Kaufman 1975, BIT 15, 49: variable projection.
    """
    balanced = balance(
        response,
        noise,
        drift_knot_s=drift_knot_s,
        roughness_m=roughness_m,
        soil_std=soil_std,
        conduction_std=conduction_std,
    )
    fit = JointFit.of_ground(response, balanced)
    grid = NodeGrid.over(response, node_m=node_m, reach_m=reach_m)
    limits = _Limits(
        max_dipoles=max_dipoles,
        statistic=min_statistic * response.values.shape[1],
        contrast=min_contrast,
        explained=min_explained,
        relative=10.0 ** (-dynamic_range_db / 10.0),
    )
    first = _searched(grid, fit, whole=True)
    state = _State(fit, (), first)
    for _ in range(ROUNDS):
        grown = _grown(grid, state, limits)
        state = _pruned(grid, grown, limits)
        if state is grown:
            break
    else:  # what grows and is pruned in turns stays: the misfit does not tell
        state = _grown(grid, state, limits)
    needed = _needed(grid, state, limits, hidden_nodes=max(1, round(HIDDEN_M / node_m)))
    return Inversion(
        mended=state.fit.response,
        dipoles=dipoles_of(state.fit, [peak.contrast for peak in state.peaks]),
        balance=state.fit.balance,
        x_m=grid.x_m,
        y_m=grid.y_m,
        statistic=first.drop.reshape(grid.shape),
        needed=needed,
        hidden_depths_m3=_hidden(grid, state.fit, needed),
        weight=state.fit.weight,
    )


def _searched(grid: NodeGrid, fit: JointFit, *, whole: bool) -> _Search:
    """Look for one more dipole in what the fit leaves."""
    residual, skip = fit.span.rest, np.zeros(len(grid.nodes), dtype=bool)
    for source in fit.sources:  # what is left on a fitted dipole is model error, not another object
        skip |= np.linalg.norm(grid.nodes - source.position_m[:2], axis=1) < 0.5 * grid.node_m
    drop, depth = grid.drops(residual, np.concatenate(fit.span.blocks), fit.weight, skip=skip, whole=whole)
    usual = drop[grid.sparse]
    middle = max(float(np.median(usual)) if usual.size else 0.0, len(residual))
    return _Search(drop, depth, middle, whole)


def _grown(grid: NodeGrid, state: _State, limits: _Limits) -> _State:
    """Add dipoles until nothing stands out."""
    while True:
        peak = _next_peak(grid, state, limits)
        if peak is not None:
            fit, search = state.fit, state.search
            start = np.array([*grid.nodes[peak.node], -NODE_DEPTHS_M[search.depth[peak.node]]])
            strong = peak.drop >= STRONG * limits.statistic
            weak = peak.drop < WEAK_RATIO * max((before.drop for before in state.peaks), default=0.0)
            fit = accept(fit, newcomer(fit, start, full=strong, weak=weak), grid.as_told)
            state = _State(fit, (*state.peaks, peak), _searched(grid, fit, whole=False))
        elif not state.search.whole:
            state = replace(state, search=_searched(grid, state.fit, whole=True))
        else:
            return state


def _pruned(grid: NodeGrid, state: _State, limits: _Limits) -> _State:
    """Take away, one after the other, what would not be taken for an object beside all that was found later."""
    while state.peaks:
        fit, middle = state.fit, state.search.middle
        gains = worth(fit.span, fit.sources)
        left = (fit.span.rest**2).sum(axis=0)
        near = [float(left[_within(fit.response, source.position_m, LOCAL_M)].sum()) for source in fit.sources]
        needed = [_least_drop(energy + gain, middle, limits) for energy, gain in zip(near, gains, strict=True)]
        n = int(np.argmin(gains / needed))
        if gains[n] >= needed[n]:
            break
        left_over = fit.with_sources(fit.sources[:n] + fit.sources[n + 1 :])
        # rows may not stay where only what is gone had moved them
        fit = weighed(left_over, grid.as_told, object_std_m=OBJECT_STD_M)
        state = _State(fit, state.peaks[:n] + state.peaks[n + 1 :], _searched(grid, fit, whole=False))
    return state


def _least_drop(energy: float, middle: float, limits: _Limits) -> float:
    """Drop that stands out where there is so much energy within `LOCAL_M`, and the median of the drops is this."""
    return max(limits.statistic, min(limits.contrast * middle, limits.explained * energy))


def _next_peak(grid: NodeGrid, state: _State, limits: _Limits) -> _Peak | None:
    """Return the highest node where it stands out and the rows can carry one more dipole."""
    fit, search, peaks = state.fit, state.search, state.peaks
    columns = fit.balance.basis.shape[1] + sum(TENSOR if s.kind.full else 1 for s in fit.sources) + TENSOR
    few = fit.weight.size < columns + SPARE_ROWS
    if not grid.usable.any() or len(peaks) >= limits.max_dipoles or few:
        return None
    node = int(np.argmax(search.drop))
    drop = float(search.drop[node])
    energy = float((fit.span.rest[:, _within(fit.response, grid.nodes[node], LOCAL_M)] ** 2).sum())
    if drop < max(limits.least(_strongest(fit)), _least_drop(energy, search.middle, limits)):
        return None
    return _Peak(node, drop, drop / search.middle)


def _needed(grid: NodeGrid, state: _State, limits: _Limits, *, hidden_nodes: int) -> Real:
    """Drop (ny, nx) that one more dipole would have had to reach."""
    search = state.search if state.search.whole else _searched(grid, state.fit, whole=True)
    energy = grid.energy(state.fit.span.rest, within_m=LOCAL_M)
    standing_out = np.minimum(limits.contrast * search.middle, limits.explained * energy)
    needed = np.maximum(limits.least(_strongest(state.fit)), standing_out).reshape(grid.shape)
    return np.maximum(needed, highest_near(search.drop.reshape(grid.shape), (hidden_nodes,) * 2))


def _hidden(grid: NodeGrid, fit: JointFit, needed: Real) -> Real:
    """Mean polarizability (d, ny, nx) below which one more dipole would not have been found at `NODE_DEPTHS_M`.

    Of its signal counts what soil, drift and the dipoles that were found cannot take over, in rows weighed by
    what errors of places make of those. It lies off the soil's phasor.
    """
    gain = (fit.balance.whitener**2).sum()
    limits = []
    for kept in grid.kept(np.concatenate(fit.span.blocks), fit.weight):
        seen = kept * gain
        left = seen > 0.0  # else anything could hide
        limit = np.where(left, np.sqrt(needed.ravel() / np.where(left, seen, 1.0)), np.inf)
        limits.append(np.where(grid.usable, limit, np.nan).reshape(grid.shape))
    return np.stack(limits)


def _between(above: Real, below: Real, part: float) -> Real:
    """Go a part of the way from one map to the other on their logarithms; infinite where either is."""
    known = np.isfinite(above) & np.isfinite(below)
    first, last = (np.log(np.where(known, one, 1.0)) for one in (above, below))
    way: Real = np.where(known, np.exp(first + part * (last - first)), above + below)
    return way


def _strongest(fit: JointFit) -> float:
    """Tell what the dipole is worth that is worth most, in rows as they are weighed now, as drops are."""
    return float(worth(fit.span, fit.sources).max(initial=0.0))


def _within(response: Response, at: Real, distance_m: float) -> NDArray[np.bool_]:
    """Rows this close to the side."""
    near: NDArray[np.bool_] = np.linalg.norm(response.center_m[:, :2] - at[:2], axis=1) < distance_m
    return near
