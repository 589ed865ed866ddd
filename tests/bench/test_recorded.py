"""A viewer that is killed while it records loses nothing that it acknowledged; the study kills a hundred."""

from __future__ import annotations

import numpy as np
import pytest


def test_no_acknowledged_decision_is_lost_in_a_few_kills(tmp_path, monkeypatch):
    pytest.importorskip("starlette", reason="needs dualsense[app]")
    recorded = pytest.importorskip("benchmarks.io.recorded", reason="run from the project's folder")
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    found = recorded.killed_viewers(tmp_path / "lane", 2, np.random.default_rng(1), longest_s=0.2)
    assert found.holds, found
    assert found.acknowledged >= 2
    assert found.recorded >= found.acknowledged
