"""Heights from the surface echo, and what is left when coupling and surface are taken out."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from dualsense.gpr._clean.surface import MIN_SOUNDINGS, _Channel, fit_surface, mirror_path
from dualsense.gpr._rays.traveltime import MIN_HEIGHT_M
from oracles import forward
from oracles import surface as oracle

SPREAD_M = 0.01


def over_flat_ground(rng, *, pose_error_m, coupling=3.0, near_field=0.0, channel=None, **options):
    """Soundings over flat ground at heights within 1 cm of 5 cm, and those heights.

    The pose knows the heights to within an error; ``near_field`` changes the echo by that part per centimetre.
    """
    points = forward.sweep(rng, height_jitter_m=0.0, **options)
    true = 0.05 + rng.uniform(-SPREAD_M, SPREAD_M, len(points))
    points[:, 2] = true + pose_error_m * rng.standard_normal(len(points))
    silent = forward.soundings(points, channel=channel)
    shape = forward.wavelet(silent.frequency_hz)
    direct = coupling * shape * np.exp(-2j * np.pi * silent.frequency_hz * 0.33e-9)
    echo = forward.surface_echo(silent, true, 0.3 * shape) * (1.0 + near_field * (true - 0.05)[:, None] / 0.01)
    noise = rng.standard_normal(echo.shape) + 1j * rng.standard_normal(echo.shape)
    return replace(silent, spectrum=direct + echo + 1e-3 * np.abs(echo).mean() * noise), true


def shallow_body(soundings, true, strength):
    """Echo of a point 3 cm deep, relative to the surface's, and how near each sounding is."""
    shape = 0.3 * forward.wavelet(soundings.frequency_hz)
    near = np.exp(-(soundings.midpoint_m[:, :2] ** 2).sum(axis=1) / (2 * 0.05**2))
    level = strength * np.abs(1.0 / mirror_path(soundings.tx_m, soundings.rx_m, true)).mean()
    point = forward.point_echo(soundings, (0.0, 0.0, 0.03), 6.0, height_m=true)
    return level * shape * near[:, None] * point, near


def level_head(soundings):
    """The same soundings, with a pose that says 5 cm all the time."""
    flat, up = np.array([1.0, 1.0, 0.0]), np.array([0.0, 0.0, 0.05])
    return replace(soundings, tx_m=soundings.tx_m * flat + up, rx_m=soundings.rx_m * flat + up)


def decibel(part, whole):
    return 10.0 * np.log10((np.abs(part) ** 2).mean() / (np.abs(whole) ** 2).mean())


def error_m(surface, true):
    """Error of the heights about their mean, which is the pose's."""
    error = surface.height_m - true
    return error - error.mean()


@pytest.mark.parametrize("seed", (0, 1, 2))
@pytest.mark.parametrize("near_field", (0.0, 0.1, 0.1j))
def test_heights_and_residual(seed, near_field):
    soundings, true = over_flat_ground(np.random.default_rng(seed), pose_error_m=0.001, near_field=near_field)
    below, surface = fit_surface(soundings)
    assert surface.fitted
    assert error_m(surface, true).std() < 0.3e-3
    assert surface.height_m.mean() == pytest.approx(soundings.midpoint_m[:, 2].mean(), abs=1e-9)
    varying = soundings.spectrum - soundings.spectrum.mean(axis=0)
    assert decibel(below.spectrum, varying) < -40.0
    assert surface.unexplained.max() < 0.02
    np.testing.assert_allclose(
        surface.path_m, mirror_path(soundings.tx_m, soundings.rx_m, surface.height_m), rtol=0, atol=1e-12
    )


def test_without_the_fit_the_pose_leaves_far_more():
    """What the heights are worth: a millimetre of tracking error costs 15 dB."""
    soundings, _ = over_flat_ground(np.random.default_rng(3), pose_error_m=0.001)
    varying = soundings.spectrum - soundings.spectrum.mean(axis=0)
    fitted = decibel(fit_surface(soundings)[0].spectrum, varying)
    kept, surface = fit_surface(soundings, iterations=0)
    np.testing.assert_array_equal(surface.height_m, soundings.midpoint_m[:, 2])
    assert decibel(kept.spectrum, varying) > fitted + 15.0


@pytest.mark.parametrize("pose_error_m", (0.002, 0.004))
def test_only_the_scale_of_the_heights_is_left_to_a_poor_pose(pose_error_m):
    """An echo whose near field is unknown tells heights up to a factor, and that to a tenth of a millimetre.

    The factor is the pose's: with tracking errors of a part r of the heights' spread it is too large by up to r^2.
    """
    soundings, true = over_flat_ground(np.random.default_rng(4), pose_error_m=pose_error_m)
    _, surface = fit_surface(soundings)
    error, height = error_m(surface, true), true - true.mean()
    factor = float(error @ height / (height @ height))
    assert 0.0 < factor < 1.2 * (pose_error_m / height.std()) ** 2
    assert (error - factor * height).std() < 0.12e-3


@pytest.mark.parametrize("seed", (0, 1))
@pytest.mark.parametrize("strength", (0.3, 0.6))
def test_a_shallow_target_does_not_pull_the_height(seed, strength):
    """A body 3 cm deep, with up to 0.6 of the surface's amplitude, under a tenth of the soundings."""
    soundings, true = over_flat_ground(np.random.default_rng(seed), pose_error_m=0.001)
    body, near = shallow_body(soundings, true, strength)
    below, surface = fit_surface(replace(soundings, spectrum=soundings.spectrum + body))
    assert np.abs(error_m(surface, true)).max() < 1.5e-3
    over = near > 0.5
    kept = np.vdot(body[over], below.spectrum[over]) / np.vdot(body[over], body[over])
    assert 0.6 < kept.real < 1.1
    assert surface.unexplained[over].mean() > 5 * surface.unexplained[near < 0.01].mean()


@pytest.mark.parametrize("pose_error_m", (0.002, 0.005, 0.02))
def test_more_steps_are_never_worse(pose_error_m):
    """Heights and echo are solved in turn, which overshoots where the pose knows little of the heights."""
    soundings, _ = over_flat_ground(np.random.default_rng(8), pose_error_m=pose_error_m)
    misfit = [
        float((np.abs(fit_surface(soundings, iterations=n)[0].spectrum) ** 2).sum()) for n in (0, 1, 3, 8, 30)
    ]
    for fewer, more in pairwise(misfit):
        assert more <= 1.01 * fewer


@pytest.mark.parametrize("strength", (0.1, 0.6))
def test_a_head_at_one_height_does_not_lose_the_target(strength):
    """Coupling and surface cannot be told apart: nothing is fitted, so that nothing can follow the target."""
    soundings, true = over_flat_ground(np.random.default_rng(9), pose_error_m=0.0)
    soundings = level_head(soundings)
    same = np.full(true.shape, 0.05)
    body, near = shallow_body(soundings, same, strength)
    ground = forward.surface_echo(soundings, same, 0.3 * forward.wavelet(soundings.frequency_hz))
    below, surface = fit_surface(replace(soundings, spectrum=1.0 + ground + body))
    assert not surface.fitted
    np.testing.assert_array_equal(surface.height_m, 0.05)
    over = near > 0.5
    assert np.vdot(body[over], below.spectrum[over]).real > 0.9 * np.vdot(body[over], body[over]).real


def test_a_pose_of_noise_alone_tells_no_heights():
    """Heights that differ by no more than the stated tracking error carry nothing; more than that, they do."""
    soundings, _ = over_flat_ground(np.random.default_rng(10), pose_error_m=0.0)
    spread = soundings.midpoint_m[:, 2].std()
    for std, fitted in ((0.3 * spread, True), (spread, False)):
        sure = replace(soundings, position_std_m=np.full((len(soundings.time_s), 3), std))
        assert fit_surface(sure)[1].fitted == fitted


def test_channels_are_fitted_apart():
    """Two antenna pairs with coupling and wavelets of their own, taking turns."""
    rng = np.random.default_rng(5)
    channel = np.arange(14 * 28) % 2
    soundings, true = over_flat_ground(rng, pose_error_m=0.001, channel=channel)
    factor = np.where(channel == 0, 1.0, 0.4 * np.exp(1.1j))[:, None]
    delay = np.where(channel == 0, 0.0, 0.2e-9)[:, None]
    soundings = replace(
        soundings, spectrum=soundings.spectrum * factor * np.exp(-2j * np.pi * soundings.frequency_hz * delay)
    )
    below, surface = fit_surface(soundings)
    assert surface.fitted
    for c in (0, 1):
        rows = channel == c
        error = surface.height_m[rows] - true[rows]
        assert (error - error.mean()).std() < 0.3e-3
        varying = soundings.spectrum[rows] - soundings.spectrum[rows].mean(axis=0)
        assert decibel(below.spectrum[rows], varying) < -40.0
    ratio = np.abs(surface.echo[1] / surface.echo[0])
    np.testing.assert_allclose(ratio, 0.4, rtol=0.1)


@pytest.mark.parametrize("n", (0, 1, 2, MIN_SOUNDINGS - 1))
def test_too_few_soundings_keep_the_pose(n):
    soundings, _ = over_flat_ground(np.random.default_rng(6), pose_error_m=0.001, lines=1, per_line=max(n, 1))
    soundings = replace(
        soundings,
        **{name: getattr(soundings, name)[:n] for name in ("time_s", "spectrum", "tx_m", "rx_m", "channel")},
    )
    below, surface = fit_surface(soundings)
    np.testing.assert_allclose(surface.height_m, soundings.midpoint_m[:, 2], rtol=0, atol=1e-15)
    assert below.spectrum.shape == soundings.spectrum.shape
    assert surface.fitted == (n == 0)
    if n:
        np.testing.assert_allclose(below.spectrum.mean(axis=0), 0.0, atol=1e-12)


def test_a_head_that_hears_no_ground_keeps_the_pose():
    soundings, _ = over_flat_ground(np.random.default_rng(7), pose_error_m=0.001)
    rng = np.random.default_rng(8)
    noise = rng.standard_normal(soundings.spectrum.shape) + 1j * rng.standard_normal(soundings.spectrum.shape)
    below, surface = fit_surface(replace(soundings, spectrum=3.0 + 0.01 * noise))
    assert not surface.fitted
    np.testing.assert_array_equal(surface.height_m, soundings.midpoint_m[:, 2])
    assert np.isfinite(below.spectrum).all()


@pytest.mark.parametrize("value", (0.0, 1.0 - 2.0j))
def test_a_dead_radar_gives_numbers(value):
    soundings, _ = over_flat_ground(np.random.default_rng(9), pose_error_m=0.001)
    below, surface = fit_surface(replace(soundings, spectrum=np.full_like(soundings.spectrum, value)))
    assert np.abs(below.spectrum).max() < 1e-3
    for values in (surface.height_m, surface.path_m, surface.echo, surface.unexplained):
        assert np.isfinite(values).all()
    assert not surface.fitted
    np.testing.assert_array_equal(surface.height_m, soundings.midpoint_m[:, 2])


@pytest.mark.parametrize("scale", (1e-12, 1e9))
def test_units_of_the_recording_do_not_matter(scale):
    soundings, _ = over_flat_ground(np.random.default_rng(10), pose_error_m=0.002)
    _, plain = fit_surface(soundings)
    _, scaled = fit_surface(replace(soundings, spectrum=scale * soundings.spectrum))
    np.testing.assert_allclose(scaled.height_m, plain.height_m, rtol=0, atol=1e-9)
    np.testing.assert_allclose(scaled.echo, scale * plain.echo, rtol=1e-6)


def test_a_pose_below_the_ground_is_lifted():
    soundings, _ = over_flat_ground(np.random.default_rng(11), pose_error_m=0.001)
    down = np.array([0.0, 0.0, 0.2])
    below, surface = fit_surface(replace(soundings, tx_m=soundings.tx_m - down, rx_m=soundings.rx_m - down))
    assert surface.height_m.min() >= MIN_HEIGHT_M
    assert np.isfinite(below.spectrum).all()


def test_input_is_left_alone():
    soundings, _ = over_flat_ground(np.random.default_rng(12), pose_error_m=0.001)
    kept = [soundings.spectrum.copy(), soundings.tx_m.copy()]
    fit_surface(soundings)
    np.testing.assert_array_equal(soundings.spectrum, kept[0])
    np.testing.assert_array_equal(soundings.tx_m, kept[1])


@pytest.mark.kernel
@pytest.mark.parametrize("count", (5, 8, 9, 61))
@pytest.mark.parametrize("even", (True, False))
def test_the_kernels_solve_the_least_squares_as_written_down(count, even):
    """Also what is left of each sounding, its energy, and the half slope and half curvature of that."""
    rng = np.random.default_rng(31)
    k = 2.0 * np.pi * np.linspace(0.8e9, 3.2e9, count) / 299_792_458.0
    if not even:
        k[1:-1] += 0.3 * rng.uniform(-1.0, 1.0, count - 2)
    height = rng.uniform(0.03, 0.07, 130)
    path = np.hypot(0.06, 2.0 * height)
    data = rng.standard_normal((130, count)) + 1j * rng.standard_normal((130, count))
    echo, rest, slope = oracle.solve(data, k, path, height)
    channel = _Channel.of(data, k)
    assert (channel.step > 0.0) == even
    fit = channel.solve(path, height)
    np.testing.assert_allclose(fit.echo, echo, rtol=0, atol=1e-10)
    np.testing.assert_allclose(channel.rest(fit), rest, rtol=0, atol=1e-10)
    np.testing.assert_allclose(fit.energy, (np.abs(rest) ** 2).sum(axis=1), rtol=1e-10)
    np.testing.assert_allclose(fit.pull, (slope.conj() * rest).real.sum(axis=1), rtol=0, atol=1e-8)
    np.testing.assert_allclose(fit.stiffness, (np.abs(slope) ** 2).sum(axis=1), rtol=1e-10)


def test_spectra_that_lie_tone_by_tone_in_memory_give_the_same():
    soundings, _ = over_flat_ground(np.random.default_rng(1), pose_error_m=0.001)
    turned = replace(soundings, spectrum=np.asfortranarray(soundings.spectrum))
    (below, surface), (other, again) = fit_surface(soundings), fit_surface(turned)
    np.testing.assert_allclose(again.height_m, surface.height_m, rtol=0, atol=1e-9)
    np.testing.assert_allclose(other.spectrum, below.spectrum, rtol=0, atol=1e-9 * np.abs(below.spectrum).max())
