"""Parts of pages that are made from the package's own tables while building, so that they cannot go stale.

A line ``<!-- generated: NAME ... -->`` in a page is replaced by what ``_MAKERS[NAME]`` returns. A table that is
missing stops the build.
"""

from __future__ import annotations

import importlib
import inspect
import re
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import charts, history
from benchmarks.plan import draw
from benchmarks.structure import PACKAGE, ROOT, House, door_topics, read_floors, table

if TYPE_CHECKING:
    from sphinx.application import Sphinx

    from dualsense.recipe.keys import Key

_MARK = re.compile(r"^<!-- generated: (.+?) -->$", re.MULTILINE)


@cache
def _house() -> House:
    """Read once: each page that is made asks for it, and it is made of every module's syntax."""
    return House.of(ROOT / "src" / PACKAGE)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def rows(heads: list[str], body: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *body]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


# recipe


def _kinds(key: Key) -> str:
    words = ("integer", "number", "true or false", "text", "unset")
    return " or ".join(
        kind if kind in words or kind[0] not in '"0123456789' else f"`{kind}`" for kind in key.kinds
    )


def _default(value: object) -> str:
    from dualsense.recipe.keys import toml_value

    return "unset" if value is None else f"`{toml_value(value)}`"


def make_recipe() -> str:
    """Every table and key of the recipe."""
    from dualsense.recipe import Recipe
    from dualsense.recipe.keys import keys_of, tables

    parts = []
    for name, model in tables(Recipe):
        keys = keys_of(model)
        level = "##" if "." not in name else "###"
        parts += [f"{level} {name}", " ".join((model.__doc__ or "").split())]
        if keys:
            body = [
                [f"`{key}`", _kinds(one), _default(one.default), one.unit, one.range, one.meaning]
                for key, one in keys.items()
            ]
            parts.append(rows(["key", "type", "default", "unit", "range", "meaning"], body))
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


# what was measured


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100.0 else f"{value:.3g}"


def make_charts() -> str:
    """A chart for each kind of quantity that the history holds, and its latest numbers as a table."""
    entries = history.read()
    parts = []
    for chart, picture in charts.drawn(entries):
        held = f'```{{raw}} html\n<div class="charts">\n{picture}\n</div>\n```' if picture else "Not measured yet."
        parts += [f"## {chart.title}", chart.about, held]
        last = {name: points[-1] for name, points in chart.series(entries).items()}
        body = [[name, _short(value), f"`{revision}`"] for name, (revision, value) in last.items()]
        if body:
            parts.append(rows([chart.unit, "last", "revision"], body))
    return "\n\n".join(parts)


_MAKERS = {
    "recipe": make_recipe,
    "steps": make_steps,
    "checks": make_checks,
    "faults": make_faults,
    "features": make_features,
    "api": make_api,
    "plan": make_plan,
    "structure": make_structure,
    "charts": make_charts,
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
