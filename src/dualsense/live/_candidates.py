"""Places where something stands out of a map, found anew only where the map has changed."""

from __future__ import annotations

import math
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from dualsense.live import _live_kernels as _kernels
from dualsense.live._tiles import TILE, Canvas, Key
from dualsense.result import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterable

LEVEL_TILES = 256
"""The usual level of a map is told by so many tiles, the latest."""
SEPARATION_M = 0.08
"""Peaks of one map closer than this are one, the strongest."""
TOGETHER_M = 0.08
"""Peaks of both maps closer than this are one thing."""
MOST = 200
"""So many peaks of a map are looked at, the strongest."""
Peak = tuple[float, float, float, float]
"""Strength, x, y and depth."""


class Peaks:
    """Local maxima of a layer above a threshold.

    Parameters
    ----------
    layer
        Of the canvas.
    least
        Lowest threshold.
    contrast
        Times the map's usual level from which something stands out.
    """

    def __init__(self, layer: str, *, least: float, contrast: float) -> None:
        self._layer, self._least, self._contrast = layer, least, contrast
        self._found: dict[Key, list[Peak]] = {}
        self._means: dict[Key, float] = {}
        self.looked = 0

    @property
    def threshold(self) -> float:
        """Strength from which a peak counts."""
        latest = list(islice(reversed(self._means.values()), LEVEL_TILES))
        return max(self._least, self._contrast * float(np.median(latest))) if latest else self._least

    def update(self, canvas: Canvas, changed: Iterable[Key]) -> None:
        """Look again at the tiles that changed, and at their neighbours, whose edges they are."""
        own = set(changed)
        for key in sorted(own):
            tile = canvas.held(self._layer, key)
            known = tile[np.isfinite(tile)]
            self._means.pop(key, None)
            if known.size:
                self._means[key] = float(known.mean())
        beside = {(j + b, i + a) for j, i in own for b in (-1, 0, 1) for a in (-1, 0, 1)}
        again = sorted(key for key in beside if key in self._means)
        for key in again:
            self._found[key] = self._look(canvas, key)
        self.looked = len(again)

    def strongest(self) -> list[Peak]:
        """Give the peaks above the threshold, the strongest first, no two of them close together."""
        threshold = self.threshold
        above = sorted((p for peaks in self._found.values() for p in peaks if p[0] > threshold), reverse=True)
        kept: list[Peak] = []
        for peak in above[:MOST]:
            if all(math.hypot(peak[1] - other[1], peak[2] - other[2]) > SEPARATION_M for other in kept):
                kept.append(peak)
        return kept

    def _look(self, canvas: Canvas, key: Key) -> list[Peak]:
        values, row, column = canvas.layer_at(self._layer, key)
        places = np.empty((TILE * TILE, 2), np.int64)
        count = _kernels.local_peaks(values, row, column, TILE, self._least, places)
        if not count:
            return []
        tile = canvas.held(self._layer, key)
        depth = canvas.held("depth", key) if canvas.has("depth") else np.full((TILE, TILE), np.nan)
        return [
            (
                float(tile[j, i]),
                (key[1] * TILE + i + 0.5) * canvas.cell_m,
                (key[0] * TILE + j + 0.5) * canvas.cell_m,
                float(depth[j, i]),
            )
            for j, i in places[:count].tolist()
        ]


def candidates(metal: Peaks, radar: Peaks) -> tuple[Candidate, ...]:
    """Join the peaks of both maps, what stands out most first; each keeps what its own sensor says of it.

    Parameters
    ----------
    metal, radar
        Of either map; a sensor without a map has no peaks.

    Returns
    -------
    tuple of Candidate
    """
    echoes = radar.strongest()
    found = []
    for strength, x, y, _ in metal.strongest():
        near = min(echoes, key=lambda p: math.hypot(p[1] - x, p[2] - y), default=None)
        if near is None or math.hypot(near[1] - x, near[2] - y) > TOGETHER_M:
            found.append(Candidate(x, y, math.nan, metal=strength, radar=math.nan))
            continue
        echoes.remove(near)
        found.append(Candidate(x, y, near[3], metal=strength, radar=near[0]))
    found += [Candidate(x, y, depth, metal=math.nan, radar=strength) for strength, x, y, depth in echoes]
    limits = metal.threshold, radar.threshold

    def standing_out(one: Candidate) -> float:
        both = one.metal / limits[0], one.radar / limits[1]
        return max(part for part in both if math.isfinite(part))

    return tuple(sorted(found, key=standing_out, reverse=True))
