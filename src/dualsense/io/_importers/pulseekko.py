"""Sensors & Software ``.DT1``: traces, each behind a header of 128 bytes, and beside them a text header ``.HD``.

Source: the layout published by Sensors & Software Inc. (pulseEKKO data file format), held against a recording:
25 numbers of 32 bits, among them the trace's number, its place, how many points it has and of how many bytes, and
28 bytes of text, then the points.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dualsense.constants import C0_M_S
from dualsense.errors import ScanError
from dualsense.io._importers.line import Traces, companion, line_scan, setting, settings
from dualsense.io._importers.options import LineOptions
from dualsense.io._importers.traces import cut_off, read_content
from dualsense.io._text import single_line
from dualsense.language import in_english

if TYPE_CHECKING:
    import os

    from dualsense.scan import Scan

HEADER_BYTES = 128
UNITS_M = {"m": 1.0, "metres": 1.0, "meters": 1.0, "ft": 0.3048, "feet": 0.3048, "in": 0.0254}
TYPES: dict[int, np.dtype[Any]] = {2: np.dtype("<i2"), 4: np.dtype("<f4")}


def is_pulseekko(path: Path) -> bool:
    """Whether a file is named as those of pulseEKKO are: traces have no mark of their own."""
    return path.suffix.lower() in {".dt1", ".hd"}


def import_pulseekko(
    path: str | os.PathLike[str],
    *,
    trace_spacing_m: float | None = None,
    height_m: float = 0.0,
    antenna_separation_m: float | None = None,
    antenna_axis: Literal["across", "along"] = "along",
    system_delay_s: float = 0.0,
    marker_samples: int = 0,
) -> Scan:
    """Read a recording of pulseEKKO, Noggin or the like as a scan along +x.

    The header's time zero is where the direct wave begins: transmission was the antennas' distance over c before.

    Parameters
    ----------
    path
        ``.DT1`` or ``.HD``; the other one lies beside it.
    trace_spacing_m
        Distance between traces; by default each trace's own place, in the header's unit.
    height_m, antenna_separation_m, antenna_axis, system_delay_s, marker_samples
        As for `import_mala`.

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
    data_path = companion(path, asked, ".dt1") if path.suffix.lower() == ".hd" else path
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
    head_name, head = read_content(companion(data_path, asked, ".hd"))
    found = settings(head, "=")
    samples = round(setting(found, "NUMBER OF PTS/TRC", head_name))
    window_s = 1e-9 * setting(found, "TOTAL TIME WINDOW", head_name)
    if not 2 <= samples <= 1 << 20 or not window_s > 0.0:
        msg = f"{head_name}: found {samples} points in {window_s:g} s, expected at least 2 in a positive time"
        raise ScanError(msg)
    data, along, rest, size = _traces(content, samples, name)
    unit = found.get("POSITION UNITS", "m").split()[:1]
    unit_m = UNITS_M.get(unit[0].lower() if unit else "m")
    if unit_m is None:
        msg = f"{head_name}: POSITION UNITS: found {found['POSITION UNITS']!r:.40}, expected m, ft or in"
        raise ScanError(msg)
    separation_m = unit_m * max(setting(found, "ANTENNA SEPARATION", head_name, 0.0), 0.0)
    step_s = window_s / samples
    told = round(setting(found, "NUMBER OF TRACES", head_name, 0.0))
    faults = cut_off(name, in_english("trace"), len(data), rest, size, told=told)
    traces = Traces(
        "Sensors & Software",
        data,
        options.separation_m(name, separation_m) / C0_M_S
        - step_s * setting(found, "TIMEZERO AT POINT", head_name, 0.0),
        step_s,
        place_m=np.column_stack([unit_m * (along - along[0]), np.zeros(len(along))]) if len(along) else None,
        spacing_m=unit_m * setting(found, "STEP SIZE USED", head_name, 0.0),
        separation_m=separation_m,
        instrument=f"{found.get('NOMINAL FREQUENCY', '').strip()} MHz".lstrip(),
        created=_date(head),
        faults=faults,
    )
    return line_scan(path, name, content + head, traces, options)


def _traces(content: bytes, samples: int, name: str) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Cut out the points (n, samples) and places (n,) of traces; what is left over, and how long a trace is."""
    head = np.frombuffer(content[: 4 * (min(len(content), HEADER_BYTES) // 4)], "<f4")
    if head.size < 6 or head[2] != samples:
        swapped = head.byteswap()
        ways = ", its bytes are swapped" if swapped.size > 5 and swapped[2] == samples else ""
        found = f"{head[2]:g} points" if head.size > 2 else f"{len(content)} bytes"
        msg = f"{name}: found {found} in the first trace{ways}, expected {samples} as in its .HD"
        raise ScanError(msg)
    width = round(float(head[5])) if np.isfinite(head[5]) else 0
    dtype = TYPES.get(width or 2)
    if dtype is None:
        msg = f"{name}: found points of {width} bytes, expected 2 or 4"
        raise ScanError(msg)
    size = HEADER_BYTES + samples * dtype.itemsize
    rows, rest = divmod(len(content), size)
    records = np.frombuffer(content, np.uint8, rows * size).reshape(rows, size)
    heads = np.ascontiguousarray(records[:, :HEADER_BYTES]).view("<f4")
    odd = np.flatnonzero(heads[:, 2] != samples)
    if odd.size:
        msg = f"{name}: trace {odd[0] + 1}: found {heads[odd[0], 2]:g} points, expected {samples} in each"
        raise ScanError(msg)
    data = np.ascontiguousarray(records[:, HEADER_BYTES:]).view(dtype).astype(np.float64)
    return data, heads[:, 1].astype(np.float64), rest, size


def _date(head: bytes) -> str:
    for line in head.decode("latin-1").splitlines()[:6]:
        for form in ("%Y-%m-%d", "%Y-%b-%d", "%d/%m/%y"):
            try:
                return datetime.strptime(line.strip(), form).date().isoformat()  # noqa: DTZ007
            except ValueError:
                continue
    return ""
