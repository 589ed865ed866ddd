"""Writers killed at random moments, a few of those that the long study kills."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.io.written import state


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


def test_an_output_is_whole_if_it_is_all_of_the_old_one_or_of_the_new():
    new, old = ({f"out/{name}": code + name for name in "ab"} for code in ("new ", "old "))
    assert state(new, new, old, "process") == "new"
    assert state(old, new, old, "process") == "old"
    assert state({}, new, {}, "process") == "absent"
    for torn in ({}, {"out/a": "new a"}, old | {"out/a": "new a"}, new | {"out/c": "more"}):
        assert state(torn, new, old, "process") == "broken"


def test_a_batch_is_whole_scan_by_scan():
    new, old = ({f"out/{n}/{name}": code for n in "ab" for name in "xy"} for code in ("new", "old"))
    assert state({n: new[n] if "/a/" in n else old[n] for n in new}, new, old, "batch") == "in part"
    assert state({n: new[n] if n.endswith("x") else old[n] for n in new}, new, old, "batch") == "broken"
    assert state({n: c for n, c in new.items() if "/a/" in n}, new, {}, "batch") == "in part"


def test_a_sweep_is_whole_file_by_file_and_may_begin_anew():
    names = ("sweep.csv", "sweep.jsonl", "maps/00000.a.npy")
    new, old = ({f"out/{name}": code for name in names} for code in ("new", "old"))
    begun = {name: code for name, code in old.items() if name.endswith("csv")}
    assert state(begun, new, old, "sweep") == "in part"
    assert state(begun | {"out/maps/00000.a.npy": "new"}, new, old, "sweep") == "in part"
    assert state(begun | {"out/maps/00000.a.npy": "torn"}, new, old, "sweep") == "broken"
    assert state({}, new, old, "sweep") == "broken"  # the table of the last one is kept until there is another


def test_an_earlier_verdict_may_be_gone_and_never_torn():
    new, old = ({f"out/{name}": code for name in ("check.json", "check.png")} for code in ("new", "old"))
    assert state({}, new, old, "check") == "absent"
    assert state({"out/check.json": "old"}, new, old, "check") == "broken"
