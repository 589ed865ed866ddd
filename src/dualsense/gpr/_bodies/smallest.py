"""How far the echo of a mine would stand out of the clutter of this scan, place by place and depth by depth.

The volume is a weighted mean of the soundings, so that the peak of an echo does not depend on how many there are;
what fewer or noisier soundings raise is the clutter that it has to stand out of, and that is measured. Beside the
echo of the ground's surface, which traces are whitened by, a mine's echo hangs little on the soil: what reflects
less into wet soil reflects more at the mine. It falls by the loss on the way, beyond `FAR_M` as that of a small
disc in its far zone, and in soil that is nearly as dry as the mine, where its air gaps are all that reflects.
The law is drawn below what mines of simulated lanes gave; `docs/methods/coverage.md` has the numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dualsense.gpr._bodies.cfar import OverClutter

    Real = NDArray[np.float64]

MINE_BOTTOM_M = 0.02
"""So far below its top a mine's echo goes on: as far the record has to reach."""
FAR_M, FAR_POWER = 0.10, 1.5
"""Deeper tops give less as a power of the depth."""
DRY, DRY_POWER = 4.0, 3.0
"""Permittivity below which less is reflected, as a power of it."""
LIKE_SOIL, UNLIKE_SOIL = 2.6, 4.4
"""Permittivity of soil in which a mine with hardly any air in it reflects nothing, and of one from which on it
reflects as others do; between them it grows evenly, for a PMA-2 (2.9) as eps - 2.4 in soil of 2.7 to 5.1."""
LOSS_DB_M = 3.0
"""Loss one way for each unit of permittivity: wet soil is lossy soil. Of simulated kinds of ground, whose loss was
taken from the literature, it is the upper end."""


def clutter_below(over: OverClutter, depth_m: Real, top_m: Real) -> NDArray[np.float32]:
    """Level of the clutter at the depths of mines' tops.

    Parameters
    ----------
    over
        A volume of nz depths over ny by nx cells, compared to its clutter.
    depth_m : (nz,)
        Depths of its slices.
    top_m : (t,)
        Of the mines.

    Returns
    -------
    (t, ny, nx) float32
        Infinite where not all slices from the top to 2 cm below it were measured: what the record or the volume
        does not reach hides anything.
    """
    out = np.full((len(top_m), *over.envelope.shape[1:]), np.inf, np.float32)
    for n, top in enumerate(top_m):
        own = np.flatnonzero((depth_m >= top - 1e-9) & (depth_m <= top + MINE_BOTTOM_M + 1e-9))
        if not own.size or depth_m[-1] < top + MINE_BOTTOM_M - 1e-9:
            continue
        k = own[0]
        measured = over.inside[own].all(axis=0) & (over.contrast[k] > 0.0)
        out[n][measured] = over.envelope[k][measured] / over.contrast[k][measured]
    return out


def mine_contrast(
    clutter: NDArray[np.float32],
    top_m: Real,
    *,
    amplitude: float,
    relative_permittivity: float,
    weakest: bool = False,
) -> NDArray[np.float32]:
    """How many times the clutter's median the peak of a mine's echo would be.

    Parameters
    ----------
    clutter : (t, ny, nx)
        From :func:`clutter_below`.
    top_m : (t,)
        Of the mines.
    amplitude
        Of the mine's echo beside that of the ground's surface, without loss, to `FAR_M` deep.
    relative_permittivity
        Of the soil.
    weakest
        Whether of the mine that is most like dry soil, and not of the usual one.

    Returns
    -------
    (t, ny, nx) float32
        0 where nothing was measured.
    """
    top = np.asarray(top_m, dtype=np.float64)
    lost = 10.0 ** (-2.0 * LOSS_DB_M * relative_permittivity * top / 20.0)
    spread = np.minimum(1.0, (FAR_M / np.maximum(top, 1e-3)) ** FAR_POWER)
    dry = min(1.0, (relative_permittivity / DRY) ** DRY_POWER)
    if weakest:
        dry = min(dry, max(0.0, (relative_permittivity - LIKE_SOIL) / (UNLIKE_SOIL - LIKE_SOIL)))
    echo = (amplitude * dry * spread * lost).astype(np.float32)
    contrast: NDArray[np.float32] = echo[:, None, None] / clutter
    return contrast
