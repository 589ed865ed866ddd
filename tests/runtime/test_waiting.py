"""Threads that wait for others sleep, unless somebody wants them awake."""

from __future__ import annotations

import os

from dualsense.runtime.waiting import wait_asleep


def test_threads_sleep_unless_they_are_told_otherwise(monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    wait_asleep()
    assert os.environ["OMP_WAIT_POLICY"] == "active"
    monkeypatch.delenv("OMP_WAIT_POLICY")
    wait_asleep()
    assert os.environ["OMP_WAIT_POLICY"] == "passive"
