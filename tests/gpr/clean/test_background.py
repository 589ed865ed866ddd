"""Background removal against its definitions, and what it takes away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dualsense.errors import ScanError
from dualsense.gpr._clean import _background_kernels as kernels
from dualsense.gpr._clean import _median_kernels as median_kernels
from dualsense.gpr._clean.background import (
    reference_spectra,
    remove_background,
    removed_energy,
    subtract_reference,
    unchanged_channels,
)
from dualsense.gpr._clean.loss import background_loss, remove_background_with_losses, target_loss
from dualsense.gpr._clean.moving import MAX_NEIGHBOURS, Windows
from dualsense.gpr._clean.surface import Surface, mirror_path
from oracles import forward
from oracles.median import moving_median, weighted_median

MOVING = ("moving-mean", "moving-median")
ALL = (*MOVING, "mean", "median", "svd", "robust-pca", "reference")
TOLERANCE = {"robust-pca": 1e-3}


def options(method):
    """What a method cannot do without."""
    return {"reference_start_s": 0.0, "reference_stop_s": 1.0} if method == "reference" else {}


def flat(soundings):
    """A surface that every sounding knows exactly."""
    height = soundings.midpoint_m[:, 2]
    path = mirror_path(soundings.tx_m, soundings.rx_m, height)
    return Surface(height, path, np.ones_like(soundings.spectrum), np.zeros(height.size), fitted=True)


def noise(rng, soundings):
    return rng.standard_normal(soundings.spectrum.shape) + 1j * rng.standard_normal(soundings.spectrum.shape)


def level_sweep(rng, **options):
    """Level head, so that aligning at the surface changes nothing but a common phase."""
    return forward.soundings(
        forward.sweep(rng, height_jitter_m=0.0, **options), frequency_hz=np.linspace(0.8e9, 3.2e9, 7)
    )


def aligned_background(soundings, surface, method, radius_m):
    """What was taken away, aligned at the surface."""
    phase = np.exp(2j * np.pi / 299_792_458.0 * soundings.frequency_hz * surface.path_m[:, None])
    rest = remove_background(soundings, surface, method=method, radius_m=radius_m)
    return (soundings.spectrum - rest.spectrum) * phase, soundings.spectrum * phase


@pytest.mark.kernel
def test_median_is_the_definition():
    rng = np.random.default_rng(0)
    silent = level_sweep(rng, side_m=0.3, lines=5, per_line=9)
    soundings = replace(silent, spectrum=noise(rng, silent))
    found, values = aligned_background(soundings, flat(soundings), "moving-median", 0.05)
    expected = moving_median(values, soundings.midpoint_m[:, :2], 0.05)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.kernel
def test_mean_is_the_definition():
    rng = np.random.default_rng(1)
    silent = level_sweep(rng, side_m=0.3, lines=5, per_line=9)
    soundings = replace(silent, spectrum=noise(rng, silent))
    found, values = aligned_background(soundings, flat(soundings), "moving-mean", 0.05)
    xy = soundings.midpoint_m[:, :2]
    d2 = ((xy[:, None] - xy[None]) ** 2).sum(axis=-1)
    weight = np.where(d2 <= 0.125**2, np.exp(-d2 / (2 * 0.05**2)), 0.0)
    np.testing.assert_allclose(found, weight @ values / weight.sum(axis=1)[:, None], rtol=0, atol=1e-12)


values = hnp.arrays(float, st.integers(1, 40), elements=st.sampled_from([-2.0, -0.5, 0.0, 0.0, 1.0, 1.5, 7.0]))


def median(v, w, start=None):
    """Weighted median of numbers (n,) with whole weights, by the kernel."""
    n = v.size
    found = np.broadcast_to(np.arange(n, dtype=np.int32), (n, n))
    weight = np.zeros((n, median_kernels.MARKS), np.int32)
    weight[:, :n] = w
    out, guess = np.empty((1, 1)), np.empty((0, 0)) if start is None else np.array([[start]])
    count = np.full(n, n)
    median_kernels.medians(v[:, None].copy(), np.zeros(1, np.intp), found.copy(), count, weight, guess, out)
    return out[0, 0]


@pytest.mark.kernel
@given(values, st.integers(0, 2**32 - 1), st.booleans())
def test_median_with_ties(v, seed, even):
    """Equal values and equal weights, where half of the weight falls exactly on a boundary."""
    rng = np.random.default_rng(seed)
    w = np.full(v.size, 1 << 20) if even else rng.integers(1, 5, v.size) << 20
    assert median(v, w) == weighted_median(v, w)


@pytest.mark.kernel
@given(st.integers(1, 40), st.integers(0, 2**32 - 1), st.floats(-5.0, 5.0))
def test_median_of_any_numbers_from_any_start(n, seed, start):
    rng = np.random.default_rng(seed)
    v, w = rng.standard_normal(n), rng.integers(1 << 17, 1 << 23, n)
    assert median(v, w) == median(v, w, start) == weighted_median(v, w)


@pytest.mark.kernel
@pytest.mark.parametrize("n", (1, 2, 3, 8, 9, 120))
@pytest.mark.parametrize("order", ("rising", "falling", "level", "growing", "huge"))
def test_median_of_sorted_numbers(n, order):
    """Also even weights, whose lower median is wanted, and values that no straight line leads through."""
    rising = np.arange(n, dtype=float)
    v = {
        "rising": rising,
        "falling": rising[::-1],
        "level": 0.0 * rising,
        "growing": 1.1**rising,
        "huge": 1e200 * rising,
    }[order]
    assert median(v, np.full(n, 1 << 22)) == sorted(v)[(n - 1) // 2]


@pytest.mark.kernel
@pytest.mark.parametrize("glitch", (1e3, 1e9))
def test_a_glitch_costs_the_median_little_resolution(glitch):
    """Of near values one may stand for the other: those that differ by 2^-24 of a thousand means of the column."""
    rng = np.random.default_rng(24)
    v, w = rng.standard_normal(100), np.full(100, 1 << 22)
    v[7] = glitch
    assert median(v, w) == pytest.approx(weighted_median(v, w), abs=1e3 * np.abs(v).mean() * 2.0**-24)


@pytest.mark.kernel
def test_medians_of_some_soundings_and_of_more_columns_than_a_tile():
    rng = np.random.default_rng(25)
    xy = rng.uniform(0.0, 0.4, (30, 2))
    values = rng.standard_normal((30, 19)) + 1j * rng.standard_normal((30, 19))
    windows = Windows.of(np.arange(30), xy, 0.06)
    wanted = np.array([3, 4, 29])
    expected = moving_median(values, xy, 0.06)[wanted]
    for start in (np.empty((0, 0), complex), expected, expected + 0.1):
        np.testing.assert_array_equal(windows.average(values, "moving-median", wanted, start), expected)
    mean = windows.average(values, "moving-mean", wanted, np.empty((0, 0), complex))
    every = windows.average(values, "moving-mean", np.arange(30), np.empty((0, 0), complex))
    np.testing.assert_array_equal(mean, every[wanted])


def neighbours(xy, reach, limit):
    """Places (n, 2) to their neighbours' numbers (n, limit), -1 where there are none, counts and weights."""
    n = len(xy)
    found, count = np.full((n, limit), -1, np.int32), np.empty(n, np.int64)
    weight = np.empty((n, median_kernels.MARKS), np.int32)
    kernels.neighbours(xy, reach, reach / 2.5, limit, found, count, weight)
    return found, count, weight


@pytest.mark.kernel
@pytest.mark.parametrize("along", (False, True))
def test_neighbours_are_those_within_reach(along):
    """At random, and along a line, where whole runs are out of reach or within."""
    rng = np.random.default_rng(2)
    xy = np.column_stack([0.01 * np.arange(100), np.zeros(100)]) if along else rng.uniform(0.0, 1.0, (100, 2))
    found, count, weight = neighbours(xy, 0.3003, 100)
    for i in range(100):
        distance = np.hypot(*(xy - xy[i]).T)
        near = np.flatnonzero(distance <= 0.3003)
        assert found[i, : count[i]].tolist() == near.tolist()
        expected = np.exp(-0.5 * (distance[near] / 0.12012) ** 2)
        np.testing.assert_allclose(weight[i, : count[i]] / 2.0**23, expected, atol=2.0**-23)
        assert not weight[i, count[i] :].any()


@pytest.mark.kernel
@pytest.mark.parametrize("limit", (1, 2, 7, 24, 25, 26))
def test_of_many_neighbours_an_even_choice_is_taken(limit):
    found, count, _ = neighbours(np.zeros((25, 2)), 0.1, limit)
    assert (count <= limit).all()
    assert (count > limit // 2).all()
    chosen = found[0, : count[0]]
    assert (chosen >= 0).all()
    assert len(set(np.diff(chosen))) <= 1


def test_no_weights_add_up_to_more_than_a_whole_number_holds():
    assert MAX_NEIGHBOURS <= median_kernels.MARKS
    assert median_kernels.MARKS * median_kernels.WEIGHT < 2**31


@pytest.mark.parametrize("method", ALL)
def test_a_flat_reflector_is_removed(method):
    """A layer at constant depth under a head of changing height: the same once aligned at the surface."""
    rng = np.random.default_rng(3)
    silent = forward.soundings(forward.sweep(rng))
    layer = forward.wavelet(silent.frequency_hz) * np.exp(-2j * np.pi * silent.frequency_hz * 0.8e-9)
    surface = flat(silent)
    k = 2 * np.pi * silent.frequency_hz / 299_792_458.0
    soundings = replace(silent, spectrum=layer * np.exp(-1j * k * surface.path_m[:, None]))
    rest = remove_background(soundings, surface, method=method, **options(method))
    assert np.abs(rest.spectrum).max() < TOLERANCE.get(method, 1e-12) * np.abs(soundings.spectrum).max()


@pytest.mark.parametrize("method", ("moving-mean", "moving-median", "mean", "median"))
def test_a_small_body_is_kept(method):
    rng = np.random.default_rng(4)
    silent = level_sweep(rng)
    d2 = (silent.midpoint_m[:, :2] ** 2).sum(axis=1)
    body = np.exp(-4 * np.log(2) * d2 / 0.06**2)[:, None] * np.ones(7)
    soundings = replace(silent, spectrum=1.0 + 0.3 * body)
    rest = np.abs(remove_background(soundings, flat(soundings), method=method).spectrum)
    at = int(np.argmin(d2))
    assert rest[at].min() > 0.2
    assert rest[d2 > 0.15**2].max() < 0.03


def test_a_median_ignores_what_a_mean_smears():
    rng = np.random.default_rng(5)
    silent = level_sweep(rng)
    wild = np.zeros(silent.spectrum.shape, complex)
    wild[100] = 1e3
    far = np.hypot(*(silent.midpoint_m[:, :2] - silent.midpoint_m[100, :2]).T) > 1e-9
    soundings = replace(silent, spectrum=1.0 + wild)
    mean = remove_background(soundings, flat(soundings), method="moving-mean").spectrum[far]
    median = remove_background(soundings, flat(soundings), method="moving-median").spectrum[far]
    assert np.abs(mean).max() > 1.0
    assert np.abs(median).max() < 1e-9


def test_channels_do_not_mix():
    rng = np.random.default_rng(6)
    points = forward.sweep(rng, height_jitter_m=0.0)
    channel = np.arange(len(points)) % 2
    silent = forward.soundings(points, channel=channel, frequency_hz=np.array([1e9, 2e9]))
    soundings = replace(silent, spectrum=np.where(channel == 0, 1.0, -5.0)[:, None] * np.ones((1, 2), complex))
    for method in ALL:
        assert np.abs(
            remove_background(soundings, flat(soundings), method=method, **options(method)).spectrum
        ).max() < (10 * TOLERANCE.get(method, 1e-12))


def test_none_is_identity():
    rng = np.random.default_rng(7)
    silent = level_sweep(rng)
    soundings = replace(silent, spectrum=noise(rng, silent))
    assert remove_background(soundings, flat(soundings), method="none") is soundings
    assert background_loss(soundings, flat(soundings), method="none") == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("method", (*MOVING, "mean", "median", "none"))
def test_few_soundings(method):
    for n in (0, 1, 2):
        soundings = forward.soundings(np.full((n, 3), 0.03))
        rest = remove_background(soundings, flat(soundings), method=method)
        assert rest.spectrum.shape == soundings.spectrum.shape
        assert not rest.spectrum.any()
        all_is_lost = float(method != "none" and n > 0)  # alone, a sounding is its own background
        loss = background_loss(soundings, flat(soundings), method=method, radius_m=0.1, width_m=0.1)
        assert loss == pytest.approx(all_is_lost, abs=1e-9)


def test_input_is_left_alone():
    rng = np.random.default_rng(8)
    silent = level_sweep(rng)
    soundings = replace(silent, spectrum=noise(rng, silent))
    kept = soundings.spectrum.copy()
    for method in ALL:
        remove_background(soundings, flat(soundings), method=method, **options(method))
    np.testing.assert_array_equal(soundings.spectrum, kept)


@pytest.mark.parametrize("method", MOVING)
def test_the_wider_the_radius_the_less_is_lost(method):
    rng = np.random.default_rng(9)
    silent = level_sweep(rng, side_m=0.6, lines=20, per_line=30)
    soundings = replace(silent, spectrum=0.2 * noise(rng, silent))
    losses = [
        background_loss(soundings, flat(soundings), method=method, radius_m=radius, width_m=0.10)
        for radius in (0.03, 0.06, 0.12, 0.24)
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > 0.6
    assert 0.0 <= losses[-1] < 0.2
    assert all(0.0 <= loss <= 1.0 for loss in losses)


def test_crowded_soundings_stay_bounded():
    """A head at rest: thousands of neighbours at one place cost no more than the chosen few each."""
    rng = np.random.default_rng(10)
    points = np.column_stack([0.001 * rng.standard_normal((3000, 2)), np.full(3000, 0.03)])
    silent = forward.soundings(points, frequency_hz=np.array([1e9]))
    soundings = replace(silent, spectrum=1.0 + 0.1 * noise(rng, silent))
    rest = remove_background(soundings, flat(soundings), method="moving-median")
    assert len(points) > 10 * MAX_NEIGHBOURS
    assert abs(rest.spectrum.mean()) < 0.02


def layered(rng, count, **sweep):
    """Soundings of ``count`` layers that come and go along the track."""
    silent = level_sweep(rng, **sweep)
    n = silent.time_s.size
    swing = [np.ones(n), *(np.cos(np.pi * m * np.arange(n) / n) for m in range(1, count))]
    delay = np.exp(-2j * np.pi * np.outer(0.4e-9 * np.arange(1, count + 1), silent.frequency_hz))
    weight = 2.0 ** -np.arange(count)
    surface = flat(silent)
    common = np.einsum("c,cn,ck->nk", weight, swing, delay)
    return replace(
        silent,
        spectrum=common * np.exp(-2j * np.pi * silent.frequency_hz * surface.path_m[:, None] / 299_792_458.0),
    )


@pytest.mark.parametrize("count", (1, 2, 3))
def test_svd_takes_what_extends_over_the_track(count):
    """Layers that vary along it are components, and are counted; a given number is obeyed."""
    soundings = layered(np.random.default_rng(11), count)
    noisy = replace(soundings, spectrum=soundings.spectrum + 1e-3 * noise(np.random.default_rng(12), soundings))
    size = np.linalg.norm(soundings.spectrum)
    rest = remove_background(noisy, flat(soundings), method="svd").spectrum
    assert np.linalg.norm(rest) < 0.01 * size
    fewer = remove_background(noisy, flat(soundings), method="svd", rank=count - 1).spectrum
    assert np.linalg.norm(fewer) > 0.1 * size
    exact = remove_background(noisy, flat(soundings), method="svd", rank=count).spectrum
    np.testing.assert_allclose(exact, rest, atol=1e-12)


@pytest.mark.parametrize("strength", (0.1, 1.0, 30.0))
def test_svd_leaves_a_body_that_dominates(strength):
    """What one place alone has is not background, even when it is the strongest component of all."""
    rng = np.random.default_rng(13)
    soundings = layered(rng, 1)
    loss = target_loss(
        lambda s: remove_background(s, flat(soundings), method="svd"),
        soundings,
        flat(soundings),
        strength=strength,
    )
    assert loss < 0.1


def test_svd_that_finds_no_component_says_so():
    """Noise alone has nothing that extends over the track: "auto" takes nothing, and two channels are not one."""
    rng = np.random.default_rng(21)
    soundings = layered(rng, 1)
    n = soundings.time_s.size
    channel = np.repeat(np.arange(2, dtype=np.intp), [n // 2, n - n // 2])
    spectrum = np.where((channel == 1)[:, None], noise(rng, soundings), soundings.spectrum)
    mixed = replace(soundings, channel=channel, spectrum=spectrum)
    rest = remove_background(mixed, flat(mixed), method="svd")
    assert unchanged_channels(mixed, rest) == (1,)
    shares = removed_energy(mixed, rest)
    assert shares[0] == pytest.approx(1.0, abs=1e-12)
    assert shares[1] < 1e-28
    assert unchanged_channels(mixed, remove_background(mixed, flat(mixed), method="svd", rank=0)) == (0, 1)
    assert unchanged_channels(mixed, remove_background(mixed, flat(mixed), method="svd", rank=1)) == ()


@pytest.mark.parametrize("method", ALL)
def test_every_method_removes_what_all_have_in_common(method):
    soundings = layered(np.random.default_rng(22), 1)
    rest = remove_background(soundings, flat(soundings), method=method, **options(method))
    assert removed_energy(soundings, rest)[0] == pytest.approx(1.0, abs=1e-2)


def test_a_silent_channel_has_nothing_to_remove():
    silent = level_sweep(np.random.default_rng(23))
    assert removed_energy(silent, silent) == {}
    assert unchanged_channels(silent, silent) == ()
    fewer = replace(silent, spectrum=silent.spectrum[:, 1:])
    with pytest.raises(ValueError, match=r"same soundings and frequencies, got \(\d+, 7\) and \(\d+, 6\)"):
        removed_energy(silent, fewer)


def test_robust_pca_takes_layers_and_leaves_bodies():
    """Layers that come and go, which a moving mean cannot follow, beside a body."""
    rng = np.random.default_rng(14)
    points = forward.sweep(rng, height_jitter_m=0.0)
    silent = forward.soundings(points, frequency_hz=np.linspace(0.8e9, 3.2e9, 61))
    n = len(points)
    surface = flat(silent)
    turn = np.exp(-2j * np.pi * silent.frequency_hz * surface.path_m[:, None] / 299_792_458.0)
    layers = sum(
        np.outer(np.cos(m * np.arange(n) / 3.0), np.exp(-2j * np.pi * silent.frequency_hz * m * 0.5e-9))
        for m in (1, 2, 3)
    )
    body = np.exp(-4 * np.log(2) * (points[:, :2] ** 2).sum(axis=1) / 0.06**2)[:, None]
    body = 2.0 * body * np.exp(-2j * np.pi * silent.frequency_hz * 3.3e-9)
    soundings = replace(silent, spectrum=(layers + body) * turn + 0.01 * noise(rng, silent))
    rest = remove_background(soundings, surface, method="robust-pca").spectrum / turn
    assert np.linalg.norm(rest - body) < 0.2 * np.linalg.norm(body)
    mean = remove_background(soundings, surface, method="moving-mean").spectrum / turn
    assert np.linalg.norm(mean - body) > 5.0 * np.linalg.norm(body)


def test_a_stretch_of_the_scan_is_the_reference():
    rng = np.random.default_rng(15)
    soundings = layered(rng, 1)
    wild = replace(
        soundings, spectrum=soundings.spectrum + noise(rng, soundings) * (soundings.time_s > 2.0)[:, None]
    )
    rest = remove_background(wild, flat(wild), method="reference", reference_start_s=0.5, reference_stop_s=2.0)
    np.testing.assert_allclose(rest.spectrum, wild.spectrum - soundings.spectrum, atol=1e-12)


@pytest.mark.parametrize(("start_s", "stop_s"), ((None, None), (0.0, None), (None, 1.0), (90.0, 99.0), (1.0, 0.5)))
def test_a_reference_without_soundings_is_refused(start_s, stop_s):
    soundings = layered(np.random.default_rng(16), 1)
    with pytest.raises(
        ScanError, match=f"from {start_s} s to {stop_s} s: channel 0 has no sounding in it.*0.000 s"
    ):
        remove_background(
            soundings, flat(soundings), method="reference", reference_start_s=start_s, reference_stop_s=stop_s
        )


def test_another_scan_is_the_reference():
    """Ground without a target, swept at other heights."""
    rng = np.random.default_rng(17)
    spectrum = forward.wavelet(np.linspace(0.8e9, 3.2e9, 61)) * np.array([[1.0], [0.3j]])
    scans = []
    for _ in range(2):
        points = forward.sweep(rng)
        silent = forward.soundings(points, channel=np.arange(len(points)) % 2)
        turn = np.exp(-2j * np.pi * silent.frequency_hz * flat(silent).path_m[:, None] / 299_792_458.0)
        scans.append(replace(silent, spectrum=spectrum[silent.channel] * turn))
    quiet, soundings = scans
    reference = reference_spectra(quiet, flat(quiet))
    assert np.abs(subtract_reference(soundings, flat(soundings), reference).spectrum).max() < 1e-12
    with pytest.raises(ScanError, match="channel 1 needs a reference of 61 tones, got none"):
        subtract_reference(soundings, flat(soundings), {0: reference[0]})
    with pytest.raises(ScanError, match="channel 0 needs a reference of 61 tones, got one of 7 tones"):
        subtract_reference(soundings, flat(soundings), {0: reference[0][:7], 1: reference[1]})


def test_an_unknown_method_is_refused():
    soundings = layered(np.random.default_rng(18), 1)
    with pytest.raises(ValueError, match="'mode'"):
        remove_background(soundings, flat(soundings), method="mode")


def test_the_loss_of_a_known_step():
    """A step that halves all amplitudes loses three quarters of the energy; one that adds something loses none."""
    rng = np.random.default_rng(19)
    soundings = level_sweep(rng)
    soundings = replace(soundings, spectrum=noise(rng, soundings))
    for body in ("flat", "point"):
        half = target_loss(lambda s: replace(s, spectrum=0.5 * s.spectrum), soundings, flat(soundings), body=body)
        assert half == pytest.approx(0.75, abs=1e-9)
        more = target_loss(lambda s: replace(s, spectrum=s.spectrum + 1.0), soundings, flat(soundings), body=body)
        assert more == pytest.approx(0.0, abs=1e-9)
        gone = target_loss(lambda s: replace(s, spectrum=0.0 * s.spectrum), soundings, flat(soundings), body=body)
        assert gone == 1.0


def test_the_loss_of_a_mean_is_the_bodys_mean():
    """The global mean takes n |mean|^2 of the energy."""
    rng = np.random.default_rng(20)
    soundings = level_sweep(rng)
    soundings = replace(soundings, spectrum=noise(rng, soundings))
    xy = soundings.midpoint_m[:, :2]
    centre = xy[np.argmin(((xy - np.median(xy, axis=0)) ** 2).sum(axis=1))]
    bell = np.exp(-4 * np.log(2) * ((xy - centre) ** 2).sum(axis=1) / 0.1**2)
    found = background_loss(soundings, flat(soundings), method="mean", width_m=0.1)
    assert found == pytest.approx(bell.sum() ** 2 / (bell.size * (bell**2).sum()), rel=1e-9)


def test_a_point_loses_less_than_a_flat_reflector():
    """Its hyperbola is not like a layer."""
    rng = np.random.default_rng(21)
    soundings = forward.soundings(forward.sweep(rng, height_jitter_m=0.0))
    soundings = replace(soundings, spectrum=0.1 * noise(rng, soundings))
    for method in (*MOVING, "mean", "median"):
        flat_loss = background_loss(soundings, flat(soundings), method=method, width_m=0.1)
        assert background_loss(soundings, flat(soundings), method=method, body="point") < flat_loss


@pytest.mark.parametrize("method", (*MOVING, "mean"))
def test_few_tones_and_near_soundings_tell_the_loss(method):
    rng = np.random.default_rng(22)
    soundings = forward.soundings(forward.sweep(rng, side_m=1.0, lines=20, per_line=40))
    soundings = replace(soundings, spectrum=noise(rng, soundings))
    cheap = background_loss(soundings, flat(soundings), method=method, radius_m=0.08)
    full = target_loss(
        lambda s: remove_background(s, flat(soundings), method=method, radius_m=0.08), soundings, flat(soundings)
    )
    assert cheap == pytest.approx(full, abs=0.03)


@pytest.mark.parametrize("method", (*MOVING, "mean", "none"))
def test_the_removal_with_its_losses_is_each_by_itself(method):
    rng = np.random.default_rng(26)
    points = forward.sweep(rng, side_m=0.6, lines=8, per_line=12)
    soundings = forward.soundings(points, channel=np.arange(len(points)) % 2)
    soundings = replace(soundings, spectrum=noise(rng, soundings))
    rest, *losses = remove_background_with_losses(soundings, flat(soundings), method=method)
    alone = remove_background(soundings, flat(soundings), method=method)
    np.testing.assert_array_equal(rest.spectrum, alone.spectrum)
    for body, loss in zip(("flat", "point"), losses, strict=True):
        assert loss == pytest.approx(
            background_loss(soundings, flat(soundings), method=method, body=body), abs=1e-6
        )
