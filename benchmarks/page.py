"""How fast the report is in a browser: size, first picture, one step of the depth slider, one turn of the volume.

``python -m benchmarks.page`` processes a simulated square metre in voxels of 5 mm and opens its report from the
disk in Chromium, as from a memory stick; ``--report FILE`` takes one that is there. ``--slower N`` slows the
processor of the browser down N times, as a tablet's. ``--against FILE`` measures another report in turns with the
first, so that both meet the same machine.

Limits are held against processor time of the page's main thread, taken from a trace ("cpu"): what else a machine
does changes it little. Times by the clock stand beside it for a machine that does nothing else.
``--permittivity`` measures what the viewer does when the operator sets another permittivity: processor time of the
server's worker, and of its main thread alone, which is what the clock tells where each thread has a core.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

SCENE = Path(__file__).parent / "budget_scan.toml"
SIZES = {"tablet": (1024, 768), "phone": (390, 844)}
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--enable-unsafe-swiftshader")
LIMITS = {
    "size MB": 5.0,
    "first picture cpu ms": 1000.0,
    "slider cpu ms, 95 %": 16.0,
    "permittivity, coarse, cpu ms": 1000.0,
    "permittivity, coarse, main thread ms": 500.0,
}
TRACED = ("devtools.timeline", "disabled-by-default-devtools.timeline", "blink.user_timing")
FIRST = """
new MutationObserver((_, watcher) => {
  const plan = document.getElementById("plan");
  if (!plan || !plan.dataset.drawn) { return; }
  watcher.disconnect();
  requestAnimationFrame(() => {
    setTimeout(() => { performance.mark("first"); window.firstPicture = performance.now(); });
  });
}).observe(document, { attributes: true, childList: true, subtree: true });
"""
STEPS = """async () => {
  const slider = document.getElementById("depth");
  const taken = [];
  for (let n = 0; n < 120; n += 1) {
    await new Promise((done) => { requestAnimationFrame(done); });
    slider.value = String(n % (Number(slider.max) + 1));
    performance.mark(`step ${n}`);
    const start = performance.now();
    slider.dispatchEvent(new Event("input"));
    taken.push(performance.now() - start);
  }
  return taken.slice(10);
}"""
TURNS = """async () => {
  document.querySelector("input[value=solid]").click();
  const plan = document.getElementById("plan");
  const taken = [];
  for (let n = 0; n < 30; n += 1) {
    await new Promise((done) => { requestAnimationFrame(done); });
    const start = performance.now();
    plan.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft" }));
    taken.push(performance.now() - start);
  }
  return taken.slice(5);
}"""


def made_report(folder: Path) -> Path:
    """Simulate and process the square metre of the budget, with the recipe as it is."""
    import dualsense as ds

    scan = ds.simulate_scan(ds.simulate.read_scene(SCENE), seed=1)
    ds.write_outputs(ds.process_scan(scan), folder / "out")
    return folder / "out" / "report.html"


def measured(report: Path, size: tuple[int, int], slower: float) -> dict[str, float]:
    """Open a report from the disk and use it.

    Parameters
    ----------
    report
        The page.
    size
        Of the screen, pixels.
    slower
        How many times the browser's processor is slowed down.

    Returns
    -------
    dict
        Name with unit to value: medians, and what 95 of 100 stay below.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        page.add_init_script(FIRST)
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
        browser.start_tracing(page=page, categories=list(TRACED))
        page.goto(report.resolve().as_uri())
        page.wait_for_function("window.firstPicture > 0")
        first_ms = page.evaluate("window.firstPicture")
        page.wait_for_timeout(500)  # letters of another script may come, and are no step
        steps_ms = page.evaluate(STEPS)
        first_cpu_ms, steps_cpu_ms = main_thread_ms(json.loads(browser.stop_tracing())["traceEvents"])
        turns_ms = page.evaluate(TURNS)
        browser.close()
    return {
        "size MB": report.stat().st_size / 1e6,
        "first picture cpu ms": first_cpu_ms,
        "first picture ms": first_ms,
        "slider cpu ms": statistics.median(steps_cpu_ms),
        "slider cpu ms, 95 %": statistics.quantiles(steps_cpu_ms, n=20)[-1],
        "slider ms": statistics.median(steps_ms),
        "slider ms, 95 %": statistics.quantiles(steps_ms, n=20)[-1],
        "turn of the volume ms": statistics.median(turns_ms),
    }


def main_thread_ms(events: list[dict]) -> tuple[float, list[float]]:
    """Processor time of the page's main thread until the first picture, and for each step of the slider, ms.

    A step is all that the thread does from one mark to the next: its own script, and layout and painting after it.
    A task stands in a trace under more names than one, each within the other: one of them is counted.
    """
    marks = {e["name"]: e for e in events if e["name"] == "first" or e["name"].startswith("step ")}
    thread = marks["first"]["pid"], marks["first"]["tid"]
    tasks = [
        (e["ts"] + e["dur"], e["tdur"])
        for e in events
        if e["name"] == "RunTask" and (e["pid"], e["tid"]) == thread and "tdur" in e
    ]
    first = sum(cpu for end, cpu in tasks if end <= marks["first"]["ts"])
    times = [marks[name]["ts"] for name in sorted(marks, key=lambda name: marks[name]["ts"]) if name != "first"]
    steps = [sum(cpu for end, cpu in tasks if start < end <= stop) / 1e3 for start, stop in pairwise(times[10:])]
    return first / 1e3, steps


def in_turns(reports: list[Path], size: tuple[int, int], slower: float, rounds: int = 5) -> list[dict[str, float]]:
    """Medians of several rounds, in each of which every report is measured once."""
    found: list[list[dict[str, float]]] = [[] for _ in reports]
    for _ in range(rounds):
        for report, runs in zip(reports, found, strict=True):
            runs.append(measured(report, size, slower))
    return [{name: statistics.median(run[name] for run in runs) for name in runs[0]} for runs in found]


def permittivity() -> dict[str, float]:
    """Processor time of a worker of the viewer for another permittivity, once its steps are kept, ms.

    The main thread does its share of what is done in parallel, and all else.
    """
    import dualsense as ds
    from dualsense.app._imaging import Imaging, image_one

    with tempfile.TemporaryDirectory() as folder:
        out, path = Path(folder) / "out", Path(folder) / "scan.h5"
        ds.write_scan(ds.simulate_scan(ds.simulate.read_scene(SCENE), seed=1), path)
        scan = ds.read_scan(path)
        ds.write_outputs(ds.process_scan(scan), out)
        taken: dict[str, list[tuple[float, float]]] = {"coarse": [], "sharp": []}
        for value in (5.0, 6.0, 7.0, 8.0):
            for name, times in taken.items():
                task = Imaging(str(out), str(path), scan.sha256, value, None, None, name == "coarse")
                start = time.process_time(), time.thread_time()
                image = image_one(task)
                json.dumps(image)
                times.append((1e3 * (time.process_time() - start[0]), 1e3 * (time.thread_time() - start[1])))
                if "problem" in image:
                    raise SystemExit(image["problem"])
    return {
        f"permittivity, {name}, {what}": statistics.median(each[column] for each in times[1:])
        for name, times in taken.items()
        for column, what in enumerate(("cpu ms", "main thread ms"))
    }


def is_over(found: dict[str, float]) -> bool:
    """Print what was measured, and tell whether a limit is exceeded."""
    over = False
    for what, value in found.items():
        limit = LIMITS.get(what)
        exceeded = limit is not None and value > limit
        over |= exceeded
        said = "" if limit is None else f" of {limit:g}{'  OVER' if exceeded else ''}"
        print(f"  {what:38} {value:8.1f}{said}")
    return over


def main() -> int:
    """Print what was measured; the exit status is 1 where a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--report", type=Path)
    parser.add_argument("--against", type=Path, metavar="REPORT", help="another one, measured in turns with it")
    parser.add_argument("--slower", type=float, default=1.0)
    parser.add_argument("--permittivity", action="store_true", help="measure the viewer's worker instead")
    chosen = parser.parse_args()
    if chosen.permittivity:
        return int(is_over(permittivity()))
    over = False
    with tempfile.TemporaryDirectory() as folder:
        report = chosen.report or made_report(Path(folder))
        for name, size in SIZES.items():
            reports = [report, *([chosen.against] if chosen.against else [])]
            for one, found in zip(reports, in_turns(reports, size, chosen.slower), strict=True):
                print(f"{name}, {size[0]}×{size[1]}{f', {one}' if chosen.against else ''}")
                over |= is_over(found)
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
