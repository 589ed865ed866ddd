"""Permittivity of the soil from the focus of small scatterers, with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.gpr.migrate import kirchhoff
from dualsense.gpr.traces import Traces
from dualsense.gpr.traveltime import SPEED_OF_LIGHT_M_S
from dualsense.result import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr.calibrate import Soundings

    Place = tuple[float, float, float]

LOG_CANDIDATES = np.linspace(np.log(2.0), np.log(32.0), 13)
START_TWO_WAY_S = 0.4e-9
STOP_TWO_WAY_S = 3.0e-9
APERTURE_M = 0.2
"""The same for all permittivities, so that each is judged by the same soundings; wide, since that tells more."""
MAX_PLACES = 6
MIN_CONTRAST = 4.0
MIN_SOUNDINGS = 30


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
    focus_spread: float = 0.25,
    coarse_cell_m: float = 0.012,
) -> Soil:
    """Migrate what stands out with many permittivities, and see which makes it brightest.

    The echoes of a small scatterer add up best with the soil's permittivity and less with a lower or a higher one.
    Those of an extended body, of a side lobe or of noise only get brighter the higher it is, for the faster their
    times flatten out over the aperture: they have no maximum, tell nothing, and are passed over. The median of
    what the small scatterers tell is joined with a log-normal prior, which alone is left where there are none.

    Parameters
    ----------
    soundings, traces
        n soundings and their analytic traces.
    grid
        Where to look.
    height_m : (n,), optional
        Height of the antenna pair above the ground, instead of the pose's.
    prior_permittivity, prior_spread
        Median and standard deviation of ln(eps) over soils met in the field.
    focus_spread
        Standard deviation of ln(eps) found by focusing many scatterers at hand-held apertures; of a single one it
        is 1.7 times as large.
    coarse_cell_m
        Cell of the search for what stands out.

    Returns
    -------
    Soil
    """
    found = []
    if soundings.time_s.size >= MIN_SOUNDINGS:
        for place in _bright_places(soundings, traces, grid, height_m, prior_permittivity, coarse_cell_m):
            peak = _focus(soundings, traces, height_m, place)
            if peak is not None:
                found.append(peak)
    if not found:
        return Soil(prior_permittivity, prior_permittivity * prior_spread, "prior")
    spread = focus_spread * np.sqrt(1.0 + 2.0 / len(found))  # what is taken for a small scatterer may be none
    w_focus, w_prior = float(spread**-2), prior_spread**-2
    mean = (w_focus * float(np.median(found)) + w_prior * np.log(prior_permittivity)) / (w_focus + w_prior)
    value = float(np.exp(mean))
    return Soil(value, value * (w_focus + w_prior) ** -0.5, "focus")


def _bright_places(
    soundings: Soundings,
    traces: Traces,
    grid: Grid,
    height_m: NDArray[np.float64] | None,
    permittivity: float,
    coarse_cell_m: float,
) -> list[Place]:
    """x, y and two-way time below the surface of what stands out in a coarse migration, brightest first."""
    from scipy.ndimage import maximum_filter  # noqa: PLC0415

    step = max(coarse_cell_m, grid.cell_m)
    x = np.arange(grid.x_m[0], grid.x_m[-1] + 0.5 * step, step)
    y = np.arange(grid.y_m[0], grid.y_m[-1] + 0.5 * step, step)
    delay = np.arange(START_TWO_WAY_S, STOP_TWO_WAY_S, 0.1e-9)
    amplitude, fold = _migrate(soundings, traces, Grid(x, y, step), delay, permittivity, height_m)
    inside = fold > 0.3 * fold.max(axis=(1, 2), keepdims=True)
    level = np.array([np.median(a[m]) if m.any() else np.inf for a, m in zip(amplitude, inside, strict=True)])
    stands_out = inside & (amplitude > MIN_CONTRAST * level[:, None, None]) & (amplitude > 0.0)
    peaks = np.argwhere(stands_out & (amplitude == maximum_filter(amplitude, (7, 5, 5))))
    places: list[Place] = []
    for k, j, i in sorted(peaks.tolist(), key=lambda p: (-amplitude[tuple(p)], p)):
        here = (float(x[i]), float(y[j]), float(delay[k]))
        if all(np.hypot(here[0] - p[0], here[1] - p[1]) > 0.05 or abs(here[2] - p[2]) > 0.6e-9 for p in places):
            places.append(here)
    return places[:MAX_PLACES]


def _focus(
    soundings: Soundings, traces: Traces, height_m: NDArray[np.float64] | None, place: Place
) -> float | None:
    """ln(eps) that makes a place brightest, None when that is the lowest or highest of the candidates."""
    x, y, delay = place
    near = np.hypot(*(soundings.midpoint_m[:, :2] - (x, y)).T) < APERTURE_M + 0.06
    if near.sum() < MIN_SOUNDINGS:
        return None
    some = replace(
        soundings,
        **{
            name: getattr(soundings, name)[near]
            for name in ("time_s", "spectrum", "tx_m", "rx_m", "channel", "position_std_m")
        },
    )
    part = Traces(traces.values[near], traces.dt_s, traces.frequency_hz, traces.spectrum[near])
    height = None if height_m is None else height_m[near]
    across = np.linspace(-0.02, 0.02, 9)
    patch = Grid(x + across, y + across, 0.005)
    times = np.arange(max(delay - 0.24e-9, 0.25e-9), delay + 0.24e-9, 0.03e-9)
    brightness = np.zeros(LOG_CANDIDATES.size)
    for i in range(LOG_CANDIDATES.size - 1, -1, -1):
        amplitude, _ = _migrate(some, part, patch, times, float(np.exp(LOG_CANDIDATES[i])), height)
        brightness[i] = amplitude.max()
        if brightness[i] < brightness.max() and int(np.argmax(brightness)) == LOG_CANDIDATES.size - 1:
            return None
    best = int(np.argmax(brightness))
    if not 0 < best < LOG_CANDIDATES.size - 1:
        return None
    low, middle, high = brightness[best - 1 : best + 2]
    shift = 0.5 * (low - high) / (low - 2.0 * middle + high)
    return float(LOG_CANDIDATES[best] + shift * (LOG_CANDIDATES[1] - LOG_CANDIDATES[0]))


def _migrate(
    soundings: Soundings,
    traces: Traces,
    grid: Grid,
    two_way_s: NDArray[np.float64],
    permittivity: float,
    height_m: NDArray[np.float64] | None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Amplitude and fold over two-way times below the surface instead of depths."""
    volume = kirchhoff(
        soundings,
        traces,
        grid,
        0.5 * two_way_s * SPEED_OF_LIGHT_M_S / np.sqrt(permittivity),
        relative_permittivity=permittivity,
        height_m=height_m,
        aperture_m=APERTURE_M,
        aperture_growth=0.0,
        max_aperture_m=APERTURE_M,
    )
    return np.abs(volume.amplitude), volume.fold
