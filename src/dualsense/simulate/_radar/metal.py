"""Metal smaller than the wave as the radar meets it: spheroids, springs and rings of wire."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.induction import demagnetisation
from dualsense.simulate._radar import interior, wires
from dualsense.simulate._radar.scatterers import Scatterers, isotropic
from dualsense.simulate._scene import shapes
from dualsense.simulate._scene.parts import Ring, Spring
from dualsense.simulate._scene.placement import model_of, rotation_of, size_m, to_local

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._scene.parts import Spheroid, Vector
    from dualsense.simulate._scene.scene import Buried

_PIECES_PER_WAVE = 5.0
_EDGES = 1.21
_HALF_WAVE = 0.94
_LEVEL = 1e-6
_LONG = 3.0
"""Length over width from which a spheroid is a wire."""
_RAYLEIGH_BELOW = 1.0
"""On k a: below it a metal body scatters by Rayleigh's law, above it as a reflecting surface."""


def metal_points(
    objects: tuple[Buried, ...], *, index: float, frequency_hz: NDArray[np.float64]
) -> list[Scatterers]:
    """Metal smaller than the wave: small metal bodies, and the metal parts inside dielectric ones.

    ``front`` multiplies k^2. A spheroid has the static dipoles of a perfect conductor in a field along y, electric
    V / (4 pi N) and magnetic V / (4 pi (1 - N)), the latter from the side as it is in backscatter. ``response`` is
    their resonance as half a wave fits in along y, and its damping by radiation:
    1 / (1 - (k/k0)^2 + (2/3) i k^3 s), k0 = 0.94 pi / length. A level ring has all modes of its current; another
    is a chain of pieces that each carry the current which an even field drives in the whole of it.
    """
    k = 2 * np.pi * frequency_hz / C0_M_S
    band = (float(frequency_hz[0]), float(frequency_hz[-1]))
    out: list[Scatterers] = []
    for thing in objects:
        model = model_of(thing)
        body = model.relative_permittivity
        if body is None and not is_parts_only(thing, index=index, band_hz=band):
            continue
        if body is None and not any(isinstance(part, Ring | Spring) for part in model.metal):
            size = np.asarray(size_m(thing))
            s = np.array([_body_strength_m3(thing)])
            length = float(np.linalg.norm(rotation_of(thing)[1] * size))
            points = isotropic(to_local(thing, np.array([[0.0, 0.0, -0.5 * size[2]]])), s)
            out.append(replace(points, response=_resonance(s, length, k * index, k * index)))
            continue
        for part in model.solid:
            host = interior.host_permittivity(model, part, index) if body is not None else index**2
            if isinstance(part, Ring) and np.hypot(*part.axis[:2]) < _LEVEL:
                out.append(_level_ring(thing, part, index, k, host))
                continue
            if isinstance(part, Ring):
                own, s = _ring_points(thing, part, np.pi * sum(band) / C0_M_S * index)
                scale = thing.scale
                response = wires.loop_polarizability(
                    scale * part.radius_m, scale * part.wire_radius_m, k * np.sqrt(host)
                )[1]
            else:
                own, s = _spheroid_point(thing, part)
                response = _spheroid_response(thing, part, s, k * np.sqrt(host), k * np.sqrt(body or index**2))
            if body is None:
                out.append(replace(isotropic(to_local(thing, own), s), response=response))
                continue
            # the moment is that of the field about the part: permittivity of its surroundings over the soil's
            points = isotropic(to_local(thing, own), s * host / index**2)
            out.append(
                replace(points, response=response * interior.field_at(model, thing.scale, own, index, k) ** 2)
            )
    return out


def _level_ring(thing: Buried, part: Ring, index: float, k: NDArray[np.float64], host: float) -> Scatterers:
    """Build a ring in the plane of x and y, all modes of its current."""
    model, radius = model_of(thing), thing.scale * part.radius_m
    orders = int(np.ceil(k[-1] * np.sqrt(host) * radius)) + 3
    count = 2 * orders + 2
    phi = 2 * np.pi * np.arange(count) / count
    around = np.stack([np.cos(phi), np.sin(phi), 0 * phi], axis=-1)
    own = thing.scale * np.asarray(part.center_m) + radius * around
    modes = wires.loop_polarizability(radius, thing.scale * part.wire_radius_m, k * np.sqrt(host), orders)
    modes *= 2 * np.pi * radius * host / index**2
    modes[1:] *= 2
    if model.relative_permittivity is not None:
        modes *= interior.field_at(model, thing.scale, own, index, k) ** 2
    points = isotropic(to_local(thing, own), np.zeros(count))
    tangent = np.stack([-np.sin(phi), np.cos(phi), 0 * phi], axis=-1) @ rotation_of(thing).T
    return replace(points, normal=tangent, modes=modes)


def _resonance(
    strength_m3: NDArray[np.float64], length_m: float, k: NDArray[np.float64], k_far: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """Response (k,) of a dipole over its static one, for wave numbers (k,) near it and far away."""
    beat: NDArray[np.float64] = 1 - (k * length_m / (_HALF_WAVE * np.pi)) ** 2
    damping = 2 / 3 * k_far**3 * float(strength_m3.mean())
    return np.asarray(1 / (beat + 1j * damping), dtype=np.complex128)


def _spheroid_response(
    thing: Buried,
    part: Spheroid,
    strength_m3: NDArray[np.float64],
    k: NDArray[np.float64],
    k_far: NDArray[np.float64],
) -> NDArray[np.complex128]:
    """Response (k,) of a spheroid over its static one: a long one has the current of a wire along itself."""
    axis = rotation_of(thing) @ (np.asarray(part.axis) / np.linalg.norm(part.axis))
    across, along = thing.scale * part.semi_axis_m, thing.scale * part.polar_semi_axis_m
    if along > _LONG * across and 2 * along * k[-1] > 1:
        share = axis[1] ** 2 * _axial_strength_m3(across, along) / float(strength_m3.mean())
        wire = wires.wire_resonance(2 * along, across, k)
        return np.asarray(1 + share * (wire - 1), dtype=np.complex128)
    length = 2 * float(np.sqrt((axis[1] * along) ** 2 + (1 - axis[1] ** 2) * across**2))
    return _resonance(strength_m3, length, k, k_far)


def _axial_strength_m3(semi_axis_m: float, polar_semi_axis_m: float) -> float:
    _, _, along = demagnetisation(semi_axis_m, polar_semi_axis_m)
    return float(semi_axis_m**2 * polar_semi_axis_m / (3 * along))


def is_parts_only(thing: Buried, *, index: float, band_hz: tuple[float, float]) -> bool:
    """Whether the radar sees an object by its metal parts alone: small metal (k a below one), or rings."""
    model = model_of(thing)
    if model.relative_permittivity is not None:
        return False
    if any(isinstance(part, Ring | Spring) for part in model.metal):
        return True
    radius = (shapes.volume_m3(model.shape, size_m(thing)) * 3 / (4 * np.pi)) ** (1 / 3)
    return bool(np.pi * sum(band_hz) * index / C0_M_S * radius < _RAYLEIGH_BELOW)


def _spheroid_point(thing: Buried, part: Spheroid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    axis = rotation_of(thing) @ (np.asarray(part.axis) / np.linalg.norm(part.axis))
    a, c = thing.scale * part.semi_axis_m, thing.scale * part.polar_semi_axis_m
    return thing.scale * np.asarray(part.center_m)[None], np.array([_strength_m3(a, c, axis)])


def _body_strength_m3(thing: Buried) -> float:
    """Take a small metal body for an ellipsoid of its volume: static dipoles over 4 pi, a fifth more for edges.

    A perfectly conducting cube has 3.64 times its volume where a sphere of that volume has 3 (Sihvola et al.
    2004).
    """
    model, size = model_of(thing), size_m(thing)
    volume = shapes.volume_m3(model.shape, size)
    share = np.array(demagnetisation_of(size))
    axes2 = rotation_of(thing) ** 2  # squared cosines between local axes and the body's
    electric, magnetic = axes2[1] @ (1 / share), axes2[0] @ (1 / (1 - share))
    edges = _EDGES if model.shape == "box" else 1.0
    return float(volume / (4 * np.pi) * (edges * electric + magnetic))


def demagnetisation_of(size_m: Vector) -> tuple[float, float, float]:
    """Depolarisation factors of an ellipsoid along its three axes, a b c / 2 int ds / ((s + a_i^2) f(s))."""
    half2 = (np.asarray(size_m) / 2) ** 2
    x, weight = np.polynomial.legendre.leggauss(64)
    t = 0.5 * (x + 1)
    s = half2.max() * (t / (1 - t)) ** 2
    ds = half2.max() * 2 * t / (1 - t) ** 3 * 0.5 * weight
    root = np.sqrt(np.prod(s[:, None] + half2, axis=1))
    factors = 0.5 * np.sqrt(half2.prod()) * (ds / root) @ (1 / (s[:, None] + half2))
    along, across, up = factors / factors.sum()
    return float(along), float(across), float(up)


def _ring_points(thing: Buried, part: Ring, k: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    radius = thing.scale * part.radius_m
    count = max(12, int(np.ceil(_PIECES_PER_WAVE * k * radius)))
    phi = 2 * np.pi * np.arange(count) / count
    normal = np.asarray(part.axis) / np.linalg.norm(part.axis)
    e1 = np.cross(np.eye(3)[np.argmin(np.abs(normal))], normal)
    e1 /= np.linalg.norm(e1)
    e2 = np.cross(normal, e1)
    own = radius * (np.cos(phi)[:, None] * e1 + np.sin(phi)[:, None] * e2)
    tangent = (-np.sin(phi)[:, None] * e1 + np.cos(phi)[:, None] * e2) @ rotation_of(thing).T
    strength = 2 * np.pi * radius / count * tangent[:, 1] ** 2
    return thing.scale * np.asarray(part.center_m) + own, strength


def _strength_m3(semi_axis_m: float, polar_semi_axis_m: float, axis: NDArray[np.float64]) -> float:
    """Electric dipole along y and magnetic along x of a perfectly conducting spheroid, over 4 pi."""
    across, _, along = demagnetisation(semi_axis_m, polar_semi_axis_m)
    volume = 4 / 3 * np.pi * semi_axis_m**2 * polar_semi_axis_m
    electric = axis[1] ** 2 / along + (1 - axis[1] ** 2) / across
    magnetic = axis[0] ** 2 / (1 - along) + (1 - axis[0] ** 2) / (1 - across)
    return float(volume / (4 * np.pi) * (electric + magnetic))
