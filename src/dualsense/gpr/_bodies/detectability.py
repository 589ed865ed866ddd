"""Where a body would have been listed, so that the radar's silence counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.language import in_english

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dualsense.result import Grid, Volume

SHALLOW_M = 0.02
"""From here down a body is looked for; above, the surface's own echo covers it."""
NEAR_M = 0.05
ENOUGH = 0.8
BOTTOM_M = 0.02
"""An echo this close to the deepest slice may have its peak below it."""
MAX_STEP_M = 0.01
MAX_CONTRAST = 6.0
MAX_TARGET_LOSS = 0.5
QUIET = 2.0 / 3.0
"""Part of the contrast asked of a body above which an echo may be that of a mine too weak to be listed."""


@dataclass(frozen=True, slots=True, eq=False)
class Detectability:
    """Where a body would have been listed.

    Attributes
    ----------
    grid, depth_m
        Of the volume.
    measured, quiet : (nz, ny, nx) bool
        Voxels in which a body would show, and those of them that hold no echo near to being a body's.
    excluded
        Why a body would be listed nowhere; empty otherwise.
    """

    grid: Grid
    depth_m: NDArray[np.float64]
    measured: NDArray[np.bool_]
    quiet: NDArray[np.bool_]
    excluded: str = ""


def detectability(
    volume: Volume,
    median: NDArray[np.float64],
    *,
    top_m: float,
    min_contrast: float,
    listed_all: bool,
    losses: Iterable[float],
    band_ok: bool,
    soil_disputed: str = "",
) -> Detectability:
    """Tell where the chain, set as it was, would have listed a body.

    Parameters
    ----------
    volume
        Envelope, NaN where nothing was measured.
    median : (nz,)
        Of the envelope at each depth where it was measured, as in :class:`dualsense.gpr.OverClutter`.
    top_m, min_contrast
        With which bodies were looked for.
    listed_all
        Whether the list of bodies was not cut short.
    losses
        Part of a small mine's energy that each step takes away, 0-1.
    band_ok
        Whether the band tells a shallow body from the surface.
    soil_disputed
        What speaks against the permittivity that was used, if anything does.

    Returns
    -------
    Detectability
        With no voxel measured, and the reasons in ``excluded``, where a body would be listed nowhere.
    """
    step_m = float(np.diff(volume.depth_m).max(initial=0.0))
    worst = max(losses, default=0.0)
    reasons = (
        (not band_ok, in_english("the band is narrow")),
        (worst > MAX_TARGET_LOSS, in_english("a step takes {loss:.0%} of a small mine's energy", loss=worst)),
        (step_m > MAX_STEP_M, in_english("slices are {step:.0f} cm apart", step=step_m * 100)),
        (
            min_contrast > MAX_CONTRAST,
            in_english("only bodies of contrast {least:g} are listed", least=min_contrast),
        ),
        (top_m > SHALLOW_M, in_english("bodies are looked for from {depth:.0f} cm down", depth=top_m * 100)),
        (not listed_all, in_english("more bodies than are listed")),
        (bool(soil_disputed), soil_disputed),
    )
    excluded = "; ".join(text for is_so, text in reasons if is_so)
    values = volume.values
    with np.errstate(invalid="ignore"):
        measured = (values > 0.0) & (not excluded)
        quiet = measured & (values < (QUIET * min_contrast * median).astype(values.dtype)[:, None, None])
    return Detectability(volume.grid, volume.depth_m, measured, quiet, excluded)


def would_detect(found: Detectability, x_m: float, y_m: float, depth_m: float) -> bool:
    """Whether a body at a place, or shallower there than it is thought, would have been listed.

    All slices from 2 cm down to 2 cm below the place must have been measured on most of the ground within 5 cm,
    and what was measured there must be quiet: an echo just under the threshold is none, and yet no silence.

    Parameters
    ----------
    found
        Of :func:`detectability`.
    x_m, y_m, depth_m
        The place, in the frame of the grid.

    Returns
    -------
    bool
    """
    slices = (found.depth_m >= SHALLOW_M - 1e-9) & (found.depth_m <= depth_m + BOTTOM_M)
    if not slices.any() or found.depth_m[-1] < depth_m + BOTTOM_M:
        return False
    near = np.hypot(*np.meshgrid(found.grid.x_m - x_m, found.grid.y_m - y_m)) <= NEAR_M
    measured = found.measured[slices][:, near]
    quiet = found.quiet[slices][:, near][measured]
    return bool(near.any() and measured.mean(axis=1).min() >= ENOUGH and quiet.all())
