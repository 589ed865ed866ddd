"""Spoilt inputs for every reader, a few of those that the long run asks for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.io import makers

READERS = (
    "scan",
    "info",
    "import",
    "gssi",
    "ids",
    "gprmax",
    "makers",
    "logs",
    "result",
    "recipe",
    "scene",
    "list",
    "options",
)
INPUTS = 55


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "table.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.io.fuzz", "--inputs", str(INPUTS * len(READERS)), "--json", str(path)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    return json.loads(path.read_text())


def test_every_reader_reads_or_refuses(table):
    assert set(table) == set(READERS)
    for name, row in table.items():
        assert sum(row["counts"].values()) == INPUTS, name
        assert set(row["counts"]) <= {"read", "refused"}, (name, row["wrong"])
        assert row["worst_s"] < 10.0, name
        assert row["worst_mb"] < 1024.0, name


def test_every_kind_of_recording_that_is_spoilt_can_be_read_as_it_is(tmp_path):
    for content in (*makers.recordings(), *makers.robot_logs()):
        makers.read(content, tmp_path)


def test_inputs_are_spoilt_enough_to_be_refused_and_little_enough_to_be_read(table):
    assert all(table[name]["counts"]["refused"] >= 5 for name in READERS if name != "list")
    assert all(table[name]["counts"].get("read", 0) >= 3 for name in READERS if name not in {"options", "scene"})


def test_an_input_can_be_made_again():
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from benchmarks.io.fuzz import input_of
    from benchmarks.io.spoilt import dzt

    first, again = (input_of("gssi", 7, [dzt()])[0] for _ in range(2))
    assert first == again != input_of("gssi", 8, [dzt()])[0]
