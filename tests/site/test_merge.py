"""Duplicates by what is known of their places: rightly merged, honest deviations, never two of one scan."""

from __future__ import annotations

import numpy as np

from dualsense.site import Points, merge, merged, prior_of


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
        from dualsense.site._adjust import adjust

        for n, (place, covariance, _) in enumerate(
            merged(points, clusters, adjust(points, clusters, prior_of(0.03, 0.5)))
        ):
            squares.append((place - truth[n]) @ np.linalg.solve(covariance, place - truth[n]))
    # 300 of which five each share their scans' errors: the mean of chi-square with two degrees is 2
    assert 1.6 < np.mean(squares) < 2.4
    assert np.mean(np.array(squares) > 5.99) < 0.10
