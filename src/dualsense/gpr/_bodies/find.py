"""Where the radar sees a body: what stands out of the clutter, and what stands out most at a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.gpr._bodies import _clutter_kernels as _kernels
from dualsense.gpr._bodies.body import Body, measure_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dualsense.gpr._bodies.cfar import OverClutter
    from dualsense.gpr._migrate.migrated import Migrated
    from dualsense.result import Grid

GAP, ECHO_CONTRAST = 0.8, 2.5
"""An echo of this contrast has a reverberation where the envelope between them falls to this part of it."""
RISE = 1.1
"""Times the contrast between the surface and a peak of the contrast alone: less is the surface's own, which stands
out alike at all depths. On lanes with seeds of their own mines 1 to 4 cm deep rose by 1.14 and more."""
ASIDE_M = 0.03
SHALLOWEST_M, DEEPEST_M = 0.004, 0.14
"""Where beside metal an echo is looked for that is too weak to be listed by itself."""


def find_bodies(
    migrated: Migrated,
    grid: Grid,
    over: OverClutter,
    *,
    min_contrast: float = 4.5,
    top_m: float = 0.012,
    separation_m: float = 0.05,
    max_bodies: int = 30,
) -> tuple[Body, ...]:
    """Local maxima of the envelope over the level of clutter around them, strongest first.

    The level is that of :func:`dualsense.gpr.clutter_level`. A maximum below or beside a stronger one, within that
    one's outline, is the same object's: its bottom, or a reverberation inside it.

    Parameters
    ----------
    migrated
        Volume of nz depths over ny by nx cells.
    grid
        Its cells.
    over
        What :func:`dualsense.gpr.over_clutter` gives for them.
    min_contrast
        Amplitude over the clutter's median around it. With Rayleigh-distributed clutter 4.5 is passed once in
        a million cells.
    top_m
        Shallower than this the rough surface itself scatters: there no body is looked for, and none that is
        hidden is told. A peak of the contrast alone must rise by a tenth from there on down: a maximum at the
        boundary is none.
    separation_m
        Smallest distance between two bodies.
    max_bodies
        The strongest so many are listed.

    Returns
    -------
    tuple of Body
        Strongest first.

    References
    ----------
    Rohling, H. (1983). Radar CFAR thresholding in clutter and multiple target situations. IEEE Transactions on
    Aerospace and Electronic Systems 19, 608-621.
    """
    envelope, contrast = over.envelope, over.contrast
    half = max(1, round(0.5 * separation_m / grid.cell_m))
    seen = over.inside & (contrast >= min_contrast)
    first = int(np.searchsorted(migrated.depth_m, top_m))
    seen[:first] = False
    seen[max(len(seen) - 1, 1) :] = (
        False  # of what is brightest where the volume ends nobody knows where it has its peak
    )
    candidates = np.argwhere(seen)
    # A shallow mine is darker than the surface's clutter above it, and a peak of the contrast only. So is what
    # reverberates below a brighter body.
    kind = np.empty(len(candidates), np.int8)
    _kernels.peaks(envelope, contrast, candidates, half, kind)
    peaks = candidates[kind == _kernels.BRIGHT].tolist()
    for k, j, i in candidates[kind == _kernels.STANDS_OUT].tolist():
        near = np.s_[: k + 1, max(j - half, 0) : j + half + 1, max(i - half, 0) : i + half + 1]
        if not _rises(contrast[max(first - 1, 0) : k + 1, j, i]):
            continue
        if not _reverberates(envelope[near].max(axis=(1, 2)), contrast[near].max(axis=(1, 2))):
            peaks.append([k, j, i])
    # Strongest by energy and contrast together: a deep reverberation has the contrast, its cause the energy.
    places = sorted(peaks, key=lambda p: (-envelope[tuple(p)], p))
    bodies: list[Body] = []
    for k, j, i in places:
        if len(bodies) >= max_bodies:
            break
        body = measure_body(migrated, grid, over, (k, j, i), top_m=top_m)
        if not any(_same_object(body, other, separation_m) for other in bodies):
            bodies.append(body)
    return tuple(bodies)


def add_bodies(
    bodies: tuple[Body, ...],
    places_m: NDArray[np.float64],
    migrated: Migrated,
    grid: Grid,
    over: OverClutter,
    *,
    separation_m: float = 0.05,
    search_m: float = 0.02,
) -> tuple[Body, ...]:
    """Add what another method found and the contrast did not, as in a row of bodies that are each other's clutter.

    Parameters
    ----------
    bodies
        Already found; a place within ``separation_m`` of one, or inside it, is that one.
    places_m : (p, 3)
        x, y and depth.
    migrated
        Volume of nz depths over ny by nx cells.
    grid
        Its cells.
    over
        What :func:`dualsense.gpr.over_clutter` gives for them.
    separation_m
        How near two places are the same body's.
    search_m
        How far from a place the envelope's peak may lie, along each axis.

    Returns
    -------
    tuple of Body
        Those already found, and then the new ones in the order of their places.
    """
    if not len(places_m):
        return bodies
    envelope, found = over.envelope, list(bodies)
    for x, y, depth in places_m:
        near = [
            np.abs(axis - at) <= search_m for axis, at in ((migrated.depth_m, depth), (grid.y_m, y), (grid.x_m, x))
        ]
        if not all(one.any() for one in near):
            continue
        block = np.ix_(*near)
        k, j, i = np.unravel_index(int(envelope[block].argmax()), envelope[block].shape)
        at = tuple(int(np.flatnonzero(one)[n]) for one, n in zip(near, (k, j, i), strict=True))
        if not envelope[at] > 0.0:
            continue
        body = measure_body(migrated, grid, over, (at[0], at[1], at[2]))
        if not any(
            np.hypot(body.x_m - o.x_m, body.y_m - o.y_m) < separation_m
            and abs(body.depth_m - o.depth_m) < search_m
            for o in found
        ):
            found.append(body)
    return tuple(found)


def echo_finder(migrated: Migrated, grid: Grid, over: OverClutter) -> Callable[[float, float], Body | None]:
    """Prepare to measure what stands out most within 3 cm to the side of a place, however little that is.

    Parameters
    ----------
    migrated
        Volume of nz depths over ny by nx cells.
    grid
        Its cells.
    over
        What :func:`dualsense.gpr.over_clutter` gives for them.

    Returns
    -------
    callable
        From x and y to a body; None where nothing was measured.
    """
    deep = np.flatnonzero((migrated.depth_m >= SHALLOWEST_M) & (migrated.depth_m <= DEEPEST_M))

    def near(x_m: float, y_m: float) -> Body | None:
        rows, columns = (np.flatnonzero(np.abs(axis) <= ASIDE_M) for axis in (grid.y_m - y_m, grid.x_m - x_m))
        if not (deep.size and rows.size and columns.size):
            return None
        block = np.ix_(deep, rows, columns)
        aside = np.hypot(*np.meshgrid(grid.x_m[columns] - x_m, grid.y_m[rows] - y_m)) <= ASIDE_M
        seen = np.where(aside & over.inside[block], over.contrast[block], 0.0)
        at = np.unravel_index(int(seen.argmax()), seen.shape)
        if not seen[at] > 0.0:
            return None
        k, j, i = int(deep[at[0]]), int(rows[at[1]]), int(columns[at[2]])
        return measure_body(migrated, grid, over, (k, j, i))

    return near


def _rises(contrast: NDArray[np.float32]) -> bool:
    """Tell whether a column of contrasts, from the last slice above the search down to a peak, rises to it."""
    return contrast.size == 1 or bool(contrast[-1] >= RISE * contrast[:-1].min())


def _reverberates(bright: NDArray[np.float32], contrast: NDArray[np.float32]) -> bool:
    """Tell whether a column's last slice lies below a brighter echo that stands out, with a gap between."""
    lowest = np.minimum.accumulate(bright[::-1])[::-1]
    above = (bright > bright[-1]) & (lowest < GAP * bright[-1]) & (contrast >= ECHO_CONTRAST)
    return bool(above.any())


def _same_object(body: Body, other: Body, separation_m: float) -> bool:
    distance = float(np.hypot(body.x_m - other.x_m, body.y_m - other.y_m))
    return distance < max(separation_m, 0.5 * other.length_m + 0.01)
