"""From the migrated volume to a picture and to bodies: where the radar sees something that stands out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.gpr._bodies.cfar import clutter_level
from dualsense.gpr._bodies.shape import UNMEASURED, Shape, body_shape
from dualsense.result import Volume

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dualsense.gpr._migrate.migrate import Migrated
    from dualsense.result import Grid

GAP, ECHO_CONTRAST = 0.8, 2.5
"""An echo of this contrast has a reverberation where the envelope between them falls to this part of it."""
MAX_HIDDEN_M = 0.035
"""How far above its contrast's peak an echo may lie in clutter that falls off with depth."""
ASIDE_M = 0.03
SHALLOWEST_M, DEEPEST_M = 0.004, 0.14
"""Where beside metal an echo is looked for that is too weak to be listed by itself."""
MIN_FOLD = 0.12
"""Part of the volume's highest fold below which a voxel was not measured well enough to be shown."""


@dataclass(frozen=True, slots=True)
class Body:
    """Something below ground that scatters the radar.

    Attributes
    ----------
    x_m, y_m
        Centre of the part within 6 dB of the strongest return, weighted with its energy.
    depth_m
        Depth of that return's envelope peak: the top of a body whose top reflects.
    width_m, length_m
        Second-moment diameters of that part in the horizontal plane, short and long, with the resolution in them.
    contrast
        Amplitude over the median that clutter has around it.
    amplitude
        Relative to the surface echo where traces were whitened by it.
    coherence
        Coherence factor at the peak, 0-1.
    phase_rad
        Of the analytic signal at the envelope's peak.
    edge
        Part of the body's outline that touches ground the radar did not cover, 0-1.
    hidden
        Whether the clutter above is brighter, so that the depth is told by less than the envelope's own peak.
    shape
        Its column, symmetry and focus.
    """

    x_m: float
    y_m: float
    depth_m: float
    width_m: float
    length_m: float
    contrast: float
    amplitude: float
    coherence: float
    phase_rad: float
    edge: float
    hidden: bool = False
    shape: Shape = UNMEASURED


def envelope_volume(migrated: Migrated, grid: Grid, covered: NDArray[np.bool_]) -> Volume:
    """Envelope of the migrated volume, NaN where the radar did not measure.

    Parameters
    ----------
    covered : (ny, nx) bool
        Coverage of the radar on the same grid.
    """
    envelope = np.abs(migrated.amplitude).astype(np.float32)
    envelope[~_measured(migrated, covered)] = np.nan
    return Volume("radar_envelope", "1", grid, migrated.depth_m, envelope)


def find_bodies(
    migrated: Migrated,
    grid: Grid,
    covered: NDArray[np.bool_],
    *,
    min_contrast: float = 4.5,
    top_m: float = 0.012,
    separation_m: float = 0.05,
    max_bodies: int = 30,
) -> tuple[Body, ...]:
    """Local maxima of the envelope over the clutter's level around them (`gpr._bodies.cfar`), strongest first.

    A maximum below or beside a stronger one, within that one's outline, is the same object's: its bottom, or
    a reverberation inside it.

    Parameters
    ----------
    min_contrast
        Amplitude over the clutter's median around it. With Rayleigh-distributed clutter 4.5 is passed once in
        a million cells.
    top_m
        Shallower than this the rough surface itself scatters.
    separation_m
        Smallest distance between two bodies.
    """
    from scipy.ndimage import maximum_filter  # noqa: PLC0415

    inside = _measured(migrated, covered)
    envelope = np.where(inside, np.abs(migrated.amplitude), 0.0).astype(np.float64)
    contrast = envelope / clutter_level(envelope, inside, cell_m=grid.cell_m)
    cells = 2 * max(1, round(0.5 * separation_m / grid.cell_m)) + 1
    top = (migrated.depth_m >= top_m)[:, None, None]
    window = (3, cells, cells)
    seen = inside & top & (contrast >= min_contrast)
    bright = (envelope == maximum_filter(envelope, window)) & seen
    # A shallow mine is darker than the surface's clutter above it, and a peak of the contrast only. So is what
    # reverberates below a brighter body.
    peak = bright | ((contrast == maximum_filter(contrast, window)) & seen)
    for k, j, i in np.argwhere(peak & ~bright):
        near = np.s_[
            : k + 1, max(j - cells // 2, 0) : j + cells // 2 + 1, max(i - cells // 2, 0) : i + cells // 2 + 1
        ]
        peak[k, j, i] = not _reverberates(envelope[near].max(axis=(1, 2)), contrast[near].max(axis=(1, 2)))
    # Strongest by energy and contrast together: a deep reverberation has the contrast, its cause the energy.
    places = sorted(np.argwhere(peak).tolist(), key=lambda p: (-envelope[tuple(p)], p))
    bodies: list[Body] = []
    for k, j, i in places:
        if len(bodies) >= max_bodies:
            break
        body = _measure(migrated, grid, envelope, inside, contrast, (k, j, i))
        if not any(_same_object(body, other, separation_m) for other in bodies):
            bodies.append(body)
    return tuple(bodies)


def add_bodies(
    bodies: tuple[Body, ...],
    places_m: NDArray[np.float64],
    migrated: Migrated,
    grid: Grid,
    covered: NDArray[np.bool_],
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
    search_m
        How far from a place the envelope's peak may lie, along each axis.
    """
    inside = _measured(migrated, covered)
    envelope = np.where(inside, np.abs(migrated.amplitude), 0.0).astype(np.float64)
    contrast = envelope / clutter_level(envelope, inside, cell_m=grid.cell_m)
    found = list(bodies)
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
        body = _measure(migrated, grid, envelope, inside, contrast, (at[0], at[1], at[2]))
        if not any(
            np.hypot(body.x_m - o.x_m, body.y_m - o.y_m) < separation_m
            and abs(body.depth_m - o.depth_m) < search_m
            for o in found
        ):
            found.append(body)
    return tuple(found)


def echo_finder(
    migrated: Migrated, grid: Grid, covered: NDArray[np.bool_]
) -> Callable[[float, float], Body | None]:
    """Prepare to measure what stands out most within 3 cm to the side of a place, however little that is.

    Returns
    -------
    callable
        From x and y to a body; None where nothing was measured.
    """
    inside = _measured(migrated, covered)
    envelope = np.where(inside, np.abs(migrated.amplitude), 0.0).astype(np.float64)
    contrast = envelope / clutter_level(envelope, inside, cell_m=grid.cell_m)
    deep = (migrated.depth_m >= SHALLOWEST_M) & (migrated.depth_m <= DEEPEST_M)

    def near(x_m: float, y_m: float) -> Body | None:
        aside = np.hypot(*np.meshgrid(grid.x_m - x_m, grid.y_m - y_m)) <= ASIDE_M
        seen = np.where(deep[:, None, None] & aside & inside, contrast, 0.0)
        k, j, i = (int(n) for n in np.unravel_index(int(seen.argmax()), seen.shape))
        if not seen[k, j, i] > 0.0:
            return None
        return _measure(migrated, grid, envelope, inside, contrast, (k, j, i))

    return near


def _reverberates(bright: NDArray[np.float64], contrast: NDArray[np.float64]) -> bool:
    """Tell whether a column's last slice lies below a brighter echo that stands out, with a gap between."""
    lowest = np.minimum.accumulate(bright[::-1])[::-1]
    above = (bright > bright[-1]) & (lowest < GAP * bright[-1]) & (contrast >= ECHO_CONTRAST)
    return bool(above.any())


def _measured(migrated: Migrated, covered: NDArray[np.bool_]) -> NDArray[np.bool_]:
    high = migrated.fold.max(axis=(1, 2), keepdims=True)
    mask: NDArray[np.bool_] = (migrated.fold > MIN_FOLD * high) & (migrated.fold > 0.0) & covered
    return mask


def _measure(
    migrated: Migrated,
    grid: Grid,
    envelope: NDArray[np.float64],
    inside: NDArray[np.bool_],
    contrast: NDArray[np.float64],
    at: tuple[int, int, int],
) -> Body:
    from scipy.ndimage import binary_dilation, label  # noqa: PLC0415

    k, j, i = at
    plane = envelope[k]
    parts, _ = label(plane >= 0.5 * plane[j, i])
    part = parts == parts[j, i]
    rows, columns = np.nonzero(part)
    energy = plane[rows, columns] ** 2
    x, y = grid.x_m[columns], grid.y_m[rows]
    cx, cy = float(np.average(x, weights=energy)), float(np.average(y, weights=energy))
    spread = np.cov(np.stack([x, y]), aweights=np.ones_like(energy), ddof=0) if x.size > 1 else np.zeros((2, 2))
    short, long = np.sqrt(np.maximum(np.linalg.eigvalsh(np.atleast_2d(spread)), (grid.cell_m / 4.0) ** 2))
    outline = np.pad(part, 1)  # beyond the map nothing was measured
    rim = binary_dilation(outline) & ~outline
    edge = float((~np.pad(inside[k], 1))[rim].mean())
    column = envelope[:, j, i]
    hidden = bool(0 < k < column.size - 1 and column[k - 1] > column[k])
    return Body(
        x_m=cx,
        y_m=cy,
        depth_m=(
            _hidden_depth(column, contrast[:, j, i], migrated.depth_m, k)
            if hidden
            else _peak_depth(column, migrated.depth_m, k)
        ),
        width_m=float(4.0 * short),
        length_m=float(4.0 * long),
        contrast=float(contrast[at]),
        amplitude=float(plane[j, i]),
        coherence=float(migrated.coherence[at]),
        phase_rad=float(np.angle(migrated.amplitude[at])),
        edge=edge,
        hidden=hidden,
        shape=body_shape(migrated, grid, envelope, at),
    )


def _peak_depth(column: NDArray[np.float64], depth: NDArray[np.float64], k: int) -> float:
    """Depth of the envelope's peak between the planes, by a parabola through three of them."""
    if k == 0 or k == depth.size - 1:
        return float(depth[k])
    low, middle, high = column[k - 1], column[k], column[k + 1]
    bend = low - 2.0 * middle + high
    shift = 0.5 * (low - high) / bend if bend < 0.0 else 0.0
    return float(depth[k] + np.clip(shift, -0.5, 0.5) * (depth[k + 1] - depth[k]))


def _hidden_depth(
    column: NDArray[np.float64], over_clutter: NDArray[np.float64], depth: NDArray[np.float64], k: int
) -> float:
    """Depth of an echo that is a peak of the contrast only.

    A Gaussian echo over clutter that falls off as exp(-a z) has its contrast's peak a sigma^2 too deep; sigma is
    told by how the contrast bends, a by the level.
    """
    level = column / np.maximum(over_clutter, 1e-300)
    if not (column[k - 1 : k + 2] > 0.0).all() or not (level[k - 1 : k + 2] > 0.0).all():
        return float(depth[k])
    step = 0.5 * (depth[k + 1] - depth[k - 1])
    contrast = np.log(column[k - 1 : k + 2] / level[k - 1 : k + 2])
    bend = (contrast[0] - 2.0 * contrast[1] + contrast[2]) / step**2
    fall = np.log(level[k - 1] / level[k + 1]) / (2.0 * step)
    shift = fall / -bend if bend < 0.0 else MAX_HIDDEN_M
    return float(max(depth[k] - np.clip(shift, 0.0, MAX_HIDDEN_M), 0.0))


def _same_object(body: Body, other: Body, separation_m: float) -> bool:
    distance = float(np.hypot(body.x_m - other.x_m, body.y_m - other.y_m))
    return distance < max(separation_m, 0.5 * other.length_m + 0.01)
