"""GeoJSON of one scan or many: targets, and the ground by who covered it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dualsense.render._export.about import about, is_placed
from dualsense.render._export.ground import ground_parts
from dualsense.render._export.table import OF_A_TARGET, rows
from dualsense.render._files.export import targets_geojson
from dualsense.render._words import ADVICE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualsense.result import Result

OF_EACH = ("scan_id", "source", "created", "site", "operator", "coordinate_reference")
"""What a feature says of its scan, as a map may be asked for one feature alone."""


def features_geojson(results: Sequence[Result]) -> str:
    """Text of a GeoJSON FeatureCollection (RFC 7946) of all scans.

    A scan that does not know its place has features without geometry, as a map would take its metres for degrees;
    what is known in metres are properties.

    Parameters
    ----------
    results
        One or more.

    Returns
    -------
    str
    """
    document = {
        "type": "FeatureCollection",
        "advice": ADVICE,
        "scans": [
            about(result) | {"coordinate_system": targets_geojson(result)["coordinate_system"]}
            for result in results
        ],
        "features": [feature for result in results for feature in _features(result)],
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def _features(result: Result) -> list[dict[str, Any]]:
    placed = is_placed(result)
    facts = about(result)
    scan = {name: facts[name] for name in OF_EACH}
    found = []
    for row in rows(result)[1:]:
        point = {"type": "Point", "coordinates": [row["longitude_wgs84_deg"], row["latitude_wgs84_deg"]]}
        properties = {"record": "target", **scan, **{name: row[name] for name in OF_A_TARGET}}
        found.append({"type": "Feature", "geometry": point if placed else None, "properties": properties})
    for part in ground_parts(result):
        shape = {
            "type": "MultiPolygon",
            "coordinates": [[ring.tolist() for ring in rings] for rings in part.polygons],
        }
        properties = {"record": "ground", **scan, "covered_by": part.covered_by, "area_m2": part.area_m2}
        properties["meaning"] = part.words
        found.append({"type": "Feature", "geometry": shape if placed else None, "properties": properties})
    return found
