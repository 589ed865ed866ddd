"""Target lists: exact keys, order, rounding, the same bytes twice, and places on Earth."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math

import numpy as np
import pytest

from dualsense.render._files.export import (
    CSV_COLUMNS,
    targets_csv,
    targets_document,
    targets_geojson,
    write_targets,
)
from dualsense.scan import Fault

TOP_KEYS = [
    "schema",
    "schema_version",
    "scan_id",
    "source",
    "created",
    "site",
    "operator",
    "crs",
    "scan_sha256",
    "recipe_sha256",
    "model",
    "area_m2",
    "coverage_fraction",
    "covered_area_m2",
    "smallest_mine",
    "faults",
    "fault_codes",
    "integrity",
    "targets",
]
TARGET_KEYS = [
    "id",
    "x_m",
    "y_m",
    "depth_m",
    "position_std_m",
    "confidence",
    "existence",
    "call",
    "emi",
    "gpr",
    "reasons",
]


def _refuse(constant):
    pytest.fail(f"{constant} is no JSON")


def _load(path):
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)


def test_json_has_the_keys_of_the_contract_in_order(any_result, tmp_path):
    json_path, _, _ = write_targets(any_result, tmp_path)
    document = _load(json_path)
    assert list(document) == TOP_KEYS
    assert document["schema"] == "dualsense-targets"
    assert document["schema_version"] == "1.1"
    assert len(document["targets"]) == len(any_result.targets)
    for target in document["targets"]:
        assert list(target) == TARGET_KEYS
        for sensor in ("emi", "gpr"):
            if target[sensor] is not None:
                assert list(target[sensor]) == ["score", "features", "log_likelihood_ratio"]
                assert list(target[sensor]["features"]) == sorted(target[sensor]["features"])


def test_json_gives_the_code_of_a_fault_beside_its_sentence(make_result, tmp_path):
    path, _, _ = write_targets(make_result("emi_failed"), tmp_path)
    assert _load(path)["faults"] == [
        {
            "code": "samples-constant",
            "sensor": "emi",
            "severity": "failed",
            "path": "/emi/data",
            "message": "channel 0 is constant in all 1270 samples",
            "values": {"soundings": 1270, "level": "0"},
        }
    ]


def test_values_of_a_fault_are_plain(full_result):
    odd = {"count": np.int64(3), "part": np.float32(0.5), "gap_s": math.nan, "axis": "tones", "where": (1, 2)}
    without_code = Fault("pose", "info", "/pose", "2 gaps closed")
    result = dataclasses.replace(full_result, faults=(without_code, dataclasses.replace(without_code, values=odd)))
    first, second = targets_document(result)["faults"]
    assert first["code"] is None
    assert second["values"] == {"count": 3, "part": 0.5, "gap_s": None, "axis": "tones", "where": "(1, 2)"}
    json.dumps(second, allow_nan=False)


def test_json_ends_with_one_newline_and_nan_is_null(full_result, tmp_path):
    path, _, _ = write_targets(full_result, tmp_path)
    text = path.read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")
    unknown = next(target for target in _load(path)["targets"] if target["id"] == "T4")
    assert unknown["depth_m"] is None
    assert unknown["position_std_m"] == [0.03, 0.03, None]


def test_targets_come_in_the_order_in_which_they_matter(full_result):
    shuffled = dataclasses.replace(full_result, targets=full_result.targets[::-1])
    assert [target["id"] for target in targets_document(shuffled)["targets"]] == ["T1", "T2", "T4", "T3"]
    assert targets_document(shuffled) == targets_document(full_result)


def test_two_runs_give_the_same_bytes(any_result, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for one, other in zip(
        write_targets(any_result, tmp_path / "a"), write_targets(any_result, tmp_path / "b"), strict=True
    ):
        assert one.name == other.name
        assert one.read_bytes() == other.read_bytes()


def test_noise_below_a_tenth_of_a_millimetre_changes_nothing(full_result):
    moved = tuple(dataclasses.replace(target, x_m=target.x_m + 1e-13) for target in full_result.targets)
    assert targets_document(dataclasses.replace(full_result, targets=moved)) == targets_document(full_result)


def test_minus_zero_is_zero(full_result):
    target = dataclasses.replace(full_result.targets[0], x_m=-0.0, y_m=-1e-9)
    document = targets_document(dataclasses.replace(full_result, targets=(target,)))
    assert math.copysign(1.0, document["targets"][0]["x_m"]) == 1.0
    assert math.copysign(1.0, document["targets"][0]["y_m"]) == 1.0


def test_csv_holds_the_same_targets(full_result):
    rows = list(csv.DictReader(io.StringIO(targets_csv(full_result))))
    document = targets_document(full_result)
    assert tuple(rows[0]) == CSV_COLUMNS
    for row, target in zip(rows, document["targets"], strict=True):
        assert row["id"] == target["id"]
        assert row["call"] == target["call"]
        assert row["reasons"] == "; ".join(target["reasons"])
        assert float(row["x_m"]) == target["x_m"]
        assert float(row["confidence"]) == target["confidence"]
        assert row["depth_m"] == ("" if target["depth_m"] is None else repr(target["depth_m"]))
        for sensor in ("emi", "gpr"):
            evidence = target[sensor]
            assert row[f"{sensor}_score"] == ("" if evidence is None else repr(evidence["score"]))
        assert row["latitude_wgs84_deg"] == ""


def test_csv_bearing_is_clockwise_from_the_lane(full_result):
    places = {
        "ahead": (0.3, 0.0, 0.0),
        "left": (0.0, 0.3, 270.0),
        "right": (0.0, -0.3, 90.0),
        "behind": (-0.3, 0.0, 180.0),
    }
    for x_m, y_m, bearing_deg in places.values():
        target = dataclasses.replace(full_result.targets[0], x_m=x_m, y_m=y_m)
        text = targets_csv(dataclasses.replace(full_result, targets=(target,)))
        (row,) = csv.DictReader(io.StringIO(text))
        assert float(row["bearing_from_lane_deg"]) == bearing_deg
        assert float(row["distance_from_start_m"]) == 0.3


@pytest.mark.parametrize("hostile", ("=1+1", "+A1", "-2", "@SUM(A1)", "\t=1"))
def test_csv_text_never_runs_as_a_formula(full_result, hostile):
    target = dataclasses.replace(full_result.targets[0], id=hostile, reasons=(hostile,))
    header = dataclasses.replace(full_result.header, scan_id=hostile)
    text = targets_csv(dataclasses.replace(full_result, targets=(target,), header=header))
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["id"] == "'" + hostile
    assert row["scan_id"] == "'" + hostile
    assert row["reasons"].startswith("'")


def test_csv_of_nothing_is_its_header(make_result):
    assert targets_csv(make_result("no_targets")) == ",".join(CSV_COLUMNS) + "\n"


def test_geojson_says_that_it_is_local(full_result):
    document = targets_geojson(full_result)
    assert document["type"] == "FeatureCollection"
    assert document["coordinate_system"]["name"] == "local frame"
    assert document["coordinate_system"]["is_geographic"] is False
    assert document["coordinate_system"]["units"] == "m"
    # A map would take metres for degrees.
    assert [feature["geometry"] for feature in document["features"]] == [None] * 4
    first = document["features"][0]["properties"]
    assert (first["x_m"], first["y_m"]) == (0.11, 0.15)


def test_every_list_says_of_which_scan_it_is(make_result):
    for variant, source, reference in (
        ("full", "recorded", "local frame"),
        ("simulated", "simulated", "local frame"),
        ("wgs84", "recorded", "WGS 84"),
    ):
        result = make_result(variant)
        about = {
            "scan_id": "lane-07-patch-3",
            "source": source,
            "created": "2026-03-04T05:06:07Z",
            "site": "training lane",
            "operator": "A. Operator",
            "coordinate_reference": reference,
        }
        document = targets_geojson(result)
        rows = list(csv.DictReader(io.StringIO(targets_csv(result))))
        assert len(rows) == 4
        for holder in (document, *rows):
            assert {key: holder[key] for key in about} == about
            covered_m2 = result.area_m2 * result.coverage_fraction
            assert float(holder["covered_area_m2"]) == pytest.approx(covered_m2, abs=1e-6)


def test_geojson_in_wgs84_has_longitude_first(make_result):
    document = targets_geojson(make_result("wgs84"))
    assert document["coordinate_system"]["name"] == "WGS 84"
    longitude, latitude = document["features"][0]["geometry"]["coordinates"]
    assert longitude == pytest.approx(103.2, abs=1e-5)
    assert latitude == pytest.approx(13.1, abs=1e-5)


@pytest.mark.parametrize("origin", ((math.nan, 1.0, 0.0, 0.0), (95.0, 1.0, 0.0, 0.0), (1.0, 500.0, 0.0, 0.0)))
def test_an_origin_that_is_no_place_is_not_used(full_result, origin):
    header = dataclasses.replace(full_result.header, origin_wgs84=origin)
    document = targets_geojson(dataclasses.replace(full_result, header=header))
    assert document["coordinate_system"]["name"] == "local frame"


def test_names_in_any_script_survive(full_result, tmp_path):
    header = dataclasses.replace(full_result.header, scan_id="ផ្លូវ-3 \udc80")
    json_path, csv_path, geojson_path = write_targets(dataclasses.replace(full_result, header=header), tmp_path)
    assert _load(json_path)["scan_id"] == header.scan_id
    assert "ផ្លូវ-3" in csv_path.read_text(encoding="utf-8")
    assert _load(geojson_path)["scan_id"] == header.scan_id
