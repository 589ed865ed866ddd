"""What lies beside a candidate: strong objects leave faint ones about them that are not there.

An extended piece of metal is no dipole, and a strong reflector rings; what is left of either is fitted by
something weaker beside it. How much weaker and how far away are plain numbers; whether that is a part of the
neighbour, an error of the model or a small mine beside a can, is told by what was fitted to lanes with all three.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

FARTHEST_M = 0.30
"""Metal and bodies farther away leave nothing here."""
HEAD_M, FALL = 0.05, 6.0
"""Below coils at this height what a dipole leaves falls with about this power of the distance."""


def beside(
    places_m: Sequence[tuple[float, float]], metal: Sequence[float], body: Sequence[float]
) -> list[dict[str, float]]:
    """Tell of each candidate what lies beside it.

    Parameters
    ----------
    places_m
        x, y of each candidate, in metres.
    metal, body
        Detection statistic of its metal and of its radar body; 0 where there is none.

    Returns
    -------
    list of dict
        Of each candidate, for ``metal`` and ``body``: distance in metres of the nearest other one that is
        stronger, at most `FARTHEST_M`; how many lie within that; and where there are any, the largest of their
        strengths over its own as a decimal logarithm, as it is and after it fell off over the distance. What is
        weaker than 1, or was not found, counts as 1.
    """
    at = np.array(places_m, dtype=np.float64).reshape(-1, 2)
    away_m = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
    np.fill_diagonal(away_m, np.inf)
    out: list[dict[str, float]] = [{} for _ in at]
    for name, strengths in (("metal", metal), ("body", body)):
        own = np.array(strengths, dtype=np.float64)
        near = (away_m <= FARTHEST_M) & (own > 0.0)
        log = np.log10(np.maximum(own, 1.0))
        ratio = log - log[:, None]
        fallen = ratio - FALL * np.log10((np.minimum(away_m, FARTHEST_M) + HEAD_M) / (2.0 * HEAD_M))
        for n, told in enumerate(out):
            told[f"{name} count"] = float(near[n].sum())
            told[f"{name} nearest stronger"] = float(away_m[n, near[n] & (ratio[n] > 0.0)].min(initial=FARTHEST_M))
            if near[n].any():
                told[f"{name} log10 stronger"] = float(ratio[n, near[n]].max())
                told[f"{name} log10 left"] = float(fallen[n, near[n]].max())
    return out
