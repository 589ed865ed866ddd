"""How fast the report is in a browser: size, first picture, one step of the depth slider, one turn of the volume.

``python -m benchmarks.page`` processes a simulated square metre in voxels of 5 mm and opens its report from the
disk in Chromium, as from a memory stick; ``--report FILE`` takes one that is there. ``--slower N`` slows the
processor of the browser down N times, as a tablet's. ``--pictures DIR`` saves what the documentation shows.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

SCENE = Path(__file__).parent / "budget_scan.toml"
SIZES = {"tablet": (1024, 768), "phone": (390, 844)}
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--enable-unsafe-swiftshader")
LIMITS = {"size MB": 5.0, "first picture ms": 1000.0, "slider ms": 16.0}
FIRST = """
new MutationObserver((_, watcher) => {
  const plan = document.getElementById("plan");
  if (!plan || !plan.dataset.drawn) { return; }
  watcher.disconnect();
  requestAnimationFrame(() => { setTimeout(() => { window.firstPicture = performance.now(); }); });
}).observe(document, { attributes: true, childList: true, subtree: true });
"""
STEPS = """async () => {
  const slider = document.getElementById("depth");
  const taken = [];
  for (let n = 0; n < 120; n += 1) {
    await new Promise((done) => { requestAnimationFrame(done); });
    slider.value = String(n % (Number(slider.max) + 1));
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
        page.goto(report.resolve().as_uri())
        page.wait_for_function("window.firstPicture > 0")
        first_ms = page.evaluate("window.firstPicture")
        steps_ms, turns_ms = page.evaluate(STEPS), page.evaluate(TURNS)
        browser.close()
    return {
        "size MB": report.stat().st_size / 1e6,
        "first picture ms": first_ms,
        "slider ms": statistics.median(steps_ms),
        "slider ms, 95 %": statistics.quantiles(steps_ms, n=20)[-1],
        "turn of the volume ms": statistics.median(turns_ms),
    }


def save_pictures(report: Path, folder: Path) -> None:
    """Save the page as it opens, in the sun, and the volume on a phone, as PNG files."""
    from playwright.sync_api import sync_playwright

    shown = {
        "report.png": ("tablet", "light", "depth"),
        "report-sun.png": ("tablet", "sun", "all"),
        "report-solid.png": ("phone", "dark", "solid"),
    }
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGUMENTS))
        for name, (size, theme, layer) in shown.items():
            width, height = SIZES[size]
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(report.resolve().as_uri())
            page.locator(f"label:has(input[name=theme][value={theme}])").click()
            page.locator(f"label:has(input[name=layer][value={layer}])").click()
            page.screenshot(path=folder / name)
            page.close()
        browser.close()


def main() -> int:
    """Print what was measured; the exit status is 1 where a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--report", type=Path)
    parser.add_argument("--slower", type=float, default=1.0)
    parser.add_argument("--pictures", type=Path, metavar="DIR")
    chosen = parser.parse_args()
    over = False
    with tempfile.TemporaryDirectory() as folder:
        report = chosen.report or made_report(Path(folder))
        if chosen.pictures:
            save_pictures(report, chosen.pictures)
            return 0
        for name, size in SIZES.items():
            print(f"{name}, {size[0]}×{size[1]}")
            for what, value in measured(report, size, chosen.slower).items():
                limit = LIMITS.get(what)
                exceeded = limit is not None and value > limit
                over |= exceeded
                said = "" if limit is None else f" of {limit:g}{'  OVER' if exceeded else ''}"
                print(f"  {what:24} {value:8.1f}{said}")
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
