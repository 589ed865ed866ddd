"""Files that are there whole or not at all, whoever is killed, and whatever the disk says."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from dualsense.errors import UsageError
from dualsense.runtime import files
from dualsense.runtime.files import mark_of, refuse_odd, whole_file, write_file
from dualsense.runtime.unfailing import Unfailing, new_hdf5


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_with_the_usual_permissions(tmp_path):
    (tmp_path / "usual").touch()
    write_file(tmp_path / "new", "text \udcff")
    assert (tmp_path / "new").read_bytes() == b"text \\udcff"
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "usual").stat().st_mode
    assert _names(tmp_path) == ["new", "usual"]


def test_what_is_there_is_replaced_only_where_that_was_asked_for(tmp_path, monkeypatch):
    path = tmp_path / "list"
    write_file(path, "old", overwrite=False)
    with pytest.raises(UsageError, match="list: exists already"):
        write_file(path, "new", overwrite=False)

    def overtaken(late):
        with whole_file(late, overwrite=False) as stream:
            stream.write(b"new")
            late.write_text("another was faster")

    with pytest.raises(UsageError, match="late: exists already"):
        overtaken(tmp_path / "late")
    monkeypatch.setattr(files, "rename_with", lambda *_: False)
    with pytest.raises(UsageError, match="later: exists already"):
        overtaken(tmp_path / "later")
    assert (tmp_path / "late").read_text() == (tmp_path / "later").read_text() == "another was faster"
    assert path.read_text() == "old"
    write_file(path, "new")
    write_file(tmp_path / "fresh", "new", overwrite=False)
    assert path.read_text() == (tmp_path / "fresh").read_text() == "new"
    assert _names(tmp_path) == ["fresh", "late", "later", "list"]


def test_links_devices_and_folders_are_refused(tmp_path):
    (tmp_path / "target").write_text("mine")
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "nowhere").symlink_to("gone")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    for name, kind in (
        ("link", "a link"),
        ("nowhere", "a link"),
        ("loop", "a link"),
        ("pipe", "a device or a pipe"),
    ):
        with pytest.raises(UsageError, match=rf"{name}: is {kind}, expected a plain file"):
            write_file(tmp_path / name, "new")
    with pytest.raises(UsageError, match="is a folder"):
        write_file(tmp_path, "new")
    refuse_odd(tmp_path / "target" / "below")  # left to who tries to write there
    assert (tmp_path / "target").read_text() == "mine"
    assert not (tmp_path / "gone").exists()


def test_parts_of_the_dead_go_and_parts_of_the_living_stay(tmp_path):
    dead, other = tmp_path / ".list.0123456789ab.part", tmp_path / ".list2.0123456789ab.part"
    dead.write_text("half")
    other.write_text("half")
    with whole_file(tmp_path / "list") as stream:
        write_file(tmp_path / "list", "the other one")
        assert Path(stream.name).exists()
        stream.write(b"this one")
    assert (tmp_path / "list").read_text() == "this one"
    assert _names(tmp_path) == [other.name, "list"]


def test_an_error_leaves_nothing(tmp_path):
    write_file(tmp_path / "list", "old")

    def interrupted():
        with whole_file(tmp_path / "list") as stream:
            stream.write(b"new")
            raise KeyError

    with pytest.raises(KeyError):
        interrupted()
    assert (tmp_path / "list").read_text() == "old"
    assert _names(tmp_path) == ["list"]


def test_names_too_long_for_more_are_written_too(tmp_path):
    path = tmp_path / ("ü" * 120)
    write_file(path, "text")
    assert path.read_text() == "text"
    assert len(mark_of(path)) == 16
    assert mark_of(tmp_path / "short") == "short"


class Full:
    """A disk of so many bytes."""

    def __init__(self, stream, room):
        self.stream, self.room = stream, room

    def write(self, data):
        self.room -= len(data)
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.stream.write(data)

    def __getattr__(self, name):
        return getattr(self.stream, name)


@pytest.mark.parametrize("room", (0, 100, 2000, 5000, 100_000))
def test_hdf5_never_learns_of_a_full_disk(tmp_path, room):
    values = np.random.default_rng(1).normal(size=20_000)
    with (tmp_path / "file.h5").open("w+b", buffering=0) as stream:
        disk = Full(stream, room)

        def write():
            with new_hdf5(disk) as (file, _):
                for number in range(10):
                    file.create_dataset(f"values_{number}", data=values, compression="gzip")
                    file[f"values_{number}"].attrs["text"] = "x"
                assert file["values_0"][()].tolist() == values.tolist()

        with pytest.raises(OSError, match="No space left"):
            write()


def test_what_the_disk_refuses_is_read_back_from_memory(tmp_path):
    with (tmp_path / "file").open("w+b", buffering=0) as stream:
        disk = Unfailing(Full(stream, 10))
        disk.write(b"0123456789")
        disk.write(b"abcdef")
        disk.seek(8)
        disk.write(b"XY")
        disk.seek(0)
        assert disk.read() == b"01234567XYabcdef"
        assert disk.seek(-2, 2) == 14
        assert disk.read(5) == b"ef"
        assert disk.truncate(3) == 3
        with pytest.raises(OSError, match="No space left"):
            disk.check()


def test_hdf5_through_it_is_hdf5(tmp_path):
    with whole_file(tmp_path / "file.h5") as stream, new_hdf5(stream) as (file, _):
        file["values"] = np.arange(1000)
    with h5py.File(tmp_path / "file.h5") as file:
        assert file["values"][-1] == 999


WRITES = """
import resource, sys
from pathlib import Path
from dualsense.errors import DualsenseError
from dualsense.io import read_scan, write_scan
from dualsense.render import read_result, write_outputs
kind, source, out, limit = sys.argv[1:]
made = read_scan(source) if kind == "scan" else read_result(source)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
try:
    write_scan(made, out) if kind == "scan" else write_outputs(made, out)
except DualsenseError as error:
    print(error)
"""


def _write_under_limit(kind, source, out, limit):
    command = [sys.executable, "-c", WRITES, kind, str(source), str(out), str(limit)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)


@pytest.mark.parametrize("limit", (0, 1000, 50_000, 200_000))
def test_a_scan_onto_a_full_disk_is_one_line_and_nothing_left(sample_dir, tmp_path, limit):
    done = _write_under_limit("scan", sample_dir / "pmn_sand.h5", tmp_path / "scan.h5", limit)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "scan.h5: cannot be written (File too large)\n"
    assert _names(tmp_path) == []


@pytest.mark.parametrize("limit", (0, 1000, 50_000, 200_000))
def test_results_onto_a_full_disk_are_one_line_and_nothing_left(processed_sample, tmp_path, limit):
    source = processed_sample[0] / "result.h5"
    assert source.stat().st_size > limit
    done = _write_under_limit("result", source, tmp_path / "out", limit)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{tmp_path / 'out'}: cannot write the outputs: File too large\n"
    assert _names(tmp_path) == []


def test_the_limit_of_this_process_is_as_it_was():
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
