"""Tilt of the head, taken out of echoes that were made with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dualsense.gpr._prepare.attitude import compensate_attitude
from oracles import forward


def tilted(angle, axis):
    n = angle.size
    boresight = np.zeros((n, 3))
    boresight[:, axis], boresight[:, 2] = np.sin(angle), -np.cos(angle)
    soundings = forward.soundings(np.full((n, 3), 0.04))
    pattern = np.cos(angle) ** 2
    return replace(soundings, spectrum=pattern[:, None] * np.ones((n, 61)) * 1j, boresight=boresight)


@pytest.mark.parametrize("axis", (0, 1))
def test_a_tilted_dipole_gets_back_what_it_lost(axis):
    found = compensate_attitude(tilted(np.radians(np.linspace(-40.0, 40.0, 9)), axis))
    np.testing.assert_allclose(found.spectrum, 1j, rtol=1e-12)


def test_a_head_on_its_side_gets_no_more_than_allowed():
    found = compensate_attitude(tilted(np.radians(np.array([80.0, 90.0, 120.0])), 0), max_gain_db=6.0)
    before = tilted(np.radians(np.array([80.0, 90.0, 120.0])), 0)
    np.testing.assert_allclose(found.spectrum, before.spectrum * 10 ** (6.0 / 20.0), rtol=1e-12)


def test_without_a_boresight_nothing_is_known():
    soundings = forward.soundings(np.full((3, 3), 0.04))
    assert compensate_attitude(soundings) is soundings
