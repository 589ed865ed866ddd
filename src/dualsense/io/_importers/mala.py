"""MALÅ ``.rd3`` (16 bits) and ``.rd7`` (32 bits): traces, and beside them a text header ``.rad``.

Source: headers of recordings; samples are little-endian and signed, one trace after another.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dualsense.errors import ScanError
from dualsense.faults import fault
from dualsense.io._importers.line import Traces, companion, line_scan, setting, settings
from dualsense.io._importers.options import LineOptions
from dualsense.io._importers.traces import read_content
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
    trace = in_english("trace")
    cut = fault("gpr-file-cut-off", path=name, part=trace, rest_bytes=rest, whole_bytes=size)
    data = np.frombuffer(content, dtype, rows * samples).reshape(rows, samples).astype(np.float64)
    _require_order(content, data, dtype, name)
    by_wheel = setting(found, "DISTANCE FLAG", head_name, 1.0) != 0.0
    traces = Traces(
        "MALÅ",
        data,
        0.0,
        step_s,
        spacing_m=setting(found, "DISTANCE INTERVAL", head_name, 0.0) if by_wheel else 0.0,
        separation_m=max(setting(found, "ANTENNA SEPARATION", head_name, 0.0), 0.0),
        instrument=single_line(found.get("ANTENNAS", ""))[:60],
        faults=(cut,) if rest else (),
    )
    return line_scan(path, name, content + head, traces, options)


def _require_order(content: bytes, data: np.ndarray, dtype: np.dtype, name: str) -> None:
    """Refuse samples that are smooth only with their bytes the other way round."""
    if len(data) < 2:
        return
    swapped = np.frombuffer(content, dtype.newbyteorder(">"), data.size).reshape(data.shape).astype(np.float64)
    if roughness(data) > 1.0 > 4.0 * roughness(swapped):
        msg = f"{name}: found samples whose bytes are swapped, expected little-endian ones"
        raise ScanError(msg)


def roughness(data: np.ndarray) -> float:
    """Mean square of the steps from sample to sample over that of the samples about their mean."""
    some = data[:: max(1, len(data) // 64)]
    spread = float(((some - some.mean()) ** 2).mean())
    return float((np.diff(some, axis=1) ** 2).mean()) / spread if spread > 0.0 else 0.0
