"""Kernels of the track: what rows tell of where the coils were, smoothed over time.

Plain arrays, no validation, the caller allocates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.runtime.jit import jit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]


@jit()
def told(moved: Real, rest: Real, variance: Real, shift: Real, known: Real, pull: Real) -> None:
    """Fill what each row tells of its shift: precision known (m, 3, 3), 1/m^2, and pull (m, 3), 1/m.

    moved (3, c, m) is what a shift of all dipoles does to each row, rest (c, m) what is left of it, both in white
    channels; variance (m,) of a row's channels; shift (m, 3), m, is in the rows already. Coils that are shifted
    see dipoles shifted the other way.
    """
    channels = rest.shape[0]
    known[:] = 0.0
    pull[:] = 0.0
    for k in range(channels):
        x, y, z, r = moved[0, k], moved[1, k], moved[2, k], rest[k]
        for i in range(r.shape[0]):
            known[i, 0, 0] += x[i] * x[i]
            known[i, 0, 1] += x[i] * y[i]
            known[i, 0, 2] += x[i] * z[i]
            known[i, 1, 1] += y[i] * y[i]
            known[i, 1, 2] += y[i] * z[i]
            known[i, 2, 2] += z[i] * z[i]
            pull[i, 0] -= x[i] * r[i]
            pull[i, 1] -= y[i] * r[i]
            pull[i, 2] -= z[i] * r[i]
    for i in range(known.shape[0]):
        own = known[i]
        own[1, 0], own[2, 0], own[2, 1] = own[0, 1], own[0, 2], own[1, 2]
        for a in range(3):
            for b in range(3):
                own[a, b] /= variance[i]
            pull[i, a] = pull[i, a] / variance[i]
        for a in range(3):
            for b in range(3):
                pull[i, a] += own[a, b] * shift[i, b]


@jit()
def inverse(a: Real, out: Real) -> None:
    """Fill out (3, 3) with the inverse of a."""
    c00 = a[1, 1] * a[2, 2] - a[1, 2] * a[2, 1]
    c01 = a[1, 2] * a[2, 0] - a[1, 0] * a[2, 2]
    c02 = a[1, 0] * a[2, 1] - a[1, 1] * a[2, 0]
    scale = 1.0 / (a[0, 0] * c00 + a[0, 1] * c01 + a[0, 2] * c02)
    out[0, 0], out[1, 0], out[2, 0] = c00 * scale, c01 * scale, c02 * scale
    out[0, 1] = (a[0, 2] * a[2, 1] - a[0, 1] * a[2, 2]) * scale
    out[1, 1] = (a[0, 0] * a[2, 2] - a[0, 2] * a[2, 0]) * scale
    out[2, 1] = (a[0, 1] * a[2, 0] - a[0, 0] * a[2, 1]) * scale
    out[0, 2] = (a[0, 1] * a[1, 2] - a[0, 2] * a[1, 1]) * scale
    out[1, 2] = (a[0, 2] * a[1, 0] - a[0, 0] * a[1, 2]) * scale
    out[2, 2] = (a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]) * scale


@jit()
def times(a: Real, b: Real, out: Real) -> None:
    """Fill out (3, 3) with a b."""
    for i in range(3):
        for j in range(3):
            out[i, j] = a[i, 0] * b[0, j] + a[i, 1] * b[1, j] + a[i, 2] * b[2, j]


@jit()
def smooth(
    time_s: Real, known: Real, pull: Real, prior: Real, memory_s: float, mean: Real, covariance: Real, ahead: Real
) -> None:
    """Fill mean (m, 3) and covariance (m, 3, 3) of a shift that wanders, from what all rows tell.

    The shift is an Ornstein-Uhlenbeck process of variance prior (m, 3), m^2, and correlation time memory_s:
    filtered forward in time, then smoothed backward (Rauch, Tung and Striebel 1965). known, pull from `told`;
    ahead (m, 3, 3) is room for the covariances foretold.
    """
    m = time_s.shape[0]
    work, other, gain = np.empty((3, 3)), np.empty((3, 3)), np.empty((3, 3))
    foretold = np.empty(3)
    for i in range(m):
        keep = np.exp(-max(time_s[i] - time_s[i - 1], 0.0) / memory_s) if i > 0 else 0.0
        for a in range(3):
            foretold[a] = keep * mean[i - 1, a] if i > 0 else 0.0
            for b in range(3):
                ahead[i, a, b] = keep * keep * covariance[i - 1, a, b] if i > 0 else 0.0
            ahead[i, a, a] += (1.0 - keep * keep) * prior[i, a] + 1e-6 * prior[i, a]
        times(ahead[i], known[i], work)
        for a in range(3):
            work[a, a] += 1.0
        inverse(work, other)
        times(other, ahead[i], covariance[i])
        for a in range(3):
            left = pull[i, a]
            for b in range(3):
                left -= known[i, a, b] * foretold[b]
            work[0, a] = left
        for a in range(3):
            mean[i, a] = foretold[a]
            for b in range(3):
                mean[i, a] += covariance[i, a, b] * work[0, b]
    for i in range(m - 2, -1, -1):
        keep = np.exp(-max(time_s[i + 1] - time_s[i], 0.0) / memory_s)
        inverse(ahead[i + 1], work)
        times(covariance[i], work, gain)
        for a in range(3):
            foretold[a] = mean[i + 1, a] - keep * mean[i, a]
            for b in range(3):
                gain[a, b] *= keep
                other[a, b] = covariance[i + 1, a, b] - ahead[i + 1, a, b]
        times(gain, other, work)
        for a in range(3):
            for b in range(3):
                mean[i, a] += gain[a, b] * foretold[b]
                covariance[i, a, b] += work[a, 0] * gain[b, 0] + work[a, 1] * gain[b, 1] + work[a, 2] * gain[b, 2]
