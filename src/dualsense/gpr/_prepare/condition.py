"""Recorded impulse traces, sample by sample: clipped peaks, offset, slow drift.

Steps of stepped-frequency data that have no samples in time leave those as they are. Missing samples stay missing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from dualsense.errors import ScanError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from dualsense.scan import GprData

    Real = NDArray[np.float64]
    Mask = NDArray[np.bool_]

MIN_RUN = 3
"""So many neighbours at the very same extreme are no peak, but a rail."""
MAX_RUN = 64
"""A longer run says nothing of what it hides, and stays as it was recorded."""
RAIL_TOLERANCE = 1e-6
RIDGE = 1e-7
UNEVEN = 0.01


def sample_axis(gpr: GprData) -> Real | None:
    """Give the times of the samples (k,), None where there are no samples in time to work on.

    Parameters
    ----------
    gpr
        n soundings.

    Returns
    -------
    (k,) float64 or None
    """
    axis = gpr.sample_time_s
    return None if axis is None or axis.size < 2 or gpr.time_s.size == 0 else axis


def sample_step_s(axis: Real) -> float:
    """Spacing of the samples of impulse traces.

    Raises
    ------
    ScanError
        When they are not evenly spaced: filters in time need them to be.
    """
    steps = np.diff(axis)
    dt = float(np.median(steps))
    if np.abs(steps - dt).max() > UNEVEN * dt:
        msg = f"samples must be evenly spaced in time, got steps from {steps.min():.4g} s to {steps.max():.4g} s"
        raise ScanError(msg)
    return dt


def in_window(axis: Real, from_s: float | None, to_s: float | None) -> Mask:
    """Mark the samples (k,) between two times; None is the trace's end."""
    return (axis >= (-np.inf if from_s is None else from_s)) & (axis <= (np.inf if to_s is None else to_s))


def find_clipped(gpr: GprData) -> Mask:
    """Mark the samples (n, k) that the receiver could not follow.

    A run of at least ``MIN_RUN`` samples at the highest or lowest value that a channel ever gave tells a rail;
    then all samples there are clipped.

    Parameters
    ----------
    gpr
        n traces of k samples.

    Returns
    -------
    (n, k) bool
        False everywhere for tones.
    """
    data = gpr.data
    clipped = np.zeros(data.shape, dtype=bool)
    if sample_axis(gpr) is None or np.iscomplexobj(data):
        return clipped
    for c in np.unique(gpr.channel):
        rows = np.flatnonzero(gpr.channel == c)
        own = np.asarray(data[rows], dtype=np.float64)
        finite = own[np.isfinite(own)]
        if finite.size == 0 or finite.max() == finite.min():
            continue
        slack = RAIL_TOLERANCE * (finite.max() - finite.min())
        for rail in (own >= finite.max() - slack, own <= finite.min() + slack):
            if _longest_run(rail) >= MIN_RUN:
                clipped[rows] |= rail
    return clipped


def declip(gpr: GprData, *, reach_s: float = 0.6e-9, rounds: int = 3) -> GprData:
    """Rebuild clipped peaks from the samples around them.

    The most probable continuation of a stationary Gaussian process with the traces' own autocovariance, which is
    their band: among all that agree with the samples within ``reach_s`` of a run, and lie beyond the rail, the one
    of least weighted norm x' K^-1 x (Rasmussen and Williams 2006, ch. 2; consistent declipping after Kitic et al.
    2015). As the autocovariance is that of clipped traces at first, all is repeated ``rounds`` times.

    Parameters
    ----------
    gpr
        n traces of k samples. Returned as it is when nothing is clipped; :func:`find_clipped` tells what is.
    reach_s
        How far to either side of a run samples are used.
    rounds
        Repetitions.

    Returns
    -------
    GprData

    Raises
    ------
    ScanError
        When the samples are not evenly spaced.

    References
    ----------
    Rasmussen, C. E. and Williams, C. K. I. (2006). Gaussian Processes for Machine Learning, chapter 2. MIT Press.

    Kitic, S., Bertin, N. and Gribonval, R. (2015). Sparsity and cosparsity for audio declipping: a flexible
    non-convex approach. Latent Variable Analysis and Signal Separation.
    """
    clipped = find_clipped(gpr)
    axis = sample_axis(gpr)
    if axis is None or not clipped.any():
        return gpr
    reach = max(4, round(reach_s / sample_step_s(axis)))
    data = np.array(gpr.data, dtype=np.float64)
    for c in np.unique(gpr.channel[clipped.any(axis=1)]):
        rows = np.flatnonzero(gpr.channel == c)
        data[rows] = _rebuild(data[rows], clipped[rows], reach, rounds)
    return replace(gpr, data=data)


def remove_offset(
    gpr: GprData,
    *,
    method: Literal["mean", "median"] = "mean",
    from_s: float | None = None,
    to_s: float | None = None,
) -> GprData:
    """Subtract each trace's own offset (DC shift).

    Parameters
    ----------
    gpr
        n traces of k samples; tones pass as they are.
    method
        Mean or median of the samples.
    from_s, to_s
        Window of ``sample_time_s`` in which the offset is taken, such as before the direct wave; None is the
        trace's end.

    Returns
    -------
    GprData

    Raises
    ------
    ScanError
        When the window holds no sample.
    """
    axis = sample_axis(gpr)
    if axis is None:
        return gpr
    inside = in_window(axis, from_s, to_s)
    if not inside.any():
        have = f"{axis[0]:.4g} to {axis[-1]:.4g} s"
        msg = f"the window for the offset holds no sample of {have}, got {from_s} to {to_s} s"
        raise ScanError(msg)

    def without(values: Real) -> Real:
        part = values[:, inside]
        known = np.isfinite(part).any(axis=1)
        offset = np.zeros(len(values))
        average = np.nanmean if method == "mean" else np.nanmedian
        offset[known] = average(np.where(np.isfinite(part[known]), part[known], np.nan), axis=1)
        return values - offset[:, None]

    return on_traces(gpr, without)


def dewow(
    gpr: GprData, *, method: Literal["mean", "median", "gaussian"] = "mean", window_s: float = 5e-9
) -> GprData:
    """Subtract what changes slowly along each trace: saturation, cables and amplifiers that recover.

    What is subtracted is a running mean (box), median or Gaussian mean. Traces are continued beyond their ends by
    point reflection, so that a straight slope is followed to the last sample. What is slower than the window
    goes, so it has to be several pulses long.

    Parameters
    ----------
    gpr
        n traces of k samples; tones pass as they are.
    method
        The mean leaves a pulse as it is while all of it is within the window, and a shadow where part of it is;
        the Gaussian's is weaker. The median leaves none on level traces, and follows steps, but on a slope a
        pulse shifts it.
    window_s
        Full width of the box and of the median; of the Gaussian, four standard deviations.

    Returns
    -------
    GprData

    Raises
    ------
    ScanError
        When the samples are not evenly spaced.
    """
    axis = sample_axis(gpr)
    if axis is None:
        return gpr
    half = max(1, round(0.5 * window_s / sample_step_s(axis)))
    return on_traces(gpr, lambda values: values - _slow(values, half, method))


def on_traces(gpr: GprData, change: Callable[[Real], Real]) -> GprData:
    """Do the same to the traces (n, k) and to the free-air reference, in double precision.

    Missing samples are bridged on the way in and missing again on the way out.
    """

    def changed(values: NDArray[np.generic]) -> Real:
        wide = np.asarray(values, dtype=np.float64)
        missing = ~np.isfinite(wide)
        out = change(bridged(wide))
        return np.where(missing, np.nan, out) if out.shape == wide.shape else out

    reference = None if gpr.reference is None else changed(gpr.reference[None])[0]
    return replace(gpr, data=changed(gpr.data), reference=reference)


def bridged(values: Real) -> Real:
    """Traces (n, k) with missing samples interpolated in a straight line; 0 where a trace has none."""
    missing = ~np.isfinite(values)
    if not missing.any():
        return values
    out = np.where(missing, 0.0, values)
    index = np.arange(values.shape[1])
    for i in np.flatnonzero(missing.any(axis=1) & ~missing.all(axis=1)):
        out[i, missing[i]] = np.interp(index[missing[i]], index[~missing[i]], values[i, ~missing[i]])
    return out


def _slow(values: Real, half: int, method: str) -> Real:
    from scipy.ndimage import correlate1d, median_filter  # noqa: PLC0415

    half = min(half, values.shape[1] - 1)
    padded = np.pad(values, ((0, 0), (half, half)), mode="reflect", reflect_type="odd")
    if method == "median":
        slow = median_filter(padded, size=(1, 2 * half + 1), mode="nearest")
    else:
        u = np.arange(-half, half + 1) / half
        weight = np.exp(-2.0 * u**2) if method == "gaussian" else np.ones(u.size)
        slow = correlate1d(padded, weight / weight.sum(), axis=1, mode="nearest")
    middle: Real = slow[:, half : half + values.shape[1]]
    return middle


def _longest_run(mask: Mask) -> int:
    """Length of the longest run along the second axis of a mask (n, k)."""
    rows = np.flatnonzero(mask.sum(axis=1) >= MIN_RUN)
    return max((stop - start for i in rows for start, stop in _runs(mask[i])), default=0)


def _runs(mask: Mask) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _rebuild(values: Real, clipped: Mask, reach: int, rounds: int) -> Real:
    """Traces (m, k) of one channel with their clipped runs continued beyond the rail."""
    known = np.isfinite(values)
    offset = float(np.median(values[known]))
    rail = np.where(known, values - offset, 0.0)
    out = rail.copy()
    for _ in range(rounds):
        covariance = _autocovariance(out, min(2 * reach + MAX_RUN, values.shape[1]))
        before = out.copy()
        inverses: dict[int, Real] = {}
        for i in np.flatnonzero(clipped.any(axis=1)):
            for start, stop in _runs(clipped[i]):
                if stop - start > MAX_RUN:
                    continue
                window = slice(max(0, start - reach), min(values.shape[1], stop + reach))
                size = window.stop - window.start
                if size not in inverses:
                    inverses[size] = _inverse(covariance[:size])
                solved = _continue(before[i, window], rail[i, window], clipped[i, window], inverses[size])
                out[i, start:stop] = solved[start - window.start : stop - window.start]
    return np.where(out == rail, values, out + offset)


def _autocovariance(values: Real, lags: int) -> Real:
    """Mean over the traces, biased, so that every Toeplitz matrix of it is positive definite (lags,)."""
    size = 2 * values.shape[1]
    power = (np.abs(np.fft.rfft(values, size, axis=1)) ** 2).mean(axis=0)
    covariance: Real = np.fft.irfft(power)[:lags] / values.shape[1]
    return covariance


def _inverse(covariance: Real) -> Real:
    from scipy.linalg import toeplitz  # noqa: PLC0415

    lags = covariance.copy()
    lags[0] *= 1.0 + RIDGE
    inverse: Real = np.linalg.inv(toeplitz(lags))
    return inverse


def _continue(values: Real, rail: Real, unknown: Mask, inverse: Real) -> Real:
    """Least x' K^-1 x over the unknown samples of a window, each at or beyond its rail."""
    from scipy.linalg import cholesky, solve_triangular  # noqa: PLC0415
    from scipy.optimize import nnls  # noqa: PLC0415

    factor = cholesky(inverse[np.ix_(unknown, unknown)], lower=True)
    pull = solve_triangular(factor, -inverse[np.ix_(unknown, ~unknown)] @ values[~unknown], lower=True)
    sign = np.sign(rail[unknown])
    out = values.copy()
    try:
        beyond, _ = nnls(factor.T * sign, pull - factor.T @ rail[unknown], maxiter=100 * int(unknown.sum()))
    except RuntimeError:  # it did not converge: as recorded, then
        return out
    out[unknown] = rail[unknown] + sign * beyond
    return out
