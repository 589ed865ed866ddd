"""The report as those meet it who hear it, enlarge it or use no mouse: axe-core finds nothing against it."""

from __future__ import annotations

import shutil

import pytest

from dualsense.render._report.report import report_html
from oracles.axe import axe_script, violations

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
THEMES = ("light", "dark", "sun")


@pytest.fixture(scope="module")
def page(make_result, pictures, tmp_path_factory):
    """One page for all themes, with axe-core in it."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    axe = axe_script()
    path = tmp_path_factory.mktemp("axe") / "report.html"
    path.write_text(report_html(make_result("emi_failed"), pictures(make_result("full"))), encoding="utf-8")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = browser.new_page(viewport={"width": 1024, "height": 768})
        page.set_default_timeout(120_000)  # a machine that is busy may take long, and it is not what is asked here
        page.goto(path.as_uri())
        page.locator("#plan[data-drawn]").wait_for()
        page.evaluate(axe)
        yield page
        browser.close()


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_in_any_theme(page, theme):
    page.evaluate("(theme) => document.querySelector(`input[name=theme][value=${theme}]`).click()", theme)
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    if page.locator("#display").is_hidden():
        page.locator("#display-button").click()
    assert violations(page) == []


def test_axe_would_find_what_is_wrong(page):
    page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img id=wrong src=data:,><button id=mute></button>')"
    )
    found = violations(page)
    assert any(one.startswith("image-alt") for one in found)
    assert any(one.startswith("button-name") for one in found)
