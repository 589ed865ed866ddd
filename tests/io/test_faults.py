"""Data that are bad in part: masked, counted and told; never taken for quiet ground."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dualsense.io import read_scan
from dualsense.io._samples import Stream, examine_samples
from dualsense.io._track import covered_by_pose
from dualsense.scan import Pose
from dualsense.survey import track_at


def only(scan, sensor, severity, path, *parts):
    """The one fault of a scan, checked."""
    assert len(scan.faults) == 1, scan.faults
    fault = scan.faults[0]
    assert (fault.sensor, fault.severity, fault.path) == (sensor, severity, path)
    for part in parts:
        assert part in fault.message, fault.message
    return fault


def change(path, edit_data):
    """An edit that changes the array of a dataset in place."""

    def apply(file):
        data = file[path][...]
        edit_data(data)
        file[path][...] = data

    return apply


@pytest.mark.parametrize("value", (np.nan, np.inf, complex(1.0, np.nan), complex(-np.inf, 0.0)))
@pytest.mark.parametrize("sensor", ("gpr", "emi"))
def test_isolated_values_are_masked_and_counted(scan_file, sensor, value):
    def spoil(data):
        data[3, 1] = data[40, 2] = value

    scan = read_scan(scan_file(change(f"/{sensor}/data", spoil)))
    data = getattr(scan, sensor).data
    assert np.isnan(data.real).sum() == np.isnan(data.imag).sum() == 2
    only(
        scan, sensor, "info", f"/{sensor}/data", f"2 of {data.size} values", "in 2 soundings", "not finite; masked"
    )


def test_more_than_a_few_degrade(scan_file):
    def spoil(data):
        data[::10] = np.nan

    scan = read_scan(scan_file(change("/gpr/data", spoil)))
    assert np.isnan(scan.gpr.data).all(axis=1).sum() == 12
    only(scan, "gpr", "degraded", "/gpr/data", "252 of 2520 values", "in 12 soundings")


@pytest.mark.parametrize("sensor", ("gpr", "emi"))
def test_so_many_that_the_sensor_fails(scan_file, sensor):
    def spoil(data):
        data[::3] = np.nan

    scan = read_scan(scan_file(change(f"/{sensor}/data", spoil)))
    assert getattr(scan, sensor) is None
    assert (scan.gpr is None) != (scan.emi is None)
    only(scan, sensor, "failed", f"/{sensor}/data", "missing in too many soundings")


@pytest.mark.parametrize(
    ("sensor", "tone", "name"),
    (("gpr", 7, "1.5 GHz"), ("emi", 1, "9.6 kHz")),
)
@pytest.mark.parametrize("value", (np.nan, 0.0, 2.0 - 1.0j))
def test_dead_tone_is_named_and_not_used(scan_file, sensor, tone, name, value):
    def spoil(data):
        data[:, tone] = value

    scan = read_scan(scan_file(change(f"/{sensor}/data", spoil)))
    data = getattr(scan, sensor).data
    assert np.isnan(data[:, tone]).all()
    assert np.isfinite(np.delete(data, tone, axis=1)).all()
    why = "missing in more than 25%" if np.isnan(value) else "the same in every sounding"
    only(scan, sensor, "degraded", f"/{sensor}/data", name, why, "not used")


def test_tone_missing_in_many_soundings_is_not_used(scan_file):
    def spoil(data):
        data[:40, 7] = np.nan

    scan = read_scan(scan_file(change("/gpr/data", spoil)))
    assert np.isnan(scan.gpr.data[:, 7]).all()
    only(scan, "gpr", "degraded", "/gpr/data", "1.5 GHz is missing in more than 25%")


def test_many_dead_tones_are_listed_shortly(scan_file):
    def spoil(data):
        data[:, 2:8] = 0

    scan = read_scan(scan_file(change("/gpr/data", spoil)))
    only(scan, "gpr", "degraded", "/gpr/data", "1 GHz, 1.1 GHz, 1.2 GHz, 1.3 GHz and 2 more are the same")


def test_radar_without_half_of_its_band_fails(scan_file):
    def spoil(data):
        data[:, :11] = np.nan

    scan = read_scan(scan_file(change("/gpr/data", spoil)))
    assert scan.gpr is None
    only(scan, "gpr", "failed", "/gpr/data", "only 10 of 21")


def test_metal_detector_goes_on_with_one_frequency(scan_file):
    def spoil(data):
        data[:, :2] = np.nan

    scan = read_scan(scan_file(change("/emi/data", spoil)))
    assert np.isfinite(scan.emi.data[:, 2]).all()
    only(scan, "emi", "degraded", "/emi/data", "2.4 kHz, 9.6 kHz are missing")


def test_dead_gate_of_a_pulse_detector(scan_file, edit):
    def spoil(data):
        data[:, 3] = 0.0

    scan = read_scan(scan_file(edit.pulse, change("/emi/data", spoil)))
    only(scan, "emi", "degraded", "/emi/data", "gate 3 (80-120 µs) is the same")


@pytest.mark.parametrize("value", (0.0, 5.0))
@pytest.mark.parametrize("sensor", ("gpr", "emi"))
def test_constant_sensor_fails_and_the_other_goes_on(scan_file, sensor, value):
    def spoil(data):
        data[...] = value

    scan = read_scan(scan_file(change(f"/{sensor}/data", spoil)))
    assert getattr(scan, sensor) is None
    assert getattr(scan, "emi" if sensor == "gpr" else "gpr") is not None
    word = "constant" if value else "zero"
    only(scan, sensor, "failed", f"/{sensor}/data", f"soundings are {word}")


def test_sensor_that_repeats_one_sounding_fails(scan_file):
    def spoil(data):
        data[...] = data[0]

    scan = read_scan(scan_file(change("/gpr/data", spoil)))
    assert scan.gpr is None
    only(scan, "gpr", "failed", "/gpr/data", "all 120 soundings are constant")


@pytest.mark.parametrize("sensor", ("gpr", "emi"))
def test_constant_channel_of_an_array_head(scan_file, edit, sensor):
    def spoil(data):
        data[1::3] = 0.25

    scan = read_scan(scan_file(edit.array_head, change(f"/{sensor}/data", spoil)))
    data = getattr(scan, sensor).data
    assert np.isnan(data[1::3]).all()
    assert np.isfinite(data[0::3]).all()
    assert np.isfinite(data[2::3]).all()
    only(scan, sensor, "degraded", f"/{sensor}/data", "channel 1: all", "constant; not used")


def test_every_channel_constant(scan_file, edit):
    def spoil(data):
        for number in range(3):
            data[number::3] = number

    scan = read_scan(scan_file(edit.array_head, change("/gpr/data", spoil)))
    assert scan.gpr is None
    only(
        scan,
        "gpr",
        "failed",
        "/gpr/data",
        "channel 0: all 40 soundings are zero; channel 1: all 40 soundings are c",
    )


def test_channel_that_never_sounds(scan_file, edit):
    def spoil(file):
        edit.array_head(file)
        edit.put(file, "/gpr/channel", np.arange(120) % 2)

    scan = read_scan(scan_file(spoil))
    only(scan, "gpr", "degraded", "/gpr/data", "channel 2: made no sounding")


def test_soundings_without_signal_are_missing_not_empty_ground(scan_file):
    def spoil(data):
        data[10:15] = 0.0

    for sensor in ("gpr", "emi"):
        scan = read_scan(scan_file(change(f"/{sensor}/data", spoil), name=f"{sensor}.h5"))
        assert np.isnan(getattr(scan, sensor).data[10:15]).all()
        only(scan, sensor, "degraded", f"/{sensor}/data", "5 soundings hold no signal at all; masked")


@pytest.mark.parametrize(("sensor", "run"), (("gpr", 12), ("emi", 60)))
def test_stuck_sensor(scan_file, sensor, run):
    def spoil(data):
        data[20 : 20 + run] = data[20]

    scan = read_scan(scan_file(change(f"/{sensor}/data", spoil)))
    data = getattr(scan, sensor).data
    assert np.isfinite(data[20]).all()
    assert np.isnan(data[21 : 20 + run]).all()
    assert np.isfinite(data[20 + run :]).all()
    only(scan, sensor, "degraded", f"/{sensor}/data", f"{run - 1} soundings repeat the one before", "masked")


def test_short_repetition_is_let_be(scan_file):
    def spoil(data):
        data[20:25] = data[20]

    assert read_scan(scan_file(change("/gpr/data", spoil))).faults == ()


def test_empty_sensor_fails_and_the_other_goes_on(scan_file, edit):
    def empty(file):
        edit.put(file, "/emi/time", np.zeros(0))
        edit.put(file, "/emi/data", np.zeros((0, 3), complex))

    scan = read_scan(scan_file(empty))
    assert scan.emi is None
    assert scan.gpr is not None
    only(scan, "emi", "failed", "/emi/data", "holds no soundings")


# The track


def test_gap_in_the_track_is_a_fault_and_the_samples_kept(scan_file, edit):
    def gap(file):
        keep = np.ones(400, bool)
        keep[100:140] = False  # 5 to 7 s
        edit.put(file, "/pose/time", file["/pose/time"][keep])
        edit.put(file, "/pose/position", file["/pose/position"][keep])

    path = scan_file(gap)
    for with_data in (True, False):
        scan = read_scan(path, with_data=with_data)
        assert scan.gpr.time_s.size == 120
        lost = int(((scan.gpr.time_s > 4.95) & (scan.gpr.time_s < 7.0)).sum())
        gpr, emi = scan.faults
        assert (gpr.sensor, gpr.severity, gpr.path) == ("gpr", "degraded", "/gpr/time")
        assert gpr.message == f"{lost} of 120 soundings have no pose within 0.5 s; their ground is not covered"
        assert (emi.sensor, emi.severity, emi.path) == ("emi", "degraded", "/emi/time")


def test_end_of_the_track(scan_file, edit):
    def early(file):
        keep = file["/pose/time"][:] <= 10.0
        edit.put(file, "/pose/time", file["/pose/time"][keep])
        edit.put(file, "/pose/position", file["/pose/position"][keep])

    scan = read_scan(scan_file(early, emi=False))
    lost = int((scan.gpr.time_s > 10.5).sum())
    only(scan, "gpr", "degraded", "/gpr/time", f"{lost} of 120 soundings have no pose")


def test_short_gaps_and_ends_are_no_fault(scan_file, edit):
    def thin(file):
        keep = np.arange(400) % 10 == 5  # every 0.5 s, from 0.25 to 19.75 s
        edit.put(file, "/pose/time", file["/pose/time"][keep])
        edit.put(file, "/pose/position", file["/pose/position"][keep])

    assert read_scan(scan_file(thin)).faults == ()


def test_one_sensor_without_any_pose_fails(scan_file, edit):
    scan = read_scan(scan_file(lambda file: edit.put(file, "/emi/time", 500.0 + file["/emi/time"][:])))
    assert scan.emi is None
    assert scan.gpr is not None
    only(scan, "emi", "failed", "/emi/time", "runs from 500.05 to 517.99 s", "found them from 0 to 19.95 s")


def test_isolated_poses_are_dropped(scan_file):
    def spoil(data):
        data[5] = np.nan

    scan = read_scan(scan_file(change("/pose/position", spoil)))
    assert scan.pose.time_s.size == 399
    assert np.isfinite(scan.pose.position_m).all()
    only(scan, "pose", "info", "/pose/position", "1 of 400 poses are not finite; dropped")


def test_lost_tracking_leaves_a_gap(scan_file):
    def spoil(data):
        data[100:120] = np.nan

    scan = read_scan(scan_file(change("/pose/position", spoil)))
    assert [fault.sensor for fault in scan.faults] == ["pose", "gpr", "emi"]
    assert all(fault.severity == "degraded" for fault in scan.faults)


def test_poses_lose_rows_together(scan_file, edit):
    def spoil(file):
        turns = np.tile([1.0, 0.0, 0.0, 0.0], (400, 1))
        turns[9] = np.nan
        edit.put(file, "/pose/orientation", turns)
        edit.put(file, "/pose/position_std", np.full((400, 3), 0.01), "m")

    pose = read_scan(scan_file(spoil)).pose
    shapes = {len(pose.time_s), len(pose.position_m), len(pose.orientation), len(pose.position_std_m)}
    assert shapes == {399}


def test_unknown_tracking_error(scan_file, edit):
    def some(file):
        std = np.full((400, 3), 0.01)
        std[3] = np.inf
        edit.put(file, "/pose/position_std", std, "m")

    scan = read_scan(scan_file(some))
    assert np.isnan(scan.pose.position_std_m[3]).all()
    only(scan, "pose", "info", "/pose/position_std", "3 of 1200 tracking errors")
    scan = read_scan(scan_file(lambda file: edit.put(file, "/pose/position_std", [np.nan] * 3, "m")))
    assert scan.pose.position_std_m is None
    only(scan, "pose", "degraded", "/pose/position_std", "taken as unknown")


def test_isolated_sounding_without_a_time_is_dropped(scan_file):
    def spoil(data):
        data[[4, 77]] = np.nan

    scan = read_scan(scan_file(change("/gpr/time", spoil)))
    with h5py.File(scan_file(name="plain.h5")) as file:
        plain = file["/gpr/data"][:]
    assert np.array_equal(scan.gpr.data, np.delete(plain, [4, 77], axis=0))
    assert scan.gpr.channel.shape == scan.gpr.time_s.shape == (118,)
    only(scan, "gpr", "info", "/gpr/time", "2 of 120 soundings have no finite time; dropped")


@pytest.mark.parametrize(
    ("spoil", "severity", "kept"),
    ((slice(3, 4), "info", True), (slice(0, 5), "degraded", True), (slice(0, 8), "degraded", False)),
)
@pytest.mark.parametrize("value", (0.0, np.nan))
def test_reference_that_cannot_calibrate(scan_file, edit, spoil, severity, kept, value):
    reference = np.ones(21, complex)
    reference[spoil] = value
    scan = read_scan(scan_file(lambda file: edit.put(file, "/gpr/reference", reference)))
    assert (scan.gpr.reference is not None) == kept
    if kept:
        assert np.isnan(scan.gpr.reference[spoil]).all()
        assert (np.delete(scan.gpr.reference, spoil) == 1.0).all()
    only(
        scan,
        "gpr",
        severity,
        "/gpr/reference",
        f"{spoil.stop - spoil.start} of 21 values of the free-air reference",
    )


# Invariants

samples = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14),
    elements=st.sampled_from([0.0, 1.0, 2.0, -3.5, np.nan, np.inf]),
)


@given(samples, st.sampled_from(["gpr", "emi"]), st.integers(1, 3), st.booleans())
@settings(deadline=None, derandomize=True, max_examples=150)
def test_examination_only_ever_takes_away(data, sensor, channels, quiet):
    before = data.copy()
    numbers = np.arange(len(data)) % channels
    stream = Stream(sensor, "/x/data", [f"tone {i}" for i in range(data.shape[1])], channels, quiet_columns=quiet)
    found, faults = examine_samples(data, numbers, stream)
    assert np.array_equal(data, before, equal_nan=True)
    if found is None:
        assert [fault.severity for fault in faults] == ["failed"]
        return
    finite = np.isfinite(found)
    assert np.array_equal(found[finite], before[finite])
    assert np.isfinite(found).any()
    assert np.isnan(found[~finite]).all()
    if not finite.all():
        assert faults
        assert {fault.severity for fault in faults} <= {"info", "degraded"}
    again, _ = examine_samples(found, numbers, stream)
    assert again is None or not (np.isfinite(again) & ~finite).any()


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=12, unique=True),
    st.lists(st.integers(-20, 80), min_size=1, max_size=20),
)
@settings(deadline=None, derandomize=True)
def test_coverage_is_that_of_the_survey(pose_ticks, ticks):
    """What the reader reports as not covered is what the survey stage leaves out."""
    pose_time = np.sort(np.array(pose_ticks)) / 8.0
    time = np.sort(np.array(ticks)) / 8.0
    covered = covered_by_pose(pose_time, time)
    for one, at in zip(covered, time, strict=True):
        later, earlier = pose_time[pose_time >= at], pose_time[pose_time <= at]
        gap = later.min() - earlier.max() if later.size and earlier.size else np.abs(pose_time - at).min()
        assert one == (gap <= 0.5)
    pose = Pose(pose_time, np.zeros((pose_time.size, 3)))
    assert np.array_equal(track_at(pose, time).covered, covered)
