"""A sweep played back as fast as it goes, as a terminal shows it: real time over the time that it takes.

The end is the batch result; its share is told by itself. Of several turns the middle one is told, as a machine's
speed may change by half from one to the next. Frames as PNG, one for each second of the recording, are
drawn beside the sweep in a second run. Beside the ratios by the clock stands what they are by processor seconds,
which hang less on what else the machine does: two cores that were never idle would go twice as fast; and the
processor seconds of the sweep itself with its pictures, beside which the whole scan is processed.
"""

from __future__ import annotations

import io
import math
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.budget import load, scan_file

from dualsense.cli._live import LiveView
from dualsense.io import read_scan
from dualsense.replay import replay_scan

if TYPE_CHECKING:
    from dualsense.replay import Frame
    from dualsense.scan import Scan

STEP_S, TURNS = 1.0, 5


class Terminal(io.StringIO):
    """Takes whole pictures, as a terminal does."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def run() -> dict[str, float]:
    """Ratios of the budget's square metre, and what its steps cost."""
    scan = read_scan(scan_file("tones", load()))
    _replayed(scan, LiveView(Terminal()))
    turns = sorted((_replayed(scan, LiveView(Terminal())) for _ in range(TURNS)), key=lambda turn: turn.whole_s)
    middle, steps_s = turns[TURNS // 2], turns[TURNS // 2].steps_s
    with tempfile.TemporaryDirectory() as folder:
        frames = LiveView(io.StringIO(), frames=Path(folder) / "frames")
        drawn_s = _replayed(scan, frames).whole_s
    half = len(steps_s) // 2
    return {
        "real_time_ratio": middle.duration_s / middle.whole_s,
        "real_time_ratio_least": middle.duration_s / turns[-1].whole_s,
        "real_time_ratio_by_processor": middle.duration_s / middle.processor_s,
        "real_time_ratio_with_frames": middle.duration_s / drawn_s,
        "sweep_processor_s": middle.sweep_s,
        "pictures": len(steps_s),
        "step_median_ms": 1e3 * sorted(steps_s)[half],
        "step_longest_ms": 1e3 * max(steps_s),
        "late_over_early_ratio": sum(steps_s[-half:]) / sum(steps_s[:half]),
        "whole_scan_at_the_end_s": middle.whole_s - sum(steps_s),
    }


class Turn(NamedTuple):
    """Seconds of each step with its picture, of all, and of the recording; and of the processor."""

    steps_s: list[float]
    whole_s: float
    duration_s: float
    processor_s: float
    sweep_s: float


def _replayed(scan: Scan, view: LiveView) -> Turn:
    processor_s, began, sweep_s = time.process_time(), time.perf_counter(), [time.thread_time()]
    ends: list[float] = []
    duration_s = math.nan

    def shown(frame: Frame) -> None:
        nonlocal duration_s
        view.show(frame)
        ends.append(time.perf_counter())
        sweep_s.append(time.thread_time())
        duration_s = frame.duration_s

    replay_scan(scan, speed=math.inf, step_s=STEP_S, least_s=view.least_s, on_frame=shown)
    steps_s = [end - start for start, end in zip([began, *ends], ends[:-1], strict=False)]
    # the last picture is the result's
    sweep = sweep_s[-2] - sweep_s[0]
    return Turn(steps_s, time.perf_counter() - began, duration_s, time.process_time() - processor_s, sweep)


if __name__ == "__main__":
    print(run())
