"""The radar volume as it is shown: how much an echo stands out at its depth, and echoes with a gain over depth.

Soil attenuates and the rough surface scatters, so that the plain envelope shows the top centimetres and little
else. What stands out is told by the envelope over its own clutter, the median at the same depth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dualsense.render._figures.quantiles import quantiles, upper_quantile
from dualsense.render._planes import planes
from dualsense.runtime.memory import lay_aside

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dualsense.render._figures.style import View
    from dualsense.result import Result, Volume

GAIN = 0.7
FLOOR = 1e-3
BRIGHT, NOISE_TIMES = 0.9999, 8.0
SLABS = 9
SLAB_STEPS_CM = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.5, 10.0, 15.0, 20.0, 25.0, 50.0)


def shown_depths(volume: Volume, view: View) -> NDArray[np.intp]:
    """Find the slices between the start and the stop depth; all of them when none would be left."""
    stop_m = math.inf if view.stop_depth_m is None else view.stop_depth_m
    inside = (volume.depth_m >= view.start_depth_m) & (volume.depth_m <= stop_m)
    return np.flatnonzero(inside) if inside.any() else np.arange(volume.depth_m.size)


def slabs(volume: Volume, view: View) -> list[tuple[float, float, NDArray[np.intp]]]:
    """Depths cut into at most nine slabs of round thickness, without a gap, so that no body falls between panels.

    Returns
    -------
    list of (top_cm, bottom_cm, indices)
        Edges of a slab and the slices in it.
    """
    chosen = shown_depths(volume, view)
    depth_cm = 100.0 * volume.depth_m[chosen]
    start_cm = float(max(depth_cm[0], 0.0))
    span_cm = float(depth_cm[-1]) - start_cm
    fitting = (step for step in SLAB_STEPS_CM if span_cm / step <= SLABS)
    step_cm = next(fitting, max(span_cm / SLABS, 1e-6))
    first = math.floor(start_cm / step_cm + 1e-9)
    number = np.maximum(np.floor(depth_cm / step_cm + 1e-9).astype(int), first)
    spacing_m = float(volume.depth_m[1] - volume.depth_m[0]) if volume.depth_m.size > 1 else 0.01
    end_cm = float(depth_cm[-1]) + 50.0 * spacing_m
    return [
        (float(n * step_cm), min(float((n + 1) * step_cm), end_cm), chosen[number == n])
        for n in range(first, int(number.max()) + 1)
        if (number == n).any()
    ]


def clutter_level(volume: Volume) -> NDArray[np.float64]:
    """Median of the measured cells at each depth, (nz,), smoothed over neighbours and positive.

    A depth without a measured cell takes the level of the volume; none falls below 0.1 % of the strongest echo.
    """
    levels, strongest = np.full(volume.depth_m.size, np.nan), 0.0
    for index, plane in enumerate(planes(volume.values)):
        finite = plane[np.isfinite(plane)]
        if finite.size:
            half = finite.size // 2
            finite.partition((half - 1 + finite.size % 2, half))
            levels[index] = 0.5 * (float(finite[half - 1 + finite.size % 2]) + float(finite[half]))
            strongest = max(strongest, float(finite[half:].max()))
    known = np.isfinite(levels)
    levels[~known] = np.median(levels[known]) if known.any() else 0.0
    if levels.size > 2:
        levels = np.convolve(np.pad(levels, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    floored: NDArray[np.float64] = np.maximum(levels, FLOOR * strongest)
    return np.where(floored > 0.0, floored, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Echo:
    """The radar volume as all pictures of a result show it: measured once, its slices made when they are drawn.

    Attributes
    ----------
    volume
        The envelope.
    level : (nz,)
        Clutter at each depth.
    gain : (nz,) float32
        What the envelope is divided by at each depth.
    limit
        Top of the colour scale of the gained envelope.
    """

    volume: Volume
    level: NDArray[np.float64]
    gain: NDArray[np.float32]
    limit: np.float32

    def plane(self, index: int) -> NDArray[np.float32]:
        """Slice with its gain, (ny, nx), 1 at the colour limit."""
        shown: NDArray[np.float32] = self.volume.values[index] / self.gain[index]
        shown /= self.limit
        return shown

    def strongest(self, indices: Iterable[int]) -> NDArray[np.float32]:
        """Greatest gained echo of each cell in some slices, (ny, nx)."""
        greatest = np.full(self.volume.values.shape[1:], np.nan, dtype=np.float32)
        for index in indices:
            np.fmax(greatest, self.plane(index), out=greatest)
            lay_aside(self.volume.values)
        return greatest

    def cut(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Section (nz, n) of the volume with its gain."""
        shown: NDArray[np.float32] = values / self.gain[:, None]
        shown /= self.limit
        return shown


def depth_maximum(volume: Volume, level: NDArray[np.float64], view: View) -> NDArray[np.float32]:
    """Find how much the strongest echo under each cell stands out, (ny, nx), in medians of its depth.

    Only the shown depths count; NaN where none of them was measured.

    Parameters
    ----------
    volume
        The envelope.
    level : (nz,)
        Its `clutter_level`.
    view
        The shown depths.
    """
    greatest = np.full(volume.values.shape[1:], np.nan, dtype=np.float32)
    for index in shown_depths(volume, view):
        np.fmax(greatest, volume.values[index] / np.float32(level[index]), out=greatest)
        lay_aside(volume.values)
    return greatest


def shown_echo(result: Result) -> Echo:
    """Measure how the radar volume of a result is shown.

    The gain undoes a part of the fall of the clutter with depth, so that deep bodies show beside shallow ones and
    the ringing under a shallow one stays weaker than itself. The limit is what the strongest 0.01 % exceed, and at
    least eight times the median: Rayleigh noise reaches that in one cell of 10^19.
    """
    volume = result.gpr_volume
    if volume is None:
        msg = "a result without radar volume has no echo to show"
        raise ValueError(msg)
    level = clutter_level(volume)
    gain = (level**GAIN).astype(np.float32)

    def gained() -> Iterable[NDArray[np.float32]]:
        return map(np.divide, planes(volume.values), gain)

    bright, count = upper_quantile(gained, BRIGHT, volume.values.size)
    # Most volumes hold something bright: then counting tells that the median lies low enough.
    weak = sum(int(np.count_nonzero(plane <= bright / NOISE_TIMES)) for plane in gained())
    limit = bright if weak > count // 2 + 1 else max(bright, NOISE_TIMES * quantiles(gained, (0.5,))[0])
    return Echo(volume, level, gain, np.float32(limit if limit > 0.0 else 1.0))
