"""The level to which a body is compared is that of the clutter around it, not its own and not its neighbour's."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.gpr._bodies.cfar import HIGHEST, clutter_level, depth_level

CELL = 0.01


def speckle(scale=1.0, shape=(6, 60, 60), seed=1):
    rng = np.random.default_rng(seed)
    return scale * np.abs(rng.normal(size=shape) + 1j * rng.normal(size=shape))


def test_even_clutter_has_its_own_median_everywhere():
    envelope = speckle()
    inside = np.ones(envelope.shape, bool)
    level = clutter_level(envelope, inside, cell_m=CELL)
    assert np.median(level) == pytest.approx(np.median(envelope), rel=0.05)
    assert (level >= 0.999 * depth_level(envelope, inside)[:, None, None]).all()


def test_a_louder_half_has_a_higher_level():
    envelope = speckle()
    envelope[:, :, 30:] *= 1.7
    level = clutter_level(envelope, np.ones(envelope.shape, bool), cell_m=CELL)
    assert np.median(level[:, :, 45:]) > 1.25 * np.median(level[:, :, :15])


def test_an_object_does_not_raise_its_own_level_and_a_neighbour_on_one_side_hides_nothing():
    envelope = speckle()
    inside = np.ones(envelope.shape, bool)
    before = clutter_level(envelope, inside, cell_m=CELL)[3, 30, 30]
    envelope[2:5, 27:34, 27:34] = 50.0
    envelope[2:5, 24:37, 40:50] = 50.0
    assert clutter_level(envelope, inside, cell_m=CELL)[3, 30, 30] == pytest.approx(before, rel=0.15)


def test_surroundings_raise_the_level_to_a_bound_and_the_rim_has_one_too():
    envelope = speckle()
    envelope[:, :, 20:40] *= 30.0
    inside = np.ones(envelope.shape, bool)
    inside[:, :5] = False
    level = clutter_level(np.where(inside, envelope, 0.0), inside, cell_m=CELL)
    assert np.isfinite(level).all()
    assert (level <= HIGHEST * depth_level(np.where(inside, envelope, 0.0), inside)[:, None, None] * 1.0001).all()
