"""The page over a batch in a browser, from a file: what went wrong, what is to be dug, by touch and keyboard."""

from __future__ import annotations

import shutil

import pytest

from dualsense.batch import BatchEntry, batch_html
from oracles.axe import axe_script, violations

pytestmark = pytest.mark.browser
CALLS = {"suspect": 0, "unclear": 0, "likely-clutter": 1, "not-assessable": 0}
HOSTILE = "a </script><img src=x onerror=\"document.title='owned'\">"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page in Chromium, which is heard for complaints and requests till the end."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs Chromium on the PATH")
    folder = tmp_path_factory.mktemp("batch page")
    given = {"area_m2": 1.0, "coverage_fraction": 0.996, "scan_sha256": "0" * 64, "model": "m"}
    entries = [
        BatchEntry("lane 10", "10.h5", source="recorded", calls=CALLS, survey="green", again_m2=0.0, **given),
        BatchEntry("lane 9", "9.h5", source="simulated", calls=CALLS | {"suspect": 2, "not-assessable": 1},
                   survey="amber", again_m2=0.004, fault_codes=("track-jumps",), faults=1, **given),
        BatchEntry("broken", "broken.h5", error=f"broken.h5: {HOSTILE}"),
        BatchEntry("deep/" + HOSTILE[:20], "x.h5", source="recorded", calls=dict.fromkeys(CALLS, 0),
                   survey="red", again_m2=0.8, **(given | {"coverage_fraction": 0.0})),
    ]  # fmt: skip
    (folder / "index.html").write_text(
        batch_html(entries, took_s={"lane 9": 2.25, "lane 10": None}, whole_s=3.0), encoding="utf-8"
    )
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": 1024, "height": 768}, has_touch=True)
        opened = context.new_page()
        opened.said, opened.asked = [], []
        opened.on("console", lambda message: opened.said.append(message.text))
        opened.on("pageerror", lambda error: opened.said.append(str(error)))
        opened.on("request", lambda request: opened.asked.append(request.url))
        opened.goto((folder / "index.html").as_uri())
        yield opened
        browser.close()


@pytest.fixture(autouse=True)
def _as_opened(page):
    page.set_viewport_size({"width": 1024, "height": 768})
    page.evaluate("localStorage.clear()")
    page.reload()


def names(page):
    return [
        row.locator("td").nth(1).locator("a, strong").first.inner_text() for row in page.locator("#rows tr").all()
    ]


def test_it_says_first_what_is_to_be_dug_and_what_failed(page):
    assert (
        page.locator("#sum").inner_text()
        == "To be dug: 3 · NOTHING ASSESSED by both sensors: 1 · Failed: 1 · Time: 3 s"
    )
    rows = page.locator("#rows tr")
    found = [row.inner_text() for row in rows.all()]
    assert "To be dug: 3" in found[1]
    assert "suspect: 2" in found[1]
    assert "SIMULATED DATA" in found[1]
    assert "to sweep again: 40 cm²" in found[1]
    assert "track-jumps" in found[1]
    assert "None called to be dug, in what was covered" in found[0]
    assert "99 %" in found[0]  # never rounded up
    assert "kept" in found[0]
    assert "FAILED: this ground is not assessed" in found[2]
    assert "NOTHING ASSESSED by both sensors" in found[3]
    assert page.locator("#rows a[href='lane%209/report.html']").count() == 2
    assert page.title() != "owned"
    assert page.locator("img[src=x]").count() == 0


def test_rows_are_sorted_and_filtered_by_touch_and_keyboard(page):
    page.locator("[data-column=scan]").tap()
    assert names(page)[-2:] == ["lane 9", "lane 10"]
    page.keyboard.press("Enter")  # the head keeps the focus
    assert names(page)[:2] == ["lane 10", "lane 9"]
    page.locator("[data-column=targets]").tap()
    # what failed, and what nothing was measured of, is graver than what was found
    assert [names(page)[n][:5] for n in range(3)] == ["broke", "deep/", "lane "]
    page.locator("#only").select_option("fault:track-jumps")
    assert names(page) == ["lane 9"]
    assert page.locator("#count").inner_text() == "1 of 4 scans shown"
    page.locator("#only").select_option("failed")
    assert names(page) == ["broken"]
    page.locator("#only").select_option("all")
    page.locator("#search").fill("LANE")
    assert sorted(names(page)) == ["lane 10", "lane 9"]


def test_it_speaks_every_language_keeps_within_a_phone_and_axe_finds_nothing(page):
    page.evaluate(axe_script())
    for theme in ("light", "dark", "sun"):
        page.locator("#theme").select_option(theme)
        assert violations(page) == [], theme
    codes = page.locator("#language option").evaluate_all("(all) => all.map((one) => one.value)")
    assert len(codes) == 9
    english = page.locator("main").inner_text()
    for code in codes[1:]:
        page.locator("#language").select_option(code)
        assert page.locator("html").get_attribute("dir") == ("rtl" if code == "ar" else "ltr")
        assert "Sort by" not in page.locator("#heads").inner_html()
        assert page.locator("main").inner_text() != english
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for one in page.locator("select, input, button").all():
        assert one.bounding_box()["height"] >= 44
    assert all(url.startswith(("file:", "data:")) for url in page.asked)
    assert [text for text in page.said if "ERR_FILE_NOT_FOUND" not in text] == []  # there are no pictures here
