"""Compiled loops that add soundings to one column of voxels: the innermost of the Kirchhoff sum.

In single precision they are those of :mod:`dualsense.gpr._migrate._vectors`, in double precision plain ones.
"""

from __future__ import annotations

import math

import numba
from numba.extending import overload

from dualsense.gpr._migrate import _vectors
from dualsense.gpr._migrate._vectors import GROUP, PARTS, WIDTH
from dualsense.runtime.jit import jit


def add_one(table, trace, which, place, part, room, image, g, column, last, start, stop, offset, n):
    """Add the g-th sounding of a group to a column of voxels: both parts of the sum, weights, weighted energy.

    table is flat; its rows of n depths begin at ``place`` (soundings, 3, columns), for both legs and the weight,
    and are read between that row and the next at ``part``. trace is flat, with the parts of a sample side by
    side; that of the g-th sounding begins at ``which[g]``. room (steps, 3, soundings, entries) is for the sample
    before each time, the part of the way to the next, and the weight. image is flat; a column (steps, parts,
    entries) begins at ``offset``. Depths before ``start`` and from ``stop`` on are left out; a time beyond
    ``last`` neither adds nor counts.
    """
    _add(table, trace, which, place, part, room, image, g, column, last, start, stop, offset, n)


def add_group(table, trace, which, place, part, room, image, g, column, last, start, stop, offset, n):
    """Add all soundings of a group to a column of voxels: arguments as for :func:`add_one`, ``g`` being 0."""
    for m in range(GROUP):
        _add(table, trace, which, place, part, room, image, m, column, last, start, stop, offset, n)


@jit()
def _add(table, trace, which, place, part, room, image, g, column, last, start, stop, offset, n):
    """Add a sounding as :func:`add_one` says it, with all its arguments: the plain loops for double precision.

    Times first and look-ups then, as in :mod:`dualsense.gpr._migrate._vectors`.
    """
    down, up, over = place[g, 0, column], place[g, 1, column], place[g, 2, column]
    for k in range(start, stop):
        time = table[down + k] + part[g, 0, column] * (table[down + n + k] - table[down + k])
        time += table[up + k] + part[g, 1, column] * (table[up + n + k] - table[up + k])
        w = table[over + k] + part[g, 2, column] * (table[over + n + k] - table[over + k])
        inside = time < last
        step, entry = k // WIDTH, k % WIDTH
        room[step, 0, g, entry] = math.floor(time) if inside else 0.0
        room[step, 1, g, entry] = time - room[step, 0, g, entry] if inside else 0.0
        room[step, 2, g, entry] = w if inside else 0.0
    for k in range(start, stop):
        step, entry = k // WIDTH, k % WIDTH
        i, f, w = which[g] + 2 * int(room[step, 0, g, entry]), room[step, 1, g, entry], room[step, 2, g, entry]
        re = trace[i] + f * (trace[i + 2] - trace[i])
        im = trace[i + 1] + f * (trace[i + 3] - trace[i + 1])
        at = offset + step * PARTS * WIDTH + entry
        image[at] += w * re
        image[at + WIDTH] += w * im
        image[at + 2 * WIDTH] += w
        image[at + 3 * WIDTH] += w * (re * re + im * im)


@overload(add_one, inline="always")
def _add_one(table, trace, which, place, part, room, image, g, column, last, start, stop, offset, n):
    if table.dtype == numba.float32:
        return lambda table, trace, which, place, part, room, image, g, column, last, start, stop, offset, n: (
            _vectors.add_one(
                table, trace, which, place, part, room, image, g, column, last, start, stop, offset, n
            )
        )
    return add_one


@overload(add_group, inline="always")
def _add_group(table, trace, which, place, part, room, image, g, column, last, start, stop, offset, n):
    if table.dtype == numba.float32:
        return lambda table, trace, which, place, part, room, image, g, column, last, start, stop, offset, n: (
            _vectors.add_group(
                table, trace, which, place, part, room, image, g, column, last, start, stop, offset, n
            )
        )
    return add_group
