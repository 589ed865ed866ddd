"""What lies in the ground, by name: mines and clutter, and where each of their numbers comes from.

Outer dimensions of mines are nominal ones; permittivities and metal parts are plausible values for simulation, not
measurements of real ordnance. The source of every number, or the word "assumed", stands with it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from dualsense.errors import RecipeError
from dualsense.simulate.clutter import CLUTTER
from dualsense.simulate.mines import MINES
from dualsense.simulate.parts import Core, Model, Part, Ring, Shape, Spheroid, Spring, Vector

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "MODELS", "Core", "Model", "Part", "Ring", "Shape", "Spheroid", "Spring", "Vector", "find_model", "sources_of",
]  # fmt: skip

MODELS: Final[Mapping[str, Model]] = MappingProxyType({**MINES, **CLUTTER})
"""Every object by name."""


def find_model(name: str) -> Model:
    """Look a model up; `RecipeError` names what there is."""
    if name not in MODELS:
        msg = f"unknown model {name!r}; known are {', '.join(MODELS)}"
        raise RecipeError(msg)
    return MODELS[name]


def sources_of(model: Model) -> dict[str, str]:
    """Say where each number of a model comes from: its body's, and each part's and core's."""
    out = {name: model.source_of(name) for name in ("shape", "size_m")}
    if model.relative_permittivity is not None:
        out["relative_permittivity"] = model.source_of("relative_permittivity")
    for kind, things in (("metal", model.metal), ("core", model.cores)):
        for number, thing in enumerate(things, start=1):
            out[f"{kind} {number} ({type(thing).__name__.lower()})"] = thing.source
    return out
