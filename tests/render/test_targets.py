"""Targets in words: their order, and what is said of confidence, depth and place."""

from __future__ import annotations

import dataclasses
import math

import pytest

from dualsense.render._targets import (
    bearing_words,
    chance_words,
    confidence_words,
    depth_words,
    lane_bearing_deg,
    ordered_targets,
    place_words,
    threshold_in_100,
)


def _with(result, *confidences, model="simulated-9", threshold=None):
    targets = tuple(
        dataclasses.replace(result.targets[0], id=f"T{n}", confidence=one) for n, one in enumerate(confidences)
    )
    return dataclasses.replace(result, targets=targets, model=model, suspect_threshold=threshold)


@pytest.mark.parametrize(
    ("confidence", "short", "long"),
    (
        (0.0, "under 1 in 100", "a mine cannot be ruled out: under 1 in 100"),
        (0.004, "under 1 in 100", "a mine cannot be ruled out: under 1 in 100"),
        (0.03, "3 in 100", "a mine cannot be ruled out: 3 in 100"),
        (0.34, "34 in 100", "possibly a mine: 34 in 100"),
        (0.873, "87 in 100", "likely a mine: 87 in 100"),
        (0.9, "90 in 100", "very likely a mine: 90 in 100"),
        (0.996, "over 99 in 100", "very likely a mine: over 99 in 100"),
        (1.0, "over 99 in 100", "very likely a mine: over 99 in 100"),
        (math.nan, "unknown", "a mine cannot be ruled out: chance unknown"),
    ),
)
def test_confidence_never_reads_as_certainty(full_result, confidence, short, long):
    result = _with(full_result, confidence)
    assert confidence_words(result.targets[0], result) == short
    assert chance_words(result.targets[0], result) == long


def test_a_prior_that_lifts_the_number_of_clutter_lifts_no_words(full_result):
    result = _with(full_result, 0.8, threshold=0.95)
    (clutter,) = (dataclasses.replace(target, call="likely-clutter") for target in result.targets)
    assert chance_words(clutter, result) == "a mine cannot be ruled out: 80 in 100"


def test_thresholds_are_written_without_powers_of_ten(full_result):
    assert threshold_in_100(_with(full_result, threshold=3.12e-8)) == "0.0000031"
    assert threshold_in_100(_with(full_result, threshold=0.0312)) == "3.1"


def test_scores_that_are_no_probabilities_are_not_told_as_chances(full_result):
    result = _with(full_result, 0.97, model="uncalibrated-1")
    assert confidence_words(result.targets[0], result) == "score 0.97"
    assert "in 100" not in chance_words(result.targets[0], result)
    assert "cannot be ruled out" in chance_words(result.targets[0], result)


@pytest.mark.parametrize("threshold", (0.0357, 0.0352, 0.04, 0.105, 0.5))
def test_rounding_never_contradicts_the_threshold(full_result, threshold):
    near = [threshold * (1.0 + sign * 10.0**-power) for power in (1, 2, 3, 4) for sign in (-1.0, 1.0)]
    result = _with(full_result, threshold, *near, threshold=threshold)
    limit = float(threshold_in_100(result))
    for target in result.targets:
        shown = float(confidence_words(target, result).split(" in ")[0])
        assert (shown >= limit) == (target.confidence >= threshold)


def test_depth_and_place(full_result):
    first, _, _, last = full_result.targets
    assert depth_words(first) == "4.5 ± 1.1 cm"
    assert depth_words(last) == "depth unknown"
    assert place_words(first) == "11 cm ahead, 15 cm to the left"
    behind = dataclasses.replace(first, x_m=-0.2, y_m=-0.05)
    assert place_words(behind) == "20 cm behind, 5 cm to the right"


@pytest.mark.parametrize(
    ("x_m", "y_m", "lane", "north"),
    (
        (1.0, 0.0, "0° right of the lane direction, 100 cm", "037° from true north, 100 cm"),
        (0.0, 1.0, "90° left of the lane direction, 100 cm", "307° from true north, 100 cm"),
        (0.0, -1.0, "90° right of the lane direction, 100 cm", "127° from true north, 100 cm"),
        (-1.0, 0.0, "180° right of the lane direction, 100 cm", "217° from true north, 100 cm"),
    ),
)
def test_bearing_from_the_start_point(full_result, x_m, y_m, lane, north):
    target = dataclasses.replace(full_result.targets[0], x_m=x_m, y_m=y_m)
    assert bearing_words(target, None) == lane
    assert bearing_words(target, 37.0) == north


def test_north_is_never_called_360(full_result):
    target = dataclasses.replace(full_result.targets[0], x_m=1.0, y_m=0.0)
    assert bearing_words(target, 359.9) == "000° from true north, 100 cm"
    assert 0.0 <= lane_bearing_deg(dataclasses.replace(target, y_m=1e-18)) < 360.0


def test_order_does_not_depend_on_the_input_order(full_result):
    for shift in range(4):
        turned = full_result.targets[shift:] + full_result.targets[:shift]
        result = dataclasses.replace(full_result, targets=turned)
        assert [target.id for target in ordered_targets(result)] == ["T1", "T2", "T4", "T3"]
