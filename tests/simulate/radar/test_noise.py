"""Each of the radar's imperfections by its own statistic, the others switched off."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.simulate import _motion as motion
from dualsense.simulate._radar import noise as radar_noise
from dualsense.simulate._scene.handling import Motion, Noise

TONES = np.arange(0.8e9, 3.21e9, 20e6)
ONES = np.ones((2000, len(TONES)), dtype=np.complex128)


def received(response=ONES, **what):
    noise = Noise(**{"gpr_std": 0.0, "gpr_phase_noise_rad": 0.0, "gpr_interference_part": 0.0, **what})
    return radar_noise.received_tones(response, TONES, noise, np.random.default_rng(3))


def test_thermal_noise_is_round_and_of_its_size():
    rest = received(gpr_std=1e-2) - ONES
    assert np.sqrt(np.mean(np.abs(rest) ** 2)) == pytest.approx(1e-2, rel=0.01)
    assert rest.real.std() == pytest.approx(rest.imag.std(), rel=0.02)


def test_phase_noise_turns_and_leaves_the_size():
    out = received(gpr_phase_noise_rad=0.02)
    np.testing.assert_allclose(np.abs(out), 1.0, rtol=1e-6)
    assert np.angle(out).std() == pytest.approx(0.02, rel=0.01)
    strong = received(5.0 * ONES, gpr_phase_noise_rad=0.02)
    assert (strong - 5.0).imag.std() == pytest.approx(5 * out.imag.std(), rel=1e-3)


def test_interference_is_in_its_band_and_in_its_share_of_soundings():
    rest = (
        received(
            gpr_interference=0.1,
            gpr_interference_part=0.2,
            gpr_interference_hz=2e9,
            gpr_interference_width_hz=101e6,
        )
        - ONES
    )
    inside = np.abs(TONES - 2e9) <= 50.5e6
    np.testing.assert_array_equal(rest[:, ~inside], 0)
    interfered = np.abs(rest[:, inside]).max(axis=1) > 0
    assert interfered.mean() == pytest.approx(0.2, abs=0.03)  # 3.4 standard deviations of the binomial
    assert np.sqrt(np.mean(np.abs(rest[interfered][:, inside]) ** 2)) == pytest.approx(0.1, rel=0.05)


def test_dead_tones_are_missing_and_noisy_ones_loud():
    out = received(gpr_std=1e-3, gpr_dead_tone_part=0.1, gpr_noisy_tone_part=0.2, gpr_noisy_tone_factor=20.0)
    dead = np.isnan(out).all(axis=0)
    np.testing.assert_array_equal(np.isnan(out).any(axis=0), dead)
    assert 4 <= dead.sum() <= 22
    size = np.sqrt(np.mean(np.abs(out[:, ~dead] - 1) ** 2, axis=0))
    loud = size > 5e-3
    np.testing.assert_allclose(size[loud], 2e-2, rtol=0.1)
    np.testing.assert_allclose(size[~loud], 1e-3, rtol=0.1)
    assert 10 <= loud.sum() <= 40


def test_warming_up_dies_away_as_an_exponential():
    still = Noise(
        gpr_gain_std=0.0, gpr_phase_std_rad=0.0, gpr_warm_up=0.2, gpr_warm_up_rad=-0.1, warm_up_time_s=7.0
    )
    track = motion.sweep(Motion(length_m=0.3, width_m=0.1), rng=np.random.default_rng(0))
    got = radar_noise.drift(track, np.array([0.0, 7.0, 70.0]), still, np.random.default_rng(0))
    np.testing.assert_allclose(np.log(got), (0.2 - 0.1j) * np.exp([0.0, -1.0, -10.0]), rtol=1e-9)


def test_gain_and_phase_wander_slowly():
    noise = Noise(
        gpr_gain_std=0.03, gpr_phase_std_rad=0.01, gpr_warm_up=0.0, gpr_warm_up_rad=0.0, drift_time_s=0.5
    )
    track = motion.Track(np.arange(3.0), np.zeros((3, 3)), None, 400.0)
    t = np.arange(0.0, 400.0, 0.05)
    got = np.log(radar_noise.drift(track, t, noise, np.random.default_rng(1)))
    assert got.real.std() == pytest.approx(0.03, rel=0.1)
    assert got.imag.std() == pytest.approx(0.01, rel=0.1)
    lag = np.corrcoef(got.real[10:], got.real[:-10])[0, 1]
    assert lag == pytest.approx(np.exp(-1.0), abs=0.1)


def test_a_pulse_starts_at_uneven_times():
    """The phase grows with frequency: a shift in time, whose phase at the centre has the stated deviation."""
    noise = Noise(gpr_phase_noise_rad=0.05)
    got = radar_noise.pulse_jitter(4000, TONES, 2e9, noise, np.random.default_rng(2))
    phase = np.angle(got)
    assert phase[:, TONES.searchsorted(2e9 - 1)].std() == pytest.approx(0.05, rel=0.05)
    np.testing.assert_allclose(phase / TONES, np.broadcast_to(phase[:, :1] / TONES[0], phase.shape), rtol=1e-9)


def test_a_foreign_carrier_is_a_sine_in_the_traces_it_strikes():
    t = np.arange(400) * 25e-12
    noise = Noise(
        gpr_std=0.0, gpr_interference=0.3, gpr_interference_part=0.25,
        gpr_interference_hz=2e9, gpr_interference_width_hz=0.0,
    )  # fmt: skip
    got = radar_noise.received_traces(np.zeros((800, 400)), t, noise, np.random.default_rng(4))
    interfered = got.any(axis=1)
    assert interfered.mean() == pytest.approx(0.25, abs=0.05)
    # 400 samples are 20 whole periods
    np.testing.assert_allclose(got[interfered].std(axis=1), 0.3 / np.sqrt(2), rtol=1e-6)
    line = np.abs(np.fft.rfft(got[interfered], axis=1))
    np.testing.assert_array_equal(line.argmax(axis=1), 20)


def test_one_imperfection_leaves_the_draws_of_the_others():
    quiet, interfered = (
        received(gpr_std=1e-3),
        received(gpr_std=1e-3, gpr_interference=0.1, gpr_interference_part=0.5),
    )
    outside = np.abs(TONES - 2.437e9) > 10e6
    np.testing.assert_array_equal(quiet[:, outside], interfered[:, outside])
