"""Scans in a folder: processed once, told when they fail; a worker that dies on one goes on with the next."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from pathlib import Path

import pytest

from dualsense.app import _workshop
from dualsense.app._listing import Shelf
from dualsense.app._work import Processing
from dualsense.app._workshop import Workshop, free_folder, shop_of
from dualsense.runtime import workers


def pretended(task: Processing) -> str:
    """Work as the scan's name asks."""
    if "fails" in task.scan:
        return f"{task.scan}: no pose"
    Path(task.out).mkdir(parents=True)
    sha256 = hashlib.sha256(Path(task.scan).read_bytes()).hexdigest()
    document = {"scan_id": "a", "model": "m", "area_m2": 1.0, "coverage_fraction": 1.0, "targets": []}
    Path(task.out, "targets.json").write_text(json.dumps(document | {"scan_sha256": sha256}))
    return ""


class Here:
    """What `LastingWorker` is, in this process; a death is what it would say of one."""

    def __init__(self):
        self.asked = []

    def ask(self, task, *, most_s):
        self.asked.append(task)
        if "kills" in task.scan:
            return workers.WorkerDiedError("its worker process was ended by SIGKILL")
        return pretended(task)

    def stop(self):
        pass


def shop(folder, **options):
    made = Workshop(Shelf(folder), folder / "results", **options)
    made._worker = Here()
    return made


def look(made):
    """Take two looks, as scans must have stopped growing, and do what is to be done."""
    for _ in range(2):
        made._look()
    for one in made._ready():
        made._take(one)


def states(made):
    return {row["name"]: (row["state"], row.get("problem", "")) for row in made.rows()}


def test_scans_are_processed_once_and_failures_told_with_their_cause(tmp_path):
    for name in ("good", "fails", "kills", "later"):
        (tmp_path / f"{name}.h5").write_bytes(name.encode())
    (tmp_path / "later.h5").unlink()
    made = shop(tmp_path)
    look(made)
    assert states(made) == {
        "fails.h5": ("failed", "fails.h5: no pose"),
        "kills.h5": ("failed", "kills.h5: its worker process was ended by SIGKILL"),
    }
    (tmp_path / "later.h5").write_bytes(b"later")
    look(made)
    look(made)
    asked = [Path(task.scan).stem for task in made._worker.asked]
    assert asked == ["fails", "good", "kills", "later"]
    assert {row["name"] for row in made.shelf.listing()} == {"results/good", "results/later"}


def test_a_scan_that_grows_is_waited_for(tmp_path):
    made = shop(tmp_path)
    path = tmp_path / "copied.h5"
    for size in range(3):
        path.write_bytes(b"x" * (size + 1))
        made._look()
        assert made._ready() == []
    assert states(made) == {"copied.h5": ("waiting", "")}
    made._look()
    assert [one.path for one in made._ready()] == [path]


def test_a_recording_is_shown_until_its_writer_closes_it_or_is_gone_for_long(tmp_path, monkeypatch):
    head = bytearray(b"\x89HDF\r\n\x1a\n\x03\x08\x08\x05" + bytes(36))
    for name in ("going", "dead"):
        (tmp_path / f"{name}.h5").write_bytes(head)
    made = shop(tmp_path)
    for _ in range(3):
        look(made)
    assert states(made) == {"going.h5": ("recording", ""), "dead.h5": ("recording", "")}
    row = next(row for row in made.rows() if row["name"] == "going.h5")
    assert made.recorded(row["key"]) == tmp_path / "going.h5"
    assert made.recorded("0" * 16) is None
    head[11] = 0
    (tmp_path / "going.h5").write_bytes(head)
    look(made)
    assert states(made) == {"dead.h5": ("recording", "")}
    monkeypatch.setattr(_workshop, "UNFINISHED_S", 0.0)
    look(made)
    assert states(made) == {}
    assert sorted(Path(task.scan).stem for task in made._worker.asked) == ["dead", "going"]


def test_a_changed_scan_gets_a_folder_of_its_own_and_a_result_is_never_replaced(tmp_path):
    (tmp_path / "lane.h5").write_bytes(b"one")
    made = shop(tmp_path)
    look(made)
    (tmp_path / "results" / "lane" / "decisions.jsonl").write_text("{}\n")
    (tmp_path / "lane.h5").write_bytes(b"another")
    look(made)
    assert {row["name"] for row in made.shelf.listing()} == {"results/lane", "results/lane-2"}
    assert (tmp_path / "results" / "lane" / "decisions.jsonl").exists()


def test_a_scan_that_has_a_result_anywhere_in_the_folder_is_done(tmp_path):
    (tmp_path / "lane.h5").write_bytes(b"one")
    assert pretended(Processing(str(tmp_path / "lane.h5"), str(tmp_path / "elsewhere"))) == ""
    made = shop(tmp_path)
    look(made)
    assert made._worker.asked == []
    assert made.rows() == []


def test_nothing_is_processed_where_that_is_not_wanted(tmp_path):
    (tmp_path / "lane.h5").write_bytes(b"one")
    made = shop(tmp_path, processes=False)
    look(made)
    assert made._worker.asked == []
    assert made.rows() == []


def test_links_and_hidden_folders_are_no_scans(tmp_path):
    outside = tmp_path / "outside.h5"
    outside.write_bytes(b"x")
    folder = tmp_path / "scans"
    (folder / ".hidden").mkdir(parents=True)
    (folder / ".hidden" / "a.h5").write_bytes(b"x")
    (folder / "link.h5").symlink_to(outside)
    made = shop(folder)
    look(made)
    assert made._worker.asked == []


def test_one_scan_is_viewed_alone_and_finds_its_earlier_result(tmp_path):
    scan = tmp_path / "lane.h5"
    scan.write_bytes(b"one")
    made, single = shop_of(scan, None, processes=True)
    made._worker = Here()
    look(made)
    assert [row["key"] for row in made.shelf.listing()] == [single]
    again, same = shop_of(scan, None, processes=True)
    assert (again.shelf.folder, same) == (made.shelf.folder, single)
    scan.write_bytes(b"two")
    other, _ = shop_of(scan, None, processes=True)
    assert other.shelf.folder == tmp_path / "results" / "lane-2"
    assert free_folder(tmp_path / "results" / "lane") == other.shelf.folder


@pytest.mark.slow
def test_a_folder_is_followed_by_a_real_worker(tmp_path, sample_dir, serving):
    """One scan comes while the viewer runs, one is damaged, and the worker is killed at its work and goes on."""
    shutil.copy(sample_dir / "pmn_sand.h5", tmp_path / "lane.h5")
    content = (sample_dir / "pmn_wet.h5").read_bytes()
    (tmp_path / "half.h5").write_bytes(content[:100_000])
    with serving(tmp_path) as server:
        rows = _until(server, lambda rows: len(rows) == 2 and all(r["state"] in {"done", "failed"} for r in rows))
    assert {row["name"]: row["state"] for row in rows} == {"results/lane": "done", "half.h5": "failed"}
    assert "truncated" in next(row["problem"] for row in rows if row["state"] == "failed")
    done = next(row for row in rows if row["state"] == "done")
    assert (done["source"], done["dig"] > 0) == ("simulated", True)
    assert not list(tmp_path.rglob(".*"))


def _until(server, holds, most_s=120.0):
    start = time.monotonic()
    while time.monotonic() - start < most_s:
        rows = json.loads(server.get("/api/results")[2])
        if holds(rows):
            return rows
        time.sleep(0.3)
    raise AssertionError(rows)
