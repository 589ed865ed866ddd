"""Two pieces of metal that the joint fit took for one are told as two, and single ones stay single."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.emi import study_draws

from dualsense import emi
from dualsense.emi._locate import apart

PAIR, THIRD = 1015, 1001
"""Draws of two, in which one dipole was found between them, and two of which one is neither."""


def refined(case, seed):
    rows, centres, _, _ = study_draws.draw(study_draws.CASES[case], seed)
    found = emi.find_dipoles(rows, np.full(6, study_draws.NOISE))
    return found, emi.refine(rows, found), centres


@pytest.fixture(scope="module")
def pair():
    return refined("pairs", PAIR)


def test_one_between_two_becomes_both(pair):
    found, after, centres = pair
    assert (len(found.dipoles), len(after.dipoles)) == (1, 2)
    for centre in centres:
        assert min(np.linalg.norm((d.position_m - centre)[:2]) for d in after.dipoles) < 0.02
    assert all(d.estimate is not None for d in after.dipoles)


def test_what_was_found_near_by_is_never_given_up():
    found, after, _ = refined("pairs", THIRD)
    assert len(found.dipoles) == len(after.dipoles) == 2
    for before in found.dipoles:
        assert min(np.linalg.norm((d.position_m - before.position_m)[:2]) for d in after.dipoles) < 0.08


@pytest.mark.parametrize(("case", "seed"), (("points", 1000), ("bodies", 1007), ("uneven", 1008)))
def test_single_metal_stays_single(case, seed):
    _, after, centres = refined(case, seed)
    assert len(after.dipoles) == len(centres) == 1


def test_what_two_promise_must_be_there_where_the_track_wanders(monkeypatch):
    monkeypatch.setattr(apart, "KEPT", 1e3)
    assert len(refined("pairs", PAIR)[1].dipoles) == 1


@pytest.mark.parametrize(
    ("places", "plausible"),
    (
        ([[0.0, 0.0, -0.05], [0.1, 0.0, -0.05]], True),
        ([[0.0, 0.0, -0.05], [0.03, 0.0, -0.05]], False),
        ([[0.0, 0.0, -0.05], [0.22, 0.0, -0.05]], False),
        ([[0.0, 0.0, -0.05], [0.1, 0.0, -0.005]], False),
        ([[0.0, 0.0, -0.05], [0.1, 0.0, -0.22]], False),
    ),
)
def test_two_lie_apart_and_where_metal_lies(places, plausible):
    assert apart._plausible(np.array(places)) is plausible
