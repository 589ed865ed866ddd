"""The ground of a scene as the cells of a finite-difference grid: one material on every edge of the Yee lattice.

Permittivity and conductivity are averaged over the cell about each field component, from points half a cell apart,
so that a surface between two nodes stays where it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.constants import C0_M_S, EPSILON0_F_M
from dualsense.simulate._gprmax.grid import AIR, Cells, extent_m, own_points
from dualsense.simulate._gprmax.metal import with_metal
from dualsense.simulate._gprmax.voxels import stand_in
from dualsense.simulate._scene import placement, shapes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from dualsense.simulate._gprmax.grid import Grid
    from dualsense.simulate._gprmax.voxels import Voxels
    from dualsense.simulate._scene.scene import Buried
    from dualsense.simulate._soil import Bed, Ground

    Real = NDArray[np.float64]

_PERMITTIVITY_STEP = 0.02
_CONDUCTIVITY_LEVELS = 8
_BLOB_REACH = 2.2
_LEAST = 1 + 1e-6


def ground_cells(
    objects: tuple[Buried, ...],
    ground: Ground,
    grid: Grid,
    *,
    center_hz: float,
    voxels: Mapping[str, Voxels] | None = None,
) -> Cells:
    """Draw a ground with all that is in it.

    The loss tangent is taken as the conductivity that loses as much at ``center_hz``. Models that ``voxels`` has
    are drawn from those.
    """
    voxels = voxels or {}
    half = grid.step_m / 2
    # half cells, and one beyond each face, whose middle is the middle of an edge's own cell
    axes = [grid.origin_m[i] + half * (np.arange(2 * n + 2) - 0.5) for i, n in enumerate(grid.shape)]
    soil = _soil_share(ground, axes, half)
    background, loss = _profile(ground, axes[2] - half / 2, half, center_hz)
    permittivity = 1 + soil * (background - 1 + _unevenness(objects, ground, grid)).astype(np.float32)
    permittivity = np.maximum(permittivity, np.float32(1))
    conductivity = soil * loss.astype(np.float32)
    for thing in objects:
        _draw_body(thing, axes, permittivity, conductivity, stand_in(thing, voxels))
    means = [_mean_of_eight(permittivity, conductivity, at) for at in ((1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1))]
    cell, *edges = (_codes(*mean, float(loss.max())) for mean in means)
    cell = cell[: grid.shape[0], : grid.shape[1], : grid.shape[2]]
    return with_metal(_materials(cell, edges, means), objects, grid, voxels)


def _soil_share(ground: Ground, axes: list[NDArray[Any]], half_m: float) -> NDArray[np.float32]:
    """Part of each half cell that is below the surface."""
    from scipy.ndimage import map_coordinates  # noqa: PLC0415 - slow to import

    x, y, z = axes
    rows = (y - ground.y0_m) / ground.cell_m
    columns = (x - ground.x0_m) / ground.cell_m
    height = map_coordinates(ground.height_m, np.meshgrid(rows, columns), order=1, mode="nearest")
    share = (height[:, :, None] - (z - half_m / 2)) / half_m
    return np.clip(share, 0.0, 1.0).astype(np.float32)


def _profile(ground: Ground, bottom_m: NDArray[Any], half_m: float, center_hz: float) -> tuple[Real, Real]:
    """Permittivity and conductivity (nz,) of half cells, layer by layer, by their bottoms; both go on above."""

    def conductivity(of: Ground | Bed) -> float:
        loss_np_m = of.loss_np_m + of.loss_np_s_m * 2 * np.pi * center_hz
        return float(2 * of.index * EPSILON0_F_M * C0_M_S * loss_np_m)

    permittivity = np.full(len(bottom_m), ground.index**2)
    loss = np.full(len(bottom_m), conductivity(ground))
    for bed in ground.beds:
        share = np.clip((-bed.top_m - bottom_m) / half_m, 0.0, 1.0)
        permittivity += share * (bed.index**2 - permittivity)
        loss += share * (conductivity(bed) - loss)
    return permittivity, loss


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
    near &= placement.outside_bodies(objects, ground.scatterer_m)
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
    thing: Buried,
    axes: list[NDArray[Any]],
    permittivity: NDArray[np.float32],
    conductivity: NDArray[np.float32],
    voxels: Voxels | None,
) -> None:
    model = placement.model_of(thing)
    if model.relative_permittivity is None:
        return
    box, own = own_points(thing, axes, *extent_m(thing, voxels))
    if own.size == 0:
        return
    drawn = permittivity[box]
    if voxels is not None:
        value, _ = voxels.at(own / thing.scale)
        lossless = np.isfinite(value)
        drawn[lossless] = value[lossless]
        conductivity[box][lossless] = 0
        return
    lossless = shapes.is_inside(model.shape, placement.size_m(thing), own)
    drawn[lossless] = model.relative_permittivity
    for core in model.cores:
        at = own + thing.scale * np.array([-core.center_m[0], -core.center_m[1], core.top_m])
        x, y, z = (thing.scale * s for s in core.size_m)
        drawn[shapes.is_inside(core.shape, (x, y, z), at)] = core.relative_permittivity
    conductivity[box][lossless] = 0


def _mean_of_eight(
    permittivity: NDArray[np.float32], conductivity: NDArray[np.float32], shift: tuple[int, int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Average half cells in blocks of 2 x 2 x 2 that begin ``shift`` half cells in."""

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        for axis, begin in enumerate(shift):
            length = values.shape[axis] // 2
            low = np.take(values, np.arange(begin, 2 * length, 2), axis=axis)
            high = np.take(values, np.minimum(np.arange(begin, 2 * length, 2) + 1, 2 * length - 1), axis=axis)
            values = (low + high) * np.float32(0.5)
        return values

    return mean(permittivity), mean(conductivity)


def _codes(
    permittivity: NDArray[np.float32], conductivity: NDArray[np.float32], most_s_m: float
) -> NDArray[np.int32]:
    level = np.round(permittivity / _PERMITTIVITY_STEP).astype(np.int32)
    share = conductivity / np.float32(most_s_m or 1.0)
    return level * (_CONDUCTIVITY_LEVELS + 1) + np.round(share * _CONDUCTIVITY_LEVELS).astype(np.int32)


def _materials(
    cell: NDArray[np.int32],
    edges: list[NDArray[np.int32]],
    means: list[tuple[NDArray[np.float32], NDArray[np.float32]]],
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
    permittivity, conductivity = (total[there] / found[there] for total in sums)
    empty = (permittivity < _LEAST) & (conductivity == 0)
    index = np.full(count, AIR, np.int16)
    index[there[~empty]] = np.arange(2, 2 + np.count_nonzero(~empty))
    # a cell may have a mean that no edge has: it gets the next lower one
    known = np.maximum.accumulate(np.where(found > 0, np.arange(count), 0))
    return Cells(
        np.concatenate([np.ones(2), permittivity[~empty]]),
        np.concatenate([np.zeros(2), conductivity[~empty]]),
        index[known[cell]],
        index[codes],
    )
