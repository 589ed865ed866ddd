"""A buried object in the ground: its model and size, and the way between its own frame and the local one.

An object's own frame has its origin at the centre of its top, z up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.simulate._scene.library import find_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._scene.parts import Model, Vector
    from dualsense.simulate._scene.scene import Buried


def model_of(thing: Buried) -> Model:
    """Look up what an object is made of, with the body that it has of its own."""
    model = thing.own or find_model(thing.model)
    if thing.body_size_m is not None:
        model = replace(model, size_m=thing.body_size_m)
    if thing.body_permittivity is not None:
        model = replace(model, relative_permittivity=thing.body_permittivity)
    return model


def size_m(thing: Buried) -> Vector:
    """Extent of an object along its own axes."""
    x, y, z = model_of(thing).size_m
    return x * thing.scale, y * thing.scale, z * thing.scale


def rotation_of(thing: Buried) -> NDArray[np.float64]:
    """Rotation (3, 3) from the object's axes to the local frame."""
    yaw = np.radians(thing.yaw_deg)
    return np.array([[np.cos(yaw), -np.sin(yaw), 0.0], [np.sin(yaw), np.cos(yaw), 0.0], [0.0, 0.0, 1.0]])


def to_local(thing: Buried, own_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (m, 3) of the object's own frame, already scaled, in the local frame."""
    return own_m @ rotation_of(thing).T + [thing.x_m, thing.y_m, -thing.depth_m]


def to_own(thing: Buried, points_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (..., 3) of the local frame in the object's own, not scaled."""
    own: NDArray[np.float64] = (points_m - [thing.x_m, thing.y_m, -thing.depth_m]) @ rotation_of(thing)
    return own


def outside_bodies(objects: tuple[Buried, ...], points_m: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points (m, 3) of the local frame lie in no object's bounding box."""
    free = np.ones(len(points_m), dtype=np.bool_)
    for thing in objects:
        own = to_own(thing, points_m)
        half = np.asarray(size_m(thing)) / 2
        free &= ~np.all(np.abs(own + np.array([0.0, 0.0, half[2]])) <= half, axis=1)
    return free
