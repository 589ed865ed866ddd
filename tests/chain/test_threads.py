"""A scan gives the same bytes whatever the number of threads, and whatever layer Numba starts them with."""

from __future__ import annotations

import os
import subprocess
import sys

import numba
import pytest

DIGEST = """
import hashlib, sys
from dualsense.io import read_scan
from dualsense.replay import replay_scan
result = replay_scan(read_scan(sys.argv[1]), speed=float("inf"), least_s=1.0, on_frame=lambda _: None)
digest = hashlib.sha256(repr(result.targets).encode())
digest.update(repr((result.faults, sorted(result.provenance.items()))).encode())
for name in sorted(result.emi_maps):
    digest.update(result.emi_maps[name].values.tobytes())
digest.update(result.gpr_volume.values.tobytes())
print(digest.hexdigest())
"""


def digest(scan, threads, layer="default"):
    limits = {"NUMBA_NUM_THREADS": str(threads), "NUMBA_THREADING_LAYER": layer}
    done = subprocess.run(
        [sys.executable, "-c", DIGEST, str(scan)],
        env=os.environ | limits,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def alone(sample_dir):
    return digest(sample_dir / "ts50_casing.h5", 1)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="threads are started by compiled kernels only")
@pytest.mark.parametrize(
    ("threads", "layer"),
    (
        (2, "default"),
        (4, "default"),
        (4, "workqueue"),  # which every system has, and which aborts where two threads start threads at once
    ),
)
def test_the_number_of_threads_changes_no_byte(sample_dir, alone, threads, layer):
    assert digest(sample_dir / "ts50_casing.h5", threads, layer) == alone
