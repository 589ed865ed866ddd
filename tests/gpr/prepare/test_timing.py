"""Sampling rate and time zero against waves whose times are known."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.errors import ScanError
from dualsense.gpr._prepare.timing import resample, time_zero
from dualsense.scan import GprData

C_M_S = 299_792_458.0
DT_S = 20e-12
TIME_S = DT_S * np.arange(512)
HALF_M = 0.05


def traces(data, time=TIME_S, **options):
    data = np.atleast_2d(data)
    n = len(data)
    options = {"channel": np.zeros(n, np.intp), "sample_time_s": time} | options
    place = np.array([[HALF_M, 0.0, 0.0]])
    return GprData("impulse", 0.1 * np.arange(n), data, -place, place, **options)


def ricker(t, centre_hz=1.5e9):
    a = (np.pi * centre_hz * t) ** 2
    return (1.0 - 2.0 * a) * np.exp(-a)


@pytest.mark.parametrize("dt_s", (7e-12, 20e-12, 33e-12, 60e-12))
@pytest.mark.parametrize("start_s", (0.0, -0.31e-9))
def test_a_band_limited_trace_is_the_same_at_other_times(dt_s, start_s):
    wave = lambda t: ricker(t - 3.123e-9) - 0.5 * ricker(t - 6.0e-9)  # noqa: E731
    gpr = traces(wave(start_s + TIME_S), start_s + TIME_S, reference=wave(start_s + TIME_S))
    found = resample(gpr, dt_s=dt_s)
    np.testing.assert_allclose(np.diff(found.sample_time_s), dt_s, rtol=1e-9)
    assert found.sample_time_s[0] == start_s
    assert 0.0 <= gpr.sample_time_s[-1] - found.sample_time_s[-1] < dt_s * (1.0 + 1e-9)
    np.testing.assert_allclose(found.data[0], wave(found.sample_time_s), atol=1e-4)
    np.testing.assert_allclose(found.reference, found.data[0], atol=1e-15)


def test_nothing_is_folded_back():
    """17 GHz sampled at 50 ps would come out as 3 GHz; 4 GHz stays."""
    dt_s = 50e-12
    high = resample(traces(np.sin(2e9 * np.pi * 17.0 * TIME_S)), dt_s=dt_s).data[0]
    low = resample(traces(np.sin(2e9 * np.pi * 4.0 * TIME_S)), dt_s=dt_s)
    inner = slice(30, -30)
    assert np.abs(high[inner]).max() < 1e-4
    np.testing.assert_allclose(low.data[0][inner], np.sin(2e9 * np.pi * 4.0 * low.sample_time_s)[inner], atol=1e-4)


def test_constant_and_missing_samples():
    data = np.full((2, 512), 3.0)
    data[0, 100:110] = np.nan
    data[1] = np.nan
    found = resample(traces(data), dt_s=40e-12).data
    assert np.isnan(found[1]).all()
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(found[0])), np.arange(50, 55))
    np.testing.assert_allclose(found[0][np.isfinite(found[0])], 3.0, rtol=1e-12)


def test_too_coarse_steps_are_refused():
    with pytest.raises(ScanError, match="cannot be resampled"):
        resample(traces(ricker(TIME_S)), dt_s=1e-6)


def jittered(late_s, n=15):
    """Direct wave one antenna distance plus ``late_s`` after transmission, and an echo of its own place."""
    late_s = np.broadcast_to(late_s, n)[:, None]
    echo = np.linspace(3.0e-9, 3.6e-9, n)[:, None]
    t = TIME_S - late_s - 2.0 * HALF_M / C_M_S
    return ricker(t) + 0.3 * ricker(t - echo), echo


def peak(gpr, row, low_s, high_s):
    near = np.flatnonzero((gpr.sample_time_s > low_s) & (gpr.sample_time_s < high_s))
    at = near[np.argmax(gpr.data[row, near])]
    low, middle, high = gpr.data[row, at - 1 : at + 2]
    return gpr.sample_time_s[at] + DT_S * 0.5 * (low - high) / (low - 2.0 * middle + high)


@pytest.mark.parametrize("late_s", (2.0e-9, 2.0e-9 + 0.437 * DT_S))
def test_a_common_delay_moves_only_the_axis(late_s):
    data, _ = jittered(late_s)
    gpr = traces(data, system_delay_s=0.7e-9)
    found = time_zero(gpr, pick="maximum", align=False, to_s=4e-9)
    assert found.system_delay_s == 0.0
    np.testing.assert_array_equal(found.data, data)
    assert found.sample_time_s[0] == pytest.approx(-late_s, abs=0.02 * DT_S)


def test_jitter_is_taken_out_to_a_fraction_of_a_sample():
    rng = np.random.default_rng(0)
    late = 2.0e-9 + rng.uniform(-0.1e-9, 0.1e-9, 15)
    data, echo = jittered(late)
    reference = ricker(TIME_S - 2.05e-9 - 2.0 * HALF_M / C_M_S)
    found = time_zero(traces(data, reference=reference), pick="maximum", align=True, to_s=3.8e-9)
    direct = 2.0 * HALF_M / C_M_S
    for i in range(15):
        assert peak(found, i, direct - 0.3e-9, direct + 0.3e-9) == pytest.approx(direct, abs=0.05 * DT_S)
        later = direct + echo[i, 0]
        assert peak(found, i, later - 0.3e-9, later + 0.3e-9) == pytest.approx(later, abs=0.05 * DT_S)
    own = traces(found.reference, found.sample_time_s)
    assert peak(own, 0, direct - 0.3e-9, direct + 0.3e-9) == pytest.approx(direct, abs=0.05 * DT_S)


def test_first_break_between_the_samples():
    """A triangle that begins at 2.003 ns crosses a tenth of its height 0.1 ns later."""
    start = 2.003e-9
    top = start + 50 * DT_S - start % DT_S
    rise = (top - start) / 1e-9
    up, down = (TIME_S - start) / 1e-9, (top + rise * 1e-9 - TIME_S) / 1e-9
    triangle = np.maximum(np.minimum(up, down), 0.0)
    found = time_zero(traces(np.tile(triangle, (3, 1))), threshold=0.1, align=False, delay_s=0.1e-9 * rise)
    expected = start - 2.0 * HALF_M / C_M_S
    assert found.sample_time_s[0] == pytest.approx(-expected, abs=1e-3 * DT_S)


def test_channels_are_picked_apart():
    data, _ = jittered(np.where(np.arange(16) % 2 == 0, 1.5e-9, 2.5e-9), n=16)
    gpr = traces(data, channel=np.arange(16) % 2)
    place = np.array([[0.05, 0.0, 0.0], [0.05, 0.3, 0.0]])
    gpr = GprData(
        "impulse",
        gpr.time_s,
        data,
        place * [-1, 1, 1],
        place,
        gpr.channel,
        sample_time_s=TIME_S,
    )
    found = time_zero(gpr, pick="maximum", align=False, to_s=4e-9)
    direct = 2.0 * HALF_M / C_M_S
    for i in range(16):
        assert peak(found, i, direct - 0.3e-9, direct + 0.3e-9) == pytest.approx(direct, abs=0.05 * DT_S)


def test_lost_traces_and_samples_stay_lost():
    data, _ = jittered(np.linspace(1.9e-9, 2.1e-9, 15))
    data[3] = np.nan
    data[5, 300:310] = np.nan
    found = time_zero(traces(data), align=True, to_s=4e-9).data
    assert np.isnan(found[3]).all()
    assert np.isnan(found).any(axis=1).sum() == 2
    assert np.isnan(found[5]).sum() == pytest.approx(10, abs=1)


@pytest.mark.parametrize(
    ("data", "options", "words"),
    (
        (np.ones((3, 512)), {}, "holds no wave"),
        (np.ones((3, 512)), {"from_s": 1e-9, "to_s": 1.01e-9}, "four samples"),
    ),
)
def test_what_cannot_be_picked_is_refused(data, options, words):
    with pytest.raises(ScanError, match=words):
        time_zero(traces(data), **options)


@pytest.mark.parametrize("step", (resample, time_zero))
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
    data, _ = jittered(np.linspace(1.9e-9, 2.1e-9, 15))
    before = data.copy()
    step(traces(data))
    time_zero(traces(data), align=True)
    np.testing.assert_array_equal(data, before)
