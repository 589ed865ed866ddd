"""A stretch of a recording that is not believed, and the samples that belong to it."""

from __future__ import annotations

from dataclasses import replace
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


_SAMPLES: Final = frozenset(
    {"samples-repeated", "stretch-only-noise", "stretch-noisy", "gain-stepped", "tones-noisy", "track-stuck"}
)
"""Samples that fail these checks are left out; those that fail others are used. No ground of either is covered."""


def takes_away(code: str) -> Taken:
    """Tell what a check takes away."""
    return "samples" if code in _SAMPLES else "ground"


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
        Doubt(code, sensor, float(time_s[at[a]]), float(time_s[at[b]]), takes_away(code), channel)
        for a, b in zip(first, last, strict=True)
    )


def windows(starts: Mask, size: int, count: int) -> Mask:
    """Tell which of ``count`` samples lie in a window of ``size`` samples that begins where ``starts`` says."""
    bad = np.zeros(count, dtype=np.bool_)
    for start in np.flatnonzero(starts):
        bad[start : start + size] = True
    return bad


def throughout(code: str, sensor: SensorOrPose, time_s: Real) -> tuple[Doubt, ...]:
    """Give the doubt of a whole recording; none of an empty one."""
    if time_s.size == 0:
        return ()
    return (Doubt(code, sensor, float(time_s[0]), float(time_s[-1]), takes_away(code)),)


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
