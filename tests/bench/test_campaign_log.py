"""A campaign that is stopped goes on, and one that meets an exception, too."""

from __future__ import annotations

from dataclasses import replace

import pytest
from benchmarks.campaign import outcome, record
from benchmarks.campaign.__main__ import Plan, fates, samples, table
from benchmarks.campaign.table import kinds


@pytest.fixture(scope="module")
def scans():
    return [*samples(["ts50_deep"])]


def test_what_was_found_is_read_again_and_not_tried_again(scans, tmp_path, monkeypatch):
    tried = []

    def process(*_, **__):
        tried.append(1)
        msg = "none of ours"
        raise ZeroDivisionError(msg)

    monkeypatch.setattr(outcome, "of_the_sound", lambda *_: None)
    monkeypatch.setattr(outcome, "process", process)
    plan, log = Plan(("track-level",)), tmp_path / "log" / "cases.jsonl"
    first, *rest = fates(scans, plan)
    assert first.outcome == "error"
    assert first.detail == "ZeroDivisionError: none of ours"
    assert len(rest) == len(tried) - 1 == 2
    for fate in (first, rest[0]):
        record.append(log, fate, plan.seed)
    log.write_bytes(log.read_bytes() + b'{"case": {"scan"')
    done = record.read(log)
    assert [fate for fate, _ in done.values()] == [first, rest[0]]
    assert [*fates(scans, plan, done=done)] == rest[1:]
    assert [*fates(scans, replace(plan, seed=2), done=done)] != rest[1:]
    record.append(log, replace(first, outcome="found"), plan.seed)
    assert "0 confident misses in 1 spoilt scans" in table([rest[0]])
    assert "ERROR ts50_deep track-level" in table([rest[0]])


def test_parts_are_the_whole_and_other_severities_are_others(scans):
    plan = Plan(("track-",))
    whole = [case for case, *_ in plan.cases(scans)]
    parts = [[case for case, *_ in replace(plan, part=(k, 3)).cases(scans)] for k in range(3)]
    assert sorted((case for part in parts for case in part), key=lambda case: case.number) == whole
    assert all(len(part) > len(whole) // 5 for part in parts)
    for kind in kinds():
        assert not set(kind.between()) & set(kind.severities), kind.name
