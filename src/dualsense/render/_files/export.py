"""Target lists for machines: JSON, CSV and GeoJSON, the same bytes for the same result."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dualsense.render._files.geodesy import local_to_wgs84, usable_origin
from dualsense.render._files.plain import fault_document
from dualsense.render._files.sight import sight_document
from dualsense.render._targets import distance_m, join_reasons, lane_bearing_deg, ordered_targets
from dualsense.runtime.texts import cell

if TYPE_CHECKING:
    from os import PathLike

    from dualsense.result import Doubt, Evidence, Result, Target

SCHEMA = "dualsense-targets"
SCHEMA_VERSION = "1.1"
CSV_COLUMNS = (
    "scan_id",
    "source",
    "created",
    "site",
    "operator",
    "covered_area_m2",
    "coordinate_reference",
    "id",
    "call",
    "confidence",
    "model",
    "x_m",
    "y_m",
    "depth_m",
    "x_std_m",
    "y_std_m",
    "depth_std_m",
    "distance_from_start_m",
    "bearing_from_lane_deg",
    "latitude_wgs84_deg",
    "longitude_wgs84_deg",
    "emi_score",
    "emi_log_likelihood_ratio",
    "gpr_score",
    "gpr_log_likelihood_ratio",
    "reasons",
)
WGS84 = "WGS 84"
LOCAL_FRAME = "local frame"


def metres(value: float) -> float | None:
    """Length or time rounded to 0.1 mm or ms; None for NaN and infinities, which JSON does not know."""
    return _rounded(value, 4)


def significant(value: float, digits: int = 6) -> float | None:
    """Round to significant digits; None for NaN and infinities."""
    return float(f"{value:.{digits}g}") + 0.0 if math.isfinite(value) else None


def _rounded(value: float, decimals: int) -> float | None:
    # Adding zero turns -0.0, which would differ from 0.0 in the text, into 0.0.
    return round(float(value), decimals) + 0.0 if math.isfinite(value) else None


def _evidence(evidence: Evidence | None) -> dict[str, Any] | None:
    if evidence is None:
        return None
    return {
        "score": significant(evidence.score),
        "features": {name: significant(evidence.features[name]) for name in sorted(evidence.features)},
        "log_likelihood_ratio": significant(evidence.log_likelihood_ratio),
    }


def _target(target: Target) -> dict[str, Any]:
    return {
        "id": target.id,
        "x_m": metres(target.x_m),
        "y_m": metres(target.y_m),
        "depth_m": metres(target.depth_m),
        "position_std_m": [metres(value) for value in target.position_std_m],
        "confidence": _rounded(target.confidence, 4),
        "existence": None if target.existence is None else _rounded(target.existence, 4),
        "call": target.call,
        "emi": _evidence(target.emi),
        "gpr": _evidence(target.gpr),
        "reasons": list(target.reasons),
    }


def _doubt(one: Doubt) -> dict[str, Any]:
    return {
        "code": one.code,
        "sensor": one.sensor,
        "start_s": metres(one.start_s),
        "stop_s": metres(one.stop_s),
        "takes_away": one.takes_away,
    } | ({} if one.channel is None else {"channel": one.channel})


def targets_document(result: Result) -> dict[str, Any]:
    """Content of ``targets.json``: the keys of the contract in its order, NaN as None, targets as they matter.

    Parameters
    ----------
    result
        What processing found.

    Returns
    -------
    dict
        Ready for JSON.
    """
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        **_scan_words(result),
        "crs": None if usable_origin(result.header) is None else WGS84,
        "scan_sha256": result.scan_sha256,
        "recipe_sha256": result.recipe_sha256,
        "model": result.model,
        "area_m2": _rounded(result.area_m2, 6),
        "coverage_fraction": _rounded(result.coverage_fraction, 6),
        "covered_area_m2": _covered_area_m2(result),
        "smallest_mine": sight_document(result.smallest_mine, result.coverage),
        "faults": [fault_document(fault) for fault in result.faults],
        "fault_codes": sorted({fault.code for fault in result.faults if fault.code}),
        "integrity": [_doubt(one) for one in result.doubts],
        "targets": [_target(target) for target in ordered_targets(result)],
    }


def _positions_wgs84(result: Result) -> list[tuple[float, float]] | None:
    """Latitude and longitude of each ordered target; None without a usable origin."""
    origin = usable_origin(result.header)
    if origin is None:
        return None
    targets = ordered_targets(result)
    latitude, longitude = local_to_wgs84([t.x_m for t in targets], [t.y_m for t in targets], origin)
    # Nine decimals of a degree are 0.1 mm.
    return [
        (round(float(lat), 9) + 0.0, round(float(lon), 9) + 0.0)
        for lat, lon in zip(latitude, longitude, strict=True)
    ]


def targets_csv(result: Result) -> str:
    """Text of ``targets.csv``: one line per target, units in the column names, an empty cell for what is unknown.

    ``bearing_from_lane_deg`` is clockwise from +x; ``distance_from_start_m`` is from the origin of the frame.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for row in target_rows(result):
        writer.writerow([cell(row[name]) for name in CSV_COLUMNS])
    return text.getvalue()


def target_rows(result: Result) -> list[dict[str, str | float | None]]:
    """Values of `CSV_COLUMNS` and existence by name for each target, as they matter: of every table alike."""
    places = _positions_wgs84(result)
    about = _about(result)
    rows = []
    for index, target in enumerate(ordered_targets(result)):
        latitude, longitude = places[index] if places else (None, None)
        values = (
            *about.values(),
            target.id,
            target.call,
            _rounded(target.confidence, 4),
            result.model,
            metres(target.x_m),
            metres(target.y_m),
            metres(target.depth_m),
            *(metres(value) for value in target.position_std_m),
            metres(distance_m(target)),
            _rounded(lane_bearing_deg(target), 2),
            latitude,
            longitude,
            significant(target.emi.score) if target.emi else None,
            significant(target.emi.log_likelihood_ratio) if target.emi else None,
            significant(target.gpr.score) if target.gpr else None,
            significant(target.gpr.log_likelihood_ratio) if target.gpr else None,
            join_reasons(target.reasons),
        )
        existence = None if target.existence is None else _rounded(target.existence, 4)
        rows.append(dict(zip(CSV_COLUMNS, values, strict=True)) | {"existence": existence})
    return rows


def _about(result: Result) -> dict[str, str | float | None]:
    """Tell of which scan a list is, so that no row is read without it."""
    return {
        **_scan_words(result),
        "covered_area_m2": _covered_area_m2(result),
        "coordinate_reference": LOCAL_FRAME if usable_origin(result.header) is None else WGS84,
    }


def _scan_words(result: Result) -> dict[str, str | None]:
    header = result.header
    return {name: getattr(header, name) for name in ("scan_id", "source", "created", "site", "operator")}


def _covered_area_m2(result: Result) -> float | None:
    return _rounded(result.area_m2 * result.coverage_fraction, 6)


def targets_geojson(result: Result) -> dict[str, Any]:
    """Content of ``targets.geojson``: a FeatureCollection of points (RFC 7946).

    Coordinates are longitude and latitude in WGS 84 when the scan knows its origin. Without it the geometry is
    null: a map would take metres for degrees and put the targets into the sea at 0° N 0° E. Places in the local
    frame are properties in any case; the foreign member ``coordinate_system`` says what there is.
    """
    places = _positions_wgs84(result)
    features = []
    for index, target in enumerate(ordered_targets(result)):
        geometry = None
        if places:
            latitude, longitude = places[index]
            geometry = {"type": "Point", "coordinates": [longitude, latitude]}
        properties = {
            key: value
            for key, value in _target(target).items()
            if key not in {"id", "emi", "gpr", "position_std_m"}
        }
        x_std_m, y_std_m, depth_std_m = (metres(value) for value in target.position_std_m)
        properties |= {"x_std_m": x_std_m, "y_std_m": y_std_m, "depth_std_m": depth_std_m}
        for name, evidence in (("emi", target.emi), ("gpr", target.gpr)):
            properties[f"{name}_score"] = significant(evidence.score) if evidence else None
            ratio = significant(evidence.log_likelihood_ratio) if evidence else None
            properties[f"{name}_log_likelihood_ratio"] = ratio
        features.append({"type": "Feature", "id": target.id, "geometry": geometry, "properties": properties})
    return {
        "type": "FeatureCollection",
        "coordinate_system": _coordinate_system(result),
        **_about(result),
        "scan_sha256": result.scan_sha256,
        "model": result.model,
        "features": features,
    }


def _coordinate_system(result: Result) -> dict[str, Any]:
    origin = usable_origin(result.header)
    local = "x along the lane, y to its left, from the start point of the lane"
    if origin is None:
        return {
            "name": LOCAL_FRAME,
            "is_geographic": False,
            "axes": ["x", "y"],
            "units": "m",
            "description": f"No geometry, as the scan has no origin on Earth; x_m and y_m in metres: {local}.",
        }
    latitude, longitude, height_m, azimuth = origin
    return {
        "name": WGS84,
        "is_geographic": True,
        "axes": ["longitude", "latitude"],
        "units": "degree",
        "description": f"Placed from the origin of the scan, whose own accuracy was not recorded; {local}.",
        "origin": {
            "latitude_deg": latitude,
            "longitude_deg": longitude,
            "ellipsoidal_height_m": height_m,
            "x_axis_azimuth_deg": azimuth,
        },
    }


def _json_bytes(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, allow_nan=False) + "\n").encode("ascii")


def write_targets(result: Result, folder: str | PathLike[str]) -> tuple[Path, ...]:
    """Write ``targets.json``, ``targets.csv`` and ``targets.geojson`` into a folder that exists.

    Parameters
    ----------
    result
        What processing found.
    folder
        Where to write; files of the same names are replaced.

    Returns
    -------
    tuple of Path
        The files, in that order.
    """
    contents = {
        "targets.json": _json_bytes(targets_document(result)),
        "targets.csv": targets_csv(result).encode("utf-8", "replace"),
        "targets.geojson": _json_bytes(targets_geojson(result)),
    }
    paths = []
    for name, content in contents.items():
        path = Path(folder) / name
        path.write_bytes(content)
        paths.append(path)
    return tuple(paths)
