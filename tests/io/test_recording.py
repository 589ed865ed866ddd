"""Parts of a recording: the same numbers as in the whole, whether from a file or from memory."""

from __future__ import annotations

import shutil
from dataclasses import replace

import h5py
import numpy as np
import pytest

from dualsense.errors import ScanError, UsageError
from dualsense.io import HeldRecording, open_recording, read_scan

ROWS = np.r_[3:40, 41, 90:120]


def same_part(one, other):
    for sensor in ("gpr", "emi"):
        for name in ("time_s", "data", "channel"):
            a, b = (getattr(getattr(scan, sensor), name) for scan in (one, other))
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(one.pose.position_m, other.pose.position_m)


def test_a_part_of_a_file_is_that_part_of_the_scan(sample_dir):
    path = sample_dir / "pmn_sand.h5"
    scan, pose = read_scan(path), np.arange(20, 60)
    with open_recording(path) as recording:
        stored = recording.part(gpr=ROWS, emi=ROWS + 7, pose=pose)
        assert recording.outline.sha256 == scan.sha256
        assert recording.outline.gpr.data.strides == (0, 0)  # the samples are not in memory
        whole = recording.whole()
    same_part(stored, HeldRecording(scan).part(gpr=ROWS, emi=ROWS + 7, pose=pose))
    np.testing.assert_array_equal(stored.gpr.data, scan.gpr.data[ROWS])
    np.testing.assert_array_equal(stored.emi.data, scan.emi.data[ROWS + 7])
    np.testing.assert_array_equal(whole.gpr.data, scan.gpr.data)
    assert whole.sha256 == scan.sha256
    assert stored.faults == ()


def test_rows_count_the_soundings_that_have_a_time(sample_dir, tmp_path):
    path = shutil.copy(sample_dir / "pmn_sand.h5", tmp_path)
    with h5py.File(path, "r+") as file:
        file["gpr/time"][10] = np.nan
    scan = read_scan(path)
    with open_recording(path) as recording:
        part = recording.part(gpr=ROWS, emi=ROWS, pose=np.arange(30))
        assert recording.outline.faults == scan.faults
    np.testing.assert_array_equal(part.gpr.time_s, scan.gpr.time_s[ROWS])
    np.testing.assert_array_equal(part.gpr.data, scan.gpr.data[ROWS])
    assert part.faults == ()  # said once, of the whole


def test_a_part_says_what_is_wrong_with_its_own_samples(sample_dir, tmp_path):
    path = shutil.copy(sample_dir / "pmn_sand.h5", tmp_path)
    with h5py.File(path, "r+") as file:
        file["gpr/data"][50] = np.nan
    with open_recording(path) as recording:
        assert recording.outline.faults == ()
        spoilt = recording.part(gpr=np.arange(40, 60), emi=ROWS, pose=np.arange(30))
        clean = recording.part(gpr=np.arange(60, 90), emi=ROWS, pose=np.arange(30))
    assert [one.code for one in spoilt.faults] == ["values-missing"]
    assert spoilt.faults[0].values["soundings"] == 1
    assert clean.faults == ()


def test_a_sensor_of_which_nothing_is_asked_for_is_left_out(sample_dir):
    scan = read_scan(sample_dir / "pmn_sand.h5")
    nothing = np.zeros(0, np.intp)
    with open_recording(sample_dir / "pmn_sand.h5") as stored:
        for recording in (stored, HeldRecording(scan), HeldRecording(replace(scan, emi=None))):
            part = recording.part(gpr=ROWS, emi=nothing, pose=np.arange(30))
            assert part.emi is None
            assert part.gpr is not None


def test_what_is_no_recording_is_refused_as_by_the_reader(sample_dir, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no scan")
    with pytest.raises(ScanError, match="expected a scan file"), open_recording(path):
        pass
    scan = sample_dir / "pmn_sand.h5"
    with pytest.raises(UsageError, match="no option trace_spacing_m"), open_recording(scan, trace_spacing_m=0.1):
        pass


def test_another_laboratory_s_file_needs_no_option(tmp_path):
    rng = np.random.default_rng(0)
    with h5py.File(tmp_path / "lab.h5", "w") as file:
        file["A-Scan"] = rng.normal(size=(5, 12)) + 1j * rng.normal(size=(5, 12))
        file["Frequency"] = np.linspace(1e9, 2e9, 12)
        file["Position"] = np.column_stack([0.01 * np.arange(5.0), np.zeros(5)])
    with open_recording(tmp_path / "lab.h5") as recording:
        assert recording.whole().gpr.data.shape == (5, 12)
