"""Runs the command line and notes of each step when it began and ended, its processor time and peak memory.

    python benchmarks/spans.py STEPS.json SPANS.json BEGAN_S process SCAN.h5 -o OUT

Imports nothing of the package before the command line does: functions are wrapped at the moment in which their
module has been imported, so that start-up is what a user has. `benchmarks.budget` starts it and reads the spans.
"""

from __future__ import annotations

import functools
import gc
import json
import sys
import threading
import time
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS_MODULE = "dualsense.chain.steps"
STATUS, MARK, TASKS = Path("/proc/self/status"), Path("/proc/self/clear_refs"), Path("/proc/self/task")
SENSORS = {"MetalState": "emi", "RadarState": "gpr"}


def memory_kb() -> int:
    """Most memory since this was last asked; the mark is set back. 0 where the kernel does not tell."""
    try:
        text = STATUS.read_text()
        MARK.write_text("5")
        return int(text.partition("VmHWM:")[2].split()[0])
    except (OSError, IndexError):
        return 0


def kernel_threads_s() -> float:
    """Processor time of the threads that are not Python's: those of the kernels."""
    python = {str(thread.native_id) for thread in threading.enumerate()}
    spent = 0
    try:
        for task in TASKS.iterdir():
            if task.name not in python:
                spent += int((task / "schedstat").read_text().split()[0])
    except OSError:  # a thread that has just ended
        pass
    return 1e-9 * spent


class Recorder:
    """Spans of all threads; a peak belongs to every span that is open when it happens."""

    def __init__(self) -> None:
        self.spans: list[dict[str, object]] = []
        self.peak_kb = 0
        self._open: list[dict[str, object]] = []
        self._lock = threading.Lock()

    def _turn(self) -> tuple[float, float, float, float]:
        peak = memory_kb()
        self.peak_kb = max(self.peak_kb, peak)
        for span in self._open:
            span["peak_kb"] = max(span["peak_kb"], peak)
        return time.perf_counter(), time.process_time(), time.thread_time(), kernel_threads_s()

    def begin(self, name: str) -> dict[str, object]:
        with self._lock:
            span: dict[str, object] = {"name": name, "peak_kb": 0, "at": self._turn()}
            self._open.append(span)
            return span

    def end(self, span: dict[str, object]) -> None:
        with self._lock:
            after = self._turn()
            before = span.pop("at")
            names = ("all_s", "own_s", "kernels_s")
            spent = {key: b - a for key, a, b in zip(names, before[1:], after[1:], strict=True)}
            self._open.remove(span)
            self.spans.append(span | spent | {"begin_s": before[0], "end_s": after[0]})

    def stop(self) -> None:
        """Take the last peak."""
        with self._lock:
            self._turn()

    def wrapped(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def noted(*args: Any, **options: Any) -> Any:
            span = self.begin(name)
            try:
                return function(*args, **options)
            finally:
                self.end(span)

        return noted


class Dresser:
    """Finder that wraps functions of modules right after their import."""

    def __init__(self, recorder: Recorder, steps: list[dict[str, str]]) -> None:
        self._recorder = recorder
        self._chain = {step["chain"]: step["name"] for step in steps if "chain" in step}
        self._functions: dict[str, dict[str, str]] = {}
        for step in steps:
            if "function" in step:
                module, name = step["function"].split(":")
                self._functions.setdefault(module, {})[name] = step["name"]
        self.missing = {step["name"] for step in steps if "function" in step or "chain" in step}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != STEPS_MODULE and name not in self._functions:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def load_and_dress(module: Any) -> None:
            load(module)
            self._dress(module)

        spec.loader.exec_module = load_and_dress
        return spec

    def _dress(self, module: Any) -> None:
        for name, step in self._functions.get(module.__name__, {}).items():
            if hasattr(module, name):
                setattr(module, name, self._recorder.wrapped(step, getattr(module, name)))
                self.missing.discard(step)
        if module.__name__ == STEPS_MODULE:
            self._dress_chain(module.ChainStep)

    def _dress_chain(self, kind: Any) -> None:
        """Have every step of a sensor's table take its stage through the recorder."""
        make = kind.__init__

        def made(step: Any, name: str, stage: Callable[..., Any], *rest: Any, **options: Any) -> None:
            def noted(state: Any, tables: Any) -> Any:
                known = self._chain.get(f"{SENSORS.get(type(state).__name__)}.{name}")
                if known is None:
                    return stage(state, tables)
                self.missing.discard(known)
                return self._recorder.wrapped(known, stage)(state, tables)

            make(step, name, noted, *rest, **options)

        kind.__init__ = made


def main() -> int:
    steps_file, spans_file, began, *arguments = sys.argv[1:]
    sys.path.pop(0)  # this folder: its modules are not the command line's
    steps = json.loads(Path(steps_file).read_text(encoding="utf-8"))
    recorder = Recorder()
    dresser = Dresser(recorder, steps)
    sys.meta_path.insert(0, dresser)
    from dualsense.cli import run

    status = run(arguments)
    recorder.stop()
    document = {
        "began_s": float(began),
        "spans": recorder.spans,
        "peak_kb": recorder.peak_kb,
        "processor_s": time.process_time(),
        "missing": sorted(dresser.missing),
    }
    Path(spans_file).write_text(json.dumps(document), encoding="utf-8")
    return status


if __name__ == "__main__":
    ended = main()
    gc.freeze()  # as the command itself does
    sys.exit(ended)
