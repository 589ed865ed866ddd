"""What would have been found where: the smallest mine, and to what depth, by both sensors.

The radar tells how far a mine's echo would stand out of the clutter that this scan has there, the metal detector
how much metal could hide there. Each leaves a chance to miss a mine, which falls as the evidence grows. A mine
would be found where both together leave hardly any, and would not where neither has anything to go by; between
the two nothing is told. `docs/methods/coverage.md` holds it against mines that were put there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense import emi, gpr, survey
from dualsense.chain.steps import taken
from dualsense.constants import METAL_BELOW_TOP_M, MINE_TOPS_M
from dualsense.result import MINE_CLASSES, SMALL_CODE, SmallestMine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.chain.metal import MetalState
    from dualsense.chain.radar import RadarState
    from dualsense.result import Coverage, Grid

    Cells = NDArray[np.bool_]
    Floats = NDArray[np.float32]

ENOUGH = -2.0
"""Logarithm of the chance to miss a mine that both sensors together may leave, where it is greatest."""
RADAR_LEAVES = ((0.5, 0.0), (1.0, -0.5), (2.0, -0.7), (3.0, -0.9), (4.5, -2.3))
"""Contrast of the weakest echo of a kind where 4.5 is asked for, and the logarithm of the chance to miss it.
Mines stand out by their bottom and by what reverberates in them, too, where their top does not."""
METAL_LEAVES = ((0.34, 0.0), (0.5, -0.3), (0.7, -0.7), (1.7, -1.1), (3.4, -2.3))
"""The same over the least metal of a kind in units of what could hide, where most of a kind hold twice as much."""
CONTRAST = 4.5
STRONGEST, BLIND_CONTRAST = 1.5, 2.0
"""Amplitude of the strongest echo of a small mine, and the contrast below which not even that would be listed."""
HIDES = 0.34
"""The least metal over what could hide, below which the metal detector would find hardly any of a kind."""
ASIDE_M = 0.10
"""Farther beside all samples nothing is seen of a small mine."""
BLIND_TOPS_M = (0.05, 0.10)
MERGED_M = 0.12
"""So near to a target another object may be taken for part of it, whatever its own echo and metal would be."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Mines of a kind, by the least that either sensor sees of them.

    Attributes
    ----------
    amplitude
        Of the echo, as `dualsense.gpr.mine_contrast` has it: what one in thirty stays below.
    metal
        In units of `dualsense.emi.small_metal_m3`: of a TS-50, a PMN-2, and a TM-57 of steel.
    """

    amplitude: float
    metal: float


SMALL, PMN, VEHICLE = Kind(0.35, 1.7), Kind(0.5, 36.0), Kind(0.5, 1e5)


@dataclass(frozen=True, slots=True, eq=False)
class _Evidence:
    """What the sensors would see of mines at all tops and cells, (t, ny, nx); None where one tells nothing.

    ``contrast`` is that of an echo of amplitude 1, ``weakest`` that of a mine as dry as the soil; ``metal`` the
    unit of metal over what could hide.
    """

    contrast: Floats | None
    weakest: Floats | None
    metal: Floats | None

    def finds(self, kind: Kind) -> Cells:
        """Whether both sensors together would hardly miss a mine of a kind."""
        left = np.zeros((), np.float32)
        for values, scale, knots in (
            (self.weakest, kind.amplitude, RADAR_LEAVES),
            (self.metal, kind.metal, METAL_LEAVES),
        ):
            if values is not None:
                at, leaves = np.array(knots).T
                left = left + np.interp(np.log(np.maximum(scale * values, 1e-9)), np.log(at), leaves)
        return np.asarray(left <= ENOUGH)


def smallest_mine(
    cover: Coverage,
    radar: RadarState | None,
    metal: MetalState | None,
    *,
    listed_m: Sequence[tuple[float, float]] = (),
    min_contrast: float = CONTRAST,
    believed: bool = True,
) -> SmallestMine:
    """Tell what would have been found where.

    Parameters
    ----------
    cover
        Ground that each sensor measured, without what is doubted.
    radar, metal
        State of each sensor's chain at its end; None for a sensor that failed.
    listed_m
        Places x and y of what is listed: beside them a mine may be taken for part of it, and is not told of.
    min_contrast
        That was asked of the radar's bodies.
    believed
        False where a fault limits what can be said: then nothing would surely have been found.

    Returns
    -------
    SmallestMine
    """
    usual, weakest = (
        None if one is None else one * np.float32(CONTRAST / min_contrast)
        for one in (_unit_contrast(radar), _unit_contrast(radar, weakest=True))
    )
    seen = _Evidence(usual, weakest, None if metal is None else _metal_over_hidden(cover, metal))
    merged = survey.covered_cells(cover.grid, np.array(listed_m, float).reshape(-1, 2), reach_m=MERGED_M)
    both, shape = cover.emi & cover.gpr & believed & ~merged, (len(MINE_TOPS_M), *cover.gpr.shape)
    found = {kind: np.broadcast_to(seen.finds(kind), shape) & both for kind in (SMALL, PMN, VEHICLE)}
    small = found[SMALL].astype(np.int8)
    small[~found[SMALL] & _lost(cover, radar, metal, seen)] = -1
    deep = {kind: _unbroken(mask) for kind, mask in found.items()}
    code = np.zeros(both.shape, np.uint8)
    for number, one in enumerate(MINE_CLASSES[1:], start=1):
        kind = SMALL if number >= SMALL_CODE else PMN if number == SMALL_CODE - 1 else VEHICLE
        with np.errstate(invalid="ignore"):
            code[deep[kind] >= np.float32(one.depth_m)] = number
    return SmallestMine(cover.grid, code, deep[SMALL], np.array(MINE_TOPS_M), small)


def nothing_told(grid: Grid) -> SmallestMine:
    """Begin a map of which nothing is told yet; its arrays are to be filled."""
    shape, top_m = (grid.y_m.size, grid.x_m.size), np.array(MINE_TOPS_M)
    small = np.zeros((len(top_m), *shape), np.int8)
    return SmallestMine(grid, np.zeros(shape, np.uint8), np.full(shape, np.nan, np.float32), top_m, small)


def told_maps(sight: SmallestMine) -> tuple[NDArray[Any], ...]:
    """Give the arrays over the cells, whose last two axes are (ny, nx)."""
    return sight.code, sight.depth_m, sight.small


def seen_of(sight: SmallestMine, cover: Coverage) -> SmallestMine:
    """Tell of the patch alone, and of no more than what counts as covered in the end.

    Parameters
    ----------
    sight
        Of all cells.
    cover
        As it is shown.

    Returns
    -------
    SmallestMine
    """
    both = cover.emi & cover.gpr & cover.patch
    return SmallestMine(
        sight.grid,
        np.where(both, sight.code, np.uint8(0)),
        np.where(both, sight.depth_m, np.float32(np.nan)),
        sight.top_m,
        np.where(both, sight.small, np.minimum(sight.small, 0)) * cover.patch.astype(np.int8),
    )


def _unbroken(found: Cells) -> Floats:
    """Deepest top (ny, nx) down to which each (t, ny, nx) would have been found; NaN where not the first."""
    count = np.logical_and.accumulate(found, axis=0).sum(axis=0)
    depths: Floats = np.array([np.nan, *MINE_TOPS_M], np.float32)[count]
    return depths


def _unit_contrast(radar: RadarState | None, *, weakest: bool = False) -> Floats | None:
    """Contrast (t, ny, nx) of an echo of amplitude 1, less what the chain's own steps take of it."""
    if radar is None or radar.clutter is None:
        return None
    return gpr.mine_contrast(
        radar.clutter,
        np.array(MINE_TOPS_M),
        amplitude=float(np.sqrt(1.0 - max(radar.losses, default=0.0))),
        relative_permittivity=taken(radar.soil).relative_permittivity,
        weakest=weakest,
    )


def _metal_over_hidden(cover: Coverage, metal: MetalState) -> Floats:
    """Divide the unit of metal by what could hide, (t, ny, nx): 0 for anything, NaN where no coil passed."""
    found = taken(metal.inversion)
    unit_m3 = emi.small_metal_m3(taken(metal.response), found.balance)
    hidden_m3 = [found.hidden_map(cover.grid, top + METAL_BELOW_TOP_M) for top in MINE_TOPS_M]
    ratio: Floats = (unit_m3 / np.stack(hidden_m3)).astype(np.float32)
    return ratio


def blind_radar(cover: Coverage, radar: RadarState | None) -> Cells:
    """Cells (ny, nx) on which not even the strongest echo of a small mine would be listed, 5 or 10 cm deep.

    Parameters
    ----------
    cover
        Of the scan.
    radar
        At its chain's end; one whose amplitudes are not told is not asked here.

    Returns
    -------
    (ny, nx) bool
    """
    contrast = _unit_contrast(radar)
    if contrast is None:
        return np.zeros_like(cover.gpr)
    return np.logical_or.reduce([_swamped(contrast)[MINE_TOPS_M.index(top)] for top in BLIND_TOPS_M])


def _swamped(contrast: Floats) -> Cells:
    """Tops and cells (t, ny, nx) that were measured and whose clutter is stronger than any small mine."""
    swamped: Cells = (contrast > 0.0) & (STRONGEST * contrast < BLIND_CONTRAST)
    swamped[0] &= swamped[1]  # under a rough surface a shallow mine is found by its bottom
    return swamped


def _lost(cover: Coverage, radar: RadarState | None, metal: MetalState | None, seen: _Evidence) -> Cells:
    """Tops and cells (t, ny, nx) of the patch at which neither sensor has anything of a small mine to go by."""
    lost = np.repeat(cover.patch[None], len(MINE_TOPS_M), axis=0)
    if radar is not None:
        away = ~survey.covered_cells(cover.grid, taken(radar.soundings).midpoint_m, reach_m=ASIDE_M)
        lost &= away if seen.contrast is None else away | _swamped(seen.contrast)
    if metal is not None and seen.metal is not None:
        away = ~survey.covered_cells(cover.grid, taken(metal.response).center_m, reach_m=ASIDE_M)
        with np.errstate(invalid="ignore"):
            lost &= away | (SMALL.metal * seen.metal < HIDES)
    return lost
