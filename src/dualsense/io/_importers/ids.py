"""IDS ``.dt``: radar traces of 16 bits in records of equal length, each behind a tag of four bytes.

A file holds one channel; an array writes one file for each of its own. A trace's tag is ``R``; its second byte is
8 or 9 where a mark was set, and 1, with a 6 after it, where the sweep is not valid. Source: as of the header.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from dualsense.errors import ScanError
from dualsense.io import _schema as schema
from dualsense.io._importers.ids_header import TAG_BYTES, TRACE, read_ids_header
from dualsense.io._importers.line import Traces, line_scan
from dualsense.io._importers.options import LineOptions
from dualsense.io._importers.traces import cut_off, read_content, require_order
from dualsense.language import in_english

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from dualsense.io._importers.ids_header import IdsHeader
    from dualsense.scan import Scan

MARKER_SAMPLES = 2
"""The first samples of a trace are no signal."""
MARKS_TOLD = 12
ALTERNATING, LOOKED_AT = 0.5, 512
"""Traces of several channels that take turns: those so many apart differ by less than this part of what neighbours
differ by, among the first."""
_MARKS, _NOT_VALID = (8, 9), (1, 6)


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
    """Read an IDS recording of one channel, alone or of an array, as a scan along +x.

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
        Impulse radar; counts as recorded. Which channel of an array this is, and where its antennas stand in it,
        are in the notes.

    Raises
    ------
    ScanError
        Not such a file, truncated before the first trace, several channels, or a header that contradicts itself.
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
    header = read_ids_header(content, name)
    counts, tags, rest = _traces(content, header, name)
    _require_one_channel(counts, header, name)
    faults = cut_off(name, in_english("record"), len(counts), rest, header.record_bytes, told=header.traces)
    require_order(counts, name)
    data = counts.astype(np.float64)
    not_valid = (tags[:, 1] == _NOT_VALID[0]) & (tags[:, 2] == _NOT_VALID[1])
    data[not_valid] = np.nan
    traces = Traces(
        "IDS",
        data,
        0.0,
        header.window_s / header.samples,
        spacing_m=header.spacing_m,
        separation_m=header.pair.separation_m,
        instrument=f"{header.pair.frequency_mhz} MHz" if header.pair.frequency_mhz else "",
        created=header.created,
        notes=_notes(header, len(counts), int(not_valid.sum()), np.flatnonzero(np.isin(tags[:, 1], _MARKS))),
        faults=faults,
    )
    return line_scan(path, name, content, traces, options)


def _traces(content: bytes, header: IdsHeader, name: str) -> tuple[NDArray[np.int16], NDArray[np.uint8], int]:
    """Cut out the records of the traces: (n, samples), their tags (n, 4), and how many bytes are left over."""
    count, rest = divmod(len(content), header.record_bytes)
    records = np.frombuffer(content, np.uint8, count * header.record_bytes).reshape(count, header.record_bytes)
    # a trace is tagged R and nothing more: another letter after it makes another name
    letter = (records[:, 1] >= ord("A")) & (records[:, 1] <= ord("Z"))
    starts = np.flatnonzero((records[:, 0] == ord(TRACE)) & ~letter)
    if len(starts) < 2:
        msg = f"{name}: found {len(starts)} traces, expected at least 2 of {header.samples} samples"
        raise ScanError(msg)
    if len(starts) * header.samples > schema.MAX_ELEMENTS:
        amount = f"{len(starts)} traces of {header.samples} samples"
        msg = f"{name}: found {amount}, expected at most {schema.MAX_ELEMENTS}"
        raise ScanError(msg)
    samples = np.ascontiguousarray(records[starts, TAG_BYTES : TAG_BYTES + 2 * header.samples]).view("<i2")
    return samples, records[starts, :TAG_BYTES], rest


def _require_one_channel(counts: NDArray[np.int16], header: IdsHeader, name: str) -> None:
    """Refuse traces (n, samples) of several channels: in which order a file would hold them is not known."""
    count, pair = len(counts), header.pair
    several = header.channels > 1 or pair.of_array
    if header.channels > 1 and header.channel is None and not pair.of_array:
        found = f"found {header.channels} channels, and not which of them this is"
    elif several and 0 < header.traces < count:
        found = f"found {count} traces where one channel has {header.traces}"
    else:
        supposed = {header.channels, pair.transmitters, pair.receivers, count // max(header.traces, 1)}
        turns = next((n for n in sorted(supposed) if _take_turns(counts, n)), 0)
        if not turns:
            return
        found = f"found traces of {turns} channels that take turns"
    if pair.of_array:
        found += f" ({pair.transmitters} transmitters, {pair.receivers} receivers)"
    msg = f"{name}: header: {found}; expected one channel in a file: export each to a file of its own"
    raise ScanError(msg)


def _take_turns(counts: NDArray[np.int16], channels: int) -> bool:
    """Whether traces (n, samples) are more like those so many further on than like their neighbours."""
    some = counts[:LOOKED_AT].astype(np.float64)
    if not 2 <= channels <= len(some) // 2:
        return False
    apart, next_to = (float(np.abs(some[lag:] - some[:-lag]).mean()) for lag in (channels, 1))
    return apart < ALTERNATING * next_to


def _notes(header: IdsHeader, count: int, not_valid: int, marks: NDArray[np.intp]) -> str:
    """Say what else there is to tell of a recording."""
    wheel = f", a trace every {header.spacing_m:.6g} m" if header.spacing_m else ""
    said, pair = [f"Window {header.window_s:.6g} s{wheel}."], header.pair
    if pair.of_array or header.channels > 1:
        channel = "" if header.channel is None else f"channel {header.channel}, "
        pairs = (
            f"transmitter {pair.transmitter} of {pair.transmitters}, receiver {pair.receiver} of {pair.receivers}"
        )
        said.append(f"One of an array: {channel}{pairs}.")
    if pair.tx_m and pair.rx_m:
        (tx_x, tx_y), (rx_x, rx_y) = pair.tx_m, pair.rx_m
        said.append(f"Antennas stand at {tx_x:g}, {tx_y:g} and {rx_x:g}, {rx_y:g} m by the header.")
    if header.traces not in (0, count):
        said.append(f"The header tells of {header.traces} traces.")
    if not_valid:
        said.append(f"{not_valid} sweeps that are marked as not valid are left out.")
    if marks.size:
        numbers = ", ".join(map(str, marks[:MARKS_TOLD].tolist())) + (", ..." if marks.size > MARKS_TOLD else "")
        said.append(f"{marks.size} marks (traces {numbers}).")
    return " ".join(said)
