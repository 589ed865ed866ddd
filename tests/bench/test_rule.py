"""The rule of the gate: bounds are those of order statistics, false alarms are rare, and losses are seen."""

from __future__ import annotations

import math
from statistics import median

import numpy as np
import pytest
from benchmarks import rule


def test_bounds_of_nine_ratios_are_the_third_from_either_end():
    ratios = [1.3, 0.9, 1.1, 1.0, 1.2, 0.8, 1.5, 1.4, 0.7]
    assert rule.lower_bound(ratios) == 0.9
    assert rule.upper_bound(ratios) == 1.3


def test_few_ratios_bound_nothing():
    assert rule.lower_bound([2.0] * 3) == -math.inf
    assert rule.lower_bound([2.0] * 4) == 2.0
    assert rule.upper_bound([2.0] * 3) == math.inf


@pytest.mark.parametrize("count", (6, 9, 12))
def test_the_bound_is_above_the_true_median_no_oftener_than_stated(count):
    draws = np.random.default_rng(0).lognormal(0.0, 0.3, (4000, count))
    above = np.mean([rule.lower_bound(list(row)) > 1.0 for row in draws])
    assert above <= rule.ERROR + 0.01


def series(*rounds):
    left = list(rounds)
    return lambda: left.pop(0)


def test_a_loss_that_is_not_seen_again_is_none():
    lost, measured = rule.decide(series({"wall": [1.3] * 9}, {"wall": [1.0] * 9}), lambda _name: 1.1)
    assert lost == {}
    assert len(measured) == 2


def test_what_is_lost_twice_is_told_with_its_median():
    lost, measured = rule.decide(
        series({"wall": [1.3] * 9, "memory": [1.2] * 9}, {"wall": [1.4] * 9, "memory": [1.0] * 9}),
        lambda _name: 1.1,
    )
    assert lost == {"wall": 1.4}
    assert median(measured[0]["wall"]) == 1.3


def test_a_round_ends_early_only_where_the_rest_could_change_nothing():
    within, beyond, count = 1.0, 9.9, 15
    for good in range(6):
        first = {"wall": [beyond] * 7 + [within] * good, "memory": [within] * (7 + good)}
        worst = {name: each + [beyond] * (count - len(each)) for name, each in first.items()}
        could_be_lost = rule.lost(worst, lambda _name: 1.1) != set()
        assert rule.settled(first, lambda _name: 1.1, count) == (not could_be_lost)
        assert could_be_lost == (good < 5)


def test_nothing_is_repeated_where_nothing_is_lost():
    lost, measured = rule.decide(series({"wall": [1.05] * 9}), lambda _name: 1.1)
    assert (lost, len(measured)) == ({}, 1)


def test_false_alarms_are_rare():
    """Fifteen quantities, 10 % of noise, something else in every twentieth run."""
    assert rule.said_no(1.0, 0.10, tolerance=1.07, quantities=15) <= 0.002
    assert rule.said_no(1.0, 0.10, tolerance=1.07, quantities=15, rounds=1) > 0.01  # which is why it repeats


@pytest.mark.parametrize(
    ("slowdown", "noise", "tolerance", "power"),
    ((1.3, 0.05, 1.15, 0.95), (1.3, 0.10, 1.15, 0.5), (1.15, 0.03, 1.07, 0.9), (1.5, 0.10, 1.15, 0.9)),
)
def test_a_loss_is_seen(slowdown, noise, tolerance, power):
    assert rule.said_no(slowdown, noise, tolerance=tolerance, trials=1000) >= power
