"""What every table of the recipe is: frozen, strict about keys and numbers, with ranges in SI units."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Iterator

Length = Annotated[float, Field(gt=0.0, le=10.0)]
Seconds = Annotated[float, Field(gt=0.0, le=1e-6)]
Moment = Annotated[float | None, Field(ge=-1e-5, le=1e-5)]
Hertz = Annotated[float, Field(ge=0.0, le=100e9)]


@dataclass(frozen=True, slots=True)
class Only:
    """Beside a key that is read only while another key of its table has one of some values.

    Attributes
    ----------
    key
        The other key.
    values
        While it is one of these.
    """

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """Beside a key whose name does not end with its unit."""

    symbol: str


class Table(BaseModel):
    """Frozen, and strict about keys and numbers; shown by what differs from the defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        """Yield what `repr` and `str` show."""
        for key, value, _ in changes(self, type(self).model_construct()):
            yield key, value

    def _repr_html_(self) -> str:
        """Return a table of what differs from the defaults, for notebooks."""
        rows = "".join(
            f"<tr><th>{escape(key)}</th><td>{escape(repr(value))}</td><td>{escape(repr(default))}</td></tr>"
            for key, value, default in changes(self, type(self).model_construct())
        )
        head = "<tr><th>key</th><th>value</th><th>default</th></tr>" if rows else ""
        caption = escape(type(self).__name__) + ("" if rows else ": every value is the default")
        return f"<table><caption>{caption}</caption>{head}{rows}</table>"


def changes(table: Table, default: Table, prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the dotted key, value and default of everything in which a table differs from another of its kind."""
    for key, value in table:
        usual = getattr(default, key)
        if isinstance(value, Table):
            yield from changes(value, usual, f"{prefix}{key}.")
        elif value != usual:
            yield f"{prefix}{key}", value, usual


class Step(Table):
    """A step that is off by default."""

    on: Annotated[bool, Field(description="whether this step happens")] = False
