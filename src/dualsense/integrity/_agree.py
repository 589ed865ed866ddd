"""What the sensors say of the track: the same ground, passed over again, must give the same answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.integrity._doubt import throughout
from dualsense.integrity._pairs import NEAR_M, across_passes, along_passes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.integrity._pairs import Pairs
    from dualsense.result import Doubt

    Real = NDArray[np.float64]
    Complex = NDArray[np.complexfloating]

GATE_S = (0.3e-9, 6e-9)
"""Two-way times of what lies in the first decimetres."""
DEEPER_S = 1.3e-9
"""From here on hardly anything is left of the ground's echo, which goes with the height and not with the place."""
SAMPLE_S = 0.05e-9
"""Traces are read at such steps: an analytic signal of some gigahertz needs no finer ones."""
BINS = 7
"""Of distance, in which the likeness along a pass is told: half a centimetre each, so that each has many pairs."""
LEAST_LIKE = 0.25
"""Along a pass; farther apart, soundings tell nothing of each other."""
CLOSE_M = 0.025
"""Pairs that are nearer tell more: an error of the track by some millimetres changes little between them."""
CLOSE, FAR = 0.48, 0.2
"""Likeness across passes over that along them, and where none is close. Of the louder half of the pairs, since
what is left of the ground's echo changes with the height: 0.60 and more on most good lanes, 0.36 and less with a
clock that is off by 0.1 s. Where soil swallows all else, what is left of that echo may be all of it: on six good
lanes of 300 it was 0.48 to -0.04, and of what lies deeper 0.81 and more on three of them, and 0.55 far apart on
one. Only both together are told."""
DEEP_CLOSE, DEEP_FAR = 0.75, 0.4
"""The same of what lies deeper, where all together are not alike: 0.74 and less with faults."""
MANY, FEW = 60, 3
"""Pairs whose median is believed to within a tenth; and that a bin's needs at least."""
SHORT_M, SHORT = (0.009, 0.015), 0.72
"""So far apart, and so alike at least: 0.89 on good lanes, less where soundings are in disorder or noise."""
WAVES, NEAR_WAVES, WITHIN = (0.17, 0.205), (0.02, 0.1), 0.52
LOUD_WITHIN, SLOW_M_S = 0.62, 0.25
ALL_SIDES = 0.3
FAR_WAVES, BEYOND, QUICK_M_S = (0.205, 0.24), 0.8, 0.45
"""Parts of a wavelength, and how alike soundings so far apart are at least over those that are near. What comes
from all of the half-space below stays alike for a fifth of a wave's length: 0.60 on most good lanes, 0.47 and less
with a track that is half as long; of the louder half of the pairs 0.71 and more, and 0.55 and less. Echoes from
steep angles in dry sand stay alike for less, 0.35 on good lanes: so that is told only together with a head that is
slower than operators are, and otherwise below what waves from all sides alike would leave. It stays as much
alike as 0.8 still farther apart on one good lane of ten, and where the track is twice as long; only together with
a head that is quicker than operators are is that told."""
LAG_S, LAG_STEP_S, LAG_LIMIT_S = 0.6, 0.02, 0.07
"""Lags that are tried; the limit is twice what the heights of good lanes tell."""
LAG_GAIN, IN_STEP = 0.12, 0.7
"""Part of the heights' variance that a lag has to explain before it is believed; and how alike passes are where
clocks agree, whatever heights have in common by chance: 0.79 and more on the five good lanes of 3,500 where a lag
explained so much, 0.51 and less or not told with a clock that is off."""
OFFSET_M, FINE_OFFSET_M, UNKNOWN_OFFSET_M = 0.015, 0.007, 0.04
"""Error that all heights share, by the delay of the ground's echo: -10 to 11 mm on good lanes, 19 mm and more with
30 mm of error; by a fit of that echo with all its antennas' fields, 4 mm at most on good lanes; and of a head
whose antennas, and their own delays, are not known."""
FINE_KNOWS_M = 0.025
"""Beyond this the fit with all fields knows nothing: of 30 mm it has told 3."""
BLOCK = 512
"""Pairs whose traces are multiplied at once."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How alike neighbouring passes are.

    Attributes
    ----------
    doubts
        Stretches in which they are not.
    whole
        Likeness across passes over that along them, 1 at best; NaN where too few passes come near each other.
    middle
        Of metal, what the middle one of the pairs tells, whatever their energy; a lag is confirmed by that.
    """

    doubts: tuple[Doubt, ...]
    whole: float
    middle: float = float("nan")


def radar_passes(values: Complex, dt_s: float, xy_m: Real, time_s: Real) -> Agreement:
    """Hold the radar's traces against those of neighbouring passes.

    Parameters
    ----------
    values : (n, t)
        Analytic traces without coupling, ground echo and background.
    dt_s
        Spacing of their times.
    xy_m : (n, 2)
        Where they were taken.
    time_s : (n,)
        And when.

    Returns
    -------
    Agreement
    """
    every = max(1, int(SAMPLE_S / dt_s))
    passes, step_s = (along_passes(xy_m, time_s), across_passes(xy_m, time_s)), every * dt_s
    first, deeper, last = (round(t / dt_s) for t in (GATE_S[0], DEEPER_S, GATE_S[1]))
    part = values[:, first : last + 1 : every]
    size, unit = _sizes(part)
    like_along, wave_m = _likeness(unit, passes[0]), _wave_m(part, step_s)
    speed_m_s, apart_m = _speed_m_s(xy_m, time_s), passes[0].apart_m
    if _too_short(apart_m, like_along, wave_m, _louder(size, passes[0]), slow=speed_m_s < SLOW_M_S) or (
        speed_m_s > QUICK_M_S and _too_long(apart_m, like_along, wave_m)
    ):
        return Agreement(throughout("scale-disagrees", "pose", time_s), float("nan"))
    whole, limit = _across(size, unit, like_along, passes)
    if whole < limit:
        size, unit = _sizes(values[:, deeper : last + 1 : every])
        deep, least = _across(size, unit, _likeness(unit, passes[0]), passes, (DEEP_CLOSE, DEEP_FAR))
        if not deep >= least:
            return Agreement(throughout("passes-disagree", "pose", time_s), whole)
        whole = deep
    return Agreement((), whole)


def _sizes(part: Complex) -> tuple[Real, Complex]:
    """Size of each trace (n,), and the traces (n, t) of size 1."""
    size = np.sqrt(np.einsum("nt,nt->n", part, part.conj()).real)
    return size, part / np.maximum(size, 1e-30)[:, None]


def _across(
    size: Real,
    unit: Complex,
    like_along: Real,
    passes: tuple[Pairs, Pairs],
    limits: tuple[float, float] = (CLOSE, FAR),
) -> tuple[float, float]:
    """Likeness across passes over that along them, and its limit of two; NaN where too few pairs tell."""
    along, across = passes
    loud_along = _louder(size, along)
    usual = _by_distance(along.apart_m[loud_along], like_along[loud_along], across.apart_m)
    tells = _louder(size, across) & (usual > LEAST_LIKE)
    if tells.sum() < MANY:
        return float("nan"), limits[0]
    share = _likeness(unit, across)[tells] / usual[tells]
    close = across.apart_m[tells] < CLOSE_M
    enough = int(close.sum()) >= MANY
    return float(np.median(share[close] if enough else share)), limits[0 if enough else 1]


def _wave_m(part: Complex, dt_s: float) -> float:
    """Mean wavelength in air of analytic traces (n, t), by how their phase grows; infinite where it does not."""
    turn = float(np.angle(np.vdot(part[:, :-1], part[:, 1:])))
    return 2.0 * np.pi * dt_s * C0_M_S / turn if turn > 0.0 else np.inf


def _too_short(apart_m: Real, like: Real, wave_m: float, loud: NDArray[np.bool_], *, slow: bool) -> bool:
    """Tell whether soundings along a pass (q,) grow unlike within a shorter way than waves allow.

    In quiet soil noise makes them unlike: then those of the louder half of the pairs are not. A head that is not
    slow would be quicker than operators are on a longer track.
    """
    near = _between(apart_m, SHORT_M)
    if near.sum() >= MANY and np.median(like[near]) < SHORT:
        return True
    near, apart = (_between(apart_m / wave_m, some) for some in (NEAR_WAVES, WAVES))
    if min(near.sum(), apart.sum()) < MANY:
        return False
    if np.median(like[apart]) >= (WITHIN if slow else ALL_SIDES) * np.median(like[near]):
        return False
    if not slow:
        return True
    apart, near = apart & loud, near & loud
    asked = min(near.sum(), apart.sum()) >= MANY // 2
    return not asked or bool(np.median(like[apart]) < LOUD_WITHIN * np.median(like[near]))


def _too_long(apart_m: Real, like: Real, wave_m: float) -> bool:
    """Tell whether soundings along a pass (q,) stay alike for longer than waves from all sides do."""
    apart = _between(apart_m / wave_m, FAR_WAVES)
    return bool(apart.sum() >= MANY and np.median(like[apart]) > BEYOND)


def _speed_m_s(xy_m: Real, time_s: Real) -> float:
    """Median speed from sample to sample."""
    way_m, step_s = np.hypot(*np.diff(xy_m, axis=0).T), np.diff(time_s)
    moved = step_s > 0.0
    return float(np.median(way_m[moved] / step_s[moved])) if moved.any() else 0.0


def _louder(size: Real, pairs: Pairs) -> NDArray[np.bool_]:
    """Which half of the pairs (q,) is louder."""
    both = size[pairs.one] * size[pairs.other]
    louder: NDArray[np.bool_] = both >= (np.median(both) if both.size else 0.0)
    return louder


def _between(values: Real, limits: tuple[float, float]) -> NDArray[np.bool_]:
    return (values > limits[0]) & (values < limits[1])


def _likeness(unit: Complex, pairs: Pairs) -> Real:
    """Real part of the correlation of each pair (q,), so many pairs at a time that they stay in a cache."""
    parts = np.ascontiguousarray(unit).view(unit.real.dtype)
    out = np.empty(pairs.one.size)
    for start in range(0, out.size, BLOCK):
        own = slice(start, start + BLOCK)
        out[own] = np.einsum("qt,qt->q", parts[pairs.one[own]], parts[pairs.other[own]])
    return out


def _by_distance(apart_m: Real, like: Real, at_m: Real) -> Real:
    """Likeness that pairs along a pass have at distances (q,): medians in bins, interpolated."""
    edges = np.linspace(0.0, NEAR_M, BINS + 1)
    which = np.digitize(apart_m, edges) - 1
    middle, level = [], []
    for k in range(BINS):
        own = like[which == k]
        if own.size >= FEW:
            middle.append(0.5 * (edges[k] + edges[k + 1]))
            level.append(float(np.median(own)))
    if not middle:
        return np.zeros_like(at_m)
    usual: Real = np.interp(at_m, middle, level)
    return usual


def height_lag(echo_m: Real, tracked_m: Real, time_s: Real) -> tuple[float, float]:
    """Find the lag at which tracked heights follow those that the ground's echo tells.

    Parameters
    ----------
    echo_m, tracked_m : (n,)
        Heights by the radar and by the track.
    time_s : (n,)

    Returns
    -------
    lag_s, gain
        The best lag, positive where the track is late; the part of the difference's variance that it explains.
    """
    lags = np.arange(-LAG_S, LAG_S + 0.5 * LAG_STEP_S, LAG_STEP_S)
    inner = (time_s > time_s[0] + LAG_S) & (time_s < time_s[-1] - LAG_S)
    if inner.sum() < MANY:
        return 0.0, 0.0
    left = np.array([np.var((echo_m - np.interp(time_s + lag, time_s, tracked_m))[inner]) for lag in lags])
    still = left[np.abs(lags).argmin()]
    if not still > 0.0:
        return 0.0, 0.0
    k = int(left.argmin())
    return float(lags[k]), float(1.0 - left[k] / still)


def clock_doubts(
    echo_m: Real, tracked_m: Real, time_s: Real, passes: float = float("nan")
) -> tuple[tuple[Doubt, ...], float]:
    """Doubt all places where the radar's clock and the tracker's do not agree.

    Parameters
    ----------
    echo_m, tracked_m : (n,)
        Heights by the radar and by the track.
    time_s : (n,)
    passes
        `Agreement.whole` of the radar's: passes to and fro are alike where the clocks agree.

    Returns
    -------
    doubts, lag_s
        None where the clocks agree, or heights do not tell; and the lag that was found.
    """
    lag_s, gain = height_lag(echo_m, tracked_m, time_s)
    if abs(lag_s) > LAG_LIMIT_S and gain > LAG_GAIN and not passes >= IN_STEP:
        return throughout("clock-disagrees", "gpr", time_s), lag_s
    return (), lag_s


def told_offset_m(offset_m: float | None, fine_m: float | None, *, known: bool) -> float:
    """Say by how much all tracked heights are too high; 0 where that is within what good recordings have.

    Parameters
    ----------
    offset_m
        Error of all heights by the delay of the ground's echo; None where it does not tell.
    fine_m
        The same by a fit of the echo that knows small errors better and large ones not at all; None where that fit
        is not possible.
    known
        Whether the antennas are.

    Returns
    -------
    float
    """
    if offset_m is None or abs(offset_m) <= (OFFSET_M if known else UNKNOWN_OFFSET_M):
        return 0.0
    knows = fine_m is not None and abs(offset_m) <= FINE_KNOWS_M
    small = knows and np.sign(offset_m) * (fine_m or 0.0) <= FINE_OFFSET_M
    return 0.0 if small else offset_m
