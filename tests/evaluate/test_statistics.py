"""Intervals with published values, and calibration measures with values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, poisson

from dualsense.evaluate._statistics import (
    brier_score,
    clopper_pearson,
    expected_calibration_error,
    poisson_rate,
    reliability,
)


@pytest.mark.parametrize(("mines", "proof"), ((59, 0.95), (299, 0.99), (748, 0.996)))
def test_zero_misses_prove_what_the_tables_say(mines, proof):
    """One-sided at 95 %: the lower end of a two-sided 90 % interval."""
    assert (
        clopper_pearson(mines, mines, level=0.9)[0] >= proof > clopper_pearson(mines - 1, mines - 1, level=0.9)[0]
    )


def test_clopper_pearson_textbook():
    low, high = clopper_pearson(10, 20)
    assert (low, high) == pytest.approx((0.27196, 0.72804), abs=1e-5)
    assert clopper_pearson(0, 10) == pytest.approx((0.0, 0.30850), abs=1e-5)
    assert clopper_pearson(0, 0) == (0.0, 1.0)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(n=st.integers(1, 60), p=st.floats(0.02, 0.98))
def test_clopper_pearson_covers(n, p):
    k = np.arange(n + 1)
    bounds = np.array([clopper_pearson(int(i), n) for i in k])
    inside = (bounds[:, 0] <= p) & (p <= bounds[:, 1])
    assert binom.pmf(k[inside], n, p).sum() >= 0.95 - 1e-9


def test_no_false_alarms_prove_less_than_three_over_the_area():
    low, high = poisson_rate(0, 10.0, level=0.9)
    assert low == 0.0
    assert high == pytest.approx(3.0 / 10.0, rel=2e-3)


@settings(deadline=None, max_examples=40, derandomize=True)
@given(rate=st.floats(0.1, 20.0))
def test_poisson_interval_covers(rate):
    k = np.arange(200)
    bounds = np.array([poisson_rate(int(i), 2.0) for i in k])
    inside = (bounds[:, 0] <= rate) & (rate <= bounds[:, 1])
    assert poisson.pmf(k[inside], 2.0 * rate).sum() >= 0.95 - 1e-9


def test_reliability_by_hand():
    p = [0.05, 0.15, 0.15, 0.95, 1.0, 0.5]
    y = [0, 0, 1, 1, 1, 0]
    table = reliability(p, y, bins=10)
    assert table.count.tolist() == [1, 2, 0, 0, 0, 1, 0, 0, 0, 2]
    np.testing.assert_allclose(table.mean_confidence[[0, 1, 5, 9]], [0.05, 0.15, 0.5, 0.975])
    np.testing.assert_allclose(table.fraction[[0, 1, 5, 9]], [0.0, 0.5, 0.0, 1.0])
    assert np.isnan(table.fraction[2])
    assert np.isnan(table.low[2])
    assert (table.low[1], table.high[1]) == pytest.approx(clopper_pearson(1, 2))
    by_hand = (1 * 0.05 + 2 * 0.35 + 1 * 0.5 + 2 * 0.025) / 6
    assert expected_calibration_error(p, y) == pytest.approx(by_hand)
    squares = [0.05**2, 0.15**2, 0.85**2, 0.05**2, 0.0, 0.25]
    assert brier_score(p, y) == pytest.approx(np.mean(squares))


def test_a_calibrated_forecaster_has_little_error():
    rng = np.random.default_rng(0)
    p = rng.uniform(size=40_000)
    y = rng.uniform(size=40_000) < p
    assert expected_calibration_error(p, y) < 0.01
    assert brier_score(p, y) == pytest.approx(1 / 6, abs=0.005)
    assert expected_calibration_error(p, np.ones(40_000)) == pytest.approx(0.5, abs=0.01)


def test_nothing_is_unknown_not_perfect():
    assert np.isnan(brier_score([], []))
    assert np.isnan(expected_calibration_error([], []))


@pytest.mark.parametrize(
    ("call", "match"),
    (
        (lambda: clopper_pearson(3, 2), "got 3 of 2"),
        (lambda: clopper_pearson(1, 2, level=1.0), "level"),
        (lambda: poisson_rate(-1, 1.0), "count"),
        (lambda: poisson_rate(1, 0.0), "exposure"),
        (lambda: reliability([0.5], [1], bins=0), "bins"),
        (lambda: brier_score([1.5], [1]), r"\[0, 1\]"),
        (lambda: brier_score([np.nan], [1]), r"\[0, 1\]"),
        (lambda: brier_score([0.5, 0.5], [1]), "one shape"),
    ),
)
def test_refusals(call, match):
    with pytest.raises(ValueError, match=match):
        call()
