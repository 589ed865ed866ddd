"""Dipoles on their way from where they were found to where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.emi._dipole import DipoleEstimate, Placing

    Real = NDArray[np.float64]

WIDER_M = 0.05
"""Where the track is free, rows are taken that are farther away by this."""
BESIDE_MOVE_M = 0.02
"""With stronger metal within twice the reach, whose position errors `locate` takes for signal, a dipole is not
carried farther away from where it was found."""
NUMERICAL = (ValueError, ArithmeticError, np.linalg.LinAlgError)


@dataclass(frozen=True, slots=True)
class Limits:
    """Parameters of `refine`."""

    reach_m: float
    max_misfit: float
    max_move_m: float
    pairs: bool
    together: bool
    at_once: bool


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One dipole: where, how well and by what that is known, and from which of the found ones it came."""

    position: Real
    lead: int
    estimate: DipoleEstimate | None = None
    covariance: Real | None = None
    placed: Placing = "found"


def aside(one: Place, other: Place) -> float:
    return float(np.linalg.norm((one.position - other.position)[:2]))


def misfit_of(place: Place) -> float:
    return np.inf if place.estimate is None else place.estimate.misfit
