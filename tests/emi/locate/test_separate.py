"""One dipole or two: pairs 15 cm apart are separated, single ones are not, noise is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dualsense.emi._locate.separate import separate
from emi.locate.test_locate import buried, frequency_tensors

TENSORS = frequency_tensors()
NOISE = np.ones(len(TENSORS))


def pair(distance_m, *, snr=100.0):
    places = np.array([[0.5 * distance_m, 0.01, -0.05], [-0.5 * distance_m, 0.01, -0.06]])
    first, _ = buried(TENSORS, snr=snr, jitter_m=3e-3, at=places[0])
    other, _ = buried(TENSORS[:, ::-1, ::-1], snr=snr, jitter_m=3e-3, at=places[1], seed=1)
    one, _ = buried(TENSORS, snr=1e-9, at=places[0])  # the noise that the first came with
    return replace(first, values=first.values + other.values - one.values), places


def test_two_targets_fifteen_centimetres_apart_are_two():
    rows, places = pair(0.15)
    found = separate(rows, NOISE)
    assert found.count == 2
    assert found.probability[2] > 0.99
    away = [np.linalg.norm(found.positions_m - places[::k], axis=1).max() for k in (1, -1)]
    assert min(away) < 0.015
    assert np.sqrt(np.diag(found.covariance_m2)).max() < 0.015


def test_one_target_is_one_and_noise_is_none():
    rows, _ = buried(TENSORS, snr=100.0, jitter_m=3e-3)
    assert separate(rows, NOISE).count == 1
    rows, _ = buried(TENSORS, snr=1e-6)
    assert separate(rows, NOISE).count == 0
