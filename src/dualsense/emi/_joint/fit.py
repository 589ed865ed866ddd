"""Several dipoles, soil and drift fitted together: the linear part solved, the positions refined."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._balance import Balance, known_std, with_soil
from dualsense.emi._columns import column_rows, slope_rows, tensors_from_elements
from dualsense.emi._dipole import Dipole
from dualsense.emi._joint.search import RIDGE
from dualsense.emi._joint.span import Span
from dualsense.emi._loss import kept_energy, shrink_along_soil

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dualsense.emi._response import Response

    Real = NDArray[np.float64]

MAX_DEPTH_M = 0.3
LOCAL_M = 0.12
STRAY_M = 0.065
WEAK_STRAY_M = 0.025
"""Refinement may carry a dipole this far to the side of where the search saw it, so that it stays the same object;
one much weaker than what was found before it less far, or it would be spent on a strong neighbour."""
COMPANION_STEP_M = 0.025
TOGETHER_M = 0.25
"""Dipoles farther apart than this are not refined together."""
TRIAL_STEPS = 7
MEMORY = 100
COMPANION_STRAY_M = 0.04
CLOSEST_M = 0.02
"""Two dipoles may not come nearer than this to each other: with opposite signs they would make any derivative of a
field, a track's error for one, and each by itself would mean nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """How a dipole is fitted: with a full tensor or its mean, and how far from its anchor it may stray.

    ``lead`` is the dipole whose companion it is, None for an object without one. Companion and lead both stay
    close to where the lead was, or the pair would reach out for a neighbour.
    """

    full: bool
    anchor: Real
    stray_m: float
    lead: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """All positions with one more dipole, and the misfit they reach."""

    kind: Kind
    positions: list[Real]
    misfit: float


class JointFit:
    """Dipole positions found so far, and everything that is solved linearly beside them."""

    def __init__(
        self,
        response: Response,
        fitted: Balance,
        roughness_m: float,
    ) -> None:
        self.response = response
        self.fitted = fitted
        self.roughness_m = roughness_m
        self.positions: list[Real] = []
        self.kinds: list[Kind] = []
        self.weight = np.ones(response.time_s.size)
        self._memory: tuple[dict[bytes, Real], dict[bytes, Real]] = ({}, {})
        self._spans: dict[tuple[int, ...], Span] = {}
        self.position_std = known_std(response.position_std_m).T
        self.box_low = np.array([*(response.center_m[:, :2].min(axis=0) - 0.03), -MAX_DEPTH_M])
        self.box_high = np.array([*(response.center_m[:, :2].max(axis=0) + 0.03), -0.003])

    def _columns(self, n: int, position: Real) -> Real:
        """Columns (q, m) of dipole n if it lay there; those of dipoles that rest are computed once."""
        columns = _remembered(self._memory[0], self.response, position, column_rows)
        return columns if self.kinds[n].full else columns[:3].sum(axis=0, keepdims=True)

    def _slopes(self, n: int, position: Real) -> Real:
        """Change (3, q, m) of the columns with the dipole's coordinates."""
        slopes = _remembered(self._memory[1], self.response, position, slope_rows)
        return slopes if self.kinds[n].full else slopes[:, :3].sum(axis=1, keepdims=True)

    def _weighed(self, which: list[int], positions: list[Real]) -> Real:
        return np.concatenate([self._columns(n, positions[n]) for n in which]) * self.weight

    def _ground(self) -> Span:
        """Drift and soil, in rows as they are weighed now."""
        if () not in self._spans:
            data = (self.response.values * self.weight[:, None]).T
            basis = np.ascontiguousarray(self.fitted.basis.T) * self.weight
            self._spans[()] = Span.nothing(self.fitted.whitener @ data).joined(basis)
        return self._spans[()]

    def _beside(self, which: list[int]) -> Span:
        """Drift, soil and some of the dipoles where they are."""
        if not which:
            return self._ground()
        key = tuple(which)
        if key not in self._spans:
            self._spans[key] = self._ground().joined(self._weighed(which, self.positions))
        return self._spans[key]

    def _all(self) -> tuple[Span, list[Real]]:
        """Everything that is fitted, and the coefficients (q, c) of each dipole."""
        which = list(range(len(self.positions)))
        span = self._beside(which)
        return span, self._parts(span, which)

    def _parts(self, span: Span, last: list[int]) -> list[Real]:
        """Coefficients (q, c) of the dipoles that were joined last."""
        coefficients = span.coefficients(RIDGE)
        sizes = [6 if self.kinds[n].full else 1 for n in last]
        split = len(coefficients) - sum(sizes) + np.cumsum([0, *sizes])
        return [coefficients[a:b] for a, b in pairwise(split)]

    def residual(self) -> tuple[Real, Real]:
        """Whitened, row-weighted residual (c, m), and the orthonormal basis of all that is fitted (p, m)."""
        span, _ = self._all()
        return span.rest, np.concatenate(span.blocks)

    def newcomer(self, start: Real, *, full: bool, weak: bool) -> Trial:
        """Try one more dipole from several depths, refining its neighbourhood jointly."""
        kind = Kind(full, start, WEAK_STRAY_M if weak else STRAY_M)
        depths = sorted({float(start[2]), -0.03, -0.09})
        return self._best(kind, [np.array([start[0], start[1], z]) for z in depths])

    def companion(self, lead: int) -> Trial:
        """Try a second dipole within a strong one's own object, whose size one point dipole cannot follow."""
        centre = self.positions[lead]
        kind = Kind(full=True, anchor=centre, stray_m=COMPANION_STRAY_M, lead=lead)
        sides = COMPANION_STEP_M * np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
        held = self.kinds
        self.kinds = list(held)
        self.kinds[lead] = Kind(held[lead].full, centre, COMPANION_STRAY_M, lead)
        try:
            return self._best(kind, list(centre + sides))
        finally:
            self.kinds = held

    def accept(self, trial: Trial) -> None:
        """Keep a trial, weigh the rows anew and refine once more."""
        self.kinds.append(trial.kind)
        self.positions = trial.positions
        if trial.kind.lead is not None:
            lead = trial.kind.lead
            self.kinds[lead] = Kind(self.kinds[lead].full, trial.kind.anchor, COMPANION_STRAY_M, lead)
        self._reweight()
        self.positions, _ = self._refine(self.positions)
        self._reweight()

    def _best(self, kind: Kind, starts: list[Real]) -> Trial:
        self.kinds.append(kind)
        try:
            tries = [self._refine([*self.positions, start], steps=TRIAL_STEPS) for start in starts]
        finally:
            self.kinds.pop()
        positions, misfit = min(tries, key=lambda found: found[1])
        return Trial(kind, positions, misfit)

    def _steepness(
        self, positions: list[Real], active: list[int], parts: list[Real], span: Span
    ) -> tuple[Real, Real]:
        """Form the normal matrix and gradient of half the misfit by the active positions, of Kaufman's Jacobian.

        That is minus the part of the moved response which nothing linear explains, so of what is explained only
        the coordinates are needed.
        """
        moved = np.concatenate(
            [parts[k].T @ (self._slopes(n, positions[n]) * self.weight) for k, n in enumerate(active)]
        )
        flat = moved.reshape(-1, moved.shape[-1])
        along = span.coordinates(flat).T.reshape(len(moved), -1)
        across = flat.reshape(len(moved), -1)
        return across @ across.T - along @ along.T, -across @ span.rest.ravel()

    def _refine(self, positions: list[Real], *, steps: int = 12) -> tuple[list[Real], float]:
        """Levenberg-Marquardt over the positions near the last one; returns them and the misfit."""
        positions = [p.copy() for p in positions]
        last = positions[-1]
        active = [n for n, p in enumerate(positions) if np.linalg.norm(p[:2] - last[:2]) < TOGETHER_M]
        resting = self._beside([n for n in range(len(positions)) if n not in active])
        span = resting.joined(self._weighed(active, positions))
        misfit = span.misfit()
        damping = 1e-2
        for _ in range(steps):
            normal, gradient = self._steepness(positions, active, self._parts(span, active), span)
            improved = False
            for _try in range(5):
                lift = damping * np.diag(np.diag(normal) + 1e-6 * np.trace(normal) / len(gradient) + 1e-300)
                move = -np.linalg.solve(normal + lift, gradient)
                move *= min(1.0, 0.03 / max(float(np.abs(move).max()), 1e-12))
                trial = [p.copy() for p in positions]
                for k, n in enumerate(active):
                    trial[n] = self._inside(n, trial[n] + move[3 * k : 3 * k + 3])
                if _collapses(positions, trial, active):
                    damping *= 5.0
                    continue
                tried = resting.joined(self._weighed(active, trial))
                if tried.misfit() < misfit:
                    improved = misfit - tried.misfit() > 1e-4 * misfit
                    positions, span, misfit = trial, tried, tried.misfit()
                    damping = max(damping / 5.0, 1e-6)
                    break
                damping *= 5.0
            if not improved:
                break
        return positions, misfit

    def _inside(self, n: int, position: Real) -> Real:
        """Keep a position within the patch, the depth range, and the neighbourhood of its anchor."""
        kind = self.kinds[n]
        stray = np.array([kind.stray_m, kind.stray_m, MAX_DEPTH_M if kind.lead is None else kind.stray_m])
        low = np.maximum(self.box_low, kind.anchor - stray)
        high = np.minimum(self.box_high, kind.anchor + stray)
        return np.clip(position, np.minimum(low, high), np.maximum(low, high))

    def _reweight(self) -> None:
        """Fit soil and drift again beside the dipoles; weigh rows by what the position error makes of them."""
        which = list(range(len(self.positions)))
        last = self.fitted.basis.shape[1] - 1
        for _ in range(2):
            self._spans.clear()
            span = self._beside(which)
            unwhiten = np.linalg.inv(self.fitted.whitener)
            soil = unwhiten @ span.coefficients(0.0)[last]
            self.fitted = with_soil(self.fitted, self.response, soil, roughness_m=self.roughness_m)
            parts = self._parts(span.seen_as(self.fitted.whitener @ unwhiten), which)
            moved = np.zeros((3, *self.response.values.T.shape))
            for n, p in enumerate(self.positions):
                moved += parts[n].T @ self._slopes(n, p)
            variance = ((moved * self.position_std[:, None]) ** 2).mean(axis=1).sum(axis=0)
            self.weight = 1.0 / np.sqrt(1.0 + variance)
        self._spans.clear()

    def settle(self, positions: list[Real], kinds: list[Kind]) -> None:
        """Take dipoles as they are, where they are, and fit soil, drift and the rows' weights beside them."""
        self.positions, self.kinds = [p.copy() for p in positions], list(kinds)
        self._reweight()

    def alone(self, which: list[int]) -> Real:
        """Response (m, c) of some dipoles and of what nothing explains, without soil, drift and the others."""
        span, parts = self._all()
        white = span.rest / self.weight
        for n in which:
            white = white + parts[n].T @ self._columns(n, self.positions[n])
        values: Real = white.T @ np.linalg.inv(self.fitted.whitener).T
        return values

    def dipoles(self, contrasts: list[float]) -> tuple[Dipole, ...]:
        """Tensors, covariance and coherence of what was found."""
        if not self.positions:
            return ()
        span, parts = self._all()
        ground = self._ground().blocks[0]
        unwhiten = np.linalg.inv(self.fitted.whitener)
        variance = max(float((span.rest**2).mean()), 1e-12)
        out = []
        for n, position in enumerate(self.positions):
            normal, _ = self._steepness(self.positions, [n], [parts[n]], span)
            covariance = np.linalg.inv(normal + 1e-9 * np.trace(normal) * np.eye(3) + 1e-6 * np.eye(3)) * variance
            near = np.linalg.norm(self.response.center_m[:, :2] - position[:2], axis=1) < LOCAL_M
            own = self._columns(n, position)
            model = parts[n].T @ (own * self.weight)
            model = model - (model @ ground.T) @ ground
            signal, left = float((model[:, near] ** 2).sum()), float((span.rest[:, near] ** 2).sum())
            coherence = signal / (signal + left) if signal + left > 0 else 0.0
            elements = shrink_along_soil(parts[n] @ unwhiten.T, self._own_gram(n), self.fitted)
            kept = kept_energy(own.T @ elements, self.fitted)
            statistic = float((model**2).sum())
            out.append(
                Dipole(
                    position, covariance, tensors_from_elements(elements), statistic, contrasts[n], coherence, kept
                )
            )
        return tuple(out)

    def _own_gram(self, n: int) -> Real:
        """Gram matrix of one dipole's columns without what drift, soil and the other dipoles could explain."""
        others = self._beside([k for k in range(len(self.positions)) if k != n])
        own = self._columns(n, self.positions[n]) * self.weight
        along = others.coordinates(own)
        return own @ own.T - along.T @ along


def _remembered(
    memory: dict[bytes, Real], response: Response, position: Real, compute: Callable[[Response, Real], Real]
) -> Real:
    key = position.tobytes()
    if key not in memory:
        if len(memory) > MEMORY:
            memory.clear()
        memory[key] = compute(response, position)
    return memory[key]


def _collapses(before: list[Real], after: list[Real], moved: list[int]) -> bool:
    """Tell whether a move brings two dipoles nearer to each other than `CLOSEST_M`, and nearer than they were."""
    for n in moved:
        for k in range(len(after)):
            distance = float(np.linalg.norm(after[n] - after[k]))
            if k != n and distance < CLOSEST_M and distance < float(np.linalg.norm(before[n] - before[k])):
                return True
    return False
