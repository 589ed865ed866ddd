"""The report in a real browser: fits, fetches nothing, complains of nothing, and its slider works."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from dualsense.render._report.report import report_html

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


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
def report(full_result, pictures, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report_html(full_result, pictures(full_result)), encoding="utf-8")
    return path


class Visit:
    """A page with all it asked for and complained of."""

    def __init__(self, browser, path: Path, width: int, **options):
        self.context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.url = path.as_uri()
        self.page.goto(self.url)

    def finish(self):
        asked = [url for url in self.requests if not url.startswith("data:")]
        self.context.close()
        assert asked == [self.url]
        assert self.complaints == []


@pytest.mark.parametrize("width", (1280, 800, 400))
def test_page_fits_fetches_nothing_and_is_quiet(browser, report, width):
    visit = Visit(browser, report, width)
    page = visit.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    assert page.evaluate("document.fonts.status") == "loaded"
    visit.finish()


def _canvas_print(page):
    return page.evaluate("document.getElementById('ground').toDataURL()")


def test_slider_steps_through_the_ground(browser, report, full_result):
    visit = Visit(browser, report, 1280)
    page = visit.page
    slider = page.locator("#depth")
    assert page.locator("#viewer").is_visible()
    # Opens at the strongest echo under the most important target.
    column = full_result.gpr_volume.values[:, 33, 24]
    start = int(column.argmax())
    assert slider.input_value() == str(start)
    depth_cm = 100.0 * full_result.gpr_volume.depth_m
    assert page.locator("#depth-text").inner_text() == f"{depth_cm[start] + 1e-9:.1f} cm"
    before = _canvas_print(page)
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert slider.input_value() == str(start + 1)
    assert _canvas_print(page) != before
    page.locator("#shallower").click()
    assert slider.input_value() == str(start)
    assert _canvas_print(page) == before
    assert "deep" in slider.get_attribute("aria-valuetext")
    assert "T1 suspect" in page.locator("#ground").get_attribute("aria-label")
    for _ in range(60):
        page.locator("#deeper").click()
    assert slider.input_value() == "49"
    visit.finish()


def test_colours_and_layers_can_be_changed(browser, report):
    visit = Visit(browser, report, 800)
    page = visit.page
    seen = {_canvas_print(page)}
    for box in ("#show-metal", "#show-track", "#show-targets"):
        page.locator(box).uncheck()
        seen.add(_canvas_print(page))
    page.locator("#limit").focus()
    page.keyboard.press("ArrowLeft")
    seen.add(_canvas_print(page))
    assert len(seen) == 5
    visit.finish()


def test_canvas_shows_the_body_at_its_place_and_hatches_the_unmeasured(browser, report):
    visit = Visit(browser, report, 1280)
    page = visit.page
    for box in ("#show-metal", "#show-track", "#show-targets"):
        page.locator(box).uncheck()
    colours = page.evaluate(
        """(places) => {
          const canvas = document.getElementById("ground");
          const data = JSON.parse(document.getElementById("viewer-data").textContent);
          const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const wide = (canvas.clientWidth - 62) / (data.columns * data.cell);
          const tall = (Math.max(innerHeight - 60, 320) - 84) / (data.rows * data.cell);
          const scale = Math.min(wide, tall);
          const top = data.bottom + data.rows * data.cell;
          return places.map(([x, y]) => {
            const column = Math.floor(devicePixelRatio * (48 + (x - data.left) * scale));
            const row = Math.floor(devicePixelRatio * (12 + (top - y) * scale));
            return [...pixels.data.slice(4 * (row * canvas.width + column)).slice(0, 4)];
          });
        }""",
        [[11.0, 15.0], [33.0, 5.0], [33.0, 21.0], [38.8, 10.0]],
    )
    body, soil, hole, outside = colours
    assert body[0] > 180
    assert body[1] > 180
    assert body[2] < 120
    assert soil[0] < 90
    for grey in (hole, outside):
        assert max(grey[:3]) - min(grey[:3]) < 12
    visit.finish()


def test_targets_for_fingers_are_large(browser, report):
    visit = Visit(browser, report, 400)
    for selector in ("button", "summary", "input[type=range]", ".check"):
        for element in visit.page.locator(selector).all():
            box = element.bounding_box()
            assert box is not None
            assert box["height"] >= 44, selector
    visit.finish()


def test_without_scripts_the_static_slices_remain(browser, report):
    visit = Visit(browser, report, 1280, java_script_enabled=False)
    page = visit.page
    assert not page.locator("#viewer").is_visible()
    assert page.locator("img[alt^='Radar maps']").is_visible()
    assert page.locator("h1").inner_text() == "2 suspects."
    visit.finish()
