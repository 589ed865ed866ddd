"""The fit of the confidence model: its trees are scikit-learn's, and rows are judged as scans are."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from dualsense.chain.cache import StepCache
from dualsense.simulate._scene.parts import Ring, Spheroid, Spring
from dualsense.simulate._scene.placement import model_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def benchmarks_importable(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])


def some(count=400, inputs=4, seed=1):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, inputs))
    outcome = values[:, 0] + values[:, 1] * (values[:, 2] > 0) + 0.5 * rng.normal(size=count) > 0.3
    values[rng.uniform(size=values.shape) < 0.1] = np.nan
    return values, outcome


def test_shipped_trees_say_what_scikit_learn_says():
    sklearn = pytest.importorskip("sklearn.ensemble", reason="scikit-learn is not installed (extra calibrate)")
    from benchmarks.calibrate import fit

    values, outcome = some()
    weight = np.where(np.arange(len(values)) % 3, 1.0, 0.25)
    growth = fit.GROWTH | {"max_iter": 40}
    with threadpool_limits(1):  # a few rows a thread, and threads that wait for each other take 30 times as long
        grown = fit.grow(values, outcome, weight, growth)
        theirs = [
            sklearn.HistGradientBoostingClassifier(**growth, random_state=seed)
            .fit(values, outcome, sample_weight=weight)
            .decision_function(values)
            for seed in range(fit.BAGS)
        ]
    np.testing.assert_allclose(grown.logit(values), np.mean(theirs, axis=0), atol=1e-4)


def test_platts_line_flattens_what_is_too_sure_and_keeps_the_share():
    from benchmarks.calibrate.fit import STEEPEST, line

    rng = np.random.default_rng(3)
    truth = rng.normal(size=20_000)
    outcome = rng.uniform(size=truth.size) < 1.0 / (1.0 + np.exp(-truth))
    slope, shift = line(3.0 * truth + 1.0, outcome, np.ones(truth.size))
    assert slope == pytest.approx(1.0 / 3.0, rel=0.05)
    assert shift == pytest.approx(-1.0 / 3.0, abs=0.05)
    assert line(0.3 * truth, outcome, np.ones(truth.size))[0] == STEEPEST


def test_the_threshold_gives_up_no_more_mines_than_its_bound_allows():
    from benchmarks.calibrate.__main__ import DETECTION, threshold

    from dualsense.evaluate._statistics import clopper_pearson

    confidence = np.linspace(0.1, 0.9, 1500)
    value, facts = threshold(confidence, missed=1)
    lost = int((confidence < value).sum())
    assert lost == facts["below"] > 0
    assert clopper_pearson(1500 - lost, 1501, level=0.9)[0] >= DETECTION
    assert clopper_pearson(1500 - lost - 1, 1501, level=0.9)[0] < DETECTION
    few, facts = threshold(confidence[:20], missed=0)
    assert (few, facts["below"]) == (0.1, 0)


def test_the_envelope_follows_from_the_truth():
    from benchmarks.calibrate.scenes import in_envelope, lanes

    by_soil = {lane.soil: lane for lane in lanes("train", 6)}
    assert in_envelope(by_soil["wet-clay"], "PMA-2", 0.05)
    assert not in_envelope(by_soil["wet-clay"], "PMA-2", 0.01)
    assert not in_envelope(by_soil["wet-clay"], "PMA-2", 0.11)
    assert not in_envelope(by_soil["sand"], "PMA-2", 0.05)  # no echo between alike permittivities


def test_train_and_sealed_lanes_share_neither_seed_nor_held_out_kinds():
    from benchmarks.calibrate.scenes import HELD_OUT_MINES, HELD_OUT_SOIL, lanes, scene

    train, sealed = lanes("train", 60), lanes("sealed", 140)
    assert not {lane.seed for lane in train} & {lane.seed for lane in sealed}
    assert HELD_OUT_SOIL not in {lane.soil for lane in train}
    assert HELD_OUT_SOIL in {lane.soil for lane in sealed}
    held = set(HELD_OUT_MINES)
    assert not held & {thing.model for lane in train for thing in scene(lane).objects}
    assert held <= {thing.model for lane in sealed for thing in scene(lane).objects}


def test_lanes_of_unseen_mines_hold_no_type_of_the_training():
    from benchmarks.calibrate.scenes import UNSEEN_MINES, lanes, scene

    def mines(split):
        objects = [t for lane in lanes(split, 60) for t in scene(lane).objects]
        return [t for t in objects if model_of(t).label == "mine"]

    known, unseen = mines("train"), mines("unseen")
    assert {t.model for t in unseen} == set(UNSEEN_MINES)
    assert not {t.model for t in known} & set(UNSEEN_MINES)
    invented = [t for t in known if t.own is not None]
    assert 0.3 < len(invented) / len(known) < 0.7
    assert len({t.own.size_m for t in invented}) == len(invented)


def reach_m(part):
    """Half of what a part of metal takes along x, y and z."""
    axis = np.abs(part.axis)
    if isinstance(part, Ring):
        return (part.radius_m + part.wire_radius_m) * (1 - axis) + part.wire_radius_m * axis
    across, along = (
        (part.radius_m + part.wire_radius_m, part.length_m / 2 + part.wire_radius_m)
        if isinstance(part, Spring)
        else (part.semi_axis_m, part.polar_semi_axis_m)
    )
    return across * (1 - axis) + along * axis


def test_an_invented_mine_holds_its_metal():
    from benchmarks.calibrate.invented import invented_mine

    rng = np.random.default_rng(11)
    drawn = [invented_mine(rng) for _ in range(400)]
    for model in drawn:
        assert model.label == "mine"
        size = np.array(model.size_m)
        middle = np.array([0.0, 0.0, -size[2] / 2])
        for part in model.metal:
            assert np.all(np.abs(part.center_m - middle) + reach_m(part) <= size / 2 + 1e-9)
        for core in model.cores:
            assert core.top_m + core.size_m[2] < size[2]
            assert all(np.array(core.size_m[:2]) <= size[:2])
    many = [len(model.metal) for model in drawn]
    assert min(many) == 1
    assert max(many) >= 5
    assert {type(part) for model in drawn for part in model.metal} == {Ring, Spheroid, Spring}


def told(score):
    """What a score says, whatever its targets are called."""
    targets = sorted((round(t.confidence, 9), t.call, str(t.label)) for t in score.targets)
    return targets, [(o.model, o.call, o.error_m, len(o.candidates)) for o in score.objects]


@pytest.mark.slow
def test_rows_are_judged_as_the_scan_is():
    from benchmarks.calibrate.dataset import LISTS_ALL, rows_of
    from benchmarks.calibrate.judge import judged
    from benchmarks.calibrate.scenes import lanes, scene

    from dualsense.chain import process_scan
    from dualsense.evaluate import score_scan
    from dualsense.fusion._confidence import load_model
    from dualsense.recipe import load_recipe
    from dualsense.simulate import simulate_scan

    lane = lanes("train", 2)[1]
    scan = simulate_scan(scene(lane), seed=lane.seed)
    cache = StepCache()
    result = process_scan(replace(scan, truth=None), cache=cache)
    whole = process_scan(
        replace(scan, truth=None), load_recipe(overrides=[f"fusion.model={LISTS_ALL}"]), cache=cache
    )
    first, *rows = json.loads(json.dumps(rows_of(whole, scan.truth, lane)))
    assert len(result.targets) < len(whole.targets)  # or another lane has to be taken
    again = judged(load_model(), first["score"], rows)
    assert told(again) == told(score_scan(result, scan.truth))
    blank = replace(load_model(), suspect_threshold=2.0)
    assert "suspect" not in {t.call for t in judged(blank, first["score"], rows).targets}
