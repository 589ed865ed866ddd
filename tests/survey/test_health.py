"""A stream of noise is told from a sensor that follows the ground."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.survey import _health
from dualsense.survey._health import NOISE_ONLY, noise_share


def streams(n=400, k=6):
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(n, k)) + 1j * rng.normal(size=(n, k))
    slow = np.sin(np.arange(n) / 25.0)[:, None] * np.exp(1j * np.arange(k))
    return noise, slow


@pytest.mark.parametrize("unit", (1e-160, 1e-9, 1.0, 1e160))
def test_noise_is_about_one_and_a_signal_far_below_in_any_unit(unit):
    noise, slow = streams()
    one = np.zeros(len(noise), int)
    assert noise_share(unit * noise, one) == pytest.approx(1.0, abs=0.1)
    assert noise_share(unit * (7.0 + noise.real), one) == pytest.approx(1.0, abs=0.1)
    assert noise_share(unit * (slow + 0.05 * noise), one) < 0.1


def test_a_spike_does_not_bring_noise_to_life_nor_hides_a_signal():
    noise, slow = streams()
    one = np.zeros(len(noise), int)
    for stream, dead in ((noise, True), (slow + 0.05 * noise, False)):
        spoiled = stream.copy()
        spoiled[100] = 1e6
        assert (noise_share(spoiled, one) > NOISE_ONLY) == dead


def test_channels_that_take_turns_are_followed_each_on_its_own():
    noise, slow = streams()
    turns = np.arange(len(noise)) % 2
    assert noise_share(slow + 0.05 * noise + 50.0 * turns[:, None], turns) < 0.1


def test_too_few_samples_are_not_judged():
    noise, _ = streams(n=8)
    assert noise_share(noise, np.zeros(8, int)) == 0.0


def test_many_columns_are_asked_in_full_where_some_of_them_say_dead():
    noise, slow = streams(k=121)
    one = np.zeros(len(noise), int)
    some, whole = slow + 0.05 * noise, noise
    assert noise_share(some, one) == pytest.approx(_health._share(some), rel=0.1)
    assert noise_share(whole, one) == _health._share(whole)
    mostly = slow + 0.05 * noise
    mostly[:, ::3] = noise[:, ::3]  # what is asked first holds more noise than the rest
    assert noise_share(mostly, one) == _health._share(mostly) < NOISE_ONLY
