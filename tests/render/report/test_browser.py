"""The report in a browser: fits, fetches nothing, complains of nothing, and every control does what it says."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import shutil
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from dualsense.render._report.report import report_html
from oracles.pictures import gained

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--enable-unsafe-swiftshader"]
TABLET, PHONE = (1024, 768), (390, 844)
SIZES = pytest.mark.parametrize("size", (TABLET, PHONE), ids=("tablet", "phone"))


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(make_result, pictures, tmp_path_factory):
    """Path of the report of a variant, or of a result, made once."""
    folder = tmp_path_factory.mktemp("report")
    drawn = pictures(make_result("full"))

    def make(variant="full", result=None):
        path = folder / f"{variant}.html"
        if not path.exists():
            path.write_text(report_html(result or make_result(variant), drawn), encoding="utf-8")
        return path

    return make


class Visit:
    """A page with all it asked for and complained of."""

    def __init__(self, browser, path: Path, size=TABLET, *, before="", **options):
        width, height = size
        self.context = browser.new_context(viewport={"width": width, "height": height}, has_touch=True, **options)
        self.page = self.context.new_page()
        if before:
            self.page.add_init_script(before)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.url = path.as_uri()
        self.page.goto(self.url)

    def _hear(self, message):
        # A driver without a graphics card says that it is slow, and so does reading pixels, which only tests do.
        if "GL Driver Message" not in message.text and "readback" not in message.text:
            self.complaints.append(message.text)

    def drawn(self, view="plan"):
        return json.loads(self.page.locator(f"#{view}").get_attribute("data-drawn"))

    def at(self, view="plan"):
        """Cross-hair as the views say it, for a screen reader: x, y, depth."""
        words = self.page.locator(f"#{view}").get_attribute("aria-label")
        x, y = (float(re.search(rf"(-?\d+) cm {way}", words)[1]) for way in ("ahead", "to the left"))
        depth = re.search(r"([\d.]+) cm deep", words)
        return x, y, None if depth is None else float(depth[1])

    def tap(self, view, x, y):
        box = self.page.locator(f"#{view}").bounding_box()
        self.page.touchscreen.tap(box["x"] + x, box["y"] + y)

    def tap_ground(self, x_cm, y_cm):
        box = self.drawn()["box"]
        left, low = self.ground()
        self.tap("plan", box["left"] + (x_cm - left) * box["scale"], box["bottom"] - (y_cm - low) * box["scale"])

    def ground(self):
        data = json.loads(self.page.locator("#page-data").text_content())
        return data["seen"]["ground"]["left"], data["seen"]["ground"]["bottom"]

    def pixels(self, view, places):
        """Colours of a view at places of its own, (n, 4)."""
        script = """([view, places]) => {
          const canvas = document.getElementById(view);
          const ratio = window.devicePixelRatio || 1;
          const pen = canvas.getContext("2d");
          const at = (value) => Math.floor(ratio * value);
          return places.map(([x, y]) => [...pen.getImageData(at(x), at(y), 1, 1).data]);
        }"""
        return self.page.evaluate(script, [view, places])

    def print(self, view="plan"):
        return self.page.evaluate("(view) => document.getElementById(view).toDataURL()", view)

    def choose(self, name, value):
        self.page.locator(f"label:has(input[name={name}][value={value}])").tap()

    def open_display(self):
        if self.page.locator("#display").is_hidden():
            self.page.locator("#display-button").tap()

    def finish(self):
        asked = [url for url in self.requests if not url.startswith("data:")]
        self.context.close()
        assert asked == [self.url]
        assert self.complaints == []


@pytest.mark.parametrize("variant", ("full", "no_radar", "emi_failed", "no_targets", "nothing_covered", "wgs84"))
def test_page_fits_fetches_nothing_and_is_quiet(browser, report, variant):
    visit = Visit(browser, report(variant))
    page = visit.page
    for width, height in (TABLET, PHONE, (1280, 900)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    visit.finish()


def test_one_screen_of_a_tablet_holds_map_sections_slider_and_list(browser, report):
    visit = Visit(browser, report())
    for selector in ("h1", ".advice", "#plan", "#along", "#across", "#depth", "#deeper", "#targets", "#readout"):
        box = visit.page.locator(selector).bounding_box()
        assert box["y"] >= 0.0, selector
        assert box["y"] + box["height"] <= TABLET[1], selector
    assert visit.drawn()["box"]["width"] > 380
    visit.finish()


def test_on_a_phone_map_and_slider_are_on_the_screen_together(browser, report):
    visit = Visit(browser, report(), PHONE)
    visit.page.locator("#plan").evaluate("(view) => view.scrollIntoView({ block: 'start' })")
    for selector in ("#plan", "#depth", "#shallower"):
        box = visit.page.locator(selector).bounding_box()
        assert -1.0 <= box["y"] <= PHONE[1] - box["height"] + 1.0, selector
    visit.finish()


@SIZES
def test_opens_at_the_first_target_and_its_depth(browser, report, size):
    visit = Visit(browser, report(), size)
    for view in ("plan", "along", "across"):
        x, y, depth = visit.at(view)
        assert (x, y) == (11.0, 15.0)
        assert depth == pytest.approx(4.5, abs=0.3)
    assert visit.page.locator(".row.chosen .name").inner_text().startswith("T1")
    visit.finish()


@SIZES
def test_a_tap_on_a_target_brings_every_view_there(browser, report, size):
    visit = Visit(browser, report(), size)
    visit.tap_ground(28.0, 9.0)
    for view in ("plan", "along", "across"):
        assert visit.at(view)[:2] == (28.0, 9.0)
        assert visit.at(view)[2] == pytest.approx(10.0, abs=0.3)
    assert "target T2" in visit.page.locator("#plan").get_attribute("aria-label")
    assert visit.page.locator(".row.chosen .name").inner_text().startswith("T2")
    row = visit.page.locator("#targets .row").nth(3)
    row.locator("button").tap()
    assert visit.at()[:2] == (21.0, 24.0)
    assert row.locator(".more").is_visible()
    assert row.locator("button").get_attribute("aria-expanded") == "true"
    row.locator("button").tap()
    assert row.locator(".more").is_hidden()
    visit.finish()


def test_a_tap_on_a_place_goes_there_with_the_depth_of_its_strongest_echo(browser, report, full_result):
    visit = Visit(browser, report(), PHONE)
    visit.tap_ground(5.2, 6.3)
    volume = full_result.gpr_volume
    column = gained(full_result)[:, round((6.3 + 1.25) / 0.5), round((5.2 + 0.75) / 0.5)]
    assert visit.at()[:2] == (5.0, 6.0)
    echo = np.rint(62.0 * np.sqrt(column / max(gained(full_result)[np.isfinite(gained(full_result))].max(), 1.0)))
    strongest = 100.0 * volume.depth_m[np.flatnonzero(echo == echo.max())]
    assert np.abs(strongest - visit.at()[2]).min() < 0.3
    assert visit.page.locator(".row.chosen").count() == 0
    visit.finish()


def test_a_tap_in_a_section_sets_place_and_depth(browser, report):
    visit = Visit(browser, report(), TABLET)
    visit.page.locator("#along").scroll_into_view_if_needed()
    box = visit.drawn("along")["box"]
    visit.tap("along", box["left"] + (5.0 - box["low"]) * box["scale"], box["top"] + 20.0 * box["scale"])
    x, y, depth = visit.at()
    assert (x, y) == (5.0, 15.0)
    assert depth == pytest.approx(20.0, abs=0.6)
    visit.finish()


def test_slider_and_buttons_step_through_the_ground(browser, report, full_result):
    visit = Visit(browser, report(), PHONE)
    page = visit.page
    depth_cm = 100.0 * full_result.gpr_volume.depth_m + 1e-9
    start = int(page.locator("#depth").input_value())
    assert depth_cm[start] == pytest.approx(4.5, abs=0.3)
    before = visit.print()
    page.locator("#depth").focus()
    page.keyboard.press("ArrowRight")
    assert int(page.locator("#depth").input_value()) == start + 1
    assert visit.print() != before
    page.locator("#shallower").tap()
    assert visit.print() == before
    assert page.locator("#depth").get_attribute("aria-valuetext") == f"{depth_cm[start]:.1f} cm deep"
    for _ in range(60):
        page.locator("#deeper").evaluate("(button) => button.click()")
    assert page.locator("#depth").input_value() == "49"
    assert page.locator("#deeper").is_disabled()
    visit.finish()


def test_the_keyboard_alone_does_it_all(browser, report):
    visit = Visit(browser, report())
    page = visit.page
    page.locator("#plan").focus()
    x, y, depth = visit.at()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    assert visit.at()[:2] == (x + 1, y + 1)
    page.keyboard.press("Shift+ArrowLeft")
    assert visit.at()[0] == x - 4
    page.keyboard.press("PageDown")
    assert visit.at()[2] > depth
    page.keyboard.press("n")
    assert visit.at()[:2] == (11.0, 15.0)
    page.keyboard.press("n")
    page.keyboard.press("n")
    page.keyboard.press("p")
    assert "target T2" in page.locator("#plan").get_attribute("aria-label")
    page.locator("#along").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert visit.at()[0] == 29.0
    # Tab reaches every control, in the order of the page.
    reached = []
    page.locator("body").evaluate("(body) => body.ownerDocument.activeElement.blur()")
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.name || ''"))
    for name in ("theme", "layer", "display-button", "plan", "depth", "shallower", "deeper", "along", "across"):
        assert name in reached, name
    page.locator("#display-button").focus()
    page.keyboard.press("Enter")
    assert page.locator("#display").is_visible()
    visit.finish()


def test_values_stand_under_the_finger(browser, report, full_result):
    visit = Visit(browser, report())
    box = visit.drawn()["box"]
    left, low = visit.ground()
    place = visit.page.locator("#plan").bounding_box()
    visit.page.mouse.move(
        place["x"] + box["left"] + (21.25 - left) * box["scale"],
        place["y"] + box["bottom"] - (24.25 - low) * box["scale"],
    )
    words = visit.page.locator("#readout").inner_text()
    assert words.startswith("x 21 cm, y 24 cm")
    metal = full_result.emi_maps["metal_response"]
    told = re.search(r"metal ([\d.]+) × 10⁻⁸ m³", words)
    assert float(told[1]) == pytest.approx(metal.values[51, 44] * 1e8, rel=0.05)
    visit.page.mouse.move(
        place["x"] + box["left"] + (33.0 - left) * box["scale"],
        place["y"] + box["bottom"] - (21.5 - low) * box["scale"],
    )
    assert "radar not measured" in visit.page.locator("#readout").inner_text()
    visit.finish()


def test_layers_colours_and_marks_can_be_changed(browser, report):
    visit = Visit(browser, report(), TABLET)
    page = visit.page
    seen = [visit.print()]
    for layer in ("all", "metal", "depth"):
        visit.choose("layer", layer)
        seen.append(visit.print())
    assert seen[-1] == seen[0]
    visit.open_display()
    for box in ("#track", "#show-targets", "#auto"):
        page.locator(f"label:has({box})").tap()
        seen.append(visit.print())
    assert page.locator("#limit").is_disabled()
    assert page.locator("#limit").get_attribute("aria-valuetext") == "fitted to what is shown"
    page.locator("label:has(#auto)").tap()
    page.locator("#limit").focus()
    page.keyboard.press("ArrowLeft")
    seen.append(visit.print())
    assert page.locator("#limit").get_attribute("aria-valuetext").endswith("× the strongest echo")
    for share in ("90 %", "80 %"):
        page.locator("#metal").focus()
        page.keyboard.press("ArrowLeft")
        assert page.locator("#metal").get_attribute("aria-valuetext") == share
        seen.append(visit.print())
    assert len(set(seen)) == len(seen) - 1
    visit.finish()


def test_colours_fitted_to_what_is_shown_bring_out_a_weak_depth(browser, report):
    visit = Visit(browser, report())
    visit.open_display()
    visit.page.locator("label:has(#show-targets)").tap()
    visit.page.locator("#depth").evaluate("(e) => { e.value = 45; e.dispatchEvent(new Event('input')); }")
    box = visit.drawn()["box"]
    grid = [
        [box["left"] + box["width"] * (0.1 + 0.05 * n), box["top"] + box["height"] * (0.2 + 0.1 * m)]
        for n in range(12)
        for m in range(6)
    ]
    dim = np.array(visit.pixels("plan", grid))[:, :3].astype(float).mean()
    visit.page.locator("label:has(#auto)").tap()
    bright = np.array(visit.pixels("plan", grid))[:, :3].astype(float).mean()
    assert bright > dim + 8.0
    visit.finish()


def test_targets_are_strong_at_their_own_depth_and_faint_elsewhere(browser, report):
    visit = Visit(browser, report())
    # T1 at 4.5 ± 1.1 cm, T2 at 10 ± 2 cm, T4 of unknown depth, T3 at 2 ± 3 cm.
    assert visit.drawn()["strengths"] == [1, 0.45, 1, 1]
    visit.tap_ground(28.0, 9.0)
    assert visit.drawn()["strengths"] == [0.45, 1, 1, 0.45]
    visit.choose("layer", "metal")
    assert visit.drawn()["strengths"] == [1, 1, 1, 1]
    visit.finish()


def _overlap(one, other):
    return (
        one["left"] < other["right"]
        and other["left"] < one["right"]
        and one["top"] < other["bottom"]
        and other["top"] < one["bottom"]
    )


@SIZES
def test_no_label_lies_on_a_symbol_or_on_another_label(browser, report, full_result, size):
    rng = np.random.default_rng(5)
    crowd = tuple(
        dataclasses.replace(full_result.targets[n % 4], id=f"T{n + 1}", x_m=float(x), y_m=float(y))
        for n, (x, y) in enumerate(rng.uniform((0.0, 0.0), (0.36, 0.28), (14, 2)))
    )
    visit = Visit(browser, report("crowd", dataclasses.replace(full_result, targets=crowd)), size)
    for layer in ("depth", "metal", "solid"):
        visit.choose("layer", layer)
        drawn = visit.drawn()
        assert len(drawn["symbols"]) == 14
        assert len(drawn["labels"]) >= 8
        for index, label in enumerate(drawn["labels"]):
            assert not any(_overlap(label, symbol) for symbol in drawn["symbols"])
            assert not any(_overlap(label, other) for other in drawn["labels"][index + 1 :])
    visit.finish()


def _grey(pixels):
    return [max(p[:3]) - min(p[:3]) < 14 and 90 < p[0] < 225 for p in pixels]


def test_uncovered_ground_is_hatched_in_map_and_sections(browser, report):
    visit = Visit(browser, report())
    visit.open_display()
    visit.page.locator("label:has(#show-targets)").tap()
    visit.page.locator("#metal").evaluate("(e) => { e.value = 0; e.dispatchEvent(new Event('input')); }")
    box = visit.drawn()["box"]
    left, low = visit.ground()

    def place(x, y):
        return [box["left"] + (x - left) * box["scale"], box["bottom"] - (y - low) * box["scale"]]

    body, hole, edge = visit.pixels("plan", [place(11.2, 12.0), place(31.0, 20.0), place(20.2, -1.2)])
    assert body[1] > body[0]
    assert _grey([hole, edge]) == [True, True]
    # The cut along y = 21 cm runs through the hole from x = 29 to 36 cm.
    visit.tap_ground(5.0, 21.0)
    cut = visit.drawn("along")["box"]
    row = [
        [cut["left"] + (x - cut["low"]) * cut["scale"], cut["top"] + depth * cut["scale"]]
        for x in (30.0, 32.0, 34.0)
        for depth in (8.0, 17.0)
    ]
    assert all(_grey(visit.pixels("along", row)))
    seen = [[cut["left"] + (x - cut["low"]) * cut["scale"], cut["top"] + 17 * cut["scale"]] for x in (10.0, 20.0)]
    assert not any(_grey(visit.pixels("along", seen)))
    visit.finish()


@pytest.mark.parametrize(
    ("variant", "layer"), (("no_radar", "depth"), ("emi_failed", "metal"), ("no_radar", "metal"))
)
def test_a_sensor_that_is_missing_is_hatched_and_said_in_every_view(browser, report, variant, layer):
    visit = Visit(browser, report(variant))
    visit.choose("layer", layer)
    visit.open_display()
    visit.page.locator("label:has(#show-targets)").tap()
    box = visit.drawn()["box"]
    grid = [
        [box["left"] + box["width"] * (0.06 + 0.02 * n), box["top"] + box["height"] * (0.12 + 0.012 * n)]
        for n in range(12)
    ]
    pixels = visit.pixels("plan", grid)
    if (variant, layer) == ("no_radar", "metal"):
        # Lines of one sensor only over the colours of the metal map.
        assert any(min(p[:3]) > 240 for p in pixels)
        cut = visit.drawn("along")["box"]
        corner = [[cut["left"] + 12 + n, cut["top"] + 12] for n in range(8)]
        assert all(_grey(visit.pixels("along", corner)))
    else:
        assert all(_grey(pixels))
    banner = visit.page.locator(".screen .fault.failed").first
    assert banner.get_attribute("role") == "alert"
    visit.finish()


def test_long_ground_is_shown_by_parts_and_a_bar_leads_through_it(browser, report, full_result):
    """Three metres, stretched from the usual patch: each part as large as a patch, every target reachable."""
    stretched = _stretched(full_result, 8)
    visit = Visit(browser, report("long", stretched), PHONE)
    page = visit.page
    scale = visit.drawn()["box"]["scale"]
    assert scale >= 2.0
    assert visit.at()[:2] == (11.0, 15.0)
    shown = [len(visit.drawn()["symbols"])]
    box = visit.drawn()["box"]
    visit.tap("plan", box["left"] + 0.72 * box["width"], box["bottom"] + 84)
    assert visit.at()[0] == pytest.approx(0.72 * 320.0 - 1.0, abs=4.0)
    page.locator("#targets .row").nth(1).locator("button").tap()
    assert visit.at()[:2] == (188.0, 9.0)
    shown.append(len(visit.drawn()["symbols"]))
    assert all(0 < count < 4 for count in shown)
    cut = visit.drawn("along")["box"]
    assert cut["low"] > 100.0
    page.locator("#plan").focus()
    for _ in range(30):
        page.keyboard.press("Shift+ArrowRight")
    assert visit.at()[0] == pytest.approx(319.0, abs=1.0)
    visit.finish()


def _stretched(result, times):
    """The same cells, repeated along the lane; the second target a good way ahead."""
    grid = result.coverage.grid
    count = times * grid.x_m.size
    long = dataclasses.replace(grid, x_m=grid.x_m[0] + grid.cell_m * np.arange(count))

    def repeated(values):
        return np.concatenate([values] * times, axis=-1)

    cover, volume, metal = result.coverage, result.gpr_volume, result.emi_maps["metal_response"]
    targets = list(result.targets)
    targets[1] = dataclasses.replace(targets[1], x_m=1.88)
    targets[3] = dataclasses.replace(targets[3], x_m=2.9)
    return dataclasses.replace(
        result,
        coverage=dataclasses.replace(
            cover, grid=long, patch=repeated(cover.patch), emi=repeated(cover.emi), gpr=repeated(cover.gpr)
        ),
        gpr_volume=dataclasses.replace(volume, grid=long, values=repeated(volume.values)),
        emi_maps={"metal_response": dataclasses.replace(metal, grid=long, values=repeated(metal.values))},
        targets=tuple(targets),
    )


def test_a_target_beside_the_ground_stands_at_its_edge(browser, report, full_result):
    beside = dataclasses.replace(full_result.targets[0], x_m=-0.2, y_m=0.1)
    visit = Visit(browser, report("beside", dataclasses.replace(full_result, targets=(beside,))))
    symbol = visit.drawn()["symbols"][0]
    assert 0.5 * (symbol["left"] + symbol["right"]) == pytest.approx(visit.drawn()["box"]["left"], abs=0.5)
    visit.finish()


def test_the_volume_turns_by_finger_and_by_key(browser, report):
    visit = Visit(browser, report(), PHONE)
    visit.choose("layer", "solid")
    first = visit.drawn()
    box = visit.page.locator("#plan").bounding_box()
    visit.page.mouse.move(box["x"] + 150, box["y"] + 120)
    visit.page.mouse.down()
    visit.page.mouse.move(box["x"] + 210, box["y"] + 150, steps=4)
    visit.page.mouse.up()
    turned = visit.drawn()
    assert turned["turn"] < first["turn"]
    assert turned["tilt"] > first["tilt"]
    visit.page.locator("#plan").focus()
    visit.page.keyboard.press("ArrowLeft")
    assert visit.drawn()["turn"] > turned["turn"]
    symbol = visit.drawn()["symbols"][1]
    visit.tap("plan", (symbol["left"] + symbol["right"]) / 2, (symbol["top"] + symbol["bottom"]) / 2)
    assert "target T2" in visit.page.locator("#plan").get_attribute("aria-label")
    visit.finish()


NO_WEBGL = """
const all = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind.startsWith("webgl") ? null : all.call(this, kind, ...rest);
};
"""


def _light(visit):
    """Where the volume is brightest on the screen, as parts of the view, and how much of it is not paper."""
    picture = visit.page.locator(".map").screenshot()
    pixels = np.asarray(Image.open(BytesIO(picture)).convert("RGB")).astype(float)
    yellow = np.minimum(pixels[..., 0], pixels[..., 1]) - pixels[..., 2]
    rows, columns = np.nonzero(yellow > 0.8 * yellow.max())
    drawn = float((pixels.min(axis=2) < 240).mean())
    return rows.mean() / yellow.shape[0], columns.mean() / yellow.shape[1], drawn


def test_without_webgl_the_processor_draws_the_same_volume(browser, report):
    found = []
    for before, by in (("", "graphics"), (NO_WEBGL, "processor")):
        visit = Visit(browser, report(), before=before)
        visit.choose("layer", "solid")
        visit.open_display()
        visit.page.locator("label:has(#show-targets)").tap()
        visit.page.locator("#display-button").tap()
        assert visit.drawn()["by"] == by
        found.append(_light(visit))
        visit.finish()
    for one, other in zip(found[0], found[1], strict=True):
        assert one == pytest.approx(other, abs=0.03)


def test_themes_are_kept_and_legible(browser, report):
    visit = Visit(browser, report(), PHONE)
    for theme in ("dark", "sun", "light"):
        visit.choose("theme", theme)
        assert visit.page.evaluate("document.documentElement.dataset.theme") == theme
        assert _contrasts(visit.page) == []
    visit.choose("theme", "sun")
    visit.page.reload()
    assert visit.page.evaluate("document.documentElement.dataset.theme") == "sun"
    visit.requests.pop()
    visit.finish()


def _contrasts(page):
    """Texts whose contrast with what lies behind them is below AA: 4.5, or 3 where they are large."""
    return page.evaluate(
        r"""() => {
          const channel = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
          const parts = (text) => text.match(/[\d.]+/g).map(Number);
          const shares = [0.2126, 0.7152, 0.0722];
          const light = (colour) => shares.reduce((sum, share, n) => sum + share * channel(colour[n] / 255), 0);
          const behind = (node) => {
            for (let at = node; at; at = at.parentElement) {
              const colour = parts(getComputedStyle(at).backgroundColor);
              if (colour.length < 4 || colour[3] > 0) { return colour; }
            }
            return [255, 255, 255];
          };
          const poor = [];
          for (const node of document.querySelectorAll("body *")) {
            const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
            const box = node.getBoundingClientRect();
            if (!own || !box.width || node.closest("svg, script, [hidden], .unseen, :disabled")) { continue; }
            const style = getComputedStyle(node);
            const pair = [light(parts(style.color)), light(behind(node))].sort((a, b) => b - a);
            const size = parseFloat(style.fontSize);
            const least = size >= 24 || (size >= 18.7 && style.fontWeight >= 700) ? 3 : 4.5;
            if ((pair[0] + 0.05) / (pair[1] + 0.05) < least) { poor.push(node.outerHTML.slice(0, 80)); }
          }
          return poor;
        }"""
    )


@SIZES
def test_targets_for_fingers_are_large(browser, report, size):
    visit = Visit(browser, report(), size)
    visit.open_display()
    for selector in ("button", "summary", "input[type=range]", ".check", ".choice"):
        for element in visit.page.locator(selector).all():
            box = element.bounding_box()
            if box is None:
                continue
            assert box["height"] >= 44, selector
            assert box["width"] >= 44, selector
    visit.finish()


def test_every_control_has_a_name_and_says_its_value(browser, report):
    visit = Visit(browser, report())
    visit.open_display()
    unnamed = visit.page.evaluate(
        """() => [...document.querySelectorAll("button, input, canvas[tabindex], summary, [role=group]")]
          .filter((node) => !node.getAttribute("aria-label") && !node.textContent.trim())
          .filter((node) => !(node.labels && node.labels.length))
          .map((node) => node.outerHTML.slice(0, 80))"""
    )
    assert unnamed == []
    for slider in ("#depth", "#metal", "#limit"):
        assert len(visit.page.locator(slider).get_attribute("aria-valuetext")) > 3
    assert visit.page.locator("#said").get_attribute("role") == "status"
    assert visit.page.locator("#said").text_content().startswith("target T1. x 11 cm, y 15 cm")
    visit.finish()


def test_without_scripts_pictures_and_all_targets_remain(browser, report):
    visit = Visit(browser, report(), java_script_enabled=False)
    page = visit.page
    assert not page.locator("#instrument").is_visible()
    assert page.locator("img[alt^='Radar maps']").is_visible()
    assert page.locator("h1").inner_text() == "3 places to dig."
    assert page.locator("table.targets tbody tr").count() == 4
    visit.finish()


CUT_OFF = """() => [...document.querySelectorAll(".sheet")].flatMap((sheet) => {
  const end = sheet.getBoundingClientRect().bottom + 1;
  return [...sheet.querySelectorAll(":scope > *, tbody tr")].filter((part) => {
    const box = part.getBoundingClientRect();
    return box.height > 0 && box.bottom > end;
  }).map((part) => part.outerHTML.slice(0, 80));
})"""


@pytest.mark.parametrize("variant", ("simulated", "no_targets", "sixty"))
def test_prints_on_three_sheets_each_with_scan_advice_and_number(browser, report, full_result, variant):
    many = tuple(dataclasses.replace(full_result.targets[n % 4], id=f"T{n + 1}") for n in range(60))
    result = dataclasses.replace(full_result, targets=many) if variant == "sixty" else None
    visit = Visit(browser, report(variant, result))
    content = visit.page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", content)) == 3
    assert re.search(rb"/MediaBox\s*\[0 0 59[45][\d.]* 84[12]", content)
    visit.page.emulate_media(media="print")
    visit.page.set_viewport_size({"width": 718, "height": 1047})
    sheets = visit.page.locator(".sheet")
    assert sheets.count() == 3
    for number in range(3):
        words = sheets.nth(number).inner_text()
        assert "lane-07-patch-3" in words
        assert "nothing here declares ground free of mines" in words
        assert f"page {number + 1} of 3" in words
        assert ("SIMULATED DATA" in words) == (variant == "simulated")
    # Nothing is cut off: each part lies within its sheet.
    assert visit.page.evaluate(CUT_OFF) == []
    assert visit.page.locator("#instrument").is_hidden()
    visit.finish()


def test_the_page_unpacks_what_zlib_packs_in_any_way(browser, report):
    """Its own reading of deflate against zlib's writing: stored, fixed, dynamic, with and without repeats."""
    rng = np.random.default_rng(1)
    texts = [
        bytes(rng.integers(0, 64, 5000, dtype=np.uint8)),
        bytes(3000),
        b"abcab" * 500 + bytes(range(64)),
        b"\x01",
    ]
    packed = []
    for text in texts:
        for level, strategy in (
            (0, 0),
            (1, 0),
            (9, 0),
            (6, zlib.Z_FIXED),
            (1, zlib.Z_RLE),
            (1, zlib.Z_HUFFMAN_ONLY),
        ):
            packer = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
            packed.append(
                [base64.b64encode(packer.compress(text) + packer.flush()).decode(), len(text), list(text)]
            )
    source = report().read_text(encoding="utf-8")
    start = source.index("const LENGTHS")
    script = source[start : source.index("// Cells (count, rows, columns)")]
    visit = Visit(browser, report())
    same = visit.page.evaluate(
        "(packed) => { "
        + script
        + """
          return packed.map(([text, size, expected]) => {
            const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            const found = inflate(bytes, size);
            return found.length === expected.length && found.every((value, index) => value === expected[index]);
          });
        }""",
        packed,
    )
    assert all(same)
    visit.finish()


def test_every_language_fits_brings_its_letters_and_mirrors_no_map(browser, report):
    visit = Visit(browser, report("simulated"), PHONE)
    page = visit.page
    english = visit.drawn()["symbols"], page.locator("#verdict").text_content()
    known = json.loads(page.locator("#languages").text_content())["tongues"]
    for code, tongue in known.items():
        page.locator("#language").select_option(code)
        page.evaluate("document.fonts.ready.then(() => true)")
        for width, height in (TABLET, PHONE):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, code
        assert page.locator("html").get_attribute("dir") == ("rtl" if code == "ar" else "ltr")
        assert page.locator("p.unreviewed").is_visible() == (code != "en")
        assert (page.locator("#verdict").text_content() == english[1]) == (code == "en")
        assert tongue["name"] in page.locator("#language").text_content()
        symbols = visit.drawn()["symbols"]
        assert len(symbols) == len(english[0])
        ahead = [
            sorted(range(len(each)), key=lambda n, each=each: each[n]["left"]) for each in (symbols, english[0])
        ]
        assert ahead[0] == ahead[1], "what lies ahead lies to the right in every language"
    states = page.evaluate("[...document.fonts].map((face) => face.status)")
    assert "error" not in states
    assert "loaded" in states, "letters that the system lacks, as most lack Khmer"
    page.locator("#language").select_option("ar")
    page.reload()
    assert page.locator("html").get_attribute("lang") == "ar", "the choice is kept"
    visit.requests[:] = visit.requests[:1]
    visit.finish()
