"""What holds for all candidates of a scan: the ground that was covered, what either sensor would have found."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.result import Coverage

ASSESSED_RADIUS_M = 0.05
ASSESSED_FRACTION = 0.8
CLEAR_M = 0.03
"""Around an object that is called clutter both sensors have to have measured so far."""
LEFT_OUT_M = 0.05
"""So far about a detection that was left out something may hide."""


class MetalSensitivity(Protocol):
    """What the metal detector would have found."""

    def limit_m3(self, x_m: float, y_m: float, depth_m: float) -> float:
        """Smallest polarizability that would have been found at a place."""


class RadarSensitivity(Protocol):
    """What the radar would have listed."""

    def would_detect(self, x_m: float, y_m: float, depth_m: float) -> bool:
        """Whether a body at a place would have been listed."""


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """Under what conditions the candidates of a scan were found.

    Attributes
    ----------
    cover
        Ground that each sensor covered.
    relative_permittivity, relative_permittivity_std
        Of the soil.
    metal, radar
        What each sensor would have found; None where it did not work.
    trusted
        Whether no fault limits what can be said; under one nothing is called clutter.
    hidden : (ny, nx) bool, optional
        Cells where lesser metal would not have been told beside what was found.
    as_fitted
        Whether candidates were found as those that the model was fitted to; else every target says so.
    """

    cover: Coverage
    relative_permittivity: float
    relative_permittivity_std: float
    metal: MetalSensitivity | None = None
    radar: RadarSensitivity | None = None
    trusted: bool = True
    hidden: NDArray[np.bool_] | None = None
    as_fitted: bool = True

    def metal_limit_m3(self, x_m: float, y_m: float, depth_m: float) -> float:
        """Smallest polarizability that would have been found at a place; infinite without a metal detector."""
        return math.inf if self.metal is None else self.metal.limit_m3(x_m, y_m, depth_m)

    def radar_would_detect(self, x_m: float, y_m: float, depth_m: float) -> bool:
        """Whether a body at a place would have been listed; False without a radar."""
        return self.radar is not None and self.radar.would_detect(x_m, y_m, depth_m)

    def without(self, left_out_m: Sequence[tuple[float, float]]) -> Conditions:
        """Count the ground about detections that were left out, at these places x, y in metres, as hidden."""
        if not left_out_m:
            return self
        grid = self.cover.grid
        hidden = np.zeros(self.cover.patch.shape, dtype=bool) if self.hidden is None else self.hidden.copy()
        for x_m, y_m in left_out_m:
            hidden |= np.hypot(grid.x_m - x_m, (grid.y_m - y_m)[:, None]) <= LEFT_OUT_M
        return replace(self, hidden=hidden)

    def assessed(self, mask: NDArray[np.bool_], x_m: float, y_m: float) -> bool:
        """Whether a sensor covered most of the ground within 5 cm of a point.

        Parameters
        ----------
        mask : (ny, nx) bool
            Cells that the sensor covered.
        """
        away_x, away_y = self.cover.grid.x_m - x_m, self.cover.grid.y_m - y_m
        columns = np.flatnonzero(np.abs(away_x) <= ASSESSED_RADIUS_M)
        rows = np.flatnonzero(np.abs(away_y) <= ASSESSED_RADIUS_M)
        near = np.hypot(away_x[columns], away_y[rows, None]) <= ASSESSED_RADIUS_M
        return bool(near.any() and mask[np.ix_(rows, columns)][near].mean() >= ASSESSED_FRACTION)

    def clear(self, x_m: float, y_m: float, radius_m: float) -> bool:
        """Whether both sensors covered all of the ground under an object and 3 cm around it, within the patch.

        And whether no lesser metal could hide there.
        """
        cover = self.cover
        away_x, away_y = cover.grid.x_m - x_m, cover.grid.y_m - y_m
        reach_m = radius_m + CLEAR_M
        inside = min(-away_x[0], away_x[-1], -away_y[0], away_y[-1]) >= reach_m - cover.grid.cell_m
        columns, rows = (np.flatnonzero(np.abs(away) <= reach_m) for away in (away_x, away_y))
        near, own = np.hypot(away_x[columns], away_y[rows, None]) <= reach_m, np.ix_(rows, columns)
        told = cover.emi[own] & cover.gpr[own] & cover.patch[own]
        if self.hidden is not None:
            told &= ~self.hidden[own]
        return bool(inside and near.any() and told[near].all())
