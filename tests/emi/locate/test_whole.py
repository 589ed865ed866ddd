"""All metal of a sweep placed in one fit, on data of another forward model."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.emi import study_draws

from dualsense import emi
from dualsense.emi._locate import whole
from dualsense.emi._locate.place import Limits
from dualsense.emi._locate.settled import Settled
from dualsense.emi._locate.together import ground_of

PIECES = np.array([[0.10, 0.10, -0.05], [0.34, 0.12, -0.04], [0.20, 0.32, -0.07]])
LIMITS = Limits(0.25, 4.0, 0.08, pairs=True, together=True, at_once=True)


@pytest.fixture(scope="module")
def rows():
    """Three strong spheroids 22 to 25 cm apart, and a track that errs by 3 mm."""
    rng = np.random.default_rng(5)
    t, coils = study_draws.sweep(rng)
    values = study_draws.NOISE * rng.standard_normal((t.size, 6))
    for place in PIECES:
        heard = study_draws.columns(coils, place) @ study_draws.spectrum(rng)
        values += study_draws.NOISE * 3000.0 * heard / np.abs(heard).max()
    values += study_draws.soil(rng, study_draws.CASES["points"], coils)
    lasting = np.column_stack([study_draws.slow(rng, t, 0.5) for _ in range(3)])
    error = 0.003 * np.sqrt(0.5) * (lasting + rng.standard_normal((t.size, 3)))
    return study_draws.rows_at(t, coils + error, values, 0.003)


def far_m(dipoles):
    """Tell of each piece how far its nearest dipole is, in order of size."""
    return sorted(min(float(np.linalg.norm(d.position_m - piece)) for d in dipoles) for piece in PIECES)


def test_all_pieces_are_placed_where_one_by_one_leaves_centimetres(rows):
    found = emi.find_dipoles(rows, np.full(6, study_draws.NOISE))
    each, at_once = (emi.refine(rows, found, at_once=way).dipoles for way in (False, True))
    assert far_m(each)[0] > 0.03
    assert far_m(at_once)[1] < 0.006
    assert sum(far_m(at_once)) < 0.4 * sum(far_m(each))
    assert len(at_once) <= len(each)


def placed(rows, positions):
    fit = Settled.of_ground(rows, emi.balance(rows, np.full(6, study_draws.NOISE))).beside(list(positions))
    return whole.placed_at_once(fit, ground_of(fit), range(len(positions)), LIMITS)


def test_places_are_as_well_known_as_is_stated(rows):
    told, surplus = placed(rows, PIECES + np.array([0.006, -0.004, -0.01]))
    assert surplus == ()
    assert sorted(told) == [0, 1, 2]
    for n, (position, covariance) in told.items():
        error = position - PIECES[n]
        assert error @ np.linalg.solve(covariance, error) < 16.3  # 0.1 % of a chi square of three


def test_what_explains_nothing_more_is_taken_away(rows):
    begun = [*PIECES, PIECES[1] + np.array([0.03, 0.02, -0.03])]
    told, surplus = placed(rows, begun)
    assert len(surplus) == 1
    assert surplus[0] in {1, 3}
    places = np.array([position for position, _ in told.values()])
    assert max(np.linalg.norm(places - piece, axis=1).min() for piece in PIECES) < 0.01


def test_a_piece_that_is_needed_stays(rows):
    _, surplus = placed(rows, PIECES)
    assert surplus == ()


def test_rows_that_no_metal_explains_place_nothing(rows):
    told, surplus = placed(rows, PIECES[:2])  # a third one is missing
    assert told == {}
    assert surplus == ()


def test_what_is_known_to_less_than_nothing_has_no_place(rows, monkeypatch):
    step = whole.step

    def lost(*args, **how):
        state, covariance, misfit, away = step(*args, **how)
        covariance[0, 0] *= -1.0
        return state, covariance, misfit, away

    monkeypatch.setattr(whole, "step", lost)
    told, surplus = placed(rows, PIECES)
    assert sorted(told) == [1, 2]
    assert surplus == ()


def test_pieces_are_grouped_by_what_hears_of_them():
    places = [np.array([x, 0.0, -0.05]) for x in (0.0, 2.0, 0.4, 0.8)]
    assert whole.heard_together(places, 0.25) == [(0, 2, 3), (1,)]
    many = [np.array([0.1 * n, 0.0, -0.05]) for n in range(whole.MOST + 3)]
    groups = whole.heard_together(many, 0.25)
    assert sorted(n for group in groups for n in group) == list(range(len(many)))
    assert max(map(len, groups)) <= whole.MOST
