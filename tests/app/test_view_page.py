"""The viewer's pages in a browser: the list, the operator's controls, decisions, by touch and by keyboard."""

from __future__ import annotations

import hashlib
import json
import shutil
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.browser
SIZES = pytest.mark.parametrize("size", ((1024, 768), (390, 844)), ids=("tablet", "phone"))


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs Chromium on the PATH")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def folder(processed_sample, sample_dir, new_result, tmp_path_factory):
    """A scan with the result that was really made of it, one that fails, and a result full of odd text."""
    made = tmp_path_factory.mktemp("viewed")
    shutil.copytree(processed_sample[0], made / "results" / "pmn_sand")
    shutil.copy(sample_dir / "pmn_sand.h5", made / "pmn_sand.h5")
    (made / "half.h5").write_bytes((sample_dir / "pmn_wet.h5").read_bytes()[:50_000])
    new_result(made / "odd <b>name", scan_id="<img src=x onerror=alert(1)>")
    return made


@pytest.fixture(scope="module")
def server(folder, serving):
    pytest.importorskip("starlette", reason="needs dualsense[app]")
    with serving(folder) as started:
        yield started


class Visit:
    """A page with all it asked for and complained of."""

    def __init__(self, browser, server, size):
        self.context = browser.new_context(viewport={"width": size[0], "height": size[1]}, has_touch=True)
        self.page = self.context.new_page()
        self.page.set_default_timeout(90_000)
        self.said, self.asked = [], []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(server.url)
        self.page.locator("a.card").first.wait_for()

    def open(self, name="pmn_sand"):
        self.page.locator("a.card", has_text=name).tap()
        self.frame = self.page.frame_locator("#page")
        self.frame.locator("#plan[data-drawn]").wait_for()
        return self.frame

    def done(self):
        assert {urlsplit(url).hostname for url in self.asked if not url.startswith("data:")} == {"127.0.0.1"}
        assert self.said == []
        boxes = [one.bounding_box() for one in self.page.locator("button, select, a.button, input").all()]
        small = [box for box in boxes if box and box["width"] > 2 and box["height"] < 44]
        assert small == []
        self.context.close()


def wide(page):
    boxes = [one.bounding_box() for one in page.locator("body > *:visible, .card:visible").all()]
    return max(box["x"] + box["width"] for box in boxes) > page.viewport_size["width"]


@SIZES
def test_the_list_shows_what_is_to_be_dug_and_what_failed(browser, server, folder, size):
    visit = Visit(browser, server, size)
    page = visit.page
    card = page.locator("a.card", has_text="pmn_sand")
    targets = json.loads((folder / "results" / "pmn_sand" / "targets.json").read_text())["targets"]
    dig = sum(target["call"] != "likely-clutter" for target in targets)
    assert dig > 0
    assert {"SIMULATED DATA", f"{dig} to be dug"} <= set(card.inner_text().splitlines())
    page.get_by_text("truncated HDF5 file").wait_for()
    failed = page.locator(".card.failed")
    assert "FAILED: this ground is not assessed" in failed.inner_text()
    assert "half.h5" in failed.inner_text()
    picture = card.locator("img")
    picture.scroll_into_view_if_needed()
    assert picture.get_attribute("alt") == "Map of results/pmn_sand"
    assert page.locator("img[src=x]").count() == 0
    assert page.locator("a.card", has_text="odd <b>name").count() == 1
    assert not wide(page)
    for theme in ("Dark", "Sun", "Light"):
        page.get_by_text(theme, exact=True).tap()
        assert page.locator("html").get_attribute("data-theme") == theme.lower()
    visit.done()


def test_the_controls_change_the_image_and_never_the_result(browser, server, folder):
    stored = hashes(folder / "results" / "pmn_sand")
    visit = Visit(browser, server, (1024, 768))
    page, frame = visit.page, visit.open()
    page.get_by_role("button", name="Ground").tap()
    page.locator("#imaged:empty").wait_for(state="attached")
    along = frame.locator("#along")
    before = along.screenshot()
    assert page.locator("#permittivity-text").inner_text().endswith("as stored")
    page.locator("#permittivity").fill("9.5")
    page.locator("#imaged[data-sharp]").wait_for()
    note = frame.locator("#own").inner_text()
    assert "The operator set εᵣ 9.5" in note
    assert "targets, calls and their depths are those of the stored result" in note
    assert along.screenshot() != before
    assert page.locator("#permittivity").get_attribute("aria-valuetext") == "9.5, yours"
    page.locator("#stop").fill("10")
    frame.locator("#own", has_text="Only 0 to 10 cm are shown").wait_for()
    frame.locator("#depth[max='20']").wait_for()
    page.get_by_role("button", name="As stored").tap()
    frame.locator("#own").wait_for(state="hidden")
    frame.locator("#depth[max='50']").wait_for()
    page.locator("#imaged", has_text="Shown in").wait_for()
    assert along.screenshot() == before
    page.locator("#threshold").focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    assert "below 30 % of the scale are hidden: hidden is not empty" in frame.locator("#own").inner_text()
    assert along.screenshot() != before
    assert hashes(folder / "results" / "pmn_sand") == stored
    visit.done()


@SIZES
def test_a_decision_is_recorded_for_the_target_that_was_tapped(browser, server, folder, size):
    journal = folder / "results" / "pmn_sand" / "decisions.jsonl"
    kept = len(journal.read_text().splitlines()) if journal.exists() else 0
    visit = Visit(browser, server, size)
    page, frame = visit.page, visit.open()
    targets = json.loads((folder / "results" / "pmn_sand" / "targets.json").read_text())["targets"]
    row, name = len(targets) - 1, targets[-1]["id"]
    frame.locator("#targets .row button").nth(row).tap()
    page.get_by_role("button", name=f"Decide · {name}").tap()
    page.locator("#record").tap()
    assert "Choose a decision" in page.locator("#recorded").inner_text()
    page.locator("#decision").get_by_text("Left", exact=True).tap()
    page.get_by_label("Your name").fill("Sok  Dara")
    page.locator("#record").tap()
    assert "needs a reason" in page.locator("#recorded").inner_text()
    page.get_by_label("Reason or note").fill("<b>root</b>")
    page.get_by_label("Found when dug").select_option("other-object")
    page.keyboard.press("Enter")
    page.get_by_text(f"Recorded and on the disk: {name}, Left.").wait_for()
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    assert len(entries) == kept + 1
    assert {name: entries[-1][name] for name in ("target", "decision", "found", "note", "operator")} == {
        "target": name,
        "decision": "left",
        "found": "other-object",
        "note": "<b>root</b>",
        "operator": "Sok Dara",
    }
    page.locator("#history", has_text="<b>root</b>").wait_for()
    tag = frame.locator("#targets .row").nth(row).locator(".decided", has_text="Left, another object")
    tag.wait_for()
    page.get_by_role("button", name="Close").tap()
    assert page.locator("#decide").is_hidden()
    visit.done()


def test_a_place_that_is_no_target_can_be_decided_and_all_is_saved(browser, server, folder):
    visit = Visit(browser, server, (1024, 768))
    page, frame = visit.page, visit.open()
    plan = frame.locator("#plan")
    plan.focus()
    for _ in range(6):
        page.keyboard.press("Shift+ArrowRight")
    page.locator("#decide-button").click()
    assert page.locator("#target").input_value() == ""
    page.locator("#decision").get_by_text("Marked", exact=True).click()
    page.get_by_label("Your name").fill("Sok")
    page.locator("#record").click()
    page.get_by_text("Recorded and on the disk").wait_for()
    entry = json.loads((folder / "results" / "pmn_sand" / "decisions.jsonl").read_text().splitlines()[-1])
    assert (entry["target"], entry["decision"], entry["call"]) == ("", "marked", None)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save all as CSV").click()
    table = saved.value.path().read_text(encoding="utf-8")
    assert table.splitlines()[0].startswith("time,operator,target,call,")
    assert "marked" in table
    visit.done()


def hashes(folder):
    names = sorted(one for one in folder.iterdir() if one.name != "decisions.jsonl")
    return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in names}
