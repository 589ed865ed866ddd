"""A GeoPackage of layers: a database that every GIS opens (OGC 12-128r17), without a time of writing."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense.runtime.texts import in_utf8

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

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

System = tuple[str, int, str, int, str, str]
"""A row of the reference systems: name, id, organization, its id there, definition, description."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A table of a GeoPackage.

    Attributes
    ----------
    name, description
        What a GIS shows.
    shape
        "POINT", "MULTIPOLYGON", or None for a table without places.
    columns
        Names; numbers and texts are told apart by them.
    rows
        With a shape its geometry comes first: (2,) for a point, or polygons as lists of closed rings (n, 2); None
        for what has no place.
    """

    name: str
    description: str
    shape: str | None
    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


def layers_geopackage(
    layers: Sequence[Layer], *, srs_id: int, changed: str, systems: Sequence[System] = ()
) -> bytes:
    """Bytes of a GeoPackage.

    Parameters
    ----------
    layers
        In this order.
    srs_id
        Of all places.
    changed
        Time of the last change, as the standard writes it.
    systems
        Reference systems beside the three that every file has.

    Returns
    -------
    bytes
    """
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as base:
        base.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        base.execute("PRAGMA encoding = 'UTF-8'")
        base.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        base.execute(f"PRAGMA user_version = {USER_VERSION}")
        base.execute("BEGIN")
        for statement in TABLES.split(";\n"):
            if statement.strip():
                base.execute(statement)
        base.executemany("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", (*SYSTEMS, *systems))
        bounds = _bounds(layers)
        for layer in layers:
            _fill(base, layer, srs_id, (layer.description, changed), bounds)
        base.execute("COMMIT")
        return base.serialize()


def _fill(
    base: sqlite3.Connection,
    layer: Layer,
    srs_id: int,
    told: tuple[str, str],
    bounds: tuple[float | None, ...],
) -> None:
    """Make the table of a layer and name it in the contents."""
    shaped = layer.shape is not None
    where = (*bounds, srs_id) if shaped else (None,) * 5
    base.execute(
        "INSERT INTO gpkg_contents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (layer.name, "features" if shaped else "attributes", layer.name, *told, *where),
    )
    if shaped:
        named = (layer.name, layer.shape, srs_id)
        base.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)", named)
    kinds = [f'"{column}" {"DOUBLE" if _is_number(column) else "TEXT"}' for column in layer.columns]
    head = ["fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL", *([f"geom {layer.shape}"] if shaped else []), *kinds]
    base.execute(f'CREATE TABLE "{layer.name}" ({", ".join(head)})')
    marks = ", ".join("?" * (len(head) - 1))
    packs: dict[str | None, Callable[[Any, int], bytes]] = {"POINT": _point, "MULTIPOLYGON": _multipolygon}
    pack = packs.get(layer.shape)
    stored = [
        tuple(in_utf8(one) if isinstance(one, str) else one for one in row)
        for row in (
            (None if row[0] is None else pack(row[0], srs_id), *row[1:]) if pack else row for row in layer.rows
        )
    ]
    base.executemany(f'INSERT INTO "{layer.name}" VALUES (NULL, {marks})', stored)  # noqa: S608 - names of our own


def _is_number(column: str) -> bool:
    return column.endswith(("_m", "_m2", "_deg", "_score", "_ratio", "_count")) or column in {
        "confidence",
        "existence",
    }


def _bounds(layers: Sequence[Layer]) -> tuple[float | None, ...]:
    points = []
    for layer in layers:
        for row in layer.rows if layer.shape else ():
            if row[0] is not None:
                points += (
                    [row[0][None]] if layer.shape == "POINT" else [ring for rings in row[0] for ring in rings]
                )
    if not points:
        return (None,) * 4
    every = np.concatenate(points)
    return (*every.min(axis=0).tolist(), *every.max(axis=0).tolist())


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
