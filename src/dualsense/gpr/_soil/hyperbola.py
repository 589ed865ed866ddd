"""Velocity of the ground from the diffraction hyperbolas of one line.

What a point below a line scatters arrives along t(x) = t0 + |x - tx| / v + |x - rx| / v. Such curves are searched
for by coherent summation over position, apex time and velocity; the arrivals along each that stands out are
picked by correlation with the curve's own wavelet; position, depth and velocity are fitted to the picks; and the
velocities are joined. Curves no wider than they are deep hardly tell depth from time zero t0: that is an input,
with its error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.gpr._soil import _trace_kernels as _kernels
from dualsense.gpr._soil.curves import MIN_SIDE, Curve, Line, apex, fitted, follow
from dualsense.gpr._soil.hyperbolas import Hyperbola, Hyperbolas, LineTraces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.gpr._soundings import Soundings
    from dualsense.gpr._traces import Traces

    Real = NDArray[np.float64]

SPEEDS = 16
TIMES_PER_PERIOD = 6.0
CENTRES_PER_WAVE = 5.0
MIN_SEMBLANCE = 0.5
MAX_ERROR = 0.25
OUTLIER = 4.0


def fit_hyperbolas(
    soundings: Soundings,
    traces: Traces,
    along_m: Real,
    *,
    direction: tuple[float, float] = (1.0, 0.0),
    height_m: Real | None = None,
    time_zero_std_s: float = 0.0,
    radius_m: float = 0.0,
    reach: float = 1.1,
    min_velocity_m_s: float = 0.05e9,
    max_velocity_m_s: float = 0.22e9,
    min_contrast: float = 4.0,
    max_count: int = 60,
) -> Hyperbolas:
    """Find the diffraction hyperbolas of a line and fit the velocity of the ground.

    Parameters
    ----------
    soundings, traces
        n soundings along the line, background removed, and their analytic traces, whose times count from
        time zero; one channel.
    along_m : (n,)
        Position of the antennas' midpoint along the line, in any order.
    direction
        Unit vector of the line in the local frame: which part of the antennas' offset lies along it.
    height_m : (n,), optional
        Height of the antennas above the ground instead of the pose's; 0 where they touch it.
    time_zero_std_s
        How well time zero is known; its effect on the velocity is part of the error.
    radius_m
        Of the scatterers, when they are known to be round bars across the line. A bar taken for a point makes the
        velocity too high, by about half its radius over its depth.
    reach
        Half-width of the curves used over the length of the ray to the apex. Wider tells more, and meets the
        neighbours' curves.
    min_velocity_m_s, max_velocity_m_s
        Range searched.
    min_contrast
        Amplitude of a curve's sum over the lower quartile of all sums at its time.
    max_count
        Strongest curves that are looked at.

    Returns
    -------
    Hyperbolas
        Without apexes and with NaN for the velocity where none was found.

    Raises
    ------
    ValueError
        When ``along_m`` does not have one finite number per trace.

    References
    ----------
    DerSimonian, R. and Laird, N. (1986). Meta-analysis in clinical trials. Controlled Clinical Trials 7, 177-188.
    """
    if along_m.shape != (traces.values.shape[0],) or not np.isfinite(along_m).all():
        msg = (
            f"positions along the line must be {traces.values.shape[0]} finite numbers, got shape {along_m.shape}"
        )
        raise ValueError(msg)
    one = LineTraces(soundings, traces, along_m, direction, height_m)
    return fit_lines(
        (one,),
        time_zero_std_s=time_zero_std_s,
        radius_m=radius_m,
        reach=reach,
        min_velocity_m_s=min_velocity_m_s,
        max_velocity_m_s=max_velocity_m_s,
        min_contrast=min_contrast,
        max_count=max_count,
    )[0]


def fit_lines(
    given: Sequence[LineTraces],
    *,
    time_zero_std_s: float = 0.0,
    radius_m: float = 0.0,
    reach: float = 1.1,
    min_velocity_m_s: float = 0.05e9,
    max_velocity_m_s: float = 0.22e9,
    min_contrast: float = 4.0,
    max_count: int = 60,
) -> tuple[Hyperbolas, ...]:
    """Fit one velocity of the ground to the hyperbolas of several lines.

    The error of time zero is taken as common to all: who picks it by one rule errs alike on each.

    Parameters
    ----------
    given
        The lines.
    time_zero_std_s, radius_m, reach, min_velocity_m_s, max_velocity_m_s, min_contrast, max_count
        As for :func:`fit_hyperbolas`; so many curves for each line.

    Returns
    -------
    tuple of Hyperbolas
        One for each line, with its own curves and the velocity of all.
    """
    laid = [_line(g.soundings, g.traces, g.along_m, g.direction, g.height_m, radius_m) for g in given]
    speeds = np.geomspace(min_velocity_m_s, max_velocity_m_s, SPEEDS)
    found: list[tuple[int, Line, Curve]] = []
    for number, line in enumerate(laid):
        if line is not None:
            seeds = _search(line, speeds, reach, min_contrast, max_count)
            curves = [one for one in (follow(line, seed, reach) for seed in seeds) if one is not None]
            own = _distinct([c for c in curves if _plausible(c, line, speeds)], line)
            found += [(number, line, curve) for curve in own]
    if not found:
        return (Hyperbolas(float("nan"), float("nan"), time_zero_std_s, (), ()),) * len(given)
    good = _agreeing([curve for _, _, curve in found])
    agreeing = [(line, curve) for (_, line, curve), ok in zip(found, good, strict=True) if ok]
    speed, std = _joined([curve for _, curve in agreeing])
    if time_zero_std_s > 0.0:
        # half the difference of the velocities with time zero one deviation later and earlier
        moved = [
            _joined([fitted(line, c, shift) for line, c in agreeing])[0]
            for shift in (-time_zero_std_s, time_zero_std_s)
        ]
        std = float(np.hypot(std, 0.5 * (moved[1] - moved[0])))
    std = float(np.hypot(std, _aperture_error(agreeing, reach)))

    def told(number: int, *, wanted: bool) -> tuple[Hyperbola, ...]:
        own = [
            _hyperbola(line, c, speed)
            for (n, line, c), ok in zip(found, good, strict=True)
            if n == number and bool(ok) is wanted
        ]
        return tuple(sorted(own, key=lambda h: h.x_m))

    return tuple(
        Hyperbolas(speed, std, time_zero_std_s, told(n, wanted=True), told(n, wanted=False))
        for n in range(len(given))
    )


def _line(
    soundings: Soundings,
    traces: Traces,
    along_m: Real,
    direction: tuple[float, float],
    height_m: Real | None,
    radius_m: float,
) -> Line | None:
    power = (np.abs(traces.spectrum) ** 2).sum(axis=0)
    if along_m.size < 2 * MIN_SIDE + 1 or power.sum() <= 0.0:
        return None
    order = np.argsort(along_m, kind="stable")
    middle = soundings.midpoint_m
    antennas = np.zeros((order.size, 5))
    for k, one in enumerate((soundings.tx_m, soundings.rx_m)):
        offset = one[:, :2] - middle[:, :2]
        antennas[:, 2 * k] = offset @ np.array(direction)
        antennas[:, 2 * k + 1] = offset @ np.array([-direction[1], direction[0]])
    antennas[:, 4] = np.maximum(middle[:, 2] if height_m is None else height_m, 0.0)
    return Line(
        np.ascontiguousarray(along_m[order]),
        np.ascontiguousarray(antennas[order]),
        traces.values[order],
        traces.dt_s,
        float((power * traces.frequency_hz).sum() / power.sum()),
        radius_m,
    )


def _search(line: Line, speeds: Real, reach: float, min_contrast: float, max_count: int) -> list[Curve]:
    """Apexes that stand out, strongest first: largest within half a wave along and one period of time."""
    period = 1.0 / line.centre_hz
    unit = float(np.abs(line.values).max()) or 1.0
    parts = np.stack([line.values.real / unit, line.values.imag / unit], axis=-1, dtype=np.float32)
    wave_m = float(np.sqrt(speeds[0] * speeds[-1])) * period
    gap = (line.x[-1] - line.x[0]) / (line.x.size - 1)
    stride = max(1, int(0.5 * wave_m / CENTRES_PER_WAVE / gap)) if gap > 0.0 else 1
    centres = np.arange(0, line.x.size, stride, dtype=np.intp)
    times = np.arange(0.5 * period, line.values.shape[1] * line.dt_s, period / TIMES_PER_PERIOD)
    power, semblance, speed, depth = (np.zeros((centres.size, times.size)) for _ in range(4))
    _kernels.search(
        parts,
        1.0 / line.dt_s,
        line.x,
        line.antennas,
        centres,
        speeds,
        times,
        reach,
        0.5 * wave_m,
        MIN_SIDE,
        power,
        semblance,
        speed,
        depth,
    )
    stands_out = (semblance >= MIN_SEMBLANCE) & (power > 0.0) & (power >= min_contrast**2 * _level(power))
    places = np.argwhere(stands_out)
    places = places[np.argsort(-power[tuple(places.T)], kind="stable")]
    kept: list[tuple[int, int]] = []
    for c, m in places.tolist():
        x = line.x[centres[c]]
        if all(
            abs(x - line.x[centres[a]]) > 0.5 * wave_m or abs(times[m] - times[b]) > 1.5 * period for a, b in kept
        ):
            kept.append((c, m))
        if len(kept) == max_count:
            break
    none = np.zeros(0, np.intp)
    return [
        Curve(
            float(line.x[centres[c]]),
            float(depth[c, m]),
            float(speed[c, m]),
            np.inf,
            none,
            np.zeros(0),
            np.inf,
            float(semblance[c, m]),
            float(power[c, m]) * unit**2,
        )
        for c, m in kept
    ]


def _aperture_error(curves: list[tuple[Line, Curve]], reach: float) -> float:
    """Half the change from a tenth less of the aperture to a tenth more, as neighbours' arms make it."""
    pairs = [[follow(line, c, part * reach) for part in (0.9, 1.1)] for line, c in curves]
    both = [(low, high) for low, high in pairs if low is not None and high is not None]
    if not both:
        return 0.0
    narrow, wide = (_joined(list(side))[0] for side in zip(*both, strict=True))
    return 0.5 * abs(wide - narrow)


def _level(power: Real) -> Real:
    """Lower quartile of the power around each apex time: deep echoes are weaker than shallow ones."""
    width = int(TIMES_PER_PERIOD) // 2
    padded = np.pad(np.where(power > 0.0, power, np.nan), ((0, 0), (width, width)), constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * width + 1, axis=1)
    known = np.isfinite(around).any(axis=(0, 2))
    level = np.full(power.shape[1], np.inf)
    level[known] = np.nanquantile(around[:, known], 0.25, axis=(0, 2))
    return level


def _plausible(curve: Curve, line: Line, speeds: Real) -> bool:
    """Whether the velocity lies within the search and is told by the curve, and the depth is more than none."""
    determined = speeds[0] < curve.speed < speeds[-1] and curve.speed_std < MAX_ERROR * curve.speed
    return bool(determined and curve.depth_m > 0.25 * curve.speed / line.centre_hz)


def _distinct(curves: list[Curve], line: Line) -> list[Curve]:
    """Of curves that have run into one another, or lie phase over phase, the strongest."""
    kept: list[Curve] = []
    for one in sorted(curves, key=lambda c: (-c.power, c.x_m)):
        near = 0.5 * one.speed / line.centre_hz
        if all(abs(one.x_m - other.x_m) > near for other in kept):
            kept.append(one)
    return kept


def _agreeing(curves: list[Curve]) -> NDArray[np.bool_]:
    """Which velocities lie within four robust deviations of their median."""
    speed = np.array([c.speed for c in curves])
    error = np.array([c.speed_std for c in curves])
    weight = 1.0 / (error**2 + (0.02 * speed) ** 2)
    order = np.argsort(speed)
    middle = float(speed[order][np.searchsorted(np.cumsum(weight[order]), 0.5 * weight.sum())])
    spread = 1.4826 * float(np.median(np.abs(speed - middle)))
    good: NDArray[np.bool_] = np.abs(speed - middle) <= OUTLIER * np.hypot(error, max(spread, 0.01 * middle))
    return good


def _joined(curves: list[Curve]) -> tuple[float, float]:
    """Mean of the velocities under random effects, and its standard error (DerSimonian and Laird 1986)."""
    speed = np.array([c.speed for c in curves])
    variance = np.array([c.speed_std for c in curves]) ** 2 + (1e-4 * speed) ** 2
    w = 1.0 / variance
    mean = float((w * speed).sum() / w.sum())
    if speed.size > 1:
        excess = float((w * (speed - mean) ** 2).sum()) - (speed.size - 1)
        between = max(0.0, excess / float(w.sum() - (w**2).sum() / w.sum()))
        w = 1.0 / (variance + between)
        mean = float((w * speed).sum() / w.sum())
    return mean, float(w.sum() ** -0.5)


def _hyperbola(line: Line, curve: Curve, speed: float) -> Hyperbola:
    """Curve with its depth by the line's common velocity."""
    two_way_s, depth_m = apex(line, curve, speed)
    return Hyperbola(
        curve.x_m,
        two_way_s,
        depth_m,
        curve.speed,
        curve.speed_std,
        curve.rows.size,
        curve.misfit_s,
        curve.semblance,
    )
