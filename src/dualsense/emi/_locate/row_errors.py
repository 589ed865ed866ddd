"""Position errors that last from row to row: how far they go together, and what that does to a dipole's place.

A tracker errs slowly, and a pass over a target with the head 2 mm too high says the same wrong thing in row after
row. Rows that are taken as independent then promise too much. What the rows leave tells how much their errors have
in common; the covariance of the estimate follows as for any weighted least squares with correlated errors (the
"sandwich" of information, covariance of the scores, information).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._locate.fit import Fit
    from dualsense.emi._locate.rows import Rows

    Real = NDArray[np.float64]

BLUR_REACH = 4.0
LONGEST_ROWS = 60
DEPTHS, MOST_DEPTHS = 201, 2001
SIGNIFICANT = 2.0
"""Deviations of what chance makes of neighbours, below which errors are taken as independent."""
GAP = 3.0
"""Rows further apart in time than so many times the usual step are no neighbours."""


def lasting(rows: Rows, fit: Fit, covariance: Real, time_s: Real) -> Real:
    """Find what errors shared between rows add to the covariance (3, 3) of one dipole's position, m^2.

    Parameters
    ----------
    rows, fit
        What was fitted, one dipole; ``rows.std`` is what the weights were made with.
    covariance : (3, 3)
        With rows independent. It may be smaller than that of the fit, by what is known of metal beforehand, and
        larger where there are several depths: what is added counts from the smaller one.
    time_s : (m,)
        Of the rows, in their order.
    """
    moved = fit.slope @ fit.elements
    noise = rows.channels - fit.value @ fit.elements
    jolt = moved * rows.std[:, :, None]
    weighted = jolt @ fit.weight
    score = (weighted @ noise[:, :, None])[:, :, 0]
    per_row = weighted @ jolt.transpose(0, 2, 1)
    shared = _correlation(score, per_row, time_s)
    if not shared.size:
        return np.zeros((3, 3))
    information, by_position, g = fit.schur()
    follows = (g @ by_position).reshape(fit.value.shape[1], -1, 3)  # tensors make up for a part of every move
    own = moved.transpose(0, 2, 1) + np.tensordot(fit.value, follows, 1)
    through = (weighted @ own).transpose(0, 2, 1)
    scatter = np.zeros((3, 3))
    for lag, share in enumerate(shared, start=1):
        both = np.einsum("ipa,iqa->pq", through[:-lag], through[lag:])
        scatter += share * (both + both.T)
    alone = np.linalg.inv(information)
    size, axes = np.linalg.eigh(alone @ scatter @ alone)
    added = (axes * np.maximum(size, 0.0)) @ axes.T
    with np.errstate(divide="ignore", invalid="ignore"):  # rows of a spoilt scan may tell of no place
        part = np.sqrt(np.minimum(np.diag(covariance) / np.diag(alone), 1.0))
    out: Real = added * np.outer(part, part)
    return out


def blurred(depth_m: Real, density: Real, variance_m2: float, range_m: tuple[float, float]) -> tuple[Real, Real]:
    """Widen a density over evenly spaced depths by a Gaussian until its variance is the one that is stated.

    Returns
    -------
    depth_m, density
        As they came where they are as wide already; otherwise on depths that go on as far as needed.
    """
    p = density / density.sum()
    mean = float(p @ depth_m)
    more = variance_m2 - float(p @ (depth_m - mean) ** 2)
    step = float(depth_m[1] - depth_m[0])
    if more <= 1e-3 * variance_m2:
        return depth_m, density
    reach = math.ceil(BLUR_REACH * math.sqrt(more) / step)
    wide = np.arange(-reach, depth_m.size + reach) * step + depth_m[0]
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step) ** 2 / more)
    out = np.convolve(density, kernel)
    inside = (wide >= range_m[0]) & (wide <= range_m[1])
    wide, out = wide[inside], out[inside]
    return wide, out / (out.sum() * step)


def gaussians(parts: list[tuple[float, float, float]], range_m: tuple[float, float]) -> tuple[Real, Real]:
    """Density of a depth that lies about one of a few, within a range, on evenly spaced depths.

    Parameters
    ----------
    parts
        Share, mean (m) and variance (m^2) of each.
    range_m
        Least and greatest depth.
    """
    ends = [(mean - BLUR_REACH * math.sqrt(v), mean + BLUR_REACH * math.sqrt(v)) for _, mean, v in parts]
    low, high = max(range_m[0], min(a for a, _ in ends)), min(range_m[1], max(b for _, b in ends))
    narrow = math.sqrt(min(v for _, _, v in parts))
    high = max(high, low + narrow)
    count = min(max(DEPTHS, math.ceil(4.0 * (high - low) / narrow)), MOST_DEPTHS)
    depth = np.linspace(low, high, count)
    density = np.zeros(count)
    for share, mean, variance in parts:
        density += share / math.sqrt(variance) * np.exp(-0.5 * (depth - mean) ** 2 / variance)
    return depth, density / (density.sum() * (depth[1] - depth[0]))


def _correlation(score: Real, per_row: Real, time_s: Real) -> Real:
    """Correlation of the rows' position errors at lags of 1, 2, ... rows, up to where it is lost.

    score (m, 3) are the errors' scores, of covariance per_row_i rho per_row_j (m, 3, 3) between two rows.
    """
    step = np.diff(time_s)
    together = np.concatenate([[0], np.cumsum(step > GAP * np.median(step))])
    out: list[float] = []
    for lag in range(1, min(LONGEST_ROWS, len(score) - 1) + 1):
        near = together[:-lag] == together[lag:]
        product = float((score[:-lag] * score[lag:]).sum(axis=1) @ near)
        scale = float(np.einsum("iab,iba->i", per_row[:-lag], per_row[lag:]) @ near)
        if scale <= 0:
            break
        if lag == 1 and product < SIGNIFICANT * np.sqrt(scale):
            break
        if product <= 0:
            break
        out.append(min(product / scale, 1.0))
    return np.array(out)
