"""The hand and the tracker."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.simulate import motion
from dualsense.simulate.handling import Motion, Noise

STILL = Motion(length_m=0.4, width_m=0.2, line_spacing_m=0.04, line_std_m=0.0, height_std_m=0.0)


def test_lines_are_swept_to_and_fro():
    track = motion.sweep(STILL, rng=np.random.default_rng(0))
    x, y, z = track.position_m.T
    np.testing.assert_array_equal(z, 0.05)
    assert x.min() == pytest.approx(-0.02, abs=0.002)
    assert x.max() == pytest.approx(0.42, abs=0.002)
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
    _, rotation = motion.at(track, track.time_s)
    np.testing.assert_allclose(rotation @ np.swapaxes(rotation, 1, 2), np.eye(3) + 0 * rotation, atol=1e-12)
    assert np.linalg.det(rotation[0]) == pytest.approx(1)
    lean = np.degrees(np.arccos(rotation[:, 2, 2]))
    assert np.sqrt(np.mean(lean**2)) == pytest.approx(5 * np.sqrt(2), rel=0.25)


def test_tracker_noise_has_the_stated_deviation():
    track = motion.sweep(Motion(length_m=3.0), rng=np.random.default_rng(3))
    noise = Noise(position_std_m=(0.005, 0.002, 0.0))
    error = motion.tracked(track, noise, Motion(), rng=np.random.default_rng(4)) - track.position_m
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
    x = motion.correlated(200_000, 10.0, rng=np.random.default_rng(6))
    assert x.std() == pytest.approx(1, rel=0.03)
    for lag in (5, 10, 20):
        assert np.mean(x[lag:] * x[:-lag]) == pytest.approx(np.exp(-((lag / 10) ** 2)), abs=0.03)
