"""A recording played back: what each step brings, when it is shown, and that the end is the batch result."""

from __future__ import annotations

import hashlib
import itertools
import math
import re
import shutil
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import dualsense.replay
from dualsense.chain.log import Log
from dualsense.chain.steps import ChainStep, Passage, Run, advance
from dualsense.cli import run
from dualsense.errors import ScanError
from dualsense.io import read_scan
from dualsense.recipe import Recipe
from dualsense.replay import replay_scan, scan_between, time_span
from dualsense.runtime.threads import GivenUpError, go_on


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
        return SimpleNamespace(emi_maps={})

    monkeypatch.setattr(dualsense.replay, "process_recording", process_scan)
    return given


@pytest.fixture
def taken(monkeypatch):
    """What was given to the live state, in place of taking it."""
    stretches = []

    class Sweep:
        @classmethod
        def of(cls, scan, recipe, *, start_s):
            return cls()

        def take(self, stretch):
            stretches.append(stretch)

        def sketch(self):
            return "sketch"

        def metal_trace(self):
            return np.empty(0), np.empty(0)

    monkeypatch.setattr(dualsense.replay, "Sweep", Sweep)
    return stretches


def streams(scan, stretch):
    return ((stretch.pose, scan.pose), (stretch.gpr, scan.gpr), (stretch.emi, scan.emi))


@pytest.mark.parametrize("time_s", (-0.05, 0.0, 0.5, 7.0, 25.0))
def test_a_moment_knows_nothing_of_the_future_and_all_of_the_past(scan, time_s):
    for part, whole in streams(scan, scan_between(scan, -math.inf, time_s)):
        n = int((whole.time_s <= time_s).sum())
        if part is None:
            assert n == 0
        else:
            assert np.array_equal(part.time_s, whole.time_s[:n])


def test_stretches_hold_every_sample_once(scan):
    start_s, end_s = time_span(scan)
    edges = [-math.inf, *np.arange(start_s, end_s, 1.7), end_s]
    stretches = [scan_between(scan, *pair) for pair in itertools.pairwise(edges)]
    for name in ("pose", "gpr", "emi"):
        parts = [part for part in (getattr(stretch, name) for stretch in stretches) if part is not None]
        assert np.array_equal(np.concatenate([p.time_s for p in parts]), getattr(scan, name).time_s)
    assert np.array_equal(np.concatenate([s.gpr.data for s in stretches if s.gpr]), scan.gpr.data)
    assert np.shares_memory(stretches[3].gpr.data, scan.gpr.data)


def test_every_step_is_shown_and_the_end_is_the_whole_scan(scan, processed, taken):
    frames = []
    clock, recipe = Clock(), Recipe()
    result = replay_scan(
        scan, recipe, speed=math.inf, step_s=5.0, on_frame=frames.append, clock=clock, sleep=clock.sleep
    )
    assert [frame.time_s for frame in frames] == pytest.approx([5.0, 10.0, 15.0, 20.0, 25.0, 25.533], abs=1e-3)
    assert [frame.known == "sketch" for frame in frames] == [True] * 5 + [False]
    assert clock.slept_s == []
    assert processed == [(scan, recipe)]
    assert result is frames[-1].known
    assert sum(stretch.gpr.time_s.size for stretch in taken) == int(
        (scan.gpr.time_s <= time_span(scan)[0] + 25.0).sum()
    )


@pytest.mark.parametrize(
    ("frame_s", "shown_s"),
    (
        (0.02, [1.0, 3.0, 7.0, 15.0]),  # twice as many steps at once each time, while there is room
        (0.1, [1.0 * k for k in range(1, 26)]),
        (0.7, [1.0 * k for k in range(1, 26)]),
    ),
)
def test_at_infinite_speed_steps_are_taken_together_where_frames_would_come_too_fast(
    scan, processed, taken, frame_s, shown_s
):
    clock, frames = Clock(), []

    def shown(frame):
        frames.append(frame)
        clock.now_s += frame_s

    result = replay_scan(
        scan, speed=math.inf, step_s=1.0, least_s=0.1, on_frame=shown, clock=clock, sleep=clock.sleep
    )
    assert [frame.time_s for frame in frames[:-1]] == pytest.approx(shown_s)
    assert frames[-1].known is result
    whole = int((scan.gpr.time_s <= time_span(scan)[0] + shown_s[-1]).sum())
    assert sum(stretch.gpr.time_s.size for stretch in taken if stretch.gpr is not None) == whole


def test_nothing_is_taken_along_for_nobody(scan, processed, taken):
    replay_scan(scan, speed=math.inf)
    assert taken == []
    assert len(processed) == 1


@pytest.mark.parametrize("speed", (0.5, 1.0, 8.0))
def test_real_time_is_kept(scan, processed, taken, speed):
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


def test_a_slow_machine_shows_fewer_frames_keeps_up_and_misses_nothing(scan, processed, taken):
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
    assert sum(stretch.emi.time_s.size for stretch in taken) == int(
        (scan.emi.time_s <= time_span(scan)[0] + moments[-2]).sum()
    )


def test_a_scan_that_cannot_be_processed_fails_at_the_end(scan, monkeypatch):
    def never(*_, **__):
        msg = "nothing in it"
        raise ScanError(msg)

    monkeypatch.setattr(dualsense.replay, "process_recording", never)
    with pytest.raises(ScanError, match="nothing in it"):
        replay_scan(scan, speed=math.inf, step_s=10.0)


@pytest.mark.usefixtures("two_threads")
def test_at_infinite_speed_the_end_is_worked_on_while_frames_are_shown(scan, taken, monkeypatch):
    shown, begun, seen = threading.Event(), threading.Event(), []

    def whole(*_):
        limited()
        begun.set()
        assert shown.wait(20.0)
        limited()
        go_on()
        msg = "it went on"
        raise ScanError(msg)

    def limited():
        # the number is the process's: the same bits whatever the cores
        assert {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"} == {1}

    def show(frame):
        seen.append(frame.time_s)
        assert begun.wait(20.0)
        shown.set()

    monkeypatch.setattr(dualsense.replay, "process_recording", whole)
    with pytest.raises(ScanError, match="it went on"), threadpool_limits(limits=2, user_api="blas"):
        replay_scan(scan, speed=math.inf, step_s=10.0, on_frame=show)
    assert seen


@pytest.mark.usefixtures("two_threads")
def test_who_goes_away_at_infinite_speed_waits_for_a_step_of_the_chain_only(scan, taken, monkeypatch):
    gone, ended = threading.Event(), []

    def step(state, _tables):
        assert gone.wait(20.0)
        time.sleep(0.2)  # the other thread is on its way
        return state, Log()

    def whole(*_):
        steps = [ChainStep(f"step {n}", step, (), "") for n in range(100)]
        try:
            advance(Passage("emi", object(), ""), steps, Recipe().emi, Run())
        except GivenUpError as error:
            ended.append(error)
            raise

    def show(_frame):
        gone.set()
        raise KeyboardInterrupt

    monkeypatch.setattr(dualsense.replay, "process_recording", whole)
    with pytest.raises(KeyboardInterrupt):
        replay_scan(scan, speed=math.inf, step_s=10.0, on_frame=show)
    assert len(ended) == 1


@pytest.mark.parametrize(
    "options",
    ({"speed": 0.0}, {"speed": math.nan}, {"step_s": 0.0}, {"step_s": math.inf}, {"least_s": -1.0}),
)
def test_impossible_paces_are_refused(scan, options):
    with pytest.raises(ValueError, match=r"must be (above 0|0 or above)"):
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
