"""Positions at a sensor's own times: smoothing, gaps, turning heads."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dualsense.scan import Pose
from dualsense.survey._track import SLOW_PART, lever_arm, near_ground, track_at
from oracles import survey as plain

ONE = np.zeros(1, np.intp)


def quaternion(yaw=0.0, pitch=0.0, roll=0.0):
    """w, x, y, z of a turn about z, then the new y, then the new x."""
    cy, sy, cp, sp, cr, sr = (f(0.5 * a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin))
    return np.array(
        [
            cr * cp * cy + sr * sp * sy,
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
        ]
    )


def walk(n=200, rate_hz=50.0, **options):
    t = np.arange(n) / rate_hz
    return Pose(t, np.column_stack([0.3 * t, 0.1 * np.sin(t), 0.04 + 0.005 * np.cos(3 * t)]), **options)


def parabola(t):
    return np.column_stack([0.2 + 0.3 * t - 0.4 * t**2, -0.1 * t + 0.8 * t**2, 0.05 + 0.0 * t])


# --- smoothing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("smoothing_s", (0.05, 0.1, 0.5))
def test_a_parabola_is_kept_exactly(smoothing_s):
    t = np.linspace(0.0, 3.0, 301)
    at = np.linspace(0.5, 2.5, 173)
    track = track_at(Pose(t, parabola(t)), at, smoothing_s=smoothing_s)
    np.testing.assert_allclose(track.position_m, parabola(at), rtol=0, atol=1e-12)


def test_irregular_poses_keep_a_parabola():
    rng = np.random.default_rng(0)
    t = np.sort(rng.uniform(0.0, 3.0, 400))
    at = np.sort(rng.uniform(0.3, 2.7, 100))
    track = track_at(Pose(t, parabola(t)), at)
    worst = np.abs(track.position_m - parabola(at)).max()
    assert worst < 1e-9


def test_noise_falls_by_the_predicted_gain():
    rng = np.random.default_rng(1)
    t = np.arange(20_000) / 50.0
    noise = 0.005 * rng.standard_normal((t.size, 3))
    pose = Pose(t, parabola(0.0 * t) + noise, position_std_m=np.full((t.size, 3), 0.005))
    at = np.arange(500.0, 399_000.0, 37.3) / 1000.0
    track = track_at(pose, at)
    found = (track.position_m - parabola(0.0 * at)).std(axis=0)
    white = (track.position_std_m**2 - SLOW_PART * 0.005**2) / (1.0 - SLOW_PART)
    predicted = np.sqrt(white.mean(axis=0))
    np.testing.assert_allclose(found, predicted, rtol=0.05)
    assert (predicted < 0.7 * 0.005).all()


@pytest.mark.parametrize("smoothing_s", (0.0, 0.01))
def test_without_smoothing_the_track_is_interpolated(smoothing_s):
    """Also where the window is shorter than the step between poses."""
    pose = walk(position_std_m=np.full((200, 3), 0.004))
    at = np.linspace(0.013, 3.9, 57)
    track = track_at(pose, at, smoothing_s=smoothing_s)
    for k in range(3):
        np.testing.assert_allclose(track.position_m[:, k], np.interp(at, pose.time_s, pose.position_m[:, k]))
    np.testing.assert_array_equal(track.position_std_m, 0.004)


def test_smoothing_does_not_reach_beyond_the_ends():
    """At the first and last pose, and past them, there is nothing to fit on one side."""
    rng = np.random.default_rng(2)
    t = np.linspace(0.0, 2.0, 101)
    pose = Pose(t, parabola(t) + 0.005 * rng.standard_normal((101, 3)), position_std_m=np.full((101, 3), 0.005))
    at = np.array([-0.3, -0.01, 0.0, 0.005, 1.995, 2.0, 2.01, 2.3])
    track = track_at(pose, at)
    assert np.abs(track.position_m - parabola(np.clip(at, 0.0, 2.0))).max() < 0.02
    assert (track.position_std_m <= 0.005 * (1 + 1e-12)).all()


times = st.lists(st.floats(0.0, 2.0), min_size=1, max_size=60, unique=True).map(np.array).map(np.sort)


@given(times, st.integers(0, 1000), st.floats(0.01, 0.6))
def test_smoothing_never_makes_noise_worse(pose_time, seed, smoothing_s):
    """Any spacing of poses, gaps among them: errors of the poses are averaged, not blown up."""
    assume(pose_time.size < 2 or np.diff(pose_time).min() > 1e-6)
    rng = np.random.default_rng(seed)
    noise = rng.choice([-1.0, 1.0], (pose_time.size, 3))
    at = np.linspace(-0.2, 2.2, 97)
    track = track_at(
        Pose(pose_time, noise, position_std_m=np.ones((pose_time.size, 3))), at, smoothing_s=smoothing_s
    )
    inside = track.covered
    assert (track.position_std_m[inside] <= 1.0 + 1e-9).all()
    assert np.isfinite(track.position_m[inside]).all()
    assert np.isnan(track.position_m[~inside]).all()


def test_unknown_tracking_error_stays_unknown():
    assert np.isnan(track_at(walk(), np.array([1.0])).position_std_m).all()


@pytest.mark.slow
def test_a_long_window_over_a_long_track_stays_within_memory():
    """Ten minutes at 200 Hz, smoothed over a second to either side."""
    t = np.arange(120_000) / 200.0
    pose = Pose(t, np.column_stack([0.001 * t, 0.0 * t, 0.04 + 0.0 * t]))
    tracemalloc.start()
    track = track_at(pose, t, smoothing_s=0.1)
    wide = track_at(pose, t[:20_000], smoothing_s=2.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300e6
    np.testing.assert_allclose(track.position_m, pose.position_m, rtol=0, atol=1e-9)
    np.testing.assert_allclose(wide.position_m, pose.position_m[:20_000], rtol=0, atol=1e-9)


# --- gaps ------------------------------------------------------------------------------------------------


def test_gaps_longer_than_half_a_second_are_not_covered():
    t = np.concatenate([np.arange(0.0, 1.001, 0.02), np.arange(1.5, 2.001, 0.02), np.arange(2.52, 3.0, 0.02)])
    pose = Pose(t, np.column_stack([t, t, t]))
    at = np.array([-0.51, -0.49, 0.5, 1.0, 1.25, 1.5, 2.0, 2.1, 2.3, 2.52, 2.9, 3.4, 3.6])
    expected = [False, True, True, True, True, True, True, False, False, True, True, True, False]
    track = track_at(pose, at)
    assert track.covered.tolist() == expected
    assert np.isnan(track.position_m).any(axis=1).tolist() == [not c for c in expected]
    inside = track.covered & (at >= 0.0) & (at <= t[-1])
    np.testing.assert_allclose(track.position_m[inside, 0], at[inside], rtol=0, atol=1e-9)


def test_a_single_pose():
    pose = Pose(np.array([1.0]), np.array([[0.1, 0.2, 0.3]]))
    track = track_at(pose, np.array([0.4, 0.6, 1.0, 1.4, 1.6]))
    assert track.covered.tolist() == [False, True, True, True, False]
    np.testing.assert_array_equal(track.position_m[1:4], np.tile([0.1, 0.2, 0.3], (3, 1)))


def test_no_samples():
    track = track_at(walk(orientation=np.tile(quaternion(), (200, 1))), np.empty(0))
    assert track.position_m.shape == (0, 3)
    assert track.rotation.shape == (0, 3, 3)
    assert lever_arm(track, np.zeros((1, 3)), np.empty(0, np.intp)).shape == (0, 3)


def test_input_is_left_alone():
    pose = walk(orientation=np.tile(-quaternion(0.3), (200, 1)) * np.resize([1.0, -1.0], 200)[:, None])
    kept = [pose.position_m.copy(), pose.orientation.copy()]
    track_at(pose, np.array([0.5]))
    np.testing.assert_array_equal(pose.position_m, kept[0])
    np.testing.assert_array_equal(pose.orientation, kept[1])


# --- orientation -----------------------------------------------------------------------------------------


def turned(q, at=(0.5,), n=11):
    pose = Pose(np.linspace(0.0, 1.0, n), np.tile([1.0, 2.0, 0.05], (n, 1)), np.broadcast_to(q, (n, 4)))
    return track_at(pose, np.array(at))


def test_lever_arm_of_a_head_turned_to_the_left():
    """A quarter turn about z takes the head's x to the lane's y, and its y to the lane's -x."""
    track = turned(quaternion(yaw=np.pi / 2))
    moved = lever_arm(track, np.array([[0.1, 0.02, -0.01]]), ONE)
    np.testing.assert_allclose(moved, [[1.0 - 0.02, 2.0 + 0.1, 0.05 - 0.01]], atol=1e-15)


@pytest.mark.parametrize(
    ("turn", "expected"),
    (
        ({"pitch": np.pi / 2}, (0.0, 0.0, -0.1)),  # nose down about y: x goes to -z
        ({"roll": np.pi / 2}, (0.1, 0.0, 0.0)),
        ({"yaw": np.pi}, (-0.1, 0.0, 0.0)),
    ),
)
def test_turns_about_each_axis(turn, expected):
    moved = lever_arm(turned(quaternion(**turn)), np.array([[0.1, 0.0, 0.0]]), ONE)
    np.testing.assert_allclose(moved[0] - [1.0, 2.0, 0.05], expected, atol=1e-15)


@given(st.floats(-3.1, 3.1), st.floats(-1.5, 1.5), st.floats(-3.1, 3.1))
def test_rotation_is_that_of_scipy(yaw, pitch, roll):
    from scipy.spatial.transform import Rotation

    expected = Rotation.from_euler("ZYX", [yaw, pitch, roll]).as_matrix()
    np.testing.assert_allclose(turned(quaternion(yaw, pitch, roll)).rotation[0], expected, atol=1e-12)


@given(st.lists(st.booleans(), min_size=21, max_size=21))
def test_a_quaternion_and_its_negative_are_the_same_turn(flipped):
    """Trackers flip the sign at will; between two poses the head still turns the short way."""
    angle = np.linspace(0.0, 2.0, 21)
    q = np.array([quaternion(yaw=a) for a in angle])
    q[np.array(flipped)] *= -1.0
    t = np.linspace(0.0, 1.0, 21)
    at = np.linspace(0.0, 1.0, 57)
    track = track_at(Pose(t, np.zeros((21, 3)), q), at)
    found = np.unwrap(np.arctan2(track.rotation[:, 1, 0], track.rotation[:, 0, 0]))
    np.testing.assert_allclose(found, 2.0 * at, atol=1e-5)


def test_each_channel_has_its_own_arm():
    track = turned(quaternion(), at=(0.3, 0.4, 0.5))
    moved = lever_arm(track, np.array([[0.0, 0.1, 0.0], [0.0, -0.1, 0.0]]), np.array([1, 0, 1]))
    np.testing.assert_allclose(moved[:, 1], [1.9, 2.1, 1.9])


def test_without_orientation_the_head_looks_along_the_lane():
    track = track_at(walk(), np.array([1.0, 2.0]))
    np.testing.assert_array_equal(track.rotation, np.broadcast_to(np.eye(3), (2, 3, 3)))


# --- near the ground -------------------------------------------------------------------------------------


def test_only_samples_just_above_the_ground_count():
    t = np.linspace(0.0, 6.0, 121)
    pose = Pose(t, np.column_stack([t, 0.0 * t, -0.1 + 0.1 * t]))
    at = np.array([0.5, 1.1, 2.1, 3.95, 4.1, 7.0])
    near = near_ground(track_at(pose, at), np.zeros((1, 3)), np.zeros(6, np.intp))
    assert near.covered.tolist() == [False, True, True, True, False, False]
    raised = near_ground(track_at(pose, at), np.array([[0.0, 0.0, 0.2]]), np.zeros(6, np.intp))
    assert raised.covered.tolist() == [True, True, False, False, False, False]


def test_the_smoothed_track_is_a_parabola_through_the_poses_around():
    rng = np.random.default_rng(6)
    time_s = np.sort(rng.uniform(0.0, 4.0, 240))
    time_s = time_s[(time_s < 1.0) | (time_s > 1.3)]
    pose = Pose(time_s, rng.standard_normal((time_s.size, 3)), position_std_m=np.ones((time_s.size, 3)))
    at = np.concatenate([rng.uniform(0.0, 4.0, 80), time_s[::40]])
    track = track_at(pose, at, smoothing_s=0.1)
    straight = np.column_stack([np.interp(at, time_s, pose.position_m[:, k]) for k in range(3)])
    fitted = [plain.local_quadratic(time_s, pose.position_m, t, 0.1) for t in at]
    expected = np.array([np.where(np.isfinite(p), p, s) for (p, _), s in zip(fitted, straight, strict=True)])
    assert 5 < sum(np.isnan(p).any() for p, _ in fitted) < 70
    np.testing.assert_allclose(track.position_m[track.covered], expected[track.covered], atol=1e-9)
    white = np.array([g for _, g in fitted])
    expected_std = np.sqrt(SLOW_PART + (1.0 - SLOW_PART) * white)
    np.testing.assert_allclose(track.position_std_m[:, 0], expected_std, rtol=1e-9)


def test_an_error_that_lasts_is_not_smoothed_away():
    """Half of the variance white, half lasting half a second: what is left is what is stated."""
    rng = np.random.default_rng(5)
    t = np.arange(20_000) / 60.0
    slow, keep = np.zeros((t.size, 3)), np.exp(-1.0 / 60.0 / 0.5)
    for n in range(1, t.size):
        slow[n] = keep * slow[n - 1] + np.sqrt(1.0 - keep**2) * rng.standard_normal(3)
    error = 0.005 * np.sqrt(0.5) * (slow + rng.standard_normal((t.size, 3)))
    track = track_at(Pose(t, error, position_std_m=np.full((t.size, 3), 0.005)), t[100:-100:7])
    np.testing.assert_allclose(track.position_m.std(axis=0), track.position_std_m.mean(axis=0), rtol=0.12)
