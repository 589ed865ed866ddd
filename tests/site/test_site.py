"""One map of many scans: what is merged, what is told of each scan, and what is never forgotten."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from tests.site.conftest import result_of, write_one

from dualsense.cli import run
from dualsense.errors import UsageError
from dualsense.site import SITE_FILES, is_open, make_site, problem_text


def objects(made):
    return {one.id: one for one in made.site.objects}


def listed(one, made):
    return sorted(f"{made.site.scans[own.scan].name} {own.id}" for own in one.listed)


def test_every_file_is_there_and_every_target_in_one_object(made_site):
    assert sorted(path.name for path in made_site.out.iterdir()) == sorted(SITE_FILES)
    every = [own for one in made_site.site.objects for own in one.listed]
    assert len(every) == len({(own.scan, own.id) for own in every}) == 7


def test_what_two_scans_list_is_one_object_with_the_gravest_call(made_site):
    together = {one.id: listed(one, made_site) for one in made_site.site.objects if len(one.listed) > 1}
    assert sorted(together.values()) == [["a T2", "b T1"], ["a T3", "b T2"]]
    one = next(one for one in made_site.site.objects if listed(one, made_site) == ["a T2", "b T1"])
    assert one.call == "unclear"
    assert one.confidence == pytest.approx(0.2)
    # known better than by either scan, whose origins are known to 3 cm
    std_m = np.sqrt(np.diag(one.covariance_m2))
    assert (std_m < np.hypot(0.01, 0.03)).all()
    assert (std_m > 0.01).all()


def test_scans_that_are_not_on_the_map_say_why_and_their_targets_are_listed(made_site):
    told = {scan.name: problem_text(scan) for scan in made_site.site.scans}
    assert told["a"] == told["b"] == told["deep/c"] == ""
    assert told["lost"] == "its place on Earth is not known"
    assert told["nowhere"].startswith("its origin is 0° north")
    assert "111 km" in told["far"]
    assert told["half"].startswith("its result is not complete")
    assert told["torn"].startswith("its result cannot be read: ")
    (lost,) = (one for one in made_site.site.objects if one.id == "U1")
    assert (lost.call, lost.map_m, lost.local_m) == ("suspect", None, (0.3, 0.4))
    assert is_open(lost)


def test_finds_end_what_is_to_be_dug_but_not_what_a_later_scan_lists(made_site):
    by_list = {tuple(listed(one, made_site)): one for one in made_site.site.objects}
    mine = by_list["a T1",]
    assert (mine.decided.state, mine.decided.found, mine.decided.again, is_open(mine)) == (
        "dug", "mine", False, False,
    )  # fmt: skip
    again = by_list["a T3", "b T2"]  # b was made on the day after it was dug
    assert (again.decided.found, again.decided.note, again.decided.again, is_open(again)) == (
        "metal", "nail", True, True,
    )  # fmt: skip
    (place,) = (one for one in made_site.site.objects if one.id == "P1")
    assert (place.call, place.decided.state, is_open(place)) == (None, "dig", True)
    assert made_site.site.torn == 1


def test_ground_is_told_by_who_covered_it(made_site):
    area = made_site.site.area_m2
    # a without metal on its last 0.2 m, which b covers with both; c without radar, turned by 45°
    assert area["both"] == pytest.approx(1.6, abs=0.03)
    assert area["metal"] == pytest.approx(1.0 - 0.2, abs=0.25)
    assert area["radar"] == pytest.approx(0.0, abs=0.03)
    assert sum(area.values()) == pytest.approx(2.6, abs=0.1)


def test_tables_begin_with_the_whole_and_hold_no_formulas(made_site):
    rows = list(csv.DictReader(io.StringIO((made_site.out / "targets.csv").read_text())))
    assert rows[0]["record"] == "site"
    assert rows[0]["verdict"].startswith("To be dug: 4. Swept ground not covered by both sensors")
    assert rows[0]["simulated_count"] == "1"
    assert rows[0]["coordinate_reference"] == "EPSG:32648 (WGS 84 / UTM zone 48N)"
    assert len(rows) == 1 + len(made_site.site.objects)
    scans = {row["name"]: row for row in csv.DictReader(io.StringIO((made_site.out / "scans.csv").read_text()))}
    assert scans["lost"]["on_map"] == "false"
    assert scans["a"]["operator"] == "'=A"
    document = json.loads((made_site.out / "site.json").read_text())
    assert document["to_dig_count"] == 4
    assert {one["id"]: one["to_dig"] for one in document["objects"]}["U1"]


def test_the_same_results_give_the_same_bytes_and_a_map_is_no_result(made_site, tmp_path):
    make_site(made_site.folder, tmp_path / "map")
    for name in set(SITE_FILES) - {"index.html"}:  # whose links lead from where it stands
        assert (tmp_path / "map" / name).read_bytes() == (made_site.out / name).read_bytes(), name


def test_what_is_there_stays_and_a_folder_without_results_is_told(made_site, tmp_path):
    with pytest.raises(UsageError, match="already holds"):
        make_site(made_site.folder, made_site.out)
    with pytest.raises(UsageError, match="no results in this folder"):
        make_site(tmp_path, tmp_path / "map")
    with pytest.raises(UsageError, match="no such folder"):
        make_site(tmp_path / "none", tmp_path / "map")


def test_a_map_takes_no_results_place_and_no_height_that_no_ground_has(made_site, tmp_path):
    place = made_site.folder / "lost"
    before = (place / "targets.csv").read_bytes()
    with pytest.raises(UsageError, match="holds results"):
        make_site(place, place, overwrite=True)
    assert (place / "targets.csv").read_bytes() == before
    write_one(tmp_path / "high", result_of("high", (11.5, 104.9, 1e300, 0.0), []))
    (scan,) = make_site(tmp_path / "high", tmp_path / "map").scans
    assert scan.problem == "no-origin"


def test_of_two_far_scans_one_stays_on_the_map(tmp_path):
    for name, latitude in (("one", 11.5), ("other", 11.6)):
        write_one(tmp_path / "in" / name, result_of(name, (latitude, 104.9, 12.0, 90.0), []))
    site = make_site(tmp_path / "in", tmp_path / "map")
    assert [scan.problem for scan in site.scans] == ["", "far"]


def test_a_site_without_an_origin_lists_all_and_draws_none(made_site, tmp_path):
    site = make_site(made_site.folder / "lost", tmp_path / "map")
    assert site.frame is None
    assert [one.id for one in site.objects] == ["U1"]
    assert sorted(path.name for path in (tmp_path / "map").iterdir()) == sorted(
        set(SITE_FILES) - {"coverage.tif", "energy.tif"}
    )


def test_the_verb_tells_what_is_not_on_the_map_and_ends_with_1_where_a_result_cannot_be_read(
    made_site, tmp_path, capsys
):
    given = ["site", str(made_site.folder / "lost"), str(made_site.folder / "torn"), "-o", str(tmp_path / "map")]
    assert run([*given, "--json", "--no-isolated"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["to_dig_count"] == 1
    assert "lost/.: its place on Earth is not known" in said.err
    assert "torn/.: its result cannot be read" in said.err
    assert str(tmp_path) not in (tmp_path / "map" / "scans.csv").read_text()
