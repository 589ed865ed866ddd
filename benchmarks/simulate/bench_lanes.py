"""Lanes of one square metre a minute, in one process on one thread and with one process per core."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from dualsense.simulate.many import simulate_lanes

PRESET = "cambodia-laterite"


def run() -> dict[str, float]:
    out = {}
    with tempfile.TemporaryDirectory() as folder:
        simulate_lanes(PRESET, Path(folder) / "warm", lanes=1, seed=99, jobs=1)
        for name, lanes, jobs in (("one_process", 6, 1), ("process_per_core", 12, None)):
            start = time.perf_counter()
            found = simulate_lanes(PRESET, Path(folder) / name, lanes=lanes, seed=0, jobs=jobs)
            assert not any(lane.error for lane in found)
            out[f"{name}_lanes_per_minute"] = 60 * lanes / (time.perf_counter() - start)
    return out
