"""From a recording to samples of both sensors that are believed, and the ground that they swept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dualsense.chain.doubts import screen
from dualsense.chain.ground import sample_places, swept_ground
from dualsense.chain.log import Log
from dualsense.chain.metal import SAMPLING, begin_metal
from dualsense.chain.radar import begin_radar
from dualsense.chain.radar_steps import recording_steps
from dualsense.chain.steps import advance, spared
from dualsense.errors import ScanError
from dualsense.runtime.threads import side_by_side

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualsense.chain.metal import MetalState
    from dualsense.chain.radar import RadarState
    from dualsense.chain.steps import Passage, Run
    from dualsense.chain.tracks import Places
    from dualsense.recipe import Recipe
    from dualsense.result import Coverage, Doubt, Grid
    from dualsense.scan import Scan, SensorName
    from dualsense.survey import Track


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """Both sensors at the point from which on they need to know what ground was swept.

    Attributes
    ----------
    radar, metal
        Each sensor's samples, over that ground; without a state for one that is missing or failed.
    places
        Where they were taken.
    swept
        The ground, and the grid of all maps and volumes.
    doubts
        Stretches of the recording that are not believed.
    log
        What there is to say so far.
    """

    radar: Passage[RadarState]
    metal: Passage[MetalState]
    places: Mapping[SensorName, Places]
    swept: Coverage
    doubts: tuple[Doubt, ...]
    log: Log


def take_samples(whole: Scan, recipe: Recipe, head: Track, run: Run, grid: Grid | None = None) -> Sampled:
    """Look a recording over, and take both sensors up to the ground that they swept.

    Parameters
    ----------
    whole
        The recording.
    recipe, head, run, grid
        As for `dualsense.chain.process.process_samples`.

    Returns
    -------
    Sampled

    Raises
    ------
    ScanError
        When neither sensor leaves anything to process.
    """
    seen = ("screen", whole.header, whole.gpr, whole.emi, whole.pose, head)
    scan, doubts, said = spared(run, seen, lambda: screen(whole, head))
    log = Log(whole.faults) + said
    (radar, radar_log), (metal, metal_log) = side_by_side(
        lambda: advance(begin_radar(scan, recipe.survey, run), recording_steps(recipe.gpr), recipe.gpr, run),
        lambda: advance(begin_metal(scan, recipe.survey, run), SAMPLING, recipe.emi, run),
    )
    log = log + radar_log + metal_log
    require_a_sensor(scan, radar, metal, log)
    places = sample_places(radar.state, metal.state)
    of = ("swept", radar.key, metal.key, head, recipe.survey.model_dump(), grid)
    swept = spared(run, of, lambda: swept_ground(head, places, recipe.survey, grid))
    return Sampled(radar.over(swept), metal.over(swept), places, swept, doubts, log)


def require_a_sensor(scan: Scan, radar: Passage[RadarState], metal: Passage[MetalState], log: Log) -> None:
    """Refuse a scan of which no sensor is left.

    Parameters
    ----------
    scan
        Named in the error.
    radar, metal
        How far each sensor has come.
    log
        With all that made them fail.

    Raises
    ------
    ScanError
        None is left.
    """
    if radar.state is None and metal.state is None:
        msg = f"{scan.header.scan_id}: no sensor can be processed: {log.failures or 'it holds neither sensor'}"
        raise ScanError(msg)
