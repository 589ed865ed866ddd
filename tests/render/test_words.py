"""Verdicts and phrases: nothing rounds towards comfort, and no words that ground must never hear."""

from __future__ import annotations

import dataclasses
import math
import re

import pytest

from dualsense.render import _words as words
from dualsense.scan import Fault, plain

NEVER = re.compile(r"\b(safe|safely|clear|cleared|clearance|harmless|mine-free)\b", re.IGNORECASE)


def test_headline_counts_suspects_first(full_result):
    verdict = words.headline(full_result)
    assert verdict.tone == "danger"
    assert verdict.main == "2 suspects."
    assert verdict.rest == (
        "1 object not assessable.",
        "1 object likely clutter.",
        "9 % of this patch was not assessable.",
    )


def test_headline_of_one(full_result):
    result = dataclasses.replace(full_result, targets=full_result.targets[:1])
    assert words.headline(result).main == "1 suspect."


def test_headline_without_target_speaks_of_the_assessed_part_only(make_result):
    verdict = words.headline(make_result("no_targets"))
    assert verdict.main == "No suspect found in the part that was assessed."
    assert verdict.tone == "unknown"
    assert any("not assessable" in sentence for sentence in verdict.rest)
    whole = words.headline(make_result("no_targets", coverage_fraction=1.0))
    assert whole.tone == "advice"
    assert whole.rest == ()


def test_headline_of_unassessed_ground(make_result):
    verdict = words.headline(make_result("nothing_covered"))
    assert verdict.main == "This patch was not assessed."
    assert verdict.tone == "unknown"
    assert words.headline(make_result("no_emi")).main == "This patch was not assessed."


def test_headline_with_unknown_coverage_is_never_calm(make_result):
    verdict = words.headline(make_result("no_targets", coverage_fraction=math.nan))
    assert verdict.tone == "unknown"
    assert "An unknown part of this patch was not assessable." in verdict.rest


@pytest.mark.parametrize(
    ("fraction", "up", "down"),
    (
        (0.0, "0 %", "0 %"),
        (1e-6, "less than 1 %", "less than 1 %"),
        (0.001, "less than 1 %", "less than 1 %"),
        (0.12, "12 %", "12 %"),
        (0.121, "13 %", "12 %"),
        (0.999, "100 %", "99 %"),
        (1.0, "100 %", "100 %"),
        (math.nan, "an unknown part", "an unknown part"),
    ),
)
def test_percentages_never_round_towards_comfort(fraction, up, down):
    assert words.percent_up(fraction) == up
    assert words.percent_down(fraction) == down


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
    assert words.confidence_words(target) == shown


def test_depth_and_place(full_result):
    first, _, _, last = full_result.targets
    assert words.depth_words(first) == "4.5 ± 1.1 cm"
    assert words.depth_words(last) == "depth unknown"
    assert words.place_words(first) == "11 cm ahead, 15 cm to the left"
    behind = dataclasses.replace(first, x_m=-0.2, y_m=-0.05)
    assert words.place_words(behind) == "20 cm behind, 5 cm to the right"


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
    assert words.bearing_words(target, None) == lane
    assert words.bearing_words(target, 37.0) == north


def test_north_is_never_called_360(full_result):
    target = dataclasses.replace(full_result.targets[0], x_m=1.0, y_m=0.0)
    assert words.bearing_words(target, 359.9) == "000° from true north, 100 cm"
    assert 0.0 <= words.lane_bearing_deg(dataclasses.replace(target, y_m=1e-18)) < 360.0


def test_sensor_states(make_result):
    assert words.sensor_state(make_result("full"), "emi") == "working"
    assert words.sensor_state(make_result("no_emi"), "emi") == "absent"
    assert words.sensor_state(make_result("emi_failed"), "emi") == "failed"
    assert words.sensor_state(make_result("no_radar"), "gpr") == "absent"
    assert words.sensor_state(make_result("nothing_covered"), "gpr") == "uncovered"
    assert words.sensor_message(make_result("full"), "gpr") is None
    assert words.sensor_message(make_result("no_radar"), "gpr") == (
        "radar: not recorded — this ground is not assessable by it"
    )


def test_banners_put_the_gravest_first_and_name_a_missing_sensor(make_result):
    result = make_result("no_emi")
    faults = (Fault("pose", "info", "/pose", "2 gaps closed"), *result.faults)
    said = words.banners(dataclasses.replace(result, faults=faults))
    assert [banner.severity for banner in said] == ["failed", "degraded", "info"]
    assert said[0].sentence.startswith("Metal detector: not recorded")
    assert said[1].sentence.startswith("Radar lost a part of its data: 3 of 400 soundings")


def test_a_failed_sensor_is_said_once_with_its_cause(make_result):
    cause = "Metal detector failed: channel 0 is constant in all 1270 samples."
    assert words.banners(make_result("emi_failed")) == (
        words.Banner("failed", f"{cause} This ground is not assessable by it.", "samples-constant"),
    )


def test_velocity_carries_the_uncertainty_of_the_permittivity(full_result, make_result):
    speed_m_s, std_m_s = words.velocity_m_s(full_result)
    assert speed_m_s == pytest.approx(299_792_458.0 / 4.2**0.5)
    low = 299_792_458.0 / 4.21**0.5
    assert std_m_s / 0.3 == pytest.approx((speed_m_s - low) / 0.01, rel=5e-3)
    assert math.isnan(words.velocity_m_s(make_result("no_radar"))[0])


def test_order_does_not_depend_on_the_input_order(full_result):
    for shift in range(4):
        turned = full_result.targets[shift:] + full_result.targets[:shift]
        result = dataclasses.replace(full_result, targets=turned)
        assert [target.id for target in words.ordered_targets(result)] == ["T1", "T2", "T4", "T3"]


def test_plain_text_is_one_printable_line():
    assert plain("a\n\tb\u2028c\x00d\udc80") == "a b c d?"
    assert plain("x" * 50, 10) == "x" * 9 + "…"


def test_nothing_said_of_ground_is_a_comfort(any_result):
    verdict = words.headline(any_result)
    said = [verdict.main, *verdict.rest, words.ADVICE, *(banner.sentence for banner in words.banners(any_result))]
    assert not [sentence for sentence in said if NEVER.search(sentence)]
