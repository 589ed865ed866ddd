"""What is found of one magnetic dipole below the coils."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

Placing = Literal["alone", "beside", "found"]
"""How the place of a dipole is told: see `Dipole.placed`."""


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
        covariances are widened by it; and by up to 0.6 more where the depth is loosely told.
    coherence
        Part of the whitened energy beyond noise that the dipole explains, 0-1.
    log_evidence
        Of one dipole, up to a constant of the data: -(misfit + log det + k ln m) / 2.
    log_evidence_none
        The same of no dipole at all.
    magnetic
        Probability that the metal is magnetic, one half beforehand.
    draws_m3 : (48, c, 3, 3)
        Tensors drawn from the posterior, evenly over the depth's, and always the same ones.
    channel_hz, imaginary : (c,)
        Of the response.
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
    magnetic: float
    draws_m3: Real
    channel_hz: Real
    imaginary: NDArray[np.bool_]

    def depth_interval_m(self, share: float = 0.9) -> tuple[float, float]:
        """Depths between which the posterior holds ``share``, equal tails."""
        low, high = np.interp([0.5 - 0.5 * share, 0.5 + 0.5 * share], self.share_above(), self.depth_m)
        return float(low), float(high)

    def share_above(self) -> Real:
        """Part (k,) of the posterior that lies above each of the depths."""
        cumulated = np.concatenate([[0.0], np.cumsum(0.5 * (self.depth_density[1:] + self.depth_density[:-1]))])
        out: Real = cumulated / cumulated[-1]
        return out

    def scaled(self, times: float) -> DipoleEstimate:
        """Give the same with tensors so many times as large, as metal that lies elsewhere needs them."""
        return replace(
            self,
            tensor_m3=times * self.tensor_m3,
            tensor_covariance=times**2 * self.tensor_covariance,
            principal_m3=times * self.principal_m3,
            draws_m3=times * self.draws_m3,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Dipole:
    """One magnetic dipole below the coils.

    Attributes
    ----------
    position_m : (3,)
        Local frame; depth is -z, and that of the centre of the metal, not of its top.
    covariance_m2 : (3, 3)
        Of the position: from the curvature of the misfit, and as `dualsense.emi.told_depths` has it once it told.
    tensor : (c, 3, 3)
        Polarizability per real channel of the response; what ground balance hides of it is not filled in with
        noise (`dualsense.emi._loss.shrink_along_soil`).
    statistic
        Energy of its whitened signal over rows and channels, beyond what soil and drift could explain.
    contrast
        How far its peak stood above the median of the search in which it was found.
    coherence
        Part of the whitened energy within 12 cm that all dipoles together explain, 0-1.
    kept
        Part of its energy, in units of the noise, that turning from the soil's phasor leaves, and part of that
        which lies along the track as neither drift nor ground does; both 0-1.
    stronger
        Statistic of the strongest other dipole between 6 and 30 cm to the side, over its own; 0 without one.
    estimate
        Its posterior (`dualsense.emi.locate`), from which position, covariance and tensor then are; None where it
        could not be located.
    placed
        How: "alone" or "beside" other metal by a fit in which track, soil and drift are free; "found" where there
        was none, or it did not explain the rows.
    """

    position_m: Real
    covariance_m2: Real
    tensor: Real
    statistic: float
    contrast: float
    coherence: float
    kept: tuple[float, float] = (float("nan"), float("nan"))
    stronger: float = 0.0
    estimate: DipoleEstimate | None = None
    placed: Placing = "found"

    @property
    def depth_std_m(self) -> float:
        """Standard deviation of the depth."""
        return math.sqrt(max(float(self.covariance_m2[2, 2]), 0.0))
