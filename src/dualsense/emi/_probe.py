"""How much metal lies at a place that is known from elsewhere: where the radar sees a body.

Metal beside stronger metal is located badly, and its amount goes with the sixth power of what its depth is off.
Where the radar tells the place, the amount is a linear question. What the track's errors make of the stronger
metal lies, in each row, in the few directions over the channels that its own response and its slopes take; a row
keeps all others (generalised least squares with one covariance per row).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import PROBE_BELOW_TOP_M
from dualsense.emi._balance import known_std
from dualsense.emi._columns import column_rows, dipole_columns, slope_rows
from dualsense.emi._loss import PRIOR_RATIO
from dualsense.emi._response import take_rows
from dualsense.features import EmiFeature

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from dualsense.emi._joint.find import Inversion
    from dualsense.emi._response import Response

    Real = NDArray[np.float64]

SHALLOWER_M, DEEPER_M = 0.005, 0.05
ASIDE_M = (-0.02, 0.0, 0.02)
"""Metal is looked for this far from the middle of the body, along x and y."""
REACH_M, NEAR_M = 0.12, 0.08
MIN_STD_M = 2e-3
"""A track is not better known than this, nor is the place of other metal."""
FEWEST_ROWS = 8
DAMPING = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """Metal at one place.

    Attributes
    ----------
    aside_m
        How far from the middle of the body it explains most.
    spectrum_m3 : (c,)
        Mean polarizability per channel; the posterior mean under a prior of its own size.
    amount_m3, amount_std_m3
        Root mean square over the channels, and its standard deviation from what the rows leave.
    across_m3, across_std_m3
        The same of the part across the soil's phasor, which uneven ground does not make.
    statistic
        Drop of the misfit per channel, in units of what is left.
    deeper
        By how much that drop is larger with the metal 5 cm below the top than with it 5 mm below.
    """

    aside_m: float
    spectrum_m3: Real
    amount_m3: float
    amount_std_m3: float
    across_m3: float
    across_std_m3: float
    statistic: float
    deeper: float


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows near a body, whitened: without all other metal (n, c), and their precision (n, c, c)."""

    response: Response
    values: Real
    precision: Real

    @cached_property
    def pull(self) -> Real:
        """Values times precision (n, c)."""
        return np.einsum("nij,nj->ni", self.precision, self.values)


class Prober:
    """All rows of a scan, with what was found in them.

    Parameters
    ----------
    response
        Rows (m).
    found
        Dipoles, and the balance that was fitted with them.
    columns
        Columns (m, 6) of each dipole by `dipole_columns`, where they are known already.
    """

    def __init__(self, response: Response, found: Inversion, *, columns: Sequence[Real] | None = None) -> None:
        self._response = response
        self._found = found
        self._std = np.maximum(known_std(response.position_std_m), MIN_STD_M)
        self._columns = columns or [dipole_columns(response, d.position_m) for d in found.dipoles]
        self._slopes = [slope_rows(response, d.position_m).transpose(0, 2, 1) for d in found.dipoles]
        self._unwhiten = np.linalg.inv(found.balance.whitener)
        soil = found.balance.soil / found.balance.noise
        self._soil = soil / max(float(np.linalg.norm(soil)), 1e-300)
        self._white = response.values @ found.balance.whitener.T
        # drift, soil and all dipoles as weighted columns, what they have in common, and what they say of the data
        self._stack = np.concatenate([found.balance.basis.T, *(columns.T for columns in self._columns)])
        heavy = self._stack * found.weight
        self._gram = heavy @ heavy.T
        self._along = heavy @ (self._white * found.weight[:, None])

    def at(self, x_m: float, y_m: float, top_m: float, *, without: Collection[int] = ()) -> Probe | None:
        """Metal in a body.

        Parameters
        ----------
        x_m, y_m, top_m
            Of the body; depth counts downwards.
        without
            Indices of the found dipoles that stand for this body themselves.

        Returns
        -------
        Probe or None
            None where too few rows passed over the place.
        """
        away = np.hypot(self._response.center_m[:, 0] - x_m, self._response.center_m[:, 1] - y_m)
        use = np.flatnonzero(away <= REACH_M)
        if np.count_nonzero(away <= NEAR_M) < FEWEST_ROWS:
            return None
        others = [n for n in range(len(self._columns)) if n not in without]
        rows = self._alone(np.array([x_m, y_m, -top_m - PROBE_BELOW_TOP_M]), others, use)
        places = [np.array([x_m + dx, y_m + dy, -top_m - PROBE_BELOW_TOP_M]) for dx in ASIDE_M for dy in ASIDE_M]
        aside_m = [float(np.hypot(dx, dy)) for dx in ASIDE_M for dy in ASIDE_M]
        best = int(np.argmax([self._drop(rows, at) for at in places]))
        x, y, _ = places[best]
        shallow, deep = (self._drop(rows, np.array([x, y, -top_m - below])) for below in (SHALLOWER_M, DEEPER_M))
        return self._measured(rows, places[best], aside_m=aside_m[best], deeper=deep - shallow)

    def _alone(self, position_m: Real, others: list[int], use: NDArray[np.intp]) -> _Rows:
        """Fit soil, drift, all other dipoles and one in the middle of the body; take all but the last away."""
        weight, start = self._found.weight, self._found.balance.basis.shape[1]
        own = column_rows(self._response, position_m)[:3].sum(axis=0) * weight**2
        which = np.concatenate([np.arange(start), *(np.arange(6) + start + 6 * n for n in others)])
        stack = self._stack[which]
        gram = np.empty((1 + which.size, 1 + which.size))
        gram[0, 0] = float(own @ (own / weight**2))
        gram[1:, 0] = gram[0, 1:] = stack @ own
        gram[1:, 1:] = self._gram[np.ix_(which, which)]
        scale = np.sqrt(gram.diagonal()) + 1e-300
        normal = gram / np.outer(scale, scale) + DAMPING**2 * np.eye(len(scale))
        along = np.concatenate([(own @ self._white)[None], self._along[which]]) / scale[:, None]
        coefficients = np.linalg.solve(normal, along)[1:] / scale[1:, None]
        values = self._white[use] - stack[:, use].T @ coefficients
        moved = np.zeros((3, use.size, values.shape[1]))
        for k, n in enumerate(others):
            moved += self._slopes[n][:, use] @ coefficients[start + 6 * k : start + 6 * k + 6]
        errors = moved * self._std[use].T[:, :, None]
        covariance = np.eye(values.shape[1]) + np.einsum("ani,anj->nij", errors, errors)
        return _Rows(take_rows(self._response, use), values, np.linalg.inv(covariance))

    def _solve(self, rows: _Rows, position_m: Real) -> tuple[Real, Real, Real]:
        """Whitened spectrum (c,), its information (c, c), and what the rows leave (n, c)."""
        own = column_rows(rows.response, position_m)[:3].sum(axis=0)
        channels = rows.values.shape[1]
        information = (own**2 @ rows.precision.reshape(own.size, -1)).reshape(channels, channels)
        pull = own @ rows.pull
        floor = 1e-12 * float(np.trace(information)) + 1e-300
        spectrum = np.linalg.solve(information + floor * np.eye(len(pull)), pull)
        return spectrum, information, rows.values - np.outer(own, spectrum)

    def _drop(self, rows: _Rows, position_m: Real) -> float:
        spectrum, information, _ = self._solve(rows, position_m)
        return float(spectrum @ information @ spectrum)

    def _measured(self, rows: _Rows, position_m: Real, *, aside_m: float, deeper: float) -> Probe:
        white, information, left = self._solve(rows, position_m)
        channels = len(white)
        # uneven ground leaves more than noise and stated errors explain
        misfit = float(np.einsum("ni,nij,nj->", left, rows.precision, left)) / (len(rows.values) * channels)
        information = information / max(misfit, 1.0)
        # relative to each channel's noise; along what is badly known no larger than PRIOR_RATIO times the rest
        noise = self._found.balance.noise
        turn = self._unwhiten / noise[:, None]
        back = np.linalg.inv(turn)
        values, axes = np.linalg.eigh(back.T @ information @ back)
        values = np.maximum(values, 0.0)
        part = axes.T @ (turn @ white)
        size = float(np.sqrt(np.average(part**2, weights=values + 1e-300)))
        precision = 1.0 / max((PRIOR_RATIO * size) ** 2, 1e-300)
        scaled = axes @ (part * values / (values + precision))
        spectrum = scaled * noise
        covariance = (axes / (values + precision)) @ axes.T
        variance = np.diag(covariance) * noise**2
        across = np.eye(channels) - np.outer(self._soil, self._soil)
        apart = (across @ scaled) * noise
        apart_variance = np.diag(across @ covariance @ across) * noise**2
        return Probe(
            aside_m=aside_m,
            spectrum_m3=spectrum,
            amount_m3=float(np.sqrt((spectrum**2).mean())),
            amount_std_m3=float(np.sqrt(variance.mean())),
            across_m3=float(np.sqrt((apart**2).mean())),
            across_std_m3=float(np.sqrt(apart_variance.mean())),
            statistic=float(white @ information @ white) / channels,
            deeper=deeper / max(misfit, 1.0) / channels,
        )


def probe_features(probe: Probe, *, channel_hz: Real, imaginary: NDArray[np.bool_]) -> dict[str, float]:
    """Give a probe as features; phases, at the lowest and the highest frequency, where both parts are measured."""
    spectrum = probe.spectrum_m3
    largest = max(float(np.abs(spectrum).max()), 1e-300)
    out: dict[str, float] = {
        EmiFeature.BODY_ASIDE: probe.aside_m,
        EmiFeature.BODY_AMOUNT: probe.amount_m3,
        EmiFeature.BODY_AMOUNT_STD: probe.amount_std_m3,
        EmiFeature.BODY_ACROSS: probe.across_m3,
        EmiFeature.BODY_ACROSS_STD: probe.across_std_m3,
        EmiFeature.BODY_STATISTIC: probe.statistic,
        EmiFeature.BODY_DEEPER: probe.deeper,
        EmiFeature.BODY_FIRST_SHARE: float(spectrum[0] / largest),
        EmiFeature.BODY_LAST_SHARE: float(spectrum[-1] / largest),
    }
    both = np.intersect1d(channel_hz[imaginary], channel_hz[~imaginary])
    for end, hz in (("low", both.min()), ("high", both.max())) if both.size else ():
        real, imag = (float(spectrum[(channel_hz == hz) & (imaginary == i)][0]) for i in (False, True))
        out[EmiFeature.BODY_PHASE.format(end=end)] = float(np.arctan2(imag, real))
    return out
