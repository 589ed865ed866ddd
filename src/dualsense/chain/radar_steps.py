"""The radar's chain as the recipe's table of steps has it: each named step with the stage that takes it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dualsense.chain import bodies, imaging, recording
from dualsense.chain.radar import take_samples_step, take_soundings_step
from dualsense.chain.steps import ChainStep
from dualsense.recipe import radar_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dualsense.chain.log import Log
    from dualsense.chain.radar import RadarState
    from dualsense.recipe.gpr import Gpr, RadarStep

    Take = Callable[[RadarStep, RadarState, Gpr], tuple[RadarState | None, Log]]
    Stage = Callable[[RadarState, Gpr], tuple[RadarState | None, Log]]

_BY_NAME: Mapping[str, Stage] = {
    "calibrate": recording.calibrate_recording,
    "surface": imaging.find_ground,
    "height": imaging.level_heights,
    "traces": imaging.make_traces,
    "soil": imaging.find_soil,
    "migrate": imaging.migrate_traces,
    "image": bodies.list_bodies,
}
"""Steps that do more than one function of `dualsense.gpr`."""
_WITH_FACTS: Mapping[str, Take] = {
    "background": imaging.remove_common,
    "gain": imaging.raise_shown,
    "radargram": imaging.draw_radargram,
}
_BY_DATA: Mapping[str, Take] = {"samples": take_samples_step, "soundings": take_soundings_step}

_DONE_WITH: Mapping[str, tuple[str, ...]] = {
    "calibrate": ("conditioned",),
    "surface": ("bare",),
    "background": ("calibrated",),
    "radargram": ("shown",),
    "image": ("traces", "migrated"),
}
"""What no step after these reads: arrays as large as the recording, and the volume with its phases."""


_ASIDE: Mapping[str, tuple[str, ...]] = {"gain": ("shown",), "radargram": ("radargram",)}
"""What is for the eye alone."""


def _stage(step: RadarStep) -> Stage:
    if step.name in _BY_NAME:
        return _BY_NAME[step.name]
    return partial(_WITH_FACTS.get(step.name) or _BY_DATA[step.facts.data], step)


def _chain() -> tuple[ChainStep[RadarState, Gpr], ...]:
    named = radar_steps()
    samples = tuple(step.name for step in named if step.needs_time_samples)
    steps = (
        ChainStep(
            step.name,
            _stage(step),
            (step.name, *step.facts.reads),
            _DONE_WITH.get(step.name, ()),
            _ASIDE.get(step.name, ()),
        )
        for step in named
    )
    return (ChainStep("inspect", recording.inspect_recording, samples), *steps)


CHAIN = _chain()
_SURFACE = [step.name for step in CHAIN].index("surface")
RECORDING, IMAGING = CHAIN[:_SURFACE], CHAIN[_SURFACE:]
"""Before it is known what ground was swept, and after; all that may change places stands in the first."""
_NAMED = {step.name: step for step in RECORDING}


def recording_steps(tables: Gpr) -> tuple[ChainStep[RadarState, Gpr], ...]:
    """Give the steps of `RECORDING` in the order that a recipe wants.

    Parameters
    ----------
    tables
        The radar's part of it.

    Returns
    -------
    tuple of ChainStep
    """
    if tables.order == type(tables.order)():
        return RECORDING
    names = (step.name for step in radar_steps(tables))
    return (RECORDING[0], *(_NAMED[name] for name in names if name in _NAMED))
