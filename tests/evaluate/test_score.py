"""Matching and counting on cases small enough to do in the head."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualsense.evaluate._rates import confidences, rates, roc
from dualsense.evaluate._score import match, score_scan
from dualsense.evaluate._statistics import clopper_pearson, poisson_rate

MINE = (0.5, 0.5, 0.05, 0.1, "mine")


def test_a_target_counts_up_to_radius_plus_halo(make_target, make_truth, make_result):
    for offset, hit in ((0.0, 1), (0.149, 1), (0.151, 0)):
        result = make_result(make_target("a", 0.5 + offset, 0.5, 0.9))
        found = rates([score_scan(result, make_truth(MINE))])
        assert (found.detected, found.missed, found.false_alarms) == (hit, 1 - hit, 1 - hit)
    narrow = score_scan(make_result(make_target("a", 0.6, 0.5, 0.9)), make_truth(MINE), halo_m=0.04)
    assert rates([narrow]).detected == 0


def test_one_target_is_one_mine(make_target, make_truth, make_result):
    two = make_truth((0.45, 0.5, 0.05, 0.1, "mine"), (0.55, 0.5, 0.05, 0.1, "mine"))
    found = rates([score_scan(make_result(make_target("a", 0.5, 0.5, 0.9)), two)])
    assert (found.mines, found.detected, found.missed) == (2, 1, 1)


def test_a_second_alarm_over_a_mine_is_false(make_target, make_truth, make_result):
    result = make_result(make_target("a", 0.5, 0.5, 0.9), make_target("b", 0.52, 0.5, 0.8))
    found = rates([score_scan(result, make_truth(MINE))])
    assert (found.detected, found.false_alarms) == (1, 1)


def test_matching_gives_up_the_closest_pair_for_one_more_mine(make_target, make_truth, make_result):
    two = make_truth((0.4, 0.5, 0.05, 0.1, "mine"), (0.5, 0.5, 0.05, 0.1, "mine"))
    result = make_result(make_target("a", 0.41, 0.5, 0.9), make_target("b", 0.3, 0.5, 0.9))
    assert rates([score_scan(result, two)]).detected == 2


def test_only_a_suspect_is_an_alarm(make_target, make_truth, make_result):
    for call, detected, missed, unknown in (
        ("suspect", 1, 0, 0),
        ("likely-clutter", 0, 1, 0),
        ("not-assessable", 0, 0, 1),
    ):
        found = rates([score_scan(make_result(make_target("a", 0.5, 0.5, 0.9, call)), make_truth(MINE))])
        assert (found.detected, found.missed, found.not_assessable) == (detected, missed, unknown)
        assert found.detection_rate == detected
        assert found.false_alarms == 0


def test_clutter_called_suspect_is_a_false_alarm(make_target, make_truth, make_result):
    truth = make_truth(MINE, (0.2, 0.2, 0.02, 0.02, "metal"))
    result = make_result(make_target("a", 0.5, 0.5, 0.9), make_target("b", 0.2, 0.21, 0.7))
    score = score_scan(result, truth)
    assert rates([score]).false_alarms == 1
    assert [t.label for t in score.targets] == ["mine", "metal"]
    assert score.objects[1].target == "b"
    assert score.objects[1].is_mine is False
    assert score_scan(result, truth, mine_labels=("mine", "metal")).objects[1].is_mine is True


def test_mines_are_matched_before_clutter(make_target, make_truth, make_result):
    truth = make_truth((0.5, 0.5, 0.05, 0.1, "mine"), (0.56, 0.5, 0.02, 0.02, "metal"))
    score = score_scan(make_result(make_target("a", 0.56, 0.5, 0.9)), truth)
    assert score.objects[0].target == "a"
    assert score.objects[1].target is None


def test_what_is_not_listed_on_uncovered_ground_is_counted_apart(make_truth, make_result, make_target):
    half = np.zeros((50, 50), dtype=bool)
    half[:, :20] = True
    score = score_scan(make_result(gpr=half), make_truth(MINE, (0.1, 0.5, 0.05, 0.1, "mine")))
    found = rates([score])
    assert (found.mines, found.detected, found.missed) == (2, 0, 1)
    assert (found.not_assessable, found.not_covered) == (0, 1)
    said = rates(
        [score_scan(make_result(make_target("a", 0.5, 0.5, 0.1, "not-assessable"), gpr=half), make_truth(MINE))]
    )
    assert (said.missed, said.not_assessable, said.not_covered) == (0, 1, 0)
    dismissed = make_result(make_target("a", 0.5, 0.5, 0.1, "likely-clutter"), gpr=half)
    found = rates([score_scan(dismissed, make_truth(MINE))])
    assert (found.missed, found.not_assessable, found.not_covered) == (1, 0, 0)


def test_objects_off_the_patch_are_set_aside(make_truth, make_result):
    score = score_scan(
        make_result(), make_truth(MINE, (1.5, 0.5, 0.05, 0.1, "mine"), (-0.02, 0.5, 0.0, 0.1, "mine"))
    )
    assert score.outside == 2
    assert rates([score]).mines == 1


def test_errors_are_target_minus_truth(make_target, make_truth, make_result):
    target = make_target("a", 0.52, 0.49, 0.9, depth=0.08, std=(0.01, 0.0, 0.02))
    (thing,) = score_scan(make_result(target), make_truth(MINE)).objects
    assert thing.error_m == pytest.approx((0.02, -0.01, 0.03))
    assert thing.sigma[0] == pytest.approx(2.0)
    assert np.isnan(thing.sigma[1])
    assert thing.sigma[2] == pytest.approx(1.5)
    blind = score_scan(make_result(make_target("a", 0.5, 0.5, 0.9, depth=float("nan"))), make_truth(MINE))
    assert np.isnan(blind.objects[0].error_m[2])


def test_rates_add_up_with_exact_intervals(make_target, make_truth, make_result):
    hit = score_scan(make_result(make_target("a", 0.5, 0.5, 0.9)), make_truth(MINE))
    miss = score_scan(make_result(make_target("a", 0.1, 0.1, 0.9)), make_truth(MINE))
    found = rates([hit, hit, miss])
    assert (found.mines, found.detected, found.false_alarms, found.area_m2) == (3, 2, 1, 3.0)
    assert found.detection_rate == pytest.approx(2 / 3)
    assert found.detection_interval == clopper_pearson(2, 3)
    assert found.false_alarms_m2 == pytest.approx(1 / 3)
    assert found.false_alarm_interval == poisson_rate(1, 3.0)


def test_no_mines_is_no_rate(make_result, make_truth, make_target):
    found = rates([score_scan(make_result(make_target("a", 0.5, 0.5, 0.4)), make_truth())])
    assert np.isnan(found.detection_rate)
    assert found.detection_interval == (0.0, 1.0)
    assert found.false_alarms == 1
    nothing = rates([])
    assert np.isnan(nothing.false_alarms_m2)


def test_roc_by_hand(make_target, make_truth, make_result):
    """Four targets over two mines; the better of two over one mine counts as soon as it passes."""
    truth = make_truth((0.3, 0.3, 0.05, 0.1, "mine"), (0.7, 0.7, 0.05, 0.1, "mine"))
    result = make_result(
        make_target("near but meek", 0.3, 0.3, 0.2),
        make_target("farther but bold", 0.36, 0.3, 0.8),
        make_target("nothing there", 0.9, 0.1, 0.6),
        make_target("other mine", 0.7, 0.7, 0.4, "likely-clutter"),
    )
    curve = roc([score_scan(result, truth)])
    assert curve.threshold.tolist() == [np.inf, 0.8, 0.6, 0.4, 0.2]
    assert curve.detection_rate.tolist() == [0.0, 0.5, 0.5, 1.0, 1.0]
    assert curve.false_alarms_m2.tolist() == [0.0, 0.0, 1.0, 1.0, 2.0]


@settings(deadline=None, max_examples=30, derandomize=True)
@given(seed=st.integers(0, 10_000))
def test_roc_never_turns_back(seed, make_target, make_truth, make_result):
    rng = np.random.default_rng(seed)
    truth = make_truth(*((*rng.uniform(0.1, 0.9, 2), 0.05, 0.1, "mine") for _ in range(3)))
    targets = [make_target(str(i), *rng.uniform(0, 1, 2), float(rng.uniform())) for i in range(8)]
    curve = roc([score_scan(make_result(*targets), truth)])
    assert np.all(np.diff(curve.detection_rate) >= 0)
    assert curve.false_alarms_m2[-1] + 3 * curve.detection_rate[-1] == pytest.approx(8)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(seed=st.integers(0, 10_000), m=st.integers(1, 4), n=st.integers(1, 4))
def test_match_is_the_best_of_all_assignments(seed, m, n):
    rng = np.random.default_rng(seed)
    distance, reach = rng.uniform(0, 1, (m, n)), rng.uniform(0.2, 0.8, m)
    got = match(distance, reach)
    used = got[got >= 0]
    assert len(set(used.tolist())) == len(used)

    def worth(choice):
        pairs = [(i, j) for i, j in enumerate(choice) if j is not None and distance[i, j] <= reach[i]]
        return len(pairs), -sum(distance[i, j] for i, j in pairs)

    best = max(worth(p) for p in permutations([*range(n), *[None] * m], m))
    mine = worth([None if j < 0 else int(j) for j in got])
    assert mine[0] == best[0]
    assert mine[1] == pytest.approx(best[1])


def test_match_of_nothing():
    assert match(np.zeros((2, 0)), np.ones(2)).tolist() == [-1, -1]
    assert match(np.zeros((0, 3)), np.ones(0)).tolist() == []
    with pytest.raises(ValueError, match="got"):
        match(np.zeros((2, 3)), np.ones(3))


def test_confidences_pair_with_what_was_there(make_target, make_truth, make_result):
    result = make_result(make_target("a", 0.5, 0.5, 0.9), make_target("b", 0.1, 0.1, 0.3))
    p, y = confidences([score_scan(result, make_truth(MINE))])
    assert p.tolist() == [0.9, 0.3]
    assert y.tolist() == [True, False]


def test_a_negative_halo_is_refused(make_truth, make_result):
    with pytest.raises(ValueError, match="halo_m"):
        score_scan(make_result(), make_truth(MINE), halo_m=-0.1)
