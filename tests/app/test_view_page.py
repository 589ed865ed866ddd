"""The viewer's pages in a browser: the list, the operator's controls, decisions, by touch and by keyboard."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import shutil

import pytest

from oracles.axe import axe_script, violations
from oracles.controls import SIZES as SCREENS
from oracles.controls import WAYS, Control, unknown, use

pytestmark = pytest.mark.browser
TABLET, PHONE = (1024, 768), (390, 844)
SIZES = pytest.mark.parametrize("size", (TABLET, PHONE), ids=("tablet", "phone"))
THEME = "document.documentElement.dataset.theme"
LANGUAGE = "document.documentElement.lang"
HIDDEN = "document.getElementById('{}').hidden"
SAID = "document.getElementById('{}').getAttribute('aria-valuetext')"
VALUE = "document.getElementById('{}').value"
DECIDED = "(document.querySelector('input[name=decision]:checked') || { value: '' }).value"
RECORDED = "[...document.querySelectorAll('#history li')].filter((one) => one.textContent.includes(' · '))"
LOOK, NEXT = "#themes .choice:has(input:not(:checked))", "input[name=theme]:checked"


def slider(name, part=0.4):
    return Control(f"#{name}", f"#{name}", ("ArrowUp", "ArrowUp"), SAID.format(name), (part, 0.5))


LIST = {
    "look": Control(LOOK, NEXT, ("ArrowRight",), THEME),
    "look again": Control(LOOK, NEXT, ("ArrowLeft",), THEME),
    "language": Control("#language", "#language", ("ArrowDown",), LANGUAGE),
}
VIEW = {
    "ground": Control("#controls-button", "#controls-button", ("Enter",), HIDDEN.format("controls")),
    "start": slider("start", 0.3),
    "stop": Control("#stop", "#stop", ("ArrowDown",), SAID.format("stop"), (0.7, 0.5)),
    "permittivity": slider("permittivity", 0.5),
    "threshold": slider("threshold"),
    "as stored": Control("#reset", "#reset", ("Space",), SAID.format("threshold")),
    "ground closed": Control("#controls-button", "#controls-button", ("Enter",), HIDDEN.format("controls")),
    "decide": Control("#decide-button", "#decide-button", ("Space",), HIDDEN.format("decide")),
    "target": Control("#target", "#target", ("ArrowDown",), VALUE.format("target")),
    "decision": Control("#decision .choice", "#decision input", ("Space",), DECIDED),
    "found": Control("#found", "#found", ("ArrowDown",), VALUE.format("found")),
    "reason": Control("#reason", "#reason", ("r",), VALUE.format("reason")),
    "operator": Control("#operator", "#operator", ("S",), VALUE.format("operator")),
    "record": Control("#record", "#record", ("Enter",), f"{RECORDED} && {RECORDED}.length"),
    "close": Control("#close", "#close", ("Enter",), HIDDEN.format("decide")),
}
OTHERS = {
    "scan": Control("a.card", "a.card", ("Enter",), "location.pathname"),
    "back": Control("#back", "#back", ("Enter",), "location.pathname"),
    "csv": Control("#csv", "#csv", ("Enter",), ""),
    "json": Control("#json", "#json", ("Enter",), ""),
}
"""Links, which lead away."""


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
def url(folder, serving):
    pytest.importorskip("starlette", reason="needs dualsense[app]")
    pytest.importorskip("uvicorn", reason="needs dualsense[app]")
    with serving(folder) as started:
        yield started.url


@pytest.fixture
def journal(folder):
    return folder / "results" / "pmn_sand" / "decisions.jsonl"


def targets_of(folder):
    return json.loads((folder / "results" / "pmn_sand" / "targets.json").read_text())["targets"]


@SIZES
def test_the_list_shows_what_is_to_be_dug_and_what_failed(browser, url, folder, visiting, size):
    visit = visiting(browser, url, size)
    page = visit.page
    card = page.locator("a.card", has_text="pmn_sand")
    dig = sum(target["call"] != "likely-clutter" for target in targets_of(folder))
    assert dig > 0
    assert {"SIMULATED DATA", f"To be dug: {dig}"} <= set(card.inner_text().splitlines())
    page.get_by_text("truncated HDF5 file").wait_for()
    failed = page.locator(".card.failed")
    assert "FAILED: this ground is not assessed" in failed.inner_text()
    assert "half.h5" in failed.inner_text()
    picture = card.locator("img")
    picture.scroll_into_view_if_needed()
    assert picture.get_attribute("alt") == "Map of results/pmn_sand"
    assert page.locator("img[src=x]").count() == 0
    assert page.locator("a.card", has_text="odd <b>name").count() == 1
    for theme in ("Dark", "Sun", "Light"):
        page.get_by_text(theme, exact=True).tap()
        assert page.locator("html").get_attribute("data-theme") == theme.lower()
    visit.done()


def test_a_growing_recording_says_that_it_is_read_and_then_shows_its_picture(browser, url, folder, visiting):
    """The server's part is pretended: when there is a picture is the test's to say."""
    visit = visiting(browser, url)
    page, asked, known = visit.page, [], {"picture": ""}
    pixel = (folder / "odd <b>name" / "fused.png").read_bytes()
    row = {"key": "0123456789abcdef", "name": "growing.h5", "state": "recording"}

    def news(route):
        asked.append(route.request.url.partition("seen=")[2])
        route.fulfill(json=known)

    page.route("**/api/results?*", lambda route: route.fulfill(json=[row]))
    page.route("**/api/recordings/*", news)
    page.route("**/recordings/*.png?at=*", lambda route: route.fulfill(body=pixel, content_type="image/png"))
    card = page.locator(".card.recording")
    card.get_by_text("The recording is being read: no picture yet").wait_for()
    page.evaluate("setLanguage('fr')")
    card.get_by_text("Lecture de l’enregistrement").wait_for()
    known["picture"] = "first"
    shown = card.locator("img[src='/recordings/0123456789abcdef.png?at=first']")
    shown.wait_for()
    assert shown.evaluate("(picture) => picture.complete && picture.naturalWidth") == 1
    assert card.locator("p").count() == 0
    known["picture"] = "second"
    card.locator("img[src$='at=second']").wait_for()
    assert "first" in asked
    page.goto("about:blank")  # it would ask the server itself for a recording that there is not
    page.unroute_all(behavior="ignoreErrors")
    visit.done()


def test_axe_finds_nothing_on_any_page_in_any_theme(browser, url, visiting):
    axe = axe_script()
    visit = visiting(browser, url, PHONE)
    page = visit.page
    page.get_by_text("truncated HDF5 file").wait_for()
    page.evaluate(axe)
    for theme in ("light", "dark", "sun"):
        page.evaluate("(theme) => setTheme(theme)", theme)
        assert violations(page) == [], theme
    visit.open("pmn_sand")
    page.evaluate(axe)
    page.locator("#controls-button").tap()
    page.locator("#decide-button").tap()
    for theme in ("light", "dark", "sun"):
        page.evaluate("(theme) => setTheme(theme)", theme)
        assert violations(page) == [], theme
    visit.done()


def test_every_word_changes_with_the_language_and_comes_along(browser, url, visiting):
    visit = visiting(browser, url, PHONE)
    page = visit.page
    page.get_by_text("truncated HDF5 file").wait_for()
    assert page.locator("#unreviewed").is_hidden()
    page.locator("#language").select_option("ar")
    page.locator("html[dir=rtl][lang=ar]").wait_for()
    page.get_by_role("heading", name="عمليات المسح").wait_for()
    page.locator(".card.failed", has_text="ملف HDF5 مبتور").wait_for()
    assert page.locator("#unreviewed").is_visible()
    visit.fits()
    page.locator("#language").select_option("km")
    page.locator("html[dir=ltr][lang=km]").wait_for()
    assert page.evaluate("document.fonts.check('17px \"dualsense letters\"', 'ដី')")
    frame = visit.open("pmn_sand")
    frame.locator("html[lang=km]").wait_for()
    page.locator("#decide-button").tap()
    page.locator("#reason").fill("ឫស")
    page.locator("#decision .choice").first.tap()
    page.locator("#close").tap()
    frame.locator("#language").select_option("fr")
    page.locator("html[lang=fr]").wait_for()
    page.locator("#decide-button", has_text="Décider · T1").tap()
    assert page.locator("#decision .choice").all_inner_texts() == ["Creuser", "Marqué", "Non creusé"]
    assert page.locator("#reason").input_value() == "ឫស"
    assert page.locator("input[name=decision]:checked").input_value() == "dig"
    assert page.evaluate("localStorage.getItem('dualsense-language')") == "fr"
    visit.done()


def test_the_keyboard_alone_opens_a_scan_and_records(browser, url, journal, visiting):
    kept = len(journal.read_text().splitlines()) if journal.exists() else 0
    visit = visiting(browser, url)
    page, press = visit.page, visit.page.keyboard.press
    page.locator("a.card", has_text="pmn_sand").focus()
    press("Enter")
    visit.frame = page.frame_locator("#page")
    visit.frame.locator("#plan[data-drawn]").wait_for()
    page.locator("#decide-button").focus()
    press("Enter")
    page.locator("#target:focus").wait_for()
    press("Tab")
    press("Space")
    assert page.locator("input[name=decision]:checked").input_value() == "dig"
    for _ in range(3):
        press("Tab")
    page.locator("#operator:focus").wait_for()
    page.keyboard.type("Sok")
    press("Enter")
    page.get_by_text("Recorded and on the disk").wait_for()
    assert len(journal.read_text().splitlines()) == kept + 1
    page.locator("#close").focus()
    press("Enter")
    page.locator("#decide-button:focus").wait_for()
    visit.done()


def test_the_controls_change_the_image_and_never_the_result(browser, url, folder, visiting):
    stored = hashes(folder / "results" / "pmn_sand")
    visit = visiting(browser, url)
    page, frame = visit.page, visit.open("pmn_sand")
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
def test_a_decision_is_recorded_for_the_target_that_was_tapped(browser, url, folder, journal, visiting, size):
    kept = len(journal.read_text().splitlines()) if journal.exists() else 0
    visit = visiting(browser, url, size)
    page, frame = visit.page, visit.open("pmn_sand")
    targets = targets_of(folder)
    row, name = len(targets) - 1, targets[-1]["id"]
    frame.locator("#targets .row button").nth(row).tap()
    page.get_by_role("button", name=f"Decide · {name}").tap()
    page.locator("#record").tap()
    assert "Choose a decision" in page.locator("#recorded").inner_text()
    page.locator("#decision").get_by_text("Not dug", exact=True).tap()
    page.get_by_label("Your name").fill("Sok  Dara")
    page.locator("#record").tap()
    assert "needs a reason" in page.locator("#recorded").inner_text()
    page.get_by_label("Reason or note").fill("<b>root</b>")
    page.get_by_label("Found when dug").select_option("other-object")
    page.keyboard.press("Enter")
    page.get_by_text(f"Recorded and on the disk: {name}, Not dug.").wait_for()
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
    tag = frame.locator("#targets .row").nth(row).locator(".decided", has_text="Not dug, another object")
    tag.wait_for()
    visit.fits()
    page.get_by_role("button", name="Close").tap()
    assert page.locator("#decide").is_hidden()
    visit.done()


def test_a_place_that_is_no_target_can_be_decided_and_all_is_saved(browser, url, journal, visiting):
    visit = visiting(browser, url)
    page, frame = visit.page, visit.open("pmn_sand")
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
    entry = json.loads(journal.read_text().splitlines()[-1])
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


def same_image(page):
    """Let one image answer all changes of the controls: here it is the words that count."""
    first = []

    def answer(route):
        if not first:
            first.append(route.fetch().body())
        route.fulfill(body=first[0], content_type="application/json")

    page.route("**/api/results/*/image", answer)


def led(page, control, how):
    """Go where a link leads."""
    if how == "finger":
        page.locator(control.at).first.tap()
    else:
        page.locator(control.focus).first.focus()
        page.keyboard.press("Enter")


def test_every_control_of_list_and_viewer_works_by_finger_and_keyboard(browser, url, visiting):
    visit = visiting(browser, url)
    page, client = visit.page, visit.context.new_cdp_session(visit.page)
    same_image(page)
    for size, how in itertools.product(SCREENS, WAYS):
        page.set_viewport_size(dict(zip(("width", "height"), SCREENS[size], strict=True)))
        page.goto(url)
        page.locator("a.card", has_text="pmn_sand").wait_for()
        assert unknown(page, [*LIST.values(), *OTHERS.values()]) == []
        for control in LIST.values():
            use(page, client, control, how)
        led(
            page,
            dataclasses.replace(OTHERS["scan"], at=(card := "a.card[href]:has-text('pmn_sand')"), focus=card),
            how,
        )
        page.frame_locator("#page").locator("#plan[data-drawn]").wait_for()
        assert unknown(page, [*VIEW.values(), *OTHERS.values()]) == []
        for name, control in VIEW.items():
            use(page, client, control, how)
            assert page.evaluate("document.documentElement.scrollWidth") <= SCREENS[size][0], (name, size)
        led(page, VIEW["decide"], how)
        for name in ("csv", "json"):
            with page.expect_download() as saved:
                led(page, OTHERS[name], how)
            assert saved.value.path().stat().st_size > 0
        led(page, OTHERS["back"], how)
        page.locator("a.card").first.wait_for()
        page.locator("#language").select_option("en")
    visit.done()
