"""The ground of a scene as the cells of a finite-difference grid: one material on every edge of the Yee lattice.

Permittivity and conductivity are averaged over the cell about each field component, from points half a cell apart,
so that a surface between two nodes stays where it is. Metal is a perfect conductor on every edge whose middle lies
in it; what is thinner than a cell is a chain of edges, as thick to the fields as about a fifth of a cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dualsense.simulate import bodies
from dualsense.simulate.library import Ring, Spheroid
from dualsense.simulate.soil import C0, EPSILON0

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dualsense.simulate.library import Shape, Vector
    from dualsense.simulate.scene import Buried
    from dualsense.simulate.soil import Ground

    Real = NDArray[np.float64]

METAL = 0
"""Index of the perfect conductor among the materials; air is the next."""
AIR = 1
EY: Final = np.array([0.0, 0.5, 0.0])
"""Where an Ey component is in its cell."""
_PERMITTIVITY_STEP = 0.02
_CONDUCTIVITY_LEVELS = 8
_BLOB_REACH = 2.2
_CHAIN_STEP = 0.25
_LEAST = 1 + 1e-6


@dataclass(frozen=True, slots=True)
class Grid:
    """Cubic cells about one sounding.

    Attributes
    ----------
    step_m
        Side of a cell.
    shape
        Number of cells along x, y and z.
    origin_m
        Corner of the first cell in the local frame.
    """

    step_m: float
    shape: tuple[int, int, int]
    origin_m: Vector

    def node(self, point_m: Real) -> NDArray[np.intp]:
        """Index of the Ey component nearest to a point: on nodes along x and z, between them along y."""
        at = (np.asarray(point_m) - self.origin_m) / self.step_m - EY
        return np.round(at).astype(np.intp)

    def point_m(self, node: NDArray[np.intp]) -> Real:
        """Place of an Ey component in the local frame."""
        out: Real = self.origin_m + self.step_m * (node + EY)
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Materials of a grid.

    Attributes
    ----------
    permittivity, conductivity_s_m : (m,) float64
        Of each material; entry `METAL` stands for a perfect conductor, `AIR` is empty space.
    inside : (nx, ny, nz) int16
        Material of every cell.
    edge : (3, nx + 1, ny + 1, nz + 1) int16
        Material at every Ex, Ey and Ez.
    """

    permittivity: Real
    conductivity_s_m: Real
    inside: NDArray[np.int16]
    edge: NDArray[np.int16]


def air(grid: Grid) -> Cells:
    """Fill a grid with nothing."""
    edge = np.full((3, *(n + 1 for n in grid.shape)), AIR, np.int16)
    return Cells(np.ones(2), np.zeros(2), np.full(grid.shape, AIR, np.int16), edge)


def ground_cells(objects: tuple[Buried, ...], ground: Ground, grid: Grid, *, center_hz: float) -> Cells:
    """Draw a ground with all that is in it.

    The loss tangent is taken as the conductivity that loses as much at ``center_hz``.
    """
    half = grid.step_m / 2
    # half cells, and one beyond each face, whose middle is the middle of an edge's own cell
    axes = [grid.origin_m[i] + half * (np.arange(2 * n + 2) - 0.5) for i, n in enumerate(grid.shape)]
    soil = _soil_share(ground, axes, half)
    permittivity = 1 + soil * (ground.index**2 - 1 + _unevenness(objects, ground, grid)).astype(np.float32)
    permittivity = np.maximum(permittivity, np.float32(1))
    for thing in objects:
        _draw_body(thing, axes, permittivity, soil)
    epsilon = ground.index**2
    loss = 2 * epsilon**0.5 * EPSILON0 * C0  # of the attenuation per metre, S
    conductivity = loss * (ground.loss_np_m + ground.loss_np_s_m * 2 * np.pi * center_hz)
    means = [_mean_of_eight(permittivity, soil, at) for at in ((1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1))]
    cell, *edges = (_codes(*mean) for mean in means)
    cell = cell[: grid.shape[0], : grid.shape[1], : grid.shape[2]]
    return _with_metal(_materials(cell, edges, means, conductivity), objects, grid)


def _soil_share(ground: Ground, axes: list[NDArray[Any]], half_m: float) -> NDArray[np.float32]:
    """Part of each half cell that is below the surface."""
    from scipy.ndimage import map_coordinates  # noqa: PLC0415 - slow to import

    x, y, z = axes
    rows = (y - ground.y0_m) / ground.cell_m
    columns = (x - ground.x0_m) / ground.cell_m
    height = map_coordinates(ground.height_m, np.meshgrid(rows, columns), order=1, mode="nearest")
    share = (height[:, :, None] - (z - half_m / 2)) / half_m
    return np.clip(share, 0.0, 1.0).astype(np.float32)


def _unevenness(objects: tuple[Buried, ...], ground: Ground, grid: Grid) -> NDArray[np.float32]:
    """Excess permittivity on the half cells.

    A point of Born strength s with the spectrum exp(-(k l)^2) at backscatter, q = 2 k, is a blob of permittivity
    4 pi s (pi l^2)^(-3/2) exp(-(r / l)^2), whose own spectrum is exp(-(q l / 2)^2).
    """
    out = np.zeros([n + 1 for n in grid.shape], np.float32)
    length = ground.scatterer_length_m
    reach = _BLOB_REACH * length
    axes = [grid.origin_m[i] + grid.step_m * np.arange(n + 1) for i, n in enumerate(grid.shape)]
    low, high = (np.array([axis[end] for axis in axes]) for end in (0, -1))
    near = ((ground.scatterer_m > low - reach) & (ground.scatterer_m < high + reach)).all(axis=1)
    near &= bodies.outside(objects, ground.scatterer_m)
    peak = 4 * np.pi * ground.strength_m3 / (np.pi * length**2) ** 1.5
    for point, most in zip(ground.scatterer_m[near], peak[near], strict=True):
        cut = [slice(*np.searchsorted(axis, (p - reach, p + reach))) for axis, p in zip(axes, point, strict=True)]
        fall = [
            np.exp(-(((axis[part] - p) / length) ** 2)).astype(np.float32)
            for axis, part, p in zip(axes, cut, point, strict=True)
        ]
        out[cut[0], cut[1], cut[2]] += np.float32(most) * np.einsum("i,j,k->ijk", *fall)
    for axis in range(3):
        out = np.repeat(out, 2, axis=axis)
    return out


def _draw_body(
    thing: Buried, axes: list[NDArray[Any]], permittivity: NDArray[np.float32], soil: NDArray[np.float32]
) -> None:
    model = bodies.model_of(thing)
    if model.relative_permittivity is None:
        return
    size = np.asarray(bodies.size_m(thing))
    box, own = _own_points(thing, axes, float(np.linalg.norm(size[:2])) / 2, float(size[2]))
    if own.size == 0:
        return
    lossless = is_inside(model.shape, tuple(size), own)
    drawn = permittivity[box]
    drawn[lossless] = model.relative_permittivity
    for core in model.cores:
        at = own + thing.scale * np.array([-core.center_m[0], -core.center_m[1], core.top_m])
        x, y, z = (thing.scale * s for s in core.size_m)
        drawn[is_inside(core.shape, (x, y, z), at)] = core.relative_permittivity
    soil[box][lossless] = 0


def _own_points(
    thing: Buried, axes: list[NDArray[Any]], reach_m: float, height_m: float
) -> tuple[tuple[slice, slice, slice], Real]:
    """Cut out the box about an object, and its points (nx, ny, nz, 3) in the object's own frame."""
    spans = [
        (thing.x_m - reach_m, thing.x_m + reach_m),
        (thing.y_m - reach_m, thing.y_m + reach_m),
        (-thing.depth_m - height_m, -thing.depth_m),
    ]
    step = axes[0][1] - axes[0][0]
    x, y, z = (
        slice(*np.searchsorted(axis, (low - step, high + step)))
        for axis, (low, high) in zip(axes, spans, strict=True)
    )
    points = np.stack(np.meshgrid(axes[0][x], axes[1][y], axes[2][z], indexing="ij"), axis=-1)
    own = (points - [thing.x_m, thing.y_m, -thing.depth_m]) @ bodies.turned(thing)
    return (x, y, z), own


def is_inside(shape: Shape, size_m: Vector, own_m: Real) -> NDArray[np.bool_]:
    """Which points (..., 3) lie in a body whose own frame has its origin at the centre of its top."""
    half = np.asarray(size_m) / 2
    x, y, z = np.moveaxis((own_m + np.array([0.0, 0.0, half[2]])) / half, -1, 0)
    if shape == "box":
        inside = (np.abs(x) <= 1) & (np.abs(y) <= 1) & (np.abs(z) <= 1)
    elif shape == "cylinder":
        inside = (x**2 + y**2 <= 1) & (np.abs(z) <= 1)
    elif shape == "rod":
        inside = (y**2 + z**2 <= 1) & (np.abs(x) <= 1)
    else:
        inside = x**2 + y**2 + z**2 <= 1
    return np.asarray(inside)


def _mean_of_eight(
    permittivity: NDArray[np.float32], soil: NDArray[np.float32], shift: tuple[int, int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Average half cells in blocks of 2 x 2 x 2 that begin ``shift`` half cells in."""

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        for axis, begin in enumerate(shift):
            length = values.shape[axis] // 2
            low = np.take(values, np.arange(begin, 2 * length, 2), axis=axis)
            high = np.take(values, np.minimum(np.arange(begin, 2 * length, 2) + 1, 2 * length - 1), axis=axis)
            values = (low + high) * np.float32(0.5)
        return values

    return mean(permittivity), mean(soil)


def _codes(permittivity: NDArray[np.float32], soil: NDArray[np.float32]) -> NDArray[np.int32]:
    level = np.round(permittivity / _PERMITTIVITY_STEP).astype(np.int32)
    return level * (_CONDUCTIVITY_LEVELS + 1) + np.round(soil * _CONDUCTIVITY_LEVELS).astype(np.int32)


def _materials(
    cell: NDArray[np.int32],
    edges: list[NDArray[np.int32]],
    means: list[tuple[NDArray[np.float32], NDArray[np.float32]]],
    conductivity_s_m: float,
) -> Cells:
    """Give every code one material with the mean of what it stands for."""
    codes = np.stack(edges)
    count = int(max(codes.max(), cell.max())) + 1
    found = np.bincount(codes.ravel(), minlength=count).astype(np.float64)
    sums = [np.zeros(count), np.zeros(count)]
    for code, mean in zip(codes, means[1:], strict=True):
        for i, values in enumerate(mean):
            sums[i] += np.bincount(code.ravel(), values.ravel(), minlength=count)
    there = np.flatnonzero(found)
    permittivity, share = (total[there] / found[there] for total in sums)
    empty = (permittivity < _LEAST) & (share == 0)
    index = np.full(count, AIR, np.int16)
    index[there[~empty]] = np.arange(2, 2 + np.count_nonzero(~empty))
    # a cell may have a mean that no edge has: it gets the next lower one
    known = np.maximum.accumulate(np.where(found > 0, np.arange(count), 0))
    return Cells(
        np.concatenate([np.ones(2), permittivity[~empty]]),
        np.concatenate([np.zeros(2), conductivity_s_m * share[~empty]]),
        index[known[cell]],
        index[codes],
    )


def _with_metal(cells: Cells, objects: tuple[Buried, ...], grid: Grid) -> Cells:
    """Put perfect conductors on the edges, and in the cells that are nothing else."""
    for thing in objects:
        model = bodies.model_of(thing)
        compact = all(isinstance(part, Spheroid) for part in model.metal)
        if model.relative_permittivity is None and compact:
            _metal_body(thing, cells, grid)
            continue
        for part in model.solid:
            if isinstance(part, Ring):
                _chain(_circle(thing, part, grid.step_m), cells, grid)
            else:
                _metal_spheroid(thing, part, cells, grid)
    return cells


def _metal_body(thing: Buried, cells: Cells, grid: Grid) -> None:
    """Draw at least one layer of edges, and what is thinner than a cell as a line along its longest side."""
    size = np.asarray(bodies.size_m(thing))
    x, y, z = (float(s) for s in np.maximum(size, _LEAST * grid.step_m))
    sunk = np.array([0.0, 0.0, 0.5 * (z - size[2])])
    _solid(thing, cells, grid, lambda own: is_inside(bodies.model_of(thing).shape, (x, y, z), own - sunk))
    longest = int(np.argmax(size))
    count = max(2, int(np.ceil(size[longest] / (_CHAIN_STEP * grid.step_m))))
    line = np.linspace(-0.5, 0.5, count)[:, None] * size[longest] * np.eye(3)[longest]
    _chain(bodies.placed(thing, line - [0.0, 0.0, 0.5 * size[2]]), cells, grid)


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
    _chain(bodies.placed(thing, center + np.linspace(-along, along, count)[:, None] * axis), cells, grid)


def _solid(thing: Buried, cells: Cells, grid: Grid, inside: Callable[[Real], NDArray[np.bool_]]) -> None:
    size = np.asarray(bodies.size_m(thing))
    reach, height = float(np.linalg.norm(size[:2])) / 2 + grid.step_m, float(size[2]) + grid.step_m
    nodes = [grid.origin_m[i] + grid.step_m * np.arange(n + 1) for i, n in enumerate(grid.shape)]
    for component in range(3):
        axes = [axis + grid.step_m / 2 if i == component else axis for i, axis in enumerate(nodes)]
        box, own = _own_points(thing, axes, reach, height)
        if own.size:
            cells.edge[component][box][inside(own)] = METAL
    box, own = _own_points(thing, [axis[:-1] + grid.step_m / 2 for axis in nodes], reach, height)
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
    return bodies.placed(thing, thing.scale * np.asarray(part.center_m) + own)


def _chain(points_m: Real, cells: Cells, grid: Grid) -> None:
    """Conducting edges from node to node along a line of points, one axis after the other."""
    nodes = np.round((points_m - grid.origin_m) / grid.step_m).astype(np.intp)
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
