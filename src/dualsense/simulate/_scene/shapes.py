"""Simple bodies: their volumes, points that fill them, and whether points lie in them.

A body has its origin at the centre of its top, z up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._scene.parts import Shape, Vector


def volume_m3(shape: Shape, size_m: Vector) -> float:
    """Volume of a body."""
    x, y, z = size_m
    part = {"box": 1.0, "cylinder": np.pi / 4, "rod": np.pi / 4, "ellipsoid": np.pi / 6}[shape]
    return float(part * x * y * z)


def fill_body(shape: Shape, size_m: Vector, *, spacing_m: float) -> tuple[NDArray[np.float64], float]:
    """Points that share a body's volume evenly: positions (m, 3) and the volume of each, m^3."""
    counts = [max(1, round(s / spacing_m)) for s in size_m]
    axes = [(np.arange(n) + 0.5) / n * 2 - 1 for n in counts]
    u, v, w = (a.ravel() for a in np.meshgrid(*axes, indexing="ij"))
    keep = {
        "box": np.full(u.shape, fill_value=True),
        "cylinder": u**2 + v**2 <= 1,
        "rod": v**2 + w**2 <= 1,
        "ellipsoid": u**2 + v**2 + w**2 <= 1,
    }[shape]
    if not keep.any():
        keep = (np.abs(u) + np.abs(v) + np.abs(w)) == np.min(np.abs(u) + np.abs(v) + np.abs(w))
    half = np.asarray(size_m) / 2
    points = np.stack([u, v, w], axis=-1)[keep] * half - [0.0, 0.0, half[2]]
    return points, volume_m3(shape, size_m) / len(points)


def is_inside(shape: Shape, size_m: Vector, own_m: NDArray[np.float64]) -> NDArray[np.bool_]:
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


def is_below_outline(shape: Shape, size_m: Vector, own_m: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points lie within an outline, seen from above."""
    out = np.abs(own_m[:, :2]) / (0.5 * np.asarray(size_m[:2]))
    if shape in ("box", "rod"):
        return np.asarray((out <= 1).all(axis=1))
    return np.asarray((out**2).sum(axis=1) <= 1)
