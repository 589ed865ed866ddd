"""Dipoles under the coils: where metal lies, how deep, and how much.

The response of a small target is linear in its polarizability tensor and not in its position. So a grid of
positions is searched with the linear part solved at each node, the best node is taken, all positions are
refined together by variable projection (Golub and Pereyra 1973, with Kaufman's 1975 Jacobian), and the search
is repeated on what is left, as in orthogonal matching pursuit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.emi._balance import Balance, balance
from dualsense.emi._joint.fit import LOCAL_M, JointFit
from dualsense.emi._joint.search import NODE_DEPTHS_M, NodeGrid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

    from dualsense.emi._dipole import Dipole
    from dualsense.emi._response import Response

STRONG = 20.0
"""Times the acceptance threshold: from here the data carry a full tensor, below only its mean."""
TENSOR, SPARE_ROWS = 6, 6
"""Columns of a dipole, and rows that must be left over when one more is fitted."""
HIDDEN_M = 0.04
"""Another dipole this close to what was left over and refused could not have been told from it."""
WEAK_RATIO = 0.02
COMPANION_RATIO = 1e-3
"""A dipole this much weaker than a found one may also be that one's own structure: both are tried. Companions are
given to dipoles down to this part of the strongest."""
COMPANION_REACH_M = 0.4
"""Beyond, a companion and what moves with it change nothing; where less than what a new object takes away is left
within this distance of its lead, it is not tried."""


@dataclass(frozen=True, slots=True, eq=False)
class Inversion:
    """All dipoles of a scan, the balance fitted with them, and maps of the first and the last search.

    ``statistic`` (ny, nx) over ``x_m`` and ``y_m`` is the best drop of the misfit over depth before any dipole
    was taken away; ``needed`` (ny, nx) what one more dipole would have had to reach at the end to be told from
    noise and from what the others leave. ``weight`` (m,) are the rows' weights.
    """

    dipoles: tuple[Dipole, ...]
    balance: Balance
    x_m: Real
    y_m: Real
    statistic: Real
    needed: Real
    weight: Real

    def needed_near(self, x_m: float, y_m: float) -> float:
        """Return ``needed`` at the nearest node."""
        i, j = (int(np.argmin(np.abs(axis - at))) for axis, at in ((self.y_m, y_m), (self.x_m, x_m)))
        return float(self.needed[i, j])


def find_dipoles(
    response: Response,
    noise: Real,
    *,
    drift_knot_s: float = 5.0,
    roughness_m: float = 0.003,
    node_m: float = 0.02,
    reach_m: float = 0.3,
    max_dipoles: int = 12,
    min_statistic: float = 12.0,
    min_contrast: float = 2.6,
    min_explained: float = 0.25,
    dynamic_range_db: float = 75.0,
) -> Inversion:
    """Find dipoles one after the other until nothing stands out.

    Parameters
    ----------
    response
        Binned rows.
    noise : (c,)
        White noise of one row.
    node_m, reach_m
        Spacing of the grid and how far a row sees a target.
    max_dipoles
        More are not looked for.
    min_statistic
        Drop of the misfit per channel below which a peak is noise.
    min_contrast, min_explained
        A peak must also stand this many times above the median of its map, which holds what the model leaves;
        or, on a small patch that its signal fills, explain this part of the energy within 12 cm.
    dynamic_range_db
        Weaker than this under the strongest dipole, what is left of that one cannot be told from another object.
    """
    fitted = balance(response, noise, drift_knot_s=drift_knot_s, roughness_m=roughness_m)
    channels = response.values.shape[1]
    grid = NodeGrid(response, node_m=node_m, reach_m=reach_m)
    fit = JointFit(response, fitted, roughness_m)
    first_map = np.zeros((grid.y_m.size, grid.x_m.size))
    first = True
    found: list[tuple[float, float]] = []
    while True:
        residual, q = fit.residual()
        drop, depth = grid.drops(residual, q, fit.weight)
        for position in fit.positions:  # what is left on a fitted dipole is model error, not another object
            drop[np.linalg.norm(grid.nodes - position[:2], axis=1) < 0.5 * node_m] = 0.0
        if first:
            first = False
            first_map = drop.reshape(grid.y_m.size, grid.x_m.size)
        columns = fitted.basis.shape[1] + sum(TENSOR if kind.full else 1 for kind in fit.kinds) + TENSOR
        few = response.time_s.size < columns + SPARE_ROWS
        if not grid.usable.any() or len(found) >= max_dipoles or few:
            break
        peak = int(np.argmax(drop))
        middle = max(float(np.median(drop[grid.usable])), channels)
        near = _within(response, grid.nodes[peak], LOCAL_M)
        explained = drop[peak] / max(float((residual[:, near] ** 2).sum()), 1e-300)
        stands_out = drop[peak] >= min_contrast * middle or explained >= min_explained
        strongest = max((before for before, _ in found), default=0.0)
        least = max(min_statistic * channels, strongest * 10.0 ** (-dynamic_range_db / 10.0))
        if drop[peak] < least or not stands_out:
            break
        start = np.array([*grid.nodes[peak], -NODE_DEPTHS_M[depth[peak]]])
        strong = bool(drop[peak] >= STRONG * min_statistic * channels)
        trials = [fit.newcomer(start, full=strong, weak=bool(drop[peak] < WEAK_RATIO * strongest))]
        left = (residual**2).sum(axis=0)
        gain = float(left.sum()) - trials[0].misfit
        leads = [n for n, (before, _) in enumerate(found) if before > COMPANION_RATIO * strongest]
        taken = {kind.lead for kind in fit.kinds}
        trials += [
            fit.companion(n)
            for n in leads
            if n not in taken
            and fit.kinds[n].lead is None
            and drop[peak] < WEAK_RATIO * found[n][0]
            and gain < left[_within(response, fit.positions[n], COMPANION_REACH_M)].sum()
        ]
        best = min(trials, key=lambda trial: trial.misfit)
        fit.accept(best)
        # the kernel's last bit is not the same when it was just compiled and when it came from its cache
        found.append((float(drop[peak]), float(f"{drop[peak] / middle:.12g}")))
    dipoles = fit.dipoles([contrast for _, contrast in found])
    middle = max(float(np.median(drop[grid.usable])) if grid.usable.any() else 0.0, channels)
    strongest = max((before for before, _ in found), default=0.0)
    least = max(min_statistic * channels, strongest * 10.0 ** (-dynamic_range_db / 10.0))
    energy = grid.energy(residual, within_m=LOCAL_M)
    needed = np.maximum(least, np.minimum(min_contrast * middle, min_explained * energy)).reshape(first_map.shape)
    needed = np.maximum(needed, _highest_near(drop.reshape(first_map.shape), max(1, round(HIDDEN_M / node_m))))
    return Inversion(dipoles, fit.fitted, grid.x_m, grid.y_m, first_map, needed, fit.weight)


def _within(response: Response, at: Real, distance_m: float) -> NDArray[np.bool_]:
    """Rows this close to the side."""
    near: NDArray[np.bool_] = np.linalg.norm(response.center_m[:, :2] - at[:2], axis=1) < distance_m
    return near


def _highest_near(values: Real, cells: int) -> Real:
    from scipy.ndimage import maximum_filter  # noqa: PLC0415

    highest: Real = maximum_filter(values, 2 * cells + 1)
    return highest
