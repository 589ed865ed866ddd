"""The hand and the tracker."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.simulate import _motion as motion
from dualsense.simulate import _path as path
from dualsense.simulate._scene.handling import Motion, Noise

STILL = Motion(length_m=0.4, width_m=0.2, line_spacing_m=0.04, line_std_m=0.0, height_std_m=0.0, spacing_std_m=0.0)


def test_lines_are_swept_to_and_fro():
    track = motion.sweep(STILL, rng=np.random.default_rng(0))
    x, y, z = track.position_m.T
    np.testing.assert_array_equal(z, 0.05)
    assert x.min() == pytest.approx(-0.02, abs=0.003)
    assert x.max() == pytest.approx(0.42, abs=0.003)
    assert y.min() == 0.0
    assert y.max() == pytest.approx(0.2, abs=1e-3)
    inner = (x > 0.02) & (x < 0.38)
    np.testing.assert_allclose(y[inner] / 0.04, np.round(y[inner] / 0.04), atol=0.03)
    assert len(np.unique(np.round(y[inner] / 0.04))) == 6
    turns = np.sum(np.diff(np.sign(np.diff(x[inner]))) != 0)
    assert turns >= 5


def test_the_head_slows_in_turns_and_never_exceeds_its_speed():
    track = motion.sweep(STILL, rng=np.random.default_rng(0))
    speed = np.linalg.norm(np.diff(track.position_m, axis=0), axis=1) * STILL.pose_rate_hz
    moving = (track.time_s[1:] > 0) & (track.time_s[:-1] < track.end_s)
    middle = np.abs(track.position_m[1:, 0] - 0.2) < 0.05
    assert speed.max() <= 0.3 * 1.01
    assert speed[middle & moving].mean() == pytest.approx(0.3, rel=0.01)
    turn = (track.position_m[1:, 0] > 0.4) & moving
    assert speed[turn].mean() < 0.2


def test_the_hand_never_pushes_harder_than_it_may():
    """From rest to rest: no more than the stated acceleration along the way, and as much across it."""
    fine = replace(STILL, acceleration_m_s2=0.8, speed_m_s=0.4, pose_rate_hz=400.0)
    way = path.over_lines(path.lines_y(fine, rng=np.random.default_rng(0)), fine)
    elapsed = path.elapsed_s(way, speed_m_s=0.4, acceleration_m_s2=0.8)
    assert np.diff(elapsed).min() > 0
    t = np.arange(0.0, elapsed[-1], 0.02)
    velocity = np.stack([np.gradient(np.interp(t, elapsed, c), t) for c in way.T], axis=-1)
    speed = np.linalg.norm(velocity, axis=1)
    assert speed.max() == pytest.approx(0.4, rel=0.01)
    assert max(speed[0], speed[-1]) < 0.05
    assert np.abs(np.gradient(speed, t)).max() < 0.8 * 1.1
    whole = np.linalg.norm(np.gradient(velocity, t, axis=0), axis=1)
    assert np.sqrt(np.mean(whole[whole > 0.5] ** 2)) < 0.8 * 1.2
    assert np.percentile(whole, 99) < 0.8 * np.sqrt(2) * 1.1
    bow = way[np.searchsorted(elapsed, t).clip(0, len(way) - 1), 0] > 0.401
    assert np.median(speed[bow]) == pytest.approx(np.sqrt(0.8 * 0.02), rel=0.05)  # v^2 / r = a


def test_lines_overlap_part_and_are_missed_in_their_shares():
    wide = Motion(width_m=20.0, line_spacing_m=0.02, spacing_std_m=0.004)
    even = 0.02 * np.arange(1001)
    y = path.lines_y(wide, rng=np.random.default_rng(1))
    assert len(y) == 1001
    assert np.std(y - even) == pytest.approx(0.004, rel=0.1)
    y = path.lines_y(replace(wide, missed_part=0.2, repeated_part=0.3), rng=np.random.default_rng(1))
    again = np.diff(y) == 0
    kept = np.unique(np.round(y / 0.02))
    assert again.mean() == pytest.approx(0.3 / 1.3, abs=0.04)
    assert len(np.unique(y)) == pytest.approx(800, abs=40)
    assert kept[0] == 0
    assert kept[-1] == 1000


def test_a_line_that_is_swept_twice_turns_on_its_heel():
    twice = replace(STILL, repeated_part=0.999, width_m=0.04)
    way = path.over_lines(path.lines_y(twice, rng=np.random.default_rng(0)), twice)
    assert way[:, 0].max() < 0.4 + 0.021
    there_and_back = np.abs(way[:, 1]) < 1e-9
    assert there_and_back.sum() * path.STEP_M == pytest.approx(0.8, abs=0.05)
    assert np.all(np.isfinite(path.elapsed_s(way, speed_m_s=0.3, acceleration_m_s2=1.5)))


def test_an_inertial_tracker_walks_away():
    track = motion.Track(np.arange(6000) / 60.0, np.zeros((6000, 3)), None, 100.0)
    noise = Noise(position_std_m=(0.0, 0.0, 0.0), position_walk_m_sqrt_s=0.002)
    ends = [motion.track_positions(track, noise, Motion(), rng=np.random.default_rng(i)) for i in range(120)]
    for second in (25, 100):
        at = np.concatenate([e[60 * second - 1] for e in ends])
        assert np.std(at) == pytest.approx(0.002 * np.sqrt(second), rel=0.12)


def test_clocks_are_off_by_what_is_asked_and_drawn():
    late = [motion.clock_error_s(0.05, Noise(clock_std_s=0.01), rng=np.random.default_rng(i)) for i in range(400)]
    assert np.mean(late) == pytest.approx(0.05, abs=0.0015)
    assert np.std(late) == pytest.approx(0.01, rel=0.1)


def test_wander_has_the_stated_size_and_the_floor_holds():
    wide = Motion(length_m=3.0, width_m=0.5, height_std_m=0.01, line_std_m=0.004, height_m=0.06)
    track = motion.sweep(wide, rng=np.random.default_rng(1))
    assert track.position_m[:, 2].std() == pytest.approx(0.01, rel=0.25)
    low = Motion(length_m=1.0, height_m=0.02, height_std_m=0.02, height_floor_m=0.015)
    assert motion.sweep(low, rng=np.random.default_rng(1)).position_m[:, 2].min() == 0.015


def test_tilt_is_a_rotation_of_the_stated_size():
    tilted = Motion(length_m=3.0, tilt_std_deg=5.0)
    track = motion.sweep(tilted, rng=np.random.default_rng(2))
    np.testing.assert_allclose(np.linalg.norm(track.orientation, axis=1), 1, rtol=1e-12)
    _, rotation = motion.pose_at(track, track.time_s)
    np.testing.assert_allclose(rotation @ np.swapaxes(rotation, 1, 2), np.eye(3) + 0 * rotation, atol=1e-12)
    assert np.linalg.det(rotation[0]) == pytest.approx(1)
    lean = np.degrees(np.arccos(rotation[:, 2, 2]))
    assert np.sqrt(np.mean(lean**2)) == pytest.approx(5 * np.sqrt(2), rel=0.25)


def test_tracker_noise_has_the_stated_deviation():
    track = motion.sweep(Motion(length_m=3.0), rng=np.random.default_rng(3))
    noise = Noise(position_std_m=(0.005, 0.002, 0.0))
    error = motion.track_positions(track, noise, Motion(), rng=np.random.default_rng(4)) - track.position_m
    np.testing.assert_allclose(error.std(axis=0)[:2], [0.005, 0.002], rtol=0.15)
    np.testing.assert_array_equal(error[:, 2], 0.0)
    lag = np.corrcoef(error[1:, 0], error[:-1, 0])[0, 1]
    assert 0.35 < lag < 0.65


def test_sample_times_increase_even_with_much_jitter():
    t = motion.sample_times(60.0, 50.0, jitter=0.4, rng=np.random.default_rng(5))
    assert t[0] >= 0
    assert t[-1] <= 60.0
    assert np.diff(t).min() > 0
    assert np.diff(t).std() > 0.2 / 50
    np.testing.assert_allclose(motion.sample_times(1.0, 50.0, rng=np.random.default_rng(0)), np.arange(50) / 50)


def test_correlated_noise():
    x = motion.correlated_noise(200_000, 10.0, rng=np.random.default_rng(6))
    assert x.std() == pytest.approx(1, rel=0.03)
    for lag in (5, 10, 20):
        assert np.mean(x[lag:] * x[:-lag]) == pytest.approx(np.exp(-((lag / 10) ** 2)), abs=0.03)
