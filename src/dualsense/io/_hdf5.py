"""Read a scan file: what it says, refused when it is not a scan, with its faults when parts of it are bad."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from dualsense.errors import ScanError
from dualsense.faults import fault
from dualsense.io import _schema as schema
from dualsense.io._nodes import attribute_path
from dualsense.io._opening import open_source
from dualsense.io._sensors import read_emi, read_gpr
from dualsense.io._text import single_line
from dualsense.io._track import covered_by_pose, read_pose
from dualsense.io._truth import read_truth
from dualsense.scan import Scan, ScanHeader

if TYPE_CHECKING:
    import os

    from dualsense.io._nodes import Source
    from dualsense.scan import EmiData, Fault, GprData, Pose, SensorName
    from dualsense.scan import Source as SourceKind

MAX_IMPORT_ENTRIES = 64


def read_scan(path: str | os.PathLike[str], *, with_data: bool = True, with_truth: bool = True) -> Scan:
    """Read a recorded or simulated sweep in the scan format.

    Parameters
    ----------
    path
        HDF5 file.
    with_data
        False reads the header, the track and the axes only: ``data`` of both sensors are NaN of the right shape
        without memory of their own, their faults are not looked for, and ``sha256`` is empty.
    with_truth
        Whether to read ``/truth``, too; who only processes a scan has no use for it, and leaves it unread.

    Returns
    -------
    Scan
        With one fault per thing that limits what can be said. A sensor that failed is None.

    Raises
    ------
    ScanError
        Not a scan, of an unknown version, or without what the format demands; or none of its sensors works.
        The message is one line: the file, the path inside it, what was found and what was expected.
    """
    path = Path(path)
    with open_source(path) as source:
        scan = scan_of(source, with_data=with_data, with_truth=with_truth)
    return replace(scan, sha256=file_digest(path, source)) if with_data else scan


def scan_of(source: Source, *, with_data: bool, with_truth: bool = True) -> Scan:
    """Read the scan in a file that is already open. Parameters, result and errors as for `read_scan`."""
    header = _header(source)
    pose, faults = read_pose(source)
    if source.group(schema.GPR) is None and source.group(schema.EMI) is None:
        either = f"{schema.GPR}, {schema.EMI}"
        raise source.missing(either, "at least one sensor")
    gpr, gpr_faults = read_gpr(source, with_data=with_data)
    emi, emi_faults = read_emi(source, with_data=with_data)
    gpr_covered, gpr_gaps = _coverage("gpr", schema.GPR_TIME, pose, gpr)
    emi_covered, emi_gaps = _coverage("emi", schema.EMI_TIME, pose, emi)
    faults += gpr_faults + gpr_gaps + emi_faults + emi_gaps
    gpr, emi = gpr if gpr_covered else None, emi if emi_covered else None
    if gpr is None and emi is None:
        failed = [fault for fault in faults if fault.severity == "failed"]
        where = ", ".join(fault.path for fault in failed)
        raise source.error(where, "no sensor works: " + "; ".join(f"{f.sensor} {f.message}" for f in failed))
    truth = read_truth(source) if with_truth else None
    return Scan(header, pose, gpr, emi, truth, faults, imported=_imported(source))


def _imported(source: Source) -> dict[str, str]:
    """Texts that tell how a foreign file was read."""
    if source.group(schema.IMPORT) is None:
        return {}
    names = source.attribute_names(schema.IMPORT)[:MAX_IMPORT_ENTRIES]
    found = {name: _told(source, name) for name in names}
    return {name: text for name, text in found.items() if text is not None}


def _told(source: Source, name: str) -> str | None:
    """Give what `/import` tells by one name as text, or None for what is neither text nor a number."""
    try:
        value = source.attribute(schema.IMPORT, name)
        if isinstance(value, np.ndarray) and value.size == 1:
            value = value.reshape(-1)[0]
        if isinstance(value, (np.number, np.bool_)):
            return str(value.item())
        return source.text(schema.IMPORT, name)
    except ScanError:
        return None


def _header(source: Source) -> ScanHeader:
    expected = f'"{schema.FORMAT}"'
    kind = source.text(schema.ROOT, schema.FORMAT_ATTR)
    if kind is None:
        raise source.missing(
            attribute_path(schema.ROOT, schema.FORMAT_ATTR), f"{expected}; this is some other HDF5 file"
        )
    if kind.strip() != schema.FORMAT:
        raise source.error(attribute_path(schema.ROOT, schema.FORMAT_ATTR), f"found {kind!r}, expected {expected}")
    version = _version(source)
    mandatory = {name: _line(source, name) for name in (schema.SCAN_ID, schema.CREATED, schema.INSTRUMENT)}
    for name, text in mandatory.items():
        if text is None:
            raise source.missing(attribute_path(schema.ROOT, name), "text")
    stated = (_line(source, schema.SOURCE) or "").lower()
    return ScanHeader(
        scan_id=mandatory[schema.SCAN_ID] or "",
        created=mandatory[schema.CREATED] or "",
        instrument=mandatory[schema.INSTRUMENT] or "",
        format_version=version,
        source=cast("SourceKind", stated) if stated in schema.SOURCES else "unknown",
        site=_line(source, schema.SITE),
        operator=_line(source, schema.OPERATOR),
        notes=source.text(schema.ROOT, schema.NOTES),
        origin_wgs84=_origin(source),
    )


def _version(source: Source) -> str:
    where = attribute_path(schema.ROOT, schema.FORMAT_VERSION_ATTR)
    value = source.attribute(schema.ROOT, schema.FORMAT_VERSION_ATTR)
    readable = ", ".join(str(major) for major in schema.MAJOR_VERSIONS)
    expected = f"a version this program reads: major {readable}"
    if value is None:
        raise source.missing(where, expected)
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    if isinstance(value, (np.floating, np.integer)):
        text = str(float(value))
    else:
        text = (source.text(schema.ROOT, schema.FORMAT_VERSION_ATTR) or "").strip()
    match = re.fullmatch(r"(\d{1,6})(\.\d+)*", text)
    if match is None or int(match[1]) not in schema.MAJOR_VERSIONS:
        raise source.error(where, f"found {text!r}, expected {expected}")
    return text


def _line(source: Source, name: str) -> str | None:
    text = source.text(schema.ROOT, name)
    return None if text is None else single_line(text)


def _origin(source: Source) -> tuple[float, float, float, float] | None:
    expected = "latitude and longitude in degrees, height in m, azimuth of +x in degrees"
    values = source.numbers(schema.ROOT, schema.ORIGIN_WGS84, expected)
    if values is None:
        return None
    where = attribute_path(schema.ROOT, schema.ORIGIN_WGS84)
    if values.size != 4:
        raise source.error(where, f"found shape {values.shape}, expected 4 numbers: {expected}")
    latitude, longitude, height, azimuth = (float(v) for v in values.reshape(-1))
    if abs(latitude) > 90.0 or abs(longitude) > 360.0:
        raise source.error(where, f"found latitude {latitude:g} and longitude {longitude:g}, expected {expected}")
    return latitude, longitude, height, azimuth


def _coverage(
    sensor: SensorName, field: schema.Field, pose: Pose, data: GprData | EmiData | None
) -> tuple[bool, tuple[Fault, ...]]:
    """Find whether the track covers any sounding, and how many it does not cover."""
    if data is None:
        return False, ()
    covered = covered_by_pose(pose.time_s, data.time_s)
    lost = int((~covered).sum())
    if not lost:
        return True, ()
    if lost == covered.size:
        elsewhere = fault(
            "track-elsewhere",
            sensor=sensor,
            path=field.path,
            first_s=float(data.time_s[0]),
            last_s=float(data.time_s[-1]),
            gap_s=schema.MAX_POSE_GAP_S,
            pose_first_s=float(pose.time_s[0]),
            pose_last_s=float(pose.time_s[-1]),
        )
        return False, (elsewhere,)
    gap_s = schema.MAX_POSE_GAP_S
    gaps = fault("track-gaps", sensor=sensor, path=field.path, count=lost, total=covered.size, gap_s=gap_s)
    return True, (gaps,)


def file_digest(path: Path, source: Source) -> str:
    """Give the SHA-256 of a file's bytes."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise source.error(schema.ROOT, f"cannot be read again ({error.strerror})") from None
