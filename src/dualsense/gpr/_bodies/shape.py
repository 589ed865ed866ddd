"""What the migrated volume tells of one body beyond place and size: its column, its symmetry, its focus.

A mine's casing reflects at its top and again at its bottom; a stone or a fragment does so at one place. A round
body gives a round spot, whose energy lies within the radar's resolution when the velocity is right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._migrate.migrated import Migrated
    from dualsense.result import Grid

    Real = NDArray[np.float64]
    Complex = NDArray[np.complex64]

ASIDE_M = 0.02
"""Echoes of one body lie in a column of this radius."""
ABOVE_M, BELOW_M = 0.02, 0.06
CLOSE_M = 0.015
"""Echoes closer than this are one."""
NEAR_M, AROUND_M = 0.04, 0.08
LAYER_M, BODY_M, WIDE_M = 0.011, 0.05, 0.10
TURNED_M = 0.06
"""Half the side of the square that is turned about the peak to tell how symmetric it is."""
MEDIAN_OVER_STD = 1.1774
"""Of a Rayleigh amplitude, in units of the deviation of its real or imaginary part."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One body, measured about its strongest voxel.

    Attributes
    ----------
    thickness_m
        Standard deviation of the energy along the column, from 2 cm above to 6 cm below the peak.
    lower_ratio, lower_gap_m
        Amplitude of the strongest further echo 1.5 to 6 cm below, relative to the peak, and its distance; 0 and 0
        where the envelope has no second maximum.
    lower_phase_rad
        Phase of that echo less that of the peak, -pi to pi; 0 without one.
    wavenumber_per_m
        Slope of the phase along depth at the peak, radians per metre: the centre of the spectrum that came back.
    asymmetry
        0 where the spot looks the same turned by half a turn about its centre, towards 1 where it does not.
    focus
        Part of the energy within 8 cm to the side that lies within 4 cm.
    spread_m
        Root mean square distance to the side of the energy within 10 cm, 1 cm up and down.
    tail
        Energy within 5 cm to the side from 1.5 to 6 cm below the peak, over that within 1 cm up and down of it.
    """

    thickness_m: float = float("nan")
    lower_ratio: float = float("nan")
    lower_gap_m: float = float("nan")
    lower_phase_rad: float = float("nan")
    wavenumber_per_m: float = float("nan")
    asymmetry: float = float("nan")
    focus: float = float("nan")
    spread_m: float = float("nan")
    tail: float = float("nan")


UNMEASURED = Shape()
"""Of a body whose volume is not at hand."""


def body_shape(migrated: Migrated, grid: Grid, envelope: NDArray[np.float32], at: tuple[int, int, int]) -> Shape:
    """Measure a body at its strongest voxel.

    Parameters
    ----------
    envelope : (nz, ny, nx)
        0 where nothing was measured.
    at
        Indices along depth, y and x.
    """
    k, j, i = at
    reach = max(1, round(TURNED_M / grid.cell_m), math.ceil(WIDE_M / grid.cell_m))  # no cell farther away counts
    top, left = max(j - reach, 0), max(i - reach, 0)
    block = np.s_[:, top : j + reach + 1, left : i + reach + 1]
    echo, amplitude = envelope[block].astype(np.float64), migrated.amplitude[block]
    at = (k, j - top, i - left)
    x, y = grid.x_m[block[2]] - grid.x_m[i], grid.y_m[block[1]] - grid.y_m[j]
    aside = np.hypot(x[None, :], y[:, None])
    column = echo[:, aside <= ASIDE_M].max(axis=1)
    below = migrated.depth_m - migrated.depth_m[k]
    ratio, gap, phase = _lower(amplitude, column, echo, below, at, aside)
    part = (below >= -ABOVE_M - 1e-9) & (below <= BELOW_M + 1e-9)
    energy = column[part] ** 2
    middle = np.average(below[part], weights=energy)
    plane = echo[k] ** 2
    around = float(plane[aside <= AROUND_M].sum())
    here, lower = (np.abs(below) <= LAYER_M), (below >= CLOSE_M - 1e-9) & (below <= BELOW_M + 1e-9)
    layer = (echo[here] ** 2).sum(axis=0)
    wide, close = aside <= WIDE_M, aside <= BODY_M
    return Shape(
        thickness_m=float(np.sqrt(np.average((below[part] - middle) ** 2, weights=energy))),
        lower_ratio=ratio,
        lower_gap_m=gap,
        lower_phase_rad=phase,
        wavenumber_per_m=_slope(amplitude, migrated.depth_m, at),
        asymmetry=_asymmetry(plane, at[1], at[2], max(1, round(TURNED_M / grid.cell_m))),
        focus=float(plane[aside <= NEAR_M].sum()) / around if around > 0.0 else float("nan"),
        spread_m=float(np.sqrt(np.average(aside[wide] ** 2, weights=layer[wide]))),
        tail=float((echo[lower][:, close] ** 2).sum() / layer[close].sum()),
    )


def relative_noise(contrast: float) -> float:
    """Give the standard deviation of clutter in phase with a body's echo, as a part of that echo.

    Parameters
    ----------
    contrast
        Amplitude of the echo over the clutter's median, which is 1.1774 deviations of a Rayleigh amplitude.

    Returns
    -------
    float
    """
    return 1.0 / (MEDIAN_OVER_STD * max(contrast, 1e-6))


def _lower(
    amplitude: Complex, column: Real, envelope: Real, below: Real, at: tuple[int, int, int], aside: Real
) -> tuple[float, float, float]:
    k, j, i = at
    inner = np.zeros(column.size, dtype=bool)
    inner[1:-1] = (column[1:-1] > column[:-2]) & (column[1:-1] >= column[2:])
    inner &= (below >= CLOSE_M - 1e-9) & (below <= BELOW_M + 1e-9)
    if not inner.any():
        return 0.0, 0.0, 0.0
    deep = int(np.flatnonzero(inner)[np.argmax(column[inner])])
    plane = np.where(aside <= ASIDE_M, envelope[deep], -1.0)
    row, col = np.unravel_index(int(np.argmax(plane)), plane.shape)
    turn = amplitude[deep, row, col] * np.conj(amplitude[k, j, i])
    return float(column[deep] / max(envelope[at], 1e-300)), float(below[deep]), float(np.angle(turn))


def _slope(amplitude: Complex, depth_m: Real, at: tuple[int, int, int]) -> float:
    k, j, i = at
    low, high = max(k - 1, 0), min(k + 1, depth_m.size - 1)
    step = depth_m[high] - depth_m[low]
    turn = amplitude[high, j, i] * np.conj(amplitude[low, j, i])
    return float(np.angle(turn) / step) if step > 0.0 else float("nan")


def _asymmetry(plane: Real, j: int, i: int, cells: int) -> float:
    reach = min(cells, j, i, plane.shape[0] - 1 - j, plane.shape[1] - 1 - i)
    if reach < 1:
        return float("nan")
    spot = np.sqrt(plane[j - reach : j + reach + 1, i - reach : i + reach + 1])
    total = float(spot.sum())
    return float(np.abs(spot - spot[::-1, ::-1]).sum() / (2.0 * total)) if total > 0.0 else float("nan")
