"""Depths of bodies from soundings that all count alike, whatever migration made the volume they were found in.

Weights of what is heard pull a flat reflector up, by up to a centimetre in dry soil, and a point by a few
millimetres: the near soundings of the first Fresnel zone outweigh the far ones. With even weights and an aperture
as wide as that zone both lie within 2 mm of where they are (``benchmarks/gpr/study_depths.py``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.gpr._migrate.kirchhoff import kirchhoff
from dualsense.gpr._soundings import pick_rows
from dualsense.result import Grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.gpr._bodies.body import Body
    from dualsense.gpr._migrate.migrated import Migrated
    from dualsense.gpr._rays.layers import Ground
    from dualsense.gpr._soundings import Soundings
    from dualsense.gpr._traces import Traces

    Real = NDArray[np.float64]

APERTURE_M, GROWTH, WIDEST_M = 0.166, 0.12, 0.20
"""Aperture: of shallow and of deep, wet and dry ground the one that leaves a plane where it is."""
REACH_M, STEP_M = 0.02, 0.004
"""How far from where a body was found its peak may lie, and the spacing of the depths that are looked at."""
FEWEST = 12
"""Soundings that make a sum."""


def place_tops(
    bodies: Sequence[Body],
    soundings: Soundings,
    traces: Traces,
    *,
    relative_permittivity: Ground,
    height_m: Real,
    on_ground: bool = False,
) -> tuple[Body, ...]:
    """Tell the depths of bodies by the peak of a sum of soundings that count alike.

    Parameters
    ----------
    bodies
        As found in a volume. Of those that are hidden under brighter clutter nothing changes.
    soundings, traces
        n soundings and their analytic traces.
    relative_permittivity, height_m, on_ground
        As for :func:`dualsense.gpr.kirchhoff`.

    Returns
    -------
    tuple of Body
        In the same order, with another ``top_m`` where the sum has a peak within 2 cm of the body's own.

    Raises
    ------
    ValueError
        When a trace is not finite, or the soil would be faster than air.
    """
    place_m = soundings.midpoint_m[:, :2]
    out = []
    for body in bodies:
        rows = np.flatnonzero(np.hypot(*(place_m - (body.x_m, body.y_m)).T) < WIDEST_M)
        if body.hidden or rows.size < FEWEST:
            out.append(body)
            continue
        depth_m = np.arange(
            max(body.depth_m - REACH_M - STEP_M, 0.0), body.depth_m + REACH_M + 1.5 * STEP_M, STEP_M
        )
        place = Grid(np.array([body.x_m]), np.array([body.y_m]), STEP_M)
        ground = (relative_permittivity, height_m, on_ground)
        column = sum_evenly(soundings, traces, rows, place, depth_m, ground)
        found_m = _nearest_peak(depth_m, np.abs(column.amplitude[:, 0, 0]).astype(np.float64), body.depth_m)
        out.append(body if found_m is None else replace(body, top_m=found_m))
    return tuple(out)


def sum_evenly(
    soundings: Soundings,
    traces: Traces,
    rows: NDArray[np.intp],
    grid: Grid,
    depth_m: Real,
    ground: tuple[Ground, Real, bool],
) -> Migrated:
    """Sum some soundings, all alike, with the aperture that leaves a plane where it is.

    Parameters
    ----------
    soundings, traces
        n soundings and their analytic traces.
    rows : (k,)
        Those that are summed.
    grid, depth_m
        Where.
    ground
        ``relative_permittivity``, ``height_m`` (n,) and ``on_ground``, as for :func:`dualsense.gpr.kirchhoff`.

    Returns
    -------
    Migrated
    """
    relative_permittivity, height_m, on_ground = ground
    return kirchhoff(
        pick_rows(soundings, rows),
        replace(traces, values=traces.values[rows], spectrum=traces.spectrum[rows]),
        grid,
        depth_m,
        relative_permittivity=relative_permittivity,
        height_m=height_m[rows],
        aperture_m=APERTURE_M,
        aperture_growth=GROWTH,
        max_aperture_m=WIDEST_M,
        on_ground=on_ground,
        weights="even",
    )


def _nearest_peak(depth_m: Real, envelope: Real, near_m: float) -> float | None:
    """Give the depth of the local maximum nearest to a depth, between the slices; None without one."""
    low, middle, high = envelope[:-2], envelope[1:-1], envelope[2:]
    at = 1 + np.flatnonzero((middle > low) & (middle >= high))
    if not at.size:
        return None
    k = int(at[np.abs(depth_m[at] - near_m).argmin()])
    before, here, after = envelope[k - 1 : k + 2]
    shift = 0.5 * (before - after) / (before - 2.0 * here + after)
    return float(depth_m[k] + shift * (depth_m[k + 1] - depth_m[k]))
