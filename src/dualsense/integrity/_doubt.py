"""A stretch of a recording that is not believed, and the samples that belong to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from dualsense.result import Doubt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dualsense.result import Taken
    from dualsense.scan import EmiData, GprData, Scan, SensorOrPose

    Mask = NDArray[np.bool_]
    Real = NDArray[np.float64]

Stream = TypeVar("Stream", "GprData", "EmiData")


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it is called, what it measures, its limit, and what a failure takes away.

    Attributes
    ----------
    code
        Of the fault that it tells, one of `dualsense.faults.KINDS`.
    measures
        What is measured, in one line.
    limit
        From where on it fails.
    takes_away
        "samples": they are left out and their ground is not covered; "ground": they are used, and their ground is
        not covered.
    """

    code: str
    measures: str
    limit: str
    takes_away: Taken


# fmt: off
CHECKS: Final = (
    Check("samples-repeated", "samples equal to an earlier one in every column", "one", "samples"),
    Check("stretch-only-noise", "variation from sounding to sounding over that within 11 and 16 of them",
        "0.85, and 0.75: 1 is white noise", "samples"),
    Check("stretch-noisy", "third differences of metal samples, where they are white, over the scan's middle",
        "20", "samples"),
    Check("gain-stepped", "step of the logarithm of what soundings have in common, and of its phase",
        "0.5 from sounding to sounding, 0.4 between stretches", "samples"),
    Check("samples-clipped", "samples that share the largest or smallest value of a column", "5", "ground"),
    Check("tones-noisy", "variation of a tone from sounding to sounding over that within the scan",
        "0.6, and three times the middle tone's", "samples"),
    Check("record-short", "depth from which the radar's record has echoes", "12 cm", "ground"),
    Check("track-stuck", "poses in a row that repeat a place, of a tracker that otherwise trembles",
        "0.1 s, or 0.3 s along one axis", "samples"),
    Check("track-jumps", "step of the track beyond its speed and its noise", "2.5 cm", "ground"),
    Check("track-jitters", "noise of the poses, by their second differences", "15 mm", "ground"),
    Check("track-too-fast", "speed of the head", "0.75 m/s on the middle over a patch, 2 m/s anywhere", "ground"),
    Check("track-level", "spread of the heights of a head that trembles sideways", "0", "ground"),
    Check("clock-disagrees", "lag at which the tracked heights follow those that the ground's echo tells",
        "0.07 s", "ground"),
    Check("passes-disagree", "likeness of the radar's traces on neighbouring passes, over that along a pass",
        "0.4, or 0.2 where none come nearer than 25 mm", "ground"),
    Check("scale-disagrees", "way along the track within which the radar's traces stay alike",
        "less than 0.72 at 12 mm", "ground"),
    Check("metal-disagrees", "energy of the difference of metal samples of neighbouring passes over half of both",
        "0.85: 1 has nothing in common", "ground"),
)
# fmt: on
"""Every check, in the order in which a scan meets them."""
_BY_CODE: Final = {check.code: check for check in CHECKS}


def stretches(
    code: str,
    sensor: SensorOrPose,
    time_s: Real,
    bad: Mask,
    *,
    gap_s: float = 0.0,
    channel: int | None = None,
) -> tuple[Doubt, ...]:
    """Give the stretches of time in which samples are bad.

    Parameters
    ----------
    code
        Of the check that failed.
    sensor
        Whose samples they are; "pose" for both sensors'.
    time_s : (n,)
        Of the samples, increasing; of one channel's where it is told by the channel.
    bad : (n,)
        Which of them are not believed.
    gap_s
        Stretches that are no further apart than this are one.
    channel
        Whose samples they are, where there are several.

    Returns
    -------
    tuple of Doubt
        From the first bad sample of a stretch to its last.
    """
    at = np.flatnonzero(bad)
    if at.size == 0:
        return ()
    apart = np.flatnonzero((np.diff(at) > 1) & (np.diff(time_s[at]) > gap_s))
    first, last = np.concatenate([[0], apart + 1]), np.concatenate([apart, [at.size - 1]])
    return tuple(
        Doubt(code, sensor, float(time_s[at[a]]), float(time_s[at[b]]), _BY_CODE[code].takes_away, channel)
        for a, b in zip(first, last, strict=True)
    )


def takes_away(code: str) -> Taken:
    """Tell what a check takes away."""
    return _BY_CODE[code].takes_away


def throughout(code: str, sensor: SensorOrPose, time_s: Real) -> tuple[Doubt, ...]:
    """Give the doubt of a whole recording; none of an empty one."""
    if time_s.size == 0:
        return ()
    return (Doubt(code, sensor, float(time_s[0]), float(time_s[-1]), _BY_CODE[code].takes_away),)


def doubted(
    doubts: Iterable[Doubt],
    sensor: SensorOrPose,
    time_s: Real,
    *,
    takes_away: Taken | None = None,
    channel: NDArray[np.intp] | None = None,
) -> Mask:
    """Tell which samples of a sensor lie in a stretch that is not believed, of the track or of its own.

    Parameters
    ----------
    doubts
        Of a scan.
    sensor
        Whose samples are asked about; "pose" for the poses.
    time_s : (n,)
        When they were taken.
    takes_away
        Only doubts that take this; None takes all of them.
    channel : (n,), optional
        Whose samples they are; without it a doubt of one channel is one of all.

    Returns
    -------
    (n,) bool
    """
    own = [one for one in doubts if one.sensor in (sensor, "pose") and takes_away in (None, one.takes_away)]
    bad = np.zeros(time_s.size, dtype=np.bool_)
    for whose in dict.fromkeys(one.channel for one in own):
        start_s = np.sort([one.start_s for one in own if one.channel == whose])
        stop_s = np.sort([one.stop_s for one in own if one.channel == whose])
        inside = np.searchsorted(start_s, time_s, side="right") > np.searchsorted(stop_s, time_s, side="left")
        bad |= inside if whose is None or channel is None else inside & (channel == whose)
    return bad


def without(scan: Scan, doubts: Iterable[Doubt]) -> Scan:
    """Leave out the samples that doubts take away.

    Parameters
    ----------
    scan
        As read.
    doubts
        Of `inspect`.

    Returns
    -------
    Scan
        The same one where nothing is taken away.
    """
    doubts = tuple(doubts)
    if scan.gpr is not None:
        bad = doubted(doubts, "gpr", scan.gpr.time_s, takes_away="samples", channel=scan.gpr.channel)
        scan = replace(scan, gpr=_kept(scan.gpr, ~bad)) if bad.any() else scan
    if scan.emi is not None:
        bad = doubted(doubts, "emi", scan.emi.time_s, takes_away="samples", channel=scan.emi.channel)
        scan = replace(scan, emi=_kept(scan.emi, ~bad)) if bad.any() else scan
    return scan


def _kept(data: Stream, keep: Mask) -> Stream:
    return replace(data, time_s=data.time_s[keep], data=data.data[keep], channel=data.channel[keep])
