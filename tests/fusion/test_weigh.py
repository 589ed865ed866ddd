"""Fitted experts: what they say is what their numbers say, and never more than the rules that protect allow."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from dualsense.fusion.confidence import load_model
from dualsense.fusion.features import body_features, dipole_features, pair_features
from dualsense.fusion.fitted import REACH, Expert, Experts, basis, read_experts
from dualsense.fusion.inputs import body_inputs, metal_inputs, pair_inputs
from dualsense.fusion.weigh import HIDDEN, SILENCE, Found, by_experts, by_rules, joined, silent_metal
from fusion.test_targets import ALL, GRID, body, metal, one

RULES = load_model()


def expert(*names, weight=0.0, bend=0.0, bias=0.0, limit=1e9) -> Expert:
    n = len(names)
    return Expert(
        names,
        np.zeros(n),
        np.ones(n),
        np.r_[np.full(n, weight), np.full(n, bend)],
        bias,
        -5.0,
        5.0,
        np.eye(n),
        limit,
    )


EXPERTS = Experts(
    emi=expert("depth", bias=0.4),
    gpr=expert("depth", bias=1.1),
    both=expert("metal: depth", "pair: aside", bias=2.5),
    body=expert("radar", "log10 limit", bias=0.3),
    silent=-9.0,
    hidden=-9.0,
)
METAL = dipole_features(metal(), count=1)
BODY = body_features(body())
NOTHING = Found(
    metal=None,
    body=None,
    weak=None,
    within={},
    metal_score=0.0,
    body_score=0.0,
    emi_here=True,
    gpr_here=True,
    radar_silence=0.0,
    radar_blind=False,
    heard=True,
    reflects=False,
    detection_limit_m3=1e-8,
    relative_permittivity=6.0,
)


def test_an_expert_is_a_line_with_a_bend_and_says_no_more_than_it_saw():
    e = replace(expert("a", weight=1.0, bend=0.5, bias=0.25), mean=np.array([2.0]), std=np.array([4.0]))
    assert e.ratio({"a": 2.0}) == 0.25
    assert e.ratio({"a": -2.0}) == pytest.approx(0.25 - 1.0)
    assert e.ratio({"a": 6.0}) == pytest.approx(0.25 + 1.5)
    assert e.ratio({"a": 1e9}) == pytest.approx(0.25 + 1.5 * REACH)
    assert replace(e, high=1.0).ratio({"a": 6.0}) == 1.0
    assert e.ratio({"a": math.nan}) == e.ratio({}) == 0.25  # what is not known moves nothing


def test_the_basis_is_taken_input_by_input():
    got = basis(np.array([[1.0, -2.0]]), np.zeros(2), np.array([1.0, 2.0]))
    assert got.tolist() == [[1.0, -1.0, 1.0, 0.0]]


def test_strangeness_is_the_squared_distance_over_its_limit():
    e = replace(expert("a", "b", limit=2.0), precision=np.array([[2.0, 0.5], [0.5, 1.0]]))
    assert e.strangeness({"a": 1.0, "b": 2.0}) == pytest.approx((2 + 2 * 0.5 * 2 + 4) / 2.0)


def test_both_sensors_together_are_an_expert_of_their_own():
    found = replace(
        NOTHING, metal=METAL, body=BODY | pair_features(body(), metal()), metal_score=5.0, body_score=9.0
    )
    w = by_experts(EXPERTS, found)
    assert (w.emi, w.gpr) == (0.4, 1.1)
    assert w.emi + w.gpr + w.joint == pytest.approx(2.5)


def test_a_silent_radar_says_no_more_than_it_may():
    found = replace(NOTHING, metal=METAL, metal_score=5.0)
    assert by_experts(EXPERTS, found).gpr == 0.0  # a mine would not have reflected
    assert by_experts(EXPERTS, replace(found, reflects=True)).gpr == HIDDEN
    assert by_experts(EXPERTS, replace(found, reflects=True, radar_silence=-1.0)).gpr == SILENCE
    assert by_experts(EXPERTS, replace(found, reflects=True, radar_silence=-1.0, gpr_here=False)).gpr == 0.0


def test_a_silent_metal_detector_never_speaks_for_a_mine():
    found = replace(NOTHING, body=BODY, body_score=9.0)
    loud = replace(EXPERTS, body=expert("radar", "log10 limit", bias=4.0))
    assert by_experts(loud, found).emi == 0.0
    assert by_experts(EXPERTS, found).emi == pytest.approx(0.3 - 1.1)
    assert by_experts(EXPERTS, replace(found, emi_here=False)).emi == 0.0
    assert math.isnan(silent_metal(1.0, math.inf)["log10 limit"])


def test_inputs_of_the_sensors_do_not_collide():
    told = joined(
        metal_inputs(METAL, 5.0),
        body_inputs(BODY, 9.0, relative_permittivity=6.0),
        pair_inputs(METAL, pair_features(body(), metal()) | BODY),
    )
    assert told["metal: depth"] == pytest.approx(0.06)
    assert told["body: depth"] == pytest.approx(0.05)
    assert told["body: index"] == pytest.approx(math.sqrt(6.0))
    assert len(told) == len(metal_inputs(METAL, 5.0)) + len(body_inputs(BODY, 9.0, relative_permittivity=6.0)) + 5


def test_rules_do_not_weigh_a_body_that_hides_and_call_nothing_clutter_by_it():
    from dualsense.fusion.candidates import Candidate

    found = replace(NOTHING, metal=METAL, body=BODY, metal_score=5.0, body_score=9.0)
    assert by_rules(RULES, found, body()).gpr > 0.0
    assert by_rules(RULES, found, body(hidden=True)).gpr == 0.0
    assert one(Candidate(body(hidden=True, contrast=4.5), (metal(),))).call == "not-assessable"


@pytest.mark.parametrize(("limit", "call"), ((1e9, "likely-clutter"), (1e-9, "not-assessable")))
def test_what_the_model_never_saw_is_not_called_clutter(limit, call):
    from dualsense.fusion.candidates import Candidate
    from dualsense.fusion.targets import make_targets
    from dualsense.result import Coverage

    pair = expert("metal: depth", "pair: aside", bias=-4.0, limit=limit)
    strange = replace(EXPERTS, both=pair, gpr=expert("depth"))
    (target,) = make_targets(
        [Candidate(body(), (metal(),))],
        Coverage(GRID, ALL, emi=ALL, gpr=ALL),
        replace(RULES, experts=strange),
        relative_permittivity=6.0,
        relative_permittivity_std=0.5,
        detection_limit=lambda *_: 5e-9,
    )
    assert target.call == call
    assert target.gpr.features["strangeness"] == pytest.approx((0.06**2) / limit, rel=1e-6)
    assert any("unlike anything" in r for r in target.reasons) == (call == "not-assessable")


def test_experts_are_read_from_plain_json():
    tree = {
        "inputs": ["a"], "mean": [1.0], "std": [2.0], "weights": [0.5, 0.0], "bias": 0.1, "low": -1.0, "high": 1.0,
        "precision": [[1.0]], "domain_limit": 4.0,
    }  # fmt: skip
    read = read_experts(dict.fromkeys(("emi", "gpr", "both", "body"), tree) | {"silent": -1, "hidden": -0.5})
    assert read.both.ratio({"a": 3.0}) == pytest.approx(0.6)
    assert (read.silent, read.hidden) == (-1.0, -0.5)
