"""Shapes of made-up volumes whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.gpr._bodies.cfar import over_clutter
from dualsense.gpr._bodies.find import find_bodies
from dualsense.gpr._bodies.shape import body_shape, relative_noise
from dualsense.gpr._migrate.migrated import Migrated
from dualsense.survey import grid_around

GRID = grid_around(np.array([[-0.2, -0.2], [0.2, 0.2]]), cell_m=0.005)
DEPTH = 0.005 * np.arange(41)
MIDDLE = (GRID.x_m.size // 2, GRID.y_m.size // 2)
X, Y = np.meshgrid(GRID.x_m - GRID.x_m[MIDDLE[0]], GRID.y_m - GRID.y_m[MIDDLE[1]])  # 0 is a cell's centre


def blob(depth=0.06, sigma=0.02, thick=0.01, amplitude=1.0, phase=0.0, slope=0.0, x=0.0):
    """Gaussian spot with a phase that runs with depth."""
    across = np.exp(-((X - x) ** 2 + Y**2) / (2 * sigma**2))
    along = np.exp(-((DEPTH - depth) ** 2) / (2 * thick**2) + 1j * (phase + slope * (DEPTH - depth)))
    return amplitude * along[:, None, None] * across


def volume(amplitude):
    fold = np.ones(amplitude.shape, np.float32)
    return Migrated(amplitude.astype(np.complex64), fold, 0.5 * fold, DEPTH)


def measured(amplitude):
    envelope = np.abs(amplitude)
    at = np.unravel_index(int(envelope.argmax()), envelope.shape)
    return body_shape(volume(amplitude), GRID, envelope, tuple(int(n) for n in at))


def test_one_gaussian_spot():
    shape = measured(blob(slope=40.0))
    assert shape.lower_ratio == shape.lower_gap_m == 0.0
    assert shape.wavenumber_per_m == pytest.approx(40.0, rel=1e-3)
    assert shape.asymmetry == pytest.approx(0.0, abs=0.02)
    # energy falls as exp(-r^2 / sigma^2): its mean r^2 is sigma^2, and 1 - exp(-4) lies within two sigma
    assert shape.spread_m == pytest.approx(0.02, rel=0.05)
    assert shape.focus == pytest.approx(1 - np.exp(-4.0), abs=0.02)
    assert shape.thickness_m == pytest.approx(0.01 / np.sqrt(2.0), rel=0.05)


def test_top_and_bottom_are_told_apart_with_their_phase():
    shape = measured(blob() + blob(depth=0.10, amplitude=0.5, phase=2.0))
    assert shape.lower_ratio == pytest.approx(0.5, rel=0.02)
    assert shape.lower_gap_m == pytest.approx(0.04, abs=0.003)
    assert shape.lower_phase_rad == pytest.approx(2.0, abs=0.02)
    assert shape.tail > measured(blob()).tail


def test_a_wide_spot_is_less_focused_and_a_lopsided_one_less_symmetric():
    assert measured(blob(sigma=0.035)).focus < measured(blob()).focus
    assert measured(blob() + blob(x=0.04, amplitude=0.6)).asymmetry > 0.1


def test_noise_is_a_part_of_the_echo():
    assert relative_noise(1.0 / 1.1774) == pytest.approx(1.0)
    assert relative_noise(10.0) < relative_noise(5.0)


def test_an_echo_under_brighter_clutter_is_found_by_its_contrast_and_told_at_its_own_depth():
    rng = np.random.default_rng(3)
    fall = 15.0 * np.exp(-DEPTH / 0.012)[:, None, None] + 0.02
    noise = rng.normal(size=(DEPTH.size, *X.shape)) + 1j * rng.normal(size=(DEPTH.size, *X.shape))
    mine = blob(depth=0.05, thick=0.012, amplitude=1.8)
    migrated = volume(0.35 * fall * noise + mine)
    bodies = find_bodies(migrated, GRID, over_clutter(migrated, GRID, np.ones(X.shape, bool)))
    (found,) = [b for b in bodies if np.hypot(b.x_m, b.y_m) < 0.03]
    assert found.depth_m == pytest.approx(0.05, abs=0.012)
