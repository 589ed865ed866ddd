"""Writers that are killed, or refused by the disk, before each change of the file system."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def table():
    """The whole study, on a file system in memory where there is one: syncs are counted, not waited for."""
    memory = Path("/dev/shm")  # noqa: S108
    environment = dict(os.environ) | ({"TMPDIR": str(memory)} if os.access(memory, os.W_OK) else {})
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.io.interrupted", "--json"],
        cwd=Path(__file__).parents[2], env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_nothing_is_ever_mixed_lost_or_left(table):
    assert len(table) == 12
    for seen in table.values():
        assert (seen["mixed"], seen.get("lost", 0), seen["left"]) == (0, 0, 0)
        assert sum(seen.values()) >= 6


@pytest.mark.parametrize("how", ("a kill", "an error"))
@pytest.mark.parametrize("setting", ("plain", "others"))
def test_a_folder_that_is_exchanged_is_never_without_a_result(table, setting, how):
    seen = table[f"folder, {setting}, {how}"]
    assert seen["nothing"] == 0
    assert seen["old"] >= 5
    assert seen["new"] >= 5


@pytest.mark.parametrize("setting", ("nested", "unable"))
def test_a_folder_that_cannot_be_exchanged_has_one_after_an_error(table, setting):
    assert table[f"folder, {setting}, an error"]["nothing"] == 0
    assert table[f"folder, {setting}, a kill"]["nothing"] > 0  # which the next run mends
