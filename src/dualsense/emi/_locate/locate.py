"""One metal target under the coils: where, how deep, its tensors, and how well each is known.

The response of a small target is linear in its polarizability, not in its position. A coarse grid is searched with
free tensors; from there the position is followed with the tensor integrated out over what metal can be
(`emi._locate.prior`), which is a variable projection (Golub and Pereyra 1973) with a prior. Rows are whitened by
noise and by what an error of their position does to the signal, grad d . Sigma . grad d^T; the mean of such
an error, a
blur, is part of the model, without which targets seem too deep. The posterior is followed along depth, since
at one
height of the coils it is long, and not symmetric, there. Tensors at its mean have one set of axes over all
channels and
the sign that passive metal has.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._dipole import DipoleEstimate
from dualsense.emi._locate.draws import draws, magnetic
from dualsense.emi._locate.fit import solve
from dualsense.emi._locate.row_errors import blurred, lasting
from dualsense.emi._locate.rows import rows_of
from dualsense.emi._locate.search import search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.emi._locate.rows import Rows
    from dualsense.emi._locate.search import Posterior
    from dualsense.emi._response import Response

    Real = NDArray[np.float64]

MIN_ROWS = 12
DEPTH_RANGE_M = (0.005, 0.3)
LEAST_SIDE_M = 0.05
LOG_SIZE_SHARE = float(np.log(np.sqrt(2 * np.pi) * 0.3 / np.log(1e6)))
"""What a size that is known to a third costs, when it could be anything over six decades."""
MODE_SHARE = 0.05
WIDENS, WIDE_SHARE = 0.6, 0.05
"""A posterior as wide as the second number of the range from the coils varies by the first more than it claims, a
narrower one by the square of its width less: tensors' freedom counts for a part only (`_visit_kernels`), and
the weights of the rows are those of one place. Chosen on targets of ``benchmarks/emi/study_inversion.py`` with
seeds from 10,000 on, which its report does not use."""


def locate(
    response: Response,
    noise: Real,
    *,
    position_std_m: float | Real | None = None,
    radar_depth_m: float | None = None,
    radar_depth_std_m: float | None = None,
    depth_range_m: tuple[float, float] = DEPTH_RANGE_M,
    start_m: Real | None = None,
) -> DipoleEstimate:
    """Invert balanced rows for one dipole, with its uncertainty.

    Parameters
    ----------
    response
        m rows over c channels, soil and drift taken out.
    noise : (c,) or (c, c)
        Standard deviations of the channels' noise in one row, or its covariance (with what is left of the soil).
    position_std_m : scalar, (3,) or (m, 3), optional
        Standard error of the rows' positions. The response's own by default, 2 mm where that is not stated. Rows
        weigh as if errors were independent; where what is left says that they go together from row to row, the
        covariance is widened by that.
    radar_depth_m, radar_depth_std_m
        What the radar says of the depth of the metal's centre; a Gaussian prior. Flat within
        ``depth_range_m`` otherwise.
    depth_range_m
        Least and greatest depth of the metal's centre.
    start_m : (2,), optional
        Where to look, x and y; by default where the energy is.

    Returns
    -------
    DipoleEstimate

    Raises
    ------
    ValueError
        Fewer than 12 rows, or values or errors that make no sense.

    References
    ----------
    Golub, G. H. and Pereyra, V. (1973). The differentiation of pseudo-inverses and nonlinear least squares
    problems whose variables separate. SIAM Journal on Numerical Analysis 10, 413-432.
    """
    if (radar_depth_m is None) != (radar_depth_std_m is None):
        msg = f"radar_depth_m and radar_depth_std_m go together, got {radar_depth_m} and {radar_depth_std_m}"
        raise ValueError(msg)
    if response.time_s.size < MIN_ROWS:
        msg = f"an inversion needs at least {MIN_ROWS} rows, got {response.time_s.size}"
        raise ValueError(msg)
    prior = (
        (0.0, 0.0) if radar_depth_m is None or not radar_depth_std_m else (-radar_depth_m, radar_depth_std_m**-2)
    )
    rows = rows_of(response, noise, position_std_m, depth_range_m, prior)
    return estimate(response, rows, search(rows, start_m))


def locate_many(
    responses: Sequence[Response], noise: Real, *, threads: int | None = None, **keywords: object
) -> list[DipoleEstimate]:
    """`locate` for many targets at once, on threads (the kernels hold no lock); the order is kept.

    Parameters
    ----------
    responses
        Balanced rows, one set for each target.
    noise : (c,) or (c, c)
        As for `locate`, the same for all.
    threads
        At most this many; None lets Python choose.
    **keywords
        As for `locate`, the same for all.

    Returns
    -------
    list of DipoleEstimate
        In the order of ``responses``.

    Raises
    ------
    ValueError
        As from `locate`, for any of the targets.
    """

    def one(response: Response) -> DipoleEstimate:
        return locate(response, noise, **keywords)  # type: ignore[arg-type]

    with ThreadPoolExecutor(max_workers=threads) as pool:
        return list(pool.map(one, responses))


def estimate(response: Response, rows: Rows, found: Posterior) -> DipoleEstimate:
    """Moments of a posterior, and tensors with common axes at its mean."""
    top = found.top
    degrees = max(rows.data.size - 3 * rows.sign.size - 6, 1)
    misfit = top.misfit / degrees
    quiet = float((rows.data**2).sum())
    depth = found.depth
    p = found.density / found.density.sum()
    range_m = p @ depth + response.center_m[:, 2].mean()
    wide = (p @ depth**2 - (p @ depth) ** 2) / (WIDE_SHARE * max(range_m, LEAST_SIDE_M)) ** 2
    widen = max(misfit, 1.0) * (1.0 + WIDENS * min(wide, 1.0))
    p = (found.density / found.density.max()) ** (1.0 / widen)
    p /= p.sum()
    found = replace(found, density=p / (depth[1] - depth[0]))
    mean = np.array([*(p @ found.xy), -(p @ depth)])
    away = np.column_stack([found.xy, -depth]) - mean
    covariance = np.einsum("k,ki,kj->ij", p, away, away)
    covariance[:2, :2] += widen * np.einsum("k,kij->ij", p, found.inner)
    wider = rows.widened(found.excess)
    fit = solve(wider, mean[None, :], None)
    covariance += lasting(wider, fit, covariance, response.time_s)
    depths, density = blurred(depth, found.density, covariance[2, 2], rows.depth_range_m)
    tensor, axes, principal, spread = fit.tensors(rows, covariance, widen)
    signal = max(top.energy - top.misfit, 0.0)
    beyond = signal + max(top.misfit - degrees, 0.0)
    return DipoleEstimate(
        position_m=mean,
        covariance_m2=covariance,
        depth_m=depths,
        depth_density=density,
        modes_m=modes(depth, p),
        tensor_m3=tensor,
        tensor_covariance=spread,
        axes=axes,
        principal_m3=principal,
        misfit=misfit,
        coherence=signal / beyond if beyond > 0 else 0.0,
        log_evidence=found.log_integral + log_position_prior(rows) + LOG_SIZE_SHARE,
        log_evidence_none=-0.5 * quiet,
        magnetic=magnetic(rows, found),
        draws_m3=draws(rows, found),
        channel_hz=response.channel_hz,
        imaginary=response.imaginary,
    )


def log_position_prior(rows: Rows) -> float:
    """Log density of a dipole that may lie anywhere under the rows."""
    area = float(np.prod(np.maximum(np.ptp(rows.coils.tx[:, :2], axis=0), LEAST_SIDE_M)))
    low, high = rows.depth_range_m
    if rows.depth_prior[1] == 0.0:
        return float(-np.log(area * (high - low)))
    return float(-np.log(area) + 0.5 * np.log(rows.depth_prior[1] / (2 * np.pi)))


def modes(depth: Real, p: Real) -> tuple[float, ...]:
    """Peaks of a density with the mass between the valleys beside them."""
    padded = np.concatenate([[-1.0], p, [-1.0]])
    peaks = np.flatnonzero((padded[1:-1] > padded[:-2]) & (padded[1:-1] >= padded[2:]))
    cuts = [0, *(int(a + np.argmin(p[a:b])) for a, b in pairwise(peaks)), p.size]
    mass = np.array([p[a:b].sum() for a, b in pairwise(cuts)])
    order = np.argsort(-mass, kind="stable")
    return tuple(float(depth[peaks[k]]) for k in order if mass[k] >= MODE_SHARE)
