"""One metal target under the coils: where, how deep, its tensors, and how well each is known.

The response of a small target is linear in its polarizability, not in its position. A coarse grid is scanned with
free tensors solved at every node; from there the position is refined by variable projection (Golub and Pereyra
1973), the linear part now being tensors with one set of axes over all channels and the sign that passive metal
has. Rows are whitened by noise and by what an error of their position does to the signal, grad d . Sigma . grad
d^T, iterated; the mean of such an error, a blur, is part of the model, without which targets seem too deep. The
posterior is then followed along depth, since at one height of the coils it is long, and not symmetric, there.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._locate_fit import Fit, Rows, excess, profile, refine, rows_of, scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.emi.calibrate import Response

    Real = NDArray[np.float64]

MIN_ROWS = 12
DEPTHS = 401
SAME_M = 8e-3
"""Starts that end this close to each other found the same optimum."""
STARTS = 4
ROUGH_STEPS = 4
RIVAL = 40.0
"""Of so many starts, refined by so many steps, those are followed that are at most this much worse in misfit."""
EXCESS_LEAST = 0.02
MODE_SHARE = 0.05
TAIL = 11.0


@dataclass(frozen=True, slots=True, eq=False)
class DipoleEstimate:
    """A dipole with its posterior.

    Attributes
    ----------
    position_m : (3,)
        Posterior mean, local frame; depth is -z and that of the metal's centre.
    covariance_m2 : (3, 3)
        Of the position, over the whole posterior.
    depth_m, depth_density : (k,)
        Posterior of the depth, per metre.
    modes_m
        Depths of the posterior's peaks that hold at least 5 % of it each, the heaviest first.
    tensor_m3 : (c, 3, 3)
        Polarizability per real channel, at ``position_m``.
    tensor_covariance : (c, 6, 6)
        Of the elements xx, yy, zz, xy, xz, yz of each channel, the position's error included; m^6.
    axes : (3, 3)
        Columns are the principal axes, common to all channels.
    principal_m3 : (c, 3)
        Polarizability along them.
    misfit
        Whitened misfit per degree of freedom; near 1 where model and stated errors are right. Above 1 all
        covariances are widened by it.
    coherence
        Part of the whitened energy beyond noise that the dipole explains, 0-1.
    log_evidence
        Of one dipole, up to a constant of the data: -(misfit + log det + k ln m) / 2.
    log_evidence_none
        The same of no dipole at all.
    """

    position_m: Real
    covariance_m2: Real
    depth_m: Real
    depth_density: Real
    modes_m: tuple[float, ...]
    tensor_m3: Real
    tensor_covariance: Real
    axes: Real
    principal_m3: Real
    misfit: float
    coherence: float
    log_evidence: float
    log_evidence_none: float

    def depth_interval_m(self, share: float = 0.9) -> tuple[float, float]:
        """Depths between which the posterior holds ``share``, equal tails."""
        cumulated = np.concatenate([[0.0], np.cumsum(0.5 * (self.depth_density[1:] + self.depth_density[:-1]))])
        cumulated /= cumulated[-1]
        low, high = np.interp([0.5 - 0.5 * share, 0.5 + 0.5 * share], cumulated, self.depth_m)
        return float(low), float(high)


def locate(
    response: Response,
    noise: Real,
    *,
    position_std_m: float | Real | None = None,
    radar_depth_m: float | None = None,
    radar_depth_std_m: float | None = None,
    depth_range_m: tuple[float, float] = (0.005, 0.3),
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
        Standard error of the rows' positions, independent from row to row. The response's own by default, 2 mm
        where that is not stated.
    radar_depth_m, radar_depth_std_m
        What the radar says of the depth of the metal's centre; a Gaussian prior. Flat within
        ``depth_range_m`` otherwise.
    start_m : (2,), optional
        Where to look, x and y; by default where the energy is.

    Raises
    ------
    ValueError
        Fewer than 12 rows, or values or errors that make no sense.
    """
    if (radar_depth_m is None) != (radar_depth_std_m is None):
        msg = f"radar_depth_m and radar_depth_std_m go together, got {radar_depth_m} and {radar_depth_std_m}"
        raise ValueError(msg)
    if response.time_s.size < MIN_ROWS:
        msg = f"an inversion needs at least {MIN_ROWS} rows, got {response.time_s.size}"
        raise ValueError(msg)
    rows = rows_of(response, noise, position_std_m, depth_range_m)
    prior = (
        (0.0, 0.0) if radar_depth_m is None or not radar_depth_std_m else (-radar_depth_m, radar_depth_std_m**-2)
    )
    fits: list[Fit] = []
    rough = [refine(rows, fit, prior=prior, steps=ROUGH_STEPS) for fit in scan(rows, start_m)[:STARTS]]
    best = min(fit.objective for fit in rough)
    for fit in sorted(rough, key=lambda fit: fit.objective):
        if fit.objective < best + RIVAL and _apart(fit, fits):
            fine = refine(rows, fit, prior=prior)
            if _apart(fine, fits):
                fits.append(fine)
    fits.sort(key=lambda fit: fit.objective)
    fits = [fit for fit in fits if fit.objective < fits[0].objective + TAIL]
    more = excess(rows, fits[0])
    if more > EXCESS_LEAST:
        rows = replace(rows, std=rows.std * np.sqrt(1.0 + more))
        fits = [refine(rows, fit, prior=prior, steps=2) for fit in fits]
    return _posterior(rows, fits, prior)


def locate_many(
    responses: Sequence[Response], noise: Real, *, threads: int | None = None, **keywords: object
) -> list[DipoleEstimate]:
    """`locate` for many targets at once, on threads (the kernels hold no lock); the order is kept."""

    def one(response: Response) -> DipoleEstimate:
        return locate(response, noise, **keywords)  # type: ignore[arg-type]

    with ThreadPoolExecutor(max_workers=threads) as pool:
        return list(pool.map(one, responses))


def _apart(fit: Fit, others: list[Fit]) -> bool:
    return all(np.linalg.norm(fit.position - other.position) > SAME_M for other in others)


def _posterior(rows: Rows, fits: list[Fit], prior: tuple[float, float]) -> DipoleEstimate:
    """Follow each optimum along depth, join them, and solve once more at the mean."""
    from scipy.interpolate import PchipInterpolator  # noqa: PLC0415

    degrees = max(rows.data.size - 3 * rows.sign.size - 6, 1)
    misfit = fits[0].misfit / degrees
    widen = max(misfit, 1.0)
    walks = [profile(rows, fit, prior=prior, tail=TAIL * widen) for fit in fits]
    depth = np.linspace(-max(w[0][-1] for w in walks), -min(w[0][0] for w in walks), DEPTHS)
    height = np.full(depth.size, np.inf)
    xy = np.zeros((depth.size, 2))
    inner = np.zeros((depth.size, 2, 2))
    for z, value, at, spread in walks:
        inside = (-depth >= z[0]) & (-depth <= z[-1])
        here = PchipInterpolator(z, value)(-depth[inside]) / widen
        best = here < height[inside]
        index = np.flatnonzero(inside)[best]
        height[index] = here[best]
        xy[index] = PchipInterpolator(z, at)(-depth[index])
        inner[index] = PchipInterpolator(z, spread)(-depth[index])
    density = np.exp(-0.5 * (height - height.min()))
    p = density / density.sum()
    spread_z = float(p @ (depth - p @ depth) ** 2)
    expected = float(np.linalg.inv(fits[0].schur()[0] + np.diag([0.0, 0.0, prior[1]]))[2, 2]) * widen
    # what the rows' variances seem to tell of the depth is not relied on: position errors are Gaussian, what
    # they make of the signal is not
    density = density ** min(1.0, spread_z / max(expected, 1e-300))
    p = density / density.sum()
    density = p / (depth[1] - depth[0])
    mean = np.array([*(p @ xy), -(p @ depth)])
    away = np.column_stack([xy, -depth]) - mean
    covariance = np.einsum("k,ki,kj->ij", p, away, away)
    covariance[:2, :2] += widen * np.einsum("k,kij->ij", p, inner)
    final = fits[0].at(rows, mean)
    tensor, axes, principal, spread = final.tensors(rows, covariance, widen)
    quiet = float(np.einsum("mi,ij,mj->", rows.data, rows.precision, rows.data))
    left = fits[0].misfit
    signal = max(fits[0].energy - left, 0.0)
    beyond = signal + max(left - degrees, 0.0)
    unknowns = 3 * rows.sign.size + 6
    count = np.log(rows.data.shape[0])
    return DipoleEstimate(
        position_m=mean,
        covariance_m2=covariance,
        depth_m=depth,
        depth_density=density,
        modes_m=_modes(depth, p),
        tensor_m3=tensor,
        tensor_covariance=spread,
        axes=axes,
        principal_m3=principal,
        misfit=misfit,
        coherence=signal / beyond if beyond > 0 else 0.0,
        log_evidence=-0.5 * (fits[0].misfit + fits[0].logdet + rows.logdet_noise + unknowns * count),
        log_evidence_none=-0.5 * (quiet + rows.logdet_noise),
    )


def _modes(depth: Real, p: Real) -> tuple[float, ...]:
    """Peaks of a density with the mass between the valleys beside them."""
    padded = np.concatenate([[-1.0], p, [-1.0]])
    peaks = np.flatnonzero((padded[1:-1] > padded[:-2]) & (padded[1:-1] >= padded[2:]))
    cuts = [0, *(int(a + np.argmin(p[a:b])) for a, b in pairwise(peaks)), p.size]
    mass = np.array([p[a:b].sum() for a, b in pairwise(cuts)])
    order = np.argsort(-mass, kind="stable")
    return tuple(float(depth[peaks[k]]) for k in order if mass[k] >= MODE_SHARE)
