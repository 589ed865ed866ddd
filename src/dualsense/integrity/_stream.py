"""Whether the samples of one sensor are measurements: repeats, stretches of noise, steps of the gain, clipping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.integrity._doubt import windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Real = NDArray[np.float64]

COLUMNS = 32
"""Of so many columns, evenly chosen, windows are looked at: more tell no more."""
LEVELS = 12
"""Of a column; one that takes fewer values is too coarse for equal samples to mean anything."""
WINDOWS = ((11, 0.85), (16, 0.75))
"""Soundings in a row, and from which share of variation between neighbours they are noise."""
SHORT, QUIET = 16, 0.4
"""Shorter windows are noise only where they vary less than most, by this factor."""
USUAL = 0.55
"""A radar whose soundings differ that much throughout lies too far apart to be judged so."""
GAP = 5.0
"""Times the usual interval between samples: longer ones end a window."""
LOUD = 400.0
"""Variance of third differences over the scan's: noise of twenty times its own, which metal's edges stay below."""
WHITE = 0.75
"""Third differences over first ones, each over their own for white noise: 1 for that, 0.5 and less for metal."""
STEP, APART = 0.5, 0.4
"""Logarithm of the gain, or radians: coupling and ground echo change by a tenth of that from one to the next."""
STEP_PART = 0.3
"""And of the usual size: where coupling and ground echo cancel, little changes the logarithm much."""
TIES = 5
"""Samples that share a bound: two or three do by chance where a converter is coarse."""
TONE, TONE_OVER = 0.6, 3.0
"""A tone's share of noise, half-way from those of working ones to white noise; and times the middle tone's, since
soundings that lie far apart differ in all of them."""


def repeated(values: NDArray[Any]) -> Mask:
    """Tell which samples (n,) equal an earlier one in all of their columns (n, k)."""
    real = _real(values)
    n = len(real)
    if n < 2 or _levels(real) < LEVELS:
        return np.zeros(n, dtype=np.bool_)
    rows = np.ascontiguousarray(real) + 0.0  # no negative zeros: rows are told apart by their bytes
    some = np.flatnonzero(_shared(rows[:, 0]))
    whole = rows[some].view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel()
    same: Mask = np.zeros(n, dtype=np.bool_)
    same[some] = np.all(np.isfinite(real[some]), axis=1)
    same[some[np.unique(whole, return_index=True)[1]]] = False  # the first of each
    return same


def _shared(values: Real) -> Mask:
    """Tell which values (n,) occur more than once; those that are not finite equal nothing."""
    order = np.argsort(values)
    alike = np.diff(values[order]) == 0.0
    shared = np.zeros(values.size, dtype=np.bool_)
    shared[order[1:][alike]] = shared[order[:-1][alike]] = True
    return shared


def _levels(real: Real) -> int:
    """Distinct values of the finest of a few columns."""
    few = real[:: max(1, len(real) // 512), :: max(1, real.shape[1] // 5)]
    return max(np.unique(column).size for column in few.T)


def only_noise(values: NDArray[Any], time_s: Real) -> Mask:
    """Tell which soundings (n,) lie in a stretch in which neighbours have nothing in common but their mean."""
    n = len(values)
    bad = np.zeros(n, dtype=np.bool_)
    some = _some(values)
    for size, limit in WINDOWS:
        if n < 2 * size:
            continue
        share, spread = _shares(some, size)
        whole = ~broken(time_s, size)
        if not whole.any() or np.quantile(share[whole], 0.25) > USUAL:
            continue
        level = spread / max(float(np.median(spread[whole])), 1e-300)
        odd = (level < QUIET) | (size >= SHORT)
        bad |= windows((share > limit) & odd & whole, size, n)
    return bad


def _shares(values: NDArray[Any], size: int) -> tuple[Real, Real]:
    """Von Neumann's ratio of every window of so many soundings, and its variance, (n - size + 1,) both.

    The ratio is the middle one of the columns', the variance is summed over them.
    """
    between, within = variations(values, size)
    return np.median(between / within, axis=1), within.sum(axis=1)


def variations(values: NDArray[Any], size: int) -> tuple[Real, Real]:
    """Variance from sounding to sounding, halved, and within every window of so many, (n - size + 1, k) both."""
    step = np.abs(np.diff(values, axis=0)) ** 2
    mean = sums(values, size) / size
    spread = sums(np.abs(values) ** 2, size) / size - np.abs(mean) ** 2
    return sums(step, size - 1) / (2.0 * (size - 1)), np.maximum(spread * size / (size - 1.0), 1e-300)


def sums(values: NDArray[Any], size: int) -> NDArray[Any]:
    """Add so many rows in a row, (n - size + 1, k)."""
    total = np.zeros((len(values) + 1, values.shape[1]), values.dtype)
    np.cumsum(values, axis=0, out=total[1:])
    out: NDArray[Any] = total[size:] - total[:-size]
    return out


def broken(time_s: Real, size: int) -> Mask:
    """Tell which windows (n - size + 1,) bridge a gap in time."""
    step = np.diff(time_s)
    gap = np.concatenate([[0], np.cumsum(step > GAP * np.median(step))])
    apart: Mask = gap[size - 1 :] != gap[: gap.size - size + 1]
    return apart


def noisy(values: NDArray[Any], time_s: Real, *, size: int = 12) -> Mask:
    """Tell which metal samples (n,) lie in a stretch of white noise far above the scan's.

    Metal is felt over many samples: its third differences are small beside its first ones, and those of noise are
    not.
    """
    real = _real(values)
    n = len(real)
    bad = np.zeros(n, dtype=np.bool_)
    if n < 4 * size:
        return bad
    first, third = differences(real)
    usual = np.median(third, axis=0) / 0.455 + 1e-300
    own = sums(third / usual, size).mean(axis=1) / size
    white = sums(third / usual, size).sum(axis=1) > WHITE * sums(first / usual, size).sum(axis=1)
    return windows((own > LOUD) & white & ~broken(time_s, size + 3), size + 3, n)


def differences(values: NDArray[Any]) -> tuple[Real, Real]:
    """Squares of first and of third differences (n - 3, k), each the variance of white noise in the mean.

    What is felt over many samples has small third differences beside its first ones.
    """
    first, third = np.diff(values, axis=0)[2:], np.diff(values, n=3, axis=0)
    return np.abs(first) ** 2 / 2.0, np.abs(third) ** 2 / 20.0


def stepped(values: NDArray[Any]) -> Mask:
    """Tell which soundings (n,) have another gain or phase than most.

    Coupling and ground echo are most of every sounding, and change slowly. Between steps of their common part
    the stretches are compared with the longest.
    """
    n = len(values)
    bad = np.zeros(n, dtype=np.bool_)
    if n < 12:
        return bad
    some = _some(values)
    common = np.median(some.real, axis=0) + (1j * np.median(some.imag, axis=0) if np.iscomplexobj(some) else 0.0)
    part = (some @ common.conj()) / max(float(np.vdot(common, common).real), 1e-300)
    size = np.log(np.maximum(np.abs(part), 1e-12))
    turn = np.angle(part)
    jump = np.hypot(np.diff(size), np.angle(np.exp(1j * np.diff(turn))))
    step = np.abs(np.diff(part)) > STEP_PART * float(np.median(np.abs(part)))
    label = np.concatenate([[0], np.cumsum((jump > STEP) & step)])
    counts = np.bincount(label)
    if counts.size == 1:
        return bad
    middle = np.array([np.median(size[label == k]) for k in range(counts.size)])
    phase = np.array([np.angle(np.exp(1j * turn[label == k]).mean()) for k in range(counts.size)])
    longest = int(counts.argmax())
    away = np.hypot(middle - middle[longest], np.angle(np.exp(1j * (phase - phase[longest]))))
    bad |= (away > APART)[label]
    return bad


def clipped(values: NDArray[Any], *, part: float = 0.0) -> Mask:
    """Tell which samples (n,) share a largest or smallest value with others, in more than a part of columns.

    A column that never leaves the largest value of all is clipped from end to end, if it is not the only one.
    """
    real = _real(values)
    n = len(real)
    if n < 4 * TIES or _levels(real) < LEVELS:
        return np.zeros(n, dtype=np.bool_)
    hit = np.zeros(real.shape, dtype=np.bool_)
    moves = (real != real[:1]).any(axis=0)
    for most in (real.max(axis=0), real.min(axis=0)):
        at = np.abs(real - most) <= 1e-7 * np.abs(most)
        hit |= at & (at.sum(axis=0) >= TIES) & moves
    size = np.abs(real).max(axis=0)
    stuck = ~moves & (size > 0.0) & (size >= (1.0 - 1e-6) * size.max())
    if stuck.sum() > 1:
        hit[:, stuck] = True
    bad: Mask = hit.mean(axis=1) > part
    return bad


def noisy_tones(values: NDArray[Any]) -> Mask:
    """Tell which columns (k,) of the radar are noise beside the others."""
    step = (np.abs(np.diff(values, axis=0)) ** 2).mean(axis=0) / 2.0
    spread = np.maximum(np.var(values, axis=0).astype(np.float64), 1e-300)
    share = step / spread
    bad: Mask = (share > TONE) & (share > TONE_OVER * np.median(share))
    return bad


def _real(values: NDArray[Any]) -> Real:
    """Real and imaginary parts side by side, (n, k) or (n, 2 k)."""
    return np.concatenate([values.real, values.imag], axis=1) if np.iscomplexobj(values) else values


def _some(values: NDArray[Any]) -> NDArray[Any]:
    """Choose a part of the columns, evenly, in double precision."""
    step = max(1, values.shape[1] // COLUMNS)
    some = values[:, ::step]
    kind = np.complex128 if np.iscomplexobj(some) else np.float64
    return np.nan_to_num(some.astype(kind))
