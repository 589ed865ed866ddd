"""The table: its scan comes first, its columns can be chosen, and what limits the answer cannot be left out."""

from __future__ import annotations

import csv
import dataclasses
import io

import pytest

from dualsense.errors import UsageError
from dualsense.render import FIELDS, table_columns
from dualsense.render._export.table import KEPT, table_csv

MAP = """
delimiter = ";"
[columns]
"Device / object" = "id"
"Classification" = "call"
"Organisation" = { text = "Unit 3" }
"Latitude" = "latitude_wgs84_deg"
[words.call]
suspect = "Suspected mine"
[words.source]
recorded = "real"
"""


def read(text, delimiter=","):
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))


@pytest.fixture
def columns(tmp_path):
    def make(text):
        path = tmp_path / "map.toml"
        path.write_text(text, encoding="utf-8")
        return table_columns(path)

    return make


def test_every_row_says_of_which_scan_it_is_and_what_limits_it(make_result):
    scan, *targets = read(table_csv([make_result("wgs84")]))
    assert tuple(scan) == FIELDS
    assert scan["record"] == "scan"
    assert scan["id"] == ""
    assert [row["id"] for row in targets] == ["T1", "T2", "T4", "T3"]
    for row in (scan, *targets):
        assert row["source"] == "recorded"
        assert row["created"] == "2026-03-04T05:06:07Z"
        assert (row["site"], row["operator"]) == ("training lane", "A. Operator")
        assert row["coordinate_reference"] == "WGS 84"
        assert "accuracy of its origin on Earth was not recorded" in row["coordinate_accuracy"]
        assert float(row["covered_area_m2"]) + float(row["uncovered_area_m2"]) == pytest.approx(
            float(row["patch_area_m2"]), abs=1e-6
        )
        assert "3 of 400 soundings" in row["faults"]
        assert "advice" in row["advice"]
    assert float(targets[0]["latitude_wgs84_deg"]) == pytest.approx(13.1, abs=1e-5)


def test_without_a_target_and_without_coverage_the_scan_is_still_told(make_result):
    for variant in ("no_targets", "nothing_covered"):
        (row,) = read(table_csv([make_result(variant)]))
        assert float(row["uncovered_area_m2"]) > 0.0
        assert row["verdict"]
    assert float(row["covered_area_m2"]) == 0.0


def test_ground_of_which_nothing_is_known_is_not_covered(make_result):
    (row, *_) = read(table_csv([make_result("full", coverage_fraction=float("nan"))]))
    assert row["covered_area_m2"] == ""
    assert row["uncovered_area_m2"] == row["patch_area_m2"]


def test_columns_follow_the_map_and_what_must_be_told_follows_them(make_result, columns):
    given = columns(MAP)
    text = table_csv([make_result("wgs84")], given)
    first = ["Device / object", "Classification", "Organisation", "Latitude"]
    assert text.splitlines()[0].split(";") == [*first, *(name for name in KEPT if name != "call")]
    _, one, *_ = read(text, ";")
    assert (one["Device / object"], one["Classification"], one["Organisation"]) == (
        "T1",
        "Suspected mine",
        "Unit 3",
    )
    assert one["source"] == "real"


def test_calls_may_be_told_apart_in_words_of_ones_own(columns):
    words = {"suspect": "Suspected mine", "unclear": "Unclear, dig", "likely-clutter": "Likely clutter"}
    text = "".join(f"{value} = '{word}'\n" for value, word in words.items())
    assert columns(f"[columns]\na = {{text = 'Unit 3'}}\n[words.call]\n{text}").words == {"call": words}
    signs = {"suspect": "▲", "likely-clutter": "○"}
    assert columns("[columns]\na = 'id'\n[words.call]\nsuspect = '▲'\nlikely-clutter = '○'").words == {
        "call": signs
    }


@pytest.mark.parametrize(
    ("text", "said"),
    (
        ("", r"expected a table \[columns\]"),
        ("[columns]\na = 'nothing'", "columns.a: no field 'nothing'; there are record, scan_id"),
        ("[columns]\na = 3", "columns.a: no field 3"),
        ("[columns]\na = {text = 3}", "columns.a"),
        ("[columns]\na = 'id'\n[words.call]\nlikely-clutter = 'Safe ground'", "words.call.likely-clutter"),
        ("[columns]\na = 'id'\n[words.call]\nlikely-clutter = 'cleared'", "may not stand for it"),
        ("[columns]\na = 'id'\n[words.call]\nsuspect = ''", "may not stand for it"),
        (
            "[columns]\nstatus = {text = 'safe, cleared'}",
            "columns.status: .* may not stand in each row",
        ),
        ("[columns]\nstatus = {text = 'All_Clear'}", "columns.status"),
        ("[columns]\na = 'id'\n[words.call]\nunclear = 'ok'", "words.call.unclear: 'ok' may not stand for it"),
        (
            "[columns]\na = 'id'\n[words.call]\nsuspect = 'Likely clutter'",
            "words.call.suspect: .* says",
        ),
        (
            "[columns]\na = 'id'\n[words.call]\nnot-assessable = 'JUNK'\nlikely-clutter = 'junk'",
            "words.call.not-assessable: 'JUNK' says likely-clutter",
        ),
        ("[columns]\na = 'id'\n[words.faults]\na = 'b'", "only the words of record, source, call"),
        ("delimiter = 'x'\n[columns]\na = 'id'", "delimiter: expected one of"),
        ("more = 1\n[columns]\na = 'id'", "more: unknown"),
        ("[columns", "not TOML"),
    ),
)
def test_a_map_that_is_wrong_is_refused_in_one_line(columns, text, said):
    with pytest.raises(UsageError, match=said) as caught:
        columns(text)
    assert "map.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_text_never_runs_as_a_formula(make_result, columns):
    header = dataclasses.replace(make_result("full").header, site="=1+1")
    given = columns("[columns]\n'=A1' = {text = '+2'}\nid = 'id'\n")
    row = read(table_csv([make_result("full", header=header)], given))[0]
    assert row["'=A1"] == "'+2"
    assert row["site"] == "'=1+1"
