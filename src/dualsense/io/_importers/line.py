"""A line of impulse traces as a scan: what readers of all makers' formats share once they have the samples."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from dualsense.errors import ScanError
from dualsense.io import _schema as schema
from dualsense.io._importers.options import MAX_SPACING_M, MIN_SPACING_M
from dualsense.io._importers.traces import check_markers, examine_traces
from dualsense.io._text import one_line, single_line
from dualsense.scan import GprData, Pose, Scan, ScanHeader

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from dualsense.io._importers.options import LineOptions
    from dualsense.scan import Fault

    Real = NDArray[np.float64]

NOMINAL_SPEED_M_S = 0.5
"""Taken for the clock of files that have none."""


@dataclass(frozen=True, slots=True, eq=False)
class Traces:
    """What a file holds.

    Attributes
    ----------
    maker
        Of the instrument, for messages and the name of a scan without one.
    data : (n, k)
        Counts.
    start_s, step_s
        Of the samples.
    place_m : (n, 2) or None
        Where the file has the traces, from the first on.
    spacing_m
        Where it has only that; 0 where it has neither.
    separation_m
        Of the antennas, 0 where not told.
    """

    maker: str
    data: Real
    start_s: float
    step_s: float
    place_m: Real | None = None
    spacing_m: float = 0.0
    separation_m: float = 0.0
    instrument: str = ""
    created: str = ""
    notes: str = ""
    faults: tuple[Fault, ...] = field(default=())


def line_scan(path: Path, name: str, content: bytes, traces: Traces, options: LineOptions) -> Scan:
    """Make a scan of the traces of a line, with what the file does not tell.

    Parameters
    ----------
    path, name, content
        Of the file; its bytes are hashed, with those of what belongs to it.
    traces
        What was read.
    options
        What was stated.

    Raises
    ------
    ScanError
        The samples are no signal, or nothing tells where they were taken.
    UsageError
        An option does not go with this file.
    """
    rows, samples = traces.data.shape
    check_counts(name, rows, samples)
    dropped, axis = options.marker_samples, options.antenna_axis
    check_markers(dropped, samples, name)
    half_m = 0.5 * options.separation_m(name, traces.separation_m)
    if not 0.0 < traces.step_s < 1e-3:
        msg = f"{name}: header: found samples every {traces.step_s:g} s, expected a positive time"
        raise ScanError(msg)
    place_m, time_s = _places(name, traces, options.trace_spacing_m)
    examined, faults = examine_traces(traces.data[:, dropped:], dropped, path, name)
    offset = np.array([[0.0, half_m, 0.0]]) if axis == "across" else np.array([[half_m, 0.0, 0.0]])
    gpr = GprData(
        modality="impulse",
        time_s=time_s,
        data=examined,
        tx_position_m=-offset,
        rx_position_m=offset,
        channel=np.zeros(rows, dtype=np.intp),
        sample_time_s=traces.start_s + traces.step_s * np.arange(dropped, samples, dtype=np.float64),
        system_delay_s=options.system_delay_s,
    )
    header = ScanHeader(
        scan_id=single_line(path.stem) or traces.maker.lower(),
        created=traces.created,
        instrument=f"{traces.maker} {traces.instrument}".strip(),
        source="recorded",
        notes=f"Imported from {traces.maker} {name}: {rows} traces of {samples} samples every "
        f"{traces.step_s:.6g} s, antennas {2.0 * half_m:.4g} m apart, taken to stand {axis} the line. "
        f"Antenna height {options.height_m:g} m stated, not measured; "
        f"the clock is nominal. {traces.notes}".strip(),
    )
    track_m = np.column_stack([place_m, np.full(rows, options.height_m)])
    digest = hashlib.sha256(content).hexdigest()
    return Scan(header, Pose(time_s, track_m), gpr, faults=(*traces.faults, *faults), sha256=digest)


def check_counts(name: str, rows: int, samples: int) -> None:
    """Raise ScanError unless there are two traces, two samples, and no more than the format holds."""
    if rows < 2 or samples < 2 or rows * samples > schema.MAX_ELEMENTS:
        found = f"found {rows} traces of {samples} samples"
        msg = f"{name}: {found}, expected at least 2 of each and at most {schema.MAX_ELEMENTS} numbers"
        raise ScanError(msg)


def _places(name: str, traces: Traces, stated_m: float | None) -> tuple[Real, Real]:
    """Places (n, 2) of the traces and a clock (n,) that goes with them."""
    rows = len(traces.data)
    if stated_m is None and traces.place_m is not None:
        steps = np.linalg.norm(np.diff(traces.place_m, axis=0), axis=1)
        if np.isfinite(steps).all() and steps.max() <= MAX_SPACING_M and steps.sum() > 0.0:
            along_m = np.concatenate([[0.0], np.cumsum(steps)])
            usual_m = float(np.median(steps[steps > 0.0]))
            # traces that were taken without moving have a time of their own
            clock_m = np.maximum.accumulate(along_m) + 1e-6 * usual_m * np.arange(rows)
            return traces.place_m, clock_m / NOMINAL_SPEED_M_S
    spacing_m = traces.spacing_m if stated_m is None else stated_m
    if not (math.isfinite(spacing_m) and MIN_SPACING_M <= spacing_m <= MAX_SPACING_M):
        msg = f"{name}: header: found no spacing of the traces, expected one in metres; state trace_spacing_m"
        raise ScanError(msg)
    along_m = float(spacing_m) * np.arange(rows, dtype=np.float64)
    return np.column_stack([along_m, np.zeros(rows)]), along_m / NOMINAL_SPEED_M_S


def companion(path: Path, name: str, *suffixes: str) -> Path:
    """Find the file of the same name that belongs to one, whatever the case of its end.

    Raises
    ------
    ScanError
        There is none.
    """
    wanted = {suffix.lower() for suffix in suffixes}
    beside = (one for one in sorted(path.parent.iterdir()) if one.stem == path.stem)
    found = next((one for one in beside if one.suffix.lower() in wanted and one.is_file()), None)
    if found is None:
        msg = f"{name}: found no {' or '.join(path.stem + one for one in suffixes)} beside it, which belongs to it"
        raise ScanError(one_line(msg))
    return found


def settings(content: bytes, separator: str) -> dict[str, str]:
    """Read lines of name and value; names in capitals, the first of each."""
    found: dict[str, str] = {}
    for line in content.decode("latin-1").splitlines()[:1000]:
        key, between, value = line.partition(separator)
        if between:
            found.setdefault(" ".join(key.split()).upper(), value.strip())
    return found


def setting(found: dict[str, str], key: str, name: str, default: float | None = None) -> float:
    """Give a number of a header; a ScanError names the key where there is none and no default."""
    try:
        value = float(found[key].split()[0])
    except (KeyError, ValueError, IndexError):
        value = math.nan
    if math.isfinite(value):
        return value
    if default is None:
        msg = f"{name}: {key}: found {found.get(key, 'nothing')!r:.60}, expected a number"
        raise ScanError(one_line(msg))
    return default
