"""Clipping, offset and drift of impulse traces, against traces that had none."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.errors import ScanError
from dualsense.gpr._prepare.condition import MAX_RUN, declip, dewow, find_clipped, remove_offset
from dualsense.scan import GprData

DT_S = 20e-12
TIME_S = DT_S * np.arange(512)


def traces(data, time=TIME_S, **options):
    data = np.atleast_2d(data)
    n = len(data)
    place = np.zeros((1, 3))
    options = {"channel": np.zeros(n, np.intp), "sample_time_s": time} | options
    return GprData("impulse", 0.1 * np.arange(n), data, place, place, **options)


def ricker(t, centre_hz=1.5e9):
    a = (np.pi * centre_hz * t) ** 2
    return (1.0 - 2.0 * a) * np.exp(-a)


def arrivals(n=20):
    """A strong direct wave, a little jittered, and an echo."""
    late = np.random.default_rng(0).uniform(0.0, 0.1e-9, n)[:, None]
    return 3.0 * ricker(TIME_S - 2.0e-9 - late) + 0.3 * ricker(TIME_S - 4.0e-9 - late)


def error_db(found, true):
    return 20.0 * np.log10(np.linalg.norm(found - true) / np.linalg.norm(true))


@pytest.mark.parametrize(("rail", "left_db"), ((0.9, -70.0), (0.7, -60.0), (0.5, -45.0)))
def test_clipped_pulses_are_rebuilt(rail, left_db):
    true = arrivals()
    clipped = np.clip(true, -rail * 3.0, rail * 3.0)
    found = declip(traces(clipped))
    assert error_db(clipped, true) > -30.0
    assert error_db(found.data, true) < left_db
    untouched = ~find_clipped(traces(clipped))
    np.testing.assert_array_equal(found.data[untouched], clipped[untouched])


def test_a_clipped_sine_is_restored_to_40_db():
    phase = np.random.default_rng(1).uniform(0.0, 2.0 * np.pi, 6)[:, None]
    true = np.sin(2.0 * np.pi * 1.5e9 * TIME_S[:256] + phase)
    clipped = np.clip(true, -0.7, 0.7)
    found = declip(traces(clipped, TIME_S[:256])).data
    inner = slice(32, -32)  # at the ends a sine has samples on one side only
    assert error_db(clipped[:, inner], true[:, inner]) > -15.0
    assert error_db(found[:, inner], true[:, inner]) < -40.0


def test_what_is_rebuilt_lies_beyond_the_rail():
    clipped = np.clip(arrivals(), -1.0, 1.2)
    found = declip(traces(clipped)).data
    assert (found[clipped == 1.2] >= 1.2).all()
    assert (found[clipped == -1.0] <= -1.0).all()


def test_clipping_is_found_and_counted():
    data = arrivals(3)
    assert not find_clipped(traces(data)).any()
    data[1, 100:105] = 50.0
    data[2, 200:202] = 50.0
    data[0, 300:302] = -40.0  # two neighbours may be equal by chance
    data[0, 310] = np.nan
    expected = np.zeros(data.shape, bool)
    expected[1, 100:105] = expected[2, 200:202] = True
    np.testing.assert_array_equal(find_clipped(traces(data)), expected)


@pytest.mark.parametrize("dt_s", (5e-12, 60e-12))
def test_fine_and_coarse_sampling(dt_s):
    t = dt_s * np.arange(round(8e-9 / dt_s))
    late = np.random.default_rng(0).uniform(0.0, 0.1e-9, 20)[:, None]
    true = 3.0 * ricker(t - 2.0e-9 - late) + 0.3 * ricker(t - 4.0e-9 - late)
    clipped = np.clip(true, -2.0, 2.0)
    found = declip(traces(clipped, t)).data
    assert error_db(clipped, true) > -15.0
    assert error_db(found, true) < -30.0


def test_noise_limits_what_is_rebuilt_and_no_more():
    true = arrivals()
    noisy = true + 0.01 * np.random.default_rng(1).standard_normal(true.shape)
    found = declip(traces(np.clip(noisy, -2.0, 2.0))).data
    assert error_db(np.clip(noisy, -2.0, 2.0), true) > -15.0
    assert error_db(found, true) < -28.0  # the noise itself is at -35 dB


def test_each_channel_has_its_own_rail():
    data = np.clip(arrivals(4), -9.0, 2.0)
    data[2:] *= 10.0
    found = find_clipped(traces(data, channel=np.array([0, 0, 1, 1])))
    assert found[:2].any()
    assert found[2:].any()


def test_a_run_too_long_to_tell_stays():
    data = arrivals(4)
    data[:, 100 : 101 + MAX_RUN] = 4.0
    np.testing.assert_array_equal(declip(traces(data)).data, data)


def test_nothing_clipped_nothing_changed():
    gpr = traces(arrivals())
    assert declip(gpr) is gpr


@pytest.mark.parametrize("method", ("mean", "median"))
def test_offset_of_each_trace(method):
    pulse = np.where(TIME_S > 1e-9, arrivals(3), 0.0)
    gpr = traces(pulse + np.array([[0.5], [-7.0], [0.0]]), reference=pulse[0] + 3.0)
    found = remove_offset(gpr, method=method, to_s=0.9e-9)
    np.testing.assert_allclose(found.data, pulse, atol=1e-12)
    np.testing.assert_allclose(found.reference, pulse[0], atol=1e-12)
    whole = remove_offset(gpr, method=method)
    average = np.mean if method == "mean" else np.median
    np.testing.assert_allclose(average(whole.data, axis=1), 0.0, atol=1e-12)


def test_offset_where_values_are_missing():
    data = np.full((2, 512), 3.0)
    data[0, ::2] = np.nan
    data[1] = np.nan
    found = remove_offset(traces(data)).data
    np.testing.assert_array_equal(found[0, 1::2], 0.0)
    assert np.isnan(found[0, ::2]).all()
    assert np.isnan(found[1]).all()


def test_a_window_without_samples_is_refused():
    with pytest.raises(ScanError, match="holds no sample"):
        remove_offset(traces(arrivals()), from_s=1.0)


@pytest.mark.parametrize(("method", "change"), (("mean", 1e-10), ("gaussian", 0.01)))
def test_dewow_takes_the_drift_and_keeps_the_pulse(method, change):
    """An amplifier recovers slowly; a Ricker of 1.5 GHz rides on it, and keeps its shape."""
    pulse = ricker(TIME_S - 5.0e-9)
    wow = 4.0 * np.exp(-TIME_S / 30e-9)
    alone = dewow(traces(wow), method=method, window_s=4e-9).data[0]
    assert np.abs(alone).max() < 0.01 * np.ptp(wow)
    both = dewow(traces(pulse + wow), method=method, window_s=4e-9).data[0]
    assert np.abs(both - alone - pulse).max() < 0.025
    near = np.abs(TIME_S - 5.0e-9) < 0.4e-9
    assert np.linalg.norm((both - alone - pulse)[near]) < change * np.linalg.norm(pulse)


def test_a_running_median_follows_a_drift_exactly():
    wow = 4.0 * np.exp(-TIME_S / 30e-9)
    found = dewow(traces(wow), method="median", window_s=4e-9).data[0]
    np.testing.assert_allclose(found[100:-100], 0.0, atol=1e-12)  # the middle of what falls is its median
    assert np.abs(found).max() < 0.01 * np.ptp(wow)


def test_a_median_leaves_a_pulse_on_a_level_trace_alone():
    pulse = np.where(np.abs(TIME_S - 5.0e-9) < 0.5e-9, ricker(TIME_S - 5.0e-9), 0.0)
    found = dewow(traces(2.0 + pulse), method="median", window_s=3e-9).data[0]
    np.testing.assert_allclose(found, pulse, atol=1e-15)


@pytest.mark.parametrize("method", ("mean", "median", "gaussian"))
def test_dewow_takes_a_slope_to_the_last_sample(method):
    found = dewow(traces(2.0 - 0.3 * TIME_S / 1e-9), method=method, window_s=3e-9).data
    np.testing.assert_allclose(found, 0.0, atol=1e-12)


def test_dewow_is_a_high_pass_of_known_gain():
    """The running mean of a sine is the sine times the Dirichlet kernel: gain 1 - D, and no phase."""
    half, f = 50, 0.13e9
    wave = np.sin(2.0 * np.pi * f * TIME_S)
    found = dewow(traces(wave), window_s=2 * half * DT_S).data[0]
    x = np.pi * f * DT_S
    gain = 1.0 - np.sin((2 * half + 1) * x) / (2 * half + 1) / np.sin(x)
    np.testing.assert_allclose(found[half:-half], gain * wave[half:-half], atol=1e-12)


def test_missing_samples_stay_missing():
    data = arrivals(2)
    data[0, 40:43] = np.nan
    data[1] = np.nan
    found = dewow(traces(data)).data
    np.testing.assert_array_equal(np.isnan(found), np.isnan(data))


@pytest.mark.parametrize("step", (declip, remove_offset, dewow))
def test_tones_pass_and_the_input_stays(step):
    tones = GprData(
        "sfcw",
        np.arange(3.0),
        np.ones((3, 4), complex),
        np.zeros((1, 3)),
        np.zeros((1, 3)),
        np.zeros(3, np.intp),
        frequency_hz=np.linspace(1e9, 2e9, 4),
    )
    assert step(tones) is tones
    data = np.clip(arrivals(), -1.0, 1.0)
    before = data.copy()
    step(traces(data))
    np.testing.assert_array_equal(data, before)


def test_uneven_samples_are_refused():
    uneven = TIME_S.copy()
    uneven[100:] += 0.5 * DT_S
    with pytest.raises(ScanError, match="evenly spaced"):
        dewow(traces(arrivals(), uneven))
