"""Two pieces of metal that the joint fit took for one are told as two, and single ones stay single."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.emi import study_draws

from dualsense import emi
from dualsense.emi._locate import apart

PAIR, FAINT, ELSEWHERE = 1015, 1022, 1001
"""Draws of two: one was found between them, the same where evidence is for one, and two that are neither."""


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


@pytest.mark.parametrize(("seed", "before"), ((FAINT, 1), (ELSEWHERE, 2)))
def test_two_are_told_by_what_they_leave_with_the_track_free(seed, before):
    found, after, centres = refined("pairs", seed)
    assert (len(found.dipoles), len(after.dipoles)) == (before, 2)
    for centre in centres:
        dipole = min(after.dipoles, key=lambda d: np.linalg.norm((d.position_m - centre)[:2]))
        error = dipole.position_m - centre
        assert np.linalg.norm(error[:2]) < study_draws.FOUND_M
        assert (
            error @ np.linalg.solve(dipole.covariance_m2, error) < 16.3
        )  # chi-squared of three, one in a thousand
        assert np.sqrt(np.trace(dipole.covariance_m2)) < 0.04


def test_a_third_beside_two_is_not_given_up():
    rows, _, coils, _ = study_draws.draw(study_draws.CASES["pairs"], PAIR)
    third = np.array([0.16, 0.12, -0.04])
    values = study_draws.columns(coils, third) @ study_draws.spectrum(np.random.default_rng(5))
    values *= 60.0 * study_draws.NOISE / np.abs(values).max()
    rows = replace(rows, values=rows.values + values)
    found = emi.find_dipoles(rows, np.full(6, study_draws.NOISE))
    after = emi.refine(rows, found)
    assert (len(found.dipoles), len(after.dipoles)) == (2, 3)
    assert min(np.linalg.norm((d.position_m - third)[:2]) for d in after.dipoles) < study_draws.FOUND_M


@pytest.mark.parametrize(("case", "seed"), (("points", 1001), ("bodies", 1041)))
def test_single_metal_stays_single(case, seed):
    """Of 200 single pieces these have most of what two need."""
    _, after, centres = refined(case, seed)
    assert len(after.dipoles) == len(centres) == 1


def test_what_seems_deeper_than_two_can_is_not_asked():
    deep = [np.array([0.2, 0.2, -0.21])]
    assert apart.apart(None, None, [], deep, np.arange(3), np.arange(3)) is None


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
