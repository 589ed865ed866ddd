"""Pictures of today's pages for README and documents: report, viewer, training, batch, a line, and the demo's map.

``python -m benchmarks.pictures docs/images`` makes all of them anew: it processes scans of ``sample_data`` and
simulated ones, opens the pages in Chromium as a person does, and saves what the screen shows with 256 colours.
``--report FILE`` takes a report of a square metre that is there; ``--only NAME`` makes one of the pictures.
"""

from __future__ import annotations

import argparse
import io
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.page import ARGUMENTS, SIZES, made_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SAMPLES = Path(__file__).parents[1] / "sample_data"
SHOWN = ("clutter_only", "pma_laterite", "ts50_casing")
COLOURS = 240
CALLED = (
    "#e8440a",
    "#ff6a2b",
    "#ff2a00",
    "#c23600",
    "#a82c00",
    "#ffd400",
    "#ffe3d6",
    "#fff3b8",
    "#0030c0",
    "#0050d0",
)
"""Colours that mean something, and are so rare in a picture that fewer colours would leave them out."""
WHITE = 249
LANE_SEED = 5
WAIT_MS = 700
"""Letters and pictures that come later are there by then."""


def save(page: Any, path: Path) -> None:
    """Save what the screen shows."""
    page.wait_for_timeout(WAIT_MS)
    save_png(page.screenshot(), path)


def whiter(picture: Any) -> None:
    """Make paper white again, where fewer colours mixed it with what is nearly white."""
    known = picture.getpalette()
    shades = [known[n : n + 3] for n in range(0, len(known), 3)]
    picture.putpalette([part for shade in shades for part in ([255] * 3 if min(shade) >= WHITE else shade)])


def save_png(content: bytes, path: Path) -> None:
    """Save a picture in few colours."""
    from PIL import Image, ImageColor

    with Image.open(io.BytesIO(content)) as shot:
        whole = shot.convert("RGB")
    palette = Image.new("P", (1, 1))
    usual = (whole.quantize(COLOURS, dither=Image.Dither.NONE).getpalette() or [])[: 3 * COLOURS]
    palette.putpalette([*usual, *(part for colour in CALLED for part in ImageColor.getrgb(colour))])
    fewer = whole.quantize(palette=palette, dither=Image.Dither.NONE)
    whiter(fewer)
    fewer.save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")


@contextmanager
def served(verb: str, folder: Path, *options: str) -> Iterator[str]:
    """Address of a real server over a folder."""
    words = [sys.executable, "-u", "-m", "dualsense", verb, str(folder), "--port", "0", *options]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def samples(folder: Path) -> Path:
    """Results of some samples, and a scan that fails."""
    import dualsense as ds

    made = folder / "shown"
    made.mkdir()
    for name in SHOWN:
        shutil.copy(SAMPLES / f"{name}.h5", made)
        ds.write_outputs(ds.process_scan(ds.read_scan(made / f"{name}.h5")), made / "results" / name)
    (made / "half.h5").write_bytes((SAMPLES / "pmn_wet.h5").read_bytes()[:50_000])
    return made


def pictures_of_report(browser: Any, folder: Path, out: Path, report: Path | None) -> None:
    """The report as it opens, in the sun, and the volume on a phone."""
    shown = {
        "report": ("tablet", "light", "depth"),
        "report-sun": ("tablet", "sun", "all"),
        "report-solid": ("phone", "dark", "solid"),
    }
    report = report or made_report(folder)
    for name, (size, theme, layer) in shown.items():
        page = browser.new_page(viewport=dict(zip(("width", "height"), SIZES[size], strict=True)))
        page.goto(report.resolve().as_uri())
        page.locator(f"label:has(input[name=theme][value={theme}])").click()
        page.locator(f"label:has(input[name=layer][value={layer}])").click()
        save(page, out / f"{name}.png")
        page.close()


def picture_of_line(browser: Any, folder: Path, out: Path) -> None:
    """Traces of a simulated line over two mines and a piece of metal."""
    import dualsense as ds
    from dualsense.simulate import Buried, Motion, Scene, simulate_scan

    objects = (
        Buried(model="PMN", x_m=0.5, y_m=0.0, depth_m=0.06),
        Buried(model="cartridge", x_m=0.85, y_m=0.0, depth_m=0.03),
        Buried(model="PMN-2", x_m=1.25, y_m=0.0, depth_m=0.1),
    )
    motion = Motion(length_m=2.0, width_m=0.001, line_spacing_m=0.2)
    scan = simulate_scan(Scene(scan_id="line", objects=objects, motion=motion), seed=3)
    ds.write_outputs(ds.process_scan(scan), folder / "line")
    page = browser.new_page(viewport=dict(zip(("width", "height"), SIZES["tablet"], strict=True)))
    page.goto((folder / "line" / "report.html").as_uri())
    page.locator("label:has(input[name=layer][value=traces])").click()
    save(page, out / "report-line.png")
    page.close()


def pictures_of_viewer(browser: Any, folder: Path, out: Path) -> None:
    """The list, a decision that is recorded, and the same page in Khmer."""
    made = samples(folder)
    with served("view", made) as url:
        page = browser.new_page(viewport={"width": 1024, "height": 500})
        page.goto(url)
        page.get_by_text("truncated HDF5 file").wait_for()
        save(page, out / "viewer-list.png")
        page.set_viewport_size({"width": 1024, "height": 768})
        page.locator("a.card", has_text="ts50_casing").click()
        page.frame_locator("#page").locator("#plan[data-drawn]").wait_for()
        page.locator("#decide-button").click()
        page.locator("#decision .choice").first.click()
        page.locator("#operator").fill("Sok Dara")
        save(page, out / "viewer.png")
        page.locator("#close").click()
        page.frame_locator("#page").locator("#language").select_option("km")
        page.locator("html[lang=km]").wait_for()
        save(page, out / "viewer-khmer.png")
        page.close()


def pictures_of_demo(_browser: Any, _folder: Path, out: Path) -> None:
    """The map that `make demo` leaves, and the same in Arabic."""
    import dualsense as ds
    from dualsense.language import speaking

    result = ds.process_scan(ds.read_scan(SAMPLES / "ts50_casing.h5"))
    for code, name in (("en", "demo"), ("ar", "demo-arabic")):
        with speaking(code):
            save_png(ds.render.render_figures(result)["fused.png"], out / f"{name}.png")


def picture_of_training(browser: Any, folder: Path, out: Path) -> None:
    """A lane that was handed in with one mark: what was missed."""
    from dualsense.app import _lessons as lessons

    made = folder / "train"
    made.mkdir()
    lessons.do_lesson(lessons.Invent(str(made / "one.h5"), "medium", LANE_SEED))
    with served("train", made, "--level", "medium", "--lanes", "1") as url:
        page = browser.new_page(viewport={"width": 1024, "height": 768})
        page.goto(url)
        page.locator("#trainee").fill("Sok Dara")
        page.locator("a.card").first.click()
        page.locator("#mark:enabled").wait_for(timeout=300_000)
        page.locator("#mark").click()
        page.locator("#close").click()
        for _ in range(2):
            page.locator("#hand-in").click()
        page.locator("#result").wait_for()
        page.locator("#next").click()
        save(page, out / "training.png")
        page.close()


def picture_of_batch(browser: Any, folder: Path, out: Path) -> None:
    """The page over some samples and a scan that fails."""
    given, made = folder / "lanes", folder / "batch"
    given.mkdir()
    for name in ("clutter_only", "pmn_sand", "ts50_casing"):
        shutil.copy(SAMPLES / f"{name}.h5", given)
    (given / "lane-12.h5").write_bytes((SAMPLES / "pmn_wet.h5").read_bytes()[:40_000])
    words = [sys.executable, "-m", "dualsense", "batch", given.name, "-o", made.name, "--resume", "--quiet"]
    for _ in range(2):  # how long it took here is nobody's concern: the second time all is kept
        subprocess.run(words, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    page = browser.new_page(viewport={"width": 1024, "height": 768})
    page.goto((made / "index.html").as_uri())
    save(page, out / "batch.png")
    page.close()


def main() -> None:
    """Make the pictures."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--only", choices=("report", "demo", "line", "viewer", "training", "batch"))
    given = parser.parse_args()
    makers: dict[str, Callable[[Any, Path], None]] = {
        "report": lambda browser, folder: pictures_of_report(browser, folder, given.folder, given.report),
        "demo": lambda browser, folder: pictures_of_demo(browser, folder, given.folder),
        "line": lambda browser, folder: picture_of_line(browser, folder, given.folder),
        "viewer": lambda browser, folder: pictures_of_viewer(browser, folder, given.folder),
        "training": lambda browser, folder: picture_of_training(browser, folder, given.folder),
        "batch": lambda browser, folder: picture_of_batch(browser, folder, given.folder),
    }
    given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGUMENTS))
        for name, make in makers.items():
            if given.only in {None, name}:
                make(browser, Path(folder))
        browser.close()


if __name__ == "__main__":
    main()
