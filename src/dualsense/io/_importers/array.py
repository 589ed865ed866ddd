"""The channels of one file as lines side by side: each keeps its own time zero and gain."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import ScanError, UsageError
from dualsense.io._importers.joining import Part, joined
from dualsense.io._importers.layout import Place
from dualsense.io._importers.options import is_number
from dualsense.io._text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dualsense.scan import Scan

    Real = NDArray[np.float64]

OPTION = "channel_offsets_m"
MAX_OFFSET_M, MAX_CHANNELS = 10.0, 64
COURSE_M, COURSE_DEVIATIONS = 0.5, 3.0
"""To each side along the track, over which its direction is told: so many metres, or deviations of its places."""


def array_option(name: str, value: Any) -> list[float]:
    """Return how far each channel stands to the left; anything but a list of metres is a UsageError."""
    whole = isinstance(value, (list, tuple)) and all(is_number(one) and abs(one) <= MAX_OFFSET_M for one in value)
    if not whole or not 1 <= len(value) <= MAX_CHANNELS:
        msg = f"{name}: {OPTION} must be a list of metres to the left, one for each channel, got {value!r:.80}"
        raise UsageError(one_line(msg))
    return [float(one) for one in value]


def import_array(name: str, offsets_m: list[float], read: Callable[[int], Scan]) -> Scan:
    """Read all channels of a file as one scan.

    Parameters
    ----------
    name
        What messages call the file.
    offsets_m
        How far each channel stands to the left of the track, in the direction of travel.
    read
        Gives one channel, from 0, at its own track.

    Returns
    -------
    Scan
        One channel after another on the scan's clock, as the chain takes lines.

    Raises
    ------
    ScanError
        A channel cannot be read, or was sampled otherwise than the first.
    """
    parts = []
    for number, offset_m in enumerate(offsets_m):
        scan = read(number)
        if scan.gpr is None:
            msg = f"{name}: found no radar in channel {number}, expected one in each"
            raise ScanError(msg)
        std_m = scan.pose.position_std_m
        reach_m = COURSE_M if std_m is None else max(COURSE_M, COURSE_DEVIATIONS * float(std_m[:, :2].max()))
        track_m = beside(scan.pose.position_m, offset_m, reach_m=reach_m)
        place = Place((float(track_m[0, 0]), float(track_m[0, 1])), (1.0, 0.0), None, {})
        parts.append(Part(scan, scan.gpr, track_m, place, std_m, offset_m))
    names = [f"{name}, channel {number}" for number in range(len(parts))]
    return joined(parts, names, parts[0].scan.header.scan_id)


def beside(track_m: Real, offset_m: float, *, reach_m: float) -> Real:
    """Give the track of what stands to the left of one.

    Parameters
    ----------
    track_m : (p, 3)
    offset_m
        To the left, in the direction of travel.
    reach_m
        To each side along the track, over which its direction is told; one step at the least.

    Returns
    -------
    (p, 3)
    """
    if offset_m == 0.0 or len(track_m) < 2:
        return track_m
    along_m = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(track_m[:, :2], axis=0), axis=1))])
    last = len(track_m) - 1
    before = np.minimum(np.searchsorted(along_m, along_m - reach_m), np.maximum(np.arange(last + 1) - 1, 0))
    after = np.searchsorted(along_m, along_m + reach_m, side="right") - 1
    after = np.maximum(after, np.minimum(np.arange(last + 1) + 1, last))
    step = track_m[after, :2] - track_m[before, :2]
    length = np.linalg.norm(step, axis=1)
    ahead = step / np.where(length > 0.0, length, math.inf)[:, None]
    left = np.column_stack([-ahead[:, 1], ahead[:, 0], np.zeros(last + 1)])
    return track_m + offset_m * left
