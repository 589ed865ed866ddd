"""When a change of the recipe is worth a picture ahead of the result, and what there is to look at then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dualsense.chain import glance_at
from dualsense.recipe.base import changes
from dualsense.workbench._steps import Steps, steps_of, views_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dualsense.result import Image, Volume
    from dualsense.scan import SensorName
    from dualsense.workbench._tune import Tuning

SOON = ("gpr.image", "gpr.gain", "gpr.radargram", "emi.locate", "emi.image", "fusion")
"""Tables of steps after which the whole result is as soon there as a picture of it would be."""
APART = ("survey",)
"""Tables on which the ground hangs that the picture is of: no picture of another is like it."""


def glance(
    tuning: Tuning, step: str, *, at_m: tuple[float, float] | None, depth_m: float | None
) -> tuple[Steps, Image | Volume] | None:
    """Make the picture of a change ahead of its result.

    Parameters
    ----------
    tuning
        The session.
    step
        That is looked at: where both sensors' tables changed, its sensor is shown.
    at_m, depth_m
        As for `look_inside`.

    Returns
    -------
    steps, picture
        With the result before the change, and of the steps the one that is looked at where it comes before the
        picture. None where the result is known already, comes as soon, or there is no short way to a picture.
    """
    before = tuning.before()
    if before is None:
        return None
    last, result = before
    sensor = sensor_of((key for key, _, _ in changes(tuning.recipe, last)), step)
    if sensor is None:
        return None
    there = steps_of(result, last, at_m, depth_m, step)
    found = glance_at(tuning.scan, tuning.recipe, result, sensor=sensor, depth_m=there.depth_m, cache=tuning.cache)
    if found is None:
        return None
    return replace(there, views=views_of(found.kept, tuning.recipe, step)), found.picture


def sensor_of(keys: Iterable[str], step: str) -> SensorName | None:
    """Tell whose picture shows what a change did; None where none would come ahead of the result.

    Parameters
    ----------
    keys
        Of the recipe, that changed.
    step
        That is looked at.

    Returns
    -------
    "gpr", "emi" or None
    """
    tables = {key.rpartition(".")[0] for key in keys}
    if any(table in APART for table in tables):
        return None
    early = {table.partition(".")[0] for table in tables if table not in SOON}
    own = step.partition(".")[0]
    for sensor in ("gpr", "emi"):
        if early == {sensor} or (sensor in early and own == sensor):
            return "gpr" if sensor == "gpr" else "emi"
    return None
