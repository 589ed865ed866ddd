"""A second echo behind the ground's: found where all of the ground sends it, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.gpr import late_echo, surface_permittivity
from dualsense.gpr._soil.antennas import Antennas, fields
from dualsense.gpr._soil.reflection import LAYERED_STD
from dualsense.gpr._soundings import pick_rows
from oracles import forward

DIPOLES = Antennas("d", "dipoles", (), response_std={"sfcw": 0.01})
DISTANCE_M, EPS = 0.1, 6.0


@pytest.fixture(scope="module")
def ground():
    """Soundings over 0.36 m2 of a half-space: response times direct wave, and times echo, noise, heights."""
    rng = np.random.default_rng(8)
    frequency = np.linspace(0.8e9, 3.2e9, 61)
    at = forward.sweep(rng, height_m=0.05, side_m=0.6, lines=18, per_line=24)
    soundings = forward.soundings(at, frequency_hz=frequency, offset_m=DISTANCE_M)
    height = soundings.midpoint_m[:, 2]
    node = np.linspace(height.min(), height.max(), 30)
    direct, echo = fields(DIPOLES, frequency, node, np.full((1, 61), EPS, complex), distance_m=DISTANCE_M)
    k = 2.0 * np.pi * frequency / 299_792_458.0
    smooth = echo[0] * np.exp(1j * k[:, None] * np.hypot(DISTANCE_M, 2.0 * node))
    there = np.array([np.interp(height, node, s.real) + 1j * np.interp(height, node, s.imag) for s in smooth]).T
    wave = there * np.exp(-1j * np.outer(np.hypot(DISTANCE_M, 2.0 * height), k))
    response = -1j * frequency / 1e9 * 0.02
    noise = 1e-3 * np.abs(response * direct) * rng.standard_normal((2, *wave.shape))
    return soundings, response * direct + noise[0] + 1j * noise[1], response * wave


def heard(ground, late=0.0, delay_s=1.5e-9, *, where=True):
    soundings, direct, wave = ground
    later = late * np.exp(-2j * np.pi * soundings.frequency_hz * delay_s)
    return replace(soundings, spectrum=direct + wave * (1.0 + np.where(where, 1.0, 0.0).reshape(-1, 1) * later))


def found(soundings):
    return late_echo(soundings, soundings.midpoint_m[:, 2], DIPOLES, relative_permittivity=EPS)


@pytest.mark.parametrize("strength", (0.08, 0.2, 0.4))
@pytest.mark.parametrize("delay_s", (0.8e-9, 1.5e-9, 3.0e-9))
def test_strength_and_delay_of_a_layer(ground, strength, delay_s):
    late = found(heard(ground, strength, delay_s))
    assert late.strength == pytest.approx(strength, rel=0.25)
    assert late.delay_s == pytest.approx(delay_s, abs=0.1e-9)
    assert late.depth_m(EPS) == pytest.approx(0.15 * delay_s * 1e9 / np.sqrt(EPS), rel=0.15)


def test_a_layer_is_heard_by_whatever_channel_comes_first(ground):
    soundings = heard(ground, 0.2)
    assert found(replace(soundings, channel=soundings.channel + 2)) == found(soundings)


def test_even_ground_has_none(ground):
    assert found(heard(ground)) is None


def test_what_a_third_of_the_ground_sends_is_no_layer(ground):
    x, y = ground[0].midpoint_m[:, :2].T
    under = np.hypot(x - 0.1, y) < 0.18
    assert 0.2 < under.mean() < 0.4
    assert found(heard(ground, 0.3, where=under)) is None


def test_little_ground_and_silence_tell_nothing(ground):
    soundings = heard(ground, 0.3)
    near = np.hypot(*soundings.midpoint_m[:, :2].T) < 0.15
    few = replace(
        soundings,
        **{
            name: getattr(soundings, name)[near]
            for name in ("time_s", "spectrum", "tx_m", "rx_m", "channel", "position_std_m")
        },
    )
    assert found(few) is None
    assert found(pick_rows(few, np.zeros(0, np.intp))) is None
    assert found(replace(soundings, spectrum=0.0 * soundings.spectrum)) is None


def test_a_layer_makes_the_permittivity_less_sure_and_no_other(ground):
    height_m = ground[0].midpoint_m[:, 2]
    options = {"roughness_m": 0.001, "roughness_spread_m": 0.001}
    plain, layered = heard(ground), heard(ground, 0.15)
    alone = surface_permittivity(layered, DIPOLES, **options)
    told = surface_permittivity(layered, DIPOLES, height_m=height_m, **options)
    assert told.permittivity.mean == alone.permittivity.mean
    assert told.permittivity.std == pytest.approx(np.hypot(alone.permittivity.std, LAYERED_STD))
    assert alone.late is None
    assert told.late.strength == pytest.approx(0.15, rel=0.25)
    assert surface_permittivity(plain, DIPOLES, height_m=height_m, **options) == surface_permittivity(
        plain, DIPOLES, **options
    )
