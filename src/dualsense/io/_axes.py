"""Axes and geometry of a sensor in a scan file: clocks, frequencies, gates, antenna pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dualsense.faults import fault
from dualsense.io import _schema as schema
from dualsense.io._nodes import attribute_path
from dualsense.io._samples import ISOLATED_FRACTION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualsense.io._nodes import Source
    from dualsense.io._samples import Stream
    from dualsense.scan import Fault


def increasing_fault(time: NDArray[np.float64]) -> str | None:
    """Say where an axis fails to increase, or None where it increases throughout."""
    steps = np.diff(time)
    bad = np.flatnonzero(~(steps > 0.0))
    if not bad.size:
        return None
    at = int(bad[0])
    found = f"found {time[at]:.9g} followed by {time[at + 1]:.9g} at index {at + 1}"
    return f"{found} ({bad.size} of {steps.size} steps), expected increasing values"


def isolated(count: int, total: int) -> bool:
    """Whether so few of the values are missing that the rest can go on without them."""
    return count <= max(ISOLATED_FRACTION * total, min(3, total // 4))


def usable_times(
    source: Source, field: schema.Field, time: NDArray[np.float64], channel: NDArray[np.intp], stream: Stream
) -> tuple[NDArray[np.bool_], tuple[Fault, ...]]:
    """Find which soundings have a time; refuse a clock that does not run forward.

    Parameters
    ----------
    time, channel : (n,)
    stream
        The sensor, for the messages.

    Returns
    -------
    keep : (n,) bool
    faults
        Soundings without a time, which are to be dropped.

    Raises
    ------
    ScanError
        Times that do not increase within a channel, or more than an isolated few that are not finite.
    """
    keep = np.isfinite(time)
    lost = int((~keep).sum())
    if lost and not isolated(lost, time.size):
        raise source.error(field.path, f"found {lost} of {time.size} times not finite, expected an isolated few")
    ticks, pairs = time[keep], channel[keep]
    cause = increasing_fault(ticks)
    if cause and stream.n_channels > 1 and (np.diff(ticks) >= 0.0).all():
        # the pairs of an array head may sound at the same moment
        per_pair = (increasing_fault(ticks[pairs == number]) for number in range(stream.n_channels))
        cause = next((one for one in per_pair if one), None)
    if cause:
        raise source.error(field.path, cause)
    if not lost:
        return keep, ()
    return keep, (fault("times-missing", sensor=stream.sensor, path=field.path, count=lost, total=time.size),)


def channel_index(source: Source, field: schema.Field, n: int, channels: int) -> NDArray[np.intp]:
    """Read which of the antenna or coil pairs made each sounding; the first where there is one only.

    Parameters
    ----------
    source, field
        Open scan file, and the dataset in it.
    n
        Soundings.
    channels
        Pairs that the file describes.

    Returns
    -------
    (n,) intp

    Raises
    ------
    ScanError
        Missing where there are several pairs, of another length, or no such pair.
    """
    found = source.vector(field)
    if found is None:
        if channels > 1:
            raise source.missing(field.path, f"the pair, 0 to {channels - 1}, of each of the {n} soundings")
        return np.zeros(n, dtype=np.intp)
    if found.size != n:
        raise source.error(field.path, f"found shape ({found.size},), expected ({n},) as the times have")
    wrong = ~((found == np.floor(found)) & (found >= 0) & (found < channels))
    if wrong.any():
        first = found[wrong][0]
        raise source.error(field.path, f"found {first:g}, expected whole numbers from 0 to {channels - 1}")
    return found.astype(np.intp)


def axis_values(source: Source, field: schema.Field) -> NDArray[np.float64]:
    """Read a mandatory axis of finite numbers."""
    axis = source.vector(field)
    if axis is None:
        raise source.missing(field.path, field.expected)
    if axis.size == 0:
        raise source.error(field.path, "found shape (0,), expected at least one value")
    if not np.isfinite(axis).all():
        count = int((~np.isfinite(axis)).sum())
        raise source.error(field.path, f"found {count} of {axis.size} values not finite, expected finite numbers")
    return axis


def gate_times(source: Source) -> NDArray[np.float64]:
    """Read start and end of every gate of a pulse detector, (k, 2)."""
    field = schema.EMI_GATE_TIME
    gates = source.floats(field)
    if gates is None:
        raise source.missing(field.path, field.expected)
    if gates.shape == (2,):
        gates = gates.reshape(1, 2)
    if gates.ndim != 2 or gates.shape[1] != 2 or gates.shape[0] == 0:
        hint = ", which is the transpose" if gates.ndim == 2 and gates.shape[0] == 2 else ""
        raise source.error(field.path, f"found shape {gates.shape}{hint}, expected {field.shape}")
    bad = np.flatnonzero(~(np.isfinite(gates).all(axis=1) & (gates[:, 1] > gates[:, 0])))
    if bad.size:
        start, end = gates[bad[0]]
        cause = f"found gate {bad[0]} from {start:g} to {end:g} s, expected an end after the start"
        raise source.error(field.path, cause)
    return gates


def require_positive(source: Source, field: schema.Field, axis: NDArray[np.float64]) -> None:
    """Refuse frequencies that are zero or negative."""
    bad = np.flatnonzero(axis <= 0.0)
    if bad.size:
        raise source.error(field.path, f"found {axis[bad[0]]:g} Hz at index {bad[0]}, expected frequencies > 0")


def require_increasing(source: Source, field: schema.Field, axis: NDArray[np.float64]) -> None:
    """Refuse an axis that does not increase."""
    cause = increasing_fault(axis)
    if cause:
        raise source.error(field.path, cause)


def modality_of(source: Source, group: str, allowed: Sequence[str]) -> str:
    """Read what kind of instrument made the data."""
    text = source.text(group, schema.MODALITY)
    expected = " or ".join(f'"{one}"' for one in allowed)
    if text is None:
        raise source.missing(attribute_path(group, schema.MODALITY), expected)
    if text.strip().lower() not in allowed:
        raise source.error(attribute_path(group, schema.MODALITY), f"found {text!r}, expected {expected}")
    return text.strip().lower()


def antenna_positions(source: Source, group: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read the positions of transmitters and receivers, (c, 3) each; a single one serves every channel."""
    tables = []
    for name in (schema.TX_POSITION, schema.RX_POSITION):
        where, expected = attribute_path(group, name), "3 numbers in m, or one row of 3 per channel"
        table = source.numbers(group, name, expected)
        if table is None:
            raise source.missing(where, expected)
        if table.size == 3:
            table = table.reshape(1, 3)
        if table.ndim != 2 or table.shape[1] != 3 or table.shape[0] == 0:
            raise source.error(where, f"found shape {table.shape}, expected {expected}")
        tables.append(table)
    tx, rx = tables
    channels = max(len(tx), len(rx))
    if {len(tx), len(rx)} - {1, channels}:
        where = attribute_path(group, schema.RX_POSITION)
        raise source.error(where, f"found {len(rx)} positions, expected {len(tx)} as {schema.TX_POSITION} has")
    shape = (channels, 3)
    return np.broadcast_to(tx, shape).copy(), np.broadcast_to(rx, shape).copy()


def per_channel(
    source: Source, group: str, name: str, channels: int, expected: str, *, default: float | None = None
) -> NDArray[np.float64]:
    """Read a positive number per channel; one number serves every channel.

    Parameters
    ----------
    source, group, name
        Open scan file, the sensor's group, and its attribute.
    channels
        c.
    expected
        What messages say that it should be.
    default
        For every channel where the file is silent; None makes the attribute mandatory.

    Returns
    -------
    (c,) float64

    Raises
    ------
    ScanError
        Missing, of another length, or not positive.
    """
    values = source.numbers(group, name, expected)
    where = attribute_path(group, name)
    if values is None:
        if default is None:
            raise source.missing(where, expected)
        return np.full(channels, default)
    if values.size not in {1, channels}:
        raise source.error(where, f"found {values.size} values, expected 1 or {channels}")
    if not (values > 0.0).all():
        raise source.error(where, f"found {values.min():g}, expected {expected}")
    return np.broadcast_to(values.reshape(-1), (channels,)).copy()


def hertz(value: float) -> str:
    """Write a frequency as people say it."""
    for factor, unit in ((1e9, "GHz"), (1e6, "MHz"), (1e3, "kHz")):
        if value >= factor:
            return f"{value / factor:.6g} {unit}"
    return f"{value:.6g} Hz"
