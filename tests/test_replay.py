"""A recording played back: what each moment may know, when it is shown, and that the end is the batch result."""

from __future__ import annotations

import hashlib
import math
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import dualsense.replay
from dualsense.cli import run
from dualsense.errors import ScanError
from dualsense.io import read_scan
from dualsense.replay import replay_scan, scan_until, time_span


class Clock:
    """Time that passes only when someone sleeps or works."""

    def __init__(self):
        self.now_s = 1000.0
        self.slept_s = []

    def __call__(self):
        return self.now_s

    def sleep(self, duration_s):
        assert duration_s > 0.0
        self.slept_s.append(duration_s)
        self.now_s += duration_s


@pytest.fixture(scope="module")
def scan(sample_dir):
    return read_scan(sample_dir / "pmn_sand.h5")


@pytest.fixture
def processed(monkeypatch):
    """What was given to the pipeline, in place of processing it."""
    given = []

    def process_scan(scan, recipe=None, *, progress=None):
        given.append((scan, recipe))
        return SimpleNamespace(number=len(given), emi_maps={})

    monkeypatch.setattr(dualsense.replay, "process_scan", process_scan)
    return given


@pytest.mark.parametrize("time_s", (-0.05, 0.0, 0.5, 7.0, 25.0))
def test_a_moment_knows_nothing_of_the_future_and_all_of_the_past(scan, time_s):
    partial = scan_until(scan, time_s)
    for before, after in ((partial.pose, scan.pose), (partial.gpr, scan.gpr), (partial.emi, scan.emi)):
        n = int((after.time_s <= time_s).sum())
        if before is None:
            assert n == 0
            continue
        assert before.time_s.size == n
        assert np.array_equal(before.time_s, after.time_s[:n])
    for before, after in ((partial.gpr, scan.gpr), (partial.emi, scan.emi)):
        if before is not None:
            assert np.array_equal(before.data, after.data[: before.time_s.size])
            assert before.channel.size == before.time_s.size
    assert np.array_equal(partial.pose.position_m, scan.pose.position_m[: partial.pose.time_s.size])
    assert partial.truth is None
    assert partial.sha256 == ""


def test_the_whole_is_not_cut(scan):
    start_s, end_s = time_span(scan)
    partial = scan_until(scan, end_s)
    assert (partial.pose.time_s.size, partial.gpr.time_s.size, partial.emi.time_s.size) == (
        scan.pose.time_s.size,
        scan.gpr.time_s.size,
        scan.emi.time_s.size,
    )
    assert start_s == min(scan.pose.time_s[0], scan.gpr.time_s[0], scan.emi.time_s[0])


def test_every_step_is_shown_and_the_end_is_the_whole_scan(scan, processed):
    frames = []
    clock = Clock()
    result = replay_scan(
        scan, "recipe", speed=math.inf, step_s=5.0, on_frame=frames.append, clock=clock, sleep=clock.sleep
    )
    assert [frame.time_s for frame in frames] == pytest.approx([5.0, 10.0, 15.0, 20.0, 25.0, 25.533], abs=1e-3)
    assert [frame.provisional for frame in frames] == [True] * 5 + [False]
    assert clock.slept_s == []
    assert processed[-1][0] is scan
    assert {recipe for _, recipe in processed} == {"recipe"}
    assert result is frames[-1].result
    assert result.number == 6
    assert [len(partial.gpr.time_s) for partial, _ in processed] == sorted(
        len(partial.gpr.time_s) for partial, _ in processed
    )


@pytest.mark.parametrize("speed", (0.5, 1.0, 8.0))
def test_real_time_is_kept(scan, processed, speed):
    clock = Clock()
    shown = []
    replay_scan(
        scan,
        speed=speed,
        step_s=5.0,
        on_frame=lambda frame: shown.append((clock.now_s - 1000.0, frame.time_s)),
        clock=clock,
        sleep=clock.sleep,
    )
    assert [at_s for at_s, _ in shown] == pytest.approx([time_s / speed for _, time_s in shown])


def test_a_slow_machine_shows_fewer_frames_and_keeps_up(scan, processed):
    clock = Clock()
    shown = []

    def slow(frame):
        shown.append((clock.now_s - 1000.0, frame.time_s))
        clock.now_s += 7.0

    replay_scan(scan, speed=1.0, step_s=1.0, on_frame=slow, clock=clock, sleep=clock.sleep)
    moments = [time_s for _, time_s in shown]
    assert len(moments) < 8
    assert moments[-1] == pytest.approx(25.533, abs=1e-3)
    assert all(0.0 <= at_s - time_s < 8.0 for at_s, time_s in shown)


def test_too_little_to_process_is_told_and_not_the_end(scan, processed, monkeypatch):
    good = dualsense.replay.process_scan

    def picky(partial, recipe=None):
        if partial.gpr is None or partial.gpr.time_s.size < 100:
            msg = "only a moment yet"
            raise ScanError(msg)
        return good(partial, recipe)

    monkeypatch.setattr(dualsense.replay, "process_scan", picky)
    frames = []
    replay_scan(scan, speed=math.inf, step_s=5.0, on_frame=frames.append)
    assert frames[0].result is None
    assert frames[0].reason == "only a moment yet"
    assert frames[-1].result is not None


def test_a_scan_that_cannot_be_processed_fails_at_the_end(scan, monkeypatch):
    def never(*_):
        msg = "nothing in it"
        raise ScanError(msg)

    monkeypatch.setattr(dualsense.replay, "process_scan", never)
    with pytest.raises(ScanError, match="nothing in it"):
        replay_scan(scan, speed=math.inf, step_s=10.0)


@pytest.mark.parametrize("options", ({"speed": 0.0}, {"speed": math.nan}, {"step_s": 0.0}, {"step_s": math.inf}))
def test_impossible_paces_are_refused(scan, options):
    with pytest.raises(ValueError, match="must be above 0"):
        replay_scan(scan, **options)


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.mark.slow
def test_the_end_is_the_batch_result_byte_for_byte(sample_dir, processed_sample, tmp_path, capsys):
    words = [
        "replay",
        str(sample_dir / "pmn_sand.h5"),
        "--speed",
        "max",
        "--step",
        "10",
        "-o",
        str(tmp_path / "live"),
    ]
    assert run([*words, "--frames", str(tmp_path / "frames")]) == 0
    assert digests(tmp_path / "live") == digests(processed_sample[0])
    assert len(digests(tmp_path / "live")) == 10
    said = capsys.readouterr().out
    assert len(re.findall(r"^ +\d+\.\d s .*provisional", said, flags=re.MULTILINE)) >= 2
    assert re.search(r"^ +25\.5 s .*whole scan: T\d+:", said, flags=re.MULTILINE)
    frames = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert frames == [f"frame_{n:04d}.png" for n in range(1, 4)]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (tmp_path / "frames").iterdir())
    shutil.rmtree(tmp_path / "live")
    assert run([*words, "--frames", str(tmp_path / "frames")]) == 2
    assert "holds 3 frames already" in capsys.readouterr().err
    assert not (tmp_path / "live").exists()


def test_replaying_leaves_no_outputs_unless_asked(sample_dir, tmp_path, monkeypatch):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "dualsense",
            "replay",
            sample_dir / "pmn_sand.h5",
            "--speed",
            "max",
            "--step",
            "30",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
    assert "\x1b" not in done.stdout  # no terminal, no control sequences
