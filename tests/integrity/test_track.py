"""What no hand does: stuck, jumping, trembling and racing tracks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.integrity import inspect
from dualsense.integrity._track import inspect_track, inspect_width
from dualsense.io import read_scan
from dualsense.scan import Pose


def sweep(noise_m=0.003):
    """Passes of 0.4 m to and fro, 3 cm apart, at 0.3 m/s, with 50 poses a second."""
    rng = np.random.default_rng(4)
    time = np.arange(0.0, 20.0, 0.02)
    turn = np.abs((0.3 * time + 0.4) % 0.8 - 0.4)
    at = np.column_stack([turn, 0.03 * 0.3 * time / 0.4, 0.05 + 0.005 * np.sin(2.0 * time)])
    return Pose(time, at + rng.normal(0.0, noise_m, at.shape))


def moved(pose, at):
    return Pose(pose.time_s, at)


def codes(pose):
    return {one.code for one in inspect_track(pose, patch=True)}


@pytest.mark.parametrize("noise_m", (0.0, 0.001, 0.006))
def test_a_hand_is_left_alone(noise_m):
    assert codes(sweep(noise_m)) == set()


@pytest.mark.parametrize("axes", ([0, 1, 2], [0], [1]))
def test_a_stuck_track_is_found_where_it_is_stuck(axes):
    pose = sweep()
    at = pose.position_m.copy()
    at[400:450, axes] = at[400, axes]
    stuck = [one for one in inspect_track(moved(pose, at), patch=True) if one.code == "track-stuck"]
    assert [(round(one.start_s, 2), round(one.stop_s, 2)) for one in stuck] == [(8.0, 8.98)]


def test_a_machine_that_drives_exact_lines_is_not_stuck():
    time = np.arange(0.0, 20.0, 0.02)
    lap = (0.3 * time / 0.4).astype(int)
    at = np.column_stack([np.abs((0.3 * time + 0.4) % 0.8 - 0.4), 0.03 * lap, np.full(time.size, 0.05)])
    assert codes(Pose(time, at)) == set()


@pytest.mark.parametrize("axis", (0, 1, 2))
@pytest.mark.parametrize("size_m", (-0.1, 0.05, 0.2))
def test_a_jump_that_stays_takes_all_and_one_that_returns_the_stretch(axis, size_m):
    pose = sweep()
    for until, whole in ((None, True), (560, False)):
        at = pose.position_m.copy()
        at[500:until, axis] += size_m
        jumps = [one for one in inspect_track(moved(pose, at), patch=True) if one.code == "track-jumps"]
        assert len(jumps) == 1
        covers = (jumps[0].start_s, jumps[0].stop_s)
        if whole:
            assert covers == (pose.time_s[0], pose.time_s[-1])
        else:
            assert 9.7 < covers[0] < 10.0
            assert 11.1 < covers[1] < 11.5


def test_jitter_and_wrong_units_and_level_heights_are_told():
    pose = sweep()
    rng = np.random.default_rng(6)
    assert "track-jitters" in codes(moved(pose, pose.position_m + rng.normal(0.0, 0.03, pose.position_m.shape)))
    assert "track-too-fast" in codes(moved(pose, pose.position_m * [3.2808, 3.2808, 1.0]))
    at = pose.position_m.copy()
    at[:, 2] = 0.0
    assert codes(moved(pose, at)) == {"track-level"}


def test_one_axis_of_another_scale_trembles_otherwise_than_is_stated():
    pose = sweep()
    stated = Pose(pose.time_s, pose.position_m, position_std_m=np.array([0.004, 0.004, 0.002]))
    assert codes(stated) == set()
    for axis in (0, 1):
        for factor in (0.5, 2.0):
            at = pose.position_m.copy()
            at[:, axis] *= factor
            assert "track-uneven" in codes(replace(stated, position_m=at))
    longer, alike = pose.position_m * [2.0, 2.0, 1.0], np.array([0.004, 0.004, 0.004])
    assert "track-uneven" in codes(replace(stated, position_m=longer, position_std_m=alike))
    assert "track-uneven" not in codes(replace(stated, position_m=longer))  # as it is stated to tremble
    higher = pose.position_m * [1.0, 1.0, 2.0]
    assert "track-uneven" not in codes(replace(stated, position_m=higher, position_std_m=alike))
    at = pose.position_m * [1.0, 0.5, 1.0]
    assert "track-uneven" not in codes(
        replace(stated, position_m=at, position_std_m=np.array([0.004, 0.002, 0.002]))
    )
    assert "track-uneven" not in codes(Pose(pose.time_s, at))


@pytest.mark.parametrize("turned_rad", (0.0, 0.7))
@pytest.mark.parametrize(
    ("width_m", "apart_m", "narrow"), ((0.4, 0.0, False), (0.14, 0.0, True), (0.14, 0.3, False))
)
def test_a_strip_narrower_than_a_head_covers_nothing(turned_rad, width_m, apart_m, narrow):
    pose = sweep()
    at = pose.position_m * [1.0, width_m / np.ptp(pose.position_m[:, 1]), 1.0]
    turn = np.array([[np.cos(turned_rad), np.sin(turned_rad)], [-np.sin(turned_rad), np.cos(turned_rad)]])
    at[:, :2] = at[:, :2] @ turn
    found = inspect_width(moved(pose, at), apart_m)
    assert [one.code for one in found] == ["patch-narrow"] * narrow
    assert all(one.sensor == "pose" and one.takes_away == "ground" for one in found)


def test_where_a_head_rests_does_not_make_a_patch_narrow_or_wide():
    pose = sweep()
    at = pose.position_m * [1.0, 0.4 / np.ptp(pose.position_m[:, 1]), 1.0]
    rested = np.concatenate([np.repeat(at[:1], 60 * len(at), axis=0), at])
    assert inspect_width(Pose(np.arange(len(rested)) * 0.02, rested), 0.0) == ()
    strip = at * [1.0, 0.3, 1.0]
    aside = strip[-1] + np.array([0.0, 0.4, 0.0])
    carried = np.concatenate([strip, np.tile(aside, (len(at) // 20, 1))])
    assert len(inspect_width(Pose(np.arange(len(carried)) * 0.02, carried), 0.0)) == 1


def test_a_patch_is_asked_for_its_width_and_a_line_is_not(sample_dir):
    scan = read_scan(sample_dir / "pmn_sand.h5")
    at = scan.pose.position_m * [1.0, 0.4, 1.0]
    narrow = replace(scan, pose=replace(scan.pose, position_m=at))
    told = {patch: {one.code for one in inspect(narrow, patch=patch)} for patch in (True, False)}
    assert "patch-narrow" in told[True] - told[False]
    assert "patch-narrow" not in {one.code for one in inspect(scan)}


def test_a_patch_of_no_places_is_not_called_narrow():
    pose = sweep()
    assert inspect_width(moved(pose, np.full_like(pose.position_m, np.nan)), 0.0) == ()
