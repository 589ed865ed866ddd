"""The metal map: what is left of the response after drift and ground, on the grid, masked outside coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._columns import dipole_columns
from dualsense.emi._maps import _mean_kernels as kernels
from dualsense.result import Grid, Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._balance import Balance
    from dualsense.emi._response import Response

NEAREST = 48
"""Rows that a cell is the mean of."""
PHASE_STD_RAD = 0.35
PHASE_RESPONSE = 5.0


def metal_maps(
    response: Response,
    rest: NDArray[np.float64],
    grid: Grid,
    covered: NDArray[np.bool_],
    *,
    balance: Balance | None = None,
    row_weight: NDArray[np.float64] | None = None,
    smoothing_m: float = 0.015,
) -> dict[str, Image]:
    """Interpolate the balanced response onto the grid.

    A Gaussian-weighted local mean of the signed channels, which honours the track and cannot overshoot, and trusts
    rows less that position errors make uncertain; then the magnitude over the channels.

    Parameters
    ----------
    response, rest
        Rows and their whitened, balanced channels (m, c).
    grid
        Cells of the maps.
    covered : (ny, nx) bool
    balance
        What whitened them; without it there is no phase.
    row_weight : (m,), optional
        1 / sqrt(1 + variance) of what position errors do to a row, as the inversion found it.
    smoothing_m
        Standard deviation of the weights; grows where the nearest row is farther away than that.

    Returns
    -------
    dict
        "metal_response": rms over the channels, in standard deviations of the noise ("1").
        "metal_response_std": its standard deviation, from noise, which averages, and position errors, which
        neighbouring rows share.
        "metal_phase": of the polarizability at the middle frequency, rad; see `_phase`. Not for gates.
        All are NaN outside coverage.
    """
    rows, columns = np.nonzero(covered)
    maps = {
        name: Image(name, units, grid, np.full(covered.shape, np.nan, dtype=np.float32))
        for name, units in (("metal_response", "1"), ("metal_response_std", "1"), ("metal_phase", "rad"))
    }
    if balance is None or not response.imaginary.any():
        del maps["metal_phase"]
    if rows.size and response.time_s.size:
        white = float(np.median(response.count)) / response.count
        moved = np.zeros(white.size) if row_weight is None else row_weight**-2.0 - 1.0
        terms = np.column_stack([1.0 / (white + moved), white, np.sqrt(np.maximum(moved, 0.0)), rest])
        signed, sums = np.empty((*covered.shape, rest.shape[1])), np.empty((*covered.shape, 2))
        kernels.means(
            grid.x_m,
            grid.y_m,
            covered,
            np.ascontiguousarray(response.center_m[:, :2]),
            min(NEAREST, response.time_s.size),
            smoothing_m,
            terms,
            signed,
            sums,
        )
        signed, sums = signed[rows, columns], sums[rows, columns]
        maps["metal_response"].values[rows, columns] = np.sqrt((signed**2).mean(axis=1))
        maps["metal_response_std"].values[rows, columns] = np.sqrt(sums[:, 0] + sums[:, 1] ** 2)
        if balance is not None and "metal_phase" in maps:
            maps["metal_phase"].values[rows, columns] = _phase(response, balance, signed, sums[:, 0])
    return maps


def phase_hz(response: Response) -> float:
    """Frequency of the phase map: the middle one of those with both parts."""
    both = np.intersect1d(response.channel_hz[response.imaginary], response.channel_hz[~response.imaginary])
    return float(both[(both.size - 1) // 2]) if both.size else float("nan")


def _phase(
    response: Response, balance: Balance, signed: NDArray[np.float64], averaged: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Phase (n,) in [-pi, 0] of the polarizability behind averaged rows, NaN where it is not known.

    From 0 for magnetic to -pi for well conducting metal; -pi/2 loses most. The coupling of the coils may have
    either sign, so that only the phase's double is measured, and passive metal, which loses energy, settles the
    rest. Known means that noise, which averages, and what is left of the soil, which does not, are together less
    than `PHASE_STD_RAD` of the signal, and that the whitened response is above `PHASE_RESPONSE`. What is left of
    the soil is what the height's error or, along the soil's phasor, half of the map shows.
    """
    out = np.full(len(signed), np.nan)
    at = np.flatnonzero(response.channel_hz == phase_hz(response))
    if at.size != 2:
        return out
    real, imag = sorted(at, key=lambda k: bool(response.imaginary[k]))
    pair = (signed @ np.linalg.inv(balance.whitener).T)[:, [real, imag]]
    size = np.linalg.norm(pair, axis=1)
    noise = balance.noise[[real, imag]] ** 2
    left = balance.covariance[np.ix_([real, imag], [real, imag])] - np.diag(noise)
    soil = balance.soil[[real, imag]]
    along = soil / max(float(np.linalg.norm(soil)), 1e-300)
    left = left + (1.4826 * float(np.median(np.abs(pair @ along)))) ** 2 * np.outer(along, along)
    # in any direction, not only across the signal: what is all soil has the soil's phase, very well known
    variance = noise.max() * averaged + np.linalg.eigvalsh(left)[-1]
    known = np.sqrt(np.maximum(variance, 0.0)) < PHASE_STD_RAD * size
    known &= np.sqrt((signed**2).mean(axis=1)) > PHASE_RESPONSE
    angle = np.angle(pair[:, 0] + 1j * pair[:, 1])
    out[known] = np.where(angle > 0.0, angle - np.pi, angle)[known]
    return out


def detection_limit(
    response: Response,
    balance: Balance,
    position_m: NDArray[np.float64],
    *,
    statistic: float,
    row_weight: NDArray[np.float64] | None = None,
) -> float:
    """Smallest mean polarizability (m^3) that would have been detected at a position.

    For an object whose response lies off the soil's phasor, equal in all channels; what drift and soil absorb is
    taken into account.

    Parameters
    ----------
    response
        Rows in which it would be looked for.
    balance
        Drift and soil, as they were fitted.
    position_m : (3,)
        The place.
    statistic
        Drop of the misfit per channel that makes a detection there.
    row_weight : (m,), optional
        Of the fit, which trusts rows less where metal is strong.

    Returns
    -------
    float
    """
    weight = np.ones((response.time_s.size, 1)) if row_weight is None else row_weight[:, None]
    column = weight * dipole_columns(response, position_m)[:, :3].sum(axis=1, keepdims=True)
    basis = weight * balance.basis
    basis = basis / (np.sqrt((basis**2).sum(axis=0)) + 1e-300)
    coefficients, *_ = np.linalg.lstsq(basis, column, rcond=1e-9)
    seen = float(((column - basis @ coefficients) ** 2).sum())
    channels = response.values.shape[1]
    gain = float((balance.whitener**2).sum()) / channels
    return float(np.sqrt(statistic / max(seen * gain, 1e-300)))
