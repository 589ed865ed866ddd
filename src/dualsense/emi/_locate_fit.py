"""Behind `dualsense.emi.locate`: the scan, the refinement of positions, and the walk along depth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi import _axes_kernels as axes_kernels
from dualsense.emi import _locate_kernels as kernels
from dualsense.emi.dipole import tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi.calibrate import Response

    Real = NDArray[np.float64]

FALLBACK_POSITION_STD_M = 2e-3
SCAN_DEPTHS_M = (0.02, 0.05, 0.085, 0.125)
SCAN_HALF_M = 0.09
SCAN_NODES = 5
SCAN_ROWS = 90
FIELD_LENGTH_M = 0.05
"""Before a model is there, the field is taken to change by its own size over this length."""
MAX_STEP_M = 0.02
TRIES = 6
STEPS = 14
FIRST_STEPS = 10
INNER_STEPS = 2
EXCESS_MAX = 8.0
ENOUGH = 0.03
"""A step that would lower the misfit by less than this is the last."""
SLACK = 2.0
SURE = 1.0
"""Where a step in x and y promises to lower the misfit by more, it is taken, and not only reckoned with."""
LEAST_STEP_M = 2e-5
WALK = 0.9
WALK_MAX = 12


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What the kernels need of a response; data in standard deviations of each channel's noise."""

    data: Real
    scale: Real
    noise: Real
    precision: Real
    logdet_noise: float
    std: Real
    sign: Real
    tx: Real
    rx: Real
    rotation: Real
    tx_radius: Real
    rx_radius: Real
    depth_range_m: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Dipoles at given positions (n, 3), solved for their tensors, and the equations around that."""

    positions: Real
    axes: Real
    principal: Real
    elements: Real
    weight: Real
    matrix: Real
    cross: Real
    square: Real
    gradient: Real
    energy: float
    misfit: float
    logdet: float
    own: float = 0.0

    @property
    def position(self) -> Real:
        """Of the first dipole."""
        return self.positions[0]

    @property
    def objective(self) -> float:
        """Misfit and log determinant."""
        return self.misfit + self.logdet + self.own

    def at(self, rows: Rows, position: Real) -> Fit:
        """Solve again elsewhere."""
        return solve(rows, position[None, :], self)

    def schur(self) -> tuple[Real, Real, Real]:
        """Information (3 n, 3 n) on the positions, slope of the tensors' parameters by them, and their tangent."""
        g = np.empty((self.matrix.shape[0], self.axes.shape[0] * 3 * (self.principal.shape[2] + 1)))
        axes_kernels.tangent(self.axes, self.principal, g)
        inner = self._inner(g)
        slope: Real = np.asarray(-np.linalg.solve(inner, g.T @ self.cross.T), dtype=np.float64)
        information: Real = self.square + self.cross @ g @ slope
        return information, slope, g

    def _inner(self, g: Real) -> Real:
        """Information on principal values and turns; a turn of a round tensor is unknown within a radian."""
        per = 3 * self.principal.shape[2] + 3
        inner = g.T @ self.matrix @ g
        inner[np.diag_indices_from(inner)] *= 1.0 + 1e-9
        turns = np.flatnonzero(np.arange(len(inner)) % per >= per - 3)
        inner[turns, turns] += 1.0
        return inner

    def tensors(self, rows: Rows, covariance: Real, widen: float) -> tuple[Real, Real, Real, Real]:
        """Tensors (c, 3, 3), axes, principal values (c, 3) and covariance of the elements (c, 6, 6), in m^3."""
        _, slope, g = self.schur()
        inner = self._inner(g)
        by_position = g @ slope
        spread = widen * (g @ np.linalg.solve(inner, g.T)) + by_position @ covariance @ by_position.T
        channels = rows.scale.size
        spread = spread.reshape(6, channels, 6, channels)
        each = np.stack([spread[:, k, :, k] * rows.scale[k] ** 2 for k in range(channels)])
        return tensor(self.elements * rows.scale), self.axes[0], (self.principal[0] * rows.scale).T, each


def rows_of(
    response: Response, noise: Real, position_std_m: float | Real | None, depth_range_m: tuple[float, float]
) -> Rows:
    """Bring a response into the kernels' form."""
    covariance = np.asarray(noise, dtype=np.float64)
    covariance = np.diag(covariance**2) if covariance.ndim == 1 else covariance
    scale = np.sqrt(np.diag(covariance))
    if covariance.shape != (response.values.shape[1],) * 2 or not (np.isfinite(scale) & (scale > 0)).all():
        msg = f"noise must be positive for each of {response.values.shape[1]} channels, got {noise}"
        raise ValueError(msg)
    if not np.isfinite(response.values).all():
        msg = f"values must be finite, got {np.count_nonzero(~np.isfinite(response.values))} that are not"
        raise ValueError(msg)
    stated = response.position_std_m if position_std_m is None else np.asarray(position_std_m, dtype=np.float64)
    std = np.broadcast_to(np.where(np.isfinite(stated), stated, FALLBACK_POSITION_STD_M), response.tx_m.shape)
    if not (std >= 0).all():
        msg = f"position_std_m must not be negative, got {std.min()}"
        raise ValueError(msg)
    relative = covariance / np.outer(scale, scale)
    sign = np.where(response.imaginary, -1.0, 0.0) if response.imaginary.any() else np.ones(scale.size)
    return Rows(
        data=np.ascontiguousarray(response.values / scale),
        scale=scale,
        noise=relative,
        precision=np.linalg.inv(relative),
        logdet_noise=float(np.linalg.slogdet(relative)[1]) * response.time_s.size,
        std=np.ascontiguousarray(std, dtype=np.float64),
        sign=sign,
        tx=np.ascontiguousarray(response.tx_m),
        rx=np.ascontiguousarray(response.rx_m),
        rotation=np.ascontiguousarray(response.rotation),
        tx_radius=response.tx_radius_m[response.coil],
        rx_radius=response.rx_radius_m[response.coil],
        depth_range_m=depth_range_m,
    )


def _rough_weight(rows: Rows) -> Real:
    """Weight of each row (m,) before a model is there: position errors count with the size of the signal."""
    size = (rows.data**2).mean(axis=1)
    return 1.0 / np.sqrt(1.0 + size * (rows.std**2).sum(axis=1) / FIELD_LENGTH_M**2)


def scan(rows: Rows, start_m: Real | None) -> list[Fit]:
    """Find starts at several depths: the scan's best node at each, the likeliest first.

    Free tensors bend to almost any depth. So which start is likelier is told by tensors with common axes and
    weights that know of the position errors, after one step.
    """
    weight = _rough_weight(rows)
    if start_m is None:
        power: Real = (rows.data**2).sum(axis=1) * weight**2
        power = np.maximum(power - 2.0 * np.median(power), 1e-3 * power)
        start_m = (
            power @ (0.5 * (rows.tx + rows.rx))[:, :2] / power.sum() if power.any() else rows.tx[:, :2].mean(0)
        )
    near = np.linalg.norm(rows.tx[:, :2] - start_m, axis=1)
    use = np.flatnonzero(near <= max(0.25, float(np.sort(near)[min(near.size, 40) - 1])))
    use = use[np.linspace(0, use.size - 1, min(use.size, SCAN_ROWS)).astype(np.intp)]
    side = np.linspace(-SCAN_HALF_M, SCAN_HALF_M, SCAN_NODES)
    low, high = rows.depth_range_m
    depths = np.array([d for d in SCAN_DEPTHS_M if low <= d <= high] or [0.5 * (low + high)])
    z, x, y = np.meshgrid(-depths, side + start_m[0], side + start_m[1], indexing="ij")
    nodes = np.column_stack([x.ravel(), y.ravel(), z.ravel()])
    explained = np.empty(len(nodes))
    kernels.scan(
        nodes,
        *(np.ascontiguousarray(a[use]) for a in (rows.tx, rows.rx, rows.rotation, rows.tx_radius, rows.rx_radius)),
        weight[use],
        rows.data[use],
        explained,
    )
    drop = explained.reshape(depths.size, -1)
    at = [nodes.reshape(depths.size, -1, 3)[k, int(np.argmax(drop[k]))] for k in range(depths.size)]
    at += [np.array([*start_m, -d]) for d in depths[1::2]]
    first = sorted((solve(rows, node[None, :], None) for node in at), key=lambda fit: fit.objective)[:TRIES]
    tried = [solve(rows, _stepped(rows, fit, (0.0, 0.0), 1.0)[0], fit) for fit in first]
    tried.sort(key=lambda fit: fit.objective)
    return tried


def columns(rows: Rows, positions: Real) -> tuple[Real, Real]:
    """Columns (m, 6 n) of dipoles at positions (n, 3), and their slopes (m, 3, 6 n)."""
    m, n = rows.data.shape[0], positions.shape[0]
    value, slope = np.empty((m, 6 * n)), np.empty((m, 3, 6 * n))
    kernels.columns(
        positions, rows.tx, rows.rx, rows.rotation, rows.tx_radius, rows.rx_radius, rows.std, value, slope
    )
    return value, slope


def solve(rows: Rows, positions: Real, before: Fit | None) -> Fit:
    """Tensors at given positions: with the weights of the fit before, then with their own."""
    m, channels = rows.data.shape
    n = positions.shape[0]
    value, slope = columns(rows, positions)
    size = 6 * n * channels
    matrix, right = np.empty((size, size)), np.empty(size)
    elements = np.empty((6 * n, channels))
    if before is None:
        rough = rows.precision * (_rough_weight(rows) ** 2)[:, None, None]
        kernels.normal(value, rough, rows.data, matrix, right)
        axes, principal = _free_axes(matrix, right, channels)
        steps = FIRST_STEPS
    else:
        kernels.normal(value, before.weight, rows.data, matrix, right)
        axes, principal = before.axes.copy(), before.principal.copy()
        steps = INNER_STEPS
    axes_kernels.constrained(matrix, right, rows.sign, steps, axes, principal, elements)
    weight = np.empty((m, channels, channels))
    logdet = float(kernels.whiten(slope, elements, rows.std, rows.precision, weight))
    energy = float(kernels.normal(value, weight, rows.data, matrix, right))
    axes_kernels.constrained(matrix, right, rows.sign, 1, axes, principal, elements)
    cross, square, gradient = np.empty((3 * n, size)), np.empty((3 * n, 3 * n)), np.empty(3 * n)
    misfit = float(kernels.position_terms(value, slope, weight, rows.data, elements, cross, square, gradient))
    return Fit(
        positions, axes, principal, elements, weight, matrix, cross, square, gradient, energy, misfit, logdet
    )


def _free_axes(matrix: Real, right: Real, channels: int) -> tuple[Real, Real]:
    """Axes and principal values that come closest to tensors which are free in every channel."""
    lifted = matrix + 1e-9 * np.diag(np.diag(matrix))
    free = np.asarray(np.linalg.solve(lifted, right), dtype=np.float64).reshape(-1, channels)
    n = free.shape[0] // 6
    axes, principal = np.empty((n, 3, 3)), np.empty((n, 3, channels))
    for k in range(n):
        axes_kernels.common_axes(free[6 * k : 6 * k + 6], axes[k])
        turned = axes[k].T @ tensor(free[6 * k : 6 * k + 6]) @ axes[k]
        principal[k] = np.diagonal(turned, axis1=1, axis2=2).T
    return axes, principal


def _stepped(rows: Rows, fit: Fit, prior: tuple[float, float], share: float) -> tuple[Real, float]:
    """Positions after a Gauss-Newton step or a share of it, and what the whole of it promises."""
    information, _, _ = fit.schur()
    gradient = fit.gradient.copy()
    depth = np.arange(2, gradient.size, 3)
    information[depth, depth] += prior[1]
    gradient[depth] -= prior[1] * (fit.positions[:, 2] - prior[0])
    information[np.diag_indices_from(information)] *= 1.0 + 1e-6
    move = np.linalg.solve(information, gradient).reshape(-1, 3)
    gain = float(gradient @ move.ravel())
    to = fit.positions + share * min(1.0, MAX_STEP_M / max(float(np.abs(move).max()), 1e-12)) * move
    to[:, 2] = np.clip(to[:, 2], -rows.depth_range_m[1], -rows.depth_range_m[0])
    return to, gain


def refine(rows: Rows, fit: Fit, *, prior: tuple[float, float], steps: int = STEPS) -> Fit:
    """Gauss-Newton over the positions (n, 3) with weights iterated; prior is mean and precision of z."""

    def cost(fit: Fit) -> Fit:
        return replace(fit, own=float(((fit.positions[:, 2] - prior[0]) ** 2).sum() * prior[1]))

    fit = cost(fit)
    for _ in range(steps):
        share = 1.0
        for _half in range(4):
            to, gain = _stepped(rows, fit, prior, share)
            trial = cost(solve(rows, to, fit))
            if trial.objective < fit.objective + SLACK:  # the weights move too, so a little more is no harm
                break
            share *= 0.4
        fit = trial
        if abs(gain) < ENOUGH:
            break
    return fit


def excess(rows: Rows, fit: Fit) -> float:
    """How much the variance of the position errors seems larger than stated, from the residual (never < 0).

    One step of scoring for a variance component: sum r'WJWr - tr WJ over sum tr WJWJ, J the covariance that the
    position errors make. It also takes up what their second order adds to it.
    """
    value, slope = columns(rows, fit.positions)
    del slope
    rest = rows.data - value @ fit.elements
    share = np.eye(rows.noise.shape[0]) - fit.weight @ rows.noise
    white = np.einsum("mij,mj->mi", fit.weight, rest)
    above = float(np.einsum("mi,mij,mj->", rest, share, white) - np.trace(share, axis1=1, axis2=2).sum())
    known = float((share * share.transpose(0, 2, 1)).sum())
    return min(max(above / known, 0.0), EXCESS_MAX) if known > 1.0 else 0.0


def profile(rows: Rows, fit: Fit, *, prior: tuple[float, float], tail: float) -> tuple[Real, Real, Real, Real]:
    """Walk from an optimum down and up: z rising (k,), misfit with prior, best xy (k, 2), its covariance.

    Misfit and log determinant, with each node's own weights. A node takes one step in x and y, and is credited
    with what that gains.
    """
    information, _, _ = fit.schur()
    information[2, 2] += prior[1]
    covariance = np.linalg.inv(information + 1e-9 * np.trace(information) * np.eye(3))
    deviation = max(float(np.sqrt(covariance[2, 2])), 4.0 * LEAST_STEP_M)
    along = covariance[:2, 2] / covariance[2, 2]
    low, high = -rows.depth_range_m[1], -rows.depth_range_m[0]
    found = [_node(fit, prior)]
    best = found[0][1]
    for way in (-1.0, 1.0):
        here, at = fit, found[0][2]
        slope = along
        for k in range(WALK_MAX):
            step = WALK * deviation * (1.0 if k < 4 else 1.6)
            z = float(np.clip(here.position[2] + way * step, low, high))
            dz = z - here.position[2]
            if abs(dz) < LEAST_STEP_M:
                break
            xy = at + slope * dz
            for _again in range(3):
                here = solve(rows, np.array([[*xy, z]]), here)
                node = _node(here, prior)
                xy = node[2]
                if here.objective + node[4] - node[1] <= SURE and here.objective + node[4] > node[1]:
                    break
            slope = 0.5 * slope + 0.5 * (node[2] - at) / dz
            at = node[2]
            found.append(node)
            best = min(best, node[1])
            if node[1] > best + tail:
                break
    found.sort(key=lambda node: node[0])
    heights, values = np.array([node[0] for node in found]), np.array([node[1] for node in found])
    return heights, values, np.stack([node[2] for node in found]), np.stack([node[3] for node in found])


def _node(fit: Fit, prior: tuple[float, float]) -> tuple[float, float, Real, Real, float]:
    """Return z, the misfit at the best x and y with the prior's share, these, their covariance, and that share."""
    information, _, _ = fit.schur()
    spread = np.asarray(np.linalg.inv(information[:2, :2]), dtype=np.float64)
    move = spread @ fit.gradient[:2]
    move *= min(1.0, MAX_STEP_M / max(float(np.abs(move).max()), 1e-12))
    z = float(fit.position[2])
    own = prior[1] * (z - prior[0]) ** 2
    gain = float(2.0 * fit.gradient[:2] @ move - move @ information[:2, :2] @ move)
    if gain > SURE:  # too far off for the curvature to be trusted
        gain = 0.0
    return z, fit.misfit + fit.logdet - gain + own, fit.position[:2] + move, spread, own
