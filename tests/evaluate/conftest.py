"""Hand-made results and truths."""

from __future__ import annotations

import numpy as np
import pytest

from dualsense.result import Coverage, Grid, Result, Target
from dualsense.scan import ScanHeader, Truth

CELL = 0.02


@pytest.fixture(scope="session")
def make_target():
    def make(name, x, y, confidence, call="suspect", depth=0.05, std=(0.01, 0.01, 0.02)):
        return Target(name, x, y, depth, std, confidence, call, None, None, ())

    return make


@pytest.fixture(scope="session")
def make_truth():
    def make(*objects):
        """Each (x, y, depth, size, label)."""
        x, y, depth, size = (np.array([o[i] for o in objects], dtype=float) for i in range(4))
        return Truth(x, y, depth, size, size, 0.5 * size, tuple(o[4] for o in objects), ("",) * len(objects))

    return make


@pytest.fixture(scope="session")
def make_result():
    def make(*targets, scan_id="lane", emi=True, gpr=True, model="uncalibrated-test"):
        """Build the result of one square metre; ``emi`` and ``gpr`` are coverage masks or all or none."""
        axis = CELL * (np.arange(50) + 0.5)
        shape = (50, 50)
        cover = [np.broadcast_to(np.asarray(m, dtype=bool), shape).copy() for m in (emi, gpr)]
        return Result(
            header=ScanHeader(scan_id, "2000-01-01T00:00:00Z", "test"),
            scan_sha256="",
            recipe_sha256="",
            model=model,
            area_m2=1.0,
            coverage_fraction=float((cover[0] & cover[1]).mean()),
            sensor_coverage={"emi": float(cover[0].mean()), "gpr": float(cover[1].mean())},
            coverage=Coverage(Grid(axis, axis, CELL), np.ones(shape, dtype=bool), *cover),
            track_m=np.zeros((0, 3)),
            targets=tuple(targets),
        )

    return make
