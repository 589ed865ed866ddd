"""A small fixed set through the whole chain: this fails when a mine, or what fusion adds, is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dualsense.chain import process_scan
from dualsense.evaluate._breakdown import false_alarms_at, single_sensor
from dualsense.evaluate._rates import rates, roc
from dualsense.evaluate._score import score_scan
from dualsense.io import read_scan

NAMES = ("clutter_only", "pma_laterite", "pmn_wet", "ts50_casing")


@pytest.fixture(scope="module")
def scores(sample_dir):
    found = []
    for name in NAMES:
        scan = read_scan(sample_dir / f"{name}.h5")
        found.append(score_scan(process_scan(replace(scan, truth=None)), scan.truth))
    return found


@pytest.mark.slow
def test_every_mine_is_found_with_no_more_false_alarms_than_before(scores):
    found = rates(scores)
    assert (found.mines, found.detected, found.missed) == (3, 3, 0)
    assert found.false_alarms <= 2  # a bullet and a fragment whose radar echo hides


@pytest.mark.slow
def test_fusion_finds_all_without_a_false_alarm(scores):
    assert false_alarms_at(roc(single_sensor(scores, "fused", prior=0.15)), 1.0) == 0.0


@pytest.mark.slow
def test_mines_lie_where_their_targets_are(scores):
    errors = [o.error_m for s in scores for o in s.objects if o.is_mine]
    assert max(abs(z) for _, _, z in errors) < 0.015
    assert max(x * x + y * y for x, y, _ in errors) < 0.025**2
