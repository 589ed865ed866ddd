"""Mines: blast, bounding and fragmentation against people, and those against vehicles.

Dimensions are the nominal ones of open references where a source stands; what is marked as assumed is a plausible
value for simulation. Nothing here was measured on ordnance.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from dualsense.simulate._scene.parts import ALUMINIUM, STEEL, Core, Model, Ring, Spheroid, Spring, Vector

if TYPE_CHECKING:
    from collections.abc import Mapping

_X: Final = (1.0, 0.0, 0.0)
_Y: Final = (0.0, 1.0, 0.0)
_Z: Final = (0.0, 0.0, 1.0)

_EXPLOSIVE = "near that of the explosive, about 2.9 (general knowledge); the mean with casing is assumed"
_PLASTIC = "plastic 2.5-3.5 and explosive about 2.9 (general knowledge); the mean is assumed"
_WOOD = "dry wood 2 to 4 with the explosive's 2.9 (general knowledge); assumed"
_METAL_PARTS = "which parts: nolandmines.com, 'Detecting what?'; their sizes are assumed"


def _sources(size: str, permittivity: str = _PLASTIC) -> tuple[tuple[str, str], ...]:
    return (("size_m", size), ("relative_permittivity", permittivity))


_NOMINAL = "nominal diameter and height, general knowledge (unchecked)"
_VOXEL = "drawn in voxels by Giannakis et al. 2016"
_CELLS = (
    "fitted to the radar of the sample scan pmn_sand, whose cells of 3 mm break a band of 1 to 2 mm; for twins"
)
_SHELL = (("size_m", _NOMINAL),)


def _detonator(x: float, y: float, z: float, *, axis: Vector = _Z) -> Spheroid:
    return Spheroid((x, y, z), 0.003, 0.009, ALUMINIUM, axis)


def _pin(x: float, y: float, z: float, half_length: float, *, axis: Vector = _Z) -> Spheroid:
    return Spheroid((x, y, z), 0.001, half_length, STEEL, axis)


def _air(diameter: float, thickness: float, top: float) -> Core:
    return Core("cylinder", (diameter, diameter, thickness), top, 1.0)


def _steel_body(radius: float, height: float) -> tuple[Spheroid, ...]:
    return (Spheroid((0.0, 0.0, -height / 2), radius, height / 2, STEEL),)


def _pmn_voxel(band: Ring) -> Model:
    return Model(
        "mine", "cylinder", (0.111, 0.111, 0.044), 6.0,
        (band, Spheroid((0.0, 0.0275, -0.031), 0.004, 0.03, STEEL, _Y, source=_VOXEL)),
        (
            Core("cylinder", (0.102, 0.102, 0.009), 0.003, 1.0, source=_VOXEL),
            Core("box", (0.016, 0.109, 0.015), 0.021, 1.0, source=_VOXEL),
        ),
        _sources(_VOXEL, _VOXEL),
    )  # fmt: skip


_BLAST: Final[dict[str, Model]] = {
    "PMN": Model(
        "mine", "cylinder", (0.112, 0.112, 0.056), 3.5,
        (
            Ring((0.0, 0.0, -0.012), 0.05, 0.0012, ALUMINIUM),
            Spheroid((0.0, 0.02, -0.028), 0.004, 0.02, STEEL, _Y),
            Spheroid((0.0, -0.03, -0.028), 0.0035, 0.01, ALUMINIUM, _Y),
            Spring((0.0, 0.02, -0.04), 0.005, 0.0006, 8, 0.03, STEEL, _X),
        ),
        (
            Core("cylinder", (0.105, 0.105, 0.004), 0.0, 6.0, source="rubber about 6 (general knowledge)"),
            _air(0.09, 0.008, 0.006),
        ),
        _sources("112 x 56 mm: Jane's, as cited in open encyclopaedias"),
    ),
    "PMN-2": Model(
        "mine", "cylinder", (0.12, 0.12, 0.053), 3.2,
        (
            Spheroid((0.0, 0.01, -0.02), 0.002, 0.015, STEEL, _X),
            _detonator(0.0, -0.01, -0.03),
            Spring((0.0, 0.02, -0.02), 0.004, 0.0005, 8, 0.02, STEEL, _X),
        ),
        (_air(0.08, 0.006, 0.005),),
        _sources(_NOMINAL),
    ),
    "PMA-1": Model(
        "mine", "box", (0.14, 0.07, 0.03), 2.9, (_detonator(0.05, 0.0, -0.015, axis=_X),),
        (Core("box", (0.12, 0.055, 0.005), 0.003, 1.0),),
        _sources(_NOMINAL, _EXPLOSIVE),
    ),
    "PMA-2": Model(
        "mine", "cylinder", (0.068, 0.068, 0.06), 2.9,
        (Spheroid((0.0, 0.0, -0.02), 0.003, 0.0035, ALUMINIUM, source="6 x 7 mm shell: nolandmines.com"),),
        (_air(0.02, 0.02, 0.003),),
        _sources(_NOMINAL, _EXPLOSIVE),
    ),
    "PMA-3": Model(
        "mine", "cylinder", (0.103, 0.103, 0.036), 3.0, (_detonator(0.0, 0.0, -0.018),),
        (_air(0.08, 0.004, 0.008),),
        _sources(_NOMINAL),
    ),
    "M14": Model(
        "mine", "cylinder", (0.056, 0.056, 0.04), 2.9,
        (_pin(0.0, 0.0, -0.015, 0.004), Spheroid((0.0, 0.0, -0.028), 0.0025, 0.006, ALUMINIUM)),
        (_air(0.035, 0.01, 0.005),),
        _sources(_NOMINAL),
    ),
    "Type-72A": Model(
        "mine", "cylinder", (0.078, 0.078, 0.038), 2.9,
        (
            Spheroid((0.0, 0.0, -0.012), 0.001, 0.005, STEEL, source=_METAL_PARTS),
            Spheroid((0.0, 0.0, -0.025), 0.003, 0.008, ALUMINIUM, source=_METAL_PARTS),
            Spring((0.0, 0.0, -0.012), 0.004, 0.0002, 4, 0.008, STEEL, source=_METAL_PARTS),
        ),
        (_air(0.055, 0.006, 0.004),),
        _sources(_NOMINAL),
    ),
    "VS-50": Model(
        "mine", "cylinder", (0.09, 0.09, 0.045), 2.9,
        (_pin(0.0, 0.0, -0.022, 0.005), _detonator(0.0, 0.0, -0.026, axis=_X)),
        (_air(0.06, 0.008, 0.005),),
        _sources(_NOMINAL),
    ),
    "TS-50": Model(
        "mine", "cylinder", (0.09, 0.09, 0.045), 2.9,
        (_pin(0.0, 0.0, -0.026, 0.004), Spheroid((0.0, 0.0, -0.022), 0.0025, 0.004, ALUMINIUM, _X)),
        (_air(0.06, 0.008, 0.005),),
        _sources(_NOMINAL),
    ),
    "PFM-1": Model(
        "mine", "box", (0.12, 0.06, 0.02), 2.7,
        (Spheroid((0.0, 0.02, -0.01), 0.006, 0.012, ALUMINIUM, _X), _pin(0.0, 0.02, -0.01, 0.008, axis=_X)),
        sources=_sources(_NOMINAL),
    ),
    "R2M2": Model(
        "mine", "cylinder", (0.069, 0.069, 0.057), 2.9,
        (
            Spring((0.0, 0.0, -0.015), 0.004, 0.0005, 6, 0.012, (1.4e6, 1.02), source=_METAL_PARTS),
            Spheroid((0.004, 0.0, -0.024), 0.0015, 0.0015, (1.4e6, 1.02), source=_METAL_PARTS),
            Spheroid((-0.004, 0.0, -0.024), 0.0015, 0.0015, (1.4e6, 1.02), source=_METAL_PARTS),
            Spheroid((0.0, 0.0, -0.034), 0.003, 0.005, ALUMINIUM, source=_METAL_PARTS),
        ),
        (_air(0.03, 0.012, 0.008),),
        _sources(_NOMINAL),
    ),
    "Gyata-64": Model(
        "mine", "cylinder", (0.106, 0.106, 0.061), 3.5,
        (
            Spheroid((0.0, 0.015, -0.03), 0.006, 0.03, STEEL, _X),
            Spring((0.0, -0.015, -0.03), 0.006, 0.0008, 8, 0.03, STEEL, _X),
            _detonator(0.0, 0.0, -0.045, axis=_X),
        ),
        (Core("cylinder", (0.1, 0.1, 0.004), 0.0, 6.0, source="rubber about 6 (general knowledge)"),
         _air(0.08, 0.008, 0.006)),
        _sources(_NOMINAL),
    ),
    "PMD-6": Model(
        "mine", "box", (0.19, 0.09, 0.065), 2.6,
        (
            Spheroid((0.05, 0.0, -0.03), 0.005, 0.045, STEEL, _X),
            Spring((0.05, 0.0, -0.03), 0.0065, 0.0006, 12, 0.05, STEEL, _X),
            Spheroid((-0.01, 0.0, -0.03), 0.0035, 0.022, ALUMINIUM, _X),
        ),
        (Core("box", (0.17, 0.075, 0.012), 0.008, 1.0),),
        _sources(_NOMINAL, _WOOD),
    ),
    # the same as drawn in the full-wave sample scans
    "PMN-voxel": _pmn_voxel(Ring((0.0, 0.0, -0.01), 0.057, 0.00175, ALUMINIUM, source=_VOXEL)),
    "PMN-cells": _pmn_voxel(Ring((0.0, 0.0, -0.01), 0.057, 0.0001, ALUMINIUM, source=_CELLS)),
    "PMA-voxel": Model(
        "mine", "box", (0.138, 0.064, 0.03), 2.5,
        (Spheroid((0.015, 0.0, -0.018), 0.003, 0.025, ALUMINIUM, _X, source=_VOXEL),),
        (
            Core("box", (0.095, 0.055, 0.021), 0.006, 6.0, (-0.0175, 0.0), source=_VOXEL),
            Core("box", (0.034, 0.053, 0.026), 0.003, 1.0, (0.048, 0.0), source=_VOXEL),
            Core("box", (0.095, 0.056, 0.002), 0.004, 1.0, (-0.0175, 0.0), source=_VOXEL),
        ),
        _sources(_VOXEL, _VOXEL),
    ),
    "TS-50-voxel": Model(
        "mine", "cylinder", (0.086, 0.086, 0.036), 4.0,
        (Spheroid((0.0, 0.0, -0.02), 0.001, 0.002, STEEL, source=_VOXEL),),
        (
            Core("cylinder", (0.062, 0.062, 0.004), 0.002, 1.0, source=_VOXEL),
            Core("cylinder", (0.061, 0.061, 0.01), 0.011, 1.0, source=_VOXEL),
            Core("cylinder", (0.064, 0.064, 0.01), 0.021, 3.0, source=_VOXEL),
        ),
        _sources(_VOXEL, _VOXEL),
    ),
}  # fmt: skip

_BOUNDING: Final[dict[str, Model]] = {
    "PROM-1": Model("mine", "cylinder", (0.08, 0.08, 0.2), None, _steel_body(0.04, 0.2), sources=_SHELL),
    "M16": Model("mine", "cylinder", (0.103, 0.103, 0.14), None, _steel_body(0.0515, 0.14), sources=_SHELL),
    "OZM-72": Model("mine", "cylinder", (0.108, 0.108, 0.172), None, _steel_body(0.054, 0.172), sources=_SHELL),
    "Valmara-69": Model(
        "mine", "cylinder", (0.13, 0.13, 0.205), 3.0,
        (
            Spheroid((0.0, 0.0, -0.11), 0.045, 0.075, STEEL),
            _detonator(0.0, 0.0, -0.02),
        ),
        sources=_sources(_NOMINAL),
    ),
    "POMZ-2": Model("mine", "cylinder", (0.06, 0.06, 0.107), None, _steel_body(0.03, 0.107), sources=_SHELL),
}  # fmt: skip

_VEHICLE: Final[dict[str, Model]] = {
    "TM-62M": Model("mine", "cylinder", (0.32, 0.32, 0.128), None, _steel_body(0.16, 0.128), sources=_SHELL),
    "TM-62P": Model(
        "mine", "cylinder", (0.32, 0.32, 0.128), 3.0,
        (
            Spheroid((0.0, 0.0, -0.03), 0.006, 0.02, ALUMINIUM),
            _pin(0.0, 0.0, -0.05, 0.01),
            Spring((0.0, 0.0, -0.07), 0.006, 0.0008, 6, 0.02, STEEL),
        ),
        (_air(0.12, 0.01, 0.01),),
        _sources(_NOMINAL),
    ),
    "TM-57": Model("mine", "cylinder", (0.316, 0.316, 0.102), None, _steel_body(0.158, 0.102), sources=_SHELL),
    "M15": Model("mine", "cylinder", (0.337, 0.337, 0.125), None, _steel_body(0.1685, 0.125), sources=_SHELL),
    "M19": Model(
        "mine", "box", (0.332, 0.332, 0.094), 3.0,
        (_pin(0.0, 0.0, -0.03, 0.006), _detonator(0.0, 0.0, -0.045)),
        (_air(0.2, 0.006, 0.01),),
        _sources(_NOMINAL),
    ),
    "VS-1.6": Model(
        "mine", "cylinder", (0.222, 0.222, 0.092), 3.0,
        (_pin(0.0, 0.0, -0.03, 0.006), _detonator(0.0, 0.0, -0.045)),
        (_air(0.12, 0.012, 0.008),),
        _sources(_NOMINAL),
    ),
    "TMA-4": Model(
        "mine", "cylinder", (0.285, 0.285, 0.11), 3.0,
        tuple(_detonator(0.07 * x, 0.07 * y, -0.03) for x, y in ((1.0, 0.0), (-0.5, 0.866), (-0.5, -0.866))),
        (_air(0.2, 0.008, 0.012),),
        _sources(_NOMINAL),
    ),
}  # fmt: skip

MINES: Final[Mapping[str, Model]] = MappingProxyType({**_BLAST, **_BOUNDING, **_VEHICLE})
"""Every mine by name."""
