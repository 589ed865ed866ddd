"""Metal and echoes of the same objects, at one place or aside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.chain import process_scan
from dualsense.integrity import sensors_in_place, ways_in_step
from dualsense.io import read_scan

TIME_S = np.linspace(0.0, 40.0, 600)


def lane(objects, offset_m=(0.0, 0.0), *, stones=4, alone=0, seed=1):
    """Objects with metal and an echo on 0.5 m2, stones without metal, and metal without an echo."""
    rng = np.random.default_rng(seed)
    there = rng.uniform((0.0, 0.0), (1.0, 0.5), (objects, 2))
    metal = np.concatenate([there + offset_m, rng.uniform((0.0, 0.0), (1.0, 0.5), (alone, 2))])
    echo = np.concatenate([there, rng.uniform((0.0, 0.0), (1.0, 0.5), (stones, 2))])
    metal, echo = (one + rng.normal(0.0, 0.008, one.shape) for one in (metal, echo))
    return metal, np.full(len(metal), 0.005**2), np.full(len(metal), 3000.0), echo, 0.5, TIME_S


@pytest.mark.parametrize("seed", range(12))
def test_objects_in_place_are_left_alone(seed):
    found = sensors_in_place(*lane(1 + seed % 4, alone=seed % 3, seed=seed))
    assert found.doubts == ()


@pytest.mark.parametrize("offset_m", ((0.1, 0.0), (0.0, -0.15), (-0.07, 0.07), (0.06, 0.0)))
def test_an_offset_that_all_share_is_told(offset_m):
    found = sensors_in_place(*lane(4, offset_m, alone=1))
    (doubt,) = found.doubts
    assert (doubt.code, doubt.sensor, doubt.takes_away) == ("places-disagree", "pose", "ground")
    assert np.abs(found.offset_m - offset_m).max() < 3.0 * found.std_m.max()
    assert 0.004 < found.std_m.max() < 0.02
    assert found.sigmas > 3.6


def test_the_deviate_grows_with_the_objects_and_its_error_falls():
    few, many = (sensors_in_place(*lane(n, (0.1, 0.0), stones=0)) for n in (2, 8))
    assert many.sigmas > few.sigmas
    assert many.std_m.max() < few.std_m.max()


def test_one_object_alone_may_be_metal_beside_a_stone():
    found = sensors_in_place(*lane(1, (0.1, 0.0), stones=0))
    assert found.doubts == ()
    assert 2.0 < found.sigmas < 3.6


def test_metal_whose_place_is_not_known_is_not_asked():
    metal, variance, statistic, *rest = lane(4, (0.1, 0.0))
    for own in ((metal, np.full(4, 0.03**2), statistic), (metal, variance, np.full(4, 100.0))):
        found = sensors_in_place(*own, *rest)
        assert found.objects == 0
        assert found.doubts == ()


def test_nothing_is_told_without_echoes():
    found = sensors_in_place(*lane(3)[:3], np.zeros((0, 2)), 0.5, TIME_S)
    assert found.doubts == ()
    assert np.isnan(found.offset_m).all()


def test_antennas_that_the_file_puts_elsewhere_leave_no_ground_covered(sample_dir):
    scan = read_scan(sample_dir / "ts50_casing.h5")
    assert not {"places-disagree", "ways-disagree"} & {one.code for one in process_scan(scan).faults}
    data, aside = scan.gpr, np.array([0.0, 0.1, 0.0])
    moved = replace(data, tx_position_m=data.tx_position_m + aside, rx_position_m=data.rx_position_m + aside)
    result = process_scan(replace(scan, gpr=moved))
    (fault,) = [one for one in result.faults if one.code == "places-disagree"]
    assert "10 cm" in fault.message or "9 cm" in fault.message
    assert result.coverage_fraction == 0.0
    assert "likely-clutter" not in {one.call for one in result.targets}


def test_the_lag_that_ways_tell_has_its_error():
    speed = np.array([0.3, 0.4, 0.35])
    found = ways_in_step(2.0 * speed * 0.1 + (0.004, -0.006, 0.002), speed, TIME_S)
    assert [(one.code, one.sensor) for one in found.doubts] == [("ways-disagree", "gpr")]
    assert found.late_s == pytest.approx(0.1, abs=2.0 * found.std_s)
    assert found.sigmas > 4.0
    alone = ways_in_step(2.0 * speed[:1] * 0.1, speed[:1], TIME_S)
    assert alone.std_s > found.std_s


@pytest.mark.parametrize("apart_m", ((0.02, -0.015, 0.01), (0.035, 0.03), (-0.035,), (0.15, -0.1, 0.02)))
def test_ways_that_scatter_are_no_lag(apart_m):
    assert ways_in_step(np.array(apart_m), np.full(len(apart_m), 0.35), TIME_S).doubts == ()


def test_nothing_is_told_without_objects():
    found = ways_in_step(np.zeros(0), np.zeros(0), TIME_S)
    assert (found.doubts, found.objects, found.sigmas) == ((), 0, 0.0)


def test_a_radar_clock_that_is_late_puts_echoes_apart(sample_dir):
    scan = read_scan(sample_dir / "ts50_casing.h5")
    late = replace(scan.gpr, time_s=scan.gpr.time_s + 0.1)
    result = process_scan(replace(scan, gpr=late))
    (fault,) = [one for one in result.faults if one.code == "ways-disagree"]
    assert "apart by passes to and by passes fro" in fault.message
    assert result.sensor_coverage["gpr"] == 0.0
    told_ms, std_ms = map(float, result.provenance["gpr_late_ms"].split(" by")[0].split(" +- "))
    assert abs(told_ms - 100.0) < 3.0 * std_ms
