"""One passage of the radar's soundings to a volume and its map, for one belief about ground echo and soil."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from dualsense import gpr
from dualsense.live import _live_kernels as _kernels
from dualsense.live._background import Background
from dualsense.live._candidates import Peaks
from dualsense.live._tiles import TILE, Canvas, Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from dualsense.gpr import Ground, Soundings
    from dualsense.live._ground_echo import GroundEcho
    from dualsense.live._volume import Volume
    from dualsense.recipe.gpr import Gpr

    Real = NDArray[np.float64]

CONTRAST = 2.0
"""Times the usual contrast of the map from which an echo stands out."""
MIN_FOLD = 0.12
"""Part of the highest fold below which a voxel was not measured well enough to be shown."""
LEVEL_TILES = 256
"""The clutter at a depth is told by so many tiles, the latest."""
MEDIAN_OF_MEAN = 0.94
"""Median over mean of a Rayleigh distribution."""
FLOOR = 1e-3
"""The clutter is at least this part of the strongest echo."""


class Passage:
    """Soundings to a map of what stands out at any depth.

    Parameters
    ----------
    tables
        Of the recipe.
    grounds
        Ground echo of each channel.
    ground
        The soil.
    volume
        Empty, for that soil.
    cell_m
        Side of a cell of the map.

    Attributes
    ----------
    canvas
        With the layers "radar", how many times the strongest echo exceeds the clutter of its depth, and "depth".
    peaks
        Of that map.
    looked
        How many tiles have been looked at again, in all.
    """

    def __init__(
        self, tables: Gpr, grounds: Mapping[int, GroundEcho], ground: Ground, volume: Volume, cell_m: float
    ) -> None:
        self.grounds, self.ground, self.volume = grounds, ground, volume
        self.canvas = Canvas(cell_m, ("radar", "depth"))
        self.peaks = Peaks("radar", least=tables.image.min_contrast, contrast=CONTRAST)
        self.looked = 0
        self._tables = tables
        self._backgrounds = {channel: Background(tables.background.radius_m) for channel in grounds}
        self._transform: tuple[NDArray[np.complex64], float] | None = None
        self._levels: dict[Key, Real] = {}
        self._strongest = 0.0

    def add(self, soundings: Soundings) -> None:
        """Add soundings, and bring the map up to date where they reach."""
        changed: set[Key] = set()
        for channel, ground in self.grounds.items():
            own = gpr.pick_rows(soundings, soundings.channel == channel)
            if own.time_s.size:
                changed.update(self._add_channel(channel, ground, own))
        drawn = self._draw(sorted(changed))
        self.peaks.update(self.canvas, drawn)
        self.looked += self.peaks.looked

    def _add_channel(self, channel: int, ground: GroundEcho, own: Soundings) -> Iterable[Key]:
        below, height, wave = ground.take_out(own)
        aligned = below * wave.conj()
        middle = own.midpoint_m
        if self._tables.background.method != "none":
            aligned = self._backgrounds[channel].take_out(middle[:, :2], aligned)
        level = np.abs(ground.echo).mean()
        power = np.abs(ground.echo) ** 2 + (self._tables.traces.whitening_floor * level) ** 2
        white = ground.echo.conj() / np.maximum(power, np.finfo(float).tiny)
        if not self._tables.traces.whiten:
            white = np.ones_like(white)
        kernel, dt_s = self._kernel(own.frequency_hz)
        traces = (aligned * wave * white.astype(np.complex64)) @ kernel
        lift = np.zeros((height.size, 3))
        lift[:, 2] = height - middle[:, 2]
        return self.volume.add(own.tx_m + lift, own.rx_m + lift, traces, dt_s)

    def _kernel(self, f: Real) -> tuple[NDArray[np.complex64], float]:
        """Transform (k, t) from spectra to the traces that the volume looks up, and the step of their times."""
        if self._transform is None:
            tables = self._tables.traces
            shape = {"kaiser_beta": tables.kaiser_beta, "tukey_fraction": tables.tukey_fraction}
            weight = gpr.spectral_window(f, tables.window, **shape)
            weight = weight * np.gradient(f) if f.size > 1 else weight
            dt_s = 1.0 / (tables.oversampling * float(f[-1]))
            repeats_s = 1.0 / float(np.median(np.diff(f))) if f.size > 1 else tables.window_s
            time_s = np.arange(0.0, min(tables.window_s, repeats_s, self.volume.last_s + 2.0 * dt_s), dt_s)
            kernel = (weight / weight.sum())[:, None] * np.exp(2j * np.pi * f[:, None] * time_s)
            self._transform = kernel.astype(np.complex64), dt_s
        return self._transform

    def _draw(self, changed: list[Key]) -> list[Key]:
        """Draw tiles anew: the strongest echo under each cell over the clutter of its depth, and that depth."""
        volume, drawn = self.volume, []
        least, depth_m = MIN_FOLD * volume.highest, volume.depth_m
        top = int(np.searchsorted(depth_m, self._tables.image.top_m))
        peak, where = np.empty((2, TILE, TILE), np.float32)
        level = self._level()
        for key in changed:
            tile, means = volume.tiles[key], np.empty(depth_m.size)
            told = tile.sums, tile.covered, least
            strongest = _kernels.show_tile(*told, level, depth_m, top, means, peak, where)
            if strongest < 0.0:
                continue
            first = not self._levels
            self._strongest = max(self._strongest, strongest)
            self._levels.pop(key, None)
            self._levels[key] = MEDIAN_OF_MEAN * means
            if first:  # there was no clutter to compare with
                level = self._level()
                _kernels.show_tile(*told, level, depth_m, top, means, peak, where)
            self.canvas.include(key)
            self.canvas.draw("radar", key, peak)
            self.canvas.draw("depth", key, where)
            drawn.append(key)
        return drawn

    def _level(self) -> Real:
        """Clutter at each depth (nz,), smoothed over neighbours, by the tiles drawn so far."""
        level = np.full(self.volume.depth_m.size, FLOOR * self._strongest)
        if self._levels:
            latest = np.array(list(islice(reversed(self._levels.values()), LEVEL_TILES)))
            latest.sort(axis=0)  # NaN comes last
            count = np.isfinite(latest).sum(axis=0)
            middle = np.take_along_axis(latest, np.maximum(count - 1, 0)[None] // 2, axis=0)[0]
            level = np.fmax(level, middle)
        if level.size > 2:
            level = np.convolve(np.pad(level, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
        return np.where(level > 0.0, level, 1.0)
