"""Exact quantiles of a volume that is seen plane by plane, without a second copy of it.

Near the top only the greatest values are kept, and each plane adds those that exceed the least of them. Elsewhere:
The bits of single-precision numbers, as whole numbers, are in the numbers' order. A first pass counts values by
their upper sixteen bits; a second keeps those that share them with the wanted ranks, and sorts these few.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    Planes = Callable[[], Iterable[NDArray[np.float32]]]

UPPER_BITS = 16
BINS = 1 << UPPER_BITS
SIGN = np.uint32(0x80000000)


def upper_quantile(planes: Planes, fraction: float, size: int) -> tuple[float, int]:
    """Quantile near the top of the finite values, linear between the two nearest ranks, and how many there are.

    Parameters
    ----------
    planes
        Gives the float32 planes.
    fraction
        Near 1: the part above it is kept in memory. Without a value the quantile is 0.
    size
        How many values the planes hold, finite or not.
    """
    room = math.ceil((1.0 - fraction) * size) + 2
    kept, least, count = np.empty(0, dtype=np.float32), -np.inf, 0
    for plane in planes():
        count += int(np.count_nonzero(np.isfinite(plane)))
        fresh = plane[plane > least]
        kept = np.concatenate([kept, fresh[np.isfinite(fresh)]])
        if kept.size > room:
            kept = np.partition(kept, kept.size - room)[kept.size - room :]
            least = float(kept[0])
    if count == 0:
        return 0.0, 0
    place = (count - 1) * fraction
    kept.sort()
    low, high = (float(kept[rank - count]) for rank in (math.floor(place), math.ceil(place)))
    return low + (high - low) * (place - math.floor(place)), count


def quantiles(planes: Planes, fractions: Sequence[float]) -> list[float]:
    """Quantiles of the finite values, linear between the two nearest ranks; 0 where there is none.

    Parameters
    ----------
    planes
        Gives the float32 planes anew each time it is called, the same every time.
    fractions
        Between 0 and 1.
    """
    counts = np.zeros(BINS, dtype=np.int64)
    for plane in planes():
        counts += np.bincount(_keys(plane) >> UPPER_BITS, minlength=BINS)
    ends = np.cumsum(counts)
    total = int(ends[-1])
    if total == 0:
        return [0.0] * len(fractions)
    places = [(total - 1) * fraction for fraction in fractions]
    ranks = sorted({rank for place in places for rank in (math.floor(place), math.ceil(place))})
    wanted = np.searchsorted(ends, ranks, side="right")
    chosen = np.zeros(BINS, dtype=bool)
    chosen[wanted] = True
    kept: list[NDArray[np.uint32]] = []
    for plane in planes():
        keys = _keys(plane)
        kept.append(keys[chosen[keys >> UPPER_BITS]])
    ordered = np.sort(np.concatenate(kept))
    skipped = ends - np.cumsum(np.where(chosen, counts, 0))
    value = {rank: _value(ordered[rank - skipped[upper]]) for rank, upper in zip(ranks, wanted, strict=True)}
    found = []
    for place in places:
        low, high = value[math.floor(place)], value[math.ceil(place)]
        found.append(low + (high - low) * (place - math.floor(place)))
    return found


def _keys(plane: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Whole numbers in the order of the finite values of a plane."""
    bits = plane[np.isfinite(plane)].view(np.uint32)
    return np.where(bits & SIGN, ~bits, bits | SIGN)


def _value(key: np.uint32) -> float:
    """Value of a whole number of `_keys`."""
    bits = key & ~SIGN if key & SIGN else ~key
    return float(np.uint32(bits).view(np.float32))
