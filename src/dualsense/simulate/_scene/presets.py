"""Kinds of ground and litter by name, and where their numbers come from.

They are plausible lanes, not measurements of a country's ground: what was read somewhere stands with its source,
and everything else is called assumed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from dualsense.errors import RecipeError
from dualsense.simulate._scene.library import unknown_name
from dualsense.simulate._scene.parts import ASSUMED
from dualsense.simulate._scene.scene import Soil

if TYPE_CHECKING:
    from collections.abc import Mapping

Range = tuple[float, float]
Sources = tuple[tuple[str, str], ...]

_PRACTICE = "practice with dual sensors: lines 2-5 cm apart, up to 0.3-0.5 m/s, head 1-6 cm above ground"
_EVERYWHERE: Final[Sources] = (
    ("line_spacing_m", _PRACTICE),
    ("speed_m_s", _PRACTICE),
    ("height_m", _PRACTICE),
    ("mine_depth_m", "anti-personnel mines lie at 0-15 cm; distribution assumed"),
)


@dataclass(frozen=True, slots=True)
class Preset:
    """A kind of lane.

    Attributes
    ----------
    soil
        Its middle; a lane's own soil is drawn around it.
    mines_per_m2, clutter_per_m2
        Mean of a Poisson count.
    mine_depth_m, clutter_depth_m
        Range, uniform.
    length_m, width_m, gap_m
        Of the patch, and between the outlines of objects.
    line_spacing_m, speed_m_s, height_m, height_std_m, spacing_std_m, tilt_std_deg
        Ranges of the sweep, uniform; see `handling.Motion`.
    sources
        Where parameters come from, by name, those of the soil as ``soil.name`` or all as ``soil``. One that is not
        here is assumed.
    """

    soil: Soil
    mines: tuple[str, ...]
    clutter: tuple[str, ...]
    mines_per_m2: float
    clutter_per_m2: float
    mine_depth_m: Range = (0.01, 0.12)
    clutter_depth_m: Range = (0.005, 0.12)
    length_m: float = 1.0
    width_m: float = 0.6
    gap_m: float = 0.12
    line_spacing_m: Range = (0.02, 0.035)
    speed_m_s: Range = (0.25, 0.45)
    height_m: Range = (0.035, 0.06)
    height_std_m: Range = (0.003, 0.008)
    spacing_std_m: Range = (0.001, 0.005)
    tilt_std_deg: Range = (1.0, 3.0)
    sources: Sources = ()


def parameters_of(preset: Preset) -> dict[str, tuple[object, str]]:
    """Give every parameter of a preset by name: its value, and its source or that it is assumed."""
    sources = dict(_EVERYWHERE) | dict(preset.sources)
    out: dict[str, tuple[object, str]] = {
        f"soil.{f.name}": (
            getattr(preset.soil, f.name), sources.get(f"soil.{f.name}", sources.get("soil", ASSUMED))
        )
        for f in fields(preset.soil)
    }  # fmt: skip
    for f in fields(preset):
        if f.name not in ("soil", "sources"):
            out[f.name] = (getattr(preset, f.name), sources.get(f.name, ASSUMED))
    return out


_AP = ("PMN", "PMN-2", "PMA-1", "PMA-2", "PMA-3", "M14", "Type-72A", "VS-50", "TS-50")
_METAL = (
    "bullet", "cartridge", "cartridge", "fragment", "fragment", "shrapnel", "nail", "can", "foil", "wire-loop",
    "bottle-cap", "wire", "ring-pull",
)  # fmt: skip
_NO_METAL = ("stone", "stone", "root", "burrow", "void", "wet-patch")
_IN_BODIES = ("can-of-soil", "nail-in-root", "cartridge-in-stone", "fragment-in-clod")

_RANGES = "within ranges published for demining soils (permittivity 2.5-25, loss 5-33 dB/m); value assumed"
_KINDS = "kinds reported from the country (general knowledge)"
_LITTER = "2.4 metal alarms per m2 in one Cambodian programme; kinds assumed"
_MAGNETIC = (
    "severe, as classed by CWA 14747-2 (500-2000e-5): common in weathered tropical soils (Preetz et al. 2008); "
    "value assumed"
)
_UNEVEN = "tropical soils vary much over metres (van Dam et al. 2004, Proc. SPIE 5415); value assumed"
_COUNTRY: Final[Sources] = (
    ("soil.relative_permittivity", _RANGES),
    ("soil.conductivity_s_m", _RANGES),
    ("soil.loss_tangent", _RANGES),
    ("mines", _KINDS),
    ("mines_per_m2", "assumed, far above the field's"),
)
_LATERITE: Final[Sources] = (
    *_COUNTRY,
    ("soil.susceptibility", _MAGNETIC),
    ("soil.susceptibility_std", _UNEVEN),
)

_PRESETS: Final[dict[str, Preset]] = {
    "sand": Preset(
        Soil(
            relative_permittivity=3.5, conductivity_s_m=0.003, permittivity_std=0.03, roughness_rms_m=0.003,
            susceptibility_std=0.05, conductivity_std=0.1,
        ),
        _AP, _METAL + _NO_METAL, 1.5, 3.0,
        sources=(("soil.relative_permittivity", "dry sand 3-5 (Miller 2002, New Mexico Tech)"),),
    ),
    "loam": Preset(
        Soil(
            relative_permittivity=8.0, conductivity_s_m=0.015, loss_tangent=0.02, roughness_rms_m=0.005,
            susceptibility_std=0.05, conductivity_std=0.15,
        ),
        _AP, _METAL + _NO_METAL + _IN_BODIES, 1.5, 3.0,
    ),
    "wet-clay": Preset(
        Soil(
            relative_permittivity=16.0, conductivity_s_m=0.04, loss_tangent=0.04, roughness_rms_m=0.006,
            susceptibility=8e-4, susceptibility_loss=4e-5, susceptibility_std=0.05, conductivity_std=0.2,
        ),
        _AP, _METAL + _NO_METAL + _IN_BODIES, 1.5, 3.0,
    ),
    "laterite": Preset(
        Soil(
            relative_permittivity=6.0, conductivity_s_m=0.008, roughness_rms_m=0.006,
            susceptibility=8e-3, susceptibility_loss=4e-4, susceptibility_std=0.1, conductivity_std=0.1,
        ),
        _AP, _METAL + _NO_METAL, 1.5, 3.0,
        sources=(("soil.susceptibility", _MAGNETIC), ("soil.susceptibility_std", _UNEVEN)),
    ),
    "battlefield": Preset(
        Soil(
            relative_permittivity=5.0, conductivity_s_m=0.01, roughness_rms_m=0.007, susceptibility_std=0.1,
            conductivity_std=0.15,
        ),
        (*_AP, "OZM-72", "PROM-1"), (*_METAL, "shrapnel", "cartridge-steel", "battery", "bolt"), 0.7, 8.0,
    ),
    "no-mines": Preset(
        Soil(relative_permittivity=6.0, conductivity_s_m=0.01, susceptibility_std=0.05, conductivity_std=0.1),
        (), _METAL + _NO_METAL + _IN_BODIES, 0.0, 4.0,
    ),
    "metal-in-bodies": Preset(
        Soil(relative_permittivity=6.0, conductivity_s_m=0.01, susceptibility_std=0.05, conductivity_std=0.1),
        _AP, (*_IN_BODIES, "wire-in-root", "foil-on-bottle", "nailed-board"), 1.0, 4.0,
    ),
    "road": Preset(
        Soil(
            relative_permittivity=6.0, conductivity_s_m=0.01, permittivity_std=0.06, susceptibility_std=0.1,
            conductivity_std=0.1,
        ),
        ("TM-62M", "TM-62P", "TM-57", "M15", "M19", "VS-1.6", "TMA-4"),
        ("stone", "can", "nail", "wet-patch", "brick", "bolt", "can-of-soil"), 0.8, 2.0,
        mine_depth_m=(0.05, 0.2), length_m=1.2, width_m=0.9, gap_m=0.3,
        sources=(("mine_depth_m", "assumed"),),
    ),
    "cambodia-laterite": Preset(
        Soil(
            relative_permittivity=7.0, conductivity_s_m=0.01, loss_tangent=0.02, permittivity_std=0.05,
            roughness_rms_m=0.006, susceptibility=8e-3, susceptibility_loss=4e-4, susceptibility_std=0.1,
            conductivity_std=0.15,
        ),
        ("PMN", "PMN-2", "Type-72A", "M14", "PMD-6"),
        (*_METAL, "stone", "root", "burrow", "nail-in-root"), 1.2, 3.4, width_m=1.0,
        sources=(*_LATERITE, ("clutter_per_m2", _LITTER)),
    ),
    "laos-laterite": Preset(
        Soil(
            relative_permittivity=8.0, conductivity_s_m=0.015, loss_tangent=0.02, permittivity_std=0.05,
            roughness_rms_m=0.007, susceptibility=6e-3, susceptibility_loss=3e-4, susceptibility_std=0.1,
            conductivity_std=0.15,
        ),
        ("PMN", "Type-72A", "M14"),
        (*_METAL, "shrapnel", "shrapnel", "root", "stone", "wet-patch", "nail-in-root"), 1.0, 4.5, width_m=1.0,
        sources=_LATERITE,
    ),
    "angola-laterite": Preset(
        Soil(
            relative_permittivity=5.0, conductivity_s_m=0.006, permittivity_std=0.05, roughness_rms_m=0.005,
            susceptibility=1e-2, susceptibility_loss=6e-4, susceptibility_std=0.15, conductivity_std=0.1,
        ),
        ("PMN", "PMA-3", "Type-72A", "VS-50", "R2M2"), (*_METAL, "stone", "burrow", "root", "can-of-soil"),
        1.0, 3.0, width_m=1.0, sources=_LATERITE,
    ),
    "mozambique-red": Preset(
        Soil(
            relative_permittivity=6.0, conductivity_s_m=0.008, loss_tangent=0.01, permittivity_std=0.05,
            roughness_rms_m=0.006, susceptibility=5e-3, susceptibility_loss=3e-4, susceptibility_std=0.15,
            conductivity_std=0.15,
        ),
        ("PMN", "Gyata-64", "Type-72A", "R2M2", "PMD-6"), (*_METAL, "stone", "root", "burrow"), 1.0, 3.0,
        width_m=1.0,
        sources=(
            *_LATERITE,
            ("soil.susceptibility_std", "varies within single fields (Preetz et al. 2013); value assumed"),
            ("mines", "Gyata-64 and R2M2 common in southern Africa (nolandmines.com); others general knowledge"),
        ),
    ),
    "bosnia-loam": Preset(
        Soil(
            relative_permittivity=12.0, conductivity_s_m=0.02, loss_tangent=0.03, permittivity_std=0.05,
            roughness_rms_m=0.006, susceptibility=5e-4, susceptibility_loss=2e-5, susceptibility_std=0.05,
            conductivity_std=0.2,
        ),
        ("PMA-1", "PMA-2", "PMA-3", "PROM-1"), _METAL + _NO_METAL + _IN_BODIES, 1.2, 3.0, width_m=1.0,
        sources=(*_COUNTRY, ("mines", "PMA-2 common in the Balkans (nolandmines.com); others general knowledge")),
    ),
    "ukraine-chernozem": Preset(
        Soil(
            relative_permittivity=14.0, conductivity_s_m=0.035, loss_tangent=0.03, permittivity_std=0.04,
            roughness_rms_m=0.008, susceptibility=1e-3, susceptibility_loss=6e-5, susceptibility_std=0.05,
            conductivity_std=0.2,
        ),
        ("PMN", "PMN-2", "PFM-1", "OZM-72"), (*_METAL, "shrapnel", "shrapnel", "root", "cartridge-steel"),
        1.0, 6.0, mine_depth_m=(0.0, 0.1), width_m=1.0,
        sources=(
            *_COUNTRY,
            ("soil.conductivity_s_m", "medium to high loss in the Donbas (Bechtel et al. 2019); value assumed"),
            ("mines", "OZM-72 and PFM-1 reported by a deminer there (focus.ua); others general knowledge"),
        ),
    ),
    "afghanistan-gravel": Preset(
        Soil(
            relative_permittivity=4.5, conductivity_s_m=0.004, permittivity_std=0.08,
            permittivity_length_m=0.025, roughness_rms_m=0.008, susceptibility=1e-3, susceptibility_loss=3e-5,
            susceptibility_std=0.15, conductivity_std=0.1,
        ),
        ("PMN", "PMN-2", "VS-50", "TS-50", "Type-72A"), (*_METAL, "stone", "stone", "stone", "slab"), 1.2, 4.0,
        width_m=1.0,
        sources=(*_COUNTRY, ("clutter", "rubbish and fragments about villages (nolandmines.com); kinds assumed")),
    ),
    "colombia-andes": Preset(
        Soil(
            relative_permittivity=16.0, conductivity_s_m=0.03, loss_tangent=0.04, permittivity_std=0.05,
            roughness_rms_m=0.008, susceptibility=4e-3, susceptibility_loss=2e-4, susceptibility_std=0.15,
            conductivity_std=0.2,
        ),
        ("PMD-6", "PMA-2"), (*_METAL, "root", "root", "stone", "wet-patch", "plastic-bottle", "foil-on-bottle"),
        1.0, 3.0, width_m=1.0,
        sources=(*_COUNTRY, ("mines", "stand-ins for improvised mines, assumed")),
    ),
}  # fmt: skip

PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(_PRESETS)
"""Kinds of lane by name."""


def find_preset(name: str) -> Preset:
    """Look a preset up; `RecipeError` names what is like it."""
    if name not in PRESETS:
        raise RecipeError(unknown_name("preset", name, PRESETS))
    return PRESETS[name]
