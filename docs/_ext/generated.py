"""Parts of pages that are made from the package's own tables while building, so that they cannot go stale.

A line ``<!-- generated: NAME ... -->`` in a page is replaced by what ``_MAKERS[NAME]`` returns. A table that is
missing stops the build.
"""

from __future__ import annotations

import importlib
import inspect
import re
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from benchmarks.plan import draw
from benchmarks.structure import PACKAGE, ROOT, House, door_topics, read_floors, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo
    from sphinx.application import Sphinx

_MARK = re.compile(r"^<!-- generated: (.+?) -->$", re.MULTILINE)
_LIMITS = {"ge": "from {}", "gt": "over {}", "le": "up to {}", "lt": "under {}"}


def _house() -> House:
    return House.of(ROOT / "src" / PACKAGE)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def rows(heads: list[str], body: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *body]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


# recipe


def recipe_tables(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Every table of the recipe by its dotted name, in the order of the file."""
    if prefix:
        yield prefix, model
    for key, field in model.model_fields.items():
        if hasattr(field.annotation, "model_fields"):
            yield from recipe_tables(field.annotation, f"{prefix}.{key}" if prefix else key)


def plain_fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys of a table that are values."""
    return {k: f for k, f in model.model_fields.items() if not hasattr(f.annotation, "model_fields")}


def _metadata(annotation: Any) -> list[Any]:
    """Constraints of a type, those of its parts included."""
    found = list(getattr(annotation, "__metadata__", ()))
    for part in get_args(annotation):
        if get_origin(annotation) is not Literal:
            found += _metadata(part)
    return [inner for item in found for inner in getattr(item, "metadata", [item])]


def _names(annotation: Any) -> list[str]:
    if get_origin(annotation) is Literal:
        return [f"`{_toml(value)}`" for value in get_args(annotation)]
    if annotation in {int, float, bool, str}:
        return [{int: "integer", float: "number", bool: "true or false", str: "text"}[annotation]]
    if annotation is type(None):
        return ["unset"]
    if get_origin(annotation) is tuple:
        inner = [_names(part)[0] for part in get_args(annotation) if part is not Ellipsis]
        return [f"list of {inner[0]}" if Ellipsis in get_args(annotation) else f"[{', '.join(inner)}]"]
    if hasattr(annotation, "__metadata__"):
        return _names(get_args(annotation)[0])
    parts = get_args(annotation)
    if not parts:
        msg = f"no words for the type {annotation!r} of a recipe key"
        raise TypeError(msg)
    return list(dict.fromkeys(name for part in parts for name in _names(part)))


def _range(field: FieldInfo) -> str:
    items = (*field.metadata, *_metadata(field.annotation))
    limits = {name: f"{v:g}" for item in items for name in _LIMITS if (v := getattr(item, name, None)) is not None}
    if limits.keys() == {"ge", "le"}:
        return f"{limits['ge']} to {limits['le']}"
    return ", ".join(words.format(limits[name]) for name, words in _LIMITS.items() if name in limits)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _default(value: object) -> str:
    if value is None:
        return "unset"
    return f"`{list(value) if isinstance(value, tuple) else _toml(value)}`"


def make_recipe() -> str:
    """Every table and key of the recipe."""
    from dualsense.recipe import Recipe

    parts = []
    for name, model in recipe_tables(Recipe):
        keys = plain_fields(model)
        level = "##" if "." not in name else "###"
        parts += [f"{level} {name}", " ".join((model.__doc__ or "").split())]
        if keys:
            body = [
                [
                    f"`{key}`",
                    " or ".join(_names(f.annotation)),
                    _default(f.default),
                    _range(f),
                    f.description or "",
                ]
                for key, f in keys.items()
            ]
            parts.append(rows(["key", "type", "default", "range", "meaning"], body))
    return "\n\n".join(parts)


def _anchor(table: str) -> str:
    return f"gpr-{table.replace('_', '-')}"


def make_steps() -> str:
    """The radar's steps in their order."""
    from dualsense.recipe import radar_steps

    body = [
        [
            f"[`{step.name}`](recipe.md#{_anchor(step.name)})",
            step.meaning,
            f"[`{step.facts.function}`](#dualsense.gpr.{step.facts.function})",
            "when asked" if step.optional else "always",
            step.facts.data + (" in time" if step.needs_time_samples else ""),
            ""
            if step.facts.loss is None
            else f"of {'an' if step.facts.loss.measure == 'echo' else 'its'} {step.facts.loss.measure}",
        ]
        for step in radar_steps()
    ]
    return rows(["step", "what", "function", "when", "works on", "loss"], body)


# faults and features

_SENSORS = {None: "Either sensor", "gpr": "Radar", "emi": "Metal detector", "pose": "Position tracking"}


def make_checks() -> str:
    """Every check of integrity: what it measures, from where on it fails, what that takes away."""
    from dualsense.integrity import CHECKS

    heads = ["check", "what is measured", "limit", "takes away"]
    return rows(heads, [[f"`{one.code}`", one.measures, one.limit, one.takes_away] for one in CHECKS])


def make_faults() -> str:
    """Every kind of fault."""
    from dualsense.faults import KINDS

    parts = []
    for sensor, name in _SENSORS.items():
        parts.append(f"## {name}")
        for code, kind in KINDS.items():
            if kind.sensor == sensor:
                facts = [
                    f"*{kind.severity or 'gravity by the numbers'}*",
                    *([f"`{kind.path}`"] if kind.path else []),
                ]
                parts.append(f"### {code}\n\n{', '.join(facts)}: {kind.meaning}\n\n> {_quoted(kind.wording)}")
    return "\n\n".join(parts)


def _quoted(wording: str) -> str:
    """A sentence with the values that it is worded with as code."""
    return re.sub(r"\{(.+?)\}", lambda value: f"`{value[1].split(':')[0]}`", wording)


def make_features() -> str:
    """Every feature, by the sensor that gives it."""
    from dualsense.features import FEATURES

    parts = []
    for sensor in ("gpr", "emi"):
        body = []
        for feature in FEATURES:
            if feature.sensor == sensor:
                also = f" Deviation: `{feature.deviation}`." if feature.deviation else ""
                model = f" *Model: {', '.join(feature.inputs)}.*" if feature.inputs else ""
                unit = "" if feature.unit == "1" else feature.unit
                body.append([f"`{feature.key}`", unit, f"{feature.meaning}{also}{model}"])
        parts += [f"## {_SENSORS[sensor]}", rows(["feature", "unit", "what"], body)]
    return "\n\n".join(parts)


# API


def _directive(full: str, value: object) -> str:
    if inspect.isclass(value):
        kind, options = "autoexception" if issubclass(value, Exception) else "autoclass", "   :members:\n"
    elif callable(value):
        kind, options = "autofunction", ""
    else:
        kind, options = "autodata", "   :no-value:\n"
    return f"```{{eval-rst}}\n.. {kind}:: {full}\n{options}```"


def _home(door: str, name: str, house: House) -> str | None:
    """Where a name of a door is documented: its own entry or that of a room behind it; None for a room."""
    full = f"{door}.{name}"
    if full in house.doors:
        return None
    rooms = [room for room, shown in house.doors.items() if door == PACKAGE != room and name in shown]
    return f"{rooms[0]}.{name}" if rooms else full


def _link(door: str, name: str, house: House) -> str:
    home = _home(door, name, house)
    page = ROOT / "docs" / "api" / f"{name}.md"
    if home is None:
        return f"[`{name}`]({name}.md)" if page.exists() else f"`{name}`"
    return f"[`{name}`](#{home})"


def make_api(door: str) -> str:
    """The index of a door by topic, and the docstring of every name that is documented there."""
    name = PACKAGE if door == PACKAGE else f"{PACKAGE}.{door}"
    house = _house()
    module = importlib.import_module(name)
    intro, topics = door_topics(inspect.getdoc(module) or "")
    parts = [f"```{{eval-rst}}\n{intro}\n```"]
    for topic, entries in topics:
        index = [
            [", ".join(_link(name, key, house) for key, _ in held), words.replace("``", "`")]
            for words, held in groupby(entries, key=lambda entry: entry[1])
        ]
        parts += [f"## {topic}", rows(["name", "what"], index)]
        own = [key for key, _ in entries if _home(name, key, house) == f"{name}.{key}"]
        parts += [_directive(f"{name}.{key}", getattr(module, key)) for key in own]
    return "\n\n".join(parts)


_CODE = re.compile(r"(``.*?``|`[^`]+`)")


def _escape_bars(_app: Sphinx, _what: str, _name: str, _value: Any, _options: Any, lines: list[str]) -> None:
    """Keep |x| of a formula from being read as a substitution."""
    for i, line in enumerate(lines):
        parts = _CODE.split(line)
        lines[i] = "".join(part if n % 2 else part.replace("|", "\\|") for n, part in enumerate(parts))


# structure


def make_plan() -> str:
    """The rooms on their floors, drawn into the page."""
    return f'```{{raw}} html\n<div class="plan">\n{draw(_house(), read_floors())}\n</div>\n```'


def make_structure() -> str:
    """The table of modules and lines."""
    return table(_house())


_MAKERS = {
    "recipe": make_recipe,
    "steps": make_steps,
    "checks": make_checks,
    "faults": make_faults,
    "features": make_features,
    "api": make_api,
    "plan": make_plan,
    "structure": make_structure,
}


def _fill(_app: Sphinx, _page: str, content: list[str]) -> None:
    content[0] = _MARK.sub(lambda mark: _made(*mark[1].split()), content[0])


def _marked(_app: Sphinx, env: Any, *_changes: set[str]) -> list[str]:
    """Pages that are made anew at every build, whether their own text changed or not."""
    return [page for page in env.found_docs if _MARK.search(Path(env.doc2path(page)).read_text(encoding="utf-8"))]


def _made(name: str, *given: str) -> str:
    return _MAKERS[name](*given)


def setup(app: Sphinx) -> dict[str, bool]:
    """Fill in the marked places of every page."""
    app.connect("env-get-outdated", _marked)
    app.connect("source-read", _fill)
    app.connect("autodoc-process-docstring", _escape_bars, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
