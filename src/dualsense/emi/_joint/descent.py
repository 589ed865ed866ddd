"""Further dipoles tried beside those of a joint fit, all positions near them refined together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._joint.fit import JointFit, Kind, Site, Source, joined, parts_of, reweighted, steepness

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
COMPANION_STEP_M = 0.025
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
    return _best(fit, fit.sources, kind, [np.array([start[0], start[1], z]) for z in depths])


def companion(fit: JointFit, lead: int) -> Trial:
    """Try a second dipole within a strong one's own object, whose size one point dipole cannot follow."""
    centre = fit.sources[lead].position_m
    kind = Kind(full=True, anchor=centre, stray_m=COMPANION_STRAY_M, lead=lead)
    sides = COMPANION_STEP_M * np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
    held = replace(fit.sources[lead], kind=replace(kind, full=fit.sources[lead].kind.full))
    sources = (*fit.sources[:lead], held, *fit.sources[lead + 1 :])
    return _best(fit, sources, kind, list(centre + sides))


def accept(fit: JointFit, trial: Trial) -> JointFit:
    """Keep a trial, weigh the rows anew and refine once more."""
    fit = reweighted(replace(fit, sources=trial.sources))
    sources, _ = _descended(fit, fit.sources, steps=STEPS)
    return reweighted(replace(fit, sources=sources))


def _best(fit: JointFit, sources: tuple[Source, ...], kind: Kind, starts: Sequence[Real]) -> Trial:
    """Refine with one more dipole of a kind from each start; the trial that leaves least."""
    tries = [
        _descended(fit, (*sources, Source(Site(fit.response, start), kind)), steps=TRIAL_STEPS) for start in starts
    ]
    return Trial(*min(tries, key=lambda found: found[1]))


def _descended(fit: JointFit, sources: tuple[Source, ...], *, steps: int) -> tuple[tuple[Source, ...], float]:
    """Levenberg-Marquardt over the positions near the last one; returns the dipoles and the misfit."""
    last = sources[-1].position_m
    active = [n for n, s in enumerate(sources) if np.linalg.norm(s.position_m[:2] - last[:2]) < TOGETHER_M]
    resting = fit.beside([s for n, s in enumerate(sources) if n not in active])
    box = _box(fit.response)
    span = joined(resting, [sources[n] for n in active], fit.weight)
    misfit = span.misfit()
    damping = 1e-2
    for _ in range(steps):
        moving = [sources[n] for n in active]
        normal, gradient = steepness(moving, parts_of(span, moving), span, fit.weight)
        improved = False
        for _try in range(DAMPINGS):
            lift = damping * np.diag(np.diag(normal) + 1e-6 * np.trace(normal) / len(gradient) + 1e-300)
            move = -np.linalg.solve(normal + lift, gradient)
            move *= min(1.0, MAX_STEP_M / max(float(np.abs(move).max()), 1e-12))
            trial = list(sources)
            for k, n in enumerate(active):
                trial[n] = _inside(sources[n], sources[n].position_m + move[3 * k : 3 * k + 3], box)
            if _collapses(sources, trial, active):
                damping *= 5.0
                continue
            tried = joined(resting, [trial[n] for n in active], fit.weight)
            if tried.misfit() < misfit:
                improved = misfit - tried.misfit() > 1e-4 * misfit
                sources, span, misfit = tuple(trial), tried, tried.misfit()
                damping = max(damping / 5.0, 1e-6)
                break
            damping *= 5.0
        if not improved:
            break
    return sources, misfit


def _box(response: Response) -> tuple[Real, Real]:
    """Lowest and highest coordinates (3,) that a dipole under the rows may have."""
    low, high = response.center_m[:, :2].min(axis=0), response.center_m[:, :2].max(axis=0)
    return np.array([*(low - MARGIN_M), -MAX_DEPTH_M]), np.array([*(high + MARGIN_M), -MIN_DEPTH_M])


def _inside(source: Source, position_m: Real, box: tuple[Real, Real]) -> Source:
    """Move a dipole, but keep it within the box and the neighbourhood of its anchor."""
    kind = source.kind
    stray = np.array([kind.stray_m, kind.stray_m, MAX_DEPTH_M if kind.lead is None else kind.stray_m])
    low = np.maximum(box[0], kind.anchor - stray)
    high = np.minimum(box[1], kind.anchor + stray)
    return source.moved(np.clip(position_m, np.minimum(low, high), np.maximum(low, high)))


def _collapses(before: Sequence[Source], after: Sequence[Source], moved: Sequence[int]) -> bool:
    """Return whether a move brings two dipoles closer than `CLOSEST_M`, and closer than they were."""
    for n in moved:
        for k in range(len(after)):
            distance = float(np.linalg.norm(after[n].position_m - after[k].position_m))
            earlier = float(np.linalg.norm(before[n].position_m - before[k].position_m))
            if k != n and distance < CLOSEST_M and distance < earlier:
                return True
    return False
