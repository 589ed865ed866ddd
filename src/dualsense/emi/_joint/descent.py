"""Further dipoles tried beside those of a joint fit, all positions near them refined together."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._columns import coil_arrays
from dualsense.emi._joint import _descent_kernels as kernels
from dualsense.emi._joint.fit import PLACED_STD_M, JointFit, Kind, Site, Source, reweighted
from dualsense.emi._joint.mend import weighed
from dualsense.emi._joint.search import RIDGE
from dualsense.runtime.threads import in_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.emi._response import Response

    Real = NDArray[np.float64]

MAX_DEPTH_M, MIN_DEPTH_M, MARGIN_M = 0.3, 0.003, 0.03
"""Depths of dipoles, and how far beyond the outermost rows they may lie."""
STRAY_M = 0.065
WEAK_STRAY_M = 0.025
"""Refinement may carry a dipole this far to the side of where the search saw it, so that it stays the same object;
one much weaker than what was found before it less far, or it would be spent on a strong neighbour."""
START_DEPTHS_M = (0.03, 0.09)
TOGETHER_M = 0.25
"""Dipoles farther apart than this are not refined together."""
STEEP_M = 0.3
"""Rows within this distance of what moves tell how steep the misfit is; further off the field is a thousandth."""
FIRST_STEPS, TRIAL_STEPS, STEPS = 2, 5, 12
"""From every start; then from the best of them; and once it is accepted."""
DAMPINGS = 5
MAX_STEP_M = 0.03
VECTOR = 8
"""Numbers in single precision that a processor works on at once."""
CLOSEST_M = 0.02
"""Two dipoles may not come nearer than this to each other: with opposite signs they would make any derivative of a
field, a track's error for one, and each by itself would mean nothing."""


def newcomer(fit: JointFit, start: Real, *, full: bool, weak: bool) -> tuple[Source, ...]:
    """Put one more dipole beside those of a fit, from the best of several depths, its neighbours refined with it.

    Parameters
    ----------
    fit
        What was found so far.
    start : (3,)
        Where the search saw it.
    full
        With a tensor of its own rather than an isotropic one.
    weak
        Much weaker than what was found before: it may stray less.
    """
    kind = Kind(full, start[:2], WEAK_STRAY_M if weak else STRAY_M)
    depths = sorted({float(start[2]), *(-depth for depth in START_DEPTHS_M)})
    starts = [np.array([start[0], start[1], z]) for z in depths]
    trials = [(*fit.sources, Source(Site(fit.response, at), kind)) for at in starts]
    moves = _beside_last(trials[0])
    setting = _setting(fit, trials[0], moves)  # of all of them, as they differ in a depth only
    begun = in_threads(partial(_carried, moves=moves, setting=setting, steps=FIRST_STEPS), trials)
    best, _ = min(begun, key=lambda end: end[1])
    return _descended(fit, best, steps=TRIAL_STEPS)[0]


def accept(fit: JointFit, sources: tuple[Source, ...], as_told: Response) -> JointFit:
    """Take these dipoles, mend the track and weigh the rows by them, and refine once more around the last."""
    fit = weighed(fit.with_sources(sources), as_told, object_std_m=PLACED_STD_M)
    return reweighted(fit.with_sources(_descended(fit, fit.sources, steps=STEPS)[0]))


def _descended(fit: JointFit, sources: tuple[Source, ...], *, steps: int) -> tuple[tuple[Source, ...], float]:
    """Levenberg-Marquardt over the positions near the last one; where they lead and the misfit there."""
    moves = _beside_last(sources)
    return _carried(sources, moves=moves, setting=_setting(fit, sources, moves), steps=steps)


def _beside_last(sources: Sequence[Source]) -> NDArray[np.bool_]:
    """Which dipoles (n,) are refined together with the last."""
    places = np.array([source.position_m[:2] for source in sources])
    near: NDArray[np.bool_] = np.linalg.norm(places - places[-1], axis=1) < TOGETHER_M
    return near


def _setting(fit: JointFit, sources: Sequence[Source], moves: NDArray[np.bool_]) -> kernels.Setting:
    """Rows, data and what rests of a descent of those that move."""
    both = list(zip(sources, moves, strict=True))
    return setting_of(fit, [s for s, own in both if not own], [s for s, own in both if own])


def _carried(
    sources: tuple[Source, ...], *, moves: NDArray[np.bool_], setting: kernels.Setting, steps: int
) -> tuple[tuple[Source, ...], float]:
    """Carry those that move to where a descent leads them, and tell the misfit there."""
    places = np.array([source.position_m for source in sources])
    limits = kernels.Limits(steps, DAMPINGS, MAX_STEP_M, CLOSEST_M)
    found, misfit = kernels.descend(places[moves], setting, limits, RIDGE)
    moved = iter(found)
    return tuple(s.moved(next(moved)) if own else s for s, own in zip(sources, moves, strict=True)), misfit


def setting_of(fit: JointFit, resting: Sequence[Source], moving: Sequence[Source]) -> kernels.Setting:
    """Rows, data and what rests of a descent."""
    span = fit.beside(resting)
    ridge = RIDGE**2 * np.eye(len(span.scale))
    slack = np.asarray(np.linalg.solve(span.triangle @ span.triangle.T + ridge, ridge), dtype=np.float64)
    _, axes = np.linalg.eigh(span.rest @ span.rest.T)  # in them, few channels tell of any one dipole
    low, high = _limits(fit.response, moving)
    coils, basis = coil_arrays(fit.response), np.concatenate(span.blocks)
    near = _near(fit.response, moving)
    light = np.take(basis, near, axis=1).astype(np.float32)  # row after row, as indexing would not lay it
    aside = np.zeros((near.size, -(-len(light) // VECTOR) * VECTOR), np.float32)
    aside[:, : len(light)] = light.T
    return kernels.Setting(
        coils=coils,
        weight=fit.weight,
        basis=basis,
        slack=slack,
        gone=slack @ span.along @ axes,
        rest=np.ascontiguousarray(axes.T @ span.rest),
        wide=np.array([source.kind.full for source in moving]),
        low=low,
        high=high,
        others=np.array([source.position_m for source in resting]).reshape(-1, 3),
        near=near,
        close=kernels.RowCoils(*(np.ascontiguousarray(a[near]) for a in coils)),
        light=light,
        aside=aside,
    )


def _near(response: Response, moving: Sequence[Source]) -> NDArray[np.intp]:
    """Rows within reach of any of these."""
    near = np.zeros(response.time_s.size, dtype=bool)
    for source in moving:
        near |= ((response.center_m[:, :2] - source.position_m[:2]) ** 2).sum(axis=1) < STEEP_M**2
    return np.flatnonzero(near)


def _limits(response: Response, sources: Sequence[Source]) -> tuple[Real, Real]:
    """Lowest and highest coordinates (n, 3) of dipoles: under the rows, and near their anchors."""
    xy = response.center_m[:, :2]
    anchor = np.array([source.kind.anchor for source in sources])
    stray = np.array([[source.kind.stray_m] for source in sources])
    deepest, highest = np.full((len(sources), 1), -MAX_DEPTH_M), np.full((len(sources), 1), -MIN_DEPTH_M)
    low = np.hstack([np.maximum(xy.min(axis=0) - MARGIN_M, anchor - stray), deepest])
    high = np.hstack([np.minimum(xy.max(axis=0) + MARGIN_M, anchor + stray), highest])
    return np.minimum(low, high), np.maximum(low, high)
