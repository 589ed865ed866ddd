"""A recording of any length to a result: in one piece where it is short, else tile by tile.

Time grows with the ground, and memory hardly: what is held at once are the samples and states of one tile, and the
pictures of the whole. A result of tiles is a result like any other; `docs/methods/long-scans.md` says where it may
differ from that of one piece.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from dualsense import survey
from dualsense.chain.agree import Agreed, agree, joined_permittivity
from dualsense.chain.ground import faults_left_out, told_ground, within_patch
from dualsense.chain.joined import Said, join_faults, join_notes, join_targets
from dualsense.chain.log import Log
from dualsense.chain.mosaic import Mosaic, Seams
from dualsense.chain.process import Outcome, process_samples, process_scan, result_of
from dualsense.chain.sight import nothing_told, seen_of, told_maps
from dualsense.chain.steps import NUMERICAL, Run, silent, taken
from dualsense.chain.tiles import Plan, Tiling, plan_tiles
from dualsense.chain.tracks import absent, broken_track, head_track, lines_of
from dualsense.errors import ScanError
from dualsense.faults import fault
from dualsense.io import HeldRecording
from dualsense.recipe import Recipe
from dualsense.result import Coverage, Image, Radargram, Volume
from dualsense.runtime.memory import give_back
from dualsense.scan import Scan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from dualsense.chain.process import Findings
    from dualsense.chain.tiles import Samples, Tile
    from dualsense.io import Recording
    from dualsense.recipe.survey import Survey
    from dualsense.result import Doubt, Result, Target
    from dualsense.scan import SensorName

logger = logging.getLogger(__name__)

_SENSORS: tuple[SensorName, ...] = ("gpr", "emi")
AGREED = 0.05
"""Part of the work that is done when the tiles begin."""


def process_recording(
    recording: Recording | Scan,
    recipe: Recipe | None = None,
    *,
    tiling: Tiling | None = None,
    progress: Callable[[str, float], None] | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> Result:
    """Turn a recording of any length into images and targets.

    Parameters
    ----------
    recording
        From :func:`dualsense.io.open_recording`, or a scan in memory.
    recipe
        Parameters of every step; None takes the defaults.
    tiling
        From how much ground on a scan is cut, and how; None takes the defaults.
    progress
        Called with the name of what begins and the part done, 0-1.
    meanwhile
        As for :func:`process_scan`, of a short scan; of a long one there is time enough at its end.

    Returns
    -------
    Result
        Of a short scan that of :func:`process_scan`.

    Raises
    ------
    ScanError
        When neither sensor leaves anything to process.
    """
    held: Recording = HeldRecording(recording) if isinstance(recording, Scan) else recording
    recipe, tell = recipe or Recipe(), progress or silent
    if lines_of(held.outline) is not None:  # what tells the time zero and the soil of a line is all of it
        return process_scan(held.whole(), recipe, progress=progress, meanwhile=meanwhile)
    try:
        plan = plan_tiles(held.outline, recipe, tiling or Tiling())
    except ScanError:  # nothing has a place, or the map is too large: the chain says so in its own order
        return process_scan(held.whole(), recipe, progress=progress, meanwhile=meanwhile)
    if plan.in_one_piece:
        return process_scan(held.whole(), recipe, progress=progress, meanwhile=meanwhile)
    tell("what tiles have in common", 0.0)
    agreed = agree(held, plan, recipe)
    joined, count = _Joined(plan, held.outline, recipe.survey), len(plan.tiles)
    for number, tile in enumerate(plan.tiles):
        tell(f"tile {number + 1} of {count}", AGREED + (1.0 - AGREED) * number / count)
        _process_tile(held, plan, tile, agreed, joined)
        give_back()
    tell("done", 1.0)
    track = head_track(held.outline.pose, recipe.survey)
    outcome = joined.outcome(agreed, track.position_m)
    del joined  # what is only for joining goes before the result is written
    give_back()
    return result_of(held.outline, recipe, broken_track(track), outcome)


def _process_tile(held: Recording, plan: Plan, tile: Tile, agreed: Agreed, joined: _Joined) -> None:
    """Add what is found on a tile to what was found on others; what limits the whole limits it, too."""
    recipe, trusted = agreed.recipe, not (Log(held.outline.faults) + agreed.log).limits
    samples = plan.samples_of(tile, held.outline, recipe)
    part = held.part(gpr=samples.gpr, emi=samples.emi, pose=samples.pose)
    try:
        head = survey.track_at(part.pose, part.pose.time_s, smoothing_s=0.0)
        found = process_samples(part, recipe, head, Run(), plan.grid_of(tile), trusted=trusted)
    except (ScanError, *NUMERICAL) as error:
        logger.warning("tile %d of %d failed", plan.tiles.index(tile) + 1, len(plan.tiles), exc_info=error)
        joined.leave_out(error if isinstance(error, ScanError) else ScanError(str(error)), samples)
    else:
        joined.add(tile, samples, found)


class _Joined:
    """What was found on the tiles so far."""

    def __init__(self, plan: Plan, outline: Scan, tables: Survey) -> None:
        self._plan, self._outline, self._survey, self._seams = plan, outline, tables, Seams(plan)
        self._covered = {name: np.zeros(self._seams.shape, dtype=bool) for name in ("emi", "gpr")}
        self._images: dict[str, tuple[Mosaic, Image]] = {}
        self._volume: tuple[Mosaic, Volume] | None = None
        self._targets: list[tuple[Tile, tuple[Target, ...]]] = []
        self._partly: list[Tile] = []
        self._said: list[Said] = []
        self._errors: list[ScanError] = []
        self._notes: list[Mapping[str, str]] = []
        self._soils: list[tuple[float, float]] = []
        self._doubts: tuple[Doubt, ...] = ()
        self._left_out: list[Target] = []
        self._sight = nothing_told(self._plan.grid)
        self._radargrams: list[tuple[NDArray[np.float64], Radargram]] = []

    def leave_out(self, error: ScanError, samples: Samples) -> None:
        """Note a tile on which neither sensor leaves anything: its ground is not assessed."""
        self._errors.append(error)
        present = [name for name in _SENSORS if getattr(self._outline, name) is not None]
        lost = tuple(
            fault("processing-failed", sensor=name, path=f"/{name}", cause=str(error)) for name in present
        )
        self._said.append(Said(lost, samples.gpr_share, samples.emi_share))

    def add(self, tile: Tile, samples: Samples, found: Findings) -> None:
        """Take over what was found on a tile."""
        here = tile.core.within(tile.image)
        for name, mask in (("emi", found.cover.emi), ("gpr", found.cover.gpr)):
            self._covered[name][tile.core.cells] = mask[here]
        for whole, part in zip(told_maps(self._sight), told_maps(found.sight), strict=True):
            whole[(..., *tile.core.cells)] = part[(..., *here)]
        radar, metal = found.radar, found.metal
        for name, image in ({} if metal is None else metal.maps).items():
            if name not in self._images:
                self._images[name] = Mosaic(self._seams, 1, blend=image.units != "rad"), image
            self._images[name][0].add(tile, image.values)
        if radar is not None and radar.volume is not None:
            if self._volume is None:
                self._volume = Mosaic(self._seams, radar.volume.depth_m.size), radar.volume
            self._volume[0].add(tile, radar.volume.values)
        if radar is not None and radar.soil is not None:
            self._soils.append((radar.soil.relative_permittivity, radar.soil.relative_permittivity_std))
        if radar is not None and radar.radargram is not None:
            time_s, picture = taken(radar.soundings).time_s, radar.radargram
            own = np.array([tile.depth_inside_m(x, y) >= 0.0 for x, y in picture.position_m[:, :2]], dtype=bool)
            self._radargrams.append((time_s[own], _rows(picture, own)))
        self._targets.append((tile, found.listing.targets))
        self._left_out += [t for t in found.listing.left_out if tile.depth_inside_m(t.x_m, t.y_m) >= 0.0]
        states = {"gpr": radar, "emi": metal}
        if any(states[name] is None and getattr(self._outline, name) is not None for name in _SENSORS):
            self._partly.append(tile)
        lost = tuple(one for one in found.log.faults if one.code != "sensor-absent")
        self._said.append(Said(lost, samples.gpr_share, samples.emi_share))
        self._notes.append(found.log.notes)
        self._doubts += found.doubts

    def outcome(self, agreed: Agreed, head_m: NDArray[np.float64]) -> Outcome:
        """Join everything; the patch is spanned by the head's track (p, 3) and the samples."""
        if len(self._errors) == len(self._said):
            raise self._errors[0]
        cover = told_ground(within_patch(self._cover(head_m)), self._left_out)
        self._covered = {"emi": cover.emi, "gpr": cover.gpr}
        log = Log(self._outline.faults)
        for name in _SENSORS:
            log += absent(self._outline, name) if getattr(self._outline, name) is None else Log()
        own = ("emi_latency_corrected_s",) if agreed.recipe.emi.latency.delay_s == 0.0 else ()
        notes = {name: text for name, text in join_notes(self._notes).items() if name not in own}
        log += agreed.log + Log(join_faults(self._said), notes | {"tiles": self._tiles_text()})
        soil = agreed.permittivity
        if soil is None:
            soil = joined_permittivity(self._soils)[:2] if self._soils else (float("nan"),) * 2
        targets, unconfirmed = join_targets(self._targets, self._partly)
        if unconfirmed:
            places = ", ".join(sorted(f"{t.x_m:.2f}:{t.y_m:.2f}" for t in unconfirmed))
            log += Log(
                notes={"tiles_unconfirmed": f"{len(unconfirmed)} weak targets of one tile alone, at {places}"}
            )
        log += Log(faults_left_out(self._left_out))
        return Outcome(
            cover=cover,
            targets=targets,
            emi_maps=self._maps(),
            gpr_volume=self._whole_volume(),
            radargram=self._radargram(),
            permittivity=soil,
            log=log,
            doubts=tuple(sorted(set(self._doubts), key=lambda one: (one.start_s, one.code, one.sensor))),
            sight=seen_of(self._sight, cover),
        )

    def _tiles_text(self) -> str:
        tiling, core = self._plan.tiling, self._plan.tiles[0].core
        sides = (1e2 * self._plan.grid.cell_m * (b - a) for a, b in (core.columns, core.rows))
        size = " x ".join(f"{side:.0f}" for side in sides)
        return f"{len(self._plan.tiles)} of {size} cm, {1e2 * tiling.halo_m:.0f} cm of samples around each"

    def _cover(self, head_m: NDArray[np.float64]) -> Coverage:
        """Coverage of the whole map; the patch is the hull of all places, or the strip along a line."""
        grid, tables = self._plan.grid, self._survey
        places = np.concatenate([head_m[:, :2], self._plan.gpr_m, self._plan.emi_m])
        sides = None if survey.find_line(places) is not None else survey.hull_sides(places)
        strip_m = min(tables.emi_reach_m, tables.gpr_reach_m)
        patch = (
            survey.patch_cells(grid, places, margin_m=strip_m)
            if sides is None
            else survey.cells_within(grid, sides)
        )
        return Coverage(grid, patch, emi=self._covered["emi"], gpr=self._covered["gpr"])

    def _maps(self) -> dict[str, Image]:
        maps = {}
        for name, (mosaic, first) in self._images.items():
            values = mosaic.joined(self._covered["emi"])[0]
            maps[name] = Image(first.name, first.units, self._plan.grid, values)
        return maps

    def _whole_volume(self) -> Volume | None:
        if self._volume is None:
            return None
        mosaic, first = self._volume
        values = mosaic.joined(self._covered["gpr"])  # neighbours fade into ground whose own tile measured nothing
        return Volume(first.name, first.units, self._plan.grid, first.depth_m, values)

    def _radargram(self) -> Radargram | None:
        if not self._radargrams:
            return None
        time_s = np.concatenate([at for at, _ in self._radargrams])
        order = np.argsort(time_s, kind="stable")
        first = self._radargrams[0][1]
        values = np.concatenate([_resampled(one, first.time_s) for _, one in self._radargrams])[order]
        position_m = np.concatenate([one.position_m for _, one in self._radargrams])[order]
        return Radargram(first.name, first.units, first.time_s, position_m, values, first.gain)


def _rows(picture: Radargram, rows: NDArray[np.bool_]) -> Radargram:
    at, values = picture.position_m[rows], picture.values[rows]
    return Radargram(picture.name, picture.units, picture.time_s, at, values, picture.gain)


def _resampled(picture: Radargram, time_s: NDArray[np.float64]) -> NDArray[np.float32]:
    """Values (n, t) at the times of another tile's; a tile in which tones are missing may have its own."""
    if np.array_equal(picture.time_s, time_s):
        return picture.values
    rows = [np.interp(time_s, picture.time_s, row, right=np.nan) for row in picture.values]
    return np.array(rows, dtype=np.float32).reshape(len(rows), time_s.size)
