"""All checks of a recording by itself, before anything is made of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.integrity import _alike as alike
from dualsense.integrity import _stream as stream
from dualsense.integrity._doubt import stretches, takes_away, throughout
from dualsense.integrity._track import inspect_track, inspect_width

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

    from dualsense.result import Doubt
    from dualsense.scan import EmiData, GprData, Pose, Scan, SensorName

    Mask = NDArray[np.bool_]
    Look = Callable[[NDArray[Any], NDArray[np.float64]], Mask]

CLIPPED_PART = 0.05
"""Of a sounding's values: less is the direct wave of a receiver that is driven hard, which is told elsewhere."""
JOINED = 4.5
"""Intervals between a channel's samples: bad samples that lie no further apart than this are one stretch."""
DEPTH_M, INDEX = 0.12, 3.0
"""Depth that a record has to reach, in soil of that refractive index."""


def inspect(scan: Scan, *, patch: bool = True) -> tuple[Doubt, ...]:
    """Look a recording over, stretch by stretch.

    Parameters
    ----------
    scan
        As read.
    patch
        Whether a patch was swept by hand, and not one line.

    Returns
    -------
    tuple of Doubt
        What is not believed of it; none where nothing stands out.
    """
    out = inspect_track(scan.pose, patch=patch)
    if patch:
        out += inspect_width(scan.pose, _apart_m(scan))
    if scan.gpr is not None:
        out += _radar(scan.gpr, scan.pose, patch=patch)
    if scan.emi is not None:
        out += _metal(scan.emi)
    return out


def _apart_m(scan: Scan) -> float:
    """Tell how far the pairs of each sensor lie apart on the head: of the one where they do so least."""
    middles = [0.5 * (d.tx_position_m + d.rx_position_m)[:, :2] for d in (scan.gpr, scan.emi) if d is not None]
    return min((float(np.ptp(one, axis=0).max()) for one in middles if len(one)), default=0.0)


def _radar(data: GprData, pose: Pose, *, patch: bool) -> tuple[Doubt, ...]:
    def coupled(values: NDArray[Any], time_s: NDArray[np.float64]) -> Mask:
        told = np.isfinite(pose.position_m[:, 2])
        if not told.any():
            return np.zeros(time_s.size, dtype=np.bool_)
        height_m = np.interp(time_s, pose.time_s[told], pose.position_m[told, 2])
        known = data.reference is not None and data.reference.size == values.shape[1]
        own, in_air = alike.spectra(values, data.reference if known else None)
        return alike.coupled_otherwise(own, height_m, in_air)

    looks: list[tuple[str, Look]] = [
        ("samples-repeated", lambda v, _: stream.repeated(v)),
        ("stretch-only-noise", stream.only_noise),
        ("samples-clipped", lambda v, _: stream.clipped(v, part=CLIPPED_PART)),
    ]
    if patch:
        looks += [
            ("gain-stepped", lambda v, _: stream.stepped(v)),
            ("noise-unlike", lambda v, _: alike.disturbed_tones(alike.spectra(v)[0])),
            ("coupling-unlike", coupled),
        ]
    out = _by_channel("gpr", data, looks)
    if patch and _depth_m(data) < DEPTH_M:
        out += throughout("record-short", "gpr", data.time_s)
    return out


def _metal(data: EmiData) -> tuple[Doubt, ...]:
    looks: list[tuple[str, Look]] = [
        ("samples-repeated", lambda v, _: stream.repeated(v)),
        ("stretch-noisy", stream.noisy),
        ("samples-clipped", lambda v, _: stream.clipped(v)),
        ("noise-unlike", alike.disturbed_metal),
    ]
    return _by_channel("emi", data, looks)


def _by_channel(sensor: SensorName, data: GprData | EmiData, looks: list[tuple[str, Look]]) -> tuple[Doubt, ...]:
    """Take each antenna or coil pair by itself, and leave out of each check what one before has taken."""
    channels = np.unique(data.channel)
    found: dict[str, tuple[Doubt, ...]] = {code: () for code, _ in looks}
    for channel in channels:
        rows = np.flatnonzero(data.channel == channel)
        values, time_s = data.data[rows], data.time_s[rows]
        values = values[:, np.isfinite(values).any(axis=0)]  # a dead tone or gate would blind all looks
        left = np.isfinite(values).all(axis=1)  # what is missing is told elsewhere, and would blind them too
        whose = int(channel) if channels.size > 1 else None
        usual_s = float(np.median(np.diff(time_s))) if rows.size > 1 else 0.0
        taken, taken_s = values[left], time_s[left]
        for code, look in looks:
            bad = np.zeros(rows.size, dtype=np.bool_)
            if taken.size:
                bad[left] = look(taken, taken_s)
            gap_s = (
                JOINED * usual_s if takes_away(code) == "ground" else 0.0
            )  # nothing is lost by what lies between
            found[code] += stretches(code, sensor, time_s, bad, gap_s=gap_s, channel=whose)
            if bad.any():
                left &= ~bad
                taken, taken_s = values[left], time_s[left]
    return tuple(one for own in found.values() for one in own)


def _depth_m(data: GprData) -> float:
    """Depth down to which the record has echoes, in slow soil."""
    if data.sample_time_s is not None:
        last_s = float(data.sample_time_s[-1]) - data.system_delay_s
    elif data.frequency_hz is not None and data.frequency_hz.size > 1:
        last_s = 1.0 / float(np.median(np.diff(data.frequency_hz)))
    else:
        return np.inf
    return (last_s * C0_M_S / 2.0 - 0.05) / INDEX


def without_noisy_tones(data: GprData) -> tuple[GprData, int]:
    """Leave out the radar's tones that are noise.

    Parameters
    ----------
    data
        Of one antenna pair or several; traces in time are left as they are.

    Returns
    -------
    GprData, int
        And how many tones that were.
    """
    if data.frequency_hz is None:
        return data, 0
    bad = np.zeros(data.frequency_hz.size, dtype=np.bool_)
    for channel in np.unique(data.channel):
        own = data.data[data.channel == channel]
        own = own[np.isfinite(own).all(axis=1)]
        if len(own) >= 4 * stream.TIES:
            bad |= stream.noisy_tones(own)
    if not bad.any() or bad.all():
        return data, 0
    keep = ~bad
    reference = None if data.reference is None else data.reference[keep]
    values = np.ascontiguousarray(data.data[:, keep])
    left = replace(data, data=values, frequency_hz=data.frequency_hz[keep], reference=reference)
    return left, int(bad.sum())
