"""The map of a site in a browser, from a file: what must be dug, what was covered, by touch and keyboard."""

from __future__ import annotations

import shutil

import pytest

from oracles.axe import axe_script, violations

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(made_site):
    """The page in Chromium, which is heard for complaints and requests till the end."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs Chromium on the PATH")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": 1024, "height": 768}, has_touch=True)
        opened = context.new_page()
        opened.said, opened.asked = [], []
        opened.on("console", lambda message: OWN in message.text or opened.said.append(message.text))
        opened.on("pageerror", lambda error: opened.said.append(str(error)))
        opened.on("request", lambda request: opened.asked.append(request.url))
        opened.goto((made_site.out / "index.html").as_uri())
        opened.wait_for_selector("#map[data-ready=yes]")
        yield opened
        browser.close()


OWN = "willReadFrequently"
"""The browser's advice to whoever looks at pixels, as these tests do."""


def colour(page, x, y):
    """Colours of a patch of the map around a place of the screen: whether lines run over it, and its lightest."""
    script = """([x, y]) => { const map = document.getElementById('map');
      const found = map.getContext('2d').getImageData(x - 12, y - 12, 24, 24).data;
      return [...found].filter((_, n) => n % 4 === 0); }"""
    values = page.evaluate(script, [x, y])
    return min(values), max(values)


def where(page, made_site, name, x_m, y_m):
    """Place of the screen of a place of a scan's frame."""
    scan = next(one for one in made_site.site.scans if one.name == name)
    script = """([east, north]) => { const one = data.objects.find((one) => one.at);
      const [e, n] = one.map.split(', ').map(Number);
      return [screenX(one.at[0] + east - e), screenY(one.at[1] - (north - n))]; }"""
    return page.evaluate(script, (scan.to_map @ [x_m, y_m, 1.0]).tolist())


def test_the_head_says_what_must_be_dug_and_what_is_not_on_the_map(page):
    head = page.locator("#sum").inner_text()
    assert head.startswith("To be dug: 4 · Swept, but not covered by both sensors: 1.0 m²")
    assert head.endswith("NOTHING ASSESSED by both sensors: 1 · Not on the map: 5")
    assert page.locator("#simulated").inner_text() == "SIMULATED DATA: 1"
    assert "Ground outside of the swept patches was not assessed." in page.locator(".advice").inner_text()
    first = [row.inner_text() for row in page.locator("#scans li").all()][:5]
    assert all("Not on the map" in row for row in first)
    assert page.locator("#scans a[href='../deep/c/report.html']").count() == 1
    listed = [one.inner_text().split("\n")[0] for one in page.locator("#list button").all()]
    assert listed[-2:] == ["S1 · suspect", "S4 · likely clutter"]  # dug, and none of it


def test_ground_is_hatched_where_a_sensor_is_missing(page, made_site):
    page.evaluate("showWhole(); draw()")
    assert colour(page, *where(page, made_site, "a", 0.35, 0.5)) == (255, 255)
    least, most = colour(page, *where(page, made_site, "deep/c", 0.8, 0.2))
    assert least < 60
    assert 200 < most < 255
    least, most = colour(page, *where(page, made_site, "a", -0.3, 0.6))
    assert (least, most) == (117, 117)  # nobody swept there


def test_a_finger_moves_two_zoom_and_a_tap_chooses(page, made_site):
    page.evaluate("showWhole(); draw()")
    box = page.locator("#map").bounding_box()
    x, y = where(page, made_site, "a", 0.805, 0.5)
    page.touchscreen.tap(box["x"] + x, box["y"] + y)
    told = page.locator("#chosen").inner_text()
    assert "unclear" in told
    assert "Chance of a mine: 20 in 100" in told
    assert "Listed by 2 of 2 scans that covered this place" in told
    before = page.evaluate("({...view})")
    page.mouse.move(box["x"] + 300, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 360, box["y"] + 320, steps=3)
    page.mouse.up()
    after = page.evaluate("({...view})")
    assert after["x"] == pytest.approx(before["x"] - 60 / before["scale"], rel=0.2)
    pinch = """(map) => { const send = (type, id, x) => map.dispatchEvent(new PointerEvent(type,
      { pointerId: id, clientX: x, clientY: 400, bubbles: true })); map.setPointerCapture = () => {};
      send('pointerdown', 11, 200); send('pointerdown', 12, 300); send('pointermove', 12, 400);
      send('pointerup', 11, 200); send('pointerup', 12, 400); }"""
    page.locator("#map").evaluate(pinch)
    assert page.evaluate("view.scale") == pytest.approx(2 * after["scale"])
    page.locator("#map").focus()
    page.keyboard.press("-")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("view.scale") == pytest.approx(2 * after["scale"] / 1.5)
    page.locator("#whole").tap()
    assert page.evaluate("view.scale") == pytest.approx(before["scale"])


def test_what_was_dug_is_struck_through_and_what_is_listed_again_is_told(page):
    page.locator("#list button[data-object=S2]").click()
    told = page.locator("#chosen").inner_text()
    assert "Dug, and listed again as something to be dug" in told
    assert "Found when dug: metal" in told
    page.locator("#list button[data-object=U1]").click()
    assert "its place on Earth is not known" in page.locator("#chosen").inner_text()
    page.locator("#only").select_option("dig")
    assert page.locator("#list button").count() == 4
    page.locator("#only").select_option("all")


def test_it_speaks_every_language_keeps_within_a_phone_and_axe_finds_nothing(page):
    page.evaluate(axe_script())
    for theme in ("light", "dark", "sun"):
        page.locator("#theme").select_option(theme)
        assert violations(page) == [], theme
    codes = page.locator("#language option").evaluate_all("(all) => all.map((one) => one.value)")
    assert len(codes) == 9
    english = page.locator("#sum").inner_text()
    page.set_viewport_size({"width": 390, "height": 844})
    for code in codes[1:]:
        page.locator("#language").select_option(code)
        assert page.locator("html").get_attribute("dir") == ("rtl" if code == "ar" else "ltr")
        assert page.locator("#sum").inner_text() != english
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for one in page.locator("select, button").all():
        assert one.bounding_box()["height"] >= 44
    assert all(url.startswith(("file:", "data:")) for url in page.asked)
    assert page.said == []
