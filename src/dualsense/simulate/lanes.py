"""Invented lanes: a kind of ground, a few mines, and the litter that lies about them."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from dualsense.errors import RecipeError
from dualsense.simulate.library import MODELS
from dualsense.simulate.scene import Buried, Motion, Scene, Soil

if TYPE_CHECKING:
    from collections.abc import Mapping

_TRIES = 200


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


_AP = ("PMN", "PMN-2", "PMA-1", "PMA-2", "PMA-3", "M14", "Type-72A", "VS-50", "TS-50")
_METAL = ("bullet", "cartridge", "fragment", "fragment", "nail", "can", "foil", "wire-loop")
_NO_METAL = ("stone", "stone", "root", "burrow", "void", "wet-patch")

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
    }
)  # fmt: skip
"""Kinds of lane by name."""


def random_lane(preset: str, *, rng: np.random.Generator, scan_id: str | None = None) -> Scene:
    """Draw a lane: its soil, its sweep and what is buried in it.

    Parameters
    ----------
    preset : str
        Key of `PRESETS`.
    rng : Generator
    scan_id : str, optional
        Default: the preset's name and a random number.

    Returns
    -------
    Scene
        Objects keep the preset's gap between their outlines and do not reach over the patch's rim. When a place
        cannot be found for an object it is left out.

    Raises
    ------
    RecipeError
        There is no such preset.
    """
    if preset not in PRESETS:
        msg = f"unknown preset {preset!r}; known are {', '.join(PRESETS)}"
        raise RecipeError(msg)
    kind = PRESETS[preset]
    area = kind.length_m * kind.width_m
    count = (rng.poisson(kind.mines_per_m2 * area), rng.poisson(kind.clutter_per_m2 * area))
    wanted = [(kind.mines, kind.mine_depth_m, True)] * count[0] if kind.mines else []
    wanted += [(kind.clutter, kind.clutter_depth_m, False)] * count[1]
    objects: list[Buried] = []
    for models, depth, is_mine in wanted:
        thing = _place(kind, objects, models, depth, is_mine=is_mine, rng=rng)
        if thing is not None:
            objects.append(thing)
    motion = Motion(
        length_m=kind.length_m,
        width_m=kind.width_m,
        line_spacing_m=float(rng.uniform(0.02, 0.035)),
        speed_m_s=float(rng.uniform(0.25, 0.45)),
        height_m=float(rng.uniform(0.035, 0.06)),
        height_std_m=float(rng.uniform(0.003, 0.008)),
    )
    return Scene(
        scan_id=scan_id or f"{preset}-{rng.integers(1_000_000):06d}",
        site=f"invented lane, preset {preset}",
        soil=_vary(kind.soil, rng),
        objects=tuple(objects),
        motion=motion,
    )


def _place(
    kind: Preset,
    taken: list[Buried],
    models: tuple[str, ...],
    depth_m: tuple[float, float],
    *,
    is_mine: bool,
    rng: np.random.Generator,
) -> Buried | None:
    name = models[rng.integers(len(models))]
    scale = 1.0 if is_mine else float(np.exp(rng.normal(0.0, 0.25)))
    radius = _radius(name, scale)
    depth, yaw = float(rng.uniform(*depth_m)), float(rng.uniform(0.0, 360.0))
    if 2 * radius >= min(kind.length_m, kind.width_m):
        return None
    for _ in range(_TRIES):
        x = float(rng.uniform(radius, kind.length_m - radius))
        y = float(rng.uniform(radius, kind.width_m - radius))
        if all(np.hypot(x - t.x_m, y - t.y_m) > radius + _radius(t.model, t.scale) + kind.gap_m for t in taken):
            return Buried(name, x, y, depth, yaw_deg=yaw, scale=scale)
    return None


def _radius(model: str, scale: float) -> float:
    return 0.5 * scale * max(MODELS[model].size_m[:2])


def _vary(soil: Soil, rng: np.random.Generator) -> Soil:
    """Draw a soil around the middle of a preset: a tenth or so either way, conductivity and magnetism more."""
    wide = float(np.exp(rng.normal(0.0, 0.4)))
    return Soil(
        relative_permittivity=max(2.0, soil.relative_permittivity * float(np.exp(rng.normal(0.0, 0.12)))),
        conductivity_s_m=soil.conductivity_s_m * float(np.exp(rng.normal(0.0, 0.3))),
        loss_tangent=soil.loss_tangent,
        permittivity_std=soil.permittivity_std * float(np.exp(rng.normal(0.0, 0.2))),
        permittivity_length_m=float(rng.uniform(0.012, 0.03)),
        roughness_rms_m=soil.roughness_rms_m * float(np.exp(rng.normal(0.0, 0.2))),
        roughness_length_m=float(rng.uniform(0.02, 0.05)),
        susceptibility=soil.susceptibility * wide,
        susceptibility_loss=soil.susceptibility_loss * wide,
        susceptibility_hz=soil.susceptibility_hz,
    )
