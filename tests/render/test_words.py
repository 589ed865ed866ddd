"""Verdicts and phrases: nothing rounds towards comfort, and no words that ground must never hear."""

from __future__ import annotations

import dataclasses
import math
import re

import numpy as np
import pytest

from dualsense.render import _words as words
from dualsense.result import SmallestMine
from dualsense.scan import Fault, plain

NEVER = re.compile(r"\b(safe|safely|clear|cleared|clearance|harmless|mine-free)\b", re.IGNORECASE)


def test_headline_counts_what_must_be_dug(full_result):
    verdict = words.headline(full_result)
    assert verdict.tone == "danger"
    assert verdict.main == "3 places to dig."
    assert verdict.rest == (
        "2 suspects.",
        "1 object not assessable.",
        "1 object likely clutter.",
        "9 % of this patch was not assessable.",
    )


def test_headline_of_one(full_result):
    result = dataclasses.replace(full_result, targets=full_result.targets[:1])
    assert words.headline(result).main == "1 place to dig."
    assert words.headline(result).rest[0] == "1 suspect."


def test_that_nothing_was_found_is_no_headline_while_something_is_undecided(full_result, make_result):
    undecided = tuple(target for target in full_result.targets if target.call == "not-assessable")
    verdict = words.headline(dataclasses.replace(full_result, targets=undecided, coverage_fraction=1.0))
    assert (verdict.tone, verdict.main) == ("unknown", "1 place to dig.")
    assert not any("No suspect" in sentence for sentence in (verdict.main, *verdict.rest))
    uncovered = words.headline(make_result("no_targets"))
    assert (uncovered.tone, uncovered.main) == ("unknown", "9 % of this patch was not assessable.")
    assert "No suspect found in the part that was assessed." in uncovered.rest


def test_headline_without_target_speaks_of_the_assessed_part_only(make_result):
    whole = words.headline(make_result("no_targets", coverage_fraction=1.0))  # of an older version: no such map
    assert whole.tone == "unknown"
    assert whole.main == "On how much of this patch a small mine could have been missed is not known."
    assert whole.rest == ("No suspect found in the part that was assessed.",)


@pytest.mark.parametrize(("seen_m", "calm"), ((0.10, True), (0.05, False), (math.nan, False)))
def test_that_nothing_was_found_comes_first_only_where_a_small_mine_would_have_been(make_result, seen_m, calm):
    bare = make_result("no_targets", coverage_fraction=1.0)
    shape = bare.coverage.patch.shape
    depth_m = np.full(shape, seen_m, np.float32)
    sight = SmallestMine(
        bare.coverage.grid, np.zeros(shape, np.uint8), depth_m, np.zeros(0), np.zeros((0, *shape))
    )
    verdict = words.headline(dataclasses.replace(bare, smallest_mine=sight))
    assert verdict.tone == ("advice" if calm else "unknown")
    none, missed = (
        "No suspect found in the part that was assessed.",
        "On 100 % of this patch a small mine 10 cm deep could have been missed.",
    )
    assert (verdict.main, *verdict.rest) == ((none,) if calm else (missed, none))


def test_headline_of_unassessed_ground(make_result):
    verdict = words.headline(make_result("nothing_covered"))
    assert verdict.main == "This patch was not assessed."
    assert verdict.tone == "unknown"
    assert words.headline(make_result("no_emi")).main == "4 places to dig."
    assert words.headline(make_result("no_emi", targets=())).main == "This patch was not assessed."


def test_headline_with_unknown_coverage_is_never_calm(make_result):
    verdict = words.headline(make_result("no_targets", coverage_fraction=math.nan))
    assert verdict.tone == "unknown"
    assert verdict.main == "An unknown part of this patch was not assessable."


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


def test_plain_text_is_one_printable_line():
    assert plain("a\n\tb\u2028c\x00d\udc80") == "a b c d?"
    assert plain("x" * 50, 10) == "x" * 9 + "…"


def test_nothing_said_of_ground_is_a_comfort(any_result):
    verdict = words.headline(any_result)
    said = [verdict.main, *verdict.rest, words.ADVICE, *(banner.sentence for banner in words.banners(any_result))]
    assert not [sentence for sentence in said if NEVER.search(sentence)]
