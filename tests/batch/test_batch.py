"""Many scans: each in its own folder, and one that fails does not stop the others."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

import dualsense.batch._crew
from dualsense.batch import BatchEntry, batch_csv, batch_json, find_scans, process_batch
from dualsense.batch._one import Done
from dualsense.cli import run
from dualsense.errors import UsageError
from dualsense.recipe import load_recipe
from dualsense.runtime.workers import WorkerDiedError

CALLS = {"suspect": 1, "unclear": 0, "likely-clutter": 0, "not-assessable": 2}


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture
def faked(monkeypatch):
    """The batch without its worker processes: what each scan's file name says becomes of it."""

    def do(tasks):
        for task in reversed(tasks):
            if "dies" in task.scan:
                yield task, WorkerDiedError("its worker process was ended by SIGKILL")
            elif "bad" in task.scan:
                yield task, Done(BatchEntry(task.name, task.scan, error=f"{task.scan}: is bad"))
            else:
                yield task, Done(BatchEntry(task.name, task.scan, scan_id="s", model="m", area_m2=0.5,
                                            coverage_fraction=0.9, calls=CALLS, faults=1))  # fmt: skip

    class Faked(nullcontext):
        def __init__(self, work, *, workers, threads, get_ready):
            assert workers >= 1
            assert threads >= 1
            super().__init__(SimpleNamespace(do=do))

    monkeypatch.setattr(dualsense.batch._crew, "Crew", Faked)


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_folders_are_searched_and_files_taken_as_they_are(tmp_path):
    touch(tmp_path, "in/b.h5", "in/a.HDF5", "in/deep/a.h5", "in/notes.txt", "alone.dat")
    found = find_scans([tmp_path / "in", tmp_path / "alone.dat"])
    assert list(found) == ["a", "b", "deep/a", "alone"]
    assert found["deep/a"] == tmp_path / "in" / "deep" / "a.h5"


def test_results_are_not_taken_for_scans(tmp_path):
    touch(tmp_path, "scan.h5", "out/scan/result.h5", "out/scan/targets.json", "result.h5")
    assert list(find_scans([tmp_path])) == ["result", "scan"]
    for odd in ("..h5", "...h5"):
        with pytest.raises(UsageError, match="cannot be named after it"):
            find_scans([tmp_path / odd])


def test_a_recording_beside_its_import_is_that_scan(tmp_path):
    touch(tmp_path, "L1.DZT", "L1.h5", "L2.dzt", "deep/L1.DZT")
    found = find_scans([tmp_path])
    assert {name: scan.name for name, scan in found.items()} == {
        "L1": "L1.h5", "L2": "L2.dzt", "deep/L1": "L1.DZT",
    }  # fmt: skip


def test_two_scans_never_share_a_folder(tmp_path):
    touch(tmp_path, "a/x.h5", "b/x.h5")
    with pytest.raises(UsageError, match="would both write to the folder x"):
        find_scans([tmp_path / "a" / "x.h5", tmp_path / "b" / "x.h5"])
    assert list(find_scans([tmp_path])) == ["a/x", "b/x"]


def test_a_scan_given_twice_is_one_scan(tmp_path):
    touch(tmp_path, "x.h5")
    assert list(find_scans([tmp_path / "x.h5", tmp_path])) == ["x"]


def test_a_folder_without_scans_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"no scans in this folder, expected .*\.h5, .*\.dzt, .* or \.mcap$"):
        find_scans([tmp_path])


def test_what_exists_is_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(dualsense.batch._crew, "Crew", lambda *_, **__: pytest.fail("worked before looking"))
    touch(tmp_path, "a.h5", "b.h5", "out/b/targets.json")
    scans = find_scans([tmp_path / "a.h5", tmp_path / "b.h5"])
    with pytest.raises(UsageError, match=r"targets\.json"):
        process_batch(scans, tmp_path / "out", load_recipe())
    touch(tmp_path, "elsewhere/batch.csv")
    with pytest.raises(UsageError, match=r"batch\.csv exists already"):
        process_batch(scans, tmp_path / "elsewhere", load_recipe())


def test_failures_are_listed_and_the_order_is_that_of_the_scans(tmp_path, faked):
    touch(tmp_path, "a.h5", "bad.h5", "c.h5", "dies.h5")
    reported = []
    entries = process_batch(
        find_scans([tmp_path]), tmp_path / "out", load_recipe(), progress=lambda *it: reported.append(it)
    )
    assert [entry.name for entry in entries] == ["a", "bad", "c", "dies"]
    assert reported == [("dies", 0.25), ("c", 0.5), ("bad", 0.75), ("a", 1.0)]
    document = json.loads((tmp_path / "out" / "batch.json").read_text(encoding="utf-8"))
    assert document["failed"] == 2
    assert [scan["status"] for scan in document["scans"]] == ["done", "failed", "done", "failed"]
    assert document["scans"][1]["calls"] is None
    assert document["scans"][3]["error"] == f"{tmp_path / 'dies.h5'}: its worker process was ended by SIGKILL"
    with (tmp_path / "out" / "batch.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["done", "failed", "done", "failed"]
    assert (rows[0]["suspect"], rows[0]["not_assessable"], rows[0]["area_m2"]) == ("1", "2", "0.5")
    assert rows[1]["suspect"] == ""
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["batch.csv", "batch.json", "index.html"]


def test_paths_may_be_texts_and_folders_and_the_recipe_left_out(tmp_path, faked):
    touch(tmp_path, "in/a.h5", "in/b.h5")
    (a, b) = process_batch([str(tmp_path / "in")], str(tmp_path / "out"))
    assert (a.name, b.name) == ("a", "b")
    (alone,) = process_batch({"mine": str(tmp_path / "in" / "a.h5")}, str(tmp_path / "other"))
    assert (alone.name, alone.scan, alone.error) == ("mine", str(tmp_path / "in" / "a.h5"), "")


def test_the_summary_says_nothing_of_the_hour():
    entries = [BatchEntry("a", "a.h5", calls=CALLS, area_m2=0.5, coverage_fraction=1.0)]
    assert batch_json(entries) == batch_json(entries)
    assert "time" not in batch_json(entries)
    assert batch_csv(entries).count("\n") == 2


def test_the_command_says_each_failure_in_a_line(tmp_path, faked, capsys):
    touch(tmp_path, "a.h5", "bad.h5")
    assert run(["batch", str(tmp_path), "-o", str(tmp_path / "out")]) == 1
    said = capsys.readouterr()
    assert said.err == f"dualsense: error: {tmp_path / 'bad.h5'}: is bad\n"
    assert "1 of 2 scans processed" in said.out
    assert "FAILED" in said.out


def test_the_command_prints_json_alone(tmp_path, faked, capsys):
    touch(tmp_path, "a.h5")
    assert run(["batch", str(tmp_path), "-o", str(tmp_path / "out"), "--json"]) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed) == json.loads((tmp_path / "out" / "batch.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_real_scans_in_real_processes(sample_dir, processed_sample, tmp_path, capsys):
    good = sample_dir / "pmn_sand.h5"
    (tmp_path / "broken.h5").write_bytes(good.read_bytes()[:4000])
    out = tmp_path / "out"
    assert run(["batch", str(good), str(tmp_path / "broken.h5"), "-o", str(out), "--jobs", "2"]) == 1
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == 1
    assert str(tmp_path / "broken.h5") in said.err
    assert sorted(path.name for path in out.iterdir()) == ["batch.csv", "batch.json", "index.html", "pmn_sand"]
    assert digests(out / "pmn_sand") == digests(processed_sample[0])


def test_ctrl_c_leaves_nothing_half_written(sample_dir, tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "dualsense", "batch", sample_dir, "-o", out, "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until = time.monotonic() + 30.0
    while not any(out.glob("*/targets.json")) and time.monotonic() < until:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    printed, complaint = process.communicate(timeout=30)
    assert (process.returncode, printed, complaint) == (130, "", "dualsense: interrupted\n")
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    whole = [folder for folder in out.glob("*") if (folder / "targets.json").exists()]
    assert len(left) == 10 * len(whole)
