"""Picked heights against the truth: over strong shallow targets, over rough ground, and beside the phase fit."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from dualsense.gpr._clean.pick import _Blind, _viterbi, find_surface, pick_surface
from dualsense.gpr._clean.surface import fit_surface, mirror_path
from dualsense.gpr._soundings import calibrate
from dualsense.io import read_scan
from dualsense.survey import track_at
from oracles import forward

SAMPLES = ("clutter_only", "pma_laterite", "pmn_sand", "pmn_sand_impulse", "pmn_wet", "ts50_casing", "ts50_deep")


def over_rough_ground(seed, *, roughness_m, height_m=0.05, body=0.0, depth_m=0.03, channel=None):
    """A head at one height over rough ground, its coupling taken out, and the true heights.

    ``body`` is the size of a point's echo under the middle, relative to the surface's.
    """
    rng = np.random.default_rng(seed)
    points = forward.sweep(rng, height_m=height_m, height_jitter_m=0.0)
    silent = forward.soundings(points, channel=channel)
    true = height_m + roughness_m * rng.standard_normal(len(points))
    shape = 0.3 * forward.wavelet(silent.frequency_hz)
    spectrum = forward.surface_echo(silent, true, shape)
    near = np.exp(-(points[:, :2] ** 2).sum(axis=1) / (2 * 0.05**2))
    if body:
        level = body * np.abs(1.0 / mirror_path(silent.tx_m, silent.rx_m, true)).mean()
        echo = forward.point_echo(silent, (0.0, 0.0, depth_m), 6.0, height_m=true)
        spectrum = spectrum + level * shape * near[:, None] * echo
    noise = rng.standard_normal(spectrum.shape) + 1j * rng.standard_normal(spectrum.shape)
    return replace(silent, spectrum=spectrum + 1e-3 * np.abs(spectrum).mean() * noise), true, near


def error_m(surface, true):
    """Error of the heights about their mean, which is the pose's."""
    error = surface.height_m - true
    return error - error.mean()


@pytest.mark.parametrize("height_m", (0.05, 0.15))
@pytest.mark.parametrize("roughness_m", (0.002, 0.006))
def test_rough_ground_under_a_level_head(height_m, roughness_m):
    """Where the phase fit does not apply: the pose knows nothing of the heights."""
    soundings, true, _ = over_rough_ground(0, roughness_m=roughness_m, height_m=height_m)
    assert not fit_surface(soundings)[1].fitted
    below, surface = pick_surface(soundings)
    assert surface.fitted
    assert error_m(surface, true).std() < 0.2e-3
    assert surface.height_m.mean() == pytest.approx(height_m, abs=1e-4)
    assert np.linalg.norm(below.spectrum) < 0.05 * np.linalg.norm(soundings.spectrum)
    np.testing.assert_allclose(
        surface.path_m, mirror_path(soundings.tx_m, soundings.rx_m, surface.height_m), atol=1e-12
    )


@pytest.mark.parametrize("body", (0.3, 0.6, 1.0))
@pytest.mark.parametrize("depth_m", (0.01, 0.02, 0.04))
def test_a_shallow_target_does_not_pull_the_pick(body, depth_m):
    """As strong as the surface itself, one to four centimetres below it, over ground with 6 mm of roughness."""
    soundings, true, near = over_rough_ground(0, roughness_m=0.006, body=body, depth_m=depth_m)
    error = error_m(pick_surface(soundings)[1], true)
    over, beside = near > 0.5, near < 0.01
    assert abs(error[over].mean() - error[beside].mean()) < (1.0e-3 if depth_m < 0.02 else 0.5e-3)
    assert error.std() < 0.6e-3
    assert np.abs(error).max() < 4e-3


def test_a_plain_matched_filter_is_pulled():
    """What the blindness to later arrivals is worth: without it the same target pulls by millimetres."""
    soundings, true, near = over_rough_ground(0, roughness_m=0.0, body=1.0, depth_m=0.02)
    k = 2 * np.pi * soundings.frequency_hz / 299_792_458.0
    path = mirror_path(soundings.tx_m, soundings.rx_m, true)
    aligned = soundings.spectrum * np.exp(1j * k * path[:, None]) * path[:, None]
    echo = aligned[near < 0.01].mean(axis=0)
    slope = -1j * k * echo
    plain = (aligned @ slope.conj()).real / np.vdot(slope, slope).real
    blind, _, _ = _Blind(echo, k).delay(aligned)
    over = near > 0.5
    assert np.abs(plain[over]).mean() > 5e-3
    assert np.abs(blind[over]).mean() < 1e-3


def test_the_target_stays_in_what_is_left():
    soundings, _, near = over_rough_ground(2, roughness_m=0.004, body=0.6)
    bare, _, _ = over_rough_ground(2, roughness_m=0.004)
    body = soundings.spectrum - bare.spectrum
    below, _ = pick_surface(soundings)
    over = near > 0.5
    kept = np.vdot(body[over], below.spectrum[over]).real / np.vdot(body[over], body[over]).real
    assert 0.6 < kept < 1.2


@pytest.mark.parametrize("wander_m", (0.01, 0.02))
def test_a_stand_off_that_the_pose_does_not_know(wander_m):
    """The pose says 8 cm all the way; the head rises and sinks by several wavelengths' quarters."""
    soundings, _, _ = over_rough_ground(3, roughness_m=0.0, height_m=0.08)
    n = len(soundings.time_s)
    true = 0.08 + wander_m * np.sin(np.arange(n) / 25.0)
    shape = 0.3 * forward.wavelet(soundings.frequency_hz)
    soundings = replace(soundings, spectrum=forward.surface_echo(soundings, true, shape))
    _, surface = pick_surface(soundings, search_m=0.05, roughness_m=0.02)
    assert error_m(surface, true).std() < 0.05 * wander_m


def test_auto_takes_the_phase_where_it_applies():
    points = forward.sweep(np.random.default_rng(4), height_m=0.05, height_jitter_m=0.006)
    silent = forward.soundings(points)
    shape = forward.wavelet(silent.frequency_hz)
    soundings = replace(silent, spectrum=1.0 + forward.surface_echo(silent, points[:, 2], 0.3 * shape))
    assert fit_surface(soundings)[1].fitted
    for method in ("auto", "phase"):
        below, surface = find_surface(soundings, method=method)
        np.testing.assert_array_equal(surface.height_m, fit_surface(soundings)[1].height_m)
        np.testing.assert_array_equal(below.spectrum, fit_surface(soundings)[0].spectrum)
    np.testing.assert_array_equal(find_surface(soundings, method="pose")[1].height_m, points[:, 2])
    picked = find_surface(soundings, method="pick")[1]
    np.testing.assert_array_equal(picked.height_m, pick_surface(soundings)[1].height_m)


def test_auto_picks_where_the_phase_does_not_apply():
    soundings, true, _ = over_rough_ground(5, roughness_m=0.006, body=0.3)
    assert error_m(find_surface(soundings)[1], true).std() < 0.5e-3
    assert not find_surface(soundings, method="phase")[1].fitted
    assert not find_surface(soundings, method="pose")[1].fitted


@pytest.mark.parametrize("body", (0.3, 0.6, 1.5))
def test_auto_keeps_the_pose_where_only_a_target_varies(body):
    """Even ground under a level head, coupling and all: nothing may follow the target."""
    soundings, _, _ = over_rough_ground(6, roughness_m=0.0, body=body)
    coupled = replace(soundings, spectrum=soundings.spectrum + 5.0 * forward.wavelet(soundings.frequency_hz))
    for one in (soundings, coupled):
        below, surface = find_surface(one)
        assert not surface.fitted
        np.testing.assert_array_equal(surface.height_m, 0.05)
        np.testing.assert_allclose(below.spectrum, one.spectrum - one.spectrum.mean(axis=0), atol=1e-12)


def test_antennas_on_the_ground_keep_the_height_and_tell_time_zero():
    """A ground-coupled line whose trigger drifts by 30 ps: 9 mm of path."""
    points = np.column_stack([np.linspace(0, 2, 200), np.zeros(200), np.full(200, 0.001)])
    silent = forward.soundings(points, offset_m=0.06)
    drift = 15e-12 * np.sin(np.arange(200) / 20.0)
    direct = forward.wavelet(silent.frequency_hz) * np.exp(-2j * np.pi * silent.frequency_hz * drift[:, None])
    below, surface = pick_surface(replace(silent, spectrum=direct))
    np.testing.assert_array_equal(surface.height_m, 0.001)
    late = (surface.path_m - surface.path_m.mean()) / 299_792_458.0
    np.testing.assert_allclose(late, drift - drift.mean(), atol=0.2e-12)
    assert np.linalg.norm(below.spectrum) < 0.1 * np.linalg.norm(direct - direct.mean(axis=0))


def test_channels_are_picked_apart():
    channel = np.arange(14 * 28) % 2
    soundings, true, _ = over_rough_ground(7, roughness_m=0.004, channel=channel)
    late = np.where(channel == 0, 0.0, 0.2e-9)[:, None]
    soundings = replace(
        soundings, spectrum=soundings.spectrum * np.exp(-2j * np.pi * soundings.frequency_hz * late)
    )
    _, surface = pick_surface(soundings)
    for c in (0, 1):
        error = (surface.height_m - true)[channel == c]
        assert (error - error.mean()).std() < 0.3e-3


@pytest.mark.parametrize("value", (0.0, 1.0 - 2.0j))
@pytest.mark.parametrize("n", (0, 1, 11, 40))
def test_a_dead_radar_and_few_soundings_give_numbers(n, value):
    silent = forward.soundings(np.tile([0.0, 0.0, 0.05], (n, 1)))
    below, surface = pick_surface(replace(silent, spectrum=np.full_like(silent.spectrum, value)))
    for values in (below.spectrum, surface.height_m, surface.path_m, surface.echo, surface.unexplained):
        assert np.isfinite(values).all()
    np.testing.assert_allclose(surface.height_m, 0.05, atol=1e-12)


def test_noise_is_not_picked():
    rng = np.random.default_rng(8)
    silent = forward.soundings(forward.sweep(rng, height_jitter_m=0.0))
    soundings = replace(silent, spectrum=rng.standard_normal(silent.spectrum.shape) + 0j)
    assert not pick_surface(soundings)[1].fitted
    np.testing.assert_array_equal(find_surface(soundings)[1].height_m, soundings.midpoint_m[:, 2])


def test_input_is_left_alone():
    soundings, _, _ = over_rough_ground(9, roughness_m=0.004)
    kept = soundings.spectrum.copy()
    pick_surface(soundings)
    np.testing.assert_array_equal(soundings.spectrum, kept)


@pytest.mark.parametrize("seed", range(5))
def test_the_path_is_the_cheapest(seed):
    """Against all paths there are."""
    rng = np.random.default_rng(seed)
    cost, state = rng.uniform(0, 3, (5, 4)), np.sort(rng.uniform(0, 3, 4))

    def total(path):
        steps = np.diff(state[list(path)])
        return cost[np.arange(5), list(path)].sum() + 0.5 * (steps**2).sum()

    found = _viterbi(cost, state)
    assert total(found) == pytest.approx(min(total(p) for p in product(range(4), repeat=5)))


@pytest.mark.parametrize("name", SAMPLES)
def test_full_wave_scans(sample_dir, name):
    """Rough ground, heterogeneous soil, shallow targets, coupling: near the phase fit, and not pulled by the mine.

    The ground itself differs from the pose's height by 3 to 5 mm, so that the median over a body tells its pull
    only to a few.
    """
    scan = read_scan(sample_dir / f"{name}.h5")
    soundings, _ = calibrate(scan.gpr, track_at(scan.pose, scan.gpr.time_s, smoothing_s=0.1))
    _, picked = pick_surface(soundings)
    _, phase = fit_surface(soundings)
    pose = soundings.midpoint_m[:, 2]
    assert picked.fitted
    assert np.median(np.abs(picked.height_m - phase.height_m)) < 2e-3
    assert (picked.height_m - phase.height_m).std() < 3e-3
    assert np.median(np.abs(picked.height_m - pose)) < 5e-3
    differs = picked.height_m - phase.height_m
    for i in (i for i, label in enumerate(scan.truth.label) if label == "mine"):
        r = np.hypot(
            soundings.midpoint_m[:, 0] - scan.truth.x_m[i], soundings.midpoint_m[:, 1] - scan.truth.y_m[i]
        )
        over, beside = r < 0.06, r > 0.12
        assert abs(np.median(differs[over]) - np.median(differs[beside])) < 3e-3
