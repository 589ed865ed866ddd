"""What is wrong with the numbers of one sensor: missing, constant, stuck.

Nothing here guesses: what cannot be trusted becomes NaN and a fault. A zero that no instrument can measure
would look like empty ground, so it counts as missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.faults import fault
from dualsense.language import in_english

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.scan import Fault, SensorName

ISOLATED_FRACTION = 0.01
"""Up to this part of the values, missing ones are isolated: masked, counted, and no more than information."""
UNUSABLE_FRACTION = 0.25
"""A tone, gate or sample of which a larger part is missing is not used at all."""
MIN_LIVE_FRACTION = {"gpr": 0.5, "emi": 0.0}
"""The radar needs half of its tones or samples to range."""
MIN_LIVE = {"gpr": 2, "emi": 1}
"""The metal detector works on one frequency or gate."""
MIN_STUCK = {"gpr": 10, "emi": 50}
"""As many equal soundings in a row are a sensor that repeats itself, not ground."""
_GLANCE = 8


@dataclass(frozen=True, slots=True)
class Stream:
    """Where samples come from, for the messages.

    Attributes
    ----------
    columns
        Name of every tone, gate or sample, such as "1.52 GHz".
    n_channels
        Antenna or coil pairs.
    quiet_columns
        A column may be constant: the samples of an impulse trace before the direct wave are.
    """

    sensor: SensorName
    path: str
    columns: Sequence[str]
    n_channels: int = 1
    quiet_columns: bool = False


@dataclass(slots=True)
class _Channel:
    """What was found in the soundings of one channel."""

    size: int
    dead: Fault | None = None
    constant: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, np.intp))
    lost: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, np.intp))
    silent: int = 0
    stuck: int = 0
    missing: int = 0
    missing_soundings: int = 0


def examine_samples(
    data: NDArray[Any], channel: NDArray[np.intp], stream: Stream
) -> tuple[NDArray[Any] | None, tuple[Fault, ...]]:
    """Mask what cannot be trusted, and say what it was.

    Parameters
    ----------
    data : (n, k) complex or float
        Soundings by tones, gates or samples.
    channel : (n,)
        Antenna or coil pair of each sounding.
    stream
        Names for the messages.

    Returns
    -------
    data : (n, k) or None
        A copy with NaN where a value cannot be used; None when nothing is left of the sensor.
    faults
        One per kind of finding and channel.
    """
    if data.shape[0] == 0:
        return None, (_fault(stream, "soundings-absent"),)
    data = data.copy()
    data[~np.isfinite(data)] = _missing(data)
    faults: list[Fault] = []
    found: list[_Channel] = []
    for number in range(stream.n_channels):
        rows = slice(None) if stream.n_channels == 1 else np.flatnonzero(channel == number)
        part = data[rows]
        found.append(_examine_channel(part, stream))
        data[rows] = part
    dead = [one.dead for one in found if one.dead is not None]
    if len(dead) == len(found):
        if stream.n_channels == 1:
            return None, tuple(dead)
        causes = "; ".join(
            in_english("channel {channel}: {message}", channel=number, message=one.message)
            for number, one in enumerate(dead)
        )
        return None, (_fault(stream, "channels-unusable", causes=causes),)
    for number, one in enumerate(found):
        faults += _faults(one, stream, number if stream.n_channels > 1 else None)
    return data, tuple(faults)


def _examine_channel(part: NDArray[Any], stream: Stream) -> _Channel:
    """Mask one channel in place."""
    n, k = part.shape
    result = _Channel(size=n * k)
    if n == 0:
        result.dead = _fault(stream, "channel-empty")
        return result
    nothing = _missing(part)
    infinite = ~np.isfinite(part)
    constant = _constant_columns(part)
    if n > 1 and constant.all():
        level = in_english("constant") if np.any(part) else in_english("zero")
        result.dead = _fault(stream, "samples-constant", soundings=n, level=level)
    elif infinite.all():
        result.dead = _fault(stream, "samples-not-finite", values=n * k)
    if result.dead:
        part[:] = nothing
        return result
    silent, stuck = _silent(part, stream), _stuck(part, stream)
    result.silent, result.stuck = int(silent.sum()), int((stuck & ~silent).sum())
    part[silent | stuck] = nothing
    if stream.quiet_columns or n == 1:
        constant[:] = False
    lost = ~constant & (np.isnan(part).mean(axis=0) > UNUSABLE_FRACTION)
    live = ~constant & ~lost
    part[:, ~live] = nothing
    others = infinite[:, live]
    result.constant, result.lost = np.flatnonzero(constant), np.flatnonzero(lost)
    result.missing, result.missing_soundings = int(others.sum()), int(others.any(axis=1).sum())
    if live.sum() < max(MIN_LIVE[stream.sensor], MIN_LIVE_FRACTION[stream.sensor] * k):
        result.dead = _too_few(result, stream, part.shape, int(live.sum()))
        part[:] = nothing
    return result


def _too_few(result: _Channel, stream: Stream, shape: tuple[int, ...], live: int) -> Fault:
    n, k = shape
    constant, lost = result.constant.size, result.lost.size
    detail = [
        in_english("{constant:d} constant, {lost:d} missing in too many soundings", constant=constant, lost=lost)
    ]
    if result.silent:
        silent = in_english("{count:d} of {total:d} soundings without any signal", count=result.silent, total=n)
        detail.append(silent)
    if result.stuck:
        stuck = in_english(
            "{count:d} of {total:d} soundings repeating the one before", count=result.stuck, total=n
        )
        detail.append(stuck)
    return _fault(stream, "samples-too-few", live=live, total=k, detail="; ".join(detail))


def _constant_columns(part: NDArray[Any]) -> NDArray[np.bool_]:
    """Find the columns whose finite values, at least two, are all the same."""
    # nearly every column differs within a few soundings; only the others are looked at throughout
    candidates = np.flatnonzero(_same(part[:_GLANCE]))
    result = np.zeros(part.shape[1], dtype=bool)
    whole = part[:, candidates]
    result[candidates] = _same(whole) & (np.isfinite(whole).sum(axis=0) > 1)
    return result


def _same(part: NDArray[Any]) -> NDArray[np.bool_]:
    """Find the columns that hold no two finite values that differ."""
    finite = np.isfinite(part)
    first = part[finite.argmax(axis=0), np.arange(part.shape[1])]
    same: NDArray[np.bool_] = ((part == first) | ~finite).all(axis=0)
    return same


def _silent(part: NDArray[Any], stream: Stream) -> NDArray[np.bool_]:
    """Find the soundings without any signal: zero throughout, or for a radar any one value throughout."""
    n, k = part.shape
    silent = np.zeros(n, dtype=bool)
    if k < 2:
        return silent
    candidates = np.flatnonzero(part[:, 0] == (part[:, 1] if stream.sensor == "gpr" else 0))
    silent[candidates] = (part[candidates] == part[candidates, :1]).all(axis=1)
    return silent


def _stuck(part: NDArray[Any], stream: Stream) -> NDArray[np.bool_]:
    """Find the soundings that repeat the one before, in runs that cannot be chance."""
    n, k = part.shape
    stuck = np.zeros(n, dtype=bool)
    if k == 1 and not np.iscomplexobj(part):
        return stuck  # a coarse reading over quiet ground does repeat
    candidates = np.flatnonzero(part[1:, -1] == part[:-1, -1])
    repeats = np.zeros(n - 1, dtype=bool)
    repeats[candidates] = (part[candidates + 1] == part[candidates]).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], repeats, [False])).astype(np.int8)))
    for start, stop in edges.reshape(-1, 2):
        if stop - start + 1 >= MIN_STUCK[stream.sensor]:
            stuck[start + 1 : stop + 1] = True
    return stuck


def _missing(data: NDArray[Any]) -> complex | float:
    """Give the value of a missing sample: both parts of a complex one are NaN."""
    return complex(np.nan, np.nan) if np.iscomplexobj(data) else np.nan


def _faults(one: _Channel, stream: Stream, channel: int | None) -> list[Fault]:
    if one.dead is not None:
        return [_fault(stream, "channel-unusable", channel=channel, cause=one.dead.message)]
    found: list[Fault] = []
    if one.constant.size:
        names = _listing(stream, one.constant)
        found.append(_fault(stream, "columns-constant", channel=channel, columns=names))
    if one.lost.size:
        names = _listing(stream, one.lost)
        found.append(_fault(stream, "columns-missing", channel=channel, columns=names, limit=UNUSABLE_FRACTION))
    if one.silent:
        found.append(_fault(stream, "soundings-silent", channel=channel, count=one.silent))
    if one.stuck:
        found.append(_fault(stream, "soundings-stuck", channel=channel, count=one.stuck))
    if one.missing:
        found.append(_values_missing(one, stream, channel))
    return found


def _values_missing(one: _Channel, stream: Stream, channel: int | None) -> Fault:
    share = one.missing / one.size
    return fault(
        "values-missing",
        sensor=stream.sensor,
        severity="info" if share <= ISOLATED_FRACTION else "degraded",
        path=stream.path,
        channel=channel,
        count=one.missing,
        total=one.size,
        share=share,
        soundings=one.missing_soundings,
    )


def _fault(stream: Stream, code: str, *, channel: int | None = None, **values: Any) -> Fault:
    return fault(code, sensor=stream.sensor, path=stream.path, channel=channel, **values)


def _listing(stream: Stream, index: NDArray[np.intp]) -> str:
    names = ", ".join(stream.columns[i] for i in index[:4])
    if index.size > 4:
        return in_english("{names} and {count:d} more are", names=names, count=index.size - 4)
    return in_english("{names} is", names=names) if index.size == 1 else in_english("{names} are", names=names)
