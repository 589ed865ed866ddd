"""Every control of the report, of a patch and of a line, at both sizes, by finger and by keyboard: one table.

Each row says how a control is touched, which keys do the same, what it is that has to change, and whether the
pictures change with it. All rows are gone through on one page for each size, in one browser.
"""

from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pytest

from dualsense.render._figures.figures import FIGURES
from dualsense.render._report.report import report_html
from dualsense.result import Coverage, Grid, Image, Radargram, Volume
from oracles.controls import SIZES, WAYS, Control, press, touch

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def label(name: str, value: str) -> str:
    return f"label:has(input[name={name}][value={value}])"


NAME = "document.getElementById('{}').getAttribute('aria-label')"
VALUE = "document.getElementById('{}').getAttribute('aria-valuetext')"
CHECKED = "document.getElementById('{}').checked"
THEME = "document.documentElement.dataset.theme"
LAYER = "document.querySelector('input[name=layer]:checked').value"
CHOSEN = "(document.querySelector('.row.chosen') || { dataset: {} }).dataset.index"
OPEN = "!document.getElementById('display').hidden"
MORE = "document.querySelector('.faults details').open"
SECOND = "#targets .row:nth-child(2) button"
RADIO = "input[name=layer]:checked"
CONTROLS = {
    "theme": Control(label("theme", "dark"), "input[name=theme]:checked", ("ArrowRight",), THEME),
    "theme sun": Control(label("theme", "sun"), "input[name=theme]:checked", ("ArrowLeft", "ArrowLeft"), THEME),
    "theme back": Control(label("theme", "light"), "input[name=theme]:checked", ("ArrowRight",), THEME),
    "limits": Control(".faults summary", ".faults summary", ("Enter",), MORE, drawn=False),
    "limits back": Control(".faults summary", ".faults summary", ("Space",), MORE, drawn=False),
    "map": Control("#plan", "#plan", ("ArrowRight", "ArrowRight"), NAME.format("plan"), (0.45, 0.6)),
    "section": Control("#along", "#along", ("ArrowLeft",), NAME.format("along"), (0.6, 0.5), small=True),
    "other section": Control("#across", "#across", ("ArrowDown",), NAME.format("across"), (0.6, 0.6), small=True),
    "depth": Control("#depth", "#depth", ("ArrowRight",), VALUE.format("depth"), (0.7, 0.5)),
    "shallower": Control("#shallower", "#shallower", ("Enter",), VALUE.format("depth")),
    "deeper": Control("#deeper", "#deeper", ("Space",), VALUE.format("depth")),
    "target": Control(SECOND, SECOND, ("Enter",), CHOSEN),
    "target closed": Control(SECOND, SECOND, ("Enter",), CHOSEN),
    "display": Control("#display-button", "#display-button", ("Enter",), OPEN, drawn=False),
    "contours": Control("#metal", "#metal", ("ArrowLeft", "ArrowLeft"), VALUE.format("metal"), (0.4, 0.5)),
    "colours": Control("#limit", "#limit", ("ArrowLeft",), VALUE.format("limit"), (0.3, 0.5)),
    "fitted": Control("label:has(#auto)", "#auto", ("Space",), CHECKED.format("auto")),
    "fitted off": Control("label:has(#auto)", "#auto", ("Space",), CHECKED.format("auto")),
    "targets": Control("label:has(#show-targets)", "#show-targets", ("Space",), CHECKED.format("show-targets")),
    "targets on": Control("label:has(#show-targets)", "#show-targets", ("Space",), CHECKED.format("show-targets")),
    "track": Control("label:has(#track)", "#track", ("Space",), CHECKED.format("track")),
    "display closed": Control("#display-button", "#display-button", ("Enter",), OPEN, drawn=False),
    "all depths": Control(label("layer", "all"), RADIO, ("ArrowRight",), LAYER, only="patch"),
    "traces": Control(label("layer", "traces"), RADIO, ("ArrowRight",), LAYER, only="line"),
    "time": Control("#plan", "#plan", ("ArrowDown",), NAME.format("plan"), (0.4, 0.6), only="line"),
    "metal": Control(label("layer", "metal"), RADIO, ("ArrowRight",), LAYER),
    "volume": Control(label("layer", "solid"), RADIO, ("ArrowRight",), LAYER, only="patch"),
    "layer back": Control(label("layer", "depth"), RADIO, ("ArrowRight",), LAYER),
}
EVERY = """() => {
  const all = document.querySelectorAll(
    ".screen button, .screen input, .screen select, .screen summary, .screen canvas[tabindex]");
  return [...all].map((one) => one.id || one.name || one.tagName + (one.closest(".row") ? " row" : ""));
}"""
STATE = """() => ["plan", "along", "across"].map((view) => {
  const small = document.createElement("canvas");
  const pen = small.getContext("2d", { willReadFrequently: true });
  [small.width, small.height] = [100, 75];
  pen.drawImage(document.getElementById(view), 0, 0, 100, 75);
  return pen.getImageData(0, 0, 100, 75).data.reduce((sum, value) => (31 * sum + value) % 4294967291, 7);
})"""


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--enable-unsafe-swiftshader"],
        )
        yield browser
        browser.close()


def line_of(result):
    """The usual result as if its head had passed once along the middle: two sensors over one strip."""
    x_m = np.linspace(0.0, 1.4, 281)
    grid = Grid(np.arange(-0.03, 1.43, 0.005) + 0.0025, np.arange(-0.03, 0.03, 0.005) + 0.0025, 0.005)
    seen = np.ones((grid.y_m.size, grid.x_m.size), dtype=bool)
    depth_m = np.arange(51) * 0.005
    gx, gz = np.meshgrid(grid.x_m, depth_m)
    cut = 0.05 + sum(np.exp(-((gx - x) ** 2 + (gz - 0.08) ** 2) / 5e-4) for x in (0.3, 1.0))
    values = np.repeat(cut[:, None, :], grid.y_m.size, axis=1).astype(np.float32)
    metal = np.tile(np.exp(-((grid.x_m - 0.3) ** 2) / 2e-3), (grid.y_m.size, 1)).astype(np.float32)
    time_s = np.arange(120) * 5e-11
    heard = np.sin(2e10 * (time_s[None] - 1e-9 - np.hypot(x_m[:, None] - 0.3, 0.08) / 6e7)).astype(np.float32)
    targets = tuple(
        dataclasses.replace(one, x_m=x, y_m=0.0, depth_m=0.08)
        for one, x in zip(result.targets[:2], (0.3, 1.0), strict=True)
    )
    return dataclasses.replace(
        result,
        coverage=Coverage(grid, seen, seen, seen),
        track_m=np.column_stack([x_m, 0.0 * x_m, 0.02 + 0.0 * x_m]),
        targets=targets,
        emi_maps={"metal_response": Image("metal_response", "m3", grid, metal)},
        gpr_volume=Volume("migrated_envelope", "1", grid, depth_m, values),
        radargram=Radargram(
            "amplitude", "1", time_s, np.column_stack([x_m, 0.0 * x_m, 0.0 * x_m]), heard, None, 0.06, 0.04
        ),
    )


@pytest.fixture(scope="module")
def reports(full_result, tmp_path_factory):
    """Paths of both reports; their pictures do not matter here."""
    folder = tmp_path_factory.mktemp("controls")
    blank = b"\x89PNG\r\n\x1a\n" + bytes(40)
    results = {"patch": full_result, "line": line_of(full_result)}
    for name, result in results.items():
        page = report_html(result, dict.fromkeys((*FIGURES, "gpr_radargram.png"), blank))
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in results}


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ("patch", "line"))
def test_every_control_does_what_it_says(browser, reports, kind, size, how):
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    client = context.new_cdp_session(page)
    page.goto(reports[kind])
    page.locator("#plan[data-drawn]").wait_for()
    page.evaluate("() => { document.querySelectorAll('img').forEach((one) => one.remove()); }")
    for name, control in CONTROLS.items():
        if control.only not in {"", kind} or (name.startswith("limits") and page.locator(control.at).count() == 0):
            continue
        before, drawn = page.evaluate(control.says), page.evaluate(STATE) if control.drawn else None
        if how == "finger":
            touch(page, client, control)
        else:
            press(page, control)
        assert page.evaluate(control.says) != before, name
        if control.drawn:
            assert page.evaluate(STATE) != drawn, name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert page.locator("#language").is_visible()
    page.locator("#language").focus()
    page.locator("#language").select_option("fr")
    assert page.locator("html").get_attribute("lang") == "fr"
    assert complaints == []
    context.close()


def test_the_table_leaves_no_control_out(browser, reports):
    page = browser.new_page(viewport={"width": 1024, "height": 768})
    names = set()
    for url in reports.values():
        page.goto(url)
        names |= set(page.evaluate(EVERY))
    known = " ".join(f"{one.at} {one.focus}" for one in CONTROLS.values()) + " #language"
    for name in names:
        part = {"SUMMARY": "summary", "BUTTON row": ".row"}.get(name, name)
        assert part in known, name
    page.close()
