"""The finite-difference grid of one sounding, and what is on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dualsense.simulate._scene import placement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._gprmax.voxels import Voxels
    from dualsense.simulate._scene.parts import Vector
    from dualsense.simulate._scene.scene import Buried

    Real = NDArray[np.float64]

METAL = 0
"""Index of the perfect conductor among the materials; air is the next."""
AIR = 1
EY: Final = np.array([0.0, 0.5, 0.0])
"""Where an Ey component is in its cell."""


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


def own_points(
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
    return (x, y, z), placement.to_own(thing, points)


def extent_m(thing: Buried, voxels: Voxels | None = None) -> tuple[float, float]:
    """How far an object reaches from its axis, whatever its yaw, and its height."""
    x, y, z = placement.size_m(thing)
    if voxels is not None:
        x, y, z = np.maximum((x, y, z), thing.scale * voxels.step_m * np.array(voxels.metal.shape))
    return float(np.hypot(x, y)) / 2, float(z)
