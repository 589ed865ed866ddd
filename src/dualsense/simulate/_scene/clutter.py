"""What is not a mine: metal litter, things without metal, and metal in bodies that the radar sees."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from dualsense.simulate._scene.parts import (
    ALUMINIUM,
    BRASS,
    COPPER,
    LEAD,
    STEEL,
    TINPLATE,
    Core,
    Model,
    Ring,
    Spheroid,
    Spring,
    Vector,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_X: Final = (1.0, 0.0, 0.0)
_STONE = "dry rock 4 to 9 (general knowledge); value assumed"
_WOOD = "moist wood, assumed"
_CASE = "case of a 7.62 x 39 mm round, 38.7 mm long and 11.35 mm wide at its base (C.I.P.), rounded"


def _size(source: str) -> tuple[tuple[str, str], ...]:
    return (("size_m", source),)


def _bar(length: float, width: float, metal: tuple[float, float], source: str) -> Model:
    """Describe a rod of metal that lies along x."""
    part = Spheroid((0.0, 0.0, -width / 2), width / 2, length / 2, metal, _X)
    return Model("metal", "rod", (length, width, width), None, (part,), sources=_size(source))


def _disc(diameter: float, height: float, metal: tuple[float, float], source: str) -> Model:
    part = Spheroid((0.0, 0.0, -height / 2), diameter / 2, height / 2, metal)
    return Model("metal", "cylinder", (diameter, diameter, height), None, (part,), sources=_size(source))


def _piece(size: Vector, semi: float, polar: float, metal: tuple[float, float]) -> Model:
    part = Spheroid((0.0, 0.0, -size[2] / 2), semi, polar, metal, _X)
    return Model("metal", "box", size, None, (part,))


_METAL: Final[dict[str, Model]] = {
    "bullet": _bar(0.025, 0.0078, LEAD, "bullet of a 7.62 mm round, assumed"),
    "bullet-5.45": _bar(0.025, 0.0056, STEEL, "calibre; length and steel core throughout assumed"),
    "cartridge": _bar(0.039, 0.011, BRASS, _CASE),
    "cartridge-steel": _bar(0.039, 0.011, STEEL, _CASE),
    "cartridge-12.7": _bar(0.108, 0.022, BRASS, "case of a 12.7 x 108 mm round: its name; width assumed"),
    "fragment": _piece((0.018, 0.01, 0.008), 0.004, 0.009, STEEL),
    "shrapnel": _piece((0.045, 0.02, 0.01), 0.005, 0.0225, STEEL),
    "nail": _bar(0.06, 0.003, STEEL, "a common nail, 60 mm long; 3 mm assumed"),
    "bolt": _bar(0.05, 0.01, STEEL, "a bolt M10 x 50; head left out"),
    "can": Model(
        "metal", "rod", (0.11, 0.066, 0.066), None,
        (Spheroid((0.0, 0.0, -0.033), 0.033, 0.055, (1.0e6, 30.0), _X),),
        sources=_size("a drink can of 0.33 l, about 66 mm wide; crushed length assumed"),
    ),
    "bottle-cap": _disc(0.032, 0.006, TINPLATE, "crown cork, 32 mm wide and 6 mm high (general knowledge)"),
    "coin": _disc(0.024, 0.002, BRASS, "assumed"),
    "battery": _bar(0.0505, 0.0145, STEEL, "size AA, 14.5 x 50.5 mm (IEC 60086-2)"),
    "ring-pull": Model(
        "metal", "cylinder", (0.026, 0.026, 0.002), None,
        (Ring((0.0, 0.0, -0.001), 0.0115, 0.0008, ALUMINIUM),),
    ),
    "foil": Model(
        "metal", "box", (0.04, 0.04, 0.002), None, (Spheroid((0.0, 0.0, -0.001), 0.02, 0.0005, ALUMINIUM),)
    ),
    "wire-loop": Model(
        "metal", "cylinder", (0.062, 0.062, 0.002), None, (Ring((0.0, 0.0, -0.001), 0.03, 0.0008, COPPER),)
    ),
    "wire": _bar(0.15, 0.0025, STEEL, "a straight piece of fence wire, 2.5 mm; length assumed"),
    "coil-spring": Model(
        "metal", "rod", (0.042, 0.016, 0.016), None,
        (Spring((0.0, 0.0, -0.008), 0.007, 0.0009, 8, 0.036, STEEL, _X),),
    ),
}  # fmt: skip

_NO_METAL: Final[dict[str, Model]] = {
    "stone": Model("rock", "ellipsoid", (0.06, 0.05, 0.04), 7.0, sources=(("relative_permittivity", _STONE),)),
    "slab": Model("rock", "box", (0.1, 0.08, 0.03), 6.0, sources=(("relative_permittivity", _STONE),)),
    "brick": Model(
        "rock", "box", (0.24, 0.115, 0.071), 4.5,
        sources=(("size_m", "normal format, DIN 105"), ("relative_permittivity", "dry fired clay, assumed")),
    ),
    "root": Model("root", "rod", (0.25, 0.018, 0.018), 12.0, sources=(("relative_permittivity", _WOOD),)),
    "stake": Model("root", "cylinder", (0.018, 0.018, 0.05), 12.0, sources=(("relative_permittivity", _WOOD),)),
    "burrow": Model("void", "rod", (0.25, 0.04, 0.04), 1.0, sources=(("relative_permittivity", "air"),)),
    "void": Model("void", "ellipsoid", (0.05, 0.05, 0.03), 1.0, sources=(("relative_permittivity", "air"),)),
    "plastic-bottle": Model(
        "void", "rod", (0.2, 0.065, 0.065), 2.2,
        cores=(Core("rod", (0.19, 0.06, 0.06), 0.0025, 1.0, source="air; size assumed"),),
        sources=(("relative_permittivity", "wall of plastic, 2.2 (general knowledge)"),),
    ),
    "wet-patch": Model("wet", "ellipsoid", (0.12, 0.1, 0.04), 16.0),
}  # fmt: skip

_METAL_IN_BODIES: Final[dict[str, Model]] = {
    "can-of-soil": Model(
        "metal", "cylinder", (0.073, 0.073, 0.11), 9.0,
        (
            # the wall is one short-circuited turn, its section that of a round wire of 2.6 mm
            Ring((0.0, 0.0, -0.055), 0.0339, 0.0026, TINPLATE, source="wall of 0.2 mm over its height, assumed"),
            Spheroid((0.0, 0.0, -0.1095), 0.036, 0.0004, TINPLATE, source="bottom; thickness assumed"),
        ),
        sources=(
            ("size_m", "food can of 425 ml, 73 x 110 mm (general knowledge)"),
            ("relative_permittivity", "loose moist filling, assumed"),
        ),
    ),
    "nail-in-root": Model(
        "metal", "rod", (0.2, 0.03, 0.03), 12.0, (Spheroid((0.02, 0.0, -0.014), 0.0015, 0.013, STEEL),),
        sources=(("relative_permittivity", _WOOD),),
    ),
    "wire-in-root": Model(
        "metal", "rod", (0.25, 0.02, 0.02), 12.0, (Ring((0.05, 0.0, -0.01), 0.0085, 0.0008, STEEL, _X),),
        sources=(("relative_permittivity", _WOOD),),
    ),
    "cartridge-in-stone": Model(
        "metal", "ellipsoid", (0.09, 0.06, 0.05), 7.0,
        (Spheroid((0.0, 0.0, -0.025), 0.0055, 0.0195, BRASS, _X, source=_CASE),),
        sources=(("relative_permittivity", "stones packed about a case, as rock; assumed"),),
    ),
    "fragment-in-clod": Model(
        "metal", "ellipsoid", (0.08, 0.07, 0.05), 14.0,
        (Spheroid((0.0, 0.0, -0.025), 0.004, 0.009, STEEL, _X),),
    ),
    "foil-on-bottle": Model(
        "metal", "rod", (0.18, 0.06, 0.06), 2.2,
        (Spheroid((0.08, 0.0, -0.03), 0.013, 0.0005, ALUMINIUM, _X),),
        (Core("rod", (0.16, 0.055, 0.055), 0.0025, 1.0, source="air; size assumed"),),
        (("relative_permittivity", "wall of plastic, 2.2 (general knowledge)"),),
    ),
    "nailed-board": Model(
        "metal", "box", (0.15, 0.08, 0.02), 3.0,
        (
            Spheroid((0.05, 0.0, -0.01), 0.001, 0.0095, STEEL),
            Spheroid((-0.05, 0.0, -0.01), 0.001, 0.0095, STEEL),
        ),
        sources=(("relative_permittivity", "dry wood 2 to 4 (general knowledge); value assumed"),),
    ),
}  # fmt: skip

CLUTTER: Final[Mapping[str, Model]] = MappingProxyType({**_METAL, **_NO_METAL, **_METAL_IN_BODIES})
"""Everything that is no mine by name."""
