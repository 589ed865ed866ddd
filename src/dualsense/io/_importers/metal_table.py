"""Tables of a metal detector: CSV, and a TOML file that says which column is what."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import ScanError
from dualsense.io import _schema as schema
from dualsense.io._importers.options import MAX_HEIGHT_M, is_number
from dualsense.io._importers.traces import read_content
from dualsense.io._samples import Stream, examine_samples
from dualsense.io._text import one_line, single_line
from dualsense.runtime.toml import TomlError, parse_toml
from dualsense.scan import EmiData, Pose, Scan, ScanHeader

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    Real = NDArray[np.float64]

EXAMPLE = "[columns] time_s, x_m, y_m; [units]; [emi] modality, tx_radius_m, rx_radius_m, real and imag, or data"
PLACES = ("time_s", "x_m", "y_m", "z_m")
INSTRUMENT = {
    "modality", "frequency_hz", "gate_time_s", "tx_radius_m", "rx_radius_m", "tx_position_m", "rx_position_m",
    "tx_turns", "rx_turns",
}  # fmt: skip
KEYS = {
    "columns": {*PLACES},
    "units": {*PLACES, "data"},
    "emi": INSTRUMENT | {"real", "imag", "data", "height_m"},
}
MAX_ROWS = 1 << 22


def is_table(head: bytes) -> bool:
    """Whether a file begins like a table: a line of several words between commas, and then one of as many."""
    try:
        lines = head.decode("utf-8-sig").splitlines()[:2]
    except UnicodeDecodeError:
        return False
    return len(lines) == 2 and lines[0].count(",") >= 2 and lines[0].count(",") == lines[1].count(",")


def import_metal_table(path: str | os.PathLike[str], *, map: str | None = None) -> Scan:  # noqa: A002
    """Read a table of a metal detector's samples, each with its time and place.

    Parameters
    ----------
    path
        CSV with a line of names.
    map
        TOML file: ``[columns]`` says which columns ``time_s``, ``x_m``, ``y_m`` and ``z_m`` are (by default those
        of these names), ``[units]`` by what to multiply each of them, and ``data``, for SI units, ``[emi]`` the
        instrument: ``modality`` "frequency" with ``frequency_hz``, ``real`` and ``imag`` (lists of columns; where
        responses lag, ``imag`` of metal is negative), or "pulse" with ``gate_time_s`` (pairs) and ``data``;
        ``tx_radius_m``, ``rx_radius_m``, and where needed ``tx_position_m``, ``rx_position_m``, ``tx_turns``,
        ``rx_turns``, ``height_m``.

    Returns
    -------
    Scan
        The metal detector alone.

    Raises
    ------
    ScanError
        The table or its map cannot be read, no map is given, or a column is missing or holds no number.
    """
    path = Path(path)
    name, content = read_content(path)
    if not isinstance(map, (str, Path)):
        msg = f"{name}: a table needs --option map=FILE.toml: {EXAMPLE}"
        raise ScanError(msg)
    map_name, map_content = read_content(Path(map))
    tables = _map(map_content, map_name)
    columns = _columns(content, name)
    units, wanted = tables["units"], tables["emi"]

    def column(key: Any) -> Real:
        if not isinstance(key, str) or key not in columns:
            msg = f"{name}: found the columns {', '.join(columns)}, expected {key!r:.80} among them"
            raise ScanError(one_line(msg))
        return columns[key]

    names = {key: tables["columns"].get(key, key) for key in PLACES}
    time_s, x_m, y_m = (_unit(units, key, map_name) * column(names[key]) for key in PLACES[:3])
    z_m = np.full(time_s.size, _height(wanted, map_name))
    if isinstance(names["z_m"], str) and names["z_m"] in columns:
        z_m = _unit(units, "z_m", map_name) * column(names["z_m"])
    if time_s.size < 2 or not (np.diff(time_s) > 0.0).all():
        msg = f"{name}: {names['time_s']}: found times that do not increase, expected at least 2 that do"
        raise ScanError(msg)
    place_m = np.column_stack([x_m, y_m, z_m])
    if not np.isfinite(place_m).all():
        msg = f"{name}: found places that are no numbers, expected x, y and z in each row"
        raise ScanError(msg)
    emi = metal_data(wanted, column, _unit(units, "data", map_name), time_s, map_name)
    labels = [f"column {k + 1}" for k in range(emi.data.shape[1])]
    examined, faults = examine_samples(emi.data, emi.channel, Stream("emi", path.name, labels))
    if examined is None:
        msg = f"{name}: no sensor works: {faults[0].message}"
        raise ScanError(one_line(msg))
    header = ScanHeader(
        single_line(path.stem) or "table",
        "",
        "metal detector",
        source="recorded",
        notes=f"Imported from {name} by the columns of {map_name}.",
    )
    start_s = float(time_s[0])
    digest = hashlib.sha256(content + map_content).hexdigest()
    emi = EmiData(
        **{key: getattr(emi, key) for key in EmiData.__slots__} | {"data": examined, "time_s": time_s - start_s}
    )
    return Scan(header, Pose(time_s - start_s, place_m), None, emi, faults=tuple(faults), sha256=digest)


def _map(content: bytes, name: str) -> dict[str, dict[str, Any]]:
    try:
        found = parse_toml(content.decode("utf-8"))
    except (UnicodeDecodeError, TomlError) as error:
        msg = f"{name}: not TOML ({error})"
        raise ScanError(one_line(msg)) from None
    tables: dict[str, dict[str, Any]] = {}
    for key, known in KEYS.items():
        own = found.pop(key, {})
        odd = sorted(set(own) - known) if isinstance(own, dict) else [key]
        if odd:
            msg = f"{name}: [{key}]: found {', '.join(odd)}, expected {', '.join(sorted(known))}"
            raise ScanError(one_line(msg))
        tables[key] = own
    if found:
        msg = f"{name}: found {', '.join(sorted(found))}, expected {EXAMPLE}"
        raise ScanError(one_line(msg))
    return tables


def _columns(content: bytes, name: str) -> dict[str, Real]:
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        msg = f"{name}: not a table of comma-separated values ({error})"
        raise ScanError(one_line(msg)) from None
    head, body = [one.strip() for one in rows[0]], [row for row in rows[1:] if any(map(str.strip, row))]
    odd = next((n for n, row in enumerate(body, start=2) if len(row) != len(head)), None)
    if odd is not None or not 2 <= len(body) <= MAX_ROWS:
        found = f"row {odd} of another length" if odd is not None else f"{len(body)} rows"
        msg = f"{name}: found {found}, expected at least 2 of {len(head)} numbers"
        raise ScanError(msg)

    def number(text: str) -> float:
        try:
            return float(text)
        except ValueError:
            return math.nan

    return {key: np.array([number(row[k]) for row in body]) for k, key in enumerate(head) if key}


def _height(wanted: dict[str, Any], name: str) -> float:
    value = wanted.get("height_m", 0.0)
    if not is_number(value) or not abs(value) <= MAX_HEIGHT_M:
        msg = f"{name}: [emi] height_m: found {value!r:.40}, expected a number of metres"
        raise ScanError(one_line(msg))
    return float(value)


def _unit(units: dict[str, Any], key: str, name: str) -> float:
    value = units.get(key, 1.0)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value == 0.0:
        msg = f"{name}: [units] {key}: found {value!r:.40}, expected a number to multiply with"
        raise ScanError(one_line(msg))
    return float(value)


def metal_data(wanted: dict[str, Any], column: Any, scale: float, time_s: Real, name: str) -> EmiData:
    """Make the metal detector's data of columns and of what a map says of the instrument.

    Parameters
    ----------
    wanted
        Table ``[emi]`` of the map; ``real`` and ``imag``, or ``data``, are lists of columns.
    column
        Gives the numbers (m,) of one of them.
    scale
        To V/A.
    time_s : (m,)
    name
        What messages call the map.

    Raises
    ------
    ScanError
        Something of the instrument is missing or makes no sense.
    """
    modality = wanted.get("modality")
    axis_key, parts = ("frequency_hz", ("real", "imag")) if modality == "frequency" else ("gate_time_s", ("data",))
    if modality not in schema.EMI_MODALITIES:
        msg = f"{name}: [emi] modality: found {modality!r:.40}, expected {' or '.join(schema.EMI_MODALITIES)}"
        raise ScanError(one_line(msg))
    lists = [wanted.get(key) for key in parts]
    axis = _numbers(wanted, axis_key, name)
    if not all(isinstance(one, list) and len(one) == len(axis) for one in lists):
        msg = f"{name}: [emi] {' and '.join(parts)}: expected a list of {len(axis)} columns, as many as {axis_key}"
        raise ScanError(msg)
    tables = [np.column_stack([column(key) for key in one or []]) for one in lists]
    data = scale * (tables[0] + 1j * tables[1] if modality == "frequency" else tables[0])
    one_of = {key: np.atleast_1d(_numbers(wanted, key, name, default)) for key, default in _GEOMETRY.items()}
    return EmiData(
        modality=modality,
        time_s=time_s,
        data=data,
        tx_radius_m=one_of["tx_radius_m"],
        rx_radius_m=one_of["rx_radius_m"],
        tx_position_m=one_of["tx_position_m"].reshape(1, 3),
        rx_position_m=one_of["rx_position_m"].reshape(1, 3),
        tx_turns=one_of["tx_turns"],
        rx_turns=one_of["rx_turns"],
        channel=np.zeros(time_s.size, np.intp),
        frequency_hz=axis if modality == "frequency" else None,
        gate_time_s=axis.reshape(-1, 2) if modality == "pulse" else None,
    )


_GEOMETRY: dict[str, Any] = {
    "tx_radius_m": None,
    "rx_radius_m": None,
    "tx_position_m": [0.0, 0.0, 0.0],
    "rx_position_m": [0.0, 0.0, 0.0],
    "tx_turns": 1.0,
    "rx_turns": 1.0,
}


def _numbers(wanted: dict[str, Any], key: str, name: str, default: Any = None) -> Real:
    try:
        found = np.array(wanted.get(key, default), dtype=np.float64)
    except (TypeError, ValueError):
        found = np.array(np.nan)
    whole = found.size > 0 and bool(np.isfinite(found).all())
    if key == "gate_time_s":
        expected = "pairs of a start and a later end"
        whole = whole and found.ndim == 2 and found.shape[1] == 2 and bool((found[:, 1] > found[:, 0]).all())
    elif key == "frequency_hz":
        expected = "frequencies > 0 that increase"
        found = np.atleast_1d(found)
        whole = whole and found.ndim == 1 and found[0] > 0.0 and bool((np.diff(found) > 0.0).all())
    elif key.endswith("position_m"):
        expected, whole = "3 finite numbers", whole and found.size == 3
    else:
        expected, whole = "one number > 0, of one coil", whole and found.size == 1 and found.min() > 0.0
    if not whole:
        msg = f"{name}: [emi] {key}: found {wanted.get(key)!r:.40}, expected {expected}"
        raise ScanError(one_line(msg))
    return found
