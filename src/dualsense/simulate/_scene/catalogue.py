"""What can be simulated, in words: presets and models, each number with its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dualsense.errors import RecipeError
from dualsense.simulate._scene.library import MODELS, sources_of, unknown_name
from dualsense.simulate._scene.presets import PRESETS, Preset, parameters_of

if TYPE_CHECKING:
    from dualsense.simulate._scene.parts import Model

_KINDS: Final = {
    "mine": "mines",
    "metal": "metal that is no mine",
    "rock": "stones",
    "root": "roots",
    "void": "hollows",
    "wet": "wet patches",
}


def overview() -> str:
    """List presets and models, one line each."""
    lines = ["presets (kinds of lane, for --preset):"]
    for name, kind in PRESETS.items():
        soil = kind.soil
        lines.append(
            f"  {name:20} permittivity {soil.relative_permittivity:g}, susceptibility {soil.susceptibility:g}, "
            f"{kind.mines_per_m2:g} mines and {kind.clutter_per_m2:g} other objects per m2"
        )
    for label, title in _KINDS.items():
        lines += ["", f"{title} (models, for [[objects]]):"]
        lines += [f"  {name:20} {_shape(model)}" for name, model in MODELS.items() if model.label == label]
    lines += ["", "--list NAME tells every number of one of them, and where it comes from."]
    return "\n".join(lines)


def describe(name: str) -> str:
    """Tell every number of a preset or model with its source.

    Raises
    ------
    RecipeError
        There is neither.
    """
    if name in PRESETS:
        return _preset(name, PRESETS[name])
    if name in MODELS:
        return _model(name, MODELS[name])
    raise RecipeError(unknown_name("preset or model", name, (*PRESETS, *MODELS)))


def _preset(name: str, kind: Preset) -> str:
    lines = [f"preset {name}"]
    lines += [f"  {key} = {_plain(value)}  [{source}]" for key, (value, source) in parameters_of(kind).items()]
    return "\n".join(lines)


def _model(name: str, model: Model) -> str:
    values: dict[str, object] = {
        "shape": model.shape, "size_m": model.size_m, "relative_permittivity": model.relative_permittivity
    }  # fmt: skip
    parts = dict(
        zip([key for key in sources_of(model) if key not in values], [*model.metal, *model.cores], strict=True)
    )
    lines = [f"model {name} ({model.label})"]
    for key, source in sources_of(model).items():
        value = _plain(values[key]) if key in values else _part(parts[key])
        lines.append(f"  {key} = {value}  [{source}]")
    return "\n".join(lines)


def _part(part: object) -> str:
    names = [name for name in type(part).__dataclass_fields__ if name != "source"]  # type: ignore[attr-defined]
    return ", ".join(f"{name} {_plain(getattr(part, name))}" for name in names)


def _shape(model: Model) -> str:
    x, y, z = (1e3 * s for s in model.size_m)
    metal = "metal" if model.relative_permittivity is None else f"permittivity {model.relative_permittivity:g}"
    several = "" if len(model.metal) == 1 else "s"
    parts = f", {len(model.metal)} metal part{several}" if model.metal and model.relative_permittivity else ""
    return f"{model.shape} {x:.0f} x {y:.0f} x {z:.0f} mm, {metal}{parts}"


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return f"({', '.join(_plain(v) for v in value)})"
    return str(value)
