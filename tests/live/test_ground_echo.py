"""Direct wave and ground echo are taken out of each sounding, at the height that its own echo tells."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.constants import C0_M_S
from dualsense.gpr import Soundings
from dualsense.live._ground_echo import GroundEcho

FREQUENCY = np.linspace(0.8e9, 3.2e9, 61)
WAVENUMBER = 2.0 * np.pi * FREQUENCY / C0_M_S
HALF_M = 0.0495


def heard(echo, height):
    """Direct wave and ground echo at true heights, written out sounding by sounding."""
    rows = []
    for h in height:
        path = np.hypot(2.0 * HALF_M, 2.0 * h)
        shape = echo.echo + (h - echo.height_m) / 0.01 * echo.slant
        rows.append(echo.direct + shape * np.exp(-1j * WAVENUMBER * path) / path)
    return np.array(rows)


def ground(unit=1.0, *, fitted=True):
    draw = np.random.default_rng(7)
    direct, echo, slant = unit * (draw.normal(size=(3, 61)) + 1j * draw.normal(size=(3, 61)))
    stiffness = (1e-3 * unit / 0.005) ** 2
    return GroundEcho(WAVENUMBER, 3.0 * direct, echo, 0.01 * slant, 0.05, stiffness, 0.005, fitted)


def soundings(spectrum, height):
    middle = np.column_stack([np.linspace(0.0, 0.4, len(height)), np.zeros(len(height)), height])
    half, n = np.array([HALF_M, 0.0, 0.0]), len(height)
    channel, std = np.zeros(n, np.int64), np.zeros((n, 3))
    return Soundings(np.arange(n) * 0.02, FREQUENCY, spectrum, middle - half, middle + half, channel, std)


@pytest.mark.parametrize("unit", (1.0, 1e-25, 1e25))
def test_heights_are_found_and_only_what_lies_below_is_left_in_any_unit(unit):
    draw, echo = np.random.default_rng(3), ground(unit)
    true_m = 0.05 + 0.01 * np.sin(np.arange(40))
    below = unit * 0.01 * (draw.normal(size=(40, 61)) + 1j * draw.normal(size=(40, 61)))
    track_m = true_m + draw.uniform(-0.002, 0.002, 40)
    left, height, wave = echo.take_out(soundings(heard(echo, true_m) + below, track_m))
    assert np.abs(height - true_m).max() < 1e-4
    path = np.hypot(2.0 * HALF_M, 2.0 * height)
    np.testing.assert_allclose(wave, np.exp(-1j * WAVENUMBER * path[:, None]), atol=5e-6)
    expected = heard(echo, true_m) + below - heard(echo, height)
    np.testing.assert_allclose(left / unit, expected / unit, atol=5e-4)  # echoes are up to 30


def test_without_an_echo_the_mean_alone_is_taken_out():
    echo, track_m = ground(fitted=False), np.linspace(0.04, 0.06, 5)
    left, height, _ = echo.take_out(soundings(echo.direct + np.arange(5.0)[:, None], track_m))
    np.testing.assert_allclose(left, np.arange(5.0)[:, None] * np.ones(61), atol=1e-5)
    assert (height == track_m).all()
