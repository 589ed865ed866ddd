"""Whether a track is one line, or several, and not a swept patch, and where along it a point lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MIN_LENGTH_M = 0.15
MAX_BEND = 0.05
"""Largest width of a curved line over its length."""
MAX_WANDER_M = 0.15
"""So wide at most is a line once its bend, a parabola, is taken off: wider, it is a long lane that was swept."""
MIN_ASPECT = 5.0


@dataclass(frozen=True, slots=True)
class Line:
    """A straight or slightly curved track.

    Attributes
    ----------
    origin_m, direction
        A point of the straight line closest to the track, and its unit vector, in the local frame. It points to
        +x, or to +y where it has no x.
    length_m, width_m
        Extent of the track along it and across.
    """

    origin_m: tuple[float, float]
    direction: tuple[float, float]
    length_m: float
    width_m: float

    def along(self, position_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance (n,) along the line of positions (n, 2 or more), from its origin."""
        distance: NDArray[np.float64] = (position_m[:, :2] - self.origin_m) @ np.array(self.direction)
        return distance

    def across(self, position_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance (n,) to the left of the line."""
        left = np.array([-self.direction[1], self.direction[0]])
        distance: NDArray[np.float64] = (position_m[:, :2] - self.origin_m) @ left
        return distance


def find_line(position_m: NDArray[np.float64], *, reach_m: float = 0.03) -> Line | None:
    """Tell whether positions lie along one line: a single B-scan, in any direction, also there and back again.

    Parameters
    ----------
    position_m : (n, 2 or more)
        Soundings; rows with NaN are passed over.
    reach_m
        How far to the side one sounding measures: a track no wider than two of them measures one strip of ground.

    Returns
    -------
    Line or None
        None for a patch, and for a track too short to have a direction.
    """
    xy = position_m[:, :2]
    xy = xy[np.isfinite(xy).all(axis=1)]
    if xy.shape[0] < 3:
        return None
    middle = 0.5 * (xy.min(axis=0) + xy.max(axis=0))
    _, _, axes = np.linalg.svd(xy - xy.mean(axis=0), full_matrices=False)
    direction = axes[0] * (1.0 if tuple(np.round(axes[0], 12)) > (0.0, 0.0) else -1.0)
    direction = np.where(np.abs(direction) < 1e-12, 0.0, direction)  # -0 too
    line = Line((float(middle[0]), float(middle[1])), (float(direction[0]), float(direction[1])), 0.0, 0.0)
    length, width = float(np.ptp(line.along(xy))), float(np.ptp(line.across(xy)))
    if length < MIN_LENGTH_M or width > max(2.0 * reach_m, MAX_BEND * length) or length < MIN_ASPECT * width:
        return None
    if width > MAX_WANDER_M:
        along, across = line.along(xy) / length, line.across(xy)
        if float(np.ptp(across - np.polynomial.Polynomial.fit(along, across, 2)(along))) > MAX_WANDER_M:
            return None
    return Line(line.origin_m, line.direction, length, width)


@dataclass(frozen=True, slots=True)
class Lines:
    """The line of each channel: one for all of them, or several that were recorded one after another.

    Attributes
    ----------
    of_channel
        By the channel's number.
    """

    of_channel: Mapping[int, Line]

    @property
    def alone(self) -> bool:
        """Whether all channels ran along the same line."""
        return len({id(line) for line in self.of_channel.values()}) == 1

    def along(self, position_m: NDArray[np.float64], channel: NDArray[np.intp]) -> NDArray[np.float64]:
        """Distance (n,) of positions (n, 2 or more) along the lines of their channels (n,)."""
        out = np.empty(len(position_m))
        for number, line in self.of_channel.items():
            rows = channel == number
            out[rows] = line.along(position_m[rows])
        return out


def find_lines(
    position_m: NDArray[np.float64],
    channel: NDArray[np.intp],
    time_s: NDArray[np.float64],
    *,
    reach_m: float = 0.03,
) -> Lines | None:
    """Tell whether positions lie along one line, or each channel's along one of its own.

    Channels that were recorded one after another are lines of their own, however near to each other they are:
    each may have its own time zero. Those of an array head take turns, and are one line or none.

    Parameters
    ----------
    position_m : (n, 2 or more)
        Soundings; rows with NaN are passed over.
    channel : (n,)
        Of each.
    time_s : (n,)
        When it was made.
    reach_m
        As for :func:`find_line`.

    Returns
    -------
    Lines or None
        None for a patch, and where one of the channels is no line.
    """
    numbers = np.unique(channel)
    if numbers.size > 1 and _one_after_another(channel, time_s):
        own = {int(c): find_line(position_m[channel == c], reach_m=reach_m) for c in numbers}
        return Lines({c: line for c, line in own.items() if line is not None}) if all(own.values()) else None
    line = find_line(position_m, reach_m=reach_m)
    return None if line is None else Lines({int(c): line for c in numbers})


def _one_after_another(channel: NDArray[np.intp], time_s: NDArray[np.float64]) -> bool:
    in_time = channel[np.argsort(time_s, kind="stable")]
    return int((np.diff(in_time) != 0).sum()) == np.unique(channel).size - 1
