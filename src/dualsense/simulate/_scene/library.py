"""What lies in the ground, by name: mines and clutter, and where each of their numbers comes from.

Outer dimensions of mines are nominal ones; permittivities and metal parts are plausible values for simulation, not
measurements of real ordnance. The source of every number, or the word "assumed", stands with it.
"""

from __future__ import annotations

from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from dualsense.errors import RecipeError
from dualsense.simulate._scene.clutter import CLUTTER
from dualsense.simulate._scene.mines import MINES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dualsense.simulate._scene.parts import Model

MODELS: Final[Mapping[str, Model]] = MappingProxyType({**MINES, **CLUTTER})
"""Every object by name."""


def find_model(name: str) -> Model:
    """Look a model up; `RecipeError` names what is like it."""
    if name not in MODELS:
        raise RecipeError(unknown_name("model", name, MODELS))
    return MODELS[name]


def unknown_name(kind: str, name: str, there_are: Iterable[str]) -> str:
    """Say that a name is not known, which ones are like it, and where all are listed."""
    named = {known.lower(): known for known in there_are}
    near = get_close_matches(name.lower(), named, n=3, cutoff=0.4)
    meant = f"; did you mean {' or '.join(named[n] for n in near)}?" if near else ";"
    return f"unknown {kind} {name!r}{meant} `dualsense simulate --list` shows all"


def sources_of(model: Model) -> dict[str, str]:
    """Say where each number of a model comes from: its body's, and each part's and core's."""
    out = {name: model.source_of(name) for name in ("shape", "size_m")}
    if model.relative_permittivity is not None:
        out["relative_permittivity"] = model.source_of("relative_permittivity")
    for kind, things in (("metal", model.metal), ("core", model.cores)):
        for number, thing in enumerate(things, start=1):
            out[f"{kind} {number} ({type(thing).__name__.lower()})"] = thing.source
    return out
