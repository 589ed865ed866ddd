"""Metal over time, in a bounded number of pieces however long the sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Real = NDArray[np.float64]

MOST = 1024
"""Pieces; when there are more, each two neighbours become one."""
FIRST_S = 0.1
"""Length of a piece at the start."""


class Trace:
    """Largest response in equal pieces of time."""

    def __init__(self) -> None:
        self._piece_s = FIRST_S
        self._number = np.empty(0, np.int64)
        self._peak = np.empty(0)

    def extend(self, time_s: Real, size: Real) -> None:
        """Take responses (m,) at times (m,) since the sweep began."""
        if time_s.size == 0:
            return
        number = np.concatenate([self._number, np.floor(time_s / self._piece_s).astype(np.int64)])
        self._merge(number, np.concatenate([self._peak, size]))
        while self._number.size > MOST:
            self._piece_s *= 2.0
            self._merge(self._number // 2, self._peak)

    def _merge(self, number: NDArray[np.int64], peak: Real) -> None:
        self._number, at = np.unique(number, return_inverse=True)
        self._peak = np.full(self._number.size, -np.inf)
        np.maximum.at(self._peak, at, peak)

    def series(self) -> tuple[Real, Real]:
        """Give the middle of each piece that holds a response, and the largest of those, (p,) each."""
        middle = (self._number.astype(np.float64) + 0.5) * self._piece_s
        return middle, self._peak.copy()
