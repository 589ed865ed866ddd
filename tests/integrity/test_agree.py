"""Passes over the same ground, and heights told twice."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.integrity import (
    clock_doubts,
    doubted,
    height_lag,
    inspect,
    metal_passes,
    radar_passes,
    told_offset_m,
    unvouched,
    without,
)
from dualsense.io import read_scan

DT_S = 1e-10


def sweep(late_s=0.0):
    """Passes to and fro, 2 cm apart, and what a field with details of some centimetres gives there."""
    time = np.arange(0.0, 30.0, 0.05)
    rng = np.random.default_rng(8)
    waves = rng.normal(0.0, 35.0, size=(40, 2))
    phases = rng.uniform(0.0, 2.0 * np.pi, size=(40, 60))

    def place(when):
        return np.column_stack([np.abs((0.25 * when + 0.3) % 0.6 - 0.3), 0.02 * 0.25 * when / 0.3])

    values = np.exp(1j * (place(time - late_s) @ waves.T)) @ np.exp(1j * phases)
    return values, place(time), time


def test_passes_of_a_good_track_agree():
    found = radar_passes(*_args(sweep()))
    assert found.doubts == ()
    assert found.whole > 0.8


@pytest.mark.parametrize("late_s", (0.15, 0.3, -0.2))
def test_a_clock_that_is_off_makes_them_disagree(late_s):
    found = radar_passes(*_args(sweep(late_s)))
    assert [one.code for one in found.doubts] == ["passes-disagree"]


def test_a_track_that_is_too_short_makes_traces_change_too_soon():
    values, place, time = sweep()
    found = radar_passes(values, DT_S, 0.3 * place, time)
    assert [one.code for one in found.doubts] == ["scale-disagrees"]


def test_a_track_of_half_the_length_is_told_by_the_length_of_waves():
    _, place, time = sweep()
    values = waves_from_below(place, 0.6)
    assert radar_passes(values, DT_S, place, time).doubts == ()
    assert [one.code for one in radar_passes(values, DT_S, 0.5 * place, time).doubts] == ["scale-disagrees"]


def waves_from_below(place, reach, hz=3e9):
    """Echoes from all sides, at angles whose sine is up to ``reach``."""
    rng = np.random.default_rng(4)
    away, turn = rng.uniform(0.0, 1.0, 60) ** 0.5, rng.uniform(0.0, 2.0 * np.pi, 60)
    waves = 2.0 * 2.0 * np.pi * hz / 3e8 * reach * away[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
    apart = DT_S * np.arange(60) - rng.uniform(0.0, 6e-9, (60, 1))
    at = np.exp(2j * np.pi * hz * apart) * np.exp(-((apart / 0.5e-9) ** 2))
    return np.exp(1j * place @ waves.T) @ at


def test_a_track_of_twice_the_length_is_told_where_the_head_would_be_quick():
    _, place, time = sweep()
    values = waves_from_below(place, 0.6, hz=2.75e9)
    quick = [one.code for one in radar_passes(values, DT_S, 2.0 * place, time).doubts]
    assert quick == ["scale-disagrees"]
    assert radar_passes(values, DT_S, 2.0 * place, 2.0 * time).doubts == ()


def test_what_is_left_of_the_grounds_echo_outvotes_no_thing_in_the_ground():
    """Quiet traces go with the time, as heights do; loud ones with the place."""
    values, place, time = sweep()
    knots = np.random.default_rng(3).normal(size=(80, 60, 2))
    slow = np.stack([np.interp(time, np.linspace(0.0, 30.0, 80), knots[:, k, 0]) for k in range(60)], axis=1)
    quiet = np.abs(place[:, 0] - 0.15) > 0.08
    values[quiet] = 0.02 * np.abs(values).mean() * slow[quiet]
    assert radar_passes(values, DT_S, place, time).doubts == ()
    late = np.column_stack([np.interp(time - 0.3, time, place[:, k]) for k in range(2)])
    assert [one.code for one in radar_passes(values, DT_S, late, time).doubts] == ["passes-disagree"]


def test_what_is_left_of_the_grounds_echo_is_not_held_against_what_lies_deeper():
    """Shallow echoes go with the time throughout; deeper ones with the place, or with another one."""
    values, place, time = sweep()
    knots = np.random.default_rng(3).normal(size=(80, 13, 2))
    slow = np.stack([np.interp(time, np.linspace(0.0, 30.0, 80), knots[:, k, 0]) for k in range(13)], axis=1)
    values[:, :13] = 3.0 * np.abs(values).mean() * slow
    found = radar_passes(values, DT_S, place, time)
    assert found.doubts == ()
    assert found.whole > 0.75
    late = np.column_stack([np.interp(time - 0.3, time, place[:, k]) for k in range(2)])
    assert [one.code for one in radar_passes(values, DT_S, late, time).doubts] == ["passes-disagree"]


def test_echoes_from_steep_angles_are_no_short_track_of_a_head_that_is_not_slow():
    _, place, time = sweep()
    values = waves_from_below(place, 0.45)
    assert [one.code for one in radar_passes(values, DT_S, 0.5 * place, time).doubts] == ["scale-disagrees"]
    assert radar_passes(values, DT_S, 0.5 * place, 0.4 * time).doubts == ()


def _args(swept):
    values, place, time = swept
    return values, DT_S, place, time


def test_metal_that_hums_in_time_agrees_along_a_pass_alone():
    values, place, time = sweep()
    field = 30.0 * np.column_stack([values[:, k].real for k in range(3)]) / np.abs(values).mean()
    assert metal_passes(field, place, time).doubts == ()
    hum = 30.0 * np.sin(2.0 * np.pi * 0.37 * time)[:, None] * np.ones(3)
    assert [one.code for one in metal_passes(hum, place, time).doubts] == ["metal-disagrees"]


def test_what_strong_metal_leaves_in_the_drift_is_not_held_against_it():
    """Most of the lane goes with time, and most of the energy lies where passes agree."""
    _, place, time = sweep()
    piece = 900.0 * np.exp(-((np.hypot(*(place - (0.15, 0.1)).T) / 0.06) ** 2))
    left = 9.0 * np.sin(2.0 * np.pi * 0.37 * time)
    strong = (piece + left)[:, None] * np.ones(3)
    assert metal_passes(strong, place, time).doubts == ()
    assert metal_passes(strong, place, time).whole < 0.3
    assert [one.code for one in metal_passes(left[:, None] * np.ones(3), place, time).doubts] == [
        "metal-disagrees"
    ]


@pytest.mark.parametrize("lag_s", (-0.2, 0.0, 0.1))
def test_heights_tell_the_lag(lag_s):
    time = np.arange(0.0, 25.0, 0.06)
    rng = np.random.default_rng(9)
    knots = rng.normal(0.0, 0.006, 100)

    def height(when):
        return 0.05 + np.interp(when, np.linspace(-1.0, 26.0, 100), knots)

    found, gain = height_lag(height(time) + rng.normal(0.0, 0.001, time.size), height(time - lag_s), time)
    assert found == pytest.approx(lag_s, abs=0.021)
    assert gain > 0.3 or lag_s == 0.0


def test_a_lag_of_the_heights_is_not_believed_where_passes_agree():
    time = np.arange(0.0, 25.0, 0.06)
    height = 0.05 + np.interp(time, np.linspace(-1.0, 26.0, 100), np.random.default_rng(9).normal(0.0, 0.006, 100))
    late = np.interp(time - 0.2, time, height)
    for passes, told in ((float("nan"), 1), (0.5, 1), (0.9, 0)):
        assert len(clock_doubts(height, late, time, passes)[0]) == told


def test_samples_in_doubt_are_left_out_and_the_scan_is_not_changed(sample_dir):
    scan = read_scan(sample_dir / "pmn_sand.h5")
    assert inspect(scan) == ()
    assert without(scan, ()) is scan
    scan.gpr.data[100:140] = scan.gpr.data[99]
    doubts = inspect(scan)
    assert {one.code for one in doubts} == {"samples-repeated"}
    bad = doubted(doubts, "gpr", scan.gpr.time_s)
    assert np.flatnonzero(bad).tolist() == list(range(100, 140))
    less = without(scan, doubts)
    assert less.gpr.time_s.size == scan.gpr.time_s.size - 40
    assert less.emi is scan.emi


@pytest.mark.parametrize(
    ("offset_m", "fine_m", "known", "told_m"),
    (
        (0.03, None, True, 0.03),
        (-0.03, -0.012, True, -0.03),
        (0.02, 0.002, True, 0.0),
        (0.02, -0.012, True, 0.0),
        (-0.0545, -0.0034, True, -0.0545),
        (0.012, None, True, 0.0),
        (0.03, None, False, 0.0),
        (0.05, None, False, 0.05),
        (None, None, True, 0.0),
    ),
)
def test_an_error_of_all_heights_is_told_where_it_is_beyond_what_good_lanes_have(offset_m, fine_m, known, told_m):
    assert told_offset_m(offset_m, fine_m, known=known) == told_m


def heard(gain, drift_size=40.0):
    """Drift, and the ground coming nearer and going, over 25 s in units of the noise."""
    time = np.arange(0.0, 25.0, 0.05)
    rng = np.random.default_rng(12)
    ground = 1.0 + 0.1 * np.interp(time, np.linspace(0.0, 25.0, 60), rng.normal(size=60))
    drift = np.column_stack([np.ones(time.size), time, time**2])
    wander = np.interp(time, np.linspace(0.0, 25.0, 20), rng.normal(size=20)) * drift_size
    values = gain * ground[:, None] * np.ones(3) + wander[:, None] + rng.normal(size=(time.size, 3))
    return values, drift, ground, time


def test_a_detector_that_hears_the_ground_come_and_go_lives():
    assert unvouched(*heard(1000.0), float("nan")) == ()


def test_one_that_drifts_alone_is_not_vouched_for():
    (doubt,) = unvouched(*heard(0.0), float("nan"))
    assert (doubt.code, doubt.sensor, doubt.takes_away) == ("metal-unvouched", "emi", "ground")
    assert unvouched(*heard(0.0), 0.9) == (doubt,)
    assert unvouched(*heard(0.0), 0.3) == ()  # passes agree on metal


def test_of_a_head_at_one_height_metal_alone_tells_and_a_line_is_not_asked():
    values, drift, ground, time = heard(0.0)
    level, place = np.ones_like(ground), sweep()[1][: time.size]
    assert unvouched(values, drift, level, time, float("nan")) == ()
    assert unvouched(values, drift, level, time, float("nan"), xy_m=10.0 * place) == ()
    assert len(unvouched(values, drift, level, time, float("nan"), xy_m=place)) == 1
    assert unvouched(values, drift, level, time, 0.3, xy_m=place) == ()
