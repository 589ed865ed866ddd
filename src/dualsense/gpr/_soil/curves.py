"""One diffraction curve along a line: its arrivals picked by correlation, and its hyperbola fitted to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.gpr._soil import _trace_kernels as _kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

MIN_SIDE = 4
"""Traces with a pick that a hyperbola needs on both sides of its apex."""
MIN_PICKED = 0.6
"""And the part of the aperture's traces that follow the curve."""
MIN_LIKENESS = 0.7
ROUNDS = 4
HUBER = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Traces sorted along the line: positions (n,), antennas (n, 5) as the kernels take them, values (n, t)."""

    x: Real
    antennas: Real
    values: NDArray[np.complex64]
    dt_s: float
    centre_hz: float
    radius_m: float

    def times(self, rows: NDArray[np.intp], centre: float, depth: float, speed: float) -> Real:
        out = np.empty(rows.size)
        _kernels.point_times(self.x[rows], self.antennas[rows], centre, depth, speed, self.radius_m, out)
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A curve being fitted: parameters, the picks it rests on, and its errors."""

    x_m: float
    depth_m: float
    speed: float
    speed_std: float
    rows: NDArray[np.intp]
    pick_s: Real
    misfit_s: float
    semblance: float
    power: float


def follow(line: Line, curve: Curve, reach: float) -> Curve | None:
    """Pick and fit in turn; None when the arrivals do not follow a hyperbola on both sides."""
    for _ in range(ROUNDS):
        picked = _pick(line, curve, reach)
        if picked is None:
            return None
        curve = fitted(line, picked, 0.0)
        if not (np.isfinite(curve.speed_std) and 0.0 < curve.speed < C0_M_S):
            return None
    return curve if curve.misfit_s < 0.125 / line.centre_hz else None


def _pick(line: Line, curve: Curve, reach: float) -> Curve | None:
    """Delay of each trace against the mean wavelet along the curve, by correlation, within half a period."""
    period = 1.0 / line.centre_hz
    rays = curve.depth_m + line.radius_m + float(line.antennas[0, 4])
    aperture = reach * float(np.hypot(rays, 0.5 * np.linalg.norm(line.antennas[0, :2] - line.antennas[0, 2:4])))
    rows = np.flatnonzero(np.abs(line.x - curve.x_m) <= aperture)
    side = min(int((line.x[rows] < curve.x_m).sum()), int((line.x[rows] > curve.x_m).sum()))
    if side < MIN_SIDE:
        return None
    step = max(line.dt_s, period / 48.0)
    half, most = round(0.75 * period / step), round(0.4 * period / step)
    tau = line.times(rows, curve.x_m, curve.depth_m, curve.speed)
    wide = _sampled(line, rows, tau, step * np.arange(-half - most, half + most + 1))
    window = np.exp(-0.5 * (np.arange(-half, half + 1) / (0.5 * half)) ** 2)
    shift = np.zeros(rows.size)
    seen = np.lib.stride_tricks.sliding_window_view(wide, 2 * half + 1, axis=1)  # (rows, lags, window)
    energy = (np.abs(seen) ** 2 @ window) + np.finfo(float).tiny
    model = wide[:, most:-most].mean(axis=0)
    for _ in range(2):
        norm = np.sqrt(energy * (np.abs(model) ** 2 @ window) + np.finfo(float).tiny)
        likeness = (seen @ (model.conj() * window)).real / norm
        best = likeness.argmax(axis=1)
        inner = np.clip(best, 1, likeness.shape[1] - 2)
        r = np.arange(rows.size)
        low, middle, high = likeness[r, inner - 1], likeness[r, inner], likeness[r, inner + 1]
        bend = low - 2.0 * middle + high
        shift = inner - most + np.where(bend < 0.0, 0.5 * (low - high) / np.where(bend < 0.0, bend, 1.0), 0.0)
        good = (likeness[r, best] >= MIN_LIKENESS) & (best == inner)
        if good.sum() < 2 * MIN_SIDE:
            return None
        model = seen[r[good], best[good]].mean(axis=0)
    left, right = line.x[rows] < curve.x_m, line.x[rows] > curve.x_m
    if min((good & left).sum(), (good & right).sum()) < MIN_SIDE or good.mean() < MIN_PICKED:
        return None
    pick = (tau + step * (shift + _peak(np.abs(model)) - half))[
        good
    ]  # a pulse's time is that of its envelope's peak
    return Curve(
        curve.x_m, curve.depth_m, curve.speed, np.inf, rows[good], pick, np.inf, curve.semblance, curve.power
    )


def _peak(envelope: Real) -> float:
    """Where an envelope is highest, between its samples by a parabola."""
    k = int(np.clip(envelope.argmax(), 1, envelope.size - 2))
    low, middle, high = envelope[k - 1 : k + 2]
    bend = low - 2.0 * middle + high
    return k + (float(np.clip(0.5 * (low - high) / bend, -0.5, 0.5)) if bend < 0.0 else 0.0)


def _sampled(line: Line, rows: NDArray[np.intp], start: Real, offset: NDArray[Any]) -> NDArray[np.complex128]:
    """Traces at ``start + offset``, (rows, offsets), linear in time; 0 outside the trace."""
    at = (start[:, None] + offset) / line.dt_s
    j = np.clip(np.floor(at).astype(np.intp), 0, line.values.shape[1] - 2)
    w = at - j
    own = line.values[rows]
    r = np.arange(rows.size)[:, None]
    found: NDArray[np.complex128] = np.where(
        (w >= 0.0) & (w <= 1.0), own[r, j] * (1.0 - w) + own[r, j + 1] * w, 0.0
    )
    return found


def fitted(line: Line, curve: Curve, shift_s: float) -> Curve:
    """Least squares over x, depth and velocity with Huber's weights, time zero ``shift_s`` later.

    The error counts the residuals' correlation from trace to trace: neighbours share their clutter.
    """
    pick = curve.pick_s - shift_s
    p = np.array([curve.x_m, curve.depth_m, curve.speed])
    step = np.array([1e-5, 1e-5, 1e-4 * curve.speed])
    span = float(np.ptp(line.x[curve.rows]))
    least = np.array([curve.x_m - span, 1e-3, 0.02e9])
    most = np.array([curve.x_m + span, 10.0, C0_M_S])
    weight = np.ones(pick.size)
    slope, rest = np.zeros((pick.size, 3)), np.zeros(pick.size)
    for _ in range(25):
        rest = pick - line.times(curve.rows, *p)
        slope = np.stack(
            [
                (line.times(curve.rows, *(p + d)) - line.times(curve.rows, *(p - d))) / (2.0 * d.sum())
                for d in np.diag(step)
            ],
            axis=1,
        )
        scale = max(1.4826 * float(np.median(np.abs(rest))), 1e-15)
        weight = 1.0 / np.maximum(np.abs(rest) / (HUBER * scale), 1.0)
        scaled = slope * step
        move = step * np.linalg.lstsq(scaled * np.sqrt(weight)[:, None], rest * np.sqrt(weight), rcond=1e-12)[0]
        longest = np.max(np.abs(move) / np.array([0.3 * span, 0.3 * p[1], 0.2 * p[2]]))
        p = np.clip(p + move / max(1.0, longest), least, most)
        if (np.abs(move) < 1e-3 * step).all():
            break
    scaled = slope * step
    normal = np.linalg.pinv((scaled * weight[:, None]).T @ scaled)
    free = max(pick.size - 3, 1)
    variance = float((weight * rest**2).sum()) / free * _correlation_length(rest)
    error = step * np.sqrt(np.maximum(np.diag(normal), 0.0) * variance)
    return Curve(
        float(p[0]),
        float(p[1]),
        float(p[2]),
        float(error[2]),
        curve.rows,
        curve.pick_s,
        float(np.sqrt((rest**2).mean())),
        curve.semblance,
        curve.power,
    )


def _correlation_length(rest: Real) -> float:
    """Traces per independent residual, (1 + r) / (1 - r) of the first autocorrelation r; at least 1."""
    total = float((rest**2).sum())
    r = float((rest[1:] * rest[:-1]).sum()) / total if total > 0.0 else 0.0
    return (1.0 + r) / (1.0 - r) if 0.0 < r < 1.0 else 1.0


def apex(line: Line, curve: Curve, speed: float) -> tuple[float, float]:
    """Two-way time of a curve's apex, and the depth of the top that a velocity puts there."""
    nearest = curve.rows[np.argmin(np.abs(line.x[curve.rows] - curve.x_m))]
    one = np.array([nearest])
    here = Line(
        np.array([curve.x_m]), line.antennas[one], line.values[one], line.dt_s, line.centre_hz, line.radius_m
    )
    first = np.zeros(1, np.intp)
    two_way_s = float(here.times(first, curve.x_m, curve.depth_m, curve.speed)[0])
    low, high = 0.0, max(C0_M_S * two_way_s, 1e-3)
    for _ in range(60):
        middle = 0.5 * (low + high)
        late = here.times(first, curve.x_m, middle, speed)[0] > two_way_s
        low, high = (low, middle) if late else (middle, high)
    return two_way_s, 0.5 * (low + high)
