"""Recipes from TOML, and one error that names every key that is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dualsense.errors import RecipeError, short_line
from dualsense.recipe.document import Recipe
from dualsense.runtime.toml import MAX_DEPTH, TomlError, parse_toml, read_toml

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN = 200
"""Characters of what was given that a message quotes."""
UNSET = "unset"
"""As a value of an override: the key's default, whatever the file has."""


def load_recipe(path: Path | str | None = None, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe and apply ``key=value`` overrides.

    Parameters
    ----------
    path
        TOML file; None starts from the defaults. Keys that are not given keep their default.
    overrides
        Such as ``"gpr.background.radius_m=0.2"``; the value is TOML, a bare word a string. The word
        "unset" takes a key back to its default.

    Raises
    ------
    RecipeError
        Naming the file and the key, what it holds and what is allowed.
    """
    name = "recipe" if path is None else Path(path).name
    tree = {} if path is None else _read(Path(path))
    for override in overrides:
        _apply(tree, override)
    try:
        return Recipe.model_validate(tree)
    except ValidationError as error:
        msg = short_line(f"{name}: {_explain(error)}")
        raise RecipeError(msg) from None


def parse_recipe(text: str) -> Recipe:
    """Read a recipe from TOML as text, such as a result keeps beside its hash.

    Parameters
    ----------
    text
        Of a whole document; keys that are not given keep their default.

    Raises
    ------
    RecipeError
        Naming the key, what it holds and what is allowed.
    """
    try:
        return Recipe.model_validate(parse_toml(text))
    except TomlError as error:
        msg = short_line(f"recipe: {error}")
        raise RecipeError(msg) from None
    except ValidationError as error:
        msg = short_line(f"recipe: {_explain(error)}")
        raise RecipeError(msg) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path)
    except TomlError as error:
        msg = short_line(f"{path.name}: {error}")
        raise RecipeError(msg) from None


def _apply(tree: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    parts = [part.strip() for part in key.split(".")]
    if not equals or not all(parts) or len(parts) > MAX_DEPTH:
        msg = f"--set {override[:SHOWN]}: expected key=value, such as gpr.background.radius_m=0.2"
        raise RecipeError(msg)
    try:
        value = parse_toml(f"value = {text.strip()}")["value"]
    except TomlError:
        value = text.strip()
    table = tree
    for part in parts[:-1]:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            msg = f"--set {override[:SHOWN]}: {part} is a value, not a table"
            raise RecipeError(msg)
    if value == UNSET:
        table.pop(parts[-1], None)
    else:
        table[parts[-1]] = value


def _explain(error: ValidationError) -> str:
    found = []
    for item in error.errors(include_url=False):
        where = [str(part) for part in item["loc"]]
        while where and (
            where[-1] in {"float", "literal['auto']"} or where[-1].startswith(("constrained", "literal["))
        ):
            where.pop()
        key = ".".join(where) or "recipe"
        text = f"{key}: {item['msg']}"
        if item["type"] == "extra_forbidden":
            text = f"{key[:SHOWN]}: unknown key{_suggest(where)}"
        elif item["type"] not in {"value_error", "missing"}:
            text += f", got {item['input']!r:.{SHOWN}}"
        if text not in found:
            found.append(text)
    return "; ".join(found)


def _suggest(where: list[str]) -> str:
    import difflib  # noqa: PLC0415

    table: Any = Recipe
    for part in where[:-1]:
        table = table.model_fields[part].annotation
    known = list(table.model_fields)
    close = difflib.get_close_matches(where[-1], known, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(known)}"
