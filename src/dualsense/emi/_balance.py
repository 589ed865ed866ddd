"""Drift and ground balance: what of the response is instrument and soil, and how well that is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.induction import mutual_inductances
from dualsense.numerics import spline_basis

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._response import Response

MIN_HEIGHT_M = 2e-3
ROUNDS = 4
TOLD_APART, SINGULAR = 0.02, 1e-8
"""Of a spline, what has to be left beside those before it for both to be fitted as they are; and of orthonormal
columns, the least that is no rounding."""
LEAST_TOLD = 1e-3
"""Of the ground's column, what drift may not be able to make for soil to be known: 0.1 mm of height tell more."""
FALLBACK_POSITION_STD_M = 2e-3
ROUGHNESS_M = 0.003
SOIL_STD = 0.1
"""Of the soil's response from place to place, as part of it."""
CONDUCTION_STD = 0.5
"""Of what the soil conducts from place to place, as part of it: by some tenths, and alike over many rows."""


def known_std(stated_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take standard deviations of positions as stated, and a usual one where none is."""
    return np.where(np.isfinite(stated_m), stated_m, FALLBACK_POSITION_STD_M)


@dataclass(frozen=True, slots=True, eq=False)
class Balance:
    """Soil and drift beside the response, and the whitening that follows from both.

    Attributes
    ----------
    basis : (m, p)
        Drift splines of each coil, then the ground's geometric factor.
    ground : (m,)
        The last column: mutual inductance with the coil's image, scaled to one at the median height.
    soil : (c,)
        Soil response per channel at the median height.
    noise : (c,)
        White noise of one row.
    whitener : (c, c)
        L with L C L^T = 1: ``values @ whitener.T`` has unit, uncorrelated noise. C holds white noise and the soil
        response's error from an unknown height and from uneven soil, which lies along the soil's phasor and along
        that of what it conducts.
    soil_variance
        Of that error, relative to the soil's square.
    eddy_hz : (c,)
        How a weak conductor answers: in proportion to the frequency in imaginary channels, not at all in others.
        Zero where the channels do not tell it from magnetic soil.
    conduction_variance
        Of what the soil conducts from place to place, relative to its square.
    """

    basis: NDArray[np.float64]
    ground: NDArray[np.float64]
    soil: NDArray[np.float64]
    noise: NDArray[np.float64]
    whitener: NDArray[np.float64]
    soil_variance: float
    eddy_hz: NDArray[np.float64]
    conduction_variance: float

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Covariance (c, c) of one balanced row: noise, and what the height's error leaves of the soil."""
        unwhiten = np.linalg.inv(self.whitener)
        return unwhiten @ unwhiten.T


def ground_factor(response: Response) -> NDArray[np.float64]:
    """Geometric factor of magnetic ground for every row, in henry per unit chi/(2 + chi).

    The exact image of the transmitter in the surface, each coil at its own height and tilt
    (:func:`dualsense.induction.mutual_inductance`). Untilted coils are tabulated over height: what lies between
    image and receiver is the sum of their heights, and of the horizontal offset only its length counts.

    Returns
    -------
    (m,) float64
    """
    out = np.empty(response.time_s.size)
    axis = response.rotation[:, :, 2]
    sine = np.hypot(axis[:, 0], axis[:, 1])
    for k in range(response.tx_radius_m.size):
        rows = np.flatnonzero(response.coil == k)
        if rows.size == 0:
            continue
        a, b = float(response.tx_radius_m[k]), float(response.rx_radius_m[k])
        away = response.rx_m[rows] - response.tx_m[rows]
        # wires that dip into the ground are lifted out of it
        heights = (
            np.maximum(at[rows, 2], MIN_HEIGHT_M + radius * sine[rows])
            for at, radius in ((response.tx_m, a), (response.rx_m, b))
        )
        away[:, 2] = sum(heights)
        if sine[rows].max() < 1e-6:
            low, high = float(away[:, 2].min()), float(away[:, 2].max())
            table = np.linspace(max(low - 2e-3, 2.0 * MIN_HEIGHT_M), high + 2e-3, 48)
            aside = float(np.hypot(away[:, 0], away[:, 1]).mean())
            mean = np.column_stack([np.full(48, aside), np.zeros(48), table])
            out[rows] = np.interp(
                away[:, 2], table, _image_couplings(mean, np.tile([0.0, 0.0, 1.0], (48, 1)), a, b)
            )
        else:
            out[rows] = _image_couplings(away, axis[rows], a, b)
    return out


def _image_couplings(
    away_m: NDArray[np.float64], axis: NDArray[np.float64], a: float, b: float
) -> NDArray[np.float64]:
    """Mutual inductance (n,) of transmitters of radius a, mirrored at z = 0, and receivers of radius b.

    ``away_m`` (n, 3) is the way from the image to the receiver.
    """
    mirrored = axis * np.array([-1.0, -1.0, 1.0])
    found = mutual_inductances(away_m, mirrored, axis, tx_radius_m=a, rx_radius_m=b)
    if np.isnan(found).any():
        msg = "the coils' wires touch their images: mutual inductance does not converge"
        raise ValueError(msg)
    return found


def drift_basis(response: Response, *, drift_knot_s: float) -> NDArray[np.float64]:
    """Cubic B-splines of time for each coil (m, p): slow enough to leave a target's few seconds alone.

    Splines within a gap, as the tiles of a long scan have, tell nothing and are left out. Where a short stretch
    can hardly tell some apart, orthonormal columns that span the same stand for them, so that fits are not as good
    as singular, and a constant is still a drift.
    """
    blocks = []
    for k in np.unique(response.coil):
        rows = response.coil == k
        t = response.time_s[rows] - response.time_s[rows][0]  # clocks may count from anywhen
        span = max(float(t[-1]), 1e-6)
        pieces = max(1, round(span / drift_knot_s))
        knots = np.concatenate([np.zeros(3), np.linspace(0.0, span, pieces + 1), np.full(3, span)])
        splines = spline_basis(knots, np.clip(t, 0.0, span))
        told = _told_apart(splines[:, splines.any(axis=0)])
        block = np.zeros((response.time_s.size, told.shape[1]))
        block[rows] = told
        blocks.append(block)
    return np.concatenate(blocks, axis=1)


def _told_apart(splines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Splines (m, p), or orthonormal columns that span the same where some are nearly sums of others."""
    scaled = splines / np.sqrt((splines**2).sum(axis=0))
    if len(scaled) >= scaled.shape[1] and np.abs(np.diag(np.linalg.qr(scaled, mode="r"))).min() > TOLD_APART:
        return splines
    columns, size, _ = np.linalg.svd(scaled, full_matrices=False)
    return np.asarray(columns[:, size > SINGULAR * size[0]], dtype=np.float64)


def balance(
    response: Response,
    noise: NDArray[np.float64],
    *,
    drift_knot_s: float = 5.0,
    roughness_m: float = ROUGHNESS_M,
    soil_std: float = SOIL_STD,
    conduction_std: float = CONDUCTION_STD,
    objects: NDArray[np.float64] | None = None,
    row_weight: NDArray[np.float64] | None = None,
    earlier: Balance | None = None,
) -> Balance:
    """Fit drift and soil robustly, and derive the whitening of what is left.

    The soil follows the height of every sounding through :func:`ground_factor`, with a free phasor per
    channel; a constant offset would not do (1 cm of lift changes it by a quarter). What the height's error and
    magnetic soil that varies from place to place make of it lies along the same phasor. Conductive soil varies by
    itself: of the phasor, what is imaginary and grows with frequency. The whitening takes these two directions
    away and no other.

    Parameters
    ----------
    response
        m rows over c channels.
    noise : (c,)
        White noise of one row.
    drift_knot_s
        Distance of the spline's knots.
    roughness_m
        Standard deviation of the ground's own height under the coil, added to the tracking error.
    soil_std
        Of the soil's response from place to place, as part of it.
    conduction_std
        Of what the soil conducts from place to place, as part of it.
    objects : (m, q), optional
        Columns of dipoles found so far, fitted jointly.
    row_weight : (m,), optional
        Given with ``objects``; without it outlying rows are weighted down (Huber).
    earlier
        A balance of the same rows, whose basis is taken over: only the fit is done again.

    Returns
    -------
    Balance
    """
    if earlier is None:
        geometry = ground_factor(response)
        ground = geometry / float(np.median(geometry))
        drift = drift_basis(response, drift_knot_s=drift_knot_s)
        basis = np.concatenate([drift, ground[:, None]], axis=1)
    else:
        basis, ground = earlier.basis, earlier.ground
    design = basis if objects is None else np.concatenate([basis, objects], axis=1)
    told = _beside_drift(basis) > LEAST_TOLD
    variance = _soil_variance(response, ground, roughness_m=roughness_m, soil_std=soil_std if told else 0.0)
    empty = Balance(
        basis,
        ground,
        soil=np.zeros(response.values.shape[1]),
        noise=noise,
        whitener=np.diag(1.0 / noise),
        soil_variance=variance,
        eddy_hz=_eddy_hz(response),
        conduction_variance=conduction_std**2 if told else 0.0,
    )
    if row_weight is not None:
        weighed, data = design * row_weight[:, None], response.values * row_weight[:, None]
        coefficients, *_ = np.linalg.lstsq(weighed, data, rcond=1e-9)
        return with_soil(empty, coefficients[basis.shape[1] - 1])
    weight, soil = np.ones(ground.size), empty.soil
    for _ in range(ROUNDS):
        fitted = with_soil(empty, soil)
        white = response.values @ fitted.whitener.T
        coefficients, *_ = np.linalg.lstsq(design * weight[:, None], white * weight[:, None], rcond=1e-9)
        soil = np.linalg.solve(fitted.whitener, coefficients[basis.shape[1] - 1])
        size = np.sqrt(((white - design @ coefficients) ** 2).mean(axis=1))
        middle = max(float(np.median(size)), np.finfo(float).tiny)
        weight = 1.0 / np.maximum(1.0, size / (1.5 * middle))
    return replace(fitted, soil=soil)


def apply_balance(
    response: Response, balance: Balance, *, objects: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Whitened response (m, c) without drift and soil.

    Parameters
    ----------
    response
        m rows over c channels.
    balance
        Its drift and soil, as fitted.
    objects : (m, q), optional
        Columns of the dipoles that were found. Drift and soil are fitted beside them, so that a large target is
        not taken for drift.
    """
    white = response.values @ balance.whitener.T
    design = balance.basis if objects is None else np.concatenate([balance.basis, objects], axis=1)
    scale = np.sqrt((design**2).sum(axis=0)) + 1e-300
    coefficients, *_ = np.linalg.lstsq(design / scale, white, rcond=1e-9)
    nuisance: NDArray[np.float64] = (balance.basis / scale[: balance.basis.shape[1]]) @ coefficients[
        : balance.basis.shape[1]
    ]
    return white - nuisance


def with_soil(fitted: Balance, soil: NDArray[np.float64]) -> Balance:
    """Take a soil response (c,) and derive the whitening that follows from it."""
    conducted = conducted_part(soil, fitted.eddy_hz)
    covariance = (
        np.diag(fitted.noise**2)
        + fitted.soil_variance * np.outer(soil, soil)
        + fitted.conduction_variance * np.outer(conducted, conducted)
    )
    return replace(fitted, soil=soil, whitener=np.linalg.inv(np.linalg.cholesky(covariance)))


def conducted_part(soil: NDArray[np.float64], eddy_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give what of a soil's response (c,) is eddy currents: of its imaginary part, what grows with frequency.

    At low induction numbers currents in a half-space answer in quadrature, in proportion to frequency (Wait 1951);
    viscous magnetic soil has a quadrature that hardly changes with frequency. A line through the imaginary
    channels tells one from the other.
    """
    told = eddy_hz > 0.0
    if not told.any():
        return np.zeros_like(soil)
    hz = eddy_hz[told] - eddy_hz[told].mean()
    return np.asarray(eddy_hz * float(hz @ soil[told]) / float(hz @ hz), dtype=np.float64)


def _eddy_hz(response: Response) -> NDArray[np.float64]:
    """Frequency (c,) of imaginary channels, zero of others; all zero where they have but one frequency."""
    hz = np.where(response.imaginary, response.channel_hz, 0.0)
    told = hz[response.imaginary]
    return hz if told.size > 1 and np.ptp(told) > 1e-3 * told.max() else np.zeros_like(hz)


def _beside_drift(basis: NDArray[np.float64]) -> float:
    """Part of the ground's column, the last, that drift cannot make; without it an offset is taken for soil."""
    drift, ground = basis[:, :-1], basis[:, -1]
    drawn, *_ = np.linalg.lstsq(drift, ground, rcond=1e-9)
    return float(np.linalg.norm(ground - drift @ drawn) / max(float(np.linalg.norm(ground)), 1e-300))


def _soil_variance(
    response: Response, ground: NDArray[np.float64], *, roughness_m: float, soil_std: float
) -> float:
    """Variance of one row of soil from what its height is off and from uneven soil, relative to its square."""
    slope = _relative_slope(response.center_m[:, 2], ground)
    z_std = known_std(response.position_std_m[:, 2])
    return (float(np.mean(z_std**2)) + roughness_m**2) * slope**2 + soil_std**2


def _relative_slope(height: NDArray[np.float64], ground: NDArray[np.float64]) -> float:
    """Return the rms relative change of the ground factor per metre of height."""
    if height.size < 3 or np.ptp(height) < 1e-6:
        return 0.0
    order = np.argsort(height, kind="stable")
    fit = np.polyfit(height[order], np.log(np.maximum(ground[order], 1e-12)), 1)
    return float(abs(fit[0]))
