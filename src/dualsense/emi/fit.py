"""Several dipoles, soil and drift fitted together: the linear part solved, the positions refined."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi.balance import FALLBACK_POSITION_STD_M, Balance, balance
from dualsense.emi.dipole import Dipole, dipole_columns, tensor
from dualsense.emi.loss import kept_energy, shrink_along_soil
from dualsense.emi.search import RIDGE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi.calibrate import Response

    Real = NDArray[np.float64]

MAX_DEPTH_M = 0.3
LOCAL_M = 0.12
STRAY_M = 0.065
WEAK_STRAY_M = 0.025
"""Refinement may carry a dipole this far to the side of where the scan saw it, so that it stays the same object;
one much weaker than what was found before it less far, or it would be spent on a strong neighbour."""
COMPANION_STEP_M = 0.025
TOGETHER_M = 0.25
"""Dipoles farther apart than this are not refined together."""
TRIAL_STEPS = 7
MEMORY = 200
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
        noise: Real,
        fitted: Balance,
        roughness_m: float,
    ) -> None:
        self.response = response
        self.noise = noise
        self.fitted = fitted
        self.roughness_m = roughness_m
        self.positions: list[Real] = []
        self.kinds: list[Kind] = []
        self.memory: dict[bytes, Real] = {}
        self.weight = np.ones(response.time_s.size)
        std = response.position_std_m
        self.position_std = np.where(np.isfinite(std), std, FALLBACK_POSITION_STD_M)
        self.box_low = np.array([*(response.center_m[:, :2].min(axis=0) - 0.03), -MAX_DEPTH_M])
        self.box_high = np.array([*(response.center_m[:, :2].max(axis=0) + 0.03), -0.003])

    def _columns(self, n: int, position: Real, shift: Real | None = None) -> Real:
        """Columns of dipole n if it lay there; those of dipoles that rest are computed once."""
        key = position.tobytes() + (b"" if shift is None else shift.tobytes())
        if key not in self.memory:
            if len(self.memory) > MEMORY:
                self.memory.clear()
            self.memory[key] = dipole_columns(self.response, position, shift_m=shift)
        columns = self.memory[key]
        return columns if self.kinds[n].full else columns[:, :3].sum(axis=1, keepdims=True)

    def _solve(self, positions: list[Real]) -> tuple[list[Real], Real, Real]:
        """Linear part: whitened coefficients of each dipole, orthonormal basis and residual, all row-weighted."""
        objects = [self._columns(n, p) for n, p in enumerate(positions)]
        design = np.concatenate([self.fitted.basis, *objects], axis=1) * self.weight[:, None]
        scale = np.sqrt((design**2).sum(axis=0)) + 1e-300
        q, r = np.linalg.qr(design / scale)
        white = (self.response.values @ self.fitted.whitener.T) * self.weight[:, None]
        along = q.T @ white
        damp = RIDGE * np.eye(r.shape[0])
        coefficients = np.linalg.solve(r.T @ r + damp**2, r.T @ along) / scale[:, None]
        split = np.cumsum([self.fitted.basis.shape[1], *(o.shape[1] for o in objects)])
        parts = [coefficients[a:b] for a, b in pairwise(split)]
        return parts, q, white - q @ along

    def residual(self) -> tuple[Real, Real]:
        """Whitened, row-weighted residual (m, c), and the orthonormal basis of all that is fitted (m, p)."""
        _, q, rest = self._solve(self.positions)
        return rest, q

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

    def _jacobian(self, positions: list[Real], active: list[int], parts: list[Real], q: Real) -> Real:
        """Kaufman's Jacobian of the residual to the active positions (m c, 3 per dipole)."""
        columns = []
        for n in active:
            for axis in range(3):
                step = np.zeros(3)
                step[axis] = 1e-4
                slope = (self._columns(n, positions[n] + step) - self._columns(n, positions[n] - step)) / 2e-4
                moved = (slope * self.weight[:, None]) @ parts[n]
                columns.append((moved - q @ (q.T @ moved)).ravel())
        return -np.stack(columns, axis=1)

    def _refine(self, positions: list[Real], *, steps: int = 12) -> tuple[list[Real], float]:
        """Levenberg-Marquardt over the positions near the last one; returns them and the misfit."""
        positions = [p.copy() for p in positions]
        last = positions[-1]
        active = [n for n, p in enumerate(positions) if np.linalg.norm(p[:2] - last[:2]) < TOGETHER_M]
        parts, q, rest = self._solve(positions)
        misfit = float((rest**2).sum())
        damping = 1e-2
        for _ in range(steps):
            jacobian = self._jacobian(positions, active, parts, q)
            normal = jacobian.T @ jacobian
            gradient = jacobian.T @ rest.ravel()
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
                parts_t, q_t, rest_t = self._solve(trial)
                misfit_t = float((rest_t**2).sum())
                if misfit_t < misfit:
                    improved = misfit - misfit_t > 1e-4 * misfit
                    positions, parts, q, rest, misfit = trial, parts_t, q_t, rest_t, misfit_t
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
        for _ in range(2):
            columns = [self._columns(n, p) for n, p in enumerate(self.positions)]
            objects = np.concatenate(columns, axis=1) if columns else None
            self.fitted = balance(
                self.response,
                self.noise,
                roughness_m=self.roughness_m,
                objects=objects,
                row_weight=self.weight,
                earlier=self.fitted,
            )
            parts, _, _ = self._solve(self.positions)
            variance = np.zeros(self.weight.size)
            for axis in range(3):
                step = np.zeros(3)
                step[axis] = 5e-4
                moved = np.zeros(self.response.values.shape)
                for n, p in enumerate(self.positions):
                    moved += (self._columns(n, p, step) - self._columns(n, p, -step)) @ parts[n] / 1e-3
                variance += ((moved * self.position_std[:, axis : axis + 1]) ** 2).mean(axis=1)
            self.weight = 1.0 / np.sqrt(1.0 + variance)

    def settle(self, positions: list[Real], kinds: list[Kind]) -> None:
        """Take dipoles as they are, where they are, and fit soil, drift and the rows' weights beside them."""
        self.positions, self.kinds = [p.copy() for p in positions], list(kinds)
        self._reweight()

    def alone(self, which: list[int]) -> Real:
        """Response (m, c) of some dipoles and of what nothing explains, without soil, drift and the others."""
        parts, _, rest = self._solve(self.positions)
        white = rest / self.weight[:, None]
        for n in which:
            white = white + self._columns(n, self.positions[n]) @ parts[n]
        values: Real = white @ np.linalg.inv(self.fitted.whitener).T
        return values

    def dipoles(self, contrasts: list[float]) -> tuple[Dipole, ...]:
        """Tensors, covariance and coherence of what was found."""
        if not self.positions:
            return ()
        parts, q, rest = self._solve(self.positions)
        unwhiten = np.linalg.inv(self.fitted.whitener)
        variance = max(float((rest**2).mean()), 1e-12)
        out = []
        for n, position in enumerate(self.positions):
            jacobian = self._jacobian(self.positions, [n], parts, q)
            normal = jacobian.T @ jacobian
            covariance = np.linalg.inv(normal + 1e-9 * np.trace(normal) * np.eye(3) + 1e-6 * np.eye(3)) * variance
            near = np.linalg.norm(self.response.center_m[:, :2] - position[:2], axis=1) < LOCAL_M
            model = (self._columns(n, position) * self.weight[:, None]) @ parts[n]
            model = model - q[:, : self.fitted.basis.shape[1]] @ (q[:, : self.fitted.basis.shape[1]].T @ model)
            signal, left = float((model[near] ** 2).sum()), float((rest[near] ** 2).sum())
            coherence = signal / (signal + left) if signal + left > 0 else 0.0
            own = self._columns(n, position)
            elements = shrink_along_soil(parts[n] @ unwhiten.T, self._own_gram(n), self.fitted)
            kept = kept_energy(own @ elements, self.fitted)
            statistic = float((model**2).sum())
            out.append(Dipole(position, covariance, tensor(elements), statistic, contrasts[n], coherence, kept))
        return tuple(out)

    def _own_gram(self, n: int) -> Real:
        """Gram matrix of one dipole's columns without what drift, soil and the other dipoles could explain."""
        others = [self._columns(k, p) for k, p in enumerate(self.positions) if k != n]
        design = np.concatenate([self.fitted.basis, *others], axis=1) * self.weight[:, None]
        q, _ = np.linalg.qr(design / (np.sqrt((design**2).sum(axis=0)) + 1e-300))
        own = self._columns(n, self.positions[n]) * self.weight[:, None]
        own = own - q @ (q.T @ own)
        return own.T @ own


def _collapses(before: list[Real], after: list[Real], moved: list[int]) -> bool:
    """Tell whether a move brings two dipoles nearer to each other than `CLOSEST_M`, and nearer than they were."""
    for n in moved:
        for k in range(len(after)):
            distance = float(np.linalg.norm(after[n] - after[k]))
            if k != n and distance < CLOSEST_M and distance < float(np.linalg.norm(before[n] - before[k])):
                return True
    return False
