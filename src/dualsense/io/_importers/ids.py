"""IDS ``.dt``: radar traces of 16 bits in records of equal length, each behind a tag of four bytes.

Layout as found in a recording of a wall scanner: tags of letters, padded with zeros. ``V`` holds the length of a
record, ``C`` the date, ``S`` the number of channels, ``ATX`` and ``ARX`` the places of the antennas and their
frequency in MHz, ``H`` the numbers of traces and samples and, as text, the window and the spacing of the traces,
``R`` one trace.
"""

from __future__ import annotations

import hashlib
import math
import re
import struct
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from dualsense.errors import ScanError, UsageError
from dualsense.faults import fault
from dualsense.io import _schema as schema
from dualsense.io._importers.options import (
    MAX_DELAY_S,
    MAX_HEIGHT_M,
    MAX_SPACING_M,
    MIN_SPACING_M,
    is_number,
    number_option,
)
from dualsense.io._importers.traces import check_markers, examine_traces, read_content
from dualsense.io._text import clean_text, one_line, single_line
from dualsense.language import in_english
from dualsense.scan import GprData, Pose, Scan, ScanHeader

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from dualsense.scan import Fault

MARKER_SAMPLES = 2
"""The first samples of a trace are no signal."""
NOMINAL_SPEED_M_S = 0.5
"""Taken for the clock; the file has none."""
_TAG_BYTES = 4
_TRACE = "R"
_HEADER = "H"
_COUNTS = 48
_LENGTHS = (64, 1 << 20)
_MAX_HEADER_RECORDS = 4096
"""Looked through for what stands before the traces."""


@dataclass(frozen=True, slots=True)
class IdsHeader:
    """What the records before the traces say.

    Attributes
    ----------
    record_bytes
        Length of every record, tag included.
    window_s
        Length of a trace.
    spacing_m
        Between traces, by the wheel; 0 where the file states none.
    separation_m
        Between transmitter and receiver, NaN where the file does not tell both places.
    antenna_mhz
        Nominal frequency as the file writes it, or empty.
    """

    record_bytes: int
    samples: int
    window_s: float
    spacing_m: float
    channels: int
    separation_m: float
    antenna_mhz: str
    created: str


def is_ids(head: bytes) -> bool:
    """Whether a file that begins with these bytes is an IDS ``.dt``: a ``V`` record that tells its own length."""
    if len(head) < 2 * _TAG_BYTES or head[0:1] != b"V" or head[2:4] != b"\0\0":
        return False
    length = struct.unpack_from("<I", head, _TAG_BYTES)[0]
    return _LENGTHS[0] <= length <= _LENGTHS[1] and length % 2 == 0


def import_ids(
    path: str | os.PathLike[str],
    *,
    trace_spacing_m: float | None = None,
    height_m: float = 0.0,
    antenna_separation_m: float | None = None,
    antenna_axis: Literal["across", "along"] = "across",
    system_delay_s: float = 0.0,
    marker_samples: int = MARKER_SAMPLES,
) -> Scan:
    """Read an IDS recording of one channel as a scan along +x.

    Parameters
    ----------
    path
        ``.dt`` file.
    trace_spacing_m
        Distance between traces; by default the header's.
    height_m
        Of the antenna above the ground, the same everywhere.
    antenna_separation_m
        From transmitter to receiver, centred on the head; by default the header's.
    antenna_axis
        Whether they stand beside each other "across" the line or one behind the other "along" it, which the file
        does not tell. The header counts both on its second axis, which for arrays is the one across.
    system_delay_s
        To subtract from every sample time.
    marker_samples
        Samples to drop at the top of each trace; the others keep their times.

    Returns
    -------
    Scan
        Impulse radar; counts as recorded.

    Raises
    ------
    ScanError
        Not such a file, truncated before the first trace, several channels, or a header that contradicts itself.
    UsageError
        An option is out of range.
    """
    path = Path(path)
    name, content = read_content(path)
    header = read_ids_header(content, name)
    check_markers(marker_samples, header.samples, name)
    height_m = number_option(name, "height_m", height_m, unit="metres", most=MAX_HEIGHT_M)
    system_delay_s = number_option(name, "system_delay_s", system_delay_s, unit="seconds", most=MAX_DELAY_S)
    if antenna_axis not in ("across", "along"):
        msg = f'{name}: antenna_axis must be "across" or "along", got {antenna_axis!r}'
        raise UsageError(one_line(msg))
    spacing_m = _length("trace_spacing_m", trace_spacing_m, header.spacing_m, name, least=MIN_SPACING_M)
    stated_m = 0.0 if math.isnan(header.separation_m) else header.separation_m
    half = 0.5 * _length("antenna_separation_m", antenna_separation_m, stated_m, name, least=0.0)
    counts, faults = _traces(content, header, name)
    numbers = np.zeros(len(counts), dtype=np.intp)
    data = counts[:, marker_samples:].astype(np.float64)
    examined, sample_faults = examine_traces(data, marker_samples, path, name)
    index = np.arange(len(counts), dtype=np.float64)
    time_s = index * spacing_m / NOMINAL_SPEED_M_S
    offset = np.array([[0.0, half, 0.0]]) if antenna_axis == "across" else np.array([[half, 0.0, 0.0]])
    gpr = GprData(
        modality="impulse",
        time_s=time_s,
        data=examined,
        tx_position_m=-offset,
        rx_position_m=offset,
        channel=numbers,
        sample_time_s=np.arange(marker_samples, header.samples, dtype=np.float64)
        * (header.window_s / header.samples),
        system_delay_s=system_delay_s,
    )
    notes = (
        f"Imported from IDS dt {name}: {len(data)} traces every {spacing_m:.6g} m, "
        f"window {header.window_s:.6g} s, "
        f"antennas {2.0 * half:.4g} m apart, taken to stand {antenna_axis} the line. "
        f"Antenna height {height_m:g} m stated, not measured; the clock is nominal."
    )
    scan_header = ScanHeader(
        scan_id=single_line(path.stem) or "ids",
        created=header.created,
        instrument=f"IDS {header.antenna_mhz} MHz" if header.antenna_mhz else "IDS",
        source="recorded",
        notes=notes,
    )
    position = np.column_stack([index * spacing_m, np.zeros_like(index), np.full_like(index, height_m)])
    digest = hashlib.sha256(content).hexdigest()
    return Scan(scan_header, Pose(time_s, position), gpr, faults=(*faults, *sample_faults), sha256=digest)


def read_ids_header(content: bytes, name: str) -> IdsHeader:
    """Read the records before the first trace.

    Parameters
    ----------
    content
        The file from its first byte.
    name
        What messages call it.

    Raises
    ------
    ScanError
        Not an IDS file, no ``H`` record before the traces, or one whose numbers make no sense.
    """
    if not is_ids(content[: 2 * _TAG_BYTES]):
        msg = f"{name}: found {len(content)} bytes that begin with {content[:8]!r}, expected an IDS dt recording"
        raise ScanError(one_line(msg))
    size = struct.unpack_from("<I", content, _TAG_BYTES)[0]
    records: dict[str, bytes] = {}
    for start in range(0, min(len(content), _MAX_HEADER_RECORDS * size) - size + 1, size):
        tag = _tag(content, start)
        if tag == _TRACE:
            break
        records.setdefault(tag, content[start + _TAG_BYTES : start + size])
    if _HEADER not in records:
        msg = (
            f"{name}: found the records {', '.join(map(repr, records))} before the traces, expected one tagged 'H'"
        )
        raise ScanError(one_line(msg))
    header = records[_HEADER]
    length, _, samples = struct.unpack_from("<3I", header)
    if length != size or 2 * samples != size - _TAG_BYTES:
        msg = f"{name}: header: found {samples} samples in records of {length} bytes, expected {size} bytes"
        raise ScanError(msg)
    values = _floats(header[_COUNTS:])
    window_s = values[2] if len(values) > 2 else math.nan
    if not 0.0 < window_s < 1e-3:
        msg = f"{name}: header: found a window of {window_s:g} s, expected a positive number"
        raise ScanError(msg)
    places = [_floats(records.get(tag, b"")) for tag in ("ATX", "ARX")]
    known = all(len(p) >= 3 for p in places)
    spacing_m = values[5] if len(values) > 5 else 0.0
    channels = re.search(rb"N_CHANNEL\s*=\s*(\d{1,4})", records.get("S", b""))
    return IdsHeader(
        record_bytes=size,
        samples=samples,
        window_s=window_s,
        spacing_m=spacing_m if MIN_SPACING_M <= spacing_m <= MAX_SPACING_M else 0.0,
        channels=int(channels[1]) if channels else 1,
        separation_m=math.dist(places[0][:3], places[1][:3]) if known else math.nan,
        antenna_mhz=f"{places[0][3]:g}" if known and len(places[0]) > 3 else "",
        created=_date(records.get("C", b"")),
    )


def _traces(content: bytes, header: IdsHeader, name: str) -> tuple[NDArray[np.int16], list[Fault]]:
    """Cut out the records of the traces, (n, samples)."""
    if header.channels != 1:
        msg = f"{name}: header: found {header.channels} channels, expected 1: arrays cannot be read"
        raise ScanError(msg)
    count, rest = divmod(len(content), header.record_bytes)
    records = np.frombuffer(content, np.uint8, count * header.record_bytes).reshape(count, header.record_bytes)
    # a trace is tagged R and nothing more: another letter after it makes another name
    letter = (records[:, 1] >= ord("A")) & (records[:, 1] <= ord("Z"))
    starts = np.flatnonzero((records[:, 0] == ord(_TRACE)) & ~letter)
    if len(starts) < 2:
        msg = f"{name}: found {len(starts)} traces, expected at least 2 of {header.samples} samples"
        raise ScanError(msg)
    if len(starts) * header.samples > schema.MAX_ELEMENTS:
        amount = f"{len(starts)} traces of {header.samples} samples"
        msg = f"{name}: found {amount}, expected at most {schema.MAX_ELEMENTS}"
        raise ScanError(msg)
    faults = []
    if rest:
        faults.append(
            fault(
                "gpr-file-cut-off",
                path=name,
                part=in_english("record"),
                rest_bytes=rest,
                whole_bytes=header.record_bytes,
            )
        )
    samples = np.ascontiguousarray(records[starts, _TAG_BYTES : _TAG_BYTES + 2 * header.samples])
    return samples.view("<i2"), faults


def _tag(content: bytes, start: int) -> str:
    """Letters of a tag; what follows them belongs to no name."""
    found = re.match(rb"[A-Z]{1,4}", content[start : start + _TAG_BYTES])
    return found[0].decode() if found else ""


def _floats(text: bytes) -> list[float]:
    """Numbers written as text, up to the first word that is none."""
    values = []
    for word in text.replace(b"\0", b" ").split():
        try:
            value = float(word)
        except ValueError:
            break
        if not math.isfinite(value):
            break
        values.append(value)
    return values


def _length(option: str, stated: float | None, default: float, name: str, *, least: float) -> float:
    if stated is None:
        if default < least:
            msg = f"{name}: header: found no spacing of the traces, expected one in metres; state {option}"
            raise ScanError(msg)
        return default
    if not (is_number(stated) and least <= stated <= MAX_SPACING_M):
        most = f"at least {least:g} and at most {MAX_SPACING_M:g}"
        msg = f"{name}: {option} must be a number of metres, {most}, got {stated!r:.80}"
        raise UsageError(one_line(msg))
    return float(stated)


def _date(text: bytes) -> str:
    words = single_line(clean_text(text.split(b"\0")[0]))
    try:
        return datetime.strptime(" ".join(words.split()), "%d/%m/%y %H:%M:%S").isoformat()  # noqa: DTZ007
    except ValueError:
        return ""
