"""Whether a sweep will do is told from what was recorded, place by place, and never as anything about mines."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from dualsense import process_scan, verdict
from dualsense.cli import _check, cli
from dualsense.errors import RecipeError
from dualsense.io import read_scan, write_scan
from dualsense.runtime import folders
from dualsense.survey import find_line
from dualsense.verdict import Limit, Limits, _measure, judge, mark_rows, place_words, read_limits, verdict_words
from dualsense.verdict._words import NAMES


@pytest.fixture(scope="module")
def scan(sample_dir):
    return read_scan(sample_dir / "ts50_casing.h5", with_truth=False)


@pytest.fixture(scope="module")
def result(scan):
    return process_scan(scan)


def marks(told):
    return {mark.name: mark for mark in told.marks}


def without_poses(scan, start, stop):
    """Take poses away between two parts of the recording."""
    time = scan.pose.time_s
    part = (time - time[0]) / (time[-1] - time[0])
    keep = (part < start) | (part > stop)
    std = scan.pose.position_std_m
    pose = replace(
        scan.pose,
        time_s=time[keep],
        position_m=scan.pose.position_m[keep],
        orientation=None if scan.pose.orientation is None else scan.pose.orientation[keep],
        position_std_m=None if std is None else std[keep],
    )
    return replace(scan, pose=pose)


def test_a_good_sweep_is_green_and_says_nothing_of_mines(scan, result):
    told = judge(scan, result)
    assert told.grade == "green"
    assert told.places == ()
    assert not told.again.any()
    words = verdict_words(told) + json.dumps(mark_rows(told))
    assert "nothing" in words
    assert not any(word in words.lower() for word in ("safe", "clear", "mine-free", "clean"))
    assert {mark.grade for mark in told.marks if mark.name in ("emi_noise", "emi_drift", "gpr_noise")} == {None}


def test_ground_without_a_track_is_to_be_swept_again(scan):
    gapped = without_poses(scan, 0.40, 0.52)
    told = judge(gapped, process_scan(gapped))
    assert told.grade == "red"
    assert marks(told)["tracking_gap_s"].value == pytest.approx(0.12 * np.ptp(scan.pose.time_s), rel=0.05)
    assert marks(told)["line_spacing_m"].value > 0.05
    y = scan.pose.position_m[:, 1]
    lost = (np.quantile(y, 0.40), np.quantile(y, 0.52))  # the head goes up the patch line by line
    largest = told.places[0]
    assert largest.y_m[0] < sum(lost) / 2.0 < largest.y_m[1]
    assert "line_spacing_m" in largest.why
    assert "between lines" in place_words(largest)
    assert verdict.draw(told).startswith(b"\x89PNG")
    assert verdict.draw(told) == verdict.draw(told)


def test_a_tracker_that_stops_half_way_is_red(scan):
    stopped = without_poses(scan, 0.5, 1.0)
    told = judge(stopped, process_scan(stopped))
    assert told.grade == "red"
    assert marks(told)["tracking_gap_s"].value == pytest.approx(0.5 * np.ptp(scan.pose.time_s), rel=0.05)


def test_one_pass_has_no_spacing_and_a_long_lane_has(scan, result):
    time = np.linspace(0.0, 60.0, 3000)
    there = np.column_stack([0.1 * time, 0.01 * np.sin(time), np.full(time.size, 0.05)])
    pose = replace(scan.pose, time_s=time, position_m=there, orientation=None, position_std_m=None)
    assert "line_spacing_m" not in marks(judge(replace(scan, pose=pose), result))
    across = np.abs(np.mod(time, 4.0) - 2.0) / 2.0 - 0.5  # from side to side of a metre
    swept = np.column_stack([21.0 * time / 60.0, across, there[:, 2]])
    assert find_line(swept) is None
    assert find_line(there) is not None
    bent = np.column_stack([there[:, 0], 0.006 * there[:, 0] ** 2, there[:, 2]])
    assert find_line(bent) is not None


def test_a_sensor_that_failed_is_red(scan):
    silent = replace(scan, gpr=replace(scan.gpr, data=np.zeros_like(scan.gpr.data)))
    told = judge(silent, process_scan(silent))
    assert told.grade == "red"
    assert marks(told)["gpr_coverage"].value == 0.0
    assert any(sensor == "gpr" for sensor, _, _ in told.faults)
    assert told.again.sum() >= 0.99 * told.patch.sum()
    kept = json.loads(verdict.to_json(told))
    assert kept["grade"] == "red"
    assert kept["limits"]["height_m"] == {"amber": 0.08, "red": 0.12}


def test_height_and_speed_are_told_where_they_were_exceeded(scan, result):
    strict = Limits(height_m=Limit(amber=0.03, red=0.2), speed_m_s=Limit(amber=0.1, red=2.0))
    told = judge(scan, result, strict)
    assert told.grade == "amber"
    assert {"height_m", "speed_m_s"} <= {name for place in told.places for name in place.why}
    height = scan.pose.position_m[:, 2]
    assert marks(told)["height_m"].value == pytest.approx(np.quantile(height, 0.95), abs=0.002)
    way = np.hypot(*np.diff(scan.pose.position_m[:, :2], axis=0).T).sum() / np.ptp(scan.pose.time_s)
    assert marks(told)["speed_m_s"].value == pytest.approx(way, rel=0.3)


def test_what_is_too_high_is_told_where_the_sensor_was(scan, result):
    ahead = np.array([[0.12, 0.0, 0.02]])
    moved = replace(scan, emi=replace(scan.emi, tx_position_m=ahead, rx_position_m=ahead))
    at = scan.pose.position_m
    high = np.hypot(at[:, 0] - 0.2, at[:, 1] - np.median(at[:, 1])) < 0.08
    pose = replace(scan.pose, position_m=at + np.outer(high, [0.0, 0.0, 0.06]))
    moved = replace(moved, pose=pose)
    (metal, _), (radar, _) = _measure.measure(moved, result, Limits()).places["height_m"]
    spot = at[high, :2].mean(axis=0)
    assert np.hypot(*(metal.mean(axis=0) - spot - [0.12, 0.0])) < 0.02
    assert np.hypot(*(radar.mean(axis=0) - spot)) < 0.06
    level = replace(moved, pose=replace(pose, position_m=at))
    assert _measure.measure(level, result, Limits()).values["height_m"] == pytest.approx(
        np.quantile(at[:, 2], 0.95) + 0.02, abs=0.002
    )


def test_lines_are_as_far_apart_as_those_of_the_array_that_made_them(scan, result):
    """One pass of a cart whose coils stand 4 cm apart is a patch, and no gap between its lines."""
    time = scan.emi.time_s
    x = np.interp(time, (time[0], time[-1]), (0.0, float(result.coverage.grid.x_m[-1])))
    middle = float(np.mean(result.coverage.grid.y_m))
    there = np.column_stack([x, np.full(x.size, middle), np.full(x.size, 0.05)])
    pose = replace(scan.pose, time_s=time, position_m=there, orientation=None, position_std_m=None)
    across = np.column_stack([np.zeros(5), 0.04 * (np.arange(5) - 2.0), np.zeros(5)])
    cart = replace(
        scan,
        gpr=None,
        pose=pose,
        emi=replace(scan.emi, tx_position_m=across, rx_position_m=across, channel=np.arange(time.size) % 5),
    )
    assert _measure.measure(cart, result, Limits()).values["line_spacing_m"] == pytest.approx(0.04, abs=0.012)


def test_tilt_is_asked_for_where_the_tracker_tells_it(scan, result):
    half = np.radians(12.0) / 2.0
    turned = np.tile([np.cos(half), np.sin(half), 0.0, 0.0], (scan.pose.time_s.size, 1))
    tilted = judge(replace(scan, pose=replace(scan.pose, orientation=turned)), result)
    assert marks(tilted)["tilt_deg"].value == pytest.approx(12.0, abs=1e-6)
    assert marks(tilted)["tilt_deg"].grade == "amber"
    level = judge(replace(scan, pose=replace(scan.pose, orientation=None)), result)
    assert "tilt_deg" not in marks(level)


@pytest.mark.parametrize("kind", (float, complex))
def test_noise_is_told_whatever_changes_slowly(scan, kind):
    rng = np.random.default_rng(3)
    shape = scan.emi.data.shape
    noise = rng.standard_normal(shape) + (1j * rng.standard_normal(shape) if kind is complex else 0.0)
    slow = 50.0 * np.sin(np.linspace(0.0, 20.0, shape[0]))[:, None]
    metal = replace(scan.emi, data=(slow + 0.5 * noise).astype(kind))
    assert _measure._noise(metal) == pytest.approx(0.5, rel=0.1)
    ramp = replace(scan.emi, data=(np.linspace(0.0, 7.0, shape[0])[:, None] + np.zeros(shape)).astype(kind))
    assert _measure._drift(ramp) == pytest.approx(0.9 * 7.0, rel=0.02)


def test_limits_grade_from_either_side():
    above, below = Limit(amber=1.0, red=2.0), Limit(amber=0.9, red=0.5)
    assert [above.grade(x) for x in (1.0, 1.01, 2.0, 2.01, np.nan)] == ["green", "amber", "amber", "red", "red"]
    assert [below.grade(x) for x in (0.9, 0.89, 0.5, 0.49, np.nan)] == ["green", "amber", "amber", "red", "red"]
    assert NAMES.keys() == Limits.model_fields.keys()


@pytest.mark.parametrize(
    ("text", "said"),
    (
        ("[height_m]\namber = 0.1", "height_m.red: Field required"),
        ("[height_m]\namber = 0.1\nred = 0.1", "amber and red are the same"),
        ("[weight_kg]\namber = 1\nred = 2", "weight_kg: Extra inputs are not permitted"),
        ("[height_m]\namber = nan\nred = 0.1", "height_m.amber: Input should be a finite number"),
        ("height_m = [", "limits.toml: not TOML"),
        ("[height_m]\namber = 0.1\nred = 0.05", "amber 0.1 and red 0.05 are the wrong way round: more is worse"),
        ("[gpr_coverage]\namber = 0.9\nred = 0.98", "the wrong way round: less is worse"),
    ),
)
def test_a_wrong_limit_is_named(tmp_path, text, said):
    file = tmp_path / "limits.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError, match=r"limits\.toml") as caught:
        read_limits(file)
    assert said in str(caught.value)


def test_an_old_verdict_leaves_in_one_step(tmp_path, monkeypatch):
    """Who is killed leaves both files or none: neither picture nor JSON may be unlinked by itself."""
    folder = tmp_path / "lane"
    folder.mkdir()
    for name in ("check.json", "check.png", "notes.txt"):
        (folder / name).write_text("green", encoding="utf-8")
    seen = []
    exchange = folders.rename_with

    def watched(*args):
        seen.append({file.name for file in folder.iterdir()})
        done = exchange(*args)
        seen.append({file.name for file in folder.iterdir()})
        return done

    monkeypatch.setattr(folders, "rename_with", watched)
    _check._forget(folder)
    assert seen[0] == {"check.json", "check.png", "notes.txt"}
    assert {file.name for file in folder.iterdir()} == {"notes.txt"}
    assert seen[1] in ({"notes.txt"}, seen[0])  # where folders cannot be exchanged the files are moved out later
    assert [file.name for file in tmp_path.iterdir()] == ["lane"]
    _check._forget(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_the_command_answers_with_its_status(scan, sample_dir, tmp_path):
    ask = CliRunner().invoke
    bad, limits = tmp_path / "scans" / "bad.h5", tmp_path / "limits.toml"
    bad.parent.mkdir()
    write_scan(without_poses(scan, 0.40, 0.52), bad)
    limits.write_text("[height_m]\namber = 0.01\nred = 0.5\n", encoding="utf-8")
    words = ["check", str(sample_dir / "ts50_casing.h5"), "--no-isolated"]
    good = ask(cli, words, standalone_mode=False)
    said = "GREEN: the sweep is within its limits (of what lies below this says nothing)"
    assert (good.return_value, good.output.splitlines()[0]) == (0, f"ts50_casing: SIMULATED DATA  {said}")
    assert ask(cli, [*words, "--limits", str(limits)], standalone_mode=False).return_value == 3
    (bad.parent / "cut.h5").write_bytes(bad.read_bytes()[:5000])
    out = tmp_path / "out"
    both = ask(cli, ["check", str(bad.parent), "-o", str(out), "--no-isolated"], standalone_mode=False)
    assert both.return_value == 1
    assert "cut.h5" in both.output
    assert "bad: SIMULATED DATA  RED" in both.output
    assert {file.name for file in (out / "bad").iterdir()} == {"check.json", "check.png"}
    (out / "cut").mkdir()
    (out / "cut" / "check.json").write_text('{"grade": "green"}', encoding="utf-8")
    again = ["check", str(bad.parent), "-o", str(out), "--overwrite", "--json", "--no-isolated"]
    told = ask(cli, again, standalone_mode=False)
    assert not (out / "cut" / "check.json").exists()  # an old green does not stand for a file that cannot be read
    assert json.loads(told.stdout)["cut"]["grade"] is None
    (bad.parent / "cut.h5").unlink()
    asked = ["check", str(bad.parent), "--json", "--no-isolated"]
    told = ask(cli, asked, standalone_mode=False)
    assert told.return_value == 4
    assert json.loads(told.stdout)["bad"]["sweep_again"][0]["why"]
