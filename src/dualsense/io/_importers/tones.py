"""Stepped frequencies: a series of Touchstone files, and HDF5 of ``/A-Scan``, ``/Frequency`` and ``/Position``.

Source: Touchstone file format 1.1 (EIA/IBIS open forum, 2002). The HDF5 layout is that of the laboratory radar of
the Universidad de los Andes.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from dualsense.errors import ScanError
from dualsense.io import _schema as schema
from dualsense.io._hdf5 import file_digest
from dualsense.io._importers.options import MAX_DELAY_S, MAX_HEIGHT_M, number_option, positive_option
from dualsense.io._importers.traces import examine_tones, examine_traces, read_content, table_rows
from dualsense.io._opening import open_source
from dualsense.io._text import one_line, single_line
from dualsense.io._types import type_name
from dualsense.scan import GprData, Pose, Scan, ScanHeader

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from dualsense.io._nodes import Source

    Real = NDArray[np.float64]

SPEED_M_S = 0.1
"""Taken for the clock of positions without one."""
UNITS_HZ = {"HZ": 1.0, "KHZ": 1e3, "MHZ": 1e6, "GHZ": 1e9}
PORTS = {".s1p": ("S11",), ".s2p": ("S11", "S21", "S12", "S22")}
MAX_TONES = 1 << 16
TABLE = "a table with the columns file, x_m, y_m and, where it changes, z_m"
ASCAN, FREQUENCY, TIME, POSITION = "/A-Scan", "/Frequency", "/Time", "/Position"


def is_series(head: bytes) -> bool:
    """Whether a file begins as the table of a series of Touchstone files."""
    first, _, rest = head.decode("latin-1").lower().partition("\n")
    columns = [one.strip().lstrip("\ufeff") for one in first.replace("ï»¿", "").split(",")]
    return {"file", "x_m", "y_m"} <= set(columns) and any(end in rest for end in PORTS)


def import_touchstone(
    path: str | os.PathLike[str],
    *,
    parameter: str = "S21",
    height_m: float = 0.0,
    antenna_separation_m: float = 0.0,
    system_delay_s: float = 0.0,
    reference: str | None = None,
) -> Scan:
    """Read sweeps of a network analyser, one Touchstone file for each place.

    Parameters
    ----------
    path
        CSV with a row for each sweep, in their order: ``file`` (beside the table), ``x_m``, ``y_m``, and ``z_m``,
        the head's height, where it changes.
    parameter
        "S21", "S12", "S11" or "S22".
    height_m
        Of the antennas above the ground where the table has no ``z_m``.
    antenna_separation_m
        From transmitter to receiver, along x and centred on the head.
    system_delay_s
        Of cables, to subtract.
    reference
        File of a sweep in free air, beside the table.

    Returns
    -------
    Scan
        Stepped-frequency radar. Touchstone's convention is e^{+i omega t}, as here.

    Raises
    ------
    ScanError
        The table or a sweep cannot be read, or sweeps have other frequencies than the first.
    UsageError
        An option is out of range.
    """
    path = Path(path)
    name, content = read_content(path)
    rows = _table(content, name)
    digest, frequency, sweeps = hashlib.sha256(content), None, []
    named = [row["file"] for row in rows] + ([] if reference is None else [str(reference)])
    for file in named:
        if Path(file).name != file:
            msg = f"{name}: found the file {file!r}, expected names of files beside the table"
            raise ScanError(one_line(msg))
        own_name, own = read_content(path.parent / file)
        digest.update(own)
        f, values = read_touchstone(own, own_name, parameter)
        frequency = f if frequency is None else frequency
        if f.shape != frequency.shape or not np.allclose(f, frequency, rtol=1e-9):
            msg = f"{own_name}: found other frequencies than in {named[0]}, expected the same of all sweeps"
            raise ScanError(msg)
        sweeps.append(values)
    data = np.array(sweeps[: len(rows)])
    height_m = number_option(name, "height_m", height_m, unit="metres", most=MAX_HEIGHT_M)
    place_m = np.array([[row["x_m"], row["y_m"], row.get("z_m", height_m)] for row in rows], dtype=np.float64)
    if frequency is None or len(rows) < 2:
        msg = f"{name}: found {len(rows)} sweeps, expected at least 2 in {TABLE}"
        raise ScanError(msg)
    return _tones_scan(
        path,
        name,
        digest.hexdigest(),
        data,
        frequency,
        place_m,
        separation_m=antenna_separation_m,
        delay_s=system_delay_s,
        reference=None if reference is None else sweeps[-1],
        notes=f"Imported from {len(rows)} Touchstone files by {name}, {parameter.upper()}.",
    )


def _table(content: bytes, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number, row in enumerate(table_rows(content, name), start=2):
        own: dict[str, Any] = {"file": (row.get("file") or "").strip()}
        for key in ("x_m", "y_m", "z_m"):
            text = row.get(key)
            if key == "z_m" and not text:
                continue
            try:
                own[key] = float(text or "")
            except ValueError:
                own[key] = math.nan
            if not abs(own[key]) <= 1e5 or not own["file"]:
                msg = f"{name}: row {number}: {key}: found {text!r:.40}, expected {TABLE}"
                raise ScanError(one_line(msg))
        rows.append(own)
    return rows


def read_touchstone(content: bytes, name: str, parameter: str = "S21") -> tuple[Real, NDArray[np.complex128]]:
    """Read the frequencies (k,) and one parameter (k,) of a sweep.

    Parameters
    ----------
    content
        Of a Touchstone file of one or two ports, version 1.
    name
        What messages call it; its end tells the number of ports.
    parameter
        Such as "S21".

    Raises
    ------
    ScanError
        Damaged, or without this parameter.
    """
    ports = PORTS.get(Path(name).suffix.lower())
    wanted = str(parameter).upper()
    if ports is None or wanted not in ports:
        has = "no Touchstone file of one or two ports" if ports is None else f"a file of {', '.join(ports)}"
        msg = f"{name}: found {has}, expected one with {wanted:.10}"
        raise ScanError(one_line(msg))
    unit_hz, form, numbers = 1e9, "MA", []
    for raw in content.decode("latin-1").splitlines():
        line = raw.partition("!")[0].strip()
        if line.startswith("["):
            msg = f"{name}: found Touchstone of version 2, which is not read: write version 1"
            raise ScanError(msg)
        if line.startswith("#"):
            words = line[1:].upper().split()
            unit_hz = next((UNITS_HZ[one] for one in words if one in UNITS_HZ), 1e9)
            form = next((one for one in words if one in {"RI", "MA", "DB"}), "MA")
        elif line:
            try:
                numbers += [float(one) for one in line.split()]
            except ValueError:
                msg = f"{name}: found {line!r:.40}, expected numbers"
                raise ScanError(one_line(msg)) from None
    width = 1 + 2 * len(ports)
    if len(numbers) % width or not 2 <= len(numbers) // width <= MAX_TONES:
        msg = f"{name}: found {len(numbers)} numbers, expected {width} for each of at least 2 frequencies"
        raise ScanError(msg)
    table = np.array(numbers).reshape(-1, width)
    a, b = (table[:, 1 + 2 * ports.index(wanted) + k] for k in range(2))
    if form == "RI":
        return unit_hz * table[:, 0], a + 1j * b
    size = 10.0 ** (a / 20.0) if form == "DB" else a
    return unit_hz * table[:, 0], size * np.exp(1j * np.deg2rad(b))


def is_ascans(path: str | os.PathLike[str]) -> bool:
    """Whether an HDF5 file has ``/A-Scan`` and ``/Position`` and is no scan file."""
    try:
        with h5py.File(path, "r", locking="best-effort") as file:
            links = file.id.links
            both = all(links.exists(one[1:].encode()) for one in (ASCAN, POSITION))
            return both and schema.FORMAT_ATTR not in file.attrs
    except (OSError, RuntimeError, KeyError, ValueError):
        return False


def import_ascans(
    path: str | os.PathLike[str],
    *,
    height_m: float = 0.0,
    antenna_separation_m: float = 0.0,
    system_delay_s: float = 0.0,
    frequency_unit_hz: float = 1.0,
    time_unit_s: float = 1.0,
    position_unit_m: float = 1.0,
) -> Scan:
    """Read HDF5 with ``/A-Scan`` (n, k), ``/Frequency`` or ``/Time`` (k) and ``/Position`` (n, 2 or 3).

    Parameters
    ----------
    path
        The file; tables may lie on their side.
    height_m
        Of the antennas above the ground where positions have two numbers.
    antenna_separation_m, system_delay_s
        As for `import_touchstone`.
    frequency_unit_hz, time_unit_s, position_unit_m
        Units of the axes and positions, which the file does not tell.

    Returns
    -------
    Scan

    Raises
    ------
    ScanError
        A table is missing, or they do not go together.
    UsageError
        An option is out of range.
    """
    path = Path(path)
    with open_source(path) as source:
        name = source.name
        frequency = source.vector(schema.Field(FREQUENCY, "", "(k,)"))
        time_s = None if frequency is not None else source.vector(schema.Field(TIME, "", "(k,)"))
        axis = frequency if frequency is not None else time_s
        if axis is None:
            raise source.missing(FREQUENCY, f"frequencies there, or times in {TIME}")
        if frequency is not None:
            unit = positive_option(name, "frequency_unit_hz", frequency_unit_hz, unit="Hz")
        else:
            unit = positive_option(name, "time_unit_s", time_unit_s, unit="seconds", most=1.0)
        axis = axis.reshape(-1).astype(np.float64) * unit
        data = _ascans(source, axis.size)
        place = source.floats(schema.Field(POSITION, "", "(n, 2) or (n, 3)"))
        digest = file_digest(path, source)
    if place is not None and place.ndim == 2 and len(place) != len(data) and place.shape[1] == len(data):
        place = place.T
    if place is None or place.ndim != 2 or len(place) != len(data) or place.shape[1] not in (2, 3):
        found = None if place is None else place.shape
        msg = f"{name}: {POSITION}: found shape {found}, expected ({len(data)}, 2 or 3)"
        raise ScanError(msg)
    height_m = number_option(name, "height_m", height_m, unit="metres", most=MAX_HEIGHT_M)
    place_m = place * positive_option(name, "position_unit_m", position_unit_m, unit="metres", most=1e6)
    if place_m.shape[1] == 2:
        place_m = np.column_stack([place_m, np.full(len(place_m), height_m)])
    return _tones_scan(
        path,
        name,
        digest,
        data,
        axis,
        place_m,
        separation_m=antenna_separation_m,
        delay_s=system_delay_s,
        reference=None,
        notes=f"Imported from {name}: {len(data)} A-scans.",
        impulse=frequency is None,
    )


def _ascans(source: Source, count: int) -> NDArray[Any]:
    """Read the table (n, k), of which k is the axis' length; complex also as pairs of real and imaginary part."""
    node = source.dataset(ASCAN)
    if node is None:
        raise source.missing(ASCAN, "soundings (n, k)")
    values = source.read(node, ASCAN)
    fields = values.dtype.names or ()
    if len(fields) == 2 and all(values.dtype[one].kind in "fiu" for one in fields):
        first, second = fields
        values = values[first] + 1j * values[second]
    if values.dtype.kind not in "fciu":
        raise source.error(ASCAN, f"found {type_name(values.dtype)}, expected numbers, real or complex")
    if values.ndim == 3 and values.shape[-1] == 2:
        values = values[..., 0] + 1j * values[..., 1]
    if values.ndim == 2 and values.shape[1] != count and values.shape[0] == count:
        values = values.T
    if values.ndim != 2 or values.shape[1] != count:
        raise source.error(ASCAN, f"found shape {values.shape}, expected (n, {count})")
    return values.astype(np.complex128 if np.iscomplexobj(values) else np.float64)


def _tones_scan(
    path: Path,
    name: str,
    digest: str,
    data: NDArray[Any],
    axis: Real,
    place_m: Real,
    *,
    separation_m: float,
    delay_s: float,
    reference: NDArray[Any] | None,
    notes: str,
    impulse: bool = False,
) -> Scan:
    """Make a scan of soundings at places (n, 3), in their order."""
    half_m = 0.5 * number_option(name, "antenna_separation_m", separation_m, unit="metres", most=MAX_HEIGHT_M)
    delay_s = number_option(name, "system_delay_s", delay_s, unit="seconds", most=MAX_DELAY_S)
    if axis.size < 2 or len(data) < 2:
        msg = f"{name}: found {len(data)} soundings of {axis.size} values, expected at least 2 of each"
        raise ScanError(msg)
    if not ((np.diff(axis) > 0.0).all() and np.isfinite(axis).all() and (impulse or axis[0] > 0.0)):
        msg = f"{name}: found an axis that does not increase, expected {'times' if impulse else 'frequencies > 0'}"
        raise ScanError(msg)
    if not np.isfinite(place_m).all():
        msg = f"{name}: found places that are no numbers, expected one for each sounding"
        raise ScanError(msg)
    if reference is not None and not (np.isfinite(reference) & (reference != 0.0)).all():
        msg = f"{name}: reference: found values that are zero or no numbers, expected a sweep in free air"
        raise ScanError(msg)
    if impulse and np.iscomplexobj(data):
        msg = f"{name}: {ASCAN}: found complex values over time, expected real ones"
        raise ScanError(msg)
    steps_m = np.linalg.norm(np.diff(place_m[:, :2], axis=0), axis=1)
    # a table is moved from place to place and waits there: a sounding each tenth of a second at the least
    time_s = np.concatenate([[0.0], np.cumsum(np.clip(steps_m / SPEED_M_S, 0.02, 0.4))])
    if impulse:
        data, faults = examine_traces(data, 0, path, name)
    else:
        data, faults = examine_tones(data, axis, path, name)
    gpr = GprData(
        modality="impulse" if impulse else "sfcw",
        time_s=time_s,
        data=data if impulse else data.astype(np.complex128),
        tx_position_m=np.array([[-half_m, 0.0, 0.0]]),
        rx_position_m=np.array([[half_m, 0.0, 0.0]]),
        channel=np.zeros(len(data), np.intp),
        frequency_hz=None if impulse else axis,
        sample_time_s=axis if impulse else None,
        system_delay_s=delay_s,
        reference=reference,
    )
    text = f"{notes} The clock is nominal."
    header = ScanHeader(single_line(path.stem) or "sweeps", "", "network analyser", source="recorded", notes=text)
    return Scan(header, Pose(time_s, place_m), gpr, faults=faults, sha256=digest)
