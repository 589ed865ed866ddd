"""Migration's tests again, by NumPy's arrays: DUALSENSE_TEST_ARRAYS=1. On a card: DUALSENSE_DEVICE=gpu."""

from __future__ import annotations

import os

import numpy as np
import pytest

from dualsense.gpr._migrate import stolt, sums


@pytest.fixture(autouse=True)
def by_arrays(monkeypatch):
    if os.environ.get("DUALSENSE_TEST_ARRAYS") == "1":
        for user in (sums, stolt):
            monkeypatch.setattr(user, "array_module", lambda: np)
