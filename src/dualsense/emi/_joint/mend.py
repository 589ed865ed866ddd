"""The track, mended by the metal under it: what dipoles tell of where the coils were.

Over metal a detector is the finest tracker there is: a millimetre changes what a can answers by a hundred times
the noise. So what dipoles leave along their own slopes is first of all the track's error. It is a slow random
process with the deviation that the scan states for its prior; where no metal tells, rows stay where they are.

References
----------
Rauch, Tung and Striebel 1965, AIAA J. 3, 1445: the smoother.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._joint import _track_kernels as kernels
from dualsense.emi._joint.fit import JointFit, Site, moves, parts_of, reweighted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._response import Response

    Real = NDArray[np.float64]

SLOW_PART = 0.5
"""Of the variance that is stated for the rows, what wanders; the rest is taken for independent from row to row."""
MEMORY_S = 0.5
"""How long an error of the track lasts."""
LEFT, LEFT_ROWS = 8.0, 9
"""What the model leaves counts so many times as noise, in so many rows around: what an object has that a dipole
has not goes on from row to row, and would be taken for the track's error. Chosen on 96 lanes with seeds from
7,100,000 and 7,200,000 on, by which nothing is judged (`benchmarks/emi/study_phantoms.py`)."""
FARTHEST = 3.0
"""Standard deviations that a row may be moved; a strong object that is no dipole would have it farther."""
WORST_STD_M = 0.02
"""Of a track that is mended: slopes are straight over a centimetre or so. Nor is one that states nothing."""
LEAST_MOVE_M = 2e-4
"""Rows that no step moves farther are left where they are."""


def mended(fit: JointFit, as_told: Response) -> JointFit:
    """Move the rows to where the dipoles say that they were, and say how well that is known.

    Parameters
    ----------
    fit
        Dipoles in rows that may have been moved before.
    as_told
        The same rows where the track has them.

    Returns
    -------
    JointFit
        The same dipoles in the moved rows; drift and soil stay those of the rows as they were.
    """
    response = fit.response
    stated = as_told.position_std_m**2
    if not LEAST_MOVE_M**2 < stated.max() <= WORST_STD_M**2:  # NaN neither
        return fit
    m = response.time_s.size
    order = np.argsort(as_told.time_s, kind="stable")
    shift = (response.center_m - as_told.center_m)[order]
    known, pull = _told(fit, shift, order)
    prior = SLOW_PART * np.maximum(stated[order], LEAST_MOVE_M**2)
    mean, covariance, room = np.empty((m, 3)), np.empty((m, 3, 3)), np.empty((m, 3, 3))
    kernels.smooth(as_told.time_s[order], known, pull, prior, MEMORY_S, mean, covariance, room)
    farthest = FARTHEST * np.sqrt(prior)
    step, left = np.empty((m, 3)), np.empty((m, 3))
    step[order] = np.clip(mean, -farthest, farthest) - shift
    left[order] = np.diagonal(covariance, axis1=1, axis2=2)
    if not (np.isfinite(step).all() and left.min() >= 0.0) or np.abs(step).max() < LEAST_MOVE_M:
        return fit
    there = replace(
        response,
        center_m=response.center_m + step,
        tx_m=response.tx_m + step,
        rx_m=response.rx_m + step,
        position_std_m=np.sqrt(left + (1.0 - SLOW_PART) * stated),
    )
    sources = tuple(replace(s, site=Site(there, s.position_m)) for s in fit.sources)
    return fit.with_sources(sources, there)


def weighed(fit: JointFit, as_told: Response, *, object_std_m: float) -> JointFit:
    """Weigh the rows anew, mend the track by what that leaves, and weigh those that moved once more."""
    fit = reweighted(fit, object_std_m=object_std_m)
    better = mended(fit, as_told)
    return fit if better is fit else reweighted(better, object_std_m=object_std_m)


def _told(fit: JointFit, shift_m: Real, order: NDArray[np.intp]) -> tuple[Real, Real]:
    """Precision (m, 3, 3) and pull (m, 3) of what each row tells of its shift, rows and shifts in this order."""
    m, channels = fit.response.values.shape
    tensors = [s.tensor(part) for s, part in zip(fit.sources, parts_of(fit.span, fit.sources), strict=True)]
    moved, _ = moves(tensors, [s.site.slopes for s in fit.sources], (channels, m))
    rest = (fit.span.rest / fit.weight)[:, order]
    rows = min(LEFT_ROWS * np.unique(fit.response.coil).size, m)
    variance = 1.0 + LEFT * np.convolve((rest**2).mean(axis=0), np.full(rows, 1.0 / rows), mode="same")
    known, pull = np.empty((m, 3, 3)), np.empty((m, 3))
    kernels.told(np.ascontiguousarray(moved[:, :, order]), rest, variance, shift_m, known, pull)
    return known, pull
