"""Each sensor alone, groups of mines, clutter and honesty, on cases small enough to do in the head."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from dualsense.evaluate._breakdown import (
    breakdown,
    by_depth,
    by_metal,
    by_soil,
    by_type,
    calibration_scores,
    clutter_rejected,
    detection_by,
    deviations,
    false_alarms_at,
    full_detection_threshold,
    single_sensor,
)
from dualsense.evaluate._figures import picture
from dualsense.evaluate._folder import Evaluation
from dualsense.evaluate._rates import roc
from dualsense.evaluate._report import summarise, to_text, write_evaluation
from dualsense.evaluate._score import score_scan
from dualsense.evaluate._statistics import clopper_pearson
from dualsense.result import Evidence


def with_evidence(target, *, emi=None, gpr=None):
    def evidence(ratio):
        return None if ratio is None else Evidence(5.0, {}, ratio)

    return replace(target, emi=evidence(emi), gpr=evidence(gpr))


@pytest.fixture(scope="module")
def score(make_target, make_truth, make_result):
    """Two mines, two pieces of metal, one stone and one false body, far from each other."""
    truth = make_truth(
        (0.1, 0.1, 0.02, 0.1, "mine"), (0.9, 0.1, 0.10, 0.1, "mine"),
        (0.1, 0.9, 0.05, 0.02, "metal"), (0.9, 0.9, 0.05, 0.02, "metal"), (0.5, 0.5, 0.05, 0.05, "rock"),
    )  # fmt: skip
    truth = replace(truth, model=("PMN", "M14", "nail", "can", "stone"))
    result = make_result(
        with_evidence(make_target("a", 0.1, 0.1, 0.9, depth=0.03), emi=1.0, gpr=2.0),
        with_evidence(make_target("b", 0.9, 0.1, 0.4, depth=0.10), gpr=1.0),
        with_evidence(make_target("c", 0.1, 0.9, 0.3, "likely-clutter"), emi=0.5, gpr=-2.0),
        with_evidence(make_target("d", 0.9, 0.9, 0.6), emi=2.0),
        with_evidence(make_target("e", 0.5, 0.1, 0.2, "not-assessable"), gpr=0.0),
    )
    return score_scan(replace(result, header=replace(result.header, site="sand")), truth)


def test_a_sensor_alone_knows_only_what_it_found(score):
    (metal,) = single_sensor([score], "emi", prior=0.5)
    assert [t.id for t in metal.targets] == ["a", "c", "d"]
    assert metal.targets[0].confidence == pytest.approx(1 / (1 + math.exp(-1.0)))
    assert [o.target for o in metal.objects if o.is_mine] == ["a", None]
    assert max(roc([metal]).detection_rate) == 0.5
    assert max(roc(single_sensor([score], "gpr", prior=0.5)).detection_rate) == 1.0
    assert single_sensor([score], "fused", prior=0.5) == [score]


def test_false_alarms_of_a_sensor_alone_are_its_own(score):
    assert false_alarms_at(roc(single_sensor([score], "gpr", prior=0.5)), 1.0) == 0.0
    assert false_alarms_at(roc(single_sensor([score], "emi", prior=0.5)), 0.5) == 1.0  # the can speaks louder
    assert math.isnan(false_alarms_at(roc(single_sensor([score], "emi", prior=0.5)), 1.0))


@pytest.mark.parametrize(
    ("key", "groups"),
    (
        (by_soil, {"sand": (2, 2)}),
        (by_type, {"PMN": (1, 1), "M14": (1, 1)}),
        (by_depth, {"00-3 cm": (1, 1), "09-13 cm": (1, 1)}),
        (by_metal, {"more metal": (1, 1), "minimum metal": (1, 1)}),
    ),
)
def test_mines_are_counted_in_groups(score, key, groups):
    found = detection_by([score], key)
    assert {n: (g["mines"], g["detected"]) for n, g in found.items()} == groups
    strict = detection_by([score], key, threshold=0.5)
    assert sum(g["detected"] for g in strict.values()) == 1
    one = next(iter(found.values()))
    assert tuple(one["interval"]) == clopper_pearson(one["detected"], one["mines"])


def test_clutter_is_rejected_below_the_least_sure_mine(score):
    level = full_detection_threshold([score])
    assert level == 0.4
    metal = clutter_rejected([score], threshold=level, label="metal")
    assert (metal["objects"], metal["rejected"]) == (2, 1)
    every = clutter_rejected([score], threshold=level)
    assert (every["objects"], every["rejected"]) == (3, 2)  # the stone has no target


def test_skill_is_measured_against_the_share_of_mines(score):
    got = calibration_scores([score])
    p, y = np.array([0.9, 0.4, 0.3, 0.6, 0.2]), np.array([1, 1, 0, 0, 0])
    assert got["brier"] == pytest.approx(((p - y) ** 2).mean())
    assert got["brier_skill"] == pytest.approx(1 - ((p - y) ** 2).mean() / (0.4 * 0.6))
    assert math.isnan(calibration_scores([])["brier_skill"])


def test_deviations_are_of_mines_only(score):
    z = deviations([score])
    assert z["matched"] == 2
    assert z["depth"] == pytest.approx(math.sqrt(0.5 * (0.01 / 0.02) ** 2))


def test_without_scores_everything_is_unknown_and_nothing_breaks():
    got = breakdown([], prior=0.2)
    assert got["fused"]["clutter_rejected_at_full_detection"]["objects"] == 0
    assert got["detection_by"]["soil"] == {}


def test_the_evaluation_is_written_as_numbers_text_and_picture(score, tmp_path):
    evaluation = Evaluation(0.1, (score,))
    write_evaluation(evaluation, tmp_path)
    got = json.loads((tmp_path / "evaluation.json").read_text())
    assert got == summarise(evaluation)
    assert got["sensors"]["gpr"]["highest_detection"] == 1.0
    assert "minimum metal: 1/1" in to_text(evaluation)
    png = (tmp_path / "evaluation.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert png == picture(got)
