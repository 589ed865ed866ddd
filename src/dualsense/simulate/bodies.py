"""Buried objects as the radar meets them: pieces of reflecting surface, small metal, and soil pushed aside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi.polarizability import demagnetisation
from dualsense.simulate import shapes
from dualsense.simulate.library import Ring, find_model
from dualsense.simulate.soil import C0

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate.library import Spheroid, Vector
    from dualsense.simulate.scene import Buried

_PIECES_PER_WAVE = 5.0
_PIECES_PER_BODY = 3.0
_RAYLEIGH_BELOW = 0.5
"""On k a: below it a metal body scatters by Rayleigh's law, above it as a reflecting surface."""


@dataclass(frozen=True, slots=True, eq=False)
class Scatterers:
    """Points that send a wave back.

    Attributes
    ----------
    position_m : (m, 3) float64
        Local frame, below the surface.
    front : (m,) float64
        Reflection coefficient times area over 2 pi of a piece of surface seen from outside, m^2; without normals
        the isotropic strength, m^3.
    normal : (m, 3) float64 or None
    back : (m,) float64
        The same for a piece of surface seen from within.
    front_delay_s, back_delay_s : (m,) float64
        Extra one-way time through what lies above, compared with soil.
    """

    position_m: NDArray[np.float64]
    front: NDArray[np.float64]
    normal: NDArray[np.float64] | None
    back: NDArray[np.float64]
    front_delay_s: NDArray[np.float64]
    back_delay_s: NDArray[np.float64]


def isotropic(position_m: NDArray[np.float64], strength_m3: NDArray[np.float64]) -> Scatterers:
    """Points without a side."""
    none = np.zeros(len(position_m))
    return Scatterers(position_m, strength_m3, None, none, none, none)


def surfaces(objects: tuple[Buried, ...], *, index: float, band_hz: tuple[float, float]) -> Scatterers:
    """Surfaces of all bodies and of their cores, but not of the smallest metal.

    A dielectric in a medium of index n reflects at its outside with R = (n - n_b) / (n + n_b) and, from within,
    with -R (1 - R^2), later by what its own index makes of the way through; metal reflects with -1 at its
    outside only.
    """
    finest = C0 / (band_hz[1] * index * _PIECES_PER_WAVE)
    pieces: list[tuple[NDArray[np.float64], ...]] = []

    def add(thing: Buried, facets: shapes.Facets, outer: float, inner: float | None, through: float) -> None:
        """Collect a surface between indices, ``through`` being the amplitude left of what covers it."""
        if inner is None:
            front, back, slower = -1.0, 0.0, 0.0
        else:
            front = (outer - inner) / (outer + inner)
            back, slower = -front * (1 - front**2), (inner - index) / C0
        covered = np.maximum(0.0, -facets.position_m[:, 2] - facets.chord_m) * (outer - index) / C0
        share = through * facets.area_m2 / (2 * np.pi)
        turn = turned(thing)
        pieces.append(
            (
                placed(thing, facets.position_m),
                front * share,
                facets.normal @ turn.T,
                back * share,
                covered,
                covered + slower * facets.chord_m,
            )
        )

    for thing in objects:
        model = find_model(thing.model)
        if is_parts_only(thing, index=index, band_hz=band_hz):
            continue
        size = size_m(thing)
        facets = shapes.surface(model.shape, size, spacing_m=min(finest, max(size) / _PIECES_PER_BODY))
        body = None if model.relative_permittivity is None else float(np.sqrt(model.relative_permittivity))
        add(thing, facets, index, body, 1.0)
        if body is None:
            continue
        for core in model.cores:
            x, y, z = (thing.scale * s for s in core.size_m)
            facets = shapes.surface(core.shape, (x, y, z), spacing_m=min(finest, max(x, y) / _PIECES_PER_BODY))
            lower = shapes.Facets(
                facets.position_m - [0, 0, thing.scale * core.top_m], facets.normal, facets.area_m2, facets.chord_m
            )
            reflected = (index - body) / (index + body)
            add(thing, lower, body, float(np.sqrt(core.relative_permittivity)), 1 - reflected**2)
    if not pieces:
        none = np.zeros(0)
        return Scatterers(np.zeros((0, 3)), none, np.zeros((0, 3)), none, none, none)
    return Scatterers(*(np.ascontiguousarray(np.concatenate(part)) for part in zip(*pieces, strict=True)))


def metal_points(objects: tuple[Buried, ...], *, index: float, band_hz: tuple[float, float]) -> Scatterers:
    """Metal smaller than the wave: small metal bodies, and the metal parts inside dielectric ones.

    ``front`` multiplies k^2. A spheroid has the static dipoles of a perfect conductor in a field along y, electric
    V / (4 pi N) and magnetic V / (4 pi (1 - N)), the latter from the side as it is in backscatter; a ring is a
    chain of thin ones. Radiation damping, 1 / sqrt(1 + (2 k^3 s / 3)^2) in the middle of the band, keeps long
    pins finite.
    """
    position, strength, delay = [np.zeros((0, 3))], [np.zeros(0)], [np.zeros(0)]
    k = np.pi * (band_hz[0] + band_hz[1]) * index / C0
    for thing in objects:
        model = find_model(thing.model)
        body = model.relative_permittivity
        if body is None and not is_parts_only(thing, index=index, band_hz=band_hz):
            continue
        for part in model.metal:
            own, s = _ring_points(thing, part, k) if isinstance(part, Ring) else _spheroid_point(thing, part)
            position.append(placed(thing, own))
            strength.append(s / np.sqrt(1 + (2 / 3 * k**3 * s) ** 2))
            slower = 0.0 if body is None else (np.sqrt(body) - index) / C0
            delay.append(-own[:, 2] * slower)
    points = isotropic(np.concatenate(position), np.concatenate(strength))
    return replace(points, front_delay_s=np.concatenate(delay))


def is_parts_only(thing: Buried, *, index: float, band_hz: tuple[float, float]) -> bool:
    """Whether the radar sees an object by its metal parts alone: small metal (k a below a half), or rings."""
    model = find_model(thing.model)
    if model.relative_permittivity is not None:
        return False
    if any(isinstance(part, Ring) for part in model.metal):
        return True
    radius = (shapes.volume_m3(model.shape, size_m(thing)) * 3 / (4 * np.pi)) ** (1 / 3)
    return bool(np.pi * sum(band_hz) * index / C0 * radius < _RAYLEIGH_BELOW)


def _spheroid_point(thing: Buried, part: Spheroid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    axis = turned(thing) @ (np.asarray(part.axis) / np.linalg.norm(part.axis))
    a, c = thing.scale * part.semi_axis_m, thing.scale * part.polar_semi_axis_m
    return thing.scale * np.asarray(part.center_m)[None], np.array([_strength_m3(a, c, axis)])


def _ring_points(thing: Buried, part: Ring, k: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    radius, wire = thing.scale * part.radius_m, thing.scale * part.wire_radius_m
    count = max(12, int(np.ceil(_PIECES_PER_WAVE * k * radius)))
    phi = 2 * np.pi * np.arange(count) / count
    normal = np.asarray(part.axis) / np.linalg.norm(part.axis)
    e1 = np.cross(np.eye(3)[np.argmin(np.abs(normal))], normal)
    e1 /= np.linalg.norm(e1)
    e2 = np.cross(normal, e1)
    own = radius * (np.cos(phi)[:, None] * e1 + np.sin(phi)[:, None] * e2)
    tangent = (-np.sin(phi)[:, None] * e1 + np.cos(phi)[:, None] * e2) @ turned(thing).T
    half = np.pi * radius / count
    strength = np.array([_strength_m3(wire, half, axis) for axis in tangent])
    return thing.scale * np.asarray(part.center_m) + own, strength


def _strength_m3(semi_axis_m: float, polar_semi_axis_m: float, axis: NDArray[np.float64]) -> float:
    """Electric dipole along y and magnetic along x of a perfectly conducting spheroid, over 4 pi."""
    across, _, along = demagnetisation(semi_axis_m, polar_semi_axis_m)
    volume = 4 / 3 * np.pi * semi_axis_m**2 * polar_semi_axis_m
    electric = axis[1] ** 2 / along + (1 - axis[1] ** 2) / across
    magnetic = axis[0] ** 2 / (1 - along) + (1 - axis[0] ** 2) / (1 - across)
    return float(volume / (4 * np.pi) * (electric + magnetic))


def outside(objects: tuple[Buried, ...], points_m: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points (m, 3) lie in no object's bounding box."""
    free = np.ones(len(points_m), dtype=np.bool_)
    for thing in objects:
        own = (points_m - [thing.x_m, thing.y_m, -thing.depth_m]) @ turned(thing)
        half = np.asarray(size_m(thing)) / 2
        free &= ~np.all(np.abs(own + np.array([0.0, 0.0, half[2]])) <= half, axis=1)
    return free


def turned(thing: Buried) -> NDArray[np.float64]:
    """Rotation (3, 3) from the object's axes to the local frame."""
    yaw = np.radians(thing.yaw_deg)
    return np.array([[np.cos(yaw), -np.sin(yaw), 0.0], [np.sin(yaw), np.cos(yaw), 0.0], [0.0, 0.0, 1.0]])


def placed(thing: Buried, own_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (m, 3) of the object's own frame, already scaled, in the local frame."""
    return own_m @ turned(thing).T + [thing.x_m, thing.y_m, -thing.depth_m]


def size_m(thing: Buried) -> Vector:
    """Extent of an object along its own axes."""
    x, y, z = find_model(thing.model).size_m
    return x * thing.scale, y * thing.scale, z * thing.scale
