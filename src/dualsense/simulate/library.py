"""What lies in the ground: mines and clutter with their shape, dielectric body and metal parts.

Outer dimensions of mines are published ones; permittivities and metal parts are plausible values for simulation,
not measurements of real ordnance. An object's own frame has its origin at the centre of its top, z up, so that
all of it lies at z <= 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from dualsense.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Mapping

Shape = Literal["cylinder", "box", "ellipsoid", "rod"]
Label = Literal["mine", "metal", "rock", "root", "void", "wet"]
Vector = tuple[float, float, float]

STEEL: Final = (5e6, 100.0)
ALUMINIUM: Final = (3.5e7, 1.0)
COPPER: Final = (5.8e7, 1.0)
BRASS: Final = (1.5e7, 1.0)
LEAD: Final = (4.8e6, 1.0)
"""Conductivity in S/m and relative permeability."""


@dataclass(frozen=True, slots=True)
class Spheroid:
    """A solid metal part: semi-axis across and along its axis of revolution."""

    center_m: Vector
    semi_axis_m: float
    polar_semi_axis_m: float
    metal: tuple[float, float]
    axis: Vector = (0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Ring:
    """A closed turn of wire or band; ``wire_radius_m`` is that of a round wire of the same section."""

    center_m: Vector
    radius_m: float
    wire_radius_m: float
    metal: tuple[float, float]
    axis: Vector = (0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Core:
    """A piece of another material inside a body, such as the air under a pressure plate.

    ``top_m`` is its depth below the body's top, ``center_m`` its place in the body's plane.
    """

    shape: Shape
    size_m: Vector
    top_m: float
    relative_permittivity: float
    center_m: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Model:
    """An object.

    Attributes
    ----------
    shape
        "cylinder" stands upright, "rod" is a cylinder lying along x.
    size_m
        Extent along x, y and z.
    relative_permittivity
        Of the body, averaged over casing, explosive and air. None when the body is metal.
    metal
        Parts that the metal detector sees, and the radar too when the body itself is no metal.
    cores
        Of a dielectric body.
    """

    label: Label
    shape: Shape
    size_m: Vector
    relative_permittivity: float | None
    metal: tuple[Spheroid | Ring, ...] = ()
    cores: tuple[Core, ...] = ()


def _detonator(x: float, y: float, z: float, *, axis: Vector = (0.0, 0.0, 1.0)) -> Spheroid:
    return Spheroid((x, y, z), 0.003, 0.009, ALUMINIUM, axis)


def _pin(x: float, y: float, z: float, half_length: float, *, axis: Vector = (0.0, 0.0, 1.0)) -> Spheroid:
    return Spheroid((x, y, z), 0.001, half_length, STEEL, axis)


def _air(diameter: float, thickness: float, top: float) -> Core:
    return Core("cylinder", (diameter, diameter, thickness), top, 1.0)


_X: Final = (1.0, 0.0, 0.0)
_Y: Final = (0.0, 1.0, 0.0)

_MODELS: Final[dict[str, Model]] = {
    # mines against people
    "PMN": Model(
        "mine", "cylinder", (0.112, 0.112, 0.056), 3.5,
        (
            Ring((0.0, 0.0, -0.012), 0.05, 0.0012, ALUMINIUM),
            Spheroid((0.0, 0.02, -0.028), 0.004, 0.02, STEEL, _Y),
            Spheroid((0.0, -0.03, -0.028), 0.0035, 0.01, ALUMINIUM, _Y),
        ),
        (Core("cylinder", (0.105, 0.105, 0.004), 0.0, 6.0), _air(0.09, 0.008, 0.006)),
    ),
    "PMN-2": Model(
        "mine", "cylinder", (0.12, 0.12, 0.053), 3.2,
        (Spheroid((0.0, 0.01, -0.02), 0.002, 0.015, STEEL, _X), _detonator(0.0, -0.01, -0.03)),
        (_air(0.08, 0.006, 0.005),),
    ),
    "PMA-1": Model(
        "mine", "box", (0.14, 0.07, 0.03), 2.9, (_detonator(0.05, 0.0, -0.015, axis=_X),),
        (Core("box", (0.12, 0.055, 0.005), 0.003, 1.0),),
    ),
    "PMA-2": Model(
        "mine", "cylinder", (0.068, 0.068, 0.06), 2.9, (_detonator(0.0, 0.0, -0.02),), (_air(0.02, 0.02, 0.003),)
    ),
    "PMA-3": Model(
        "mine", "cylinder", (0.103, 0.103, 0.036), 3.0, (_detonator(0.0, 0.0, -0.018),), (_air(0.08, 0.004,
        0.008),)
    ),
    "M14": Model(
        "mine", "cylinder", (0.056, 0.056, 0.04), 2.9,
        (_pin(0.0, 0.0, -0.015, 0.004), Spheroid((0.0, 0.0, -0.028), 0.0025, 0.006, ALUMINIUM)),
        (_air(0.035, 0.01, 0.005),),
    ),
    "Type-72A": Model(
        "mine", "cylinder", (0.078, 0.078, 0.038), 2.9,
        (_pin(0.0, 0.0, -0.012, 0.005), Spheroid((0.0, 0.0, -0.025), 0.003, 0.008, ALUMINIUM)),
        (_air(0.055, 0.006, 0.004),),
    ),
    "VS-50": Model(
        "mine", "cylinder", (0.09, 0.09, 0.045), 2.9,
        (_pin(0.0, 0.0, -0.022, 0.005), _detonator(0.0, 0.0, -0.026, axis=_X)),
        (_air(0.06, 0.008, 0.005),),
    ),
    "TS-50": Model(
        "mine", "cylinder", (0.09, 0.09, 0.045), 2.9,
        (_pin(0.0, 0.0, -0.026, 0.004), Spheroid((0.0, 0.0, -0.022), 0.0025, 0.004, ALUMINIUM, _X)),
        (_air(0.06, 0.008, 0.005),),
    ),
    "PFM-1": Model(
        "mine", "box", (0.12, 0.06, 0.02), 2.7,
        (Spheroid((0.0, 0.02, -0.01), 0.006, 0.012, ALUMINIUM, _X), _pin(0.0, 0.02, -0.01, 0.008, axis=_X)),
    ),
    "PROM-1": Model(
        "mine", "cylinder", (0.08, 0.08, 0.2), None, (Spheroid((0.0, 0.0, -0.1), 0.04, 0.1, STEEL),)
    ),
    # the same as drawn in the full-wave sample scans (voxels by Giannakis et al. 2016)
    "PMN-voxel": Model(
        "mine", "cylinder", (0.111, 0.111, 0.044), 6.0,
        (
            Ring((0.0, 0.0, -0.012), 0.055, 0.0006, ALUMINIUM),
            Spheroid((0.0, 0.0175, -0.031), 0.005, 0.038, STEEL, _Y),
        ),
        (_air(0.102, 0.009, 0.003), Core("box", (0.016, 0.109, 0.015), 0.021, 1.0)),
    ),
    "PMA-voxel": Model(
        "mine", "box", (0.138, 0.064, 0.03), 2.5,
        (Spheroid((0.015, 0.0, -0.018), 0.003, 0.025, ALUMINIUM, _X),),
        (
            Core("box", (0.095, 0.055, 0.021), 0.006, 6.0, (-0.0175, 0.0)),
            Core("box", (0.034, 0.053, 0.026), 0.003, 1.0, (0.048, 0.0)),
            Core("box", (0.095, 0.056, 0.002), 0.004, 1.0, (-0.0175, 0.0)),
        ),
    ),
    "TS-50-voxel": Model(
        "mine", "cylinder", (0.086, 0.086, 0.036), 4.0, (_pin(0.0, 0.0, -0.02, 0.002),),
        (
            _air(0.062, 0.004, 0.002), _air(0.061, 0.01, 0.011),
            Core("cylinder", (0.064, 0.064, 0.01), 0.021, 3.0),
        ),
    ),
    # mines against vehicles
    "TM-62M": Model(
        "mine", "cylinder", (0.32, 0.32, 0.128), None, (Spheroid((0.0, 0.0, -0.064), 0.16, 0.064, STEEL),)
    ),
    "TM-62P": Model(
        "mine", "cylinder", (0.32, 0.32, 0.128), 3.0,
        (Spheroid((0.0, 0.0, -0.03), 0.006, 0.02, ALUMINIUM), _pin(0.0, 0.0, -0.05, 0.01)),
        (_air(0.12, 0.01, 0.01),),
    ),
    # metal that is no mine
    "bullet": Model(
        "metal", "rod", (0.025, 0.0078, 0.0078), None, (Spheroid((0.0, 0.0, -0.0039), 0.0039, 0.0125, LEAD, _X),)
    ),
    "cartridge": Model(
        "metal", "rod", (0.039, 0.011, 0.011), None, (Spheroid((0.0, 0.0, -0.0055), 0.0055, 0.0195, BRASS, _X),)
    ),
    "fragment": Model(
        "metal", "box", (0.018, 0.01, 0.008), None, (Spheroid((0.0, 0.0, -0.004), 0.004, 0.009, STEEL, _X),)
    ),
    "nail": Model(
        "metal", "rod", (0.06, 0.003, 0.003), None, (Spheroid((0.0, 0.0, -0.0015), 0.0015, 0.03, STEEL, _X),)
    ),
    "can": Model(
        "metal", "rod", (0.11, 0.066, 0.066), None,
        (Spheroid((0.0, 0.0, -0.033), 0.033, 0.055, (1.0e6, 30.0), _X),),
    ),
    "foil": Model(
        "metal", "box", (0.04, 0.04, 0.002), None, (Spheroid((0.0, 0.0, -0.001), 0.02, 0.0005, ALUMINIUM),)
    ),
    "wire-loop": Model(
        "metal", "cylinder", (0.062, 0.062, 0.002), None, (Ring((0.0, 0.0, -0.001), 0.03, 0.0008, COPPER),)
    ),
    # no metal at all
    "stone": Model("rock", "ellipsoid", (0.06, 0.05, 0.04), 7.0),
    "root": Model("root", "rod", (0.25, 0.018, 0.018), 12.0),
    "stake": Model("root", "cylinder", (0.018, 0.018, 0.05), 12.0),
    "burrow": Model("void", "rod", (0.25, 0.04, 0.04), 1.0),
    "void": Model("void", "ellipsoid", (0.05, 0.05, 0.03), 1.0),
    "wet-patch": Model("wet", "ellipsoid", (0.12, 0.1, 0.04), 16.0),
}  # fmt: skip

MODELS: Final[Mapping[str, Model]] = MappingProxyType(_MODELS)
"""Every object by name."""


def find_model(name: str) -> Model:
    """Look a model up; `RecipeError` names what there is."""
    if name not in MODELS:
        msg = f"unknown model {name!r}; known are {', '.join(MODELS)}"
        raise RecipeError(msg)
    return MODELS[name]
