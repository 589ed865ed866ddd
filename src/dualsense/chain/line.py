"""What the radar's chain does otherwise along lines: time zero, level, background, velocity, and the picture.

A single line and an area of lines are treated alike: each line is a channel with a time zero and a gain of its
own, all tell the velocity together, and below each lies a section of its own. Lines that are farther apart than a
quarter of a wave, as surveys' lines are, do not hold what a migration across them would need.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense import gpr, survey
from dualsense.chain.log import Log
from dualsense.errors import ScanError
from dualsense.faults import fault
from dualsense.result import Grid

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dualsense.gpr import Hyperbolas, Migrated, Soil, Soundings, Traces
    from dualsense.scan import GprData
    from dualsense.survey import Line, Lines

    Real = NDArray[np.float64]

MAX_VELOCITY_ERROR = 0.15
"""Relative; hyperbolas that tell the velocity no better leave it to the focus and the prior."""
AGREES = 2.0
MAX_VOXELS = 2**27
"""Of the volume of several lines, which is not cut into tiles."""
ASIDE_M = 0.02
"""How far the grid of a line's own section goes beyond the ground that the line covers."""


@dataclass(frozen=True, slots=True, eq=False)
class Timing:
    """Time zero and level of the lines' traces, by their direct waves.

    Attributes
    ----------
    system_delay_s
        Of all traces.
    later_s, level : (c,)
        By how much a channel's time zero is later than that, and how strong its direct wave is beside the others'.
    std_s
        Standard error of the times' zero; 0 where the file tells it.
    """

    system_delay_s: float
    later_s: Real
    level: Real
    std_s: float = 0.0

    def applied(self, soundings: Soundings) -> Soundings:
        """Bring the soundings of all lines to one time zero and one level."""
        spectrum = soundings.spectrum
        if self.later_s.any():
            later_s = self.later_s[soundings.channel][:, None]
            spectrum = spectrum * np.exp(2j * np.pi * soundings.frequency_hz * later_s)
        if (self.level != 1.0).any():
            spectrum = spectrum / self.level[soundings.channel][:, None]
        stop_s = soundings.stop_s - float(self.later_s.max(initial=0.0))
        return replace(soundings, spectrum=spectrum, time_zero_std_s=self.std_s, stop_s=stop_s)


def time_zero_of_lines(recording: GprData, lines: Lines, *, settled: bool = False) -> tuple[Timing, Log]:
    """Count the times of lines' traces from their direct waves, unless the file tells of a delay or a reference.

    Instruments of other makers begin their traces some time before they transmit, and their files do not say
    when. A direct wave within two standard errors of the file's own time zero confirms that. Several lines have a
    time zero each, and a gain each, which the direct wave tells as well.

    Parameters
    ----------
    recording
        The lines' traces, or tones, of which none is found.
    lines
        Along which they lie.
    settled
        Whether a step of the recipe has taken the time zero from the same wave: it knows no better, and only the
        error is taken.

    Returns
    -------
    Timing, Log
    """
    channels = len(recording.tx_position_m)
    timing = Timing(recording.system_delay_s, np.zeros(channels), np.ones(channels))
    if recording.modality != "impulse":
        return timing, Log()
    if lines.alone:
        return _of_one(timing, recording, settled=settled)
    return _of_each(timing, recording, sorted(lines.of_channel), settled=settled)


def _is_told(recording: GprData) -> bool:
    """Whether the file tells the time zero."""
    return recording.system_delay_s != 0.0 or recording.reference is not None


def _of_one(timing: Timing, recording: GprData, *, settled: bool) -> tuple[Timing, Log]:
    if not settled and _is_told(recording):
        return timing, Log()
    picked = gpr.direct_time_zero(recording)
    if picked is None:
        return timing, Log()
    time_s, std_s = picked
    if settled:
        return replace(timing, std_s=std_s), Log()
    if abs(time_s) <= AGREES * std_s:
        return timing, Log()
    found = fault("gpr-line-time-zero", time_ns=1e9 * time_s, std_ns=1e9 * std_s)
    return replace(timing, system_delay_s=time_s, std_s=std_s), Log((found,))


def _of_each(timing: Timing, recording: GprData, channels: list[int], *, settled: bool) -> tuple[Timing, Log]:
    """Pick each channel's direct wave; one without takes what most of the others have."""
    told = settled or _is_told(recording)
    picks, sizes = {}, {}
    for c in channels:
        rows = recording.channel == c
        own = replace(
            recording,
            data=recording.data[rows],
            time_s=recording.time_s[rows],
            channel=np.zeros(int(rows.sum()), np.intp),
            tx_position_m=recording.tx_position_m[c : c + 1],
            rx_position_m=recording.rx_position_m[c : c + 1],
        )
        picked = gpr.direct_time_zero(own)
        if picked is not None:
            picks[c], sizes[c] = picked, gpr.direct_level(own)
    if not picks:
        return timing, Log()
    usual = float(np.median(list(sizes.values())))
    level = timing.level.copy()
    for c, size in sizes.items():
        level[c] = size / usual if usual > 0.0 and size > 0.0 else 1.0
    timing = replace(timing, level=level)
    notes = {"gpr_lines_level": ", ".join(f"{c}:{level[c]:.3g}" for c in channels)}
    at_s = {c: time_s for c, (time_s, _) in picks.items()}
    std_s = float(np.median([std for _, std in picks.values()]))
    middle_s = float(np.median(list(at_s.values())))
    confirmed = all(abs(time_s) <= AGREES * std_s for time_s in at_s.values())
    if told or confirmed:
        return replace(timing, std_s=std_s if settled else 0.0), Log(notes=notes)
    later_s = timing.later_s.copy()
    for c in channels:
        later_s[c] = at_s.get(c, middle_s) - middle_s
    notes["gpr_lines_time_zero_ns"] = ", ".join(f"{c}:{1e9 * (middle_s + later_s[c]):.3f}" for c in channels)
    found = fault("gpr-line-time-zero", time_ns=1e9 * middle_s, std_ns=1e9 * std_s)
    return replace(timing, system_delay_s=middle_s, later_s=later_s, std_s=std_s), Log((found,), notes)


def soil_of_lines(below: Soundings, traces: Traces, lines: Lines, height_m: Real) -> tuple[Soil | None, Real, Log]:
    """Find the permittivity by the hyperbolas of all lines together.

    Parameters
    ----------
    below, traces
        n soundings without background, and their analytic traces.
    lines
        Along which they lie; of an array on one line the first channel is taken, for pairs at other places see
        the same bars elsewhere.
    height_m : (n,)
        Height of the antenna pair above the ground.

    Returns
    -------
    Soil or None
        None where they do not tell the permittivity.
    (p, 3) float64
        x, y and depth of the apexes; empty without a permittivity.
    Log
    """
    channels = [int(below.channel[0])] if lines.alone else sorted(set(below.channel.tolist()))
    given = [_line_traces(below, traces, lines.of_channel[c], c, height_m) for c in channels]
    found = gpr.fit_lines(given, time_zero_std_s=below.time_zero_std_s)
    log = Log(notes=_notes(found))
    joint = found[0]
    if not joint.velocity_std_m_s < MAX_VELOCITY_ERROR * joint.velocity_m_s:
        return None, np.zeros((0, 3)), log
    soil = gpr.Soil(joint.relative_permittivity, joint.relative_permittivity_std, "hyperbola")
    apexes = [place for one, own in zip(given, found, strict=True) for place in _places(one, own)]
    return soil, np.array(apexes).reshape(-1, 3), log


def _line_traces(below: Soundings, traces: Traces, line: Line, channel: int, height_m: Real) -> gpr.LineTraces:
    rows = below.channel == channel
    one = gpr.pick_rows(below, rows)
    own = replace(traces, values=traces.values[rows], spectrum=traces.spectrum[rows])
    raised_m = np.where(height_m[rows] > gpr.ON_GROUND_M, height_m[rows], 0.0)
    return gpr.LineTraces(one, own, line.along(one.midpoint_m), line.direction, raised_m)


def _places(one: gpr.LineTraces, found: Hyperbolas) -> list[tuple[float, ...]]:
    """Apexes in the local frame: x, y and depth."""
    middle, order = one.soundings.midpoint_m, np.argsort(one.along_m, kind="stable")
    at = one.along_m[order]
    return [(*(float(np.interp(h.x_m, at, middle[order, k])) for k in range(2)), h.depth_m) for h in found.apexes]


def _notes(found: tuple[Hyperbolas, ...]) -> dict[str, str]:
    if not any(one.apexes for one in found):
        return {"gpr_hyperbolas": "none"}
    joint, count = found[0], sum(len(one.apexes) for one in found)
    told = "; ".join(", ".join(f"{h.x_m:.3f}:{h.depth_m:.3f}" for h in one.apexes) for one in found)
    return {
        "gpr_velocity_m_per_ns": f"{1e-9 * joint.velocity_m_s:.4f} +- {1e-9 * joint.velocity_std_m_s:.4f}",
        "gpr_hyperbolas": f"{count} at (m along the line from its middle:m deep) {told}",
    }


def below_lines(
    migrated: Callable[[Soundings, Traces, Real, Grid], Migrated],
    soundings: Soundings,
    traces: Traces,
    height_m: Real,
    grid: Grid,
    lines: Lines,
    *,
    reach_m: float,
    depth_count: int,
) -> Migrated:
    """Image the section below each line, and give it to the ground beside the line.

    Parameters
    ----------
    migrated
        Migrates some soundings and their traces, with their heights, to a grid.
    soundings, traces, height_m
        n soundings of all lines, their traces and the heights (n,) of their antennas.
    grid
        Cells of the map.
    lines
        Along which they lie.
    reach_m
        How far to the side a line covers ground; where two do, it shows what the nearer one heard.
    depth_count
        Slices that the volume will have.

    Returns
    -------
    Migrated
        Fold 0 where no line passes.

    Raises
    ------
    ScanError
        When the volume would not fit the memory of a small computer.
    """
    if lines.alone:
        (line, *_) = lines.of_channel.values()
        return beside_line(migrated(soundings, traces, height_m, grid), grid, soundings, line)
    if grid.x_m.size * grid.y_m.size * depth_count > MAX_VOXELS:
        msg = (
            f"the lines span {grid.x_m.size} x {grid.y_m.size} cells of {grid.cell_m:g} m, {depth_count} slices; "
            f"at most {MAX_VOXELS} voxels are imaged: raise survey.cell_m or gpr.migrate.depth_step_m"
        )
        raise ScanError(msg)
    whole: Migrated | None = None
    nearest_m = np.full((grid.y_m.size, grid.x_m.size), np.inf)
    for channel, line in lines.of_channel.items():
        rows = soundings.channel == channel
        if not rows.any():
            continue
        own = gpr.pick_rows(soundings, rows)
        part, cells = _part_of(grid, own.midpoint_m, reach_m)
        heard = replace(traces, values=traces.values[rows], spectrum=traces.spectrum[rows])
        section = beside_line(migrated(own, heard, height_m[rows], part), part, own, line)
        whole = _empty(section, grid) if whole is None else whole
        _paste(whole, section, cells, _distance_m(part, own.midpoint_m), nearest_m, reach_m)
    if whole is None:
        msg = "no line has a sounding left"
        raise ValueError(msg)
    return whole


def _part_of(grid: Grid, place_m: Real, reach_m: float) -> tuple[Grid, tuple[slice, slice]]:
    """Cells of a grid around a line, and where they stand in it."""
    slices, axes = [], []
    for axis, at in ((grid.y_m, place_m[:, 1]), (grid.x_m, place_m[:, 0])):
        near = np.flatnonzero((axis >= at.min() - reach_m - ASIDE_M) & (axis <= at.max() + reach_m + ASIDE_M))
        one = slice(int(near[0]), int(near[-1]) + 1)
        slices.append(one)
        axes.append(axis[one])
    return Grid(axes[1], axes[0], grid.cell_m), (slices[0], slices[1])


def _distance_m(grid: Grid, place_m: Real) -> Real:
    """Distance (ny, nx) of cells to the nearest sounding."""
    from scipy.spatial import cKDTree  # noqa: PLC0415 - slow to import

    gx, gy = np.meshgrid(grid.x_m, grid.y_m)
    found, _ = cKDTree(place_m[:, :2]).query(np.column_stack([gx.ravel(), gy.ravel()]))
    distance: Real = found.reshape(gx.shape)
    return distance


def _empty(section: Migrated, grid: Grid) -> Migrated:
    shape = (section.depth_m.size, grid.y_m.size, grid.x_m.size)
    return replace(
        section,
        amplitude=np.zeros(shape, section.amplitude.dtype),
        fold=np.zeros(shape, section.fold.dtype),
        coherence=np.zeros(shape, section.coherence.dtype),
    )


def _paste(
    whole: Migrated,
    section: Migrated,
    cells: tuple[slice, slice],
    distance_m: Real,
    nearest_m: Real,
    reach_m: float,
) -> None:
    """Set the cells that a line is nearest to; ``nearest_m`` holds how near it is."""
    here = (distance_m <= reach_m) & (distance_m < nearest_m[cells])
    nearest_m[cells][here] = distance_m[here]
    for name in ("amplitude", "fold", "coherence"):
        getattr(whole, name)[(slice(None), *cells)][:, here] = getattr(section, name)[:, here]


def beside_line(migrated: Migrated, grid: Grid, soundings: Soundings, line: Line) -> Migrated:
    """Give all ground beside the line what was imaged on the line.

    A line cannot tell left from right, nor a shallow point beside it from a deeper one below it: of a volume that
    is migrated from it only the section under the track is an image, and the strip that a sounding measures shows
    that.

    Parameters
    ----------
    migrated
        Volume over the grid.
    grid
        Cells of the map.
    soundings
        Where the line was really swept.
    line
        Straight line through them.

    Returns
    -------
    Migrated
    """
    middle = soundings.midpoint_m
    from scipy.spatial import cKDTree  # noqa: PLC0415 - slow to import

    gx, gy = np.meshgrid(grid.x_m, grid.y_m)
    cells = np.column_stack([gx.ravel(), gy.ravel()])
    along, across = line.along(cells), line.across(cells)
    _, nearest = cKDTree(line.along(middle)[:, None]).query(along[:, None])
    left = np.array([-line.direction[1], line.direction[0]])
    on_line = cells + (line.across(middle)[nearest] - across)[:, None] * left
    iy, ix = survey.cells_of(grid, on_line)
    shape = (grid.y_m.size, grid.x_m.size)

    def spread(values: NDArray[Any]) -> NDArray[Any]:
        return values[:, iy, ix].reshape(len(values), *shape)

    return replace(
        migrated,
        amplitude=spread(migrated.amplitude),
        fold=spread(migrated.fold),
        coherence=spread(migrated.coherence),
    )
