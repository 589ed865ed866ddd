"""Height of the head, taken out of echoes that were made with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.gpr._clean.height import compensate_height
from dualsense.gpr._clean.surface import Surface, mirror_path
from oracles import forward


def uneven(n=30):
    rng = np.random.default_rng(0)
    points = np.column_stack([rng.uniform(0, 0.3, n), rng.uniform(0, 0.3, n), rng.uniform(0.02, 0.06, n)])
    soundings = forward.soundings(points)
    height = points[:, 2] + rng.normal(0.0, 0.004, n)  # the ground is not at z = 0 everywhere
    spectrum = forward.surface_echo(soundings, height, forward.wavelet(soundings.frequency_hz))
    path = mirror_path(soundings.tx_m, soundings.rx_m, height)
    surface = Surface(height, path, np.ones_like(spectrum), np.zeros(n), fitted=True)
    return replace(soundings, spectrum=spectrum), surface


@pytest.mark.parametrize("height_m", (None, 0.05))
def test_the_surface_echo_becomes_that_of_one_height(height_m):
    soundings, surface = uneven()
    moved, flat = compensate_height(soundings, surface, height_m=height_m)
    common = np.median(surface.height_m) if height_m is None else height_m
    np.testing.assert_array_equal(flat.height_m, common)
    np.testing.assert_allclose(moved.midpoint_m[:, 2], common, rtol=1e-12)
    np.testing.assert_array_equal(moved.midpoint_m[:, :2], soundings.midpoint_m[:, :2])
    np.testing.assert_allclose(moved.rx_m - moved.tx_m, soundings.rx_m - soundings.tx_m, rtol=0, atol=1e-15)
    level = np.full(30, common)
    expected = forward.surface_echo(soundings, level, forward.wavelet(soundings.frequency_hz))
    np.testing.assert_allclose(moved.spectrum, expected, rtol=1e-10)
    np.testing.assert_allclose(flat.path_m, mirror_path(soundings.tx_m, soundings.rx_m, level), rtol=1e-12)


def test_without_spreading_only_the_phase_changes():
    soundings, surface = uneven()
    moved, _ = compensate_height(soundings, surface, spreading=False)
    np.testing.assert_allclose(np.abs(moved.spectrum), np.abs(soundings.spectrum), rtol=1e-12)


def test_a_deep_body_below_stays_in_place():
    """Straight below, up and down by 2 cm is the same phase as the surface's but for the antennas' distance."""
    points = np.column_stack([np.zeros(9), np.zeros(9), np.linspace(0.03, 0.07, 9)])
    soundings = forward.soundings(points, offset_m=0.0)
    soundings = replace(soundings, spectrum=forward.point_echo(soundings, (0.0, 0.0, 0.1), 6.0))
    path = mirror_path(soundings.tx_m, soundings.rx_m, points[:, 2])
    surface = Surface(points[:, 2], path, np.ones_like(soundings.spectrum), np.zeros(9), fitted=True)
    moved, _ = compensate_height(soundings, surface, height_m=0.05, spreading=False)
    np.testing.assert_allclose(moved.spectrum, np.tile(soundings.spectrum[4], (9, 1)), atol=1e-7)


def test_nothing_to_move():
    soundings = forward.soundings(np.zeros((0, 3)))
    surface = Surface(*(np.zeros(0),) * 2, np.zeros((0, 61), complex), np.zeros(0), fitted=False)
    assert compensate_height(soundings, surface) == (soundings, surface)
