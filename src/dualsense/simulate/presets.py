"""Kinds of ground and litter by name, and where their numbers come from."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from dualsense.errors import RecipeError
from dualsense.simulate.scene import Soil

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    """

    soil: Soil
    mines: tuple[str, ...]
    clutter: tuple[str, ...]
    mines_per_m2: float
    clutter_per_m2: float
    mine_depth_m: tuple[float, float] = (0.01, 0.12)
    clutter_depth_m: tuple[float, float] = (0.005, 0.12)
    length_m: float = 1.0
    width_m: float = 0.6
    gap_m: float = 0.12
    sources: tuple[tuple[str, str], ...] = ()
    """Where each kind of parameter comes from; a name that is not here is assumed."""


_AP = ("PMN", "PMN-2", "PMA-1", "PMA-2", "PMA-3", "M14", "Type-72A", "VS-50", "TS-50")
_METAL = ("bullet", "cartridge", "fragment", "fragment", "nail", "can", "foil", "wire-loop")
_NO_METAL = ("stone", "stone", "root", "burrow", "void", "wet-patch")

_SUMMARY = "summary of published ranges for demining soils: permittivity 2.5-25, loss 5 to 33 dB/m"
_LITTER = "2.4 metal alarms per m2 in one Cambodian programme; kinds assumed"
_COUNTRY: Final = (
    ("soil", "assumed, within the " + _SUMMARY),
    ("mines", "kinds reported from the country, general knowledge; density assumed, far above the field's"),
    ("mine_depth_m", "anti-personnel mines lie at 0-15 cm; distribution assumed"),
)

PRESETS: Final[Mapping[str, Preset]] = MappingProxyType(
    {
        "sand": Preset(
            Soil(relative_permittivity=3.5, conductivity_s_m=0.003, permittivity_std=0.03, roughness_rms_m=0.003),
            _AP, _METAL + _NO_METAL, 1.5, 3.0,
        ),
        "loam": Preset(
            Soil(relative_permittivity=8.0, conductivity_s_m=0.015, loss_tangent=0.02, roughness_rms_m=0.005),
            _AP, _METAL + _NO_METAL, 1.5, 3.0,
        ),
        "wet-clay": Preset(
            Soil(
                relative_permittivity=16.0, conductivity_s_m=0.04, loss_tangent=0.04, roughness_rms_m=0.006,
                susceptibility=8e-4, susceptibility_loss=4e-5,
            ),
            _AP, _METAL + _NO_METAL, 1.5, 3.0,
        ),
        "laterite": Preset(
            Soil(
                relative_permittivity=6.0, conductivity_s_m=0.008, roughness_rms_m=0.006,
                susceptibility=8e-3, susceptibility_loss=4e-4,
            ),
            _AP, _METAL + _NO_METAL, 1.5, 3.0,
        ),
        "battlefield": Preset(
            Soil(relative_permittivity=5.0, conductivity_s_m=0.01, roughness_rms_m=0.007), _AP, _METAL, 0.7, 8.0
        ),
        "no-mines": Preset(
            Soil(relative_permittivity=6.0, conductivity_s_m=0.01), (), _METAL + _NO_METAL, 0.0, 4.0
        ),
        "road": Preset(
            Soil(relative_permittivity=6.0, conductivity_s_m=0.01, permittivity_std=0.06),
            ("TM-62M", "TM-62P"), ("stone", "can", "nail", "wet-patch"), 0.8, 2.0,
            mine_depth_m=(0.05, 0.2), length_m=1.2, width_m=0.9, gap_m=0.3,
        ),
        "cambodia-laterite": Preset(
            Soil(
                relative_permittivity=7.0, conductivity_s_m=0.01, loss_tangent=0.02, permittivity_std=0.05,
                roughness_rms_m=0.006, susceptibility=8e-3, susceptibility_loss=4e-4,
            ),
            ("PMN", "PMN-2", "Type-72A", "M14"), (*_METAL, "stone", "root", "burrow"), 1.2, 3.4,
            length_m=1.0, width_m=1.0,
            sources=(*_COUNTRY, ("clutter_per_m2", _LITTER), ("susceptibility", "laterite common; value assumed")),
        ),
        "laos-laterite": Preset(
            Soil(
                relative_permittivity=8.0, conductivity_s_m=0.015, loss_tangent=0.02, permittivity_std=0.05,
                roughness_rms_m=0.007, susceptibility=6e-3, susceptibility_loss=3e-4,
            ),
            ("PMN", "Type-72A", "M14"), (*_METAL, "fragment", "root", "stone", "wet-patch"), 1.0, 4.5,
            length_m=1.0, width_m=1.0,
            sources=(*_COUNTRY, ("susceptibility", "laterite common; value assumed")),
        ),
        "angola-laterite": Preset(
            Soil(
                relative_permittivity=5.0, conductivity_s_m=0.006, permittivity_std=0.05, roughness_rms_m=0.005,
                susceptibility=1e-2, susceptibility_loss=6e-4,
            ),
            ("PMN", "PMA-3", "Type-72A", "VS-50"), (*_METAL, "stone", "burrow", "root"), 1.0, 3.0,
            length_m=1.0, width_m=1.0,
            sources=(*_COUNTRY, ("susceptibility", "laterite common; value assumed")),
        ),
        "bosnia-loam": Preset(
            Soil(
                relative_permittivity=12.0, conductivity_s_m=0.02, loss_tangent=0.03, permittivity_std=0.05,
                roughness_rms_m=0.006, susceptibility=5e-4, susceptibility_loss=2e-5,
            ),
            ("PMA-1", "PMA-2", "PMA-3"), _METAL + _NO_METAL, 1.2, 3.0, length_m=1.0, width_m=1.0, sources=_COUNTRY,
        ),
        "ukraine-chernozem": Preset(
            Soil(
                relative_permittivity=14.0, conductivity_s_m=0.035, loss_tangent=0.03, permittivity_std=0.04,
                roughness_rms_m=0.008, susceptibility=1e-3, susceptibility_loss=6e-5,
            ),
            ("PMN", "PMN-2", "PFM-1"), (*_METAL, "fragment", "fragment", "root"), 1.0, 6.0,
            mine_depth_m=(0.0, 0.1), length_m=1.0, width_m=1.0, sources=_COUNTRY,
        ),
        "afghanistan-gravel": Preset(
            Soil(
                relative_permittivity=4.5, conductivity_s_m=0.004, permittivity_std=0.08,
                permittivity_length_m=0.025, roughness_rms_m=0.008, susceptibility=1e-3, susceptibility_loss=3e-5,
            ),
            ("PMN", "PMN-2", "VS-50", "TS-50"), (*_METAL, "stone", "stone", "stone"), 1.2, 4.0,
            length_m=1.0, width_m=1.0, sources=_COUNTRY,
        ),
    }
)  # fmt: skip
"""Kinds of lane by name."""


def find_preset(name: str) -> Preset:
    """Look a preset up; `RecipeError` names what there is."""
    if name not in PRESETS:
        msg = f"unknown preset {name!r}; known are {', '.join(PRESETS)}"
        raise RecipeError(msg)
    return PRESETS[name]
