"""What happens to a scan, from top to bottom: tracks, samples, the ground they swept, metal, radar, targets.

Each stage takes frozen data and its own table of the recipe, and returns a value and a log. Either sensor may fail
without the other (`dualsense.chain.steps.advance`): the ground that it leaves is not assessable, and the rest is
processed. Until their pictures meet, the sensors are independent, and are processed beside each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from dualsense import fusion, survey
from dualsense.chain.doubts import believed_ground, faults_of, in_place, of_the_whole, sampled_ground
from dualsense.chain.ground import (
    assessed_ground,
    fault_hidden,
    faults_left_out,
    hidden_ground,
    told_ground,
    within_patch,
)
from dualsense.chain.log import Log
from dualsense.chain.metal import MAPPING, SAMPLING
from dualsense.chain.provenance import collect, model_words, suspect_limits, versions
from dualsense.chain.radar_steps import IMAGING, RECORDING
from dualsense.chain.sampled import require_a_sensor, take_samples
from dualsense.chain.sight import blind_radar, seen_of, smallest_mine
from dualsense.chain.steps import Run, advance, silent
from dualsense.chain.targets import find_targets
from dualsense.chain.tracks import broken_track, head_track
from dualsense.errors import UsageError
from dualsense.recipe import Recipe
from dualsense.result import Image, Result, Volume
from dualsense.runtime.threads import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from dualsense.chain.cache import StepCache
    from dualsense.chain.metal import MetalState
    from dualsense.chain.radar import RadarState
    from dualsense.chain.steps import Passage
    from dualsense.fusion import Listing
    from dualsense.result import Coverage, Doubt, Grid, Radargram, SmallestMine, Target
    from dualsense.scan import Scan
    from dualsense.survey import Track


Picture = TypeVar("Picture", Image, Volume)


def process_scan(
    scan: Scan,
    recipe: Recipe | None = None,
    *,
    keep: Iterable[str] = (),
    cache: StepCache | None = None,
    progress: Callable[[str, float], None] | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> Result:
    """Turn a scan into images and targets.

    Parameters
    ----------
    scan
        From :func:`dualsense.io.read_scan`, an importer or the simulator.
    recipe
        Parameters of every step; None takes the defaults.
    keep
        Name or names of steps (see `step_names`) whose states are wanted, such as "background": they come as
        ``result.kept["background"]``, a `RadarState` or a `MetalState`. A sensor that failed before has none.
    cache
        Where steps whose input and parameters did not change are looked up, and the others left for the next time.
        Arrays of the scan and of the result are the cache's too then: change copies of them.
    progress
        Called with the name of the step that begins and the part done, 0-1.
    meanwhile
        Called once, when the radar is done and the metal detector may not be: to get ready what the result is for.

    Returns
    -------
    Result
        Also when nothing was found, and when one sensor is missing or failed.

    Raises
    ------
    ScanError
        When neither sensor leaves anything to process.
    UsageError
        When a step to keep is not known.
    """
    recipe = recipe or Recipe()
    run = Run(_full_names(keep), cache, progress or silent, meanwhile)
    run.progress("survey", 0.0)
    head = head_track(scan.pose, recipe.survey)
    found = process_samples(scan, recipe, head, run)
    return result_of(scan, recipe, broken_track(head), _outcome(found))


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What both chains made of a scan's samples.

    Attributes
    ----------
    cover
        Ground that each sensor measured; its grid is that of every map and volume.
    radar, metal
        Each sensor's state at its chain's end; None for one that failed.
    listing
        Targets, highest confidence first, and what was left out of their list.
    log
        What there is to say but of that.
    sight
        What would have been found where.
    doubts
        Stretches of the recording that are not believed.
    """

    cover: Coverage
    radar: RadarState | None
    metal: MetalState | None
    listing: Listing
    log: Log
    sight: SmallestMine
    doubts: tuple[Doubt, ...] = ()


def process_samples(
    scan: Scan, recipe: Recipe, head: Track, run: Run, grid: Grid | None = None, *, trusted: bool = True
) -> Findings:
    """Take the samples of a scan, or of a part of one, through both chains to targets.

    Parameters
    ----------
    scan
        The samples.
    recipe
        Parameters of every step.
    head
        The head's track at its poses.
    run
        What to keep, where to look steps up, whom to tell.
    grid
        Cells to image; None lays them around all samples.
    trusted
        Whether nothing that is known of the whole recording limits what can be said of this part of it.

    Returns
    -------
    Findings

    Raises
    ------
    ScanError
        When neither sensor leaves anything to process.
    RecipeError
        When it would take fewer suspects than the model states, and does not say that this is known.
    """
    model_words(recipe, fusion.load_model(recipe.fusion.model))  # or refuse it before anything is done
    with threadpool_limits(limits=1, user_api="blas"):  # small matrices: same bits whatever the machine's cores
        sampled = take_samples(scan, recipe, head, run, grid)
        places, swept, doubts, log = sampled.places, sampled.swept, sampled.doubts, sampled.log
        run.progress("metal and radar", 0.1)
        radars, metals = [sampled.radar], [sampled.metal]
        del sampled  # each chain holds its own state alone, and lets go of what it is done with
        (radar, radar_log), (metal, metal_log) = side_by_side(
            lambda: _imaged(radars.pop(), recipe, run),
            lambda: advance(metals.pop(), MAPPING, recipe.emi, run),
        )
        log = log + metal_log + radar_log
        require_a_sensor(scan, radar, metal, log)
        placed, said = in_place(radar.state, metal.state, swept)
        log += said
        states = (state for state in (radar.state, metal.state) if state is not None)
        later = of_the_whole((*(one for state in states for one in state.doubts), *placed), scan)
        log += Log(faults_of(later, scan))
        doubts += later
        cover, said = assessed_ground(swept, radar.state, metal.state)
        log += said
        cover = believed_ground(sampled_ground(cover, radar.state), scan, places, doubts, recipe.survey)
        cover = replace(cover, gpr=cover.gpr & ~blind_radar(cover, radar.state))
        run.progress("fusion", 0.9)
        trusted = trusted and not log.limits
        listing = find_targets(radar.state, metal.state, cover, recipe, trusted=trusted, cache=run.cache)
        hidden = hidden_ground(cover.grid, metal.state)
        cover = told_ground(cover, listing.left_out, listing.targets, hidden)
        log += Log(fault_hidden(swept, cover, hidden))
        sight = smallest_mine(
            cover,
            radar.state,
            metal.state,
            listed_m=[(one.x_m, one.y_m) for one in listing.targets],
            min_contrast=recipe.gpr.image.min_contrast,
            believed=trusted,
        )
        run.progress("done", 1.0)
    return Findings(cover, radar.state, metal.state, listing, log, sight, doubts)


def _imaged(radar: Passage[RadarState], recipe: Recipe, run: Run) -> tuple[Passage[RadarState], Log]:
    """Take the radar to its end, and then get ready what both wait for while the metal detector goes on."""
    found = advance(radar, IMAGING, recipe.gpr, run)
    fusion.load_model(recipe.fusion.model)  # which is kept, as the versions are
    versions()
    if run.meanwhile is not None:
        run.meanwhile()
    return found


def step_names() -> tuple[str, ...]:
    """Name every step whose state can be kept, in the order in which they happen.

    Returns
    -------
    tuple of str
        Such as "gpr.background" and "emi.locate". A name may be given without its sensor; one that both sensors
        have is the radar's then.
    """
    radar = tuple(f"gpr.{step.name}" for step in (*RECORDING, *IMAGING))
    return radar + tuple(f"emi.{step.name}" for step in (*SAMPLING, *MAPPING))


def _full_names(keep: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Give the full name of each step to all that it was asked for as."""
    known = step_names()
    names: dict[str, tuple[str, ...]] = {}
    for asked in (keep,) if isinstance(keep, str) else keep:
        full = next((name for name in (asked, f"gpr.{asked}", f"emi.{asked}") if name in known), None)
        if full is None:
            msg = f"no step is called {asked!r}, expected one of {', '.join(known)}"
            raise UsageError(msg)
        names[full] = (*names.get(full, ()), asked)
    return names


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a result is made of beside the scan and the recipe.

    Attributes
    ----------
    cover, targets, emi_maps, gpr_volume, radargram
        As in the result.
    permittivity
        Of the soil, and its standard deviation; NaN without radar.
    log
        Faults, notes and states that were kept.
    doubts
        Stretches of the recording that are not believed.
    sight
        What would have been found where.
    """

    cover: Coverage
    targets: tuple[Target, ...]
    emi_maps: Mapping[str, Image]
    gpr_volume: Volume | None
    radargram: Radargram | None
    permittivity: tuple[float, float]
    log: Log
    doubts: tuple[Doubt, ...] = ()
    sight: SmallestMine | None = None


def _outcome(found: Findings) -> Outcome:
    radar, metal = found.radar, found.metal
    soil = None if radar is None else radar.soil
    failed = tuple(f"{name}_" for name, state in (("gpr", radar), ("emi", metal)) if state is None)
    notes = {name: text for name, text in found.log.notes.items() if not name.startswith(failed)}
    cover = within_patch(found.cover)
    return Outcome(
        cover=cover,
        targets=found.listing.targets,
        emi_maps={} if metal is None else {name: _own(image, cover.emi) for name, image in metal.maps.items()},
        gpr_volume=None if radar is None or radar.volume is None else _own(radar.volume, cover.gpr),
        radargram=None
        if radar is None or radar.radargram is None
        else replace(radar.radargram, values=radar.radargram.values.copy()),
        permittivity=(math.nan,) * 2
        if soil is None
        else (soil.relative_permittivity, soil.relative_permittivity_std),
        log=replace(found.log, notes=notes) + Log(faults_left_out(found.listing.left_out)),
        doubts=found.doubts,
        sight=seen_of(found.sight, cover),
    )


def _own(picture: Picture, covered: NDArray[np.bool_]) -> Picture:
    """Give a picture of covered ground with values of its own: those of states are shared with the cache."""
    values = picture.values.copy()
    values[..., ~covered] = np.nan
    return replace(picture, values=values)


def result_of(scan: Scan, recipe: Recipe, track_m: NDArray[np.float64], outcome: Outcome) -> Result:
    """Put together what came of a scan.

    Parameters
    ----------
    scan
        Of which only the header and the hash are read.
    recipe
        With which it was processed.
    track_m : (p, 3)
        The head's track, broken by rows of NaN.
    outcome
        What was found.

    Returns
    -------
    Result
    """
    area_m2, sensor_coverage, both = survey.coverage_fractions(outcome.cover)
    model = fusion.load_model(recipe.fusion.model)
    threshold, detection = suspect_limits(recipe, model)
    permittivity, permittivity_std = outcome.permittivity
    return Result(
        header=scan.header,
        scan_sha256=scan.sha256,
        recipe_sha256=recipe.sha256,
        model=model_words(recipe, model),
        area_m2=area_m2,
        coverage_fraction=both,
        sensor_coverage=sensor_coverage,
        coverage=outcome.cover,
        track_m=track_m,
        targets=outcome.targets,
        emi_maps=outcome.emi_maps,
        gpr_volume=outcome.gpr_volume,
        relative_permittivity=permittivity,
        relative_permittivity_std=permittivity_std,
        faults=outcome.log.faults,
        provenance=collect(scan, recipe, model) | dict(outcome.log.notes),
        radargram=outcome.radargram,
        suspect_threshold=threshold,
        stated_detection=detection,
        kept=outcome.log.kept,
        doubts=outcome.doubts,
        smallest_mine=outcome.sight,
    )
