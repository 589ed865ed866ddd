"""A stream of noise is told from a sensor that follows the ground."""

from __future__ import annotations

import numpy as np
import pytest

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


@pytest.mark.parametrize("columns", (6, 121))
def test_one_column_that_jumps_or_fails_brings_no_noise_to_life(columns):
    noise, _ = streams(n=2000, k=columns)
    one = np.zeros(len(noise), int)
    for value in (30.0, 1000.0):
        jumped = noise.copy()
        jumped[400:600, 0] += value
        assert noise_share(jumped, one) > 0.8
    for value in (np.nan, np.inf):
        failed = noise.copy()
        failed[100, 2] = value
        assert noise_share(failed, one) > 0.9
    assert noise_share(np.asfortranarray(noise), one) > 0.9


def test_channels_that_take_turns_are_followed_each_on_its_own():
    noise, slow = streams()
    turns = np.arange(len(noise)) % 2
    assert noise_share(slow + 0.05 * noise + 50.0 * turns[:, None], turns) < 0.1


def test_too_few_samples_are_not_judged():
    noise, _ = streams(n=8)
    assert noise_share(noise, np.zeros(8, int)) == 0.0


@pytest.mark.parametrize("n", (400, 5000))
def test_every_column_counts_the_same_wherever_it_stands(n):
    noise, slow = streams(n, k=121)
    one = np.zeros(n, int)
    for of in (2, 3, 5):
        shares = []
        for first in range(of):
            mostly = slow + 0.05 * noise
            mostly[:, first::of] = 7.0 * noise[:, first::of]  # in a unit of their own
            shares.append(noise_share(mostly, one))
        assert shares == pytest.approx([1.0 / of] * of, abs=0.06)
        assert max(shares) < NOISE_ONLY


def test_values_that_hardly_ever_change_and_those_that_never_do():
    rng = np.random.default_rng(0)
    rare = (rng.uniform(size=(400, 3)) < 0.1).astype(float)
    one = np.zeros(400, int)
    assert noise_share(rare, one) == pytest.approx(1.0, abs=0.15)
    assert noise_share(np.ones((400, 3)), one) == 0.0
    rare[:, 0] = 5.0
    assert noise_share(rare, one) == pytest.approx(1.0, abs=0.15)
