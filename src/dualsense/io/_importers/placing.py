"""What any foreign file may be given beside its own options: a track, and a recording to subtract."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import ScanError, UsageError
from dualsense.io._importers.options import number_option
from dualsense.io._importers.traces import read_content, table_rows
from dualsense.io._text import one_line
from dualsense.scan import Pose

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dualsense.scan import Scan

    Real = NDArray[np.float64]

OPTIONS = ("track", "gnss", "lag_s", "clock_s", "minus")
DAY_S = 86400.0
EQUATOR_M, FLATTENING = 6378137.0, 1.0 / 298.257223563
"""Of WGS 84."""
FIX = re.compile(r"\$G[A-Z]GGA,(\d{2})(\d{2})(\d{2}(?:\.\d*)?),"
                 r"(\d+)(\d{2}\.\d*),([NS]),(\d+)(\d{2}\.\d*),([EW]),([0-9]),"
                 r"[^,]*,[^,]*,(-?[\d.]*)[^*\n]*(?:\*([0-9A-Fa-f]{2}))?")  # fmt: skip
TRACE = re.compile(r"\$GSSIS,\s*(\d+)|[Tt]race\s*#?\s*(\d+)|^(\d+),-?\d+,-?[\d.]+,-?[\d.]+,\"?\$G")
"""How GSSI's DZG, and pulseEKKO's GPS and GP2, name the trace that the next fix belongs to: from 0, and from 1."""
FIX_STD_M = {1: 2.5, 2: 0.8, 3: 1.0, 4: 0.02, 5: 0.3, 9: 0.8}
"""One standard deviation of a fix to each side, by its quality (NMEA 0183): satellites alone, corrected (or 9),
precise, and with the carrier's phase, in whole waves or not. As makers of receivers usually state them."""
INVENTED = {7: "set by hand", 8: "of a simulator"}
ESTIMATED = 6
HEIGHT_STD_M = 0.01
"""Of heights, which stay those of the file or its reader."""


def with_extras(scan: Scan, extras: dict[str, Any], name: str, read: Callable[[Path], Scan]) -> Scan:
    """Give a scan its track from elsewhere, and take another recording from it.

    Parameters
    ----------
    scan
        As its importer gives it.
    extras
        Of `OPTIONS`: ``track``, a table with the columns ``trace`` (from 0) or ``time_s``, and ``x_m``, ``y_m``
        and, where wanted, ``z_m``; ``gnss``, a log of NMEA GGA sentences (also as GSSI's DZG and pulseEKKO's GPS
        and GP2 keep them, which name their trace), with ``clock_s``, UTC of the scan's beginning in seconds of
        the day (the first fix by default), ``lag_s``, by how much the log's or the table's stamps are late;
        ``minus``, another recording of the same samples, such as a simulation without the object.
    name
        What messages call the scan's file.
    read
        Reads the other recording as this one was read.

    Returns
    -------
    Scan

    Raises
    ------
    ScanError
        A file cannot be read, or does not go with the scan.
    UsageError
        An option is out of range, or two tracks are given.
    """
    lag_s = number_option(name, "lag_s", extras.get("lag_s", 0.0), unit="seconds", most=1e5)
    timed = [key for key in ("lag_s", "clock_s") if extras.get(key)]
    if extras.get("track") is not None and extras.get("gnss") is not None:
        msg = f"{name}: give track or gnss, not both"
        raise UsageError(msg)
    if extras.get("minus") is not None:
        scan = _difference(scan, read(Path(str(extras["minus"]))), name)
    if extras.get("track") is not None:
        return _with_table(scan, Path(str(extras["track"])), lag_s, timed)
    if extras.get("gnss") is not None:
        return _with_fixes(scan, Path(str(extras["gnss"])), lag_s, extras.get("clock_s"), name, timed)
    return scan


def _refuse_clock(name: str, timed: list[str]) -> None:
    """Raise UsageError where places belong to traces, and options of a clock would be dropped without a word."""
    if timed:
        msg = f"{name}: found places that name their traces, which have no use for {' and '.join(timed)}"
        raise UsageError(msg)


def digests(extras: dict[str, Any]) -> dict[str, Any]:
    """Name files by what they hold, so that the place where they lie makes no other scan."""
    told = dict(extras)
    for key in ("track", "gnss", "minus", "map"):
        if told.get(key) is not None:
            path = Path(str(told[key]))
            told[key] = f"{path.name} {hashlib.sha256(read_content(path)[1]).hexdigest()}"
    return told


def _difference(scan: Scan, other: Scan, name: str) -> Scan:
    one, two = scan.gpr, other.gpr
    same = one is not None and two is not None and one.data.shape == two.data.shape
    axes = ("sample_time_s", "frequency_hz", "channel")
    if not same or any(not _equal(getattr(one, axis), getattr(two, axis)) for axis in axes):
        shapes = [None if data is None else data.data.shape for data in (one, two)]
        msg = (
            f"{name}: found soundings of shape {shapes[0]} and {shapes[1]} to subtract, expected the same samples"
        )
        raise ScanError(msg)
    return replace(scan, gpr=replace(one, data=one.data - two.data))  # type: ignore[type-var, union-attr]


def _equal(a: Any, b: Any) -> bool:
    return (a is None and b is None) or (
        a is not None and b is not None and np.allclose(a, b, rtol=1e-9, atol=0.0)
    )


def _with_table(scan: Scan, path: Path, lag_s: float, timed: list[str]) -> Scan:
    name, content = read_content(path)
    rows = table_rows(content, name)
    columns = set(rows[0]) if rows else set()
    clock = next((key for key in ("trace", "time_s") if key in columns), None)
    if clock is None or not {"x_m", "y_m"} <= columns or len(rows) < 2:
        found = ", ".join(sorted(map(str, columns))) or "nothing"
        msg = (
            f"{name}: found {found}, expected at least 2 rows of trace or time_s, x_m, y_m and, where wanted, z_m"
        )
        raise ScanError(one_line(msg))
    values = {key: np.array([_number(row.get(key)) for row in rows]) for key in (clock, "x_m", "y_m")}
    if not all(np.isfinite(one).all() for one in values.values()) or not (np.diff(values[clock]) > 0.0).all():
        msg = f"{name}: {clock}: found rows that are no numbers or do not increase, expected both"
        raise ScanError(msg)
    if clock == "trace":
        _refuse_clock(name, timed)
    time_s = _time_of(scan, values[clock]) if clock == "trace" else values[clock] - lag_s
    z_m = np.array([_number(row.get("z_m")) for row in rows]) if "z_m" in columns else None
    if z_m is None or not np.isfinite(z_m).all():
        z_m = _height(scan, time_s)
    return replace(scan, pose=Pose(time_s, np.column_stack([values["x_m"], values["y_m"], z_m])))


def _time_of(scan: Scan, trace: Real) -> Real:
    """Give the times of traces, which a table may name between two or beyond the last."""
    data = scan.gpr if scan.gpr is not None else scan.emi
    own = np.unique(data.time_s) if data is not None else np.zeros(2)
    step_s = float(np.median(np.diff(own)))
    inside = np.interp(trace, np.arange(own.size), own)
    return inside + step_s * (np.minimum(trace, 0.0) + np.maximum(trace - (own.size - 1), 0.0))


def _height(scan: Scan, time_s: Real) -> Real:
    return np.interp(time_s, scan.pose.time_s, scan.pose.position_m[:, 2])


def _number(text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        return math.nan


def _with_fixes(scan: Scan, path: Path, lag_s: float, clock_s: Any, called: str, timed: list[str]) -> Scan:
    name, content = read_content(path)
    fixes = read_fixes(content.decode("latin-1"))
    table = np.array(fixes, dtype=np.float64).reshape(-1, 6)
    invented = next((word for quality, word in INVENTED.items() if (table[:, 5] == quality).any()), None)
    if invented is not None:
        msg = f"{name}: found fixes {invented}, expected those of a satellite receiver"
        raise ScanError(msg)
    table = table[table[:, 5] != ESTIMATED]
    named = np.isfinite(table[:, 4])
    if named.any():
        # a receiver may talk before the first trace: what it says then has no trace, and its clock is another
        table = table[named]
    if len(table) < 2:
        msg = f"{name}: found {len(table)} fixes, expected at least 2 GGA sentences with a position"
        raise ScanError(msg)
    utc_s, latitude, longitude, up_m, trace, quality = table.T
    if named.any():
        _refuse_clock(name, timed)
        time_s = _time_of(scan, trace)
    else:
        begin_s = (
            utc_s[0] if clock_s is None else number_option(called, "clock_s", clock_s, unit="seconds", most=DAY_S)
        )
        time_s = (utc_s - begin_s + 0.5 * DAY_S) % DAY_S - 0.5 * DAY_S - lag_s  # a log may pass midnight
    latest_s = np.maximum.accumulate(time_s)
    keep = np.concatenate([[True], np.diff(latest_s) > 0.0])
    if keep.sum() < 2:
        msg = f"{name}: found fixes of one moment only, expected at least 2"
        raise ScanError(msg)
    time_s = time_s[keep]
    origin = float(latitude[0]), float(longitude[0])
    east_m, north_m = local_m(latitude[keep], longitude[keep], *origin)
    track_m = np.column_stack([east_m, north_m, _height(scan, time_s)])
    side_m = np.array([FIX_STD_M[int(one)] for one in quality[keep]])
    std_m = np.column_stack([side_m, side_m, np.full(side_m.size, HEIGHT_STD_M)])
    header = replace(scan.header, origin_wgs84=(*origin, float(up_m[0]) if np.isfinite(up_m[0]) else 0.0, 90.0))
    return replace(scan, header=header, pose=Pose(time_s, track_m, position_std_m=std_m))


def read_fixes(text: str) -> list[tuple[float, float, float, float, float, int]]:
    """Read UTC in s of the day, latitude and longitude in degrees, height in m, trace, quality of each sentence.

    Sentences without a fix, and those whose sum of bytes is wrong, are passed over; the trace is NaN where no line
    before names one.
    """
    found, trace = [], math.nan
    for line in text.splitlines():
        named = TRACE.search(line)
        if named is not None:
            trace = float(named[1]) if named[1] else float(named[2] or named[3]) - 1.0
        fix = FIX.search(line)
        if fix is None or fix[10] == "0":
            continue
        if fix[12] is not None:
            body = line[fix.start() + 1 : line.index("*", fix.start())]
            total = 0
            for letter in body:
                total ^= ord(letter)
            if total != int(fix[12], 16):
                continue
        utc_s = 3600.0 * int(fix[1]) + 60.0 * int(fix[2]) + float(fix[3])
        latitude = (int(fix[4]) + float(fix[5]) / 60.0) * (-1.0 if fix[6] == "S" else 1.0)
        longitude = (int(fix[7]) + float(fix[8]) / 60.0) * (-1.0 if fix[9] == "W" else 1.0)
        found.append((utc_s, latitude, longitude, _number(fix[11]), trace, int(fix[10])))
    return found


def local_m(latitude: Real, longitude: Real, latitude_0: float, longitude_0: float) -> tuple[Real, Real]:
    """Metres to the east and north of a place, by the ellipsoid's radii there: within 1 mm over 100 m.

    Parameters
    ----------
    latitude, longitude : (n,)
        In degrees.
    latitude_0, longitude_0
        The place.

    Returns
    -------
    (n,), (n,)
    """
    squared = FLATTENING * (2.0 - FLATTENING)
    sine = math.sin(math.radians(latitude_0))
    across_m = EQUATOR_M / math.sqrt(1.0 - squared * sine**2)
    along_m = across_m * (1.0 - squared) / (1.0 - squared * sine**2)
    north_m = along_m * np.radians(latitude - latitude_0)
    east_m = across_m * np.cos(np.radians(0.5 * (latitude + latitude_0))) * np.radians(longitude - longitude_0)
    return east_m, north_m
