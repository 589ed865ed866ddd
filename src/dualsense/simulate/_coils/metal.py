"""Polarizabilities of the metal parts of buried objects: spheroids, rings and springs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense import induction
from dualsense.constants import MU0_H_M
from dualsense.simulate._scene import placement
from dualsense.simulate._scene.parts import Ring, Spring, from_z

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.simulate._scene.parts import Part, Spheroid
    from dualsense.simulate._scene.scene import Buried


def metal_dipoles(objects: tuple[Buried, ...]) -> list[tuple[NDArray[np.float64], induction.Spectrum]]:
    """Every metal part: where it is (3,) in the local frame, and its polarizability there."""
    out = []
    for thing in objects:
        for part in placement.model_of(thing).metal:
            center = placement.to_local(thing, thing.scale * np.asarray(part.center_m)[None])[0]
            out.append(
                (
                    center,
                    induction.rotate_spectrum(
                        _part_spectrum(part, thing.scale), placement.rotation_of(thing) @ from_z(part.axis)
                    ),
                )
            )
    return out


def _part_spectrum(part: Part, scale: float) -> induction.Spectrum:
    """Describe a part about its own axis, along z."""
    if isinstance(part, Ring):
        return _ring(part, scale)
    return _spring(part, scale) if isinstance(part, Spring) else _spheroid(part, scale)


def _spring(part: Spring, scale: float) -> induction.Spectrum:
    """Sum the thin pieces of an open helix: n (across + (along - across) <t t>), t the direction of the wire."""
    pieces = part.pieces()
    one = _spheroid(pieces[0], scale)
    along = np.array([np.asarray(p.axis) / np.linalg.norm(p.axis) for p in pieces]) @ from_z(part.axis)
    mean = np.mean(along[:, :, None] * along[:, None, :], axis=0)

    def spread(tensor: NDArray[np.float64]) -> NDArray[np.float64]:
        across = tensor[..., 0, 0, None, None]
        return len(pieces) * (across * np.eye(3) + (tensor[..., 2, 2, None, None] - across) * mean)

    return induction.Spectrum(spread(one.static_m3), spread(one.amplitude_m3), one.tau_s)


def _ring(part: Ring, scale: float) -> induction.Spectrum:
    """Describe a closed turn of wire: one relaxation, tau = L / R and amplitude mu0 S^2 / L, along its axis."""
    radius, wire = scale * part.radius_m, scale * part.wire_radius_m
    conductivity, _ = part.metal
    inductance = MU0_H_M * radius * (np.log(8 * radius / wire) - 2)
    resistance = 2 * radius / (conductivity * wire**2)
    amplitude = np.zeros((1, 3, 3))
    amplitude[0, 2, 2] = MU0_H_M * (np.pi * radius**2) ** 2 / inductance
    return induction.Spectrum(np.zeros((3, 3)), amplitude, np.array([inductance / resistance]))


def _spheroid(part: Spheroid, scale: float) -> induction.Spectrum:
    conductivity, permeability = part.metal
    return induction.spheroid_spectrum(
        semi_axis_m=scale * part.semi_axis_m,
        polar_semi_axis_m=scale * part.polar_semi_axis_m,
        conductivity_s_m=conductivity,
        relative_permeability=permeability,
    )
