"""The gate tells what was lost from what was not, of detection as of speed, and says when it cannot compare."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest
from benchmarks import gate, history, lanes, prove_gate

EXPECTED = [
    {
        "lane": "sand-1",
        "threshold": 0.2,
        "objects": [
            {"model": "PMN", "mine": True, "call": "suspect", "confidence": 0.9},
            {"model": "TS-50", "mine": True, "call": "suspect", "confidence": 0.21},
            {"model": "nail", "mine": False, "call": "likely-clutter", "confidence": 0.05},
            {"model": "stone", "mine": False, "call": None, "confidence": None},
        ],
        "other_suspects": 1,
    }
]


@pytest.fixture
def found():
    return deepcopy(EXPECTED)


def test_the_same_is_no_loss(found):
    assert lanes.losses(found, EXPECTED) == []
    assert lanes.figures(found) == {
        "mines": 2,
        "mines_suspect": 2,
        "others": 2,
        "others_suspect": 1,
        "mean_confidence_of_mines": 0.555,
    }


@pytest.mark.parametrize(
    ("place", "call", "confidence", "said"),
    (
        (0, "likely-clutter", 0.895, ["sand-1: PMN was suspect and is likely-clutter"]),
        (1, "likely-clutter", 0.199, []),  # it was at the threshold
        (2, "suspect", 0.21, ["sand-1: nail is suspect and was likely-clutter"]),
        (3, "suspect", 0.3, ["sand-1: stone is suspect and was not found"]),
        (0, "suspect", 0.7, ["confidence of the mines fell from 0.555 to 0.455"]),
    ),
)
def test_each_kind_of_loss_is_named(found, place, call, confidence, said):
    found[0]["objects"][place] |= {"call": call, "confidence": confidence}
    assert lanes.losses(found, EXPECTED) == said


def test_a_mine_that_is_not_found_any_more_is_lost(found):
    found[0]["objects"][0] |= {"call": None, "confidence": None}
    assert lanes.losses(found, EXPECTED)[0] == "sand-1: PMN was suspect and is not found"


def test_suspects_where_nothing_lies_are_a_loss(found):
    found[0]["other_suspects"] = 2
    assert lanes.losses(found, EXPECTED) == ["sand-1: suspects where nothing lies: 2"]


def test_another_lane_is_not_compared(found):
    found[0]["lane"] = "sand-2"
    assert "write the expectation anew" in lanes.losses(found, EXPECTED)[0]


def test_what_is_expected_are_these_lanes():
    expected = lanes.expected()
    assert [lane["lane"] for lane in expected] == [
        f"{s}-{lanes.FIRST_SEED + n}" for n, s in enumerate(lanes.SOILS)
    ]
    counted = lanes.figures(expected)
    assert counted["mines_suspect"] >= 0.7 * counted["mines"]  # else there would be nothing to lose


STEPS = [{"name": "processing", "function": "a:b"}, {"name": "processing/metal/invert", "chain": "emi.invert"}]


def run(scale):
    return {
        "whole": {"end_s": 2.0 * scale, "processor_s": 3.0 * scale, "peak_mb": 400.0},
        "start-up": {"begin_s": 0.0, "end_s": 0.5},
        "processing": {"processor_s": 2.0 * scale},
        "processing/metal/invert": {"processor_s": 1.0 * scale},
    }


def test_old_and_new_take_turns(monkeypatch, tmp_path):
    order = []

    def noted(_scan, _steps, _folder, source):
        order.append("new" if source is None else "old")
        return run(1.2 if source is None else 1.0)

    monkeypatch.setattr(gate.budget, "noted", noted)
    ratios = gate.pairs(tmp_path, STEPS, tmp_path, 4, gate.tolerance)
    assert order == ["old", "new", "new", "old"] * 2
    assert set(ratios) == {"wall", "processor", "peak memory", "start-up", "processing/metal/invert"}
    assert ratios["wall"] == pytest.approx([1.2] * 4)
    assert ratios["peak memory"] == [1.0] * 4


def test_where_nothing_can_be_lost_any_more_the_turns_end(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(gate.budget, "noted", lambda *words: asked.append(words) or run(1.0))
    ratios = gate.pairs(tmp_path, STEPS, tmp_path, 15, gate.tolerance)
    assert len(asked) == 2 * 5
    assert ratios["wall"] == [1.0] * 5


def timed(monkeypatch, capsys, ratios, meant=(), rounds=None):
    rounds = [] if rounds is None else rounds
    monkeypatch.setattr(gate, "unpack", lambda _revision, folder: folder)
    monkeypatch.setattr(gate.processes, "dualsense", lambda *_words, **_options: None)
    monkeypatch.setattr(gate, "pairs", lambda *arguments: rounds.append(arguments) or ratios)
    said, _ = gate.timing("0" * 40, 9, meant)
    return said, capsys.readouterr().out


def test_a_slower_step_is_a_loss_unless_the_whole_is_faster(monkeypatch, capsys):
    same = {"wall": [1.0] * 9, "processor": [1.01] * 9, "step": [1.4] * 9}
    said, _ = timed(monkeypatch, capsys, same)
    assert said == ["step: 1.40 times the base's, in 2 rounds"]
    said, printed = timed(monkeypatch, capsys, same | {"processor": [0.9] * 9})
    assert said == []
    assert "work has moved" in printed


def test_what_is_meant_is_told_and_asks_for_no_second_round(monkeypatch, capsys):
    same = {"wall": [1.0] * 9, "processor": [1.01] * 9, "step": [1.4] * 9}
    said, printed = timed(monkeypatch, capsys, same, meant={"step"}, rounds=(rounds := []))
    assert said == []
    assert "1.400" in printed
    assert "is meant" in printed
    assert len(rounds) == 1


def test_without_history_timing_is_skipped_aloud(monkeypatch, capsys):
    monkeypatch.setattr(gate, "git", lambda *_words: None)
    monkeypatch.setattr("sys.argv", ["gate", "--only", "timing"])
    assert gate.main() == 0
    assert "skipped, there is no earlier revision" in capsys.readouterr().out


def test_an_accepted_loss_is_none(monkeypatch):
    monkeypatch.setattr(
        gate, "git", lambda *_words: "Draw more\n\nAccepted-loss: peak memory\nAccepted-loss: wall"
    )
    assert gate.accepted("abc") == {"peak memory", "wall"}


def test_the_base_is_what_is_asked_for_the_fork_what_was_measured_or_the_commit_before(monkeypatch):
    answers = {("rev-parse", "--verify", "HEAD"): "head", ("merge-base", "HEAD", "main"): "fork"}
    monkeypatch.setattr(gate, "git", lambda *words: answers.get(words))
    monkeypatch.setattr(gate.history, "read", list)
    monkeypatch.delenv(gate.BASE, raising=False)
    assert gate.base_revision() == "fork"
    answers[("merge-base", "HEAD", "main")] = "head"
    answers[("rev-parse", "--verify", "HEAD~1")] = "before"
    assert gate.base_revision() == "before"
    whole = {"references": {"a step": 2.0}}
    known = [{"revision": "known"} | whole, {"revision": "elsewhere"} | whole, {"revision": "a campaign alone"}]
    monkeypatch.setattr(gate.history, "read", lambda: known)
    answers[("rev-parse", "--verify", "known^{commit}")] = "measured"
    answers[("merge-base", "measured", "HEAD")] = "measured"
    assert gate.base_revision() == "measured"
    monkeypatch.setenv(gate.BASE, "v1")
    answers[("rev-parse", "--verify", "v1^{commit}")] = "first"
    assert gate.base_revision() == "first"


def test_the_cases_of_the_proof_follow_the_code(project_root):
    for case in prove_gate.CASES:
        text = (project_root / case.file).read_text(encoding="utf-8")
        for old, _ in case.swaps:
            assert text.count(old) == 1, (case.name, old)


def test_the_history_keeps_ratios_of_each_revision_once(monkeypatch, tmp_path):
    monkeypatch.setattr(history, "FILE", tmp_path / "history.json")
    (tmp_path / "gate.json").write_text(
        '{"base": "abcdefabcdef", "ratios": {"wall": 0.5, "a/b": 2.0}, "detection": {"mines": 3}}',
        encoding="utf-8",
    )
    (tmp_path / "references.json").write_text('{"emi.image": {"ratio": 31.234, "fast_s": 1.0}}', encoding="utf-8")
    (tmp_path / "budget.json").write_text(
        '{"tones": {"peak_mb": 401.7, "whole_s": 1.9, "start_up": 3.4567}}', encoding="utf-8"
    )
    rows = [
        {"area_m2": 100.0, "whole_s": 300.0, "peak_mb": 480.0},
        {"area_m2": 10.0, "whole_s": 20.0, "peak_mb": 400.0},
    ]
    (tmp_path / "areas.json").write_text(json.dumps(rows), encoding="utf-8")
    (tmp_path / "batch.json").write_text('{"gain": 1.9}', encoding="utf-8")
    (tmp_path / "campaign.json").write_text(
        '[{"outcome": "found"}, {"outcome": "unclear"}, {"outcome": "found"}]', encoding="utf-8"
    )
    made = history.entry(tmp_path, "one")
    assert made == {
        "revision": "one",
        "base": "abcdefabc",
        "chain": {"wall": 0.5},
        "steps": {"a/b": 2.0},
        "references": {"emi.image": 31.23},
        "start_up": {"tones": 3.457},
        "peak_mb": {"tones": 402},
        "areas": {"small_m2": 10.0, "large_m2": 100.0, "time": 1.5, "memory": 1.2, "peak_mb": 480},
        "batch": {"gain": 1.9},
        "detection": {"mines": 3},
        "campaign": {"found": 2, "unclear": 1},
    }
    for revision in ("one", "two", "one"):
        history.add(made | {"revision": revision})
    assert [entry["revision"] for entry in history.read()] == ["two", "one"]
    assert len((tmp_path / "history.json").read_text(encoding="utf-8").splitlines()) == 4
