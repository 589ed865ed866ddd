"""SEG-Y and SU: traces, each behind a header of 240 bytes; SEG-Y has 3600 bytes of headers before them.

Source: SEG-Y revision 1 (Society of Exploration Geophysicists, 2002) and Seismic Unix' ``segy.h``. Both orders of
bytes are read: only in one of them do the numbers of samples add up to the file's size.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dualsense.errors import ScanError, UsageError
from dualsense.io._importers.line import Traces, check_counts, line_scan
from dualsense.io._importers.options import LineOptions, is_number, positive_option
from dualsense.io._importers.traces import cut_off, read_content
from dualsense.io._text import one_line
from dualsense.language import in_english

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from dualsense.scan import Scan

    Order = Literal["<", ">"]

FILE_BYTES, TRACE_BYTES = 3600, 240
IBM = 1
FORMATS = {IBM: "u4", 2: "i4", 3: "i2", 5: "f4", 8: "i1"}
"""By the number in the file's header."""
ORDERS: tuple[Order, Order] = (">", "<")
MAX_SAMPLES = 1 << 15
PICOSECOND = 1e-12
"""What radar files count the interval of samples in, where seismic ones count microseconds."""
NANOSECOND = 1e-9
ANGLES = {2: "seconds of arc", 3: "degrees", 4: "degrees, minutes and seconds"}
"""By the unit of coordinates in bytes 89-90 of a trace's header, where it is no length."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is laid out: where traces begin, in which order and form, and how many samples each has."""

    kind: str
    first: int
    order: Order
    form: int
    samples: int

    @property
    def trace_bytes(self) -> int:
        """Length of a trace with its header."""
        return TRACE_BYTES + self.samples * np.dtype(FORMATS[self.form]).itemsize


def is_seismic(path: Path) -> bool:
    """Whether a file is named as one of the two."""
    return path.suffix.lower() in {".su", ".sgy", ".segy"}


def find_layout(head: bytes, size: int) -> Layout | None:
    """Tell whether a file that begins with these bytes, and is so long, is SEG-Y or SU; None for neither."""
    if len(head) >= FILE_BYTES + TRACE_BYTES:
        for order in ORDERS:
            samples = struct.unpack_from(f"{order}H", head, 3220)[0]
            form = struct.unpack_from(f"{order}H", head, 3224)[0]
            own = struct.unpack_from(f"{order}H", head, FILE_BYTES + 114)[0]
            if form in FORMATS and 2 <= samples <= MAX_SAMPLES and own in {0, samples} and _is_text(head):
                return Layout("SEG-Y", FILE_BYTES, order, form, samples)
    for order in ORDERS:
        if len(head) < TRACE_BYTES:
            return None
        number, samples = (
            struct.unpack_from(f"{order}i", head, 0)[0],
            struct.unpack_from(f"{order}H", head, 114)[0],
        )
        one = Layout("SU", 0, order, 5, samples)
        if 2 <= samples <= MAX_SAMPLES and 0 <= number <= 1 << 20 and size % one.trace_bytes == 0:
            return one
    return None


def _is_text(head: bytes) -> bool:
    """Whether the first lines are text, in ASCII or EBCDIC, or left empty."""
    text = head[:3200].rstrip(b"\0")
    if not text:
        return True
    letters = [sum(byte in known for byte in text) for known in (_ASCII, _EBCDIC)]
    return max(letters) > 0.8 * len(text)


_ASCII = frozenset(range(32, 127)) | {0, 9, 10, 13}
_EBCDIC = frozenset(
    " abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;-/()=+*_#'".encode("cp500")
) | {0}


def import_seismic(
    path: str | os.PathLike[str],
    *,
    sample_interval_s: float | None = None,
    coordinate_unit_m: float = 1.0,
    trace_spacing_m: float | None = None,
    height_m: float = 0.0,
    antenna_separation_m: float | None = None,
    antenna_axis: Literal["across", "along"] = "along",
    system_delay_s: float = 0.0,
    marker_samples: int = 0,
) -> Scan:
    """Read SEG-Y or SU traces of a radar.

    Parameters
    ----------
    path
        The file, in either order of bytes.
    sample_interval_s
        Between samples. By default that of the headers: in SU ``d1``, as ns, where there is one; else the
        interval's number as ps, as radar files have it.
    coordinate_unit_m
        Of the headers' coordinates, after their own scale.
    trace_spacing_m
        Distance between traces. By default ``d2`` of SU, or the places of the headers (those of the trace, and
        where all are alike of the source), counted from the first.
    height_m, antenna_separation_m, antenna_axis, system_delay_s, marker_samples
        As for `import_mala`.

    Returns
    -------
    Scan
        Impulse radar; numbers as recorded.

    Raises
    ------
    ScanError
        Neither of the two, a trace of another length, or no place.
    UsageError
        An option is out of range.
    """
    path = Path(path)
    name, content = read_content(path)
    options = LineOptions.stated(
        name,
        trace_spacing_m=trace_spacing_m,
        height_m=height_m,
        antenna_separation_m=antenna_separation_m,
        antenna_axis=antenna_axis,
        system_delay_s=system_delay_s,
        marker_samples=marker_samples,
    )
    layout = find_layout(content[: FILE_BYTES + TRACE_BYTES], len(content))
    if layout is None:
        found = f"found {len(content)} bytes that are no whole traces in either order of bytes"
        msg = f"{name}: {found}, expected SEG-Y or SU"
        raise ScanError(msg)
    rows, rest = divmod(len(content) - layout.first, layout.trace_bytes)
    check_counts(name, rows, layout.samples)
    records = np.frombuffer(content, np.uint8, rows * layout.trace_bytes, layout.first)
    records = records.reshape(rows, layout.trace_bytes)
    counts = _words(records, 114, "u2", layout.order)
    odd = np.flatnonzero((counts != layout.samples) & (counts != 0))
    if odd.size:
        found = f"trace {odd[0] + 1}: found {counts[odd[0]]} samples"
        msg = f"{name}: {found}, expected {layout.samples} as in the first"
        raise ScanError(msg)
    body = np.ascontiguousarray(records[:, TRACE_BYTES:]).view(f"{layout.order}{FORMATS[layout.form]}")
    with np.errstate(invalid="ignore", over="ignore"):  # of damaged numbers, which are examined below
        data = _from_ibm(body) if layout.form == IBM else body.astype(np.float64)
    spacing_m = _float(records, 188, layout) if layout.kind == "SU" else 0.0
    unit_m = positive_option(name, "coordinate_unit_m", coordinate_unit_m, unit="metres", most=1e6)
    on_their_own = spacing_m > 0.0 or trace_spacing_m is not None
    place_m = None if on_their_own else _places(name, records, layout, unit_m)
    traces = Traces(
        layout.kind,
        data,
        0.0,
        _interval(name, records, content, layout, sample_interval_s),
        place_m=place_m,
        spacing_m=spacing_m,
        faults=cut_off(name, in_english("trace"), rows, rest, layout.trace_bytes),
        notes=f"Bytes {'little' if layout.order == '<' else 'big'}-endian, format {layout.form}.",
    )
    return line_scan(path, name, content, traces, options)


def _interval(name: str, records: NDArray[np.uint8], content: bytes, layout: Layout, stated: Any) -> float:
    if stated is not None:
        if not (is_number(stated) and 0.0 < stated < 1e-3):
            msg = f"{name}: sample_interval_s must be a positive number of seconds, got {stated!r:.80}"
            raise UsageError(one_line(msg))
        return float(stated)
    if layout.kind == "SU" and 0.0 < _float(records, 180, layout) < 1e3:
        return NANOSECOND * _float(records, 180, layout)
    whole = struct.unpack_from(f"{layout.order}H", content, 3216)[0] if layout.kind == "SEG-Y" else 0
    interval = int(_words(records, 116, "u2", layout.order)[0]) or whole
    if not interval:
        msg = f"{name}: header: found no interval of the samples, expected one; state sample_interval_s"
        raise ScanError(msg)
    return PICOSECOND * interval


def _places(name: str, records: NDArray[np.uint8], layout: Layout, unit_m: float) -> NDArray[np.float64] | None:
    """Places (n, 2) from the first trace on, or None where the headers have the same for all."""
    scale = _words(records, 70, "i2", layout.order).astype(np.float64)
    units = _words(records, 88, "u2", layout.order)
    scale = np.where(scale < 0.0, -1.0 / np.minimum(scale, -1.0), np.maximum(scale, 1.0))
    for first in (180, 72):
        if layout.kind == "SU" and first == 180:
            continue  # SU keeps its own numbers there
        x, y = (_words(records, first + 4 * k, "i4", layout.order) * scale * unit_m for k in range(2))
        if np.ptp(x) > 0.0 or np.ptp(y) > 0.0:
            angle = next((ANGLES[unit] for unit in sorted(ANGLES) if (units == unit).any()), None)
            if angle is not None:
                found = f"found coordinates in {angle}"
                msg = f"{name}: {found}, expected lengths; state trace_spacing_m, also beside gnss or track"
                raise ScanError(msg)
            return np.column_stack([x - x[0], y - y[0]])
    return None


def _words(records: NDArray[np.uint8], at: int, form: str, order: str) -> NDArray[Any]:
    dtype = np.dtype(f"{order}{form}")
    words: NDArray[Any] = np.ascontiguousarray(records[:, at : at + dtype.itemsize]).view(dtype)[:, 0]
    return words


def _float(records: NDArray[np.uint8], at: int, layout: Layout) -> float:
    value = float(_words(records[:1], at, "f4", layout.order)[0])
    return value if np.isfinite(value) and value > 0.0 else 0.0


def _from_ibm(words: NDArray[Any]) -> NDArray[np.float64]:
    """Numbers of IBM's form: a sign, an exponent of 16 over 64, and a fraction of 24 bits."""
    value = words.astype(np.uint32)
    sign = np.where(value >> 31, -1.0, 1.0)
    exponent = ((value >> 24) & 0x7F).astype(np.float64) - 64.0
    fraction = (value & 0xFFFFFF).astype(np.float64) / float(1 << 24)
    number: NDArray[np.float64] = sign * fraction * 16.0**exponent
    return number
