"""Exact intervals for rare events, and how honest a probability is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LEVEL = 0.95


def clopper_pearson(hits: int, trials: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Interval of a proportion that holds at least at its level (Clopper and Pearson 1934).

    Parameters
    ----------
    hits, trials : int
        0 <= hits <= trials. Without trials nothing is known: (0, 1).
    level : float
        Two-sided, between 0 and 1.

    Raises
    ------
    ValueError
        Counts or level out of range.

    References
    ----------
    Clopper, C. J. and Pearson, E. S. (1934). The use of confidence or fiducial limits illustrated in the case of
    the binomial. Biometrika 26, 404-413.
    """
    _check_level(level)
    if not 0 <= hits <= trials:
        msg = f"hits must be from 0 to trials, got {hits} of {trials}"
        raise ValueError(msg)
    from scipy.special import betaincinv  # noqa: PLC0415 - slow to import

    tail = 0.5 * (1 - level)
    low = 0.0 if hits == 0 else float(betaincinv(hits, trials - hits + 1, tail))
    high = 1.0 if hits == trials else float(betaincinv(hits + 1, trials - hits, 1 - tail))
    return low, high


def poisson_rate(count: int, exposure: float, *, level: float = LEVEL) -> tuple[float, float]:
    """Interval of a rate from a count over an exposure that holds at least at its level (Garwood 1936).

    Raises
    ------
    ValueError
        A negative count, an exposure that is not positive, or a level out of range.

    References
    ----------
    Garwood, F. (1936). Fiducial limits for the Poisson distribution. Biometrika 28, 437-442.
    """
    _check_level(level)
    if count < 0 or not exposure > 0:
        msg = f"a rate needs a count >= 0 and an exposure > 0, got {count} over {exposure}"
        raise ValueError(msg)
    from scipy.special import gammaincinv  # noqa: PLC0415 - slow to import

    tail = 0.5 * (1 - level)
    low = 0.0 if count == 0 else float(gammaincinv(count, tail))
    return low / exposure, float(gammaincinv(count + 1, 1 - tail)) / exposure


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Stated probability against what happened, in bins of equal width.

    Attributes
    ----------
    edges : (b + 1,) float64
    count : (b,) intp
    mean_confidence, fraction, low, high : (b,) float64
        NaN in empty bins; ``low`` and ``high`` bound the fraction (Clopper-Pearson).
    """

    edges: NDArray[np.float64]
    count: NDArray[np.intp]
    mean_confidence: NDArray[np.float64]
    fraction: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def reliability(confidence: ArrayLike, happened: ArrayLike, *, bins: int = 10) -> Reliability:
    """Bin confidences (n,) in [0, 1] and compare with outcomes (n,) of 0 or 1. One belongs to the last bin.

    Raises
    ------
    ValueError
        When there are no bins, or confidences and outcomes do not fit each other.
    """
    p, y = _outcomes(confidence, happened)
    if bins < 1:
        msg = f"bins must be at least 1, got {bins}"
        raise ValueError(msg)
    edges = np.linspace(0.0, 1.0, bins + 1)
    index = np.minimum(np.searchsorted(edges, p, side="right") - 1, bins - 1)
    count = np.bincount(index, minlength=bins)
    hits = np.bincount(index, weights=y, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(index, weights=p, minlength=bins) / count
        fraction = hits / count
    bounds = np.array(
        [clopper_pearson(int(h), int(n)) if n else (np.nan, np.nan) for h, n in zip(hits, count, strict=True)]
    )
    return Reliability(edges, count.astype(np.intp), mean, fraction, bounds[:, 0], bounds[:, 1])


def brier_score(confidence: ArrayLike, happened: ArrayLike) -> float:
    """Mean squared difference of probability and outcome; NaN without outcomes. 0 is best, 0.25 a coin's.

    Raises
    ------
    ValueError
        Shapes that differ, confidences outside [0, 1], or outcomes other than 0 or 1.
    """
    p, y = _outcomes(confidence, happened)
    return float(np.mean((p - y) ** 2)) if len(p) else float("nan")


def expected_calibration_error(confidence: ArrayLike, happened: ArrayLike, *, bins: int = 10) -> float:
    """Mean over outcomes of how far a bin's mean confidence is from its fraction; NaN without outcomes.

    Raises
    ------
    ValueError
        As from `reliability`.
    """
    table = reliability(confidence, happened, bins=bins)
    total = int(table.count.sum())
    if not total:
        return float("nan")
    used = table.count > 0
    gap = np.abs(table.mean_confidence[used] - table.fraction[used])
    return float(np.sum(table.count[used] * gap) / total)


def root_mean_square(values: NDArray[np.float64]) -> float:
    """Root mean square of the values (n,) that are not NaN; NaN where none is."""
    return float(np.sqrt(np.nanmean(values**2))) if np.isfinite(values).any() else float("nan")


def _outcomes(confidence: ArrayLike, happened: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    p = np.asarray(confidence, dtype=np.float64)
    y = np.asarray(happened, dtype=np.float64)
    if p.ndim != 1 or p.shape != y.shape:
        msg = f"confidence and outcome must have one shape (n,), got {p.shape} and {y.shape}"
        raise ValueError(msg)
    if np.any(~((p >= 0) & (p <= 1))) or np.any((y != 0) & (y != 1)):
        msg = "confidence must lie in [0, 1] and outcomes be 0 or 1"
        raise ValueError(msg)
    return p, y


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        msg = f"level must lie between 0 and 1, got {level}"
        raise ValueError(msg)
