"""A site as rows and as JSON: what every file for other programs says, in the same words."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dualsense import render
from dualsense._version import __version__
from dualsense.language import ENGLISH, say, speaking
from dualsense.result import CALLS
from dualsense.runtime.texts import cell, in_utf8
from dualsense.scan import plain
from dualsense.site._decided import is_open
from dualsense.site._frame import from_frame
from dualsense.site._words import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualsense.site._records import Listed, Site, SiteObject, SiteScan

SCHEMA, SCHEMA_VERSION = "dualsense-site", "1.0"
Row = dict[str, Any]
OF_AN_OBJECT = (
    "id", "call", "to_dig", "confidence", "latitude_wgs84_deg", "longitude_wgs84_deg", "easting_m", "northing_m",
    "easting_std_m", "northing_std_m", "depth_m", "depth_std_m", "listed", "listed_by_count", "covered_by_count",
    "scans_agree", "decision", "found", "dug_and_listed_again", "decided_time", "decided_by", "note",
    "not_on_map", "local_x_m", "local_y_m", "source",
)  # fmt: skip
OF_A_SCAN = (
    "name", "scan_id", "source", "created", "site", "operator", "on_map", "not_on_map", "area_m2",
    "coverage_fraction", "to_dig_count", "latitude_wgs84_deg", "longitude_wgs84_deg", "easting_m", "northing_m",
    "model", "scan_sha256",
)  # fmt: skip


def problem_text(scan: SiteScan) -> str:
    """Say in English why a scan is not on the map; empty where it is."""
    with speaking(ENGLISH):
        return say(PROBLEMS[scan.problem], detail=scan.detail) if scan.problem else ""


def object_row(site: Site, one: SiteObject) -> Row:
    """Row of an object: `OF_AN_OBJECT`, None for what is not known."""
    row: Row = dict.fromkeys(OF_AN_OBJECT)
    row |= {"id": one.id, "call": one.call, "to_dig": is_open(one), "confidence": _rounded(one.confidence, 4)}
    if site.frame is not None and one.map_m is not None:
        latitude, longitude = from_frame(site.frame, one.map_m)[0]
        row |= {"latitude_wgs84_deg": round(float(latitude), 9), "longitude_wgs84_deg": round(float(longitude), 9)}
        row |= {"easting_m": round(float(one.map_m[0]), 4), "northing_m": round(float(one.map_m[1]), 4)}
        if one.covariance_m2 is not None:
            east_m, north_m = np.sqrt(np.diag(one.covariance_m2)).tolist()
            row |= {"easting_std_m": _rounded(east_m, 4), "northing_std_m": _rounded(north_m, 4)}
    else:
        row["not_on_map"] = problem_text(site.scans[one.scan])
    if one.local_m is not None:
        row |= {"local_x_m": round(one.local_m[0], 4), "local_y_m": round(one.local_m[1], 4)}
    row |= {"depth_m": _rounded(one.depth_m, 4), "depth_std_m": _rounded(one.depth_std_m, 4)}
    row["listed"] = "; ".join(listed_text(site, own) for own in one.listed)
    row |= {"listed_by_count": len({own.scan for own in one.listed}), "covered_by_count": one.covering}
    row["scans_agree"] = one.agree if len(one.listed) > 1 else None
    told = one.decided
    row |= {"decision": told.state if told.state != "open" else None, "found": told.found}
    row |= {"dug_and_listed_again": told.again, "decided_time": told.time or None}
    row |= {"decided_by": told.operator or None, "note": told.note or None}
    numbers = {own.scan for own in one.listed} or {one.scan}
    row["source"] = ", ".join(sorted({_source(site.scans[n]) for n in numbers}))
    return row


def listed_text(site: Site, own: Listed) -> str:
    """Say which scan lists an object under which name, and as what."""
    return f"{plain(site.scans[own.scan].name)} {own.id}: {own.call}"


def scan_row(site: Site, number: int) -> Row:
    """Row of a scan: `OF_A_SCAN`, None for what is not known."""
    scan = site.scans[number]
    row: Row = dict.fromkeys(OF_A_SCAN)
    row |= {"name": plain(scan.name), "on_map": scan.placed, "not_on_map": problem_text(scan) or None}
    if scan.result is None:
        return row
    header, result = scan.result.header, scan.result
    row |= {name: getattr(header, name) for name in ("scan_id", "source", "created", "site", "operator")}
    row |= {"area_m2": _rounded(result.area_m2, 4), "coverage_fraction": _rounded(result.coverage_fraction, 4)}
    row["to_dig_count"] = sum(
        is_open(one) for one in site.objects if number in {own.scan for own in one.listed} or one.scan == number
    )
    row |= {"model": result.model, "scan_sha256": result.scan_sha256}
    if scan.to_map is not None and header.origin_wgs84 is not None:
        latitude, longitude = header.origin_wgs84[:2]
        row |= {"latitude_wgs84_deg": latitude, "longitude_wgs84_deg": longitude}
        row |= {"easting_m": round(float(scan.to_map[0, 2]), 4), "northing_m": round(float(scan.to_map[1, 2]), 4)}
    return row


def site_row(site: Site) -> Row:
    """Sum up the whole, so that a list without an object still tells what was not covered."""
    return {
        "verdict": verdict(site),
        "advice": render.ADVICE,
        "scans_count": len(site.scans),
        "on_map_count": sum(scan.placed for scan in site.scans),
        "to_dig_count": sum(map(is_open, site.objects)),
        "simulated_count": sum(_source(scan) == "simulated" for scan in site.scans),
        "coordinate_reference": None if site.frame is None else f"EPSG:{site.frame.epsg} ({site.frame.name})",
        "origin_std_m": site.origin_error.place_m,
        "azimuth_std_deg": site.origin_error.azimuth_deg,
        **{f"{name}_area_m2": area for name, area in site.area_m2.items()},
    }


def verdict(site: Site) -> str:
    """Say in English what must be dug, then what was not assessed; never that there is nothing."""
    count = sum(map(is_open, site.objects))
    parts = [f"To be dug: {count}." if count else f"{render.PAGE_SENTENCES['noDig']}."]
    uncovered = sum(area for name, area in site.area_m2.items() if name != "both")
    if uncovered:
        parts.append(f"Swept ground not covered by both sensors, and not assessable: {up(uncovered):.1f} m².")
    bare = sum(scan.result is not None and not scan.result.coverage_fraction > 0.0 for scan in site.scans)
    if bare:
        parts.append(f"Scans with nothing assessed by both sensors: {bare}.")
    away = sum(not scan.placed for scan in site.scans)
    if away:
        parts.append(f"Scans that are not on the map: {away}.")
    return " ".join([*parts, "Ground outside of the swept patches was not assessed."])


def up(area_m2: float) -> float:
    """Round an area up to 0.1 m²."""
    return math.ceil(10.0 * area_m2 - 1e-9) / 10.0


def targets_csv(site: Site) -> str:
    """Table of objects, one line each; the first line is the site's."""
    whole = site_row(site)
    head = ("record", *OF_AN_OBJECT, *whole)
    rows = [{"record": "site", **whole}]
    rows += [{"record": "object", **object_row(site, one), "advice": render.ADVICE} for one in site.objects]
    return _csv(head, rows)


def scans_csv(site: Site) -> str:
    """Table of scans, one line each."""
    return _csv(OF_A_SCAN, [scan_row(site, number) for number in range(len(site.scans))])


def site_json(site: Site) -> str:
    """JSON of all that the files say."""
    ordered = [
        {**object_row(site, one), "calls": {call: _calls(one).count(call) for call in CALLS}}
        for one in site.objects
    ]
    document = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "version": __version__,
        **site_row(site),
        "torn_lines": site.torn,
        "scans": [scan_row(site, number) for number in range(len(site.scans))],
        "objects": ordered,
    }
    return json.dumps(_in_utf8(document), indent=1, allow_nan=False) + "\n"


def _calls(one: SiteObject) -> list[str]:
    return [own.call for own in one.listed]


def _source(scan: SiteScan) -> str:
    return "unknown" if scan.result is None else scan.result.header.source


def _rounded(value: float, digits: int) -> float | None:
    return round(float(value), digits) + 0.0 if math.isfinite(value) else None


def _csv(head: Sequence[str], rows: Sequence[Row]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    for row in rows:
        shown = [row.get(name) for name in head]
        writer.writerow([cell(str(one).lower() if isinstance(one, bool) else one) for one in shown])
    return text.getvalue()


def _in_utf8(value: Any) -> Any:
    if isinstance(value, str):
        return in_utf8(value)
    if isinstance(value, dict):
        return {key: _in_utf8(one) for key, one in value.items()}
    return [_in_utf8(one) for one in value] if isinstance(value, list) else value
