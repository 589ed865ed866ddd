"""What an IDS ``.dt`` says of itself before its first trace.

A file holds records of equal length, each behind a tag of letters padded with zeros. ``V`` tells that length,
``C`` the date, ``S`` the number of channels and ``FW`` that and whose traces these are, ``AC`` how many
transmitters and receivers there are and which of them are these, ``ATX`` and ``ARX`` the places of all of them, 53
bytes each, or ``ATR`` those of this pair; ``H`` the numbers of traces and samples and, as text, the window and
the spacing of the traces.

Source: the records of a wall scanner, and for arrays what `readDT` of RGPR (E. Huber and G. Hans) calls the parts
of these records. No recording of an array was at hand.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from datetime import datetime

from dualsense.errors import ScanError
from dualsense.io._importers.options import MAX_SPACING_M, MIN_SPACING_M
from dualsense.io._text import clean_text, one_line, single_line

TAG_BYTES = 4
TRACE = "R"
MAX_CHANNELS = 256
_HEADER, _ACQUISITION = "H", "AC"
_COUNTS = struct.Struct("<11i")
_ENTRY_BYTES, _ENTRY = 53, (slice(0, 16), slice(16, 32), slice(32, 48), slice(48, 53))
"""Of an antenna: x and y in metres, angle, frequency in MHz."""
_WINDOW, _SPACING = 2, 5
"""Among the numbers of the header that are text."""
_LENGTHS = (64, 1 << 20)
_MAX_HEADER_RECORDS = 4096
"""Looked through for what stands before the traces."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Which antennas a file is of.

    Attributes
    ----------
    transmitters, receivers
        How many the array has.
    transmitter, receiver
        Which of them, from 1.
    tx_m, rx_m
        Their places in the array, two axes; None where the file does not tell both.
    frequency_mhz
        As the file writes it, or empty.
    """

    transmitters: int = 1
    transmitter: int = 1
    receivers: int = 1
    receiver: int = 1
    tx_m: tuple[float, float] | None = None
    rx_m: tuple[float, float] | None = None
    frequency_mhz: str = ""

    @property
    def of_array(self) -> bool:
        """Whether there are other pairs, and the file says which this is."""
        return self.transmitters * self.receivers > 1

    @property
    def separation_m(self) -> float:
        """Between the two. Where their places are not told it is 0, and of an array NaN: it has several."""
        if self.tx_m and self.rx_m:
            return math.dist(self.tx_m, self.rx_m)
        return math.nan if self.of_array else 0.0


@dataclass(frozen=True, slots=True)
class IdsHeader:
    """What the records before the traces say.

    Attributes
    ----------
    record_bytes
        Length of every record, tag included.
    traces
        How many the file is said to have; 0 where it does not say.
    window_s
        Length of a trace.
    spacing_m
        Between traces; 0 where the file states none.
    channels
        Of the recording.
    channel
        Which of them; None where the file does not say.
    """

    record_bytes: int
    samples: int
    traces: int
    window_s: float
    spacing_m: float
    channels: int
    channel: int | None
    pair: Pair
    created: str


def is_ids(head: bytes) -> bool:
    """Whether a file that begins with these bytes is an IDS ``.dt``: a ``V`` record that tells its own length."""
    if len(head) < 2 * TAG_BYTES or head[0:1] != b"V" or head[2:4] != b"\0\0":
        return False
    length = struct.unpack_from("<I", head, TAG_BYTES)[0]
    return _LENGTHS[0] <= length <= _LENGTHS[1] and length % 2 == 0


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
    if not is_ids(content[: 2 * TAG_BYTES]):
        msg = f"{name}: found {len(content)} bytes that begin with {content[:8]!r}, expected an IDS dt recording"
        raise ScanError(one_line(msg))
    size = struct.unpack_from("<I", content, TAG_BYTES)[0]
    records = _records(content, size, name)
    header = records[_HEADER]
    length, _, _, traces, samples, *_ = _COUNTS.unpack_from(header)
    if length != size or 2 * samples != size - TAG_BYTES:
        msg = f"{name}: header: found {samples} samples in records of {length} bytes, expected {size} bytes"
        raise ScanError(msg)
    values = _floats(header[_COUNTS.size :])
    window_s = values[_WINDOW] if len(values) > _WINDOW else math.nan
    if not 0.0 < window_s < 1e-3:
        msg = f"{name}: header: found a window of {window_s:g} s, expected a positive number"
        raise ScanError(msg)
    spacing_m = values[_SPACING] if len(values) > _SPACING else 0.0
    channels, channel = _channels(records)
    return IdsHeader(
        record_bytes=size,
        samples=samples,
        traces=max(traces, 0),
        window_s=window_s,
        spacing_m=spacing_m if MIN_SPACING_M <= spacing_m <= MAX_SPACING_M else 0.0,
        channels=channels,
        channel=channel,
        pair=_pair(records),
        created=_date(records.get("C", b"")),
    )


def _records(content: bytes, size: int, name: str) -> dict[str, bytes]:
    """Bodies of the records before the first trace by their tags, the first of each."""
    records: dict[str, bytes] = {}
    for start in range(0, min(len(content), _MAX_HEADER_RECORDS * size) - size + 1, size):
        tag = _tag(content, start)
        if tag == TRACE:
            break
        body = content[start + TAG_BYTES : start + size]
        if tag == _ACQUISITION and records.get(tag, body) != body:
            msg = f"{name}: header: found traces of several pairs of antennas, expected one channel in a file"
            raise ScanError(msg)
        records.setdefault(tag, body)
    if not records:
        msg = f"{name}: found {len(content)} bytes, expected records of {size}"
        raise ScanError(msg)
    if _HEADER not in records:
        told = ", ".join(map(repr, records))
        msg = f"{name}: found the records {told} before the traces, expected one tagged {_HEADER!r}"
        raise ScanError(one_line(msg))
    return records


def _pair(records: dict[str, bytes]) -> Pair:
    """Understand which antennas a file is of; one pair where it does not say."""
    told = records.get(_ACQUISITION, b"")
    counts = struct.unpack_from("<4i", told) if len(told) >= 16 else (1, 1, 1, 1)
    sound = 1 <= counts[1] <= counts[0] <= MAX_CHANNELS and 1 <= counts[3] <= counts[2] <= MAX_CHANNELS
    transmitters, transmitter, receivers, receiver = counts if sound else (1, 1, 1, 1)
    own = records.get("ATR")
    if own is None:
        entries = _entry(records.get("ATX", b""), transmitter), _entry(records.get("ARX", b""), receiver)
    else:
        entries = _entry(own, 1), _entry(own, 2)
    (tx_m, frequency_mhz), (rx_m, _) = entries
    known = tx_m is not None and rx_m is not None
    return Pair(
        transmitters,
        transmitter,
        receivers,
        receiver,
        tx_m if known else None,
        rx_m if known else None,
        frequency_mhz,
    )


def _entry(body: bytes, number: int) -> tuple[tuple[float, float] | None, str]:
    """Place of an antenna, counted from 1, and its frequency; None and empty where they are no numbers."""
    entry = body[_ENTRY_BYTES * (number - 1) : _ENTRY_BYTES * number]
    x, y, _, mhz = (_floats(entry[part])[:1] for part in _ENTRY)
    return ((x[0], y[0]) if x and y else None), (f"{mhz[0]:g}" if mhz else "")


def _channels(records: dict[str, bytes]) -> tuple[int, int | None]:
    """How many channels the recording has, and which of them the file is; None where it does not say."""
    found = re.search(rb"N_CHANNEL\s*=\s*(\d{1,4})", records.get("S", b""))
    told = records.get("FW", b"")
    count, number = (struct.unpack_from("<5i", told)[one] for one in (1, 4)) if len(told) >= 20 else (0, 0)
    own = number if 1 <= count <= MAX_CHANNELS and 0 <= number <= count else None
    return max(int(found[1]) if found else 1, count if own is not None else 1), own


def _tag(content: bytes, start: int) -> str:
    """Letters of a tag; what follows them belongs to no name."""
    found = re.match(rb"[A-Z]{1,4}", content[start : start + TAG_BYTES])
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


def _date(text: bytes) -> str:
    words = single_line(clean_text(text.split(b"\0")[0]))
    try:
        return datetime.strptime(" ".join(words.split()), "%d/%m/%y %H:%M:%S").isoformat()  # noqa: DTZ007
    except ValueError:
        return ""
