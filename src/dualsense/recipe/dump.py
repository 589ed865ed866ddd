"""Any table of the recipe as TOML, every key with a comment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualsense.recipe.base import Table

if TYPE_CHECKING:
    from collections.abc import Iterator


def dump_recipe(recipe: Table) -> str:
    """Full TOML text of a recipe; `load_recipe` reads it back unchanged.

    Parameters
    ----------
    recipe
        The whole recipe, or one table of it.

    Returns
    -------
    str
        Every key with its value, and what it means as a comment.
    """
    return "\n".join(_lines(recipe, ""))


def _lines(table: Table, prefix: str) -> Iterator[str]:
    plain = [(k, v) for k, v in table if not isinstance(v, Table)]
    if plain:
        doc = (type(table).__doc__ or "").strip()
        yield f"[{prefix}]  # {doc}"
        for key, value in plain:
            about = type(table).model_fields[key].description or ""
            if value is None:
                yield f"# {key} =  # {about}"
            else:
                yield f"{key} = {_toml(value)}  # {about}"
        yield ""
    for key, value in table:
        if isinstance(value, Table):
            yield from _lines(value, f"{prefix}.{key}" if prefix else key)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return repr(value)
