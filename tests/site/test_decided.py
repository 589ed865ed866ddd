"""What ends a target that is to be dug: a find in a word that we know, and no scan that may be younger."""

from __future__ import annotations

import numpy as np
import pytest
from tests.site.conftest import ORIGIN, result_of

from dualsense.site import SiteObject, SiteScan
from dualsense.site._decided import is_open, join_decisions
from dualsense.site._records import Listed

NAN = float("nan")


def row(**given):
    known = {"time": "2026-05-02T10:00:00Z", "operator": "Sok", "target": "T1", "x_m": 0.3, "y_m": 0.3, "note": "",
             "decision": "dig", "found": "metal", "scan_sha256": "", "of_this_result": True}  # fmt: skip
    return known | given


def joined(created, **given):
    """Join one record of the first scan's target to the object that a second scan lists, too."""
    target = [(0.3, 0.3, "suspect", 0.9)]
    results = [result_of(name, ORIGIN, target, created=created) for name in ("one", "other")]
    affine = np.eye(2, 3)
    scans = [SiteScan(r.header.scan_id, None, r, to_map=affine) for r in results]
    scans[0] = SiteScan("one", None, results[0], to_map=affine, decisions=(row(**given),))
    listed = tuple(Listed(n, "T1", "suspect", 0.9, 0.3, 0.3, 0.08, 0.01, None) for n in (0, 1))
    return join_decisions([SiteObject("S1", "suspect", 0.9, np.zeros(2), np.eye(2), 0.08, 0.01, listed)], scans)


@pytest.mark.parametrize(
    ("created", "still"),
    (
        ("2026-05-02T09:59:00Z", False),
        ("2026-05-02T10:01:00Z", True),
        ("2026-05-02T16:59:00+07:00", False),
        ("2026-05-02T09:00:00", True),  # of a recorder that writes its own time, west of Greenwich
        ("2026-05-01T09:00:00", False),
        ("2026-05-02", True),  # a day that goes on after the digging
        ("2026-04-30", False),
        ("1970-01-01T00:04:00Z", True),  # a clock that was never set
        ("", True),
    ),
)
def test_only_a_scan_that_is_known_to_be_older_lets_a_find_stand(created, still):
    (one,) = joined(created)
    assert is_open(one) is still
    assert one.decided.state == "dug"


def test_a_find_in_a_word_that_we_do_not_know_ends_nothing():
    (one,) = joined("2026-05-01T08:00:00Z", found="bomb")
    assert is_open(one)
    assert (one.decided.state, one.decided.found) == ("dig", None)


@pytest.mark.parametrize("x_m", (1e300, 10**400, -10_001.0))
def test_a_place_beyond_all_reach_is_none_and_breaks_nothing(x_m):
    assert [one.id for one in joined("2026-05-01T08:00:00Z", target="", x_m=x_m)] == ["S1"]
