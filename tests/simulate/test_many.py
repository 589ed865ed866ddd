"""Many lanes in a folder, whatever the workers; and recordings that were spoiled on demand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from dualsense.errors import RecipeError, ScanError, UsageError
from dualsense.io import read_scan, write_scan
from dualsense.simulate import _many as many
from dualsense.simulate._faults import with_faults
from dualsense.simulate._many import MANIFEST, simulate_lanes
from dualsense.simulate._record import simulate_file, simulate_scan
from dualsense.simulate._scene.file import parse_faults
from dualsense.simulate._scene.handling import Faults, Motion
from dualsense.simulate._scene.scene import Scene

SMALL = Scene(motion=Motion(length_m=0.3, width_m=0.1, line_spacing_m=0.03))


@pytest.mark.slow
def test_a_lane_is_that_of_its_seed_alone(tmp_path):
    both = simulate_lanes("no-mines", tmp_path / "both", lanes=2, seed=4, jobs=2)
    (alone,) = simulate_lanes("no-mines", tmp_path / "alone", lanes=1, seed=5, jobs=1)
    assert both[1] == alone
    assert [lane.error for lane in both] == ["", ""]
    assert (tmp_path / "both" / alone.file).read_bytes() == (tmp_path / "alone" / alone.file).read_bytes()
    manifest = json.loads((tmp_path / "both" / MANIFEST).read_text())
    assert [lane["seed"] for lane in manifest["lanes"]] == [4, 5]
    assert manifest["sources"]["soil.roughness_rms_m"] == "assumed"
    assert set(manifest["sources"]) == set(manifest["parameters"])
    with pytest.raises(UsageError, match="exists already"):
        simulate_lanes("no-mines", tmp_path / "alone", lanes=1, seed=5)


def test_no_such_preset_makes_no_folder(tmp_path):
    with pytest.raises(RecipeError, match="unknown preset"):
        simulate_lanes("moon", tmp_path / "out", lanes=1, seed=0)
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def sound():
    return simulate_scan(SMALL, seed=1)


def spoiled(**what):
    return simulate_scan(replace(SMALL, faults=Faults(**what)), seed=1)


def test_dropouts_lose_soundings_and_no_more(sound):
    scan = spoiled(dropout_part=0.3)
    for name in ("gpr", "emi"):
        before, after = getattr(sound, name), getattr(scan, name)
        assert 0.4 < len(after.time_s) / len(before.time_s) < 0.95
        kept = np.isin(before.time_s, after.time_s)
        np.testing.assert_array_equal(before.data[kept], after.data)


def test_a_stuck_sensor_is_reported_and_the_other_is_sound(sound, tmp_path):
    scan = spoiled(stuck="emi")
    assert (scan.emi.data == scan.emi.data[0]).all()
    np.testing.assert_array_equal(scan.gpr.data, sound.gpr.data)
    write_scan(scan, tmp_path / "scan.h5")
    assert read_scan(tmp_path / "scan.h5").faults


def test_saturation_clips(sound):
    scan = spoiled(saturation_part=0.5)
    peak = max(np.abs(sound.gpr.data.real).max(), np.abs(sound.gpr.data.imag).max())
    assert np.abs(scan.gpr.data.real).max() == pytest.approx(0.5 * peak, rel=1e-6)


def test_saturation_leaves_what_a_dead_tone_does_not_concern(sound):
    """A tone that is missing has no largest value."""
    holed = replace(sound.gpr, data=sound.gpr.data.copy())
    holed.data[:, 3] = np.nan
    scan = with_faults(replace(sound, gpr=holed), Faults(saturation_part=0.5), rng=np.random.default_rng(0))
    assert np.isfinite(np.delete(scan.gpr.data, 3, axis=1)).all()


def test_tracking_loss_leaves_a_gap(sound):
    scan = spoiled(tracking_loss_s=1.0)
    assert np.diff(sound.pose.time_s).max() < 0.1
    assert 0.9 < np.diff(scan.pose.time_s).max() < 1.1


def test_tracking_cannot_be_lost_for_longer_than_there_is_a_track():
    with pytest.raises(RecipeError, match=r"tracking_loss_s must be less than the track's [\d.]+ s, got 1000$"):
        spoiled(tracking_loss_s=1000)


def test_a_sensor_that_sticks_on_the_way_is_sound_before(sound):
    scan = spoiled(stuck="gpr", stuck_from_part=0.5)
    half = len(sound.gpr.data) // 2
    np.testing.assert_array_equal(scan.gpr.data[: half + 1], sound.gpr.data[: half + 1])
    assert (scan.gpr.data[half:] == sound.gpr.data[half]).all()


def test_a_truncated_file_is_refused_in_one_line(tmp_path):
    for part in (0.05, 0.4, 0.97):
        path = tmp_path / f"{part}.h5"
        simulate_file(replace(SMALL, radar=None, faults=Faults(truncated_part=part)), path, seed=1)
        whole = simulate_file(replace(SMALL, radar=None), tmp_path / "whole.h5", seed=1, overwrite=True)
        assert path.stat().st_size == int(part * (tmp_path / "whole.h5").stat().st_size)
        assert read_scan(tmp_path / "whole.h5").header == whole.header
        with pytest.raises(ScanError, match=rf"^{path.name}: truncated HDF5 file: found \d+ bytes, expected \d+$"):
            read_scan(path)


@pytest.mark.parametrize(
    ("what", "match"),
    (
        ({"dropout_part": 1.0}, r"faults\.dropout_part must be at least 0 and less than 1, got 1.0"),
        ({"stuck_from_part": -0.1}, r"faults\.stuck_from_part must be at least 0"),
        ({"saturation_part": 1.5}, r"faults\.saturation_part must be greater than 0 and at most 1, got 1.5"),
        ({"truncated_part": 0.0}, r"faults\.truncated_part must be greater than 0 and at most 1, got 0.0"),
        (
            {"stuck_from_part": 0.5},
            r'faults\.stuck must be "gpr" or "emi" where stuck_from_part is given, got none',
        ),
        ({"tracking_loss_s": float("nan")}, r"faults\.tracking_loss_s must be at least 0, got nan"),
    ),
)
def test_faults_out_of_range_are_named(what, match):
    with pytest.raises(RecipeError, match=match):
        Faults(**what)


def test_faults_are_named_with_and_without_their_unit():
    base = Faults(stuck="emi", dropout_part=0.3)
    got = parse_faults({"dropout": 0.1, "tracking_loss": 2, "truncated_part": 0.7}, base)
    assert got == Faults(stuck="emi", dropout_part=0.1, tracking_loss_s=2.0, truncated_part=0.7)
    with pytest.raises(RecipeError, match=r"unknown key faults\.dropped; known are dropout_part, stuck, "):
        parse_faults({"dropped": 0.1}, base)
    with pytest.raises(RecipeError, match=r"faults\.stuck must be 'none' or 'gpr' or 'emi', got 'both'"):
        parse_faults({"stuck": "both"}, base)


def test_every_lane_of_a_folder_is_spoiled(tmp_path, monkeypatch):
    monkeypatch.setattr(many, "random_lane", lambda *_, **__: replace(SMALL, radar=None))
    faults = Faults(truncated_part=0.5)
    lane = many._write_one(
        many._Task(many.Lane("a.h5", "sand", 4), str(tmp_path / "a.h5"), faults, None, overwrite=False)
    )
    assert not lane.error
    with pytest.raises(ScanError, match="truncated"):
        read_scan(tmp_path / "a.h5")
    assert json.loads(many.manifest("sand", [lane], faults))["faults"]["truncated_part"] == 0.5
