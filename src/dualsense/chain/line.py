"""What the radar's chain does otherwise for a single line: time zero, background, velocity, and its picture."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense import gpr, survey
from dualsense.chain.log import Log
from dualsense.faults import fault

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr import Hyperbolas, Migrated, Soil, Soundings, Traces
    from dualsense.result import Grid
    from dualsense.scan import GprData
    from dualsense.survey import Line

MAX_VELOCITY_ERROR = 0.15
"""Relative; hyperbolas that tell the velocity no better leave it to the focus and the prior."""
AGREES = 2.0


def time_zero_of_line(recording: GprData, *, settled: bool = False) -> tuple[GprData, float, Log]:
    """Count the times of a line's traces from their direct wave, unless the file tells of a delay or a reference.

    Instruments of other makers begin their traces some time before they transmit, and their files do not say
    when. A direct wave within two standard errors of the file's own time zero confirms that.

    Parameters
    ----------
    recording
        The line's traces, or tones, of which none is found.
    settled
        Whether a step of the recipe has taken the time zero from the same wave: it knows no better, and only the
        error is taken.

    Returns
    -------
    GprData, standard error of its time zero in s, Log
    """
    if not settled and (recording.system_delay_s != 0.0 or recording.reference is not None):
        return recording, 0.0, Log()
    picked = gpr.direct_time_zero(recording)
    if picked is None:
        return recording, 0.0, Log()
    time_s, std_s = picked
    if settled:
        return recording, std_s, Log()
    if abs(time_s) <= AGREES * std_s:
        return recording, 0.0, Log()
    found = fault("gpr-line-time-zero", time_ns=1e9 * time_s, std_ns=1e9 * std_s)
    return replace(recording, system_delay_s=time_s), std_s, Log((found,))


def soil_of_line(
    below: Soundings, traces: Traces, line: Line, height_m: NDArray[np.float64]
) -> tuple[Soil | None, NDArray[np.float64], Log]:
    """Find the permittivity by the hyperbolas of a line.

    Parameters
    ----------
    below, traces
        n soundings without background, and their analytic traces.
    line
        Along which they lie.
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
    first = below.channel == below.channel[0]  # pairs at other places see the same bars elsewhere
    one = gpr.pick_rows(below, first)
    own = replace(traces, values=traces.values[first], spectrum=traces.spectrum[first])
    found = gpr.fit_hyperbolas(
        one,
        own,
        line.along(one.midpoint_m),
        direction=line.direction,
        height_m=np.where(height_m[first] > gpr.ON_GROUND_M, height_m[first], 0.0),
        time_zero_std_s=below.time_zero_std_s,
    )
    log = Log(notes=_notes(found))
    if not found.velocity_std_m_s < MAX_VELOCITY_ERROR * found.velocity_m_s:
        return None, np.zeros((0, 3)), log
    soil = gpr.Soil(found.relative_permittivity, found.relative_permittivity_std, "hyperbola")
    middle = one.midpoint_m
    along = line.along(middle)
    order = np.argsort(along, kind="stable")
    apexes = [
        (*(np.interp(h.x_m, along[order], middle[order, k]) for k in range(2)), h.depth_m) for h in found.apexes
    ]
    return soil, np.array(apexes), log


def _notes(found: Hyperbolas) -> dict[str, str]:
    if not found.apexes:
        return {"gpr_hyperbolas": "none"}
    places = ", ".join(f"{h.x_m:.3f}:{h.depth_m:.3f}" for h in found.apexes)
    return {
        "gpr_velocity_m_per_ns": f"{1e-9 * found.velocity_m_s:.4f} +- {1e-9 * found.velocity_std_m_s:.4f}",
        "gpr_hyperbolas": f"{len(found.apexes)} at (m along the line from its middle:m deep) {places}",
    }


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
