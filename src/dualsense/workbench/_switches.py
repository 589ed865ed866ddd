"""What turns a step off, and which steps may change places, worded as changes of the recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from dualsense.errors import RecipeError, UsageError
from dualsense.recipe import radar_steps
from dualsense.recipe.gpr_steps import SampleStep, SoundingStep
from dualsense.recipe.keys import toml_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualsense.recipe import Recipe

GROUPS: Mapping[str, tuple[str, ...]] = {"samples": get_args(SampleStep), "soundings": get_args(SoundingStep)}
"""Steps of the radar that may change places, by the key of ``gpr.order`` that says so."""
IDLE: Mapping[str, tuple[str, Any]] = {
    "gpr.background": ("gpr.background.method", "none"),
    "emi.latency": ("emi.latency.delay_s", 0.0),
    "emi.calibrate": ("emi.calibrate.bin_m", 0.0),
}
"""Steps without a switch of their own: the key that turns them off, and its value then."""


def is_on(step: str, recipe: Recipe) -> bool | None:
    """Tell whether a step happens; None for one that cannot be switched."""
    if step in IDLE:
        key, idle = IDLE[step]
        return bool(_value(recipe, key) != idle)
    found = getattr(_table(recipe, step), "on", None)
    return None if found is None else bool(found)


def switch_text(step: str, first: Recipe, *, on: bool) -> str:
    """Word the change that turns a step on or off.

    Parameters
    ----------
    step
        Full name.
    first
        Recipe that the session began with: what is turned on comes back as it was there.
    on
        Whether it is to happen.

    Returns
    -------
    str

    Raises
    ------
    UsageError
        There is no such step, or those after it need what it gives.
    """
    if step in IDLE:
        key, idle = IDLE[step]
        usual = _value(first, key)
        back = "unset" if usual == idle else toml_value(usual)
        return f"{key}={back if on else toml_value(idle)}"
    if is_on(step, first) is None:
        msg = f"{step} cannot be switched: the steps after it need what it gives"
        raise UsageError(msg)
    return f"{step}.on={toml_value(on)}"


def move_text(step: str, by: int, recipe: Recipe) -> str:
    """Word the change that lets a step happen earlier or later; see `Tuning.move`."""
    name = step.removeprefix("gpr.")
    group = next((key for key, names in GROUPS.items() if name in names), None)
    if group is None or not step.startswith("gpr."):
        msg = f"{step} cannot change its place: it needs what stands before it, or gives what stands behind it"
        raise UsageError(msg)
    order = [one.name for one in radar_steps(recipe.gpr) if one.name in GROUPS[group]]
    place = order.index(name)
    order.insert(min(max(place + by, 0), len(order) - 1), order.pop(place))
    usual = tuple(order) == GROUPS[group]
    return f"gpr.order.{group}={'unset' if usual else toml_value(tuple(order))}"


def _table(recipe: Recipe, name: str) -> Any:
    table: Any = recipe
    for part in name.split("."):
        table = getattr(table, part, None)
        if table is None:
            break
    return table


def _value(recipe: Recipe, key: str) -> Any:
    table, _, name = key.rpartition(".")
    found = _table(recipe, table)
    if found is None or not hasattr(found, name):
        msg = f"recipe: {key}: unknown key"
        raise RecipeError(msg)
    return getattr(found, name)
