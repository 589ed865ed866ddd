"""Dipoles under the coils: where metal lies, how deep, and how much.

The response of a small target is linear in its polarizability tensor and not in its position. So a grid of
positions is scanned with the linear part solved at each node, the best node is taken, all positions are
refined together by variable projection (Golub and Pereyra 1973, with Kaufman's 1975 Jacobian), and the scan
is repeated on what is left, as in orthogonal matching pursuit.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi.balance import FALLBACK_POSITION_STD_M, Balance, balance
from dualsense.emi.dipole import Dipole, dipole_columns, tensor
from dualsense.emi.search import MIN_ROWS, RIDGE, SCAN_DEPTHS_M, Scanner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

    from dualsense.emi.calibrate import Response

MAX_DEPTH_M = 0.3
LOCAL_M = 0.12
STRONG = 20.0
"""Times the acceptance threshold: from here the data carry a full tensor, below only its mean."""


@dataclass(frozen=True, slots=True, eq=False)
class Inversion:
    """All dipoles of a scan, the balance fitted with them, and the map of the first scan.

    ``statistic`` (ny, nx) over ``x_m`` and ``y_m`` is the best drop of the misfit over depth before any dipole
    was taken away.
    """

    dipoles: tuple[Dipole, ...]
    balance: Balance
    x_m: Real
    y_m: Real
    statistic: Real


def invert(
    response: Response,
    noise: Real,
    *,
    drift_knot_s: float = 5.0,
    roughness_m: float = 0.003,
    node_m: float = 0.02,
    reach_m: float = 0.3,
    max_dipoles: int = 12,
    min_statistic: float = 12.0,
    min_contrast: float = 2.6,
    min_explained: float = 0.25,
) -> Inversion:
    """Find dipoles one after the other until nothing stands out.

    Parameters
    ----------
    response
        Binned rows.
    noise : (c,)
        White noise of one row.
    node_m, reach_m
        Spacing of the scan and how far a row sees a target.
    max_dipoles
        More are not looked for.
    min_statistic
        Drop of the misfit per channel below which a peak is noise.
    min_contrast, min_explained
        A peak must also stand this many times above the median of its map, which holds what the model leaves;
        or, on a small patch that its signal fills, explain this part of the energy within 12 cm.
    """
    fitted = balance(response, noise, drift_knot_s=drift_knot_s, roughness_m=roughness_m)
    channels = response.values.shape[1]
    scanner = Scanner(response, node_m=node_m, reach_m=reach_m)
    state = _State(response, noise, fitted, drift_knot_s, roughness_m)
    first_map = np.zeros((scanner.y_m.size, scanner.x_m.size))
    first = True
    found: list[tuple[float, float]] = []
    while True:
        residual, q = state.residual()
        drop, depth = scanner.scan(residual, q, state.weight)
        if first:
            first = False
            first_map = drop.reshape(scanner.y_m.size, scanner.x_m.size)
        usable = scanner.covered & (np.array([r.size for r in scanner.rows]) >= MIN_ROWS)
        if not usable.any() or len(found) >= max_dipoles:
            break
        peak = int(np.argmax(drop))
        middle = max(float(np.median(drop[usable])), channels)
        near = np.linalg.norm(response.center_m[:, :2] - scanner.nodes[peak], axis=1) < LOCAL_M
        explained = drop[peak] / max(float((residual[near] ** 2).sum()), 1e-300)
        stands_out = drop[peak] >= min_contrast * middle or explained >= min_explained
        if drop[peak] < min_statistic * channels or not stands_out:
            break
        start = np.array([*scanner.nodes[peak], -SCAN_DEPTHS_M[depth[peak]]])
        if any(np.linalg.norm(start - p) < 0.5 * node_m for p in state.positions):
            break  # what is left sits on a dipole already fitted: it is model error, not another object
        strong = drop[peak] >= STRONG * min_statistic * channels
        state.add(start, full=bool(strong))
        found.append((float(drop[peak]), float(drop[peak] / middle)))
    dipoles = state.dipoles(found)
    return Inversion(dipoles, state.fitted, scanner.x_m, scanner.y_m, first_map)


class _State:
    """Dipole positions found so far, and everything that is solved linearly beside them."""

    def __init__(
        self,
        response: Response,
        noise: Real,
        fitted: Balance,
        drift_knot_s: float,
        roughness_m: float,
    ) -> None:
        self.response = response
        self.noise = noise
        self.fitted = fitted
        self.drift_knot_s = drift_knot_s
        self.roughness_m = roughness_m
        self.positions: list[Real] = []
        self.full: list[bool] = []
        self.weight = np.ones(response.time_s.size)
        std = response.position_std_m
        self.position_std = np.where(np.isfinite(std), std, FALLBACK_POSITION_STD_M)
        self.box_low = np.array([*(response.center_m[:, :2].min(axis=0) - 0.03), -MAX_DEPTH_M])
        self.box_high = np.array([*(response.center_m[:, :2].max(axis=0) + 0.03), -0.003])

    def _columns(self, n: int, position: Real, shift: Real | None = None) -> Real:
        columns = dipole_columns(self.response, position, shift_m=shift)
        return columns if self.full[n] else columns[:, :3].sum(axis=1, keepdims=True)

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

    def add(self, start: Real, *, full: bool) -> None:
        """Take one more dipole, trying several depths, and refine its neighbourhood jointly."""
        self.full.append(full)
        depths = sorted({float(start[2]), -0.03, -0.09})
        tries = [self._refine([*self.positions, np.array([start[0], start[1], z])]) for z in depths]
        self.positions, _ = min(tries, key=lambda found: found[1])
        self._reweight()
        self.positions, _ = self._refine(self.positions)
        self._reweight()

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
        active = [n for n, p in enumerate(positions) if np.linalg.norm(p[:2] - last[:2]) < 0.4]
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
                    trial[n] = np.clip(trial[n] + move[3 * k : 3 * k + 3], self.box_low, self.box_high)
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

    def _reweight(self) -> None:
        """Fit soil and drift again beside the dipoles; weigh rows by what the position error makes of them."""
        for _ in range(2):
            objects = np.concatenate([self._columns(n, p) for n, p in enumerate(self.positions)], axis=1)
            self.fitted = balance(
                self.response,
                self.noise,
                drift_knot_s=self.drift_knot_s,
                roughness_m=self.roughness_m,
                objects=objects,
                row_weight=self.weight,
            )
            parts, _, _ = self._solve(self.positions)
            variance = np.zeros(self.weight.size)
            for axis in range(3):
                step = np.zeros(3)
                step[axis] = 5e-4
                moved = sum(
                    (self._columns(n, p, step) - self._columns(n, p, -step)) @ parts[n] / 1e-3
                    for n, p in enumerate(self.positions)
                )
                variance += ((moved * self.position_std[:, axis : axis + 1]) ** 2).mean(axis=1)
            self.weight = 1.0 / np.sqrt(1.0 + variance)

    def dipoles(self, found: list[tuple[float, float]]) -> tuple[Dipole, ...]:
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
            elements = tensor(parts[n] @ unwhiten.T)
            out.append(Dipole(position, covariance, elements, *found[n], coherence))
        return tuple(out)
