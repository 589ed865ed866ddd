"""MALÅ ``.rd3`` (16 bits) and ``.rd7`` (32 bits): traces, and beside them a text header ``.rad``.

Source: headers of recordings; samples are little-endian and signed, one trace after another.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dualsense.errors import ScanError
from dualsense.io._importers.line import Traces, companion, line_scan, setting, settings
from dualsense.io._importers.options import LineOptions
from dualsense.io._importers.traces import cut_off, read_content, require_order
from dualsense.io._text import single_line
from dualsense.language import in_english

if TYPE_CHECKING:
    import os

    from dualsense.scan import Scan

TYPES: dict[str, np.dtype[Any]] = {".rd3": np.dtype("<i2"), ".rd7": np.dtype("<i4")}
MAX_SAMPLES = 1 << 16


def is_mala(path: Path) -> bool:
    """Whether a file is named as MALÅ's are: traces have no mark of their own."""
    return path.suffix.lower() in {*TYPES, ".rad"}


def import_mala(
    path: str | os.PathLike[str],
    *,
    trace_spacing_m: float | None = None,
    height_m: float = 0.0,
    antenna_separation_m: float | None = None,
    antenna_axis: Literal["across", "along"] = "along",
    system_delay_s: float = 0.0,
    marker_samples: int = 0,
) -> Scan:
    """Read a MALÅ recording as a scan along +x.

    Parameters
    ----------
    path
        ``.rd3``, ``.rd7`` or ``.rad``; the other one lies beside it.
    trace_spacing_m
        Distance between traces; by default the header's.
    height_m
        Of the antenna above the ground, the same everywhere.
    antenna_separation_m
        From transmitter to receiver, centred on the head; by default the header's.
    antenna_axis
        Whether they stand one behind the other "along" the line or beside each other "across" it.
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
        One of the two files is missing or damaged, or they do not belong together.
    UsageError
        An option is out of range.
    """
    path = Path(path)
    asked = single_line(path.name)
    data_path = companion(path, asked, *TYPES) if path.suffix.lower() == ".rad" else path
    head_path = companion(data_path, asked, ".rad")
    name, content = read_content(data_path)
    options = LineOptions.stated(
        name,
        trace_spacing_m=trace_spacing_m,
        height_m=height_m,
        antenna_separation_m=antenna_separation_m,
        antenna_axis=antenna_axis,
        system_delay_s=system_delay_s,
        marker_samples=marker_samples,
    )
    head_name, head = read_content(head_path)
    found = settings(head, ":")
    samples = round(setting(found, "SAMPLES", head_name))
    if not 2 <= samples <= MAX_SAMPLES:
        msg = f"{head_name}: SAMPLES: found {samples}, expected 2 to {MAX_SAMPLES}"
        raise ScanError(msg)
    window_ns = setting(found, "TIMEWINDOW", head_name, 0.0)
    rate_mhz = setting(found, "FREQUENCY", head_name, 0.0)
    step_s = 1e-6 / rate_mhz if rate_mhz > 0.0 else 1e-9 * window_ns / samples
    dtype = TYPES[data_path.suffix.lower()]
    size = samples * dtype.itemsize
    rows, rest = divmod(len(content), size)
    counts = np.frombuffer(content, dtype, rows * samples).reshape(rows, samples)
    require_order(counts, name)
    faults = cut_off(
        name, in_english("trace"), rows, rest, size, told=round(setting(found, "LAST TRACE", head_name, 0.0))
    )
    by_wheel = setting(found, "DISTANCE FLAG", head_name, 1.0) != 0.0
    traces = Traces(
        "MALÅ",
        counts.astype(np.float64),
        0.0,
        step_s,
        spacing_m=setting(found, "DISTANCE INTERVAL", head_name, 0.0) if by_wheel else 0.0,
        separation_m=max(setting(found, "ANTENNA SEPARATION", head_name, 0.0), 0.0),
        instrument=single_line(found.get("ANTENNAS", ""))[:60],
        faults=faults,
    )
    return line_scan(path, name, content + head, traces, options)
