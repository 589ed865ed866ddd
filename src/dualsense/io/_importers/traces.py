"""What importers share: the bytes of a file, tables, and traces without what cannot be a signal."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import ScanError, UsageError
from dualsense.faults import fault
from dualsense.io._axes import hertz
from dualsense.io._importers.options import whole_option
from dualsense.io._opening import check_file
from dualsense.io._samples import Stream, examine_samples
from dualsense.io._text import one_line

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from dualsense.scan import Fault


ROWS_LOOKED_AT = 64
"""For the order of bytes."""
MAX_FILE_BYTES = 2**28
"""Of a recording that is read whole: an hour's, and as numbers it takes four to eight times as much."""


def read_content(path: Path) -> tuple[str, bytes]:
    """Name of a file for messages, and its bytes.

    Raises
    ------
    ScanError
        There is no such file, or it cannot be read.
    """
    name = one_line(path.name or str(path))
    check_file(path, name)
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            msg = f"{name}: found {size} bytes, expected at most {MAX_FILE_BYTES}"
            raise ScanError(msg)
        with path.open("rb") as stream:  # which may have grown
            return name, stream.read(MAX_FILE_BYTES)
    except OSError as error:
        msg = f"{name}: {error.strerror}"
        raise ScanError(msg) from None


def table_rows(content: bytes, name: str) -> list[dict[str, Any]]:
    """Read the rows of a table with a header, by its columns.

    Parameters
    ----------
    content
        Text of comma-separated values.
    name
        What messages call it.

    Raises
    ------
    ScanError
        It is no such text.
    """
    try:
        return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        msg = f"{name}: not a table of comma-separated values ({error})"
        raise ScanError(one_line(msg)) from None


def cut_off(name: str, part: str, rows: int, rest: int, whole: int, *, told: int = 0) -> tuple[Fault, ...]:
    """Hold how many traces a file has against its own number of them.

    Parameters
    ----------
    name
        What messages call the file.
    part
        What is cut off at its end, as `in_english` gives it.
    rows
        Traces that are whole.
    rest, whole
        Bytes after the last whole one, and of one.
    told
        How many the header tells of, to one more or less; 0 where it does not.

    Returns
    -------
    faults
        That the file ends too early.

    Raises
    ------
    ScanError
        There are more than the header tells of: the file is of another one, or two in one.
    """
    if 0 < told < rows - 1:
        msg = f"{name}: found {rows} traces, expected {told} as its header tells"
        raise ScanError(msg)
    if not rest and rows >= told - 1:
        return ()
    return (fault("gpr-file-cut-off", path=name, part=part, rest_bytes=rest, whole_bytes=whole),)


def require_order(counts: NDArray[Any], name: str) -> None:
    """Refuse samples (n, k) that are smooth only with their bytes the other way round."""
    if len(counts) < 2 or counts.dtype.itemsize < 2:
        return
    some = counts[:: max(1, len(counts) // ROWS_LOOKED_AT)]
    if roughness(some) > 1.0 > 4.0 * roughness(some.byteswap()):
        msg = f"{name}: found samples whose bytes are swapped, expected little-endian ones"
        raise ScanError(msg)


def roughness(counts: NDArray[Any]) -> float:
    """Mean square of the steps from sample to sample over that of the samples about their mean."""
    some = counts.astype(np.float64)
    spread = float(((some - some.mean()) ** 2).mean())
    return float((np.diff(some, axis=1) ** 2).mean()) / spread if spread > 0.0 else 0.0


def check_markers(marker_samples: int, samples: int, name: str) -> None:
    """Raise UsageError unless at least two samples are left below the marks."""
    if not 0 <= whole_option(name, "marker_samples", marker_samples) < samples - 1:
        msg = f"{name}: marker_samples must be 0 to {samples - 2}, got {marker_samples}"
        raise UsageError(msg)


def examine_traces(
    data: NDArray[np.float64], first_sample: int, path: Path, name: str
) -> tuple[NDArray[np.float64], tuple[Fault, ...]]:
    """Traces (n, k) of one channel with what cannot be a signal missing, and what was found wrong with them.

    Parameters
    ----------
    first_sample
        Number of the first column in the file.

    Raises
    ------
    ScanError
        When nothing of them works.
    """
    names = [f"sample {i}" for i in range(first_sample, first_sample + data.shape[1])]
    return _examined(data, Stream("gpr", path.name, names, quiet_columns=True), name)


def examine_tones(
    data: NDArray[np.complex128], frequency_hz: NDArray[np.float64], path: Path, name: str
) -> tuple[NDArray[np.complex128], tuple[Fault, ...]]:
    """Sweeps (n, k) of one channel as `examine_traces` gives traces.

    Parameters
    ----------
    frequency_hz : (k,)

    Raises
    ------
    ScanError
        When nothing of them works.
    """
    return _examined(data, Stream("gpr", path.name, [hertz(f) for f in frequency_hz]), name)


def _examined(data: NDArray[Any], stream: Stream, name: str) -> tuple[NDArray[Any], tuple[Fault, ...]]:
    examined, faults = examine_samples(data, np.zeros(len(data), dtype=np.intp), stream)
    if examined is None:
        msg = f"{name}: no sensor works: {faults[0].message}"
        raise ScanError(one_line(msg))
    return examined, tuple(faults)
