"""Attributes of signals whose envelope, phase and frequency are known."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.gpr._radargram.attributes import ATTRIBUTE_UNITS, attribute
from dualsense.gpr._traces import Traces

DT_S = 10e-12
TIME_S = DT_S * np.arange(1000)


def traces(values):
    values = np.atleast_2d(values).astype(np.complex64)
    return Traces(values, DT_S, np.array([1e9]), np.ones((len(values), 1), complex))


def pulse(centre_hz=1.7e9, width_s=0.6e-9, at_s=5e-9, phase=0.4):
    t = TIME_S - at_s
    return 2.0 * np.exp(-0.5 * (t / width_s) ** 2 + 2j * np.pi * centre_hz * t + 1j * phase)


def test_envelope_amplitude_and_phase():
    z = traces(pulse())
    np.testing.assert_allclose(attribute(z, name="envelope")[0], np.abs(pulse()), atol=1e-6)
    np.testing.assert_allclose(attribute(z, name="amplitude")[0], pulse().real, atol=1e-6)
    assert attribute(z, name="amplitude").dtype == z.values.real.dtype
    assert attribute(z, name="envelope").dtype == np.float64
    assert attribute(z, name="phase")[0, 500] == pytest.approx(0.4, abs=1e-6)


@pytest.mark.parametrize("centre_hz", (0.4e9, 1.7e9, 6e9))
def test_frequency_of_a_pulse_is_its_own_everywhere(centre_hz):
    found = attribute(traces(pulse(centre_hz)), name="frequency")[0]
    known = np.isfinite(found)
    assert known[300:700].all()
    np.testing.assert_allclose(found[known], centre_hz, rtol=1e-3)


def test_frequency_of_a_chirp_follows_it():
    t = TIME_S - 5e-9
    chirp = np.exp(-0.5 * (t / 2e-9) ** 2 + 2j * np.pi * (1.5e9 * t + 0.5 * 0.1e18 * t**2))
    found = attribute(traces(chirp), name="frequency", window_s=0.2e-9)[0, 200:800]
    np.testing.assert_allclose(found, (1.5e9 + 0.1e18 * t)[200:800], rtol=2e-3)


def test_energy_weighting_has_no_spikes_where_two_echoes_cancel():
    """The plain instantaneous frequency of two beating tones leaves their range; the weighted mean does not."""
    beat = np.exp(2j * np.pi * 1.4e9 * TIME_S) + 0.97 * np.exp(2j * np.pi * 1.8e9 * TIME_S)
    plain = np.diff(np.unwrap(np.angle(beat))) / (2.0 * np.pi * DT_S)
    assert plain.min() < 0.0
    found = attribute(traces(beat), name="frequency", window_s=3e-9)[0, 200:800]
    assert found.min() > 1.4e9
    assert found.max() < 1.8e9


def test_bandwidth_of_a_gaussian_pulse():
    """Energy-weighted over all of it, (1/2pi) |A'/A| of exp(-t^2/2w^2) has the mean square 1/(8 pi^2 w^2)."""
    width_s = 0.25e-9
    found = attribute(traces(pulse(width_s=width_s)), name="bandwidth", window_s=9e-9)[0, 500]
    assert found == pytest.approx(1.0 / (np.sqrt(8.0) * np.pi * width_s), rel=0.02)


def test_sweetness_prefers_the_strong_and_the_low():
    z = traces(np.stack([pulse(1e9), pulse(4e9), 2.0 * pulse(1e9)]))
    found = attribute(z, name="sweetness")[:, 500]
    assert found[0] == pytest.approx(2.0 * found[1], rel=1e-3)
    assert found[2] == pytest.approx(2.0 * found[0], rel=1e-3)
    assert found[0] == pytest.approx(2.0 / np.sqrt(1e9), rel=1e-3)


@pytest.mark.parametrize("name", ATTRIBUTE_UNITS)
def test_silence_is_not_told(name):
    silent = traces(np.zeros((2, 1000)))
    found = attribute(silent, name=name)
    assert found.shape == (2, 1000)
    if name in {"amplitude", "envelope"}:
        assert not found.any()
    else:
        assert np.isnan(found).all()
    assert attribute(traces(np.zeros((0, 1000))), name=name).shape == (0, 1000)
    assert attribute(traces(np.ones((1, 2))), name=name).shape == (1, 2)


@pytest.mark.parametrize("name", ATTRIBUTE_UNITS)
def test_the_input_stays(name):
    z = traces(pulse())
    before = z.values.copy()
    attribute(z, name=name)
    np.testing.assert_array_equal(z.values, before)
