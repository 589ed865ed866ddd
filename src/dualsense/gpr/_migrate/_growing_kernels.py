"""Compiled loops of a Kirchhoff sum that soundings join as they come: those of the sum of all, tile by tile."""

from __future__ import annotations

import numpy as np

from dualsense.gpr._migrate._kirchhoff_kernels import number_tables, select, sum_tile, tabulate
from dualsense.runtime.jit import jit


@jit()
def tabulate_all(height, density, time, weight, height_scale, numbers, table):
    """Tables of all soundings: arguments as for ``tabulate``, but that table has one for each sounding.

    numbers (n, 3), those of both antennas and of the weights, are filled.
    """
    rows = time.shape[1]
    for s in range(height.shape[0]):
        tabulate(s, height, density, time, weight, height_scale, (0, rows), (0, rows), table[s])
        number_tables(s, s, height, numbers)


@jit()
def add_to_tile(trace, at, numbers, table, scale, start, depths, radius, axis, image):
    """Add soundings to the columns of a square tile of at most ``TILE`` cells along its side.

    trace (n, t, 2); at (n, 3, 2) both antennas and the midpoint, relative to the first cell; numbers (n, 3) and
    table (n, 3, rho, padded depths) as :func:`tabulate_all` fills them; scale, start, depths and radius as for
    ``gather``; axis (cells,) the places of the cells on either axis. image (cells, cells, steps, parts,
    entries) is added to.
    """
    n = trace.shape[0]
    every = np.arange(n)
    chosen = np.empty(n, np.int64)
    some = chosen[: select(axis, axis, at, every, radius, chosen)]
    sums = image.reshape(image.size)
    sum_tile(trace, at, every, some, numbers, table, scale, start, depths, radius, axis, axis, 0, axis.size, sums)
