"""Metal of a ground as perfectly conducting edges of the lattice.

Solid metal is every edge whose middle lies in it; what is thinner than a cell is a chain of edges, as thick to the
fields as about a fifth of a cell.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dualsense.simulate._gprmax.grid import METAL, extent_m, own_points
from dualsense.simulate._gprmax.voxels import stand_in
from dualsense.simulate._scene import placement, shapes
from dualsense.simulate._scene.parts import Ring, Spheroid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from dualsense.simulate._gprmax.grid import Cells, Grid
    from dualsense.simulate._gprmax.voxels import Voxels
    from dualsense.simulate._scene.scene import Buried

    Real = NDArray[np.float64]

_CHAIN_STEP = 0.25
_LEAST = 1 + 1e-6


def with_metal(cells: Cells, objects: tuple[Buried, ...], grid: Grid, voxels: Mapping[str, Voxels]) -> Cells:
    """Put perfect conductors on the edges, and in the cells that are nothing else."""
    for thing in objects:
        cubes = stand_in(thing, voxels)
        if cubes is not None:
            _metal_voxels(thing, cubes, cells, grid)
            continue
        model = placement.model_of(thing)
        compact = all(isinstance(part, Spheroid) for part in model.metal)
        if model.relative_permittivity is None and compact:
            _metal_body(thing, cells, grid)
            continue
        for part in model.solid:
            if isinstance(part, Ring):
                _line(_circle(thing, part, grid.step_m), cells, grid)
            else:
                _metal_spheroid(thing, part, cells, grid)
    return cells


def _metal_body(thing: Buried, cells: Cells, grid: Grid) -> None:
    """Draw at least one layer of edges, and what is thinner than a cell as a line along its longest side."""
    size = np.asarray(placement.size_m(thing))
    x, y, z = (float(s) for s in np.maximum(size, _LEAST * grid.step_m))
    sunk = np.array([0.0, 0.0, 0.5 * (z - size[2])])
    _solid(
        thing, cells, grid, lambda own: shapes.is_inside(placement.model_of(thing).shape, (x, y, z), own - sunk)
    )
    longest = int(np.argmax(size))
    count = max(2, int(np.ceil(size[longest] / (_CHAIN_STEP * grid.step_m))))
    line = np.linspace(-0.5, 0.5, count)[:, None] * size[longest] * np.eye(3)[longest]
    _line(placement.to_local(thing, line - [0.0, 0.0, 0.5 * size[2]]), cells, grid)


def _metal_spheroid(thing: Buried, part: Spheroid, cells: Cells, grid: Grid) -> None:
    axis = np.asarray(part.axis) / np.linalg.norm(part.axis)
    across, along = thing.scale * part.semi_axis_m, thing.scale * part.polar_semi_axis_m
    center = thing.scale * np.asarray(part.center_m)

    def inside(own: Real) -> NDArray[np.bool_]:
        away = own - center
        pole = away @ axis
        radial2 = np.maximum((away**2).sum(axis=-1) - pole**2, 0.0)
        return np.asarray(radial2 / across**2 + (pole / along) ** 2 <= 1)

    _solid(thing, cells, grid, inside)
    count = max(2, int(np.ceil(2 * along / (_CHAIN_STEP * grid.step_m))))
    _line(placement.to_local(thing, center + np.linspace(-along, along, count)[:, None] * axis), cells, grid)


def _metal_voxels(thing: Buried, voxels: Voxels, cells: Cells, grid: Grid) -> None:
    """Draw what is thick as a solid, and lines from cube to cube, so that what is thin is whole."""
    _solid(thing, cells, grid, lambda own: voxels.at(own / thing.scale)[1], voxels)
    pairs = voxels.metal_pairs_m()
    ends = placement.to_local(thing, thing.scale * pairs.reshape(-1, 3)).reshape(pairs.shape)
    nodes = np.round((ends - grid.origin_m) / grid.step_m).astype(np.intp)
    apart = np.unique(nodes[(nodes[:, 0] != nodes[:, 1]).any(axis=1)], axis=0)
    for pair in apart:
        _chain(pair, cells, grid)


def _solid(
    thing: Buried,
    cells: Cells,
    grid: Grid,
    inside: Callable[[Real], NDArray[np.bool_]],
    voxels: Voxels | None = None,
) -> None:
    reach, height = (length + grid.step_m for length in extent_m(thing, voxels))
    nodes = [grid.origin_m[i] + grid.step_m * np.arange(n + 1) for i, n in enumerate(grid.shape)]
    for component in range(3):
        axes = [axis + grid.step_m / 2 if i == component else axis for i, axis in enumerate(nodes)]
        box, own = own_points(thing, axes, reach, height)
        if own.size:
            cells.edge[component][box][inside(own)] = METAL
    box, own = own_points(thing, [axis[:-1] + grid.step_m / 2 for axis in nodes], reach, height)
    if own.size:
        cells.inside[box][inside(own)] = METAL


def _circle(thing: Buried, part: Ring, step_m: float) -> Real:
    radius = thing.scale * part.radius_m
    count = max(12, int(np.ceil(2 * np.pi * radius / (_CHAIN_STEP * step_m))))
    phi = 2 * np.pi * np.arange(count + 1) / count
    normal = np.asarray(part.axis) / np.linalg.norm(part.axis)
    first = np.cross(np.eye(3)[np.argmin(np.abs(normal))], normal)
    first /= np.linalg.norm(first)
    own = radius * (np.outer(np.cos(phi), first) + np.outer(np.sin(phi), np.cross(normal, first)))
    return placement.to_local(thing, thing.scale * np.asarray(part.center_m) + own)


def _line(points_m: Real, cells: Cells, grid: Grid) -> None:
    """Conducting edges along a line of points."""
    _chain(np.round((points_m - grid.origin_m) / grid.step_m).astype(np.intp), cells, grid)


def _chain(nodes: NDArray[np.intp], cells: Cells, grid: Grid) -> None:
    """Conducting edges from node (m, 3) to node, one axis after the other."""
    limit = np.array(grid.shape)
    for start, stop in pairwise(nodes):
        at = start.copy()
        for axis in range(3):
            while at[axis] != stop[axis]:
                step = 1 if stop[axis] > at[axis] else -1
                low = at.copy()
                low[axis] = min(at[axis], at[axis] + step)
                if (low >= 0).all() and (low + np.eye(3, dtype=np.intp)[axis] <= limit).all():
                    cells.edge[(axis, *low)] = METAL
                at[axis] += step
