"""The recipe as a JSON Schema, made from its own tables."""

from __future__ import annotations

from typing import Any

from dualsense.recipe.document import Recipe
from dualsense.recipe.keys import keys_of, tables

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def recipe_schema() -> dict[str, Any]:
    """Describe every table and key: type, default, allowed range, meaning, and as ``unit`` the unit of numbers.

    Returns
    -------
    dict
        A JSON Schema (2020-12) that a recipe satisfies when it is read from TOML. What must hold between several
        values of a table (such as a lower corner below the upper) is checked by `load_recipe` alone. ``readWhile``
        beside a key names the values of another key of its table while it has a say.
    """
    found = Recipe.model_json_schema()
    known = found["$defs"]
    for _, model in tables(Recipe):
        entries = known[model.__name__]["properties"]
        for name, key in keys_of(model).items():
            if key.unit:
                entries[name]["unit"] = key.unit
            if key.only is not None:
                entries[name]["readWhile"] = {key.only.key: list(key.only.values)}
    for table in (found, *known.values()):
        for entry in table["properties"].values():
            if "$ref" in entry:  # its keys carry their own defaults
                entry.pop("default", None)
    return {"$schema": DIALECT, **found, "title": "dualsense recipe"}
