"""Scan files that another process is writing: what is new at each look, through kills, restarts and exchanges."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest

import dualsense.replay
from dualsense.errors import ScanError
from dualsense.io import Growing, read_scan, read_unfinished
from dualsense.io._growing import _arrived
from dualsense.replay import follow_scan
from dualsense.runtime.growth import is_written

OBEYS = """
import json, sys
from pathlib import Path
import h5py
sys.path.insert(0, sys.argv[1])
import recorder
file = None
for line in sys.stdin:
    word, *rest = json.loads(line)
    if word == "begin":
        source = h5py.File(rest[0], "r")
        recorder.begin(source, Path(rest[1]))
    if word == "resume":
        recorder.mend(Path(rest[1]))
    if word in ("begin", "resume"):
        source = h5py.File(rest[0], "r")
        file = h5py.File(rest[1], "r+", libver="latest")
        file.swmr_mode = True
    if word == "until":
        recorder.append(file, source, rest[0])
    if word == "end":
        file.close()
    print("done", flush=True)
"""


class Recorder:
    """The recorder of the examples in a process of its own, that does what it is told."""

    def __init__(self, folder):
        self._process = subprocess.Popen(
            [sys.executable, "-c", OBEYS, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __call__(self, *words):
        self._process.stdin.write(
            json.dumps([str(w) if not isinstance(w, (str, float)) else w for w in words]) + "\n"
        )
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()


@pytest.fixture
def recorders(project_root):
    made = []

    def make():
        made.append(Recorder(project_root / "examples"))
        return made[-1]

    yield make
    for one in made:
        one.kill()


@pytest.fixture(scope="module")
def source(sample_dir, tmp_path_factory):
    """Seconds of a sample, with dropouts of the track and of both sensors."""
    path = tmp_path_factory.mktemp("grown") / "source.h5"
    with h5py.File(sample_dir / "pmn_sand.h5", "r") as whole, h5py.File(path, "w") as file:
        file.attrs.update(whole.attrs)
        for key in ("pose", "gpr", "emi"):
            group, clock = file.create_group(key), whole[f"{key}/time"][()]
            group.attrs.update(whole[key].attrs)
            kept = (clock < 6.0) & ~((clock > 2.0) & (clock < 2.8) & (key == "pose"))
            for name, table in whole[key].items():
                rows = table[()][kept] if len(table) == len(clock) else table[()]
                group[name] = rows
                group[name].attrs.update(table.attrs)
            if key != "pose":
                group["data"][7:9] = np.nan
    return path


def joined(parts, stream, name):
    rows = [getattr(getattr(part, stream), name) for part in parts if getattr(part, stream) is not None]
    return np.concatenate(rows)


def test_what_comes_is_told_once_through_kills_and_restarts_and_is_the_whole(source, tmp_path, recorders):
    path, whole = tmp_path / "growing.h5", read_scan(source)
    growing, parts = Growing(path), []
    assert growing.look().writing == "absent"
    first = recorders()
    first("begin", source, path)
    assert growing.look().scan is None
    for until_s in (1.0, 2.5, 3.0):
        first("until", until_s)
        news = growing.look()
        assert (news.writing, news.anew) == ("going", until_s == 1.0)
        parts.append(news.scan)
        assert growing.look().scan is None
    first.kill()
    growing.close()
    assert is_written(path)
    with pytest.raises(ScanError, match=r"growing.h5: is still being written, or was never closed"):
        read_scan(path)
    rest = read_unfinished(path)
    assert rest.gpr.time_s[-1] <= 3.0 < whole.gpr.time_s[rest.gpr.time_s.size]
    assert np.array_equal(rest.gpr.data, whole.gpr.data[: rest.gpr.time_s.size], equal_nan=True)
    assert [one.code for one in rest.faults][-1] == "recording-unfinished"
    second = recorders()
    path.rename(tmp_path / "away.h5")
    assert growing.look().writing == "absent"
    (tmp_path / "away.h5").rename(path)
    second("resume", source, path)
    second("until", 99.0)
    parts.append(growing.look().scan)
    second("end")
    last = growing.look()
    assert (last.writing, last.scan, last.anew) == ("ended", None, False)
    for stream, name in (("pose", "position_m"), ("gpr", "data"), ("emi", "data"), ("gpr", "time_s")):
        expected = getattr(getattr(whole, stream), name)
        assert np.array_equal(joined(parts, stream, name), expected, equal_nan=True)
    closed = read_unfinished(path)
    assert np.array_equal(closed.emi.data, whole.emi.data, equal_nan=True)
    assert closed.faults == whole.faults
    growing.close()


def test_another_recording_in_the_files_place_begins_anew(source, tmp_path, sample_dir):
    path = tmp_path / "lane.h5"
    path.write_bytes(source.read_bytes())
    growing = Growing(path)
    assert growing.look().scan.gpr.data.shape == read_scan(source).gpr.data.shape
    other = tmp_path / "other.h5"
    other.write_bytes((sample_dir / "ts50_deep.h5").read_bytes())
    other.replace(path)
    news = growing.look()
    assert news.anew
    assert news.scan.gpr.time_s.size == read_scan(path, with_data=False).gpr.time_s.size
    path.write_bytes(b"no recording")
    broken = growing.look()
    assert broken.writing == "beginning"
    assert "lane.h5" in broken.why


@pytest.mark.parametrize(
    ("clock", "rows"),
    (([], 0), ([0.0, 1.0, 2.0], 3), ([1.0, 2.0, 0.0, 0.0], 2), ([1.0, np.nan, 2.0, np.nan], 3), ([np.nan], 0)),
)
def test_rows_that_were_made_room_for_only_have_not_arrived(clock, rows):
    assert _arrived(np.array(clock)) == rows


class Clock:
    """Passes when someone sleeps; what is to happen then happens."""

    def __init__(self, *events):
        self.now_s, self.events = 0.0, list(events)

    def __call__(self):
        return self.now_s

    def sleep(self, duration_s):
        self.now_s += duration_s
        if self.events and self.now_s >= self.events[0][0]:
            self.events.pop(0)[1]()


@pytest.fixture
def processed(monkeypatch):
    """What was given to the chain, in place of processing it."""
    given = []

    def process(recording, recipe):
        given.append(recording if not hasattr(recording, "whole") else recording.whole())
        return "result"

    monkeypatch.setattr(dualsense.replay, "process_recording", process)
    monkeypatch.setattr(dualsense.replay, "metal_trace", lambda _scan, _result: (np.empty(0), np.empty(0)))
    return given


def test_a_recording_is_followed_to_its_end_and_processed_as_it_is(source, tmp_path, recorders, processed):
    path, frames, one = tmp_path / "lane.h5", [], recorders()
    clock = Clock(
        (1.0, lambda: one("begin", source, path)),
        (2.0, lambda: one("until", 3.0)),
        (3.0, lambda: one("until", 5.0)),
        (10.0, lambda: one("until", 99.0)),
        (11.0, lambda: one("end")),
    )
    result = follow_scan(path, on_frame=frames.append, patience_s=20.0, clock=clock, sleep=clock.sleep)
    assert result == "result"
    assert clock.now_s == pytest.approx(13.0, abs=0.1)
    assert [round(frame.time_s) for frame in frames] == [3, 5, 6, 6]
    whole = read_scan(source)
    assert np.array_equal(processed[0].gpr.data, whole.gpr.data, equal_nan=True)
    assert np.array_equal(processed[0].emi.data, whole.emi.data, equal_nan=True)
    assert processed[0].faults == whole.faults
    covered = frames[-2].known.covered_m2
    assert covered["emi"] > 0.0
    assert frames[-1].known == "result"


def test_a_recorder_that_stops_is_waited_for_and_then_what_came_is_processed(
    source, tmp_path, recorders, processed
):
    path, one = tmp_path / "lane.h5", recorders()
    clock = Clock((1.0, lambda: one("begin", source, path)), (2.0, lambda: one("until", 3.0)), (3.0, one.kill))
    follow_scan(path, on_frame=None, patience_s=5.0, clock=clock, sleep=clock.sleep)
    assert clock.now_s == pytest.approx(7.0, abs=0.1)
    assert processed[0].gpr.time_s[-1] <= 3.0
    assert processed[0].faults[-1].code == "recording-unfinished"


def test_nothing_that_comes_and_what_goes_away_are_told(source, tmp_path, processed):
    path, clock = tmp_path / "lane.h5", Clock()
    with pytest.raises(ScanError, match=r"^lane.h5: no recording came within 5 s$"):
        follow_scan(path, patience_s=5.0, clock=clock, sleep=clock.sleep)
    path.write_bytes(source.read_bytes())
    clock = Clock((1.0, path.unlink))
    with pytest.raises(ScanError, match=r"^lane.h5: the recording went away and did not come back within 5 s$"):
        follow_scan(path, patience_s=5.0, clock=clock, sleep=clock.sleep)
    with pytest.raises(ValueError, match="patience_s must be above 0"):
        follow_scan(path, patience_s=0.0)
    assert not processed


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.h5")
    news = Growing(tmp_path / "pipe.h5").look()
    assert (news.writing, news.why) == ("beginning", "pipe.h5: is a device or a pipe, expected a file")
