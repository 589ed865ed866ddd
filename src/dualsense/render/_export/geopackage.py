"""GeoPackage of one scan or many: a database that every GIS opens (OGC 12-128r17), without a time of writing.

Layers `targets` (points) and `ground` (polygons by who covered it), and the table `scans`. Scans that know their
place are in WGS 84; one that does not is in the undefined Cartesian system that the standard has for such metres.
"""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.errors import UsageError
from dualsense.render._export.about import about, is_placed
from dualsense.render._export.ground import ground_parts, places
from dualsense.render._export.table import OF_A_TARGET, OF_THE_SCAN, rows
from dualsense.render._targets import ordered_targets
from dualsense.runtime.texts import in_utf8

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from dualsense.result import Result

APPLICATION_ID = 0x47504B47
"""GPKG in ASCII."""
USER_VERSION = 10300
"""GeoPackage 1.3."""
PAGE_BYTES = 4096
WGS84_ID, CARTESIAN_ID = 4326, -1
UNKNOWN_TIME = "1970-01-01T00:00:00.000Z"
WGS84_WKT = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],'
    'AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],'
    'UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]]'
)
SYSTEMS = (
    ("Undefined Cartesian SRS", CARTESIAN_ID, "NONE", -1, "undefined", "metres of a frame of no known place"),
    ("Undefined geographic SRS", 0, "NONE", 0, "undefined", "undefined geographic coordinate reference system"),
    ("WGS 84", WGS84_ID, "EPSG", 4326, WGS84_WKT, "longitude and latitude in degrees"),
)
TABLES = """
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
  z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
"""
OF_A_FEATURE = ("scan_id", "source", "created", "site", "operator", "coordinate_reference", "coordinate_accuracy")


def scans_geopackage(results: Sequence[Result]) -> bytes:
    """Bytes of a GeoPackage.

    Parameters
    ----------
    results
        One or more: either all know where on Earth they are, or there is one that does not.

    Returns
    -------
    bytes

    Raises
    ------
    UsageError
        Scans whose places beside each other are not known.
    """
    placed = [is_placed(result) for result in results]
    if len(results) > 1 and not all(placed):
        name = results[placed.index(False)].header.scan_id or "a scan"
        msg = f"{name}: has no origin on Earth (origin_wgs84), so its place beside other scans is not known"
        raise UsageError(msg)
    srs_id = WGS84_ID if all(placed) else CARTESIAN_ID
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as base:
        base.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        base.execute("PRAGMA encoding = 'UTF-8'")
        base.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        base.execute(f"PRAGMA user_version = {USER_VERSION}")
        base.execute("BEGIN")
        for statement in TABLES.split(";\n"):
            if statement.strip():
                base.execute(statement)
        base.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", SYSTEMS)
        _fill(base, results, srs_id)
        base.execute("COMMIT")
        return base.serialize()


def _fill(base: sqlite3.Connection, results: Sequence[Result], srs_id: int) -> None:
    changed = max(_time(result.header.created) for result in results)
    facts = [about(result) for result in results]
    told = f"{facts[0]['source']}; {facts[0]['advice']}" if len(facts) == 1 else str(facts[0]["advice"])
    every = [(result, part, part.polygons) for result in results for part in ground_parts(result)]
    spots = [place for result in results for place in _spots(result)]
    corners = [ring for _, _, polygons in every for rings in polygons for ring in rings]
    bounds = _bounds([*corners, *(place[None] for place in spots)])
    for name, kind, about_it in (
        ("targets", "features", "objects found, each with its call"),
        ("ground", "features", "the patch by which sensors covered it; what both did not cover is not assessable"),
        ("scans", "attributes", "what each scan says of itself, and what limits it"),
    ):
        where = (*bounds, srs_id) if kind == "features" else (None,) * 5
        base.execute(
            "INSERT INTO gpkg_contents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (name, kind, name, f"{about_it}. {told}", changed, *where),
        )
    for name, shape in (("targets", "POINT"), ("ground", "MULTIPOLYGON")):
        base.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)", (name, shape, srs_id))
    values = [
        (_point(place, srs_id), *(row[name] for name in (*OF_A_FEATURE, *OF_A_TARGET)))
        for row, place in zip((row for result in results for row in rows(result)[1:]), spots, strict=True)
    ]
    _table(base, "targets", "POINT", (*OF_A_FEATURE, *OF_A_TARGET), values)
    by_scan = {id(result): fact for result, fact in zip(results, facts, strict=True)}
    shapes = [
        (
            _multipolygon(polygons, srs_id),
            *(by_scan[id(result)][name] for name in OF_A_FEATURE),
            part.covered_by,
            part.words,
            part.area_m2,
        )
        for result, part, polygons in every
    ]
    _table(base, "ground", "MULTIPOLYGON", (*OF_A_FEATURE, "covered_by", "meaning", "area_m2"), shapes)
    _table(base, "scans", None, OF_THE_SCAN, [tuple(fact[name] for name in OF_THE_SCAN) for fact in facts])


def _table(
    base: sqlite3.Connection,
    name: str,
    shape: str | None,
    columns: Iterable[str],
    values: Sequence[tuple[Any, ...]],
) -> None:
    """Make a table of numbers and texts, by what their names say, and fill it."""
    kinds = [f'"{column}" {"DOUBLE" if _is_number(column) else "TEXT"}' for column in columns]
    head = ["fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL", *([f"geom {shape}"] if shape else []), *kinds]
    base.execute(f'CREATE TABLE "{name}" ({", ".join(head)})')
    marks = ", ".join("?" * (len(head) - 1))
    stored = [tuple(in_utf8(one) if isinstance(one, str) else one for one in row) for row in values]
    base.executemany(f'INSERT INTO "{name}" VALUES (NULL, {marks})', stored)  # noqa: S608 - names of our own


def _is_number(column: str) -> bool:
    return column.endswith(("_m", "_m2", "_deg", "_score", "_ratio")) or column in {"confidence", "existence"}


def _spots(result: Result) -> NDArray[np.float64]:
    """Places of the targets, as they matter: (n, 2)."""
    targets = ordered_targets(result)
    return places(result, np.array([t.x_m for t in targets]), np.array([t.y_m for t in targets]))


def _bounds(points: Sequence[NDArray[np.float64]]) -> tuple[float | None, ...]:
    if not points:
        return (None,) * 4
    every = np.concatenate(points)
    return (*every.min(axis=0).tolist(), *every.max(axis=0).tolist())


def _time(created: str) -> str:
    """Write the time of a scan as the standard wants it; the beginning of time where it is none."""
    try:
        when = datetime.fromisoformat(created)
        when = (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return UNKNOWN_TIME
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"


def _header(srs_id: int, envelope: NDArray[np.float64] | None = None) -> bytes:
    """Begin a geometry: magic, version, flags (little-endian, which envelope), system, envelope."""
    flags = 0x01 if envelope is None else 0x03
    box = b"" if envelope is None else envelope.astype("<f8").tobytes()
    return struct.pack("<2sBBi", b"GP", 0, flags, srs_id) + box


def _point(place: NDArray[np.float64], srs_id: int) -> bytes:
    return _header(srs_id) + struct.pack("<BIdd", 1, 1, *place)


def _multipolygon(polygons: Sequence[Sequence[NDArray[np.float64]]], srs_id: int) -> bytes:
    every = np.concatenate([ring for rings in polygons for ring in rings])
    low, high = every.min(axis=0), every.max(axis=0)
    parts = [
        _header(srs_id, np.array([low[0], high[0], low[1], high[1]])),
        struct.pack("<BII", 1, 6, len(polygons)),
    ]
    for rings in polygons:
        parts.append(struct.pack("<BII", 1, 3, len(rings)))
        parts += [struct.pack("<I", len(ring)) + ring.astype("<f8").tobytes() for ring in rings]
    return b"".join(parts)
