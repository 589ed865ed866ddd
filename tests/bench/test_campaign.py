"""A fixed part of the campaign of faults: no spoilt scan may end in a confident miss."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.campaign import outcome
from benchmarks.campaign.__main__ import samples
from benchmarks.campaign.table import kinds

FIXED = (
    ("ts50_deep", "mean+noise/time/both", 8.0),
    ("ts50_deep", "held+noise/mine/both", 0.13),
    ("ts50_deep", "frozen/mine/both", 0.13),
    ("ts50_deep", "bursts-lost/both", 0.8),
    ("ts50_deep", "every-nth-kept/gpr", 8),
    ("ts50_deep", "track-jumps-z", 0.2),
    ("ts50_deep", "track-units-xy", 3.2808),
    ("ts50_deep", "track-units-xy", 0.3048),
    ("ts50_deep", "track-units-y", 0.5),
    ("pma_laterite", "track-units-xy", 2.0),
    ("ts50_deep", "track-noise-xy", 0.1),
    ("ts50_deep", "clock/pose", 0.2),
    ("pmn_sand_impulse", "track-units-xyz", 3.2808),
    ("pmn_sand_impulse", "record-short", 0.15),
    ("pma_laterite", "clipped/emi", 0.1),
    ("pma_laterite", "track-stuck-rest", 0.5),
)


@pytest.fixture(scope="module")
def scans():
    return dict(samples())


@pytest.mark.parametrize(("name", "kind", "severity"), FIXED)
def test_no_mine_is_missed_with_confidence(scans, name, kind, severity):
    (chosen,) = (one for one in kinds() if one.name == kind)
    assert severity in chosen.severities
    fate = outcome.try_case(scans[name], chosen, outcome.Case(name, kind, severity), 1)
    assert fate.outcome in outcome.OUTCOMES[:-1], fate


def test_a_scan_that_is_not_spoilt_is_found(scans):
    result = outcome.process(scans["ts50_casing"])
    assert outcome.mine_fate(result, scans["ts50_casing"].truth, 0)[0] == "found"
    assert result.doubts == ()


def test_a_drift_is_judged_where_the_track_has_the_mine(scans):
    scan = scans["ts50_deep"]
    (kind,) = (one for one in kinds() if one.name == "track-drifts-y")
    bad = outcome.spoilt(scan, kind, outcome.Case("ts50_deep", kind.name, 0.2), 1)
    n = scan.truth.label.index("mine")
    moved_m = bad.truth.y_m[n] - scan.truth.y_m[n]
    at = scan.pose.position_m
    over = np.hypot(at[:, 0] - scan.truth.x_m[n], at[:, 1] - scan.truth.y_m[n]) < 0.08
    assert 0.0 < moved_m < 0.2
    assert moved_m == pytest.approx((bad.pose.position_m - at)[over, 1].mean())
    assert bad.truth.x_m[n] == scan.truth.x_m[n]


def test_cases_are_drawn_by_their_name_alone():
    case = outcome.Case("a", "b", 1.0)
    assert case.rng(3).random() == outcome.Case("a", "b", 1.0).rng(3).random()
    assert case.rng(3).random() != outcome.Case("a", "b", 2.0).rng(3).random()
    names = [kind.name for kind in kinds()]
    assert len(names) == len(set(names)) > 100
