"""Repeats, noise, steps and clipping of a sensor's samples."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.integrity import _stream as stream
from dualsense.integrity import doubted
from dualsense.integrity._inspect import _by_channel
from dualsense.scan import GprData


@pytest.fixture
def soundings():
    """Tones that change slowly from sounding to sounding, with noise."""
    rng = np.random.default_rng(5)
    knots = rng.normal(size=(60, 40)) + 1j * rng.normal(size=(60, 40))
    at = np.linspace(0.0, 59.0, 400)
    slow = np.stack([np.interp(at, np.arange(60), column) for column in knots.T], axis=1)
    noise = rng.normal(size=slow.shape) + 1j * rng.normal(size=slow.shape)
    return 20.0 + 0.5 * slow + 0.02 * noise


TIME_S = 0.06 * np.arange(400)


def test_a_live_stream_is_left_alone(soundings):
    for bad in (
        stream.repeated(soundings),
        stream.only_noise(soundings, TIME_S),
        stream.stepped(soundings),
        stream.clipped(soundings),
        stream.noisy(soundings, TIME_S),
    ):
        assert not bad.any()
    assert not stream.noisy_tones(soundings).any()


@pytest.mark.parametrize("back", (30, 100))
def test_samples_that_were_given_before_are_found(soundings, back):
    soundings[200:230] = soundings[200 - back : 230 - back].copy()
    bad = stream.repeated(soundings)
    assert bad[200:230].all()
    assert bad.sum() == 30


def test_coarse_samples_repeat_by_chance():
    coarse = np.random.default_rng(1).integers(0, 3, size=(200, 3)).astype(float)
    assert not stream.repeated(coarse).any()


@pytest.mark.parametrize("length", (20, 60, 180))
@pytest.mark.parametrize("level", (0.02, 0.3))
def test_a_stretch_of_noise_is_found(soundings, length, level):
    rng = np.random.default_rng(2)
    noise = rng.normal(size=(length, 40)) + 1j * rng.normal(size=(length, 40))
    soundings[150 : 150 + length] = soundings.mean(axis=0) + level * noise
    bad = stream.only_noise(soundings, TIME_S)
    assert bad[155 : 145 + length].mean() > 0.9
    assert bad[:130].sum() + bad[170 + length :].sum() == 0


@pytest.mark.parametrize("factor", (0.2, 0.5, 2.0, -1.0, np.exp(0.8j)))
def test_a_step_of_gain_or_phase_takes_the_smaller_part(soundings, factor):
    soundings[300:] *= factor
    bad = stream.stepped(soundings)
    assert bad[300:].all()
    assert not bad[:300].any()


def test_clipped_samples_are_those_at_the_bound(soundings):
    limit = np.quantile(soundings.real, 0.9)
    clipped = soundings.real.clip(-limit, limit) + 1j * soundings.imag
    assert np.array_equal(stream.clipped(clipped), (soundings.real > limit).any(axis=1))


def test_tones_that_never_leave_the_bound_are_clipped(soundings):
    limit = 0.5 * np.abs(soundings.real).min()
    driven = soundings.copy()
    driven[:, :20] = driven[:, :20].real.clip(-limit, limit) + 1j * driven[:, :20].imag.clip(-limit, limit)
    driven[:, 20:] *= 0.1 * limit / np.abs(soundings).max()
    assert stream.clipped(driven, part=0.05).all()
    soundings[:, 3] = 1.0  # a dead tone, at no bound
    assert not stream.clipped(soundings).any()


def test_noisy_tones_are_told_one_by_one(soundings):
    rng = np.random.default_rng(3)
    for k in (4, 17, 30):
        soundings[:, k] += rng.normal(size=400) + 1j * rng.normal(size=400)
    assert np.flatnonzero(stream.noisy_tones(soundings)).tolist() == [4, 17, 30]


def test_one_missing_value_blinds_no_check():
    rng = np.random.default_rng(4)
    values = rng.normal(size=(400, 24)).astype(np.float32)
    values[200:260] = values[100:160]
    again = stream.repeated(values)
    assert again.sum() == 60
    values[5, 3] = np.nan
    assert np.array_equal(stream.repeated(values), again)


def test_repeats_are_told_by_their_bytes_however_long_the_recording():
    rng = np.random.default_rng(5)
    values = rng.normal(size=(5003, 202)).astype(np.float32)
    values[4000:4050] = values[17:67]
    assert np.array_equal(np.flatnonzero(stream.repeated(values)), np.arange(4000, 4050))


def array_of(channels: int, rows: int = 200):
    """Radar data of an array whose pairs sound in turn."""
    rng = np.random.default_rng(6)
    n = channels * rows
    return GprData(
        modality="sfcw",
        time_s=0.01 * np.arange(n),
        data=rng.normal(size=(n, 24)) + 1j * rng.normal(size=(n, 24)),
        tx_position_m=np.zeros((channels, 3)),
        rx_position_m=np.zeros((channels, 3)),
        channel=np.arange(n) % channels,
        frequency_hz=np.linspace(1e9, 3e9, 24),
    )


def test_a_pair_that_repeats_itself_is_one_stretch_and_takes_no_other_pair():
    data = array_of(4)
    own = np.flatnonzero(data.channel == 2)[50:120]
    data.data[own] = data.data[own[0]]
    doubts = _by_channel("gpr", data, [("samples-repeated", lambda values, _: stream.repeated(values))])
    (one,) = doubts
    assert (one.channel, one.start_s, one.stop_s) == (2, data.time_s[own[1]], data.time_s[own[-1]])
    assert np.array_equal(np.flatnonzero(doubted(doubts, "gpr", data.time_s, channel=data.channel)), own[1:])
    assert doubted(doubts, "gpr", data.time_s).sum() == 4 * (own.size - 2) + 1


@pytest.mark.parametrize("dead", (1, 23, 24))
def test_dead_tones_blind_no_look_at_the_others(dead):
    data = array_of(1)
    data.data[50:120] = data.data[50]
    data.data[:, :dead] = np.nan
    told = _by_channel("gpr", data, [("samples-repeated", lambda values, _: stream.repeated(values))])
    assert len(told) == (1 if dead < 24 else 0)


def test_clipped_samples_are_told_by_stretches_and_not_one_by_one():
    data = array_of(2)
    hit = np.flatnonzero(data.channel == 0)[20:60:2]
    looks = [("samples-clipped", lambda _, time_s: np.isin(time_s, data.time_s[hit]))]
    (one,) = _by_channel("gpr", data, looks)
    assert (one.start_s, one.stop_s) == (data.time_s[hit[0]], data.time_s[hit[-1]])


def test_soundings_that_nearly_cancel_are_no_step(soundings):
    """Coupling and ground echo cancel for a moment: the logarithm of what they have in common leaps."""
    weak = soundings * np.abs(np.linspace(-1.0, 1.0, len(soundings)) - 0.002)[:, None]
    assert not stream.stepped(weak).any()
    weak[300:] *= 0.3
    assert stream.stepped(weak)[300:].all()
