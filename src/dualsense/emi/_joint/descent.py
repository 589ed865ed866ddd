"""Further dipoles tried beside those of a joint fit, all positions near them refined together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._columns import coil_arrays
from dualsense.emi._joint import _descent_kernels as kernels
from dualsense.emi._joint.fit import JointFit, Kind, Site, Source, reweighted
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
SIDES_M = 0.025 * np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
"""Where companions are begun beside their lead."""
TOGETHER_M = 0.25
"""Dipoles farther apart than this are not refined together."""
TRIAL_STEPS, STEPS = 7, 12
DAMPINGS = 5
MAX_STEP_M = 0.03
COMPANION_STRAY_M = 0.04
CLOSEST_M = 0.02
"""Two dipoles may not come nearer than this to each other: with opposite signs they would make any derivative of a
field, a track's error for one, and each by itself would mean nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """All dipoles with one more, and the misfit they reach."""

    sources: tuple[Source, ...]
    misfit: float


def newcomer(fit: JointFit, start: Real, *, full: bool, weak: bool) -> Trial:
    """Try one more dipole from several depths, refining its neighbourhood jointly.

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
    kind = Kind(full, start, WEAK_STRAY_M if weak else STRAY_M)
    depths = sorted({float(start[2]), *(-depth for depth in START_DEPTHS_M)})
    starts = [np.array([start[0], start[1], z]) for z in depths]
    tries = _tried(fit, [(*fit.sources, Source(Site(fit.response, at), kind)) for at in starts])
    return min(tries, key=lambda trial: trial.misfit)


def companions(fit: JointFit, leads: Sequence[int]) -> list[Trial]:
    """Try a second dipole within a strong one's own object, whose size one point dipole cannot follow.

    Parameters
    ----------
    fit
        What was found so far.
    leads
        Numbers of the strong ones.

    Returns
    -------
    list of Trial
        One for each lead and side of it.
    """
    tries = []
    for lead in leads:
        centre = fit.sources[lead].position_m
        kind = Kind(full=True, anchor=centre, stray_m=COMPANION_STRAY_M, lead=lead)
        held = replace(fit.sources[lead], kind=replace(kind, full=fit.sources[lead].kind.full))
        sources = (*fit.sources[:lead], held, *fit.sources[lead + 1 :])
        tries += [(*sources, Source(Site(fit.response, start), kind)) for start in centre + SIDES_M]
    return _tried(fit, tries)


def accept(fit: JointFit, trial: Trial) -> JointFit:
    """Keep a trial, weigh the rows anew and refine once more."""
    fit = reweighted(replace(fit, sources=trial.sources))
    return reweighted(replace(fit, sources=_descended(fit, fit.sources, steps=STEPS).sources))


def _tried(fit: JointFit, tries: Sequence[tuple[Source, ...]]) -> list[Trial]:
    """Refine each, as many at once as threads are allowed."""
    _ = fit.ground  # which all of them need
    return in_threads(partial(_descended, fit, steps=TRIAL_STEPS), tries)


def _descended(fit: JointFit, sources: tuple[Source, ...], *, steps: int) -> Trial:
    """Levenberg-Marquardt over the positions near the last one; where they lead and the misfit there."""
    places = np.array([source.position_m for source in sources])
    near = np.linalg.norm(places[:, :2] - places[-1, :2], axis=1) < TOGETHER_M
    resting = [source for source, moves in zip(sources, near, strict=True) if not moves]
    setting = setting_of(fit, resting, [source for source, moves in zip(sources, near, strict=True) if moves])
    limits = kernels.Limits(steps, DAMPINGS, MAX_STEP_M, CLOSEST_M)
    found, misfit = kernels.descend(places[near], setting, limits, RIDGE)
    moved = iter(found)
    after = tuple(s.moved(next(moved)) if moves else s for s, moves in zip(sources, near, strict=True))
    return Trial(after, misfit)


def setting_of(fit: JointFit, resting: Sequence[Source], moving: Sequence[Source]) -> kernels.Setting:
    """Rows, data and what rests of a descent."""
    span = fit.beside(resting)
    ridge = RIDGE**2 * np.eye(len(span.scale))
    slack = np.asarray(np.linalg.solve(span.triangle @ span.triangle.T + ridge, ridge), dtype=np.float64)
    _, axes = np.linalg.eigh(span.rest @ span.rest.T)  # in them, few channels tell of any one dipole
    low, high = _limits(fit.response, moving)
    return kernels.Setting(
        coils=coil_arrays(fit.response),
        weight=fit.weight,
        basis=np.concatenate(span.blocks),
        slack=slack,
        gone=slack @ span.along @ axes,
        rest=np.ascontiguousarray(axes.T @ span.rest),
        wide=np.array([source.kind.full for source in moving]),
        low=low,
        high=high,
        others=np.array([source.position_m for source in resting]).reshape(-1, 3),
    )


def _limits(response: Response, sources: Sequence[Source]) -> tuple[Real, Real]:
    """Lowest and highest coordinates (n, 3) of dipoles: under the rows, and near their anchors."""
    low, high = response.center_m[:, :2].min(axis=0) - MARGIN_M, response.center_m[:, :2].max(axis=0) + MARGIN_M
    anchor = np.array([source.kind.anchor for source in sources])
    stray = np.array(
        [[s.kind.stray_m] * 2 + [MAX_DEPTH_M if s.kind.lead is None else s.kind.stray_m] for s in sources]
    )
    lowest = np.maximum([*low, -MAX_DEPTH_M], anchor - stray)
    highest = np.minimum([*high, -MIN_DEPTH_M], anchor + stray)
    return np.minimum(lowest, highest), np.maximum(lowest, highest)
