"""What the radar's chain does otherwise for a single line: time zero, background, velocity, and its picture."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import cKDTree

from dualsense.gpr import ON_GROUND_M, Soil, direct_time_zero, fit_hyperbolas, pick_rows
from dualsense.scan import Fault, GprData
from dualsense.survey import cells_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr import Hyperbolas, Migrated, Soundings, Traces
    from dualsense.result import Grid
    from dualsense.survey import Line

MAX_VELOCITY_ERROR = 0.15
"""Relative; hyperbolas that tell the velocity no better leave it to the focus and the prior."""
AGREES = 2.0


def at_time_zero(gpr: GprData, faults: list[Fault], *, settled: bool = False) -> tuple[GprData, float]:
    """Count the times of a line's traces from their direct wave, unless the file tells of a delay or a reference.

    Instruments of other makers begin their traces some time before they transmit, and their files do not say
    when. A direct wave within two standard errors of the file's own time zero confirms that. Where a step of the
    recipe has ``settled`` it from the same wave, only the error is taken: it knows no better.

    Returns
    -------
    GprData, standard error of its time zero in s
    """
    if not settled and (gpr.system_delay_s != 0.0 or gpr.reference is not None):
        return gpr, 0.0
    picked = direct_time_zero(gpr)
    if picked is None:
        return gpr, 0.0
    time_s, std_s = picked
    if settled:
        return gpr, std_s
    if abs(time_s) <= AGREES * std_s:
        return gpr, 0.0
    message = (
        f"time zero of the line by its direct wave at {1e9 * time_s:.2f} ns, give or take {1e9 * std_s:.2f}; "
        "the file does not tell"
    )
    faults.append(Fault("gpr", "info", "/gpr/sample_time", message))
    return replace(gpr, system_delay_s=time_s), std_s


def line_soil(
    below: Soundings, traces: Traces, line: Line, height_m: NDArray[np.float64]
) -> tuple[Soil | None, NDArray[np.float64], dict[str, str]]:
    """Permittivity by the hyperbolas, their apexes, and what the provenance shall know of them.

    Returns
    -------
    Soil or None
        None where they do not tell the permittivity.
    (p, 3) float64
        x, y and depth of the apexes; empty without a permittivity.
    dict of str to str
    """
    first = below.channel == below.channel[0]  # pairs at other places see the same bars elsewhere
    one = pick_rows(below, first)
    own = replace(traces, values=traces.values[first], spectrum=traces.spectrum[first])
    found = fit_hyperbolas(
        one,
        own,
        line.along(one.midpoint_m),
        direction=line.direction,
        height_m=np.where(height_m[first] > ON_GROUND_M, height_m[first], 0.0),
        time_zero_std_s=below.time_zero_std_s,
    )
    notes = _notes(found)
    if not found.velocity_std_m_s < MAX_VELOCITY_ERROR * found.velocity_m_s:
        return None, np.zeros((0, 3)), notes
    soil = Soil(found.relative_permittivity, found.relative_permittivity_std, "hyperbola")
    middle = one.midpoint_m
    along = line.along(middle)
    order = np.argsort(along, kind="stable")
    apexes = [
        (*(np.interp(h.x_m, along[order], middle[order, k]) for k in range(2)), h.depth_m) for h in found.apexes
    ]
    return soil, np.array(apexes), notes


def _notes(found: Hyperbolas) -> dict[str, str]:
    if not found.apexes:
        return {"gpr_hyperbolas": "none"}
    places = ", ".join(f"{h.x_m:.3f}:{h.depth_m:.3f}" for h in found.apexes)
    return {
        "gpr_velocity_m_per_ns": f"{1e-9 * found.velocity_m_s:.4f} +- {1e-9 * found.velocity_std_m_s:.4f}",
        "gpr_hyperbolas": f"{len(found.apexes)} at (m along the line from its middle:m deep) {places}",
    }


def along_strip(migrated: Migrated, grid: Grid, soundings: Soundings, line: Line) -> Migrated:
    """Give all ground beside the line what was imaged on the line.

    A line cannot tell left from right, nor a shallow point beside it from a deeper one below it: of a volume that
    is migrated from it only the section under the track is an image, and the strip that a sounding measures shows
    that.

    Returns
    -------
    Migrated
    """
    middle = soundings.midpoint_m
    gx, gy = np.meshgrid(grid.x_m, grid.y_m)
    cells = np.column_stack([gx.ravel(), gy.ravel()])
    along, across = line.along(cells), line.across(cells)
    _, nearest = cKDTree(line.along(middle)[:, None]).query(along[:, None])
    left = np.array([-line.direction[1], line.direction[0]])
    on_line = cells + (line.across(middle)[nearest] - across)[:, None] * left
    iy, ix = cells_of(grid, on_line)
    shape = (grid.y_m.size, grid.x_m.size)

    def spread(values: NDArray[Any]) -> NDArray[Any]:
        return values[:, iy, ix].reshape(len(values), *shape)

    return replace(
        migrated,
        amplitude=spread(migrated.amplitude),
        fold=spread(migrated.fold),
        coherence=spread(migrated.coherence),
    )
