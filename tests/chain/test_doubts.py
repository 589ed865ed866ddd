"""The ground of samples that are not believed, where their sensor was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.chain import process_scan
from dualsense.chain.doubts import believed_ground, faults_of
from dualsense.chain.tracks import Places, recorded_places
from dualsense.faults import KINDS
from dualsense.integrity import CHECKS
from dualsense.io import read_scan
from dualsense.recipe.survey import Survey
from dualsense.result import Coverage, Doubt, Grid
from dualsense.scan import GprData, Pose, Scan, ScanHeader

ARM_M = 0.2
"""From the head to its antennas, along y."""


@pytest.fixture
def swept():
    """One pass along x; the antennas run 20 cm beside the head."""
    time = np.arange(0.0, 10.0, 0.05)
    pose = Pose(time, np.column_stack([0.1 * time, np.zeros(time.size), np.full(time.size, 0.05)]))
    place = np.array([[0.0, ARM_M, 0.0]])
    data = GprData("sfcw", time, np.ones((time.size, 8)), place, place, np.zeros(time.size, np.intp))
    grid = Grid(0.005 * np.arange(200), 0.005 * np.arange(-10, 51), 0.005)
    own = np.abs(grid.y_m - ARM_M) < Survey().gpr_reach_m
    cover = Coverage(grid, *(np.repeat(own[:, None], 200, axis=1) for _ in range(3)))
    return Scan(ScanHeader("arm", "", ""), pose, data, None), cover


def lost_x_m(scan, cover, used, doubt):
    """Where along the antennas' way the radar covers nothing any more, and whether the metal detector does not."""
    places = Places(recorded_places(scan, "gpr", used, Survey()), scan.gpr.time_s[used], scan.gpr.channel[used])
    found = believed_ground(cover, scan, {"gpr": places}, (doubt,), Survey())
    assert np.array_equal(found.emi, cover.emi)
    row = int(np.abs(cover.grid.y_m - ARM_M).argmin())
    return cover.grid.x_m[cover.gpr[row] & ~found.gpr[row]]


def test_ground_is_lost_where_the_antennas_were(swept):
    scan, cover = swept
    lost = lost_x_m(scan, cover, np.ones(200, bool), Doubt("samples-clipped", "gpr", 3.0, 6.0, "ground"))
    assert lost[0] == pytest.approx(0.3, abs=0.006)
    assert lost[-1] == pytest.approx(0.6, abs=0.006)
    assert lost.size > 55


def test_samples_that_the_chain_dropped_vouch_for_nothing(swept):
    scan, cover = swept
    used = (scan.gpr.time_s < 2.0) | (scan.gpr.time_s > 7.0)
    lost = lost_x_m(scan, cover, used, Doubt("samples-clipped", "gpr", 3.0, 6.0, "ground"))
    assert lost[0] < 0.28
    assert lost[-1] > 0.62


@pytest.mark.parametrize("sensor", ("gpr", "pose"))
@pytest.mark.parametrize("code", [check.code for check in CHECKS])
def test_every_check_is_told_by_the_sensor_it_doubts(swept, code, sensor):
    scan, _ = swept
    own = KINDS[code].sensor
    said = faults_of([Doubt(code, own or sensor, 3.0, 6.0, "ground")], scan)
    worded = not KINDS[code].fields <= {"part", "stretches", "start_s", "stop_s"}
    if own is not None:
        assert worded  # told by who finds it, with the sensor that the kind declares
    elif not worded:
        (fault,) = said
        assert (fault.code, fault.sensor) == (code, sensor)


def test_a_doubt_of_another_pair_takes_nothing(swept):
    scan, cover = swept
    doubt = Doubt("samples-clipped", "gpr", 3.0, 6.0, "ground", channel=1)
    assert lost_x_m(scan, cover, np.ones(200, bool), doubt).size == 0


def test_heights_that_drift_away_from_the_grounds_echo_leave_no_ground_covered(sample_dir):
    scan = read_scan(sample_dir / "ts50_deep.h5")
    at, time_s = scan.pose.position_m.copy(), scan.pose.time_s
    at[:, 2] += 0.06 * (time_s - time_s[0]) / np.ptp(time_s)
    result = process_scan(replace(scan, pose=replace(scan.pose, position_m=at)))
    assert [one.code for one in result.faults].count("track-heights-differ") == 1
    assert "track-heights-differ" in {one.code for one in result.doubts}
    assert result.coverage_fraction == 0.0


def test_heights_that_are_all_too_high_are_told_by_the_delay_of_the_grounds_echo(sample_dir):
    scan = read_scan(sample_dir / "ts50_deep.h5")
    at = scan.pose.position_m + np.array([0.0, 0.0, 0.03])
    result = process_scan(replace(scan, emi=None, pose=replace(scan.pose, position_m=at)))
    (told,) = [one for one in result.faults if one.code == "track-offset"]
    assert told.values["offset_mm"] == pytest.approx(30.0, abs=8.0)
    assert "track-offset" in {one.code for one in result.doubts}
    assert not result.coverage.gpr.any()


def test_a_detector_that_only_drifts_covers_nothing(sample_dir):
    scan = read_scan(sample_dir / "ts50_deep.h5")
    rng = np.random.default_rng(2)
    data = scan.emi.data
    noise = np.diff(data, axis=0).std(axis=0) * rng.normal(size=data.shape) / 2.0
    drift = np.cumsum(rng.normal(size=(len(data), 1)), axis=0) * np.abs(noise).mean()
    dead = replace(scan.emi, data=(data.mean(axis=0) + drift + noise).astype(data.dtype))
    result = process_scan(replace(scan, gpr=None, emi=dead))
    assert "metal-unvouched" in {one.code for one in result.faults}
    assert not result.coverage.emi.any()
