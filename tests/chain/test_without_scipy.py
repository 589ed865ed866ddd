"""A scan goes through without SciPy, whose import takes longer than most steps."""

from __future__ import annotations

import subprocess
import sys

import numba
import pytest

PROGRAM = """
import sys
sys.modules["scipy"] = None  # whoever imports it fails
from dualsense.chain import process_scan
from dualsense.io import read_scan
result = process_scan(read_scan(sys.argv[1]))
print(len(result.targets), *(entry.code for entry in result.faults))
"""


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="takes minutes when nothing is compiled")
@pytest.mark.parametrize("name", ("pmn_sand", "pmn_sand_impulse"))
def test_a_scan_needs_no_scipy(project_root, name):
    scan = project_root / "sample_data" / f"{name}.h5"
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(scan)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found, *faults = done.stdout.split()
    assert int(found) >= 1
    assert not [code for code in faults if "failed" in code]
