"""Duplicates by what is known of their places: rightly merged, honest deviations, never two of one scan."""

from __future__ import annotations

import numpy as np

from dualsense.site import Points, merge, merged, prior_of
from dualsense.site._adjust import adjust, design
from dualsense.site._belief import Groups, Local, gain
from dualsense.site._doubt import kept_apart


def points_of(map_m, scan, *, std_m=0.01, arm_m=None, recording=None):
    count = len(scan)
    return Points(
        np.array(map_m, dtype=float),
        np.tile(np.eye(2) * std_m**2, (count, 1, 1)),
        np.array(scan),
        np.zeros((count, 2)) if arm_m is None else np.array(arm_m, dtype=float),
        np.array(scan if recording is None else recording),
    )


def test_two_targets_of_one_scan_stay_two_and_the_nearer_pairs_are_matched():
    # one scan tells two apart at 6 cm; the other's fit one to one although each is within the gate of both
    points = points_of([[0, 0], [0.06, 0], [0.01, 0], [0.055, 0]], [0, 0, 1, 1])
    clusters, _ = merge(points, prior_of(0.03, 0.5), 0.3)
    assert clusters == [[0, 2], [1, 3]]
    # and three against two leave one alone, dropped by nobody
    points = points_of([[0, 0], [0.06, 0], [0.03, 0.05], [0.0, 0.0], [0.06, 0.0]], [0, 0, 0, 1, 1])
    clusters, _ = merge(points, prior_of(0.03, 0.5), 0.3)
    assert sorted(n for one in clusters for n in one) == [0, 1, 2, 3, 4]
    assert [2] in clusters


def test_nothing_is_merged_beyond_the_limit_however_little_is_known():
    points = points_of([[0, 0], [0.4, 0]], [0, 1], std_m=0.5)
    clusters, _ = merge(points, prior_of(5.0, 0.5), 0.3)
    assert clusters == [[0], [1]]


def test_an_offset_that_scans_share_is_told_from_their_objects():
    rng = np.random.default_rng(5)
    truth = rng.uniform(0.0, 1.0, (6, 2))
    shift = np.array([0.05, -0.04])
    places = np.vstack([truth, truth + shift]) + rng.normal(0.0, 0.002, (12, 2))
    points = points_of(places, [0] * 6 + [1] * 6, std_m=0.005)
    clusters, offsets = merge(points, prior_of(0.05, 0.01), 0.3)
    assert clusters == [[n, n + 6] for n in range(6)]
    np.testing.assert_allclose(offsets.of(1)[:2] - offsets.of(0)[:2], shift, atol=0.006)
    # of where both lie no scan knows more than its origin does: halved in variance, and no better
    placed = merged(points, clusters, offsets)
    std_m = np.array([np.sqrt(np.diag(covariance)) for _, covariance, _ in placed])
    assert (std_m > 0.03).all()
    assert (std_m < 0.05).all()


def test_two_results_of_one_recording_are_worth_one():
    points = points_of([[0, 0], [0.001, 0]], [0, 1], recording=[0, 0])
    one = points_of([[0, 0]], [0])
    place = [merged(p, *merge(p, prior_of(1e-6, 1e-4), 0.3)) for p in (points, one)]
    np.testing.assert_allclose(place[0][0][1], place[1][0][1], rtol=0.01)


def test_deviations_hold_over_many_draws():
    """Places of merged objects against the truth, in deviations that are stated for them: chi-square of two."""
    rng = np.random.default_rng(11)
    squares = []
    for _ in range(60):
        truth = rng.uniform(0.0, 2.0, (5, 2))
        corners = rng.uniform(0.0, 1.0, (3, 2))
        places, scan, arm = [], [], []
        for number, corner in enumerate(corners):
            shift, turn = rng.normal(0.0, 0.03, 2), rng.normal(0.0, np.radians(0.5))
            for one in truth:
                own = one - corner
                seen = one + shift + turn * np.array([-own[1], own[0]]) + rng.normal(0.0, 0.01, 2)
                places.append(seen), scan.append(number), arm.append(own)
        points = points_of(places, scan, arm_m=arm)
        clusters = [[n, n + 5, n + 10] for n in range(5)]
        for n, (place, covariance, _) in enumerate(
            merged(points, clusters, adjust(points, clusters, prior_of(0.03, 0.5)))
        ):
            squares.append((place - truth[n]) @ np.linalg.solve(covariance, place - truth[n]))
    # 300 of which five each share their scans' errors: the mean of chi-square with two degrees is 2
    assert 1.6 < np.mean(squares) < 2.4
    assert np.mean(np.array(squares) > 5.99) < 0.10


def log_density(points, clusters, groups, prior):
    """How likely targets lie as they do: one normal distribution of all, objects far from where they are known."""
    flat_m = 1e3
    count, scans = len(points.scan), int(points.scan.max()) + 1
    to_scan = np.zeros((2 * count, 3 * scans))
    to_object = np.zeros((2 * count, 2 * len(clusters)))
    for n, scan in enumerate(points.scan):
        to_scan[2 * n : 2 * n + 2, 3 * scan : 3 * scan + 3] = design(points.arm_m[n])
    for k, cluster in enumerate(clusters):
        for n in cluster:
            to_object[2 * n : 2 * n + 2, 2 * k : 2 * k + 2] = np.eye(2)
    spread = to_scan @ np.diag(np.tile(prior, scans)) @ to_scan.T + flat_m**2 * to_object @ to_object.T
    spread += np.kron(np.eye(count), np.eye(2)) * points.covariance_m2[0, 0, 0]
    places = points.map_m.ravel()
    fit = -0.5 * places @ np.linalg.solve(spread, places) - 0.5 * np.linalg.slogdet(2.0 * np.pi * spread)[1]
    # each object is spread over so much ground
    flat = len(clusters) * np.log(2.0 * np.pi * flat_m**2)
    return fit + flat + sum(groups.log_listed(c, frozenset(points.scan[c].tolist())) for c in clusters)


def test_evidence_and_gain_are_those_of_one_normal_distribution():
    rng = np.random.default_rng(3)
    base = np.array([[0.1, 0.2], [0.5, 0.6], [0.9, 0.3], [0.12, 0.22], [0.52, 0.57], [0.13, 0.19]])
    points = points_of(base + rng.normal(0.0, 0.01, (6, 2)), [0, 0, 0, 1, 1, 2], arm_m=base)
    prior = prior_of(0.03, 2.0)
    groups = Groups(points, [{0: 1.0, 1: 0.6, 2: 0.2}] * 6, 3.0)
    clusters = [[0, 3], [1, 4], [2], [5]]
    others = [[0, 3, 5], [1], [2], [4]]
    offsets = adjust(points, clusters, prior)
    held = [groups.of(one) for one in clusters]
    local = Local(points, offsets, held)
    more = local.evidence([groups.of(one) for one in others]) - local.evidence(held)
    wanted = log_density(points, others, groups, prior) - log_density(points, clusters, groups, prior)
    np.testing.assert_allclose(more, wanted, atol=1e-3)
    told, _ = gain(groups, groups.of([0, 3]), groups.of([5]), offsets)
    joined = [[0, 3, 5], *clusters[1:3]]
    wanted = log_density(points, joined, groups, prior) - log_density(points, clusters, groups, prior)
    np.testing.assert_allclose(told, wanted, atol=1e-3)


def test_a_scan_whose_closest_pair_is_a_wrong_one_is_shared_out_anew():
    # the second scan lies 9 cm to the east, where its first target falls on the first scan's second
    truth = np.array([[0.0, 0.0], [0.09, 0.0], [0.6, 0.5], [0.3, 0.9]])
    shift = np.array([0.09, 0.0])
    points = points_of(np.vstack([truth, truth + shift]), [0] * 4 + [1] * 4)
    clusters, offsets = merge(points, prior_of(0.05, 0.1), 0.3)
    assert clusters == [[n, n + 4] for n in range(4)]
    np.testing.assert_allclose(offsets.of(1)[:2] - offsets.of(0)[:2], shift, atol=0.01)


def test_a_scan_that_saw_the_place_and_lists_nothing_there_speaks_against_two_being_one():
    points = points_of([[0.0, 0.0], [0.11, 0.0]], [0, 1])
    blind = merge(points, prior_of(0.03, 0.5), 0.3, [{0: 1.0, 1: 1.0}] * 2)[0]
    # neither reaches where the other lists: two objects need no miss
    edges = merge(points, prior_of(0.03, 0.5), 0.3, [{0: 1.0}, {1: 1.0}])[0]
    assert (blind, edges) == ([[0, 1]], [[0], [1]])


def test_what_is_to_be_dug_leaves_an_object_that_was_dug_where_it_may_be_another():
    prior = prior_of(0.03, 0.5)
    others = np.array([[0.5, 0.0], [0.0, 0.6], [0.7, 0.7], [0.9, 0.2]])
    for away_m, known, apart in (  # how far they seem, and whether other objects tell of the origins
        (0.06, False, True),
        (0.01, False, False),
        (0.06, True, False),
        (0.10, True, True),
    ):
        shared = others if known else others[:0]
        places = np.vstack([[[0.0, 0.0]], shared, [[away_m, 0.0]], shared])
        scan = [0] * (1 + len(shared)) + [1] * (1 + len(shared))
        points = points_of(places, scan)
        one = len(shared) + 1
        clusters = [[0, one]] + [[n, n + one] for n in range(1, one)]
        offsets = adjust(points, clusters, prior)
        kept, _ = kept_apart(points, clusters, offsets, found={0}, wanted={0, one})
        assert ([0] in kept, [one] in kept) == (apart, apart)
        # what nobody asks to dig stays what it was taken for
        assert kept_apart(points, clusters, offsets, found={0}, wanted={0})[0] == clusters
