"""GeoJSON, KML and GeoPackage: right places, never degrees where there are none, and read by others' readers."""

from __future__ import annotations

import dataclasses
import json
import math
import sqlite3
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from dualsense.errors import UsageError
from dualsense.render._export.features import features_geojson
from dualsense.render._export.geopackage import UNKNOWN_TIME, scans_geopackage
from dualsense.render._export.kml import scans_kml
from dualsense.render._files.geodesy import local_to_wgs84
from dualsense.scan import ScanHeader

KML = "{http://www.opengis.net/kml/2.2}"
HOSTILE = "<b>&]]>\x00\x1b[31m\udc80 ផ្លូវ"
ABOUT = (
    "source",
    "created",
    "site",
    "operator",
    "coordinate_reference",
    "coordinate_accuracy",
    "faults",
    "advice",
)


@pytest.fixture(scope="module")
def places():
    """Where PROJ puts points of the ground of a local frame: longitude and latitude."""
    pyproj = pytest.importorskip("pyproj", reason="pyproj is not installed (extra test)")

    def place(x_m, y_m, origin):
        latitude, longitude, height_m, azimuth_deg = origin
        alpha = math.radians(azimuth_deg)
        east = np.asarray(x_m) * math.sin(alpha) - np.asarray(y_m) * math.cos(alpha)
        north = np.asarray(x_m) * math.cos(alpha) + np.asarray(y_m) * math.sin(alpha)
        at = f"+ellps=WGS84 +lon_0={longitude!r} +lat_0={latitude!r} +h_0={height_m!r}"
        way = pyproj.Transformer.from_pipeline(
            f"+proj=pipeline +step +inv +proj=topocentric {at} +step +inv +proj=cart +ellps=WGS84"
            " +step +proj=unitconvert +xy_in=rad +xy_out=deg"
        )
        return np.column_stack(way.transform(east, north, np.zeros_like(east))[:2])

    return place


def apart_m(one, other):
    one, other = np.asarray(one), np.asarray(other)
    per_degree_m = 111_320.0
    north = (one[:, 1] - other[:, 1]) * per_degree_m
    east = ((one[:, 0] - other[:, 0] + 180.0) % 360.0 - 180.0) * per_degree_m * np.cos(np.radians(one[:, 1]))
    return np.hypot(east, north)


@pytest.mark.parametrize(
    "origin",
    (
        (13.1, 103.2, 21.5, 37.0),
        (-33.9, -70.0, 4000.0, -200.0),
        (0.0, 179.9999, 0.0, 0.0),
        (78.0, 15.0, 5.0, 90.0),
    ),
)
def test_places_are_projs_within_a_centimetre(places, origin):
    x_m, y_m = np.random.default_rng(3).uniform(-100.0, 100.0, (2, 50))
    latitude, longitude = local_to_wgs84(x_m, y_m, origin)
    assert apart_m(np.column_stack([longitude, latitude]), places(x_m, y_m, origin)).max() < 0.01


def test_geojson_says_of_each_scan_what_it_is_and_where_nothing_was_measured(make_result):
    result = make_result("wgs84")
    document = json.loads(features_geojson([result]))
    (scan,) = document["scans"]
    assert all(scan[name] for name in ABOUT)
    ground = [f for f in document["features"] if f["properties"]["record"] == "ground"]
    assert {f["properties"]["covered_by"] for f in ground} == {"none", "emi", "gpr", "both"}
    for feature in ground:
        for outer, *holes in feature["geometry"]["coordinates"]:
            x, y = (np.array(outer[:-1]) - outer[0]).T
            assert np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) > 0  # RFC 7946: counter-clockwise
            assert all(ring[0] == ring[-1] for ring in (outer, *holes))
    targets = [f for f in document["features"] if f["properties"]["record"] == "target"]
    assert [f["properties"]["id"] for f in targets] == ["T1", "T2", "T4", "T3"]
    assert targets[0]["geometry"]["coordinates"] == pytest.approx([103.2, 13.1], abs=1e-5)


def test_without_an_origin_no_geojson_geometry_and_no_kml(make_result):
    result = make_result("full")
    document = json.loads(features_geojson([result]))
    assert {json.dumps(feature["geometry"]) for feature in document["features"]} == {"null"}
    assert document["scans"][0]["coordinate_system"]["units"] == "m"
    with pytest.raises(UsageError, match=r"lane-07-patch-3: has no origin on Earth"):
        scans_kml([result])


def test_kml_is_xml_that_tells_all_and_places_targets_where_proj_does(make_result, places):
    result = make_result("wgs84")
    document = ET.fromstring(scans_kml([result]))  # noqa: S314 - our own
    folder = document.find(f"{KML}Document/{KML}Folder")
    told = {data.get("name"): data[0].text for data in folder.find(f"{KML}ExtendedData")}
    assert all(told[name] for name in ABOUT)
    marks = folder.findall(f"{KML}Placemark")
    points = {mark[0].text: mark.find(f"{KML}Point/{KML}coordinates") for mark in marks}
    found = {name: [float(v) for v in at.text.split(",")] for name, at in points.items() if at is not None}
    assert list(found) == ["T1: suspect", "T2: suspect", "T4: not assessable", "T3: likely clutter"]
    by_id = {target.id: target for target in result.targets}
    wanted = [(by_id[name[:2]].x_m, by_id[name[:2]].y_m) for name in found]
    assert apart_m(list(found.values()), places(*np.transpose(wanted), result.header.origin_wgs84)).max() < 0.01
    grounds = [name for name, at in points.items() if at is None]
    assert sum("not assessable" in name for name in grounds) == 3


def test_a_simulated_scan_says_so_wherever_it_is_named(make_result):
    header = dataclasses.replace(make_result("wgs84").header, source="simulated")
    result = make_result("wgs84", header=header)
    kml = scans_kml([result])
    assert kml.count("SIMULATED DATA") >= 2 + len(result.targets)
    assert all(
        f["properties"]["source"] == "simulated" for f in json.loads(features_geojson([result]))["features"]
    )


def test_hostile_names_are_text(make_result):
    header = ScanHeader(HOSTILE, "no time", "x", site=HOSTILE, operator="'); DROP TABLE targets; --",
                        origin_wgs84=(1.0, 2.0, 3.0, 4.0))  # fmt: skip
    result = make_result("full", header=header)
    document = ET.fromstring(scans_kml([result]))  # noqa: S314 - our own
    assert "<b>&]]>" in document.find(f"{KML}Document/{KML}Folder/{KML}name").text
    json.loads(features_geojson([result]))
    base = opened(scans_geopackage([result]))
    assert base.execute("SELECT count(*) FROM targets").fetchone() == (4,)
    assert base.execute("SELECT operator FROM scans").fetchone() == (header.operator,)
    assert base.execute("SELECT DISTINCT last_change FROM gpkg_contents").fetchall() == [(UNKNOWN_TIME,)]


def opened(content):
    base = sqlite3.connect(":memory:")
    base.deserialize(content)
    return base


def test_a_geopackage_is_what_the_standard_asks_for_and_the_same_twice(make_result):
    result = make_result("wgs84")
    content = scans_geopackage([result])
    assert content == scans_geopackage([result])
    assert content[:16] == b"SQLite format 3\0"
    base = opened(content)
    assert base.execute("PRAGMA application_id").fetchone() == (0x47504B47,)
    assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert base.execute("PRAGMA foreign_key_check").fetchall() == []
    assert {row[0] for row in base.execute("SELECT srs_id FROM gpkg_spatial_ref_sys")} >= {-1, 0, 4326}
    assert base.execute("SELECT DISTINCT last_change FROM gpkg_contents").fetchall() == [
        ("2026-03-04T05:06:07.000Z",)
    ]
    names = [row[1] for row in base.execute("PRAGMA table_info(scans)")]
    scan = dict(zip(names, base.execute("SELECT * FROM scans").fetchone(), strict=True))
    assert all(scan[name] for name in ABOUT)


@pytest.mark.parametrize(("variant", "placed"), (("wgs84", True), ("full", False), ("no_targets", False)))
def test_gdal_reads_a_geopackage(make_result, tmp_path, places, variant, placed):
    pyogrio = pytest.importorskip("pyogrio", reason="pyogrio is not installed (extra test)")
    result = make_result(variant)
    path = tmp_path / "scan.gpkg"
    path.write_bytes(scans_geopackage([result]))
    assert [name for name, _ in pyogrio.list_layers(path)] == ["targets", "ground", "scans"]
    info, _, shapes, columns = pyogrio.raw.read(path, layer="targets")
    assert ("EPSG:4326" in info["crs"]) == placed
    assert ("Undefined Cartesian" in info["crs"]) == (not placed)
    assert len(shapes) == len(result.targets)
    by_id = {target.id: target for target in result.targets}
    values = dict(zip(info["fields"], columns, strict=True))
    at = np.array([np.frombuffer(shape[5:], "<f8") for shape in shapes]).reshape(-1, 2)
    local = np.array([(by_id[name].x_m, by_id[name].y_m) for name in values["id"]]).reshape(-1, 2)
    if placed:
        assert apart_m(at, places(*local.T, result.header.origin_wgs84)).max() < 0.01
    else:
        np.testing.assert_allclose(at, local, atol=1e-4)
    info, _, shapes, columns = pyogrio.raw.read(path, layer="ground")
    values = dict(zip(info["fields"], columns, strict=True))
    assert set(values["covered_by"]) == {"none", "emi", "gpr", "both"}
    assert np.sum(values["area_m2"]) == pytest.approx(result.area_m2, abs=1e-5)


def test_scans_of_one_site_go_into_one_file_where_all_know_their_place(make_result):
    one = make_result("wgs84")
    header = dataclasses.replace(one.header, scan_id="another", origin_wgs84=(13.2, 103.2, 0.0, 0.0))
    base = opened(scans_geopackage([one, make_result("wgs84", header=header)]))
    counts = base.execute("SELECT scan_id, count(*) FROM targets GROUP BY scan_id").fetchall()
    assert counts == [("another", 4), ("lane-07-patch-3", 4)]
    assert (
        base.execute("SELECT max_y - min_y FROM gpkg_contents WHERE table_name = 'targets'").fetchone()[0] > 0.09
    )
    with pytest.raises(UsageError, match="its place beside other scans is not known"):
        scans_geopackage([one, make_result("full")])
