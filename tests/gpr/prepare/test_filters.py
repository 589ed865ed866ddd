"""Filters over frequency against their transfer functions, and deconvolution against known reflectivities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.errors import ScanError
from dualsense.gpr._prepare.filters import bandpass, spectral_loss, spiking, whiten_spectrum, wiener
from oracles import forward

FREQUENCY_HZ = np.linspace(0.8e9, 3.2e9, 121)


def soundings_of(spectrum, frequency=FREQUENCY_HZ, channel=None):
    spectrum = np.atleast_2d(np.asarray(spectrum, complex))
    silent = forward.soundings(
        np.full((len(spectrum), 3), 0.04),
        frequency_hz=frequency,
        channel=np.zeros(len(spectrum), np.intp) if channel is None else channel,
    )
    return replace(silent, spectrum=spectrum)


def echo(delay_s, frequency=FREQUENCY_HZ):
    return np.exp(-2j * np.pi * frequency * np.asarray(delay_s)[..., None])


@pytest.mark.parametrize("shape", ("cosine", "butterworth"))
def test_bandpass_has_its_gain_and_no_phase(shape):
    data = soundings_of(echo([1e-9, 2e-9]) * np.array([[1.0], [3.0j]]))
    found = bandpass(data, shape=shape, low_hz=1.2e9, high_hz=2.4e9, taper_hz=0.2e9, order=3)
    gain = found.spectrum / data.spectrum
    np.testing.assert_allclose(gain.imag, 0.0, atol=1e-15)
    np.testing.assert_allclose(gain[0], gain[1], rtol=1e-12)
    at = {f: gain[0, np.argmin(np.abs(FREQUENCY_HZ - f))].real for f in (1.0e9, 1.1e9, 1.2e9, 1.8e9, 2.4e9)}
    if shape == "cosine":
        assert at[1.0e9] == pytest.approx(0.0, abs=1e-15)
        assert at[1.1e9] == pytest.approx(0.5, rel=1e-9)
        for middle in (1.2e9, 1.8e9, 2.4e9):
            assert at[middle] == pytest.approx(1.0, rel=1e-12)
    else:
        assert at[1.2e9] == pytest.approx(0.5 / (1.0 + 0.5**6), rel=1e-12)
        assert at[1.8e9] == pytest.approx(1.0 / (1.0 + (2 / 3) ** 6) / (1.0 + 0.75**6), rel=1e-12)


def test_a_bandpass_without_edges_is_a_box():
    found = bandpass(soundings_of(echo([1e-9])), low_hz=1.2e9, high_hz=2.4e9, taper_hz=0.0).spectrum[0]
    inside = (FREQUENCY_HZ > 1.199e9) & (FREQUENCY_HZ < 2.401e9)
    np.testing.assert_array_equal(np.abs(found) > 0.0, inside)


@pytest.mark.parametrize(("low", "high", "words"), ((2e9, 1e9, "low_hz < high_hz"), (5e9, 6e9, "leaves nothing")))
def test_a_band_that_is_none_is_refused(low, high, words):
    with pytest.raises(ScanError, match=words):
        bandpass(soundings_of(echo([1e-9])), low_hz=low, high_hz=high)


def test_whitening_makes_amplitudes_equal_and_keeps_times():
    delays = np.linspace(1e-9, 5e-9, 12)
    shape = np.exp(-0.5 * ((FREQUENCY_HZ - 2e9) / 0.5e9) ** 2)
    data = soundings_of(shape * echo(delays))
    found = whiten_spectrum(data, smoothing_hz=0.0, floor=0.01)
    level = np.abs(found.spectrum)
    assert level.max() / level.min() < 3.0 * 1.2  # what lies below the floor is raised as much as the floor
    inside = np.abs(FREQUENCY_HZ - 2e9) < 1e9
    np.testing.assert_allclose(level[:, inside] / level[0, 60], 1.0, rtol=1e-9)
    np.testing.assert_allclose(np.angle(found.spectrum / data.spectrum), 0.0, atol=1e-12)
    assert (level**2).sum() == pytest.approx((np.abs(data.spectrum) ** 2).sum(), rel=1e-9)


def test_whitening_is_each_channels_own():
    spectra = np.concatenate([np.tile(FREQUENCY_HZ / 2e9, (5, 1)), np.tile(2e9 / FREQUENCY_HZ, (5, 1))])
    found = whiten_spectrum(soundings_of(spectra, channel=np.repeat([0, 1], 5)), smoothing_hz=0.0).spectrum
    np.testing.assert_allclose(np.abs(found), np.abs(found[:, :1]) * np.ones(121), rtol=1e-9)


def test_wiener_with_the_wavelet_gives_the_reflectivity():
    wavelet = forward.wavelet(FREQUENCY_HZ, delay_s=0.7e-9)
    reflectivity = echo([1e-9, 2e-9]) + 0.3 * echo([3.3e-9, 3.4e-9])
    data = soundings_of(4.0 * wavelet * reflectivity)
    found = wiener(data, wavelet=4.0 * wavelet, noise=1e-4).spectrum
    np.testing.assert_allclose(found, reflectivity, atol=1e-5)
    noise = 0.5
    damped = wiener(data, wavelet=4.0 * wavelet, noise=noise).spectrum
    power = np.abs(4.0 * wavelet) ** 2
    np.testing.assert_allclose(damped, reflectivity * power / (power + noise**2 * power.mean()), rtol=1e-9)


def test_wiener_finds_the_direct_wave_and_keeps_times():
    """A chirped wavelet is learned from what the soundings share: echoes lose the chirp, and stay in place."""
    rng = np.random.default_rng(0)
    shape = np.exp(-0.5 * ((FREQUENCY_HZ - 2e9) / 0.7e9) ** 2)
    chirp = shape * np.exp(2j * ((FREQUENCY_HZ - 2e9) / 1e9) ** 2)
    reflectivity = echo(np.full(40, 0.8e-9)) + 0.2 * echo(rng.uniform(5e-9, 7e-9, 40))
    noise = 0.05
    found = wiener(soundings_of(chirp * reflectivity), noise=noise, gate_s=6e-9).spectrum
    expected = reflectivity * shape**2 / (shape**2 + noise**2 * (shape**2).mean())
    inner = np.abs(FREQUENCY_HZ - 2e9) < 1e9  # at the band's edge a short gate sees beyond it
    assert np.linalg.norm((found - expected)[:, inner]) < 0.1 * np.linalg.norm(expected[:, inner])
    for i in (0, 11, 27):
        turn = np.angle(found[i] / expected[i])
        assert abs(np.polyfit(2.0 * np.pi * FREQUENCY_HZ, turn, 1)[0]) < 0.01e-9


def test_wiener_refuses_another_wavelet():
    with pytest.raises(ScanError, match="one value for each of 121"):
        wiener(soundings_of(echo([1e-9])), wavelet=np.ones(7, complex))


FULL_HZ = 20e6 * np.arange(1, 257)
BAND_HZ = 256 * 20e6


def lagged(series):
    """Spectrum of a series at lags of one over the bandwidth, as if the band began at zero frequency."""
    turn = np.exp(-2j * np.pi * np.outer(np.arange(len(series)), (FULL_HZ - FULL_HZ[0]) / BAND_HZ))
    return np.asarray(series, complex) @ turn


def test_spiking_shortens_a_minimum_phase_wavelet_to_a_spike():
    wavelet = np.convolve([1.0, -0.8j], [1.0, 0.6])  # both zeros within the unit circle
    data = soundings_of(lagged(wavelet)[None] * np.array([[1.0], [2.0]]), FULL_HZ)
    found = spiking(data, length_s=60 / BAND_HZ, prewhitening=0.0).spectrum
    np.testing.assert_allclose(found, np.array([[1.0], [2.0]]) * np.ones(256), atol=1e-3)


def test_spiking_finds_reflectivities():
    rng = np.random.default_rng(3)
    series = np.zeros((200, 256))
    series[np.repeat(np.arange(200), 8), rng.integers(0, 200, 1600)] = rng.normal(size=1600)
    wavelet = lagged([1.0, -0.7, 0.2])
    data = soundings_of(np.array([lagged(s) for s in series]) * wavelet, FULL_HZ)
    found = spiking(data, length_s=30 / BAND_HZ, prewhitening=1e-3).spectrum
    expected = np.array([lagged(s) for s in series])
    assert np.linalg.norm(found - expected) < 0.1 * np.linalg.norm(expected)
    assert np.linalg.norm(data.spectrum - expected) > 0.5 * np.linalg.norm(expected)


def test_a_gap_keeps_the_wavelet_and_takes_the_ringing():
    """A multiple every 12 lags, each -0.6 of the one before: 1/(1 + 0.6 z^12)."""
    first = [1.0, 0.5, -0.3]
    ringing = np.zeros(240)
    ringing[::12] = (-0.6) ** np.arange(20)
    data = soundings_of(lagged(np.convolve(first, ringing)[:240])[None], FULL_HZ)
    found = spiking(data, length_s=4 / BAND_HZ, gap_s=12 / BAND_HZ, prewhitening=0.0).spectrum[0]
    np.testing.assert_allclose(found, lagged(first), atol=5e-3)


def test_a_gap_too_long_is_refused():
    with pytest.raises(ScanError, match="too long"):
        spiking(soundings_of(echo([1e-9])), gap_s=1e-6)


def test_few_tones_have_no_past():
    data = soundings_of(np.ones((3, 2)), np.array([1e9, 2e9]))
    assert spiking(data) is data


def test_spectral_loss_is_that_of_the_transfer_function():
    rng = np.random.default_rng(0)
    data = soundings_of(rng.normal(size=(9, 121)) + 1j * rng.normal(size=(9, 121)))
    half = bandpass(data, low_hz=0.8e9, high_hz=1.99e9, taper_hz=0.0)
    assert spectral_loss(data, half) == pytest.approx(0.5, abs=0.01)
    assert spectral_loss(data, data) == pytest.approx(0.0, abs=1e-12)
    assert spectral_loss(data, replace(data, spectrum=0.0 * data.spectrum)) == 1.0
    silent = replace(data, spectrum=0.0 * data.spectrum)
    assert spectral_loss(silent, silent) == 0.0


@pytest.mark.parametrize("step", (bandpass, whiten_spectrum, wiener, spiking))
def test_silence_stays_silence_and_the_input_stays(step):
    silent = soundings_of(np.zeros((5, 121)))
    assert not step(silent).spectrum.any()
    nothing = soundings_of(np.zeros((0, 121)))
    assert step(nothing).spectrum.shape == (0, 121)
    data = soundings_of(echo(np.linspace(1e-9, 2e-9, 5)))
    before = data.spectrum.copy()
    step(data)
    np.testing.assert_array_equal(data.spectrum, before)
