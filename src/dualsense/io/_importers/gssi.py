"""GSSI ``.DZT``: radar traces of 8, 16 or 32 bits behind a header of 1024 bytes per channel.

Source: the header structure published by Geophysical Survey Systems, Inc. (RADAN file format), checked on
recordings of three generations of instruments.
"""

from __future__ import annotations

import hashlib
import math
import struct
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import ScanError, UsageError
from dualsense.io import _schema as schema
from dualsense.io._importers.marks import along_marks, check_marks, marks_of, marks_told
from dualsense.io._importers.options import MAX_SPACING_M, MIN_SPACING_M, LineOptions, whole_option
from dualsense.io._importers.traces import check_markers, cut_off, examine_traces, read_content, require_order
from dualsense.io._text import clean_text, one_line, single_line
from dualsense.language import in_english
from dualsense.scan import GprData, Pose, Scan, ScanHeader

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from dualsense.scan import Fault

HEADER_BYTES = 1024
MARKER_SAMPLES = 5
"""The instrument writes counters and marks over the first samples of a trace; none of them is a signal."""
NOMINAL_SPEED_M_S = 0.5
"""Taken for the clock of a recording that states no scans per second."""
_SLOWEST_HZ, _FASTEST_HZ = 1e-2, 1e6
"""Scans per second; beyond that the header's clock is as good as absent."""
_FEW_CHANNELS = 16
"""Instruments of several antennas have two to eight; a spoilt header may say tens of thousands."""
_TAGS = (0x00FF, 0x0700)
_SAMPLE_TYPES: dict[int, np.dtype[Any]] = {8: np.dtype("u1"), 16: np.dtype("<u2"), 32: np.dtype("<i4")}
_MIDDLE = {8: 128.0, 16: 32768.0, 32: 0.0}


@dataclass(frozen=True, slots=True)
class DztHeader:
    """What the header says of one channel.

    Attributes
    ----------
    data_offset
        Bytes before the first trace.
    scans_per_metre
        0 when a clock and not a wheel triggered the traces.
    start_s, range_s
        First sample and length of a trace; the start counts from where the instrument put its time zero.
    relative_permittivity
        The operator's entry, not a measurement.
    """

    data_offset: int
    samples: int
    bits: int
    scans_per_second: float
    scans_per_metre: float
    start_s: float
    range_s: float
    channels: int
    relative_permittivity: float
    antenna: str
    created: str


def is_gssi(head: bytes) -> bool:
    """Whether a file that begins with these bytes is a DZT file."""
    if len(head) < HEADER_BYTES:
        return False
    tag, _, samples, bits = struct.unpack_from("<HHHH", head)
    return tag in _TAGS and samples > 0 and bits in _SAMPLE_TYPES


def import_gssi(
    path: str | os.PathLike[str],
    *,
    channel: int | None = None,
    trace_spacing_m: float | None = None,
    mark_spacing_m: float | None = None,
    first_mark: int = 0,
    height_m: float = 0.0,
    antenna_separation_m: float = 0.0,
    system_delay_s: float = 0.0,
    marker_samples: int = MARKER_SAMPLES,
) -> Scan:
    """Read a GSSI recording as a scan along +x.

    Parameters
    ----------
    path
        DZT file.
    channel
        Which antenna, from 0; needed when the file holds several, unless `import_scan` reads all of them.
    trace_spacing_m
        Distance between traces. By default that of the survey wheel; needed when a clock triggered the traces.
    mark_spacing_m
        Distance between the operator's marks, where they and no wheel tell the places: traces between two marks
        are spread evenly.
    first_mark
        Number, from 0, of the mark at x = 0; those before it are passed over.
    height_m
        Of the antenna above the ground, the same everywhere.
    antenna_separation_m
        From transmitter to receiver, along x and centred on the head.
    system_delay_s
        To subtract from every sample time.
    marker_samples
        Samples to drop at the top of each trace; the others keep their times.

    Returns
    -------
    Scan
        Impulse radar; counts around 0, with the range gain that was applied in the field.

    Raises
    ------
    ScanError
        Not a DZT file, truncated, or the position of the traces is not known.
    UsageError
        An option is out of range.
    """
    path = Path(path)
    name, content = read_content(path)
    channel = None if channel is None else whole_option(name, "channel", channel)
    options = LineOptions.stated(
        name,
        trace_spacing_m=trace_spacing_m,
        height_m=height_m,
        antenna_separation_m=antenna_separation_m,
        antenna_axis="along",
        system_delay_s=system_delay_s,
        marker_samples=marker_samples,
    )
    header = read_dzt_header(content, name, channel or 0)
    chosen = _channel(header, channel, name)
    frames, faults = _traces(content, header, name)
    counts, marks = frames[:, chosen], marks_of(frames, chosen)
    check_markers(marker_samples, header.samples, name)
    require_order(counts[:, marker_samples:], name)
    check_marks(marks, marker_samples, name)
    time_s, along_m, spacing_m = _track(
        header, marks, len(counts), name, options.trace_spacing_m, mark_spacing_m, first_mark
    )
    step_s = header.range_s / header.samples
    sample_time_s = header.start_s + step_s * np.arange(header.samples, dtype=np.float64)
    data: NDArray[np.float64] = counts[:, marker_samples:].astype(np.float64) - _MIDDLE[header.bits]
    examined, sample_faults = examine_traces(data, marker_samples, path, name)
    position = np.column_stack([along_m, np.zeros_like(along_m), np.full_like(along_m, options.height_m)])
    half = 0.5 * options.separation_m(name, 0.0)
    gpr = GprData(
        modality="impulse",
        time_s=time_s,
        data=examined,
        tx_position_m=np.array([[-half, 0.0, 0.0]]),
        rx_position_m=np.array([[half, 0.0, 0.0]]),
        channel=np.zeros(len(data), dtype=np.intp),
        sample_time_s=sample_time_s[marker_samples:],
        system_delay_s=options.system_delay_s,
    )
    scan_header = ScanHeader(
        scan_id=single_line(path.stem) or "gssi",
        created=header.created,
        instrument=f"GSSI {header.antenna}".strip(),
        source="recorded",
        notes=f"Imported from GSSI DZT {name}: {header.bits} bits, {len(data)} traces every {spacing_m:.6g} m, "
        f"{_told(header, options)}{marks_told(marks, used=mark_spacing_m is not None)}",
    )
    digest = hashlib.sha256(content).hexdigest()
    return Scan(scan_header, Pose(time_s, position), gpr, faults=(*faults, *sample_faults), sha256=digest)


def _told(header: DztHeader, options: LineOptions) -> str:
    range_told = f"range {header.range_s:.6g} s, permittivity entered by the operator"
    gain_told = "counts carry the range gain of the instrument"
    return (
        f"{range_told} {header.relative_permittivity:g}. "
        f"Antenna height {options.height_m:g} m stated, not measured; {gain_told}."
    )


def read_dzt_header(content: bytes, name: str, channel: int = 0) -> DztHeader:
    """Read the header of one channel.

    Parameters
    ----------
    content
        The file from its first byte.
    name
        What messages call it.
    channel
        From 0.

    Raises
    ------
    ScanError
        Not a DZT header, or one whose numbers make no sense.
    """
    if not is_gssi(content[:HEADER_BYTES]):
        msg = f"{name}: found {len(content)} bytes that begin with {content[:8]!r}, expected a GSSI DZT header"
        raise ScanError(one_line(msg))
    channels = max(1, struct.unpack_from("<H", content, 52)[0])
    start = HEADER_BYTES * channel if 0 <= channel < channels else 0
    if len(content) < start + HEADER_BYTES or not is_gssi(content[start : start + HEADER_BYTES]):
        start = 0
    _, data, samples, bits, _ = struct.unpack_from("<HHHHh", content, start)
    scans_per_s, scans_per_m, _, position_ns, range_ns = struct.unpack_from("<5f", content, start + 10)
    permittivity = struct.unpack_from("<f", content, start + 54)[0]
    if not (math.isfinite(range_ns) and 0.0 < range_ns < 1e6):
        msg = f"{name}: header: found a range of {range_ns:g} ns, expected a positive number"
        raise ScanError(msg)
    # older instruments state an internal delay here, far outside the trace; only a start within it is a time zero
    start_ns = position_ns if math.isfinite(position_ns) and -range_ns < position_ns <= 0.0 else 0.0
    return DztHeader(
        data_offset=HEADER_BYTES * data if data < HEADER_BYTES else max(data, HEADER_BYTES * channels),
        samples=samples,
        bits=bits,
        scans_per_second=_positive(scans_per_s) if _SLOWEST_HZ <= scans_per_s <= _FASTEST_HZ else 0.0,
        scans_per_metre=_positive(scans_per_m),
        start_s=1e-9 * start_ns,
        range_s=1e-9 * range_ns,
        channels=channels,
        relative_permittivity=permittivity,
        antenna=single_line(clean_text(content[start + 98 : start + 112].split(b"\0")[0])),
        created=_date(struct.unpack_from("<I", content, start + 32)[0]),
    )


def _channel(header: DztHeader, channel: int | None, name: str) -> int:
    if channel is None and header.channels > 1:
        which = f"state which: channel=0 to {header.channels - 1}"
        zeros = ", ".join(["0"] * header.channels) if header.channels <= _FEW_CHANNELS else "0, …"
        every = f"or how far each stands to the left of the track: channel_offsets_m=[{zeros}]"
        msg = f"{name}: holds {header.channels} channels, {which}, {every}"
        raise UsageError(msg)
    chosen = channel or 0
    if not 0 <= chosen < header.channels:
        msg = f"{name}: channel must be 0 to {header.channels - 1}, got {channel}"
        raise UsageError(msg)
    return chosen


def _traces(content: bytes, header: DztHeader, name: str) -> tuple[NDArray[Any], tuple[Fault, ...]]:
    """Cut the file into traces (n, channels, samples); the channels take turns."""
    dtype = _SAMPLE_TYPES[header.bits]
    frame = header.samples * dtype.itemsize * header.channels
    body = len(content) - header.data_offset
    count, rest = divmod(max(0, body), frame)
    if count == 0:
        msg = f"{name}: found {max(0, body)} bytes after the header, expected at least one trace of {frame} bytes"
        raise ScanError(msg)
    if count * header.samples * header.channels > schema.MAX_ELEMENTS:
        msg = f"{name}: found {count} traces of {header.samples} samples, expected at most {schema.MAX_ELEMENTS}"
        raise ScanError(msg)
    faults = cut_off(name, in_english("trace"), count, rest, frame)
    samples = np.frombuffer(content, dtype, count * header.samples * header.channels, header.data_offset)
    return samples.reshape(count, header.channels, header.samples), faults


def channel_count(path: Path) -> int:
    """Read how many channels a recording has.

    Raises
    ------
    ScanError
        Not a DZT file, or it cannot be read.
    """
    name, content = read_content(path)
    return read_dzt_header(content, name).channels


def _track(
    header: DztHeader,
    marks: NDArray[np.intp],
    count: int,
    name: str,
    stated_m: float | None,
    mark_spacing_m: Any,
    first_mark: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Give times and places (n,) of the traces, and what usually lies between two."""
    index = np.arange(count, dtype=np.float64)
    if mark_spacing_m is None:
        spacing_m = _spacing(header, stated_m, name)
        along_m = index * spacing_m
    else:
        along_m = along_marks(marks, count, mark_spacing_m, first_mark, name)
        spacing_m = float(np.median(np.diff(along_m)))
    return index / (header.scans_per_second or NOMINAL_SPEED_M_S / spacing_m), along_m, spacing_m


def _spacing(header: DztHeader, stated_m: float | None, name: str) -> float:
    if stated_m is not None:
        return stated_m
    if not header.scans_per_metre:
        msg = f"{name}: header: found traces triggered by a clock, expected scans per metre; state trace_spacing_m"
        raise ScanError(msg)
    spacing_m = 1.0 / header.scans_per_metre
    if not MIN_SPACING_M <= spacing_m <= MAX_SPACING_M:
        found = f"found {header.scans_per_metre:g} scans per metre, which no wheel makes"
        msg = f"{name}: header: {found}; state trace_spacing_m"
        raise ScanError(msg)
    return spacing_m


def _positive(value: float) -> float:
    return value if math.isfinite(value) and value > 0.0 else 0.0


def _date(packed: int) -> str:
    """Unpack seconds / 2, minute, hour, day, month and year - 1980 from 5, 6, 5, 5, 4 and 7 bits."""
    fields = []
    for width in (5, 6, 5, 5, 4, 7):
        fields.append(packed & ((1 << width) - 1))
        packed >>= width
    half_seconds, minute, hour, day, month, years = fields
    try:
        return datetime(1980 + years, month, day, hour, minute, 2 * half_seconds).isoformat()  # noqa: DTZ001
    except ValueError:
        return ""
