"""Gains undo the losses they are named after, and are held within their limits."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.gpr._radargram.gain import apply_gain
from dualsense.gpr._traces import Traces

DT_S = 10e-12
TIME_S = DT_S * np.arange(1000)
START_S = 0.5e-9


def traces(values):
    values = np.atleast_2d(values).astype(np.complex64)
    return Traces(values, DT_S, np.array([1e9]), np.ones((len(values), 1), complex))


TONE = np.exp(2j * np.pi * 1.5e9 * TIME_S)


def lossy(power=0.0, db_s=0.0):
    late = np.maximum(TIME_S, START_S)
    return TONE * (START_S / late) ** power * 10 ** (-db_s * (late - START_S) / 20.0)


@pytest.mark.parametrize("power", (1.0, 2.0))
def test_power_undoes_spreading(power):
    found = apply_gain(traces(lossy(power=power)), method="power", power=power, start_s=START_S)
    np.testing.assert_allclose(found.values[0], TONE, atol=1e-6)


def test_exponential_undoes_loss():
    found = apply_gain(traces(lossy(db_s=3e9)), method="exponential", attenuation_db_s=3e9, start_s=START_S)
    np.testing.assert_allclose(found.values[0], TONE, atol=1e-6)


def test_sec_undoes_both():
    found = apply_gain(
        traces(lossy(power=1.0, db_s=2e9)), method="sec", power=1.0, attenuation_db_s=2e9, start_s=START_S
    )
    np.testing.assert_allclose(found.values[0], TONE, atol=1e-6)


def test_agc_leaves_a_constant_root_mean_square():
    values = np.stack([lossy(db_s=0.5e9), 5.0 * TONE])
    found = apply_gain(traces(values), method="agc", window_s=1e-9)
    power = np.abs(found.values.astype(complex)) ** 2
    window = np.ones(101) / 101
    rms = np.sqrt([np.convolve(row, window, mode="valid") for row in power])
    assert rms.max() / rms.min() < 1.03
    assert np.median(rms) == pytest.approx(np.sqrt((np.abs(values) ** 2).mean()), rel=0.02)


@pytest.mark.parametrize("method", ("power", "exponential", "sec", "agc"))
def test_no_gain_exceeds_its_limit(method):
    values = lossy(3.0, 8e9)
    found = apply_gain(traces(values), method=method, attenuation_db_s=20e9, power=9.0, max_gain_db=30.0)
    gain = np.abs(found.values[0]) / np.abs(traces(values).values[0])
    assert gain.max() <= 10 ** (30.0 / 20.0) * 1.001
    assert gain.max() > 10 ** (29.9 / 20.0)


@pytest.mark.parametrize("method", ("power", "exponential", "sec", "agc"))
def test_silence_spectrum_and_input_stay(method):
    silent = traces(np.zeros((2, 1000)))
    assert not apply_gain(silent, method=method).values.any()
    recorded = traces(lossy(1.0))
    before = recorded.values.copy()
    found = apply_gain(recorded, method=method)
    np.testing.assert_array_equal(recorded.values, before)
    assert found.spectrum is recorded.spectrum
    assert found.values.dtype == np.complex64
    assert apply_gain(traces(np.zeros((0, 1000))), method=method).values.shape == (0, 1000)
