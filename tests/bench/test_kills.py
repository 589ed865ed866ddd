"""Writers killed at random moments, a few of those that the long study kills."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_every_output_is_whole_or_absent(tmp_path):
    path = tmp_path / "table.json"
    # in memory where that can be: a disk would be waited for at each sync, and a kill asks nothing of it
    memory = Path("/dev/shm")  # noqa: S108
    environment = dict(os.environ) | ({"TMPDIR": str(memory)} if os.access(memory, os.W_OK) else {})
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.io.kills", "--kills", "20", "--json", str(path)],
        cwd=Path(__file__).parents[2], env=environment, capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    table = json.loads(path.read_text())
    assert set(table) == {"results", "result.h5", "scan", "evaluation", "list"}
    for name, seen in table.items():
        assert (seen["broken"], seen["left"], seen["undisturbed"]) == (0, 0, 1), name
        assert seen["old"] + seen["new"] + seen["absent"] == 20
