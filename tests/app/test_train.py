"""Training: the truth is told by nothing before a lane is scored, and what is scored is what was marked."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest

from dualsense.app import _lessons as lessons
from dualsense.app._training import score_card, summary_of
from dualsense.errors import UsageError
from dualsense.io import read_scan
from dualsense.runtime.journal import TakenError


@pytest.fixture(scope="module")
def lane(sample_dir, tmp_path_factory):
    """A lane with a mine, its truth, and what the worker makes of it, processed once."""
    folder = tmp_path_factory.mktemp("lanes")
    scan = folder / "pmn_sand.h5"
    shutil.copy(sample_dir / "pmn_sand.h5", scan)
    page = lessons.do_lesson(lessons.ShowLane(str(scan), "1"))
    return scan, read_scan(scan).truth, page


def mines(truth):
    return [(x, y) for x, y, label in zip(truth.x_m, truth.y_m, truth.label, strict=True) if label == "mine"]


def test_the_page_of_a_lane_has_no_target_no_name_and_no_verdict(lane):
    _, _, page = lane
    text = page["page"]
    assert '"targets":[]' in text
    assert 'id="verdict"' not in text
    assert 'class="paper"' not in text
    assert "pmn_sand" not in text
    assert "detections-left-out" not in text  # what the program found, and where, is for a trainee to find
    assert "SIMULATED DATA" in text
    assert 'id="plan"' in text


def test_a_mark_on_the_mine_finds_it_and_one_elsewhere_is_a_false_alarm(lane):
    scan, truth, _ = lane
    x_m, y_m = mines(truth)[0]
    marks = (lessons.Mark("M1", x_m + 0.02, y_m, True, 0.9), lessons.Mark("M2", x_m + 0.2, y_m + 0.2, True, 0.3))
    score = lessons.do_lesson(lessons.ScoreLane(str(scan), marks))
    assert (score["mines"], score["detected"], score["false_alarms"]) == (len(mines(truth)), 1, 1)
    assert [mark["mine"] for mark in score["marks"]] == [True, False]
    assert next(thing["outcome"] for thing in score["objects"] if thing["mine"]) == "dug"
    assert score["source"] == "simulated"


@pytest.mark.parametrize(("marked", "outcome"), ((False, "unmarked"), (True, "left")))
def test_what_was_missed_is_told_with_why(lane, marked, outcome):
    scan, truth, _ = lane
    x_m, y_m = mines(truth)[0]
    marks = (lessons.Mark("M1", x_m, y_m, False, 0.1),) if marked else ()
    score = lessons.do_lesson(lessons.ScoreLane(str(scan), marks))
    assert score["detected"] == score["false_alarms"] == 0
    assert next(thing["outcome"] for thing in score["objects"] if thing["mine"]) == outcome


@pytest.mark.parametrize("level", lessons.LEVELS)
def test_lanes_are_drawn_to_their_level(level):
    for seed in range(3):
        scene = lessons.lane_of_level(level, np.random.default_rng(seed))
        assert lessons.level_of(lessons._told(scene)) == level


def test_a_scan_without_truth_is_told_as_no_lane(tmp_path, sample_dir):
    import h5py

    scan = tmp_path / "bare.h5"
    shutil.copy(sample_dir / "pmn_sand.h5", scan)
    with h5py.File(scan, "r+") as file:
        del file["truth"]
    assert "tells no truth" in lessons.do_lesson(lessons.LookAt(str(scan)))["problem"]


def card(lane, *, detected=1, seen=False, chances=((0.9, True),)):
    score = {
        "mines": 1,
        "detected": detected,
        "false_alarms": 1,
        "area_m2": 0.5,
        "marks": [{"chance": chance, "mine": mine} for chance, mine in chances],
    }
    return score_card(lane, "Sok", "e", score, 30.0, seen=seen)


def test_lanes_add_up_and_one_that_was_told_before_does_not_count():
    found = summary_of(
        [card("a"), card("b", detected=0, chances=((0.1, True), (0.1, False))), card("a", seen=True)]
    )
    assert (found["lanes"], found["repeated"], found["mines"], found["detected"]) == (2, 1, 2, 1)
    assert found["false_alarms_m2"] == pytest.approx(2.0)
    assert found["time_s"] == 60.0
    used = [(one["count"], one["stated"], one["happened"]) for one in found["bins"] if one["count"]]
    assert used == [(2, pytest.approx(0.1), 0.5), (1, pytest.approx(0.9), 1.0)]
    assert summary_of([])["lanes"] == 0


@pytest.mark.parametrize(
    "wrong",
    (
        {"mines": None},
        {"mines": "1"},
        {"detected": 2},
        {"area_m2": math.nan},
        {"took_s": []},
        {"marks": [{"chance": 2.0, "mine": True}]},
        {"schema": "another"},
    ),
    ids=str,
)
def test_lines_that_are_no_score_are_counted_and_left_out(wrong):
    lacking = {name: value for name, value in (card("b") | wrong).items() if value is not None}
    found = summary_of([card("a"), lacking])
    assert (found["lanes"], found["repeated"], found["torn"]) == (1, 0, 1)
    assert found == summary_of([card("a")]) | {"torn": 1}


def test_a_level_tells_nothing_of_mines():
    """Mines and all else count alike: relabelled, a lane keeps its level."""
    for seed in range(4):
        truth = lessons._told(lessons.lane_of_level("medium", np.random.default_rng(seed)))
        relabelled = [replace(truth, label=(label,) * len(truth.label)) for label in ("mine", "rock")]
        assert {lessons.level_of(one) for one in relabelled} == {"medium"}


def test_no_answer_tells_the_truth_before_the_score(lane):
    pytest.importorskip("starlette", reason="needs dualsense[app]")
    from dualsense.app._train import Ground, Lane, _Pages

    scan, _, page = lane
    ground = Ground(scan.parent, None, 0)
    ground.worker = Answering(page)
    ground.lanes = {"k": Lane(scan, "k", "ready", "easy", "simulated")}
    pages = _Pages(ground)

    class Asked:
        def __init__(self, **path):
            self.path_params, self.query_params = path, {"trainee": "Sok"}

    listed = pages.lanes(Asked()).body
    shown = pages.page(Asked(key="k")).body
    assert pages.page(Asked(key="other")).status_code == 404
    assert not [word for word in (b"pmn", b"truth", b"mine", b"easy") if word in listed]
    assert b'"targets":[]' in shown
    given = {
        "entry": "12345678",
        "trainee": "Sok",
        "marks": [{"x_m": 0.0, "y_m": 0.0, "chance": 0.5, "dig": True}],
    }
    first = pages._scored(ground.lanes["k"], given)
    assert first["seen_before"] is False
    assert pages._scored(ground.lanes["k"], given | {"entry": "87654321"})["seen_before"] is True
    lines = (scan.parent / "training.jsonl").read_text().splitlines()
    assert [json.loads(line)["entry"] for line in lines] == ["12345678", "87654321"]
    assert pages._scored(ground.lanes["k"], given) == first  # as after an answer that got lost
    assert b'"level":"easy"' in pages.lanes(Asked()).body
    assert pages._entries(" sok") == pages._entries("Sok") != []
    others = ({"trainee": "Dara"}, {"marks": []})
    for lane_asked, other in (*((ground.lanes["k"], other) for other in others), (Lane(scan, "b", "ready"), {})):
        with pytest.raises(TakenError, match="was recorded before"):
            pages._scored(lane_asked, given | other)
    with pytest.raises(UsageError, match="entry: got"):
        pages._scored(ground.lanes["k"], given | {"entry": "NOT OF THE FORM"})
    assert (scan.parent / "training.jsonl").read_text().splitlines() == lines


class Answering:
    """The worker, in this process."""

    def __init__(self, page):
        self.page = page

    def ask(self, task, *, most_s):
        return self.page if isinstance(task, lessons.ShowLane) else lessons.do_lesson(task)
