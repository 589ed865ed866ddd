"""Permittivity from the ground's echo: exact antennas over ideal, rough, disturbed and strange ground."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.constants import EPSILON0_F_M
from dualsense.gpr._soil.antennas import Antennas, fields, find_antennas
from dualsense.gpr._soil.reflection import _Fit, _over_blocks, surface_permittivity, typical_conductivity
from oracles import forward
from oracles import reflection as oracle

DIPOLES = Antennas("d", "dipoles", (), response_std={"sfcw": 0.01, "impulse": None})
DISTANCE_M = 0.1


def over_ground(eps, *, seed=0, rough_m=0.0, noise=0.003, response=None, offset_m=0.0, antennas=DIPOLES):
    """Soundings over a half-space; each at a height of its own that the pose does not know, ``rough_m`` rms."""
    rng = np.random.default_rng(seed)
    soundings = forward.soundings(
        forward.sweep(rng, height_m=0.05), frequency_hz=np.linspace(0.8e9, 3.2e9, 31), offset_m=DISTANCE_M
    )
    f, n = soundings.frequency_hz, soundings.time_s.size
    true = soundings.midpoint_m[:, 2] + offset_m + rough_m * rng.standard_normal(n)
    lossy = eps - 1j * typical_conductivity(np.array(eps)) / (2 * np.pi * f * EPSILON0_F_M)
    node = np.linspace(true.min() - 1e-3, true.max() + 1e-3, 40)
    direct, echo = fields(antennas, f, node, lossy[None], distance_m=DISTANCE_M)
    k = 2 * np.pi * f / 299_792_458.0
    smooth = echo[0] * np.exp(1j * k[:, None] * np.hypot(DISTANCE_M, 2 * node))
    at = np.array([np.interp(true, node, s.real) + 1j * np.interp(true, node, s.imag) for s in smooth]).T
    wave = at * np.exp(-1j * k * np.hypot(DISTANCE_M, 2 * true)[:, None])
    a = (-1j * f / 1e9 * np.exp(-2j * np.pi * f * 0.2e-9) * 0.02) if response is None else response(f)
    spectrum = a * (direct + wave)
    white = rng.standard_normal(spectrum.shape) + 1j * rng.standard_normal(spectrum.shape)
    level = np.abs(spectrum).mean()
    return replace(soundings, spectrum=spectrum + noise * level * white)


@pytest.mark.parametrize("eps", (2.5, 4.0, 6.0, 9.0, 16.0, 25.0))
def test_smooth_ground(eps):
    found = surface_permittivity(over_ground(eps), DIPOLES, roughness_m=0.0005, roughness_spread_m=0.0005)
    assert found is not None
    assert found.permittivity.permittivity == pytest.approx(eps, rel=0.05)
    assert abs(found.permittivity.mean - np.log(eps)) < 3.0 * found.permittivity.std


@pytest.mark.parametrize("eps", (4.0, 9.0))
@pytest.mark.parametrize("seed", (0, 1, 2))
def test_rough_ground_within_a_tenth(eps, seed):
    found = surface_permittivity(over_ground(eps, seed=seed, rough_m=0.005), DIPOLES)
    assert found.permittivity.permittivity == pytest.approx(eps, rel=0.1)
    assert abs(found.permittivity.mean - np.log(eps)) < 2.5 * found.permittivity.std
    assert 0.002 < found.roughness_m < 0.009


def test_antennas_of_unknown_response():
    """Any course of the response over frequency, as impulses have it."""
    found = surface_permittivity(
        over_ground(6.0, response=lambda f: np.exp(-(((f - 1.8e9) / 0.8e9) ** 2)) * np.exp(1j * np.sin(f / 4e8))),
        DIPOLES,
        modality="impulse",
        roughness_m=0.0005,
        roughness_spread_m=0.0005,
    )
    assert found.permittivity.permittivity == pytest.approx(6.0, rel=0.1)


def test_a_track_that_floats_is_found_out():
    found = surface_permittivity(over_ground(6.0, offset_m=0.004), DIPOLES)
    assert found.height_offset_m == pytest.approx(0.004, abs=0.0015)
    assert found.permittivity.permittivity == pytest.approx(6.0, rel=0.1)


def test_a_shallow_target_under_a_quarter_of_the_soundings_does_not_matter():
    soundings = over_ground(6.0, rough_m=0.003)
    under = np.hypot(*(soundings.midpoint_m[:, :2] - (0.08, 0.05)).T) < 0.1
    assert 0.1 < under.mean() < 0.3
    k = 2 * np.pi * soundings.frequency_hz / 299_792_458.0
    target = 0.25 * soundings.spectrum * np.exp(-1j * k * 0.2)
    found = surface_permittivity(
        replace(soundings, spectrum=soundings.spectrum + under[:, None] * target), DIPOLES
    )
    assert found.permittivity.permittivity == pytest.approx(6.0, rel=0.12)


def test_a_plate_profile_tells_too():
    f = np.linspace(0.5e9, 3.5e9, 61)
    path = np.hypot(DISTANCE_M, 0.2)
    ratio = -0.9 * np.exp(-2j * np.pi * f * path / 299_792_458.0) * (1 + 0.2 * np.cos(f / 6e8))
    head = Antennas("p", "plate", (), response_std={}, frequency_hz=f, ratio=ratio, height_m=0.1)
    soundings = over_ground(6.0, antennas=head)
    found = surface_permittivity(soundings, head, roughness_m=0.0005, roughness_spread_m=0.0005)
    assert found.permittivity.permittivity == pytest.approx(6.0, rel=0.1)


def test_noise_tells_nothing():
    soundings = over_ground(6.0)
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(soundings.spectrum.shape) + 1j * rng.standard_normal(soundings.spectrum.shape)
    found = surface_permittivity(replace(soundings, spectrum=noise), DIPOLES)
    assert found is None or found.permittivity.std > 0.3


@pytest.mark.parametrize("scale", (0.0, np.nan))
def test_silence_tells_nothing(scale):
    soundings = over_ground(6.0)
    assert surface_permittivity(replace(soundings, spectrum=scale * soundings.spectrum), DIPOLES) is None


@pytest.mark.parametrize("n", (0, 1, 39))
def test_few_soundings_tell_nothing(n):
    line = np.column_stack([np.linspace(-0.1, 0.1, n), np.zeros(n), np.full(n, 0.05)])
    assert surface_permittivity(forward.soundings(line), DIPOLES) is None


def test_the_scale_of_the_recording_does_not_matter():
    soundings = over_ground(6.0, rough_m=0.003)
    plain = surface_permittivity(soundings, DIPOLES)
    for scale in (1e-9, 1e9j):
        found = surface_permittivity(replace(soundings, spectrum=scale * soundings.spectrum), DIPOLES)
        assert found.permittivity.mean == pytest.approx(plain.permittivity.mean, abs=1e-3)


def test_two_channels_are_joined_but_not_taken_for_independent():
    soundings = over_ground(6.0, rough_m=0.003)
    half = np.arange(soundings.time_s.size) % 2
    alone = surface_permittivity(soundings, DIPOLES)
    both = surface_permittivity(replace(soundings, channel=half.astype(np.intp)), DIPOLES)
    assert both.permittivity.mean == pytest.approx(alone.permittivity.mean, abs=0.05)
    assert both.permittivity.std >= 0.9 * alone.permittivity.std


@pytest.mark.slow
@pytest.mark.parametrize(("eps", "rough"), ((3.0, 0.003), (6.0, 0.004), (9.0, 0.005), (16.0, 0.006)))
def test_simulated_lanes(eps, rough):
    """Grounds that were never looked at when the method was made: within two standard deviations."""
    from dualsense.gpr._soundings import calibrate
    from dualsense.simulate import Buried, Motion, Scene, Soil, simulate_scan
    from dualsense.survey import track_at

    scene = Scene(
        soil=Soil(relative_permittivity=eps, roughness_rms_m=rough),
        objects=(Buried("PMN", 0.15, 0.15, 0.05),),
        motion=Motion(length_m=0.35, width_m=0.3),
        detector=None,
    )
    scan = simulate_scan(scene, seed=round(10 * eps))
    soundings, _ = calibrate(scan.gpr, track_at(scan.pose, scan.gpr.time_s, smoothing_s=0.1))
    found = surface_permittivity(soundings, find_antennas(scan.header.instrument))
    assert abs(found.permittivity.mean - np.log(eps)) < 2.0 * np.hypot(found.permittivity.std, 0.05)
    assert found.permittivity.std < 0.2


@pytest.mark.parametrize(
    "name",
    ("clutter_only", "pma_laterite", "pmn_sand", "pmn_sand_impulse", "pmn_wet", "ts50_casing", "ts50_deep"),
)
def test_full_wave_samples_within_a_tenth(sample_dir, name):
    from dualsense.gpr._soundings import calibrate
    from dualsense.io import read_scan
    from dualsense.survey import track_at

    scan = read_scan(sample_dir / f"{name}.h5")
    soundings, _ = calibrate(scan.gpr, track_at(scan.pose, scan.gpr.time_s, smoothing_s=0.1))
    found = surface_permittivity(soundings, find_antennas(scan.header.instrument), modality=scan.gpr.modality)
    truth = scan.truth.scene["relative_permittivity"]
    assert found.permittivity.permittivity == pytest.approx(truth, rel=0.1)
    assert abs(found.permittivity.mean - np.log(truth)) < 2.0 * found.permittivity.std


def test_pulls_are_summed_over_each_block():
    rng = np.random.default_rng(41)
    block, pull = rng.permutation(np.arange(40) % 7), rng.standard_normal((40, 3))
    expected = np.stack([pull[block == b].sum(axis=0) for b in range(7)])
    np.testing.assert_allclose(_over_blocks(pull, block), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("eps", "rough_m"), ((3.5, 0.002), (9.0, 0.005)))
def test_single_precision_tells_what_double_does(eps, rough_m):
    """Echo and slopes to 1e-5 of the largest; ln eps to a thousandth of its error, and that error to 1e-3."""
    soundings = over_ground(eps, rough_m=rough_m)
    rows = np.arange(len(soundings.time_s))
    fit = _Fit.of(soundings, rows, DIPOLES, "sfcw", 0.005, 0.002)
    tones = np.searchsorted(soundings.frequency_hz, fit.frequency)
    data = soundings.spectrum[:, tones] / np.abs(soundings.spectrum).max()
    x = np.array([np.log(5.0), 0.001, 0.9, 20.0])
    for fast, plain in zip(fit._waves(x), oracle.waves(fit, x), strict=True):
        size = np.abs(plain).max(axis=(-2, -1), keepdims=True)
        assert (np.abs(fast - plain) / size).max() < 1e-5
    (mean, *_), std = oracle.echo(fit, data)
    found = fit.solve().permittivity
    assert found.mean == pytest.approx(mean, abs=1e-3 * std)
    assert found.std == pytest.approx(std, rel=1e-3)
