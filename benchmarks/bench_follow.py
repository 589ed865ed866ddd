"""From sample to screen: a recording that another process writes at real time, followed in a terminal.

`python -m benchmarks.bench_follow` says how long after a sample was written it was in a picture, and the processor
time of each picture. Wall times want a machine that is quiet; processor times do not.
`--browser` follows it by `dualsense view` in headless Chromium, until the picture with a sample has been painted.
`python -m benchmarks.bench_follow --equal` says whether following files that grow ends with the images of the
recordings that were played into them, on the samples and on one with dropouts.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from benchmarks.bench_live import Terminal
from benchmarks.budget import load, scan_file

from dualsense.chain import process_recording
from dualsense.cli._live import LiveView
from dualsense.io import open_recording
from dualsense.replay import follow_scan

if TYPE_CHECKING:
    from dualsense.replay import Frame
    from dualsense.result import Result

ROOT = Path(__file__).resolve().parents[1]
RECORDER = ROOT / "examples" / "recorder.py"
STEP_S = 0.02
PAINTED = """window.painted = []; document.addEventListener("load", (event) => {
  const one = event.target;
  if (!(one instanceof HTMLImageElement) || !one.src.includes("/recordings/")) return;
  requestAnimationFrame(() => setTimeout(() => {
    const entry = performance.getEntriesByName(one.src).pop();
    const until = entry && entry.serverTiming.find((part) => part.name === "recorded");
    if (until) window.painted.push([until.duration, Date.now()]);
  }, 0));
}, true); performance.setResourceTimingBufferSize(100000);"""
"""Notes of each picture of a recording until when it reaches, and when it had been painted.

That a picture has come is told to the document, and never to the window."""
FIRST_S = 40.0
"""For the first picture to be painted: the viewer's worker has to start."""
PATIENCE_S = 600.0
"""For a recorder on a busy machine: what it has not written yet is not the end."""
SAMPLES = ("pmn_sand", "pmn_wet", "pma_laterite", "ts50_deep")


def latency(seconds: float) -> dict[str, float]:
    """Follow some seconds of the budget's square metre."""
    source = scan_file("tones", load())
    with h5py.File(source, "r") as file:
        due_s = np.asarray(file["gpr/time"])
    shown: list[tuple[float, float]] = []
    spent_s: list[float] = []
    view = LiveView(Terminal())
    start_s = float(due_s[0])

    def show(frame: Frame) -> None:
        began = time.process_time()
        view.show(frame)
        spent_s.append(time.process_time() - began)
        shown.append((frame.time_s, time.time()))

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "growing.h5"
        words = [sys.executable, RECORDER, source, path, "--speed", "1", "--stop-after", str(seconds), "--tell"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=_alone()) as recorder:
            processor_s = time.process_time()
            with contextlib.suppress(_EnoughError):
                follow_scan(path, step_s=STEP_S, patience_s=60.0, on_frame=_only_sketches(show, seconds))
            processor_s = time.process_time() - processor_s
            recorder.kill()
            told = np.array([line.split() for line in recorder.stdout or ()], dtype=np.float64)
    until_s, when_s = np.array(shown).T
    rows = (due_s > told[0, 0]) & (due_s <= min(told[-1, 0], until_s[-1] + start_s))
    written = told[np.searchsorted(told[:, 0], due_s[rows]), 1]
    on_screen = when_s[np.searchsorted(until_s + start_s, due_s[rows])]
    late_s = on_screen - written
    return {
        "pictures": len(shown),
        "sample_to_screen_median_ms": 1e3 * float(np.median(late_s)),
        "sample_to_screen_p95_ms": 1e3 * float(np.percentile(late_s, 95)),
        "processor_ms_per_picture": 1e3 * processor_s / max(len(shown), 1),
        "of_which_drawing_ms": 1e3 * float(np.mean(spent_s)),
        "load": os.getloadavg()[0],
    }


def in_browser(seconds: float) -> dict[str, float]:
    """Follow some seconds of the budget's square metre in a page of ``dualsense view``."""
    from playwright.sync_api import sync_playwright

    source = scan_file("tones", load())
    with h5py.File(source, "r") as file:
        due_s = np.asarray(file["gpr/time"])
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        path = Path(folder) / "growing.h5"
        until = str(seconds + FIRST_S)
        words = [sys.executable, RECORDER, source, path, "--speed", "1", "--stop-after", until, "--tell"]
        viewer = [sys.executable, "-m", "dualsense", "view", folder]
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_context().new_page()
        page.add_init_script(PAINTED)
        told_file = Path(folder).parent / f"{Path(folder).name}-told"
        with (
            told_file.open("w") as telling,
            subprocess.Popen(viewer, stdout=subprocess.PIPE, text=True, env=_alone()) as served,
            subprocess.Popen(words, stdout=telling, env=_alone()) as recorder,
        ):
            try:
                page.goto(next(word for word in served.stdout.readline().split() if word.startswith("http")))  # type: ignore[union-attr]
                shown = _painted(page, seconds)
            finally:
                recorder.kill()
                served.terminate()
        whole = told_file.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()
        told = np.array([line.split() for line in whole], dtype=np.float64)
        told_file.unlink()
        browser.close()
    until_s, when_s = 1e-3 * shown[:, 0], 1e-3 * shown[:, 1]
    half_way_s = until_s[0] + 1.0  # the first picture waits for the page
    rows = (due_s > max(told[0, 0], half_way_s)) & (due_s <= min(told[-1, 0], until_s[-1]))
    if not rows.any():
        msg = f"{len(shown)} pictures were painted, too few to tell: is the machine busy?"
        raise RuntimeError(msg)
    written = told[np.searchsorted(told[:, 0], due_s[rows]), 1]
    late_s = when_s[np.searchsorted(until_s, due_s[rows])] - written
    return {
        "pictures": len(shown),
        "sample_to_screen_median_ms": 1e3 * float(np.median(late_s)),
        "sample_to_screen_p95_ms": 1e3 * float(np.percentile(late_s, 95)),
        "load": os.getloadavg()[0],
    }


def _painted(page: Any, seconds: float) -> Any:
    """Give what was noted of pictures in some seconds from the first on, (n, 2) in ms."""
    end = time.monotonic() + FIRST_S
    while not page.evaluate("window.painted.length"):
        page.wait_for_timeout(100.0)
        if time.monotonic() > end:
            msg = f"no picture was painted within {FIRST_S:g} s"
            raise RuntimeError(msg)
    page.wait_for_timeout(1e3 * seconds)
    return np.array(page.evaluate("window.painted"))


class _EnoughError(Exception):
    pass


def _only_sketches(show: Any, seconds: float) -> Any:
    def shown(frame: Frame) -> None:
        show(frame)
        if frame.time_s >= seconds - 0.5:
            raise _EnoughError

    return shown


def _alone() -> dict[str, str]:
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1"}


def equality() -> dict[str, bool]:
    """Compare what following files ends with to what the recordings give."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: ROOT / "sample_data" / f"{name}.h5" for name in SAMPLES}
        paths["pmn_sand with dropouts"] = _with_dropouts(paths["pmn_sand"], Path(folder) / "dropouts.h5")
        for name, path in paths.items():
            growing = Path(folder) / f"{path.stem}-growing.h5"
            with subprocess.Popen([sys.executable, RECORDER, path, growing, "--speed", "20"], env=_alone()):
                followed = follow_scan(growing, step_s=1.0, patience_s=PATIENCE_S, on_frame=lambda _frame: None)
            with open_recording(path) as recording:
                whole = process_recording(recording)
            found[name] = digest(followed) == digest(whole)
            print(f"{name}: {'equal' if found[name] else 'NOT EQUAL'}", flush=True)
    return found


def _with_dropouts(path: Path, out: Path) -> Path:
    """Take from a recording the track for 0.3 and 0.8 s, and from both sensors some samples."""
    with h5py.File(path, "r") as source, h5py.File(out, "w") as file:
        for name, value in source.attrs.items():
            file.attrs[name] = value
        for key in source:
            source.copy(key, file)
        clock = file["pose/time"][()]
        lost = ((clock > 5.0) & (clock < 5.3)) | ((clock > 12.0) & (clock < 12.8))
        for name in [name for name in file["pose"] if file[f"pose/{name}"].shape[:1] == clock.shape]:
            table = file[f"pose/{name}"]
            kept, labels = table[()][~lost], dict(table.attrs)
            del file[f"pose/{name}"]
            file[f"pose/{name}"] = kept
            file[f"pose/{name}"].attrs.update(labels)
        for key, rows in (("gpr", slice(40, 60)), ("emi", slice(100, 180))):
            file[f"{key}/data"][rows] = np.nan
    return out


def digest(result: Result) -> str:
    """Hash all images and what is listed."""
    whole = hashlib.sha256()
    for _, image in sorted(result.emi_maps.items()):
        whole.update(np.ascontiguousarray(image.values).tobytes())
    if result.gpr_volume is not None:
        whole.update(np.ascontiguousarray(result.gpr_volume.values).tobytes())
    whole.update(
        repr([(one.x_m, one.y_m, one.depth_m, one.call, one.confidence) for one in result.targets]).encode()
    )
    return whole.hexdigest()


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--seconds", type=float, default=12.0)
    words.add_argument("--equal", action="store_true")
    words.add_argument("--browser", action="store_true")
    given = words.parse_args()
    print(equality() if given.equal else (in_browser if given.browser else latency)(given.seconds))
