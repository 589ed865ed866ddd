"""Permittivity of the soil from the focus of the migrated volume, with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.gpr.migrate import kirchhoff
from dualsense.result import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr.calibrate import Soundings
    from dualsense.gpr.traces import Traces

CANDIDATES = (2.5, 3.2, 4.0, 5.0, 6.3, 8.0, 10.0, 12.6, 16.0)
START_TWO_WAY_S = 0.4e-9
STOP_TWO_WAY_S = 3.0e-9


@dataclass(frozen=True, slots=True)
class Soil:
    """Relative permittivity, one standard deviation of it, and how it was found ("focus", "prior", "given")."""

    relative_permittivity: float
    relative_permittivity_std: float
    method: str


def autofocus(
    soundings: Soundings,
    traces: Traces,
    grid: Grid,
    *,
    height_m: NDArray[np.float64] | None = None,
    prior_permittivity: float = 5.5,
    prior_spread: float = 0.5,
    focus_spread: float = 0.45,
    coarse_cell_m: float = 0.012,
) -> Soil:
    """Migrate coarsely with several permittivities and keep the one whose volume has the highest contrast.

    Contrast is the fourth moment of the amplitude over the square of the second, over voxels between fixed
    two-way times, so that every candidate looks at the same echoes. The peak of a parabola through ln(eps) is
    combined with a log-normal prior; a scan in which nothing focuses leaves the prior.

    Parameters
    ----------
    prior_permittivity, prior_spread
        Median and standard deviation of ln(eps) over soils met in the field.
    focus_spread
        Standard deviation of ln(eps) found by focusing at hand-held apertures.

    Returns
    -------
    Soil
    """
    prior = Soil(prior_permittivity, prior_permittivity * prior_spread, "prior")
    if soundings.time_s.size < 30:
        return prior
    step = max(coarse_cell_m, grid.cell_m)
    coarse = Grid(
        np.arange(grid.x_m[0], grid.x_m[-1] + 0.5 * step, step),
        np.arange(grid.y_m[0], grid.y_m[-1] + 0.5 * step, step),
        step,
    )
    delay = np.arange(START_TWO_WAY_S, STOP_TWO_WAY_S, 0.1e-9)
    contrast = np.zeros(len(CANDIDATES))
    for i, permittivity in enumerate(CANDIDATES):
        depth = 0.5 * delay * 299_792_458.0 / np.sqrt(permittivity)
        volume = kirchhoff(soundings, traces, coarse, depth, relative_permittivity=permittivity, height_m=height_m)
        power = np.abs(volume.amplitude.astype(np.complex128)) ** 2
        inside = volume.fold > 0.2 * volume.fold.max(axis=(1, 2), keepdims=True)
        power = np.where(inside, power, 0.0)
        total = power.sum()
        contrast[i] = (power**2).sum() * inside.sum() / total**2 if total > 0.0 else 0.0
    return _combine(np.log(CANDIDATES), contrast, prior_permittivity, prior_spread, focus_spread)


def _combine(
    log_eps: NDArray[np.float64],
    contrast: NDArray[np.float64],
    prior_eps: float,
    prior_spread: float,
    focus_spread: float,
) -> Soil:
    """Join the parabola's peak with the prior, both normal in ln(eps)."""
    best = int(np.argmax(contrast))
    if not np.isfinite(contrast).all() or contrast[best] < 1.01 * contrast.min() or contrast[best] <= 0.0:
        return Soil(prior_eps, prior_eps * prior_spread, "prior")
    peak = float(log_eps[best])
    if 0 < best < log_eps.size - 1:
        a, b, _ = np.polyfit(log_eps[best - 1 : best + 2] - peak, contrast[best - 1 : best + 2], 2)
        if a < 0.0:
            peak += float(np.clip(-b / (2.0 * a), -0.25, 0.25))
        spread = focus_spread
    else:
        spread = 2.0 * focus_spread  # a peak at the edge tells a side, not a value
    w_focus, w_prior = spread**-2, prior_spread**-2
    mean = (w_focus * peak + w_prior * np.log(prior_eps)) / (w_focus + w_prior)
    std = (w_focus + w_prior) ** -0.5
    value = float(np.exp(mean))
    return Soil(value, value * float(std), "focus")
