"""What was measured is drawn with the revision below each point, and ratios are followed from base to base."""

from __future__ import annotations

import json
import re

import pytest
from benchmarks import charts, history

ENTRIES = [
    {
        "revision": "aaaa00000",
        "base": "base00000",
        "chain": {"wall": 0.5, "start-up": 0.8},
        "detection": {"mines": 12},
    },
    {"revision": "cccc00000", "base": "", "campaign": {"found": 199, "confident miss": 1}},
    {"revision": "bbbb00000+", "base": "aaaa00000", "chain": {"wall": 1.2}, "peak_mb": {"tones": 345}},
    {"revision": "dddd00000", "base": "unknown00", "chain": {"wall": 3.0}},
]


@pytest.fixture
def chart():
    return {one.name: one for one in charts.CHARTS}


def test_ratios_are_followed_from_base_to_base(chart):
    series = chart["chain"].series(ENTRIES)
    assert series["start-up"] == [("base00000", 1.0), ("aaaa00000", 0.8)]
    assert series["wall"] == [
        ("base00000", 1.0),
        ("aaaa00000", 0.5),
        ("bbbb00000+", pytest.approx(0.6)),
        ("unknown00", 1.0),
        ("dddd00000", 3.0),
    ], "of a base that was never measured a line begins anew"


def test_counts_of_a_campaign_are_parts_of_its_scans(chart):
    assert chart["campaign"].series(ENTRIES) == {
        "found": [("cccc00000", 99.5)], "confident miss": [("cccc00000", 0.5)]
    }  # fmt: skip


def test_a_picture_names_every_revision_and_line_and_has_the_same_bytes_again(chart):
    drawn = charts.draw(chart["chain"], ENTRIES)
    assert drawn == charts.draw(chart["chain"], ENTRIES)
    texts = [text.strip() for text in re.findall(r">([^<>]+)</text>", drawn)]
    named = [text for text in texts if re.fullmatch(r"\w{4}0{5}\+?|unknown00", text)]
    assert named == ["base00000", "aaaa00000", "bbbb00000+", "unknown00", "dddd00000"]
    assert {"From file to report", "wall", "start-up"} <= set(texts)
    assert drawn.startswith('<svg class="chart" role="img" aria-label="From file to report')
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", drawn), "nothing is loaded"


def test_what_was_never_measured_is_no_picture(chart):
    assert charts.draw(chart["areas"], ENTRIES) == ""


def test_the_history_that_is_kept_gives_points(chart):
    kept = history.read()
    assert all(chart[name].series(kept) for name in ("references", "chain", "memory", "detection"))
    for entry in kept:
        assert re.fullmatch(r"[0-9a-f]{9}\+?", entry["revision"])


def test_what_is_measured_at_different_times_is_one_entry_of_a_revision(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "FILE", tmp_path / "history.json")
    made = tmp_path / "bench-out"
    made.mkdir()
    history.add({"revision": "old", "base": "", "batch": {"gain": 1.5}})
    budget = {"tones": {"peak_mb": 344.6, "start_up": 3.21}, "sample": {"peak_mb": 200.0}}
    (made / "budget.json").write_text(json.dumps(budget), encoding="utf-8")
    first = history.add(history.entry(made, "new"))
    assert first["start_up"] == {"tones": 3.21}
    assert history.missing(first) == ["chain", "steps", "references", "areas", "batch", "detection", "campaign"]
    (made / "budget.json").unlink()
    (made / "campaign-part.json").write_text(json.dumps([{"outcome": "found"}]), encoding="utf-8")
    later = history.add(history.entry(made, "new"))
    assert later["peak_mb"] == {"tones": 345, "sample": 200}
    assert later["campaign"] == {"found": 1}
    assert [one["revision"] for one in history.read()] == ["old", "new"]
