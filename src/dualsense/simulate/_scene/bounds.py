"""Bounds of a scene's values; what is out of them is refused with its key."""

from __future__ import annotations

from typing import Any, NoReturn

from dualsense.errors import RecipeError

Vector = tuple[float, float, float]


def at_least(thing: Any, bound: float, *names: str) -> None:
    """Refuse a part of a scene of which a field is less than ``bound`` (or NaN)."""
    for name in names:
        if not getattr(thing, name) >= bound:
            refuse(thing, name, f"at least {bound:g}")


def at_most(thing: Any, bound: float, *names: str) -> None:
    """Refuse a part of a scene of which a field is more than ``bound``: nobody waits for it."""
    for name in names:
        if not getattr(thing, name) <= bound:
            refuse(thing, name, f"at most {bound:g}")


def above(thing: Any, bound: float, *names: str) -> None:
    """Refuse a part of a scene of which a field is not greater than ``bound``."""
    for name in names:
        if not getattr(thing, name) > bound:
            refuse(thing, name, f"greater than {bound:g}")


def part(thing: Any, *names: str) -> None:
    """Refuse a part of a scene of which a field is no part of a whole: 0 to less than 1."""
    for name in names:
        if not 0 <= getattr(thing, name) < 1:
            refuse(thing, name, "at least 0 and less than 1")


def refuse(thing: Any, name: str, wanted: str) -> NoReturn:
    """Raise `RecipeError` with the key, what it holds and what is wanted."""
    msg = f"{type(thing).__name__.lower()}.{name} must be {wanted}, got {getattr(thing, name)}"
    raise RecipeError(msg)
