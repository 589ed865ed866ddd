"""Two pieces of metal that the joint fit took for one are told as two, and single ones stay single."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.emi import study_draws

from dualsense import emi
from dualsense.emi._locate import apart, astride, together

PAIR, FAINT, ELSEWHERE, HALF_TOLD = 1015, 1022, 1001, 30019
"""Draws of two: one was found between them, the same where evidence is for one, two that are neither, and two of
which half of the rows tell half as much."""


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


@pytest.mark.parametrize(("seed", "before"), ((FAINT, 1), (ELSEWHERE, 2), (HALF_TOLD, 1)))
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
    assert astride.plausible(np.array(places)) is plausible


def placed_at(places, misfit, std_m=0.01):
    places = np.array(places)
    covariance = std_m**2 * np.eye(6)
    return together.Placed(places, covariance, np.zeros((2, 6, 6)), misfit, np.zeros((1, 3)))


def test_ends_as_likely_are_told_with_their_mean_and_spread():
    first = placed_at([[0.0, 0.0, -0.05], [0.1, 0.0, -0.05]], 1.0)
    other = placed_at([[0.0, 0.0, -0.05], [0.14, 0.0, -0.07]], 1.0)
    share = together.shares([first, other], 1000)
    assert share == pytest.approx([0.5, 0.5])
    both = together.between([first, other], 1000, np.tensordot(share, [first.positions, other.positions], 1))
    assert both.positions[1] == pytest.approx([0.12, 0.0, -0.06])
    assert np.sqrt(both.covariance[3, 3]) == pytest.approx(np.hypot(0.01, 0.02))
    assert together.shares([first, placed_at(other.positions, 1.01)], 1000)[1] == pytest.approx(
        np.exp(-5.0), rel=0.01
    )


def test_ends_in_the_same_places_count_once():
    first = placed_at([[0.0, 0.0, -0.05], [0.1, 0.0, -0.05]], 1.0)
    turned = placed_at([[0.1, 0.0, -0.05], [0.0, 0.01, -0.05]], 1.1)
    elsewhere = placed_at([[0.0, 0.0, -0.05], [0.1, 0.03, -0.05]], 1.2)
    assert astride._distinct([first, turned, elsewhere]) == [first, elsewhere]


def test_two_are_begun_farther_apart_once_more():
    near = np.array([[0.1, 0.1, -0.04], [0.1, 0.14, -0.08]])
    first, second = astride._wider(near)
    assert first == pytest.approx([0.1, 0.1 - astride.OUTWARD_M, -0.04])
    assert second == pytest.approx([0.1, 0.14 + astride.OUTWARD_M, -0.08])


def test_less_tells_two_that_lie_to_one_as_two_do():
    one = placed_at([[0.0, 0.0, -0.1], [0.0, 0.0, -0.1]], 1.1)
    apart_m = [[-0.05, 0.0, -0.05], [0.05, 0.0, -0.06]]
    assert astride._needed(one, placed_at(apart_m, 1.0)) == astride.LIKELY
    assert astride._needed(one, placed_at([apart_m[0], [0.05, 0.0, -0.09]], 1.0)) == astride.SURE
    assert astride._needed(one, placed_at([[-0.02, 0.0, -0.05], [0.02, 0.0, -0.05]], 1.0)) == astride.SURE
