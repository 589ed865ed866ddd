"""A Kirchhoff sum that soundings join as they come: each is added once to the tiles of cells that it reaches."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.gpr._migrate import _growing_kernels as _kernels
from dualsense.gpr._migrate._vectors import TAIL, TILE
from dualsense.gpr._migrate.sums import empty_image, first_depths, heard, padded, padded_rows, two_parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dualsense.gpr._rays.traveltime import TimeTable

    Real = NDArray[np.float64]
    Single = NDArray[np.float32]

REAL = np.dtype(np.float32)
AT_ONCE = 64
"""Soundings that are tabulated together: a long stretch takes no more memory."""


class GrowingSum:
    """The loops of :func:`dualsense.gpr.kirchhoff` with its weights "heard", for soundings of which more follow.

    Parameters
    ----------
    table
        One-way times and amplitudes. It has to reach the heights of all soundings, and in distance half the
        antennas' offset and a cell farther than 1.1 times the widest aperture.
    aperture_m, apparent_depth_m : (nz,)
        Radius of the aperture at each depth, which does not shrink with depth; and the height above which a
        straight ray in air would spread as the refracted one does.
    cell_m, cells
        Side of a cell, and how many a tile has along its side.

    Raises
    ------
    ValueError
        When a tile would have more than 16 cells along its side.
    """

    def __init__(
        self, table: TimeTable, *, aperture_m: Real, apparent_depth_m: Real, cell_m: float, cells: int = TILE
    ) -> None:
        if cells > TILE:
            msg = f"a tile has at most {TILE} cells along its side, got {cells}"
            raise ValueError(msg)
        self._table, self._step_s = table, math.nan
        self._axis = (cell_m * np.arange(cells)).astype(REAL)
        self._weight = padded_rows(heard(table, aperture_m, apparent_depth_m), REAL)
        self._start = first_depths(table, aperture_m)
        self._scale = np.float32(1.0 / table.rho_root_step)
        self._height_scale = np.array([math.sqrt(table.height_m[0]), 1.0 / table.height_root_step])
        self._radius = np.float32(aperture_m.max())
        self._depths = padded(table.depth_m.size, TAIL)
        self._time: Any = None

    def tile(self) -> Single:
        """Give an empty tile: (rows, columns, steps, 4, depths of a step).

        The four are both parts of the weighted sum, the weights, and the weighted energy; the last step may have
        more depths than there are.
        """
        image: Single = empty_image((self._axis.size, self._axis.size), self._table.depth_m.size, REAL)
        image[:] = 0.0
        return image

    def add(
        self,
        tiles: Iterable[tuple[Real, Single]],
        antennas_m: Real,
        weight: Real,
        traces: NDArray[np.complex64],
        dt_s: float,
    ) -> None:
        """Add soundings to tiles.

        Parameters
        ----------
        tiles
            Centre (2,) of the first cell of each, and the tile, which is added to.
        antennas_m : (n, 2, 3)
            Both of each sounding; z is the height above the ground, in which the table reaches.
        weight : (n,)
            Of each sounding, for their uneven density.
        traces : (n, t)
            Analytic traces from time zero.
        dt_s
            Their step.
        """
        if traces.shape[1] < 2:
            return
        if dt_s != self._step_s:
            self._step_s, self._time = dt_s, padded_rows(self._table.time_s / dt_s, REAL)
        tx, rx = antennas_m[:, 0], antennas_m[:, 1]
        at = np.stack([tx, rx, 0.5 * (tx + rx)], axis=1)
        parts, density = two_parts(traces), weight.astype(REAL)
        table = np.empty((min(len(at), AT_ONCE), 3, *self._weight.shape[1:]), REAL)
        held, numbers = list(tiles), np.empty((len(table), 3), np.int64)
        scales = self._scale, self._start, self._depths, self._radius, self._axis
        for first in range(0, len(at), AT_ONCE):
            some = slice(first, first + AT_ONCE)
            own, height = at[some, :, :2], np.ascontiguousarray(at[some, :, 2])
            _kernels.tabulate_all(
                height, density[some], self._time, self._weight, self._height_scale, numbers, table
            )
            for corner_m, image in held:
                place = (own - corner_m).astype(REAL)
                _kernels.add_to_tile(parts[some], place, numbers, table, *scales, image)
