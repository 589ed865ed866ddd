"""A batch that was stopped goes on: what is there as it would be made again is kept, and nothing else."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

import dualsense.batch._crew
from dualsense.batch._crew import NEEDED_BYTES, worker_count
from dualsense.batch._one import Task, process_one
from dualsense.recipe import load_recipe


@pytest.fixture
def task(processed_sample, sample_dir, tmp_path):
    """A scan whose result is there already."""
    shutil.copytree(processed_sample[0], tmp_path / "out" / "pmn_sand")
    scan = shutil.copy(sample_dir / "pmn_sand.h5", tmp_path / "pmn_sand.h5")

    def made(**given):
        recipe = load_recipe(overrides=given.pop("overrides", ()))
        return Task("pmn_sand", str(scan), str(tmp_path / "out" / "pmn_sand"), recipe, resume=True, **given)

    return made


@pytest.fixture(autouse=True)
def _nothing_is_processed(monkeypatch):
    def process_recording(*_, **__):
        msg = "it was processed"
        raise MemoryError(msg)

    monkeypatch.setattr("dualsense.chain.process_recording", process_recording)


def bytes_of(task):
    folder = Path(task.out)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_an_equal_result_is_kept_as_it_is_and_told_as_if_it_had_been_made(task):
    before = bytes_of(task())
    done = process_one(task())
    assert done.entry.error == ""
    assert done.took_s is None
    assert (done.entry.scan_id, done.entry.source) == ("pmn_sand", "simulated")
    assert done.entry.survey in {"green", "amber", "red"}
    assert done.entry.calls["suspect"] == 1
    assert bytes_of(task()) == before


def test_a_result_that_was_made_otherwise_is_refused_and_made_anew_with_leave(task):
    refused = process_one(task(overrides=("gpr.migrate.depth_stop_m=0.2",)))
    assert "holds a result of another recipe: --overwrite replaces such results" in refused.entry.error
    again = process_one(task(overrides=("gpr.migrate.depth_stop_m=0.2",), overwrite=True))
    assert "it was processed" in again.entry.error


def test_a_scan_that_changed_since_is_another_one(task):
    asked = task()
    with Path(asked.scan).open("ab") as scan:
        scan.write(b"\0")
    assert "a result of another scan" in process_one(asked).entry.error


def test_a_result_of_another_version_is_not_kept(task, monkeypatch):
    monkeypatch.setattr("dualsense.chain.provenance.__version__", "9.9")
    assert "a result of another version" in process_one(task()).entry.error


def test_a_result_that_cannot_be_read_is_not_kept(task):
    asked = task()
    archive = Path(asked.out) / "result.h5"
    archive.write_bytes(archive.read_bytes()[:-1000])
    assert "holds a result that cannot be read" in process_one(asked).entry.error


def test_what_is_half_there_is_made(task):
    asked = task(overwrite=True)
    (Path(asked.out) / "targets.json").unlink()
    assert "it was processed" in process_one(asked).entry.error


@pytest.mark.parametrize(
    ("free_bytes", "workers"),
    ((10 * NEEDED_BYTES, 4), (2 * NEEDED_BYTES, 2), (NEEDED_BYTES // 2, 1), (None, 4)),
)
def test_no_more_workers_than_memory_allows(monkeypatch, free_bytes, workers):
    monkeypatch.setattr(dualsense.batch._crew, "available_bytes", lambda: free_bytes)
    monkeypatch.setattr(dualsense.batch._crew.os, "cpu_count", lambda: 4)
    assert worker_count(None, 100) == workers
    assert worker_count(3, 100) == 3
    assert worker_count(3, 2) == 2
