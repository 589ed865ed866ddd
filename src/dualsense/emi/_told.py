"""What a fitted depth is worth: how far such fits were off where the truth is known, and how deep metal lies.

The covariance of a fit tells what noise and errors of the track do to a place. It does not know that metal is no
point, that soil is not the one that was taken, and that another optimum may be the right one: on lanes whose truth
is known one in four of the depths that are stated to 4 to 8 mm is five centimetres off, and most of those are too
deep, as what is faint and broad goes down. So a depth is told by two errors, that of a fit that is right and that
of one that is lost, which is the likelier the less a fit claims to know; and by what is known of metal beforehand,
that little of it lies deeper than mines do.

A mixture of a good and a bad error is Box and Tiao's (1968) way with observations some of which are wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._locate.free_step import DEEPEST_M, LEAST_DEPTH_M
from dualsense.emi._locate.locate import modes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.emi._dipole import Dipole, DipoleEstimate
    from dualsense.emi._response import Response

    Real = NDArray[np.float64]

HEARD_M, LEAST_HEIGHT_M = 0.15, 0.01
"""Rows within this way aside tell the height of the coils over a place, which is taken to be no less than that."""
STEP_M = 2.5e-4
"""Between depths at which a posterior is told."""
LEAST_STD_M = 7e-4
"""No depth is told better: that of what the truth is, of metal in several parts."""
_NEAR = STEP_M * np.arange(-14.0, 15.0)
"""Five of these deviations to either side."""
DEPTH_M: Real = np.arange(LEAST_DEPTH_M, DEEPEST_M + 0.5 * STEP_M, STEP_M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """How far places of one kind are off; chosen by ``python -m benchmarks.emi.study_told --fit``.

    Attributes
    ----------
    depth_times, aside_times
        Errors of fits that are right, in stated deviations: of the depth, and to the side.
    half_m, power
        Stated deviation of the depth at which every second fit is lost; and with which power of it the odds grow.
    lost_aside_m
        How far to the side those that are lost are off.
    """

    depth_times: float
    aside_times: float
    half_m: float
    power: float
    lost_aside_m: float

    def lost(self, std_m: float) -> float:
        """Probability that a fit that states this deviation of its depth is lost."""
        return 1.0 / (1.0 + (self.half_m / std_m) ** self.power)


ERRORS = {
    "alone": Errors(depth_times=1.38, aside_times=1.18, half_m=0.0248, power=1.21, lost_aside_m=0.026),
    "beside": Errors(depth_times=1.70, aside_times=1.43, half_m=0.0090, power=2.06, lost_aside_m=0.020),
    "found": Errors(depth_times=4.34, aside_times=1.65, half_m=0.0014, power=1.98, lost_aside_m=0.020),
}
"""By how a dipole was placed."""
LOST_M = 0.092
"""Deviation of the depth of a fit that is lost."""


def told_depths(
    dipoles: Sequence[Dipole], response: Response, *, usual_m: float = 0.18, fall_m: float = 0.02
) -> tuple[Dipole, ...]:
    """Tell depths with all that is known of how far fits err and of how deep metal lies.

    Parameters
    ----------
    dipoles
        From `dualsense.emi.refine`.
    response
        In which they were found; it tells the coils' height over them.
    usual_m
        Metal is half as likely here as higher up.
    fall_m
        It becomes so within a few of these: 1 / (1 + exp((depth - usual) / fall)).

    Returns
    -------
    tuple of Dipole
        In their order. Of each the depth is the middle of what it may be, as likely too deep as too shallow, and
        the covariance is about that; tensors are those that answer as strongly from there. x and y stay. What has
        no covariance stays as it is.
    """
    usual = usual_depths(usual_m, fall_m)
    return tuple(_told(dipole, response, usual) for dipole in dipoles)


def usual_depths(usual_m: float = 0.18, fall_m: float = 0.02) -> Real:
    """Give what is known of depths beforehand, on `DEPTH_M`."""
    out: Real = 1.0 / (1.0 + np.exp(np.minimum((DEPTH_M - usual_m) / fall_m, 500.0)))
    return out


def depth_density(dipole: Dipole, usual: Real) -> tuple[Real, float]:
    """Density of a dipole's depth on `DEPTH_M`, of sum one, and the probability that its fit is lost."""
    errors = ERRORS[dipole.placed]
    std_m = float(np.sqrt(max(dipole.covariance_m2[2, 2], LEAST_STD_M**2)))
    fitted_m = float(np.clip(-dipole.position_m[2], LEAST_DEPTH_M, DEEPEST_M))
    right = _stretched(dipole, fitted_m, errors.depth_times, std_m)
    wrong = _gaussian(fitted_m, float(np.hypot(LOST_M, std_m)))
    lost = errors.lost(std_m)
    right *= (1.0 - lost) / right.sum() * usual
    wrong *= lost / wrong.sum() * usual
    total = float(right.sum() + wrong.sum())
    return (right + wrong) / total, float(wrong.sum()) / total


def _told(dipole: Dipole, response: Response, usual: Real) -> Dipole:
    if not (np.isfinite(dipole.covariance_m2).all() and np.isfinite(dipole.position_m).all()):
        return dipole
    density, lost = depth_density(dipole, usual)
    middle_m = float(np.interp(0.5, np.cumsum(density) - 0.5 * density, DEPTH_M))
    spread = float(density @ (DEPTH_M - middle_m) ** 2)
    place_m = np.array([*dipole.position_m[:2], -middle_m])
    times = nearer(response, place_m, dipole.position_m)
    out = replace(
        dipole,
        position_m=place_m,
        covariance_m2=_covariance(dipole.covariance_m2, ERRORS[dipole.placed], lost, spread),
        tensor=times * dipole.tensor,
    )
    e = dipole.estimate
    return out if e is None else replace(out, estimate=_estimate(e.scaled(times), out, density))


def _gaussian(mean_m: float, std_m: float) -> Real:
    out: Real = np.exp(-0.5 * ((DEPTH_M - mean_m) / std_m) ** 2)
    return out


def _stretched(dipole: Dipole, fitted_m: float, times: float, std_m: float) -> Real:
    """Density of the depth as it was fitted, its errors so many times as large."""
    e = dipole.estimate
    if e is None:
        return _gaussian(fitted_m, times * std_m)
    ends = np.append(DEPTH_M, DEPTH_M[-1] + STEP_M) - 0.5 * STEP_M
    mass = np.diff(np.interp(ends, fitted_m + times * (e.depth_m - fitted_m), e.share_above()))
    out: Real = np.convolve(mass, np.exp(-0.5 * (_NEAR / LEAST_STD_M) ** 2), mode="same")
    return out if out.sum() > 0.0 else _gaussian(fitted_m, times * std_m)


def _covariance(fitted: Real, errors: Errors, lost: float, spread: float) -> Real:
    """Give the covariance of a place that is lost with some probability, its depth's variance as it is."""
    times = np.array([errors.aside_times, errors.aside_times, errors.depth_times])
    out: Real = (1.0 - lost) * fitted * np.outer(times, times)
    out[[0, 1], [0, 1]] += lost * errors.lost_aside_m**2
    # what goes together with the depth does so in the part that is right
    if out[2, 2] > spread:
        out[2, :2] *= np.sqrt(spread / out[2, 2])
        out[:2, 2] = out[2, :2]
    out[2, 2] = spread
    return out


def _estimate(e: DipoleEstimate, told: Dipole, density: Real) -> DipoleEstimate:
    return replace(
        e,
        position_m=told.position_m,
        covariance_m2=told.covariance_m2,
        depth_m=DEPTH_M,
        depth_density=density / STEP_M,
        modes_m=modes(DEPTH_M, density),
    )


def height_over(response: Response, place_m: Real) -> float:
    """Middle height of the coils over a place, in m; of all rows where none pass near."""
    near = np.linalg.norm(response.center_m[:, :2] - place_m[:2], axis=1) <= HEARD_M
    height_m = float(np.median(response.center_m[near if near.any() else slice(None), 2]))
    return max(height_m, LEAST_HEIGHT_M) if np.isfinite(height_m) else LEAST_HEIGHT_M


def nearer(response: Response, place_m: Real, before_m: Real) -> float:
    """Tell how many times as strong a dipole must be to answer from a place as it does from another below it.

    By the field of circular coils on their axis (Biot and Savart), there and back.
    """
    height_m = height_over(response, place_m)
    now_m2, then_m2 = ((max(float(-at[2]), 0.0) + height_m) ** 2 for at in (place_m, before_m))
    radii_m = np.array([response.tx_radius_m.mean(), response.rx_radius_m.mean()])
    wide_m2 = np.where(np.isfinite(radii_m), radii_m, 0.0) ** 2
    return float(np.prod(((wide_m2 + now_m2) / (wide_m2 + then_m2)) ** 1.5))
