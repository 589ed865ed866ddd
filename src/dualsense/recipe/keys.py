"""What is known of each key of the recipe beside its value: unit, kind, default, allowed range, meaning.

All of it is read off the tables themselves, so that the printed recipe, its schema and the documentation agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from dualsense.recipe.base import Only, Table, Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

_LIMITS = {"ge": "from {}", "gt": "over {}", "le": "up to {}", "lt": "under {}"}
_UNITS = {"_db_s": "dB/s", "_db_m": "dB/m", "_s_m": "s/m", "_hz": "Hz", "_db": "dB", "_m": "m", "_s": "s"}
"""By the end of a key's name, the longer ends first."""
_KINDS = {int: "integer", float: "number", bool: "true or false", str: "text"}


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a table of the recipe.

    Attributes
    ----------
    name
        Without its table.
    default
        What it is where nothing else is given; None means unset.
    kinds
        Of values that it takes: names of types, and in TOML the words that it may be.
    range
        Of its numbers, in words; empty where there is none.
    unit
        Of its numbers, "1" without one; empty for a key that takes no number.
    meaning
        In one line.
    only
        While which other key of the table has which values the key is read; None for always.
    """

    name: str
    default: Any
    kinds: tuple[str, ...]
    range: str
    unit: str
    meaning: str
    only: Only | None

    @property
    def allowed(self) -> str:
        """Unit, kinds and range as one phrase."""
        limited = {"number": self.range, "integer": f"integer {self.range}"} if self.range else {}
        said = " or ".join(limited.get(kind, kind) for kind in self.kinds)
        return f"{self.unit}; {said}" if self.unit not in ("", "1") else said


def tables(model: type[Table], prefix: str = "") -> Iterator[tuple[str, type[Table]]]:
    """Yield every table by its dotted name, in the order of the file.

    Parameters
    ----------
    model
        The whole recipe, or one table of it.
    prefix
        Its own name, empty for the whole.
    """
    if prefix:
        yield prefix, model
    for key, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Table):
            yield from tables(field.annotation, f"{prefix}.{key}" if prefix else key)


def keys_of(model: type[Table]) -> dict[str, Key]:
    """Give the keys of a table that are values, by their names.

    Parameters
    ----------
    model
        Of a table.

    Returns
    -------
    dict
        In their order.
    """
    return dict(_keys(model))


@cache
def _keys(model: type[Table]) -> dict[str, Key]:
    """Read the keys off a table, once: tables do not change."""
    return {
        name: _key(name, field)
        for name, field in model.model_fields.items()
        if not (isinstance(field.annotation, type) and issubclass(field.annotation, Table))
    }


def is_read(table: Table, name: str, only: Only | None) -> bool:
    """Tell whether a key has a say, by the other keys of its table.

    Parameters
    ----------
    table
        With its values.
    name
        Of the key.
    only
        What stands beside it.
    """
    if name != "on" and not getattr(table, "on", True):
        return False
    return only is None or getattr(table, only.key) in only.values


def toml_value(value: object) -> str:
    """Write a value as TOML does."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(toml_value(item) for item in value)}]"
    return repr(value)


def _key(name: str, field: FieldInfo) -> Key:
    kinds = tuple(_names(field.annotation))
    given = [item for item in field.metadata if isinstance(item, Unit)]
    numeric = any(kind in ("number", "integer") for kind in kinds)
    unit = given[0].symbol if given else _unit(name) if numeric else ""
    only = next((item for item in field.metadata if isinstance(item, Only)), None)
    return Key(name, field.default, kinds, _range(field), unit, field.description or "", only)


def _unit(name: str) -> str:
    return next((unit for end, unit in _UNITS.items() if name.endswith(end)), "1")


def _metadata(annotation: Any) -> list[Any]:
    """Constraints of a type, those of its parts included."""
    found = list(getattr(annotation, "__metadata__", ()))
    for part in get_args(annotation):
        if get_origin(annotation) is not Literal:
            found += _metadata(part)
    return [inner for item in found for inner in getattr(item, "metadata", [item])]


def _names(annotation: Any) -> list[str]:
    if get_origin(annotation) is Literal:
        return [toml_value(value) for value in get_args(annotation)]
    if annotation in _KINDS:
        return [_KINDS[annotation]]
    if annotation is type(None):
        return ["unset"]
    if get_origin(annotation) is tuple:
        inner = [" or ".join(_names(part)) for part in get_args(annotation) if part is not Ellipsis]
        return [f"list of {inner[0]}" if Ellipsis in get_args(annotation) else f"[{', '.join(inner)}]"]
    if hasattr(annotation, "__metadata__"):
        return _names(get_args(annotation)[0])
    parts = get_args(annotation)
    if not parts:
        msg = f"no words for the type {annotation!r} of a recipe key"
        raise TypeError(msg)
    return list(dict.fromkeys(name for part in parts for name in _names(part)))


def _range(field: FieldInfo) -> str:
    if get_origin(field.annotation) is tuple:
        return ""  # of several numbers, each with a range of its own: the meaning says
    items = (*field.metadata, *_metadata(field.annotation))
    limits = {name: f"{v:g}" for item in items for name in _LIMITS if (v := getattr(item, name, None)) is not None}
    if limits.keys() == {"ge", "le"}:
        return f"{limits['ge']} to {limits['le']}"
    return ", ".join(words.format(limits[name]) for name, words in _LIMITS.items() if name in limits)
