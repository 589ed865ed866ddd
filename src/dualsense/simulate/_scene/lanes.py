"""Invented lanes: a kind of ground, a few mines, and the litter that lies about them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.simulate._scene.handling import Motion
from dualsense.simulate._scene.library import MODELS
from dualsense.simulate._scene.presets import find_preset
from dualsense.simulate._scene.scene import Buried, Scene

if TYPE_CHECKING:
    from dualsense.simulate._scene.presets import Preset
    from dualsense.simulate._scene.scene import Soil

_TRIES = 200


def random_lane(preset: str, *, rng: np.random.Generator, scan_id: str | None = None) -> Scene:
    """Draw a lane: its soil, its sweep and what is buried in it.

    Parameters
    ----------
    preset : str
        Key of `presets.PRESETS`.
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
    kind = find_preset(preset)
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
        line_spacing_m=float(rng.uniform(*kind.line_spacing_m)),
        speed_m_s=float(rng.uniform(*kind.speed_m_s)),
        height_m=float(rng.uniform(*kind.height_m)),
        height_std_m=float(rng.uniform(*kind.height_std_m)),
        spacing_std_m=float(rng.uniform(*kind.spacing_std_m)),
        tilt_std_deg=float(rng.uniform(*kind.tilt_std_deg)),
    )
    soil = vary_soil(kind.soil, rng)  # before the name, which may be given: a lane is the same by any name
    return Scene(
        scan_id=scan_id or f"{preset}-{rng.integers(1_000_000):06d}",
        site=f"invented lane, preset {preset}",
        soil=soil,
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


def vary_soil(soil: Soil, rng: np.random.Generator) -> Soil:
    """Draw a soil around the middle of a preset: a tenth or so either way, conductivity and magnetism more."""
    wide = float(np.exp(rng.normal(0.0, 0.4)))
    return replace(
        soil,
        relative_permittivity=max(2.0, soil.relative_permittivity * float(np.exp(rng.normal(0.0, 0.12)))),
        conductivity_s_m=soil.conductivity_s_m * float(np.exp(rng.normal(0.0, 0.3))),
        permittivity_std=soil.permittivity_std * float(np.exp(rng.normal(0.0, 0.2))),
        permittivity_length_m=float(rng.uniform(0.012, 0.03)),
        roughness_rms_m=soil.roughness_rms_m * float(np.exp(rng.normal(0.0, 0.2))),
        roughness_length_m=float(rng.uniform(0.02, 0.05)),
        susceptibility=soil.susceptibility * wide,
        susceptibility_loss=soil.susceptibility_loss * wide,
        susceptibility_std=soil.susceptibility_std * float(np.exp(rng.normal(0.0, 0.2))),
        conductivity_std=soil.conductivity_std * float(np.exp(rng.normal(0.0, 0.2))),
        patch_length_m=float(rng.uniform(0.1, 0.4)),
    )
