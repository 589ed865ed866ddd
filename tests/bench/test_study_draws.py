"""The bound that places of drawn metal are held against."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.emi import study_draws


@pytest.fixture(scope="module")
def pair():
    """Coils, times, centres and elements of two points, and the case that they are of."""
    case = study_draws.CASES["pairs"]
    rows, centres, coils, elements = study_draws.draw(case, 3)
    return coils, rows.time_s, centres, elements, case


def test_bound_without_an_error_of_the_track_is_that_of_least_squares(pair):
    coils, t, centres, elements, case = pair
    drift = np.polynomial.polynomial.polyvander(t / t[-1], 2)
    told = study_draws.bound(coils, t, centres, elements, replace(case, jitter_m=0.0), drift)
    step = 1e-5
    moved = []
    for place, own in zip(centres, elements, strict=True):
        for e in step * np.eye(3):
            apart = study_draws.columns(coils, place + e) - study_draws.columns(coils, place - e)
            moved.append(apart @ own / (2.0 * step * study_draws.NOISE))
    free = np.column_stack([*(study_draws.columns(coils, place) for place in centres), drift])
    span, _ = np.linalg.qr(free / np.linalg.norm(free, axis=0))
    rest = np.stack([(one - span @ (span.T @ one)).ravel() for one in moved])
    np.testing.assert_allclose(told, np.linalg.inv(rest @ rest.T), rtol=2e-3, atol=1e-3 * np.abs(told).max())


def test_an_error_of_the_track_does_to_rows_what_moved_coils_hear(pair):
    coils, _, centres, elements, case = pair
    _, error = study_draws.pushed(coils, centres, elements, case)
    step = 1e-4
    for axis, e in enumerate(step * np.eye(3)):
        heard = []
        for at in (coils - e, coils + e):  # an error of e tells of coils that are e behind
            points = sum(study_draws.columns(at, c) @ own for c, own in zip(centres, elements, strict=True))
            ground = study_draws.soil(np.random.default_rng(0), replace(case, uneven=0.0), at)
            heard.append((points + ground) / study_draws.NOISE)
        np.testing.assert_allclose(error[axis], (heard[0] - heard[1]) / (2.0 * step), rtol=1e-4, atol=1e-2)


def test_errors_that_last_leave_less_to_tell_than_such_as_are_new_in_each_row(pair, monkeypatch):
    coils, t, centres, elements, case = pair
    drift = np.ones((t.size, 1))
    lasting = np.trace(study_draws.bound(coils, t, centres, elements, case, drift))
    monkeypatch.setattr(study_draws, "LASTS_S", 1e-6)
    assert np.trace(study_draws.bound(coils, t, centres, elements, case, drift)) < 0.95 * lasting
