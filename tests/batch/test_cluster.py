"""A batch on a Dask cluster of separate processes, one of which is killed at its work: the same bytes as here."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

import pytest

from dualsense.batch import process_batch
from dualsense.errors import UsageError

QUIET = {"DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "error", "DASK_DISTRIBUTED__DIAGNOSTICS__NVML": "false"}


@contextmanager
def program(*words):
    environment = os.environ | QUIET
    started = subprocess.Popen(
        [sys.executable, "-m", *map(str, words)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


@contextmanager
def cluster(folder, *, threads=1):
    """A scheduler and two workers, each a process of its own; gives the address and the workers."""
    pytest.importorskip("distributed", reason="needs dualsense[cluster]")
    place = folder / "scheduler.json"
    where = ("--scheduler-file", place)
    of_worker = ("distributed.cli.dask_worker", *where, "--nthreads", threads, "--no-nanny", "--no-dashboard")
    scheduler = ("distributed.cli.dask_scheduler", *where, "--host", "127.0.0.1", "--port", 0, "--no-dashboard")
    with program(*scheduler), program(*of_worker) as one, program(*of_worker) as other:
        until = time.monotonic() + 60.0
        address = ""
        while not address and time.monotonic() < until:
            time.sleep(0.05)
            with suppress(OSError, ValueError):  # not there yet, or half written
                address = json.loads(place.read_text(encoding="utf-8"))["address"]
        yield address, (one, other)


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_killed_worker_loses_nothing_and_the_bytes_are_those_of_the_pool(
    sample_dir, processed_sample, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # where workers do not stand
    (tmp_path / "in").mkdir()
    for name in ("a", "b", "c"):
        shutil.copy(sample_dir / "pmn_sand.h5", tmp_path / "in" / f"{name}.h5")
    (tmp_path / "in" / "broken.h5").write_bytes((sample_dir / "pmn_sand.h5").read_bytes()[:4000])
    with cluster(tmp_path) as (address, workers):
        entries = process_batch(
            ["in"], "out", scheduler=address, progress=lambda *_: workers[0].kill(), limits=None
        )
    assert [entry.name for entry in entries] == ["a", "b", "broken", "c"]
    assert [bool(entry.error) for entry in entries] == [False, False, True, False]
    assert entries[2].error.startswith("in/broken.h5: ")
    assert all(entry.scan.startswith("in/") for entry in entries)
    for name in ("a", "b", "c"):
        assert digests(tmp_path / "out" / name) == digests(processed_sample[0])
    # the tables are those of a batch in processes of its own, which keeps what is there
    tables = {name: (tmp_path / "out" / name).read_bytes() for name in ("batch.csv", "batch.json")}
    process_batch(["in"], "out", jobs=1, resume=True)
    assert {name: (tmp_path / "out" / name).read_bytes() for name in tables} == tables


def test_nobody_who_answers_is_one_clear_error(tmp_path, sample_dir, monkeypatch):
    pytest.importorskip("distributed", reason="needs dualsense[cluster]")
    monkeypatch.setattr("dualsense.batch._cluster.ANSWERS_WITHIN_S", 0.5)
    with pytest.raises(UsageError, match="no Dask scheduler answers"):
        process_batch([sample_dir / "pmn_sand.h5"], tmp_path / "out", scheduler="tcp://127.0.0.1:1")


def test_without_dask_it_says_what_to_install(tmp_path, sample_dir, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"pip install 'dualsense\[cluster\]'"):
        process_batch([sample_dir / "pmn_sand.h5"], tmp_path / "out", scheduler="local")
