"""Fitted experts: what they say is what their numbers say, and never more than the rules that protect allow."""

from __future__ import annotations

import json
import math
from base64 import b64decode
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.calibrate.trees import Tree, pack

from dualsense.errors import ModelError
from dualsense.fusion import _confidence
from dualsense.fusion._beside import FARTHEST_M, beside
from dualsense.fusion._conditions import Conditions
from dualsense.fusion._confidence import NO_SILENCE, Silence, load_model, metal_silence, shown_threshold
from dualsense.fusion._evidence import body_features, dipole_features, pair_features
from dualsense.fusion._fitted import LEAF, NODES, Existence, Expert, Experts, Vote, read_experts, read_forest
from dualsense.fusion._inputs import body_inputs, metal_inputs, pair_inputs, within_inputs
from dualsense.fusion._targets import judge, leaves_out
from dualsense.fusion._weigh import (
    HIDDEN,
    SILENCE,
    Findings,
    Weight,
    anything,
    by_experts,
    by_rules,
    expert_inputs,
    joint_inputs,
)
from fusion.test_targets import ALL, GRID, Sensor, body, metal, one

RULES = load_model("uncalibrated-rules-1")


def expert(*names, bias=0.0, limit=1e9, trees=()) -> Expert:
    n = len(names)
    return Expert(
        inputs=names,
        forest=read_forest(pack(trees)),
        bias=bias,
        low=-5.0,
        high=5.0,
        mean=np.zeros(n),
        std=np.ones(n),
        precision=np.eye(n),
        domain_limit=limit,
    )


def stump(at, left, right, *, feature=0, unknown_left=True) -> Tree:
    return Tree((feature, LEAF, LEAF), (at, left, right), (2, 0, 0), (unknown_left, False, False))


EXPERTS = Experts(
    emi=expert("depth", bias=0.4),
    gpr=expert("depth", bias=1.1),
    both=expert("metal: depth", "pair: aside", bias=2.5),
)
WITHIN = {
    "at_body_amount_m3": 1e-7, "at_body_amount_std_m3": 1e-8, "at_body_across_m3": 3e-8,
    "at_body_across_std_m3": 3e-9,
    "at_body_statistic": 100.0, "at_body_deeper": -1.0, "at_body_aside_m": 0.02, "at_body_first_share": 1.0,
    "at_body_last_share": -0.2, "at_body_low_phase_rad": -math.pi / 2,
}  # fmt: skip
METAL = dipole_features(metal(), count=1)
BODY = body_features(body())
NOTHING = Findings(
    metal=None,
    body=None,
    weak=None,
    within={},
    metal_score=0.0,
    body_score=0.0,
    emi_here=True,
    gpr_here=True,
    metal_silence=metal_silence(RULES, detection_limit_m3=1e-8),
    radar_silence=NO_SILENCE,
    would_detect=True,
    reflects=False,
    detection_limit_m3=1e-8,
    relative_permittivity=6.0,
)


def test_an_expert_adds_up_its_trees_and_says_no_more_than_it_may():
    e = expert("a", "b", bias=0.25, trees=(stump(2.0, -1.0, 0.5), stump(0.0, 0.125, -0.25, feature=1)))
    assert e.ratio({"a": 2.0, "b": 1.0}) == 0.25 - 1.0 - 0.25
    assert e.ratio({"a": 2.1, "b": 0.0}) == 0.25 + 0.5 + 0.125
    assert replace(e, high=0.5).ratio({"a": 2.1, "b": 0.0}) == 0.5
    assert replace(e, low=0.0).ratio({"a": 2.0, "b": 1.0}) == 0.0


@pytest.mark.parametrize(("left", "value"), ((True, -1.0), (False, 0.5)))
def test_an_input_that_is_not_known_goes_where_the_tree_says(left, value):
    e = expert("a", trees=(stump(2.0, -1.0, 0.5, unknown_left=left),))
    assert e.ratio({"a": math.nan}) == e.ratio({}) == value


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
    found = replace(NOTHING, metal=METAL, metal_score=5.0, weak=BODY | pair_features(body(), metal()))
    against = replace(EXPERTS, both=expert("depth", bias=-4.0))
    assert by_experts(against, found).gpr == 0.0  # a mine would not have reflected
    assert by_experts(against, replace(found, reflects=True)).gpr == HIDDEN
    assert (
        by_experts(against, replace(found, reflects=True, radar_silence=Silence(-1.0, blind=False))).gpr == SILENCE
    )
    assert by_experts(EXPERTS, found).gpr == pytest.approx(2.5 - 0.4)  # an echo like a mine's is heard
    assert by_experts(against, replace(found, weak=None, gpr_here=False)).gpr == 0.0


def test_one_sensor_alone_is_heard_alone():
    found = replace(NOTHING, body=BODY, body_score=9.0)
    w = by_experts(EXPERTS, found)
    assert (w.emi, w.gpr, w.joint) == (0.0, 1.1, pytest.approx(1.4))  # both have measured
    alone = by_experts(EXPERTS, replace(found, emi_here=False))
    assert (alone.emi, alone.gpr, alone.joint) == (0.0, 1.1, 0.0)
    metal_alone = by_experts(EXPERTS, replace(NOTHING, metal=METAL, metal_score=5.0, gpr_here=False))
    assert (metal_alone.emi, metal_alone.gpr, metal_alone.joint) == (0.4, 0.0, 0.0)


def test_inputs_of_the_sensors_do_not_collide():
    echo = BODY | pair_features(body(), metal())
    parts = metal_inputs(METAL, 5.0), body_inputs(BODY, 9.0, relative_permittivity=6.0)
    inputs = joint_inputs(*parts, echo, WITHIN, listed=True)
    assert inputs["metal: depth"] == pytest.approx(0.06)
    assert inputs["body: depth"] == pytest.approx(0.05)
    assert inputs["body: index"] == pytest.approx(math.sqrt(6.0))
    assert inputs["within: log10 amount"] == pytest.approx(-7.0)
    assert (inputs["metal: found"], inputs["body: listed"]) == (1.0, 1.0)
    extra = len(pair_inputs(echo)) + len(within_inputs(WITHIN, 1.0)) + 2
    assert len(inputs) == sum(map(len, parts)) + extra


def test_metal_in_a_body_is_told_only_where_it_was_asked():
    assert within_inputs({}, 0.5) == {}
    inputs = within_inputs(WITHIN, 0.1)
    assert inputs["for its echo"] == pytest.approx(-7.0 + 2.0)
    assert inputs["low out of phase"] == pytest.approx(-1.0)
    assert math.isnan(inputs["high in phase"])


def test_rules_do_not_weigh_a_body_that_hides_and_call_nothing_clutter_by_it():
    from dualsense.fusion._candidates import Candidate

    found = replace(NOTHING, metal=METAL, body=BODY, metal_score=5.0, body_score=9.0)
    assert by_rules(RULES, found, body()).gpr > 0.0
    assert by_rules(RULES, found, body(hidden=True)).gpr == 0.0
    assert one(Candidate(body(hidden=True, contrast=4.5), (metal(),))).call == "not-assessable"


@pytest.mark.parametrize(("limit", "call"), ((1e9, "likely-clutter"), (1e-9, "not-assessable")))
def test_what_the_model_never_saw_is_not_called_clutter(limit, call):
    from dualsense.fusion._candidates import Candidate
    from dualsense.fusion._targets import make_targets
    from dualsense.result import Coverage

    pair = expert("metal: depth", "pair: aside", bias=-4.0, limit=limit)
    strange = replace(EXPERTS, both=pair, gpr=expert("depth"))
    (target,), _ = make_targets(
        [Candidate(body(), (metal(),))],
        Conditions(Coverage(GRID, ALL, emi=ALL, gpr=ALL), 6.0, 0.5, metal=Sensor(5e-9), radar=Sensor()),
        replace(RULES, experts=strange),
    )
    assert target.call == call
    assert target.gpr.features["strangeness"] == pytest.approx((0.06**2) / limit, rel=1e-6)
    assert any("unlike anything" in r for r in target.reasons) == (call == "not-assessable")


def test_experts_are_read_from_plain_json():
    tree = {
        "inputs": ["a"], "mean": [1.0], "std": [2.0], "bias": 0.1, "low": -1.0, "high": 1.0, "precision": [[1.0]],
        "domain_limit": 4.0,
        "forest": {
            "size": "AwA=", "feature": "AAD/////", "threshold": "AAAAAAAAAEAAAAAAAADgvwAAAAAAAOA/",
            "right": "AgAAAAAA", "unknown_left": "AQAA",
        },
    }  # fmt: skip
    assert tree["forest"] == pack([stump(2.0, -0.5, 0.5)])
    read = read_experts(dict.fromkeys(("emi", "gpr", "both"), tree))
    assert read.both.ratio({"a": 3.0}) == pytest.approx(0.6)
    assert read.both.ratio({}) == pytest.approx(-0.4)
    assert read.both.strangeness({"a": 5.0}) == pytest.approx(1.0)


def test_a_prior_that_a_user_sets_changes_no_call():
    model = replace(RULES, experts=EXPERTS, prior=0.2, suspect_threshold=0.1, clutter_threshold=0.02)
    found = replace(NOTHING, body=BODY, body_score=9.0, metal_silence=NO_SILENCE)
    for ratio, calls in ((-0.5, ("suspect", "suspect")), (-4.0, ("likely-clutter", "likely-clutter"))):
        found_calls = tuple(judge(model, found, Weight(0.0, ratio), prior=p).call for p in (None, 0.001))
        assert found_calls == calls


def test_an_input_beyond_all_bounds_is_strange_and_one_not_known_is_not():
    e = expert("a", limit=10.0)
    assert e.strangeness({"a": math.inf}) > 1.0
    assert e.strangeness({"a": math.nan}) == e.strangeness({}) == 0.0


def test_metal_counts_where_the_detector_covered_too_little_to_tell_of_silence():
    found = replace(
        NOTHING, metal=METAL, body=BODY | pair_features(body(), metal()), metal_score=5.0, body_score=9.0
    )
    assert by_experts(EXPERTS, replace(found, emi_here=False)) == by_experts(EXPERTS, found)


def unpacked(packed) -> list[Tree]:
    """Take trees out of a model's file one by one."""
    held = {name: np.frombuffer(b64decode(packed[name]), kind) for name, kind in {"size": "<u2", **NODES}.items()}
    ends = np.cumsum(held["size"])
    return [
        Tree(*(tuple(held[name][end - size : end].tolist()) for name in NODES))
        for end, size in zip(ends, held["size"], strict=True)
    ]


def test_trees_side_by_side_are_those_one_after_the_other():
    rng = np.random.default_rng(1)
    deep = Tree((1, 0, LEAF, LEAF, LEAF), (0.2, -0.1, 3.0, 4.0, 5.0), (4, 3, 0, 0, 0), (True,) * 5)
    alone = Tree((LEAF,), (0.7,), (0,), (False,))
    trees = [stump(0.0, 1.0, 2.0), deep, alone, stump(0.5, -1.0, 1.0, feature=1, unknown_left=False)]
    together = read_forest(pack(trees))
    assert unpacked(pack(trees)) == trees
    for inputs in (*rng.standard_normal((20, 2)), np.array([np.nan, 0.1]), np.array([0.3, np.nan]), np.zeros(2)):
        assert together.values(inputs) == [tree.value(inputs) for tree in trees]
    model = load_model()
    held = json.loads((_confidence._folder() / f"{model.id}.json").read_text(encoding="ascii"))["experts"]
    for name in ("emi", "gpr", "both"):
        expert, alone = getattr(model.experts, name), unpacked(held[name]["forest"])
        for _ in range(10):
            inputs = expert.mean + 2.0 * expert.std * rng.standard_normal(expert.mean.size)
            inputs[rng.random(inputs.size) < 0.2] = np.nan
            assert expert.forest.values(inputs) == [tree.value(inputs) for tree in alone]


def test_a_model_that_is_not_the_released_one_is_refused(tmp_path, monkeypatch):
    kept = _confidence._folder()
    for name in ("SHA256SUMS", "uncalibrated-rules-1.json"):
        (tmp_path / name).write_bytes((kept / name).read_bytes())
    monkeypatch.setattr(_confidence, "_folder", lambda: tmp_path)
    read = load_model.__wrapped__
    assert read("uncalibrated-rules-1").sha256 == RULES.sha256
    file = tmp_path / "uncalibrated-rules-1.json"
    file.write_bytes(file.read_bytes().replace(b'"prior": 0.', b'"prior": 0.0'))
    with pytest.raises(ModelError, match=r"-1\.json: not the confidence model that was released"):
        read("uncalibrated-rules-1")
    (tmp_path / "SHA256SUMS").unlink()
    with pytest.raises(ModelError, match="not the confidence model"):
        read("uncalibrated-rules-1")


def test_existence_is_a_probability():
    existence = load_model("simulated-5").existence
    found = replace(NOTHING, metal=METAL, metal_score=50.0)
    low = anything(existence, found)
    assert 0.0 < low < 1.0
    assert anything(existence, replace(found, body=BODY, body_score=9.0)) != low
    assert math.isnan(anything(existence, NOTHING))
    assert RULES.existence is None


@pytest.mark.parametrize(
    ("change", "gone"),
    (
        ({}, True),
        ({"both": expert("metal: depth", bias=2.0)}, False),
        ({"both": expert("metal: depth", bias=-4.0, limit=1e-6)}, False),
    ),
    ids=("faint", "suspect", "strange"),
)
def test_only_what_is_neither_suspect_nor_strange_is_left_out(change, gone):
    experts = replace(EXPERTS, both=expert("metal: depth", bias=-4.0), gpr=expert("depth"))
    nothing = Vote((), read_forest(pack([])), -6.0, -9.0, 9.0)
    model = replace(
        RULES,
        experts=replace(experts, **change),
        existence=Existence(emi=nothing, gpr=nothing, both=nothing),
        existence_threshold=0.05,
    )
    found = replace(
        NOTHING, metal=METAL, body=BODY | pair_features(body(), metal()), metal_score=5.0, body_score=9.0
    )
    told = (found, by_experts(model.experts, found), anything(model.existence, found))
    assert leaves_out(model, *told, trusted=True) == gone
    assert not leaves_out(model, *told, trusted=True, threshold=1e-6)  # what an operator wants to hear of
    assert not leaves_out(model, *told, trusted=False)


def test_what_lies_beside_is_told_by_strength_and_distance():
    one, strong, far, body = beside(
        [(0.0, 0.0), (0.1, 0.0), (0.9, 0.0), (0.0, 0.2)], [10.0, 1e4, 1e6, 0.0], [0, 0, 0, 8.0]
    )
    assert one["metal nearest stronger"] == pytest.approx(0.1)
    assert one["metal log10 stronger"] == pytest.approx(3.0)
    assert one["metal log10 left"] == pytest.approx(3.0 - 6.0 * math.log10(1.5))
    assert (one["metal count"], one["body count"]) == (1.0, 1.0)
    assert one["body log10 stronger"] == pytest.approx(math.log10(8.0))
    assert strong["metal nearest stronger"] == FARTHEST_M
    assert strong["metal log10 stronger"] == pytest.approx(-3.0)
    assert (far["metal count"], far["body count"]) == (0.0, 0.0)
    assert "metal log10 stronger" not in far
    assert body["metal log10 stronger"] == pytest.approx(4.0)
    assert beside([], [], []) == []


def test_each_expert_is_told_what_its_sensor_found_beside():
    near = {"metal count": 2.0, "body count": 1.0}
    told = expert_inputs(replace(NOTHING, metal=METAL, body=BODY, metal_score=50.0, body_score=9.0, beside=near))
    assert (told["emi"]["beside: metal count"], told["gpr"]["beside: body count"]) == (2.0, 1.0)
    assert "beside: body count" not in told["emi"]
    assert told["both"]["metal: beside: metal count"] == 2.0
    assert told["both"]["body: beside: body count"] == 1.0


@pytest.mark.parametrize("exists", (0.9, 0.02))
def test_what_is_hardly_anything_is_no_suspect_and_no_clutter(exists):
    found = replace(
        NOTHING, metal=METAL, body=BODY | pair_features(body(), metal()), metal_score=5.0, body_score=9.0
    )
    model, weight = load_model("simulated-5"), Weight(0.0, 0.0)  # as likely a mine as any target: suspect
    told = judge(model, found, weight, exists)
    assert told.call == ("suspect" if exists > 0.5 else "unclear")
    assert told.confidence == pytest.approx(exists * model.prior)
    assert judge(model, found, Weight(-9.0, 0.0), exists).call == judge(model, found, Weight(-9.0, 0.0)).call
    shown = shown_threshold(model, model.suspect_threshold, prior=0.01)
    rare = judge(model, found, weight, exists, prior=0.01)
    assert rare.call == told.call
    assert (rare.confidence >= shown) == (told.call == "suspect")


@pytest.mark.parametrize(
    ("change", "strangeness", "trusted"),
    (({"emi_here": False}, 0.0, True), ({"gpr_here": False}, 0.0, True), ({}, 1.5, True), ({}, 0.0, False)),
    ids=("no metal detector", "no radar", "strange", "a fault"),
)
def test_existence_lowers_nothing_where_it_may_be_wrong(change, strangeness, trusted):
    found = replace(NOTHING, metal=METAL, metal_score=5.0, **change)
    weight = Weight(0.0, 0.0, strangeness=strangeness)
    told = judge(load_model("simulated-5"), found, weight, 1e-6, trusted=trusted)
    assert told == judge(load_model("simulated-5"), found, weight, trusted=trusted)
    assert told.call == "suspect"


def test_a_silent_radar_lowers_metal_by_no_more_than_silence_may_say():
    found, model = replace(NOTHING, metal=METAL, metal_score=5.0), load_model("simulated-5")
    told = judge(model, found, Weight(4.8, 0.0), 1e-6)
    assert (told.call, told.lowered) == ("suspect", False)
    assert told.confidence == pytest.approx(math.exp(SILENCE) * judge(model, found, Weight(4.8, 0.0)).confidence)
    weak = judge(model, found, Weight(0.0, 0.0), 1e-6)
    assert (weak.call, weak.lowered) == ("unclear", True)
