"""A body below ground, measured at one voxel of the migrated volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.gpr._bodies.shape import UNMEASURED, Shape, body_shape
from dualsense.numerics import hanging_together

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._bodies.cfar import OverClutter
    from dualsense.gpr._migrate.migrated import Migrated
    from dualsense.result import Grid

MAX_HIDDEN_M = 0.035
"""How far above its contrast's peak an echo may lie in clutter that falls off with depth."""
HIDDEN_TOO_DEEP_M = 0.012
"""A body under brighter clutter is found too deep by so much on the mean: what simulated training lanes show."""

REACH_M = 0.1
"""How far about a voxel its body's outline is looked for at first."""


@dataclass(frozen=True, slots=True)
class Body:
    """Something below ground that scatters the radar.

    Attributes
    ----------
    x_m, y_m
        Centre of the part within 6 dB of the strongest return, weighted with its energy.
    depth_m
        Depth of that return's envelope peak in the volume.
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
    false_per_m2
        Bodies at least as strong that this ground's clutter makes on a square metre; NaN where that is not told.
    top_m
        Depth of its top, what people are told. Of a hidden body never above what bodies are looked for in; by a
        sum of soundings that count alike (`dualsense.gpr.place_tops`) it may be: what is found 15 mm deep may lie
        at 10. NaN stands for ``depth_m``.
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
    false_per_m2: float = float("nan")
    top_m: float = float("nan")


def measure_body(
    migrated: Migrated, grid: Grid, over: OverClutter, at: tuple[int, int, int], *, top_m: float = 0.0
) -> Body:
    k, j, i = at
    envelope = over.envelope
    rows, columns, edge = _outline(envelope[k], over.inside[k], j, i, max(1, round(REACH_M / grid.cell_m)))
    energy = envelope[k, rows, columns].astype(np.float64) ** 2
    x, y = grid.x_m[columns], grid.y_m[rows]
    cx, cy = float(np.average(x, weights=energy)), float(np.average(y, weights=energy))
    spread = np.cov(np.stack([x, y]), ddof=0) if x.size > 1 else np.zeros((2, 2))
    short, long = np.sqrt(np.maximum(np.linalg.eigvalsh(np.atleast_2d(spread)), (grid.cell_m / 4.0) ** 2))
    column = envelope[:, j, i].astype(np.float64)
    hidden = bool(0 < k < column.size - 1 and column[k - 1] > column[k])
    if hidden:
        found_m = _hidden_depth(column, over.contrast[:, j, i].astype(np.float64), migrated.depth_m, k)
        depth_m, told_m = max(found_m, top_m), max(found_m - HIDDEN_TOO_DEEP_M, top_m)
    else:
        depth_m = told_m = _peak_depth(column, migrated.depth_m, k)
    return Body(
        x_m=cx,
        y_m=cy,
        depth_m=depth_m,
        width_m=float(4.0 * short),
        length_m=float(4.0 * long),
        contrast=float(over.contrast[at]),
        amplitude=float(envelope[at]),
        coherence=float(migrated.coherence[at]),
        phase_rad=float(np.angle(migrated.amplitude[at])),
        edge=edge,
        hidden=hidden,
        shape=body_shape(migrated, grid, envelope, at),
        top_m=told_m,
    )


def _outline(
    plane: NDArray[np.float32], inside: NDArray[np.bool_], j: int, i: int, reach: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], float]:
    """Cells of a plane that hang together with one and are within 6 dB of it, and how much of their rim is out.

    They are looked for within ``reach`` cells, and farther where they go on beyond.

    Returns
    -------
    rows, columns, edge
        Indices of the cells; the part of the cells next to them that is not inside, or beyond the map.
    """
    ny, nx = plane.shape
    level = 0.5 * plane[j, i]
    while True:
        top, bottom = max(j - reach, 0), min(j + reach + 1, ny)
        left, right = max(i - reach, 0), min(i + reach + 1, nx)
        part = hanging_together(plane[top:bottom, left:right] >= level, j - top, i - left)
        goes_on = (
            (top > 0 and part[0].any())
            or (bottom < ny and part[-1].any())
            or (left > 0 and part[:, 0].any())
            or (right < nx and part[:, -1].any())
        )
        if not goes_on:
            break
        reach *= 2
    outline = np.pad(part, 1)  # beyond the map nothing was measured
    rim = np.zeros_like(outline)
    rim[1:] |= outline[:-1]
    rim[:-1] |= outline[1:]
    rim[:, 1:] |= outline[:, :-1]
    rim[:, :-1] |= outline[:, 1:]
    rim &= ~outline
    edge = float((~np.pad(inside[top:bottom, left:right], 1))[rim].mean())
    rows, columns = np.nonzero(part)
    return rows + top, columns + left, edge


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
