"""Any table of the recipe as TOML, every key with its meaning, unit and range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualsense.recipe.base import Table
from dualsense.recipe.keys import keys_of, toml_value

if TYPE_CHECKING:
    from collections.abc import Iterator


def dump_recipe(recipe: Table, *, comments: bool = True) -> str:
    """Full TOML text of a recipe; `load_recipe` reads it back unchanged.

    Parameters
    ----------
    recipe
        The whole recipe, or one table of it.
    comments
        Whether each key says what it means, its unit and what is allowed. Without them keys that are unset are
        left out, and the text is what the recipe's hash is taken of.

    Returns
    -------
    str
        Every key with its value.
    """
    return "\n".join(_lines(recipe, "", comments=comments))


def _lines(table: Table, prefix: str, *, comments: bool) -> Iterator[str]:
    plain = [(k, v) for k, v in table if not isinstance(v, Table)]
    if plain and (comments or any(value is not None for _, value in plain)):
        known = keys_of(type(table)) if comments else {}
        yield f"[{prefix}]" + (f"  # {(type(table).__doc__ or '').strip()}" if comments else "")
        for key, value in plain:
            about = f"  # {known[key].meaning} [{known[key].allowed}]" if comments else ""
            if value is not None:
                yield f"{key} = {toml_value(value)}{about}"
            elif comments:
                yield f"# {key} ={about}"
        yield ""
    for key, value in table:
        if isinstance(value, Table):
            yield from _lines(value, f"{prefix}.{key}" if prefix else key, comments=comments)
