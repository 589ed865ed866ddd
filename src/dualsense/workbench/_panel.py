"""The recipe as a panel of controls: each step with its switch, and each key with what it may be."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dualsense.recipe import Recipe, radar_steps, recipe_schema
from dualsense.recipe.base import Table
from dualsense.recipe.keys import is_read, keys_of, tables
from dualsense.workbench._switches import GROUPS, is_on

if TYPE_CHECKING:
    from dualsense.recipe.keys import Key

LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
UNTUNED = ("gpr.order",)
"""Tables that the panel has other controls for."""


def recipe_panel(recipe: Recipe | None = None) -> list[dict[str, Any]]:
    """Describe every table of the recipe for a page that has a control for each key.

    Parameters
    ----------
    recipe
        Whose steps stand in its order; None takes the defaults.

    Returns
    -------
    list of dict
        In the order in which steps happen. Each has ``name``, ``meaning``, ``switched`` (whether the step happens;
        None where it cannot be switched), ``group`` (of steps that may change places; empty for none) and
        ``keys``: ``name``, ``meaning``, ``unit``, ``allowed`` in words, ``kind`` ("switch", "choice", "number",
        "integer" or "text"), ``choices``, ``limits``, ``default``, and ``only``, the key and its values while
        which it is read.
    """
    recipe = recipe or Recipe()
    known = recipe_schema()["$defs"]
    models = dict(tables(Recipe))
    steps = [f"gpr.{step.name}" for step in radar_steps(recipe.gpr)]
    return [
        {
            "name": name,
            "meaning": " ".join((models[name].__doc__ or "").split()),
            "switched": is_on(name, recipe),
            "group": next((k for k, names in GROUPS.items() if name.removeprefix("gpr.") in names), "")
            if name in steps
            else "",
            "keys": [
                _control(key, known[models[name].__name__]["properties"][key.name])
                for key in keys_of(models[name]).values()
                if key.name != "on"
            ],
        }
        for name in panel_order(recipe)
    ]


def panel_order(recipe: Recipe) -> list[str]:
    """Name the tables of `recipe_panel` in the order in which a recipe's steps happen.

    Parameters
    ----------
    recipe
        To be shown.

    Returns
    -------
    list of str
    """
    steps = [f"gpr.{step.name}" for step in radar_steps(recipe.gpr)]
    found = [name for name, model in tables(Recipe) if name not in UNTUNED and keys_of(model)]
    others = [name for name in found if name not in steps]
    first = next(k for k, name in enumerate(found) if name in steps)
    return [*others[:first], *(name for name in steps if name in found), *others[first:]]


def _control(key: Key, schema: dict[str, Any]) -> dict[str, Any]:
    parts = [schema, *schema.get("anyOf", ())]
    choices = [
        str(value)
        for one in parts
        for value in one.get("enum", [one["const"]] if "const" in one else [])
        if isinstance(value, str)
    ]
    types = {str(one.get("type", "")) for one in parts} - {"", "null", "string"}
    limits = {name: one[name] for one in parts for name in LIMITS if name in one}
    if types == {"boolean"} and not choices:
        kind = "switch"
    elif choices and not types:
        kind = "choice"
    elif not choices and types <= {"number", "integer"} and "null" not in {one.get("type") for one in parts}:
        kind = "integer" if types == {"integer"} else "number"
    else:
        kind = "text"
    return {
        "name": key.name,
        "meaning": key.meaning,
        "unit": key.unit if key.unit != "1" else "",
        "allowed": key.allowed,
        "kind": kind,
        "choices": choices,
        "limits": limits,
        "default": key.default,
        "only": None if key.only is None else asdict(key.only),
    }


def panel_values(recipe: Recipe) -> dict[str, dict[str, Any]]:
    """Give the value of every key, and whether it has a say.

    Parameters
    ----------
    recipe
        To be shown.

    Returns
    -------
    dict
        Dotted key to ``value`` and ``read``.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, model in tables(Recipe):
        table: Any = recipe
        for part in name.split("."):
            table = getattr(table, part)
        if not isinstance(table, Table):
            continue
        for key, one in keys_of(model).items():
            found[f"{name}.{key}"] = {"value": getattr(table, key), "read": is_read(table, key, one.only)}
    return found
