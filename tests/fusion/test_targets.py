"""The rules that protect a deminer, whatever the numbers of the model."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from benchmarks.calibrate.trees import Tree, pack

from dualsense.emi._dipole import Dipole
from dualsense.fusion._candidates import Candidate
from dualsense.fusion._conditions import Conditions
from dualsense.fusion._confidence import (
    Model,
    body_ratio,
    decide,
    load_model,
    metal_silence,
    probability,
    radar_silence,
    shown_threshold,
)
from dualsense.fusion._fitted import LEAF, Existence, Vote, read_forest
from dualsense.fusion._targets import make_targets
from dualsense.gpr import Body
from dualsense.result import Coverage
from dualsense.survey import grid_around

MODEL = load_model("uncalibrated-rules-1")
GRID = grid_around(np.array([[0.0, 0.0], [0.5, 0.5]]), cell_m=0.01)
ALL = np.ones((GRID.y_m.size, GRID.x_m.size), bool)
NONE = np.zeros_like(ALL)


@dataclass(frozen=True)
class Sensor:
    """Metal detector and radar that would have found the same everywhere."""

    limit: float = 5e-9
    detects: bool = True

    def limit_m3(self, x_m, y_m, depth_m):
        return self.limit

    def would_detect(self, x_m, y_m, depth_m):
        return self.detects


def conditions(*, emi=ALL, gpr=ALL, permittivity=6.0, limit=5e-9) -> Conditions:
    cover, sensor = Coverage(GRID, ALL, emi=emi, gpr=gpr), Sensor(limit)
    return Conditions(cover, permittivity, 1.0, metal=sensor, radar=sensor)


def body(**change) -> Body:
    values = {
        "x_m": 0.25, "y_m": 0.25, "depth_m": 0.05, "width_m": 0.09, "length_m": 0.1, "contrast": 10.0,
        "amplitude": 0.6, "coherence": 0.7, "phase_rad": 3.0, "edge": 0.0,
    }  # fmt: skip
    return Body(**(values | change))


def metal(amount=1e-6, depth=0.06) -> Dipole:
    tensor = np.broadcast_to(np.eye(3) * amount, (6, 3, 3))
    return Dipole(np.array([0.25, 0.25, -depth]), np.eye(3) * 1e-6, tensor, 5000.0, 8.0, 0.95)


def one(candidate, *, emi=ALL, gpr=ALL, permittivity=6.0, limit=5e-9):
    (target,), () = make_targets(
        [candidate],
        conditions(emi=emi, gpr=gpr, permittivity=permittivity, limit=limit),
        MODEL,
    )
    return target


def test_metal_with_a_mine_sized_body_is_suspect():
    target = one(Candidate(body(), (metal(),)))
    assert target.call == "suspect"
    assert target.emi is not None
    assert target.gpr is not None
    assert "metal, and radar: object the size of a mine" in target.reasons[0]


def test_radar_silence_is_bounded_and_never_takes_metal_off_the_list():
    silent, _ = radar_silence(MODEL, relative_permittivity=25.0, relative_permittivity_std=1.0, depth_m=0.06)
    assert silent >= -2.0
    target = one(Candidate(None, (metal(),)))
    assert target.confidence > 0.05
    assert target.gpr is not None
    assert target.gpr.score == 0.0


def test_silence_of_a_radar_that_cannot_see_plastic_tells_nothing():
    ratio, blind = radar_silence(MODEL, relative_permittivity=2.9, relative_permittivity_std=0.1, depth_m=0.06)
    assert blind
    assert ratio == 0.0
    assert one(Candidate(None, (metal(),)), permittivity=2.9).call != "likely-clutter"


@pytest.mark.parametrize(("emi", "gpr"), ((NONE, ALL), (ALL, NONE), (NONE, NONE)))
@pytest.mark.parametrize(
    "candidate", (Candidate(None, (metal(),)), Candidate(body(contrast=4.5, width_m=0.03, length_m=0.03), ()))
)
def test_nothing_is_called_clutter_where_a_sensor_did_not_measure(emi, gpr, candidate):
    target = one(candidate, emi=emi, gpr=gpr)
    assert target.call != "likely-clutter"
    assert any("did not measure here" in reason for reason in target.reasons)


def test_a_body_without_metal_is_clutter_only_where_the_detector_would_have_seen_little_metal():
    small = Candidate(body(contrast=5.0, width_m=0.05, length_m=0.05), ())
    assert one(small, limit=5e-9).call == "likely-clutter"
    assert one(small, limit=1e-6).call == "not-assessable"
    assert one(small, limit=math.nan).call == "not-assessable"
    assert metal_silence(MODEL, detection_limit_m3=math.inf)[1]


def test_the_silence_of_the_detector_does_not_outvote_a_body_like_a_mine():
    """Two PMA-3 of the sealed lanes would have been called clutter so."""
    target = one(Candidate(body(contrast=7.2, width_m=0.087, length_m=0.106), ()), limit=1e-9)
    assert target.confidence < MODEL.suspect_threshold
    assert target.call == "unclear"


def test_between_two_thresholds_a_target_is_unclear():
    between = replace(MODEL, clutter_threshold=0.1, suspect_threshold=0.5)
    calls = [decide(between, p, measured=True) for p in (0.05, 0.2, 0.6)]
    assert calls == ["likely-clutter", "unclear", "suspect"]
    assert decide(between, 0.05, measured=True, strongest=1.5) == "unclear"


def test_not_assessable_is_what_sensors_could_not_tell():
    between = replace(MODEL, clutter_threshold=0.1, suspect_threshold=0.5)
    assert [decide(between, p, measured=False) for p in (0.05, 0.2, 0.6)] == [*("not-assessable",) * 2, "suspect"]
    assert decide(between, 0.05, measured=True, told=False) == "not-assessable"


def test_a_looser_threshold_makes_no_clutter():
    between = replace(MODEL, clutter_threshold=0.1, suspect_threshold=0.5)
    calls = [decide(between, p, measured=True, threshold=0.99) for p in (0.05, 0.2, 0.6, 0.98)]
    assert calls == ["likely-clutter", "unclear", "unclear", "unclear"]


@pytest.mark.parametrize("prior", (1e-300, 1e-6, 0.01, 0.5, 0.999999))
def test_a_number_is_above_the_threshold_that_is_shown_where_the_call_is_suspect(prior):
    ratios = np.concatenate([np.linspace(-30.0, 30.0, 241), np.linspace(-0.01, 0.01, 9)])
    for limit in (0.003, 0.1, 0.9):
        shown = shown_threshold(MODEL, limit, prior=prior)
        assert 0.0 < shown <= 1.0
        for ratio in ratios:
            suspect = decide(MODEL, probability(MODEL, ratio), measured=True, threshold=limit) == "suspect"
            assert (probability(MODEL, ratio, prior=prior) >= shown) == suspect or shown == 1.0
    assert shown_threshold(MODEL, 0.3) == 0.3


def test_a_prior_changes_the_number_and_no_call():
    candidates = [Candidate(body(), (metal(),)), Candidate(None, (metal(),)), Candidate(body(contrast=3.0), ())]
    own, _ = make_targets(candidates, conditions(), MODEL)
    for prior in (1e-9, 1e-4, 0.5, 0.999):
        other, _ = make_targets(candidates, conditions(), MODEL, prior=prior)
        assert sorted(t.call for t in other) == sorted(t.call for t in own)
        assert all(b.confidence != a.confidence for a, b in zip(own, other, strict=True))


def test_deep_metal_without_a_radar_body_is_not_called_clutter():
    assert one(Candidate(None, (metal(depth=0.05),))).call == "likely-clutter"
    assert one(Candidate(None, (metal(depth=0.2),))).call == "not-assessable"


def test_shallow_metal_without_a_radar_body_is_not_called_clutter():
    assert one(Candidate(None, (metal(depth=0.02),))).call == "not-assessable"


@pytest.mark.parametrize(("permittivity", "std"), ((5.5, 2.75), (4.0, 0.3), (3.0, 0.1), (2.0, 1.5)))
def test_silence_tells_nothing_in_soil_that_may_be_like_plastic(permittivity, std):
    _, blind = radar_silence(
        MODEL, relative_permittivity=permittivity, relative_permittivity_std=std, depth_m=0.06
    )
    assert blind


def test_a_radar_that_would_not_have_listed_a_body_is_blind():
    ratio, blind = radar_silence(
        MODEL, relative_permittivity=9.0, relative_permittivity_std=0.5, depth_m=0.06, would_detect=False
    )
    assert blind
    assert ratio == 0.0


def test_metal_silence_counts_less_the_more_metal_could_be_missed():
    ratios = [metal_silence(MODEL, detection_limit_m3=m)[0] for m in (1e-9, 1e-8, 3e-8, 1e-7, 1e-5)]
    assert ratios == sorted(ratios)
    assert ratios[0] == ratios[1] == MODEL.emi["silent"]
    assert ratios[-1] == MODEL.emi["silent_blind"]


def test_evidence_of_a_sensor_that_did_not_measure_is_null():
    assert one(Candidate(body(), ()), emi=NONE).emi is None
    assert one(Candidate(None, (metal(),)), gpr=NONE).gpr is None


def test_half_covered_ground_is_not_assessed():
    left = ALL & (GRID.x_m < 0.25)
    assert one(Candidate(None, (metal(),)), gpr=left).gpr is None


def test_confidence_rises_with_contrast_and_with_size():
    assert body_ratio(MODEL, body(contrast=12.0)) > body_ratio(MODEL, body(contrast=5.0))
    assert body_ratio(MODEL, body()) > body_ratio(MODEL, body(width_m=0.04, length_m=0.04))


def test_probability_is_bayes():
    assert probability(MODEL, prior=0.5) == pytest.approx(0.5)
    assert probability(MODEL, math.log(3.0), prior=0.5) == pytest.approx(0.75)
    assert probability(MODEL) == pytest.approx(MODEL.prior)


def test_prior_and_threshold_are_the_users():
    candidates = [Candidate(None, (metal(),))]
    (low,), _ = make_targets(candidates, conditions(), MODEL, prior=0.01)
    (high,), _ = make_targets(candidates, conditions(), MODEL, prior=0.6)
    assert low.confidence < high.confidence
    (strict,), _ = make_targets(candidates, conditions(), MODEL, suspect_threshold=0.001)
    assert strict.call == "suspect"
    assert decide(MODEL, 0.99, measured=False) == "suspect"


def test_targets_are_numbered_by_confidence():
    targets, _ = make_targets(
        [Candidate(None, (metal(),)), Candidate(body(x_m=0.1), (metal(),))],
        conditions(),
        MODEL,
    )
    assert [t.id for t in targets] == ["T1", "T2"]
    assert targets[0].confidence >= targets[1].confidence


def doubting(threshold: float) -> Model:
    """Model by which nothing beside stronger metal is likely to exist, and all else is."""
    stump = Tree((0, LEAF, LEAF), (0.0, 3.0, -3.0), (2, 0, 0), (True, False, False))
    vote = Vote(("beside: metal log10 stronger",), read_forest(pack([stump])), 0.0, -9.0, 9.0)
    sure = Vote((), read_forest(pack([])), 3.0, -9.0, 9.0)
    return replace(MODEL, existence=Existence(emi=vote, gpr=sure, both=vote), existence_threshold=threshold)


def beside_strong(x_m: float = 0.32) -> list[Candidate]:
    strong = replace(metal(), statistic=1e6)
    return [
        Candidate(None, (strong,)),
        Candidate(None, (replace(metal(), position_m=np.array([x_m, 0.25, -0.06])),)),
    ]


def test_what_is_hardly_anything_is_left_out_and_keeps_clutter_away_from_it():
    (kept,), (gone,) = make_targets(beside_strong(), conditions(), doubting(0.1))
    assert (kept.id, kept.x_m, gone.x_m, gone.id) == ("T1", 0.25, 0.32, "")
    assert kept.call == "not-assessable"  # as metal alone it would be likely clutter
    (alone,), () = make_targets(beside_strong()[:1], conditions(), doubting(0.1))
    assert alone.call == "likely-clutter"
    (far, near), () = make_targets(beside_strong(), conditions(), doubting(0.01))
    assert {far.id, near.id} == {"T1", "T2"}
    assert min(far.existence, near.existence) < 0.1


def test_confidence_is_lowered_by_how_likely_there_is_anything():
    by_place = [
        {t.x_m: t for t in make_targets(beside_strong(), conditions(), model).targets}
        for model in (MODEL, doubting(0.01))
    ]
    for x_m, there in ((0.32, math.exp(-2.0)), (0.25, 0.5 + 0.5 * math.tanh(1.5))):
        plain, told = (one[x_m] for one in by_place)
        assert told.confidence == pytest.approx(there * plain.confidence)
        assert told.call in (plain.call, "unclear")
    near = by_place[1][0.32]
    assert near.existence < 0.1


@pytest.mark.parametrize("change", ({"trusted": False}, {"emi": NONE}, {"gpr": NONE}), ids=str)
def test_nothing_is_left_out_where_a_sensor_may_not_have_told(change):
    masks = {name: mask for name, mask in change.items() if name != "trusted"}
    limited = replace(conditions(**masks), trusted=change.get("trusted", True))
    listed, gone = make_targets(beside_strong(), limited, doubting(0.1))
    assert (len(listed), gone) == (2, ())


def test_metal_above_a_body_is_told():
    sentence = "the metal lies above the body: it may hide what is below"
    assert sentence in one(Candidate(body(depth_m=0.09), (metal(depth=0.03),))).reasons
    assert sentence not in one(Candidate(body(depth_m=0.05), (metal(depth=0.06),))).reasons
    assert sentence not in one(Candidate(body(depth_m=0.05), (metal(depth=0.04),))).reasons


def test_permittivity_error_is_in_the_depth():
    sure = one(Candidate(body(depth_m=0.1), (metal(),)))
    assert sure.position_std_m[2] == pytest.approx(math.hypot(0.011, 0.1 * 0.5 / 6.0), rel=1e-6)
    hidden = one(Candidate(body(depth_m=0.1, hidden=True), (metal(),)))
    assert hidden.position_std_m[2] > 1.5 * sure.position_std_m[2]


def test_the_model_says_that_it_is_not_calibrated():
    assert MODEL.id.startswith("uncalibrated-")


def test_likely_clutter_says_first_why_and_no_other_call_does():
    like = "more like another object than like a mine: "
    clutter = one(Candidate(None, (metal(depth=0.05),)))
    assert clutter.call == "likely-clutter"
    assert clutter.reasons[0] == f"{like}metal, and no body on radar where a mine's would have shown"
    for candidate in (Candidate(body(), (metal(),)), Candidate(None, (metal(),)), Candidate(body(), ())):
        target = one(candidate)
        assert target.reasons[0].startswith(like) == (target.call == "likely-clutter")


def test_no_reason_ever_says_safe_or_clear():
    for candidate in (Candidate(body(), (metal(),)), Candidate(None, (metal(),)), Candidate(body(), ())):
        for emi in (ALL, NONE):
            text = " ".join(one(candidate, emi=emi).reasons).lower()
            assert "safe" not in text
            assert "clear" not in text


def test_silence_of_a_picture_that_does_not_hold_the_metal_tells_nothing():
    seen = radar_silence(
        MODEL, relative_permittivity=6.0, relative_permittivity_std=0.5, depth_m=0.05, would_detect=True
    )
    below = radar_silence(
        MODEL, relative_permittivity=6.0, relative_permittivity_std=0.5, depth_m=0.05, would_detect=False
    )
    assert seen == radar_silence(MODEL, relative_permittivity=6.0, relative_permittivity_std=0.5, depth_m=0.05)
    assert seen[0] < 0.0
    assert below == (0.0, True)


def test_a_confidence_that_is_no_number_calls_nothing_clutter():
    assert decide(MODEL, math.nan, measured=True) == "unclear"


@pytest.mark.parametrize("prior", (5e-324, 1.0 - 2.0**-53))
def test_extreme_priors_give_probabilities(prior):
    assert 0.0 <= probability(MODEL, -1.0, 2.0, prior=prior) <= 1.0
    assert probability(MODEL, 0.3, prior=0.2) == pytest.approx(1.0 / (1.0 + 4.0 * math.exp(-0.3)))


def test_another_recipe_than_that_of_the_fit_is_told_on_every_target():
    candidates = [Candidate(body(), ()), Candidate(body(x_m=0.6), (metal(),))]
    other = replace(conditions(), as_fitted=False)

    def told(under, model):
        return [
            "found with another recipe" in " ".join(t.reasons)
            for t in make_targets(candidates, under, model).targets
        ]

    assert told(other, load_model()) == [True, True]
    assert told(conditions(), load_model()) == [False, False]
    assert told(other, load_model("uncalibrated-rules-1")) == [False, False], "nothing was fitted"
