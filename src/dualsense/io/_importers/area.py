"""Several lines as one scan: each a channel of its own, at its place in the area."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import UsageError
from dualsense.io._importers.detect import import_scan
from dualsense.io._importers.joining import Part, joined
from dualsense.io._importers.layout import read_layout, side_by_side, spacing_option
from dualsense.io._text import one_line

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from dualsense.scan import Scan

MAX_LINES = 4096


def import_lines(
    paths: Sequence[str | os.PathLike[str]],
    *,
    line_spacing_m: float | None = None,
    layout: str | os.PathLike[str] | None = None,
    zigzag: bool = False,
    scan_id: str = "",
    **options: Any,
) -> Scan:
    """Read several lines as one scan over an area.

    Each line is a channel, so that each keeps its own time zero and gain. Traces are cut to the shortest record.

    Parameters
    ----------
    paths
        Files that `import_scan` reads, in the order in which they were recorded.
    line_spacing_m
        Lines along +x, each so far to the left of the one before.
    layout
        Instead: a CSV with a row for each file: ``file`` (its name), ``x_m``, ``y_m`` of its first trace and
        ``x_end_m``, ``y_end_m`` of the last, over which the traces are spread evenly, or ``direction_deg``,
        anticlockwise from +x, with the file's own spacing. Other columns are options of that file alone.
    zigzag
        With ``line_spacing_m``: every second line was recorded backwards.
    scan_id
        Of the scan; by default made of the names.
    **options
        Of the importer, for all files.

    Returns
    -------
    Scan
        Radar alone.

    Raises
    ------
    ScanError
        A file cannot be read, holds no radar, or was sampled otherwise than the first.
    UsageError
        Neither spacing nor layout is given, or both, or an option is out of range.
    """
    files = [Path(one) for one in paths]
    if (line_spacing_m is None) == (layout is None):
        msg = "several lines need either line_spacing_m or a layout, which says where each of them lies"
        raise UsageError(msg)
    if not 1 <= len(files) <= MAX_LINES:
        msg = f"an area is made of 1 to {MAX_LINES} lines, got {len(files)}"
        raise UsageError(msg)
    twice = [one for n, one in enumerate(files) if one in files[:n]]
    if twice:
        msg = f"{one_line(twice[0].name)}: given twice, expected each line once"
        raise UsageError(msg)
    if zigzag and layout is not None:
        msg = "a layout tells the direction of each line: zigzag goes with line_spacing_m only"
        raise UsageError(msg)
    if layout is not None:
        places = read_layout(Path(layout), files)
        scans = [import_scan(one, **(options | at.options)) for one, at in zip(files, places, strict=True)]
    else:
        spacing_m = spacing_option(line_spacing_m)
        scans = [import_scan(one, **options) for one in files]
        places = side_by_side(list(map(_length_m, scans)), spacing_m=spacing_m, zigzag=zigzag)
    names = [one_line(one.name) for one in files]
    lines = [Part.of(scan, place, name) for scan, place, name in zip(scans, places, names, strict=True)]
    return joined(lines, names, scan_id or f"{files[0].stem}-{files[-1].stem}")


def _length_m(scan: Scan) -> float:
    return float(np.linalg.norm(np.diff(scan.pose.position_m[:, :2], axis=0), axis=1).sum())
