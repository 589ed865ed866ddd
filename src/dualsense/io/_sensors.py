"""Read the two sensors of a scan file: structure is refused when wrong, data faults are masked and told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from dualsense.faults import fault
from dualsense.io import _schema as schema
from dualsense.io._axes import (
    antenna_positions,
    axis_values,
    channel_index,
    gate_times,
    hertz,
    isolated,
    modality_of,
    per_channel,
    require_increasing,
    require_positive,
    usable_times,
)
from dualsense.io._nodes import attribute_path
from dualsense.io._samples import UNUSABLE_FRACTION, Stream, examine_samples
from dualsense.io._text import single_line
from dualsense.io._types import complex_type, type_name
from dualsense.scan import EmiData, GprData

if TYPE_CHECKING:
    import h5py
    from numpy.typing import NDArray

    from dualsense.io._nodes import Source
    from dualsense.scan import EmiModality, Fault, GprModality, Severity


@dataclass(frozen=True, slots=True, eq=False)
class _Readings:
    """The part that both sensors share."""

    time_s: NDArray[np.float64]
    channel: NDArray[np.intp]
    data: NDArray[Any] | None
    faults: tuple[Fault, ...]


def read_gpr(
    source: Source, *, with_data: bool, rows: NDArray[np.intp] | None = None
) -> tuple[GprData | None, tuple[Fault, ...]]:
    """Read the radar.

    Parameters
    ----------
    source
        Open scan file.
    with_data
        Whether to read and examine ``/gpr/data``; otherwise it is NaN without memory of its own.
    rows : (r,), optional
        Increasing: of the soundings that have a time, those to read; None reads all.

    Returns
    -------
    gpr
        None when the file has no radar, or when the faults say that it failed.
    faults

    Raises
    ------
    ScanError
        Something mandatory is missing, of the wrong type, or of a shape that disagrees.
    """
    if source.group(schema.GPR) is None:
        return None, ()
    modality = cast("GprModality", modality_of(source, schema.GPR, schema.GPR_MODALITIES))
    tx, rx = antenna_positions(source, schema.GPR)
    sfcw = modality == "sfcw"
    axis_field = schema.GPR_FREQUENCY if sfcw else schema.GPR_SAMPLE_TIME
    axis = axis_values(source, axis_field)
    if sfcw:
        require_positive(source, axis_field, axis)
    require_increasing(source, axis_field, axis)
    names = [hertz(f) for f in axis] if sfcw else [f"sample {i} ({1e9 * t:.4g} ns)" for i, t in enumerate(axis)]
    stream = Stream("gpr", schema.GPR_DATA.path, names, len(tx), quiet_columns=not sfcw)
    fields = (schema.GPR_TIME, schema.GPR_DATA, schema.GPR_CHANNEL)
    readings = _readings(source, fields, stream, kind="c" if sfcw else "f", with_data=with_data, rows=rows)
    reference, reference_faults = _reference(source, axis.size, complex_tones=sfcw)
    faults = readings.faults + reference_faults
    delay = source.number(schema.GPR, schema.SYSTEM_DELAY, "a number of seconds")
    polarisation = source.text(schema.GPR, schema.POLARISATION)
    if readings.data is None:
        return None, faults
    gpr = GprData(
        modality=modality,
        time_s=readings.time_s,
        data=readings.data,
        tx_position_m=tx,
        rx_position_m=rx,
        channel=readings.channel,
        frequency_hz=axis if sfcw else None,
        sample_time_s=None if sfcw else axis,
        system_delay_s=delay or 0.0,
        polarisation=single_line(polarisation) if polarisation else None,
        reference=reference,
    )
    return gpr, faults


def read_emi(
    source: Source, *, with_data: bool, rows: NDArray[np.intp] | None = None
) -> tuple[EmiData | None, tuple[Fault, ...]]:
    """Read the metal detector. Parameters, results and errors as for `read_gpr`.

    Frequencies may stand in any order in the file; they are returned increasing.
    """
    if source.group(schema.EMI) is None:
        return None, ()
    modality = cast("EmiModality", modality_of(source, schema.EMI, schema.EMI_MODALITIES))
    tx, rx = antenna_positions(source, schema.EMI)
    channels = len(tx)
    radii = [
        per_channel(source, schema.EMI, name, channels, "a radius in m > 0, or one per channel")
        for name in (schema.TX_RADIUS, schema.RX_RADIUS)
    ]
    turns = [
        per_channel(source, schema.EMI, name, channels, "turns > 0, or one per channel", default=1.0)
        for name in (schema.TX_TURNS, schema.RX_TURNS)
    ]
    frequency, gates, order = None, None, None
    if modality == "frequency":
        frequency = axis_values(source, schema.EMI_FREQUENCY)
        require_positive(source, schema.EMI_FREQUENCY, frequency)
        order = np.argsort(frequency, kind="stable")
        frequency = frequency[order]
        require_increasing(source, schema.EMI_FREQUENCY, frequency)
        names = [hertz(f) for f in frequency]
    else:
        gates = gate_times(source)
        names = [f"gate {i} ({1e6 * a:.4g}-{1e6 * b:.4g} µs)" for i, (a, b) in enumerate(gates)]
    stream = Stream("emi", schema.EMI_DATA.path, names, channels)
    fields = (schema.EMI_TIME, schema.EMI_DATA, schema.EMI_CHANNEL)
    kind = "c or f" if modality == "frequency" else "f"
    readings = _readings(source, fields, stream, kind=kind, order=order, with_data=with_data, rows=rows)
    if readings.data is None:
        return None, readings.faults
    emi = EmiData(
        modality=modality,
        time_s=readings.time_s,
        data=readings.data,
        tx_radius_m=radii[0],
        rx_radius_m=radii[1],
        tx_position_m=tx,
        rx_position_m=rx,
        tx_turns=turns[0],
        rx_turns=turns[1],
        channel=readings.channel,
        frequency_hz=frequency,
        gate_time_s=gates,
    )
    return emi, readings.faults


def _readings(
    source: Source,
    fields: tuple[schema.Field, schema.Field, schema.Field],
    stream: Stream,
    *,
    kind: str,
    order: NDArray[np.intp] | None = None,
    with_data: bool,
    rows: NDArray[np.intp] | None = None,
) -> _Readings:
    time_field, data_field, channel_field = fields
    time = source.vector(time_field)
    if time is None:
        raise source.missing(time_field.path, time_field.expected)
    channel = channel_index(source, channel_field, time.size, stream.n_channels)
    node = source.number_dataset(data_field)
    shape = (time.size, len(stream.columns))
    if node is None:
        raise source.missing(data_field.path, f"numbers of shape {shape}")
    found = source.shape_of(node, data_field.path)
    if found != shape and not (1 in shape and _is_line(found) and math.prod(found) == shape[0] * shape[1] > 0):
        hint = ", which is the transpose" if found == shape[::-1] else ""
        cause = f"found shape {found}{hint}, expected {shape} (soundings, tones, gates or samples)"
        raise source.error(data_field.path, cause)
    dtype = _check_kind(source, node, data_field, kind)
    keep, faults = usable_times(source, time_field, time, channel, stream)
    if not with_data and shape[0]:
        blank = complex(np.nan, np.nan) if dtype.kind == "c" else np.nan
        data = np.broadcast_to(np.array(blank, dtype), (int(keep.sum()), shape[1]))
        return _Readings(time[keep], channel[keep], data, faults)
    which = np.flatnonzero(keep) if rows is None else np.flatnonzero(keep)[rows]
    if rows is None or found != shape:  # a single column or sounding may lie along the other axis
        raw = source.read(node, data_field.path).reshape(shape)
        raw = raw if which.size == len(raw) else raw[which]
    else:
        raw = source.read(node, data_field.path, which)
    real = _as_stored(source, raw, data_field, kind, dtype)
    if order is not None:
        real = real[:, order]
    clean, sample_faults = examine_samples(real, channel[which], stream)
    return _Readings(time[which], channel[which], clean, faults + sample_faults)


def _is_line(shape: tuple[int, ...]) -> bool:
    """Whether a dataset runs along one axis only, whichever way a tool has turned it."""
    return len(shape) <= 2 and math.prod(shape) == max(shape, default=1)


def _check_kind(source: Source, node: h5py.Dataset, field: schema.Field, kind: str) -> np.dtype[Any]:
    """Give the type that the numbers will have in memory, or refuse."""
    in_memory = complex_type(node.dtype)
    if in_memory is None:
        if kind == "c":
            raise source.error(field.path, f"found type {type_name(node.dtype)}, expected complex numbers")
        if node.dtype.kind in "iu" and field is schema.GPR_DATA:
            _scaling(source, field.path)
        return np.dtype(np.float64)
    if field is schema.EMI_DATA:
        return np.dtype(np.float64 if kind == "f" else np.complex128)
    if kind == "f":
        raise source.error(field.path, f"found type {type_name(node.dtype)}, expected real numbers")
    return in_memory


def _as_stored(
    source: Source, raw: NDArray[Any], field: schema.Field, kind: str, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Convert what was read: integers get their scale, and a complex pulse without imaginary part is real."""
    with np.errstate(over="ignore", invalid="ignore"):
        if raw.dtype.kind in "iu":
            scale, offset = _scaling(source, field.path, optional=field is schema.EMI_DATA)
            scaled: NDArray[np.float64] = raw.astype(np.float64) * scale + offset
            return scaled
        if raw.dtype.kind == "c" and kind == "f":
            if np.nan_to_num(raw.imag).any():
                raise source.error(field.path, "found complex numbers, expected real numbers for a pulse detector")
            return raw.real.astype(np.float64)
        return raw.astype(dtype, copy=False)


def _scaling(source: Source, path: str, *, optional: bool = False) -> tuple[float, float]:
    """Read what turns stored integers into values: value = stored * scale + offset."""
    scale = source.number(path, schema.SCALE, "a number that is not 0")
    offset = source.number(path, schema.OFFSET, "a number")
    if optional and scale is None and offset is None:
        return 1.0, 0.0
    if scale is None or offset is None:
        name = schema.SCALE if scale is None else schema.OFFSET
        raise source.missing(attribute_path(path, name), "a number, because the data are integers")
    if scale == 0.0:
        raise source.error(attribute_path(path, schema.SCALE), "found 0, expected a number that is not 0")
    return scale, offset


def _reference(source: Source, k: int, *, complex_tones: bool) -> tuple[NDArray[Any] | None, tuple[Fault, ...]]:
    """Read the free-air reference; one that cannot calibrate is left out and told."""
    field = schema.GPR_REFERENCE
    node = source.number_dataset(field)
    if node is None:
        return None, ()
    if node.size != k or not _is_line(node.shape):
        raise source.error(field.path, f"found shape {node.shape}, expected ({k},) as the data have")
    kind = complex_type(node.dtype)
    if (kind is not None) != complex_tones:
        expected = "complex" if complex_tones else "real"
        raise source.error(field.path, f"found type {type_name(node.dtype)}, expected {expected} numbers")
    values = source.read(node, field.path).reshape(-1)
    if values.dtype.kind in "iu":
        own = source.attribute(field.path, schema.SCALE) is not None
        scale, offset = _scaling(source, field.path if own else schema.GPR_DATA.path)
        values = values.astype(np.float64) * scale + offset
    with np.errstate(over="ignore", invalid="ignore"):
        values = values.astype(kind or np.float64)
    bad = ~np.isfinite(values)
    if complex_tones:
        bad |= values == 0  # a tone without a reference cannot be divided by it
    count = int(bad.sum())
    if not values[~bad].any() or count > UNUSABLE_FRACTION * k:
        return None, (fault("gpr-reference-unusable", path=field.path, count=count, total=k),)
    if not count:
        return values, ()
    values[bad] = complex(np.nan, np.nan) if complex_tones else np.nan
    severity: Severity = "info" if isolated(count, k) else "degraded"
    return values, (fault("gpr-reference-masked", severity=severity, path=field.path, count=count, total=k),)
