"""Targets in words: their order, and what is said of confidence, depth and place."""

from __future__ import annotations

import dataclasses
import math

import pytest

from dualsense.render._targets import (
    bearing_words,
    confidence_words,
    depth_words,
    lane_bearing_deg,
    ordered_targets,
    place_words,
)


@pytest.mark.parametrize(
    ("confidence", "shown"),
    (
        (0.0, "below 0.01"),
        (0.004, "below 0.01"),
        (0.873, "0.87"),
        (0.996, "above 0.99"),
        (1.0, "above 0.99"),
        (math.nan, "unknown"),
    ),
)
def test_confidence_never_reads_as_certainty(full_result, confidence, shown):
    target = dataclasses.replace(full_result.targets[0], confidence=confidence)
    assert confidence_words(target) == shown


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
