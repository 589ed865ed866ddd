"""Surfaces and insides of simple bodies as points. A body has its origin at the centre of its top, z up."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.simulate._scene.parts import Shape, Vector


@dataclass(frozen=True, slots=True, eq=False)
class Facets:
    """Pieces of a surface.

    Attributes
    ----------
    position_m, normal : (m, 3) float64
        Centre, and outward unit normal.
    area_m2 : (m,) float64
    chord_m : (m,) float64
        How much of the body lies straight above the piece: what a wave from above has gone through.
    """

    position_m: NDArray[np.float64]
    normal: NDArray[np.float64]
    area_m2: NDArray[np.float64]
    chord_m: NDArray[np.float64]


def surface(shape: Shape, size_m: Vector, *, spacing_m: float) -> Facets:
    """Cut a body's surface into pieces about ``spacing_m`` wide; areas add up to the whole surface."""
    if shape == "box":
        return _box(size_m, spacing_m)
    if shape == "cylinder":
        return _cylinder(size_m, spacing_m)
    if shape == "rod":
        return _rod(size_m, spacing_m)
    return _ellipsoid(size_m, spacing_m)


def _cells(length: float, spacing: float) -> tuple[NDArray[np.float64], float]:
    count = max(1, int(np.ceil(length / spacing)))
    return ((np.arange(count) + 0.5) / count - 0.5) * length, length / count


def _box(size: Vector, spacing: float) -> Facets:
    pieces = []
    half = np.asarray(size) / 2
    for axis in range(3):
        i, j = (axis + 1) % 3, (axis + 2) % 3
        a, da = _cells(size[i], spacing)
        b, db = _cells(size[j], spacing)
        grid_a, grid_b = (g.ravel() for g in np.meshgrid(a, b, indexing="ij"))
        for sign in (1.0, -1.0):
            position = np.empty((len(grid_a), 3))
            position[:, axis], position[:, i], position[:, j] = sign * half[axis], grid_a, grid_b
            normal = np.zeros_like(position)
            normal[:, axis] = sign
            chord = half[2] - position[:, 2] if axis != 2 or sign < 0 else np.zeros(len(grid_a))
            pieces.append((position - [0, 0, half[2]], normal, np.full(len(grid_a), da * db), chord))
    return _join(pieces)


def _disc(spacing: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points (m, 2) in the unit disc on rings, and the area of each."""
    rings = max(1, int(np.ceil(1 / spacing)))
    points, areas = [], []
    for ring in range(rings):
        inner, outer = ring / rings, (ring + 1) / rings
        count = max(1 if ring == 0 else 6, int(np.ceil(np.pi * (inner + outer) / spacing)))
        phi = 2 * np.pi * (np.arange(count) + 0.5 * (ring % 2)) / count
        radius = 0.0 if count == 1 else 0.5 * (inner + outer)
        points.append(radius * np.stack([np.cos(phi), np.sin(phi)], axis=-1))
        areas.append(np.full(count, np.pi * (outer**2 - inner**2) / count))
    return np.concatenate(points), np.concatenate(areas)


def _cylinder(size: Vector, spacing: float) -> Facets:
    a, b, height = size[0] / 2, size[1] / 2, size[2]
    flat, share = _disc(spacing / max(a, b))
    level = np.zeros(len(flat))
    up = np.zeros((len(flat), 3))
    up[:, 2] = 1.0
    top = np.stack([a * flat[:, 0], b * flat[:, 1], level], axis=-1)
    area = share * a * b
    pieces = [(top, up, area, level), (top - [0, 0, height], -up, area, level + height)]
    count = max(8, int(np.ceil(2 * np.pi * max(a, b) / spacing)))
    phi = 2 * np.pi * (np.arange(count) + 0.5) / count
    down, step = _cells(height, spacing)
    across = np.stack([b * np.cos(phi), a * np.sin(phi), 0 * phi], axis=-1)  # normal times arc length per phi
    length = np.linalg.norm(across, axis=1)
    for z in down - height / 2:
        wall = np.stack([a * np.cos(phi), b * np.sin(phi), np.full(count, z)], axis=-1)
        pieces.append((wall, across / length[:, None], length * (2 * np.pi / count) * step, np.full(count, -z)))
    return _join(pieces)


def _rod(size: Vector, spacing: float) -> Facets:
    """Turn the upright cylinder on its side: its axis z becomes x, and chords follow from the round section."""
    upright = _cylinder((size[2], size[1], size[0]), spacing)
    p = upright.position_m + np.array([0, 0, size[0] / 2])
    position = np.stack([p[:, 2], p[:, 1], -p[:, 0]], axis=-1)
    n = upright.normal
    normal = np.stack([n[:, 2], n[:, 1], -n[:, 0]], axis=-1)
    b, c = size[1] / 2, size[2] / 2
    roof = c * np.sqrt(np.maximum(0.0, 1 - (position[:, 1] / b) ** 2))
    return Facets(position - [0, 0, c], normal, upright.area_m2, np.maximum(0.0, roof - position[:, 2]))


def _ellipsoid(size: Vector, spacing: float) -> Facets:
    half = np.asarray(size) / 2
    bands = max(4, int(np.ceil(np.pi * half.max() / spacing)))
    edge = np.linspace(0, np.pi, bands + 1)
    pieces = []
    for start, stop in pairwise(edge):
        theta = 0.5 * (start + stop)
        count = max(4, int(np.ceil(2 * np.pi * half[:2].max() * np.sin(theta) / spacing)))
        phi = 2 * np.pi * (np.arange(count) + 0.5) / count
        unit = np.stack(
            [np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.full(count, np.cos(theta))], axis=-1
        )
        gradient = unit / half
        solid = (np.cos(start) - np.cos(stop)) * 2 * np.pi / count
        length = np.linalg.norm(gradient, axis=1)
        area = solid * half.prod() * length
        position = unit * half
        chord = np.maximum(0.0, -2 * position[:, 2])
        pieces.append((position - [0, 0, half[2]], gradient / length[:, None], area, chord))
    return _join(pieces)


def _join(pieces: Sequence[tuple[Any, ...]]) -> Facets:
    return Facets(*(np.concatenate(column) for column in zip(*pieces, strict=True)))
