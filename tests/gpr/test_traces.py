"""Analytic traces against the echoes that were put in."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from dualsense.gpr._clean.surface import Surface
from dualsense.gpr._traces import BLOCK, _Sums, analytic_traces, spectral_window
from oracles import forward
from oracles import traces as oracle

FREQUENCY_HZ = np.linspace(0.8e9, 3.2e9, 121)


def soundings_of(spectrum, frequency=FREQUENCY_HZ):
    silent = forward.soundings(np.full((len(spectrum), 3), 0.04), frequency_hz=frequency)
    return replace(silent, spectrum=np.asarray(spectrum, complex))


def surface(sounded, echo=1.0, *, fitted=True):
    n = sounded.time_s.size
    return Surface(
        np.full(n, 0.04), np.full(n, 0.1), np.broadcast_to(echo, sounded.spectrum.shape), np.zeros(n), fitted
    )


def echo(delay_s, frequency=FREQUENCY_HZ):
    return np.exp(-2j * np.pi * frequency * delay_s)


@pytest.mark.parametrize("delay_s", (0.3e-9, 1.234e-9, 7.9e-9))
@pytest.mark.parametrize("uneven", (False, True))
def test_an_echo_peaks_at_its_delay_with_its_amplitude(delay_s, uneven):
    frequency = FREQUENCY_HZ
    if uneven:
        jitter = np.random.default_rng(0).uniform(-8e6, 8e6, frequency.size)
        frequency = np.sort(frequency + jitter)
    sounded = soundings_of(0.25 * np.exp(1j) * echo(delay_s, frequency)[None], frequency)
    traces = analytic_traces(sounded, surface(sounded), whiten=False)
    envelope = np.abs(traces.values[0])
    at = int(np.argmax(envelope))
    assert at * traces.dt_s == pytest.approx(delay_s, abs=0.6 * traces.dt_s)
    assert envelope[at] == pytest.approx(0.25, rel=1e-3)
    far = np.abs(traces.dt_s * np.arange(envelope.size) - delay_s) > 1.2e-9
    assert envelope[far].max() < 0.25 * (0.03 if uneven else 0.01)


def test_the_phase_is_that_of_the_analytic_signal():
    """Sampled between, the value turns with the middle of the band: what a linear look-up has to follow."""
    delay_s = 2.0e-9
    sounded = soundings_of(echo(delay_s)[None])
    traces = analytic_traces(sounded, surface(sounded), whiten=False)
    at = delay_s / traces.dt_s
    k = int(at)
    value = traces.values[0, k] + (at - k) * (traces.values[0, k + 1] - traces.values[0, k])
    assert value == pytest.approx(1.0, abs=0.01)
    turn = np.angle(traces.values[0, k + 1] / traces.values[0, k])
    assert turn == pytest.approx(2 * np.pi * 2.0e9 * traces.dt_s, rel=0.05)


def test_linear_look_up_is_good_to_a_percent():
    """``oversampling`` 24 at the highest frequency."""
    delays = np.linspace(1.0e-9, 1.1e-9, 101)
    sounded = soundings_of(np.array([echo(d) for d in delays]))
    traces = analytic_traces(sounded, surface(sounded), whiten=False)
    at = delays / traces.dt_s
    k = at.astype(int)
    rows = np.arange(delays.size)
    value = traces.values[rows, k] + (at - k) * (traces.values[rows, k + 1] - traces.values[rows, k])
    assert np.abs(value - 1.0).max() < 0.01


def test_whitening_takes_the_antennas_out():
    """Band shape and delay of the antennas are in the surface's echo: half as strong a target comes out as 0.5."""
    wavelet = 7.0 * forward.wavelet(FREQUENCY_HZ, delay_s=0.6e-9)
    sounded = soundings_of(0.5 * (wavelet * echo(1.5e-9))[None])
    white = analytic_traces(sounded, surface(sounded, wavelet))
    envelope = np.abs(white.values[0])
    assert np.argmax(envelope) * white.dt_s == pytest.approx(1.5e-9, abs=white.dt_s)
    assert envelope.max() == pytest.approx(0.5, rel=0.05)
    plain = analytic_traces(sounded, surface(sounded, wavelet), whiten=False)
    assert np.argmax(np.abs(plain.values[0])) * plain.dt_s == pytest.approx(2.1e-9, abs=2 * plain.dt_s)
    kept = analytic_traces(sounded, surface(sounded, wavelet, fitted=False))
    np.testing.assert_array_equal(kept.values, plain.values)


def test_whitening_does_not_blow_up_where_the_echo_is_silent():
    shape = forward.wavelet(FREQUENCY_HZ)
    shape[40:60] *= 1e-6
    noise = 1e-3 * np.exp(1j * np.arange(121.0) ** 2)
    sounded = soundings_of((shape * echo(1.5e-9) + noise)[None])
    traces = analytic_traces(sounded, surface(sounded, shape))
    envelope = np.abs(traces.values[0])
    assert envelope.max() < 1.0
    far = np.abs(traces.dt_s * np.arange(envelope.size) - 1.5e-9) > 3e-9
    assert envelope[far].max() < 0.1 * envelope.max()


def test_window_ends_before_the_tones_repeat():
    sounded = soundings_of(echo(1.0e-9)[None])
    long = analytic_traces(sounded, surface(sounded), window_s=1e-6)
    assert long.values.shape[1] * long.dt_s == pytest.approx(1.0 / 20e6, rel=0.01)
    short = analytic_traces(sounded, surface(sounded), window_s=3e-9)
    assert short.values.shape[1] * short.dt_s == pytest.approx(3e-9, rel=0.01)
    np.testing.assert_allclose(short.values, long.values[:, : short.values.shape[1]], rtol=0, atol=1e-6)


def test_more_beta_less_side_lobes_wider_pulse():
    sounded = soundings_of(echo(4.0e-9)[None])
    width, lobe = [], []
    for beta in (0.0, 5.0, 9.0):
        traces = analytic_traces(sounded, surface(sounded), kaiser_beta=beta)
        envelope = np.abs(traces.values[0])
        width.append(traces.dt_s * (envelope > 0.5 * envelope.max()).sum())
        away = np.abs(traces.dt_s * np.arange(envelope.size) - 4.0e-9)
        lobe.append(envelope[away > 1.4e-9].max())
    assert width == sorted(width)
    assert lobe == sorted(lobe, reverse=True)
    assert lobe[0] > 10 * lobe[2]


def test_the_window_is_over_frequency_not_over_the_count():
    """Tones twice as dense in half of the band make the same trace."""
    dense = np.concatenate([np.arange(0.8e9, 2.0e9, 10e6), np.arange(2.0e9, 3.21e9, 20e6)])
    one, other = soundings_of(echo(3.0e-9)[None]), soundings_of(echo(3.0e-9, dense)[None], dense)
    even = analytic_traces(one, surface(one), window_s=8e-9)
    uneven = analytic_traces(other, surface(other), window_s=8e-9)
    np.testing.assert_allclose(uneven.values, even.values, rtol=0, atol=0.01)


def test_oversampling_sets_the_step():
    sounded = soundings_of(echo(1.0e-9)[None])
    assert analytic_traces(sounded, surface(sounded)).dt_s == pytest.approx(1 / (24 * 3.2e9))
    assert analytic_traces(sounded, surface(sounded), oversampling=8.0).dt_s == pytest.approx(1 / (8 * 3.2e9))


@pytest.mark.parametrize("n", (0, 1))
def test_empty_and_silent(n):
    sounded = soundings_of(np.zeros((n, 121)))
    for fitted in (True, False):
        traces = analytic_traces(sounded, surface(sounded, 0.0, fitted=fitted))
        assert traces.values.shape[0] == n
        assert traces.values.dtype == np.complex64
        assert not traces.values.any()


def test_one_tone():
    sounded = soundings_of(np.ones((2, 1)), np.array([2e9]))
    traces = analytic_traces(sounded, surface(sounded))
    np.testing.assert_allclose(np.abs(traces.values), 1.0 / 1.01, rtol=1e-5)


def test_input_is_left_alone():
    sounded = soundings_of(echo(1.0e-9)[None])
    before = sounded.spectrum.copy()
    analytic_traces(sounded, surface(sounded, 2.0))
    np.testing.assert_array_equal(sounded.spectrum, before)


# --- windows over the band --------------------------------------------------------------------------------


def side_lobe_db(window, **options):
    """Highest side lobe of the pulse beside its first minimum."""
    f = np.linspace(1e9, 3e9, 401)
    weight = spectral_window(f, window, **options)
    t = np.linspace(0.0, 12e-9, 12001)
    pulse = np.abs(np.exp(2j * np.pi * np.outer(t, f - 2e9)) @ weight) / weight.sum()
    first = int(np.argmax(np.diff(pulse) > 0.0))
    return 20.0 * np.log10(pulse[first:].max())


@pytest.mark.parametrize(
    ("window", "expected_db"), (("none", -13.3), ("hann", -31.5), ("blackman-harris", -92.0), ("kaiser", -36.7))
)
def test_side_lobes_are_those_of_the_books(window, expected_db):
    assert side_lobe_db(window) == pytest.approx(expected_db, abs=0.6)


def test_tukey_lies_between_none_and_hann():
    f = np.linspace(1e9, 3e9, 401)
    hann = spectral_window(f, "hann")
    np.testing.assert_array_equal(spectral_window(f, "tukey", tukey_fraction=1.0), hann)
    tukey = spectral_window(f, "tukey", tukey_fraction=0.5)
    np.testing.assert_array_equal(tukey[100:301], 1.0)
    assert tukey[50] == pytest.approx(0.5, abs=1e-12)
    assert tukey[0] == pytest.approx(0.0, abs=1e-15)
    inner = spectral_window(f, "tukey", tukey_fraction=0.0)[1:-1]
    np.testing.assert_array_equal(inner, 1.0)


@pytest.mark.parametrize("window", ("kaiser", "hann", "blackman-harris", "tukey", "none"))
def test_every_window_keeps_place_and_amplitude(window):
    sounded = soundings_of(0.25 * echo(2.0e-9)[None])
    traces = analytic_traces(sounded, surface(sounded), whiten=False, window=window)
    at = int(np.argmax(np.abs(traces.values[0])))
    assert at * traces.dt_s == pytest.approx(2.0e-9, abs=0.6 * traces.dt_s)
    assert np.abs(traces.values[0, at]) == pytest.approx(0.25, rel=2e-3)


def test_a_few_tones_that_lack_do_not_shorten_the_traces():
    """What lies deeper than a short trace would reach looks empty, and is not."""
    kept = np.ones(FREQUENCY_HZ.size, bool)
    kept[50:70] = False
    frequency = FREQUENCY_HZ[kept]
    sounded = soundings_of(echo(6.0e-9, frequency)[None], frequency)
    traces = analytic_traces(sounded, surface(sounded), whiten=False)
    assert traces.values.shape[1] * traces.dt_s == pytest.approx(10e-9, rel=0.01)
    at = int(np.argmax(np.abs(traces.values[0])))
    assert at * traces.dt_s == pytest.approx(6.0e-9, abs=0.6 * traces.dt_s)


@pytest.mark.parametrize("scale", (1e-15, 1.0, 1e15))
def test_single_precision_is_enough_for_a_millionth_of_the_peak(scale):
    rng = np.random.default_rng(3)
    spectrum = rng.standard_normal((20, 121)) + 1j * rng.standard_normal((20, 121)) + 3.0 * echo(2e-9)
    sounded = soundings_of(scale * spectrum)
    traces = analytic_traces(sounded, surface(sounded), whiten=False)
    time_s = traces.dt_s * np.arange(traces.values.shape[1])
    exact = traces.spectrum @ np.exp(2j * np.pi * FREQUENCY_HZ[:, None] * time_s)
    np.testing.assert_allclose(traces.values, exact, rtol=0, atol=1e-6 * np.abs(exact).max())


@pytest.mark.parametrize("oversampling", (2.5, 24.0, 60.0))
@pytest.mark.parametrize(
    "frequency_hz",
    (
        np.linspace(0.02e9, 4e9, 200),
        np.sort(np.random.default_rng(6).uniform(0.1e9, 6e9, 90)),
        np.array([0.5e9, 3e9]),
        np.array([1e9]),
    ),
    ids=("wide", "uneven", "two", "one"),
)
def test_sums_in_two_steps_are_those_in_one(frequency_hz, oversampling):
    rng = np.random.default_rng(5)
    shape = (30, frequency_hz.size)
    spectrum = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(np.complex64)
    dt_s = 1.0 / (oversampling * frequency_hz[-1])
    out = np.empty((30, int(10e-9 / dt_s)), np.complex64)
    _Sums.of(frequency_hz, dt_s, oversampling, out.shape[1]).fill(spectrum, out)
    exact = oracle.sums(spectrum, frequency_hz, dt_s, out.shape[1])
    np.testing.assert_allclose(out, exact, rtol=0, atol=1e-6 * np.abs(exact).max())


def test_many_soundings_take_hardly_more_memory_than_their_traces():
    """Blocks give what one sum over everything gives, and steps in between are not held for all soundings."""
    rng = np.random.default_rng(4)
    size = 2 * BLOCK + 100
    sounded = soundings_of(rng.normal(size=(size, FREQUENCY_HZ.size)) + 0j)
    over = surface(sounded, rng.normal(size=FREQUENCY_HZ.size) + 2.0)
    analytic_traces(sounded, over)  # what is imported on the way is nobody's
    tracemalloc.start()
    traces = analytic_traces(sounded, over)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1.7 * (traces.values.nbytes + traces.spectrum.nbytes)
    weight = np.abs(over.echo) ** 2 + (0.1 * np.abs(over.echo).mean(axis=1, keepdims=True)) ** 2
    np.testing.assert_allclose(
        traces.spectrum, sounded.spectrum * over.echo.conj() / weight * traces.window, atol=1e-12
    )
    t = traces.dt_s * np.arange(traces.values.shape[1])
    exact = traces.spectrum @ np.exp(2j * np.pi * FREQUENCY_HZ[:, None] * t)
    np.testing.assert_allclose(traces.values, exact, atol=3e-6 * np.abs(exact).max())
